"""A run as a file: what to train, on what, from where, with which settings. The page shows it, the command takes it.

YAML or JSON with the keys of `KEYS`. A run's own `config.json` can be given as well; what it says beyond them are
results, which are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cai_ui.config.knobs import checked
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.formats.safe_yaml import decoded, read_texts
from cai_ui.formats.writing import yaml_text
from cai_ui.records import Run
from cai_ui.text import clean_name
from cai_ui.train.methods import METHODS, method_of
from cai_ui.train.presets import preset

NAME = "config.yaml"
"""Its name in a run's folder."""
KEYS = ("method", "dataset", "preset", "settings", "name", "start_adapter", "base_hash")
_RESULTS = (
    "run", "base", "device", "processes", "shares_weights", "rows", "held_out", "left_out", "steps",
    "trainable_parameters", "modules", "facts", "libraries",
)  # fmt: skip


@dataclass(frozen=True)
class RunConfig:
    """A run as a file asks for it. `dataset` is a hash, its beginning, or "latest"; `base_hash` "" fits any model.

    `preset` gave the values of the knobs in `filled_in`, which the file does not name.
    """

    method: str
    settings: TrainSettings
    preset: str
    filled_in: tuple[str, ...] = tuple(TrainSettings.model_fields)
    dataset: str = "latest"
    name: str = ""
    start_adapter: str | None = None
    base_hash: str = ""

    def filled_in_words(self) -> str:
        """What the preset added, for the one who asked; "" if nothing."""
        said = ", ".join(f"{name} {getattr(self.settings, name)!r}" for name in self.filled_in)
        return f"From the preset {self.preset!r}: {said}." if said else ""


def config_text(run: Run) -> str:
    """The file that asks for the same run again, every knob written out."""
    asked = {
        "method": run.method,
        "dataset": run.dataset_hash,
        "start_adapter": run.start_adapter,
        "base_hash": run.base_hash,
        "name": run.name,
        "settings": run.config,
    }
    said = {key: value for key, value in asked.items() if value not in (None, "")}
    return yaml_text(said)


def read_config_file(text: str | bytes, preset_otherwise: str) -> RunConfig:
    """The run a file asks for: the values of its `settings` over those of its preset, or of `preset_otherwise`.

    A text is taken as it is written: `name: no` is the name "no". FileFormatError for a file that is no YAML or JSON,
    or says a thing twice; InputError names a key or a value that does not fit.
    """
    found = read_texts(decoded(text))
    if not isinstance(found, dict):
        raise InputError("The file is not a list of keys with values.", next_step=f"Use: {', '.join(KEYS)}.")
    unknown = [key for key in found if key not in (*KEYS, *_RESULTS)]
    if unknown:
        raise InputError(f"{unknown[0][:60]!r} is no key of a run's file.", next_step=f"Use: {', '.join(KEYS)}.")
    if not _text(found, "method"):
        raise InputError("The file names no `method`.", next_step=f"Name one: {', '.join(METHODS)}.")
    method = method_of(_text(found, "method")).name
    named = _text(found, "preset") or preset_otherwise
    settings = found.get("settings") or {}
    if not isinstance(settings, dict):
        raise InputError("`settings` is not a list of names with values.", next_step="Write one knob per line.")
    return RunConfig(
        method,
        checked(TrainSettings, preset(named, method).model_dump() | settings),
        named,
        tuple(name for name in TrainSettings.model_fields if name not in settings),
        _text(found, "dataset") or "latest",
        _text(found, "name"),
        _text(found, "start_adapter") or None,
        _text(found, "base_hash"),
    )


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if value is None:
        return ""
    return clean_name(value, f"`{key}`", required=False)
