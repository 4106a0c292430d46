"""Who may import whom, read from the source; and what a fresh process loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("revise", "curate", "train", "compare", "store")
GRADIO = ("cai_ui/web", "app.py")
TORCH = ("cai_ui/engine", "cai_ui/train", "cai_ui/demo")
TORCH_LIBRARIES = {"torch", "transformers", "peft", "trl", "bitsandbytes"}
GROUND = {"errors", "records", "config", "text", "prompts"}


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "cai_ui").rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """Full names of the modules a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part(path: Path) -> str:
    """The stage or layer a file belongs to: the name below cai_ui."""
    return place(path).removeprefix("cai_ui/").split("/")[0].removesuffix(".py")


def inner(path: Path) -> set[str]:
    """Parts of cai_ui that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("cai_ui.")} - {part(path)}


def test_there_is_something_to_look_at() -> None:
    assert len(sources()) > 30
    assert "gradio" in imports(ROOT / "cai_ui/web/app.py")


@pytest.mark.parametrize("path", sources(), ids=place)
def test_heavy_libraries_stay_where_they_belong(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    if not place(path).startswith(GRADIO):
        assert "gradio" not in tops
    if not place(path).startswith(TORCH):
        assert not tops & TORCH_LIBRARIES


@pytest.mark.parametrize("path", [p for p in sources() if part(p) in STAGES], ids=place)
def test_stages_do_not_import_each_other_nor_what_joins_them(path: Path) -> None:
    allowed = GROUND | {"constitution", "engine"} | ({"store"} if part(path) == "train" else set())
    assert inner(path) <= allowed


@pytest.mark.parametrize("path", [p for p in sources() if part(p) in GROUND], ids=place)
def test_the_vocabulary_knows_no_stage(path: Path) -> None:
    assert inner(path) <= GROUND


@pytest.mark.parametrize("path", [p for p in sources() if part(p) == "web"], ids=place)
def test_the_page_asks_the_pipeline(path: Path) -> None:
    below = inner(path) - GROUND - {"pipeline"}
    assert below <= {"engine", "revise", "compare", "store", "curate", "train", "constitution"}
    names = [name for name in imports(path) if name.startswith(("cai_ui.store", "cai_ui.train", "cai_ui.engine"))]
    assert not [name for name in names if name.endswith(("open_store", "load_engine", "Jobs"))]


@pytest.mark.parametrize("module", ["cai_ui.pipeline", "cai_ui.cli", "cai_ui.revise", "cai_ui.demo", "app"])
def test_a_fresh_process_loads_neither_gradio_nor_torch(module: str) -> None:
    look = (
        f"import sys, {module}; "
        "print([m for m in ('gradio', 'torch', 'transformers', 'peft', 'trl', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
