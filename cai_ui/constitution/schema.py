"""The JSON schema of a constitution file, made from the same limits that the reader checks."""

from __future__ import annotations

from typing import Any

from cai_ui.constitution.validation import PRINCIPLES_LIMIT, TAGS_LIMIT, WEIGHT_LIMIT
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of our YAML and JSON; editors check a file with it while it is written."""
    principle = {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "critique_request"],
        "properties": {
            "id": {"type": "string", "pattern": r"^\w[\w .-]*$", "maxLength": NAME_LIMIT, "description": "Unique."},
            "name": _text("What is shown; the id where left out.", NAME_LIMIT),
            "critique_request": _text("Asked after an answer, or the (A)/(B) instruction.", PRINCIPLE_LIMIT),
            "revision_request": {
                "type": "string",
                "maxLength": PRINCIPLE_LIMIT,
                "description": "Asked after the critique; without it the principle is never drawn.",
            },
            "tags": {"type": "array", "maxItems": TAGS_LIMIT, "items": _text("A tag.", NAME_LIMIT)},
            "enabled": {"type": "boolean", "default": True},
            "weight": {"type": "number", "minimum": 0, "maximum": WEIGHT_LIMIT, "default": 1},
            "kind": {"enum": ["critique", "preference"], "default": "critique"},
            "source": {"type": "string", "maxLength": PRINCIPLE_LIMIT},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Constitution",
        "type": "object",
        "additionalProperties": False,
        "required": ["principles"],
        "properties": {
            "name": _text("Id of the constitution; its versions share it.", NAME_LIMIT),
            "title": _text("What is shown.", NAME_LIMIT),
            "description": {"type": "string", "maxLength": PRINCIPLE_LIMIT},
            "source": {"type": "string", "maxLength": PRINCIPLE_LIMIT},
            "licence": {"type": "string", "maxLength": NAME_LIMIT},
            "principles": {"type": "array", "minItems": 1, "maxItems": PRINCIPLES_LIMIT, "items": principle},
        },
    }


def _text(description: str, limit: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": limit, "description": description}
