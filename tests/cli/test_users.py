"""`users`: passwords come from a prompt or standard input, never from the command line; the page may run meanwhile."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.store import open_store


def test_people_are_added_listed_changed_and_removed_while_the_workspace_is_in_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(tmp_path)]
    with open_store(tmp_path) as store:
        monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
        assert main(["users", "add", "Ann", "--role", "annotator", "--stdin", *home]) == 0
        assert store.accounts.password_fits("Ann", "correct horse")
        assert main(["users", "role", "Ann", "--role", "owner", *home]) == 0
        monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
        assert main(["users", "password", "Ann", "--stdin", *home]) == 0
        assert main(["users", "list", *home]) == 0
        assert "Ann\towner" in capsys.readouterr().out
        assert main(["users", "remove", "Ann", *home]) == 0
    assert main(["users", "remove", "Ann", *home]) == 2
    assert "Nobody is called 'Ann'" in capsys.readouterr().err


def test_there_is_no_role_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["users", "add", "Ann", "--role", "visitor", "--home", str(tmp_path)])
