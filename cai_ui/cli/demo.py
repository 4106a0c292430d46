"""`demo`: train the embedded model again, or measure it."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.cli.command import WAIT_S, check_out, command, write_text
from cai_ui.cli.flags import Arguments
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.knobs import checked
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.studies.trained import TrainedReport


def add(commands: Commands) -> None:
    actions = commands.add_parser("demo", help="the embedded model: build or evaluate it").add_subparsers(required=True)
    build = command(actions, "build", _build, "train the weights again", workspace=False)
    build.add_argument("--out", type=Path, required=True, help="folder for the weights; what is there is overwritten")
    build.add_argument("--seed", type=int, default=0)
    build.add_argument("--after", type=int, default=0, help="take up in --out, where so many rounds are done already")
    build.add_argument("--start", type=Path, help="go on from the weights in this folder, from the fifth round")
    look = command(actions, "evaluate", _evaluate, "measure it on held-out requests", workspace=False)
    look.add_argument("--json", type=Path, help="write everything, answers included, here")
    look.add_argument("--model", default="embedded", help="embedded, or, with --only base, a folder with weights")
    look.add_argument("--n", type=int, default=300, help="held-out prompts of each kind (default: 300)")
    look.add_argument("--seed", type=int, default=0)
    look.add_argument("--temperature", type=float, default=0.0)
    look.add_argument("--only", choices=["base", "trained"], help="half of the table only")
    table = command(
        actions, "trained", _table, "train all variants with several seeds and write one table", workspace=False
    )
    table.add_argument("--out", type=Path, required=True, help="Markdown file for the table")
    table.add_argument("--n", type=int, default=150, help="held-out prompts of each kind and seed (default: 150)")
    table.add_argument("--seeds", type=int, default=3)


def _build(parsed: Arguments) -> int:
    # Threads that wait for each other by spinning take four times as long as soon as anything else runs beside them.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from cai_ui.demo.build import build
    from cai_ui.demo.recipes import CONTINUED, ROUNDS

    rounds = CONTINUED if parsed.start else ROUNDS
    if not 0 <= parsed.after < len(rounds):
        raise InputError(
            f"--after: there are {len(rounds)} rounds.", next_step=f"Give a number from 0 to {len(rounds) - 1}."
        )
    report = build(parsed.out, parsed.seed, rounds, after=parsed.after, start=parsed.start)
    print(json_text(dataclasses.asdict(report)))
    return 0


def _evaluate(parsed: Arguments) -> int:
    """0 if all that is wanted was reached, 1 if not."""
    from cai_ui.demo.evaluate import GREEDY, measure_line

    _check(parsed, parsed.seed)
    if parsed.model != "embedded" and parsed.only != "base":
        raise InputError(  # a folder is trained at a real model's rates, and its answers are read by phrases
            "Only the embedded model's trainings are measured.",
            next_step="Add --only base, or put the weights in its folder.",
        )
    values = {**GREEDY.model_dump(), "temperature": parsed.temperature, "seed": parsed.seed}
    sampling = checked(Sampling, values, {"temperature": "--temperature"})
    check_out(parsed.json)
    found: dict[str, Any] = {}
    reached = True
    if parsed.only != "trained":
        from cai_ui.demo.evaluate import evaluate, table
        from cai_ui.engine import load_engine

        base = evaluate(load_engine(AppSettings(model=parsed.model)), parsed.n, parsed.seed, sampling)
        print(table(base), flush=True)
        found["base"] = dataclasses.asdict(base)
        reached = all(m.reached for m in base.measures)
    if parsed.only != "base":
        trained = _trained(parsed)
        for measure in trained.measures:
            print(measure_line(measure))
        for variant, seconds in trained.seconds.items():
            print(f"{seconds:6.0f} s  {trained.rows[variant]} rows  {variant}")
        found["trained"] = dataclasses.asdict(trained)
        reached = reached and all(m.reached for m in trained.measures)
    if parsed.json:
        write_text(parsed.json, json_text(found, 1))
    return 0 if reached else 1


def _check(parsed: Arguments, seed: int) -> None:
    """InputError for numbers that an evaluation does not take: the trainings before it are minutes of work."""
    checked(CompareSettings, {"per_kind": parsed.n, "seed": seed}, {"per_kind": "--n", "seed": "--seed"})


def _trained(parsed: Arguments) -> TrainedReport:
    """The trainings, in a workspace that is thrown away afterwards."""
    from cai_ui.pipeline import open_services
    from cai_ui.studies.trained import measure_training

    with tempfile.TemporaryDirectory() as home:
        services = open_services(AppSettings(home=home, model="embedded"))
        try:
            services.engine(WAIT_S)
            for item in measure_training(services, parsed.n, parsed.seed):
                if isinstance(item, str):
                    print(item, flush=True)
            assert not isinstance(item, str)
            return item
        finally:
            services.close()


def _table(parsed: Arguments) -> int:
    """The variants once per seed; the table is written anew after each, so that a long run leaves what it has."""
    from cai_ui.studies.trained_table import trained_table

    if parsed.seeds < 1:
        raise InputError(f"--seeds: {parsed.seeds} trainings give no table.", next_step="Give a number from 1.")
    _check(parsed, parsed.seeds - 1)
    check_out(parsed.out)
    reports = []
    for seed in range(parsed.seeds):
        parsed.seed = seed
        reports.append(_trained(parsed))
        write_text(parsed.out, trained_table(reports, parsed.n))
    return 0
