"""Words of the page around the tabs; those of a tab stand in its own folder's `words.py`."""

from __future__ import annotations

TITLE = "Constitutional AI Workbench"
TAGLINE = "Principles in, better answers out"
MODEL, CONSTITUTION = "Model", "Constitution"
LOADING, READY, NO_MODEL = "the model is loading", "ready", "no model"
MODEL_NAMES = {"auto": "by hardware", "embedded": "Embedded model", "scripted": "Scripted (no model)"}
"""What the settings that name no folder and no repository are called."""
NAME = "Name"
RESTARTING = "The server is being restarted. What was written so far is kept; reload the page in a minute and continue."
ENDED_EARLY = "Ended early"
