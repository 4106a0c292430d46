"""A training run as HTML: state, charts, list of runs, and the check before a start. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from cai_ui.pipeline import RunView
from cai_ui.records import Run
from cai_ui.web.charts import Point, Series, line_chart
from cai_ui.web.present import (
    Kind,
    duration,
    empty_state,
    esc,
    facts,
    notice,
    pill,
    progress_bar,
    short,
    when,
)

NO_RUNS = empty_state("No run yet", "Choose a dataset and a method above, look at the check, and press Start training.")
STATES: dict[str, tuple[str, Kind]] = {
    "queued": ("waiting its turn", "neutral"),
    "preparing": ("preparing", "busy"),
    "running": ("training", "busy"),
    "stopping": ("stopping", "busy"),
    "stopped": ("stopped, adapter saved", "warn"),
    "cancelled": ("cancelled, nothing kept", "neutral"),
    "interrupted": ("interrupted", "warn"),
    "failed": ("failed", "bad"),
    "done": ("done", "good"),
}
"""What each state is called on the page."""

ACTIVE = ("queued", "preparing", "running", "stopping")
RESUMABLE = ("interrupted", "stopped", "failed")
METHODS = {"sft": "SFT", "dpo": "DPO"}


class Preflight(Protocol):
    """What the check before a start reports (see `cai_ui.training.preflight`)."""

    @property
    def ok(self) -> bool: ...
    @property
    def problems(self) -> Sequence[str]: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def rows(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def decoded_example(self) -> Sequence[tuple[str, bool]]: ...


def run_html(view: RunView) -> str:
    """State, progress, what it was made from, and for an end: why, and what to do."""
    run = view.run
    words, kind = STATES[run.state]
    head = (
        f'<div class="cai-case-head" data-run="{esc(run.id)}" data-state="{esc(run.state)}">'
        f"<strong>{esc(run.name)}</strong>{pill(words, kind)}</div>"
    )
    return f'<div class="cai-case">{head}{_progress(view)}{_ending(run)}{facts(_facts(view))}</div>'


def charts_html(view: RunView) -> str:
    """Loss; for DPO also how often and how clearly the better answer is preferred."""
    rows = view.metrics
    loss = [Series("loss", series(rows, "loss"))]
    held_out = series(rows, "eval_loss")
    if held_out:
        loss.append(Series("loss on held-out rows", held_out, "warn"))
    charts = [line_chart("Loss (lower is better)", loss)]
    if view.run.method == "dpo":
        accuracy = Series("prefers the better answer", series(rows, "rewards/accuracies"), "ok")
        charts.append(line_chart("Accuracy on pairs", [accuracy], percent=True))
        margin = Series("margin", series(rows, "rewards/margins"), "ok")
        charts.append(line_chart("Margin between better and worse answer", [margin]))
        better = Series("better answer", series(rows, "rewards/chosen"), "ok")
        worse = Series("worse answer", series(rows, "rewards/rejected"), "bad")
        charts.append(line_chart("How much likelier than before training", [better, worse]))
    return f'<div class="cai-charts">{"".join(charts)}</div>'


def series(rows: Iterable[Mapping[str, Any]], name: str) -> list[Point]:
    """One logged value over the steps, in the words of TRL's log; rows without it are passed over."""
    return [(float(row["step"]), _value(row[name])) for row in rows if name in row and "step" in row]


