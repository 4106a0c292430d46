"""Is this checkout fit for a Space? One finding for each thing that has to hold there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement

from cai_ui.deploy.checkout import ROOT, changed, shipped
from cai_ui.deploy.lock import LOCK, locked
from cai_ui.formats.safe_yaml import compose
from cai_ui.logs import KEYS
from cai_ui.versions import version_of

HUB_FILE_MB = 10
"""Larger files need Git LFS on the Hub."""
SHORT = 60
"""Characters that the Hub shows of a short description."""
LICENCES = ("apache-2.0", "mit", "bsd-3-clause")


@dataclass(frozen=True)
class Finding:
    """What was looked at, and what is wrong with it: "" if nothing is."""

    what: str
    wrong: str = ""


def check(root: Path = ROOT) -> Iterator[Finding]:
    """All findings, quick ones first. InputError where `root` is no checkout."""
    files = shipped(root)
    header, trouble = read_header(root / "README.md")
    yield Finding("the header of README.md", trouble)
    for name, look in _HEADER.items():
        if not trouble:
            yield Finding(f"the header's {name}", look(str(header.get(name, "")), root))
    yield Finding("the licence's text", "" if (root / "LICENSE").is_file() else "There is no file LICENSE.")
    ranges = _ranges(root)
    yield Finding("the ranges in requirements.txt", ranges)
    if not ranges:
        yield Finding("versions that were tested together", _fits(root))
    yield Finding("sizes of files", _sizes(root, files))
    yield Finding("no keys in files", _keys(root, files))
    left = changed(root)
    yield Finding("all is committed", f"Not shipped as it is here: {', '.join(left[:5])}." if left else "")


def read_header(path: Path) -> tuple[dict[str, Any], str]:
    """The settings at the top of a Space's README, and what is wrong with them."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not found:
        return {}, "README.md does not begin with settings between two lines of ---."
    compose(found[1])
    header = yaml.safe_load(found[1])
    return (header, "") if isinstance(header, dict) else ({}, "The settings are no names with values.")


def _sdk_version(value: str, root: Path) -> str:
    here = version_of("gradio")
    if here is None:
        return "Gradio is not installed here, so its version cannot be compared."
    return "" if value == here else f"It says {value or 'nothing'}, and {here} was tested."


_HEADER: dict[str, Callable[[str, Path], str]] = {
    "sdk": lambda value, root: "" if value == "gradio" else "It has to be gradio.",
    "sdk_version": _sdk_version,
    "python_version": lambda value, root: "" if re.fullmatch(r"3\.1[1-9]", value) else "It has to be 3.11 or newer.",
    "app_file": lambda value, root: "" if value and (root / value).is_file() else f"There is no file {value[:60]!r}.",
    "license": lambda value, root: "" if value in LICENCES else f"{value[:40]!r} is none of {', '.join(LICENCES)}.",
    "title": lambda value, root: "" if value else "There is none.",
    "short_description": lambda value, root: "" if 0 < len(value) <= SHORT else f"It needs 1 to {SHORT} characters.",
}


def requirements(root: Path) -> list[Requirement]:
    """The ranges of requirements.txt. InvalidRequirement for a line that is none."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(bare) for line in lines if (bare := line.partition("#")[0].strip())]


def _ranges(root: Path) -> str:
    try:
        open_below = [r.name for r in requirements(root) if not any(s.operator in (">=", "==") for s in r.specifier)]
    except (OSError, InvalidRequirement) as error:
        return f"They cannot be read: {error}"
    return f"Without a lowest version: {', '.join(open_below)}." if open_below else ""


def _fits(root: Path) -> str:
    """Whether the lock has a version in the range of every requirement."""
    if not (root / LOCK).is_file():
        return f"There is no {LOCK}; make it by: python -m cai_ui deploy lock"
    versions = locked(root / LOCK)
    wrong = [
        f"{one.name} {versions.get(one.name.lower(), 'none')}"
        for one in requirements(root)
        if not one.specifier.contains(versions.get(one.name.lower(), "0"), prereleases=True)
    ]
    return f"Outside of their ranges: {', '.join(wrong)}." if wrong else ""


def _sizes(root: Path, files: list[str]) -> str:
    large = [name for name in files if (root / name).is_file() and (root / name).stat().st_size > HUB_FILE_MB * 2**20]
    return f"Larger than {HUB_FILE_MB} MB: {', '.join(large)}." if large else ""


def _keys(root: Path, files: list[str]) -> str:
    found = [name for name in files if (root / name).is_file() and _holds_key((root / name).read_bytes()[: 2**21])]
    return f"What looks like a key is in {', '.join(found)}." if found else ""


def _holds_key(content: bytes) -> bool:
    """Words in capitals stand for what the reader is to fill in."""
    return any(not found.isupper() for found in KEYS.findall(content.decode("utf-8", "replace")))
