"""Every fault of a workspace is named with what to do, and backups make themselves while the page is up."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

from cai_ui.cli import main
from cai_ui.disk import DISK_RESERVE
from cai_ui.engine.adapters.files import MANIFEST, WEIGHTS, AdapterFolder, write_adapter
from cai_ui.engine.adapters.merging import write_merged
from cai_ui.errors import AdapterError, StoreError
from cai_ui.pipeline import Services
from cai_ui.pipeline.backing_up import BackingUp, age, backed_up
from cai_ui.pipeline.soundness import faults
from cai_ui.pipeline.train.results import export_adapter
from cai_ui.records import Dataset, Message, Run, TrainingExample
from cai_ui.store import Store, open_store
from cai_ui.train.run.folder import write_json

CONFIG = {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}


def run_with_adapter(store: Store, id: str = "r1") -> Path:
    """A finished run with a small adapter; gives the adapter's folder."""
    row = TrainingExample((Message("user", "Why?"),), "So.", "No.", "test")
    data = store.save_dataset(Dataset("d", (row,), (row,), (), (), {}, ("h",), {}), "me")
    folder = store.workspace.run_dir(id) / "adapter"
    made = write_adapter(folder, CONFIG, {"a": torch.ones(64, 64)}, "base", "b" * 64)
    store.create_run(
        Run(
            id,
            f"Run {id}",
            "sft",
            "done",
            data.hash,
            {},
            "me",
            "2026",
            adapter=id,
            adapter_hash=made,
            base_hash="b" * 64,
        )
    )
    return folder


def gone(folder: Path) -> None:
    shutil.rmtree(folder)


def cut(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def flipped(folder: Path) -> None:
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-5] ^= 1
    (folder / WEIGHTS).write_bytes(content)


def no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def of_another_run(folder: Path) -> None:
    shutil.rmtree(folder)
    write_adapter(folder, CONFIG, {"a": torch.zeros(64, 64)}, "base", "b" * 64)


def test_an_adapter_that_leaves_the_machine_does_not_say_where_its_base_lies(
    services: Services, tmp_path: Path
) -> None:
    """The Hub refuses a card whose base is none of its names."""
    base = tmp_path / "my-base"
    base.mkdir()
    folder = run_with_adapter(services.store)
    digest = write_adapter(folder, CONFIG, {"a": torch.ones(64, 64)}, str(base), "b" * 64)
    services.store.update_run("r1", adapter_hash=digest)
    for made, head in ((str(base), None), ("embedded", None), ("lab/Small-1B", "lab/Small-1B")):
        write_json(folder.parent / "config.json", {"base": made})
        with zipfile.ZipFile(export_adapter(services, "r1")) as archive:
            texts = {name: archive.read(name).decode() for name in archive.namelist() if ".safetensors" not in name}
        assert len(texts) == 3 and not [name for name, text in texts.items() if str(tmp_path) in text]
        card = texts["r1/README.md"]
        assert yaml.safe_load(card.split("---")[1]).get("base_model") == head
        assert f"Base: {Path(made).name if head is None else made}," in card
    assert json.loads(texts["r1/adapter_config.json"])["base_model_name_or_path"] == "my-base"


def test_an_archive_or_a_merged_model_never_takes_the_room_that_decisions_need(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, linear = run_with_adapter(services.store), torch.nn.Linear(64, 64, bias=False)
    adapter = AdapterFolder("a" * 64, "base", "b" * 64, {"r": 4, "lora_alpha": 8}, {})
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=DISK_RESERVE + 1_000))
    with pytest.raises(StoreError, match="too little room for this archive"):
        export_adapter(services, "r1")
    with pytest.raises(StoreError, match="merged model takes"):
        write_merged(linear, None, adapter, tmp_path / "merged")
    assert folder.exists() and not list(services.store.workspace.exports_dir().iterdir())
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    "damage,said",
    [(gone, "its folder is gone"), (cut, "was changed or cut short"), (flipped, "was changed or cut short"),
     (no_manifest, "adapter.json is missing"), (of_another_run, "not the one that the run made")],
)  # fmt: skip
def test_a_damaged_adapter_is_named_by_its_run_where_it_is_checked_and_where_it_is_packed(
    services: Services, damage: Callable[[Path], None], said: str
) -> None:
    """A missing folder was answered with "Free some disk space" before."""
    folder = run_with_adapter(services.store)
    assert list(faults(services.store)) == [] and export_adapter(services, "r1").exists()
    damage(folder)
    [fault] = faults(services.store)
    assert said in fault.problem and "Run r1" in fault.problem and "train it again" in fault.next_step
    with pytest.raises(AdapterError, match=said) as caught:
        export_adapter(services, "r1")
    assert "disk" not in str(caught.value)


