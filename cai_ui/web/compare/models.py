"""The models that can be asked: the base, and the adapters trained on it."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.web.compare import words
from cai_ui.web.kit.choices import looked_up, variant_choices
from cai_ui.web.kit.events import AT_ONCE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, notice
from cai_ui.web.session import SessionParts

_NEWEST = 2
"""Adapters ticked by themselves when they are new; more would be hard to read side by side."""

# Handlers


def choose_variants(names: Sequence[str], chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """Which models are ticked: those that were and are still there, and the newest that were not known before.

    At first, and where nothing is left, the base and the newest adapters.
    """
    kept = [name for name in chosen if name in names]
    if not kept or not known:
        return [*names[:1], *names[1:][-_NEWEST:]]
    return [*kept, *[name for name in names if name not in known][-_NEWEST:]]


def about_html(services: Services) -> str:
    """What is missing among the models to choose from: all of them, adapters, or some adapters and why."""
    there, left_out = comparison.variants(services), comparison.variants_left_out(services)
    if not there:
        return empty_state(*words.NO_MODEL)
    if left_out:
        names = "; ".join(f"“{name}”: {why}" for name, why in left_out)
        return notice(f"Not offered here: {names}. To use it, load the model it was trained on (Start tab).", "warn")
    return notice(words.ONLY_BASE) if len(there) == 1 else ""


class ModelsBox:
    """The list to tick, and what is missing in it. `known` holds the models listed so far."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.chosen = gr.CheckboxGroup([], label=words.MODELS, elem_id="compare-variants")
        self.about = gr.HTML(empty_state(*words.NO_MODEL), elem_id="compare-about")
        self.known = gr.State([])
        self.listed = [self.chosen, self.about, self.known]

    def wire(self, ask: gr.Button, tab: gr.Tab, session: SessionParts) -> None:
        """Follow what can be asked; `ask` can be pressed only while there is a model."""
        self.ask = ask
        for trigger in (session.strip.change, tab.select):
            trigger(bind(self._look, quiet=True), [self.chosen, self.known], [*self.listed, ask], **AT_ONCE)

    def take(self, adapter: str | None) -> Changes:
        """The base and this adapter ticked, where it can be asked; what is left out, and why, is said."""
        names = [name for _, name in variant_choices(self.services)]
        return self._listed([*names[:1], *([adapter] if adapter in names[1:] else [])])

    def _look(self, chosen: list[str] | None, known: list[str]) -> Changes:
        names = [name for _, name in variant_choices(self.services)]
        ticked = choose_variants(names, chosen or [], known)
        return {**self._listed(ticked, chosen), self.ask: gr.update(interactive=bool(names))}

    def _listed(self, ticked: list[str], given: list[str] | None = None) -> Changes:
        choices = variant_choices(self.services)
        return {
            self.chosen: looked_up(choices, ticked, given),
            self.about: about_html(self.services),
            self.known: [name for _, name in choices],
        }
