"""What one process shares: workspace, model, training jobs, background work. Pages and commands hold ids only."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cai_ui.config.app import AppSettings
from cai_ui.engine.backends.several import SeveralModels, is_address
from cai_ui.engine.interface import Engine
from cai_ui.pipeline.compare.answer_tables import AnswerTables
from cai_ui.pipeline.compare.desk import Desks
from cai_ui.pipeline.compare.vote_log import VoteLog
from cai_ui.pipeline.model_host import EngineHost
from cai_ui.pipeline.off_site.keeping import OffSite
from cai_ui.pipeline.other_models import OtherModels
from cai_ui.pipeline.progress import INTERRUPTED, ExperimentProgress, RememberedWork
from cai_ui.pipeline.visitors import Passing
from cai_ui.store import Store
from cai_ui.train.jobs.jobs import Jobs

CLOSE_S = 30.0
"""How long the end of all that runs in the background is waited for when the program is left."""

log = logging.getLogger(__name__)


@dataclass
class Services:
    """Everything that lives as long as the process. Made by `open_services`."""

    settings: AppSettings
    store: Store
    host: EngineHost
    jobs: Jobs
    batch: RememberedWork[Any]
    evaluation: RememberedWork[Any]
    guided_run: RememberedWork[Any]
    labels: RememberedWork[Any]
    pairs: RememberedWork[Any]
    checks: RememberedWork[Any]
    study: RememberedWork[Any]
    experiment: RememberedWork[ExperimentProgress]
    others: OtherModels
    desks: Desks
    answers: AnswerTables
    vote_log: VoteLog
    off_site: OffSite | None = None
    """What backs the database up away from this disk; None where nothing does."""
    passing: Passing = field(default_factory=Passing)
    """Where visitors of a public demo left off."""
    any_folder: bool = True
    """Whether a model may be read from any folder: on one's own machine. Elsewhere only from `model_folders`."""

    @property
    def work(self) -> tuple[RememberedWork[Any], ...]:
        """All background work but training; what begins other work, first."""
        others = self.batch, self.evaluation, self.labels, self.pairs, self.checks
        return self.guided_run, self.study, self.experiment, *others

    def load_model(self) -> None:
        """Begin to load the model of the settings, in a thread of its own."""
        self.host.load(self.settings, self.others.key(self.settings.endpoint))

    def engine(self, wait_s: float = 0.0) -> Engine:
        """The engine, or an EngineError that says whether it is still loading or has failed."""
        return self.host.get(wait_s)

    def engine_for(self, models: Iterable[str], wait_s: float = 0.0) -> Engine:
        """The main model, and with it those other models that are among the addresses given."""
        main = self.engine(wait_s)
        others = {name: main if name == main.name else self.others.get(name) for name in models if is_address(name)}
        return SeveralModels(main, others) if others else main

    def ask_to_close(self) -> None:
        """Ask all background work to end, and a training run to leave a checkpoint; returns at once."""
        self.jobs.ask_to_close()
        for work in self.work:
            work.stop(INTERRUPTED)

    def close(self) -> None:
        """Ask all background work to end, wait CLOSE_S for it, and let go of the workspace.

        What does not end in that time is named in the log, and cut off where the program ends.
        """
        self.ask_to_close()
        end = time.monotonic() + CLOSE_S
        late = [work.what for work in self.work if not work.wait(max(0.0, end - time.monotonic()))]
        if not self.jobs.close(max(0.0, end - time.monotonic())):
            late.append("A training run")
        for what in late:
            log.warning(
                "%s did not end within %.0f seconds and is cut off. What it had finished is kept; start it again, or "
                "resume it, to go on.", what, CLOSE_S,
            )  # fmt: skip
        self.others.close()
        self.store.close()
