"""What all commands share: the workspace and model they work on, files, progress."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cai_ui.cli.flags import Arguments, Parser, add_flags, read_flags
from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import Settings
from cai_ui.errors import InputError
from cai_ui.formats.writing import page_text

if TYPE_CHECKING:
    from cai_ui.engine.interface import Engine
    from cai_ui.pipeline import Services
    from cai_ui.records import Prompt, PromptKind, Rate
    from cai_ui.statistics.agreement import Agreement

    Commands: TypeAlias = argparse._SubParsersAction[Parser]

WAIT_S = 3600.0
"""How long a command waits for the model."""
MAX_BYTES = 400 * 10**6
"""Largest file that is read whole."""
LINE_S = 30.0
"""Between two lines of progress where there is no terminal."""
_WORKSPACE = ("home", "model", "quantize", "revision", "chat_format", "endpoint", "concurrency", "cache_gb")


def command(
    commands: Commands,
    name: str,
    run: Callable[[Arguments], int],
    help: str,
    *knobs: type[Settings],
    workspace: bool = True,
) -> Parser:
    """A command with the flags of `knobs` and, if it opens one, of the workspace and its model."""
    parser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(run=run)
    for cls in knobs:
        add_flags(parser, cls)
    if workspace:
        add_flags(parser, AppSettings, _WORKSPACE)
    return parser


def app_settings(parsed: Arguments, **roles: str) -> AppSettings:
    """Workspace and model that flags or variables name; `roles`: critic, reviser and judge, where flags name them."""
    named = {role: address for role, address in roles.items() if address}
    return read_flags(AppSettings, parsed).model_copy(update=named)


@contextmanager
def opened(parsed: Arguments, load: bool = True, **roles: str) -> Iterator[Services]:
    """Services on that workspace and model. A role's model is known from the start, so that its server gets its key.
    Without `load` the model waits for `loaded`, so that what is wrong with the flags is told before."""
    from cai_ui.pipeline import open_services

    services = open_services(app_settings(parsed, **roles), load=load)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def opened_again(parsed: Arguments, **roles: str) -> Iterator[Services]:
    """The same on a workspace that is there already, without its model. StoreError where there is none: a command that
    goes on with what was made makes none."""
    workspace_home(parsed)
    with opened(parsed, load=False, **roles) as services:
        yield services


def workspace_home(parsed: Arguments) -> Path:
    """The folder of the workspace that is named, once it is known to be one: a name that was mistyped would else be a
    new one, found sound, or a folder of other things that others may no longer read."""
    from cai_ui.errors import StoreError
    from cai_ui.store.workspace import is_workspace

    home = home_of(parsed)
    if not is_workspace(home) and not os.environ.get("CAI_DATABASE_URL"):
        raise StoreError(
            f"There is no workspace in {home}.",
            kept="Nothing was made there.",
            next_step="Name the workspace with --home or CAI_HOME.",
        )
    return home


def home_of(parsed: Arguments) -> Path:
    """The folder that flags or variables name."""
    return Path(app_settings(parsed).home).expanduser()


def loaded(services: Services) -> Engine:
    """The model of a workspace that was opened without it."""
    services.load_model()
    return services.engine(WAIT_S)


def agreed(what: str) -> bool:
    """Whether somebody at a terminal wants this to be done; nobody where there is none."""
    print(what)
    try:
        return sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def read_bytes(path: Path, limit: int) -> bytes:
    """A file's first `limit` bytes. InputError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise InputError(f"The file {path} cannot be read ({error.strerror}).") from None


