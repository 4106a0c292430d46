"""What the documents show works as it stands, and what they name is there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import Settings, variable
from cai_ui.pipeline.other_models import KEYS

ROOT = Path(__file__).resolve().parent.parent
HISTORY = {"0006-one-word-per-stage.md", "CHANGELOG.md"}
"""Tell where things were before, too."""
NO_KNOBS = {"CAI_LOG", "CAI_DATABASE_URL", "CAI_SLICE_SECONDS", "CAI_PROJECT", "CAI_DECISIONS", *KEYS.values()}


def test_the_guided_run_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = importlib.import_module("docs.guided_run")
    found = example.run(AppSettings(home=str(tmp_path)), requests=8, helpful=4, max_steps=2, per_kind=2)
    assert len(found) == 3 and all(rate.total + rate.unread == 2 for rate in found.values())
    assert "revision:" in capsys.readouterr().out


def documents() -> list[Path]:
    """What is read by people: Markdown, and the docstrings of the benchmarks and the example."""
    texts = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("principles/*.md"),
        *ROOT.glob("cai_ui/**/*.md"),
    ]
    code = [*ROOT.glob("tests/benchmarks/*.py"), *ROOT.glob("docs/*.py")]
    return [path for path in [*texts, *code] if path.name not in HISTORY]


def read(path: Path) -> str:
    """A document's words; of code what its docstrings and comments say."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    nodes = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
    ]
    comments = re.findall(r"#.*", text)
    return "\n".join([*filter(None, map(ast.get_docstring, nodes)), *comments])


def places(text: str) -> Iterator[str]:
    """Paths of files and folders that a text names: `cai_ui/store/queue.py`, `store/queue.py`, `tests/store/`."""
    for found in re.findall(r"(?<![\w/.:])(?:[\w*-]+/)+[\w*-]*(?:\.\w+)?", text):
        first = found.split("/")[0]
        if first in ROOMS or first in TOP or found.endswith((".py", ".md", ".yaml", ".js", ".css", ".json")):
            yield found


TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
ROOMS = {path.name for path in (ROOT / "cai_ui").iterdir() if path.is_dir()}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_that_a_document_names_is_there(path: Path) -> None:
    named = {place.rstrip("/") for place in places(read(path))}
    assert {place for place in named if not any(any((ROOT / top).glob(place)) for top in ("", "cai_ui"))} == set()


def test_the_map_in_the_readme_shows_every_room() -> None:
    tree = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Where things are")[2].split("```")[1]
    below = [path for path in (ROOT / "cai_ui").iterdir() if not path.name.startswith("_")]
    assert [
        path.name
        for path in [*below, *(ROOT / "cai_ui" / "web").iterdir()]
        if path.is_dir() and path.name != "__pycache__" and f"{path.name}/" not in tree
    ] == []
    assert [path.name for path in below if path.suffix == ".py" and path.name not in tree] == []


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_dotted_name_that_a_document_gives_can_be_imported(path: Path) -> None:
    for dotted in re.findall(r"\bcai_ui(?:\.\w+)+", read(path)):
        if "/" not in dotted and not (ROOT / dotted).exists():
            assert _importable(dotted), dotted


def _importable(dotted: str) -> bool:
    parent, _, name = dotted.rpartition(".")
    try:
        return importlib.util.find_spec(dotted) is not None
    except ModuleNotFoundError:
        return hasattr(importlib.import_module(parent), name)


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file(path: Path) -> None:
    text = read(path)
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    assert [name for name in named if not (path.parent / name).exists()] == []
    assert "@@" not in text


def test_every_variable_that_a_document_names_is_read() -> None:
    read_ones = NO_KNOBS | {variable(cls, name) for cls in _classes(Settings) for name in cls.model_fields}
    for path in documents():
        assert set(re.findall(r"\bCAI_[A-Z_]*[A-Z]\b", read(path))) <= read_ones, path.name


def _classes(cls: type[Settings]) -> Iterator[type[Settings]]:
    for below in cls.__subclasses__():
        yield below
        yield from _classes(below)
