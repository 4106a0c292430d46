"""Exported files load in datasets and train in TRL without edits, and are the same bytes each time."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.card import CardFacts, card_markdown
from cai_ui.curate.dataset import build_dataset
from cai_ui.curate.exporting import (
    EXPORTS,
    export_annotations,
    export_csv,
    export_dpo_jsonl,
    export_dpo_parquet,
    export_icai,
    export_sft_jsonl,
)
from cai_ui.curate.importing import read_rows
from cai_ui.curate.lint import lint, rows_of_dataset
from cai_ui.errors import InputError, StoreError
from cai_ui.records import Dataset, Decision, Message, PreferencePair, TrainingExample, make_example
from cai_ui.statistics.agreement import krippendorff_alpha
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


def test_a_table_that_was_exported_gives_its_texts_back(tmp_path: Path) -> None:
    """Lists begin with "- ", before which a mark stands for spreadsheets; it came back as a part of the text."""
    texts = ["- one\n- two", "=1+1", "'=1'", "as it is", "+1"]
    rows = tuple(TrainingExample((Message("user", "q"),), text, None, "@s") for text in texts)
    export_csv(Dataset("d", rows, (), (), (), {}, (), {}), tmp_path / "d.csv")
    read = read_rows(tmp_path / "d.csv")
    assert [(e.revision, e.source) for e in read.examples] == [(text, "@s") for text in texts]
    (tmp_path / "theirs.csv").write_text("prompt,response\nq,'-5' is cold\n-5?,x\n")
    assert [e.revision for e in read_rows(tmp_path / "theirs.csv").examples] == ["'-5' is cold", "x"], "marks nothing"


def test_a_table_that_was_exported_gives_its_conversations_back(tmp_path: Path) -> None:
    """Every turn came back as a line of the user's text, and the pairs not at all."""
    talk = (Message("system", "Be kind."), Message("user", "q"), Message("assistant", "a"), Message("user", "=why?"))
    asked = [(Message("user", text),) for text in ("q", "\n\nHuman: x\n\nAssistant: y", '[{"role": "user"}]', "=1+1")]
    asked.append(talk)
    rows = tuple(TrainingExample(one, "good", None, "s") for one in asked)
    pairs = tuple(PreferencePair(one, "good", "bad", None, "s") for one in asked)
    export_csv(Dataset("d", rows, (), pairs, (), {}, (), {}), tmp_path / "d.csv")
    read = read_rows(tmp_path / "d.csv")
    assert read.bad_rows == ()
    assert [(e.conversation, e.revision, e.initial) for e in read.examples] == [
        *((one, "good", None) for one in asked), *((one, "good", "bad") for one in asked),
    ]  # fmt: skip


def test_a_text_that_was_cut_for_a_table_is_not_read_back(tmp_path: Path) -> None:
    rows = (TrainingExample((Message("user", "q"),), "x" * 40_000, None, "s"),)
    export_csv(Dataset("d", rows, (), (), (), {}, (), {}), tmp_path / "d.csv")
    ((line, reason),) = read_rows(tmp_path / "d.csv").bad_rows
    assert line == 2 and "was cut" in reason


def test_judgements_that_were_exported_are_examples_again(tmp_path: Path) -> None:
    alone = make_example((Message("user", "q"),), None, "alone", source="s")
    export_annotations([(alone, Decision("e", alone.id, "accept", "Ana"))], tmp_path / "b.jsonl")
    assert [(e.revision, e.initial) for e in read_rows(tmp_path / "b.jsonl").examples] == [("alone", None)]
    example = make_example((Message("user", "q"),), "first", "better", source="s")
    export_annotations([(example, Decision("e", example.id, "edit", "Ana", "mine"))], tmp_path / "a.jsonl")
    (read,) = read_rows(tmp_path / "a.jsonl").examples
    assert (read.conversation, read.initial, read.revision) == (example.conversation, "first", "better")


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
        assert store.add_examples(read_rows(tmp_path / "hh.jsonl").examples) == 20
        assert store.decide_many(store.open_ids(), "accept", "Ana") == 20
        frozen = build_dataset("d", store.decided(), [], DatasetSettings(helpful=0))
        info = store.save_dataset(frozen, "Ana")
        assert info.counts == {"sft_train": 18, "sft_eval": 2, "pairs_train": 18, "pairs_eval": 2}
        path = store.workspace.export_path(f"dpo-{info.hash[:12]}.jsonl")
        assert export_dpo_jsonl(store.dataset(info.hash), path) == 18


