"""Presets of the Train tab: their menu, their settings, and what was changed from one."""

from __future__ import annotations

from cai_ui.config import TrainSettings, checked
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.models import engine_status
from cai_ui.pipeline.train import runs
from cai_ui.web.kit.forms import label_of
from cai_ui.web.kit.present import notice
from cai_ui.web.train import words

SMALL_PRESET, LARGE_PRESET = "embedded quick", "seed study"
COPY = "run:"
"""Begins the value of a preset that is another run's settings."""


def preset_names(services: Services) -> tuple[list[tuple[str, str]], str]:
    """Label and value of all presets and of all runs to copy from, and the preset that suits the model in use."""
    names = list(runs.presets(services))
    small = engine_status(services).model in ("embedded", "scripted")
    wanted = SMALL_PRESET if small else LARGE_PRESET
    copies = [(f"as in {run.name}", f"{COPY}{run.id}") for run in services.store.runs(trashed=False)]
    menu = [*((words.PRESETS.get(name, name), name) for name in names), *copies]
    return menu, wanted if wanted in names else names[0]


def preset(services: Services, name: str, method: str) -> TrainSettings:
    """Settings of a preset for a method, or those of a run."""
    run = next((run for run in services.store.runs(trashed=False) if f"{COPY}{run.id}" == name), None)
    if run is not None:
        return checked(TrainSettings, run.config)
    known = runs.presets(services)
    if name not in known:
        raise InputError(words.NO_PRESET, next_step=words.CHOOSE_LISTED)
    return known[name]["dpo" if method == "dpo" else "sft"]


def differences(settings: TrainSettings, base: TrainSettings, name: str) -> str:
    """What was changed from a preset, in a line; "" where nothing was."""
    changed = [
        f"{label_of(knob)} {getattr(settings, knob)} (preset: {getattr(base, knob)})"
        for knob in TrainSettings.model_fields
        if getattr(settings, knob) != getattr(base, knob)
    ]
    return notice(f"Changed from {name.removeprefix(COPY)}: {'; '.join(changed)}.") if changed else ""
