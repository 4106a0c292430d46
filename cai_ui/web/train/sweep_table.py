"""Runs of a sweep beside one another: what was changed, and what came of it. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.records import Run
from cai_ui.train.methods import METHODS
from cai_ui.web.kit.forms import label_of
from cai_ui.web.kit.present import Html, duration, esc, pill, table
from cai_ui.web.train import words
from cai_ui.web.train.run_card import STATES
from cai_ui.web.train.run_charts import newest

ACCURACY, JUDGED = "eval_rewards/accuracies", "best_held_out_loss"
"""What is read from the log, and from a run's summary; the lowest held-out loss of a sweep is marked."""
PAIRED = {
    name
    for name, method in METHODS.items()
    if ACCURACY.removeprefix("eval_") in {line.name for chart in method.charts for line in chart.lines}
}
"""Methods whose runs have an accuracy on pairs."""


def sweeps(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs by the sweep they belong to, newest sweep first; runs of their own are left out."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        if run.group:
            found.setdefault(run.group, []).append(run)
    return {name: list(reversed(members)) for name, members in found.items() if len(members) > 1}


def varied(runs: Sequence[Run]) -> list[str]:
    """The knobs in which runs differ, in the order of their settings."""
    return [name for name in runs[0].config if len({repr(run.config.get(name)) for run in runs}) > 1]


def sweeps_html(runs: Sequence[Run], metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """A table for each sweep among `runs`; `metrics` are the logged rows by run."""
    return "".join(
        f'<section class="cai-sweep"><div class="cai-block-label">{esc(name)}: {len(members)} runs</div>'
        f"{_table(members, metrics)}</section>"
        for name, members in sweeps(runs).items()
    )


def _table(runs: Sequence[Run], metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    knobs, titled = varied(runs), len({(run.method, run.start_adapter) for run in runs}) > 1
    losses = [] if titled else [v for run in runs if (v := _found(run, JUDGED)) is not None]
    best = min(losses, default=None)
    paired = any(run.method in PAIRED for run in runs)
    heads = [
        *([words.VARIANT] if titled else map(label_of, knobs)),
        words.STATE,
        *words.RESULTS.values(),
        *([words.ACCURACY] if paired else []),
        words.TOOK,
    ]
    rows = []
    for run in runs:
        cells: list[object] = [run.name.rpartition(": ")[2]] if titled else [run.config.get(knob) for knob in knobs]
        cells.append(Html(pill(*STATES[run.state])))
        cells += [_marked(_found(run, name), name == JUDGED and _found(run, name) == best) for name in words.RESULTS]
        if paired:
            share = newest(metrics.get(run.id, ()), ACCURACY)
            cells.append("–" if share is None else f"{share:.0%}")
        seconds = _found(run, "seconds")
        rows.append([*cells, "–" if seconds is None else duration(seconds)])
    return table(heads, rows, "cai-runs-table" if titled else "cai-runs-table cai-numbers")


def _found(run: Run, name: str) -> float | None:
    value = run.summary.get(name)
    return float(value) if isinstance(value, (int, float)) else None


def _marked(value: float | None, best: bool) -> str:
    if value is None:
        return "–"
    return Html(f"<strong>{value:.4g} (lowest)</strong>") if best else f"{value:.4g}"
