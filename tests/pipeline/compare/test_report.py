"""The report of an evaluation holds what a reader needs, and every number of it is that of the records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.errors import NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare.report import report_html

HOSTILE = "<script>alert(1)</script> & \u2028 {0} %s"


def answered(variant: str, number: int, said: str, kind: str = "harmful") -> dict[str, Any]:
    return {
        "variant": variant, "prompt_id": f"p{number}", "kind": kind, "prompt": f"Request {number} {HOSTILE}",
        "answer": said, "outcome": "refused" if said.startswith("No") else "complied", "tokens": 3, "finish": "end",
        "complied": not said.startswith("No"), "refused": said.startswith("No"), "helped": None, "adapter_hash": None,
    }  # fmt: skip


@pytest.fixture
def kept(services: Services) -> str:
    """Twelve requests that one model refuses ten times oftener than the other; the second's run is not here."""
    from cai_ui.records import Evaluation, VariantResult
    from cai_ui.statistics import rate

    rows = [answered("base", n, "Yes, first …") for n in range(12)]
    rows += [answered("run-0", n, f"No. {HOSTILE}" if n < 10 else "Yes …") for n in range(12)]
    results = tuple(
        VariantResult(variant, "harmful", rate(12 - refused, 12), rate(0, 0), rate(refused, 12), 3.0, adapter)
        for variant, refused, adapter in (("base", 0, None), ("run-0", 10, "a" * 64))
    )
    made = Evaluation("", results, tuple(rows), {"seed": 0, "per_kind": 12}, "phrases, version 1", name="Ours <b>")
    return services.store.save_evaluation(made).id


def test_it_says_what_was_found_with_its_uncertainty_and_its_limits(services: Services, kept: str) -> None:
    page = report_html(services.store, kept)
    assert "harmful: complied by run-0 83 points less than by the base (-100 to " in page
    assert "is not likely to be chance (p = 0.002)" in page
    assert "<h1>Ours &lt;b&gt;</h1>" in page and "What do the base, run-0 do with the same 12 requests?" in page
    assert "17% <small>" in page and "2 of 12" in page
    assert "did not (12)" in page and page.count("<article>") == 3 + 3 + 2
    assert "kappa with people" in page or "was not measured" in page
    assert "not known here" in page, "a run that is not here is said to be"
    assert "<td>model, libraries and this program</td><td>not recorded</td>" in page and "<td>torch</td>" not in page


def test_versions_are_those_it_was_made_with(services: Services, kept: str) -> None:
    """Not those of the process that writes the report."""
    from dataclasses import replace

    from cai_ui.records import MadeWith

    made = MadeWith("<model>", "b" * 64, {"torch": "1.0.0 <i>", "python": "3.11"}, {}, "cpu", "abc")
    services.store.save_evaluation(replace(services.store.evaluation(kept), made_with=made))
    assert services.store.evaluation_head(kept).made_with == services.store.evaluation(kept).made_with == made
    page = report_html(services.store, kept)
    assert "<td>torch</td><td>1.0.0 &lt;i&gt;</td>" in page and "&lt;model&gt;" in page and "not recorded" not in page


def test_nothing_of_a_text_runs_and_nothing_is_asked_of_others(services: Services, kept: str) -> None:
    page = report_html(services.store, kept)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.findall(r"(?:src|href)\s*=|@import|url\(", page)


def test_the_command_writes_it_and_names_what_is_not_there(
    services: Services, kept: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, file = services.settings.home, tmp_path / "report.html"
    with pytest.raises(NotFoundError):
        report_html(services.store, "none")
    services.close()
    assert main(["evaluations", "report", "latest", "--out", str(file), "--home", home]) == 0
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["evaluations", "report", "none", "--out", str(file), "--home", home]) == 2
    assert "Report:" in capsys.readouterr().out
