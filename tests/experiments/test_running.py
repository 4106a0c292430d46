"""An experiment as a whole: started, stopped, killed, gone on with, read; on the scripted and the embedded model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.config.experiments import CritiquesSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.experiments import running
from cai_ui.pipeline import Services

ROOT = Path(__file__).resolve().parents[2]
SMALL = CritiquesSettings(prompts=3, seeds=2, revisions=1, answer_tokens=24)


def flags(home: Path) -> list[str]:
    return [
        "experiment", "critiques", "--model", "embedded", "--home", str(home), "--prompts", "3", "--seeds", "1",
        "--revisions", "2", "--answer-tokens", "40", "--json",
    ]  # fmt: skip


def lines(home: Path) -> list[str]:
    found = list(home.glob("experiments/*/answers.jsonl"))
    return found[0].read_text(encoding="utf-8").splitlines(keepends=True) if found else []


@pytest.mark.slow
def test_a_killed_experiment_loses_no_answer_and_finds_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(flags(tmp_path / "whole")) == 0
    whole = json.loads(capsys.readouterr().out)
    cut = tmp_path / "cut"
    command = [sys.executable, "-m", "cai_ui", *flags(cut)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        end = time.monotonic() + 60
        while len(lines(cut)) < 8 and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    before = [line for line in lines(cut) if line.endswith("\n")]
    assert 8 <= len(before) < len(lines(tmp_path / "whole"))
    assert main(flags(cut)) == 0
    again = json.loads(capsys.readouterr().out)
    assert lines(cut)[: len(before)] == before  # nothing that was finished is asked twice
    assert again["numbers"] == whole["numbers"] and again["finished"]
    assert len(lines(cut)) == len(lines(tmp_path / "whole"))


def test_a_flag_of_a_page_goes_to_every_experiment_that_has_it(tmp_path: Path) -> None:
    out = tmp_path / "two.md"
    asked = ["--prompts", "2", "--seeds", "1", "--revisions", "1", "--answer-tokens", "8", "--counts", "1, 2"]
    where = ["--model", "scripted", "--home", str(tmp_path / "home"), "--out", str(out)]
    assert main(["experiment", "page", "revisions", "principles", *asked, *where]) == 0
    page, told = out.read_text(encoding="utf-8"), json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
    assert "`python -m cai_ui experiment page revisions principles --prompts 2" in page and "--counts '1, 2'`" in page
    settings = {name: one["about"]["settings"] for name, one in told.items()}
    assert settings["revisions"]["revisions"] == 1 and settings["principles"]["counts"] == "1, 2"
    assert "revisions" not in settings["principles"] and "counts" not in settings["revisions"]


def test_a_flag_that_no_experiment_of_a_page_has_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--learnt", "8", "--model", "scripted", "--home", str(tmp_path), "--out", str(tmp_path / "a.md")]
    assert main(["experiment", "page", "revisions", *flags]) == 2
    assert "None of these experiments has --learnt." in capsys.readouterr().err
    assert main(["experiment", "page", "methods", "--learnt", "many", *flags[2:]]) == 2
    assert "--learnt:" in capsys.readouterr().err


def test_stop_and_go_on(services: Services, until: Callable[[Callable[[], object]], None]) -> None:
    services.host.use(ScriptedEngine(lambda request: "I will not help. It is wrong.", delay_s=0.002))
    key = running.start_experiment(services, "critiques", SMALL, "Ann")
    with pytest.raises(ConflictError, match="already running"):
        running.start_experiment(services, "critiques", SMALL)
    with pytest.raises(InputError, match="running"):
        running.forget(services, key)
    until(lambda: services.experiment.last().progress.done > 10)  # type: ignore[union-attr]
    services.experiment.stop()
    assert services.experiment.wait(20)
    last = services.experiment.last()
    assert last is not None and last.state == "stopped" and 10 < last.progress.done < last.progress.total
    half = running.kept(services, key)
    assert half.owner == "Ann" and (half.result is None or not half.result.finished)
    assert running.resume_experiment(services, key) == key
    assert services.experiment.wait(60)
    found = running.kept(services, key).result
    assert found is not None and found.finished
    assert [one.key for one in running.all_kept(services)] == [key]
    assert running.rows_of(services, key, "csv").count("\r\n") > 12
    running.forget(services, key)
    assert running.all_kept(services) == []
    with pytest.raises(NotFoundError):
        running.kept(services, key)


def test_another_model_does_not_go_on_with_it(services: Services) -> None:
    list(running.run_experiment(services, "critiques", SMALL.model_copy(update={"seeds": 1})))
    (one,) = running.all_kept(services)
    other = ScriptedEngine()
    other.base_hash = "other weights"
    services.host.use(other)
    with pytest.raises(InputError, match="begun with the model"):
        running.resume_experiment(services, one.key)


def test_nothing_measured_is_said(services: Services) -> None:
    with pytest.raises(NotFoundError, match="There is no experiment"):
        running.start_experiment(services, "nothing", SMALL)
    with pytest.raises(NotFoundError):
        running.rows_of(services, "../../etc")
    with pytest.raises(NotFoundError, match="constitution"):
        running.start_experiment(services, "critiques", SMALL.model_copy(update={"constitution": "none such"}))
    assert running.estimate_experiment(services, "critiques", SMALL).answers == 12 + 12 * (2 + 1)


def test_an_answer_that_is_missing_is_counted(services: Services) -> None:
    """A critique that makes the conversation too long for the model ends its chain, and no other."""
    services.host.use(ScriptedEngine(answer_long_once, context_length=300))
    longer = SMALL.model_copy(update={"seeds": 1, "answer_tokens": 400})
    list(running.run_experiment(services, "critiques", longer))
    (one,) = running.all_kept(services)
    assert one.result is not None and one.result.finished
    ((reason, count),) = one.result.missing.items()
    assert "too long" in reason and count >= 1


def answer_long_once(request: Any) -> str:
    asked = request.messages[-1].content
    return "word " * 400 if len(request.messages) == 3 and "harm" in asked else "I will not help."
