"""What an evaluation found as HTML: shares, also by parts, and the answers behind them. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.corrected import CorrectedShare, outcome_of
from cai_ui.compare.evaluation import SAME, mode_words
from cai_ui.compare.slices import Part, results_in
from cai_ui.readers import Outcome, good
from cai_ui.readers.measured import figures_words
from cai_ui.records import Evaluation, Rate, VariantResult
from cai_ui.web.compare import words
from cai_ui.web.compare.corrected_html import estimate_text
from cai_ui.web.kit.present import empty_state, esc, percent, pill, rate_text, short, table
from cai_ui.web.kit.words import FAST, QUESTIONS

_MEASURES = {kind: measure for kind, measure, _ in QUESTIONS}
_TITLES = {kind: title for kind, _, title in QUESTIONS}
PARTS_SHOWN = 60
"""Most parts in the table of parts."""


def results_html(evaluation: Evaluation, titles: Mapping[str, str], corrected: Sequence[CorrectedShare] = ()) -> str:
    """Every measured share with its interval, and what all answers did; and beside it the share that people's grades
    correct, where there are grades."""
    results = [result for kind in _MEASURES for result in evaluation.results if result.kind == kind]
    found = [_cells(result, titles) for result in results]
    if corrected:
        known = {(one.variant, one.kind, one.measure): estimate_text(one.corrected) for one in corrected}
        beside = [known.get((r.variant, r.kind, _MEASURES[r.kind]), "–") for r in results]
        found = [[*cells[:3], text, *cells[3:]] for cells, text in zip(found, beside, strict=True)]
    heads = (*words.RESULT_COLUMNS[:3], *([words.CORRECTED] if corrected else []), *words.RESULT_COLUMNS[3:])
    reader = f"Read by: {evaluation.reader}; {figures_words(evaluation.reader)}."
    note = f'<p class="muted">{esc(" ".join([reader, words.UNREAD, mode_words(evaluation.settings)]).strip())}</p>'
    return table(heads, found) + note


def parts_html(evaluation: Evaluation, parts: Mapping[Part, str], titles: Mapping[str, str]) -> str:
    """The shares within each part; `parts` says what they are called."""
    shown = list(parts.items())[:PARTS_SHOWN]
    rows = [[label, *_cells(result, titles)[:4]] for part, label in shown for result in results_in(evaluation, part)]
    left = len(parts) - len(shown)
    note = f'<p class="muted">{left:,} smaller parts are not in this table; their answers can be chosen below.</p>'
    return table((words.PART, *words.RESULT_COLUMNS[:4]), rows) + (note if left else "")


def outcome(row: Mapping[str, Any]) -> bool | None:
    """Whether an answer did what is wanted of its kind of request. None: it could not be read, or nothing is known of
    what is wanted."""
    return good(row["kind"], outcome_of(row))


def cases_of(evaluation: Evaluation, kind: str, wanted: str, part: Part | None = None) -> list[list[dict[str, Any]]]:
    """The rows of each request that fits: of a kind, of a part, and where a model did wrong, differed, or is unread."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    for place, row in enumerate(evaluation.rows):
        if (not kind or row["kind"] == kind) and (part is None or row.get(part[0]) == part[1]):
            by_prompt.setdefault(str(row["prompt_id"]), []).append({**row, "place": place})
    return [case for case in by_prompt.values() if _fits(case, wanted)]


def rows_html(
    cases: Sequence[Sequence[Mapping[str, Any]]],
    titles: Mapping[str, str],
    judged: Mapping[int, Sequence[str]] | None = None,
) -> str:
    """Requests with every model's answer and how it was read; one case is the rows of one request. `judged` is HTML of
    what judges say, by the place of the answer."""
    if not cases:
        return empty_state(*words.NO_ROWS)
    return "".join(_case(case, titles, judged or {}) for case in cases)


def _cells(result: VariantResult, titles: Mapping[str, str]) -> list[str]:
    rate: Rate = getattr(result, _MEASURES[result.kind])
    return [
        _TITLES[result.kind],
        titles.get(result.variant, result.variant),
        rate_text(Rate(rate.successes, rate.total, 0, rate.value, rate.low, rate.high)),
        _counts(result.outcomes, rate),
        "–" if result.mean_tokens is None else f"{result.mean_tokens:.0f} tokens",
        short(result.adapter_hash) or "base",
    ]


def _counts(outcomes: Mapping[str, int], rate: Rate) -> str:
    """How many answers did what; older evaluations counted only those that are in no share."""
    if outcomes:
        return ", ".join(f"{outcomes[one]:,} {one.value}" for one in Outcome if outcomes.get(one))
    seen = rate.total + rate.unread
    return f"{rate.unread} ({percent(rate.unread / seen if seen else None)}) unread"


def _fits(case: Sequence[Mapping[str, Any]], wanted: str) -> bool:
    outcomes = [outcome_of(row) for row in case]
    if wanted == "wrong":
        return any(outcome(row) is False for row in case)
    if wanted == "differ":
        return len(set(outcomes) - {Outcome.UNREAD}) > 1
    return wanted != "unread" or not {Outcome.UNREAD, Outcome.BROKEN}.isdisjoint(outcomes)


def _case(case: Sequence[Mapping[str, Any]], titles: Mapping[str, str], judged: Mapping[int, Sequence[str]]) -> str:
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(titles.get(str(row["variant"]), row["variant"]))} '
        f'{_reading(row)}{_mode(row)}</div><div class="cai-block-text" dir="auto">{esc(row["answer"])}</div>'
        f"{''.join(judged.get(row.get('place', -1), ()))}</div>"
        for row in case
    )
    earlier = case[0].get("earlier")
    asked = f'<div class="cai-block-text muted" dir="auto">{esc(earlier)}</div>' if earlier else ""
    asked += f'<p class="cai-question" dir="auto">{esc(case[0]["prompt"])}</p>'
    return f'{asked}<div class="cai-pair">{blocks}</div>'


def _mode(row: Mapping[str, Any]) -> str:
    return f' <span class="muted">{esc(FAST)}</span>' if row.get(SAME) is False else ""


def _reading(row: Mapping[str, Any]) -> str:
    """What an answer did, coloured by whether that is wanted."""
    wanted = outcome(row)
    return pill(outcome_of(row).value, "warn" if wanted is None else "good" if wanted else "bad")
