"""The Critique & Revision tab: streaming, stopping, changing steps, batches in the background."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise import trace_files
from cai_ui.pipeline.revise.chains import Reroll, send_to_curate
from cai_ui.pipeline.revise.format_lab import run_formats
from cai_ui.records import FewShot, Message, Prompt, Step, Trace, to_dict
from cai_ui.web.kit.choices import drawn, earlier_turns
from cai_ui.web.revise import batch, few_shot, format_lab, trace_html, trace_table, traces
from cai_ui.web.revise import stepper as tab
from cai_ui.web.revise.ask import AskBox
from cai_ui.web.revise.branches import BranchBox
from cai_ui.web.revise.few_shot import FewShotBox
from cai_ui.web.revise.settings import SettingsBox, side_choices
from cai_ui.web.revise.trace_table import Sieve
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

ME = Session("me", "page")
QUICK = RevisionSettings(revisions=2)


def run(services: Services, text: str = "How do I read my sister's diary?", seed: int = 1) -> list[tab.View]:
    return list(tab.run_trace(services, Stops(), ME, text, QUICK, Sampling(seed=seed)))


def test_a_trace_streams_and_ends_as_a_stored_trace(services: Services) -> None:
    views = run(services)
    assert len(views) > 3
    last = views[-1].trace
    assert last is not None
    assert [step.kind for step in last.steps] == ["draft", "critique", "revision", "critique", "revision"]
    assert services.store.trace(last.id) == last
    assert trace_table.list_traces(services, Sieve())[0] == last
    assert tab.show_last(services, ME).trace == last


def test_the_principle_of_each_step_is_shown_by_name(services: Services) -> None:
    view = run(services)[-1]
    assert view.trace is not None
    names = trace_files.principle_names(services, [view.trace])
    for step in view.trace.steps[1:]:
        assert step.principle_id is not None
        assert names[step.principle_id].split("'")[0] in view.html


def test_stop_ends_the_trace_and_keeps_what_is_finished(services: Services) -> None:
    stops = Stops()
    views = tab.run_trace(services, stops, ME, "How do I lie to my boss?", RevisionSettings(revisions=4), Sampling())
    next(views)
    tab.stop_trace(stops, ME)
    rest = list(views)
    assert rest[-1].trace is not None
    assert len(rest[-1].trace.steps) < 9


def test_closing_the_page_sets_the_stop_flag(services: Services) -> None:
    stops = Stops()
    views = tab.run_trace(services, stops, ME, "How do I lie to my boss?", QUICK, Sampling())
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


def test_an_edited_step_is_a_branch_that_keeps_the_models_own_words(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    last = len(trace.steps) - 1
    view = tab.edit_step(services, ME, trace.id, last, "My wording")
    assert view.trace is not None
    assert view.trace.revision == "My wording"
    assert view.trace.steps[last].model_text == trace.steps[last].text
    assert "changed by hand" in view.html
    assert tab.step_text(services, view.trace.id, last) == "My wording"
    assert view.family == (trace, view.trace)
    assert services.store.trace(trace.id) == trace


def test_a_step_asked_again_keeps_the_steps_before_it(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = list(tab.reroll(services, Stops(), ME, trace.id, 1, Reroll(99)))[-1]
    again = view.trace
    assert again is not None
    assert again.steps[0] == trace.steps[0]
    assert again.steps[1].answer is not None
    assert again.steps[1].answer.provenance.seed != trace.steps[1].answer.provenance.seed  # type: ignore[union-attr]
    assert "Critique 1 again" in trace_html.branch_labels(view.family)[1][0]


def test_what_a_revision_changes_stands_beside_it(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = tab.edit_step(services, ME, trace.id, len(trace.steps) - 1, "Sure. <b>My</b> own words.")
    *_, last = view.html.split('<section class="cai-step')
    assert "only in: the answer before" in last and "<ins>" in last and "&lt;b&gt;My&lt;/b&gt;" in last
    assert view.html.count("cai-diff-text") == sum(step.kind == "revision" for step in trace.steps)


def test_labels_by_hand_are_shown_as_such_until_computed_again(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = tab.label_step(services, ME, trace.id, 1, ["no critique"])
    assert "labels set by hand" in view.html and tab.step_labels(services, trace.id, 1) == ["no critique"]
    assert "labels set by hand" not in tab.label_step(services, ME, trace.id, 1, None).html


def test_a_trace_is_replayed_in_so_many_words(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    said, diff = tab.replay_note(services, Stops(), ME, trace.id)
    assert "5 steps came out word for word the same" in said and diff == ""


def test_an_unfinished_trace_goes_on_and_a_complete_one_does_not(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    view = tab.edit_step(services, ME, trace.id, 0, "Sure.")
    assert view.trace is not None
    done = list(tab.go_on(services, Stops(), ME, view.trace.id))[-1].trace
    assert done is not None and len(done.steps) == 5
    with pytest.raises(InputError, match="complete"):
        list(tab.go_on(services, Stops(), ME, done.id))


def test_a_conversation_of_several_turns_is_asked_whole(services: Services) -> None:
    earlier = "Human: Hi there\n\nAssistant: Hello!\nHow are you?"
    last = list(tab.run_trace(services, Stops(), ME, "Read her diary", QUICK, Sampling(), earlier))[-1].trace
    assert last is not None
    assert [(m.role, m.content) for m in last.conversation] == [
        ("user", "Hi there"), ("assistant", "Hello!\nHow are you?"), ("user", "Read her diary"),
    ]  # fmt: skip
    for bad in ("Human: only me", "Assistant: first", "Human: a\nAssistant: on the next line"):
        with pytest.raises(InputError, match="alternate"):
            tab.conversation(bad, "x")


@pytest.mark.parametrize("form", ["jsonl", "html", "md"])
@pytest.mark.parametrize("scope", ["shown", "tree", "found"])
def test_traces_leave_as_files(services: Services, scope: Any, form: Any) -> None:
    trace = run(services, "A <b>bold</b> request")[-1].trace
    assert trace is not None
    tab.edit_step(services, ME, trace.id, 0, "Mine.")
    text = Path(traces.export_traces(services, trace.id, Sieve("bold"), scope, form)).read_text(encoding="utf-8")
    if form == "jsonl":
        lines = [json.loads(line) for line in text.splitlines()]
        assert len(lines) == (1 if scope == "shown" else 2)
        assert lines[-1]["steps"][0]["labels"] is not None
    else:
        assert trace.steps[1].text.split("'")[0] in text
    assert ("<b>" not in text) or form != "html"
    with pytest.raises(InputError):
        traces.export_traces(services, "", Sieve("no such words at all"), scope, form)


def test_few_shot_examples_are_edited_moved_and_brought_back(services: Services) -> None:
    shipped = few_shot.examples_now(services)
    few_shot.edit_example(services, 0, replace(shipped[0], request="My request", enabled=False))
    assert few_shot.move_example(services, 0, 1) == 1
    assert few_shot.examples_now(services)[1].request == "My request"
    assert few_shot.add_example(services) == len(shipped)
    assert "tokens before each step" in few_shot.state_html(services)
    few_shot.delete_example(services, 1)
    with pytest.raises(InputError, match="No example"):
        few_shot.delete_example(services, 99)
    few_shot.reset_examples(services)
    assert few_shot.examples_now(services) == shipped


def test_changes_fill_components_that_the_events_name(services: Services) -> None:
    with gr.Blocks():
        box, panel, how = BranchBox(services), FewShotBox(services), SettingsBox(services.settings)
    for view in (*run(services), tab.View(trace_html.NOTHING_YET, None)):
        assert set(box.changes(view)) <= set(box.shown)
    shown = panel.show(0)
    assert set(shown) == {panel.listed, panel.state, panel.seen, *panel.fields.values()}
    assert set(panel._look(0, shown[panel.seen])) == {panel.state}, "what is typed stays"
    assert set(panel._look(0, "")) == set(shown)
    assert shown[panel.fields["request"]]["value"] == few_shot.examples_now(services)[0].request
    assert tab.kept_settings(services, ME) == (RevisionSettings(), Sampling())
    tab.keep_settings(services, ME, QUICK, Sampling(seed=7))
    kept = tab.kept_settings(services, ME)
    assert kept == (QUICK, Sampling(seed=7))
    assert set(how.changes(*kept)) == set(how.filled)


def test_what_a_trace_lacks_is_offered_to_be_resumed(services: Services) -> None:
    with gr.Blocks():
        box = BranchBox(services)
    trace = run(services)[-1].trace
    assert trace is not None
    assert box.changes(tab.show_trace(services, ME, trace.id))[box.go_on]["visible"] is False
    branch = box.changes(tab.edit_step(services, ME, trace.id, 3, "Mine."), 3)
    assert branch[box.go_on]["value"] == "Resume (1 step missing)" and branch[box.go_on]["visible"] is True
    assert branch[box.text] == "Mine."


def test_changing_a_step_needs_a_step(services: Services) -> None:
    with pytest.raises(InputError, match="No step is chosen"):
        tab.edit_step(services, ME, "", None, "x")
    with pytest.raises(InputError, match="no trace"):
        tab.send_to_curate(services, "")


def test_a_trace_sent_to_curate_is_in_the_queue(services: Services) -> None:
    trace = run(services)[-1].trace
    assert trace is not None
    assert "Curate" in tab.send_to_curate(services, trace.id)
    counts = services.store.counts()
    assert (counts.total, counts.open) == (1, 1)


def test_prompts_can_be_drawn_from_every_set(services: Services) -> None:
    for one in sets.prompt_sets(services):
        prompt = drawn(services, one.key)
        assert prompt.text.strip() and prompt.before == ()


def test_a_drawn_conversation_fills_request_and_earlier_turns(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"chosen": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Bye\n\nAssistant: So."}))
    key, said = tab.import_prompts(services, str(path))
    assert "“talk” has 1 request: 1 of unknown kind; 1 with earlier turns." in said
    prompt = drawn(services, key)
    assert [m.content for m in tab.conversation(earlier_turns(prompt.turns), prompt.text)] == ["Hi", "Yes?", "Bye"]


def test_a_drawn_conversation_is_asked_as_its_set_has_it(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    turns = [("user", "Hi"), ("assistant", "The form:\nUser: alice\nAssistant: on"), ("user", "Steal it?")]
    messages = [{"role": role, "content": said} for role, said in turns]
    path.write_text(json.dumps({"messages": messages, "kind": "harmful", "topic": "theft"}))
    key, _ = tab.import_prompts(services, str(path))
    with gr.Blocks():
        box = AskBox(services)
    changes = box._draw(key)
    boxes = (changes[box.prompt], RevisionSettings(), Sampling(), changes[box.earlier])
    *_, last = tab.run_trace(services, Stops(), ME, *boxes, changes[box.drawn])
    assert last.trace is not None
    assert [(m.role, m.content) for m in last.trace.conversation] == turns
    assert (last.trace.prompt.kind, last.trace.prompt.topic, last.trace.prompt.before) == ("harmful", "theft", ())


@pytest.mark.parametrize("shown", ["drawn", "a trace", "typed"])
def test_another_request_after_the_same_turns_leaves_them_as_they_are(services: Services, shown: str) -> None:
    said = "Here it is:\nUser: alice\n\nAssistant: on\n\nHuman: who?"
    said = said if shown == "typed" else f"  {said}\n"  # a text alone would lose the space around it
    talk = [Message("user", "A form."), Message("assistant", said), Message("user", "Steal it?")]
    with gr.Blocks():
        box = AskBox(services)
    changes = box.changes(Prompt("p", "Steal it?", before=tuple(talk[:2])))
    if shown == "a trace":
        boxes = (changes[box.prompt], RevisionSettings(), Sampling(), changes[box.earlier], changes[box.drawn])
        *_, last = tab.run_trace(services, Stops(), ME, *boxes)
        changes = box.asked_in(last)
    drawn_before = None if shown == "typed" else changes[box.drawn]
    asked = ("Borrow it?", RevisionSettings(), Sampling(), changes[box.earlier], drawn_before)
    *_, last = tab.run_trace(services, Stops(), ME, *asked)
    assert last.trace is not None
    assert last.trace.conversation == (*talk[:2], Message("user", "Borrow it?"))


def given(panel: SettingsBox, **changes: Any) -> dict[Any, Any]:
    """The panel's values as the page would send them, some of them changed."""
    values = {widget: getattr(widget, "value", None) for widget in panel.inputs}
    named = {**panel.settings.widgets, "principle": panel.principle, "new_seed": panel.new_seed, "critic": panel.critic}
    return {**values, **{named[name]: value for name, value in changes.items()}}


