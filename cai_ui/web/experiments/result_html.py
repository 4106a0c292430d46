"""An experiment, its cost and its result as HTML. Pure, all text escaped."""

from __future__ import annotations

from typing import Any

from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.estimate import SURE, Estimate
from cai_ui.experiments.plots import map_svg, plot_svg
from cai_ui.experiments.running import Kept
from cai_ui.web.experiments import words
from cai_ui.web.kit.present import counted, duration, empty_state, esc, facts, notice, pill, short, table, when


def question_html(made: Experiment[Any]) -> str:
    """What is asked, and what was published about it."""
    return (
        f'<p class="cai-question">{esc(made.question)}</p><p class="muted narrow">{words.PAPER}: {esc(made.paper)}</p>'
    )


def estimate_html(found: Estimate) -> str:
    """Answers and time, part by part."""
    there = f", {found.done:,} of them there" if found.done else ""
    seconds = f"about {duration(found.seconds)}, likely {duration(found.seconds / SURE)} to "
    said = f"At most {counted(found.answers, 'answer')}{there}; {seconds}{duration(found.seconds * SURE)}."
    rows = [(part.title, f"{part.answers:,}", f"{part.trained:,}" if part.trained else "–") for part in found.parts]
    return notice(said) + table(words.ESTIMATE_COLUMNS, rows)


def result_html(found: Kept) -> str:
    """Finding first, then pictures, table, and what it rests on."""
    result = found.result
    head = f"<h3>{esc(found.experiment.title)}</h3>"
    if result is None:
        return head + empty_state(*words.NOT_MEASURED)
    more = "".join(f"<li>{esc(sentence)}</li>" for sentence in result.more)
    pictures = [plot_svg(plot) for plot in result.plots] + ([map_svg(result.map)] if result.map else [])
    missing = "; ".join(f"{count:,} × {why.rstrip('.')}" for why, count in result.missing.items())
    about = result.about
    resting = [
        ("Model", f"{found.model} ({short(about['base'])})"),
        ("Constitution", about["constitution"]),
        ("Requests", f"{about['harmful']:,} harmful, {about['harmless']:,} harmless"),
        ("Seeds", about["settings"]["seeds"]),
        ("Read by", about["readers"]),
        ("Begun", " by ".join(filter(None, [when(found.begun_at), found.owner]))),
        ("Gave no row", missing or "none"),
    ]
    return (
        f"{head}{'' if result.finished else notice(words.SO_FAR, 'warn')}"
        f'<p class="cai-finding">{esc(result.finding)} {pill(result.against) if result.against else ""}</p>'
        f'<ul class="narrow">{more}</ul><p class="muted narrow">{words.PAPER}: {esc(found.experiment.paper)}</p>'
        f'<div class="cai-plots">{"".join(pictures)}</div>{table(result.heads, result.table)}{facts(resting)}'
    )
