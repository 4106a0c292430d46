"""Scores are the sums that a plain forward pass gives."""

from __future__ import annotations

import threading

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.interface import ScoreRequest
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


def test_many_requests_of_several_variants_score_as_each_alone(tiny_engine, two_adapters):
    texts = ["Ask her.", "", "Take the key, and " * 9, "x"]
    names = ["base", *(info.name for info in two_adapters)]
    requests = [ScoreRequest((Message("user", f"{n} " * n),), tuple(texts), name) for n in (5, 90) for name in names]
    requests.insert(2, ScoreRequest(ASKED, ("x",), "nowhere"))
    found = dict(tiny_engine.score_many(requests))
    assert sorted(found) == list(range(len(requests))) and isinstance(found.pop(2), NotFoundError)
    tiny_engine._cache.clear()
    for place, scores in found.items():
        asked = requests[place]
        alone = tiny_engine.score(asked.messages, asked.replies, asked.adapter)
        assert [score.total for score in scores] == pytest.approx(alone, abs=1e-4)


def test_without_a_prefix_cache_the_same(tiny_model, tiny_engine):
    requests = [ScoreRequest((Message("user", f"Is {n} wrong?"),), ("(A)", "(B)")) for n in range(40)]
    bare = load_engine(AppSettings(model=str(tiny_model), cache_gb=0))
    kept, found = dict(tiny_engine.score_many(requests)), dict(bare.score_many(requests))
    for place in range(len(requests)):
        assert [s.total for s in found[place]] == pytest.approx([s.total for s in kept[place]], abs=1e-4)


@pytest.mark.slow
def test_a_chat_is_answered_in_between_and_a_stop_leaves_the_rest_out(tiny_engine, ask):
    requests = [ScoreRequest((Message("user", f"{n} " * (20 + n % 90)),), ("(A)", "(B)")) for n in range(3000)]
    stop, answered = threading.Event(), threading.Event()

    def chat():
        tiny_engine.generate([ask("hello there", max_new_tokens=4)])
        answered.set()

    found = 0
    for found, _ in enumerate(tiny_engine.score_many(requests, stop), 1):
        if found == 1:
            threading.Thread(target=chat).start()
        if answered.is_set():
            stop.set()
    assert 0 < found < len(requests) and stop.is_set()
