"""Settings of one answer: how it is drawn, of whom and in which form it is asked, how many stand side by side."""

from __future__ import annotations

from typing import Literal

from cai_ui.config.knobs import Settings, knob


class Sampling(Settings):
    """How one answer is drawn."""

    LATER = frozenset({"top_k", "min_p", "repetition_penalty"})
    temperature: float = knob(
        0.7, "0 picks the likeliest token; higher values vary more.", ge=0, le=2, step=0.05, source="paper: 1.0"
    )
    top_p: float = knob(1.0, "Draw from the likeliest tokens that hold this share.", gt=0, le=1, step=0.05)
    top_k: int = knob(
        0, "Draw from so many of the likeliest tokens; 0: from all.", ge=0, le=1000, step=1, advanced=True
    )
    min_p: float = knob(
        0.0, "Leave out tokens less likely than this share of the likeliest one; 0: none.", ge=0, le=0.99, step=0.01,
        advanced=True, source="Nguyen et al. 2024",
    )  # fmt: skip
    repetition_penalty: float = knob(
        1.0, "Makes tokens that the text holds already less likely; 1: not at all.", ge=1, le=2, step=0.05,
        advanced=True, source="Keskar et al. 2019",
    )  # fmt: skip
    max_new_tokens: int = knob(256, "Longest answer.", ge=1, le=2048, unit="tokens", step=1)
    seed: int = knob(0, "Same seed, same text.", ge=0, le=2**31 - 1, step=1)


WHO = (
    "An adapter, or another model: a folder, a name on the Hub, or a server's address followed by # and its name "
    "for the model."
)


class AskSettings(Settings):
    """Of whom, and in which form, an answer is asked."""

    strength: float = knob(
        1.0, "How strongly an adapter speaks: 0 is the base, 1 the adapter as it was trained.", ge=0, le=1.5,
        step=0.05, advanced=True,
    )  # fmt: skip
    chat_format: Literal["as loaded", "template", "human-assistant", "bare"] = knob(
        "as loaded",
        "The conversation as the model's own chat template writes it, as plain Human:/Assistant: paragraphs, or bare, "
        "without any names; as loaded is what the program was started with.",
        advanced=True,
    )


class BesideSettings(Settings):
    """How many answers of each model stand side by side."""

    answers: int = knob(
        1, "Answers of each model, with seeds that follow each other; all but the first are folded.", ge=1, le=8, step=1
    )
