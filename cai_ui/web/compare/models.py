"""The columns that can be asked: the base, the adapters trained on it, and those that a person or a link adds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import gradio as gr

from cai_ui.compare.columns import SYSTEM_LIMIT, make_column
from cai_ui.config.answers import AskSettings
from cai_ui.errors import EngineError, InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.compare.checkpoints import checkpoint_choices
from cai_ui.pipeline.compare.columns import column_title, known_columns
from cai_ui.text import PROMPT_LIMIT
from cai_ui.web.compare import words
from cai_ui.web.kit.choices import looked_up, variant_choices
from cai_ui.web.kit.events import ASIDE, AT_ONCE, Changes, Given, in_turn
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import ASKED, SessionParts

_NEWEST = 2
"""Adapters ticked by themselves when they are new; more would be hard to read side by side."""
_ADDED = 12
"""Columns of their own that a page keeps; the first ones go."""
ADDRESS_LIMIT = 8_000

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


def column_sources(services: Services) -> list[tuple[str, str]]:
    """What a column can be made of: adapters, checkpoints, other models that are known."""
    try:
        checkpoints = checkpoint_choices(services, services.engine())
    except EngineError:
        checkpoints = []
    return [*variant_choices(services), *checkpoints, *((name, name) for name in services.others.known())]


def asked_in(address: object) -> tuple[str, list[str]]:
    """The request and the columns that the part of an address from "?" on names, if it leads to this tab."""
    asked = parse_qs(str(address or "")[:ADDRESS_LIMIT].lstrip("?"), max_num_fields=50)
    if asked.get("tab", [""])[0] != "compare":
        return "", []
    return asked.get("prompt", [""])[0][:PROMPT_LIMIT], asked.get("variants", [])


class AddBox:
    """The fields that describe a column."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Accordion(words.ADD_BOX, open=False, elem_id="compare-add-box") as self.box:
            gr.HTML(f'<p class="muted narrow">{words.ADD_WHAT}</p>')
            self.source = gr.Dropdown(
                [], label=words.COLUMN, info=words.COLUMN_HELP, allow_custom_value=True, elem_id="compare-column"
            )
            self.ask = build_form(AskSettings, "compare-ask")
            self.system = gr.Textbox(
                label=words.SYSTEM, info=words.SYSTEM_HELP, lines=2, max_length=SYSTEM_LIMIT, elem_id="compare-system"
            )
            self.add = gr.Button(words.ADD, elem_id="compare-add", scale=0)
        self.inputs = {self.source, *self.ask.inputs, self.system}
        self.box.expand(bind(self._menu, quiet=True), None, [self.source], **ASIDE)

    def _menu(self) -> Changes:
        return {self.source: gr.update(choices=column_sources(self.services))}

    def column(self, given: Given) -> str:
        """The name of the column that is described. InputError where no model is chosen."""
        source = str(given[self.source] or "").strip()
        if not source:
            raise InputError(words.NO_COLUMN, next_step=words.CHOOSE_COLUMN)
        ask = self.ask.read_from(given)
        return make_column(source, ask.strength, ask.chat_format, given[self.system] or "").name


