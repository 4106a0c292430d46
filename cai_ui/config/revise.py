"""Settings of critique-revision chains."""

from __future__ import annotations

from typing import Literal

from cai_ui.config.answers import WHO, AskSettings
from cai_ui.config.knobs import knob


class RevisionSettings(AskSettings):
    """How a critique-revision chain runs (Bai et al. 2022, section 3)."""

    LATER = frozenset({"critique_tokens", "revision_tokens"})
    revisions: int = knob(1, "How often the answer is criticised and revised.", ge=1, le=8, step=1, source="paper: 4")
    choice: Literal["random", "random, none twice", "in order", "fixed", "all at once", "contextual", "none"] = knob(
        "random",
        "How each round gets its principle. Random goes by weight; contextual asks the model which one matters most "
        "here; none asks for a critique without any.",
    )
    principle_id: str = knob("", "The principle used when the choice is fixed.")
    critique: bool = knob(True, "Write a critique before each revision; off revises directly.", source="paper fig. 7")
    critiques: int = knob(
        1, "Critiques before each revision, each under a principle of its own.", ge=1, le=4, step=1, advanced=True
    )
    stop_when_fine: bool = knob(False, "End early when the critiques of a round find no issue.", advanced=True)
    few_shot: bool = knob(
        False, "Show the model the few-shot examples of the constitution before it criticises and revises.",
        source="paper section 3.1", advanced=True,
    )  # fmt: skip
    critique_tokens: int = knob(
        0, "Longest critique (0: as long as an answer may be).", ge=0, le=2048, unit="tokens", step=8
    )
    revision_tokens: int = knob(
        0, "Longest revision (0: as long as an answer may be).", ge=0, le=2048, unit="tokens", step=8
    )
    critic: str = knob("", "Who writes the critiques (empty: who answers). " + WHO, advanced=True)
    reviser: str = knob("", "Who writes the revisions (empty: who answers). " + WHO, advanced=True)
