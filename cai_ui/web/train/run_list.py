"""All runs as a table that is searched, filtered and sorted, and in what several of them differ. Pure, text escaped.

A word of a run's note that begins with # is a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cai_ui.records import NOT_OVER, RESUMABLE, Run
from cai_ui.train.methods import METHODS, method_title
from cai_ui.web.kit.forms import label_of
from cai_ui.web.kit.present import Html, duration, empty_state, esc, pill, press, short, table, when
from cai_ui.web.train import words
from cai_ui.web.train.run_card import STATES, number

OPEN, ORDER = "train-open", "train-order"
"""Hidden fields: the run whose name was pressed, and the column ("sort:NAME") or tag ("tag:NAME")."""
_TAG = re.compile(r"(?<!\S)#[\w-]+")

FILTERS = ("all", "active", *(method.title for method in METHODS.values()), "done", "interrupted", "trash")


_NAMES = ("Run", "Method", "State", "Held-out loss", "Loss")
"""Columns that begin with the lowest value when they are pressed."""


@dataclass(frozen=True)
class Order:
    """By which column runs are sorted, and whether from the highest value down. Runs without a value come last."""

    column: str = "Started"
    down: bool = True

    def pressed(self, column: str) -> Order:
        """The order after a press of a column's head."""
        return Order(column, not self.down) if column == self.column else Order(column, column not in _NAMES)


_VALUES: Mapping[str, Callable[[Run], object]] = {
    "Run": lambda run: run.name.casefold(),
    "Method": lambda run: method_title(run.method),
    "State": lambda run: STATES[run.state][0],
    "Steps": lambda run: run.step,
    "Loss": lambda run: run.summary.get("last_loss"),
    "Held-out loss": lambda run: run.summary.get("held_out_loss"),
    "Dataset": lambda run: run.dataset_hash,
    "Started": lambda run: run.created_at,
    "Duration": lambda run: seconds(run),
}
"""What a column sorts by."""


def runs_html(
    runs: Sequence[Run],
    sparks: Mapping[str, str] | None = None,
    order: Order = Order(),
    gone: Collection[str] = (),
) -> str:
    """A list of runs with small curves of their losses where there are some; a run's name opens it. `gone` are the ids
    of those whose weights are not there any more."""
    small = sparks or {}
    rows = [
        [
            _title(run), method_title(run.method), Html(_state(run, run.id in gone)), _steps(run),
            Html(small.get(run.id, "")), number(run.summary.get("held_out_loss")), short(run.dataset_hash),
            when(run.created_at), "–" if (took := seconds(run)) is None else duration(took),
        ]
        for run in runs
    ]  # fmt: skip
    if not rows:
        return empty_state(*words.NO_RUNS)
    heads = [_head(column, order) for column in _VALUES]
    return table(heads, rows, "cai-runs-table", (list(_VALUES).index(order.column), order.down))


def ordered(runs: Sequence[Run], order: Order) -> list[Run]:
    value = _VALUES[order.column]
    known = [run for run in runs if value(run) is not None]
    missing = [run for run in runs if value(run) is None]
    return [*sorted(known, key=value, reverse=order.down), *missing]  # type: ignore[arg-type]


def filtered(runs: Sequence[Run], chosen: str, find: str = "") -> list[Run]:
    """The runs that a filter of FILTERS admits and in whose name or note all words of `find` stand."""
    tests: dict[str, Callable[[Run], bool]] = {
        "active": lambda run: run.state in NOT_OVER,
        "done": lambda run: run.state == "done",
        "interrupted": lambda run: run.state in RESUMABLE or run.state == "cancelled",
        **dict.fromkeys((m.title for m in METHODS.values()), lambda run: method_title(run.method) == chosen),
    }
    wanted = find.casefold().split()
    return [
        run
        for run in runs
        if (chosen not in tests or tests[chosen](run))
        and all(word in f"{run.name} {run.note} {run.id}".casefold() for word in wanted)
    ]


def tags(run: Run) -> list[str]:
    """Tags of a run, each once, as they stand in its note."""
    return list(dict.fromkeys(_TAG.findall(run.note)))


def differences_html(runs: Sequence[Run]) -> str:
    """In what two runs or more differ: method, data, start, base and settings, a column for each run."""
    if len(runs) < 2:
        return ""
    knobs = dict.fromkeys(name for run in runs for name in run.config)
    facts: list[tuple[str, list[str]]] = [
        ("Method", [method_title(run.method) for run in runs]),
        ("Dataset", [short(run.dataset_hash) for run in runs]),
        ("Started from", [run.start_adapter or words.BASE_MODEL for run in runs]),
        ("Weights of the base", [short(run.base_hash) or "–" for run in runs]),
        *((label_of(knob), [str(run.config.get(knob, "–")) for run in runs]) for knob in knobs),
    ]
    differing = [[title, *values] for title, values in facts if len(set(values)) > 1]
    if not differing:
        return f'<p class="muted">{esc(words.SAME_SETTINGS)}</p>'
    heads = [words.SETTING, *(run.name for run in runs)]
    label = f'<div class="cai-block-label">{esc(words.DIFFERENCES)}</div>'
    return f'<section class="cai-sweep">{label}{table(heads, differing)}</section>'


def seconds(run: Run) -> float | None:
    """How long a run took; None while it goes on, or where that is not known."""
    if not (run.started_at and run.ended_at):
        return None
    return (datetime.fromisoformat(run.ended_at) - datetime.fromisoformat(run.started_at)).total_seconds()


def _head(column: str, order: Order) -> Html:
    arrow = "" if column != order.column else " ↓" if order.down else " ↑"
    return press(ORDER, f"sort:{column}", column + arrow, "cai-sort")


def _title(run: Run) -> Html:
    """Its name, which opens it unless it is in the trash; the first line of its note; its tags."""
    name = esc(run.name) if run.trashed_at else press(OPEN, run.id, run.name)
    note = f'<div class="cai-run-note" dir="auto">{esc(run.note.splitlines()[0][:80])}</div>' if run.note else ""
    return Html(name + note + "".join(press(ORDER, f"tag:{tag}", tag, "cai-tag") for tag in tags(run)))


def _state(run: Run, gone: bool) -> str:
    return pill(*STATES[run.state]) + (pill(words.GONE, "bad") if gone else "")


def _steps(run: Run) -> str:
    return f"{run.step:,} / {run.total_steps:,}" if run.total_steps else "–"
