"""Adapter folders: writing them atomically, and checking them before a byte reaches the model.

A folder holds `adapter_config.json` (PEFT's format, so PEFT and vLLM can load it),
`adapter_model.safetensors`, and our manifest `adapter.json`, written last: base, and size and
SHA-256 of the other files. Anything else in the folder, a configuration key outside the list
below, or a file that does not match the manifest is refused. No code path reads pickles or imports
what a configuration names.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.errors import AdapterError
from cai_ui.records import BASE, AdapterInfo, content_hash

MANIFEST = "adapter.json"
CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
FORMAT = 1
MAX_CONFIG_BYTES = 1 << 20
MAX_RANK, MAX_ALPHA, MAX_MODULES, MAX_MODULE = 4096, 1e6, 256, 200
"""Of an adapter's configuration: PEFT makes layers of any rank, and compares each kind with each layer of the model,
before anybody sees that they do not fit. The last is in characters."""

KEYS = (
    "peft_type",
    "task_type",
    "base_model_name_or_path",
    "r",
    "lora_alpha",
    "lora_dropout",
    "target_modules",
    "bias",
    "fan_in_fan_out",
    "use_rslora",
    "inference_mode",
)
"""The configuration keys written and read; others are allowed only when empty."""

FIXED = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "bias": "none", "fan_in_fan_out": False}
"""Keys that admit one value."""


@dataclass(frozen=True)
class AdapterFolder:
    """A checked folder. `config` has only the keys above; `state` maps tensor names to tensors."""

    hash: str
    base_model: str
    base_hash: str
    config: dict[str, Any]
    state: dict[str, Any]


def write_adapter(folder: Path, config: dict[str, Any], state: dict[str, Any], base_model: str, base_hash: str) -> str:
    """Write an adapter folder so that it is there whole or not at all; gives the adapter's hash.

    An existing folder of that name is replaced. `base_model` is told in its files, where it is a folder by its last
    part: they leave this machine, and where it lies here is nobody's business.
    """
    from safetensors.torch import save

    base_model = told_name(base_model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    settle(folder)
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    draft.mkdir()
    try:
        plain = {key: config[key] for key in KEYS if key in config} | FIXED | {"base_model_name_or_path": base_model}
        _write(draft / CONFIG, json.dumps(plain, indent=2, sort_keys=True).encode())
        tensors = {name: state[name].detach().cpu().contiguous() for name in sorted(state)}
        _write(draft / WEIGHTS, save(tensors, metadata={"format": "pt"}))
        files = {name: _fingerprint(draft / name) for name in (CONFIG, WEIGHTS)}
        manifest = {"format": FORMAT, "base_model": base_model, "base_hash": base_hash, "files": files}
        _write(draft / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True).encode())
        _swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return content_hash(files)


def told_name(model: str) -> str:
    """A model's name for whoever is elsewhere: its name on the Hub, or the last part of the folder it was read from."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def check_adapter(folder: Path, base_model: str, base_hash: str) -> AdapterFolder:
    """Read and check a folder for the base named. AdapterError says what is wrong with it."""
    manifest = _read_manifest(folder)
    if manifest["base_hash"] != base_hash:
        raise AdapterError(
            f"This adapter was made for {manifest['base_model']} ({manifest['base_hash'][:8]}); "
            f"the loaded model is {base_model} ({base_hash[:8]}).",
            next_step="Load the model it was made for, or train a new adapter.",
        )
    _check_files(folder, manifest["files"])
    config = _check_config(_read_json(folder / CONFIG))
    return AdapterFolder(
        content_hash(manifest["files"]),
        manifest["base_model"],
        base_hash,
        config,
        _read_state(folder / WEIGHTS, config["r"]),
    )


def check_recorded(info: AdapterInfo, base_model: str, base_hash: str) -> AdapterFolder:
    """The same for a folder whose hash was recorded. AdapterError too where it holds another adapter by now."""
    if info.name == BASE:
        raise AdapterError(f"{BASE!r} is the name of the model without an adapter.", next_step="Choose another.")
    folder = check_adapter(Path(info.path), base_model, base_hash)
    if info.hash != folder.hash:
        raise AdapterError(
            f"The adapter {info.title or info.name} is not the one that was recorded: its files were exchanged.",
            next_step="Train it again or remove it.",
        )
    return folder


def settle(folder: Path) -> None:
    """Clear up after a process that was killed while it wrote here: the former adapter comes back where it was moved
    away and no new one took its place; half written ones go. Not while somebody writes here."""
    left = list(folder.parent.glob(f".{folder.name}.*")) if folder.parent.is_dir() else []
    for old in (path for path in left if path.name.startswith(f".{folder.name}.old-")):
        if not folder.exists():
            old.rename(folder)
    for path in left:
        shutil.rmtree(path, ignore_errors=True)


