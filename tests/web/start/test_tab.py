"""The Start tab: the guided run's stages and result, who the visitor is, and which model answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, guided_result, open_services
from cai_ui.pipeline.guided_progress import GuidedRunProgress, GuidedRunStage, GuidedRunView
from cai_ui.pipeline.guided_result import GuidedResult
from cai_ui.pipeline.guided_run import guided_run_status
from cai_ui.pipeline.models import engine_status
from cai_ui.records import Evaluation, Rate, Run, VariantResult, to_dict
from cai_ui.web.kit.rate_bars import bars_html
from cai_ui.web.session import Session, rename
from cai_ui.web.start import model
from cai_ui.web.start.guided_run import GuidedRunBox, headline, result_html, stages_view, what_html
from cai_ui.web.start.guided_run_html import examples_html
from cai_ui.web.start.leads import Leads
from cai_ui.web.start.tab import doors_html, next_html


def measured(variants: list[str]) -> Evaluation:
    """An evaluation in which the base does harm, later variants do not, and everybody helps."""
    results, rows = [], []
    for variant in variants:
        for kind in ("harmful", "helpful", "twin"):
            bad = variant == "base" and kind == "harmful"
            rate = Rate(9 if bad else 1, 10, 0, 0.9 if bad else 0.1, 0.05, 0.95)
            results.append(VariantResult(variant, kind, rate, rate, rate, 5.0, None))  # type: ignore[arg-type]
            for number in range(2):
                rows.append(
                    {
                        "prompt_id": f"{kind}{number}",
                        "prompt": f"{kind} question {number}",
                        "kind": kind,
                        "variant": variant,
                        "answer": f"{variant} answers {kind} {number}",
                        "complied": bad or number == 0 if kind == "harmful" else None,
                        "helped": True,
                        "refused": False,
                    }
                )
    return Evaluation("e", tuple(results), tuple(rows), {}, "rules")


def test_the_picture_shows_every_variant_by_its_name_and_one_example_of_each_kind() -> None:
    shown = measured(["base", "run1"])
    titles = {"base": "Before", "run1": "After SFT"}
    bars = bars_html(shown, titles)
    assert bars.count("Before") == bars.count("After SFT") == 3
    assert "90 % (5–95 %) of 10" in bars
    examples = examples_html(shown, titles)
    order = [examples.index(text) for text in ("harmful question 1", "twin question 0", "harmful question 0")]
    assert order == sorted(order), "one that was learnt, a look-alike that is helped with, and one that still fails"
    assert "Where it still fails: Harmful requests" in examples and "helpful question" not in examples
    assert "run1 answers twin 0" in examples


def test_guided_runs_are_kept_and_the_last_two_stand_side_by_side(services: Services) -> None:
    made = [measured(["base", name]) for name in ("run1", "run2")]
    for number, one in enumerate(made):
        services.store.save_evaluation(replace(one, id=f"e{number}"))
        result = GuidedResult(f"e{number}", f"Constitution {number}", f"hash{number}", "d", {}, {"chains": 30.0})
        guided_result.keep_result(services, result)
    assert [one.constitution for one in guided_result.all_results(services)] == ["Constitution 1", "Constitution 0"]
    shown = result_html(services, GuidedRunView("idle", []))
    assert "Side by side: “Constitution 1” and “Constitution 0”" in shown and "Earlier guided runs" in shown
    assert "run2 answers twin 0" in shown and "run1 answers twin 0" in shown


def test_the_time_left_follows_how_fast_this_run_goes(services: Services) -> None:
    expected = guided_result.EXPECTED_S
    rest = sum(expected.values()) - expected["chains"]
    slow = {"chains": 2 * expected["chains"], "accept": 0.0}
    assert guided_result.left_s(services, slow, "accept") == pytest.approx(2 * rest)
    assert guided_result.left_s(services, {}, None) is None


@pytest.fixture
def other(tmp_path: Path, tiny_engine: Any) -> Iterator[Services]:
    """A workspace with a model that did not come with the workbench."""
    opened = open_services(AppSettings(home=str(tmp_path / "other")), tiny_engine)
    yield opened
    opened.close()


def test_of_a_model_that_never_came_to_the_end_no_time_is_promised(other: Services) -> None:
    """Seen: minutes, by the embedded model's clock, for a model that takes hours."""
    took = {"chains": 200.0}
    assert guided_result.left_s(other, took, "accept") is None
    for base, seconds in (("another", 1.0), (other.engine().base_hash, 400.0)):
        made = measured(["base", "run1"])
        other.store.save_evaluation(replace(made, id=base))
        times = {"chains": 100.0, "accept": seconds}
        guided_result.keep_result(other, GuidedResult(base, seconds=times, base_hash=base))
    assert guided_result.left_s(other, took, "accept") == pytest.approx(2 * 400)
    said = stages_view(GuidedRunView("running", [GuidedRunStage("chains", "Revise", "running", "0 of 320 traces", 61)]))
    assert "is known once a run" in said.html and "1 min 1 s" in said.html and "left" not in said.html


