"""All experiments by name."""

from __future__ import annotations

from typing import Any

from cai_ui.errors import NotFoundError
from cai_ui.experiments.checkpoints import CHECKPOINTS
from cai_ui.experiments.clusters import CLUSTERS
from cai_ui.experiments.critiques import CRITIQUES
from cai_ui.experiments.data import DATA
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.from_labels import FROM_LABELS
from cai_ui.experiments.left_out import LEFT_OUT
from cai_ui.experiments.methods import METHODS
from cai_ui.experiments.principles import PRINCIPLES
from cai_ui.experiments.revisions import REVISIONS
from cai_ui.experiments.undoing import UNDOING
from cai_ui.text import named

_ALL = (REVISIONS, PRINCIPLES, CRITIQUES, CLUSTERS, METHODS, DATA, LEFT_OUT, CHECKPOINTS, UNDOING, FROM_LABELS)
EXPERIMENTS: dict[str, Experiment[Any]] = {made.name: made for made in _ALL}
"""In the order to be shown."""


def experiment(name: str) -> Experiment[Any]:
    """NotFoundError for a name that is none."""
    if name not in EXPERIMENTS:
        raise NotFoundError(
            f"There is no experiment {named(name)}.", next_step="Choose one of: " + ", ".join(EXPERIMENTS) + "."
        )
    return EXPERIMENTS[name]
