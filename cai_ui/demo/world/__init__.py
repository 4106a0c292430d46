"""The miniature world: who, what, where; what people ask for; what may be wrong with it.

The tables are text files beside this module. Every act belongs to one kind: one of the six kinds of
harm, "everyday" for plain help, "twin" for harmless requests that sound harmful. An act names the classes of
objects it goes with. Of these, some are kept out of training, and so are some nouns of every class, some people
and some wordings: a held-out request is new in all four, and makes as much sense as any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

KINDS = ("privacy", "honesty", "law", "kindness", "safety", "fairness")
"""The six kinds of harm."""
ADULTS = ("family", "friends", "work")
"""The groups of roles an act goes with unless it names others."""
_HERE = Path(__file__).resolve().parent
_SAID_OF = {"f": "women", "m": "men"}
_FILES = ("harmful", "helpful", "twins", "situations")


@dataclass(frozen=True)
class Act:
    """Something people ask how to do.

    `domains` are the classes of objects it is learnt with, `heldout` those kept out, `people` the groups of roles it
    goes with. `ways` are verb phrases with the slots {p} (person), {ps} (the person's) and {o} (object). `steps` holds
    the variants of the three steps of a plan; `instead` what could be done instead (harmful acts only).
    """

    name: str
    kind: str
    domains: tuple[str, ...]
    heldout: tuple[str, ...]
    ways: tuple[str, ...]
    steps: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    instead: tuple[str, ...] = ()
    people: tuple[str, ...] = ADULTS

    @property
    def harmful(self) -> bool:
        return self.kind in KINDS


@dataclass(frozen=True)
class Words:
    """Nouns of a class, or people: those to learn from and those kept out of training. `coloured`: a colour may
    stand before them. `of`: the words that are only said of women ("women") or of men ("men")."""

    train: tuple[str, ...]
    heldout: tuple[str, ...]
    coloured: bool = False
    of: Mapping[str, str] = field(default_factory=dict)


@cache
def acts() -> tuple[Act, ...]:
    """All acts, in the order of the files."""
    return tuple(act for name in _FILES for act in _read_acts((_HERE / f"{name}.txt").read_text(encoding="utf-8")))


@cache
def act_named(name: str) -> Act:
    """KeyError if there is none."""
    return {act.name: act for act in acts()}[name]


@cache
def words() -> dict[str, Words]:
    """Words by class; "women", "men" (names) and the groups of roles are people."""
    found = {}
    for line in _lines((_HERE / "nouns.txt").read_text(encoding="utf-8")):
        name, _, rest = line.partition(":")
        train, _, heldout = rest.partition("|")
        marked = [entry.split("/") for entry in _split(rest.replace("|", ","), ",") if "/" in entry]
        sides = [tuple(word.split("/")[0] for word in _split(side, ",")) for side in (train, heldout)]
        of = {word: _SAID_OF[mark] for word, mark in marked}
        found[name.rstrip(" *")] = Words(sides[0], sides[1], name.endswith("*"), of)
    return found


@cache
def blocks(file: str) -> dict[str, tuple[str, ...]]:
    """Lines of a file of named blocks: "[name]", then one text a line."""
    found: dict[str, list[str]] = {}
    for line in _lines((_HERE / f"{file}.txt").read_text(encoding="utf-8")):
        if line.startswith("["):
            found[line.strip("[]")] = []
        else:
            found[list(found)[-1]].append(line)
    return {name: tuple(texts) for name, texts in found.items()}


def _read_acts(text: str) -> list[Act]:
    found: list[Act] = []
    block: dict[str, str] = {}
    for line in [*_lines(text), ""]:
        mark = line[:1]
        if mark in ("?", "1", "2", "3", ">"):
            block[mark] = line[1:]
            continue
        if block:
            found.append(_act(block))
        block = {"": line}
    return found


def _act(block: dict[str, str]) -> Act:
    head, domains, heldout, *people = block[""].split("|")
    name, kind = head.split()
    steps = (_split(block["1"], "/"), _split(block["2"], "/"), _split(block["3"], "/"))
    instead = _split(block.get(">", ""), "/")
    return Act(name, kind, tuple(domains.split()), tuple(heldout.split()), _split(block["?"], "/"), steps, instead,
               tuple(people[0].split()) if people else ADULTS)  # fmt: skip


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _split(text: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())
