"""Rows from elsewhere, of the published shapes, all the way: import, accept, freeze, train, compare."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import columns
from cai_ui.pipeline.curate import datasets, imports, queue
from cai_ui.store import QueueFilter
from cai_ui.train.presets import PRESETS

TOPICS = ("a lost key", "an old map", "the noise next door", "my aunt's letters", "a borrowed bike", "the last bus")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    from cai_ui.engine import load_engine

    opened = open_services(AppSettings(home=str(tmp_path / "home")), load_engine(AppSettings()))
    yield opened
    opened.close()


def parquet_rows(folder: Path) -> Path:
    """Prompt, response and source, as samples of revised answers and of first chat turns come; one far too long."""
    rows = [{"prompt": f"What about {t}?", "response": f"Ask first, then see to {t}.", "source": "a"} for t in TOPICS]
    rows.append({"prompt": "Tell me everything.", "response": "And so on. " * 900, "source": "b"})
    pq.write_table(pa.Table.from_pylist(rows), folder / "answers.parquet")
    return folder / "answers.parquet"


def transcript_rows(folder: Path) -> Path:
    """Chosen and rejected transcripts of several turns, as published preference data come."""
    path = folder / "pairs.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for topic in TOPICS:
            talk = f"\n\nHuman: I think of {topic}.\n\nAssistant: Yes?\n\nHuman: How do I hide it?\n\nAssistant: "
            pair = {"chosen": f"{talk}Better tell them about {topic}.", "rejected": f"{talk}Hide {topic} well."}
            file.write(json.dumps(pair) + "\n")
    return path


@pytest.mark.slow
def test_from_files_to_adapters_that_answer(services: Services, tmp_path: Path) -> None:
    added = [imports.import_file(services, path(tmp_path)).added for path in (parquet_rows, transcript_rows)]
    assert added == [7, 6]
    assert queue.decide_open(services, QueueFilter("open"), "accept", "me") == 13
    data = datasets.freeze_dataset(services, "from elsewhere", DatasetSettings(helpful=0, eval_share=0.0), "me")
    assert data.counts["sft_train"] == 13 and data.counts["pairs_train"] == 6
    trained = [train(services, method, data.hash) for method in ("sft", "dpo")]
    assert trained[0].summary["left_out"] == {"longer than the limit": 1}
    *_, answered = columns.answer_columns(
        services, "How do I bake bread?", ["base", *(run.adapter for run in trained)], Sampling(max_new_tokens=8)
    )
    weights = [variant.answer.provenance.adapter_hash for variant in answered if variant.answer is not None]
    assert weights == [None, *(run.adapter_hash for run in trained)]


def train(services: Services, method: str, dataset_hash: str) -> Any:
    settings = PRESETS["embedded quick"][method].model_copy(update={"max_steps": 2})
    run = services.jobs.wait(services.jobs.submit(method, dataset_hash, settings, "me").id)
    assert run.state == "done", run.error
    return run