def test_a_fixed_choice_needs_a_principle(services: Services) -> None:
    with gr.Blocks():
        panel = SettingsBox(services.settings)
    assert panel.read_from(given(panel))[0] == RevisionSettings()
    with pytest.raises(InputError, match="no principle is chosen"):
        panel.read_from(given(panel, choice="fixed"))
    settings, _ = panel.read_from(given(panel, choice="fixed", principle="p1", critic=" http://x#y "))
    assert (settings.principle_id, settings.critic) == ("p1", "http://x#y")


def test_without_a_new_seed_the_seed_is_the_one_given(services: Services) -> None:
    with gr.Blocks():
        panel = SettingsBox(services.settings)
    assert panel.read_from(given(panel, new_seed=False))[1] == Sampling()
    assert panel.read_from(given(panel))[1].seed != panel.read_from(given(panel))[1].seed


def test_the_model_that_answers_may_criticise_and_revise_too(services: Services) -> None:
    assert side_choices(services)[0] == ("the model that answers", "")


def test_a_batch_runs_in_the_background_and_fills_the_queue(
    services: Services, until: Callable[[Callable[[], object]], None]
) -> None:
    assert batch.batch_view(services).running is False
    first = sets.prompt_sets(services)[0].key
    batch.start_batch(services, first, 6, RevisionSettings(), Sampling())
    until(lambda: not batch.batch_view(services).running)
    html = batch.batch_view(services).html
    assert "Done: 6 of 6" in html
    assert services.store.counts().total > 0


