"""Checkpoints of a run as variants: `run@step`, the adapter as it was after so many steps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cai_ui.engine.adapters.files import CONFIG, KEYS, WEIGHTS, describe_adapter, write_adapter
from cai_ui.engine.interface import Engine
from cai_ui.errors import AdapterError, CaiError, NotFoundError
from cai_ui.pipeline.compare.comparison import CHECKPOINT
from cai_ui.pipeline.services import Services
from cai_ui.records import AdapterInfo, Run
from cai_ui.store import Store
from cai_ui.train.run.steps import kept_steps

KEPT = 4
"""Checkpoints that stay loaded; when another one is asked, the one that came first goes."""
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,118})@(\d{1,9})")


def checkpoint_choices(services: Services, engine: Engine) -> list[tuple[str, str]]:
    """Title and name of every checkpoint of this base's runs that is on the disk, newest run first."""
    runs = [run for run in services.store.runs(trashed=False) if run.base_hash == engine.base_hash]
    return [
        (_title(run, step), f"{run.id}{CHECKPOINT}{step}") for run in runs for step in checkpoint_steps(services, run)
    ]


def checkpoint_steps(services: Services, run: Run) -> list[int]:
    """After which steps a run has a checkpoint, the last first. Nothing is read."""
    return list(_folders(services.store, run.id))


def checkpoint_title(services: Services, name: str) -> str | None:
    """What people call a checkpoint; None where there is no such run or step."""
    found = _run_and_step(services.store, name)
    if found is None or found[1] not in checkpoint_steps(services, found[0]):
        return None
    return _title(*found)


def load_checkpoint(services: Services, engine: Engine, name: str) -> AdapterInfo:
    """Make a checkpoint choosable in the engine. NotFoundError where it is not there (any more), AdapterError where it
    is damaged or of another base."""
    run, step, _ = _needed(services.store, name)
    if run.base_hash != engine.base_hash:
        raise AdapterError(f"{run.name} was trained on another base model.", next_step="Load that one (Start tab).")
    draft = services.store.workspace.tmp_dir()
    try:
        folder = written_checkpoint(services.store, name, engine.name, draft / "adapter")
        info = describe_adapter(folder, name, _title(run, step), run.method, run.id)
        engine.load_adapter(info)
    finally:
        services.store.workspace.drop_tmp(draft)
    _let_go(engine, name)
    return info


def written_checkpoint(store: Store, name: str, base_model: str, target: Path) -> Path:
    """The adapter of a checkpoint, written as the folder `target`, which it gives. Errors as for `load_checkpoint`."""
    run, _, folder = _needed(store, name)
    config, state = _read(folder)
    write_adapter(target, config, state, base_model, run.base_hash)
    return target


def _needed(store: Store, name: str) -> tuple[Run, int, Path]:
    """Run, step and folder of a checkpoint that has to be there."""
    found = _run_and_step(store, name)
    folder = None if found is None else _folders(store, found[0].id).get(found[1])
    if found is None or folder is None:
        raise NotFoundError(
            f"There is no checkpoint {name[:80]!r} (any more): a run keeps its newest ones.",
            next_step="Choose another.",
        )
    return *found, folder


def _let_go(engine: Engine, newest: str) -> None:
    loaded = [info.name for info in engine.adapters() if CHECKPOINT in info.name and info.name != newest]
    for name in loaded[: max(0, len(loaded) + 1 - KEPT)]:
        engine.unload_adapter(name)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and tensors of a checkpoint. AdapterError where they are not those of a plain adapter."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        told = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        config = {key: told[key] for key in KEYS if key in told}
        modules = told["target_modules"]
        return {**config, "target_modules": sorted(modules), "inference_mode": True}, load_file(folder / WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        raise AdapterError(
            f"The checkpoint {folder.name} holds no adapter that can be read.", next_step="Choose another."
        ) from None


def _run_and_step(store: Store, name: str) -> tuple[Run, int] | None:
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return store.run(found[1]), int(found[2])
    except CaiError:
        return None


def _folders(store: Store, run_id: str) -> dict[int, Path]:
    return kept_steps(store.workspace.run_dir(run_id))


def _title(run: Run, step: int) -> str:
    return f"{run.name} · step {step:,}"
