"""TRL's DPOTrainer with two things it lacks: a soft label for each pair, and the reference kept in advance in turns.

Loss of a pair with log-ratio difference d and soft label p (the probability that the chosen answer is better):
-p log sigmoid(beta d) - (1 - p) log sigmoid(-beta d). Bai et al. 2022, section 4.1, train on such soft targets;
Rafailov et al. 2023, eq. 7 is the case p = 1. Since log sigmoid(-x) = log sigmoid(x) - x, it is TRL's loss plus
(1 - p) beta d.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.data import DataLoader
from trl import DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from cai_ui.engine.interface import TrainingSeat
from cai_ui.train.signals import StopSignal


@dataclass
class SoftPairs(DataCollatorForPreference):
    """TRL's batches of pairs, with the soft labels beside them where rows have some."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().torch_call(examples)
        if "soft" in examples[0]:
            batch["soft"] = torch.tensor([example["soft"] for example in examples])
        return batch


class PairTrainer(DPOTrainer):
    """See the module's first lines."""

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()
        if "soft" not in self._signature_columns:
            self._signature_columns.append("soft")

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        soft = inputs.get("soft")
        plain = _without_labels(inputs)
        if soft is None:
            return super()._compute_loss(model, plain, return_outputs)
        seen: list[torch.Tensor] = []

        def watched(**given: Any) -> Any:
            outputs = model(**given)
            seen.append(outputs.log_probs)
            return outputs

        found = super()._compute_loss(watched, plain, return_outputs)
        chosen, rejected = seen[0].sum(dim=1).chunk(2)
        if "ref_chosen_logps" in plain:
            ref_chosen, ref_rejected = plain["ref_chosen_logps"], plain["ref_rejected_logps"]
        else:
            ref_chosen, ref_rejected = self.compute_ref_log_probs(model, plain)
        logits = self.beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
        rest = ((1 - soft) * logits).mean()
        return (found[0] + rest, found[1]) if return_outputs else found + rest

    def keep_reference(self, seat: TrainingSeat, signal: StopSignal) -> None:
        """Compute the reference's log-probabilities once for all rows, so that no step has to.

        Left undone when asked to stop meanwhile: then they are computed in the steps.
        """
        kept = {}
        for name in ("train_dataset", "eval_dataset"):
            data = getattr(self, name)
            if data is None:
                continue
            columns: dict[str, list[float]] = {"ref_chosen_logps": [], "ref_rejected_logps": []}
            for batch in DataLoader(data, self.args.per_device_train_batch_size, collate_fn=self.data_collator):
                if signal.is_set():
                    return
                with seat.evaluation():
                    found = self.compute_ref_log_probs(self.model, self._prepare_inputs(_without_labels(batch)))
                for column, values in zip(columns.values(), found, strict=True):
                    column += values.tolist()
            for column_name, values in columns.items():
                data = data.add_column(column_name, values)
            kept[name] = data
        for name, data in kept.items():
            setattr(self, name, data)
        self.precompute_ref_logps = True


def _without_labels(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name != "soft"}
