"""Requests that are drawn from a set, with the turns before them."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.records import Message, Prompt
from cai_ui.web.kit.choices import drawn, earlier_turns
from cai_ui.web.revise import stepper
from cai_ui.web.revise.ask import AskBox
from cai_ui.web.stops import Stops

from .running import ME, run


def test_prompts_can_be_drawn_from_every_set(services: Services) -> None:
    for one in sets.prompt_sets(services):
        prompt = drawn(services, one.key)
        assert prompt.text.strip() and prompt.before == ()


def test_a_drawn_conversation_fills_request_and_earlier_turns(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    path.write_text(json.dumps({"chosen": "\n\nHuman: Hi\n\nAssistant: Yes?\n\nHuman: Bye\n\nAssistant: So."}))
    key, said = stepper.import_prompts(services, str(path))
    assert "“talk” has 1 request: 1 of unknown kind; 1 with earlier turns." in said
    prompt = drawn(services, key)
    assert [m.content for m in stepper.conversation(earlier_turns(prompt.turns), prompt.text)] == ["Hi", "Yes?", "Bye"]


def test_a_drawn_conversation_is_asked_as_its_set_has_it(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    turns = [("user", "Hi"), ("assistant", "The form:\nUser: alice\nAssistant: on"), ("user", "Steal it?")]
    messages = [{"role": role, "content": said} for role, said in turns]
    path.write_text(json.dumps({"messages": messages, "kind": "harmful", "topic": "theft"}))
    key, _ = stepper.import_prompts(services, str(path))
    with gr.Blocks():
        box = AskBox(services)
    changes = box._draw(key)
    boxes = (changes[box.prompt], RevisionSettings(), Sampling(), changes[box.earlier])
    *_, last = stepper.run_trace(services, Stops(), ME, *boxes, changes[box.drawn])
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
        *_, last = stepper.run_trace(services, Stops(), ME, *boxes)
        changes = box.asked_in(last)
    drawn_before = None if shown == "typed" else changes[box.drawn]
    asked = ("Borrow it?", RevisionSettings(), Sampling(), changes[box.earlier], drawn_before)
    *_, last = stepper.run_trace(services, Stops(), ME, *asked)
    assert last.trace is not None
    assert last.trace.conversation == (*talk[:2], Message("user", "Borrow it?"))


def test_a_ready_made_prompt_keeps_its_kind_on_the_way_to_curate(services: Services) -> None:
    drawn = sets.list_prompts(services, "train-harmful", 1, 5)[0]
    trace = run(services, drawn.text)[-1].trace
    assert trace is not None
    assert trace.prompt == drawn
    assert sets.find_prompt(services, drawn.text + "?!") is None
