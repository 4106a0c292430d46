"""Watching a run: which one, its buttons, and what is sent of what changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from cai_ui.errors import InputError
from cai_ui.records import Dataset
from cai_ui.web.train import run_charts, watch
from cai_ui.web.train.chart_controls import ChartControls
from cai_ui.web.train.tab import TrainTab

from .runs import RUN, ended, view


@pytest.mark.parametrize(
    ("state", "usable"),
    [
        ("queued", [False, True, False]),
        ("running", [True, True, False]),
        ("stopping", [False, False, False]),
        ("interrupted", [False, False, True]),
        ("stopped", [False, False, True]),
        ("failed", [False, False, True]),
        ("done", [False, False, False]),
        ("cancelled", [False, False, False]),
    ],
)
def test_only_buttons_that_can_do_something_can_be_pressed_and_are_shown(state: str, usable: list[bool]) -> None:
    found = watch.buttons(view(ended(state)))[:3]
    assert [update["interactive"] for update in found] == usable
    assert [update["visible"] for update in found] == (usable if state != "stopping" else [True, True, False])


def test_the_chosen_run_is_shown_else_the_active_one_else_the_newest() -> None:
    done, running = ended("done", id="a"), replace(RUN, id="b")
    assert watch.choose_run([done, running], "a") == "a"
    assert watch.choose_run([done, running], "gone") == "b"
    assert watch.choose_run([done], None) == "a"
    assert watch.choose_run([], "a") is None


def as_set(controls: ChartControls) -> dict[Any, Any]:
    look = run_charts.Look()
    return dict(zip(controls.inputs, (look.zoom, look.axis, look.smooth, look.log), strict=True))


def seen_by(box: watch.WatchBox, run_id: str | None = None) -> dict[Any, Any]:
    """What a page that was just opened sends."""
    return {box.run: run_id, **as_set(box.controls), box.probe_step: 0, box.shown: watch.Seen()}


def test_without_runs_nothing_is_renewed(train: TrainTab) -> None:
    assert train.watch._look(seen_by(train.watch)) == {train.watch.shown: gr.skip()}
    services = train.watch.services
    for handler in (watch.stop, watch.cancel, watch.resume):
        with pytest.raises(InputError, match="No run is chosen"):
            handler(services, None)
    assert services.store.runs(trashed=False) == []


def test_only_what_changed_about_a_run_is_sent(train: TrainTab) -> None:
    box, store = train.watch, train.watch.services.store
    data = store.save_dataset(Dataset("d", (), (), (), (), {}, (), {}), "me")
    store.create_run(replace(RUN, state="interrupted", dataset_hash=data.hash))
    first = box._look(seen_by(box))
    assert first[box.run]["value"] == "run-1" and "Press Resume" in first[box.live]
    assert box.probe_step not in first, "there are no answers to choose among"
    again = {**seen_by(box, "run-1"), box.shown: first[box.shown]}
    assert list(box._look(again)) == [box.shown]
    of_another = {**again, box.shown: replace(first[box.shown], run="run-0")}
    assert set(box._look(of_another)) == set(first), "marks of another run hold for none of its pieces"
    store.update_run("run-1", state="done")
    changed = box._look(again)
    assert set(changed) == {box.live, box.run, box.resume, box.shown} and not changed[box.resume]["visible"]


def test_the_slider_follows_the_newest_step_unless_it_was_set_back() -> None:
    assert [watch.probe_slider([0, 5], before, 0)[1] for before in ([], [0], [0, 5])] == [5, 5, 0]
    assert watch.probe_slider([0, 5], [0, 5], 0)[0]["step"] == 5


def test_a_slider_never_ends_before_where_it_stands() -> None:
    slider, place = watch.probe_slider([0], [], 120)
    assert place == 0 and slider["maximum"] == 120, "the page may still send 120, which Gradio checks"
    assert watch.probe_slider([0, 5], [0], 0)[0]["maximum"] == 5
