"""ZeroGPU Spaces lend a GPU only inside a decorated call: training goes there in slices. Elsewhere this does nothing.

Simulated in tests/train/test_slices.py; not tried on a real Space (see docs/training.md).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cai_ui.train.jobs.slices import Slices
    from cai_ui.train.run.folder import Outcome

SLICE_S = 60.0
"""Seconds of a slice, the platform's default; CAI_SLICE_SECONDS says otherwise."""
log = logging.getLogger(__name__)


def lent_slices(environment: Mapping[str, str] = os.environ) -> Slices | None:
    """How training gets its GPU on a ZeroGPU Space; None on any other machine."""
    if not environment.get("SPACES_ZERO_GPU"):
        return None
    import spaces  # type: ignore[import-not-found]  # the platform installs it

    from cai_ui.train.jobs.slices import Slices

    def lend(call: Callable[[], Outcome], seconds: float) -> Outcome | None:
        borrowed: Any = spaces.GPU(duration=round(seconds))(call)
        try:
            found: Outcome = borrowed()
        except Exception as error:  # the platform raises its page's own error when a worker is killed
            log.warning("a slice gave no answer: %s", error)
            return None
        return found

    return Slices(float(environment.get("CAI_SLICE_SECONDS") or SLICE_S), lend)
