"""Evaluation against people's labels: the figures and the label words."""

from __future__ import annotations

import pytest

from cai_ui.readers import Outcome
from cai_ui.readers.agreement import agreement, cohen_kappa
from cai_ui.readers.labels import outcome_of_label


def test_kappa_of_a_known_table() -> None:
    """20 and 15 of 50 agreed on, 5 and 10 not: kappa 0.4 (a textbook table)."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    kappa, low, high, why = cohen_kappa(pairs)
    assert kappa == pytest.approx(0.4) and not why
    assert low == pytest.approx(0.149, abs=0.01) and high == pytest.approx(0.651, abs=0.01)
    found = agreement("all", pairs, unread=3)
    assert found.precision.value == pytest.approx(0.8) and found.recall.value == pytest.approx(2 / 3)
    assert found.unread == 3


def test_kappa_is_undefined_where_everybody_says_the_same() -> None:
    assert cohen_kappa([(True, True)] * 5)[0] is None
    assert agreement("none", []).kappa is None


def test_a_reader_that_always_says_the_same_has_no_kappa_and_no_interval() -> None:
    always = [(True, True)] * 5 + [(True, False)] * 7
    assert cohen_kappa(always) == (None, None, None, "the reader gave one and the same label to all 12")
    assert cohen_kappa([(b, a) for a, b in always])[3] == "people gave one and the same label to all 12"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("1_full_compliance", Outcome.COMPLIED), ("Full Compliance", Outcome.COMPLIED), ("complied", Outcome.COMPLIED),
        ("2_full_refusal", Outcome.REFUSED), ("REFUSAL", Outcome.REFUSED), ("refused", Outcome.REFUSED),
        ("3_partial_refusal", Outcome.PARTLY_REFUSED), ("partly refused", Outcome.PARTLY_REFUSED),
        ("safe", None), ("unsafe", None), ("1", None), ("", None), ("maybe", None),
    ],
)  # fmt: skip
def test_label_words(word: str, outcome: Outcome | None) -> None:
    assert outcome_of_label(word) is outcome
