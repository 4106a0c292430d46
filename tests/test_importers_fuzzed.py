"""Whatever a file holds, each importer reads it or says in a sentence why not: no unforeseen error.

Files are valid ones with something wrong in them, drawn by a seed. `CAI_FUZZ=100000` makes it long.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.constitution import read_any
from cai_ui.curate.importing import Plan
from cai_ui.errors import CaiError
from cai_ui.judges.rubrics import RUBRICS
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare.labelled_files import read_labelled_answers, read_labelled_outcomes, read_labelled_pairs
from cai_ui.pipeline.constitution.constitutions import export_constitution, import_any
from cai_ui.pipeline.curate.imports import import_file
from cai_ui.pipeline.prompts.files import import_prompts
from cai_ui.pipeline.train.hub_job import take_in_dataset
from cai_ui.records import Dataset, Message, TrainingExample
from cai_ui.store.encoding import dump
from cai_ui.train.config_file import read_config_file
from tests.fuzz import CASES, SEED, spoiled

SLOWEST_S = 10.0
TURNS = [{"role": "user", "content": "How do I lie?"}, {"role": "assistant", "content": "Like this."}]
TRANSCRIPT = "\n\nHuman: How do I lie?\n\nAssistant: Like this."
CRITICISED = "\n\nCritiqueRequest: a\n\nCritique: b\n\nRevisionRequest: c\n\nRevision: d"
ROWS = [
    {"prompt": "How do I lie?", "initial": "Like this.", "critique": "It harms.", "revision": "Better not.", "n": 1},
    {"prompt": "How do I bake?", "initial": None, "critique": "", "revision": "With flour.", "label": True, "n": 2.5},
]
PAIRS = [
    {"chosen": TRANSCRIPT, "rejected": TRANSCRIPT + " So."},
    {"chosen": TURNS, "rejected": TURNS, "prompt": "Why?"},
]
LABELLED = [
    {"prompt": "How do I lie?", "answer": "I cannot.", "label": "refused", "model": "a", "harm": 0},
    {"prompt": "How do I bake?", "answer": "With flour.", "label": "complied", "model": "b", "harm": 4},
]
HARM = [{"prompt": "How do I lie?", "answer": "Like this.", "label": n} for n in range(5)]
CHOICES = [{"prompt": "How do I lie?", "corrects": ["Better not."], "incorrects": ["Like this.", "So."]}]
ASKED = [{"prompt": "How do I lie?", "type": "contrast_lies", "label": "unsafe", "topic": "lies", "messages": TURNS}]
RUN = """method: sft
dataset: latest
name: a run
settings:
  epochs: 1.5
  batch_size: 4
  learning_rate: 2e-4
  modules: all linear
  save_steps: 25
