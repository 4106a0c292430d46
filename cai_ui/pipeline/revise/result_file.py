"""The finished chains of a batch, one JSON line each, written as they come: what a killed batch goes on from.

A chain's id is derived from the batch and its place in it, so a file says by itself which chains it holds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cai_ui.errors import ConflictError, StoreError
from cai_ui.formats.writing import json_lines
from cai_ui.records import Trace, content_hash, to_dict
from cai_ui.store.lock import take_lock


def chain_ids(parts: Any, prompts: Sequence[Any]) -> list[str]:
    """An id for each prompt's chain; `parts` are all settings that decide what the chains say."""
    batch = content_hash([parts, [str(prompt) for prompt in prompts]])
    return [content_hash([batch, place])[:32] for place in range(len(prompts))]


class ResultFile:
    """A file that only this process writes. `done` are the ids of the chains in it.

    A last line that was cut by a crash is dropped. ConflictError if the file holds anything else than chains
    of this batch, or another process writes it; then it is left as it is.
    """

    def __init__(self, path: Path, ids: Sequence[str]) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        except OSError as error:
            raise self._trouble(error) from None
        try:
            take_lock(self._file)
            self.done = self._read(set(ids))
        except BlockingIOError:
            self._file.close()
            raise ConflictError(
                f"Another process writes {path} now.", next_step="Wait, or name another file."
            ) from None
        except BaseException:
            self._file.close()
            raise

    def append(self, traces: Iterable[Trace]) -> None:
        """Add chains; they are on the disk when this returns. StoreError if there is no room."""
        try:
            for trace in traces:
                self._file.write(json_lines([to_dict(trace)]).encode("utf-8"))
                self.done.add(trace.id)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._trouble(error) from None

    def __enter__(self) -> ResultFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()

    def _read(self, wanted: set[str]) -> set[str]:
        found: set[str] = set()
        whole = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            try:
                key = json.loads(line)["id"]
            except (ValueError, KeyError, TypeError, RecursionError):
                key = None
            if key not in wanted:
                raise ConflictError(
                    f"{self._path} holds something else than chains of this batch.",
                    kept="It was left as it is.",
                    next_step="Use the same requests and settings to go on with it, or name another file.",
                )
            found.add(key)
            whole += len(line)
        self._file.seek(whole)
        self._file.truncate()
        return found

    def _trouble(self, error: OSError) -> StoreError:
        return StoreError(
            f"The file {self._path} cannot be written ({error.strerror}).", kept="What was finished before is kept."
        )
