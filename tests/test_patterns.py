"""Reading a text four times as long takes a pattern about four times as long, whatever the text is.

While a pattern is matched nothing else runs in the process. Each pattern of the package is tried in the way it is used
there: those that modules hold, and those that are written where they are used.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

import cai_ui

SIZES = (300, 1_200, 4_800, 19_200)
TOLD_S, STEEP = 0.02, 9
"""Processor time that can be compared, and how many times as long a text of four times the length may take."""
PIECES = (
    " ", "\n", "\t", " \n", "\r\n", "\x00", "a", "A", "0", "é", "中", "😀", "☀", ".", ",", ":", ";", "!", "-", "_",
    "'", '"', "“", "’", "\\", "/", "<", "=", "#", "@", "*", "|", "[", "{", "(", "a ", "a b ", "a. ", "a, ", "A1 ", "0,",
    "0.", "0 ", "a-", "a.a", "a@", "://", "\n\n", "- a\n", "\"a", "the ", "not ",
)  # fmt: skip
WORD = re.compile(r"[a-z][a-z' ]+")
FILES_OF_OURS = ("cai_ui.web.gradio_script", "cai_ui.deploy.lock")
"""Their patterns read what is installed with the page, and nothing that anybody sent."""
Pattern = re.Pattern[Any]


def sources() -> Iterator[tuple[str, ast.Module]]:
    root = Path(cai_ui.__file__).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text(encoding="utf-8"))


def within(value: Any, depth: int = 3) -> Iterator[Pattern]:
    """The patterns of a value: itself, and those in what it holds."""
    if isinstance(value, re.Pattern):
        yield value
    parts: Any = ()
    if isinstance(value, dict):
        parts = [*value, *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name, None) for field in fields(value)]
    for part in parts if depth else ():
        yield from within(part, depth - 1)


def uses() -> tuple[dict[tuple[str, str], set[str]], dict[str, set[str]], list[tuple[str, str, Pattern]]]:
    """By module and name, and by name alone, in which ways patterns are used; and those written at their use."""
    here: dict[tuple[str, str], set[str]] = defaultdict(set)
    anywhere: dict[str, set[str]] = defaultdict(set)
    written = []
    for module, tree in sources():
        held = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                said = (node.value.id, node.attr) if hasattr(re.Pattern, node.attr) else None
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in held:
                said = (node.id, "search")  # handed on
            else:
                said = None
            if said and said[1] not in ("pattern", "flags"):
                here[module, said[0]].add(said[1])
                anywhere[said[0]].add(said[1])
            if isinstance(node, ast.Call) and (found := at_its_use(node)):
                written.append((f"{module}:{node.lineno}", *found))
    return here, anywhere, written


def at_its_use(call: ast.Call) -> tuple[str, Pattern] | None:
    """A pattern that is given as text to a function of `re`, and which."""
    asked, first = call.func, call.args[0] if call.args else None
    if not (isinstance(asked, ast.Attribute) and isinstance(asked.value, ast.Name) and asked.value.id == "re"):
        return None
    if asked.attr in ("escape", "compile") or not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return None
    named = [node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute) and node.attr.isupper()]
    return asked.attr, re.compile(first.value, sum(getattr(re, name) for name in set(named)))


def patterns() -> Iterator[tuple[str, str, Pattern]]:
    """Where a pattern stands, in which way it is used, and itself; each once."""
    here, anywhere, written = uses()
    yield from written
    seen: set[tuple[Any, int, str]] = set()
    for found in pkgutil.walk_packages(cai_ui.__path__, "cai_ui."):
        if found.name.endswith("__main__") or found.name in FILES_OF_OURS:
            continue
        for name, value in vars(importlib.import_module(found.name)).items():
            for pattern in within(value):
                ways = here[found.name, name] if name.startswith("_") else anywhere[name]
                for way in sorted(ways if isinstance(value, re.Pattern) else ()) or ["search"]:
                    if (key := (pattern.pattern, pattern.flags, way)) not in seen:
                        seen.add(key)
                        yield f"{found.name}:{name}", way, pattern


def reading(pattern: Pattern, way: str) -> Callable[[Any], object]:
    if way in ("match", "fullmatch"):
        ask: Callable[[Any], object] = getattr(pattern, way)
        return ask
    nothing = "" if isinstance(pattern.pattern, str) else b""
    return lambda text: pattern.sub(nothing, text)  # goes on after each match, as all other ways do, or stops earlier


def taken(read: Callable[[Any], object], text: Any) -> float:
    began = time.thread_time()
    read(text)
    return time.thread_time() - began


def steep(pattern: Pattern, way: str, piece: str, end: str) -> str:
    """In words how the time grows with texts of a piece over and over, where it grows too fast."""
    read, before = reading(pattern, way), 0.0
    for size in SIZES:
        said = piece * (size // len(piece)) + end
        text: Any = said if isinstance(pattern.pattern, str) else said.encode()
        now = taken(read, text)
        if now > TOLD_S and now > STEEP * before:
            shorter: Any = text[: len(text) // 4] + text[len(text) - len(end) :]
            before, now = (min(taken(read, one) for _ in range(3)) for one in (shorter, text))
            if now > TOLD_S and now > STEEP * before:
                return f"{size:,} characters of {piece!r} and {end!r}: {now:.2f} s, a quarter of them {before:.3f} s"
        if size >= SIZES[2] and now < TOLD_S / 10:
            break
        before = now
    return ""


def slow(pattern: Pattern, way: str) -> str:
    own = str(pattern.pattern).replace("\\b", " ").replace("\\s", " ")
    words = dict.fromkeys(word.strip() + " " for word in WORD.findall(own))
    tried = ((piece, end) for piece in (*PIECES, *list(words)[:30]) for end in ("§", "ы"))
    return next((said for piece, end in tried if (said := steep(pattern, way, piece, end))), "")


@pytest.mark.slow
def test_no_pattern_takes_longer_and_longer() -> None:
    found = [f"{where} .{way}: {said}" for where, way, pattern in patterns() if (said := slow(pattern, way))]
    assert not found, "\n".join(found)


def test_a_pattern_that_takes_longer_and_longer_is_found() -> None:
    assert slow(re.compile(r"\s+x"), "search") and slow(re.compile(r"(.*?)\s*=(.*)", re.DOTALL), "fullmatch")
    assert slow(re.compile(rb"a*a*b"), "match") and not slow(re.compile(r"\s*x"), "match")
    names = {where.rpartition(":")[2] for where, _, _ in patterns()}
    assert {"_ENDS", "_SIDE", "KEYS"} <= names
