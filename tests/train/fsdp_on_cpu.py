"""`python -m cai_ui …` with its weights shared out among processes without GPUs (FSDP2 over gloo).

Started by `accelerate launch --config_file docs/accelerate/fsdp.yaml`, from which all its variables come. accelerate
admits FSDP on accelerators only, so it is told here that several CPUs may share weights too, and the weights lie as on
an accelerator: FSDP takes no others. Commands with --then between them are run one after another, since starting takes
most of the time.
"""

from __future__ import annotations

import sys
from typing import Any

import accelerate.state
from accelerate.utils import DistributedType

_make = accelerate.state.AcceleratorState.__init__


def _admit(self: Any, *values: Any, **named: Any) -> None:
    _make(self, *values, **named)
    shared = accelerate.state.AcceleratorState._shared_state
    if self.distributed_type == DistributedType.MULTI_CPU:
        shared["distributed_type"] = DistributedType.FSDP
        if named.get("fsdp_plugin") is not None:
            shared["fsdp_plugin"] = named["fsdp_plugin"]


if __name__ == "__main__":
    accelerate.state.AcceleratorState.__init__ = _admit
    from cai_ui.cli import main
    from cai_ui.engine.weights import loading

    loading.use_fast_linear = lambda model: None

    words = [*sys.argv[1:], "--then"]
    while words:
        end = words.index("--then")
        status = main(words[:end])
        words = words[end + 1 :]
        if status:
            sys.exit(status)
