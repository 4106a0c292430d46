"""4-bit weights kept on disk, so that the next start takes seconds instead of minutes.

A kept model is a copy that can be made again: a folder named after the hash of the weights it was made from,
with a manifest written last. One that does not fit, or cannot be read, is made anew.
"""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from pathlib import Path
from typing import Any

from cai_ui.config.app import AppSettings
from cai_ui.disk import room

MANIFEST = "kept.json"
FORMAT = 1
log = logging.getLogger(__name__)


def kept_folder(settings: AppSettings, base_hash: str) -> Path:
    """Where the 4-bit copy of these weights lies, or would lie."""
    return Path(settings.home).expanduser() / "models" / f"nf4-{base_hash[:16]}"


def find_kept(settings: AppSettings, base_hash: str) -> Path | None:
    """The folder of a whole copy of these weights; None if there is none."""
    folder = kept_folder(settings, base_hash)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    sizes = {name: (folder / name).stat().st_size for name in manifest.get("files", {}) if (folder / name).is_file()}
    wanted = {"format": FORMAT, "base_hash": base_hash, "files": sizes}
    return folder if manifest == wanted and sizes else None


def keep(model: Any, settings: AppSettings, base_hash: str) -> Path | None:
    """Write a copy, whole or not at all. None, with a note in the log, if there is no room for it."""
    folder = kept_folder(settings, base_hash)
    draft = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        draft.mkdir(parents=True)
        need = sum(p.numel() * p.element_size() for p in model.parameters())
        if room(draft) < 1.1 * need:
            log.warning("no room to keep the 4-bit weights (%.1f GB)", need / 1e9)
            return None
        model.save_pretrained(draft, safe_serialization=True)
        files = {f.name: f.stat().st_size for f in sorted(draft.iterdir())}
        manifest = {"format": FORMAT, "base_hash": base_hash, "files": files}
        (draft / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
        return folder
    except OSError as error:
        log.warning("the 4-bit weights could not be kept: %s", error.strerror)
        return None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
