"""`experiment`: the paper's figures and other questions, as the Experiments tab asks them."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, command, opened
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.formats.writing import json_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.experiments.running import Kept


def add(commands: Commands) -> None:
    from cai_ui.experiments.catalogue import EXPERIMENTS

    group = commands.add_parser("experiment", help="the paper's figures and other questions, with their uncertainty")
    actions = group.add_subparsers(required=True, metavar="EXPERIMENT")
    for made in EXPERIMENTS.values():
        parser = command(actions, made.name, partial(_run, made.name), made.question, made.settings)
        parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
        parser.add_argument("--estimate", action="store_true", help="only say what it would cost")


def _run(name: str, parsed: Arguments) -> int:
    from cai_ui.experiments.catalogue import EXPERIMENTS
    from cai_ui.experiments.running import estimate_experiment, kept, run_experiment
    from cai_ui.pipeline.model_host import WAIT_S
    from cai_ui.records import to_dict

    settings = read_flags(EXPERIMENTS[name].settings, parsed)
    with opened(parsed) as services:
        if parsed.estimate:
            services.engine(WAIT_S)
            cost = estimate_experiment(services, name, settings)
            print(f"At most {cost.answers:,} answers, {cost.done:,} of them there; about {cost.seconds:,.0f} s.")
            return 0
        progress, key = Progress(), ""
        for now in run_experiment(services, name, settings, owner="command line"):
            key = now.key
            progress.show(now.done, now.total, now.part)
        found = kept(services, key)
    if found.result is not None:
        print(json_text(to_dict(found.result), 1) if parsed.json else _words(found), file=sys.stdout)
    return 0


def _words(found: Kept) -> str:
    from cai_ui.experiments.report import result_markdown

    assert found.result is not None
    return result_markdown(found.experiment, found.result)
