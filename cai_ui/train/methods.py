"""The table of training methods. A new one is a file beside `sft` and `dpo`, its knobs in `config`, and a line here.

Preflight, estimate, trainer, health, command line and page ask this table; none of them knows a method by name.
"""

from __future__ import annotations

from cai_ui.errors import InputError
from cai_ui.train.dpo import DPO
from cai_ui.train.kto import KTO
from cai_ui.train.method import TrainingMethod
from cai_ui.train.sft import SFT

METHODS: dict[str, TrainingMethod] = {method.name: method for method in (SFT, DPO, KTO)}
"""By name, in the order in which they are offered."""


def method_of(name: object) -> TrainingMethod:
    """The method of this name. InputError, which tells the known ones, for any other."""
    found = METHODS.get(name) if isinstance(name, str) else None
    if found is None:
        raise InputError(
            f"There is no training method {str(name)[:40]!r}.",
            kept="Nothing was started.",
            next_step=f"Choose one of: {', '.join(METHODS)}.",
        )
    return found


def method_title(name: str) -> str:
    """What a method is called; the bare name of one that this version does not know, as an old run may have."""
    return METHODS[name].title if name in METHODS else name


def own_knobs() -> tuple[str, ...]:
    """Knobs that not every method uses, in the order of the methods."""
    return tuple(dict.fromkeys(knob for method in METHODS.values() for knob in method.knobs))
