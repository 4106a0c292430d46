"""A place at the engine's weights for one training run.

The run gets a tree of modules of its own around the engine's weight tensors (see `adapters`), with a
trainable LoRA adapter named "default", as TRL's trainers want it. The base tensors are frozen, so
no gradient and no optimiser step can reach them. TRL may add its "ref" adapter, patch `forward` or
switch modes: it does so on that tree only, which is dropped with the seat.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import AdapterFolder, write_adapter
from cai_ui.engine.adapters.loaded import fill, lora_config, share_tree
from cai_ui.engine.kernels.nf4_cpu import make_trainable
from cai_ui.engine.lease import TRAINING, Lease

ADAPTER, REF = "default", "ref"
ATTENTION = ["q_proj", "v_proj"]
Reference = Literal["start", "base"] | AdapterFolder
"""What DPO and KTO are held to: what the run starts from, the base, or another adapter."""


class Seat:
    """The seat of one run; made by `LocalEngine.training_seat`."""

    def __init__(
        self, model: Any, tokenizer: Any, lease: Lease, base: tuple[str, str], reference: Reference = "start"
    ) -> None:
        self.model = model
        self._reference = reference
        self.tokenizer = tokenizer
        self._lease = lease
        self._base = base

    @contextmanager
    def step(self) -> Iterator[None]:
        """Hold the weights for one training step, in training mode, which the run's own modules then stay in.

        Do not ask the engine for an answer inside: it would wait for this very step to end.
        """
        with self._lease.hold(TRAINING):
            if not self.model.training:
                self.model.train()
            yield

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Hold the weights for one forward pass on held-out rows, in evaluation mode."""
        with self._lease.hold(TRAINING):
            self.model.eval()
            yield

    def set_reference(self) -> None:
        """TRL's frozen copy "ref" of the start becomes the base (its update is set to nothing) or another adapter."""
        if self._reference == "base":
            for name, parameter in self.model.named_parameters():
                if f".lora_B.{REF}." in name:
                    parameter.data.zero_()
        elif isinstance(self._reference, AdapterFolder):
            self.model.delete_adapter(REF)
            self.model.add_adapter(REF, lora_config(self._reference.config))
            fill(self.model, self._reference, REF)
        for name, parameter in self.model.named_parameters():
            if f".{REF}." in name:
                parameter.requires_grad_(False)

    def state(self) -> dict[str, torch.Tensor]:
        """The adapter's tensors, whole. Where processes hold a share each (FSDP), all have to call this at once."""
        from peft import get_peft_model_state_dict

        state = get_peft_model_state_dict(self.model, adapter_name=ADAPTER, save_embedding_layers=False)
        return {name: t.full_tensor() if hasattr(t, "full_tensor") else t for name, t in state.items()}

    def save(self, folder: Path, state: dict[str, torch.Tensor] | None = None) -> str:
        """Write the adapter as a folder that PEFT and this engine can load; gives the adapter's hash.

        `state` is what `state` gave, where that was called before.
        """
        config = self.model.peft_config[ADAPTER]
        state = self.state() if state is None else state
        plain = {
            "r": config.r,
            "lora_alpha": config.lora_alpha,
            "lora_dropout": config.lora_dropout,
            "target_modules": sorted(config.target_modules),
            "use_rslora": config.use_rslora,
            "inference_mode": True,
        }
        return write_adapter(folder, plain, state, *self._base)


def make_seat(
    base: Any,
    tokenizer: Any,
    lease: Lease,
    names: tuple[str, str],
    settings: TrainSettings,
    start: AdapterFolder | None,
    reference: Reference = "start",
) -> Seat:
    """A seat with a new adapter as `settings` say, or with a trainable copy of `start`.

    `names` are the base's name and hash. `settings.seed` decides the initial LoRA weights; the
    process's random state is left as it was. A copy of `start` keeps its rank, alpha and layers.
    """
    from peft import LoraConfig, get_peft_model

    if start is not None:
        config = lora_config(start.config)
        config.lora_dropout = settings.dropout
    else:
        config = LoraConfig(
            task_type="CAUSAL_LM",
            bias="none",
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
            target_modules=ATTENTION if settings.modules == "attention q+v" else linear_layers(base),
        )
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        tree = share_tree(base)
        make_trainable(tree)
        model = get_peft_model(tree, config, adapter_name=ADAPTER)
    if start is not None:
        fill(model, start, ADAPTER)
    model.eval()
    return Seat(model, tokenizer, lease, names, reference)


def trainable_parameters(base: Any, settings: TrainSettings, start: AdapterFolder | None) -> int:
    """How many numbers a run would train: those of `start`, or rank x (inputs + outputs) per chosen layer."""
    if start is not None:
        return sum(int(tensor.numel()) for tensor in start.state.values())
    chosen = set(ATTENTION if settings.modules == "attention q+v" else linear_layers(base))
    layers = (m for n, m in base.named_modules() if n.rpartition(".")[2] in chosen and isinstance(m, torch.nn.Linear))
    return sum(settings.rank * (layer.in_features + layer.out_features) for layer in layers)


def linear_layers(model: Any) -> list[str]:
    """Last names of all linear layers but the one that gives the logits, as PEFT's "all-linear" means them."""
    head = model.get_output_embeddings()
    linear = (n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head)
    return sorted({name.rpartition(".")[2] for name in linear})