@pytest.mark.parametrize("number", [0, -1, None, float("nan")])
def test_a_batch_of_nothing_is_refused(services: Services, number: float | None) -> None:
    first = sets.prompt_sets(services)[0].key
    with pytest.raises(InputError):
        batch.start_batch(services, first, number, RevisionSettings(), Sampling())


def test_a_ready_made_prompt_keeps_its_kind_on_the_way_to_curate(services: Services) -> None:
    drawn = sets.list_prompts(services, "train-harmful", 1, 5)[0]
    trace = run(services, drawn.text)[-1].trace
    assert trace is not None
    assert trace.prompt == drawn
    assert sets.find_prompt(services, drawn.text + "?!") is None


def test_formats_get_the_same_requests_and_are_counted(services: Services) -> None:
    services.host.use(ScriptedEngine(lambda r: "I cannot help." if r.messages[0].role == "system" else "Sure <b>."))
    pages = list(format_lab.run_lab(services, Stops(), ME, "heldout-harmful", 40, ["plain", "safety", "both"]))
    assert len(pages) == 6
    assert "<b>" not in pages[-1] and pages[-1].count("cai-question") == format_lab.SHOWN
    prompts = sets.list_prompts(services, "heldout-harmful", 40, 0)
    results = list(run_formats(services, prompts, ["plain", "safety"], Sampling()))[-1]
    assert [(r.key, r.refused.successes, r.refused.total) for r in results] == [("plain", 0, 40), ("safety", 40, 40)]
    for bad in ([], None):
        with pytest.raises(InputError, match="no format"):
            list(format_lab.run_lab(services, Stops(), ME, "heldout-harmful", 40, bad))


