"""What a constitution must be to be saved, and what may be meant differently."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass

from cai_ui.constitution.drawing import drawable
from cai_ui.errors import CaiError, ConstitutionError
from cai_ui.records import Constitution, Principle
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text

PRINCIPLES_LIMIT = 200
WEIGHT_LIMIT = 1000.0
TAGS_LIMIT = 20
NEAR = 0.9
"""Share of common words from which two principles are called nearly the same."""
LONG_REQUEST = 600
"""Characters above which a request is called long: it is sent in every round."""

_ID = re.compile(r"\w[\w .-]*")


@dataclass(frozen=True)
class Finding:
    """Something that may be meant differently. It never blocks saving. `principle_id` is None for the whole set."""

    principle_id: str | None
    message: str


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


def check(constitution: Constitution) -> list[Finding]:
    """What may be meant differently: shown beside the text, never blocking. Also says what would block saving."""
    findings = []
    try:
        validate(constitution)
    except ConstitutionError as error:
        findings.append(Finding(None, f"Cannot be saved yet: {error}"))
    critiques = [p for p in constitution.principles if p.kind == "critique"]
    if critiques and not any(drawable(p) for p in critiques):
        findings.append(Finding(None, "No principle can be drawn: switch one on and give it a weight above 0."))
    for principle in constitution.principles:
        findings += [Finding(principle.id, message) for message in _remarks(principle)]
    return findings + _near_duplicates(constitution.principles)


def _remarks(principle: Principle) -> list[str]:
    remarks = []
    if principle.kind == "critique" and not principle.revision_request.strip():
        remarks.append("There is no revision request, so this principle is never drawn for a revision.")
    if principle.kind == "preference" and principle.revision_request.strip():
        remarks.append("A preference instruction has no use for a revision request.")
    for what, text in (
        ("critique request", principle.critique_request),
        ("revision request", principle.revision_request),
    ):
        if "..." in text or "…" in text:
            remarks.append(f"The {what} looks unfinished: it holds dots to be filled in.")
        if len(text) > LONG_REQUEST:
            remarks.append(f"The {what} is long ({len(text):,} characters) and is sent every time it is drawn.")
    return remarks


def _near_duplicates(principles: tuple[Principle, ...]) -> list[Finding]:
    """Pairs that share nearly all their words: in effect one principle with twice the weight."""
    words = [frozenset(re.findall(r"\w+", f"{p.critique_request} {p.revision_request}".lower())) for p in principles]
    found = []
    for late in range(len(principles)):
        for early in range(late):
            union = len(words[early] | words[late])
            if union and len(words[early] & words[late]) / union >= NEAR:
                message = f"Nearly the same as “{principles[early].name}”: together they are drawn twice as often."
                found.append(Finding(principles[late].id, message))
                break
    return found
