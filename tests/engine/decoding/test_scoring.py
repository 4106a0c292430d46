"""Scores are the sums that a plain forward pass gives."""

from __future__ import annotations

import pytest
import torch

from cai_ui.errors import NotFoundError, PromptTooLongError
from cai_ui.records import Message

ASKED = (Message("user", "Is it wrong? Answer with (A) or (B)."),)
REPLIES = ["(A)", "(B)", "(A) because it would hurt her trust.", "Ask her how she is.", "x"]


def plain_score(model, prompt: list[int], reply: list[int]) -> float:
    with torch.no_grad():
        logs = model(torch.tensor([prompt + reply])).logits[0].log_softmax(-1)
    return sum(float(logs[len(prompt) - 1 + i, token]) for i, token in enumerate(reply))


def test_equal_to_a_plain_forward_pass(tiny_engine, plain_model):
    scores = tiny_engine.score(ASKED, REPLIES)
    for text, score in zip(REPLIES, scores, strict=True):
        prompt, reply = tiny_engine.chat.encode_reply(ASKED, text, end=False)
        assert score == pytest.approx(plain_score(plain_model, prompt, reply), abs=1e-4)
    assert all(score < 0 for score in scores)


def test_one_by_one_and_in_slices_the_same(tiny_engine):
    together = tiny_engine.score(ASKED, REPLIES)
    before = tiny_engine._scheduler.limits.read_tokens
    tiny_engine._scheduler.limits.read_tokens = 60
    try:
        assert tiny_engine.score(ASKED, REPLIES) == pytest.approx(together, abs=1e-4)
    finally:
        tiny_engine._scheduler.limits.read_tokens = before
    assert [tiny_engine.score(ASKED, [r])[0] for r in REPLIES] == pytest.approx(together, abs=1e-4)


def test_under_an_adapter(tiny_engine, two_adapters):
    base = tiny_engine.score(ASKED, REPLIES)
    tuned = tiny_engine.score(ASKED, REPLIES, adapter=two_adapters[0].name)
    assert all(abs(a - b) > 1e-3 for a, b in zip(base, tuned, strict=True))
    folder = tiny_engine._adapters.look_up(two_adapters[0].name).folder
    from cai_ui.engine.adapters.loaded import wrap

    alone = wrap(tiny_engine._adapters.base, folder, "alone").eval()
    for text, score in zip(REPLIES, tuned, strict=True):
        prompt, reply = tiny_engine.chat.encode_reply(ASKED, text, end=False)
        assert score == pytest.approx(plain_score(alone, prompt, reply), abs=1e-4)


def test_shares_of_all_one_token_replies_sum_to_one(tiny_engine, plain_model):
    """Scores are log-probabilities, not only something that ranks alike."""
    prompt = tiny_engine.chat.encode(ASKED)
    every = [(prompt, [token]) for token in range(plain_model.config.vocab_size)]
    ((_, scores),) = tiny_engine._scoring.scores([("__base__", every)])
    assert float(torch.tensor([s.total for s in scores]).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_nothing_to_score_and_bad_questions(tiny_engine):
    assert tiny_engine.score(ASKED, []) == []
    with pytest.raises(NotFoundError):
        tiny_engine.score(ASKED, ["x"], adapter="nowhere")
    with pytest.raises(PromptTooLongError, match="512"):
        tiny_engine.score(ASKED, ["x", "y " * 600])
