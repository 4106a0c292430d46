"""What all commands share: flags from the Settings classes, the services they work on, files, progress."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cai_ui.config import AppSettings, Settings, checked
from cai_ui.errors import InputError

S = TypeVar("S", bound=Settings)
Arguments = argparse.Namespace

WAIT_S = 3600.0
"""How long a command waits for the model."""
_WORKSPACE = ("home", "model", "quantize", "revision", "chat_format", "endpoint", "concurrency", "cache_gb")


def add_flags(parser: argparse.ArgumentParser, cls: type[Settings], only: Sequence[str] | None = None) -> None:
    """One flag for each knob. A flag that is not given leaves the default (or the preset) alone."""
    for name, field in cls.model_fields.items():
        if only is None or name in only:
            flag = f"--{name.replace('_', '-')}"
            if not any(flag in action.option_strings for action in parser._actions):
                default = f" (default: {field.default})"
                parser.add_argument(flag, dest=name, help=(field.description or "").replace("%", "%%") + default)


def read_flags(cls: type[S], parsed: Arguments, base: S | None = None) -> S:
    """Settings from the flags that were given, over `base` or the defaults. InputError names a bad one."""
    given = {n: getattr(parsed, n) for n in cls.model_fields if getattr(parsed, n, None) is not None}
    return checked(cls, {**(base.model_dump() if base else {}), **given})


def app_settings(parsed: Arguments) -> AppSettings:
    """Workspace and model that the flags or CAI_ variables name."""
    from cai_ui.pipeline.other_models import ROLES

    variables = {name: value for name in (*_WORKSPACE, *ROLES) if (value := os.environ.get(f"CAI_{name.upper()}"))}
    return read_flags(AppSettings, parsed, checked(AppSettings, variables))


@contextmanager
def opened(parsed: Arguments) -> Iterator[Any]:
    """Services on the workspace and model that the flags or CAI_ variables name."""
    from cai_ui.pipeline import open_services

    services = open_services(app_settings(parsed))
    try:
        yield services
    finally:
        services.close()


def command(commands: Any, name: str, run: Any, help: str, workspace: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    if workspace:
        add_flags(parser, AppSettings, _WORKSPACE)
    return parser


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"The file {path} cannot be read ({reason}).") from None


def write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"The file {path} cannot be written ({error.strerror}).") from None


def show_progress(done: int, total: int, beside: str = "") -> None:
    if sys.stderr.isatty():
        note = f" ({beside})" if beside else ""
        end = "\n" if done == total else ""
        print(f"\r{done} of {total}{note}\x1b[K", end=end, file=sys.stderr, flush=True)
