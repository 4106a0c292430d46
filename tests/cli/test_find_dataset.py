"""A dataset is named on the command line by its hash, its name or `latest`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cai_ui.cli import main


def test_a_dataset_by_name_hash_and_latest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--home", str(tmp_path / "home"), "--model", "scripted"]
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"prompt": f"Question {n}?", "response": f"No, {n}."}) + "\n" for n in range(6)))

    def ask(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, *place])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert ask("curate", "import", str(rows))[0] == 0
    assert "Freeze one: python -m cai_ui curate freeze NAME" in ask("curate", "lint", "first")[1]
    assert ask("curate", "accept")[0] == 0
    hash = ask("curate", "freeze", "first", "--eval-share", "0")[1].split()[0]
    by = [ask("curate", "lint", named) for named in ("first", hash, hash[:8], "latest")]
    assert len(set(by)) == 1 and by[0][0] in (0, 1)
    code, said = ask("curate", "lint", "frist")
    assert code == 2 and f"There are: {hash[:8]} (first)." in said
    assert ask("curate", "freeze", "first", "--eval-share", "0.5")[0] == 0
    code, said = ask("curate", "lint", "first")
    assert code == 2 and "2 datasets are called 'first'" in said and hash[:8] in said
