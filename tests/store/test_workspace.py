"""Ids become paths; nothing else does, and nothing leads out."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cai_ui.errors import CaiError, InputError, StoreError
from cai_ui.store import Workspace, open_store
from cai_ui.store.workspace import EXPORTS_KEPT_S

OUTSIDE = [
    "..", ".", "", "../x", "/etc/passwd", "a/b", "a\\b", "..%2f", "C:", "C:\\x", "a\x00b", "a" * 300, "-rf", ";rm",
    "$(id)", "a\nb", "a b", ".hidden", "a..b", "~", "é", "a.", "a\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_no_id_is_refused_everywhere(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path / "home")
    for make in (workspace.run_dir, workspace.study_dir, workspace.export_path):
        with pytest.raises(InputError):
            make(name)
    assert list(tmp_path.rglob("*")) in ([tmp_path / "home"], [tmp_path / "home", tmp_path / "home" / "exports"])


def test_ids_give_paths_below_home(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new" / "home")
    paths = [
        workspace.run_dir("run-1_a"),
        workspace.study_dir("0" * 64),
        workspace.uploads_dir(),
        workspace.tmp_dir(),
    ]
    assert all(path.is_dir() and path.is_relative_to(workspace.home) for path in paths)
    export = workspace.export_path("sft-0123.jsonl")
    assert export.parent.is_dir() and not export.exists()
    assert workspace.tmp_dir() != workspace.tmp_dir()


def test_links_inside_are_refused_and_the_home_itself_may_be_one(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    workspace = Workspace(tmp_path / "link")
    assert workspace.home == elsewhere
    (elsewhere / "runs").symlink_to("/etc")
    (elsewhere / "exports").mkdir()
    (elsewhere / "exports" / "x.jsonl").symlink_to("/etc/passwd")
    (elsewhere / "cai.db").symlink_to("/etc/passwd")
    for make in (lambda: workspace.run_dir("r1"), lambda: workspace.export_path("x.jsonl"), lambda: workspace.database):
        with pytest.raises(StoreError, match="symbolic link"):
            make()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "runs").write_text("in the way")
    with pytest.raises(CaiError, match="runs"):
        workspace.run_dir("r1")


def test_a_backup_is_a_whole_database_and_never_overwrites(tmp_path: Path) -> None:
    from cai_ui.records import Decision, Message, make_example
    from cai_ui.store.backups import copy_database

    copy = tmp_path / "copy.db"
    with open_store(tmp_path / "home") as store:
        store.add_examples([make_example((Message("user", "q"),), "a", "b")])
        store.decide(Decision("e", store.open_ids()[0], "accept", "Ana"), 0)
        copy_database(store.workspace.database, copy)
        store.undo("Ana")
        with pytest.raises(StoreError, match="there already"):
            copy_database(store.workspace.database, copy)
        with pytest.raises(StoreError, match="could not be written"):
            copy_database(store.workspace.database, tmp_path / "missing" / "copy.db")
    (tmp_path / "other").mkdir()
    copy.rename(tmp_path / "other" / "cai.db")
    with open_store(tmp_path / "other") as restored:
        assert restored.check() == [] and restored.counts().accepted == 1


def test_files_made_for_download_are_removed_a_day_later(tmp_path: Path) -> None:
    """A bundle of an evaluation may be gigabytes, and nobody else removes it."""
    home, long_ago = tmp_path / "home", time.time() - EXPORTS_KEPT_S - 10
    workspace = Workspace(home)
    old, fresh = workspace.export_path("a.zip"), workspace.export_path("b.zip")
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (long_ago, long_ago))
    workspace.export_path("c.zip")
    assert not old.exists() and fresh.exists()
    os.utime(fresh, (long_ago, long_ago))
    open_store(home).close()
    assert not fresh.exists()


def test_only_what_lies_in_the_folder_for_the_time_being_is_dropped(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    run, one, other = workspace.run_dir("run"), workspace.tmp_dir(), workspace.tmp_dir()
    (one / "deep").mkdir()
    for path in (run, tmp_path, workspace.home, one.parent, one / ".." / ".." / "runs" / "run", Path("")):
        workspace.drop_tmp(path)
    assert run.is_dir() and one.is_dir() and other.is_dir()
    workspace.drop_tmp(one / "deep" / "file")
    assert not one.exists() and other.is_dir()
    workspace.drop_tmp()
    assert not other.exists() and run.is_dir()


def test_what_a_killed_process_left_is_gone_after_the_next_start(tmp_path: Path) -> None:
    left = Workspace(tmp_path / "home").tmp_dir() / "half.parquet"
    left.write_bytes(b"x")
    open_store(tmp_path / "home").close()
    assert not left.exists()


def test_a_planted_link_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "tmp").symlink_to(tmp_path / "mine")
    with pytest.raises(StoreError, match="symbolic link"):
        open_store(tmp_path / "home")
    assert (tmp_path / "mine" / "letter").exists()
