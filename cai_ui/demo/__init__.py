"""The embedded model: a miniature world of everyday requests, the model trained on it, its shipped weights.

Importing this package loads nothing heavy. `build` trains the weights again, `evaluate` measures them.
"""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).resolve().parent / "weights"
"""Folder of the shipped model, for plain `AutoModelForCausalLM.from_pretrained`."""
