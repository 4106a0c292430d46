"""Train: choose data, method and settings, see the check, start; then watch runs that go on by themselves.

A run belongs to the server. The page only reads what the run wrote, so a reload, a second tab or a
closed browser loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from cai_ui.config import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.train import runs
from cai_ui.records import BASE, Run
from cai_ui.text import NAME_LIMIT, clean_text
from cai_ui.train.methods import METHODS, method_of, own_knobs
from cai_ui.train.presets import PRESETS
from cai_ui.web.kit import charts
from cai_ui.web.kit.choices import dataset_choices
from cai_ui.web.kit.forms import Form, build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import hint, lead, notice, short
from cai_ui.web.session import Session, SessionParts
from cai_ui.web.train import preflight_card, run_card
from cai_ui.web.train import result as train_result
from cai_ui.web.train import sweep as train_sweep
from cai_ui.web.train import watch as train_watch
from cai_ui.web.train.presets import differences, preset, preset_names

WHAT = (
    "Training changes the model by a small set of extra weights, an adapter (LoRA); the base stays as it is. It runs "
    "in the background: you may leave the page, and other tabs stay usable."
)
NO_DATA = notice("There is no dataset yet. Judge examples in Curate and freeze them there.", "warn")


@dataclass(frozen=True)
class Wanted:
    """A run as the form asks for it, checked."""

    method: str
    dataset_hash: str
    start_adapter: str | None
    settings: TrainSettings


# Handlers


def check(services: Services, wanted: Wanted) -> preflight_card.Preflight:
    """What would stop this run, what is worth knowing, and one row with the learnt part marked."""
    return runs.preflight(
        services, wanted.method, wanted.dataset_hash, wanted.settings, start_adapter=wanted.start_adapter
    )


def start(services: Services, session: Session, wanted: Wanted, name: str) -> Run:
    """Begin in the background, or behind the run that is going."""
    name = clean_text(name or "", "Name", limit=NAME_LIMIT, required=False).strip()
    return services.jobs.submit(
        wanted.method,
        wanted.dataset_hash,
        wanted.settings,
        session.author,
        name=name,
        start_adapter=wanted.start_adapter,
    )


def read_wanted(
    form: Form[TrainSettings], method: str, dataset_hash: str | None, start_from: str | None, values: Sequence[Any]
) -> Wanted:
    """The form's values, checked."""
    if not dataset_hash:
        raise InputError("No dataset is chosen.", next_step="Freeze one in Curate, then choose it here.")
    start_adapter = None if start_from in (None, "", BASE) else start_from
    return Wanted(method_of(method).name, dataset_hash, start_adapter, form.read(values))


def start_choices(services: Services) -> list[tuple[str, str]]:
    """What a run can start from: the base, or an adapter that is loaded."""
    variants = comparison.variants(services)
    return [("Base model", BASE), *((f"{a.title} · {short(a.hash)}", a.name) for a in variants if a.name != BASE)]


# Layout


@dataclass(frozen=True)
class TrainParts:
    """The tab's components."""

    tab: gr.Tab
    about: gr.HTML
    dataset: gr.Dropdown
    method: gr.Radio
    start_from: gr.Dropdown
    preset: gr.Dropdown
    name: gr.Textbox
    form: Form[TrainSettings]
    changed: gr.HTML
    sweep: train_sweep.SweepParts
    check: gr.Button
    checked: gr.HTML
    start: gr.Button
    watch: train_watch.WatchParts
    result: train_result.ResultParts

    @property
    def wanted(self) -> list[Any]:
        """Inputs of `read_wanted` after the form."""
        return [self.method, self.dataset, self.start_from, *self.form.inputs]


