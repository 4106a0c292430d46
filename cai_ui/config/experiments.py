"""Settings of the experiments."""

from __future__ import annotations

from typing import Literal

from cai_ui.config.answers import WHO
from cai_ui.config.compare import SETS
from cai_ui.config.knobs import Settings, knob


class ExperimentSettings(Settings):
    """How much an experiment asks; every experiment has these."""

    prompts: int = knob(
        20, "Requests of each side: harmful ones, and harmless ones, half of which only sound harmful.", ge=2, le=5000,
        unit="requests", step=1,
    )  # fmt: skip
    seeds: int = knob(
        3, "How often everything is repeated, each time with another seed.", ge=1, le=20, unit="seeds", step=1
    )
    temperature: float = knob(1.0, "Of all answers; at 0 the repetitions are all the same.", ge=0, le=2, step=0.05,
                              source="paper: 1.0")  # fmt: skip
    answer_tokens: int = knob(
        160, "Longest answer, critique and revision.", ge=1, le=2048, unit="tokens", step=8, advanced=True
    )
    sets: str = SETS
    constitution: str = knob(
        "", "Name of the constitution (empty: the one in use, or sixteen_themes where it takes many principles).",
        advanced=True,
    )  # fmt: skip
    seed: int = knob(0, "The first seed; it also draws the requests.", ge=0, le=2**31 - 1, step=1, advanced=True)


class RoundsSettings(ExperimentSettings):
    """An experiment over several revisions of each answer."""

    revisions: int = knob(4, "Revisions of each answer.", ge=1, le=8, step=1, source="paper: 4")


class CritiquesSettings(RoundsSettings):
    """An experiment on revisions with a critique before them, and without."""

    controls: bool = knob(
        False, "Also two critiques before each revision, and critiques under no principle.", advanced=True
    )


_EMBEDDING = (
    "How texts become points: by their words (tf-idf), or by a model of the package sentence-transformers, where that "
    "is installed."
)


class ClustersSettings(ExperimentSettings):
    """An experiment on what principles do to the texts."""

    embedding: Literal["tf-idf", "sentence-transformers"] = knob("tf-idf", _EMBEDDING)
    embedding_model: str = knob(
        "sentence-transformers/all-MiniLM-L6-v2", "Folder or name of that model; not used for tf-idf.", advanced=True
    )


class PrinciplesSettings(ClustersSettings):
    """An experiment on how many principles there are."""

    counts: str = knob("1, 4, 16", "Numbers of principles that are compared.", source="paper: 1 to 16")
    answers: int = knob(
        3, "Revisions of each first answer, each under a principle drawn from so many.", ge=2, le=64, step=1
    )


class TrainedSettings(ExperimentSettings):
    """An experiment on trained adapters; each seed makes data of its own and trains all of them."""

    learnt: int = knob(
        100, "Requests whose revisions are learnt; of the shipped ones two in five only sound harmful.", ge=4,
        le=100_000, unit="requests", step=10,
    )  # fmt: skip
    helpful: int = knob(
        150, "Helpful answers of its own that are mixed in, so that it stays helpful.", ge=0, le=5000, unit="rows",
        step=10,
    )  # fmt: skip
    max_steps: int = knob(0, "Steps of each training (0 = as the preset says).", ge=0, le=1_000_000, step=1)
    learn_from: str = knob(
        "", "Key of the prompt set whose requests are learnt from; empty: the shipped ones.", advanced=True
    )


class MethodsSettings(TrainedSettings):
    """An experiment on ways to train."""

    methods: str = knob(
        "sft, dpo, sft+dpo, kto, on-policy dpo", "What is trained, with commas between; sft+dpo is DPO after SFT, and "
        "on-policy DPO learns from pairs of the SFT variant's own answers.",
    )  # fmt: skip


class DataSettings(TrainedSettings):
    """An experiment on how much is learnt."""

    sizes: str = knob("25, 100", "Numbers of revisions that are compared.")
    ratios: str = knob("0, 1", "Helpful rows mixed in for each revision.")
    method: Literal["sft", "dpo", "kto"] = knob("sft", "How it is trained.")


class LeftOutSettings(TrainedSettings):
    """An experiment on principles that are left out."""

    method: Literal["sft", "dpo", "kto"] = knob("sft", "How it is trained.")


class StepsSettings(ExperimentSettings):
    """An experiment along the adapters of a run."""

    run: str = knob(
        "", "Id or name of the run (empty: the newest with an adapter). Several, with commas between, are trainings of "
        "the same data under other seeds: each seed takes the next.",
    )  # fmt: skip
    points: int = knob(
        6, "Points of the curve, with the beginning; of a run at most as many as it kept.", ge=2, le=50, step=1
    )


class UndoingSettings(StepsSettings):
    """An experiment on what harmless training undoes."""

    steps: int = knob(20, "Harmless training steps from the adapter.", ge=1, le=10_000, unit="steps", step=1)
    rows: int = knob(80, "Harmless answers that are learnt.", ge=4, le=5000, unit="rows", step=10)
    batch: int = knob(8, "Rows of a step.", ge=1, le=256, unit="rows", step=1, advanced=True)


class FromLabelsSettings(ExperimentSettings):
    """An experiment on the principles that labels follow."""

    rater: str = knob("", "Whose decisions and votes (empty: everybody's, without those that no person made).")
    candidates: int = knob(8, "Proposed rules that are tried, those proposed most.", ge=1, le=64, unit="rules", step=1)
    most: int = knob(60, "Labels of each half at most.", ge=4, le=10_000, unit="labels", step=1)
    shipped: bool = knob(True, "Also try the preference principles there are, for comparison.")
    proposer: str = knob("", "Who proposes (empty: the loaded model). " + WHO, advanced=True)
    judge: str = knob("", "Who judges under a rule (empty: the loaded model). " + WHO, advanced=True)
