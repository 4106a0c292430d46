"""Kappa and alpha against values worked out elsewhere, their laws, and what is said where they are undefined."""

from __future__ import annotations

import random

import pytest

from cai_ui.statistics.agreement import cohen_kappa, krippendorff_alpha

# Krippendorff's example of four observers and twelve units ("Computing Krippendorff's alpha-reliability", 2011,
# section C, nominal data): alpha = 0.743.
OBSERVERS = {
    "a": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "b": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "c": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "d": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}
UNITS = [{who: str(said[place]) for who, said in OBSERVERS.items() if said[place] is not None} for place in range(12)]


def both(table: dict[tuple[str, str], int]) -> list[dict[str, str]]:
    return [{"x": a, "y": b} for (a, b), number in table.items() for _ in range(number)]


def test_alpha_of_the_textbook_example() -> None:
    found = krippendorff_alpha(UNITS)
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert found.low is not None and found.high is not None and found.low < 0.743 < found.high
    assert found.units == 11, "the unit that one observer saw says nothing about agreement"


def test_kappa_of_a_table_worked_out_by_hand() -> None:
    found = cohen_kappa(both({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}), "x", "y")
    assert found.value == pytest.approx(0.4) and found.same == pytest.approx(0.7)


def test_full_agreement_is_one_and_chance_is_about_zero() -> None:
    chance = random.Random(1)
    alike = [{"x": label, "y": label} for label in "ababcabca" * 5]
    assert cohen_kappa(alike, "x", "y").value == krippendorff_alpha(alike).value == 1
    loose = [{"x": chance.choice("ab"), "y": chance.choice("ab")} for _ in range(2_000)]
    for found in (cohen_kappa(loose, "x", "y"), krippendorff_alpha(loose)):
        assert found.value == pytest.approx(0, abs=0.06)
        assert found.low is not None and found.high is not None and found.low < 0 < found.high


def test_names_and_order_do_not_matter() -> None:
    turned = [{"p": unit["y"], "q": unit["x"]} for unit in both({("a", "b"): 3, ("a", "a"): 9, ("b", "b"): 4})]
    straight = both({("b", "b"): 4, ("a", "a"): 9, ("a", "b"): 3})
    assert cohen_kappa(turned, "p", "q").value == pytest.approx(cohen_kappa(straight, "x", "y").value)
    assert krippendorff_alpha(turned).value == pytest.approx(krippendorff_alpha(straight).value)


def test_the_interval_narrows_with_more_examples_and_is_the_same_each_time() -> None:
    table = {("a", "a"): 8, ("a", "b"): 2, ("b", "b"): 8, ("b", "a"): 2}
    few = cohen_kappa(both(table), "x", "y")
    many = cohen_kappa(both({key: 50 * number for key, number in table.items()}), "x", "y")
    assert few.low and few.high and many.low and many.high
    assert many.high - many.low < (few.high - few.low) / 4
    assert cohen_kappa(both(table), "x", "y") == few


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ([], "no example"),
        ([{"x": "a"}, {"y": "a"}], "no example"),
        ([{"x": "a", "y": "a"}] * 9, "chance agreement is certain"),
    ],
)
def test_what_is_undefined_has_no_number_but_a_reason(units: list[dict[str, str]], why: str) -> None:
    for found in (krippendorff_alpha(units), cohen_kappa(units, "x", "y")):
        assert (found.value, found.low, found.high) == (None, None, None)
        assert why in found.why or "no example in common" in found.why


@pytest.mark.parametrize(("constant", "varied"), [("x", "y"), ("y", "x")])
def test_who_always_says_the_same_tells_nothing_apart(constant: str, varied: str) -> None:
    units = [{constant: "refused", varied: label} for label in ("refused", "complied", "complied") * 20]
    found = cohen_kappa(units, "x", "y")
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.why == f"{constant} gave one and the same label to all 60"


def test_few_examples_are_said_to_be_few() -> None:
    two = [{"x": "a", "y": "a"}, {"x": "b", "y": "b"}]
    assert "too few different labels" in krippendorff_alpha(two).why
    assert "only 12 examples" in krippendorff_alpha(two * 6).why
    assert krippendorff_alpha(two * 20).why == ""
