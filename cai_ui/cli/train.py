"""`train`: one run in the foreground, the same as the page's in the background."""

from __future__ import annotations

import sys
from typing import Any

from cai_ui.cli.curate import find_dataset
from cai_ui.cli.flags import WAIT_S, Arguments, add_flags, command, opened, read_flags, show_progress
from cai_ui.config import TrainSettings
from cai_ui.errors import InputError

_POLL_S = 1.0


def add(commands: Any) -> None:
    parser = command(commands, "train", _train, "train an adapter on a frozen dataset, or resume a run")
    parser.add_argument("what", help="sft, dpo, or the id of a run to resume")
    parser.add_argument("--dataset", default="latest", help="hash (or its beginning), or `latest` (default)")
    parser.add_argument("--preset", default="embedded quick", help="named settings that the flags change")
    parser.add_argument("--name", default="", help="name of the run")
    parser.add_argument("--start-adapter", help="adapter to go on from")
    add_flags(parser, TrainSettings)


def _train(parsed: Arguments) -> int:
    from cai_ui import pipeline

    with opened(parsed) as services:
        services.engine(WAIT_S)
        run = _submit(services, parsed) if parsed.what in ("sft", "dpo") else pipeline.resume_run(services, parsed.what)
        try:
            run = _watched(services, run)
        except KeyboardInterrupt:
            pipeline.stop_run(services, run.id, save=True)
            services.jobs.wait(run.id, 120)
            raise
    print(f"{run.id} {run.state} {run.adapter or ''}".rstrip())
    if run.state == "failed":
        print(run.error, file=sys.stderr)
    return 0 if run.state == "done" else 2


def _submit(services: Any, parsed: Arguments) -> Any:
    from cai_ui import pipeline

    dataset = find_dataset(services, parsed.dataset)
    presets = pipeline.presets(services)
    if parsed.preset not in presets:
        raise InputError(f"There is no preset {parsed.preset[:80]!r}.", next_step=f"Choose: {', '.join(presets)}.")
    settings = read_flags(TrainSettings, parsed, presets[parsed.preset][parsed.what])
    return pipeline.start_run(
        services, parsed.what, dataset, settings, "command line", parsed.name, parsed.start_adapter
    )


def _watched(services: Any, run: Any) -> Any:
    from cai_ui.pipeline.services import ACTIVE_RUNS

    while run.state in ACTIVE_RUNS:
        services.jobs.wait(run.id, _POLL_S)
        run = services.store.run(run.id)
        if run.total_steps:
            show_progress(run.step, run.total_steps)
    return run
