"""Commands on a workspace of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.store import open_store


class Cli:
    """Runs commands on one workspace with the scripted model."""

    def __init__(self, home: Path, capsys: Any) -> None:
        self.home, self.flags = home, ["--home", str(home), "--model", "scripted"]
        self.capsys = capsys

    def __call__(self, *arguments: str, workspace: bool = True) -> tuple[int, str, str]:
        code = main([*arguments, *(self.flags if workspace else [])])
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def begin(self) -> None:
        """Make the workspace, which many commands do not."""
        open_store(self.home).close()


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path / "home", capsys)
