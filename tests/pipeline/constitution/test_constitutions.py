"""Constitutions in the workspace: the one in use, files out and in, and drafts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cai_ui.errors import ConstitutionError, FileFormatError, NotFoundError, StoreError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions, few_shot
from cai_ui.records import ConstitutionDraft, Principle

Open = Callable[..., Services]


def in_use(services: Services) -> str:
    return constitutions.current_constitution(services).hash


def test_shipped_constitutions_are_versions_and_are_not_saved_twice(tmp_path: Path, open_home: Open) -> None:
    for _ in range(2):
        services = open_home(tmp_path)
        names = [v.constitution.name for v in services.store.versions()]
        services.close()
        assert len(names) == len(set(names)) >= 5


def test_the_constitution_in_use_is_remembered(tmp_path: Path, open_home: Open) -> None:
    services = open_home(tmp_path)
    other = next(v for v in services.store.versions() if v.hash != in_use(services))
    constitutions.use_constitution(services, other.hash)
    services.close()
    again = open_home(tmp_path)
    assert in_use(again) == other.hash
    with pytest.raises(NotFoundError):
        constitutions.use_constitution(again, "0" * 64)
    again.close()


def test_a_constitution_goes_out_as_yaml_and_comes_back_as_the_same_version(services: Services) -> None:
    path = constitutions.export_constitution(services, in_use(services))
    assert path.parent == services.store.workspace.exports_dir()
    assert constitutions.import_constitution(services, path, "me").hash == in_use(services)


def test_a_file_that_does_not_fit_saves_nothing(services: Services, tmp_path: Path) -> None:
    before = services.store.versions()
    path = tmp_path / "broken.yaml"
    path.write_text("name: x\nprinciples:\n  - id: [\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="line"):
        constitutions.import_constitution(services, path, "me")
    path.write_bytes(b"x" * 300_000)
    with pytest.raises(FileFormatError, match="256 kB"):
        constitutions.import_constitution(services, path, "me")
    assert services.store.versions() == before


def test_drafts_keep_what_cannot_be_saved_yet(services: Services) -> None:
    base = constitutions.current_constitution(services)
    bad = dataclasses.replace(base.constitution, principles=(Principle("a", "A", "", ""),))
    services.store.save_draft(bad, "me", base.hash)
    assert services.store.draft(base.constitution.name, "me") == ConstitutionDraft(bad, base.hash)
    assert services.store.draft(base.constitution.name, "you") is None
    with pytest.raises(ConstitutionError):
        constitutions.save_constitution(services, bad, "me", "", base.hash)
    assert services.store.draft(base.constitution.name, "me") is not None


def test_principles_and_examples_of_a_file_are_saved_together_or_not_at_all(services: Services, tmp_path: Path) -> None:
    path = constitutions.export_constitution(services, in_use(services), "llm-swarm")
    store, before = services.store, services.store.versions()
    with store._db.write("Test") as connection:
        connection.exec_driver_sql(
            "create trigger full before insert on settings when new.key like 'few%' "
            "begin select raise(abort, 'no'); end"
        )
    with pytest.raises(StoreError):
        constitutions.import_any(services, path, "me")
    assert store.versions() == before
    with store._db.write("Test") as connection:
        connection.exec_driver_sql("drop trigger full")
    done = constitutions.import_any(services, path, "me")
    assert done.version is not None and done.few_shot == len(
        few_shot.few_shot(services, done.version.constitution.name)
    )


def test_a_published_draft_is_in_use_and_over(services: Services) -> None:
    base = constitutions.current_constitution(services)
    draft = dataclasses.replace(base.constitution, title="Mine")
    services.store.save_draft(draft, "me", base.hash)
    saved = constitutions.save_constitution(services, draft, "me", "", base.hash, publish=True)
    assert in_use(services) == saved.hash and services.store.draft(draft.name, "me") is None


def test_notes_that_are_written_at_the_same_time_are_all_kept(services: Services) -> None:
    """Seen: of twelve people who noted something at once, one note was left."""
    ids = [f"p{number}" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda id: constitutions.save_notes(services, "mine", id, f"about {id}"), ids))
    assert constitutions.notes(services, "mine") == {id: f"about {id}" for id in ids}