def build(services: Services) -> TrainParts:
    """The tab's layout; menus are filled when the page loads."""
    with gr.Tab("Train", id="train", elem_id="tab-train") as tab:
        gr.HTML(lead("Train", WHAT))
        about = gr.HTML(elem_id="train-about")
        with gr.Row():
            dataset = gr.Dropdown([], label="Dataset", elem_id="train-dataset", filterable=False, min_width=260)
            start_from = gr.Dropdown(
                [("Base model", BASE)],
                value=BASE,
                label="Start from",
                info="DPO usually goes on from an SFT adapter.",
                elem_id="train-from",
                filterable=False,
                min_width=220,
            )
        methods = [(f"{method.title}: {method.about}", method.name) for method in METHODS.values()]
        method = gr.Radio(methods, value="sft", label="Method", elem_id="train-method")
        with gr.Row():
            preset_menu = gr.Dropdown(
                [],
                label="Preset, or a run to copy from",
                info="Fills in the settings below.",
                elem_id="train-preset",
                filterable=False,
                min_width=220,
            )
            name = gr.Textbox(
                label="Name of the run", placeholder="May stay empty", max_lines=1, elem_id="train-name", min_width=220
            )
        with gr.Accordion("Settings", open=False, elem_id="train-settings"):
            form = build_form(TrainSettings, "train")
            sweep = train_sweep.build()
        changed = gr.HTML(elem_id="train-changed")
        with gr.Row(elem_classes="toolbar"):
            start_button = gr.Button("Start training", variant="primary", elem_id="train-start", scale=0)
            check_button = gr.Button("Check first", elem_id="train-check", scale=0)
        checked = gr.HTML(elem_id="train-checked", css_template=charts.STYLE)
        watch = train_watch.build(services)
        result = train_result.build(services)
        gr.HTML(hint("When a run is done, ask base and adapter the same request under Compare."))
    return TrainParts(
        tab, about, dataset, method, start_from, preset_menu, name, form, changed, sweep, check_button, checked,
        start_button, watch, result,
    )  # fmt: skip


# Wiring

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


def wire(services: Services, parts: TrainParts, session: SessionParts) -> None:
    """Connect the components."""
    only_some = [parts.form.widgets[name] for name in own_knobs()]
    menus = [parts.about, parts.dataset, parts.start_from, parts.preset]
    current = [parts.dataset, parts.start_from]
    filled = [*parts.form.inputs, parts.checked, parts.changed]
    for trigger in (parts.tab.select, session.strip.change):
        trigger(bind(_menus, services, quiet=True), current, menus, **_QUIET)
    session.restore(bind(_menus, services, quiet=True), current, menus, **_QUIET)
    first = [parts.preset, *parts.form.inputs]
    session.restore(bind(_first, services, parts.form, quiet=True), [parts.method], first, **_QUIET)
    session.restore(_shown_knobs, [parts.method], only_some, **_QUIET)
    gr.on(
        [widget.input for widget in parts.form.inputs],
        bind(_changed, services, parts.form, quiet=True),
        [parts.preset, parts.method, *parts.form.inputs],
        [parts.changed],
        trigger_mode="always_last",
        **_QUIET,
    )
    parts.preset.input(bind(_preset, services, parts.form), [parts.preset, parts.method], filled, **_QUIET)
    parts.method.input(_shown_knobs, [parts.method], only_some, **_QUIET).then(
        bind(_preset, services, parts.form), [parts.preset, parts.method], filled, **_QUIET
    )
    parts.check.click(
        bind(_check, services, parts.form),
        parts.wanted,
        [parts.checked],
        show_progress="minimal",
        api_visibility="private",
    )
    started = parts.start.click(
        bind(_start, services, parts.form),
        [session.state, parts.name, *parts.wanted],
        [parts.watch.run, parts.checked],
        show_progress="minimal",
        api_visibility="private",
    )
    train_watch.wire(services, parts.watch, parts.tab, session, started)
    swept = parts.sweep.start.click(
        bind(train_sweep.queue_all, services, partial(_read, parts.form)),
        [session.state, parts.name, parts.sweep.grid, *parts.wanted],
        [parts.watch.run, parts.checked],
        show_progress="hidden",
        api_visibility="private",
    )
    variants = parts.sweep.variants.click(
        bind(train_sweep.queue_variants, services),
        [session.state, parts.dataset, parts.preset],
        [parts.watch.run, parts.checked],
        show_progress="minimal",
        api_visibility="private",
    )
    for queued in (swept, variants):
        look = bind(train_watch._look, services, quiet=True)
        queued.success(look, parts.watch.set_here, parts.watch.watched, **_QUIET)
    train_result.wire(services, parts.result, parts.watch, session)
    parts.result.with_dpo.click(
        bind(_with_dpo, services, parts.form),
        [parts.watch.run, parts.preset],
        [parts.method, parts.dataset, parts.start_from, *filled],
        **_QUIET,
    ).then(_shown_knobs, [parts.method], only_some, **_QUIET)


