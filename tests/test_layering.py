"""Who may import whom, read from the source; and what a fresh process loads.

Every package or module directly under `cai_ui` stands on a floor. A module imports its own room and floors below; the
stages stand side by side and do not see each other. No chain of imports comes back to where it began.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "errors",
            "hub_errors",
            "disk",
            "config",
            "text",
            "logs",
            "leaving",
            "prompts",
            "conversations",
            "statistics",
            "records",
            "readers",
            "tables",
            "formats",
            "versions",
        }
    ),
    frozenset({"constitution", "store"}),
    frozenset({"engine"}),
    frozenset({"judges"}),
    frozenset({"revise", "curate", "compare", "demo", "train"}),
    frozenset({"background", "deploy"}),
    frozenset({"pipeline"}),
    frozenset({"experiments"}),
    frozenset({"studies"}),
    frozenset({"cli", "web"}),
    frozenset({"app", "__main__", "__init__"}),
)
"""From the ground up. Rooms of one floor do not import each other, except on the ground floor."""
GROUND, STAGES = FLOORS[0], FLOORS[4]
DURABLE = {"train"}
"""Stages that read and write the store themselves: a run outlives the process that began it."""
GRADIO = ("cai_ui/web", "app.py")
TORCH = ("cai_ui/engine", "cai_ui/train", "cai_ui/demo")
TORCH_LIBRARIES = {"torch", "transformers", "peft", "trl", "bitsandbytes"}


def sources() -> list[Path]:
    return [ROOT / "app.py", *sorted((ROOT / "cai_ui").rglob("*.py"))]


@cache
def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name."""
    return {dotted(path): path for path in sources()}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path: Path) -> frozenset[str]:
    """Full names of what a file imports, also inside functions and for types alone."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= set(_from(node))
    return frozenset(found)


def _from(node: ast.ImportFrom) -> Iterator[str]:
    """`from package import module` names the module; `from module import name` names the module it is in."""
    for alias in node.names:
        whole = f"{node.module}.{alias.name}"
        yield whole if whole in modules() else str(node.module)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """What stands on a floor: the name directly below cai_ui."""
    return place(path).removeprefix("cai_ui/").split("/")[0].removesuffix(".py")


def floor_of(name: str) -> int:
    return next(height for height, names in enumerate(FLOORS) if name in names)


def inner(path: Path) -> set[str]:
    """Rooms of cai_ui that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("cai_ui.")} - {room(path)}


def test_there_is_something_to_look_at() -> None:
    assert len(sources()) > 30
    assert "gradio" in imports(ROOT / "cai_ui/web/app.py")


@pytest.mark.parametrize("path", sources(), ids=place)
def test_imports_run_down(path: Path) -> None:
    above = {name for name in inner(path) if floor_of(name) > floor_of(room(path))}
    beside = {name for name in inner(path) if floor_of(name) == floor_of(room(path))}
    assert not above
    assert not beside or room(path) in GROUND


def test_no_circle() -> None:
    graph = {name: {one for one in imports(path) if one in modules()} - {name} for name, path in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_the_ground_floor_knows_only_itself() -> None:
    assert all(inner(path) <= GROUND for path in sources() if room(path) in GROUND)


@pytest.mark.parametrize("path", sources(), ids=place)
def test_heavy_libraries_stay_where_they_belong(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    if not place(path).startswith(GRADIO):
        assert "gradio" not in tops
    if not place(path).startswith(TORCH):
        assert not tops & TORCH_LIBRARIES


@pytest.mark.parametrize("path", [p for p in sources() if room(p) in STAGES], ids=place)
def test_stages_get_their_data_handed(path: Path) -> None:
    assert inner(path) <= GROUND | {"constitution", "engine", "judges"} | (
        {"store"} if room(path) in DURABLE else set()
    )


@pytest.mark.parametrize("path", [p for p in sources() if room(p) == "web"], ids=place)
def test_the_page_opens_nothing_itself(path: Path) -> None:
    own = ("cai_ui.demo", "cai_ui.studies.trained", "cai_ui.studies.revision", "cai_ui.cli")
    assert not [name for name in imports(path) if name.startswith(own)]
    assert not [n for n in calls(path) if n in ("open_store", "load_engine", "Jobs", "Store", "Services")]


@pytest.mark.parametrize("path", [p for p in sources() if room(p) == "cli"], ids=place)
def test_commands_wait_for_a_model_by_one_measure(path: Path) -> None:
    """A first start downloads for longer than work behind the page waits."""
    assert "cai_ui.pipeline.model_host" not in imports(path)


def calls(path: Path) -> list[str]:
    """Names that a file calls."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]


def test_the_pipeline_package_holds_no_verbs() -> None:
    """Callers name the room, so that a reader knows the file."""
    held = ast.parse((ROOT / "cai_ui/pipeline/__init__.py").read_text(encoding="utf-8")).body
    names = [alias.name for node in held if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(names) == ["Services", "open_services"]


@pytest.mark.parametrize("module", ["cai_ui.pipeline", "cai_ui.cli", "cai_ui.revise", "cai_ui.demo", "app"])
def test_a_fresh_process_loads_neither_gradio_nor_torch(module: str) -> None:
    look = (
        f"import sys, {module}; "
        "print([m for m in ('gradio', 'torch', 'transformers', 'peft', 'trl', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
