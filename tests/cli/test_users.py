"""`users`: passwords come from a prompt or standard input, never from the command line; the page may run meanwhile."""

from __future__ import annotations

import io
import subprocess
import sys
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


def test_without_a_terminal_a_password_is_asked_for_on_standard_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cai_ui", "users", "add", "ada", "--role", "owner", "--home", str(tmp_path)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, start_new_session=True
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "--stdin" in done.stderr
    assert not open_accounts(tmp_path)


def test_who_is_not_there_or_there_already_is_told_before_a_password_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.StringIO("correct horse\nnever read\n")
    monkeypatch.setattr("sys.stdin", typed)
    home = ["--stdin", "--home", str(tmp_path)]
    assert main(["users", "add", "Ann", "--role", "annotator", *home]) == 0
    for command in (["password", "nobody"], ["add", "ann", "--role", "owner"], ["add", "a\nb", "--role", "owner"]):
        assert main(["users", *command, *home]) == 2
    assert typed.readline() == "never read\n"
    assert "Nobody is called 'nobody'" in capsys.readouterr().err


def open_accounts(home: Path) -> list[str]:
    with open_store(home) as store:
        return [account.name for account in store.accounts.all()]


def test_where_no_password_is_given_no_workspace_is_made(tmp_path: Path) -> None:
    home = tmp_path / "mistyped"
    for name, said in (("Ann", "no terminal"), ("", "name")):
        command = [sys.executable, "-m", "cai_ui", "users", "add", name, "--role", "owner", "--home", str(home)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)
        assert done.returncode == 2 and said in done.stderr and not home.exists(), done.stderr
