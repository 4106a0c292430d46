"""The panel "How it runs": settings of a chain, used by the live chain and by the batch beneath it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import AppSettings, RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline.other_models import ADDRESS_LIMIT
from cai_ui.text import clean_text
from cai_ui.web.kit.forms import Form, build_form

WHO = (
    "An adapter of the list, or another model: type a folder, a name on the Hub, or the address of a server followed "
    "by # and its name for the model."
)


@dataclass(frozen=True)
class KnobParts:
    """The panel's components. Principle, critic and reviser have menus of their own, filled from the workspace."""

    settings: Form[RevisionSettings]
    principle: gr.Dropdown
    critic: gr.Dropdown
    reviser: gr.Dropdown
    sampling: Form[Sampling]
    new_seed: gr.Checkbox

    @property
    def sides(self) -> list[Any]:
        return [self.critic, self.reviser]

    @property
    def inputs(self) -> list[Any]:
        return [self.principle, self.new_seed, *self.forms]

    @property
    def forms(self) -> list[Any]:
        """The widgets that `updates` fills."""
        return [*self.sides, *self.settings.inputs, *self.sampling.inputs]

    def read(self, values: Sequence[Any]) -> tuple[RevisionSettings, Sampling]:
        """Checked settings from the values of `inputs`; draws the seed where a new one is wanted."""
        principle, new_seed, critic, reviser, *rest = values
        count = len(self.settings.inputs)
        settings, sampling = self.settings.read(rest[:count]), self.sampling.read(rest[count:])
        if settings.choice == "fixed":
            if not principle:
                raise InputError("The choice is “fixed”, but no principle is chosen.", next_step="Choose one below it.")
            settings = settings.model_copy(update={"principle_id": principle})
        sides = {
            "critic": clean_text(critic or "", "Who criticises", limit=ADDRESS_LIMIT, required=False).strip(),
            "reviser": clean_text(reviser or "", "Who revises", limit=ADDRESS_LIMIT, required=False).strip(),
        }
        settings = settings.model_copy(update=sides)
        if new_seed:
            sampling = sampling.model_copy(update={"seed": random.randrange(2**31)})
        return settings, sampling

    def updates(self, settings: RevisionSettings, sampling: Sampling) -> list[Any]:
        """Values for `forms`."""
        sides = [settings.critic, settings.reviser]
        return [*sides, *self.settings.updates(settings), *self.sampling.updates(sampling)]


def build(start: AppSettings | None = None) -> KnobParts:
    """The panel's layout, made where it is called; `start` says who criticises and revises at first."""
    start = start or AppSettings()
    with gr.Accordion("How it runs", open=False, elem_id="revise-settings"):
        settings = build_form(
            RevisionSettings,
            "revise",
            leave_out=("principle_id", "critic", "reviser"),
            labels={
                "revisions": "Rounds",
                "choice": "Choice of principle",
                "critique": "Write critiques",
                "critiques": "Critiques per round",
                "stop_when_fine": "Stop early when nothing is found",
                "few_shot": "Few shot: show few-shot examples",
            },
        )
        principle = gr.Dropdown(
            [], label="Principle", info="Used in every round.", elem_id="revise-principle", visible=False
        )
        with gr.Row():
            critic = _who("Who criticises", "revise-critic", start.critic)
            reviser = _who("Who revises", "revise-reviser", start.reviser)
        sampling = build_form(Sampling, "revise-sampling")
        new_seed = gr.Checkbox(
            True,
            label="New seed each time",
            info="Off: the same seed gives the same text again.",
            elem_id="revise-new-seed",
        )
    return KnobParts(settings, principle, critic, reviser, sampling, new_seed)


def _who(label: str, elem_id: str, start: str) -> gr.Dropdown:
    choices = [("the model that answers", "")] + ([(f"another model: {start}", start)] if start else [])
    return gr.Dropdown(
        choices, value=start, label=label, info=WHO, elem_id=elem_id, min_width=220, allow_custom_value=True
    )


def wire(parts: KnobParts) -> None:
    """Show the menu of principles only where one is to be chosen."""
    choice = parts.settings.widgets["choice"]
    choice.change(_menu, [choice], [parts.principle], show_progress="hidden", api_visibility="private")


def _menu(choice: str) -> Any:
    return gr.update(visible=choice == "fixed")
