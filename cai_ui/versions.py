"""Versions of this program and of installed libraries, found without importing them."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from cai_ui import __version__

LIBRARIES = ("torch", "transformers", "peft", "trl", "tokenizers", "safetensors")
"""Those that stand beside every evaluation."""


def version_of(name: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Those of these packages that are installed."""
    return {name: known for name in names if (known := version_of(name)) is not None}


def versions_here() -> dict[str, str]:
    """Of this program, Python, and LIBRARIES as far as they are installed."""
    return {"cai_ui": __version__, "python": platform.python_version(), **versions_of(LIBRARIES)}
