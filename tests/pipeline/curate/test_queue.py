"""The queue as a whole: bulk acceptance, files all or nothing, freezing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate import datasets, imports, queue
from cai_ui.pipeline.revise import batch
from cai_ui.records import Decision
from cai_ui.store import QueueFilter

TWICE = RevisionSettings(revisions=2)


def in_use(services: Services) -> str:
    return constitutions.current_constitution(services).hash


def test_accept_open_is_one_bulk_that_undo_takes_back(services: Services) -> None:
    list(batch.run_batch(services, [f"Request {i}" for i in range(5)], in_use(services), TWICE, Sampling()))
    first = services.store.queue(QueueFilter("open"), 1)[0].example
    services.store.decide(Decision("e1", first.id, "reject", "me"), 0)
    assert queue.decide_open(services, QueueFilter("open"), "accept", "me") == 4
    counts = services.store.counts()
    assert (counts.accepted, counts.rejected, counts.open) == (4, 1, 0)
    assert len(services.store.undo_all("me")) == 4
    assert services.store.counts().open == 4


def test_a_file_with_a_bad_row_imports_nothing_and_names_the_line(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}\n'
    path.write_text(good + "{broken\n" + good, encoding="utf-8")
    with pytest.raises(FileFormatError, match="line 2"):
        imports.import_file(services, path, "rows.jsonl")
    assert services.store.counts().total == 0
    path.write_text(good + good.replace("Hi", "Ho") + good, encoding="utf-8")
    done = imports.import_file(services, path, "rows.jsonl")
    assert (done.preview.report.rows, done.added, done.preview.report.repeated) == (3, 2, (3,))
    assert imports.import_file(services, path).added == 0


def test_freezing_without_a_judgement_is_refused(services: Services) -> None:
    with pytest.raises(InputError, match="Nothing has been judged"):
        datasets.freeze_dataset(services, "first", DatasetSettings(), "me")
