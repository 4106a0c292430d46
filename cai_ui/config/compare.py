"""Settings of evaluations, of the judges that read answers, and of the samples that people grade."""

from __future__ import annotations

from cai_ui.config.answers import WHO, AskSettings
from cai_ui.config.knobs import Settings, knob

SETS = knob("", "Prompt sets to measure on, their keys with commas between; empty: the shipped held-out ones.")


class CompareSettings(AskSettings):
    """A batch evaluation of several variants over held-out prompts."""

    LATER = frozenset({"conditions", "strengths"})
    sets: str = SETS
    per_kind: int = knob(
        60, "Prompts of each kind (harmful, helpful, benign look-alike) from each set.", ge=1, le=1000, step=1
    )
    temperature: float = knob(0.0, "0 picks the likeliest token.", ge=0, le=2, step=0.05)
    max_new_tokens: int = knob(160, "Longest answer.", ge=1, le=2048, unit="tokens", step=1, advanced=True)
    seed: int = knob(0, "Decides which prompts are drawn, and the sampling.", ge=0, le=2**31 - 1, step=1)
    conditions: str = knob(
        "", "What every request is asked under, with commas between: none, system, role-play, both, human, prefilled. "
        "Empty: none.", advanced=True,
    )  # fmt: skip
    strengths: str = knob(
        "", "Adapter strengths that every request is asked at, with commas between, such as 0, 0.5, 1, 1.5; 0 is the "
        "adapter removed.", advanced=True,
    )  # fmt: skip


class BundleSettings(Settings):
    """What a bundle of an evaluation holds."""

    adapter_mb: int = knob(
        200, "Adapters up to this size are in it; larger ones stand by their hash alone, and cannot be asked again "
        "from it.", ge=0, le=10_000, unit="MB", step=1, advanced=True,
    )  # fmt: skip


class JudgeSettings(Settings):
    """A model that reads answers beside the reader: who it is, and what it is asked of each answer."""

    judge: str = knob("", "Who reads the answers beside the reader: `base`, " + WHO + " Empty: nobody.")
    rubrics: str = knob(
        "refusal", "What it is asked, with commas between: refusal, harmfulness, helpfulness, evasiveness."
    )
    rationale: bool = knob(False, "Let it reason before its verdict, and keep what it says; takes much longer.")


class GradingSettings(Settings):
    """The sample of an evaluation's answers that people grade."""

    sample: int = knob(
        60, "Answers to grade, drawn by chance, equally many of each model and kind of request.", ge=1, le=100_000,
        unit="answers", step=10,
    )  # fmt: skip
    twice: float = knob(
        0.2, "Share of the sample that two people grade, to see how far they agree.", ge=0, le=1, step=0.05
    )
    seed: int = knob(0, "Decides which answers are drawn.", ge=0, le=2**31 - 1, step=1, advanced=True)
