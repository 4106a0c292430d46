"""Each family of chat formats: the text, the ids, which tokens are learnt, what is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken

from cai_ui.engine.chat_format import BARE, HUMAN_ASSISTANT, ChatFormat
from cai_ui.engine.weights.loading import fit_padding
from cai_ui.records import Message

from .families import FAMILIES, LLAMA_2, MESSAGES, PHI, QWEN, chat_of, text_of, tokenizer_of

NOTES = {
    "Qwen 3": ("Its template does not begin the answer; '<think>\\n\\n</think>' is put before it.",),
    "gpt-oss": ("Its template does not begin the answer; '<|channel|>final<|message|>' is put before it.",
                "Its template writes the date into a prompt: on another day, an answer may be another."),
    "Falcon": ("Its template does not end an answer; </s> is put after each that is trained.",),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_prompt_answer_and_mask_of_a_family(name: str) -> None:
    family, chat = FAMILIES[name], chat_of(name)
    prompt, learnt = chat.encode_reply(MESSAGES, "So.")
    read = text_of(chat, prompt).removeprefix(" ")  # sentencepiece's own, where no mark begins
    assert (read, text_of(chat, learnt)) == (family.prompt, family.learnt)
    assert prompt == chat.encode(MESSAGES) and chat.notes == NOTES.get(name, ())
    end = chat.tokenizer.convert_tokens_to_ids(family.end)
    assert end in learnt and chat.end_ids in ({end}, set()) and learnt.count(end) == 1
    whole = chat.tokenizer(family.prompt, add_special_tokens=False)["input_ids"]
    assert prompt == whole, "the ids of the text as the tokenizer itself reads it"
    placed = [i for i in prompt if i in chat.tokenizer.convert_tokens_to_ids([*family.marks, family.end, family.begin])]
    assert len(placed) == sum(family.prompt.count(mark) for mark in {*family.marks, family.end, family.begin} if mark)


@pytest.mark.parametrize("name", FAMILIES)
def test_trl_trains_on_those_ids_and_no_others(name: str) -> None:
    chat = chat_of(name)
    tokenizer, turns = chat.training_tokenizer(), chat.turns(MESSAGES)
    said = "\n\nSo </s>"
    prompt, learnt = chat.encode_reply(MESSAGES, said)
    whole = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": said}], return_dict=False)
    assert whole == prompt + learnt
    assert tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False) == prompt


HOSTILE = st.lists(
    st.sampled_from(["\n", "\n\n", " ", "  ", "\t", "</s>", "<s>", "[INST]", "<|im_end|>", "<|end|>", "<end_of_turn>",
                     "<|eot_id|>", "<0x0A>", "USER:", "ASSISTANT:", "So.", "é", "😀", "\u2028", "\u200b", "{{x}}",
                     "\U000f0000", "\x01", "="])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=4), min_size=1, max_size=8,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=40, deadline=None)
@given(said=HOSTILE, asked=HOSTILE)
def test_the_tokens_of_an_answer_do_not_depend_on_what_stands_before(name: str, said: str, asked: str) -> None:
    """Prompt and answer are never joined before they are ids: what is sampled after a prompt is what is learnt."""
    chat = chat_of(name)
    messages = (Message("user", asked),)
    prompt, learnt = chat.encode_reply(messages, said)
    assert prompt == chat.encode(messages)
    assert learnt == chat.encode_reply(MESSAGES, said)[1]
    ends = chat.end_ids or {chat.tokenizer.eos_token_id}
    assert {i for i in learnt if i in ends} == ends and sum(i in ends for i in learnt) == 1
    closing = FAMILIES[name].learnt.strip().removeprefix("So.").strip()
    assert text_of(chat, learnt).strip().removesuffix(closing).strip() == said.strip()
    unfinished = chat.encode_reply(messages, said, end=False)[1]
    assert learnt[: len(unfinished)] == unfinished and not ends & set(unfinished)


@pytest.mark.parametrize("name", ["Qwen", "Phi", "Gemma", "Tekken", "Llama 3"])
def test_marks_that_are_not_special_are_characters_where_they_are_typed(name: str) -> None:
    family = FAMILIES[name]
    chat = ChatFormat(tokenizer_of(family, mark=lambda text: AddedToken(text, special=False, normalized=False)), 4096)
    assert chat.encode(MESSAGES) == chat_of(name).encode(MESSAGES)
    typed = "x" + "".join(family.marks) + "<" + family.marks[0] + "y"
    ids = chat.encode((Message("user", typed),))
    control = chat.tokenizer.convert_tokens_to_ids(list(family.marks))
    plain = chat.encode((Message("user", "x"),))
    assert [i for i in ids if i in control] == [i for i in plain if i in control]
    assert typed in text_of(chat, ids)
    learnt = chat.encode_reply(MESSAGES, typed)[1]
    assert sum(i in control for i in learnt) == (chat.tokenizer.convert_tokens_to_ids(family.end) in control)


def test_marks_that_swallow_space_learn_what_is_sampled_after_them() -> None:
    """Phi's own marks take the line break behind them; an answer's own line breaks stay."""
    chat = ChatFormat(tokenizer_of(PHI, mark=lambda text: AddedToken(text, special=True, rstrip=True)), 4096)
    prompt, learnt = chat.encode_reply(MESSAGES, "\n\nSo.")
    assert prompt == chat.encode(MESSAGES)
    assert text_of(chat, learnt).startswith("\n\nSo.<|end|>")


def test_padding_beyond_the_embedding_is_replaced() -> None:
    tokenizer = tokenizer_of(QWEN, pad_token="<|pad|>")
    rows = tokenizer.pad_token_id
    [said] = fit_padding(tokenizer, rows)
    assert "<|pad|>" in said and tokenizer.pad_token_id < rows
    assert fit_padding(tokenizer, rows) == ()
    bare = tokenizer_of(QWEN)
    assert bare.pad_token_id is None and fit_padding(bare, 10_000) == () and bare.pad_token_id is not None


@pytest.mark.parametrize("template", [HUMAN_ASSISTANT, BARE])
def test_raw_formats_learn_answers_that_begin_with_space(template: str) -> None:
    chat = ChatFormat(tokenizer_of(LLAMA_2, template), 4096)
    prompt, learnt = chat.encode_reply(MESSAGES[1:], "\n\nSo.")
    assert prompt == chat.encode(MESSAGES[1:]) and "\n\nSo.</s>" in text_of(chat, learnt)
