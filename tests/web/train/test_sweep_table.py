"""Runs of a sweep in one table."""

from __future__ import annotations

from dataclasses import replace

from cai_ui.records import Run
from cai_ui.web.train.sweep_table import sweeps, sweeps_html, varied

ONE = Run(
    "run-1", "a", "dpo", "done", "d" * 64, {"rank": 4, "beta": 0.1}, "me", "", group="<s>",
    summary={"best_held_out_loss": 0.5, "best_step": 20, "last_loss": 0.25, "seconds": 61.0},
)  # fmt: skip
TWO = replace(ONE, id="run-2", config={"rank": 8, "beta": 0.1}, summary={"best_held_out_loss": 0.4, "last_loss": 0.75})
ALONE = replace(ONE, id="run-3", group="")


def test_what_was_changed_stands_beside_what_came_of_it() -> None:
    html = sweeps_html([TWO, ONE, ALONE], {"run-1": [{"step": 5, "eval_rewards/accuracies": 0.9}]})
    assert "<s>" not in html and "&lt;s&gt;: 2 runs" in html
    assert "<th>Rank</th>" in html and "Beta" not in html, "only what differs is named"
    assert html.index("<td>4</td>") < html.index("<td>8</td>") and html.count("<tr>") == 3
    assert "<strong>0.4 (lowest)</strong>" in html and "0.5 (lowest)" not in html
    assert "<td>90%</td>" in html and "1 min 1 s" in html


def test_what_is_missing_is_a_dash_and_marks_nothing() -> None:
    waiting = [replace(run, state="queued", summary={}) for run in (ONE, TWO)]
    html = sweeps_html(waiting, {})
    assert "lowest)" not in html and html.count("<td>–</td>") == 2 * 6


def test_a_single_run_is_no_sweep() -> None:
    assert sweeps([ONE, ALONE]) == {} and sweeps_html([ONE, ALONE], {}) == ""
    assert varied([ONE, TWO]) == ["rank"]


def test_variants_go_by_their_names_and_losses_of_two_methods_are_not_compared() -> None:
    variants = [
        replace(ONE, method="sft", name="variants: SFT alone"),
        replace(TWO, name="variants: DPO from the base"),
    ]
    html = sweeps_html(variants, {})
    assert "<th>Variant</th>" in html and "<td>SFT alone</td>" in html and "<td>DPO from the base</td>" in html
    assert "lowest)" not in html
