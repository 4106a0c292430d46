"""`generate`: critique and revision on many requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, add_kind, check_requests, command, loaded, opened, read_requests
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.cli.principles import find_version
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline.revise.batch import BatchProgress


def add(commands: Commands) -> None:
    about = "critique and revision on many requests; the traces go to Curate and to a file"
    parser = command(commands, "generate", _generate, about, RevisionSettings, Sampling)
    parser.add_argument("--prompts", type=Path, help="one request a line, or JSON lines, CSV, Parquet")
    add_kind(parser)
    parser.add_argument("--prompt-set", help="shipped prompt set (default: train-harmful)")
    parser.add_argument(
        "--number", type=int, help="requests drawn from the set (default: 100), or the first of the file"
    )
    parser.add_argument("--constitution", help="name or hash (default: the one in use)")
    parser.add_argument("--batch-size", type=int, default=32, help="traces that advance together (default: 32)")
    parser.add_argument("--out", type=Path, help="file of the finished traces, JSON lines; goes on where it was")


def _generate(parsed: Arguments) -> int:
    from cai_ui.pipeline import models
    from cai_ui.pipeline.prompts import sets
    from cai_ui.pipeline.revise import batch

    check_requests(parsed, "prompt_set")
    named, drawn = read_flags(RevisionSettings, parsed), read_flags(Sampling, parsed)
    if parsed.batch_size < 1 or (parsed.number is not None and parsed.number < 1):
        raise InputError("--batch-size and --number are numbers from 1.")
    prompts = None if parsed.prompts is None else read_requests(parsed.prompts, parsed.kind)[: parsed.number]
    with opened(parsed, load=False, critic=named.critic, reviser=named.reviser) as services:
        version = find_version(services, parsed.constitution)
        if prompts is None:
            number = parsed.number or 100
            prompts = sets.list_requests(services, parsed.prompt_set or "train-harmful", number, drawn.seed)
        loaded(services)  # its defaults are those of flags that are not given
        sampling = read_flags(Sampling, parsed, models.default_sampling(services))
        settings = read_flags(RevisionSettings, parsed, models.default_revision(services))
        start = services.settings
        settings = settings.model_copy(update={"critic": start.critic, "reviser": start.reviser})
        last, progress = None, Progress()
        for last in batch.run_batch(
            services, prompts, version.hash, settings, sampling, parsed.batch_size, results=parsed.out
        ):
            progress.show(last.done, last.total, _pace(last))
    if last is not None:
        already = f" ({last.already} were there already)" if last.already else ""
        print(f"{last.done} traces{already}, {last.examples_added} new in Curate, {last.failed} failed")
        for reason, count in last.failures.items():
            print(f"  {count} × {reason}")
    return 0


def _pace(now: BatchProgress) -> str:
    pace = f"{now.tokens_per_s:,.0f} tokens/s" if now.tokens_per_s else ""
    left = f"{now.eta_s:,.0f} s left" if now.eta_s is not None else ""
    return ", ".join(part for part in (pace, left) if part)
