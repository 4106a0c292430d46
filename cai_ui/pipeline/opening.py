"""Puts the parts together: the only place that makes `Services`."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from cai_ui.config.app import AppSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import CaiError
from cai_ui.pipeline.compare.answer_tables import AnswerTables
from cai_ui.pipeline.compare.desk import Desks
from cai_ui.pipeline.compare.vote_log import VoteLog
from cai_ui.pipeline.model_host import WAIT_S, EngineHost
from cai_ui.pipeline.other_models import OtherModels
from cai_ui.pipeline.services import Services
from cai_ui.store import open_store
from cai_ui.train.jobs.jobs import Jobs

log = logging.getLogger(__name__)


def open_services(
    settings: AppSettings, engine: Engine | None = None, load: bool = True, alone: bool = False
) -> Services:
    """Open the workspace and begin to load the model. Returns at once; StoreError if the folder cannot be used.

    `engine` is one that is there already; then nothing is loaded. Without `load`, `Services.load_model` begins it.
    CAI_DATABASE_URL puts the database elsewhere; of a workspace that is to be `alone` it lies in the folder.
    """
    from cai_ui.pipeline.compare.judge_check import CheckProgress
    from cai_ui.pipeline.compare.progress import EvaluationProgress
    from cai_ui.pipeline.constitution.shipped import keep_shipped
    from cai_ui.pipeline.curate.labels import LabelProgress
    from cai_ui.pipeline.curate.on_policy import OnPolicyProgress
    from cai_ui.pipeline.guided_progress import GuidedRunProgress
    from cai_ui.pipeline.progress import ExperimentProgress, RememberedWork, StudyProgress
    from cai_ui.pipeline.prompts.measured import probe_kit
    from cai_ui.pipeline.revise.batch import BatchProgress
    from cai_ui.pipeline.train.probe_judge import judge_probes
    from cai_ui.pipeline.zero_gpu import lent_slices

    elsewhere = None if alone else os.environ.get("CAI_DATABASE_URL") or None
    store = open_store(Path(settings.home).expanduser(), elsewhere)
    try:
        store.mark_interrupted()
        keep_shipped(store)
        host = EngineHost(lambda engine: load_adapters(engine, services), settings.model)
        services = Services(
            settings,
            store,
            host,
            Jobs(
                store,
                lambda: host.get(WAIT_S),
                probe_kit(store, lambda *asked: judge_probes(services, *asked)),
                lent_slices(),
            ),
            RememberedWork("A batch", store, "batch", BatchProgress),
            RememberedWork("An evaluation", store, "evaluation", EvaluationProgress),
            RememberedWork("The guided run", store, "loop", GuidedRunProgress),
            RememberedWork("Labelling by the model", store, "labels", LabelProgress),
            RememberedWork("Making pairs", store, "pairs", OnPolicyProgress),
            RememberedWork("A check of a judge", store, "judge_check", CheckProgress),
            RememberedWork("A study", store, "study", StudyProgress),
            RememberedWork("An experiment", store, "experiment", ExperimentProgress),
            OtherModels(settings),
            Desks(store),
            AnswerTables(store),
            VoteLog(store),
        )
    except BaseException:
        store.close()
        raise
    if engine is not None:
        host.use(engine)
    elif load:
        services.load_model()
    return services


def load_adapters(engine: Engine, services: Services) -> None:
    """Make every finished adapter of this base choosable; a damaged one is left out and logged."""
    there = {info.name for info in engine.adapters()}
    for info in services.jobs.adapters():
        if info.base_hash == engine.base_hash and info.name not in there:
            try:
                engine.load_adapter(info, lasting=True)
            except CaiError as error:
                log.warning("adapter %s is left out: %s", info.name, error)
