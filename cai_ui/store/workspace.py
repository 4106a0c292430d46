"""The one place that makes paths. Folders and files are named by ids of ours, never by what people typed.

Every path is checked to lie below the home folder with no symbolic link on the way, so neither a
forged id nor a planted link reaches anything else.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path

from cai_ui.errors import InputError, StoreError

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_PART_LIMIT = 120
EXPORTS_KEPT_S = 86_400.0
"""How long a file made for download stays, in seconds: a browser fetches it as soon as it is made."""


class Workspace:
    """Paths below `home`. Folders are made when asked for."""

    def __init__(self, home: Path) -> None:
        try:
            home.mkdir(parents=True, exist_ok=True)
            self.home = home.resolve(strict=True)
            _for_its_owner_alone(self.home)
        except OSError as error:
            raise unwritable(home, error) from None

    @property
    def database(self) -> Path:
        return self._at("cai.db")

    @property
    def id_file(self) -> Path:
        """What the id of this workspace is written in, beside its database."""
        return self._at("workspace-id")

    @property
    def lock_file(self) -> Path:
        return self._at("lock")

    @property
    def accounts_file(self) -> Path:
        return self._at("accounts.json")

    def run_dir(self, run_id: str) -> Path:
        """Folder of a training run."""
        return self._folder("runs", run_id)

    def run_folders(self) -> list[Path]:
        """Folders of runs that are there."""
        return sorted(path for path in self._folder("runs").iterdir() if path.is_dir())

    def study_dir(self, key: str) -> Path:
        """Folder of what a study has finished."""
        return self._folder("studies", key)

    def study_keys(self) -> list[str]:
        """Keys of the studies that have a folder."""
        return [path.name for path in self._folder("studies").iterdir() if _PART.fullmatch(path.name)]

    def experiment_dir(self, key: str) -> Path:
        """Folder of what an experiment has finished."""
        return self._folder("experiments", key)

    def experiment_keys(self) -> list[str]:
        """Keys of the experiments that were begun."""
        return sorted(folder.name for folder in self._folder("experiments").iterdir() if folder.is_dir())

    def export_path(self, name: str) -> Path:
        """Where to put a file for download; those that were made long ago are removed. `name` is made of ids and a
        suffix."""
        self.drop_exports()
        return self._at("exports", name)

    def drop_exports(self, kept_s: float = EXPORTS_KEPT_S) -> None:
        """Remove files for download that were written more than `kept_s` seconds ago, and halves of them."""
        for path in self.exports_dir().iterdir():
            with suppress(OSError):  # gone meanwhile, or no file of ours
                if path.lstat().st_mtime < time.time() - kept_s:
                    path.unlink()

    def exports_dir(self) -> Path:
        """Folder that holds nothing but files made for download."""
        return self._folder("exports")

    def uploads_dir(self) -> Path:
        return self._folder("uploads")

    def backups_dir(self) -> Path:
        """Folder of copies of the database."""
        return self._folder("backups")

    def aside_dir(self, name: str) -> Path:
        """Folder for what was taken out of use and is kept."""
        return self._folder("aside", name)

    def tmp_dir(self) -> Path:
        """A new empty folder, on the same disk as the rest so that files can be moved into place."""
        return self._folder("tmp", secrets.token_hex(8))

    def drop_tmp(self, path: Path | None = None) -> None:
        """Remove the folder of `tmp_dir` that a path lies in (None: all of them). What lies elsewhere is left alone."""
        root = self._at("tmp")
        if path is None:
            shutil.rmtree(root, ignore_errors=True)
            return
        path = Path(path).resolve()
        if path.is_relative_to(root) and path != root:
            shutil.rmtree(root / path.relative_to(root).parts[0], ignore_errors=True)

    def _folder(self, *parts: str) -> Path:
        path = self._at(*parts)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(path.relative_to(self.home), error) from None
        return path

    def _at(self, *parts: str) -> Path:
        path = self.home
        for part in parts:
            path = path / self._part(part)
            if path.is_symlink():
                raise StoreError(
                    f"{path.relative_to(self.home)} is a symbolic link; links are not followed inside a workspace.",
                    kept="Nothing was changed.",
                    next_step="Remove the link.",
                )
        if not path.resolve().is_relative_to(self.home):
            raise InputError("That name leads out of the workspace.", next_step="Use the id shown on the page.")
        return path

    @staticmethod
    def _part(name: str) -> str:
        if not isinstance(name, str) or len(name) > _PART_LIMIT or not _PART.fullmatch(name):
            raise InputError(
                "That is not an id of this workspace.",
                next_step="Ids have letters, digits, dots, dashes and underscores only.",
            )
        return name


def is_workspace(home: Path) -> bool:
    """Whether a workspace was begun in this folder, be it damaged. Nothing is made."""
    try:
        return any((home / name).exists() for name in ("cai.db", "workspace-id", "accounts.json", "backups", "aside"))
    except OSError as error:
        raise unwritable(home, error) from None


def unwritable(path: Path, error: OSError) -> StoreError:
    """The sentence for a folder that cannot be made or written."""
    return StoreError(
        f"The folder {path} cannot be used ({error.strerror or type(error).__name__}).",
        kept="Nothing was saved.",
        next_step="Check its permissions and the free disk space, or start with another folder (CAI_HOME).",
    )


def _for_its_owner_alone(home: Path) -> None:
    """Take a workspace from other accounts of the machine: it holds what people wrote, and hashes of passwords.

    A folder that belongs to somebody else, or to a group on purpose (setgid), is left as it is.
    """
    found = home.stat()
    shared = found.st_mode & stat.S_ISGID
    if hasattr(os, "getuid") and found.st_uid == os.getuid() and found.st_mode & 0o077 and not shared:
        home.chmod(stat.S_IMODE(found.st_mode) & 0o700)
