"""The script for a GPU runs here too, on a tiny model: every part gives its figures, and a second call goes on."""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "tests" / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """tests/benchmarks/gpu.py, which finds its neighbours on the path as a script does."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import gpu  # type: ignore[import-not-found]

    return gpu


def settings(model: Path, **more: Any) -> argparse.Namespace:
    return argparse.Namespace(model=model, device="cpu", layers=1, tokens=6, length=64, steps=3, **more)


@pytest.mark.slow
def test_every_part_gives_its_figures(script: Any, tiny_model: Path) -> None:
    for part in script.PARTS:
        figures = script.measure(settings(tiny_model, part=part))
        numbers = [value for value in flat(figures) if isinstance(value, float)]
        assert numbers and all(math.isfinite(value) for value in numbers), (part, figures)
        assert not part.startswith("same text") or figures["differ"] == 0 or not figures["promised"]


def flat(figures: dict[str, Any]) -> list[Any]:
    return [v for value in figures.values() for v in (flat(value) if isinstance(value, dict) else [value])]


@pytest.mark.slow
def test_a_second_call_does_what_is_missing_and_leaves_the_rest(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    out.write_text(json.dumps({"decode nf4": {"decode_tokens_s": 1.5}, "same text nf4": {"error": "no memory"}}))
    command = [
        sys.executable,
        str(SCRIPTS / "gpu.py"),
        "--device",
        "cpu",
        "--model",
        str(tiny_model),
        "--out",
        str(out),
    ]
    only = ["--tokens", "4", "--only", "decode nf4", "same text nf4"]
    done = subprocess.run([*command, *only], cwd=ROOT, capture_output=True, text=True, timeout=300)
    found = json.loads(out.read_text())
    assert found["decode nf4"] == {"decode_tokens_s": 1.5}
    assert found["same text nf4"]["texts"] == 4, done.stderr[-2000:]
    assert "not reached" in done.stdout
