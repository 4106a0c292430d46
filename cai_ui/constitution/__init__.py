"""Constitutions: read and write them (YAML and the formats of others), validate, find weak spots, draw principles.

In: a file or a `Constitution`. Out: a `Constitution`, findings, or the principle of a round. Knows
nothing of storage, models or the page.
"""

from cai_ui.constitution.checks import Finding, check
from cai_ui.constitution.drawing import candidates, draw, drawable, enabled, preferences, resolve
from cai_ui.constitution.exporting import EXPORTS, dump_as
from cai_ui.constitution.few_shot import (
    EXAMPLES_LIMIT,
    checked_few_shot,
    dump_few_shot,
    load_few_shot,
    shipped_few_shot,
)
from cai_ui.constitution.files import DEFAULT, dump_yaml, load_yaml, shipped
from cai_ui.constitution.importing import FORMATS, Imported, read_any
from cai_ui.constitution.schema import json_schema
from cai_ui.constitution.validation import PRINCIPLES_LIMIT, WEIGHT_LIMIT, validate
from cai_ui.formats.safe_yaml import FILE_LIMIT

__all__ = [
    "DEFAULT",
    "EXAMPLES_LIMIT",
    "EXPORTS",
    "FILE_LIMIT",
    "FORMATS",
    "PRINCIPLES_LIMIT",
    "WEIGHT_LIMIT",
    "Finding",
    "Imported",
    "candidates",
    "check",
    "checked_few_shot",
    "draw",
    "drawable",
    "dump_as",
    "dump_few_shot",
    "dump_yaml",
    "enabled",
    "json_schema",
    "load_few_shot",
    "load_yaml",
    "preferences",
    "read_any",
    "resolve",
    "shipped",
    "shipped_few_shot",
    "validate",
]
