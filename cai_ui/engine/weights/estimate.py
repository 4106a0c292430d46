"""What a model will take of this machine, said before it is loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cai_ui.config.app import AppSettings
from cai_ui.errors import EngineError

DEFAULT_ON_GPU = "mistralai/Mistral-7B-Instruct-v0.3"
GPU_BYTES = 8e9
"""Memory of a GPU from which the default model is Mistral-7B; below it, or without one, the embedded model."""
BF16_GPU_BYTES = 24e9
"""Memory of a GPU from which `auto` keeps 16-bit weights."""
NF4_SHARE, WORKING_SHARE = 0.30, 0.1
"""4-bit weights per 16-bit weight, with embeddings kept in 16 bit; and working memory on top."""

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OF_A_CONTAINER = (
    ("memory.max", "memory.current", "memory.stat", ("inactive_file ", "active_file ")),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat",
     ("total_inactive_file ", "total_active_file ")),
)  # fmt: skip
"""Control groups, version 2 and 1: a container's limit, what it uses, of what that consists, and which of it can be
dropped."""


@dataclass(frozen=True)
class Estimate:
    """Bytes a model needs on its device, and what is free there (None where that cannot be known)."""

    need: int
    free: int | None

    @property
    def fits(self) -> bool:
        return self.free is None or self.need <= self.free

    def sentence(self) -> str:
        free = "an unknown amount is" if self.free is None else f"{self.free / 1e9:.1f} GB are"
        return f"This model needs about {self.need / 1e9:.1f} GB and {free} free."


def device_here() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def graphics() -> str:
    """The device in words, for a report."""
    import torch

    if not torch.cuda.is_available():
        return "none that torch can use"
    free, total = torch.cuda.mem_get_info()
    return f"{torch.cuda.get_device_name()}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free"


def free_bytes(device: str) -> int | None:
    """Memory that is free on the device, on a CPU within the limit that a container sets; None where that cannot be
    known."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    return min((found for found in (_machine_bytes(), _container_bytes()) if found is not None), default=None)


def _machine_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _container_bytes() -> int | None:
    """What the container may still take. Pages of files that the kernel can drop count as free, as they do in
    MemAvailable: a model that was just read from the disk would else seem to fill its container twice."""
    for *places, droppable in _OF_A_CONTAINER:
        limit, used, parts = (_text(_CONTROL_GROUPS / str(place)) for place in places)
        try:
            files = sum(int(line.split()[1]) for line in parts.splitlines() if line.startswith(droppable))
            return max(0, int(limit) - int(used) + files)
        except (ValueError, IndexError):  # "max", or no such files
            continue
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def default_model() -> str:
    """What `auto` means on this machine."""
    return DEFAULT_ON_GPU if device_here() == "cuda" and _gpu_bytes() >= GPU_BYTES else "embedded"


def wants_nf4(settings: AppSettings, stored: int, device: str) -> bool:
    """`auto` asks for NF4 only on a GPU with less than 24 GB, and only for weights above 4 GB."""
    if settings.quantize != "auto":
        return settings.quantize == "nf4"
    return device == "cuda" and stored >= 4e9 and _gpu_bytes() < BF16_GPU_BYTES


def estimate(stored: int, device: str, quantized: bool, packed_already: bool = False) -> Estimate:
    """From the size of the stored weights (16-bit, or 4-bit where they are `packed_already`)."""
    weights = stored * (NF4_SHARE if quantized and not packed_already else 1)
    return Estimate(int(weights * (1 + WORKING_SHARE)), free_bytes(device))


def check_memory(found: Estimate) -> None:
    """EngineError for what cannot fit."""
    if not found.fits:
        raise EngineError(
            found.sentence(),
            next_step="Close other programs, choose 4-bit weights (nf4), or use a smaller model.",
        )


def _gpu_bytes() -> float:
    import torch

    return float(torch.cuda.get_device_properties(0).total_memory)
