"""`generate`: chains on many requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cai_ui.cli.flags import Arguments, add_flags, command, opened, read_flags, read_text, show_progress, write_text
from cai_ui.cli.principles import find_version
from cai_ui.config import RevisionSettings, Sampling
from cai_ui.errors import InputError


def add(commands: Any) -> None:
    parser = command(commands, "generate", _generate, "chains on many requests; results go to Curate and to a file")
    parser.add_argument("--prompts", type=Path, help="text file, one request a line (default: a prompt set)")
    parser.add_argument("--prompt-set", default="train-harmful", help="shipped prompt set (default: train-harmful)")
    parser.add_argument("--number", type=int, default=100, help="requests drawn from the set (default: 100)")
    parser.add_argument("--constitution", help="name or hash (default: the one in use)")
    parser.add_argument("--batch-size", type=int, default=32, help="chains that advance together (default: 32)")
    parser.add_argument("--out", type=Path, help="write the finished chains as JSON lines")
    add_flags(parser, RevisionSettings)
    add_flags(parser, Sampling)


def _generate(parsed: Arguments) -> int:
    from cai_ui import pipeline
    from cai_ui.records import to_dict

    settings, sampling = read_flags(RevisionSettings, parsed), read_flags(Sampling, parsed)
    if parsed.batch_size < 1:
        raise InputError("--batch-size is not a number from 1.")
    with opened(parsed) as services:
        if parsed.prompts is not None:
            prompts: Any = [line for line in read_text(parsed.prompts).splitlines() if line.strip()]
        else:
            prompts = pipeline.list_prompts(services, parsed.prompt_set, parsed.number, sampling.seed)
        version = find_version(services, parsed.constitution)
        before = pipeline.count_traces(services)
        last = None
        for last in pipeline.run_batch(services, prompts, version.hash, settings, sampling, parsed.batch_size):
            show_progress(last.done, last.total)
        made = pipeline.count_traces(services) - before
        if parsed.out is not None:
            lines = [json.dumps(to_dict(t), ensure_ascii=False) for t in pipeline.recent_traces(services, made)[::-1]]
            write_text(parsed.out, "".join(line + "\n" for line in lines))
    if last is not None:
        print(f"{last.done} chains, {last.examples_added} new in Curate, {last.failed} failed")
        for reason, count in last.failures.items():
            print(f"  {count} × {reason}")
    return 0