def test_changed_records_lost_rows_and_folders_of_nobody_are_named(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        run_with_adapter(store)
        store.workspace.run_dir("nobody")
    with sqlite3.connect(tmp_path / "cai.db") as database:
        database.execute("UPDATE dataset_rows SET body = replace(body, 'So.', 'Sx.') WHERE part = 'sft_train'")
    database.close()
    with open_store(tmp_path) as store:
        changed, folder = faults(store)
        assert "no longer fits its hash" in changed.problem and "Freeze" in changed.next_step
        assert "nobody" in folder.problem
    with sqlite3.connect(tmp_path / "cai.db") as database:
        database.execute("INSERT INTO steps VALUES ('no trace', 0, '{}')")
    database.close()
    with open_store(tmp_path) as store:
        [fault] = faults(store)
        assert fault.problem == "1 rows of steps name traces that are not there" and "restore" in fault.next_step


def test_the_commands_check_back_up_and_restore(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def cli(*arguments: str) -> tuple[int, str]:
        code = main(["store", *arguments, "--home", str(tmp_path / "home")])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    assert "no workspace" in cli("backup")[1]
    with open_store(tmp_path / "home") as store:
        folder = run_with_adapter(store)
        assert cli("check")[0] == 2, "somebody else works there"
        assert cli("backup")[0] == 0, "and is not disturbed by a backup"
        assert cli("restore")[0] == 2
    code, said = cli("check")
    assert code == 0 and "backed up within the hour" in said and "is sound" in said
    assert cli("backup", "--to", str(tmp_path / "copy.db"))[0] == 0
    assert cli("backup", "--to", str(tmp_path / "copy.db"))[0] == 2
    gone(folder)
    code, said = cli("check")
    assert code == 1 and "its folder is gone" in said and "  -> Put its folder back" in said
    (tmp_path / "home" / "cai.db").write_bytes(b"")
    code, said = cli("check")
    assert code == 2 and "is empty (0 bytes)" in said and "store restore" in said
    assert "0 decisions" in cli("restore", "--list")[1]
    code, said = cli("restore")
    assert code == 0 and "former database is kept in" in said
    assert cli("restore", "--from", str(tmp_path / "copy.db"))[0] == 0
    assert cli("check")[0] == 1


def test_backups_make_themselves_and_their_age_is_told(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        assert backed_up(store.backups) == "no backup yet" and store.backups is not None
        working = BackingUp(store, hours=2, keep=3, look_s=0.02)
        end = time.monotonic() + 20
        while not store.backups.all() and time.monotonic() < end:
            time.sleep(0.02)
        [first] = store.backups.all()
        store.set_setting("x", 1)
        time.sleep(0.2)
        assert store.backups.all() == [first], "the last one is new enough"
        old = (first.made_at - timedelta(hours=3)).strftime("cai-%Y%m%dT%H%M%S%fZ-auto.db")
        first.path.rename(first.path.with_name(old))
        while len(store.backups.all()) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        assert len(store.backups.all()) == 2 and backed_up(store.backups) == "backed up within the hour"
        working.close()
        BackingUp(store, hours=0, keep=3).close()


def test_a_backup_that_fails_is_said_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_store(tmp_path) as store, caplog.at_level(logging.ERROR):
        assert store.backups is not None
        folder = store.workspace.backups_dir()
        folder.rmdir()
        folder.write_text("in the way")
        working = BackingUp(store, hours=2, keep=3, look_s=0.02)
        end = time.monotonic() + 20
        while "no backup was made" not in caplog.text and time.monotonic() < end:
            time.sleep(0.02)
        folder.unlink()
        while not store.backups.all() and time.monotonic() < end:
            time.sleep(0.02)
        assert "no backup was made" in caplog.text and store.backups.all()
        working.close()


@pytest.mark.parametrize(
    "passed,said",
    [(timedelta(minutes=59), "within the hour"), (timedelta(hours=2), "2 h ago"), (timedelta(days=3), "3 days ago")],
)
def test_ages_in_words(passed: timedelta, said: str) -> None:
    assert age(passed) == said
