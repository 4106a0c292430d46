"""How a model is drawn from unless told otherwise: what its makers wrote down, and how long its context bears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.errors import CaiError

FILE = "generation_config.json"
KNOBS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
LONGEST, SHORTEST = 512, 64
SHARE = 8
"""An answer may take this part of the context, since a chain holds several."""


def default_sampling(model: str, folder: Path, context_length: int) -> Sampling:
    """Sampling for this model. The embedded one keeps the defaults of the knobs, which were chosen on it.

    A value that its makers wrote and that is out of our bounds, or a file that cannot be read, counts for nothing.
    """
    if model == "embedded":
        return Sampling()
    values: dict[str, Any] = {"max_new_tokens": max(SHORTEST, min(LONGEST, context_length // SHARE))}
    for name, value in _written(folder).items():
        try:
            values[name] = getattr(checked(Sampling, {name: value}), name)
        except CaiError:
            continue
    return Sampling(**values)


def _written(folder: Path) -> Mapping[str, Any]:
    """What the file says of our knobs; a file that says to take the likeliest token always says nothing of drawing."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("do_sample") is False:
        return {}
    return {name: found[name] for name in KNOBS if found.get(name) is not None}
