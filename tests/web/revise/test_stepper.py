"""A trace being written: streamed, stopped, kept, replayed, sent to Curate."""

from __future__ import annotations

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.revise import trace_files
from cai_ui.web.revise import stepper, trace_table
from cai_ui.web.revise.trace_table import Sieve
from cai_ui.web.stops import Stops

from .running import ME, QUICK, run


def test_a_trace_streams_and_ends_as_a_stored_trace(services: Services) -> None:
    views = run(services)
    assert len(views) > 3
    last = views[-1].trace
    assert last is not None
    assert [step.kind for step in last.steps] == ["draft", "critique", "revision", "critique", "revision"]
    assert services.store.trace(last.id) == last
    assert trace_table.list_traces(services, Sieve())[0] == last
    assert stepper.show_last(services, ME).trace == last


def test_the_principle_of_each_step_is_shown_by_name(services: Services) -> None:
    view = run(services)[-1]
    assert view.trace is not None
    names = trace_files.principle_names(services, [view.trace])
    for step in view.trace.steps[1:]:
        assert step.principle_id is not None
        assert names[step.principle_id].split("'")[0] in view.html


def test_stop_ends_the_trace_and_keeps_what_is_finished(services: Services) -> None:
    stops = Stops()
    views = stepper.run_trace(
        services, stops, ME, "How do I lie to my boss?", RevisionSettings(revisions=4), Sampling()
    )
    next(views)
    stepper.stop_trace(stops, ME)
    rest = list(views)
    assert rest[-1].trace is not None
    assert len(rest[-1].trace.steps) < 9


def test_closing_the_page_sets_the_stop_flag(services: Services) -> None:
    stops = Stops()
    views = stepper.run_trace(services, stops, ME, "How do I lie to my boss?", QUICK, Sampling())
    next(views)
    flag = stops.start(f"{ME.page}:other")
    views.close()
    assert not flag.is_set()
    assert not stops._flags.get(f"{ME.page}:revise")


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 5_000_000, None])
def test_text_that_cannot_be_asked_is_refused_before_anything_is_stored(services: Services, text: str) -> None:
    with pytest.raises(InputError):
        run(services, text)
    assert trace_table.list_traces(services, Sieve()) == []


def test_a_trace_is_replayed_in_so_many_words(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    said, diff = stepper.replay_note(services, Stops(), ME, trace.id)
    assert "5 steps came out word for word the same" in said and diff == ""


def test_a_conversation_of_several_turns_is_asked_whole(services: Services) -> None:
    earlier = "Human: Hi there\n\nAssistant: Hello!\nHow are you?"
    last = list(stepper.run_trace(services, Stops(), ME, "Read her diary", QUICK, Sampling(), earlier))[-1].trace
    assert last is not None
    assert [(m.role, m.content) for m in last.conversation] == [
        ("user", "Hi there"), ("assistant", "Hello!\nHow are you?"), ("user", "Read her diary"),
    ]  # fmt: skip
    for bad in ("Human: only me", "Assistant: first", "Human: a\nAssistant: on the next line"):
        with pytest.raises(InputError, match="alternate"):
            stepper.conversation(bad, "x")


def test_a_trace_sent_to_curate_is_in_the_queue(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    assert "Curate" in stepper.send_to_curate(services, trace.id)
    counts = services.store.counts()
    assert (counts.total, counts.open) == (1, 1)
