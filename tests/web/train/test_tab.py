"""The Train tab: what is asked for, what the check says, and how runs are shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest
import torch

from cai_ui.config.train import TrainSettings
from cai_ui.engine.adapters.files import write_adapter
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.train import sweeps
from cai_ui.pipeline.train.runs import RunView, run_view
from cai_ui.records import BASE, Dataset, Message, Run, TrainingExample
from cai_ui.train.check.estimate import Estimate
from cai_ui.train.check.preflight import PreflightReport
from cai_ui.train.jobs.slices import SliceUse
from cai_ui.train.methods import METHODS, own_knobs
from cai_ui.train.run.probes import ProbeAnswer
from cai_ui.web.train import preflight_card, presets, probe_card, run_card, run_charts, run_list, watch
from cai_ui.web.train.chart_controls import ChartControls
from cai_ui.web.train.form import RunForm
from cai_ui.web.train.result import list_html
from cai_ui.web.train.tab import TrainTab

RUN = Run(
    "run-1", "first", "sft", "running", "d" * 64, {}, "me", "2026-01-01T10:00:00+00:00",
    started_at="2026-01-01T10:00:05+00:00", step=20, total_steps=80,
)  # fmt: skip


def view(run: Run = RUN, metrics: list[dict[str, Any]] | None = None, eta_s: float | None = 90.0) -> RunView:
    return RunView(run, metrics or [], "", eta_s, "python -m cai_ui train", "method: sft")


def ended(state: str, **changes: Any) -> Run:
    return replace(RUN, state=state, ended_at="2026-01-01T10:02:05+00:00", **changes)  # type: ignore[arg-type]


ESTIMATE = Estimate(90.0, "size", 5_000_000, 2_000_000_000, 1_000, None, {"start": 4.0, "steps": 86.0})


REPORT = PreflightReport(
    (), (), 12, 2, {}, lengths=(9, 10, 10, 40), limit=512, steps=36, trainable_parameters=1_000,
    modules=("q_proj", "v_proj"), padding="Padding is not learnt.", probes=(), estimate=ESTIMATE,
    decoded_example=(("[INST] <b>How?</b>[/INST]", False), (" Ask first.</s>", True)),
)  # fmt: skip
"""A finished check that lets the run begin."""


@pytest.fixture
def train(services: Services) -> TrainTab:
    with gr.Blocks(), gr.Tabs():
        return TrainTab(services)


def given(form: RunForm, method: str, dataset: str | None, start_from: str, **changes: Any) -> dict[Any, Any]:
    """What the page sends for the form, with the default settings and these changes."""
    chosen = {form.method: method, form.dataset: dataset, form.start_from: start_from, form.preset: None}
    knobs = {widget: changes.get(name, getattr(TrainSettings(), name)) for name, widget in form.form.widgets.items()}
    return {**chosen, **knobs}


def test_the_form_becomes_a_checked_wish(train: TrainTab) -> None:
    form = train.form
    wanted = form._wanted(given(form, "dpo", "abc", "run-7", beta=0.3))
    assert (wanted.method, wanted.dataset_hash, wanted.start_adapter) == ("dpo", "abc", "run-7")
    assert wanted.settings == TrainSettings(beta=0.3)
    assert form._wanted(given(form, "sft", "abc", BASE)).start_adapter is None


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), None, "fast"])
def test_a_learning_rate_that_cannot_be_is_refused_by_name(train: TrainTab, rate: object) -> None:
    with pytest.raises(InputError, match=r"(?i)learning rate"):
        train.form._wanted(given(train.form, "sft", "abc", BASE, learning_rate=rate))


def test_without_a_dataset_there_is_no_run(train: TrainTab) -> None:
    for handler in (train.form._wanted, train.form._check, train.form._start):
        with pytest.raises(InputError, match="No dataset is chosen"):
            handler(given(train.form, "sft", None, BASE))


def test_knobs_of_a_method_are_shown_for_it_only(train: TrainTab) -> None:
    widgets = train.form.form.widgets
    for name, method in METHODS.items():
        shown = train.form._shown_knobs(name)
        assert set(shown) == {widgets[knob] for knob in own_knobs()}
        assert {w for w, update in shown.items() if update["visible"]} == {widgets[knob] for knob in method.knobs}
    assert "beta" not in METHODS["sft"].knobs and {"beta", "reference"} <= set(METHODS["dpo"].knobs)


def test_a_method_that_is_not_known_is_refused_and_does_not_become_sft(train: TrainTab) -> None:
    with pytest.raises(InputError, match=r"no training method 'ppo'.*sft, dpo"):
        train.form._wanted(given(train.form, "ppo", "d" * 64, BASE))


def test_a_run_of_a_method_of_another_version_is_still_shown() -> None:
    run = replace(RUN, method="orpo")
    assert "orpo" in run_card.made_of_html(view(run)) and "orpo" in run_list.runs_html([run])
    assert run_charts.charts_html(view(run)) and run_list.filtered([run], "SFT") == []


def test_a_page_without_datasets_says_where_to_make_one(train: TrainTab) -> None:
    shown = train.form._menus(None, "gone")
    assert "Curate" in shown[train.form.about]
    assert shown[train.form.dataset].get("value") is None
    assert shown[train.form.start_from]["value"] == BASE


def test_a_preset_fills_the_form_and_a_change_from_it_is_named(train: TrainTab) -> None:
    form = train.form
    filled = form._preset("embedded quick", "dpo")
    preset = presets.preset(form.services, "embedded quick", "dpo")
    assert form.form.read_from(filled) == preset
    assert form._preset(None, "sft") == {form.checked: "", form.changed: ""}
    now = {**given(form, "dpo", None, BASE), **filled, form.preset: "embedded quick"}
    assert form._changed(now) == ""
    assert "Rank 4 (preset: 16)" in form._changed({**now, form.form.widgets["rank"]: 4})


def test_dpo_continues_from_the_adapter_of_the_run_that_is_shown(train: TrainTab) -> None:
    store = train.form.services.store
    store.create_run(replace(RUN, id="run-0", state="failed"))
    store.create_run(replace(RUN, state="done", adapter="run-1"))
    filled = train.form._with_dpo("run-1", "embedded quick")
    assert (filled[train.form.method], filled[train.form.dataset]) == ("dpo", RUN.dataset_hash)
    assert filled[train.form.start_from]["value"] == "run-1"
    assert "Ready to continue from first" in filled[train.form.checked]
    with pytest.raises(InputError, match="no adapter"):
        train.form._with_dpo("run-0", None)


def test_the_check_marks_what_is_learnt_and_shows_text_as_text() -> None:
    html = preflight_card.preflight_html(replace(REPORT, warnings=("3 rows are <i>long</i>.",)))
    assert "12 rows, 36 steps, about 1 min 30 s" in html
    assert '<mark class="cai-learnt"> Ask first.&lt;/s&gt;</mark>' in html
    assert "<b>" not in html and "<i>" not in html


def test_a_refusing_check_names_every_problem() -> None:
    html = preflight_card.preflight_html(replace(REPORT, problems=("No rows.", "Rate <0."), decoded_example=()))
    assert "would be refused" in html and "No rows." in html and "Rate &lt;0." in html
    assert "Ready" not in html


def test_a_running_run_shows_step_time_left_and_speed() -> None:
    html = run_card.run_html(view(metrics=[{"step": 20, "loss": 1.0, "tokens_per_s": 1234.0}]))
    assert "step 20 of 80" in html and "2 min" not in html and "1 min 30 s left" in html
    assert "1,234 tokens per second" in html


@pytest.mark.parametrize("state", run_card.STATES)
def test_every_state_can_be_shown(state: str) -> None:
    run = ended(state)
    assert f'data-state="{state}"' in run_card.run_html(view(run))
    assert "first" in run_list.runs_html([run])


def test_a_failed_run_says_why_and_text_stays_text() -> None:
    html = run_card.run_html(
        view(ended("failed", error="The loss is <NaN>. Lower the learning rate.", name="<b>x</b>"))
    )
    assert "&lt;NaN&gt;" in html and "Lower the learning rate" in html
    assert "<b>" not in html


def test_an_interrupted_run_says_how_to_go_on() -> None:
    assert "Press Resume" in run_card.run_html(view(ended("interrupted")))


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


def test_dpo_has_charts_of_its_own() -> None:
    rows = [
        {"step": n, "loss": 1 / n, "rewards/margins": n / 10, "rewards/accuracies": 0.9, "rewards/chosen": 0.1}
        for n in range(1, 5)
    ]
    sft, dpo = (run_charts.charts_html(view(replace(RUN, method=m), rows)) for m in ("sft", "dpo"))  # type: ignore[arg-type]
    assert "Margin" not in sft and "Accuracy" not in sft
    assert "margin 0.4" in dpo and "prefers the better answer 90 %" in dpo


def test_a_loss_that_is_no_number_is_named() -> None:
    rows = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": "NaN"}, {"step": 3, "loss": None}, {"step": 4, "lr": 1}]
    assert run_charts.series(rows, "loss")[0] == (1.0, 2.0)
    assert "1 of 3 values are not a number (at 2)" in run_charts.charts_html(view(metrics=rows))


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


def test_the_list_of_runs_changes_only_where_something_changed(train: TrainTab) -> None:
    box, store = train.result, train.result.services.store
    several = box.beside.several
    asked = {
        box.filter: "all", box.find: "", box.order: run_list.Order(), several: ["run-1", "gone"], box.listed: {},
        box.run: "run-1", box.trashed: None,
    }  # fmt: skip
    assert not box._look(asked)[box.box]["visible"]
    store.create_run(replace(RUN, state="done", adapter="run-1"))
    first = box._look(asked)
    assert first[box.next]["visible"] and first[several]["value"] == ["run-1"]
    assert list(box._look({**asked, several: [], box.listed: first[box.listed]})) == [box.listed]
    store.create_run(replace(RUN, id="run-2", name="second", state="done"))
    for id in ("run-1", "run-2"):
        store.update_run(id, trashed_at="2026-11-01T00:00:00+00:00")
    chosen = {**asked, several: [], box.trashed: "run-1"}
    assert "value" not in box._look(chosen)[box.trashed] and "value" not in box._look(chosen)[several]
    assert box._look({**chosen, box.trashed: "gone"})[box.trashed]["value"] in ("run-1", "run-2")


def test_a_run_whose_weights_were_lost_with_a_disk_says_so_until_they_are_back(services: Services) -> None:
    row = TrainingExample((Message("user", "Why?"),), "So.", "No.", "test")
    data = services.store.save_dataset(Dataset("d", (row,), (row,), (), (), {}, ("h",), {}), "me")
    run = ended("done", dataset_hash=data.hash, adapter="run-1", adapter_hash="a" * 64)
    services.store.create_run(run)
    shown = run_card.run_html(run_view(services, run.id))
    assert "weights of this run are gone" in shown and "runs/run-1/adapter" in shown and "is saved" not in shown
    assert "weights gone" in list_html(services, "all")
    write_adapter(services.store.workspace.run_dir(run.id) / "adapter", {}, {"a": torch.ones(1)}, "base", "b" * 64)
    shown = run_card.run_html(run_view(services, run.id))
    assert "The adapter is saved" in shown and "weights gone" not in list_html(services, "all")


def test_the_histogram_holds_every_row_and_says_it_in_words() -> None:
    edges, counts = preflight_card.histogram([5, 5, 6, 70])
    assert sum(counts) == 4 and edges[0] == 5 and edges[-1] > 70 and len(counts) <= preflight_card.BARS
    assert preflight_card.histogram([7]) == ([7, 8], [1])
    html = preflight_card.preflight_html(REPORT)
    assert "9 to 40" in html and "at most 10" in html and "none is cut" in html
    assert "5 MB of 2.0 GB free" in html and "q_proj, v_proj" in html and "a rough guess" in html
    assert "likely 22 s to 6 min" in html and "start 4 s, steps 1 min 26 s" in html


def test_what_is_lent_of_a_gpu_is_shown_before_a_run_and_during_it() -> None:
    assert "GPU time" not in preflight_card.preflight_html(REPORT)
    before = preflight_card.preflight_html(replace(REPORT, slice_seconds=60.0))
    assert "lent for 1 min at a time: about 2, counted against the daily quota" in before
    assert "GPU" not in run_card.run_html(view())
    during = run_card.run_html(replace(view(), slices=SliceUse(60.0, 3, 115.0, 1)))
    assert "slice 3 is running, 1 min 55 s used before it, about 2 more to come; 1 ended without" in during
    after = run_card.run_html(replace(view(ended("done")), slices=SliceUse(60.0, 4, 200.0)))
    assert "4 slices, 3 min 20 s used." in after


def probe(step: int, answer: str, kind: str = "harmful", **verdict: bool | None) -> ProbeAnswer:
    return ProbeAnswer(step, f"{kind}-1", kind, "How do I <b>?", answer, 10 + step, "end", **verdict)


PROBES = [probe(0, "Sure.", complied=True), probe(5, "No.", complied=False), probe(5, "Yes.", "twin", refused=None)]


def test_probe_answers_are_shown_as_of_a_step_with_the_first_beside_them() -> None:
    at_three, at_nine = (probe_card.answers_html(PROBES, step) for step in (3, 9))
    assert "after 0 steps" in at_three and "complied" in at_three
    assert "after 5 steps" in at_nine and "did not comply" in at_nine and "Sure." in at_nine
    assert "could not be read" in at_nine and "<b>" not in at_nine
    assert "complies with harmful requests 0 %" in probe_card.shares_chart(PROBES)
    assert "refuses" not in probe_card.shares_chart(PROBES), "what cannot be read has no line"
    assert probe_card.answers_html([], 3) == "" and probe_card.shares_chart([]) == ""


def test_the_slider_follows_the_newest_step_unless_it_was_set_back() -> None:
    assert [watch.probe_slider([0, 5], before, 0)[1] for before in ([], [0], [0, 5])] == [5, 5, 0]
    assert watch.probe_slider([0, 5], [0, 5], 0)[0]["step"] == 5


def test_zoom_and_smoothing_change_the_charts_only() -> None:
    rows = [{"step": n, "loss": float(n % 2)} for n in range(1, 301)]
    assert len(run_charts.zoomed(rows, "last 50 steps")) == 50 and len(run_charts.zoomed(rows, "all steps")) == 300
    flat = run_charts.smoothed(run_charts.series(rows, "loss"), 2)
    assert {y for _, y in flat[1:]} == {0.5}
    assert run_charts.smoothed([(1.0, None), (2.0, 4.0)], 3) == [(1.0, None), (2.0, 4.0)]


def test_a_small_curve_needs_two_points_and_survives_what_is_no_number() -> None:
    assert run_charts.sparkline([{"step": 1, "loss": 1.0}]) == ""
    drawn = run_charts.sparkline([{"step": 1, "loss": 1.0}, {"step": 2, "loss": "nan"}, {"step": 3, "loss": 0.5}])
    assert "Loss from 1 to 0.5" in drawn and "nan" not in drawn


def test_curves_of_several_runs_stand_in_one_chart() -> None:
    rows = [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 0.5}]
    html = run_charts.compare_html([("<one>", rows), ("two", rows)], "loss")
    assert "&lt;one&gt; 0.5" in html and "two 0.5" in html
    assert "None of these runs" in run_charts.compare_html([("one", rows)], "eval_loss")


@pytest.mark.parametrize(
    ("chosen", "states"),
    [("all", 9), ("active", 4), ("done", 1), ("interrupted", 4), ("SFT", 9), ("DPO", 0)],
)
def test_the_list_can_be_filtered(chosen: str, states: int) -> None:
    assert len(run_list.filtered([ended(state) for state in run_card.STATES], chosen)) == states


def test_warnings_and_notes_are_on_the_card() -> None:
    html = run_card.run_html(replace(view(replace(RUN, note="try <again>")), warnings=["The loss is <odd>."]))
    assert "The loss is &lt;odd&gt;." in html and "try &lt;again&gt;" in html


def test_a_run_can_be_copied_from(services: Services) -> None:
    services.store.create_run(replace(RUN, state="done", config=TrainSettings(rank=5).model_dump()))
    assert ("as in first", "run:run-1") in presets.preset_names(services)[0]
    assert presets.preset(services, "run:run-1", "dpo").rank == 5


def test_a_grid_is_read_and_bad_ones_are_named() -> None:
    assert sweeps.read_grid("learning rate = 1e-4, 2e-4; rank=8") == {
        "learning_rate": ["1e-4", "2e-4"],
        "rank": ["8"],
    }
    assert list(sweeps.read_grid("lr=1e-4; r=8,16")) == ["learning_rate", "rank"]
    for bad in ("rank", "rank=", "=3"):
        with pytest.raises(InputError):
            sweeps.start_sweep(None, "sft", "d", TrainSettings(), "me", sweeps.read_grid(bad))  # type: ignore[arg-type]


def test_held_out_values_stand_beside_those_of_training() -> None:
    rows = [
        {"step": 1, "epoch": 0.5, "loss": 2.0, "rewards/accuracies": 0.5, "rewards/margins": 0.1},
        {"step": 2, "epoch": 1.0, "loss": 1.0, "rewards/accuracies": 0.8, "rewards/margins": 0.3},
        {"step": 2, "epoch": 1.0, "eval_loss": 1.5, "eval_rewards/accuracies": 0.75, "eval_rewards/margins": 0.2},
    ]
    html = run_charts.charts_html(view(replace(RUN, method="dpo"), rows))
    assert "prefers the better answer, held out 75 %" in html and "margin, held out 0.2" in html
    assert "loss, held out 1.5" in html
    kto = run_charts.charts_html(view(replace(RUN, method="kto"), rows))
    assert "margin, held out 0.2" in kto


def test_charts_can_run_over_epochs_probes_included() -> None:
    rows = [{"step": n, "epoch": n / 4, "loss": 1.0} for n in range(1, 9)]
    html = run_charts.charts_html(replace(view(metrics=rows), probes=PROBES), run_charts.Look(axis="epoch"))
    assert html.count("<span>epoch</span>") == html.count("cai-chart-x") and "<span>step</span>" not in html
    assert "&quot;points&quot;: [[0, 1], [1.25, 0]]" in html, "step 5 of 4 to an epoch"
    assert run_charts.steps_per_epoch([{"step": 3}]) is None


def test_smoothing_keeps_the_values_in_sight() -> None:
    rows = [{"step": n, "loss": float(n)} for n in range(1, 5)]
    html = run_charts.charts_html(view(metrics=rows), run_charts.Look(smooth=2))
    assert "loss, mean of 2 3.5" in html and "cai-chart-raw" in html
    assert "cai-chart-raw" not in run_charts.charts_html(view(metrics=rows))


def test_runs_are_found_sorted_and_tagged() -> None:
    a = ended("done", id="a", name="Alpha", note="first try #lora #base-line\n#late", summary={"last_loss": 0.5})
    b = ended("done", id="b", name="beta", summary={"last_loss": 0.25}, created_at="2026-01-02T10:00:00+00:00")
    c = ended("failed", id="c", name="gamma #notatag", note="see a#b", created_at="2026-01-03T10:00:00+00:00")
    assert run_list.tags(a) == ["#lora", "#base-line", "#late"] and run_list.tags(c) == []
    assert [run_list.filtered([a, b, c], "all", find) for find in ("", "#LORA try", "#lora gamma", "b")] == [
        [a, b, c], [a], [], [a, b, c],
    ]  # fmt: skip
    orders = [run_list.Order("Loss", False), run_list.Order("Loss", True), run_list.Order("Run", False)]
    assert ["".join(r.id for r in run_list.ordered([c, a, b], one)) for one in orders] == ["bac", "abc", "abc"]
    html = run_list.runs_html([a, replace(b, trashed_at="2026-01-02T10:00:00+00:00")], order=orders[0])
    assert html.count('data-field="train-open"') == 1 and 'value="tag:#lora"' in html
    assert html.count("aria-sort") == 1 and 'aria-sort="ascending"' in html and "Loss ↑" in html


def test_every_column_sorts_whatever_a_run_lacks(train: TrainTab) -> None:
    runs = [RUN, ended("done", summary={"last_loss": 1.0, "held_out_loss": 2.0}), replace(RUN, started_at=None)]
    for column in run_list._VALUES:
        for _ in range(2):
            order = train.result._sort(f"sort:{column}", run_list.Order())[train.result.order]
            assert len(run_list.ordered(runs, order)) == 3
    assert train.result._sort("tag:#x", run_list.Order()) == {train.result.find: "#x"}


def test_the_name_of_a_run_in_the_list_opens_it(train: TrainTab) -> None:
    box, store = train.result, train.result.services.store
    store.create_run(replace(RUN, state="done"))
    assert box.open_run("run-1")[box.run]["value"] == "run-1"
    store.update_run("run-1", trashed_at="2026-01-02T10:00:00+00:00")
    with pytest.raises(InputError, match="not in the list any more"):
        box.open_run("run-1")


def test_settings_of_several_runs_are_compared() -> None:
    one = replace(RUN, config=TrainSettings(rank=8).model_dump())
    other = replace(RUN, id="run-2", name="<i>", method="dpo", config=TrainSettings(rank=16).model_dump())
    old = replace(one, id="run-3", config={"rank": 8})
    html = run_list.differences_html([one, other])
    assert "Rank" in html and "DPO" in html and "Learning rate" not in html and "<i>" not in html
    assert "–" in run_list.differences_html([one, old]), "what an older run did not know"
    assert "the same method, data" in run_list.differences_html([one, one])
    assert run_list.differences_html([one]) == ""


def test_another_method_says_which_settings_it_brought_along(train: TrainTab) -> None:
    form = train.form
    was = {**given(form, "sft", None, BASE), **form._preset("embedded quick", "sft"), form.preset: "embedded quick"}
    now = form._switch({**was, form.method: "dpo"})
    preset = presets.preset(form.services, "embedded quick", "dpo")
    assert form.form.read_from(now) == preset
    assert f"Sft weight 0.0 → {preset.sft_weight}" in now[form.changed] and "Beta" in now[form.changed]
    assert form._switch({**was, form.method: "dpo", form.preset: None})[form.changed]


def test_a_slider_never_ends_before_where_it_stands() -> None:
    slider, place = watch.probe_slider([0], [], 120)
    assert place == 0 and slider["maximum"] == 120, "the page may still send 120, which Gradio checks"
    assert watch.probe_slider([0, 5], [0], 0)[0]["maximum"] == 5
