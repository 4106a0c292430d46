"""`demo`: what it would not take in the end is refused before the minutes of work."""

from __future__ import annotations

from pathlib import Path

import pytest

from cai_ui.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "--n", "0"], "--n: Input should be greater than or equal to 1 (given: 0). Give from 1 to 1000."),
        (["evaluate", "--n", "-1", "--only", "base"], "--n: "),
        (["evaluate", "--temperature", "nan"], "--temperature: "),
        (["evaluate", "--temperature", "-1"], "Give from 0 to 2."),
        (["evaluate", "--seed", "-1"], "--seed: "),
        (["evaluate", "--json", "FOLDER"], "cannot be written"),
        (["evaluate", "--json", "FOLDER/missing/x.json"], "cannot be written"),
        (["evaluate", "--model", "FOLDER"], "--only base"),
        (["trained", "--out", "FOLDER"], "cannot be written"),
        (["trained", "--out", "FOLDER/x.md", "--n", "1001"], "--n: "),
        (["trained", "--out", "FOLDER/x.md", "--seeds", "0"], "--seeds: "),
        (["build", "--out", "FOLDER/x", "--after", "99"], "--after: "),
        (["build", "--out", "FOLDER/x", "--after", "-1"], "--after: "),
    ],
)
def test_numbers_and_files_are_checked_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code = main(["demo", *(word.replace("FOLDER", str(tmp_path)) for word in arguments)])
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "") and words in printed.err and printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
