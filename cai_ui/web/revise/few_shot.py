"""The panel of few-shot examples: what the model is shown before it criticises and revises."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions, few_shot
from cai_ui.records import FewShot
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import first_line, notice
from cai_ui.web.session import SessionParts

TEXTS = ("request", "answer", "critique_request", "critique", "revision_request", "revision")


@dataclass(frozen=True)
class FewShotParts:
    """The panel's components; `texts` and `enabled` in the order of a `FewShot`."""

    listed: gr.Radio
    texts: list[gr.Textbox]
    enabled: gr.Checkbox
    add: gr.Button
    up: gr.Button
    down: gr.Button
    delete: gr.Button
    reset: gr.Button
    state: gr.HTML

    @property
    def fields(self) -> list[Any]:
        return [*self.texts, self.enabled]


# Handlers. Each takes the place in the list and gives the examples and the place afterwards.


def examples_now(services: Services) -> tuple[FewShot, ...]:
    """The few-shot examples of the constitution in use."""
    return few_shot.few_shot(services, _name(services))


def edit_example(services: Services, place: int | None, *values: Any) -> int:
    """Keep what the fields hold."""
    examples = list(examples_now(services))
    index = _place(examples, place)
    *texts, enabled = values
    named = dict(zip(TEXTS, [text or "" for text in texts], strict=True))
    examples[index] = FewShot(**named, enabled=bool(enabled))
    few_shot.save_few_shot(services, _name(services), examples)
    return index


def add_example(services: Services) -> int:
    """An empty example at the end, switched off until it is filled in."""
    examples = [*examples_now(services), FewShot("", "", "", "", "", "", enabled=False)]
    return len(few_shot.save_few_shot(services, _name(services), examples)) - 1


def move_example(services: Services, place: int | None, by: int) -> int:
    """The example one place up or down."""
    examples = list(examples_now(services))
    index = _place(examples, place)
    target = min(max(0, index + by), len(examples) - 1)
    examples.insert(target, examples.pop(index))
    few_shot.save_few_shot(services, _name(services), examples)
    return target


def delete_example(services: Services, place: int | None) -> int:
    """The list without the example; "Shipped examples again" brings shipped ones back."""
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
    cost = "their length is not known without a model" if tokens is None else f"{tokens:,} tokens before each step"
    return notice(f"{constitution.title}: {shown} of {len(examples)} examples are on, {cost}.")


def _name(services: Services) -> str:
    return constitutions.current_constitution(services).constitution.name


def _place(examples: list[FewShot], place: int | None) -> int:
    if place is None or not 0 <= int(place) < len(examples):
        raise InputError("No example is chosen.", next_step="Choose one in the list, or add one.")
    return int(place)


# Layout


def build() -> FewShotParts:
    """The panel's layout."""
    with gr.Accordion("Few-shot examples", open=False, elem_id="few-shot"):
        gr.HTML(
            '<p class="muted narrow">Rounds that are shown to the model before it criticises and revises, when '
            "“Few shot” is switched on under “How it runs”. They belong to the constitution in use. A step that "
            "repeats one of them gets the label “few-shot copy”.</p>"
        )
        state = gr.HTML("", elem_id="few-shot-state")
        with gr.Row():
            with gr.Column(scale=2, min_width=260):
                listed = gr.Radio([], label="Examples", elem_id="few-shot-list", elem_classes="cai-navigator")
                with gr.Row(elem_classes="toolbar"):
                    add = gr.Button("Add", size="sm", elem_id="few-shot-add")
                    up = gr.Button("Up", size="sm", elem_id="few-shot-up")
                    down = gr.Button("Down", size="sm", elem_id="few-shot-down")
                    delete = gr.Button("Delete", size="sm", elem_id="few-shot-delete", elem_classes="danger")
                    reset = gr.Button("Shipped examples again", size="sm", elem_id="few-shot-reset")
            with gr.Column(scale=5, min_width=300):
                enabled = gr.Checkbox(label="On", elem_id="few-shot-on")
                texts = [
                    gr.Textbox(
                        label=name.replace("_", " ").capitalize(),
                        lines=2,
                        max_lines=8,
                        elem_id=f"few-shot-{name.replace('_', '-')}",
                    )
                    for name in TEXTS
                ]
    return FewShotParts(listed, texts, enabled, add, up, down, delete, reset, state)


# Wiring


def wire(services: Services, parts: FewShotParts, tab: gr.Tab, session: SessionParts) -> None:
    """Connect the panel; handlers that change the list run one at a time."""
    one_by_one: dict[str, Any] = {
        "concurrency_id": "few-shot", "concurrency_limit": 1, "show_progress": "hidden", "api_visibility": "private",
    }  # fmt: skip
    everything = [parts.listed, *parts.fields, parts.state]
    for field in parts.fields:
        field.input(
            bind(_edit, services),
            [parts.listed, *parts.fields],
            [parts.listed, parts.state],
            trigger_mode="always_last",
            **one_by_one,
        )
    parts.listed.input(bind(_show, services), [parts.listed], everything, trigger_mode="always_last", **one_by_one)
    parts.add.click(bind(_add, services), None, everything, **one_by_one)
    parts.up.click(bind(_up, services), [parts.listed], everything, **one_by_one)
    parts.down.click(bind(_down, services), [parts.listed], everything, **one_by_one)
    parts.delete.click(bind(_delete, services), [parts.listed], everything, **one_by_one)
    parts.reset.click(bind(_reset, services), None, everything, **one_by_one)
    for trigger in (session.ready.then, tab.select, session.strip.change):
        trigger(bind(_show, services), [parts.listed], everything, **one_by_one)


def _edit(services: Services, place: int | None, *values: Any) -> list[Any]:
    index = edit_example(services, place, *values)
    return [gr.update(choices=_choices(examples_now(services)), value=index), state_html(services)]


def _add(services: Services) -> list[Any]:
    return _show(services, add_example(services))


def _up(services: Services, place: int | None) -> list[Any]:
    return _show(services, move_example(services, place, -1))


def _down(services: Services, place: int | None) -> list[Any]:
    return _show(services, move_example(services, place, 1))


def _delete(services: Services, place: int | None) -> list[Any]:
    return _show(services, delete_example(services, place))


def _reset(services: Services) -> list[Any]:
    return _show(services, reset_examples(services))


def _show(services: Services, place: int | None) -> list[Any]:
    """All of the panel, with the example at `place` (or the nearest) in the fields."""
    examples = examples_now(services)
    index = min(int(place or 0), len(examples) - 1) if examples else None
    shown = examples[index] if index is not None else FewShot("", "", "", "", "", "", enabled=False)
    values = [gr.update(value=value, interactive=index is not None) for value in dataclasses.astuple(shown)]
    return [gr.update(choices=_choices(examples), value=index), *values, state_html(services)]


def _choices(examples: tuple[FewShot, ...]) -> list[tuple[str, int]]:
    return [
        (f"{number}. {first_line(e.request, 48) or '(empty)'}{'' if e.enabled else '  ·  off'}", number - 1)
        for number, e in enumerate(examples, 1)
    ]
