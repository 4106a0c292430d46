"""The data checks over the queue: what they found, what to do about it, and the examples behind each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import linting
from cai_ui.web.curate import words
from cai_ui.web.kit import charts
from cai_ui.web.kit.events import SLOW
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Kind, empty_state, esc, pill

if TYPE_CHECKING:
    from cai_ui.curate.lint import LintFinding, LintReport

_WEIGHTS: dict[str, Kind] = {"error": "bad", "warning": "warn", "note": "neutral"}


def report_html(report: LintReport) -> str:
    """Each finding with its numbers, what to do, and a button that shows the rows; then the lengths."""
    if not report.rows:
        return empty_state(*words.NOT_CHECKED)
    rows = "".join(map(_finding_html, report.findings))
    head = f"{report.rows:,} examples checked; checks with findings: {len(report.findings)}."
    return f'<p class="muted">{esc(head)}</p><ul class="cai-findings">{rows}</ul>{lengths_html(report)}'


def lengths_html(report: LintReport) -> str:
    """How long the answers of each kind are."""
    series = [
        charts.Series(words.LENGTHS.get(kind, kind), list(enumerate(shares)), charts.colour_of(place))
        for place, (kind, shares) in enumerate(report.lengths.items())
    ]
    chart = charts.line_chart(words.LENGTHS_TITLE, series, words.LENGTHS_AXIS, True)
    steps = ", ".join(f"{edge}+" for edge in report.edges)
    return f'<div class="cai-charts">{chart}</div><p class="muted">{esc(words.LENGTHS_STEPS)}: {esc(steps)}</p>'


def _finding_html(finding: LintFinding) -> str:
    show = ""
    if finding.rows:
        said = f"Show {len(finding.rows):,}"
        show = f'<button type="button" class="cai-link" data-curate="finding:{esc(finding.code)}">{said}</button>'
    return (
        f"<li>{pill(finding.weight, _WEIGHTS[finding.weight])}<div><strong>{esc(finding.title)}</strong>"
        f'<span dir="auto">{esc(finding.detail)}</span><span class="muted">{esc(finding.advice)}</span></div>'
        f"{show}</li>"
    )


class ChecksBox:
    """One button and its report, whose entries lead into the queue."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.CHECKS, open=False, elem_id="curate-checks"):
            gr.HTML(f'<p class="muted narrow">{esc(words.CHECKS_WHAT)}</p>')
            with gr.Row(elem_classes="toolbar"):
                self.run = gr.Button(words.CHECK, elem_id="curate-check", scale=0)
            self.report = gr.HTML(empty_state(*words.NOT_CHECKED), elem_id="curate-findings")

    def wire(self) -> gr.events.Dependency:
        """Connect it; gives the event after which the queue can be filtered by new findings."""
        return self.run.click(bind(self.check), None, [self.report], **SLOW)

    def check(self) -> str:
        """Run the data checks over the queue; what they found, as HTML."""
        return report_html(linting.lint_queue(self.services))
