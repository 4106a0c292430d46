"""Numbers of an evaluation as buttons that open the answers they count. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping

from cai_ui.compare.answer_table import Number
from cai_ui.compare.slices import Part
from cai_ui.readers import Outcome
from cai_ui.records import Rate, VariantResult
from cai_ui.web.compare import words
from cai_ui.web.kit.present import Html, esc, percent, press
from cai_ui.web.kit.words import KINDS

FIELD = "compare-number"
"""The hidden field that a pressed number writes into."""


def opens(number: Number, title: str) -> Html:
    """A number, or another short text, that opens its answers."""
    return press(FIELD, number.text, title)


def rate_cell(result: VariantResult, measure: str, part: Part | None = None) -> Html:
    """A share with its interval; what it counts, and of how many, open their answers."""
    rate: Rate = getattr(result, measure)
    number = Number(result.variant, result.kind, measure, "yes", part=part)
    if rate.value is None or rate.low is None or rate.high is None:
        return Html(esc("not measured"))
    interval = f"{100 * rate.low:.0f}–{100 * rate.high:.0f} %"
    yes = opens(number, f"{rate.successes:,}")
    of = opens(Number(result.variant, result.kind, measure, "counted", part=part), f"{rate.total:,}")
    return Html(f"{esc(percent(rate.value))} ({esc(interval)}, {yes} of {of})")


def counts_cell(result: VariantResult, measure: str, part: Part | None = None) -> Html:
    """How many answers did what; older evaluations counted only those that are in no share."""
    if result.outcomes:
        shown = [
            opens(Number(result.variant, result.kind, outcome=one.value, part=part), f"{count:,} {one.value}")
            for one in Outcome
            if (count := result.outcomes.get(one, 0))
        ]
        return Html(", ".join(shown))
    rate: Rate = getattr(result, measure)
    seen = rate.total + rate.unread
    said = f"{rate.unread} ({percent(rate.unread / seen if seen else None)}) unread"
    return opens(Number(result.variant, result.kind, measure, "neither", part=part), said)


def bar_words(result: VariantResult, measure: str, said: str) -> Html:
    """The words beside a bar."""
    return opens(Number(result.variant, result.kind, measure, "yes"), said)


def number_words(number: Number, titles: Mapping[str, str], parts: Mapping[Part, str]) -> str:
    """What a number counts, as a sentence above its answers."""
    said = [KINDS.get(number.kind, number.kind), titles.get(number.variant, number.variant)]
    if number.part is not None:
        said.append(parts.get(number.part, " ".join(number.part)))
    if number.outcome:
        said.append(number.outcome)
    elif number.measure:
        said.append(words.NUMBER_STATES[number.state].format(measure=number.measure))
    if number.against:
        said.append(words.NUMBER_AGAINST.format(model=titles.get(number.against, number.against)))
    return "; ".join(one for one in said if one)
