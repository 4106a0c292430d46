"""`pairs`: preference pairs of a variant's own answers, for Curate or frozen as they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, add_kind, check_requests, command, judge_line, loaded, opened, read_requests
from cai_ui.cli.compare import find_variant
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.config.curate import DatasetSettings, OnPolicySettings
from cai_ui.errors import InputError
from cai_ui.records import BASE
from cai_ui.text import clean_name

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline.curate.on_policy import OnPolicyProgress


def add(commands: Commands) -> None:
    about = "draw a variant's own answers, judge them two by two, and keep the pairs; the same command goes on"
    parser = command(commands, "pairs", _pairs, about, OnPolicySettings, DatasetSettings)
    parser.add_argument(
        "--variant", default=BASE, help=f"adapter, or name of its run, whose answers are drawn (default: {BASE})"
    )
    parser.add_argument("--prompt-set", help="prompt set (default: train-harmful)")
    parser.add_argument("--prompts", type=Path, help="a file instead: one request a line, or JSON lines, CSV, Parquet")
    add_kind(parser)
    parser.add_argument("--number", type=int, default=100, help="requests (default: 100)")
    parser.add_argument(
        "--freeze", metavar="NAME", help="freeze the pairs as a dataset, by default with soft labels; prints its hash"
    )


def _pairs(parsed: Arguments) -> int:
    from cai_ui.pipeline import models
    from cai_ui.pipeline.curate import on_policy
    from cai_ui.pipeline.curate.datasets import headline
    from cai_ui.pipeline.prompts import sets

    check_requests(parsed, "prompt_set")
    settings = read_flags(OnPolicySettings, parsed)
    frozen = read_flags(DatasetSettings, parsed, DatasetSettings(labels="soft"))
    if parsed.number < 1:
        raise InputError("--number is a number from 1.")
    if parsed.freeze is not None:
        clean_name(parsed.freeze, "The name")  # what no dataset can be called is told before the answers are drawn
    prompts = None if parsed.prompts is None else read_requests(parsed.prompts, parsed.kind)[: parsed.number]
    with opened(parsed, load=False, judge=settings.judge) as services:
        if prompts is None:
            prompts = sets.list_requests(services, parsed.prompt_set or "train-harmful", parsed.number, settings.seed)
        variant = find_variant(services.store, parsed.variant)
        loaded(services)
        usual = OnPolicySettings(max_new_tokens=models.default_sampling(services).max_new_tokens)
        settings = read_flags(OnPolicySettings, parsed, usual)
        settings = settings.model_copy(update={"judge": services.settings.judge})
        last, progress = on_policy.OnPolicyProgress(0, 0), Progress()
        for last in on_policy.make_pairs(services, prompts, variant, settings):
            progress.show(last.done, last.total, "" if last.eta_s is None else f"{last.eta_s:,.0f} s left")
        judge_line(services, settings.judge, ["pairs"])
        print("\n".join(_lines(last)))
        if parsed.freeze is not None:
            info = on_policy.freeze_pairs(services, last.drawing, parsed.freeze, frozen, "command line")
            print(headline(info)[0], file=sys.stderr)
            print(info.hash)
    return 0


def _lines(last: OnPolicyProgress) -> list[str]:
    counted = [("in no pair", last.answers), ("no pair", last.no_pair)]
    reasons = [f"  {what}, {number} × {why}" for what, found in counted for why, number in found.items()]
    return [f"{last.pairs} pairs of {last.done} requests", *reasons]
