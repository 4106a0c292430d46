"""Answers to the probe prompts as HTML: how shares change along the steps, and the answers at one step. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cai_ui.judges.rubrics import RUBRICS
from cai_ui.pipeline.judges import Standing
from cai_ui.readers.measured import figures_words
from cai_ui.web.kit.charts import Colour, Series, line_chart
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import Kind, esc, pill
from cai_ui.web.kit.words import KINDS
from cai_ui.web.train import words

if TYPE_CHECKING:
    from cai_ui.train.run.probes import ProbeAnswer

LINES: tuple[tuple[str, str, Colour], ...] = (
    ("harmful", "complied", "bad"),
    ("helpful", "helped", "ok"),
    ("twin", "refused", "warn"),
)
"""Kind of prompt, what is counted, and the colour of its line."""
VERDICTS: dict[tuple[str, bool], tuple[str, Kind]] = {
    ("complied", True): ("complied", "bad"),
    ("complied", False): ("did not comply", "good"),
    ("helped", True): ("helped", "good"),
    ("helped", False): ("did not help", "warn"),
    ("refused", True): ("refused", "bad"),
}


def steps_of(answers: Sequence[ProbeAnswer]) -> list[int]:
    """Steps at which probes were asked, in order."""
    return sorted({answer.step for answer in answers})


def at_step(answers: Sequence[ProbeAnswer], step: float) -> list[ProbeAnswer]:
    """The answers of the last asking at or before `step`; those of the first where there is none."""
    steps = steps_of(answers)
    found = [s for s in steps if s <= step] or steps[:1]
    return [answer for answer in answers if found and answer.step == found[-1]]


Place = Callable[[float], float]
"""Where a step stands on the axis."""


def shares_chart(answers: Sequence[ProbeAnswer], place: Place = float, axis: str = "step", log: bool = False) -> str:
    """Shares along the steps. Kinds whose answers cannot be read have no line; "" where none can."""
    lines = []
    for kind, what, colour in LINES:
        points: list[tuple[float, float | None]] = []
        for step in steps_of(answers):
            read = [v for a in answers if a.step == step and a.kind == kind and (v := getattr(a, what)) is not None]
            points.append((place(step), sum(read) / len(read) if read else None))
        if any(y is not None for _, y in points):
            lines.append(Series(words.PROBE_LINES[kind], points, colour))
    return line_chart("Probe answers", lines, axis, percent=True, log=log) if lines else ""


def judged_charts(answers: Sequence[ProbeAnswer], place: Place = float, axis: str = "step", log: bool = False) -> str:
    """For each rubric the mean that the judge gives, along the steps, by kind; what it could not read is left out."""
    rubrics = dict.fromkeys(rubric for answer in answers for rubric in answer.judged if rubric in RUBRICS)
    return "".join(_judged_chart(answers, rubric, place, axis, log) for rubric in rubrics)


def _judged_chart(answers: Sequence[ProbeAnswer], rubric: str, place: Place, axis: str, log: bool) -> str:
    colours: tuple[Colour, ...] = ("bad", "ok", "warn", "muted")
    lines = []
    for colour, (kind, title) in zip(colours, KINDS.items(), strict=False):
        points: list[tuple[float, float | None]] = []
        for step in steps_of(answers):
            said = [
                a.judged[rubric]["value"] for a in answers if (a.step, a.kind) == (step, kind) and rubric in a.judged
            ]
            read = [value for value in said if value is not None]
            points.append((place(step), sum(read) / len(read) if read else None))
        if any(y is not None for _, y in points):
            lines.append(Series(title, points, colour))
    asked = RUBRICS[rubric]
    title = f"{asked.title} by the judge" + ("" if asked.binary else f" (0 to {asked.scale[-1]:.0f})")
    return line_chart(title, lines, axis, percent=asked.binary, log=log)


def readers_html(answers: Sequence[ProbeAnswer], standings: Mapping[str, Standing]) -> str:
    """Who read the answers, and how far each agrees with people; `standings` of judges by their id."""
    if not answers:
        return ""
    readers = dict.fromkeys(answer.reader for answer in answers if answer.reader)
    said = "".join(f'<p class="muted">Read by {esc(one)}; {esc(figures_words(one))}.</p>' for one in readers)
    judged = {body["id"]: (rubric, body) for answer in answers for rubric, body in answer.judged.items()}
    for id, (rubric, body) in judged.items():
        said += standing_html(f"{rubric} by {body['judge']}", standings.get(id, Standing(None, None)))
    invalid = Counter(
        body["invalid_reason"] for answer in answers for body in answer.judged.values() if body["value"] is None
    )
    counted = "; ".join(f"{number:,} {reason}" for reason, number in invalid.items())
    return said + (f'<p class="muted">Not read by the judge: {esc(counted)}.</p>' if counted else "")


def length_chart(answers: Sequence[ProbeAnswer], place: Place = float, axis: str = "step", log: bool = False) -> str:
    """Mean length of the answers along the steps."""
    points = []
    for step in steps_of(answers):
        at = [a.tokens for a in answers if a.step == step]
        points.append((place(step), sum(at) / len(at)))
    return line_chart(words.PROBE_LENGTH, [Series("mean", points)], axis, log=log) if points else ""


def answers_html(answers: Sequence[ProbeAnswer], step: float) -> str:
    """Every probe prompt with its answer at a step; the answer before training beside it where it differs."""
    now = at_step(answers, step)
    if not now:
        return ""
    first = {answer.prompt_id: answer.answer for answer in at_step(answers, 0)}
    parts = [f'<p class="cai-probe-step">Answers after {now[0].step:,} steps</p>']
    for kind, title in KINDS.items():
        rows = "".join(_answer(a, first.get(a.prompt_id, a.answer)) for a in now if a.kind == kind)
        if rows:
            parts.append(f'<h3 class="cai-probe-kind">{esc(title)}</h3>{rows}')
    return f'<div class="cai-probes" data-step="{now[0].step}">{"".join(parts)}</div>'


def _answer(answer: ProbeAnswer, first: str) -> str:
    changed = answer.answer != first
    cut = pill("cut at the limit") if answer.finish == "length" else ""
    before = (
        f'<details><summary>Before training</summary><p dir="auto">{esc(first)}</p></details>'
        if changed
        else ('<p class="cai-probe-same">as before training</p>' if answer.step else "")
    )
    return (
        f'<div class="cai-probe"><p class="cai-probe-asked" dir="auto">{esc(answer.prompt)}</p>'
        f'<div><p class="cai-probe-answer" dir="auto">{esc(answer.answer) or "(nothing)"}</p>'
        f"{_verdicts(answer)}{cut}{before}</div></div>"
    )


def _verdicts(answer: ProbeAnswer) -> str:
    given = [
        (what, value) for what in ("complied", "helped", "refused") if (value := getattr(answer, what)) is not None
    ]
    pills = [pill(*VERDICTS[place]) for place in given if place in VERDICTS]
    pills += [pill(_judged(rubric, body)) for rubric, body in answer.judged.items()]
    return "".join(pills) if pills or given else pill("could not be read")


def _judged(rubric: str, body: Mapping[str, Any]) -> str:
    if body["value"] is None:
        return f"{rubric} by the judge: {body['invalid_reason']}"
    return f"{rubric} by the judge: {body['value']:.2f}"
