"""What an evaluation found as HTML: shares, also by parts, and the answers behind them. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.answer_table import Number
from cai_ui.compare.corrected import CorrectedShare, outcome_of
from cai_ui.compare.evaluation import SAME, mode_words
from cai_ui.compare.paired import PairedTest
from cai_ui.compare.slices import Part
from cai_ui.readers import good
from cai_ui.readers.measured import figures_words
from cai_ui.records import Evaluation, EvaluationInfo, VariantResult
from cai_ui.web.compare import words
from cai_ui.web.compare.corrected_html import estimate_text
from cai_ui.web.compare.numbers_html import counts_cell, opens, rate_cell
from cai_ui.web.kit.present import empty_state, esc, pill, short, table
from cai_ui.web.kit.words import FAST, KINDS, QUESTIONS
from cai_ui.web.lineage.where_from import where_from

Titles = Mapping[str, str]
"""What variants are called."""

_MEASURES = {kind: measure for kind, measure, _ in QUESTIONS}
_TITLES = {kind: title for kind, _, title in QUESTIONS}


def results_html(
    evaluation: Evaluation | EvaluationInfo, titles: Mapping[str, str], corrected: Sequence[CorrectedShare] = ()
) -> str:
    """Every measured share with its interval, and what all answers did; and beside it the share that people's grades
    correct, where there are grades. Numbers open their answers."""
    results = [result for kind in _MEASURES for result in evaluation.results if result.kind == kind]
    found = [_cells(result, titles) for result in results]
    if corrected:
        known = {(one.variant, one.kind, one.measure): estimate_text(one.corrected) for one in corrected}
        beside = [known.get((r.variant, r.kind, _MEASURES[r.kind]), "–") for r in results]
        found = [[*cells[:3], text, *cells[3:]] for cells, text in zip(found, beside, strict=True)]
    heads = (*words.RESULT_COLUMNS[:3], *([words.CORRECTED] if corrected else []), *words.RESULT_COLUMNS[3:])
    reader = f"Read by: {evaluation.reader}; {figures_words(evaluation.reader)}."
    said = [words.OPENS, reader, words.UNREAD, mode_words(evaluation.settings)]
    note = f'<p class="muted">{esc(" ".join(said).strip())}</p>'
    return table(heads, found) + note


def parts_html(results: Mapping[Part, Sequence[VariantResult]], named: Mapping[Part, str], titles: Titles) -> str:
    """The shares within each part; `named` says what all parts are called."""
    rows = [[named[part], *_cells(result, titles, part)[:4]] for part, inside in results.items() for result in inside]
    left = len(named) - len(results)
    note = f'<p class="muted">{left:,} smaller parts are not in this table; their answers can be chosen below.</p>'
    return table((words.PART, *words.RESULT_COLUMNS[:4]), rows) + (note if left else "")


def tests_html(tests: Sequence[PairedTest], titles: Titles, open_first: bool = True) -> str:
    """Paired tests as a table. `open_first`: its counts open answers of the evaluation that is shown."""
    rows = [
        [
            KINDS.get(test.kind, test.kind) + f": {test.measure}",
            titles.get(test.first, test.first),
            titles.get(test.second, test.second),
            _only(test.only_first, test.first, test.second, test, open_first),
            _only(test.only_second, test.second, test.first, test, open_first),
            _difference(test),
            p_text(test.p),
            p_text(test.p_holm),
            f"{test.pairs:,}" + (f" ({test.left_out:,} left out)" if test.left_out else ""),
        ]
        for test in tests
    ]
    return table(words.TEST_COLUMNS, rows) + f'<p class="muted">{esc(words.TESTS_NOTE)}</p>'


def _only(count: int, variant: str, against: str, test: PairedTest, opened: bool) -> str:
    number = Number(variant, test.kind, test.measure, "yes", against=against)
    return opens(number, f"{count:,}") if opened and count else f"{count:,}"


def _difference(test: PairedTest) -> str:
    found = test.difference
    if found.value is None:
        return found.why
    points = f"{100 * found.value:+.0f} points"
    if found.low is None or found.high is None:
        return f"{points}; no interval: {found.why}"
    return f"{points} ({100 * found.low:+.0f} to {100 * found.high:+.0f})"


def p_text(p: float | None) -> str:
    """A p-value with two digits; a dash where there is none."""
    return "–" if p is None else "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def outcome(row: Mapping[str, Any]) -> bool | None:
    """Whether an answer did what is wanted of its kind of request. None: it could not be read, or nothing is known of
    what is wanted."""
    return good(row["kind"], outcome_of(row))


def rows_html(
    cases: Sequence[Sequence[Mapping[str, Any]]],
    titles: Mapping[str, str],
    judged: Mapping[int, Sequence[str]] | None = None,
    evaluation_id: str = "",
) -> str:
    """Requests with every model's answer and how it was read; one case is the rows of one request. `judged` is HTML of
    what judges say, by the place of the answer. With `evaluation_id`, links lead to where the answers come from."""
    if not cases:
        return empty_state(*words.NO_ROWS)
    return "".join(_case(case, titles, judged or {}, evaluation_id) for case in cases)


def _cells(result: VariantResult, titles: Titles, part: Part | None = None) -> list[str]:
    measure = _MEASURES[result.kind]
    return [
        _TITLES[result.kind],
        titles.get(result.variant, result.variant),
        rate_cell(result, measure, part),
        counts_cell(result, measure, part),
        "–" if result.mean_tokens is None else f"{result.mean_tokens:.0f} tokens",
        short(result.adapter_hash) or "base",
    ]


def _case(
    case: Sequence[Mapping[str, Any]], titles: Mapping[str, str], judged: Mapping[int, Sequence[str]], evaluation: str
) -> str:
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(titles.get(str(row["variant"]), row["variant"]))} '
        f'{_reading(row)}{_mode(row)}</div><div class="cai-block-text" dir="auto">{esc(row["answer"])}</div>'
        f"{_why(row)}{''.join(judged.get(row.get('place', -1), ()))}{_origin(evaluation, row)}</div>"
        for row in case
    )
    earlier = case[0].get("earlier")
    asked = f'<div class="cai-block-text muted" dir="auto">{esc(earlier)}</div>' if earlier else ""
    asked += f'<p class="cai-question" dir="auto">{esc(case[0]["prompt"])}</p>'
    return f'{asked}<div class="cai-pair">{blocks}</div>'


def _origin(evaluation: str, row: Mapping[str, Any]) -> str:
    return where_from("answer", f"{evaluation}/{row['place']}") if evaluation and "place" in row else ""


def _why(row: Mapping[str, Any]) -> str:
    """What the reader went by."""
    return f'<p class="muted" dir="auto">{esc(row["reason"])}</p>' if row.get("reason") else ""


def _mode(row: Mapping[str, Any]) -> str:
    return f' <span class="muted">{esc(FAST)}</span>' if row.get(SAME) is False else ""


def _reading(row: Mapping[str, Any]) -> str:
    """What an answer did, coloured by whether that is wanted."""
    wanted = outcome(row)
    return pill(outcome_of(row).value, "warn" if wanted is None else "good" if wanted else "bad")
