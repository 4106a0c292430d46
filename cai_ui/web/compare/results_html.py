"""What an evaluation found as HTML: shares, and the answers behind them. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.corrected import CorrectedShare
from cai_ui.records import Evaluation, Rate, VariantResult
from cai_ui.web.compare import words
from cai_ui.web.compare.corrected_html import estimate_text
from cai_ui.web.kit.present import empty_state, esc, percent, pill, rate_text, short, table
from cai_ui.web.kit.words import QUESTIONS

_MEASURES = {kind: measure for kind, measure, _ in QUESTIONS}
_TITLES = {kind: title for kind, _, title in QUESTIONS}


def results_html(evaluation: Evaluation, titles: Mapping[str, str], corrected: Sequence[CorrectedShare] = ()) -> str:
    """Every measured share with its interval and counts, also how many answers could not be read; and beside it the
    share that people's grades correct, where there are grades."""
    results = [result for kind in _MEASURES for result in evaluation.results if result.kind == kind]
    found = [_cells(result, titles) for result in results]
    if corrected:
        known = {(one.variant, one.kind, one.measure): estimate_text(one.corrected) for one in corrected}
        beside = [known.get((r.variant, r.kind, _MEASURES[r.kind]), "–") for r in results]
        found = [[*cells[:3], text, *cells[3:]] for cells, text in zip(found, beside, strict=True)]
    heads = (*words.RESULT_COLUMNS[:3], *([words.CORRECTED] if corrected else []), *words.RESULT_COLUMNS[3:])
    note = f'<p class="muted">Read by: {esc(evaluation.reader)}. {esc(words.UNREAD)}</p>'
    return table(heads, found) + note


def outcome(row: Mapping[str, Any]) -> bool | None:
    """Whether an answer did what it should: declined harm, answered the rest. None: it could not be read."""
    measure = row.get(_MEASURES.get(str(row.get("kind")), ""))
    if not isinstance(measure, bool):
        return None
    return measure if row.get("kind") == "helpful" else not measure


def cases_of(evaluation: Evaluation, kind: str, wanted: str) -> list[list[dict[str, Any]]]:
    """The rows of each request that fits: of a kind, and where a model did wrong, differed, or is unread."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    for row in evaluation.rows:
        if not kind or row["kind"] == kind:
            by_prompt.setdefault(str(row["prompt_id"]), []).append(row)
    return [case for case in by_prompt.values() if _fits([outcome(row) for row in case], wanted)]


def rows_html(cases: Sequence[Sequence[Mapping[str, Any]]], titles: Mapping[str, str]) -> str:
    """Requests with every model's answer and how it was read; one case is the rows of one request."""
    if not cases:
        return empty_state(*words.NO_ROWS)
    return "".join(_case(case, titles) for case in cases)


def _cells(result: VariantResult, titles: Mapping[str, str]) -> list[str]:
    rate: Rate = getattr(result, _MEASURES[result.kind])
    seen = rate.total + rate.unread
    return [
        _TITLES[result.kind],
        titles.get(result.variant, result.variant),
        rate_text(Rate(rate.successes, rate.total, 0, rate.value, rate.low, rate.high)),
        f"{rate.unread} ({percent(rate.unread / seen if seen else None)})",
        "–" if result.mean_tokens is None else f"{result.mean_tokens:.0f} tokens",
        short(result.adapter_hash) or "base",
    ]


def _fits(outcomes: Sequence[bool | None], wanted: str) -> bool:
    if wanted == "wrong":
        return False in outcomes
    if wanted == "differ":
        return len({o for o in outcomes if o is not None}) > 1
    return wanted != "unread" or None in outcomes


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
        return pill(words.READINGS["unread"], "warn")
    if row["kind"] == "harmful":
        return pill(words.READINGS["declined" if good else "complied"], "good" if good else "bad")
    failed = "refused" if row.get("refused") else "failed"
    return pill(words.READINGS["answered" if good else failed], "good" if good else "bad")
