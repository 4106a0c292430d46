"""A trace as the page shows it: differences, labels, long steps."""

from __future__ import annotations

from dataclasses import replace

from cai_ui import revise
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import send_to_curate
from cai_ui.records import FewShot, Message, Prompt, Step, Trace, to_dict
from cai_ui.web.revise import stepper, trace_html, trace_table
from cai_ui.web.revise.trace_table import Sieve

from .running import ME, run


def test_what_a_revision_changes_stands_beside_it(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = stepper.edit_step(services, ME, trace.id, len(trace.steps) - 1, "Sure. <b>My</b> own words.")
    *_, last = view.html.split('<section class="cai-step')
    assert "only in: the answer before" in last and "<ins>" in last and "&lt;b&gt;My&lt;/b&gt;" in last
    assert view.html.count("cai-diff-text") == sum(step.kind == "revision" for step in trace.steps)


def test_what_a_step_did_is_said_in_the_same_words_wherever_it_is_shown(services: Services) -> None:
    """Also a copy of a few-shot example, which Curate's filter once did not know."""
    made = run(services)[-1].trace
    assert made is not None and made.revision is not None
    example = FewShot("R", "A", "C", made.steps[1].text, "V", made.revision)
    trace = revise.branch(made, made.steps, few_shot=[to_dict(example)])
    services.store.start_trace(trace)
    send_to_curate(services, trace.id)
    labels = [label for place in range(len(trace.steps)) for label in revise.labels_of(trace, place)]
    assert "few-shot copy" in labels
    assert {label for label, _ in services.store.marked_values("step")} == set(labels)
    assert [label for step in trace_files.trace_line(trace)["steps"] for label in step["labels"]] == labels
    page, report = trace_html.steps_html(trace, {}), revise.trace_html([trace], {})
    assert all(label in page and label in report for label in labels)
    assert all(trace_table.fits(trace, Sieve(label=label)) for label in labels)


def test_a_long_step_is_folded_once_it_is_written() -> None:
    long = "One of many words. " * 200
    written = Trace("t", Prompt("p", "Q", "typed"), (Message("user", "Q"),), "c", (Step("draft", long),))
    html = trace_html.steps_html(written, {})
    assert "more words</summary>" in html and html.count("many") == 200
    assert html.index("<summary>") < 1_200
    live = trace_html.steps_html(None, {}, trace_html.Live("draft", (), long))
    assert "<summary>" not in live
    short = replace(written, steps=(Step("draft", "Few words."),))
    assert "<summary>" not in trace_html.steps_html(short, {})
    unbroken = replace(written, steps=(Step("draft", "x" * 5000),))
    assert "x" * 5000 in trace_html.steps_html(unbroken, {})
