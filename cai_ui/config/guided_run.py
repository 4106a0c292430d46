"""Settings of the guided run."""

from __future__ import annotations

from cai_ui.config.answers import WHO
from cai_ui.config.compare import SETS
from cai_ui.config.knobs import Settings, knob


class GuidedRunSettings(Settings):
    """The guided run: chains, accepting, freezing, two trainings, evaluation."""

    harmful: int = knob(200, "Harmful requests whose answers are revised.", ge=1, le=5000, unit="requests", step=10)
    twins: int = knob(120, "Harmless requests that sound harmful, among them.", ge=0, le=5000, unit="requests", step=10)
    helpful: int = knob(500, "Helpful rows mixed in.", ge=0, le=5000, unit="rows", step=10)
    sets: str = SETS
    per_kind: int = knob(50, "Held-out prompts of each kind for the picture at the end.", ge=1, le=1000, step=10)
    max_steps: int = knob(0, "Steps of each training (0 = as the preset says).", ge=0, le=1_000_000, step=1)
    judge: str = knob(
        "", "A judge that must agree before a revision is accepted automatically: `base`, " + WHO + " Empty: the "
        "reader alone decides.", advanced=True,
    )  # fmt: skip
    seed: int = knob(0, "Same seed, same run.", ge=0, le=2**31 - 1, step=1)
