"""ZeroGPU Spaces lend a GPU only inside a decorated call: answers and training go there. Elsewhere this does nothing.

Simulated in tests/engine/backends/test_lent.py and tests/train/test_slices.py; not tried on a real Space, which
docs/deploy.md says how to do.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cai_ui.config.app import AppSettings

if TYPE_CHECKING:
    from cai_ui.engine.interface import Engine
    from cai_ui.train.jobs.slices import Slices
    from cai_ui.train.run.folder import Outcome

SLICE_S = 60.0
"""Seconds of a slice, the platform's default; CAI_SLICE_SECONDS says otherwise."""
log = logging.getLogger(__name__)


def lent_engine(settings: AppSettings, environment: Mapping[str, str] = os.environ) -> Engine | None:
    """The engine of a ZeroGPU Space, loaded now: the platform packs what is on its device when the page is launched.
    None on any other machine, and for models without weights here.

    Its package has to be imported before torch is. In bfloat16: the lent device has room for 7 B, and weights that are
    packed again in each worker would take longer than they save.
    """
    if not environment.get("SPACES_ZERO_GPU") or settings.endpoint or settings.model == "scripted":
        return None
    import spaces  # type: ignore[import-not-found]  # the platform installs it

    from cai_ui.engine.backends.lent import LentEngine
    from cai_ui.engine.weights.loading import load_model

    whole = settings.model_copy(update={"quantize": "none"})
    return LentEngine(load_model(whole), lambda call, seconds: spaces.GPU(duration=seconds)(call), settings.cache_gb)


def lent_slices(environment: Mapping[str, str] = os.environ) -> Slices | None:
    """How training gets its GPU on a ZeroGPU Space; None on any other machine."""
    if not environment.get("SPACES_ZERO_GPU"):
        return None
    import spaces

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
