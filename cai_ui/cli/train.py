"""`train`: one run in the foreground, the same as the page's in the background; also under torchrun and accelerate."""

from __future__ import annotations

import dataclasses
import shlex
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.cli.command import (
    Progress,
    app_settings,
    command,
    judge_line,
    loaded,
    opened,
    opened_again,
    read_bytes,
    read_text,
)  # fmt: skip
from cai_ui.cli.curate import find_dataset
from cai_ui.cli.flags import Arguments, given_flags, read_flags
from cai_ui.config.compare import JudgeSettings
from cai_ui.config.knobs import flag
from cai_ui.config.train import TrainSettings
from cai_ui.engine.interface import BUILT_IN
from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.formats.safe_yaml import FILE_LIMIT
from cai_ui.leaving import TERMINATED
from cai_ui.records import NOT_OVER, Run

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline import Services
    from cai_ui.train.config_file import RunConfig

_POLL_S = 0.5
_FILES = (".yaml", ".yml", ".json")


def add(commands: Commands) -> None:
    from cai_ui.train.methods import METHODS

    parser = command(commands, "train", _train, "train an adapter on a frozen dataset, or resume a run", TrainSettings)
    parser.add_argument("what", help=f"a run's file (YAML or JSON), {', '.join(METHODS)}, or the id of a run to resume")
    parser.add_argument("--dataset", help="hash (or its beginning), or `latest` (default)")
    parser.add_argument("--preset", help="named settings that the flags change (default: the one for the loaded model)")
    parser.add_argument("--name", help="name of the run")
    parser.add_argument("--start-adapter", help="adapter to go on from")
    parser.add_argument(
        "--fit", action="store_true", help="where memory does not suffice, take the quickest settings that fit"
    )
    parser.add_argument("--data", type=Path, help="frozen dataset of a package (see `pack`), taken in first")
    parser.add_argument("--adapter", type=Path, help="folder of the adapter that the file starts from")
    parser.add_argument("--push", help="owner/name on the Hub: send the adapter there, privately, when done")
    parser.add_argument(
        "--processes", type=int, help="how many processes torchrun or accelerate was asked for; fewer are refused"
    )
    packer = command(commands, "pack", _pack, "write a run with all it needs into a folder, for another machine")
    packer.add_argument("run_id", metavar="run", help="id of the run")
    packer.add_argument("--out", type=Path, required=True, help="folder to make")


