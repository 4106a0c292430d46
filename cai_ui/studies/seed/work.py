"""Seed studies in the background of a server: begun, gone on with, and found again by what their folders keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cai_ui.engine.interface import StopFlag
from cai_ui.errors import ConflictError, NotFoundError
from cai_ui.experiments.folder import ResultFolder
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import json_text, page_text
from cai_ui.pipeline.progress import StudyProgress
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.pipeline.services import Services
from cai_ui.records import to_dict
from cai_ui.store.encoding import from_dict
from cai_ui.studies.seed.plan import SeedPlan
from cai_ui.studies.seed.results import SeedResults
from cai_ui.studies.seed.run import run_seed_study, seed_study_so_far
from cai_ui.studies.seed.table import study_markdown


@dataclass(frozen=True)
class StudyInfo:
    """A study that was begun: by which `command` it is made, on which model, when, of what, and whether all of it is
    measured."""

    key: str
    command: str
    model: str
    begun: str
    trained: tuple[str, ...]
    source: str
    finished: bool


def start_study(services: Services, plan: SeedPlan, command: str = "", owner: str = "") -> None:
    """Begin, or go on with, the study of this plan in the background. ConflictError while one is going on."""
    key = plan.key(services.engine())

    def work(stop: StopFlag) -> Iterator[StudyProgress]:
        for news in run_seed_study(services, plan, stop, command):
            if isinstance(news, StudyProgress):
                yield replace(news, study=key)

    services.study.start(work, StudyProgress("begins", 0, 0, key), owner)


def resume_study(services: Services, key: str, owner: str = "") -> None:
    """Go on with a study by what was kept of its plan. NotFoundError for one that is not there, ConflictError where
    another model is loaded now."""
    info, plan = study_info(services, key), _plan(services, key)
    if plan.key(services.engine()) != key:
        raise ConflictError(
            f"This study was begun on another model ({info.model}) or with other settings of it.",
            kept="What it has finished is kept.",
            next_step="Load that model on the Start tab, then go on.",
        )
    start_study(services, plan, info.command, owner)


def studies(services: Services) -> list[StudyInfo]:
    """All studies of the workspace that can be gone on with or looked at, newest first."""
    keys = services.store.workspace.study_keys()
    found = [study_info(services, key) for key in keys if _folder(services, key).value("asked")]
    return sorted(found, key=lambda study: study.begun, reverse=True)


def study_info(services: Services, key: str) -> StudyInfo:
    """One of them. NotFoundError where there is none."""
    folder = _folder(services, key)
    asked = folder.value("asked")
    if asked is None:
        raise NotFoundError("There is no such study.", next_step="Choose one from the list.")
    trained = tuple(asked["trained"])
    finished = folder.value("results") is not None
    return StudyInfo(key, asked["command"], asked["model"], asked["begun"], trained, asked["source"], finished)


def study_results(services: Services, key: str) -> SeedResults:
    """What a study found, or has found so far. NotFoundError before all of its adapters are there."""
    study_info(services, key)
    kept = _folder(services, key).value("results")
    if kept is not None:
        return from_dict(SeedResults, kept)
    plan = _plan(services, key)
    if plan.key(services.engine()) != key:
        raise NotFoundError(
            "This study is not finished, and was begun on another model.", next_step="Load that model and go on."
        )
    return seed_study_so_far(services, plan)


def study_text(services: Services, key: str, found: SeedResults) -> str:
    """Its tables as Markdown, as the command writes them."""
    titles = {made.key: made.title for made in prompt_sets(services)}
    return study_markdown(found, study_info(services, key).command, titles)


def study_file(services: Services, key: str, suffix: str) -> str:
    """Path of a file for download: the tables ("md") or all numbers ("json")."""
    found = study_results(services, key)
    text = study_text(services, key, found) if suffix == "md" else json_text(to_dict(found), 1) + "\n"
    path = services.store.workspace.export_path(f"study-{key}.{suffix}")
    write_whole(path, page_text(text).encode("utf-8"))
    return str(path)


def _plan(services: Services, key: str) -> SeedPlan:
    return SeedPlan.of(_folder(services, key).value("plan"))


def _folder(services: Services, key: str) -> ResultFolder:
    workspace = services.store.workspace
    if key not in workspace.study_keys():
        raise NotFoundError("There is no such study.", next_step="Choose one from the list.")
    return ResultFolder(workspace.study_dir(key))