class ModelsBox:
    """The list to tick, and what is missing in it. `known` holds the models listed so far, `added` the columns that
    were added on this page, `wanted` those that a link asks for and nobody has looked up yet.

    Several looks may be on their way at once. `sent` holds what was ticked last, and a number that the page gets
    with it as `mark`: a look that comes with an older number tells of an older page, and its ticks count for nothing.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.chosen = gr.CheckboxGroup([], label=words.MODELS, elem_id="compare-variants")
        self.about = gr.HTML(empty_state(*words.NO_MODEL), elem_id="compare-about")
        self.link_said = gr.HTML(elem_id="compare-link-said")
        self.known, self.added, self.wanted = gr.State([]), gr.State([]), gr.State([])
        self.sent, self.mark = gr.State((0, [])), gr.Textbox("0", visible="hidden", elem_id="compare-mark")
        self.address = gr.Textbox(visible="hidden", elem_id="compare-address")
        self.box = AddBox(services)
        self.listed = [self.chosen, self.about, self.known, self.sent, self.mark]

    def wire(self, ask: gr.Button, prompt: gr.Textbox, tab: gr.Tab, session: SessionParts) -> None:
        """Follow what can be asked; `ask` can be pressed only while there is a model. A link fills the `prompt`."""
        self.ask, self.prompt = ask, prompt
        session.page.load(bind(self._opened, quiet=True), [self.address], [prompt, self.wanted], js=ASKED, **AT_ONCE)
        page = {self.chosen, self.known, self.added, self.wanted, self.sent, self.mark}
        shown = [*self.listed, ask, self.added, self.wanted, self.link_said]
        for trigger in (session.strip.change, tab.select, self.wanted.change):
            trigger(bind(self._look, quiet=True), page, shown, **in_turn("compare-models"))
        added = self.box.add.click(bind(self._add), {*page, *self.box.inputs}, shown, **in_turn("compare-models"))
        added.success(**sees("compare-variants"))

    def take(self, adapter: str | None) -> Changes:
        """The base and this adapter ticked, where it can be asked; what is left out, and why, is said."""
        names = [name for _, name in variant_choices(self.services)]
        return self._listed([*names[:1], *([adapter] if adapter in names[1:] else [])], [], time.time_ns())

    def _opened(self, address: str) -> Changes:
        prompt, names = asked_in(address)
        return {self.prompt: prompt or gr.skip(), self.wanted: names}

    def _look(self, given: Given) -> Changes:
        there = [name for _, name in variant_choices(self.services)]
        added, changes = list(given[self.added]), dict[Any, Any]()
        names = [*there, *added]
        ticked = choose_variants(names, self._ticked(given), [*given[self.known], *added])
        if there and given[self.wanted]:
            good, bad = known_columns(self.services, given[self.wanted])
            added = _kept([*added, *(name for name in good if name not in names)])
            unknown = ", ".join(f"“{name[:80]}”" for name in bad)
            said = notice(words.LINK_UNKNOWN.format(names=unknown), "warn") if bad else ""
            changes = {self.added: added, self.wanted: [], self.link_said: said}
            ticked = good or ticked
        return {
            **self._listed(ticked, added, given[self.sent][0] + 1, given[self.chosen] if self._is_new(given) else None),
            self.ask: gr.update(interactive=bool(there)),
            **changes,
        }

    def _add(self, given: Given) -> Changes:
        name, added = self.box.column(given), list(given[self.added])
        there = [one for _, one in variant_choices(self.services)]
        added = _kept([*added, *([name] if name not in (*there, *added) else [])])
        ticked = [one for one in dict.fromkeys([*self._ticked(given), name]) if one in (*there, *added)]
        return {**self._listed(ticked, added, given[self.sent][0] + 1), self.added: added}

    def _ticked(self, given: Given) -> list[str]:
        """What is ticked on the page as it is now."""
        return list(given[self.chosen] or []) if self._is_new(given) else list(given[self.sent][1])

    def _is_new(self, given: Given) -> bool:
        """Whether a look comes from the page as it is now, and not from before the last answer to it."""
        return str(given[self.mark]) == str(given[self.sent][0])

    def _listed(self, ticked: list[str], added: Sequence[str], number: int, given: Any = None) -> Changes:
        choices, titles = variant_choices(self.services), comparison.variant_titles(self.services)
        own = [(column_title(self.services, name, titles), name) for name in added]
        return {
            self.chosen: looked_up([*choices, *own], ticked, given),
            self.about: about_html(self.services),
            self.known: [name for _, name in choices],
            self.sent: (number, ticked),
            self.mark: str(number),
        }


def _kept(added: list[str]) -> list[str]:
    return added[-_ADDED:]
