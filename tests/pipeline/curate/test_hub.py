"""The Hub without network: a stand-in that speaks its HTTP interface, in a process of its own as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest

from tests.hub_server import Hub, running

TOKEN = "hf_" + "x" * 34


PROGRAM = """
import os, sys
from pathlib import Path
from cai_ui.config.app import AppSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.pipeline import open_services
from cai_ui.pipeline.curate import datasets, hub, imports, queue
from cai_ui.store import QueueFilter
from cai_ui.engine import load_engine
from cai_ui.errors import CaiError

home = Path(sys.argv[1])
settings = AppSettings(home=str(home), model="scripted")
services = open_services(settings, load_engine(settings))

def attempt(name, act):
    try:
        print(name, act(), flush=True)
    except CaiError as error:
        print(name, "REFUSED", error, flush=True)

file = home / "rows.jsonl"
row = '{"prompt": "Question %d?", "chosen": "No, %d.", "rejected": "Sure."}\\n'
file.write_text("".join(row % (i, i) for i in range(4)))
imports.import_file(services, file)
queue.decide_open(services, QueueFilter("open"), "accept", "me")
made = datasets.freeze_dataset(services, "mine", DatasetSettings(helpful=0, eval_share=0.0), "me").hash
attempt("private:", lambda: hub.push_dataset(services, made, "lab/rows"))
attempt("public:", lambda: hub.push_dataset(services, made, "lab/open", public=True))
attempt("refused:", lambda: hub.push_dataset(services, made, "lab/forbidden"))
attempt("no name:", lambda: hub.push_dataset(services, made, "../etc"))
fetched = hub.fetch_rows(services, "lab/rows/data/a.jsonl")
attempt("rows:", lambda: imports.import_file(services, *fetched).added)
hub.drop_rows(services, file)
hub.drop_rows(services, home)
hub.drop_rows(services, fetched[0])
attempt("which:", lambda: hub.fetch_rows(services, "lab/rows"))
attempt("strange:", lambda: hub.fetch_rows(services, "file:///etc/passwd"))
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
attempt("no push:", lambda: hub.push_dataset(services, made, "lab/rows"))
attempt("alone:", lambda: hub.fetch_rows(services, "lab/rows"))
services.close()
"""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Hub, Path]]:
    """What one program said that did all of it, in a process of its own: the Hub's client reads its surroundings
    when it is imported."""
    home = tmp_path_factory.mktemp("hub") / "home"
    home.mkdir()
    with running() as hub:
        hub.files = {"README.md": b"#", "data/a.jsonl": b'{"prompt": "q?", "response": "a"}\n', "data/b.csv": b"x\n"}
        environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
        environment |= {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(home / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(home)], capture_output=True, text=True, env=environment, timeout=300
        )
        assert done.returncode == 0, done.stderr[-3000:]
        yield done.stdout + done.stderr, hub, home


def test_a_pushed_dataset_is_private_unless_asked_otherwise_and_has_its_card(story: tuple[str, Hub, Path]) -> None:
    said, hub, home = story
    assert f"private: {hub.url}/datasets/lab/rows/commit/" in said and f"public: {hub.url}" in said
    assert [made.get("visibility", made.get("private")) for made in hub.created] == ["private", "public"]
    files = hub.commits[0]
    assert b"mine" in files["README.md"] and f"Bearer {TOKEN}" in hub.tokens
    rows = [json.loads(line) for line in files["data/dpo-train.jsonl"].splitlines()]
    assert len(rows) == 4 and set(rows[0]) >= {"prompt", "chosen", "rejected"}
    assert not list(home.rglob("sft-train*")), "nothing is left lying about"


def test_the_datasets_library_loads_what_was_pushed(story: tuple[str, Hub, Path], tmp_path: Path) -> None:
    """It took files of other columns for one table and failed."""
    for name, content in story[1].commits[0].items():
        (tmp_path / "rows" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rows" / name).write_bytes(content)
    for name, column in (("sft", "completion"), ("dpo", "rejected")):
        found = datasets.load_dataset(str(tmp_path / "rows"), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert found.num_rows == 4 and column in found.column_names


def test_a_refusal_and_a_wrong_name_are_sentences(story: tuple[str, Hub, Path]) -> None:
    said, _, _ = story
    assert "refused: REFUSED The Hub did not take the dataset" in said and "It is unchanged here." in said
    assert "no name: REFUSED" in said and "strange: REFUSED" in said
    assert TOKEN not in said


def test_rows_come_from_the_hub(story: tuple[str, Hub, Path]) -> None:
    said, _, home = story
    assert "rows: 1" in said
    assert list((home / "tmp").iterdir()) == [] and (home / "rows.jsonl").is_file(), "only what was fetched is deleted"
    assert "which: REFUSED lab/rows has these files of rows: data/a.jsonl, data/b.csv" in said


def test_no_connection_is_a_sentence(story: tuple[str, Hub, Path]) -> None:
    said, _, _ = story
    assert "no push: REFUSED The Hub did not take the dataset" in said
    assert "alone: REFUSED The Hub did not give lab/rows" in said and "Nothing was imported" in said
