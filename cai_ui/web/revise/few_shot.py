"""The panel of few-shot examples: what the model is shown before it criticises and revises."""

from __future__ import annotations

import dataclasses

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions, few_shot
from cai_ui.records import FewShot, content_hash, to_dict
from cai_ui.web.kit.events import NEWEST, Changes, Given, in_turn
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import first_line, notice
from cai_ui.web.revise import words
from cai_ui.web.session import SessionParts

TEXTS = ("request", "answer", "critique_request", "critique", "revision_request", "revision")
_EMPTY = FewShot("", "", "", "", "", "", enabled=False)

# Handlers. Each takes the place in the list and gives the place afterwards.


def examples_now(services: Services) -> tuple[FewShot, ...]:
    """The few-shot examples of the constitution in use."""
    return few_shot.few_shot(services, _name(services))


def edit_example(services: Services, place: int | None, example: FewShot) -> int:
    """Keep what the fields hold."""
    examples = list(examples_now(services))
    index = _place(examples, place)
    examples[index] = example
    few_shot.save_few_shot(services, _name(services), examples)
    return index


def add_example(services: Services) -> int:
    """An empty example at the end, switched off until it is filled in."""
    return len(few_shot.save_few_shot(services, _name(services), [*examples_now(services), _EMPTY])) - 1


def move_example(services: Services, place: int | None, by: int) -> int:
    """The example one place up or down."""
    examples = list(examples_now(services))
    index = _place(examples, place)
    target = min(max(0, index + by), len(examples) - 1)
    examples.insert(target, examples.pop(index))
    few_shot.save_few_shot(services, _name(services), examples)
    return target


def delete_example(services: Services, place: int | None) -> int:
    """The list without the example; a reset brings shipped ones back."""
    examples = list(examples_now(services))
    index = _place(examples, place)
    del examples[index]
    few_shot.save_few_shot(services, _name(services), examples)
    return max(0, index - 1)


def reset_examples(services: Services) -> int:
    """The shipped examples."""
    few_shot.reset_few_shot(services, _name(services))
    return 0


def state_html(services: Services) -> str:
    """How many examples are on, and what they cost."""
    constitution = constitutions.current_constitution(services).constitution
    examples = examples_now(services)
    shown = sum(e.enabled for e in examples)
    tokens = few_shot.few_shot_tokens(services, examples)
    cost = words.LENGTH_UNKNOWN if tokens is None else f"{tokens:,} tokens before each step"
    return notice(f"{constitution.title}: {shown} of {len(examples)} examples are on, {cost}.")


def example_choices(examples: tuple[FewShot, ...]) -> list[tuple[str, int]]:
    """Label and place of each example."""
    return [
        (f"{number}. {first_line(e.request, 48) or '(empty)'}{'' if e.enabled else '  ·  off'}", number - 1)
        for number, e in enumerate(examples, 1)
    ]


def _name(services: Services) -> str:
    return constitutions.current_constitution(services).constitution.name


def _place(examples: list[FewShot], place: int | None) -> int:
    if place is None or not 0 <= int(place) < len(examples):
        raise InputError(words.NO_EXAMPLE, next_step=words.CHOOSE_EXAMPLE)
    return int(place)


