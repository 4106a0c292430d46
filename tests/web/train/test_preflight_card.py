"""What the check before a run says."""

from __future__ import annotations

from dataclasses import replace

from cai_ui.train.check.estimate import Estimate
from cai_ui.train.check.preflight import PreflightReport
from cai_ui.train.jobs.slices import SliceUse
from cai_ui.web.train import preflight_card, run_card

from .runs import ended, view

ESTIMATE = Estimate(90.0, "size", 5_000_000, 2_000_000_000, 1_000, None, {"start": 4.0, "steps": 86.0})

REPORT = PreflightReport(
    (), (), 12, 2, {}, lengths=(9, 10, 10, 40), limit=512, steps=36, trainable_parameters=1_000,
    modules=("q_proj", "v_proj"), padding="Padding is not learnt.", probes=(), estimate=ESTIMATE,
    decoded_example=(("[INST] <b>How?</b>[/INST]", False), (" Ask first.</s>", True)),
)  # fmt: skip
"""A finished check that lets the run begin."""


def test_the_check_marks_what_is_learnt_and_shows_text_as_text() -> None:
    html = preflight_card.preflight_html(replace(REPORT, warnings=("3 rows are <i>long</i>.",)))
    assert "12 rows, 36 steps, about 1 min 30 s" in html
    assert '<mark class="cai-learnt"> Ask first.&lt;/s&gt;</mark>' in html
    assert "<b>" not in html and "<i>" not in html


def test_a_refusing_check_names_every_problem() -> None:
    html = preflight_card.preflight_html(replace(REPORT, problems=("No rows.", "Rate <0."), decoded_example=()))
    assert "would be refused" in html and "No rows." in html and "Rate &lt;0." in html
    assert "Ready" not in html


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
