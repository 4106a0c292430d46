"""The one reader of flags and `CAI_*` variables, for `app.py` and every command: made from the knobs of `config/`.

A flag wins over a variable, a variable over what a file or preset says, that over the default. Names may be written
with dashes or underscores.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from cai_ui.config.knobs import S, Settings, allowed, checked, flag, variable

Arguments = argparse.Namespace


class Parser(argparse.ArgumentParser):
    """Takes `--chat_format` for `--chat-format`; what follows a bare `--` are no flags and stays as it is."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Arguments | None = None) -> Arguments:  # type: ignore[override]
        given = list(sys.argv[1:] if args is None else args)
        if any("\0" in word for word in given):
            self.error("a NUL character can be part of no file name, number or text here")
        end = given.index("--") if "--" in given else len(given)
        return super().parse_args([_with_dashes(word) for word in given[:end]] + given[end:], namespace)


def _with_dashes(word: str) -> str:
    """`--top_p=a_b` -> `--top-p=a_b`."""
    name, equals, value = word.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if word.startswith("--") else word


def add_flags(parser: Parser, cls: type[Settings], only: Sequence[str] | None = None) -> None:
    """One flag for each knob, in a group of its own. A knob that the parser has from another class is passed over."""
    group = parser.add_argument_group((cls.__doc__ or "").partition(".\n")[0].rstrip("."))
    for name, field in cls.model_fields.items():
        if (only is None or name in only) and flag(name) not in parser._option_string_actions:
            takes = [allowed(cls, name), f"default: {field.default!r}", variable(cls, name)]
            words = f"{field.description} ({'; '.join(filter(None, takes))})"
            group.add_argument(flag(name), dest=_place(cls, name), metavar="VALUE", help=words.replace("%", "%%"))


def read_flags(
    cls: type[S], parsed: Arguments, base: S | None = None, environment: Mapping[str, str] = os.environ
) -> S:
    """Settings from flags and variables over `base` or the defaults. InputError names the flag or variable at fault."""
    values: dict[str, object] = base.model_dump() if base else {}
    called: dict[str, str] = {}
    variables = {key.replace("-", "_"): value for key, value in sorted(environment.items())}  # underscores win
    for name in cls.model_fields:
        given: str | None = getattr(parsed, _place(cls, name), None)
        spelling = flag(name)
        if given is None:
            spelling = variable(cls, name)
            given = variables.get(spelling) or None
        if given is not None:
            values[name], called[name] = given, spelling
    return checked(cls, values, called)


def given_flags(cls: type[Settings], parsed: Arguments) -> list[str]:
    """The flags of these knobs as they were typed, each with its value; variables do not count."""
    typed = {name: getattr(parsed, _place(cls, name), None) for name in cls.model_fields}
    return [part for name, value in typed.items() if value is not None for part in (flag(name), str(value))]


def given_values(classes: Sequence[type[Settings]], parsed: Arguments) -> dict[str, str]:
    """The flags of a command for several classes as they were typed, by knob; one flag sets the knob of each class that
    has it."""
    places = [(name, _place(cls, name)) for cls in classes for name in cls.model_fields]
    return {name: str(value) for name, place in places if (value := getattr(parsed, place, None)) is not None}


def _place(cls: type[Settings], name: str) -> str:
    """Where a flag's value is kept: two classes of one command may have a knob of the same name."""
    return f"{cls.__name__}.{name}"