def test_the_clock_of_a_stage_runs_while_its_first_answer_is_awaited(services: Services) -> None:
    heard = threading.Event()
    waits = replace(GuidedRunProgress(), stages=(GuidedRunStage("chains", "Revise", "running", "0 of 3", 5.0, 60.0),))

    def work(stop: threading.Event) -> Iterator[GuidedRunProgress]:
        yield waits
        heard.set()
        stop.wait(20)

    services.guided_run.start(work, waits)
    assert heard.wait(5)
    first = guided_run_status(services).stages[0]
    time.sleep(0.1)
    (then,) = guided_run_status(services).stages
    assert then.seconds is not None and first.seconds is not None and then.seconds >= first.seconds + 0.1
    assert then.left_s is not None and 50 < then.left_s < 60
    services.guided_run.stop()
    assert services.guided_run.wait(5)
    assert guided_run_status(services).stages[0] == replace(waits.stages[0], state="stopped")


def test_what_is_said_of_the_model_is_true_of_the_one_that_is_loaded(services: Services, other: Services) -> None:
    for said in (doors_html, what_html, next_html):
        assert "embedded model" in said(services) and "embedded model" not in said(other)
    assert "revises 320 answers" in what_html(other)


def ended(services: Services, progress: GuidedRunProgress, close: bool = False) -> str:
    """What the page says after a run that had made this was stopped, or closed with the program."""
    begun = threading.Event()

    def work(stop: threading.Event) -> Iterator[GuidedRunProgress]:
        yield progress
        begun.set()
        stop.wait(20)

    services.guided_run.start(work, progress)
    assert begun.wait(5)
    if close:
        services.ask_to_close()
    else:
        services.guided_run.stop()
    assert services.guided_run.wait(5)
    view = stages_view(guided_run_status(services))
    assert view.resumable == bool(progress.example_ids)
    return view.html


def test_a_run_that_was_stopped_says_where_what_is_kept_and_how_it_goes_on(services: Services) -> None:
    running = [replace(one, state="running") if one.key == "chains" else one for one in GuidedRunProgress().stages]
    nothing = replace(GuidedRunProgress(), stages=tuple(running), settings={"seed": 0})
    said = ended(services, nothing)
    assert "Stopped at “Revise answers”. No trace was finished yet" in said and "Go on where" not in said
    states = dict.fromkeys(("chains", "accept", "freeze", "sft"), "done") | {"dpo": "running"}
    stages = tuple(replace(one, state=states.get(one.key, "waiting")) for one in nothing.stages)
    far = replace(nothing, stages=stages, example_ids=("a", "b"), dataset_hash="d", run_ids={"sft": "1", "dpo": "2"})
    said = ended(services, far)
    assert "Stopped at “Train on preferences (DPO)”. Kept: 2 traces, the dataset, the SFT run" in said
    assert "“Go on where it ended” makes what is missing" in said
    said = ended(services, far, close=True)
    assert "The program was closed at “Train on preferences (DPO)”. Kept: 2 traces" in said


