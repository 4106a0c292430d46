"""What is to be known of the data before training: the data checks, how far raters agree, a model's own labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from cai_ui.config import LabelSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import labels, linting
from cai_ui.pipeline.curate.agreement import AgreementReport, double_share, measure_agreement, set_double_share
from cai_ui.store import QueueFilter
from cai_ui.web.kit import charts
from cai_ui.web.kit.forms import Form, build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import Kind, empty_state, esc, notice, pill, progress_bar
from cai_ui.web.session import Session, SessionParts

if TYPE_CHECKING:
    from cai_ui.curate.lint import LintFinding, LintReport
    from cai_ui.statistics.agreement import Agreement

WHAT = (
    "Looks for faults in all examples that are not rejected: leaked texts, duplicates, cut ends, private data and "
    "more. Nothing is changed; show the rows and decide."
)
AGREEMENT_WHAT = (
    "People who judge the same example do not see each other's verdict. Agreement is corrected for chance: 1 is full, "
    "0 is what chance gives."
)
LABELS_WHAT = (
    "The model in use says which of two answers it prefers under preference principles, in both orders. Labels sort "
    "the queue (least certain first), can set pairs aside when a dataset is frozen, and can be carried as soft labels."
)
NOT_CHECKED = empty_state("Not checked yet", "Press the button; 10,000 examples take a few seconds.")
_WEIGHTS: dict[str, Kind] = {"error": "bad", "warning": "warn", "note": "neutral"}
_MOST_PAIRS = 12


# Handlers


def check(services: Services) -> str:
    """Run the data checks over the queue; what they found, as HTML."""
    return report_html(linting.lint_queue(services))


def report_html(report: LintReport) -> str:
    """Each finding with its numbers, what to do, and a button that shows the rows; then the lengths."""
    if not report.rows:
        return NOT_CHECKED
    rows = "".join(map(_finding_html, report.findings))
    head = f"{report.rows:,} examples checked: {len(report.findings)} kinds of findings."
    return f'<p class="muted">{esc(head)}</p><ul class="cai-findings">{rows}</ul>{lengths_html(report)}'


def lengths_html(report: LintReport) -> str:
    """How long the answers of each kind are."""
    names = {
        "harmful": "answers to harmful requests",
        "helpful": "answers to helpful requests",
        "rejected": "initial answers",
        "twin": "answers to harmless requests that sound harmful",
        "unknown": "answers, kind not known",
    }
    colours: Sequence[charts.Colour] = ("accent", "ok", "warn", "bad", "muted")
    series = [
        charts.Series(names.get(kind, kind), list(enumerate(shares)), colours[place % len(colours)])
        for place, (kind, shares) in enumerate(report.lengths.items())
    ]
    edges = [f"{edge}+" for edge in report.edges]
    chart = charts.line_chart(
        "Length of answers (share of answers per length)", series, "words, from short to long", True
    )
    return f'<div class="cai-charts">{chart}</div><p class="muted">Steps in words: {esc(", ".join(edges))}</p>'


def agreement_html(report: AgreementReport) -> str:
    """Agreement between people and with the model, as a table; undefined is said with its reason."""
    rows = [("All raters", report.overall)]
    rows += [(f"{one} and {other}", found) for one, other, found in report.per_pair[:_MOST_PAIRS]]
    rows += [(f"Principle {id}", found) for id, found in report.per_principle]
    rows += [("People and model", report.with_model)]
    rows += [(f"{rater} and model", found) for rater, found in report.per_rater_with_model]
    cells = "".join(f"<tr><td>{esc(name)}</td>{_agreement_cells(found)}</tr>" for name, found in rows)
    head = (
        "<tr><th>Between</th><th>Measure</th><th>Value (95 % interval)</th><th>Same verdict</th><th>Examples</th></tr>"
    )
    table = (
        f'<div class="cai-table-box"><table class="cai-table"><thead>{head}</thead><tbody>{cells}</tbody></table></div>'
    )
    return table + _calibration_html(report)


def keep_share(services: Services, share: float) -> str:
    """Keep which share two people are to judge; says so."""
    set_double_share(services, float(share or 0))
    return f"{float(share or 0):.0%} of the examples are judged by two people."


def start_labels(services: Services, session: Session, settings: LabelSettings) -> None:
    """Let the model label all pairs in the background."""
    labels.start_labels(services, settings, QueueFilter("all"), session.author)


def labels_html(services: Services) -> tuple[str, bool]:
    """Where the labelling stands, and whether it goes on."""
    now = services.labels.snapshot()
    if now is None:
        return "", False
    done, total = now.progress.done, now.progress.total
    bias = "" if now.progress.order_bias is None else f"; order bias {now.progress.order_bias:+.2f}"
    unread = f", {now.progress.unread:,} without a preference" if now.progress.unread else ""
    words = f"{done:,} of {total:,} pairs{unread}{bias}"
    if now.active:
        return progress_bar(done, total, f"Labelling: {words}"), True
    if now.error:
        return notice(f"{now.error} {words} were labelled and kept.", "bad"), False
    return notice(f"Labelled {words}." if total else "Every pair is labelled already.", "good"), False


def _finding_html(finding: LintFinding) -> str:
    show = ""
    if finding.rows:
        words = f"Show {len(finding.rows):,}"
        show = f'<button type="button" class="cai-link" data-curate="finding:{esc(finding.code)}">{words}</button>'
    return (
        f"<li>{pill(finding.weight, _WEIGHTS[finding.weight])}<div><strong>{esc(finding.title)}</strong>"
        f'<span dir="auto">{esc(finding.detail)}</span><span class="muted">{esc(finding.advice)}</span></div>'
        f"{show}</li>"
    )


def _agreement_cells(found: Agreement) -> str:
    if found.value is None:
        value = f"undefined: {found.why}"
    else:
        interval = f" ({found.low:.2f} to {found.high:.2f})" if found.low is not None else ""
        value = f"{found.value:.2f}{interval}" + (f"; {found.why}" if found.why else "")
    same = "–" if found.same is None else f"{found.same:.0%}"
    return f"<td>{esc(found.measure)}</td><td>{esc(value)}</td><td>{same}</td><td>{found.units:,}</td>"


def _calibration_html(report: AgreementReport) -> str:
    if report.calibration_error is None:
        return '<p class="muted">No pair has both a person\'s verdict and a label of the model yet.</p>'
    points: list[charts.Point] = [(bar.mean, bar.people) for bar in report.calibration if bar.mean is not None]
    series = [
        charts.Series("people", points, "accent"),
        charts.Series("if the model were calibrated", [(0.0, 0.0), (1.0, 1.0)], "muted"),
    ]
    chart = charts.line_chart(
        "How often people prefer the revision, by the model's preference", series, "model's preference", True
    )
    bias = "" if report.order_bias is None else f" Order bias: {report.order_bias:+.2f} (0 is none)."
    said = f"Expected calibration error {report.calibration_error:.2f}.{bias}"
    return f'<div class="cai-charts">{chart}</div><p class="muted">{esc(said)}</p>'


# Layout


@dataclass(frozen=True)
class ChecksParts:
    """The components of the three boxes."""

    run: gr.Button
    report: gr.HTML
    measure: gr.Button
    agreement: gr.HTML
    share: gr.Slider
    share_said: gr.HTML
    form: Form[LabelSettings]
    start: gr.Button
    stop: gr.Button
    progress: gr.HTML
    timer: gr.Timer
    seen: gr.State


def build(services: Services) -> ChecksParts:
    """The boxes, made where it is called."""
    with gr.Accordion("Check the data", open=False, elem_id="curate-checks"):
        gr.HTML(f'<p class="muted narrow">{esc(WHAT)}</p>')
        with gr.Row(elem_classes="toolbar"):
            run = gr.Button("Check all examples", elem_id="curate-check", scale=0)
        report = gr.HTML(NOT_CHECKED, elem_id="curate-findings", css_template=charts.STYLE)
    with gr.Accordion("Agreement of raters", open=False, elem_id="curate-agreement-box"):
        gr.HTML(f'<p class="muted narrow">{esc(AGREEMENT_WHAT)}</p>')
        share = gr.Slider(0, 1, double_share(services), step=0.05, label="Share judged by two people",
                          elem_id="curate-share")  # fmt: skip
        share_said = gr.HTML(elem_id="curate-share-said")
        with gr.Row(elem_classes="toolbar"):
            measure = gr.Button("Measure agreement", elem_id="curate-measure", scale=0)
        agreement = gr.HTML(elem_id="curate-agreement", css_template=charts.STYLE)
    with gr.Accordion("Labels of a model", open=False, elem_id="curate-labels-box"):
        gr.HTML(f'<p class="muted narrow">{esc(LABELS_WHAT)}</p>')
        form = build_form(LabelSettings, "labels", values=LabelSettings(judge=services.settings.judge))
        with gr.Row(elem_classes="toolbar"):
            start = gr.Button("Label all pairs", elem_id="curate-label", scale=0)
            stop = gr.Button("Stop", elem_id="curate-label-stop", scale=0, interactive=False)
        progress = gr.HTML(elem_id="curate-label-progress")
        seen, timer = gr.State(""), gr.Timer(1.5, active=False)
    return ChecksParts(run, report, measure, agreement, share, share_said, form, start, stop, progress, timer, seen)


# Wiring


def wire(services: Services, parts: ChecksParts, tab: gr.Tab, session: SessionParts) -> Any:
    """Connect the boxes; gives the event after which the queue can be filtered by new findings."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
    slow: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private"}
    checked = parts.run.click(bind(check, services), None, [parts.report], **slow)
    parts.measure.click(bind(_measure, services), None, [parts.agreement], **slow)
    parts.share.release(bind(_keep_share, services), [parts.share], [parts.share_said], **quiet)
    shown = [parts.progress, parts.start, parts.stop, parts.timer, parts.seen]
    look = bind(_look, services, quiet=True)
    parts.start.click(
        bind(_start, services, parts.form), [session.state, *parts.form.inputs], None, **quiet
    ).success(look, [parts.seen], shown, **quiet)  # fmt: skip
    parts.stop.click(bind(_stop, services), None, None, **quiet).then(look, [parts.seen], shown, **quiet)
    for trigger in (parts.timer.tick, tab.select, session.ready.then):
        trigger(look, [parts.seen], shown, **quiet)
    return checked


def _stop(services: Services) -> None:
    services.labels.stop()


def _measure(services: Services) -> str:
    return agreement_html(measure_agreement(services))


def _keep_share(services: Services, share: float) -> str:
    return f'<p class="muted" role="status">{esc(keep_share(services, share))}</p>'


def _start(services: Services, form: Form[LabelSettings], session: Session, *values: Any) -> None:
    start_labels(services, session, form.read(values))


def _look(services: Services, seen: str) -> list[Any]:
    html, going = labels_html(services)
    if (now := f"{going} {html}") == seen:
        return [gr.skip()] * 5
    return [html, gr.update(interactive=not going), gr.update(interactive=going), gr.Timer(active=going), now]
