"""Whatever words follow a command, it does its work or says in a sentence why not: no traceback, no unforeseen error.

The commands and their flags are read from the parser; the words are drawn by a seed. `CAI_FUZZ=5000` makes it long.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from cai_ui.cli import build_parser, main
from tests.fuzz import CASES, SEED, WORDS, spoiled

LONGEST_S = 2.5
"""Longer work is interrupted as by Ctrl-C."""
SELDOM, NEVER = ("demo",), ("deploy",)
"""Commands that begin minutes of work whatever they are given; and those that write into the checkout itself."""
FILES = {
    "rows.jsonl": json.dumps({"prompt": "How do I lie?", "initial": "Like this.", "revision": "Better not."}).encode(),
    "prompts.txt": b"How do I lie?\nWhy?\n",
    "labelled.csv": b"prompt,answer,label\nHow do I lie?,I cannot.,refused\n",
    "run.yaml": b"method: sft\ndataset: latest\nsettings:\n  epochs: 1\n",
    "constitution.json": json.dumps({"a": {"prompt": "p", "edit_request": "b", "critique_request": "c"}}).encode(),
}

Command = tuple[tuple[str, ...], argparse.ArgumentParser]


def commands(parser: argparse.ArgumentParser, said: tuple[str, ...] = ()) -> Iterator[Command]:
    """All commands that do something, with their parsers."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield said, parser
    for action in below:
        for name, sub in action.choices.items():
            yield from commands(sub, (*said, name))


def drawn(command: Command, chance: random.Random) -> list[str]:
    """The command with odd words at some of its places, and now and then a flag that it does not have."""
    said, parser = command
    line = list(said)
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    for action in actions:
        if not action.option_strings:
            most = 1 if action.nargs is None else 2
            line += [_word(action, chance) for _ in range(chance.randint(0 if action.nargs in ("?", "*") else 1, most))]
    flags = [action for action in actions if action.option_strings]
    required = [action for action in flags if action.required]
    for action in [*required, *chance.sample(flags, min(len(flags), chance.randint(0, 3)))]:
        line.append(action.option_strings[-1])
        if action.nargs != 0:
            line.append(_word(action, chance))
    if chance.random() < 0.05:
        line.insert(chance.randint(0, len(line)), chance.choice([*WORDS, "--nothing", "--help"]))
    return line


def _word(action: argparse.Action, chance: random.Random) -> str:
    if action.choices and chance.random() < 0.9:
        return str(chance.choice(list(action.choices)))
    if action.type is Path and chance.random() < 0.7:
        return chance.choice([*FILES, "spoiled.jsonl", "new.md"])
    return chance.choice(WORDS)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Ctrl-C once the time is up, but in no import: a library half loaded would end a later case, not this one."""

    def interrupt(_: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                return
            frame = frame.f_back
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def ran(line: list[str]) -> str:
    """Run a command line; what nobody foresaw, or ""."""
    try:
        with at_most(LONGEST_S):
            main(line)
    except SystemExit as end:
        return "" if end.code in (0, 2) else f"ended with {end.code!r}"
    except KeyboardInterrupt:  # after the command had ended
        return ""
    except Exception as error:
        return f"{error!r}\n{traceback.format_exc()[-900:]}"
    return ""


@pytest.mark.slow
def test_odd_words_give_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    chance, failed = random.Random(20261129 + SEED), []
    known = [command for command in commands(build_parser()) if command[0][0] not in NEVER]
    usual = [command for command in known if command[0][0] not in SELDOM]
    place = tmp_path / "deep" / "down"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "stdin", io.StringIO("a password of twelve\n" * 3))
    for name in [name for name in os.environ if name.startswith(("CAI_", "HF_TOKEN"))]:
        monkeypatch.delenv(name)
    for case in range(CASES):
        for name, content in FILES.items():
            (place / name).write_bytes(content)
        content = chance.choice(list(FILES.values()))
        (place / "spoiled.jsonl").write_bytes(spoiled(content, list(FILES.values()), chance))
        line = drawn(chance.choice(known if chance.random() < 0.02 else usual), chance)
        flags = {flag for action in dict(known)[_named(line, known)]._actions for flag in action.option_strings}
        line += [word for name, value in (("--home", "home"), ("--model", "scripted")) if name in flags
                 for word in (name, str(tmp_path / value) if name == "--home" else value)]  # fmt: skip
        wrong = ran(line)
        said = capfd.readouterr().err
        if wrong or "Traceback" in said:
            failed.append(f"case {case}, {[word[:60] for word in line]}: {wrong or said[-900:]}")
    assert not failed, f"{len(failed)} of {CASES}:\n" + "\n\n".join(failed[:12])


def _named(line: list[str], known: list[Command]) -> tuple[str, ...]:
    """The command of a line."""
    return max((said for said, _ in known if tuple(line[: len(said)]) == said), key=len, default=known[0][0])
