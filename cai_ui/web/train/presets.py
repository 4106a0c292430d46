"""Presets of the Train tab: their menu, their settings, and what was changed from one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import BUILT_IN
from cai_ui.pipeline import Services
from cai_ui.pipeline.models import engine_status
from cai_ui.train.methods import method_of, method_title
from cai_ui.train.presets import PRESETS, default_preset
from cai_ui.train.presets import preset as named_preset
from cai_ui.web.kit.forms import label_of
from cai_ui.web.kit.present import notice
from cai_ui.web.train import words

COPY = "run:"
"""Begins the value of a preset that is another run's settings."""


def preset_names(services: Services) -> tuple[list[tuple[str, str]], str]:
    """Label and value of all presets and of all runs to copy from, and the preset that suits the model in use."""
    copies = [(f"as in {run.name}", f"{COPY}{run.id}") for run in services.store.runs(trashed=False)]
    menu = [*((words.PRESETS.get(name, name), name) for name in PRESETS), *copies]
    return menu, default_preset(engine_status(services).model in BUILT_IN)


def preset(services: Services, name: str, method: str) -> TrainSettings:
    """Settings of a preset for a method, or those of a run."""
    run = next((run for run in services.store.runs(trashed=False) if f"{COPY}{run.id}" == name), None)
    if run is not None:
        return checked(TrainSettings, run.config)
    return named_preset(name, method)


def differences(settings: TrainSettings, base: TrainSettings, name: str) -> str:
    """What was changed from a preset, in a line; "" where nothing was."""
    changed = [
        f"{label_of(knob)} {getattr(settings, knob)} (preset: {getattr(base, knob)})"
        for knob in TrainSettings.model_fields
        if getattr(settings, knob) != getattr(base, knob)
    ]
    return notice(f"Changed from {name.removeprefix(COPY)}: {'; '.join(changed)}.") if changed else ""


def switched(method: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Which settings another method brought along, in a line; values by knob, before and after."""
    title, own = method_title(method), method_of(method).knobs
    changed = [f"{label_of(knob)} {was[knob]} → {now[knob]}" for knob in now if was[knob] != now[knob]]
    said = f"{title} with this preset changes: {'; '.join(changed)}." if changed else f"{title} keeps all settings."
    return notice(f"{said} Settings of its own: {', '.join(map(label_of, own))}." if own else said)
