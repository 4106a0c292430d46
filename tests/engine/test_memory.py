"""What the libraries keep for themselves, in a process of its own: they read their bounds when they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CAPACITY = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
PROGRAM = """
import ctypes, sys
import cai_ui
import torch

class Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks",
                                                     "fsmblks", "uordblks", "fordblks", "keepcost")]

heap = ctypes.CDLL(None).mallinfo2
heap.restype = Heap
torch.set_num_threads(1)
weight = torch.ones(64, 64)

def times(rows):
    with torch.inference_mode():
        torch.ops.mkldnn._linear_pointwise(torch.ones(rows, 64), weight, None, "none", [], "")

times(80)
before = heap().uordblks
for rows in range(81, 300):
    times(rows)
print(heap().uordblks - before)
"""


def gathered(**environment: str) -> int:
    """Bytes that stay after products of 219 shapes."""
    unset = {name: value for name, value in os.environ.items() if name != CAPACITY}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, env=unset | environment
    )
    if "mallinfo2" in done.stderr or "mkldnn" in done.stderr:
        pytest.skip("no glibc 2.33, or a torch without oneDNN")
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout)


@pytest.mark.slow
def test_kernels_for_ever_new_shapes_gather_less_than_the_library_would_keep() -> None:
    assert gathered() < 0.8 * gathered(**{CAPACITY: "1024"})