"""
INSTRUCTIONS = {"a": {"prompt": "p", "edit_request": "Rewrite it.", "critique_request": "What is wrong?"}}
CHAIN = [{"name": "Kind", "critique_request": "What is unkind?", "revision_request": "Be kind."}]
SWARM = {"constitutions": [{"critic": "What is wrong?", "revision": "Mend it."}], "system_chat": TURNS}


def lines(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def table(rows: list[Any], between: str = ",") -> bytes:
    cells = [list(rows[0]), *([json.dumps(cell) if isinstance(cell, list) else str(cell) for cell in row.values()]
             for row in rows)]  # fmt: skip
    quoted = [between.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    return "\n".join(quoted).encode()


def archive(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("rows.jsonl", content)
    return made.getvalue()


def columns(rows: list[Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), made)
    return made.getvalue()


def files(*shapes: list[Any]) -> list[tuple[str, bytes]]:
    """Each of them in every form that rows come in."""
    found = []
    for rows in shapes:
        told = lines(rows)
        texts = [{key: str(value) for key, value in row.items()} for row in rows]
        found += [
            ("a.jsonl", told),
            ("a.json", json.dumps(rows).encode()),
            ("a.csv", table(rows)),
            ("a.tsv", table(rows, "\t")),
            ("a.jsonl.gz", gzip.compress(told)),
            ("a.zip", archive(told)),
            ("a.parquet", columns(texts)),
        ]
    return found


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path_factory.mktemp("fuzz") / "home"), model="scripted"))
    opened.engine(60)
    yield opened
    opened.close()


Importer = tuple[list[tuple[str, bytes]], Callable[[Path], object]]


def importers(services: Services) -> dict[str, Importer]:
    """Valid files of each importer, and how it is called."""
    shipped = export_constitution(services, services.store.versions()[0].hash)
    constitutions = [
        ("a.yaml", shipped.read_bytes()),
        *((f"a{n}.json", json.dumps(plain).encode()) for n, plain in enumerate((INSTRUCTIONS, CHAIN, SWARM))),
        ("a.csv", b"name,critique request,revision request,weight\nKind,What is unkind?,Be kind.,2\n"),
        ("b.json", json.dumps({"principles": CHAIN, "name": "own"}).encode()),
        ("t.json", json.dumps([TRANSCRIPT + CRITICISED]).encode()),
        ("e.yaml", b"examples:\n- request: a\n  answer: b\n  critique: c\n  revision: d\n"),
    ]
    example = TrainingExample((Message("user", "How do I lie?"),), "Better not.", "Like this.", "test")
    dataset = Dataset("d", (example,), (example,), (), (), {}, ("h",), {"a": 1})
    asked = [*files(ASKED, ROWS), ("a.txt", b"How do I lie?\nWhy?\n")]
    rubric = RUBRICS["refusal"]
    return {
        "rows": (files(ROWS, PAIRS), lambda path: import_file(services, path, plan=Plan(), skip_bad=True)),
        "prompts": (asked, lambda path: import_prompts(services, path)),
        "constitution": (constitutions, lambda path: import_any(services, path, "me")),
        "constitution, any ending": (constitutions, lambda path: read_any(path.read_bytes(), "a")),
        "labelled answers": (files(LABELLED, CHOICES), lambda path: read_labelled_answers(path, rubric)),
        "labelled harm": (files(LABELLED, HARM), lambda path: read_labelled_answers(path, RUBRICS["harmfulness"])),
        "labelled pairs": (files(PAIRS, CHOICES), lambda path: read_labelled_pairs(path)),
        "labels for readers": (files(LABELLED), read_labelled_outcomes),
        "run": ([("a.yaml", RUN.encode())], lambda path: read_config_file(path.read_bytes(), "seed study")),
        "dataset of a package": (
            [("a.json", dump(dataset).encode())],
            lambda path: take_in_dataset(services, path.read_text(encoding="utf-8", errors="replace")),
        ),
    }


def read_or_said(read: Callable[[Path], object], path: Path) -> None:
    """Read it, or get a sentence that can be shown."""
    try:
        read(path)
    except CaiError as error:
        str(error).encode()


def test_valid_files_are_taken(services: Services, tmp_path: Path) -> None:
    """Else the cases below would all end at the first look."""
    taken = set()
    for what, (found, read) in importers(services).items():
        for name, content in found:
            (tmp_path / name).write_bytes(content)
            try:
                read(tmp_path / name)
                taken.add(what)
            except CaiError:
                continue
    assert taken == set(importers(services))


def test_spoiled_files_give_a_sentence(services: Services, tmp_path: Path) -> None:
    chance, known, failed = random.Random(20261128 + SEED), importers(services), []
    others = [content for found, _ in known.values() for _, content in found]
    for case in range(CASES):
        what = chance.choice(list(known))
        found, read = known[what]
        name, content = chance.choice(found)
        path = tmp_path / f"{case % 50}-{name if chance.random() < 0.9 else chance.choice(found)[0]}"
        path.write_bytes(spoiled(content, others, chance))
        began = time.monotonic()
        try:
            read_or_said(read, path)
        except Exception as error:
            failed.append(f"case {case}, {what}, {path.name}: {error!r}\n{traceback.format_exc()[-900:]}")
        if time.monotonic() - began > SLOWEST_S:
            failed.append(f"case {case}, {what}, {path.name}: {time.monotonic() - began:.0f} s")
    assert not failed, f"{len(failed)} of {CASES}:\n" + "\n\n".join(failed[:12])


def test_what_100_000_cases_found(services: Services, tmp_path: Path) -> None:
    """Values of a wrong kind in a dataset of a package, and a name in a ZIP archive that is no UTF-8."""
    example = TrainingExample((Message("user", "How do I lie?"),), "Better not.", "Like this.", "test")
    plain = json.loads(dump(Dataset("d", (example,), (example,), (), (), {}, ("h",), {"a": 1})))
    for spoil in ({"settings": {"x": 1e999}}, {"left_out": {"a": "b"}}, {"name": None}, {"sft_train": [3]}):
        with pytest.raises(CaiError, match="no dataset of a package"):
            take_in_dataset(services, json.dumps(plain | spoil))
    plain["sft_train"][0]["source"] = 3
    with pytest.raises(CaiError, match="no dataset of a package"):
        take_in_dataset(services, json.dumps(plain))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("rowsé.jsonl", lines(LABELLED))
    (tmp_path / "a.zip").write_bytes(packed.getvalue().replace("é".encode(), b"\x93\x93"))
    with pytest.raises(CaiError, match="damaged"):
        read_labelled_answers(tmp_path / "a.zip", RUBRICS["refusal"])
