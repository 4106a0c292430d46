"""KTO: from single answers, each judged desirable or not, the model learns which kind to give.

Ethayarajh et al. 2024, eq. 7: an answer's implicit reward r is beta times its log-ratio to the reference, z the KL
divergence from it, and the loss is the mean of 1 - sigmoid(r - beta z) over desirable answers and of
1 - sigmoid(beta z - r) over undesirable ones, each kind with a weight.

Desirable is every answer that was kept: accepted and edited revisions, initial answers that were preferred, and helpful
rows. Undesirable are revisions that a person rejected, and the answer that lost to a kept one: the critique has found
its harm, and the paper takes the two answers of a pair apart in the same way. The initial answer beside a rejected
revision is left out: nothing was preferred to it. Soft labels are not used: the decision counts.

Rows of like length are not put together: they are often of one kind, and z would then be the reward of that very kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import TrainingSeat
from cai_ui.records import Dataset, PreferencePair, TrainingExample
from cai_ui.train.dpo import REWARDS, chosen_fall
from cai_ui.train.method import Chart, Line, Logged, Recipe, TrainingMethod
from cai_ui.train.rows import Draft, Row, Rows, in_tokens
from cai_ui.train.run.series import WINDOW, end, numbers

BOTH = "judged both desirable and undesirable"
BALANCE = (1.0, 4 / 3)
"""Bounds of the weight of all desirable answers over that of all undesirable ones (Ethayarajh et al. 2024, eq. 8)."""

PRESETS = {
    "embedded quick": TrainSettings(
        learning_rate=3e-3, epochs=3, batch_size=16, rank=16, alpha=32, probe_steps=20, beta=0.1,
    ),
    "seed study": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=2, accumulation=4, max_length=1024, rank=16, alpha=32,
        dropout=0.05, modules="attention q+v", schedule="linear", warmup_ratio=0.03, save_steps=100, beta=0.1,
        probe_steps=100,
    ),
    "Mistral-7B": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=4, accumulation=8, max_length=1024, rank=16, alpha=32,
        dropout=0.05, save_steps=50, beta=0.1, probe_steps=50,
    ),
    "H4 recipe": TrainSettings(
        learning_rate=5e-7, epochs=3, batch_size=4, accumulation=8, max_length=1024, rank=64, alpha=64,
        schedule="linear", warmup_ratio=0.1, save_steps=100, beta=0.1, probe_steps=100,
    ),
    "paper's shape": TrainSettings(
        learning_rate=5e-6, epochs=1, batch_size=4, accumulation=32, max_length=2048, rank=64, alpha=64,
        schedule="constant", warmup_ratio=0.0, save_steps=50, beta=0.1, probe_steps=50,
    ),
}  # fmt: skip
"""Those of DPO, with twice the rows where DPO has pairs; none but the first was tuned."""


def _drafts(dataset: Dataset) -> tuple[Sequence[Draft], Sequence[Draft]]:
    return (
        list(_judged(dataset.sft_train, dataset.pairs_train, dataset.rejected_train or ())),
        list(_judged(dataset.sft_eval, dataset.pairs_eval, dataset.rejected_eval or ())),
    )


def _judged(
    kept: Sequence[TrainingExample], pairs: Sequence[PreferencePair], rejected: Sequence[TrainingExample]
) -> Iterator[Draft]:
    """Each answer once."""
    good = dict.fromkeys([(r.conversation, r.answer) for r in kept] + [(p.conversation, p.chosen) for p in pairs])
    bad = dict.fromkeys([(p.conversation, p.rejected) for p in pairs] + [(r.conversation, r.answer) for r in rejected])
    for conversation, answer in good | bad:
        judged = (conversation, answer)
        reason = BOTH if judged in good and judged in bad else ""
        yield Draft(conversation, {"completion": answer}, {"label": judged in good}, reason)


def _counts(rows: Rows) -> tuple[int, int]:
    """Desirable and undesirable answers that are trained on."""
    desirable = sum(row["label"] for row in rows.train)
    return desirable, len(rows.train) - desirable


def _weights(rows: Rows, settings: TrainSettings) -> tuple[float, float]:
    """Weights of one desirable and of one undesirable answer."""
    desirable, undesirable = _counts(rows)
    alike = settings.desirable_weight * desirable / max(undesirable, 1)
    return settings.desirable_weight, settings.undesirable_weight or alike


def _problems(rows: Rows, settings: TrainSettings) -> Iterator[str]:
    desirable, undesirable = _counts(rows)
    if rows.train and not (desirable and undesirable):
        missing, where = (
            ("undesirable", "They come from rejected answers and from initial answers that were revised.")
            if desirable
            else ("desirable", "They come from accepted and edited revisions and from helpful rows.")
        )
        yield f"There are no {missing} answers among the judged ones; KTO needs both kinds. {where}"
    if settings.batch_size < KTO.least_batch:
        yield "KTO compares the rows of a batch with one another, so the batch size must be at least 2."


def _notes(dataset: Dataset, rows: Rows, settings: TrainSettings) -> Iterator[str]:
    desirable, undesirable = _counts(rows)
    if not (desirable and undesirable):
        return
    good, bad = _weights(rows, settings)
    ratio = good * desirable / (bad * undesirable)
    low, high = BALANCE
    if not low - 1e-6 <= ratio <= high + 1e-6:
        least, most = good * desirable / (high * undesirable), good * desirable / (low * undesirable)
        yield (
            f"Desirable answers weigh {ratio:.2g} times as much as undesirable ones in all; 1 to 4/3 is advised. Set "
            f"undesirable weight to {least:.3g} up to {most:.3g}, or to 0, which balances them."
        )


def _facts(rows: Rows, settings: TrainSettings) -> Mapping[str, str]:
    desirable, undesirable = _counts(rows)
    good, bad = _weights(rows, settings)
    return {"Judged answers": f"{desirable:,} desirable (weight {good:.3g}), {undesirable:,} undesirable ({bad:.3g})"}


class Mismatched:
    """Batches in which each prompt also meets the answer of the row before it, from which KTO estimates its z.

    TRL pairs rows once, by their place in the dataset, and must then take them in that order; pairing them in the batch
    leaves the order free. The estimate is not learnt from, so such an answer is cut where it would make a text longer
    than the `longest` row. In a batch of one row, the rest of an epoch, it is the answer of the row before in the data.
    """

    def __init__(self, plain: Any, longest: int) -> None:
        self._plain = plain
        self._longest = longest

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        answers = [row["completion_ids"] for row in rows]
        others = [*answers[-1:], *answers[:-1]] if len(rows) > 1 else [rows[0]["KL_completion_ids"]]
        room = [max(1, self._longest - len(row["prompt_ids"])) for row in rows]
        paired = [{**row, "KL_completion_ids": o[:r]} for row, o, r in zip(rows, others, room, strict=True)]
        batch: dict[str, Any] = self._plain(paired)
        return batch


def _columns(rows: Sequence[Row]) -> list[Row]:
    """Each row with the answer of the one before it."""
    coded = in_tokens(rows)
    return [{**row, "KL_completion_ids": coded[place - 1]["completion_ids"]} for place, row in enumerate(coded)]


def _recipe(seat: TrainingSeat, rows: Rows, settings: TrainSettings) -> Recipe:
    from trl import KTOConfig, KTOTrainer
    from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference

    good, bad = _weights(rows, settings)
    arguments = {"beta": settings.beta, "desirable_weight": good, "undesirable_weight": bad}
    plain = DataCollatorForUnpairedPreference(pad_token_id=seat.tokenizer.pad_token_id)
    return Recipe(KTOTrainer, KTOConfig, arguments, Mismatched(plain, max(rows.lengths)))


def _is_sound(trainer: Any, prompt: list[int], answer: list[int]) -> bool:
    row = trainer.train_dataset[0]
    return list(row["prompt_ids"]) == prompt and list(row["completion_ids"]) == answer


def _health(rows: Sequence[Logged], total_steps: int) -> Iterator[str]:
    yield from chosen_fall(rows, "desirable", "undesirable", "a lower rate or a higher beta holds them")
    margins = numbers(rows, "rewards/margins")
    if len(margins) >= 4 * WINDOW and end(margins) <= 0:
        yield (
            "Desirable answers are not told from undesirable ones: the reward margin is not above 0. The decisions may "
            "contradict one another, or the learning rate is too low."
        )


KTO = TrainingMethod(
    name="kto",
    title="KTO",
    about="learn from single answers, kept or rejected",
    rows_called="judged answers",
    rows_come_from="They are answers that were kept, and answers that were rejected or revised.",
    drafts=_drafts,
    presets=PRESETS,
    recipe=_recipe,
    is_sound=_is_sound,
    columns=_columns,
    more_passes=3,
    least_batch=2,
    reference="in steps",
    knobs=("beta", "reference", "desirable_weight", "undesirable_weight"),
    problems=_problems,
    notes=_notes,
    facts=_facts,
    logged=("kl",),
    health=_health,
    charts=(*REWARDS, Chart("KL divergence from the reference (estimate, nats)", (Line("kl", "estimate", "warn"),))),
)
