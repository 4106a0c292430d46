"""The adapters that runs made: read from their folders, and put up in an engine or taken down from it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from cai_ui.engine.adapters.files import MANIFEST, check_files, describe_adapter, settle
from cai_ui.engine.interface import Engine
from cai_ui.errors import AdapterError, CaiError, NotFoundError
from cai_ui.records import BASE, GOING_ON, AdapterInfo, Run
from cai_ui.store import Store
from cai_ui.train.run.folder import ADAPTER

log = logging.getLogger(__name__)


class RunAdapters:
    """Adapters by the runs in a store. An adapter's handle is the id of its run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[AdapterInfo]:
        """Adapters of all runs that kept one, oldest first; a damaged folder is left out and logged."""
        found = []
        for run in reversed(self._store.runs()):
            if run.adapter and not run.trashed_at:
                try:
                    found.append(self._describe(run))
                except CaiError as error:
                    log.warning("the adapter of %s is left out: %s", run.name, error)
        return found

    def damaged(self) -> Iterator[AdapterError]:
        """Adapters whose files are gone, cut or changed, by the names of their runs; of those in the trash, too."""
        for run in self._store.runs():
            if run.adapter:
                try:
                    self.files(run)
                except AdapterError as error:
                    yield error

    def files(self, run: Run) -> Path:
        """The folder of a run's adapter, once all its files were looked at. AdapterError if they are not as they were
        written."""
        folder = self._folder(run)
        try:
            found = check_files(folder)
        except AdapterError as error:
            raise _unusable(run, error.what.partition(": ")[2].rstrip(".")) from None
        except OSError as error:
            raise _unusable(run, f"it cannot be read ({error.strerror or type(error).__name__})") from None
        if run.adapter_hash and found != run.adapter_hash:
            raise _unusable(run, "it is not the one that the run made")
        return folder

    def gone(self, run: Run) -> bool:
        """Whether a run that is over kept weights that are not there any more, as when its disk was lost and the
        database came back from elsewhere. Only their place is looked at."""
        kept = run.adapter is not None and run.state not in GOING_ON
        return kept and not (self._folder(run) / MANIFEST).is_file()

    def need(self, engine: Engine, name: str | None) -> None:
        """Load the adapter a run starts from or is held to, if it is one of ours and not loaded yet.

        NotFoundError where it is nobody's.
        """
        known = {BASE, "start", *(info.name for info in engine.adapters())}
        if name is None or name in known:
            return
        info = next((info for info in self.all() if info.name == name), None)
        if info is None:
            raise NotFoundError("The adapter to start from is not there.", next_step="Choose another one.")
        engine.load_adapter(info, lasting=True)

    def show(self, engine: Engine | None, run: Run, kept: bool) -> None:
        """Renew a run's adapter in an engine of its base, or take it down where it is not `kept`."""
        if engine is not None and run.base_hash == engine.base_hash:
            self.put_up(engine, run, kept)

    def put_up(self, engine: Engine, run: Run, kept: bool) -> None:
        """Make the adapter that was kept choosable, or none, in the place of the one that was put up in training."""
        try:
            if kept:
                engine.load_adapter(self._describe(run), lasting=True)
            elif run.id in {info.name for info in engine.adapters()}:
                engine.unload_adapter(run.id)
        except CaiError as error:
            log.warning("the adapter of %s could not be put up: %s", run.name, error)

    def _describe(self, run: Run) -> AdapterInfo:
        return describe_adapter(self._folder(run), run.id, run.name, run.method, run.id)

    def _folder(self, run: Run) -> Path:
        folder = self._store.workspace.run_dir(run.id) / ADAPTER
        if run.state not in GOING_ON and not folder.exists():
            settle(folder)
        return folder


def _unusable(run: Run, why: str) -> AdapterError:
    return AdapterError(
        f"The adapter of the run {run.name} ({run.id}) cannot be used: {why}.",
        kept="The run's log and its other files were left as they are.",
        next_step="Put its folder back from a copy of the workspace, or train it again with the same settings.",
    )
