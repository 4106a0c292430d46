"""How far annotators agree, with one another and with the model, and which share of the examples two of them judge."""

from __future__ import annotations

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.curate.agreement import AgreementReport, double_share, measure_agreement, set_double_share
from cai_ui.statistics.agreement import Agreement
from cai_ui.web.curate import words
from cai_ui.web.kit import charts
from cai_ui.web.kit.chart_scale import Point
from cai_ui.web.kit.events import ASIDE, SLOW
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import esc, table

_MOST_PAIRS = 12


def agreement_html(report: AgreementReport) -> str:
    """Agreement between people and with the model, as a table; undefined is said with its reason."""
    found = [(words.ALL_ANNOTATORS, report.overall)]
    found += [(f"{one} and {other}", pair) for one, other, pair in report.per_pair[:_MOST_PAIRS]]
    found += [(f"{words.PRINCIPLE} {id}", one) for id, one in report.per_principle]
    found += [(words.PEOPLE_MODEL, report.with_model)]
    found += [(f"{annotator} and model", one) for annotator, one in report.per_rater_with_model]
    rows = table(words.AGREEMENT_COLUMNS, ((name, *_cells(agreement)) for name, agreement in found))
    return rows + _calibration_html(report)


def _cells(found: Agreement) -> tuple[str, str, str, str]:
    interval = f" ({found.low:.2f} to {found.high:.2f})" if found.low is not None else ""
    value = f"undefined: {found.why}"
    if found.value is not None:
        value = f"{found.value:.2f}{interval}" + (f"; {found.why}" if found.why else "")
    return found.measure, value, "–" if found.same is None else f"{found.same:.0%}", f"{found.units:,}"


def _calibration_html(report: AgreementReport) -> str:
    if report.calibration_error is None:
        return f'<p class="muted">{esc(words.NO_CALIBRATION)}</p>'
    points: list[Point] = [(bar.mean, bar.people) for bar in report.calibration if bar.mean is not None]
    series = [
        charts.Series(words.PEOPLE, points, "accent"),
        charts.Series(words.CALIBRATED, [(0.0, 0.0), (1.0, 1.0)], "muted"),
    ]
    chart = charts.line_chart(words.CALIBRATION, series, words.CALIBRATION_AXIS, True)
    bias = "" if report.order_bias is None else f" Order bias: {report.order_bias:+.2f} (0 is none)."
    said = f"Expected calibration error {report.calibration_error:.2f}.{bias}"
    return f'<div class="cai-charts">{chart}</div><p class="muted">{esc(said)}</p>'


class AgreementBox:
    """The share of examples that two people judge, and the measurement."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.AGREEMENT, open=False, elem_id="curate-agreement-box"):
            gr.HTML(f'<p class="muted narrow">{esc(words.AGREEMENT_WHAT)}</p>')
            self.share = gr.Slider(0, 1, double_share(services), step=0.05, label=words.SHARE, elem_id="curate-share")
            self.share_said = gr.HTML(elem_id="curate-share-said")
            with gr.Row(elem_classes="toolbar"):
                self.measure = gr.Button(words.MEASURE, elem_id="curate-measure", scale=0)
            self.report = gr.HTML(elem_id="curate-agreement")

    def wire(self) -> None:
        """Connect it."""
        self.measure.click(bind(self.look), None, [self.report], **SLOW)
        self.share.release(bind(self.keep_share), [self.share], [self.share_said], **ASIDE)

    def look(self) -> str:
        """The agreement as it is now."""
        return agreement_html(measure_agreement(self.services))

    def keep_share(self, share: float) -> str:
        """Keep which share two people are to judge; says so."""
        set_double_share(self.services, float(share or 0))
        return f'<p class="muted" data-said>{float(share or 0):.0%} of the examples are judged by two people.</p>'
