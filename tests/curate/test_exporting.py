"""Exported files load in datasets and train in TRL without edits, and are the same bytes each time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config import DatasetSettings
from cai_ui.curate.dataset import build_dataset
from cai_ui.curate.exporting import export_dpo_jsonl, export_sft_jsonl
from cai_ui.curate.importing import read_rows
from cai_ui.errors import InputError, StoreError
from cai_ui.records import Dataset, Decision, Message, make_example
from cai_ui.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    decided = []
    for i in range(12):
        talk = (Message("user", f"quéstion\u2028 {i} 👩‍👩‍👧"), Message("assistant", "a"), Message("user", "and?"))
        example = make_example(talk if i % 2 else talk[:1], f"bad {i}", f'good\n"{i}"', source="s")
        decided.append((example, Decision(f"e{i}", example.id, "accept", "Ana")))
    return build_dataset("d", decided, [], DatasetSettings(eval_share=0.25, helpful=0))


def test_the_same_dataset_gives_the_same_bytes_even_after_storage(tmp_path: Path, dataset: Dataset) -> None:
    with open_store(tmp_path / "home") as store:
        again = store.dataset(store.save_dataset(dataset, "Ana").hash)
    for export in (export_sft_jsonl, export_dpo_jsonl):
        assert export(dataset, tmp_path / "a") == export(again, tmp_path / "b") == 9
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert export(dataset, tmp_path / "c", side="eval") == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "home"]


def test_one_line_per_row_whatever_the_text_holds(tmp_path: Path, dataset: Dataset) -> None:
    export_sft_jsonl(dataset, tmp_path / "sft.jsonl")
    assert (tmp_path / "sft.jsonl").read_bytes().count(b"\n") == 9


def test_what_was_exported_can_be_imported(tmp_path: Path, dataset: Dataset) -> None:
    export_dpo_jsonl(dataset, tmp_path / "dpo.jsonl")
    pairs = {(e.conversation, e.revision, e.initial) for e in read_rows(tmp_path / "dpo.jsonl").examples}
    assert pairs == {(p.conversation, p.chosen, p.rejected) for p in dataset.pairs_train}
    export_sft_jsonl(dataset, tmp_path / "sft.jsonl")
    rows = {(e.conversation, e.revision) for e in read_rows(tmp_path / "sft.jsonl").examples}
    assert rows == {(r.conversation, r.answer) for r in dataset.sft_train}


def test_datasets_loads_the_files_and_trl_knows_their_form(tmp_path: Path, dataset: Dataset) -> None:
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    export_sft_jsonl(dataset, tmp_path / "sft.jsonl")
    export_dpo_jsonl(dataset, tmp_path / "dpo.jsonl")
    for name, columns in (("sft", {"prompt", "completion"}), ("dpo", {"prompt", "chosen", "rejected"})):
        loaded = load_dataset(
            "json", data_files=str(tmp_path / f"{name}.jsonl"), cache_dir=str(tmp_path), split="train"
        )
        assert set(loaded.column_names) == columns and len(loaded) == 9
        assert is_conversational(loaded[0])
    first: Any = loaded[0]
    assert first["prompt"][0]["content"] == dataset.pairs_train[0].conversation[0].content


def test_nothing_to_write_is_said(tmp_path: Path, dataset: Dataset) -> None:
    empty = Dataset("d", dataset.sft_train, (), (), (), {}, (), {})
    with pytest.raises(InputError, match="no preference pairs for training"):
        export_dpo_jsonl(empty, tmp_path / "x")
    with pytest.raises(InputError, match="no SFT rows for evaluation"):
        export_sft_jsonl(empty, tmp_path / "x", side="eval")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_file(tmp_path: Path, dataset: Dataset) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
    try:
        with pytest.raises(StoreError, match="could not be written"):
            export_sft_jsonl(dataset, tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(StoreError):
        export_sft_jsonl(dataset, tmp_path / "missing" / "x")
    assert list(tmp_path.iterdir()) == []


def test_curating_needs_neither_torch_nor_gradio() -> None:
    code = (
        "import sys, cai_ui.store, cai_ui.curate.importing, cai_ui.curate.dataset, cai_ui.curate.exporting;"
        "sys.exit(str({'torch', 'gradio', 'transformers', 'datasets', 'pyarrow', 'pandas'} & sys.modules.keys())"
        " if {'torch', 'gradio', 'transformers', 'datasets', 'pyarrow', 'pandas'} & sys.modules.keys() else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_import_judge_freeze_export_in_one_go(tmp_path: Path) -> None:
    asked = [f"\n\nHuman: q{i}\n\nAssistant: " for i in range(20)]
    rows = [json.dumps({"chosen": a + "good", "rejected": a + "bad"}) for a in asked]
    (tmp_path / "hh.jsonl").write_text("\n".join(rows))
    with open_store(tmp_path / "home") as store:
        assert isinstance(store, Store)
        assert store.add_examples(read_rows(tmp_path / "hh.jsonl").examples).added == 20
        assert store.decide_many(store.open_ids(), "accept", "Ana") == 20
        frozen = build_dataset("d", store.decided(), [], DatasetSettings(helpful=0))
        info = store.save_dataset(frozen, "Ana")
        assert info.counts == {"sft_train": 18, "sft_eval": 2, "pairs_train": 18, "pairs_eval": 2}
        path = store.workspace.export_path(f"dpo-{info.hash[:12]}.jsonl")
        assert export_dpo_jsonl(store.dataset(info.hash), path) == 18
