"""What a constitution must be to be saved."""

from __future__ import annotations

import dataclasses
import math
import re

from cai_ui.errors import CaiError, ConstitutionError
from cai_ui.records import Constitution, Principle
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text

PRINCIPLES_LIMIT = 200
WEIGHT_LIMIT = 1000.0
TAGS_LIMIT = 20
_ID = re.compile(r"\w[\w .-]*")


def validate(constitution: Constitution) -> Constitution:
    """The constitution with clean texts and number types, or a ConstitutionError that names what cannot be saved."""
    try:
        principles = tuple(_valid_principle(p) for p in constitution.principles)
        values = {
            "name": clean_text(constitution.name, "The constitution's name", limit=NAME_LIMIT),
            "title": clean_text(constitution.title, "Title", limit=NAME_LIMIT),
            "description": clean_text(constitution.description, "Description", limit=PRINCIPLE_LIMIT, required=False),
            "source": clean_text(constitution.source, "Source", limit=PRINCIPLE_LIMIT, required=False),
            "licence": clean_text(constitution.licence, "Licence", limit=NAME_LIMIT, required=False),
        }
    except ConstitutionError:
        raise
    except CaiError as error:
        raise ConstitutionError(error.what, kept=error.kept, next_step=error.next_step) from None
    if not _ID.fullmatch(values["name"]):
        raise _not_an_id(values["name"])
    _check_set(principles)
    return dataclasses.replace(constitution, principles=principles, **values)


def _check_set(principles: tuple[Principle, ...]) -> None:
    if not principles:
        raise ConstitutionError("There is no principle in it.", next_step="Add at least one.")
    if len(principles) > PRINCIPLES_LIMIT:
        raise ConstitutionError(
            f"There are {len(principles):,} principles; at most {PRINCIPLES_LIMIT} fit.", next_step="Remove some."
        )
    seen: set[str] = set()
    for principle in principles:
        if principle.id in seen:
            raise ConstitutionError(f"Two principles have the id {principle.id!r}.", next_step="Rename one of them.")
        seen.add(principle.id)


def _valid_principle(principle: Principle) -> Principle:
    label = f"Principle {str(principle.name or principle.id)[:60]!r}"
    identity = clean_text(principle.id, f"{label}: id", limit=NAME_LIMIT)
    if not _ID.fullmatch(identity):
        raise _not_an_id(identity)
    weight = principle.weight
    number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
    if not number or not math.isfinite(weight) or not 0 <= weight <= WEIGHT_LIMIT:
        raise ConstitutionError(f"{label}: the weight is not a number from 0 to {WEIGHT_LIMIT:.0f}.")
    if principle.kind not in ("critique", "preference"):
        raise ConstitutionError(f"{label}: the kind is neither critique nor preference.")
    if len(principle.tags) > TAGS_LIMIT:
        raise ConstitutionError(f"{label} has {len(principle.tags)} tags; at most {TAGS_LIMIT} fit.")
    revision = clean_text(
        principle.revision_request, f"{label}: revision request", limit=PRINCIPLE_LIMIT, required=False
    )
    return dataclasses.replace(
        principle,
        id=identity,
        name=clean_text(principle.name, f"{label}: name", limit=NAME_LIMIT),
        critique_request=clean_text(principle.critique_request, f"{label}: critique request", limit=PRINCIPLE_LIMIT),
        revision_request=revision,
        tags=tuple(clean_text(tag, f"{label}: tag", limit=NAME_LIMIT) for tag in principle.tags),
        weight=float(weight),
        source=clean_text(principle.source, f"{label}: source", limit=PRINCIPLE_LIMIT, required=False),
    )


def _not_an_id(text: str) -> ConstitutionError:
    return ConstitutionError(
        f"{text[:60]!r} cannot be an id.", next_step="Use letters, digits, spaces, dots, dashes and underscores."
    )
