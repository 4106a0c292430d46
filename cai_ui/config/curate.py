"""Settings of what is labelled, frozen, and drawn on-policy."""

from __future__ import annotations

from typing import Literal

from cai_ui.config.answers import WHO
from cai_ui.config.knobs import Settings, knob


class DatasetSettings(Settings):
    """How decided examples become a frozen dataset."""

    LATER = frozenset({"gate_judge"})

    eval_share: float = knob(0.1, "Share of prompts kept out of training.", ge=0, le=0.5, step=0.05)
    helpful: int = knob(
        300, "Helpful rows mixed in, so that the tuned model stays helpful.", ge=0, le=5000, unit="rows", step=10
    )
    helpful_from: str = knob(
        "", "Where helpful rows come from, with commas between: sources in the queue, of which rows that nobody judged "
        "are drawn, or `reference` for the embedded model's own world (empty: that for the embedded model, else none)."
    )  # fmt: skip
    harmless_limit: int = knob(
        0, "At most this many decided examples are used (0 = all).", ge=0, le=100_000, unit="rows", step=10
    )
    seed: int = knob(0, "Decides the split and the order.", ge=0, le=2**31 - 1, step=1, advanced=True)
    revisions: Literal["last", "all"] = knob(
        "last", "Learn the last revision of a trace, or the ones before it as well.", source="paper: all", advanced=True
    )
    labels: Literal["hard", "soft"] = knob(
        "hard", "Soft labels carry a judge's preference with each pair.", source="paper section 4.3", advanced=True
    )
    least_preference: float = knob(
        0.0, "Revisions that a judge prefers less are set aside for a person (0 = off).", ge=0, le=1, step=0.05,
        advanced=True,
    )  # fmt: skip
    least_harmlessness: float = knob(
        -1.0, "Margin by which a judge must find the kept answer less harmful, else it is set aside (-1 = off).",
        ge=-1, le=1, step=0.05, advanced=True,
    )  # fmt: skip
    least_helpfulness: float = knob(
        -1.0, "Margin by which a judge must find the kept answer more helpful, else it is set aside (-1 = off).",
        ge=-1, le=1, step=0.05, advanced=True,
    )  # fmt: skip
    gate_judge: str = knob(
        "", "Whose labels the gate and soft labels go by, as labels name their judge (empty: the newest of each pair).",
        advanced=True,
    )  # fmt: skip
    gold: bool = knob(False, "Also take gold examples, by which raters are measured.", advanced=True)
    balance_lengths: bool = knob(
        False, "Leave out pairs until the better answer is as often the longer as the shorter one.", advanced=True
    )


class LabelSettings(Settings):
    """How a model judges pairs of answers (Bai et al. 2022, section 4)."""

    principles: int = knob(
        1, "Preference principles asked about each pair.", ge=1, le=8, step=1, source="paper: 1 of 16"
    )
    margins: bool = knob(False, "Also ask which answer is less harmful and which helps more, for the gate.")
    reasoning: bool = knob(False, "Let the model reason first; the label is then held to 40 to 60 %.")
    reasoning_tokens: int = knob(200, "Longest reasoning.", ge=16, le=1024, unit="tokens", step=8, advanced=True)
    judge: str = knob("", "Who judges (empty: the model that is loaded). " + WHO, advanced=True)
    most: int = knob(0, "At most this many pairs (0 = all).", ge=0, le=1_000_000, unit="pairs", step=10)
    seed: int = knob(0, "Decides which principles are drawn.", ge=0, le=2**31 - 1, step=1, advanced=True)


class OnPolicySettings(Settings):
    """How pairs are made of a variant's own answers (Bai et al. 2022, section 4.1)."""

    answers: int = knob(4, "Answers drawn for each request.", ge=2, le=32, step=1, source="paper: 2")
    pairs: int = knob(1, "Pairs judged of each request's different answers.", ge=1, le=64, step=1, source="paper: 1")
    temperature: float = knob(
        1.0, "Low values give the same answer again and again, and so no pair.", gt=0, le=2, step=0.05,
        source="paper: 1.0",
    )  # fmt: skip
    max_new_tokens: int = knob(
        256, "Longest answer; one that is cut there is in no pair.", ge=1, le=2048, unit="tokens", step=1
    )
    principles: int = knob(
        1, "Preference principles asked about each pair.", ge=1, le=16, step=1, source="paper: 1 of 16"
    )
    judge: str = knob("", "Who judges (empty: the model that is loaded). " + WHO, advanced=True)
    seed: int = knob(
        0, "Decides the answers, which of them are paired, and the principles.", ge=0, le=2**31 - 1, step=1
    )
