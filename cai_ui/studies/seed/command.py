"""The command that makes a study which was asked for on the page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import Settings, flag
from cai_ui.config.revise import RevisionSettings
from cai_ui.studies.seed.inputs import SeedInputs


def command_of(
    asked: SeedInputs, model: str, usual: tuple[RevisionSettings, Sampling], preset: str, trained: Mapping[str, Any]
) -> str:
    """Flags for all that is not as usual; `trained` are those of the trainings. Files stand by their names."""
    words = ["python", "-m", "cai_ui", "study", "seed", "--model", model, "--constitution", asked.constitution[:12]]
    words += [word for key in asked.measured for word in ("--set", key)]
    if asked.rows is None:
        words += ["--prompt-set", asked.prompt_set]
    else:
        words += ["--rows", asked.rows.name]
    if asked.helpful_rows is not None:
        words += ["--helpful-rows", asked.helpful_rows.name]
    words += [*_flags(asked.settings, type(asked.settings)()), *_flags(asked.revision, usual[0])]
    words += [*_flags(asked.sampling.model_copy(update={"seed": usual[1].seed}), usual[1]), "--preset", preset]
    words += [word for name, value in trained.items() for word in (flag(name), str(value))]
    return shlex.join([*words, "--yes"])


def _flags(settings: Settings, usual: Settings) -> Iterator[str]:
    for name, value in settings.model_dump().items():
        if value != getattr(usual, name):
            yield from (flag(name), str(value))
