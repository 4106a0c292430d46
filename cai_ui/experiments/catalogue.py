"""All experiments by name."""

from __future__ import annotations

from typing import Any

from cai_ui.errors import NotFoundError
from cai_ui.experiments.clusters import CLUSTERS
from cai_ui.experiments.critiques import CRITIQUES
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.principles import PRINCIPLES
from cai_ui.experiments.revisions import REVISIONS
from cai_ui.text import named

EXPERIMENTS: dict[str, Experiment[Any]] = {made.name: made for made in (REVISIONS, PRINCIPLES, CRITIQUES, CLUSTERS)}
"""In the order to be shown."""


def experiment(name: str) -> Experiment[Any]:
    """NotFoundError for a name that is none."""
    if name not in EXPERIMENTS:
        raise NotFoundError(
            f"There is no experiment {named(name)}.", next_step="Choose one of: " + ", ".join(EXPERIMENTS) + "."
        )
    return EXPERIMENTS[name]
