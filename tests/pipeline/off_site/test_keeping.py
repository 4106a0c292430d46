"""The database in a repository of the Hub: emptied disks, restarts, refusals; against a stand-in of its API."""

from __future__ import annotations

import gzip
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError, StoreError
from cai_ui.pipeline.backing_up import off_site
from cai_ui.pipeline.off_site import keeping, restoring
from cai_ui.pipeline.off_site.keeping import OffSite, Standing
from cai_ui.pipeline.off_site.manifest import Manifest, Part, read
from cai_ui.pipeline.off_site.repository import Repository
from cai_ui.pipeline.off_site.restoring import backup_repository
from cai_ui.records import Evaluation, Grade
from cai_ui.store import open_store, segments
from cai_ui.store.segments import EVALUATIONS, TABLES, upto
from tests.hub_repository import Hub

from .copies import TOKEN, Copy, decide, manifest, told, vote


def test_an_emptied_disk_is_filled_with_all_that_was_decided(
    hub: Hub, copy: Callable[..., Copy], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = copy()
    assert first.brought_back is None and first.look() == ""
    made = hub.created[0]
    assert made.get("visibility", made.get("private")) in ("private", True) and made["type"] == "dataset"
    for part in (range(3), range(3, 5)):
        first.decide(*part)
        first.store.add_vote(vote())
        assert first.look() == ""
    before = hub.head
    assert first.look() == "" and hub.head == before, "nothing new, no commit"
    kept = dict(hub.files)
    first.decide(5)
    wanted, votes = told(first.store), first.store.votes()
    first.end()
    assert all(hub.files[name] == body for name, body in kept.items() if name != "manifest.json"), "only added to"
    assert len(manifest(hub).later) == 3 and manifest(hub).writer == ""
    shutil.rmtree(first.home)

    second = copy()
    assert second.brought_back == 6 * 2 + 2 and told(second.store) == wanted and second.store.votes() == votes
    second.decide(6)
    assert second.look() == "", "the one before had ended, so nobody waits"
    second.end()
    assert TOKEN not in caplog.text and TOKEN.encode() not in b"".join(hub.files.values())


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_hub_that_refuses_is_told_and_tried_again(
    hub: Hub, copy: Callable[..., Copy], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    only = copy()
    only.decide(1)
    only.look()
    hub.fails = status
    only.decide(2)
    for _ in range(3):
        assert str(status) in only.look()
    standing = only.off_site.standing
    assert standing.whole_at is not None and len(told(only.store)) == 2
    assert len([line for line in caplog.records if "not backed up" in line.message]) == 1, "said once"
    hub.fails = 0
    assert only.look() == "" and manifest(hub).upto["events"] == 2
    only.end()
    assert TOKEN not in caplog.text


def test_a_public_repository_and_another_workspaces_get_nothing(hub: Hub, copy: Callable[..., Copy]) -> None:
    hub.add({".gitattributes": b""})
    hub.private = False
    with pytest.raises(StoreError, match="is public"):
        copy("own")
    hub.private = True
    only = copy("own")
    only.decide(1)
    hub.private = False
    assert "is public" in only.look() and set(hub.files) == {".gitattributes"}
    hub.private = True
    assert only.look() == ""
    kept = dict(hub.files)
    with open_store(only.home.with_name("foreign")) as store:
        decide(store, 5)
    other = copy("foreign")
    assert "another workspace" in other.look() and hub.files == kept
    for each in (only, other):
        each.end()


def test_what_was_changed_in_the_repository_is_not_taken_for_a_backup(
    hub: Hub, copy: Callable[..., Copy], tmp_path: Path
) -> None:
    first = copy()
    for number in range(2):
        first.decide(number)
        first.look()
    first.end()
    whole = dict(hub.files)
    later = next(name for name in whole if name.startswith("later/"))
    changed: list[dict[str, bytes]] = [
        {later: gzip.compress(b"")},
        {later: whole[later][:-1] + bytes([whole[later][-1] ^ 1])},
        {"manifest.json": whole["manifest.json"].replace(b'"later"', b'"alter"')},
        {"manifest.json": whole["manifest.json"].replace(b'"size": ', b'"size": 1')},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": b"{}"},
        {"manifest.json": whole["manifest.json"].replace(b"later/", b"../../x/")},
    ]
    for number, files in enumerate(changed):
        hub.add(whole | files)
        with pytest.raises(StoreError):
            copy(f"empty{number}")
        assert not (tmp_path / f"empty{number}" / "cai.db").exists()
    hub.add(whole)
    again = copy("empty-again")
    assert len(told(again.store)) == 2
    again.end()


def test_a_newer_whole_database_loses_nothing_that_came_after_it(
    hub: Hub, copy: Callable[..., Copy], tmp_path: Path
) -> None:
    first = copy()
    first.decide(1)
    first.look()
    first.decide(2)
    assert first.store.backups is not None
    backup = first.store.backups.make("auto").path
    aside = backup.rename(tmp_path / backup.name)  # a backup that takes its time
    first.decide(3)
    first.look()
    aside.rename(backup)
    assert first.look() == ""
    reached = [read(files["manifest.json"]).upto["events"] for files in (hub.commits or {}).values() if len(files) > 1]
    assert reached == sorted(reached) and reached[-1] == 3, "no commit knows less than the one before"
    assert len({name for name in hub.files if name.startswith("base/")}) == 1, "the former one is taken out"
    wanted = told(first.store)
    first.end()
    second = copy("second")
    assert told(second.store) == wanted
    second.end()


def test_what_is_there_stays_small_and_a_bound_list_of_parts_is_followed_by_a_whole_database(
    hub: Hub, copy: Callable[..., Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_PARTS", 3)
    first = copy()
    for number in range(9):
        first.decide(number)
        assert first.look() == ""
        assert {name for name in hub.files if "/" in name} == manifest(hub).files and len(hub.files) <= 6
    wanted = told(first.store)
    first.end()
    second = copy("second")
    assert told(second.store) == wanted
    second.end()


def test_no_more_goes_there_than_could_be_brought_back(
    hub: Hub, copy: Callable[..., Copy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "MOST_BYTES", 1_000)
    first = copy()
    first.look()
    first.decide(*range(6))
    assert first.look() == "" and len(manifest(hub).later) > 3
    monkeypatch.setattr(restoring, "MOST_LATER", 3_000)
    wanted = told(first.store)
    assert first.store.backups is not None
    first.store.backups.make("auto")
    monkeypatch.setattr(keeping, "MOST_BASE", 1_000)
    assert "larger" in first.look()
    first.end()
    second = copy("second")
    assert told(second.store) == wanted
    second.end()


def test_a_repository_is_made_small_while_a_page_writes_and_another_fills_its_disk(
    hub: Hub, copy: Callable[..., Copy], capsys: pytest.CaptureFixture[str]
) -> None:
    first = copy()
    hub.add({"README.md": b"mine", "base/" + "0" * 64 + ".db.gz": b"left over"})
    first.off_site = OffSite(first.store, Repository("lab/kept"), 5)
    for number in range(3):
        first.decide(number)
        first.look()
    wanted, named, asked = told(first.store), manifest(hub).files, len(hub.asked)
    assert main(["store", "prune", "lab/kept"]) == 1 and len(hub.commits or {}) > 1
    assert "Nothing was changed." in capsys.readouterr().out and len(hub.asked) == asked, "nobody said yes"

    def while_it_is_read(path: str) -> None:
        if "/resolve/" in path and "later/" in path:
            hub.before = lambda path: None
            assert main(["store", "prune", "lab/kept", "--yes"]) == 0

    hub.before = while_it_is_read
    second = copy("second", lease_s=0.0)
    assert len(hub.commits or {}) == 1 and {name for name in hub.files if "/" in name} == named
    assert hub.files["README.md"] == b"mine" and "1 files were removed" in capsys.readouterr().out
    assert told(second.store) == wanted
    second.end()
    first.decide(7)
    assert "at the same time" in first.look() and first.look() == "", "the page's own next look goes on"
    assert manifest(hub).upto["events"] == 4
    first.end()
    assert main(["store", "prune"]) == 2 and "owner/name" in capsys.readouterr().err


def test_grades_go_there_with_the_evaluation_that_they_name(hub: Hub, copy: Callable[..., Copy]) -> None:
    first = copy()
    assert first.look() == ""
    first.store.save_evaluation(Evaluation("e", (), (), {}, "rules"))
    for number in range(2):
        first.store.add_grade(Grade(f"g{number}", "e", "p1", "base", "Ana", "refused"))
        assert first.look() == ""
    bases = {name for files in (hub.commits or {}).values() for name in files if name.startswith("base/")}
    assert len(bases) == 2, "a new one for the evaluation alone"
    first.end()
    second = copy("second")
    assert [one.event_id for one in second.store.grades("e")] == ["g1"] and told(second.store) == {}
    second.end()


def test_nothing_is_sent_without_being_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert backup_repository(AppSettings(home=str(tmp_path))) is None
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for repo, said in (("lab/kept", "HF_TOKEN"), ("../x", "owner/name"), ("kept", "owner/name")):
        with pytest.raises(InputError, match=said):
            backup_repository(AppSettings(home=str(tmp_path), backup_repo=repo))
    monkeypatch.setenv("CAI_DATABASE_URL", "postgresql://x")
    with pytest.raises(InputError, match="CAI_DATABASE_URL"):
        backup_repository(AppSettings(home=str(tmp_path), backup_repo="lab/kept"))


def test_the_badge_says_how_old_what_is_there_is() -> None:
    now = time.monotonic()
    ages = [(None, "not backed up off this disk yet"), (now, "off this disk within 10 min"),
            (now - 1300, "off this disk within 30 min"), (now - 8000, "off this disk 2 h ago")]  # fmt: skip
    assert [off_site(Standing(at)) for at, _ in ages] == [said for _, said in ages]


@pytest.mark.parametrize("change", [{"at": 5}, {"upto": {"events": 3}}, {"upto": {}}, {"size": "1"}], ids=str)
def test_a_list_of_files_that_was_made_elsewhere_is_a_sentence_though_its_hash_fits(change: dict[str, Any]) -> None:
    """The thread that backs up ends by nothing that stands there."""
    part = Part("base/" + "a" * 64 + ".db.gz", "a" * 64, 1, dict.fromkeys((*TABLES, EVALUATIONS), 0), "2026")
    good = Manifest("b" * 32, "", part, (replace(part, file="later/a.jsonl.gz"),))
    assert read(good.dump()) == good
    for strange in (replace(good, base=replace(part, **change)), replace(good, later=(replace(part, **change),))):
        with pytest.raises(StoreError, match="cannot be read"):
            read(strange.dump())


def test_a_database_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cai.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="store check"):
        upto(tmp_path / "cai.db")
