"""The panel "Run settings": how a trace is made, for the live one and for the batch beneath it."""

from __future__ import annotations

import random

import gradio as gr

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.other_models import ADDRESS_LIMIT
from cai_ui.text import clean_text
from cai_ui.web.kit.events import QUIET, Changes, Given
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.present import short
from cai_ui.web.revise import words


def side_choices(services: Services) -> list[tuple[str, str]]:
    """Label and name of what may criticise and revise: the model that answers, its variants, models used before."""
    titles = comparison.variant_titles(services)
    variants = [(titles.get(v.name, v.name), v.name) for v in comparison.variants(services)]
    return [(words.SAME_MODEL, ""), *variants, *map(_other_model, services.others.known())]


def _other_model(address: str) -> tuple[str, str]:
    return f"another model: {address}", address


class SettingsBox:
    """The panel. Principle, critic and reviser have menus of their own, filled from the workspace.

    `start` says who criticises and revises at first. `inputs` are what `read_from` needs; `filled`, what `changes`
    fills.
    """

    def __init__(self, start: AppSettings) -> None:
        with gr.Accordion(words.SETTINGS, open=False, elem_id="revise-settings"):
            apart = ("principle_id", "critic", "reviser")
            self.settings = build_form(RevisionSettings, "revise", leave_out=apart, labels=words.KNOBS)
            self.principle = gr.Dropdown(
                [], label=words.PRINCIPLE, info=words.PRINCIPLE_HELP, elem_id="revise-principle", visible=False
            )
            with gr.Row():
                self.critic = _side(words.CRITIC, "revise-critic", start.critic)
                self.reviser = _side(words.REVISER, "revise-reviser", start.reviser)
            self.sampling = build_form(Sampling, "revise-sampling")
            self.new_seed = gr.Checkbox(True, label=words.NEW_SEED, info=words.NEW_SEED_HELP, elem_id="revise-new-seed")
        self.menus = [self.principle, self.critic, self.reviser]
        self.filled = [self.critic, self.reviser, *self.settings.inputs, *self.sampling.inputs]
        self.inputs = [self.principle, self.new_seed, *self.filled]

    def wire(self) -> None:
        """Show the menu of principles only where one is to be chosen."""
        choice = self.settings.widgets["choice"]
        choice.change(lambda chosen: gr.update(visible=chosen == "fixed"), [choice], [self.principle], **QUIET)

    def read_from(self, given: Given) -> tuple[RevisionSettings, Sampling]:
        """Checked settings from an event's values by component; draws the seed where a new one is wanted."""
        settings, sampling = self.settings.read_from(given), self.sampling.read_from(given)
        apart = {
            "critic": clean_text(given[self.critic] or "", words.CRITIC, limit=ADDRESS_LIMIT, required=False).strip(),
            "reviser": clean_text(
                given[self.reviser] or "", words.REVISER, limit=ADDRESS_LIMIT, required=False
            ).strip(),
        }
        if settings.choice == "fixed":
            if not given[self.principle]:
                raise InputError(words.NO_PRINCIPLE, next_step=words.CHOOSE_PRINCIPLE)
            apart["principle_id"] = given[self.principle]
        if given[self.new_seed]:
            sampling = sampling.model_copy(update={"seed": random.randrange(2**31)})
        return settings.model_copy(update=apart), sampling

    def changes(self, settings: RevisionSettings, sampling: Sampling) -> Changes:
        """These settings in the panel."""
        sides = {self.critic: settings.critic, self.reviser: settings.reviser}
        return {**sides, **self.settings.changes(settings), **self.sampling.changes(sampling)}

    def listed(self, services: Services) -> Changes:
        """The menus, as principles and models stand now."""
        version = constitutions.current_constitution(services)
        usable = [(p.name, p.id) for p in version.constitution.principles if p.kind == "critique"]
        sides = gr.update(choices=side_choices(services))
        info = f"{words.PRINCIPLE_HELP} From version {short(version.hash)}."
        return {self.principle: gr.update(choices=usable, info=info), self.critic: sides, self.reviser: sides}


def _side(label: str, elem_id: str, start: str) -> gr.Dropdown:
    choices = [(words.SAME_MODEL, ""), *([_other_model(start)] if start else [])]
    return gr.Dropdown(
        choices, value=start, label=label, info=words.SIDE_HELP, elem_id=elem_id, min_width=220, allow_custom_value=True
    )
