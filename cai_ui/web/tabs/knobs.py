"""The panel "How it runs": settings of a chain, used by the live chain and by the batch beneath it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.web.forms import Form, build_form


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
        return [self.principle, self.critic, self.reviser, self.new_seed, *self.forms]

    @property
    def forms(self) -> list[Any]:
        """The widgets that `updates` fills."""
        return [*self.settings.inputs, *self.sampling.inputs]

    def read(self, values: Sequence[Any]) -> tuple[RevisionSettings, Sampling]:
        """Checked settings from the values of `inputs`; draws the seed where a new one is wanted."""
        principle, critic, reviser, new_seed, *rest = values
        count = len(self.settings.inputs)
        settings, sampling = self.settings.read(rest[:count]), self.sampling.read(rest[count:])
        if settings.choice == "fixed":
            if not principle:
                raise InputError("The choice is “fixed”, but no principle is chosen.", next_step="Choose one below it.")
            settings = settings.model_copy(update={"principle_id": principle})
        settings = settings.model_copy(update={"critic": critic or "", "reviser": reviser or ""})
        if new_seed:
            sampling = sampling.model_copy(update={"seed": random.randrange(2**31)})
        return settings, sampling

    def updates(self, settings: RevisionSettings, sampling: Sampling) -> list[Any]:
        """Values for `forms`."""
        return [*self.settings.updates(settings), *self.sampling.updates(sampling)]


def build() -> KnobParts:
    """The panel's layout, made where it is called."""
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
                "few_shot": "Few shot: show worked examples",
            },
        )
        principle = gr.Dropdown(
            [], label="Principle", info="Used in every round.", elem_id="revise-principle", visible=False
        )
        with gr.Row():
            critic = gr.Dropdown(
                [("the model that answers", "")], value="", label="Who criticises", elem_id="revise-critic",
                min_width=220,
            )  # fmt: skip
            reviser = gr.Dropdown(
                [("the model that answers", "")], value="", label="Who revises", elem_id="revise-reviser",
                min_width=220,
            )  # fmt: skip
        sampling = build_form(Sampling, "revise-sampling")
        new_seed = gr.Checkbox(
            True,
            label="New seed each time",
            info="Off: the same seed gives the same text again.",
            elem_id="revise-new-seed",
        )
    return KnobParts(settings, principle, critic, reviser, sampling, new_seed)


def wire(parts: KnobParts) -> None:
    """Show the menu of principles only where one is to be chosen."""
    choice = parts.settings.widgets["choice"]
    choice.change(_menu, [choice], [parts.principle], show_progress="hidden", api_visibility="private")


def _menu(choice: str) -> Any:
    return gr.update(visible=choice == "fixed")
