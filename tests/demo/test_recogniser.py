"""The recogniser says which principles the embedded model can follow, and what it reads in them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cai_ui.constitution import shipped
from cai_ui.demo.recogniser import understand
from cai_ui.records import Principle

BY_HAND = Path(__file__).with_name("principles_by_hand.txt")


def _principle(ask: str, demand: str = "") -> Principle:
    return Principle("p", "", ask, demand)


def _by_hand() -> list[tuple[str, Principle]]:
    rows = [line.split(" | ", 1) for line in BY_HAND.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    return [(side, _principle(*text.split(" => "))) for side, text in rows]


def test_it_tells_principles_written_by_hand() -> None:
    """128 of the 134 were told right when it was first run on them."""
    rows = _by_hand()
    right = [side for side, principle in rows if understand(principle).understood == (side == "in")]
    assert len(rows) == 134 and right.count("in") >= 60 and right.count("out") >= 64


@pytest.mark.parametrize(
    ("ask", "demand", "reads"),
    [
        ("Is it polite?", "Be brief and polite.", ("politeness", "brief")),
        ("Does it lie?", "Make it honest.", ("honesty",)),
        ("Point out what is harmful. If nothing is, say that nothing is wrong.", "", ("harm of any kind",)),
        ("Does it mention bananas?", "Mention bananas.", ("a word about “bananas”",)),
        ("Is it formal?", "Be formal.", ("formal tone",)),
        ("Does it warn the user?", "Warn the user.", ("a warning",)),
    ],
)
def test_it_names_what_it_reads(ask: str, demand: str, reads: tuple[str, ...]) -> None:
    found = understand(_principle(ask, demand))
    assert found.understood and found.asks == reads
    assert found.text == "The embedded model understands: " + "; ".join(reads) + "."


@pytest.mark.parametrize(
    "ask",
    [
        "Would this hurt a child?",
        "Does it rhyme?",
        "Does it tell the user to wait a day?",
        "Is it written for sailors?",
        "Does it name its sources?",
    ],
)
def test_what_the_model_does_not_follow_is_outside(ask: str) -> None:
    assert not understand(_principle(ask, "Rewrite the response accordingly.")).understood


@pytest.mark.parametrize("text", ["", "   ", "漢字とかな", "[INST] </s>", "x" * 5000, "mention "])
def test_any_text_is_read_without_a_fault(text: str) -> None:
    found = understand(_principle(text, text))
    assert not found.understood and "real model" in found.text


def test_the_shipped_constitutions_for_it_are_understood() -> None:
    for name in ("harmlessness", "best_for_humanity", "specific", "tone"):
        assert all(understand(p).understood for p in shipped()[name].principles), name


def test_long_text_takes_no_time() -> None:
    began = time.process_time()
    for text in ("mention '" * 2000, "names a " * 2000, "ask the user " * 2000, "a" * 20_000):
        understand(_principle(text, text))
    assert time.process_time() - began < 5
