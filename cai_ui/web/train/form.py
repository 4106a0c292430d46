"""What to train, on what, and how: data, method and settings, the check, and the start of one run or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from cai_ui.config.compare import JudgeSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, judges
from cai_ui.pipeline.compare.judging import rubrics_of
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import BASE, Run
from cai_ui.train.check.preflight import PreflightReport
from cai_ui.train.methods import METHODS, method_of, own_knobs
from cai_ui.train.presets import PRESETS
from cai_ui.web.kit.choices import dataset_choices, looked_up, set_choices
from cai_ui.web.kit.events import ASIDE, NEWEST, SLOW, Changes, Given
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.judges import standing_html
from cai_ui.web.kit.present import notice
from cai_ui.web.kit.sight import sees
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.train import run_card, sweep, words
from cai_ui.web.train.preflight_card import preflight_html
from cai_ui.web.train.presets import differences, preset, preset_names, switched
from cai_ui.web.train.wanted import Wanted, check, make_wanted, start, start_choices
from cai_ui.web.train.watch import WatchBox, chosen

# Handlers


def probe_sets(services: Services) -> list[tuple[str, str]]:
    """Label and key of the prompt sets that a run may be asked from; "" for the shipped held-out ones."""
    return [(words.HELD_OUT, ""), *set_choices(prompt_sets(services))]


class RunForm:
    """The upper part of the tab; menus are filled when the page loads."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.about = gr.HTML(elem_id="train-about")
        with gr.Row():
            self._data()
        methods = [(f"{method.title}: {method.about}", method.name) for method in METHODS.values()]
        self.method = gr.Radio(methods, value="sft", label=words.METHOD, elem_id="train-method")
        with gr.Row():
            self._preset_and_name()
        with gr.Accordion(words.SETTINGS, open=False, elem_id="train-settings"):
            self.form = build_form(TrainSettings, "train", menus={"probe_set": probe_sets(services)})
            self.sweep = sweep.SweepBox()
        self.changed = gr.HTML(elem_id="train-changed")
        with gr.Row(elem_classes="toolbar"):
            self.start = gr.Button(words.START, variant="primary", elem_id="train-start", elem_classes="once", scale=0)
            self.check = gr.Button(words.CHECK, elem_id="train-check", scale=0)
        self.checked = gr.HTML(elem_id="train-checked")
        self.fit = gr.Button(words.FIT, elem_id="train-fit", scale=0, visible=False)
        self.wanted = {self.method, self.dataset, self.start_from, *self.form.inputs}
        self.some_only = [self.form.widgets[knob] for knob in own_knobs()]

    def _data(self) -> None:
        self.dataset = gr.Dropdown([], label=words.DATASET, elem_id="train-dataset", filterable=False, min_width=260)
        self.start_from = gr.Dropdown(
            [(words.BASE_MODEL, BASE)],
            value=BASE,
            label=words.START_FROM,
            info=words.START_FROM_HELP,
            elem_id="train-from",
            filterable=False,
            min_width=220,
        )

    def _preset_and_name(self) -> None:
        self.preset = gr.Dropdown(
            [], label=words.PRESET, info=words.PRESET_HELP, elem_id="train-preset", filterable=False, min_width=220
        )
        self.name = gr.Textbox(
            label=words.RUN_NAME, placeholder=words.OPTIONAL, max_lines=1, elem_id="train-name", min_width=220
        )

    def wire(self, watch: WatchBox, with_dpo: gr.Button, visits: Sequence[Any], session: SessionParts) -> None:
        """Connect it: `watch` shows the run that is begun, `with_dpo` sets the form to continue from the one shown. At
        the `visits` the menus get what there is then."""
        self.watch, self.session = watch, session
        self._wire_menus(visits)
        self._wire_settings(with_dpo)
        looked_at = [self.checked, self.fit]
        self.check.click(bind(self._check), self.wanted, looked_at, **SLOW)
        self.fit.click(bind(self._fit), self.wanted, [*looked_at, *self.form.inputs], **SLOW)
        named, shown = {session.state, self.name, *self.wanted}, [watch.run, *looked_at]
        variants = [session.state, self.dataset, self.preset]
        begun = (
            self.start.click(bind(self._start), named, shown, **SLOW),
            self.sweep.start.click(bind(self._queue_all), {self.sweep.grid, *named}, shown, **SLOW),
            self.sweep.variants.click(bind(self._queue_variants), variants, shown, **SLOW),
        )
        watch.look_at(*(event.success for event in begun))
        for event in begun:
            event.success(**sees("train-watch"))

    def _wire_menus(self, visits: Sequence[Any]) -> None:
        current = [self.dataset, self.start_from]
        menus = [self.about, *current, self.preset, self.form.widgets["probe_set"]]
        self.session.restore(bind(self._menus, quiet=True), current, menus)
        for trigger in (*visits, self.session.strip.change):
            trigger(bind(self._menus, quiet=True), current, menus, **ASIDE)

    def _wire_settings(self, with_dpo: gr.Button) -> None:
        restore, inputs = self.session.restore, self.form.inputs
        filled = [*inputs, self.checked, self.changed]
        knobs = {"fn": self._shown_knobs, "inputs": [self.method], "outputs": self.some_only, **ASIDE}
        by_preset = {"fn": bind(self._preset), "inputs": [self.preset, self.method], "outputs": filled, **ASIDE}
        restore(bind(self._first, quiet=True), [self.method], [self.preset, *inputs])
        restore(self._shown_knobs, [self.method], self.some_only)
        gr.on(
            [widget.input for widget in inputs],
            bind(self._changed, quiet=True),
            {self.preset, self.method, *inputs},
            [self.changed],
            **NEWEST,
        )
        self.preset.input(**by_preset)
        settings = {self.preset, self.method, *inputs}
        self.method.input(**knobs).then(bind(self._switch), settings, filled, **ASIDE)
        continued = [self.method, self.dataset, self.start_from, *filled]
        continuing = with_dpo.click(bind(self._with_dpo), [self.watch.run, self.preset], continued, **ASIDE)
        continuing.success(**sees("train-checked"))
        continuing.then(**knobs)

    def takes(self) -> Handover:
        """Leads here with a dataset to train on."""
        return Handover("train", [self.dataset], self._take)

    def _take(self, dataset_hash: str | None) -> Changes:
        return {self.dataset: gr.update(choices=dataset_choices(self.services.store.datasets()), value=dataset_hash)}

    def _menus(self, dataset_hash: str | None, start_from: str | None) -> Changes:
        infos, starts = self.services.store.datasets(), start_choices(self.services)
        hashes = [info.hash for info in infos]
        value = dataset_hash if dataset_hash in hashes else (hashes[0] if hashes else None)
        kept = start_from if start_from in [name for _, name in starts] else BASE
        return {
            self.about: "" if infos else notice(words.NO_DATA, "warn"),
            self.dataset: looked_up(dataset_choices(infos), value, dataset_hash),
            self.start_from: looked_up(starts, kept, start_from),
            self.preset: gr.update(choices=preset_names(self.services)[0]),
            self.form.widgets["probe_set"]: gr.update(choices=probe_sets(self.services)),
        }

    def _first(self, method: str) -> Changes:
        names, name = preset_names(self.services)
        filled = self.form.changes(preset(self.services, name, method))
        return {self.preset: gr.update(choices=names, value=name), **filled}

    def _preset(self, name: str | None, method: str) -> Changes:
        """The form filled from a preset; a check made for other settings is taken away."""
        filled = self.form.changes(preset(self.services, name, method)) if name else {}
        return {self.checked: "", self.changed: "", **filled}

    def _switch(self, given: Given) -> Changes:
        """The preset's settings for another method, and which of those in the form they change."""
        filled = self._preset(given[self.preset], given[self.method])
        was = {name: given[widget] for name, widget in self.form.widgets.items() if widget in filled}
        now = {name: filled[self.form.widgets[name]] for name in was}
        return {**filled, self.changed: switched(given[self.method], was, now)}

    def _changed(self, given: Given) -> str:
        name = given[self.preset]
        base = preset(self.services, name, given[self.method]) if name else None
        return differences(self.form.read_from(given), base, name) if base else ""

    def _with_dpo(self, run_id: str | None, name: str | None) -> Changes:
        """The form set to continue from a run's adapter with DPO on the same data."""
        run = next((run for run in self.services.store.runs(trashed=False) if run.id == chosen(run_id)), None)
        if run is None or not run.adapter:
            raise InputError(words.NO_ADAPTER, next_step=words.CHOOSE_ENDED)
        known = name if name in PRESETS else preset_names(self.services)[1]
        ready = f"Ready to continue from {run.name} with DPO. Look at the settings, then press {words.START}."
        return {
            self.method: "dpo",
            self.dataset: run.dataset_hash,
            self.start_from: gr.update(choices=start_choices(self.services), value=run.adapter),
            **self.form.changes(preset(self.services, known, "dpo")),
            self.checked: notice(ready, "good"),
            self.changed: "",
        }

    def _shown_knobs(self, method: str) -> Changes:
        """Knobs that not every method uses are shown for those that do."""
        used = [self.form.widgets[knob] for knob in method_of(method).knobs]
        return {widget: gr.update(visible=widget in used) for widget in self.some_only}

    def _wanted(self, given: Given) -> Wanted:
        settings = self.form.read_from(given)
        return make_wanted(given[self.method], given[self.dataset], given[self.start_from], settings)

    def _check(self, given: Given) -> Changes:
        wanted = self._wanted(given)
        found = self._found(check(self.services, wanted))
        return {**found, self.checked: self._judge_html(wanted.settings) + found[self.checked]}

    def _found(self, report: PreflightReport) -> Changes:
        """What the check found, and the button that takes its proposal where there is one."""
        return {
            self.checked: preflight_html(report),
            self.fit: gr.update(visible=bool(report.estimate.proposals)),
        }

    def _fit(self, given: Given) -> Changes:
        """The form with the quickest settings that fit into memory, and the check of these."""
        wanted = self._wanted(given)
        ways = check(self.services, wanted).estimate.proposals
        if ways:
            wanted = replace(wanted, settings=ways[0].settings)
        return {**self.form.changes(wanted.settings), **self._found(check(self.services, wanted))}

    def _judge_html(self, settings: TrainSettings) -> str:
        """How far the judge of the probe answers can be trusted."""
        if not settings.probe_judge or not settings.probe_steps:
            return ""
        asked = JudgeSettings(judge=settings.probe_judge, rubrics=settings.probe_rubrics)
        rubrics = [rubric.name for rubric in rubrics_of(asked)]
        return "".join(
            standing_html(name, judges.standing(self.services, settings.probe_judge, name)) for name in rubrics
        )

    def _start(self, given: Given) -> Changes:
        """The check is shown in any case; a run that it refuses is not begun."""
        wanted = self._wanted(given)
        report = check(self.services, wanted)
        shown = self._found(report)
        if not report.ok:
            return shown
        run = start(self.services, given[self.session.state], wanted, given[self.name])
        return {**shown, **self._shows(run)}

    def _queue_all(self, given: Given) -> Changes:
        asked = (given[self.session.state], self._wanted(given), given[self.name], given[self.sweep.grid])
        return self._queued(sweep.queue_all(self.services, *asked))

    def _queue_variants(self, session: Session, dataset_hash: str | None, name: str | None) -> Changes:
        return self._queued(sweep.queue_variants(self.services, session, dataset_hash, name))

    def _queued(self, made: Sequence[Run]) -> Changes:
        said = f"{len(made)} runs are in the queue. Open “{words.ALL_RUNS}” below to see them side by side."
        return {self.checked: notice(said, "good"), **self._shows(made[0])}

    def _shows(self, run: Run) -> Changes:
        choices = run_card.run_choices(self.services.store.runs(trashed=False))
        return {self.watch.run: gr.update(choices=choices, value=run.id)}
