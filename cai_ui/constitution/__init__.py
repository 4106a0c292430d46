"""Constitutions: read and write their YAML, validate, find weak spots, draw a principle for a round.

In: YAML text or a `Constitution`. Out: a `Constitution`, findings, or the principle of a round. Knows
nothing of storage, models or the page.
"""

from cai_ui.constitution.checks import PRINCIPLES_LIMIT, WEIGHT_LIMIT, Finding, check, validate
from cai_ui.constitution.drawing import draw, drawable, enabled, preferences
from cai_ui.constitution.files import DEFAULT, FILE_LIMIT, dump_yaml, load_yaml, shipped

__all__ = [
    "DEFAULT",
    "FILE_LIMIT",
    "PRINCIPLES_LIMIT",
    "WEIGHT_LIMIT",
    "Finding",
    "check",
    "draw",
    "drawable",
    "dump_yaml",
    "enabled",
    "load_yaml",
    "preferences",
    "shipped",
    "validate",
]
