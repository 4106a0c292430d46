"""What may be meant differently: shown beside the text, never blocking.

Crude rules that point at candidates; a person decides. Why each is looked at: requests that only ask for removal give
evasive answers (Bai et al. 2022, section 4.4); redundant principles and mixed polarity blur what is learnt
(Kyrychenko et al. 2025, C3AI).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cai_ui.constitution.drawing import drawable
from cai_ui.constitution.validation import validate
from cai_ui.errors import ConstitutionError
from cai_ui.records import Constitution, Principle

NEAR = 0.9
"""Share of common words from which two principles are called nearly the same."""
LONG_REQUEST = 600
"""Characters above which a request is called long: it is sent in every round."""


@dataclass(frozen=True)
class Finding:
    """Something that may be meant differently. `principle_id` is None for the whole set."""

    principle_id: str | None
    message: str


_UNFINISHED = re.compile(
    r"\.\.\.|…|\b(?:TO ?DO|TBD|XXX)\b|\[[^\]]{0,40}\]|<[a-z ]{1,40}>"
    r"|(?:[,:;(–-]|\b(?:and|or|that|which|so|the|a|to|of))\s*$"
)
_REMOVES = re.compile(
    r"\b(?:remove|delete|strip|omit|leave out|take out|get rid of|eliminate|cut out|censor|filter out|"
    r"without (?:any|the|all))\b",
    re.IGNORECASE,
)
_BUILDS = re.compile(
    r"\b(?:explain|say|state|tell|name|offer|suggest|propose|instead|alternative|reason|why|decline|refuse|help\w*|answer|"
    r"give|point|better|warn|describe|acknowledge|correct|contradict|keep)\b",
    re.IGNORECASE,
)
_BAD = r"(?:harmful|toxic|dangerous|dishonest|offensive|rude|biased|unethical|illegal|evasive|wrong|false|cruel)"
_GOOD = r"(?:helpful|honest|truthful|harmless|kind|polite|useful|fair|respectful|safe|careful|wise|clear|good)"
_WORSE = re.compile(rf"\b(?:more|most) {_BAD}\b|\b(?:less|least) {_GOOD}\b|\b(?:worse|worst)\b", re.IGNORECASE)
_PRAISE = re.compile(
    rf"\b(?:point out|say|name|identify|list)\b[^.]{{0,40}}\b(?:is|are) (?:most |very |especially )?{_GOOD}\b"
    r"|\bwhat (?:is|was) good\b|\bstrengths\b",
    re.IGNORECASE,
)
_OPPOSITES: tuple[tuple[str, str, str], ...] = (
    (
        r"\b(?:shorter|more briefly|as short as|fewer words)\b",
        r"\b(?:longer|more detailed|in more detail|more thorough)\b",
        "one asks for a shorter answer, the other for a longer one",
    ),
    (
        r"\b(?:never|not|don't|do not) (?:refuse|decline)|always (?:answer|help|comply)",
        r"\b(?:refuse|decline) (?:what|anything|every|all|the|to)|do not help",
        "one forbids to refuse, the other asks for it",
    ),
    (
        r"\b(?:formal|serious)\b",
        r"\b(?:casual|playful|humorous|funny)\b",
        "one asks for a formal tone, the other for a light one",
    ),
    (
        r"\b(?:no|without|leave out)[^.]{0,20} (?:warnings?|disclaimers?|lecture)",
        r"\b(?:add|include|give|with)[^.]{0,20} (?:warnings?|disclaimers?)",
        "one wants warnings left out, the other wants them in",
    ),
    (
        r"simple words|plain words|\ba child of\b",
        r"\b(?:technical|expert|scientific) (?:terms|language|words)\b",
        "one asks for simple words, the other for technical ones",
    ),
    (
        r"\b(?:do not|never|without) (?:tak\w+|choos\w+) (?:a )?(?:sides?|position)|\bneutral\b",
        r"\b(?:take|state|defend) (?:a |one )?(?:clear )?(?:side|position|stand)\b",
        "one asks to stay neutral, the other to take a position",
    ),
)
"""Pairs of demands that seldom go together, and why."""


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
    pairs = [*_near_duplicates(constitution.principles), *_contradictions(constitution.principles)]
    return [*findings, *_polarity(constitution.principles), *pairs]


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
        if text.strip() and (mark := _UNFINISHED.search(text.strip())):
            remarks.append(f"The {what} looks unfinished (“{mark[0].strip()}”).")
        if len(text) > LONG_REQUEST:
            remarks.append(f"The {what} is long ({len(text):,} characters) and is sent every time it is drawn.")
    if _REMOVES.search(principle.revision_request) and not _BUILDS.search(principle.revision_request):
        remarks.append(
            "The revision request only asks to take something away, which invites evasive answers. Say also what the "
            "answer should do instead: give a reason, say what it declines, offer something better."
        )
    if principle.kind == "critique" and _PRAISE.search(principle.critique_request):
        remarks.append("The critique request asks for what is good, so the revision has no fault to go by.")
    return remarks


def _polarity(principles: tuple[Principle, ...]) -> list[Finding]:
    """Preference instructions that ask for the worse answer among others that ask for the better one."""
    asked = [p for p in principles if p.kind == "preference" and p.enabled]
    worse = [p for p in asked if _WORSE.search(p.critique_request)]
    if not worse or len(worse) == len(asked):
        message = "It asks which answer is worse; the preferred answer will be the worse one."
    else:
        message = (
            "It asks which answer is worse while others ask which is better: the labels will contradict each other."
        )
    return [Finding(p.id, message) for p in worse]


def _contradictions(principles: tuple[Principle, ...]) -> Iterator[Finding]:
    """Pairs whose demands look opposite. Candidates only: the words may be about different cases."""
    there = [p for p in principles if p.enabled and p.kind == "critique"]
    for one, other, reason in _OPPOSITES:
        first = [p for p in there if re.search(one, p.revision_request, re.IGNORECASE)]
        second = [p for p in there if re.search(other, p.revision_request, re.IGNORECASE)]
        for p in first:
            for q in second:
                if p.id != q.id:
                    yield Finding(p.id, f"May contradict “{q.name}”: {reason}.")


def _near_duplicates(principles: tuple[Principle, ...]) -> list[Finding]:
    """Pairs that share nearly all their words: in effect one principle with twice the weight."""
    words = [frozenset(re.findall(r"\w+", f"{p.critique_request} {p.revision_request}".lower())) for p in principles]
    found = []
    for late in range(len(principles)):
        for early in range(late):
            small, large = sorted((len(words[early]), len(words[late])))
            if not large or small < NEAR * large:
                continue
            if len(words[early] & words[late]) / len(words[early] | words[late]) >= NEAR:
                message = f"Nearly the same as “{principles[early].name}”: together they are drawn twice as often."
                found.append(Finding(principles[late].id, message))
                break
    return found
