"""`experiment`: the paper's figures and other questions, as the Experiments tab asks them."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import WAIT_S, Progress, check_out, command, opened, read_text, write_text
from cai_ui.cli.flags import Arguments, given_values, read_flags
from cai_ui.config.experiments import ExperimentSettings
from cai_ui.config.knobs import checked, flag
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.experiments.running import Kept
    from cai_ui.pipeline import Services


def add(commands: Commands) -> None:
    from cai_ui.experiments.catalogue import EXPERIMENTS

    group = commands.add_parser("experiment", help="the paper's figures and other questions, with their uncertainty")
    actions = group.add_subparsers(required=True, metavar="EXPERIMENT")
    for made in EXPERIMENTS.values():
        parser = command(actions, made.name, partial(_run, made.name), made.question, made.settings)
        parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
        parser.add_argument("--estimate", action="store_true", help="only say what it would cost")
    about = "put a rule that from-labels found into a draft of the preference principles"
    rule = command(actions, "adopt", _adopt, about)
    rule.add_argument("key", help="the experiment, as from-labels prints it with --json (about, key)")
    rule.add_argument("number", type=int, help="the rule's place in its table, from 1")
    rule.add_argument("--author", default="local", help="whose draft (default: local)")
    page = command(
        actions, "page", _page, "several experiments, run where they were not, as one page", *_page_settings()
    )
    page.add_argument("names", nargs="+", metavar="NAME", help="experiments, in their order on the page")
    page.add_argument("--out", type=Path, required=True, help="Markdown file; pictures and numbers go beside it. What "
                      "stands there between a line “<!-- NAME -->” and “<!-- end -->” stays")  # fmt: skip


def _run(name: str, parsed: Arguments) -> int:
    from cai_ui.experiments.catalogue import EXPERIMENTS
    from cai_ui.experiments.running import estimate_experiment
    from cai_ui.records import to_dict

    settings = read_flags(EXPERIMENTS[name].settings, parsed)
    with opened(parsed) as services:
        services.engine(WAIT_S)
        if parsed.estimate:
            cost = estimate_experiment(services, name, settings)
            print(f"At most {cost.answers:,} answers, {cost.done:,} of them there; about {cost.seconds:,.0f} s.")
            return 0
        found = _done(services, name, settings)
    if found.result is not None:
        print(json_text(to_dict(found.result), 1) if parsed.json else _words(found), file=sys.stdout)
    return 0


def _done(services: Services, name: str, settings: ExperimentSettings) -> Kept:
    """Run it, or what is left of it."""
    from cai_ui.experiments.running import kept, run_experiment

    progress, key = Progress(), ""
    for now in run_experiment(services, name, settings, owner="command line"):
        key = now.key
        progress.show(now.done, now.total, now.part)
    return kept(services, key)


def _page(parsed: Arguments) -> int:
    from cai_ui.experiments.report import page_files

    asked, found = _asked(parsed), {}
    check_out(parsed.out)
    check_out(parsed.out.with_suffix(".json"))
    if parsed.out.exists():
        read_text(parsed.out)  # what stands in it by hand stays, and cannot where it cannot be read
    with opened(parsed) as services:
        services.engine(WAIT_S)
        for name, settings in asked.items():
            found[name] = _done(services, name, settings)
    flags = [part for knob, value in given_values(_page_settings(), parsed).items() for part in (flag(knob), value)]
    written = f"python -m cai_ui experiment page {shlex.join([*parsed.names, *flags])}"
    before = read_text(parsed.out) if parsed.out.exists() else ""  # as it is now: somebody may have written meanwhile
    results = {name: (one.experiment, one.result) for name, one in found.items() if one.result is not None}
    for name, text in page_files(parsed.out.stem, results, written, before).items():
        write_text(parsed.out.with_name(name), text)
    print(parsed.out)
    return 0


def _page_settings() -> list[type[ExperimentSettings]]:
    """Those that all experiments have, and those that some have."""
    from cai_ui.experiments.catalogue import EXPERIMENTS

    return [ExperimentSettings, *dict.fromkeys(made.settings for made in EXPERIMENTS.values())]


def _asked(parsed: Arguments) -> dict[str, ExperimentSettings]:
    """The settings of each experiment of a page: a flag goes to all that have it. InputError where none has it."""
    from cai_ui.experiments.catalogue import experiment

    common, given = read_flags(ExperimentSettings, parsed).model_dump(), given_values(_page_settings(), parsed)
    classes = {name: experiment(name).settings for name in dict.fromkeys(parsed.names)}
    for knob in given:
        if not any(knob in cls.model_fields for cls in classes.values()):
            raise InputError(
                f"None of these experiments has {flag(knob)}.", next_step="Leave it out, or name one that has it."
            )
    return {
        name: checked(
            cls, common | {k: v for k, v in given.items() if k in cls.model_fields}, {k: flag(k) for k in given}
        )
        for name, cls in classes.items()
    }


def _adopt(parsed: Arguments) -> int:
    from cai_ui.experiments.adopting import adopt, rules_found

    with opened(parsed) as services:
        rules = rules_found(services, parsed.key)
        if not 1 <= parsed.number <= len(rules):
            raise InputError(f"That experiment tried {len(rules)} rules.", next_step="Give a number from 1.")
        title = adopt(services, parsed.key, rules[parsed.number - 1], parsed.author)
    print(f"In {parsed.author}'s draft of “{title}”.")
    return 0


def _words(found: Kept) -> str:
    from cai_ui.experiments.report import result_markdown

    assert found.result is not None
    return result_markdown(found.experiment, found.result)
