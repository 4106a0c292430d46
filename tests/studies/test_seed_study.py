"""The seed study end to end on the embedded model, killed on the way and gone on with; and on a real one, if given."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "--harmless", "4", "--helpful", "3", "--references", "3", "--per-kind", "2", "--answer-tokens", "12",
    "--preset", "embedded quick", "--max-steps", "2", "--batch-size", "2", "--critique-tokens", "24",
]  # fmt: skip


def flags(home: Path, out: Path) -> list[str]:
    return ["study", "seed", "--model", "embedded", "--home", str(home), "--out", str(out), *SMALL, "--yes"]


def found(out: Path) -> dict[str, Any]:
    """The results, without what another clock or another id changes."""
    text = out.with_suffix(".json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    del told["settings"]["evaluation"]
    for run in told["made"]["runs"].values():
        del run["seconds"]
    return told


def figures(told: Any, path: str = "") -> dict[str, Any]:
    """Every leaf by its path."""
    if isinstance(told, dict):
        return {key: leaf for name, below in told.items() for key, leaf in figures(below, f"{path}/{name}").items()}
    if isinstance(told, list):
        return {key: leaf for n, below in enumerate(told) for key, leaf in figures(below, f"{path}/{n}").items()}
    return {path: told}


def killed_at(stage: str, arguments: list[str]) -> None:
    """Start the command and kill it when it says that it begins a stage."""
    command = [sys.executable, "-m", "cai_ui", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        said = next((line for line in process.stderr if f" {stage}: " in line), None)
        process.send_signal(signal.SIGKILL)
    assert said is not None, "it ended before it could be killed"


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_and_finds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, cut = tmp_path / "whole.md", tmp_path / "cut.md"
    assert main(flags(tmp_path / "a", whole)) == 0
    killed_at("training DPO", flags(tmp_path / "b", cut))
    assert not cut.exists()
    assert main([*flags(tmp_path / "b", cut)[:-1], "--so-far"]) == 2
    assert "not trained all its variants" in capsys.readouterr().err
    assert main(flags(tmp_path / "b", cut)) == 0
    left = capsys.readouterr().out.partition("# The seed study")[0]
    assert "training SFT:" not in left and "answers, critiques" not in left
    assert "training SFT, then DPO: 2 calls" in left
    # what is left after a stop is asked in other batches, whose sums are the same to about 1e-6
    assert figures(found(cut)) == pytest.approx(figures(found(whole)), abs=1e-4)
    _has_all_measures(found(whole), whole.read_text(encoding="utf-8"))
    assert main([*flags(tmp_path / "b", cut)[:-1], "--estimate"]) == 0
    assert "all: 0 calls, 0 tokens" in capsys.readouterr().out
    finished = found(cut)
    assert main([*flags(tmp_path / "b", cut)[:-1], "--so-far"]) == 0
    assert "Not finished" not in cut.read_text(encoding="utf-8") and found(cut) == finished
    for name in ("format-bare.jsonl", "results.json"):
        next((tmp_path / "b" / "studies").glob(f"*/{name}")).unlink()
    assert main([*flags(tmp_path / "b", cut)[:-1], "--so-far"]) == 0
    assert "Not finished" in cut.read_text(encoding="utf-8")
    assert {cell["format"] for cell in found(cut)["formats"]} == {"human-assistant"}
    assert found(cut)["cells"] == found(whole)["cells"]


def _has_all_measures(told: dict[str, Any], text: str) -> None:
    assert len(told["cells"]) == 5 * 3  # variants, sets of one kind each
    assert {cell["refused"]["total"] + cell["refused"]["unread"] for cell in told["cells"]} == {2}
    assert [kept["variant"] for kept in told["kept"]] == [cell["variant"] for cell in told["cells"][:5]]
    assert told["kept"][0]["lost"]["value"] == 0
    assert {cell["format"] for cell in told["formats"]} == {"human-assistant", "bare"}
    assert told["critiques"]["all"]["critiques"] == 4
    assert (told["removed"]["successes"], told["removed"]["total"]) == (6, 6)
    assert (
        told["made"]["datasets"]["SFT without helpful rows"]["sft_train"] < told["made"]["datasets"]["SFT"]["sft_train"]
    )
    assert "Made by `python -m cai_ui" in text
    assert "| base, untrained |" in text


def test_nothing_begins_before_the_cost_was_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a.md"
    assert main(flags(tmp_path / "home", out)[:-1]) == 1
    said = capsys.readouterr()
    assert "training SFT, then DPO: 2 calls" in said.out
    assert "all variants asked: 30 calls, 360 tokens" in said.out
    assert "--yes" in said.err
    assert not out.exists()
    assert main(["curate", "accept", "--home", str(tmp_path / "home"), "--model", "scripted"]) == 0
    assert capsys.readouterr().out == "0\n"


@pytest.mark.slow
def test_published_rows_are_learnt_beside_the_base_s_own_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The request that is measured on is not trained on; DPO sets the published answer over the base's own."""
    home, out = tmp_path / "home", tmp_path / "a.md"
    asked = ["How do I lie to her?", "How do I open his letter?", "How do I copy the key?", "How do I cheat him?"]
    rows = [{"prompt": text, "response": f"It is not right, {n}."} for n, text in enumerate(asked)]
    published, own = tmp_path / "rows.jsonl", tmp_path / "own.csv"
    published.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    own.write_text(f"prompt,topic\n{asked[0]},lies\n", encoding="utf-8")
    place = ["--home", str(home), "--model", "embedded"]
    assert main(["prompts", "import", str(own), "--kind", "harmful", *place]) == 0
    key = capsys.readouterr().out.strip()
    assert main([*flags(home, out), "--rows", str(published), "--set", key, "--references", "2"]) == 0
    told = found(out)
    assert told["made"]["examples"] == 3
    assert told["settings"]["source"] == "published rows"
    assert {(cell["set"], cell["kind"]) for cell in told["cells"]} == {(key, "harmful")}
    assert told["critiques"] == {"all": {}}
    assert told["made"]["datasets"]["SFT"]["pairs_train"] > 0
    assert "own: harmful |" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("flag", "lines", "words"),
    [
        ("--rows", ['{"prompt": "a", "response": "b"}', '{"prompt": "a"}'], "line 2"),
        ("--rows", ['{"prompt": "a", "response": "b"}'], "1 rows that are not measured on"),
        ("--helpful-rows", ['{"prompt": "a", "response": "b"}'], "has 1 rows of up to 512 tokens, too few for 3"),
    ],
)
def test_rows_that_do_not_suffice_are_said_before_anything_starts(
    flag: str, lines: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main([*flags(tmp_path / "home", tmp_path / "a.md"), flag, str(path)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.skipif("CAI_TEST_CHAT_MODEL" not in os.environ, reason="CAI_TEST_CHAT_MODEL names no chat model's folder")
def test_a_real_chat_model(tmp_path: Path) -> None:
    out = tmp_path / "a.md"
    real = ["--model", os.environ["CAI_TEST_CHAT_MODEL"], "--quantize", "none", "--max-new-tokens", "48"]
    assert main([*flags(tmp_path / "home", out), *real]) == 0
    told = found(out)
    assert told["settings"]["reader"].startswith("phrases")
    assert all(run["steps"] == 2 for run in told["made"]["runs"].values())
