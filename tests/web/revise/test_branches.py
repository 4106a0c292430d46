"""Steps that are changed, asked again, labelled by hand or resumed."""

from __future__ import annotations

import gradio as gr
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import AccessError, InputError
from cai_ui.pipeline import Services, visitors
from cai_ui.pipeline.revise.chains import Reroll
from cai_ui.web.revise import stepper, trace_html
from cai_ui.web.revise.branches import BranchBox
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

from .running import ME, run


def test_an_edited_step_is_a_branch_that_keeps_the_models_own_words(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    last = len(trace.steps) - 1
    view = stepper.edit_step(services, ME, trace.id, last, "My wording")
    assert view.trace is not None
    assert view.trace.revision == "My wording"
    assert view.trace.steps[last].model_text == trace.steps[last].text
    assert "changed by hand" in view.html
    assert stepper.step_text(services, view.trace.id, last) == "My wording"
    assert view.family == (trace, view.trace)
    assert services.store.trace(trace.id) == trace


def test_a_step_asked_again_keeps_the_steps_before_it(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = list(stepper.reroll(services, Stops(), ME, trace.id, 1, Reroll(99)))[-1]
    again = view.trace
    assert again is not None
    assert again.steps[0] == trace.steps[0]
    assert again.steps[1].answer is not None
    assert again.steps[1].answer.provenance.seed != trace.steps[1].answer.provenance.seed  # type: ignore[union-attr]
    assert "Critique 1 again" in trace_html.branch_labels(view.family)[1][0]


def test_labels_by_hand_are_shown_as_such_until_computed_again(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = stepper.label_step(services, ME, trace.id, 1, ["no critique"])
    assert "labels set by hand" in view.html and stepper.step_labels(services, trace.id, 1) == ["no critique"]
    assert "labels set by hand" not in stepper.label_step(services, ME, trace.id, 1, None).html


def test_an_unfinished_trace_goes_on_and_a_complete_one_does_not(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = stepper.edit_step(services, ME, trace.id, 0, "Sure.")
    assert view.trace is not None
    done = list(stepper.go_on(services, Stops(), ME, view.trace.id))[-1].trace
    assert done is not None and len(done.steps) == 5
    with pytest.raises(InputError, match="complete"):
        list(stepper.go_on(services, Stops(), ME, done.id))


def test_on_a_public_page_a_trace_that_asks_for_much_is_not_made_again(services: Services) -> None:
    """Seen: one of the owner, eight revisions long, was made again by a visitor, who may ask for two."""
    guest = Session("guest-1", "p", guest=True)
    long = list(stepper.run_trace(services, Stops(), ME, "How?", RevisionSettings(revisions=3), Sampling()))[-1].trace
    wordy = list(stepper.run_trace(services, Stops(), ME, "How?", RevisionSettings(), Sampling(max_new_tokens=900)))[
        -1
    ].trace
    short = run(services)[-1].trace
    assert long and wordy and short
    for trace in (long, wordy):
        for asked in (
            lambda id: list(stepper.reroll(services, Stops(), guest, id, 0, Reroll(1))),
            lambda id: list(stepper.go_on(services, Stops(), guest, id)),
            lambda id: stepper.replay_note(services, Stops(), guest, id),
        ):
            with pytest.raises(AccessError, match="at most"):
                asked(trace.id)
    assert list(stepper.reroll(services, Stops(), guest, short.id, 1, Reroll(9)))[-1].trace
    unfinished = stepper.edit_step(services, ME, short.id, 0, "Sure.").trace
    assert unfinished is not None
    visitors.shown_to_the_public(services.store, True)
    with pytest.raises(AccessError, match="before the demo"):
        list(stepper.go_on(services, Stops(), guest, unfinished.id))
    own = stepper.edit_step(services, guest, short.id, 0, "Sure.").trace
    assert own is not None and list(stepper.go_on(services, Stops(), guest, own.id))[-1].trace


def test_what_a_trace_lacks_is_offered_to_be_resumed(services: Services) -> None:
    with gr.Blocks():
        box = BranchBox(services)
    trace = run(services)[-1].trace
    assert trace is not None
    assert box.changes(stepper.show_trace(services, ME, trace.id))[box.go_on]["visible"] is False
    branch = box.changes(stepper.edit_step(services, ME, trace.id, 3, "Mine."), 3)
    assert branch[box.go_on]["value"] == "Resume (1 step missing)" and branch[box.go_on]["visible"] is True
    assert branch[box.text] == "Mine."


def test_the_end_of_a_stream_takes_the_offer_to_resume_back(services: Services) -> None:
    with gr.Blocks():
        run_it, stop = gr.Button(), gr.Button()
        box = BranchBox(services)
    box.begin, box.stop = [run_it, box.again, box.go_on], stop
    trace = run(services)[-1].trace
    assert trace is not None
    complete = box.streaming(stepper.show_trace(services, ME, trace.id))[box.go_on]
    assert complete["visible"] is False and complete["interactive"] is False
    cut = box.streaming(stepper.edit_step(services, ME, trace.id, 3, "Mine."))[box.go_on]
    assert cut["visible"] is True and cut["value"] == "Resume (1 step missing)" and cut["interactive"] is False


def test_changing_a_step_needs_a_step(services: Services) -> None:
    with pytest.raises(InputError, match="No step is chosen"):
        stepper.edit_step(services, ME, "", None, "x")
    with pytest.raises(InputError, match="no trace"):
        stepper.send_to_curate(services, "")
