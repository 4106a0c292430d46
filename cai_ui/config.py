"""Every knob, declared once: default, bounds, unit, help, and where the number comes from.

Widgets (`web/kit/forms.py`), flags and environment variables (`cli/flags.py`) and checks all derive from these classes.
Building one with a value out of bounds raises `pydantic.ValidationError`; `checked` turns that into
an `InputError` that names the knob, the bound and the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeVar, cast, get_args

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cai_ui.errors import InputError


def knob(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
    unit: str = "",
    source: str = "",
    step: float | None = None,
    advanced: bool = False,
) -> Any:
    """A pydantic field that also carries what a form needs. `step` is the widget's step; `advanced` folds it away."""
    extra = {"unit": unit, "source": source, "step": step, "advanced": advanced}
    finite = False if isinstance(default, float) else None  # pydantic takes this for numbers only
    return Field(
        default, description=help, ge=ge, le=le, gt=gt, json_schema_extra=cast(Any, extra), allow_inf_nan=finite
    )


class Settings(BaseModel):
    """Frozen settings that refuse unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    LATER: ClassVar[frozenset[str]] = frozenset()
    """Knobs that older versions did not have."""

    def identity(self) -> dict[str, Any]:
        """The values by which equal settings are known: a knob that came later counts once it is not at its default."""
        usual = {name: type(self).model_fields[name].default for name in self.LATER}
        return {name: value for name, value in self.model_dump().items() if usual.get(name, self) != value}


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


_WHO = (
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
    critic: str = knob("", "Who writes the critiques (empty: who answers). " + _WHO, advanced=True)
    reviser: str = knob("", "Who writes the revisions (empty: who answers). " + _WHO, advanced=True)


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
    judge: str = knob("", "Who judges (empty: the model that is loaded). " + _WHO, advanced=True)
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
    judge: str = knob("", "Who judges (empty: the model that is loaded). " + _WHO, advanced=True)
    seed: int = knob(
        0, "Decides the answers, which of them are paired, and the principles.", ge=0, le=2**31 - 1, step=1
    )


class TrainSettings(Settings):
    """One training run. Knobs whose help begins with names of methods are used by those only."""

    LATER = frozenset({"evaluation_share", "checkpointing", "keep_steps"})
    learning_rate: float = knob(2e-4, "Step size of the optimiser.", gt=0, le=0.1, source="seed study: 2e-4")
    epochs: float = knob(3.0, "Passes over the data.", gt=0, le=100, step=0.5)
    max_steps: int = knob(0, "Stop after this many steps (0 = by epochs).", ge=0, le=1_000_000, unit="steps", step=1)
    batch_size: int = knob(8, "Rows per step and device.", ge=1, le=256, unit="rows", step=1)
    accumulation: int = knob(1, "Batches added up before a step.", ge=1, le=256, step=1, advanced=True)
    max_length: int = knob(
        512, "Rows longer than this are left out and counted; none is cut.", ge=16, le=32_768, unit="tokens", step=1
    )
    rank: int = knob(16, "Rank of the LoRA matrices.", ge=1, le=256, step=1, source="seed study: 16")
    alpha: int = knob(32, "LoRA scale; the update is multiplied by alpha / rank.", ge=1, le=512, step=1)
    dropout: float = knob(0.0, "Dropout on the LoRA input.", ge=0, le=0.9, step=0.05, advanced=True)
    modules: Literal["attention q+v", "all linear"] = knob("all linear", "Which layers get LoRA matrices.")
    schedule: Literal["linear", "cosine", "constant"] = knob("cosine", "How the learning rate falls.", advanced=True)
    warmup_ratio: float = knob(0.05, "Share of the steps with a rising rate.", ge=0, le=0.5, step=0.01, advanced=True)
    weight_decay: float = knob(0.0, "Pull of the LoRA weights towards zero.", ge=0, le=1, step=0.01, advanced=True)
    max_grad_norm: float = knob(1.0, "Longer gradients are shortened to this.", gt=0, le=100, step=0.1, advanced=True)
    seed: int = knob(0, "Decides data order and initial LoRA weights.", ge=0, le=2**31 - 1, step=1)
    save_steps: int = knob(
        25, "Steps between checkpoints (0 = only at the end).", ge=0, le=100_000, unit="steps", step=1, advanced=True
    )
    save_seconds: int = knob(
        20, "A checkpoint is also written after this time, or later where writing takes long (0 = by steps only).",
        ge=0, le=86_400, unit="seconds", step=1, advanced=True,
    )  # fmt: skip
    keep_checkpoints: int = knob(2, "Newest checkpoints that are kept.", ge=1, le=100, step=1, advanced=True)
    keep_steps: int = knob(
        4, "Adapters from along the way that stay when the run is done, to be compared with the last one (0 = none).",
        ge=0, le=100, step=1, advanced=True,
    )  # fmt: skip
    evaluation_share: float = knob(
        0.05, "Share of the run's time that evaluations on held-out rows may take; one on a few rows is always made "
        "(0 = none).", ge=0, le=0.5, step=0.01, advanced=True,
    )  # fmt: skip
    checkpointing: Literal["auto", "on", "off"] = knob(
        "auto", "Compute activations a second time for the backward pass: slower, and much less memory; auto: for "
        "models from a billion weights.", advanced=True,
    )  # fmt: skip
    group_by_length: bool = knob(
        True, "Put rows of like length into a batch, so that little padding is computed.", advanced=True
    )
    probe_steps: int = knob(
        0, "Steps between the answers to fixed probe prompts (0 = none).", ge=0, le=100_000, unit="steps", step=1
    )
    probes_per_kind: int = knob(
        4, "Probe prompts of each kind: harmful, helpful, benign look-alike.", ge=1, le=50, step=1, advanced=True
    )
    probe_set: str = knob(
        "", "Key of the prompt set that the probe prompts are from; empty: the shipped held-out ones.", advanced=True
    )
    probe_judge: str = knob(
        "", "Who reads the probe answers beside the reader: `base`, " + _WHO + " Empty: nobody.", advanced=True
    )
    probe_rubrics: str = knob(
        "refusal", "What the judge of probe answers is asked, with commas between, as for evaluations.", advanced=True
    )
    report_to: Literal["none", "trackio", "tensorboard", "wandb"] = knob(
        "none", "Send the metrics to another program as well; it must be installed.", advanced=True
    )
    beta: float = knob(0.1, "DPO, KTO: how strongly the tuned model is held to the reference.", gt=0, le=10, step=0.01,
                       source="Rafailov et al. 2023: 0.1")  # fmt: skip
    sft_weight: float = knob(
        0.0, "DPO: weight of an added likelihood loss on the chosen answer.", ge=0, le=10, step=0.1,
        source="Pang et al. 2024", advanced=True,
    )  # fmt: skip
    reference: str = knob(
        "start", "DPO, KTO: the model to be held to: `start` (what the run starts from), `base`, or an adapter.",
        advanced=True,
    )  # fmt: skip
    desirable_weight: float = knob(
        1.0, "KTO: weight of a desirable answer.", gt=0, le=100, step=0.1, advanced=True,
        source="Ethayarajh et al. 2024: 1",
    )  # fmt: skip
    undesirable_weight: float = knob(
        0.0, "KTO: weight of an undesirable answer (0 = as much for all of them as for all desirable ones).", ge=0,
        le=100, step=0.1, advanced=True, source="Ethayarajh et al. 2024, eq. 8",
    )  # fmt: skip


_SETS = knob("", "Prompt sets to measure on, their keys with commas between; empty: the shipped held-out ones.")


class CompareSettings(AskSettings):
    """A batch evaluation of several variants over held-out prompts."""

    LATER = frozenset({"conditions", "strengths"})
    sets: str = _SETS
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


class JudgeSettings(Settings):
    """A model that reads answers beside the reader: who it is, and what it is asked of each answer."""

    judge: str = knob("", "Who reads the answers beside the reader: `base`, " + _WHO + " Empty: nobody.")
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


class GuidedRunSettings(Settings):
    """The guided run: chains, accepting, freezing, two trainings, evaluation."""

    harmful: int = knob(200, "Harmful requests whose answers are revised.", ge=1, le=5000, unit="requests", step=10)
    twins: int = knob(120, "Harmless requests that sound harmful, among them.", ge=0, le=5000, unit="requests", step=10)
    helpful: int = knob(500, "Helpful rows mixed in.", ge=0, le=5000, unit="rows", step=10)
    sets: str = _SETS
    per_kind: int = knob(50, "Held-out prompts of each kind for the picture at the end.", ge=1, le=1000, step=10)
    max_steps: int = knob(0, "Steps of each training (0 = as the preset says).", ge=0, le=1_000_000, step=1)
    judge: str = knob(
        "", "A judge that must agree before a revision is accepted automatically: `base`, " + _WHO + " Empty: the "
        "reader alone decides.", advanced=True,
    )  # fmt: skip
    seed: int = knob(0, "Same seed, same run.", ge=0, le=2**31 - 1, step=1)


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
    sets: str = _SETS
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


class FromLabelsSettings(ExperimentSettings):
    """An experiment on the principles that labels follow."""

    rater: str = knob("", "Whose decisions and votes (empty: everybody's, without those that no person made).")
    candidates: int = knob(8, "Proposed rules that are tried, those proposed most.", ge=1, le=64, unit="rules", step=1)
    most: int = knob(60, "Labels of each half at most.", ge=4, le=10_000, unit="labels", step=1)
    shipped: bool = knob(True, "Also try the preference principles there are, for comparison.")
    proposer: str = knob("", "Who proposes (empty: the loaded model). " + _WHO, advanced=True)
    judge: str = knob("", "Who judges under a rule (empty: the loaded model). " + _WHO, advanced=True)


class AppSettings(Settings):
    """How the server starts. Environment variables and flags fill the same fields."""

    home: str = knob("workspace", "Folder for everything that lasts.")
    model: str = knob(
        "auto",
        "`embedded`, `scripted`, a folder, or a name such as mistralai/Mistral-7B-Instruct-v0.3; `auto` takes the "
        "latter on a GPU with 8 GB or more and the embedded model elsewhere.",
    )
    quantize: Literal["auto", "none", "nf4"] = knob("auto", "4-bit weights through bitsandbytes.")
    model_folders: str = knob(
        "", "Folders that models may be read from where others sign in or look, with colons; on one's own machine any."
    )
    keep_quantized: bool = knob(True, "Keep 4-bit weights in the workspace, so that the next start takes seconds.")
    revision: str = knob("", "Pinned revision of a model from the Hub.")
    chat_format: Literal["template", "human-assistant"] = knob(
        "template", "The model's own chat template, or plain Human:/Assistant: paragraphs."
    )
    endpoint: str = knob(
        "",
        "Address of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; then `model` is its name for the "
        "model, and the key comes from the environment variable CAI_ENDPOINT_KEY.",
    )
    critic: str = knob("", "The critic, as long as nothing else is chosen. " + _WHO + " Its key: CAI_CRITIC_KEY.")
    reviser: str = knob("", "The reviser, likewise. Its key: CAI_REVISER_KEY.")
    judge: str = knob("", "Who judges pairs of answers, likewise. Its key: CAI_JUDGE_KEY.")
    concurrency: int = knob(16, "Requests an endpoint is asked at once.", ge=1, le=512, unit="requests", step=1)
    cache_gb: float = knob(1.0, "Memory of the prefix cache; 0 keeps none.", ge=0, le=1000, unit="GB")
    host: str = knob("127.0.0.1", "Address to listen on.")
    port: int = knob(7860, "Port to listen on.", ge=1, le=65_535)
    access: Literal["auto", "own", "team", "public"] = knob(
        "auto",
        "own: everybody who reaches the page may do everything; team: people sign in and have roles (see the command "
        "users); public: everybody may look and try, nobody trains or changes anything. auto: own where only this "
        "machine reaches the page, public on a Space, else team.",
    )
    open: bool = knob(False, "Serve other machines without signing in: whoever reaches the port may do everything.")
    host_names: str = knob("", "Names by which the page may be asked for, with commas, beside this machine's own.")


S = TypeVar("S", bound=Settings)


def checked(cls: type[S], values: Mapping[str, Any], called: Mapping[str, str] | None = None) -> S:
    """Settings made of `values`, or an InputError that names the first knob that does not fit, and its bounds.

    `called` says what a knob is called where its value comes from: a flag, a variable.
    """
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or cls.__name__
        given = "" if first["type"] == "missing" else f" (given: {str(first.get('input'))[:60]})"
        bounds = allowed(cls, name) if name in cls.model_fields and first["type"] != "literal_error" else ""
        raise InputError(
            f"{(called or {}).get(name) or name.replace('_', ' ')}: {first['msg']}{given}.",
            next_step=f"Give {bounds}." if bounds else "Change it and try again.",
        ) from None


def knob_extra(cls: type[Settings], name: str) -> dict[str, Any]:
    """Unit, source, step and fold of one knob."""
    return cast(dict[str, Any], cls.model_fields[name].json_schema_extra or {})


def flag(name: str) -> str:
    """A knob on the command line: `chat_format` -> `--chat-format`."""
    return f"--{name.replace('_', '-')}"


def variable(cls: type[Settings], name: str) -> str:
    """A knob in the environment: `CAI_PORT` of the app, `CAI_TRAIN_EPOCHS` of training."""
    stage = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Settings"))
    return "_".join(part.upper() for part in ("cai", "" if cls is AppSettings else stage, name) if part)


def allowed(cls: type[Settings], name: str) -> str:
    """What a knob takes, in words: "from 1 to 2048 tokens", "on or off"; "" for any text."""
    field = cls.model_fields[name]
    if field.annotation is bool:
        return "on or off"
    if choices := get_args(field.annotation):
        return " | ".join(repr(choice) for choice in choices)
    words = [_BOUNDS[type(mark)].format(mark) for mark in field.metadata if type(mark) in _BOUNDS]
    return " ".join([*words, knob_extra(cls, name)["unit"]]).strip()


_BOUNDS = {Ge: "from {0.ge}", Gt: "above {0.gt}", Le: "to {0.le}"}
