"""What the documents show works as it stands."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from cai_ui.config import AppSettings

ROOT = Path(__file__).resolve().parent.parent


def test_the_whole_loop_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = importlib.util.spec_from_file_location("whole_loop_example", ROOT / "docs" / "whole_loop.py")
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    found = example.run(AppSettings(home=str(tmp_path)), requests=8, helpful=4, max_steps=2, per_kind=2)
    assert len(found) == 3 and all(rate.total + rate.unread == 2 for rate in found.values())
    assert "revision:" in capsys.readouterr().out


def test_the_readme_names_files_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert named and [name for name in named if not (ROOT / name).exists()] == []
    assert "@@" not in text
