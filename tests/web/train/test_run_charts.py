"""The curves of a run, and of several."""

from __future__ import annotations

from dataclasses import replace

from cai_ui.web.train import run_charts

from .runs import PROBES, RUN, view


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