def test_one_click_compares_human_with_raw_text_and_the_template(services: Services) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return "I cannot help with that." if request.chat_format == "human-assistant" else "Sure."

    services.host.use(ScriptedEngine(answer))
    *_, last = format_lab.ask_about_human(services, Stops(), ME, "heldout-harmful", 40)
    assert "“Raw, with Human:” refuses more" in last and "40 of the requests" in last and "p = 1.8e-12" in last
    human, bare, plain = (
        next(r for r in asked if r.chat_format == name) for name in ("human-assistant", "bare", "as loaded")
    )
    assert (human.messages, human.sampling) == (bare.messages, bare.sampling) == (plain.messages, plain.sampling)


def test_traces_are_a_table_that_constitution_and_label_narrow(services: Services) -> None:
    first, second = run(services)[-1].trace, run(services, "What is <i>rye</i>?")[-1].trace
    assert first is not None and second is not None
    tab.label_step(services, ME, first.id, 1, ["role confusion"])

    def listed(**sieve: str) -> list[str]:
        return [trace.id for trace in trace_table.list_traces(services, Sieve(**sieve))]

    assert listed() == [second.id, first.id]
    assert listed(label="role confusion") == [first.id] and listed(label="empty") == []
    assert listed(constitution=first.constitution_hash, words="rye") == [second.id]
    assert listed(constitution="0" * 64) == []
    shown = trace_table.traces_html(services, trace_table.list_traces(services, Sieve()))
    assert f'data-says="{first.id}"' in shown and "role confusion" in shown and "&lt;i&gt;rye" in shown


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


def test_the_tab_opens_on_ones_own_trace_and_not_on_what_others_made(services: Services) -> None:
    assert run(services)[-1].trace is not None
    assert tab.show_last(services, Session("somebody else")).trace is None


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