class FewShotBox:
    """The panel. `fields` are those of a `FewShot`, by name and in its order."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.FEW_SHOT, open=False, elem_id="few-shot"):
            gr.HTML(f'<p class="muted narrow">{words.FEW_SHOT_WHAT}</p>')
            self.state = gr.HTML("", elem_id="few-shot-state")
            with gr.Row():
                with gr.Column(scale=2, min_width=260):
                    self.listed = gr.Radio(
                        [], label=words.EXAMPLES, elem_id="few-shot-list", elem_classes="cai-navigator"
                    )
                    with gr.Row(elem_classes="toolbar"):
                        self._buttons()
                with gr.Column(scale=5, min_width=300):
                    self._fields()

    def _buttons(self) -> None:
        self.add = gr.Button(words.ADD, size="sm", elem_id="few-shot-add")
        self.up = gr.Button(words.UP, size="sm", elem_id="few-shot-up")
        self.down = gr.Button(words.DOWN, size="sm", elem_id="few-shot-down")
        self.delete = gr.Button(words.DELETE, size="sm", elem_id="few-shot-delete", elem_classes="danger")
        self.reset = gr.Button(words.RESET, size="sm", elem_id="few-shot-reset")

    def _fields(self) -> None:
        enabled = gr.Checkbox(label=words.ON, elem_id="few-shot-on")
        texts = {
            name: gr.Textbox(
                label=name.replace("_", " ").capitalize(),
                lines=2,
                max_lines=8,
                elem_id=f"few-shot-{name.replace('_', '-')}",
            )
            for name in TEXTS
        }
        self.fields: dict[str, gr.components.Component] = {**texts, "enabled": enabled}
        self.seen = gr.State("")

    def wire(self, tab: gr.Tab, session: SessionParts) -> None:
        """Connect the panel; handlers that change the list run one at a time."""
        turn, newest = in_turn("few-shot"), {**NEWEST, **in_turn("few-shot")}
        fields, here = list(self.fields.values()), [self.listed]
        everything = [self.listed, *fields, self.state, self.seen]
        typed = [field.input for field in fields]
        gr.on(typed, bind(self._edit), {self.listed, *fields}, [self.listed, self.state, self.seen], **newest)
        self.listed.input(bind(self.show), here, everything, **newest)
        self.add.click(bind(self._add), None, everything, **turn)
        self.up.click(bind(self._up), here, everything, **turn)
        self.down.click(bind(self._down), here, everything, **turn)
        self.delete.click(bind(self._delete), here, everything, **turn)
        self.reset.click(bind(self._reset), None, everything, **turn)
        for trigger in (tab.select, session.strip.change):
            trigger(bind(self._look), [self.listed, self.seen], everything, **turn)

    def _look(self, place: int | None, seen: str) -> Changes:
        """The panel where its examples are others than the page has; else what is typed and chosen stays."""
        examples = examples_now(self.services)
        return (
            {self.state: state_html(self.services)}
            if content_hash([to_dict(one) for one in examples]) == seen
            else self.show(place)
        )

    def show(self, place: int | None) -> Changes:
        """All of the panel, with the example at `place` (or the nearest) in the fields."""
        examples = examples_now(self.services)
        index = min(int(place or 0), len(examples) - 1) if examples else None
        shown = dataclasses.asdict(_EMPTY if index is None else examples[index])
        there = index is not None
        fields = {field: gr.update(value=shown[name], interactive=there) for name, field in self.fields.items()}
        return {**self._list(examples, index), **fields}

    def _list(self, examples: tuple[FewShot, ...], index: int | None) -> Changes:
        choices = gr.update(choices=example_choices(examples), value=index)
        return {
            self.listed: choices,
            self.state: state_html(self.services),
            self.seen: content_hash([to_dict(one) for one in examples]),
        }

    def _edit(self, given: Given) -> Changes:
        texts = {name: given[self.fields[name]] or "" for name in TEXTS}
        example = FewShot(**texts, enabled=bool(given[self.fields["enabled"]]))
        index = edit_example(self.services, given[self.listed], example)
        return self._list(examples_now(self.services), index)

    def _add(self) -> Changes:
        return self.show(add_example(self.services))

    def _up(self, place: int | None) -> Changes:
        return self.show(move_example(self.services, place, -1))

    def _down(self, place: int | None) -> Changes:
        return self.show(move_example(self.services, place, 1))

    def _delete(self, place: int | None) -> Changes:
        return self.show(delete_example(self.services, place))

    def _reset(self) -> Changes:
        return self.show(reset_examples(self.services))
