"""What variants do under other conditions: one table, and lines over the adapter's strength. Pure, text escaped."""

from __future__ import annotations

from collections.abc import Mapping

from cai_ui.compare.answer_table import AnswerTable
from cai_ui.compare.conditions import NONE, strength_of, title_of
from cai_ui.compare.paired import MEASURE_OF, result_in
from cai_ui.records import PromptKind
from cai_ui.web.compare import words
from cai_ui.web.compare.numbers_html import rate_cell
from cai_ui.web.kit.charts import Series, colour_of, line_chart
from cai_ui.web.kit.present import Html, esc, table
from cai_ui.web.kit.words import QUESTIONS

_TITLES = {kind: title for kind, _, title in QUESTIONS}


def conditions_html(found: AnswerTable, titles: Mapping[str, str], strength: float = 1.0) -> str:
    """Every variant and kind of request under every condition; "" where there is only one condition. `strength` is
    that of a request as it is."""
    conditions = found.values("condition")
    if not conditions:
        return ""
    kinds: list[PromptKind] = found.values("kind")  # type: ignore[assignment]
    rows = [
        [
            _TITLES.get(kind, kind),
            titles.get(variant, variant),
            *(_cell(found, variant, kind, condition) for condition in conditions),
        ]
        for kind in kinds
        for variant in found.values("variant")
    ]
    heads = (*words.RESULT_COLUMNS[:2], *(title_of(condition) for condition in conditions))
    note = f'<p class="muted">{esc(words.CONDITIONS_NOTE)}</p>'
    return strengths_html(found, titles, strength) + table(heads, rows) + note


def strengths_html(found: AnswerTable, titles: Mapping[str, str], strength: float) -> str:
    """A chart for each kind of request, with a line of each variant over the strengths; "" for fewer than two. A
    request as it is has its place among them."""
    conditions = found.values("condition")
    by_strength = {strength: NONE.key} if NONE.key in conditions else {}
    by_strength |= {value: key for key in conditions if (value := strength_of(key)) is not None}
    at = sorted(by_strength.items())
    if len(at) < 2:
        return ""
    kinds: list[PromptKind] = found.values("kind")  # type: ignore[assignment]
    return "".join(
        line_chart(
            f"{_TITLES.get(kind, kind)}, by strength",
            [
                Series(
                    titles.get(variant, variant),
                    [(value, _share(found, variant, kind, key)) for value, key in at],
                    colour_of(place),
                )
                for place, variant in enumerate(found.values("variant"))
            ],
            "adapter strength",
            percent=True,
        )
        for kind in kinds
    )


def _share(found: AnswerTable, variant: str, kind: PromptKind, condition: str) -> float | None:
    result = result_in(found, variant, kind, ("condition", condition))
    value: float | None = None if result is None else getattr(result, MEASURE_OF[kind]).value
    return value


def _cell(found: AnswerTable, variant: str, kind: PromptKind, condition: str) -> Html:
    part = ("condition", condition)
    result = result_in(found, variant, kind, part)
    return Html("–") if result is None else rate_cell(result, MEASURE_OF[kind], part)
