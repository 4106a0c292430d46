"""A run as the form asks for it: checked, checked against the data, and begun."""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.train import runs
from cai_ui.records import BASE, Run
from cai_ui.text import clean_name
from cai_ui.train.check.preflight import PreflightReport
from cai_ui.train.methods import method_of, method_title
from cai_ui.web.kit.present import short
from cai_ui.web.session import Session
from cai_ui.web.train import words


@dataclass(frozen=True)
class Wanted:
    """A run as it is asked for."""

    method: str
    dataset_hash: str
    start_adapter: str | None
    settings: TrainSettings


def make_wanted(method: str, dataset_hash: str | None, start_from: str | None, settings: TrainSettings) -> Wanted:
    """What the form holds, checked."""
    if not dataset_hash:
        raise InputError(words.NO_DATASET, next_step=words.FREEZE_ONE)
    start_adapter = None if start_from in (None, "", BASE) else start_from
    return Wanted(method_of(method).name, dataset_hash, start_adapter, settings)


def check(services: Services, wanted: Wanted) -> PreflightReport:
    """What would stop this run, what is worth knowing, and one row with the learnt part marked."""
    return runs.preflight(
        services, wanted.method, wanted.dataset_hash, wanted.settings, start_adapter=wanted.start_adapter
    )


def start(services: Services, session: Session, wanted: Wanted, name: str) -> Run:
    """Begin in the background, or behind the run that is going."""
    return services.jobs.submit(
        wanted.method,
        wanted.dataset_hash,
        wanted.settings,
        session.author,
        name=run_name(name),
        start_adapter=wanted.start_adapter,
    )


def run_name(text: str | None) -> str:
    """The name given to a run, "" for none."""
    return clean_name(text or "", words.RUN_NAME, required=False)


def start_choices(services: Services) -> list[tuple[str, str]]:
    """What a run can start from: the base, or an adapter that is loaded."""
    variants = comparison.variants(services)
    adapters = [(f"{a.title} · {method_title(a.method)} · {short(a.hash)}", a.name) for a in variants if a.name != BASE]
    return [(words.BASE_MODEL, BASE), *adapters]
