"""What somebody gets wrong on a command line is told before anything is made, asked or computed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.cli.command import check_out
from cai_ui.leaving import INTERRUPTED

from .conftest import Cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "asked",
    [("store", "check"), ("store", "rebuild"), ("store", "backup"), ("store", "restore"),
     ("store", "restore", "--list"), ("evaluations", "list"), ("lineage", "latest"), ("users", "list"),
     ("curate", "accept", "--rater", "me"), ("curate", "freeze", "mine"), ("curate", "lint"), ("curate", "agreement"),
     ("curate", "label"), ("train", "sft"), ("pack", "some-run", "--out", "packed")],
)  # fmt: skip
def test_what_looks_at_a_workspace_makes_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...]
) -> None:
    """Seen: a mistyped folder was made and called sound, and one of other files was closed to other accounts."""
    other = tmp_path / "other"
    other.mkdir()
    other.chmod(0o755)
    (other / "mine.txt").write_text("not ours")
    for home in (tmp_path / "mistyped", other):
        code = main([*asked, "--home", str(home)])
        said = capsys.readouterr().err
        assert code == 2 and f"no workspace in {home}" in said and "--home" in said
    assert not (tmp_path / "mistyped").exists()
    assert [path.name for path in other.iterdir()] == ["mine.txt"] and other.stat().st_mode & 0o777 == 0o755


def test_a_home_without_a_name_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """As an unset variable gives it: the folder one is in would become a workspace."""
    assert main(["store", "check", "--home", ""]) == 2
    assert "--home: no folder is named" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("train sft --epochs nan", "--epochs"), ("train nope", "no training method, file or run"),
        ("train sft --dataset nope", "no dataset 'nope'"), ("train sft --preset nope", "no preset 'nope'"),
        ("train nope.yaml", "nope.yaml cannot be read"), ("train sft --data nope", "nope cannot be read"),
        ("generate --temperature nan", "--temperature"), ("generate --constitution nope", "no constitution 'nope'"),
        ("generate --prompts nope.txt", "no file nope.txt"), ("generate --prompt-set nope", "no prompt set 'nope'"),
        ("compare --set nope", "no prompt set 'nope'"), ("compare --strengths nan", "'nan' is no strength"),
        ("compare --conditions nope", "no condition 'nope'"), ("compare --prompts nope", "no file nope"),
        ("compare --evaluation nope --judge base", "no evaluation 'nope'"),
        ("compare --judge base --rubrics nope", "no rubric"), ("pairs --prompts nope", "no file nope"),
        ("pairs --prompt-set nope", "no prompt set 'nope'"), ("study seed --rows nope", "nope cannot be read"),
        ("study seed --set nope", "no prompt set 'nope'"), ("study seed --constitution nope", "no constitution"),
        ("study revision --set nope --out x.md", "no prompt set 'nope'"),
        ("study revision --temperature nan --out x.md", "temperature"),
    ],
)  # fmt: skip
def test_a_slip_of_the_hand_is_told_before_the_model_is_loaded(cli: Cli, told: str, said: str) -> None:
    cli.begin()
    cli.flags[-1] = "/no/model"  # to wait for it would end in a sentence about the model
    code, _, err = cli(*told.split())
    assert code == 2 and said in err and "There is no model" not in err


def test_what_could_not_be_written_in_the_end_is_refused_before_the_work(cli: Cli, tmp_path: Path) -> None:
    prompts, latin, page = tmp_path / "prompts.txt", tmp_path / "latin.md", tmp_path / "page.md"
    prompts.write_text("How do I lie?\n", encoding="utf-8")
    latin.write_bytes("Überblick".encode("cp1252"))
    asked = ["compare", "base", "--prompts", str(prompts)]
    studies = (["study", "revision"], ["study", "seed", "--yes"], ["experiment", "page", "revisions"])
    for command in (asked, *studies):
        for out in ("", str(tmp_path), str(tmp_path / "missing" / "x.json"), str(prompts / "x")):
            code, shown, err = cli(*command, "--out", out)
            assert (code, shown) == (2, "") and "cannot be written" in err and "Nothing was begun." in err
    code, _, err = cli("experiment", "page", "revisions", "--out", str(latin))
    assert code == 2 and "not UTF-8" in err
    page.with_suffix(".json").mkdir()
    assert "page.json cannot be written" in cli("experiment", "page", "revisions", "--out", str(page))[2]
    assert not page.exists(), "what was only tried is not left behind"
    code, _, err = cli(*asked, "--rubrics", "refusal,nope", "--judge", "base")
    assert code == 2 and "no rubric 'nope'" in err
    assert cli("evaluations", "list")[1] == "", "nothing was asked"


def test_files_without_a_name_are_refused_in_a_sentence(cli: Cli, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("How do I lie?\n", encoding="utf-8")
    assert cli("compare", "base", "--prompts", str(prompts))[0] == 0
    for command in (["bundle", "latest"], ["curate", "export", "latest"], ["evaluations", "report", "latest"]):
        code, _, err = cli(*command, "--out", "")
        assert code == 2 and "cannot be written (Is a directory)" in err


def test_a_file_is_tried_without_touching_what_stands_there(tmp_path: Path) -> None:
    kept, pipe, link = tmp_path / "kept", tmp_path / "pipe", tmp_path / "link"
    kept.write_text("as it was")
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "to be made")
    check_out(kept, pipe, link, None)
    assert kept.read_text() == "as it was" and link.is_symlink() and not link.exists()


def test_a_repository_that_is_none_is_told_before_the_training(cli: Cli) -> None:
    code, out, err = cli("train", "sft", "--push", "nowhere")
    assert (code, out) == (2, "") and "no name of a repository" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cai_ui", "principles", "list", "--model", "scripted", "--home", str(tmp_path)]
    for unbuffered in ("", "1"):
        environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
            )
        assert done.returncode == 2
        assert done.stderr == "What is printed could not be written (No space left on device).\n"


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.3])
def test_a_command_that_is_stopped_while_it_starts_says_so(tmp_path: Path, pause: float) -> None:
    """However far it has come: Python's own start is over once the first of our modules is compiled anew."""
    begun = tmp_path / "begun"
    (tmp_path / "sitecustomize.py").write_text(
        "import builtins, pathlib\nusual = builtins.__import__\n"
        "def told(name, *rest, **more):\n"
        f"    if name == 'cai_ui.cli': pathlib.Path({str(begun)!r}).touch()\n"
        "    return usual(name, *rest, **more)\n"
        "builtins.__import__ = told\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "cai_ui", "principles", "list", "--home", str(tmp_path / "home")]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not begun.exists():
        assert time.monotonic() < until
        time.sleep(0.005)
    time.sleep(pause)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert err.startswith("Stopped. ") and err.count("\n") == 1
    # Python itself ends by the signal where it came within code that was made from text, such as that of dataclasses.
    assert process.returncode in (INTERRUPTED, -signal.SIGINT)


def test_a_study_that_nobody_agreed_to_is_not_done(cli: Cli, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("".join(f"How do I steal {n} cars?\n" for n in range(20)), encoding="utf-8")
    flags = ["study", "seed", "--prompts", str(prompts), "--per-kind", "2", "--model", "embedded"]
    home = ["--home", str(tmp_path / "home")]
    code, _, err = cli(*flags, *home, workspace=False)
    assert code == 1 and "Nothing was started. Start with --yes." in err
    assert cli(*flags, *home, "--estimate", workspace=False)[0] == 0


def test_weights_are_read_without_a_bar_and_the_hub_keeps_its_own(cli: Cli, tmp_path: Path) -> None:
    from huggingface_hub.utils import are_progress_bars_disabled

    prompts, before = tmp_path / "prompts.txt", are_progress_bars_disabled()
    prompts.write_text("How do I lie?\n", encoding="utf-8")
    home = ["--home", str(tmp_path / "home"), "--model", "embedded"]
    code, _, err = cli("compare", "base", "--prompts", str(prompts), *home, workspace=False)
    assert (code, err) == (0, "“prompts.txt” has 1 request: 1 of unknown kind.\n")
    assert are_progress_bars_disabled() == before
