"""One reader for flags and variables: every knob of every class, in each spelling, and which of them wins."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

import pytest

import app
from cai_ui import config
from cai_ui.cli import build_parser, main
from cai_ui.cli.flags import Parser, add_flags, read_flags
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings, LabelSettings
from cai_ui.config.knobs import Settings, allowed, flag, variable
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError


def classes(cls: type[Settings] = Settings) -> list[type[Settings]]:
    """All of `cai_ui/config/`."""
    return [
        found
        for sub in cls.__subclasses__()
        if sub.__module__.startswith("cai_ui.config.")
        for found in (sub, *classes(sub))
    ]


for module in iter_modules(config.__path__, "cai_ui.config."):
    import_module(module.name)
KNOBS = [(cls, name) for cls in classes() for name in cls.model_fields]


def another(cls: type[Settings], name: str) -> object:
    """A value within the bounds that is not the default."""
    field = cls.model_fields[name]
    if field.annotation is bool:
        return not field.default
    if choices := get_args(field.annotation):
        return next(choice for choice in choices if choice != field.default)
    if field.annotation is str:
        return "some-where_else"
    lowest, highest = (float(number) for number in re.findall(r"-?[\d.]+", allowed(cls, name)))
    value = (lowest + highest) / 2 if field.annotation is float else int(lowest + 1)
    return value if value != field.default else value + 1


def read(cls: type[Settings], *words: str, **environment: str) -> Settings:
    parser = Parser()
    add_flags(parser, cls)
    return read_flags(cls, parser.parse_args(words), environment=environment)


@pytest.mark.parametrize(("cls", "name"), KNOBS, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_every_knob_is_read_in_every_spelling(cls: type[Settings], name: str) -> None:
    value = another(cls, name)
    wanted, said = cls(**{name: value}), str(value)
    assert wanted != cls()
    for spelling in (flag(name), f"--{name}"):
        assert read(cls, spelling, said) == wanted
        assert read(cls, f"{spelling}={said}") == wanted
    named = variable(cls, name)
    dashed = named.removesuffix(name.upper()) + name.upper().replace("_", "-")
    assert read(cls, **{named: said}) == read(cls, **{dashed: said}) == wanted
    assert read(cls, **{named: ""}) == cls()


def test_no_two_knobs_share_a_variable() -> None:
    names = [variable(cls, name) for cls, name in KNOBS]
    assert len(set(names)) == len(names)
    assert {"CAI_HOME", "CAI_CHAT_FORMAT", "CAI_TRAIN_LEARNING_RATE", "CAI_GUIDED_RUN_HARMFUL"} <= set(names)


def test_a_flag_wins_over_a_variable_over_a_preset_over_the_default() -> None:
    parser = Parser()
    add_flags(parser, TrainSettings)
    preset = TrainSettings(rank=4, alpha=8, epochs=9)
    found = read_flags(
        TrainSettings, parser.parse_args(["--rank=32"]), preset, {"CAI_TRAIN_RANK": "64", "CAI_TRAIN_ALPHA": "16"}
    )
    assert (found.rank, found.alpha, found.epochs, found.batch_size) == (32, 16, 9, TrainSettings().batch_size)


def test_an_underscore_wins_where_a_variable_is_set_twice() -> None:
    assert read(AppSettings, **{"CAI_CACHE_GB": "2", "CAI_CACHE-GB": "3"}) == AppSettings(cache_gb=2)


@pytest.mark.parametrize(
    ("cls", "words", "environment", "sentence"),
    [
        (Sampling, ["--max_new_tokens", "0"], {}, "--max-new-tokens: .*given: 0.*from 1 to 2048 tokens"),
        (Sampling, ["--top-p", "nan"], {}, "--top-p: .*above 0 to 1"),
        (TrainSettings, [], {"CAI_TRAIN_RANK": "many"}, "CAI_TRAIN_RANK: .*given: many.*from 1 to 256"),
        (AppSettings, [], {"CAI_PORT": "70000"}, "CAI_PORT: .*from 1 to 65535"),
        (AppSettings, ["--quantize", "nf5"], {}, "--quantize: .*'auto', 'none' or 'nf4'"),
        (RevisionSettings, ["--critique", "perhaps"], {}, "--critique: .*on or off"),
    ],
)
def test_an_error_names_the_flag_or_variable_and_the_bounds(
    cls: type[Settings], words: list[str], environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        read(cls, *words, **environment)


def test_what_follows_two_dashes_is_no_flag_and_a_value_keeps_its_underscores() -> None:
    parsed = build_parser().parse_args(["curate", "freeze", "--eval_share=0", "--source=a_b", "--", "--my_name"])
    assert (parsed.name, parsed.source) == ("--my_name", "a_b")


def test_a_command_and_its_workspace_may_have_a_knob_of_the_same_name() -> None:
    """`bare` is a way to ask, though no way to load a model."""
    parsed = build_parser().parse_args(["generate", "--chat_format", "bare", "--cache_gb", "2"])
    assert read_flags(RevisionSettings, parsed).chat_format == "bare"
    assert read_flags(AppSettings, parsed) == read_flags(AppSettings, argparse.Namespace()).model_copy(
        update={"cache_gb": 2.0}
    )


def test_the_page_takes_the_same_spellings_as_the_commands() -> None:
    wanted = AppSettings(chat_format="human-assistant", cache_gb=2)
    for words in (
        ["--chat-format", "human-assistant", "--cache-gb=2"],
        ["--chat_format=human-assistant", "--cache_gb", "2"],
    ):
        assert app.read_settings(words, {}) == wanted
    assert app.read_settings([], {"CAI_CHAT-FORMAT": "human-assistant", "CAI_CACHE_GB": "2"}) == wanted


def commands(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, (*path, name))


SETTINGS = {
    ("generate",): (RevisionSettings, Sampling),
    ("curate", "freeze"): (DatasetSettings,),
    ("curate", "label"): (LabelSettings,),
    ("train",): (TrainSettings,),
    ("compare",): (CompareSettings,),
}


@pytest.mark.parametrize("path", list(commands(build_parser())), ids=" ".join)
def test_help_names_every_knob_with_its_default_bounds_and_variable(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit, match="0"):
        main([*path, "--help"])
    told = [_one_line(part) for part in re.split(r"\n  (?=--)", capsys.readouterr().out)]
    assert told
    for cls in SETTINGS.get(path, ()):
        for name in cls.model_fields:
            line = next(line for line in told if line.startswith(f"{flag(name)} "))
            for word in (allowed(cls, name), f"default: {cls.model_fields[name].default!r}", variable(cls, name)):
                assert word in line


def test_the_help_of_the_page_names_every_knob(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    with pytest.raises(SystemExit, match="0"):
        app.main(["--help"])
    told = capsys.readouterr().out
    for name in AppSettings.model_fields:
        assert flag(name) in told and variable(AppSettings, name) in told


def _one_line(text: str) -> str:
    return " ".join(text.split())
