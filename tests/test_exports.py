"""Every file the product writes for other programs, with the same hostile texts in it.

What there is comes from the code: the tables called `EXPORTS`, and all modules that write through `formats.writing`.
A new exporter has no driver here and fails until it gets one.
"""

from __future__ import annotations

import ast
import csv
import dataclasses
import importlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets as hub_datasets
import pandas
import pyarrow.json
import pyarrow.parquet
import pytest
import yaml

from cai_ui import constitution as rules
from cai_ui.compare import answer_files
from cai_ui.config.app import AppSettings
from cai_ui.config.train import TrainSettings
from cai_ui.constitution.csv_format import from_csv
from cai_ui.constitution.few_shot import dump_few_shot
from cai_ui.curate import exporting as datasets
from cai_ui.curate.card import CardFacts, card_markdown
from cai_ui.curate.lint import lint
from cai_ui.experiments.report import rows_text
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import CELL_LIMIT, json_text, safe_cell, unsafe_cell
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import grade_files, vote_files
from cai_ui.pipeline.compare.report import report_html
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.result_file import ResultFile
from cai_ui.records import (
    Answer,
    Constitution,
    Dataset,
    Decision,
    Evaluation,
    FewShot,
    Grade,
    Message,
    PreferencePair,
    Principle,
    Prompt,
    Provenance,
    Run,
    Span,
    Step,
    Trace,
    TrainingExample,
    VariantResult,
    Vote,
    make_example,
    to_dict,
)
from cai_ui.statistics import rate
from cai_ui.text import clean_name
from cai_ui.train.config_file import config_text, read_config_file
from cai_ui.train.run.metrics import append_row

ROOT = Path(__file__).resolve().parent.parent
FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\r\n=1", " =1", "'=1", "''=1", '"=1', "' =1", "\u00a0=1",
            "\ufeff=1", "\uff1d1", "\n\n@x", "|x", "%x"]  # fmt: skip
LINES = ["a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb\x0cc\x1cd\x1ed", "a\nb", "a\r\nb", "a\rb", "\u2028"]
BROKEN = ["a\0b", "a\ud800b", "\udfff", "😀\u200d\u202e", "\ufffe", "", " "]
MARKUP = ["---\n# INJECTED", "```\n# INJECTED", "x\n- INJECTED: 1", "<script>INJECTED()</script>", "a: [b", "{{x}}"]
HOSTILE = [*FORMULAS, *LINES, *BROKEN, *MARKUP, "".join(map(str, range(9_000)))]
_FORMULA = re.compile(r"[\s\u00a0\u200b\ufeff\"']*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20|%]")


