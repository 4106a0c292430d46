"""How far a judge can be trusted, wherever one is chosen, as HTML. Pure, all text escaped."""

from __future__ import annotations

from cai_ui.pipeline.judges import Standing, sentence
from cai_ui.web.kit.present import esc, pill


def standing_html(rubric: str, found: Standing) -> str:
    """One line: checked or unproven under this rubric, and what the check found."""
    if found.check is None:
        state = pill("unproven", "warn")
    else:
        state = pill("no better than chance", "warn") if found.is_no_better_than_chance else pill("checked")
    said = sentence(found).removeprefix("unproven: ")
    return f'<p class="cai-standing">{state} <strong>{esc(rubric)}</strong>: {esc(said)}</p>'