class Termination:
    """SIGTERM ends the run after its step with a checkpoint to go on from; a second one ends the program at once."""

    def __init__(self, ask: Callable[[], None] | None = None) -> None:
        """`ask` is called when the signal comes."""
        self.came = False
        self._ask = ask
        signal.signal(signal.SIGTERM, self._come)

    def _come(self, *_: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.came = True
        if self._ask is not None:
            self._ask()


def _train(parsed: Arguments) -> int:
    from cai_ui.train import processes

    _count(processes.count(), parsed.processes)
    processes.take_device()
    if not processes.is_first():
        return _along(parsed)
    from cai_ui.pipeline.train import results

    if parsed.push is not None:
        results.checked_repository(parsed.push)  # a training takes hours; a slip of the hand is told before
    termination = Termination()
    # What a package brings may begin a workspace; anything else is in one.
    with opened(parsed, load=False) if parsed.data else opened_again(parsed) as services:
        begin = _beginning(services, parsed)
        loaded(services)
        run = begin()
        print(f"run {run.id}: {run.name}", file=sys.stderr)  # so that a run that is broken off can be named
        try:
            run = _watched(services, run, termination)
        except KeyboardInterrupt:
            services.jobs.stop(run.id, save=True)
            services.jobs.wait(run.id, 120)
            raise
        if parsed.push is not None and run.state == "done":
            print(results.push_adapter(services, run.id, parsed.push))
    print(f"{run.id} {run.state} {run.adapter or ''}".rstrip())
    if run.error and run.state != "done":
        print(run.error, file=sys.stderr)
    if run.state == "interrupted":
        print(f"Resume with: python -m cai_ui train {run.id}", file=sys.stderr)
    return TERMINATED if termination.came else 0 if run.state == "done" else 2


def _count(running: int, asked: int | None) -> None:
    """Say how many processes there are; a launcher that started fewer than it was asked for does not say so itself."""
    if asked is not None and running != asked:
        raise ConflictError(
            f"{asked} processes were asked for, but {running} {'is' if running == 1 else 'are'} running: the launcher "
            "started another number.",
            kept="Nothing was started.",
            next_step="Use torchrun --nproc_per_node, or leave --processes out.",
        )
    if running > 1:
        print(f"Training in {running} processes.", file=sys.stderr)


def _pack(parsed: Arguments) -> int:
    from cai_ui.pipeline.train.hub_job import pack, train_arguments

    with opened_again(parsed) as services:
        run = services.store.run(parsed.run_id)
        folder = pack(services, run, parsed.out)
        print(shlex.join(["python", "-m", "cai_ui", *train_arguments(services, run, str(folder))]))
    return 0


def _along(parsed: Arguments) -> int:
    """A further process of one run: it has no workspace, the first process tells it what to do."""
    from cai_ui.engine import load_engine
    from cai_ui.train.run.run import follow
    from cai_ui.train.signals import StopSignal

    stop = StopSignal()
    termination = Termination(lambda: stop.ask("close"))
    outcome = follow(load_engine(app_settings(parsed)), stop)
    return TERMINATED if termination.came else 0 if outcome.state == "done" else 2


def _beginning(services: Services, parsed: Arguments) -> Callable[[], Run]:
    """What begins the run once the model is there: a new one of a file or a method, or the one of this id goes on."""
    from cai_ui.train.methods import METHODS

    what: str = parsed.what
    if what in METHODS or Path(what).suffix in _FILES:
        return partial(_submit, services, parsed, _asked(services, parsed))
    try:
        run = services.store.run(what)
    except NotFoundError:
        raise InputError(
            f"{what[:80]!r} is no training method, file or run.",
            next_step=f"Name one of the methods {', '.join(METHODS)}, a file ({', '.join(_FILES)}), or a run's id.",
        ) from None
    _refuse_changes(services, run, parsed)
    return partial(services.jobs.resume, what)


def _refuse_changes(services: Services, run: Run, parsed: Arguments) -> None:
    """A run goes on with what it began with; flags that would change it belong to a copy of it."""
    from cai_ui.pipeline.train.commands import config_path

    given = given_flags(TrainSettings, parsed)
    for name in ("dataset", "preset", "name", "start_adapter", "data", "adapter"):
        if value := getattr(parsed, name):
            given += [flag(name), str(value)]
    if not given:
        return
    copy = [part for part in given if part != "--preset" and part != parsed.preset]
    raise InputError(
        f"{given[0]} changes nothing: a run that goes on keeps the settings it began with.",
        kept="Nothing was started.",
        next_step="To go on, leave the flags out. To copy the run with them: "
        + shlex.join(["python", "-m", "cai_ui", "train", config_path(services, run), *copy]),
    )


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What a new run is made of, as far as that is known without the model: the content of its file (empty for a
    method), and the hash of its dataset."""

    content: bytes
    dataset: str


def _asked(services: Services, parsed: Arguments) -> _Asked:
    """Loading a model takes minutes, so all that can be refused without one is refused here."""
    from cai_ui.pipeline.compare.judging import rubrics_of
    from cai_ui.pipeline.train.hub_job import take_in_dataset
    from cai_ui.train.methods import METHODS
    from cai_ui.train.presets import SMALL

    is_method = parsed.what in METHODS
    if not is_method and parsed.preset:
        raise InputError("--preset goes with a method; a file names its own.", next_step="Leave it out.")
    content = b"" if is_method else read_bytes(Path(parsed.what), FILE_LIMIT + 1)
    wanted = _with_flags(_wanted(parsed, content, SMALL), parsed)
    if parsed.adapter and not wanted.start_adapter:
        raise InputError("--adapter is the folder of what the file calls start_adapter; it names none.")
    if wanted.settings.probe_judge:
        rubrics_of(JudgeSettings(judge=wanted.settings.probe_judge, rubrics=wanted.settings.probe_rubrics))
    if parsed.data:
        return _Asked(content, take_in_dataset(services, read_text(parsed.data)).hash)
    return _Asked(content, find_dataset(services, wanted.dataset))


def _submit(services: Services, parsed: Arguments, asked: _Asked) -> Run:
    from cai_ui.pipeline.compare.judging import rubrics_of
    from cai_ui.pipeline.train.hub_job import load_start
    from cai_ui.train.presets import default_preset

    engine = services.engine()
    wanted = _with_flags(_wanted(parsed, asked.content, default_preset(engine.name in BUILT_IN)), parsed)
    if wanted.base_hash not in ("", engine.base_hash):
        raise ConflictError(
            f"The file is for a base model with other weights ({wanted.base_hash[:8]}; loaded: "
            f"{engine.base_hash[:8]}).",
            kept="Nothing was started.",
            next_step="Name the model with --model, or take base_hash out of the file.",
        )
    if parsed.adapter:
        load_start(services, parsed.adapter, str(wanted.start_adapter))
    if wanted.settings.probe_judge:
        rubrics = rubrics_of(JudgeSettings(judge=wanted.settings.probe_judge, rubrics=wanted.settings.probe_rubrics))
        judge_line(services, wanted.settings.probe_judge, [rubric.name for rubric in rubrics])
    if filled_in := wanted.filled_in_words():
        print(filled_in, file=sys.stderr)
    return services.jobs.submit(
        wanted.method,
        asked.dataset,
        _fitting(services, wanted, asked.dataset) if parsed.fit else wanted.settings,
        "command line",
        wanted.name,
        wanted.start_adapter,
    )


def _fitting(services: Services, wanted: RunConfig, data: str) -> TrainSettings:
    """The settings, or where memory does not suffice, the quickest ones that fit; says which."""
    report = services.jobs.check(wanted.method, data, wanted.settings, wanted.start_adapter)
    if not report.estimate.proposals:
        return wanted.settings
    print("\n".join(report.warnings), file=sys.stderr)
    return report.estimate.proposals[0].settings


def _wanted(parsed: Arguments, content: bytes, otherwise: str) -> RunConfig:
    """What the file of this `content`, or method and preset, ask for, before the flags. Where no preset is named, the
    model's own goes, which is `otherwise`."""
    from cai_ui.train.config_file import RunConfig, read_config_file
    from cai_ui.train.methods import METHODS
    from cai_ui.train.presets import preset

    if parsed.what not in METHODS:
        return read_config_file(content, otherwise)
    named = parsed.preset or otherwise
    return RunConfig(parsed.what, preset(named, parsed.what), named)


def _with_flags(wanted: RunConfig, parsed: Arguments) -> RunConfig:
    settings = read_flags(TrainSettings, parsed, wanted.settings)
    kept = tuple(n for n in wanted.filled_in if getattr(settings, n) == getattr(wanted.settings, n))
    given = {name: value for name in ("dataset", "name", "start_adapter") if (value := getattr(parsed, name))}
    return dataclasses.replace(wanted, **given, settings=settings, filled_in=kept)


def _watched(services: Services, run: Run, termination: Termination) -> Run:
    progress = Progress()
    while run.state in NOT_OVER:
        if termination.came:
            services.jobs.close()
            return services.store.run(run.id)
        services.jobs.wait(run.id, _POLL_S)
        run = services.store.run(run.id)
        if run.total_steps:
            progress.show(run.step, run.total_steps, partial(_pace, services, run))
        else:
            progress.tell(run.state)
    return run


def _pace(services: Services, run: Run) -> str:
    """The last loss and the time left, as far as they are known."""
    from cai_ui.pipeline.train.runs import eta, run_metrics

    rows = run_metrics(services, run.id)
    loss = next((row["loss"] for row in reversed(rows) if "loss" in row), None)
    left = eta(run, rows)
    said = [f"loss {loss:.3g}" if isinstance(loss, float) else "", f"{left:,.0f} s left" if left is not None else ""]
    return ", ".join(filter(None, said))