def whole(text: str) -> str:
    """The text as it can be kept: halves of characters are replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


DATASET = Dataset(
    "x\n# INJECTED",
    tuple(TrainingExample(asked(text), text, text, text) for text in HOSTILE), (),
    tuple(PreferencePair(asked(text), text, f"{text}!", text, text, 0.5) for text in HOSTILE), (), {}, (), {},
)  # fmt: skip
RULES = Constitution(
    "c", "=x\n# INJECTED", "", tuple(Principle(f"p{n}", text, text, text, (), kind=kind)  # type: ignore[arg-type]
    for kind in ("critique", "preference") for n, text in enumerate(HOSTILE)),
)  # fmt: skip
SHOTS = tuple(FewShot(*(text,) * 6) for text in HOSTILE)
TRACES = [Trace(f"t{n}", Prompt("p", text), asked(text), "h", (Step("draft", text), Step("revision", text, text)))
          for n, text in enumerate(HOSTILE)]  # fmt: skip
ANSWERS = tuple({"prompt_id": f"p{n}", "variant": "base", "kind": "harmful", "prompt": text, "answer": text,
                 "outcome": "refused", "set": "s", "topic": ""} for n, text in enumerate(HOSTILE))  # fmt: skip
EVALUATION = Evaluation("e", (), ANSWERS, {}, "reader")
GRADES = [Grade(f"e{n}", "e", f"p{n}", "base", text, "refused", None, (text,)) for n, text in enumerate(HOSTILE)]

SAID = [Answer(text, "end", 1, 1, Provenance("m", "b", None, None, 0, {})) for text in HOSTILE]
VOTES = [Vote(f"v{n}", text, "base", text, SAID[n], SAID[n], "tie", text, reasons=(text,), topic=text)
         for n, text in enumerate(HOSTILE)]  # fmt: skip
JUDGED = [(make_example(asked(text), text, f"{text}!", source=text),
           Decision(f"e{n}", "x", "edit", text, text, text, spans=(Span("initial", 0, len(text), text),)))
          for n, text in enumerate(HOSTILE)]  # fmt: skip


def run_named(name: str) -> Run:
    return Run("r", name, "sft", "done", "d", TrainSettings().model_dump(), "me", "")


Made = Callable[[Services, Path], None]
"""What writes one file."""


def of_dataset(kind: str) -> Made:
    def make(services: Services, path: Path) -> None:
        write = datasets.EXPORTS[kind].write
        facts = CardFacts([RULES], dict.fromkeys(HOSTILE, 1), None, lint([]), {})
        if write is not None:
            assert write(DATASET, path, "train") >= len(HOSTILE)
        elif kind == "annotations":
            assert datasets.export_annotations(JUDGED, path) == len(HOSTILE)
        else:
            assert kind == "card"
            write_whole(path, card_markdown(DATASET, facts).encode("utf-8"))

    return make


def of_rules(kind: str) -> Made:
    return lambda services, path: path.write_bytes(rules.dump_as(RULES, kind, SHOTS).encode("utf-8"))


def of_traces(kind: str) -> Made:
    return lambda services, path: path.write_bytes(trace_files.export_traces(services, TRACES, kind).read_bytes())


def of_grades(write: Callable[[Any], str]) -> Made:
    rows = grade_files.grade_rows(EVALUATION, GRADES)
    return lambda services, path: path.write_bytes(write(rows).encode("utf-8"))


def of_answers(form: str) -> Made:
    rows = [row | {"variant": variant} for row in ANSWERS for variant in ("base", "run-1")]
    rows = rows if form == "comparator" else list(ANSWERS)

    def make(services: Services, path: Path) -> None:
        made = answer_files.FORMS[form].write(EVALUATION, rows, {"base": "=base"})
        if form == "inspect":
            with zipfile.ZipFile(io.BytesIO(made)) as archive:
                made = archive.read(archive.namelist()[0])
        path.write_bytes(made)

    return make


def of_report(services: Services, path: Path) -> None:
    result = VariantResult("base", "harmful", rate(1, 2), rate(0, 0), rate(1, 2), None, None)
    kept = services.store.save_evaluation(
        dataclasses.replace(EVALUATION, id="", results=(result,), name="=1\n# INJECTED", notes="".join(MARKUP))
    )
    path.write_bytes(report_html(services.store, kept.id).encode("utf-8"))


def results(services: Services, path: Path) -> None:
    with ResultFile(path, [trace.id for trace in TRACES]) as file:
        file.append(TRACES)


def metrics(services: Services, path: Path) -> None:
    for step, text in enumerate(HOSTILE):
        append_row(path.parent, {"step": step, "text": text, "loss": float("nan")}, path.name)


def text(write: Callable[[], str]) -> Made:
    return lambda services, path: path.write_bytes(write().encode("utf-8"))


TABLES: dict[str, Callable[[str], Made]] = {
    "cai_ui.curate.exporting": of_dataset,
    "cai_ui.constitution.exporting": of_rules,
    "cai_ui.pipeline.revise.trace_files": of_traces,
}
ALONE: dict[str, tuple[str, Made]] = {
    "cai_ui.constitution.few_shot": ("few-shot.yaml", text(lambda: dump_few_shot(SHOTS))),
    "cai_ui.pipeline.revise.result_file": ("results.jsonl", results),
    "cai_ui.train.run.metrics": ("metrics.jsonl", metrics),
    "cai_ui.pipeline.compare.grade_files": ("grades.csv", of_grades(grade_files.as_table)),
    "cai_ui.pipeline.compare.grade_files lines": ("grades.jsonl", of_grades(grade_files.as_lines)),
    "cai_ui.experiments.report lines": ("rows.jsonl", text(lambda: rows_text(ANSWERS, "jsonl"))),
    "cai_ui.experiments.report": ("rows.csv", text(lambda: rows_text(ANSWERS, "csv"))),
    "cai_ui.compare.answer_files": ("answers.csv", of_answers("csv")),
    "cai_ui.compare.answer_files lines": ("answers.jsonl", of_answers("jsonl")),
    "cai_ui.compare.answer_files comparator": ("comparator.json", of_answers("comparator")),
    "cai_ui.compare.answer_files inspect": ("inspect.json", of_answers("inspect")),
    "cai_ui.pipeline.compare.vote_files": ("votes.csv", text(lambda: vote_files.as_table(vote_files.vote_rows(VOTES)))),
    "cai_ui.pipeline.compare.vote_files lines": (
        "votes.jsonl",
        text(lambda: vote_files.as_lines(vote_files.vote_rows(VOTES))),
    ),
    "cai_ui.pipeline.compare.report": ("report.html", of_report),
    "cai_ui.cli.compare": ("evaluation.json", text(lambda: json_text(to_dict(EVALUATION), 1))),
}
PARTS = {
    "cai_ui.constitution.files", "cai_ui.constitution.csv_format", "cai_ui.curate.card",  # of EXPORTS above
    "cai_ui.pipeline.constitution.constitutions", "cai_ui.curate.label_columns", "cai_ui.curate.annotation_tools",
    "cai_ui.cli.command", "cai_ui.cli.demo", "cai_ui.cli.study", "cai_ui.cli.readers", "cai_ui.cli.judge",
    "cai_ui.cli.seed_study", "cai_ui.studies.seed.work", "cai_ui.cli.lineage", "cai_ui.cli.doctor",
    "cai_ui.cli.votes", "cai_ui.compare.answer_table",  # figures
    "cai_ui.cli.experiment", "cai_ui.experiments.running",  # figures
    "cai_ui.tables.delimited",  # reads
    "cai_ui.experiments.folder", "cai_ui.train.config_file", "cai_ui.pipeline.train.results",  # their own tests below
}  # fmt: skip


def sources() -> dict[str, ast.Module]:
    paths = sorted((ROOT / "cai_ui").rglob("*.py"))
    return {".".join(p.relative_to(ROOT).with_suffix("").parts): ast.parse(p.read_text("utf-8")) for p in paths}


def has_table(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "EXPORTS" for node in tree.body)


def origins(tree: ast.Module) -> set[str | None]:
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


SOURCES = sources()
CASES = [
    *((f"{module} {kind}", f"{kind}.{getattr(export, 'suffix', '') or getattr(export, 'ending', kind)}", make(kind))
      for module, make in TABLES.items() for kind, export in importlib.import_module(module).EXPORTS.items()),
    *((name, file, made) for name, (file, made) in ALONE.items()),
]  # fmt: skip


def test_no_exporter_is_forgotten() -> None:
    assert {name for name, tree in SOURCES.items() if has_table(tree)} == set(TABLES)
    writers = {name for name, tree in SOURCES.items() if "cai_ui.formats.writing" in origins(tree)}
    assert writers <= {*TABLES, *(name.split(" ")[0] for name in ALONE), *PARTS}
    read_again = {name for name, tree in SOURCES.items() if "cai_ui.formats.sealed_zip" in origins(tree)}
    assert read_again == {"cai_ui.pipeline.compare.bundle", "cai_ui.pipeline.compare.opened_bundle"}, (
        "their hostile texts are in tests/formats and tests/pipeline/compare/test_replay.py"
    )


@pytest.mark.parametrize("name", SOURCES)
def test_files_for_others_are_written_by_one_module(name: str) -> None:
    """What the store, its copy elsewhere, a run's folder or the engine keeps for itself has other needs."""
    if ".off_site." in name or name.split(".")[1] in (
        "formats",
        "store",
        "train",
        "engine",
        "web",
        "demo",
        "records",
        "logs",
    ):
        return
    calls = {ast.unparse(node.func) for node in ast.walk(SOURCES[name]) if isinstance(node, ast.Call)}
    assert not calls & {"json.dumps", "json.dump", "csv.writer", "csv.DictWriter", "yaml.dump", "yaml.safe_dump"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Any:
    found = open_services(AppSettings(home=str(tmp_path_factory.mktemp("home")), model="scripted"))
    yield found
    found.close()


@pytest.mark.parametrize(("file", "made"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_hostile_rows_leave_as_they_are_and_harm_nobody(
    file: str, made: Made, services: Services, tmp_path: Path
) -> None:
    path = tmp_path / file
    made(services, path)
    CHECKS[path.suffix](path.read_bytes())


@pytest.mark.parametrize("kind", ["sft", "dpo", "sft-parquet", "dpo-parquet", "csv"])
def test_the_datasets_library_reads_what_was_exported(kind: str, tmp_path: Path) -> None:
    export = datasets.EXPORTS[kind]
    path = tmp_path / f"a.{export.suffix}"
    assert export.write is not None
    number = export.write(DATASET, path, "train")
    form = {"jsonl": "json"}.get(export.suffix, export.suffix)
    found = hub_datasets.load_dataset(form, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert found.num_rows == number
    if kind != "csv":
        assert [row["prompt"][0]["content"] for row in found] == [whole(text) for text in HOSTILE]


def check_lines(content: bytes) -> None:
    lines = content.decode("utf-8").splitlines()  # splits at everything that any reader takes for a line's end
    assert len(lines) == content.count(b"\n") == len(HOSTILE)
    said = "".join(json_text(strict(line)) for line in lines)
    assert all(json_text(text)[1:-1] in said for text in HOSTILE)
    assert pyarrow.json.read_json(io.BytesIO(content)).num_rows == len(HOSTILE)
    assert len(pandas.read_json(io.BytesIO(content), lines=True)) == len(HOSTILE)


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def check_json(content: bytes) -> None:
    found = strict(content.decode("utf-8"))
    again = json_text(found if not isinstance(found, str) else found.splitlines())
    assert sum(json_text(text)[1:-1] in again for text in HOSTILE) > (0 if isinstance(found, str) else len(HOSTILE) - 1)
    assert not set("\u0085\u2028\u2029") & set(content.decode("utf-8"))


def check_yaml(content: bytes) -> None:
    texts = set(leaves(yaml.safe_load(content.decode("utf-8"))))
    assert {whole(text) for text in HOSTILE} <= texts


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in leaves(one)]
    return [text for one in value for text in leaves(one)] if isinstance(value, list) else [value]


def check_table(content: bytes) -> None:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1 and (len(rows) - 1) % len(HOSTILE) == 0
    read = pandas.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert [list(read.columns), *read.to_numpy().tolist()] == rows
    cells = {cell for row in rows for cell in row}
    assert not [cell[:40] for cell in cells if _FORMULA.match(cell) and not cell.startswith("'")]
    assert max(map(len, cells)) < 32_767 and any(cell.endswith(" more characters)") for cell in cells)
    short = {whole(text).replace("\0", "\ufffd") for text in HOSTILE if len(text) < CELL_LIMIT}
    assert short <= {unsafe_cell(cell) for cell in cells}


def check_parquet(content: bytes) -> None:
    rows = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
    assert [row["prompt"][0]["content"] for row in rows] == [whole(text) for text in HOSTILE]


def check_page(content: bytes) -> None:
    """Markdown and HTML: no line of a text becomes a heading, an item or an element, beyond what stands in fences."""
    found = content.decode("utf-8")
    assert "\0" not in found and "<script>INJECTED" not in re.sub(r"(?s)(`{3,})text\n.*?\n\1", "", found)
    open_fence = ""
    for line in found.split("\n"):
        fence = re.match("`{3,}", line)
        if not open_fence and fence:
            open_fence = fence[0]
        elif open_fence and line == open_fence:
            open_fence = ""
        elif not open_fence and not found.startswith("<!doctype"):
            assert not line.startswith(("# INJECTED", "- INJECTED"))


CHECKS = {
    ".jsonl": check_lines, ".json": check_json, ".yaml": check_yaml, ".csv": check_table, ".parquet": check_parquet,
    ".md": check_page, ".html": check_page,
}  # fmt: skip


def test_cells_are_marked_and_read_back() -> None:
    assert all(safe_cell(text) == "'" + text for text in FORMULAS)
    assert all(safe_cell(text) == text for text in ("", "text", "1 = 1", "a\n=1", "0", "(=1)", "'a'", "it's"))
    assert all(unsafe_cell(safe_cell(text)) == text for text in HOSTILE)


def test_a_table_of_principles_is_read_back_as_it_was() -> None:
    """Also by our own reader: the marks are taken off again."""
    kept = [p for p in RULES.principles if p.name.strip() and len(p.name) < CELL_LIMIT and whole(p.name) == p.name]
    written = rules.dump_as(Constitution("c", "c", "", tuple(p for p in kept if "\0" not in p.name)), "csv")
    read = from_csv(written, "c").principles
    assert [p.critique_request for p in read] == [p.critique_request for p in kept if "\0" not in p.name]


@pytest.mark.parametrize("name", [text for text in HOSTILE if text.strip() and len(text) < 100 and whole(text) == text])
def test_the_file_of_a_run_keeps_its_name(name: str) -> None:
    assert yaml.safe_load(config_text(run_named(name)))["name"] == name
    if not re.search(r"[\x00-\x08\x0b-\x1f]", name):
        assert read_config_file(config_text(run_named(name)), "seed study").name == clean_name(name, "The name")


def test_a_record_with_half_a_character_has_a_hash() -> None:
    assert len(DATASET.hash) == 64
