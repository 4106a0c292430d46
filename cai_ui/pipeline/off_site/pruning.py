"""What no restore needs any more is taken out of the repository, and its history with it.

Each whole database takes out what it makes superfluous, so what is seen there stays small; but the Hub keeps every
version of a file as long as its history, and counts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.errors import NotFoundError
from cai_ui.pipeline.off_site import manifest
from cai_ui.pipeline.off_site.repository import Repository
from cai_ui.pipeline.off_site.restoring import latest

AT_ONCE = 100
"""Files that are taken out by one commit, as the Hub recommends."""


@dataclass(frozen=True)
class Pruned:
    """Files that were taken out, and bytes of those that are left."""

    removed: int
    left: int


def prune(repository: Repository) -> Pruned:
    """Take out the parts that the newest list does not name, then all older versions. Other files are left alone.

    Not to be undone. It may be done while a page writes there or fills its disk from there: each commit names the one
    it follows, so what was listed meanwhile is not taken out. StoreError if the list cannot be read; ConflictError if
    somebody wrote there at the same time, which can be done again.
    """
    found, commit = latest(repository)
    if found is None or commit is None:
        raise NotFoundError(f"There is no backup in {repository.name}.", kept="Nothing was changed.")
    there = repository.files(commit)
    gone = sorted(file for file in there if manifest.PART.fullmatch(file) and file not in found.files)
    for first in range(0, len(gone), AT_ONCE):
        commit = repository.commit({}, "Without what no restore needs", commit, gone[first : first + AT_ONCE])
    repository.forget_history()
    return Pruned(len(gone), sum(there.values()) - sum(there[file] for file in gone))
