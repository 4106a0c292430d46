"""Answers of several models as HTML: side by side, blind, tallied, and measured. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cai_ui.compare.variants import VariantText
from cai_ui.compare.votes import PairTally
from cai_ui.records import Evaluation, Rate, VariantResult
from cai_ui.web.kit.picture import QUESTIONS
from cai_ui.web.kit.present import asked_words, empty_state, esc, percent, pill, rate_text, short

SIDES = ("Left", "Right")
NO_ANSWERS = empty_state(
    "No answers yet",
    "Choose models, type or draw a request, and press Answer. All of them answer the same request at the same time.",
)
NO_VOTES = empty_state("No votes yet", "Tick “Blind vote”, press Answer, and say which answer is better.")
_ENDS = {
    "length": "cut at the longest answer allowed",
    "repetition": "ended: it went round in circles",
    "stopped": "stopped",
    "timeout": "took too long",
}
_MEASURES = {kind: measure for kind, measure, _ in QUESTIONS}
_TITLES = {kind: title for kind, _, title in QUESTIONS}


@dataclass(frozen=True)
class Sight:
    """Answers as a page shows them. With `blind` the first two are Left and Right until `voted` is set."""

    prompt: str
    variants: tuple[VariantText, ...]
    blind: bool = False
    voted: bool = False

    @property
    def finished(self) -> bool:
        """Whether every model has said its last word."""
        return bool(self.variants) and all(variant.answer is not None for variant in self.variants)

    @property
    def can_vote(self) -> bool:
        """Whether there is something to choose: two answers that came to their own end."""
        ends = {variant.answer.finish for variant in self.variants if variant.answer is not None}
        return self.blind and not self.voted and self.finished and "stopped" not in ends


def answers_html(sight: Sight) -> str:
    """The request and all answers; under each, which weights gave it."""
    hidden = sight.blind and not sight.voted
    blocks = "".join(
        _answer(variant, SIDES[i] if hidden else variant.title, hidden) for i, variant in enumerate(sight.variants)
    )
    return (
        f'<p class="cai-question" dir="auto">{esc(sight.prompt)}</p>'
        f'<div class="cai-pair" aria-live="polite">{blocks}</div>'
    )


def weights_words(variant: VariantText) -> str:
    """Which weights answered, as the engine reported it with the answer."""
    if variant.answer is None:
        return "writing …"
    came_from = variant.answer.provenance
    base = f"base weights {short(came_from.base_hash)}"
    words = [base if came_from.adapter_hash is None else f"adapter {short(came_from.adapter_hash)} on {base}"]
    words += [*asked_words(came_from), f"{variant.answer.tokens} tokens"]
    if variant.answer.finish in _ENDS:
        words.append(_ENDS[variant.answer.finish])
    return "Answered by " + ", ".join(words)


def tally_html(pairs: Sequence[PairTally], titles: Mapping[str, str]) -> str:
    """All votes by pair, with the share of decided votes and how surprising it is."""
    if not pairs:
        return NO_VOTES
    rows = "".join(
        f"<tr><td>{esc(titles.get(p.first, p.first))}</td><td>{p.first_wins}</td>"
        f"<td>{esc(titles.get(p.second, p.second))}</td><td>{p.second_wins}</td><td>{p.ties}</td><td>{p.both_bad}</td>"
        f"<td>{esc(rate_text(p.rate))}</td><td>{'–' if p.p_value is None else f'{p.p_value:.2g}'}</td></tr>"
        for p in pairs
    )
    return (
        '<div class="cai-table-box"><table class="cai-table"><thead><tr><th>First</th><th>wins</th><th>Second</th>'
        "<th>wins</th><th>equal</th><th>both bad</th><th>First among decided (95 % interval)</th><th>chance</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div>"
        '<p class="muted">Chance: how likely a split at least this uneven is if both are equally good.</p>'
    )


def results_html(evaluation: Evaluation, titles: Mapping[str, str]) -> str:
    """Every measured share with its interval and counts, also how many answers could not be read."""
    rows = "".join(
        _result(result, titles) for kind in _MEASURES for result in evaluation.results if result.kind == kind
    )
    return (
        '<div class="cai-table-box"><table class="cai-table"><thead><tr><th>Requests</th><th>Model</th><th>Share '
        "(95 % interval)</th><th>Unread</th><th>Mean length</th><th>Weights</th></tr></thead>"
        f'<tbody>{rows}</tbody></table></div><p class="muted">Read by: {esc(evaluation.scorer)}. Unread answers could '
        "not be told apart by these rules; they are in no share.</p>"
    )


def outcome(row: Mapping[str, Any]) -> bool | None:
    """Whether an answer did what it should: declined harm, answered the rest. None: it could not be read."""
    measure = row.get(_MEASURES.get(str(row.get("kind")), ""))
    if not isinstance(measure, bool):
        return None
    return measure if row.get("kind") == "helpful" else not measure


def rows_html(cases: Sequence[Sequence[Mapping[str, Any]]], titles: Mapping[str, str]) -> str:
    """Requests with every model's answer and how it was read; one case is the rows of one request."""
    if not cases:
        return empty_state("No such answers", "Choose other requests or another outcome.")
    return "".join(_case(case, titles) for case in cases)


def _answer(variant: VariantText, title: str, hidden: bool) -> str:
    weights = (
        ""
        if hidden
        else f'<div class="cai-weights" data-variant="{esc(variant.variant)}">{esc(weights_words(variant))}</div>'
    )
    live = " cai-step-live" if variant.answer is None else ""
    return (
        f'<div class="cai-block{live}"><div class="cai-block-label">{esc(title)}</div>'
        f'<div class="cai-block-text cai-step-text" dir="auto">{esc(variant.text)}</div>{weights}</div>'
    )


def _result(result: VariantResult, titles: Mapping[str, str]) -> str:
    rate: Rate = getattr(result, _MEASURES[result.kind])
    length = "–" if result.mean_tokens is None else f"{result.mean_tokens:.0f} tokens"
    weights = short(result.adapter_hash) or "base"
    counted = rate_text(Rate(rate.successes, rate.total, 0, rate.value, rate.low, rate.high))
    return (
        f"<tr><td>{esc(_TITLES[result.kind])}</td><td>{esc(titles.get(result.variant, result.variant))}</td>"
        f"<td>{esc(counted)}</td><td>{rate.unread} ({percent(_share(rate))})</td><td>{esc(length)}</td>"
        f"<td>{esc(weights)}</td></tr>"
    )


def _share(rate: Rate) -> float | None:
    seen = rate.total + rate.unread
    return rate.unread / seen if seen else None


def _case(case: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(titles.get(str(row["variant"]), row["variant"]))} '
        f'{_reading(row)}</div><div class="cai-block-text" dir="auto">{esc(row["answer"])}</div></div>'
        for row in case
    )
    return f'<p class="cai-question" dir="auto">{esc(case[0]["prompt"])}</p><div class="cai-pair">{blocks}</div>'


def _reading(row: Mapping[str, Any]) -> str:
    """How an answer was read, in a word."""
    good = outcome(row)
    if good is None:
        return pill("unread", "warn")
    if row["kind"] == "harmful":
        return pill("declined", "good") if good else pill("went along", "bad")
    if good:
        return pill("answered", "good")
    return pill("refused" if row.get("refused") else "not answered", "bad")