def test_a_run_that_was_cut_off_says_so_after_a_restart(services: Services) -> None:
    stages = tuple(replace(one, state="running") for one in GuidedRunProgress().stages[:1])
    cut = replace(GuidedRunProgress(), stages=stages, example_ids=("a",), settings={"seed": 0})
    services.store.set_setting("background.loop", {"state": "running", "error": "", "progress": to_dict(cut)})
    view = stages_view(guided_run_status(services))
    assert "The program was closed at “Revise answers”. Kept: 1 trace." in view.html and view.resumable


def test_a_link_that_leads_nowhere_is_refused(services: Services) -> None:
    with gr.Blocks(), gr.Tabs() as tabs:
        links = Leads()
        links.wire(tabs, {})
    for pressed in ("", "[]", "[1]", '["run","x"]', None):
        with pytest.raises(InputError, match="leads nowhere"):
            links.go(pressed)  # type: ignore[arg-type]


def test_the_guided_run_names_its_variants_by_how_they_were_trained(services: Services) -> None:
    services.store.create_run(
        Run("r1", "guided run SFT", "sft", "done", "d", {}, "me", "2026-01-01T00:00:00+00:00", adapter="run1")
    )
    view = GuidedRunView("done", [], measured(["base", "run1"]), run_ids={"sft": "r1"})
    shown = result_html(services, view)
    assert "After SFT" in shown
    assert 'value="dataset:d">The dataset</button>' in shown
    assert result_html(services, GuidedRunView("done", [])) == ""


def test_a_run_that_is_done_says_in_a_sentence_what_came_of_it() -> None:
    stages = [GuidedRunStage("chains", "Revise answers", "done", seconds=300.0), GuidedRunStage("sft", "Train")]
    said = headline(GuidedRunView("done", stages, measured(["base", "run1"])))
    assert "Done in 5 min" in said and "complied with harmful requests 90 % → 10 %" in said
    assert headline(GuidedRunView("stopped", stages, measured(["base", "run1"]))) == ""
    assert headline(GuidedRunView("done", stages)) == ""


def test_before_the_first_run_all_stages_wait(services: Services) -> None:
    view = stages_view(guided_run_status(services))
    assert view.html.count('data-state="waiting"') >= 5
    assert not view.running


def test_a_result_that_comes_later_is_shown_once(services: Services) -> None:
    with gr.Blocks():
        box = GuidedRunBox(services)
    first = box.work.looks("")
    assert first[box.result] == ""
    mark = next(value for value in first.values() if isinstance(value, str) and value.startswith("False "))
    assert list(box.work.looks(mark).values()) == [mark], "nothing new"


def test_a_name_can_be_taken_and_must_be_one() -> None:
    assert rename(Session("local", "p"), " Ada ") == Session("Ada", "p", named=True)
    with pytest.raises(InputError, match="Name"):
        rename(Session(), "\ud800")


def test_the_scripted_model_is_not_passed_off_as_one(services: Services) -> None:
    assert "No model is loaded" in model.world_html(services)
    assert "Scripted" in model.about_html(services)


def test_a_model_that_is_not_offered_is_refused(services: Services) -> None:
    with pytest.raises(InputError, match="not in the list"):
        model.load_model(services, "evil/model", "", "auto")
    with pytest.raises(InputError, match="Folder"):
        model.load_model(services, model.FOLDER, " ", "auto")


def test_a_server_is_asked_for_its_model_and_needs_an_address(services: Services) -> None:
    with pytest.raises(InputError, match="Address"):
        model.load_model(services, model.ENDPOINT, "", "auto", "", "")
    model.load_model(services, model.ENDPOINT, "", "auto", "http://127.0.0.1:9/v1", "m")
    until = time.monotonic() + 60
    while (status := engine_status(services)).state == "loading":
        assert time.monotonic() < until
        time.sleep(0.01)
    assert status.state == "failed" and "could not be reached" in status.detail
    assert services.settings.endpoint == "http://127.0.0.1:9/v1"