def check_files(folder: Path) -> str:
    """The hash of an adapter all of whose files are as they were written. AdapterError says what is not."""
    if not folder.is_dir():
        raise _damaged(folder, "its folder is gone")
    manifest = _read_manifest(folder)
    _check_files(folder, manifest["files"])
    return content_hash(manifest["files"])


def describe_adapter(folder: Path, name: str, title: str, method: str, run_id: str | None = None) -> AdapterInfo:
    """What can be said of a folder from its manifest alone; AdapterError if there is none."""
    manifest = _read_manifest(folder)
    return AdapterInfo(
        name, title, content_hash(manifest["files"]), manifest["base_hash"], method, run_id, str(folder.absolute())
    )


def _damaged(folder: Path, why: str) -> AdapterError:
    return AdapterError(f"The adapter {folder.name} cannot be used: {why}.", next_step="Train it again or remove it.")


def _read_manifest(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        raise _damaged(folder, f"{MANIFEST} is missing, so its base and its files cannot be checked")
    manifest = _read_json(folder / MANIFEST)
    files = manifest.get("files")
    texts = all(isinstance(manifest.get(key), str) for key in ("base_model", "base_hash"))
    if manifest.get("format") != FORMAT or not texts or not isinstance(files, dict) or set(files) != {CONFIG, WEIGHTS}:
        raise _damaged(folder, f"{MANIFEST} is not in the form this version writes")
    return manifest


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ValueError("too large")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise _damaged(path.parent, f"{path.name} is damaged")
    return value


def _check_files(folder: Path, files: dict[str, Any]) -> None:
    extra = sorted(p.name for p in folder.iterdir() if p.name not in (MANIFEST, CONFIG, WEIGHTS))
    if extra:
        raise _damaged(folder, f"it holds a file that does not belong there ({extra[0][:60]})")
    for name, wanted in files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise _damaged(folder, f"{name} is missing")
        if _fingerprint(path) != wanted:
            raise _damaged(folder, f"{name} was changed or cut short after it was written")


def _check_config(config: dict[str, Any]) -> dict[str, Any]:
    strange = [key for key, value in config.items() if key not in KEYS and value not in (None, False, "", [], {})]
    if strange:
        raise AdapterError(
            f"The adapter's configuration uses {strange[0][:60]!r}, which is not supported.",
            next_step="Use a plain LoRA adapter.",
        )
    for key, value in FIXED.items():
        if config.get(key, value) != value:
            raise AdapterError(f"The adapter's {key} is {str(config[key])[:40]!r}; only {value!r} is supported.")
    plain = {key: config[key] for key in KEYS if key in config}
    modules = plain.get("target_modules")
    rank, alpha, dropout = plain.get("r"), plain.get("lora_alpha"), plain.get("lora_dropout", 0.0)
    if not isinstance(modules, list) or not all(isinstance(m, str) for m in modules) or rank is None or alpha is None:
        raise AdapterError("The adapter's configuration lacks rank, alpha or its list of layers.")
    sound = type(rank) is int and 0 < rank <= MAX_RANK and _number(alpha, MAX_ALPHA) and _number(dropout, 1)
    if not sound or len(modules) > MAX_MODULES or any(len(module) > MAX_MODULE for module in modules):
        raise AdapterError(
            f"The adapter's configuration is out of bounds: rank up to {MAX_RANK:,}, a finite alpha, dropout from 0 to "
            f"1, and at most {MAX_MODULES} kinds of layers."
        )
    return plain


def _number(value: Any, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value <= most


def _read_state(path: Path, rank: int) -> dict[str, Any]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state: dict[str, Any] = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path.parent, f"{path.name} is not a sound safetensors file") from error
    if any(tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16) for tensor in state.values()):
        raise _damaged(path.parent, "its weights are no floating-point numbers of 16 or 32 bits")
    if any(".lora_A." in name and tensor.shape[:1] != (rank,) for name, tensor in state.items()):
        raise _damaged(path.parent, "its weights have another rank than its configuration")
    if not all(bool(tensor.isfinite().all()) for tensor in state.values()):
        raise _damaged(path.parent, "it holds numbers that are not finite, so its training went wrong")
    return state


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "size": path.stat().st_size}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _swap(draft: Path, folder: Path) -> None:
    """Put `draft` in the place of `folder`: rename, then flush the parent so that the name survives too. Where the disk
    does not take that, the former one stays or comes back."""
    if folder.exists():
        folder.rename(folder.with_name(f".{folder.name}.old-{uuid.uuid4().hex[:8]}"))
    try:
        draft.rename(folder)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            parent = os.open(folder.parent, os.O_RDONLY)
            try:
                os.fsync(parent)
            finally:
                os.close(parent)
    finally:
        settle(folder)
