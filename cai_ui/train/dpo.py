"""DPO: of two answers to a request the model learns to prefer the chosen one (Rafailov et al. 2023, eq. 7).

It is measured against the model the run starts from, the base, or a chosen adapter (`run.pairs` has the soft labels).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import TrainingSeat
from cai_ui.records import Dataset, PreferencePair
from cai_ui.train.method import Chart, Line, Logged, Recipe, TrainingMethod
from cai_ui.train.rows import NO_SHARE, SAME, Draft, Rows
from cai_ui.train.run.series import WINDOW, beginning, end, numbers

LENGTH_GAP = 1.3
"""From this ratio of mean answer lengths on, length itself is a cue that DPO learns."""
SATURATED, SOON = 0.98, 0.2
"""Accuracy on pairs that is suspicious when it is reached within this share of the steps."""
FALL = 2.0
"""Nats by which the chosen answers may become less likely."""

PRESETS = {
    "embedded quick": TrainSettings(
        learning_rate=3e-3, epochs=3, batch_size=16, rank=16, alpha=32, probe_steps=10, beta=0.1, sft_weight=1.0,
    ),
    "seed study": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=1, accumulation=4, max_length=1024, rank=16, alpha=32,
        dropout=0.05, modules="attention q+v", schedule="linear", warmup_ratio=0.03, save_steps=100, beta=0.1,
        probe_steps=100,
    ),
    "Mistral-7B": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=1, accumulation=16, max_length=1024, rank=16, alpha=32,
        dropout=0.05, save_steps=50, beta=0.1, probe_steps=50,
    ),
    "H4 recipe": TrainSettings(
        learning_rate=5e-7, epochs=3, batch_size=2, accumulation=8, max_length=1024, rank=64, alpha=64,
        schedule="linear", warmup_ratio=0.1, save_steps=100, beta=0.1, probe_steps=100,
    ),
    "paper's shape": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=4, accumulation=16, max_length=2048, rank=64, alpha=64,
        schedule="constant", warmup_ratio=0.0, save_steps=50, beta=0.1, probe_steps=50,
    ),
}  # fmt: skip
"""The seed study never tuned its DPO: its rate here is TRL's default. The paper's preference stage is RL, for which
DPO stands in."""


def _drafts(dataset: Dataset) -> tuple[Sequence[Draft], Sequence[Draft]]:
    """Either all rows carry a soft label or none does; a hard label beside soft ones is a 1."""
    soft = any(pair.soft is not None for pair in (*dataset.pairs_train, *dataset.pairs_eval))
    train, held_out = ([_draft(pair, soft) for pair in side] for side in (dataset.pairs_train, dataset.pairs_eval))
    return train, held_out


def _draft(pair: PreferencePair, soft: bool) -> Draft:
    share = 1.0 if pair.soft is None else float(pair.soft)
    reason = SAME if pair.chosen.strip() == pair.rejected.strip() else "" if 0 <= share <= 1 else NO_SHARE
    answers = {"chosen": pair.chosen, "rejected": pair.rejected}
    return Draft(pair.conversation, answers, {"soft": share} if soft else {}, reason)


def _notes(dataset: Dataset, rows: Rows, settings: TrainSettings) -> Iterator[str]:
    if not rows.answers:
        return
    chosen, rejected = (sum(lengths) / len(rows.answers) for lengths in zip(*rows.answers, strict=True))
    if not 1 / LENGTH_GAP < chosen / rejected < LENGTH_GAP:
        yield (
            f"Chosen answers have {chosen:.0f} tokens on average, rejected ones {rejected:.0f}: DPO may learn the "
            "length instead of the content. Look at the lengths of the probe answers while it trains."
        )


def _recipe(seat: TrainingSeat, rows: Rows, settings: TrainSettings) -> Recipe:
    from trl import DPOConfig

    from cai_ui.train.run.pairs import PairTrainer, SoftPairs

    losses: dict[str, Any] = {"loss_type": ["sigmoid"]}
    if settings.sft_weight:
        losses = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, settings.sft_weight]}
    collator = SoftPairs(pad_token_id=seat.tokenizer.pad_token_id)
    return Recipe(PairTrainer, DPOConfig, {"beta": settings.beta, **losses}, collator)


def _is_sound(trainer: Any, prompt: list[int], answer: list[int]) -> bool:
    row = trainer.train_dataset[0]
    return list(row["prompt_ids"]) == prompt and list(row["chosen_ids"]) == answer


def _distance(logged: Logged, settings: TrainSettings) -> dict[str, float]:
    """How far the model has moved from its reference, in nats per answer.

    The mean log-ratio of reference to model over the pairs' answers. Where the rejected answers are the reference's
    own, their part estimates KL(reference || model).
    """
    if "rewards/chosen" not in logged or "rewards/rejected" not in logged:
        return {}
    return {"kl_proxy": -(logged["rewards/chosen"] + logged["rewards/rejected"]) / (2 * settings.beta)}


def _health(rows: Sequence[Logged], total_steps: int) -> Iterator[str]:
    yield from chosen_fall(rows, "chosen", "rejected", "a lower rate, a higher beta or some SFT weight holds them")
    shares = numbers(rows, "rewards/accuracies")
    early = [value for step, value in shares if step <= SOON * total_steps]
    if len(early) >= WINDOW and sum(early[-WINDOW:]) / WINDOW >= SATURATED:
        yield (
            f"Nearly every pair is told apart after {int(SOON * total_steps)} of {total_steps} steps already. The "
            "pairs may differ by an easy mark, such as length or an opening phrase. High accuracy alone does not "
            "mean safer answers."
        )


def chosen_fall(rows: Sequence[Logged], better: str, worse: str, remedy: str) -> Iterator[str]:
    """Whether the answers that are to become likelier have become less so; `better` and `worse` are what they are
    called."""
    chosen = numbers(rows, "logps/chosen")
    if len(chosen) < 2 * WINDOW:
        return
    before, now = beginning(chosen), end(chosen)
    if before - now > max(FALL, 0.1 * abs(before)):
        yield (
            f"The {better} answers have become less likely ({before:.1f} to {now:.1f} nats), not only the {worse} "
            f"ones. Watch the probe answers; {remedy}."
        )


REWARDS = (
    Chart("Reward margin", (Line("rewards/margins", "margin", "ok"),)),
    Chart(
        "Log-probability of the answers (nats)",
        (Line("logps/chosen", "better answer", "ok"), Line("logps/rejected", "worse answer", "bad")),
    ),
    Chart(
        "Implicit reward",
        (Line("rewards/chosen", "better answer", "ok"), Line("rewards/rejected", "worse answer", "bad")),
    ),
)
"""What every method shows that tells better answers from worse ones."""

DPO = TrainingMethod(
    name="dpo",
    title="DPO",
    about="prefer kept answers over initial ones",
    rows_called="preference pairs",
    rows_come_from="Pairs come from examples that have an initial answer and a better revision.",
    drafts=_drafts,
    presets=PRESETS,
    recipe=_recipe,
    is_sound=_is_sound,
    readings=2,
    reference="in advance",
    knobs=("group_by_length", "beta", "sft_weight", "reference"),
    notes=_notes,
    derived=_distance,
    health=_health,
    charts=(
        Chart("Preference accuracy", (Line("rewards/accuracies", "prefers the better answer", "ok"),), percent=True),
        *REWARDS,
        Chart("Distance from the reference (KL proxy, nats)", (Line("kl_proxy", "per answer", "warn"),)),
    ),
)
