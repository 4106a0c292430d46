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
    """The panel's components. The principle has its own menu, filled from the constitution in use."""

    settings: Form[RevisionSettings]
    principle: gr.Dropdown
    sampling: Form[Sampling]
    new_seed: gr.Checkbox

    @property
    def inputs(self) -> list[Any]:
        return [self.principle, self.new_seed, *self.settings.inputs, *self.sampling.inputs]

    def read(self, values: Sequence[Any]) -> tuple[RevisionSettings, Sampling]:
        """Checked settings from the values of `inputs`; draws the seed where a new one is wanted."""
        principle, new_seed, *rest = values
        count = len(self.settings.inputs)
        settings, sampling = self.settings.read(rest[:count]), self.sampling.read(rest[count:])
        if settings.choice == "fixed":
            if not principle:
                raise InputError("The choice is “fixed”, but no principle is chosen.", next_step="Choose one below it.")
            settings = settings.model_copy(update={"principle_id": principle})
        if new_seed:
            sampling = sampling.model_copy(update={"seed": random.randrange(2**31)})
        return settings, sampling


def build() -> KnobParts:
    """The panel's layout, made where it is called."""
    with gr.Accordion("How it runs", open=False, elem_id="revise-settings"):
        settings = build_form(
            RevisionSettings,
            "revise",
            leave_out=("principle_id",),
            labels={"revisions": "Rounds", "choice": "Choice of principle", "critique": "Write critiques"},
        )
        principle = gr.Dropdown(
            [], label="Principle", info="Used in every round.", elem_id="revise-principle", visible=False
        )
        sampling = build_form(Sampling, "revise-sampling")
        new_seed = gr.Checkbox(
            True,
            label="New seed each time",
            info="Off: the same seed gives the same text again.",
            elem_id="revise-new-seed",
        )
    return KnobParts(settings, principle, sampling, new_seed)


def wire(parts: KnobParts) -> None:
    """Show the menu of principles only where one is to be chosen."""
    choice = parts.settings.widgets["choice"]
    choice.input(_menu, [choice], [parts.principle], show_progress="hidden", api_visibility="private")


def _menu(choice: str) -> Any:
    return gr.update(visible=choice == "fixed")
