"""What of an experiment is finished, in a folder of the workspace: small values as files, many rows as JSON lines.

A value is there whole or not at all; a last line that was cut by a crash is dropped. The workspace's lock sees to it
that one process writes at a time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cai_ui.errors import StoreError
from cai_ui.formats.writing import json_lines, json_text


class ResultFolder:
    """Names of values and of lines are ours, never a person's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def value(self, name: str) -> Any:
        """What was kept under the name, or None."""
        path = self.path / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def keep(self, name: str, value: Any) -> None:
        """Keep it; it is on the disk when this returns."""
        path, new = self.path / f"{name}.json", self.path / f"{name}.new"
        try:
            with new.open("w", encoding="utf-8") as file:
                file.write(json_text(value))
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise self._trouble(error) from None

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All whole lines."""
        path = self.lines_path(name)
        if not path.exists():
            return []
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) < len(raw):
            os.truncate(path, len(whole))
        return [json.loads(line) for line in whole.splitlines()]

    def count(self, name: str) -> int:
        """How many whole lines there are."""
        path = self.lines_path(name)
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def add(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add lines; they are on the disk when this returns."""
        text = json_lines(map(dict, rows))
        try:
            with self.lines_path(name).open("ab") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._trouble(error) from None

    @contextmanager
    def adding(self, name: str) -> Iterator[LineFile]:
        """Lines that are added one by one: each is out of this process's hands when it was added, and all are on the
        disk at the end."""
        self.rows(name)  # drops a last line that was cut
        try:
            with self.lines_path(name).open("ab") as file:
                try:
                    yield LineFile(file)
                finally:
                    file.flush()
                    os.fsync(file.fileno())
        except OSError as error:
            raise self._trouble(error) from None

    def lines_path(self, name: str) -> Path:
        return self.path / f"{name}.jsonl"

    def _trouble(self, error: OSError) -> StoreError:
        return StoreError(
            f"The folder {self.path} cannot be written ({error.strerror}).", kept="What was finished before is kept."
        )


class LineFile:
    """A file of JSON lines that is open for more."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a line; a kill of this process does not lose it."""
        self._file.write(json_lines([dict(row)]).encode("utf-8"))
        self._file.flush()
