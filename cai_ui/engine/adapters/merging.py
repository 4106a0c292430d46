"""A model with an adapter worked into its weights: W + scale * B A, as a folder that any program can load."""

from __future__ import annotations

import math
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import torch

from cai_ui.disk import room
from cai_ui.engine.adapters.files import AdapterFolder
from cai_ui.errors import AdapterError, EngineError, StoreError

_PREFIX = "base_model.model."


def write_merged(model: Any, tokenizer: Any, adapter: AdapterFolder, folder: Path) -> None:
    """Write weights, configuration and tokenizer into `folder`, which is there whole or not at all.

    The loaded model is not touched; one merged copy is in memory meanwhile. EngineError where its weights are 4-bit,
    StoreError where the disk has too little room.
    """
    if any(not p.is_floating_point() for p in model.parameters()):
        raise EngineError(
            "4-bit weights cannot be merged without loss.",
            kept="The adapter is as it was.",
            next_step="Load the model with full weights (quantize: none), then merge.",
        )
    state = dict(model.state_dict())
    rank = adapter.config["r"]
    scale = adapter.config["lora_alpha"] / (math.sqrt(rank) if adapter.config.get("use_rslora") else rank)
    with torch.no_grad():
        for name, down in adapter.state.items():
            if ".lora_A." not in name:
                continue
            up = adapter.state[name.replace(".lora_A.", ".lora_B.")]
            target = name.removeprefix(_PREFIX).replace(".lora_A.weight", ".weight")
            if target not in state:
                raise AdapterError(f"The adapter changes {target[:80]}, which this model does not have.")
            weight = state[target]
            change = scale * (up.to(weight.device, torch.float32) @ down.to(weight.device, torch.float32))
            state[target] = (weight.to(torch.float32) + change).to(weight.dtype)
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    sizes = {tensor.data_ptr(): tensor.numel() * tensor.element_size() for tensor in state.values()}  # tied ones once
    need, free = sum(sizes.values()), room(folder.parent)
    if need > free:
        raise StoreError(
            f"The merged model takes {need / 1e9:.1f} GB of disk and {free / 1e9:.1f} GB may be taken.",
            kept="The adapter is as it was.",
            next_step="Free some disk space and merge again.",
        )
    try:
        model.save_pretrained(draft, state_dict=state, safe_serialization=True)
        tokenizer.save_pretrained(draft)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
