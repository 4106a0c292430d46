"""The tokenizer and its chat template, on a tokenizer learnt on the spot."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from cai_ui.demo.corpus import conversations
from cai_ui.demo.tokenizer import encode_turns, train_tokenizer
from cai_ui.records import Message


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    drawn = itertools.islice(conversations(0), 200)
    return train_tokenizer([m.content for c in drawn for m in c.messages], vocabulary=600)


TEXTS = (
    "Hello, world", "naïve café — ¿qué?", "漢字とかな", "\U0001f469\u200d\U0001f467 \U0001f1fa\U0001f1f3",
    "a\tb\n\n  c ", "\u0000\u0007", "مرحبا", "[INST] </s> <pad>", "e\u0301\u202e",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_comes_back(tokenizer: Any, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text
    assert tokenizer.unk_token_id not in ids
    assert not set(ids) & set(tokenizer.all_special_ids)


def test_special_tokens_differ(tokenizer: Any) -> None:
    ids = tokenizer.convert_tokens_to_ids(["<unk>", "<s>", "</s>", "<pad>", "[INST]", "[/INST]"])
    assert len(set(ids)) == 6 and tokenizer.pad_token_id != tokenizer.eos_token_id


def test_quick_encoding_and_template_agree_and_the_mask_is_exact(tokenizer: Any) -> None:
    for conversation in itertools.islice(conversations(7), 150):
        turns = [{"role": m.role, "content": m.content} for m in conversation.messages]
        ids, said = encode_turns(tokenizer, conversation.messages)
        coded = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
        assert coded["input_ids"] == ids
        assert [bool(mark) for mark in coded["assistant_masks"]] == said
        spoken = tokenizer.decode([i for i, mine in zip(ids, said, strict=True) if mine])
        assert spoken == "".join(" " + m.content + "</s>" for m in conversation.messages if m.role == "assistant")


def test_system_text_goes_before_the_first_request(tokenizer: Any) -> None:
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert text == "<s>[INST] Be kind.\n\nHello[/INST]"


@pytest.mark.parametrize("roles", [("assistant",), ("user", "user"), ("user", "assistant", "assistant"), ("tool",)])
def test_roles_out_of_turn_are_refused(tokenizer: Any, roles: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match="take turns"):
        tokenizer.apply_chat_template([{"role": role, "content": "x"} for role in roles], tokenize=False)


def test_a_reply_continues_its_prompt(tokenizer: Any) -> None:
    turns = [{"role": "user", "content": "Hello"}]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
    whole = encode_turns(tokenizer, (Message("user", "Hello"), Message("assistant", "Good morning!")))[0]
    assert whole[: len(prompt)] == prompt
