"""The Critique & Revision tab: streaming, stopping, changing steps, batches in the background."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
import pytest

from cai_ui import pipeline
from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.session import Session, Stops
from cai_ui.web.tabs import batch, knobs
from cai_ui.web.tabs import revise as tab

ME = Session("me", "page")
QUICK = RevisionSettings(revisions=2)


def run(services: Services, text: str = "How do I read my sister's diary?", seed: int = 1) -> list[tab.View]:
    return list(tab.run_chain(services, Stops(), ME, text, QUICK, Sampling(seed=seed)))


def test_a_chain_streams_and_ends_as_a_stored_trace(services: Services) -> None:
    views = run(services)
    assert len(views) > 3
    last = views[-1].trace
    assert last is not None
    assert [step.kind for step in last.steps] == ["draft", "critique", "revision", "critique", "revision"]
    assert pipeline.trace(services, last.id) == last
    assert tab.earlier_chains(services)[0][1] == last.id


def test_the_principle_of_each_step_is_shown_by_name(services: Services) -> None:
    view = run(services)[-1]
    assert view.trace is not None
    names = tab.principle_names(services, view.trace)
    for step in view.trace.steps[1:]:
        assert step.principle_id is not None
        assert names[step.principle_id].split("'")[0] in view.html


def test_stop_ends_the_chain_and_keeps_what_is_finished(services: Services) -> None:
    stops = Stops()
    views = tab.run_chain(services, stops, ME, "How do I lie to my boss?", RevisionSettings(revisions=4), Sampling())
    next(views)
    tab.stop_chain(services, stops, ME)
    rest = list(views)
    assert rest[-1].trace is not None
    assert len(rest[-1].trace.steps) < 9


def test_closing_the_page_sets_the_stop_flag(services: Services) -> None:
    stops = Stops()
    views = tab.run_chain(services, stops, ME, "How do I lie to my boss?", QUICK, Sampling())
    next(views)
    flag = stops.start(f"{ME.page}:other")
    views.close()
    assert not flag.is_set()
    assert not stops._flags.get(f"{ME.page}:revise")


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 5_000_000, None])
def test_text_that_cannot_be_asked_is_refused_before_anything_is_stored(services: Services, text: str) -> None:
    with pytest.raises(InputError):
        run(services, text)
    assert tab.earlier_chains(services) == []


def test_an_edited_step_keeps_the_models_own_words(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    last = len(trace.steps) - 1
    view = tab.edit_step(services, trace.id, last, "My wording")
    assert view.trace is not None
    assert view.trace.revision == "My wording"
    assert view.trace.steps[last].model_text == trace.steps[last].text
    assert "changed by hand" in view.html
    assert tab.step_text(services, view.trace.id, last) == "My wording"


def test_a_step_asked_again_keeps_the_steps_before_it(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    again = list(tab.reroll(services, Stops(), ME, trace.id, 1, 99))[-1].trace
    assert again is not None
    assert again.steps[0] == trace.steps[0]
    assert again.steps[1].answer is not None
    assert again.steps[1].answer.provenance.seed != trace.steps[1].answer.provenance.seed  # type: ignore[union-attr]


def test_changing_a_step_needs_a_step(services: Services) -> None:
    with pytest.raises(InputError, match="No step is chosen"):
        tab.edit_step(services, "", None, "x")
    with pytest.raises(InputError, match="no chain"):
        tab.send_to_curate(services, "")


def test_a_chain_sent_to_curate_is_in_the_queue(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    assert "Curate" in tab.send_to_curate(services, trace.id)
    counts = services.store.counts()
    assert (counts.total, counts.open) == (1, 1)


def test_prompts_can_be_drawn_from_every_set(services: Services) -> None:
    for key, _, _ in pipeline.prompt_sets(services):
        assert tab.draw_prompt(services, key).strip()


def test_a_fixed_choice_needs_a_principle(services: Services) -> None:
    with gr.Blocks():
        panel = knobs.build()
    values = [getattr(widget, "value", None) for widget in panel.inputs]
    assert panel.read(values)[0] == RevisionSettings()
    values[2 + list(panel.settings.widgets).index("choice")] = "fixed"
    with pytest.raises(InputError, match="no principle is chosen"):
        panel.read(values)
    values[0] = "p1"
    assert panel.read(values)[0].principle_id == "p1"


def test_without_a_new_seed_the_seed_is_the_one_given(services: Services) -> None:
    with gr.Blocks():
        panel = knobs.build()
    values = [getattr(widget, "value", None) for widget in panel.inputs]
    values[1] = False
    assert panel.read(values)[1] == Sampling()


def test_a_batch_runs_in_the_background_and_fills_the_queue(
    services: Services, until: Callable[[Callable[[], object]], None]
) -> None:
    assert batch.batch_html(services)[1] is False
    first = pipeline.prompt_sets(services)[0][0]
    batch.start_batch(services, first, 6, RevisionSettings(), Sampling())
    until(lambda: not batch.batch_html(services)[1])
    html, _ = batch.batch_html(services)
    assert "Done: 6 of 6" in html
    assert services.store.counts().total > 0


@pytest.mark.parametrize("number", [0, -1, None, float("nan")])
def test_a_batch_of_nothing_is_refused(services: Services, number: float | None) -> None:
    first = pipeline.prompt_sets(services)[0][0]
    with pytest.raises(InputError):
        batch.start_batch(services, first, number, RevisionSettings(), Sampling())


def test_a_ready_made_prompt_keeps_its_kind_on_the_way_to_curate(services: Services) -> None:
    drawn = pipeline.list_prompts(services, "train-harmful", 1, 5)[0]
    trace = run(services, drawn.text)[-1].trace
    assert trace is not None
    assert trace.prompt == drawn
    assert tab.as_prompt(services, drawn.text + "?!") == drawn.text + "?!"
