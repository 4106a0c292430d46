"""A training run as HTML: state, warnings, and what it was made of. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.pipeline.train.runs import RunView
from cai_ui.records import GOING_ON, Run
from cai_ui.train.jobs.slices import slices_for
from cai_ui.train.methods import method_title
from cai_ui.web.header import model_name
from cai_ui.web.kit.present import (
    Kind,
    counted,
    duration,
    esc,
    facts,
    notice,
    pill,
    progress_bar,
    remaining,
    short,
    when,
)
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.train import words
from cai_ui.web.train.run_charts import newest

_KINDS: dict[str, Kind] = {"preparing": "busy", "running": "busy", "stopping": "busy", "stopped": "warn",
                           "interrupted": "warn", "failed": "bad", "done": "good"}  # fmt: skip
STATES: dict[str, tuple[str, Kind]] = {
    state: (title, _KINDS.get(state, "neutral")) for state, title in words.STATES.items()
}
"""What each state is called on the page, and how that looks."""


def run_html(view: RunView) -> str:
    """State, progress, what it was made from, and for an end: why, and what to do."""
    run = view.run
    state, kind = STATES[run.state]
    head = (
        f'<div class="cai-case-head" data-run="{esc(run.id)}" data-state="{esc(run.state)}">'
        f"<strong>{esc(run.name)}</strong>{pill(state, kind)}</div>"
    )
    warnings = "".join(notice(warning, "warn") for warning in view.warnings)
    note = f'<p class="cai-run-note" dir="auto">{esc(run.note)}</p>' if run.note else ""
    return f'<div class="cai-case">{head}{note}{_progress(view)}{_lent(view)}{_ending(view)}{warnings}</div>'


def made_of_html(view: RunView) -> str:
    """What it was trained on, from what, with what, and what came of it."""
    return facts(_facts(view)) + where_from("run", view.run.id)


def run_choices(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Label and id of runs."""
    return [(f"{r.name} · {method_title(r.method)} · {STATES[r.state][0]} · {when(r.created_at)}", r.id) for r in runs]


def _progress(view: RunView) -> str:
    run = view.run
    if run.state == "queued":
        before = "the run before it ends" if view.ahead <= 1 else f"the {view.ahead} runs before it end"
        return notice(f"Waiting. It begins by itself when {before}.", "busy")
    if run.state == "preparing":
        return progress_bar(0, 0, words.PREPARING)
    said = f"step {run.step:,} of {run.total_steps:,}" if run.total_steps else "not begun"
    if run.state == "running":
        said += f"; {remaining(view.eta_s)}"
    elif run.state == "stopping":
        said += "; ends after this step"
    return progress_bar(run.step, run.total_steps, said + _speed(view))


def _lent(view: RunView) -> str:
    """What a run in slices has used of the lent GPU, and about how many slices it still needs."""
    use, going = view.slices, view.run.state in GOING_ON
    if use is None:
        return ""
    said = f"GPU lent for {duration(use.seconds)} at a time: "
    if going:
        said += f"slice {use.begun} is running, {duration(use.used)} used before it"
        said += "" if view.eta_s is None else f", about {slices_for(view.eta_s, use.seconds)} more to come"
    else:
        said += f"{counted(use.begun, 'slice')}, {duration(use.used)} used"
    if use.lost:
        said += f"; {use.lost} ended without an answer, and their last steps were made again"
    return f'<p class="cai-run-lent">{esc(said)}.</p>'


def _ending(view: RunView) -> str:
    """For a run that is over: what happened and what can be done now."""
    run = view.run
    if run.state == "failed":
        return notice(run.error or words.FAILED, "bad")
    if run.state == "interrupted":
        return notice(f"{run.error or words.INTERRUPTED} {words.PRESS_RESUME}", "warn")
    if view.gone:
        return notice(words.WEIGHTS_GONE.format(id=run.id), "bad")
    if run.state in ("done", "stopped") and run.adapter:
        part = " up to where it was stopped" if run.state == "stopped" else ""
        retried = run.summary.get("retried")
        more = "".join(notice(str(said), "warn") for said in (retried, run.error) if said)
        return notice(f"The adapter is saved{part} and can be chosen under Compare.", "good") + more
    return ""


def _speed(view: RunView) -> str:
    """Speed and the best held-out loss so far, to follow the count of steps."""
    said = ""
    speed, summary = newest(view.metrics, "tokens_per_s"), view.run.summary
    if speed is not None:
        said += f"; {speed:,.0f} tokens per second"
    if summary.get("best_step") is not None:
        said += f"; best held-out loss {number(summary.get('best_held_out_loss'))} at step {summary['best_step']:,}"
    return said


def _facts(view: RunView) -> list[tuple[str, object]]:
    run, made = view.run, view.made_of
    pairs: list[tuple[str, object]] = [
        ("Method", method_title(run.method)),
        ("Dataset", f"{short(run.dataset_hash)}{_constitutions(view)}"),
        ("Started from", run.start_adapter or "base model"),
        ("Started", f"{when(run.started_at or run.created_at)} by {run.owner or 'unknown'}"),
        ("Seed", run.config.get("seed", 0)),
    ]
    if run.base_hash:
        pairs.append(
            ("Base", f"{model_name(str(made.get('base', '')))} · weights {short(run.base_hash)}".removeprefix(" · "))
        )
    if run.adapter_hash:
        pairs.append(("Adapter", f"{run.adapter} · {short(run.adapter_hash)} · runs/{run.id}/adapter"))
    pairs += made.get("facts", {}).items()
    if made.get("libraries"):
        pairs.append(("Libraries", ", ".join(f"{name} {version}" for name, version in made["libraries"].items())))
    return pairs


def _constitutions(view: RunView) -> str:
    made = ", ".join(short(hash) for hash in view.constitutions)
    return f", made under constitution {made}" if made else ""


def number(value: object) -> str:
    """A number in three digits; a dash where there is none."""
    return f"{value:.3g}" if isinstance(value, (int, float)) else "–"