def read_text(path: Path) -> str:
    """A file of ours as text. InputError where it cannot be read, is no UTF-8, or is larger than we write one."""
    content = read_bytes(path, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError(f"The file {path} has more than {MAX_BYTES // 10**6} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The file {path} cannot be read (it is not UTF-8 text).") from None


KINDS = ("harmful", "helpful", "twin")


def add_kind(parser: Parser) -> None:
    """The flag for files of prompts that say no kind."""
    parser.add_argument(
        "--kind", choices=KINDS, default="unknown",
        help="kind of the file's requests that say none; a twin is harmless but sounds harmful",
    )  # fmt: skip


def check_requests(parsed: Arguments, *sets: str) -> None:
    """InputError where flags name requests twice, or a kind for sets that say theirs, one of which would be passed
    over. `sets`: names of flags of sets."""
    given = [name for name in sets if getattr(parsed, name)]
    if parsed.prompts is not None and given:
        raise InputError("A file of requests and a prompt set are both named.", next_step="Leave one of them out.")
    if parsed.prompts is None and parsed.kind != "unknown":
        raise InputError("--kind is for requests of a file.", next_step="Name it: --prompts FILE, or leave --kind out.")


def read_requests(path: Path, kind: PromptKind = "unknown") -> list[Prompt]:
    """What is asked in a file, in its order; what was read is said on the error output. `kind`: of requests that say
    none."""
    from cai_ui.pipeline.prompts import files, summary

    read = files.read_prompts(path, kind)
    print(summary.sentence(path.name, read), file=sys.stderr)
    return [files.asked(prompt, path.stem) for prompt in read.prompts]


def check_out(*paths: Path | None) -> None:
    """InputError where a file could not be written, said before the work whose result it is for: what cannot be opened
    to be added to. A file that was not there is not there afterwards; pipes and devices are taken at their word, since
    whoever reads a pipe would see it end."""
    for path in filter(None, paths):
        there = os.path.exists(path)
        if there and not (os.path.isfile(path) or os.path.isdir(path)):
            continue
        made = Path(os.path.realpath(path))  # where the path is a link to nothing, the file is made there
        try:
            with path.open("ab"):
                pass
            if not there:
                made.unlink()
        except OSError as error:
            raise _unwritten(path, error, "Nothing was begun.") from None


def write_text(path: Path, text: str, kept: str = "") -> None:
    """A file of ours. InputError where it cannot be written; `kept` says what is there nevertheless."""
    try:
        path.write_text(page_text(text), encoding="utf-8")
    except OSError as error:
        raise _unwritten(path, error, kept) from None


def _unwritten(path: Path, error: OSError, kept: str) -> InputError:
    return InputError(
        f"The file {path} cannot be written ({error.strerror}).",
        kept=kept,
        next_step="Name a file in a folder that is there and may be written.",
    )


class Progress:
    """How far a command is, on the error output: one line that renews itself on a terminal, elsewhere, such as in the
    log of a job, a line from time to time."""

    def __init__(self, pause_s: float = LINE_S) -> None:
        """`pause_s` are the seconds between two lines of a log."""
        self._pause_s, self._said = pause_s, time.monotonic()

    def show(self, done: int, total: int, beside: str | Callable[[], str] = "") -> None:
        """`beside` is more to say, in brackets; where it is a function, it is asked only for a line that is written."""
        if not sys.stderr.isatty() and not self._due():
            return
        more = beside if isinstance(beside, str) else beside()
        line = f"{done:,} of {total:,}{f' ({more})' if more else ''}"
        if sys.stderr.isatty():
            print(f"\r{line}\x1b[K", end="\n" if done == total else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def tell(self, what: str) -> None:
        """What is going on where nothing can be counted; only for a log."""
        if not sys.stderr.isatty() and self._due():
            print(what, file=sys.stderr, flush=True)

    def _due(self) -> bool:
        now = time.monotonic()
        due = now - self._said >= self._pause_s
        self._said = now if due else self._said
        return due


def share_words(rate: Rate) -> str:
    """A share with its interval and count."""
    if rate.value is None:
        return f"unread ({rate.unread})"
    return f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}] of {rate.total}"


def judge_line(services: Services, judge: str, rubrics: Iterable[str], reasoned: bool = False) -> None:
    """Say on the error output how far a judge was checked under each of the rubrics."""
    from cai_ui.pipeline.judges import sentence, standing

    for rubric in rubrics:
        print(
            f"judge {judge or 'base'}, {rubric}: {sentence(standing(services, judge, rubric, reasoned))}",
            file=sys.stderr,
        )


def agreement_line(who: str, found: Agreement, what: str) -> str:
    """How far `who` agree, over how many of `what`, and what to be careful about."""
    interval = "" if found.low is None else f" ({found.low:.2f} to {found.high:.2f})"
    value = "undefined" if found.value is None else f"{found.value:.2f}{interval}"
    return f"{who}: {found.measure} {value}, {found.units} {what}{f'; {found.why}' if found.why else ''}"
