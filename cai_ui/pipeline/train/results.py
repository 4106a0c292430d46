"""What becomes of a finished run's adapter: an archive, a merged model, a private repository on the Hub."""

from __future__ import annotations

import os
import re
import secrets
import zipfile
from pathlib import Path
from typing import Any

from cai_ui.disk import room
from cai_ui.engine.adapters.files import told_name
from cai_ui.errors import ConflictError, EngineError, InputError, StoreError
from cai_ui.formats.writing import json_text, plain_line
from cai_ui.pipeline.services import Services
from cai_ui.records import Run
from cai_ui.train.jobs.adapters import RunAdapters

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_FILES = ("adapter_config.json", "adapter_model.safetensors", "adapter.json")


def adapter_card(services: Services, run: Run) -> str:
    """Markdown that says what an adapter was made of."""
    from cai_ui.train.methods import method_title
    from cai_ui.train.run.folder import read_config

    made = read_config(services.store.workspace.run_dir(run.id))
    parents = ", ".join(hash[:12] for hash in services.store.dataset_info(run.dataset_hash).parents) or "none"
    libraries = ", ".join(f"{name} {version}" for name, version in made.get("libraries", {}).items())
    settings = "\n".join(f"- {name}: {plain_line(str(value))}" for name, value in run.config.items())
    base = told_name(made.get("base", "unknown"))
    on_hub = f"base_model: {json_text(base)}\n" if _REPOSITORY.fullmatch(base) else ""  # it refuses any other name
    return f"""---
{on_hub}library_name: peft
tags: [lora, {run.method}, constitutional-ai]
---
# {plain_line(run.name)}

A LoRA adapter trained by {method_title(run.method)} on data made by critique and revision under a constitution
(Bai et al. 2022) with the Constitutional AI Workbench.

- Base: {plain_line(base)}, weights {run.base_hash}
- Started from: {run.start_adapter or "the base"}
- Dataset: {run.dataset_hash} ({made.get("rows", "?")} rows, {made.get("held_out", "?")} held out)
- Constitutions: {parents}
- Steps: {run.step}; loss at the end: {run.summary.get("last_loss")}; held out: {run.summary.get("held_out_loss")}
- Adapter: {run.adapter_hash}
- Libraries: {libraries}

## Settings
{settings}

## Limits
It was tuned on the revisions of one model under the named principles. How it behaves elsewhere was not measured;
compare it with its base before use.
"""


def export_adapter(services: Services, run_id: str) -> Path:
    """A ZIP archive in the download folder with the adapter in PEFT's form and its card."""
    run, folder = _finished(services, run_id)
    path = services.store.workspace.export_path(f"{run.id}-{(run.adapter_hash or '')[:12]}.zip")
    need = sum((folder / name).stat().st_size for name in _FILES)
    if need > room(path.parent):
        raise StoreError(
            f"The disk has too little room for this archive ({need / 1e6:,.0f} MB).",
            kept="The adapter is as it was.",
            next_step=f"Free some disk space and export again, or copy the folder runs/{run.id}/adapter.",
        )
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with zipfile.ZipFile(partial, "w", strict_timestamps=False) as archive:
            for name in _FILES:
                archive.write(folder / name, f"{run.id}/{name}")
            archive.writestr(f"{run.id}/README.md", adapter_card(services, run))
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"The archive could not be written ({error.strerror or type(error).__name__}).",
            kept="The adapter is as it was.",
            next_step="Free some disk space and export again.",
        ) from None
    return path


def merge_adapter(services: Services, run_id: str) -> Path:
    """The whole model with the adapter worked in, as a folder beside the adapter."""
    run, folder = _finished(services, run_id)
    merge: Any = getattr(services.engine(), "merge", None)
    if merge is None:
        raise EngineError("This model has no weights here to merge with.", next_step="Load the run's base model.")
    target = folder.with_name("merged")
    merge(run.adapter, target)
    return target


def checked_repository(name: str) -> str:
    """The name of a repository that something can be sent to, as far as that is known without asking the Hub.
    InputError where it is no name, ConflictError where this program was started offline."""
    name = (name or "").strip()
    if not _REPOSITORY.fullmatch(name):
        raise InputError("That is no name of a repository.", next_step="Write owner/name.")
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise ConflictError("This program was started offline (HF_HUB_OFFLINE).", next_step="Start it without.")
    return name


def push_adapter(services: Services, run_id: str, repository: str) -> str:
    """Send the adapter and its card to a repository of the Hub, made private if it is new; gives its address.

    The token is read from HF_TOKEN (or the Hub's own login) and is never stored or logged.
    """
    run, folder = _finished(services, run_id)
    repository = checked_repository(repository)
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    api = HfApi()
    try:
        api.create_repo(repository, private=True, exist_ok=True)
        if not api.repo_info(repository).private:
            raise ConflictError(
                f"{repository} is public.", kept="Nothing was sent.", next_step="Name a new or a private repository."
            )
        api.upload_folder(repo_id=repository, folder_path=folder, allow_patterns=list(_FILES))
        card = adapter_card(services, run).encode("utf-8")
        api.upload_file(repo_id=repository, path_or_fileobj=card, path_in_repo="README.md")
    except (HfHubHTTPError, LocalTokenNotFoundError, OSError) as error:
        raise StoreError(
            f"The Hub did not take the adapter ({type(error).__name__}).",
            kept="It is kept here as it was.",
            next_step="Check HF_TOKEN, its write access to that repository, and the network; then push again.",
        ) from None
    return f"{api.endpoint}/{repository}"


def _finished(services: Services, run_id: str) -> tuple[Run, Path]:
    """A run with an adapter, and the adapter's folder. AdapterError if its files are not as they were written."""
    run = services.store.run(run_id)
    if not run.adapter:
        raise ConflictError(
            f"The run {run.name} has no adapter.", next_step="Choose a run that is done or stopped with its adapter."
        )
    return run, RunAdapters(services.store).files(run)
