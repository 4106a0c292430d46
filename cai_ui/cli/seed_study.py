"""`study seed`: the study that this project started from, redone with measurements."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, agreed, check_out, command, opened, write_text
from cai_ui.cli.flags import Arguments, add_flags, read_flags
from cai_ui.cli.seed_plan import plan_of
from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.studies import SeedStudySettings
from cai_ui.config.train import TrainSettings
from cai_ui.formats.writing import json_text
from cai_ui.records import to_dict

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline import Services
    from cai_ui.pipeline.progress import StudyProgress
    from cai_ui.studies.seed.results import SeedResults

_TRAINED = ("epochs", "max_steps", "batch_size", "accumulation", "max_length", "rank", "modules", "beta", "save_steps")
_LINE_S = 30.0
"""Seconds between two lines of progress where nobody sits at a terminal."""


def add(actions: Commands) -> None:
    about = "chains, datasets, SFT and DPO with and without helpful rows, and what they do; the same command goes on"
    parser = command(actions, "seed", _seed, about, SeedStudySettings, RevisionSettings, Sampling)
    add_flags(parser, TrainSettings, _TRAINED)
    add_flags(parser, DatasetSettings, ("eval_share",))
    parser.add_argument("--prompts", type=Path, help="requests to revise, taken as harmful where the file says no kind")
    parser.add_argument("--prompt-set", default="train-harmful", help="a set instead (default: train-harmful)")
    parser.add_argument("--rows", type=Path, help="published revisions to learn instead of chains of this model")
    parser.add_argument("--helpful-rows", type=Path, help="helpful rows and held-out ones (default: its own answers)")
    parser.add_argument("--set", dest="set_keys", action="append", metavar="KEY", help="measured set; may be repeated")
    parser.add_argument("--constitution", help="name or hash (default: the one in use)")
    parser.add_argument("--preset", default="seed study", help="of the trainings (default: seed study)")
    parser.add_argument("--sft-rate", help="learning rate of SFT (default: that of the preset)")
    parser.add_argument("--dpo-rate", help="learning rate of DPO (default: that of the preset, which nobody tuned)")
    parser.add_argument("--estimate", action="store_true", help="only say what it would cost")
    parser.add_argument("--so-far", action="store_true", help="only show what is measured already")
    parser.add_argument("--yes", action="store_true", help="start without a further question")
    parser.add_argument("--out", type=Path, help="Markdown file; the JSON goes beside it (default: only printed)")


def _seed(parsed: Arguments) -> int:
    from cai_ui.studies.seed import estimate
    from cai_ui.studies.seed.results import SeedResults
    from cai_ui.studies.seed.run import run_seed_study, seed_study_so_far
    from cai_ui.studies.seed.stages import Stages

    named = read_flags(RevisionSettings, parsed)
    if parsed.out is not None:
        check_out(parsed.out)
        check_out(parsed.out.with_suffix(".json"))
    with opened(parsed, load=False, critic=named.critic, reviser=named.reviser) as services:
        plan = plan_of(services, parsed)
        if parsed.so_far:
            _write(services, seed_study_so_far(services, plan), parsed.out)
            return 0
        stages = Stages(services, plan)
        print(estimate.cost_text(stages.key, estimate.parts(stages, estimate.pace(stages.engine, plan))), flush=True)
        if parsed.estimate:
            return 0
        if not (parsed.yes or agreed("That is what the study would do.")):
            print("Nothing was started. Start with --yes.", file=sys.stderr)
            return 1
        lines = _Lines()
        for news in run_seed_study(services, plan, command=_command()):
            if isinstance(news, SeedResults):
                _write(services, news, parsed.out)
            else:
                lines.show(news)
    return 0


def _write(services: Services, found: SeedResults, out: Path | None) -> None:
    """Print the tables, and keep them with all numbers as JSON beside them."""
    from cai_ui.pipeline.prompts.sets import prompt_sets
    from cai_ui.studies.seed.table import study_markdown

    titles = {made.key: made.title for made in prompt_sets(services)}
    text = study_markdown(found, _command(), titles)
    print(text)
    if out is not None:
        write_text(out, text)
        write_text(out.with_suffix(".json"), json_text(to_dict(found), 1) + "\n")


def _command() -> str:
    return shlex.join(["python", "-m", "cai_ui", *sys.argv[1:]])


class _Lines:
    """Progress on one line of a terminal; elsewhere a line now and then, and one at each new stage."""

    def __init__(self) -> None:
        self._said, self._at = ("", False), 0.0
        self._progress = Progress()

    def show(self, now: StudyProgress) -> None:
        reached = now.stage, 0 < now.done == now.total
        if sys.stderr.isatty():
            self._progress.show(now.done, now.total, now.stage)
        elif reached != self._said or time.monotonic() - self._at > _LINE_S:
            print(f"{time.strftime('%H:%M:%S')} {now.stage}: {now.done} of {now.total}", file=sys.stderr, flush=True)
            self._said, self._at = reached, time.monotonic()
