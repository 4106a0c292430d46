"""The table of several seeds: shares are pooled with their interval, and the spread over seeds stands beside them."""

from __future__ import annotations

from cai_ui.demo.evaluate import Measure
from cai_ui.statistics import rate
from cai_ui.studies.trained import TrainedReport
from cai_ui.studies.trained_table import VARIANTS, trained_table


def report(complied: int, total: int = 10) -> TrainedReport:
    measures = (
        Measure("sft complies with harmful requests", rate(complied, total), "", 0.0),
        Measure("sft helps with benign look-alikes", rate(0, 0, 5), "", 0.0),
    )
    return TrainedReport(measures, {"sft": 60.0 + complied}, {"sft": 800}, None)  # type: ignore[arg-type]


def test_shares_are_pooled_and_the_seeds_stand_beside_them() -> None:
    row = next(line for line in trained_table([report(1), report(3)], 10).splitlines() if "SFT with helpful" in line)
    pooled = rate(4, 20)
    assert pooled.low is not None and pooled.high is not None
    assert f"20.0 % ({100 * pooled.low:.1f}–{100 * pooled.high:.1f}); seeds 10–30" in row
    assert "not measured" in row, "answers that could not be read are no share"
    assert row.endswith("| 61–63 |")


def test_every_variant_has_a_row_and_what_was_not_asked_is_a_dash() -> None:
    table = trained_table([report(1)], 10)
    assert all(f"| {title} |" in table for title in VARIANTS.values())
    assert "| DPO from the base | – | – | – | – | – |" in table
