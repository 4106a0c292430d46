"""Settings of the seed study."""

from __future__ import annotations

from cai_ui.config.knobs import Settings, knob


class SeedStudySettings(Settings):
    """The seed study: how much of each stage; the defaults are those of the study that this project started from."""

    LATER = frozenset({"trained"})

    harmless: int = knob(
        2000, "Harmful requests whose answers are revised, or published rows of such revisions.", ge=2, le=100_000,
        unit="rows", step=10, source="seed study: 2,000",
    )  # fmt: skip
    helpful: int = knob(
        800, "Helpful rows mixed in.", ge=0, le=5000, unit="rows", step=10, source="seed study: 800 of UltraChat"
    )
    references: int = knob(
        60, "Held-out helpful answers on which it is measured how much of the helpfulness is kept.", ge=2, le=5000,
        unit="rows", step=10,
    )  # fmt: skip
    per_kind: int = knob(200, "Measured prompts of each kind from each set.", ge=1, le=100_000, step=10)
    answer_tokens: int = knob(160, "Longest measured answer.", ge=1, le=2048, unit="tokens", step=8)
    trained: str = knob(
        "sft,sft-alone,dpo,sft-dpo",
        "What is trained, with commas between: sft, sft-alone (without helpful rows), dpo, sft-dpo (begins at sft, "
        "which comes along).",
    )
    seed: int = knob(0, "Same seed, same study.", ge=0, le=2**31 - 1, step=1)
