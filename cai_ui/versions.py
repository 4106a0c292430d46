"""Versions of this program and of the libraries that decide what a model says, without importing them."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from cai_ui import __version__

LIBRARIES = ("torch", "transformers", "peft", "trl", "tokenizers", "safetensors")


def version_of(name: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions_here() -> dict[str, str]:
    """Of this program, Python, and the libraries that are installed."""
    found = {name: version_of(name) for name in LIBRARIES}
    here = {"cai_ui": __version__, "python": platform.python_version()}
    return here | {name: known for name, known in found.items() if known is not None}
