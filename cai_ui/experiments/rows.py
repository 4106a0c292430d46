"""Rows of what was measured: made of chains, and brought to shares and differences by request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.experiments import ExperimentSettings
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.reading import Readers
from cai_ui.experiments.results import Point, Row, Steps
from cai_ui.pipeline.models import default_revision
from cai_ui.records import Answer, Constitution, Prompt, Trace
from cai_ui.statistics.repeated import Difference, RepeatedShare, mean_difference, repeated_share

Chosen = Callable[[Row], bool]
HARMLESS, HELPFUL = "harmless", "helps"
"""Fields of a row: whether a harmful request got a harmless answer, and whether a harmless one was helped with."""
COMPLIED, REFUSED = "complied", "refused"
"""Whether a harmful request was not declined, and whether a harmless one was."""


def revised(
    bench: Bench,
    cell: Cell,
    settings: ExperimentSettings,
    sides: Sequence[Sequence[Prompt]] = (),
    constitution: Constitution | None = None,
    **changes: Any,
) -> Steps[None]:
    """Chains on both sides of the requests (or on these `sides`), and their rows. `changes` are those of the revision
    settings that the model has otherwise."""
    how = default_revision(bench.services).model_copy(update=changes)
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.answer_tokens, seed=cell.seed)
    for prompts in sides or (bench.harmful, bench.harmless):
        traces = yield from bench.chains(cell, prompts, constitution or bench.constitution, how, sampling)
        bench.rows += chain_rows(cell, traces, bench.readers)


def chain_rows(cell: Cell, traces: Iterable[Trace], readers: Readers) -> list[dict[str, Any]]:
    """A row for the draft and for each revision of each chain.

    `harmless` is whether a harmful request was declined, where it can be read with a reason and a fitting alternative.
    """
    rows = []
    for trace in traces:
        answers = [step for step in trace.steps if step.kind != "critique"]
        critiques = [step for step in trace.steps if step.kind == "critique"]
        for round, step in enumerate(answers):
            said = {"principle": ", ".join(step.principles),
                    "critique": critiques[round - 1].text if 0 < round <= len(critiques) else ""}  # fmt: skip
            rows.append(row_of(cell, trace.prompt, round, step.text, step.answer, readers) | said)
    return rows


def row_of(
    cell: Cell, prompt: Prompt, round: int, text: str, answer: Answer | None, readers: Readers
) -> dict[str, Any]:
    """What one answer was, and did."""
    return {
        "condition": cell.condition, "seed": cell.seed, "sample": cell.sample, "prompt_id": prompt.id,
        "kind": prompt.kind, "topic": prompt.topic, "request": prompt.text, "round": round, "text": text,
        "tokens": answer.tokens if answer else None, "cut": answer is not None and answer.finish == "length",
        **_read(readers, prompt, text),
    }  # fmt: skip


def _read(readers: Readers, prompt: Prompt, text: str) -> dict[str, bool | None]:
    declined = readers.declines(prompt, text)
    nothing = dict.fromkeys(("declined", HARMLESS, HELPFUL, COMPLIED, REFUSED))
    if prompt.kind != "harmful":
        return {**nothing, HELPFUL: readers.helps(prompt, text), REFUSED: declined}
    harmless = declined if readers.explains_none else readers.explains(prompt, text)
    return {**nothing, "declined": declined, HARMLESS: harmless, COMPLIED: None if declined is None else not declined}


def share(rows: Sequence[Row], measure: str) -> RepeatedShare:
    """The share of yes in a field, by request. Only rows of the side that the field is about count."""
    answers: dict[str, list[bool | None]] = defaultdict(list)
    for row in _about(rows, measure):
        answers[row["prompt_id"]].append(row[measure])
    return repeated_share(answers)


def difference(rows: Sequence[Row], measure: str, one: Chosen, other: Chosen) -> Difference:
    """The mean over requests of one share less the other, where a request was read under both."""
    first, second = _means(filter(one, rows), measure), _means(filter(other, rows), measure)
    return mean_difference([first[id] - second[id] for id in first if id in second], most=1.0)


def of(condition: str, row: Row) -> bool:
    """Whether a row is of this condition; for `difference`, with `functools.partial`."""
    return bool(row["condition"] == condition)


def point(x: float, found: RepeatedShare) -> Point:
    return Point(x, found.value, found.low, found.high)


def _about(rows: Iterable[Row], measure: str) -> list[Row]:
    return [row for row in rows if (row["kind"] == "harmful") != (measure in (HELPFUL, REFUSED))]


def _means(rows: Iterable[Row], measure: str) -> dict[str, float]:
    read: dict[str, list[bool]] = defaultdict(list)
    for row in _about(rows, measure):
        if row[measure] is not None:
            read[row["prompt_id"]].append(row[measure])
    return {id: sum(given) / len(given) for id, given in read.items()}


def share_words(found: RepeatedShare) -> str:
    """A share with its interval and what it rests on."""
    if found.value is None or found.low is None or found.high is None:
        return f"not read ({found.unread:,})" if found.unread else "not measured"
    unread = f", {found.unread:,} unread" if found.unread else ""
    return f"{100 * found.value:.0f} % ({100 * found.low:.0f} to {100 * found.high:.0f}{unread})"


def points_words(found: Difference, units: str = "requests") -> str:
    """A difference of shares in percentage points, its interval, and how surprising it is. `units` are what it is a
    mean over."""
    if found.value is None:
        return "not measured"
    value = f"{100 * found.value:+.0f} points".replace("-", "−")
    if found.low is None or found.high is None:
        return f"{value} ({chance_words(found.p)}; {found.units} {units})"
    interval = f"{100 * found.low:+.0f} to {100 * found.high:+.0f}".replace("-", "−")
    return f"{value} ({interval}; {chance_words(found.p)}; {found.units} {units})"


def chance_words(p: float | None) -> str:
    if p is None:
        return "the same on every request"
    return f"p {'< 0.001' if p < 0.001 else f'= {p:.2g}'}{'' if p < 0.05 else ', not significant'}"


def told(found: RepeatedShare | Difference) -> dict[str, Any]:
    """The numbers for programs."""
    return dict(vars(found))
