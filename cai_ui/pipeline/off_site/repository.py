"""A private dataset repository on the Hub: files read with a bound, and commits that only follow the one that is known.

Every method raises StoreError with a sentence that never holds the token or what the Hub said.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cai_ui.errors import ConflictError, InputError, StoreError
from cai_ui.hub_errors import hub_errors

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_OVERTAKEN = (409, 412)


class Repository:
    """One repository, by its name owner/name. The token is read from HF_TOKEN at each use."""

    def __init__(self, name: str) -> None:
        """InputError for what is no name, or without a token."""
        if not REPOSITORY.fullmatch(name):
            raise InputError(
                f"{name[:80]!r} is no repository on the Hub.", next_step="Write CAI_BACKUP_REPO as owner/name."
            )
        if not os.environ.get("HF_TOKEN"):
            raise InputError(
                "Backups are to go to the Hub (CAI_BACKUP_REPO), and there is no token for it.",
                next_step="Set HF_TOKEN to a token that may write to that one repository.",
            )
        from huggingface_hub import HfApi

        self.name = name
        self._api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)

    def head(self) -> str | None:
        """The newest commit; None where there is no repository. StoreError for a public one."""
        from huggingface_hub.errors import RepositoryNotFoundError

        with self._told("cannot be asked"):
            try:
                found = self._api.dataset_info(self.name, timeout=30)
            except RepositoryNotFoundError:
                return None
        if not found.private:
            raise StoreError(
                f"The repository {self.name} is public, and backups hold all that people wrote.",
                kept="Nothing was sent.",
                next_step="Make it private, or name another one (CAI_BACKUP_REPO).",
            )
        return found.sha

    def create(self) -> None:
        with self._told("cannot be made"):
            self._api.create_repo(self.name, repo_type="dataset", private=True, exist_ok=True)

    def read(self, file: str, commit: str, most: int) -> bytes | None:
        """A file as of a commit; None if it is not there. StoreError if it is larger than `most` bytes."""
        from huggingface_hub.errors import EntryNotFoundError

        with self._told("does not give what it has"), tempfile.TemporaryDirectory() as folder:
            try:
                listed = self._api.get_paths_info(self.name, [file], repo_type="dataset", revision=commit)
                if not listed:
                    return None
                if getattr(listed[0], "size", most + 1) > most:
                    raise StoreError(
                        f"{file} of {self.name} is larger than {most / 1e6:,.0f} MB.",
                        kept="It was not read, and nothing there was changed.",
                        next_step="Look at the repository's history on the Hub, or name another one (CAI_BACKUP_REPO).",
                    )
                path = self._api.hf_hub_download(
                    self.name, file, repo_type="dataset", revision=commit, local_dir=folder
                )
            except EntryNotFoundError:
                return None
            with Path(path).open("rb") as opened:
                return opened.read(most + 1)[:most]

    def files(self, commit: str) -> dict[str, int]:
        """Names and bytes of all files as of a commit."""
        with self._told("does not say what it has"):
            tree = self._api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type="dataset")
            return {one.path: one.size for one in tree if hasattr(one, "size")}

    def commit(self, files: Mapping[str, bytes], message: str, parent: str, gone: Collection[str] = ()) -> str:
        """Add files on top of `parent`, and take those that are `gone` out; gives the new commit. ConflictError if
        another commit came first."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        with self._told("does not take the backup"):
            adds = [CommitOperationAdd(file, body) for file, body in files.items()]
            # The Hub refuses to take out what is not there.
            there = self._api.get_paths_info(self.name, [*gone], repo_type="dataset", revision=parent) if gone else []
            drops = [CommitOperationDelete(one.path) for one in there]
            done = self._api.create_commit(
                self.name, [*adds, *drops], commit_message=message, repo_type="dataset", parent_commit=parent
            )
            return done.oid

    def forget_history(self) -> None:
        """Make all commits one: what is there stays, what only older ones have is gone for good."""
        with self._told("does not let its history go"):
            self._api.super_squash_history(self.name, repo_type="dataset", commit_message="What is there now")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except hub_errors() as error:
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status in _OVERTAKEN:
                raise ConflictError(
                    f"Somebody else wrote to {self.name} meanwhile.",
                    kept="What is there is whole, and can be brought back.",
                    next_step="Do it once more.",
                ) from None
            raise StoreError(
                f"The repository {self.name} {what} ({status or type(error).__name__}).",
                kept="All is saved here.",
                next_step="The page tries again by itself; check the token and the connection if it stays so.",
            ) from None
