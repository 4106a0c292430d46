"""Named settings, by name and method; the values are with the methods (`sft`, `dpo`, …)."""

from __future__ import annotations

from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.train.methods import METHODS, method_of

PRESETS: dict[str, dict[str, TrainSettings]] = {
    name: {method.name: method.presets[name] for method in METHODS.values()}
    for name in ("embedded quick", "seed study", "Mistral-7B", "H4 recipe", "paper's shape")
}
"""By name and method. "embedded quick" was chosen by measuring the embedded model (docs/embedded_model.md); "seed
study" holds the numbers of the reproduction this project started from. "Mistral-7B" trains all linear layers, with a
batch that fits 16 GB in 4-bit. "H4 recipe" has rates, schedule, length and batch of Hugging Face's constitutional
recipe, which trains all weights: as LoRA it moves the model less. "paper's shape" is one pass at a constant rate in
batches of 1,024 rows (Bai et al. 2022, section 3.3)."""
SMALL, LARGE = "embedded quick", "seed study"


def default_preset(small: bool = True) -> str:
    """The preset that suits a model: a small one, such as the embedded model, or any other."""
    return SMALL if small else LARGE


def preset(name: str, method: str) -> TrainSettings:
    """Settings by names of preset and method. InputError, which tells the known ones, for another."""
    if name not in PRESETS:
        raise InputError(f"There is no preset {name[:60]!r}.", next_step=f"Choose: {', '.join(PRESETS)}.")
    return PRESETS[name][method_of(method).name]
