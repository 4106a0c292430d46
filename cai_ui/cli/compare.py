"""`compare`: variants measured over the same requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import WAIT_S, Progress, add_kind, command, opened, read_requests, write_text
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.config import CompareSettings
from cai_ui.records import Rate, to_dict

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands


def add(commands: Commands) -> None:
    parser = command(commands, "compare", _compare, "measure variants over held-out requests", CompareSettings)
    parser.add_argument("variants", nargs="*", help="adapter names (default: the base and all adapters)")
    parser.add_argument("--set", dest="set_keys", action="append", metavar="KEY", help="prompt set; may be repeated")
    parser.add_argument("--prompts", type=Path, help="in place of sets: a file, as `generate` reads it")
    add_kind(parser)
    parser.add_argument("--out", type=Path, help="write the evaluation with all answers as JSON")


def _compare(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare import comparison

    settings = read_flags(CompareSettings, parsed)
    if parsed.set_keys:
        settings = settings.model_copy(update={"sets": ",".join(parsed.set_keys)})
    with opened(parsed) as services:
        services.engine(WAIT_S)
        variants = parsed.variants or [variant.name for variant in comparison.variants(services)]
        if parsed.prompts is None:
            steps = comparison.run_evaluation(services, variants, settings)
        else:
            steps = comparison.evaluate_prompts(
                services, variants, read_requests(parsed.prompts, parsed.kind), settings
            )
        found, progress = "", Progress()
        for step in steps:
            progress.show(step.done, step.total)
            found = step.evaluation_id or found
        evaluation = services.store.evaluation(found)
    for result in evaluation.results:
        shares = [(name, getattr(result, name)) for name in ("complied", "helped", "refused")]
        said = "  ".join(f"{name} {share_words(rate)}" for name, rate in shares if rate.total or rate.unread)
        answers = ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items())
        print(f"{result.variant}  {result.kind}  {said}  ({answers})")
    if parsed.out is not None:
        write_text(parsed.out, json.dumps(to_dict(evaluation), indent=1, ensure_ascii=False) + "\n")
    return 0


def share_words(rate: Rate) -> str:
    """A share with its interval and count."""
    if rate.value is None:
        return f"unread ({rate.unread})"
    return f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}] of {rate.total}"
