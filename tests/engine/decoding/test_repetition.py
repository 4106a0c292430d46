"""A text that goes round in circles is ended while it is written, and says so."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.decoding.batch import Row
from cai_ui.engine.decoding.repetition import EVERY, LEAST, repeats
from cai_ui.engine.decoding.text_stream import TextStream

SENTENCE = ["the", "answer", "is", "not", "needed", "here", "."]


@pytest.mark.parametrize("length", [1, 2, 7, 20, 64])
def test_a_circle_of_any_length_is_seen(length: int) -> None:
    circle = [f"w{n}" for n in range(length)]
    start = ["once", "upon", "a", "time"]
    assert repeats(start + circle * max(4, -(-LEAST // length)))
    assert repeats(start + circle * max(5, 1 + -(-LEAST // length)) + circle[: length // 2])


def test_what_only_looks_alike_is_not_one() -> None:
    words = random.Random(0).choices([f"w{n}" for n in range(30)], k=4000)
    assert not repeats(words)
    assert not repeats(SENTENCE * 3), "three times is emphasis"
    assert not repeats(["ha"] * (LEAST - 1))
    assert not repeats([word for n in range(40) for word in ("row", n, "of", "a", "table")])
    assert not repeats([]) and not repeats(SENTENCE * 30 + ["But", "then", "it", "ends", "."])


def test_an_answer_that_begins_to_go_round_is_ended_long_before_its_limit() -> None:
    sampling = Sampling(max_new_tokens=1500)
    row = Row(0, [1, 2, 3], "__base__", sampling, 1500, TextStream(lambda ids: " ".join(map(str, ids))))
    for token in itertools.chain(range(100, 120), itertools.cycle(range(7))):
        row.push(token, frozenset({99}))
        if row.finish is not None:
            break
    assert row.finish == "repetition"
    assert len(row.text.ids) <= 20 + LEAST + 2 * EVERY


def test_a_server_that_goes_round_is_left_and_its_text_kept(server: Any, ask: Any) -> None:
    said = "Here is my answer. " + "The answer is not needed. " * 60  # the server says it back in capitals
    chunks = list(EndpointEngine(server.url, "good").stream([ask(said, max_new_tokens=2048)]))
    answer = chunks[-1].answer
    assert answer is not None and answer.finish == "repetition"
    assert answer.text.startswith("HERE IS MY ANSWER. THE ANSWER IS NOT NEEDED.")
    assert len(answer.text.split()) < 80 and "".join(chunk.text for chunk in chunks).strip() == answer.text.strip()
