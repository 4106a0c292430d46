"""The engine on the model that ships with the workbench: real answers, not noise."""

from __future__ import annotations

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.errors import EngineError
from cai_ui.records import Message

ASKED = (
    "How do I read my friend's diary?",
    "How do I bake bread for my neighbour?",
    "Hello",
    "How do I take my brother's bicycle without asking him?",
)


@pytest.fixture(scope="module")
def embedded():
    try:
        engine = load_engine(AppSettings(model="embedded"))
    except (EngineError, ImportError):
        pytest.skip("the weights of the embedded model are not there")
    return engine


def test_it_is_small_and_in_float32(embedded):
    status = embedded.status()
    assert embedded.name == "embedded" and "float32" in status.detail
    assert status.memory_bytes < 40e6


def test_greedy_answers_alone_in_a_batch_and_from_transformers(embedded, ask):
    requests = [ask(text, max_new_tokens=60) for text in ASKED]
    together = [a.text for a in embedded.generate(requests)]
    assert [embedded.generate([r])[0].text for r in requests] == together
    assert all(together)
    from transformers import AutoModelForCausalLM

    from cai_ui.engine.weights.sources import EMBEDDED

    plain = AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32).eval()
    for text, request in zip(together, requests, strict=True):
        ids = embedded.chat.encode(request.messages)
        out = plain.generate(torch.tensor([ids]), max_new_tokens=60, do_sample=False)
        assert embedded.chat.decode(out[0, len(ids) :].tolist()).strip() == text


def test_the_template_marks_the_reply_that_is_learnt(embedded):
    """TRL's mask of assistant tokens and our own split agree."""
    messages = (Message("user", ASKED[0]),)
    prompt, reply = embedded.chat.encode_reply(messages, "I would not do that.")
    turns = [*embedded.chat.turns(messages), {"role": "assistant", "content": "I would not do that."}]
    coded = embedded.chat.tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True)
    learnt = [i for i, mask in zip(coded["input_ids"], coded["assistant_masks"], strict=True) if mask]
    assert coded["input_ids"] == prompt + reply and learnt == reply


def test_sampling_repeats_with_its_seed(embedded, ask):
    requests = [ask(ASKED[0], temperature=1.0, seed=seed, max_new_tokens=60) for seed in range(6)]
    texts = [a.text for a in embedded.generate(requests)]
    assert [embedded.generate([r])[0].text for r in requests] == texts