def runs_html(runs: Sequence[Run]) -> str:
    """All runs, newest first."""
    if not runs:
        return NO_RUNS
    rows = "".join(
        f'<tr data-run="{esc(run.id)}"><td>{esc(run.name)}</td><td>{esc(METHODS[run.method])}</td>'
        f"<td>{pill(*STATES[run.state])}</td><td>{_steps(run)}</td><td>{esc(short(run.dataset_hash))}</td>"
        f"<td>{esc(when(run.created_at))}</td><td>{esc(_took(run))}</td></tr>"
        for run in runs
    )
    return (
        '<div class="cai-table-box"><table class="cai-table"><thead><tr><th>Run</th><th>Method</th><th>State</th>'
        "<th>Steps</th><th>Dataset</th><th>Begun</th><th>Took</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def preflight_html(report: Preflight) -> str:
    """What the check found, and one row as the model will see it with the learnt part marked."""
    if report.problems:
        parts = [_list("This run would be refused", report.problems, "bad")]
    else:
        parts = [notice(f"Ready: {report.rows:,} rows, {report.steps:,} steps.", "good")]
    if report.warnings:
        parts.append(_list("Worth knowing", report.warnings, "warn"))
    if report.decoded_example:
        parts.append(_decoded(report.decoded_example))
    return f'<div class="cai-sets">{"".join(parts)}</div>'


def _decoded(pieces: Sequence[tuple[str, bool]]) -> str:
    marked = "".join(
        f'<mark class="cai-learnt">{esc(text)}</mark>' if learnt else f"<span>{esc(text)}</span>"
        for text, learnt in pieces
    )
    return (
        '<div class="cai-block"><div class="cai-block-label">One row as the model sees it; only the marked part is '
        f'learnt</div><div class="cai-tokens" dir="auto">{marked}</div></div>'
    )


def run_choices(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Label and id of runs."""
    return [(f"{r.name} · {METHODS[r.method]} · {STATES[r.state][0]} · {when(r.created_at)}", r.id) for r in runs]


def _progress(view: RunView) -> str:
    run = view.run
    if run.state == "queued":
        return notice("Another run is training. This one begins by itself when that one ends.", "busy")
    if run.state == "preparing":
        return progress_bar(0, 0, "Preparing: rows are turned into tokens and the adapter is made")
    words = f"step {run.step:,} of {run.total_steps:,}" if run.total_steps else "not begun"
    if run.state == "running":
        words += f"; about {duration(view.eta_s)} left" if view.eta_s is not None else ""
    elif run.state == "stopping":
        words += "; ends after this step"
    return progress_bar(run.step, run.total_steps, words)


def _ending(run: Run) -> str:
    """For a run that is over: what happened and what can be done now."""
    if run.state == "failed":
        return notice(run.error or "The run failed; its log below has the details.", "bad")
    if run.state == "interrupted":
        why = run.error or "The program ended while this run was going."
        return notice(f"{why} Press Resume to go on from the last checkpoint.", "warn")
    if run.state in ("done", "stopped") and run.adapter:
        part = " up to where it was stopped" if run.state == "stopped" else ""
        return notice(f"The adapter is saved{part} and can be chosen under Compare.", "good")
    return ""


def _facts(view: RunView) -> list[tuple[str, object]]:
    run = view.run
    pairs: list[tuple[str, object]] = [
        ("Method", METHODS[run.method]),
        ("Dataset", short(run.dataset_hash)),
        ("Started from", run.start_adapter or "base model"),
        ("Begun", f"{when(run.started_at or run.created_at)} by {run.owner or 'unknown'}"),
    ]
    speed = _newest(view.metrics, "tokens_per_s")
    if speed is not None:
        pairs.append(("Speed", f"{speed:,.0f} tokens per second"))
    if run.adapter_hash:
        pairs.append(("Adapter", f"{run.adapter} · {short(run.adapter_hash)}"))
    if run.base_hash:
        pairs.append(("Base weights", short(run.base_hash)))
    return pairs


def _newest(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    return next((v for row in reversed(rows) if (v := _value(row.get(name))) is not None), None)


def _value(value: Any) -> float | None:
    """A logged number; NaN and infinity may have been written as words, since JSON has none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _steps(run: Run) -> str:
    return f"{run.step:,} / {run.total_steps:,}" if run.total_steps else "–"


def _took(run: Run) -> str:
    if not (run.started_at and run.ended_at):
        return "–"
    seconds = (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()
    return duration(seconds)


def _list(title: str, sentences: Sequence[str], kind: Kind) -> str:
    items = "".join(f"<li>{esc(sentence)}</li>" for sentence in sentences)
    return (
        f'<div class="cai-notice cai-notice-{kind}" role="status"><strong>{esc(title)}</strong><ul>{items}</ul></div>'
    )
