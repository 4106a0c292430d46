"""`python -m cai_ui …` with its weights shared out among processes without GPUs (FSDP2 over gloo).

accelerate admits FSDP on accelerators only, so it is told here that several CPUs may share weights too. The variables
are those that `accelerate launch --config_file docs/accelerate/fsdp.yaml` sets.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import accelerate.state
from accelerate.utils import DistributedType

VARIABLES = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_TRANSFORMER_CLS_TO_WRAP": "MistralDecoderLayer",
    "FSDP_STATE_DICT_TYPE": "FULL_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}
_make = accelerate.state.AcceleratorState.__init__


def _admit(self: Any, *values: Any, **named: Any) -> None:
    _make(self, *values, **named)
    shared = accelerate.state.AcceleratorState._shared_state
    if self.distributed_type == DistributedType.MULTI_CPU:
        shared["distributed_type"] = DistributedType.FSDP
        if named.get("fsdp_plugin") is not None:
            shared["fsdp_plugin"] = named["fsdp_plugin"]


if __name__ == "__main__":
    os.environ.update(VARIABLES)
    accelerate.state.AcceleratorState.__init__ = _admit
    from cai_ui.cli import main

    sys.exit(main(sys.argv[1:]))
