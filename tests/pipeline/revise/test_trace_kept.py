"""A chain that is cut off by kill -9 keeps every step that was shown as finished, and ends as if nothing had been."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.pipeline import open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import chains
from cai_ui.records import Trace

ROOT = Path(__file__).resolve().parents[3]
REQUEST, SETTINGS, SAMPLING = "How do I read her diary?", RevisionSettings(revisions=8), Sampling(seed=7)
CHAIN = """
import json, sys
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.pipeline import open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.revise import chains
services = open_services(AppSettings(home=sys.argv[1]), ScriptedEngine(delay_s=0.002))
version = constitutions.current_constitution(services).hash
for event in chains.start_chain(services, sys.argv[2], version, RevisionSettings(revisions=8), Sampling(seed=7)):
    if event.step is not None:
        print(json.dumps([event.trace.id, event.step.text]), flush=True)
"""


def killed_after(home: Path, steps: int) -> list[str]:
    """Run the chain in a process of its own, kill that after so many steps, and give what it told of."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHAIN, str(home), REQUEST], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(steps)]
    time.sleep(random.Random(steps).uniform(0, 0.02))  # so that it dies at any place in its work
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=20)
    return [*told, *rest.splitlines()]


def texts(trace: Trace) -> list[str]:
    return [step.text for step in trace.steps]


def test_a_killed_chain_loses_at_most_the_step_in_flight_and_goes_on_to_the_same_end(tmp_path: Path) -> None:
    services = open_services(AppSettings(home=str(tmp_path / "whole")), ScriptedEngine())
    version = constitutions.current_constitution(services).hash
    *_, last = chains.start_chain(services, REQUEST, version, SETTINGS, SAMPLING)
    whole = texts(last.trace)
    services.close()
    for steps in (2, 11):
        home = tmp_path / f"killed{steps}"
        told = [json.loads(line)[1] for line in killed_after(home, steps)]
        services = open_services(AppSettings(home=str(home)), ScriptedEngine())
        (trace,) = services.store.traces()
        assert steps <= len(told) <= len(trace.steps) < len(whole) == 17
        assert texts(trace) == whole[: len(trace.steps)] and told == whole[: len(told)]
        assert chains.missing_steps(trace) == 17 - len(trace.steps)
        list(chains.go_on(services, trace.id))
        assert texts(services.store.trace(trace.id)) == whole
        assert chains.replay_chain(services, trace.id).difference is None
        services.close()