def _menus(services: Services, dataset_hash: str | None, start_from: str | None) -> list[Any]:
    infos = services.store.datasets()
    hashes = [info.hash for info in infos]
    chosen = dataset_hash if dataset_hash in hashes else (hashes[0] if hashes else None)
    starts = start_choices(services)
    kept = start_from if start_from in [name for _, name in starts] else BASE
    return [
        "" if infos else NO_DATA,
        gr.update(choices=dataset_choices(infos), value=chosen),
        gr.update(choices=starts, value=kept),
        gr.update(choices=preset_names(services)[0]),
    ]


def _first(services: Services, form: Form[TrainSettings], method: str) -> list[Any]:
    names, chosen = preset_names(services)
    return [gr.update(choices=names, value=chosen), *form.updates(preset(services, chosen, method))]


def _preset(services: Services, form: Form[TrainSettings], name: str | None, method: str) -> list[Any]:
    """The form filled from a preset; a check made for other settings is taken away."""
    if not name:
        return [*([gr.skip()] * len(form.inputs)), "", ""]
    return [*form.updates(preset(services, name, method)), "", ""]


def _changed(services: Services, form: Form[TrainSettings], name: str | None, method: str, *values: Any) -> str:
    return differences(form.read(values), preset(services, name, method), name) if name else ""


def _with_dpo(services: Services, form: Form[TrainSettings], run_id: str | None, name: str | None) -> list[Any]:
    """The form set to go on from a run's adapter with DPO on the same data."""
    run = next((run for run in services.store.runs(trashed=False) if run.id == train_watch.chosen(run_id)), None)
    if run is None or not run.adapter:
        raise InputError("This run has no adapter to go on from.", next_step="Choose one that is done or stopped.")
    known = name if name in PRESETS else preset_names(services)[1]
    starts = start_choices(services)
    return [
        "dpo",
        run.dataset_hash,
        gr.update(choices=starts, value=run.adapter),
        *form.updates(preset(services, known, "dpo")),
        notice(f"Ready to go on from {run.name} with DPO. Look at the settings, then press Start training.", "good"),
        "",
    ]


def _read(form: Form[TrainSettings], method: str, dataset: str | None, start_from: str | None, *values: Any) -> Wanted:
    return read_wanted(form, method, dataset, start_from, values)


def _shown_knobs(method: str) -> list[Any]:
    """Knobs that not every method uses are shown for those that do."""
    return [gr.update(visible=knob in method_of(method).knobs) for knob in own_knobs()]


def _check(
    services: Services,
    form: Form[TrainSettings],
    method: str,
    dataset: str | None,
    start_from: str | None,
    *values: Any,
) -> str:
    return preflight_card.preflight_html(check(services, read_wanted(form, method, dataset, start_from, values)))


def _start(
    services: Services,
    form: Form[TrainSettings],
    session: Session,
    name: str,
    method: str,
    dataset: str | None,
    start_from: str | None,
    *values: Any,
) -> list[Any]:
    """The check is shown in any case; a run that it refuses is not begun."""
    wanted = read_wanted(form, method, dataset, start_from, values)
    report = check(services, wanted)
    if not report.ok:
        return [gr.skip(), preflight_card.preflight_html(report)]
    run = start(services, session, wanted, name)
    choices = run_card.run_choices(services.store.runs(trashed=False))
    return [gr.update(choices=choices, value=run.id), preflight_card.preflight_html(report)]
