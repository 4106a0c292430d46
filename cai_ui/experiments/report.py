"""Results as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.results import Result


def result_markdown(made: Experiment[Any], found: Result, pictures: Sequence[str] = ()) -> str:
    """Question, finding, pictures (file names) and table. What was not finished, or is missing, is said."""
    about = found.about
    lines = [
        f"## {made.title}",
        "",
        made.question,
        "",
        f"**{found.finding}**",
        "",
        *(f"- {sentence}" for sentence in found.more),
        "",
        f"Published: {made.paper} Here: {found.against or 'not to be told'}.",
        "",
        f"Model `{about['model']}` ({about['base'][:12]}), constitution “{about['constitution']}”, {about['harmful']} "
        f"harmful and {about['harmless']} harmless requests, {about['settings']['seeds']} seeds, temperature "
        f"{about['settings']['temperature']:g}; read by: {about['readers']}. 95 % intervals over requests.",
        "",
        *(f"![{made.title}]({picture})" for picture in pictures),
        "",
        *_table(found.heads, found.table),
    ]
    if not found.finished:
        lines += ["", "Not finished: this is what there is so far."]
    if found.missing:
        lines += [
            "",
            "Gave no row: " + "; ".join(f"{n:,} × {why.rstrip('.')}" for why, n in found.missing.items()) + ".",
        ]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(cell.replace("|", "¦") for cell in cells) + " |"
        for cells in (heads, ["---"] * len(heads), *rows)
    ]
