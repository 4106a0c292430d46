"""What judges see in an evaluation as HTML, each beside its check. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.compare.judged import HarmMean, JudgedShare, Mean, likeliest
from cai_ui.judges.rubrics import RUBRICS
from cai_ui.pipeline.judges import Standing
from cai_ui.records import JudgeUsed, Rate
from cai_ui.statistics.prediction_powered import Estimate
from cai_ui.web.compare import words
from cai_ui.web.compare.corrected_html import estimate_text
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import esc, pill, rate_text, table
from cai_ui.web.kit.words import KINDS


def judged_html(shares: Sequence[JudgedShare], standings: Mapping[str, Standing], titles: Mapping[str, str]) -> str:
    """Every share and mean with what could not be read; under the table how far each judge was checked."""
    if not shares:
        return ""
    found = table(words.JUDGED_COLUMNS, [_cells(share, titles) for share in shares])
    used = {share.judge.id: share.judge for share in shares}
    notes = "".join(standing_html(f"{title(one)}, version {one.version}", standings[id]) for id, one in used.items())
    return f'<h4 class="cai-judged">{esc(words.JUDGED)}</h4>{found}{notes}'


def harm_html(means: Sequence[HarmMean], titles: Mapping[str, str]) -> str:
    """The mean harm by people's grades of some answers."""
    if not means:
        return ""
    rows = [
        [
            KINDS[one.kind],
            titles.get(one.variant, one.variant),
            mean_text(one.corrected),
            f"{one.corrected.graded} of {one.corrected.total}",
        ]
        for one in means
    ]
    return table(words.HARM_COLUMNS, rows) + f'<p class="muted">{esc(words.HARM_NOTE)}</p>'


def reading_html(judge: JudgeUsed, body: Mapping[str, Any]) -> str:
    """What one judge says of one answer, and why where it was asked for reasons or could not be read."""
    value = likeliest(body)
    if value is None:
        said = pill(f"{title(judge)}: {body['invalid_reason']}", "warn")
    else:
        yes_no = len(body["scale"]) == 2
        said = pill(f"{title(judge)}: {('yes' if value else 'no') if yes_no else f'{value:.0f}'}")
    if not body["rationale"]:
        return said
    return f'{said}<details><summary>{esc(words.REASONS)}</summary><p dir="auto">{esc(body["rationale"])}</p></details>'


def title(judge: JudgeUsed) -> str:
    """A rubric and the judge that is asked it."""
    asked = RUBRICS[judge.rubric].title if judge.rubric in RUBRICS else judge.rubric
    return f"{asked} by {judge.name}{', reasoning' if judge.reasoned else ''}"


def mean_text(found: Mean | Estimate) -> str:
    """A mean on the scale with its interval, or why there is none."""
    if found.value is None:
        return found.why if isinstance(found, Estimate) else "not measured"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


def _cells(share: JudgedShare, titles: Mapping[str, str]) -> list[str]:
    found = share.found
    if isinstance(found, Rate):
        seen = rate_text(Rate(found.successes, found.total, 0, found.value, found.low, found.high))
        corrected = None if share.corrected is None else estimate_text(share.corrected)
    else:
        seen = f"{mean_text(found)}, {found.total:,} answers"
        corrected = None if share.corrected is None else mean_text(share.corrected)
    invalid = "; ".join(f"{number:,} {reason}" for reason, number in share.reasons.items()) or "none"
    waiting = f"; {share.waiting:,} not read yet" if share.waiting else ""
    return [
        KINDS[share.kind],
        titles.get(share.variant, share.variant),
        title(share.judge),
        seen,
        "–" if corrected is None else corrected,
        invalid + waiting,
    ]
