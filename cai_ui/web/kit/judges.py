"""How far a judge can be trusted, wherever one is chosen, as HTML. Pure, all text escaped."""

from __future__ import annotations

from cai_ui.pipeline.judges import Standing, sentence
from cai_ui.web.kit.present import esc, pill


def standing_html(rubric: str, found: Standing) -> str:
    """One line: checked or unproven under this rubric, and what the check found."""
    state = pill("unproven", "warn") if found.check is None else pill("checked")
    said = sentence(found).removeprefix("unproven: ")
    return f'<p class="cai-standing">{state} <strong>{esc(rubric)}</strong>: {esc(said)}</p>'
