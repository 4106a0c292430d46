"""The queue as a whole: bulk acceptance, files all or nothing, freezing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cai_ui import pipeline
from cai_ui.config import DatasetSettings, RevisionSettings, Sampling
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline import QueueFilter, Services
from cai_ui.records import Decision

TWICE = RevisionSettings(revisions=2)


def in_use(services: Services) -> str:
    return pipeline.current_constitution(services).hash


def test_accept_open_is_one_bulk_that_undo_takes_back(services: Services) -> None:
    list(pipeline.run_batch(services, [f"Request {i}" for i in range(5)], in_use(services), TWICE, Sampling()))
    first = pipeline.queue(services, QueueFilter("open"), 1)[0].example
    pipeline.decide(services, Decision("e1", first.id, "reject", "me"), 0)
    assert pipeline.accept_open(services, QueueFilter("open"), "me") == 4
    counts = pipeline.counts(services)
    assert (counts.accepted, counts.rejected, counts.open) == (4, 1, 0)
    assert len(pipeline.undo_all(services, "me")) == 4
    assert pipeline.counts(services).open == 4


def test_a_file_with_a_bad_row_imports_nothing_and_names_the_line(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}\n'
    path.write_text(good + "{broken\n" + good, encoding="utf-8")
    with pytest.raises(FileFormatError, match="line 2"):
        pipeline.import_file(services, path, "rows.jsonl")
    assert pipeline.counts(services).total == 0
    path.write_text(good + good.replace("Hi", "Ho") + good, encoding="utf-8")
    done = pipeline.import_file(services, path, "rows.jsonl")
    assert (done.read, done.added, done.duplicates) == (3, 2, 1)
    assert pipeline.import_file(services, path).added == 0


def test_freezing_without_a_judgement_is_refused(services: Services) -> None:
    with pytest.raises(InputError, match="Nothing has been judged"):
        pipeline.freeze_dataset(services, "first", DatasetSettings(), "me")
