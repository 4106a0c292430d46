"""A start encodes its rows once: the page's check, the queue's, and the run itself take the same."""

from __future__ import annotations

import copy
import dataclasses

import pytest
from tokenizers import Tokenizer, models, trainers
from transformers import PreTrainedTokenizerFast

from cai_ui.engine.chat_format import ChatFormat
from cai_ui.errors import NotFoundError
from cai_ui.train import encoding
from cai_ui.train.encoding import EncodedDatasets
from cai_ui.train.rows import CHANGED, UNKNOWN

from .conftest import QUICK, sample

SHORT = QUICK.model_copy(update={"max_steps": 2, "save_steps": 0})


@pytest.fixture
def data(store, make_dataset):
    return store.save_dataset(make_dataset(), "me").hash


def test_check_queue_and_run_take_the_rows_that_were_encoded_first(jobs, store, data, tiny_engine):
    """Rows that are taken out of what was encoded are missing everywhere afterwards: nobody encoded again."""
    _, rows = jobs._encoded.get("sft", data, SHORT, tiny_engine.chat)
    for part in (rows.train, rows.lengths, rows.answers):
        del part[6:]
    assert jobs.check("sft", data, SHORT).rows == 6
    run = jobs.wait(jobs.submit("sft", data, SHORT, "me").id, 120)
    assert run.state == "done" and run.summary["rows"] == 6
    assert jobs.check("sft", data, SHORT.model_copy(update={"max_length": 100})).rows == 10
    assert jobs.check("dpo", data, SHORT).rows == 10


def test_what_rows_depend_on_makes_new_ones(store, data, make_dataset, tiny_engine):
    kept = EncodedDatasets(store)
    chat = tiny_engine.chat
    first = kept.get("sft", data, QUICK, chat)
    other = store.save_dataset(make_dataset(name="other"), "me").hash
    assert kept.get("sft", data, QUICK.model_copy(update={"rank": 2}), chat) == first
    assert kept.get("sft", data, QUICK, chat)[1] is first[1]
    for changed in (
        ("dpo", data, QUICK, chat),
        ("sft", other, QUICK, chat),
        ("sft", data, QUICK.model_copy(update={"max_length": 64}), chat),
        ("sft", data, QUICK, type(chat)(chat.tokenizer, chat.context_length)),
    ):
        assert kept.get(*changed)[1] is not first[1]
    assert len(kept._kept) == encoding.KEPT
    with pytest.raises(NotFoundError):
        kept.get("sft", "0" * 64, QUICK, chat)


def test_a_large_dataset_is_not_kept_in_memory(store, make_dataset, tiny_engine, monkeypatch):
    monkeypatch.setattr(encoding, "MOST_ROWS", 5)
    large = store.save_dataset(dataclasses.replace(make_dataset(), sft_train=tuple(map(sample, range(6)))), "me").hash
    kept = EncodedDatasets(store)
    first = kept.get("sft", large, QUICK, tiny_engine.chat)[1]
    assert kept.get("sft", large, QUICK, tiny_engine.chat)[1] is not first and not kept._kept


def test_an_answer_that_begins_with_white_space_is_learnt_and_one_the_template_rewrites_is_left_out(
    make_dataset, tiny_engine
):
    """The first joined with its prompt had other tokens than the prompt alone, and stopped the whole run."""
    tokenizer = copy.deepcopy(tiny_engine.chat.tokenizer)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '[INST]' if m.role == 'user' else '' }}{{ m.role + '\\n' }}"
        "{{ m.content if m.content[:1] != '!' else m.content[1:] + messages[0].content }}"
        "{{ '</s>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant\\n' }}{% endif %}"
    )
    cut = "{% if messages[-1].content[:1] == '!' %}{{ 'other' }}{% endif %}"
    chat = ChatFormat(tokenizer, 512)
    rows = encoding.make_rows("sft", make_dataset(sft_train=(sample(1, "\n\n  Hello."), sample(2))), QUICK, chat)
    assert len(rows.train) == 2 and not rows.left_out
    prompt, learnt = encoding.first_reading(rows.train[0], chat)
    assert chat.decode(prompt).endswith("assistant\n") and chat.decode(learnt) == "\n\n  Hello."
    tokenizer.chat_template = cut + tokenizer.chat_template
    changed = make_dataset(sft_train=(sample(1, "!Hello."), sample(2)))
    rows = encoding.make_rows("sft", changed, QUICK, ChatFormat(tokenizer, 512))
    assert len(rows.train) == 1 and rows.left_out == {CHANGED: 1}


def test_an_answer_that_the_tokenizer_does_not_know_is_left_out(make_dataset):
    """The token that stands for everything unknown was learnt in its place."""
    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    trainer = trainers.BpeTrainer(special_tokens=["<unk>"], show_progress=False)
    raw.train_from_iterator(["How do I read diary 0123456789? Hello. assistant"], trainer)
    raw.add_special_tokens(["<end>"])
    template = "{% for m in messages %}{{ m.content + '<end>#' }}{% endfor %}"
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="<end>", chat_template=template
    )
    odd = make_dataset(sft_train=(sample(1, "Hello \U0001f642"), sample(2, "Hello.")), sft_eval=())
    rows = encoding.make_rows("sft", odd, QUICK, ChatFormat(tokenizer, 512))
    assert rows.left_out == {UNKNOWN: 1}
    assert [row["completion"][0]["content"] for row in rows.train] == ["Hello."], (
        "that the end has such a sign is nothing"
    )