def soft_dataset() -> Dataset:
    decided, preferences = [], {}
    for i in range(4):
        example = make_example((Message("user", f"q {i}"),), f"=1+{i}", f"\u00a0=HYPERLINK({i})", source="@s")
        decided.append((example, Decision(f"e{i}", example.id, "accept", "Ana")))
        preferences[example.id] = 0.25 * i
    wanted = DatasetSettings(eval_share=0, helpful=0, labels="soft")
    return build_dataset("=d", decided, [], wanted, preferences=preferences)


@pytest.mark.parametrize("kind", sorted(kind for kind, export in EXPORTS.items() if export.write))
def test_every_export_gives_the_same_bytes_again(tmp_path: Path, kind: str) -> None:
    export, suffix = EXPORTS[kind].write, EXPORTS[kind].suffix
    assert export is not None
    for name in ("a", "b"):
        assert export(soft_dataset(), tmp_path / f"{name}.{suffix}", "train") == (8 if kind == "csv" else 4)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    with pytest.raises(InputError, match="for evaluation"):
        export(soft_dataset(), tmp_path / "c", "eval")


def test_parquet_loads_with_its_soft_labels(tmp_path: Path) -> None:
    import datasets

    export_dpo_parquet(soft_dataset(), tmp_path / "dpo.parquet")
    rows = datasets.load_dataset("parquet", data_files=str(tmp_path / "dpo.parquet"), cache_dir=str(tmp_path / "c"))[
        "train"
    ]
    assert sorted(rows["preference"]) == [0.0, 0.25, 0.5, 0.75]
    assert rows[0]["prompt"][0]["role"] == "user" and rows[0]["chosen"][0]["role"] == "assistant"


def test_annotated_pairs_say_which_answer_was_kept_and_draw_its_place(tmp_path: Path) -> None:
    export_icai(soft_dataset(), tmp_path / "pairs.json")
    whole = json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))
    annotator = whole["metadata"]["default_annotator"]
    assert whole["metadata"]["version"] == "2.0" and annotator in whole["annotators"]
    kept = {c[f"response_{c['annotations'][annotator]['pref']}"]["text"] for c in whole["comparisons"]}
    assert kept == {pair.chosen for pair in soft_dataset().pairs_train}
    assert len({c["id"] for c in whole["comparisons"]}) == 4


def test_the_table_can_be_read_back(tmp_path: Path) -> None:
    export_csv(soft_dataset(), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["part"] for row in rows} == {"rows", "pairs"}
    assert all(row["answer"].startswith("'") and row["source"] == "'@s" for row in rows)
    assert {row["preference"] for row in rows if row["part"] == "pairs"} == {"0.0", "0.25", "0.5", "0.75"}


def test_the_card_tells_what_is_known_and_says_what_is_not() -> None:
    dataset, asked = soft_dataset(), (Message("user", "q"),)
    facts = CardFacts([], {"Ana": 4}, krippendorff_alpha([]), lint(rows_of_dataset(dataset)), {"@s": "MIT"})
    card = card_markdown(dataset, facts)
    assert card == card_markdown(dataset, facts)
    head = yaml.safe_load(card.split("---")[1])
    assert (head["pretty_name"], head["license"]) == ("=d", "mit") and "configs" not in head
    unknown = dataclasses.replace(dataset, sft_train=(*dataset.sft_train, TrainingExample(asked, "a", None, "own")))
    assert "license: other\n" in card_markdown(unknown, facts), "one source of two"
    for words in (dataset.hash, "Ana 4", "undefined: no example was judged by two", "| Pairs (DPO) | 4 | 0 |", "MIT",
                  "4 pairs carry a soft label", "## What the data checks found"):  # fmt: skip
        assert words in card
    odd = dataclasses.replace(dataset, settings={"helpful_from": "x\n# INJECTED"})
    assert "\n# INJECTED" not in card_markdown(odd, facts)
    heading = card_markdown(dataclasses.replace(dataset, name="x\n---\n<b>`"), facts).split("\n# ")[1]
    assert heading.startswith("x --- \\<b\\>\\`\n")
