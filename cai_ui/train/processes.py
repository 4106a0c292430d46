"""Several processes on one run (`torchrun`, `accelerate launch`): who is first, and agreeing with one another.

With one process all of this does nothing. The first process owns the run: it alone has the database, and writes
metrics, log, manifest, adapter and exit record.
"""

from __future__ import annotations

import os
from typing import Any, cast

from cai_ui.errors import TrainingError
from cai_ui.train.signals import WISHES, Wish

FSDP_FILE = "docs/accelerate/fsdp.yaml"
"""What accelerate is told, relative to the project, where the weights are to be shared out."""


def count() -> int:
    """How many processes work on the run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process owns the run. With one process it always does."""
    return count() == 1 or int(os.environ.get("RANK", "0")) == 0


def shares_weights() -> bool:
    """Whether each process holds a share of the weights only (FSDP)."""
    return count() > 1 and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def require_as_begun(number: int, shared: bool) -> None:
    """TrainingError where a run that so many processes began, sharing its weights or not, would go on otherwise.

    Its steps would take other rows, and what the optimiser kept lies in files of another kind.
    """
    if (number, shared) == (count(), shares_weights()):
        return
    launcher = f"accelerate launch --config_file {FSDP_FILE}" if shared else f"torchrun --nproc_per_node {number}"
    raise TrainingError(
        f"This run was begun {_told(number, shared)}; it cannot go on {_told(count(), shares_weights())}.",
        kept="Its checkpoints are kept.",
        next_step=f"Go on with it {f'by {launcher}' if number > 1 else 'in one process'}, or start a new run.",
    )


def _told(number: int, shared: bool) -> str:
    sharing = " that share its weights out" if shared else ""
    return "in one process" if number == 1 else f"in {number} processes{sharing}"


def take_device() -> None:
    """With several processes on GPUs, each loads its weights onto its own."""
    if count() == 1:
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


def wait_for_all() -> None:
    """Go on when all processes have come here."""
    if count() > 1:
        import torch.distributed as dist

        dist.barrier()


def agreed(wish: Wish, save: bool) -> tuple[Wish, bool]:
    """The strongest wish of all processes, and whether any wants a checkpoint, so that all do the same after a step."""
    if count() == 1:
        return wish, save
    import torch
    import torch.distributed as dist

    numbers = torch.tensor([WISHES.index(wish), int(save)])
    dist.all_reduce(numbers, op=dist.ReduceOp.MAX)
    return WISHES[int(numbers[0])], bool(numbers[1])


def from_first(value: Any) -> Any:
    """What the first process gave; the others give None and wait for it."""
    if count() == 1:
        return value
    import torch.distributed as dist
    from accelerate import PartialState

    PartialState(**place())
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return cast(list[Any], box)[0]


def place() -> dict[str, Any]:
    """How accelerate is to join the processes: over gloo where there is no GPU."""
    import torch

    return {} if torch.cuda.is_available() else {"cpu": True, "backend": "gloo"}
