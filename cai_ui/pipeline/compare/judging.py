"""A judge reads the answers of an evaluation, beside what the reader saw in them. Stopping keeps what it said."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cai_ui.background import time_left
from cai_ui.compare import judged
from cai_ui.compare.judged import Judged, JudgedShare
from cai_ui.config.answers import Sampling
from cai_ui.config.compare import JudgeSettings
from cai_ui.conversations import turns_of
from cai_ui.engine.backends.several import is_address
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import InputError
from cai_ui.judges.answers import Judgement, judge_answers
from cai_ui.judges.rubrics import Rubric, rubric_named
from cai_ui.pipeline.compare.progress import EvaluationProgress
from cai_ui.pipeline.judges import judge_used
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, Evaluation, JudgeUsed, Message, to_dict
from cai_ui.store.encoding import batches

TOGETHER = 128
"""Answers that are asked about together; what came of them is kept before the next."""
THOUGHTS = Sampling(temperature=0.0, max_new_tokens=200)
"""How a rationale is written."""


def rubrics_of(settings: JudgeSettings) -> list[Rubric]:
    """What is asked of each answer. InputError where that is nothing, NotFoundError for an unknown rubric."""
    names = [name for part in settings.rubrics.split(",") if (name := part.strip())]
    if not names:
        raise InputError("The judge is asked nothing.", next_step="Choose at least one rubric, such as refusal.")
    return [rubric_named(name) for name in dict.fromkeys(names)]


def check_judging(services: Services, settings: JudgeSettings) -> None:
    """NotFoundError for a rubric, or an adapter to judge with, that is not there. Nothing is loaded for it."""
    rubrics = rubrics_of(settings)
    if not is_address(settings.judge):
        judge_used(services, settings.judge, rubrics[0].name, settings.rationale)


def judge_evaluation(
    services: Services, evaluation_id: str, settings: JudgeSettings, stop: StopFlag | None = None
) -> Iterator[EvaluationProgress]:
    """Ask the judge about every answer that it has not read, under every rubric; readings are kept as they come.

    NotFoundError for an evaluation, judge or rubric that is not there, and what makes the judge unusable.
    """
    rubrics, rows = rubrics_of(settings), services.store.evaluation(evaluation_id).rows
    waiting: list[tuple[JudgeUsed, Rubric, list[int]]] = []
    for rubric in rubrics:
        used = judge_used(services, settings.judge, rubric.name, settings.rationale)
        services.store.keep_judge(used)
        known = services.store.judged_places(evaluation_id, used.id)
        waiting.append((used, rubric, [place for place in range(len(rows)) if place not in known]))
    total = len(rows) * len(rubrics)
    before = done = total - sum(len(places) for _, _, places in waiting)
    began = time.monotonic()
    yield EvaluationProgress(done, total, evaluation_id=evaluation_id, phase="judged")
    for used, rubric, places in waiting:
        for some in batches(places, TOGETHER):
            for _ in _some(services, evaluation_id, rows, some, used, rubric, settings, stop):
                done += 1
                eta = time_left(done - before, total - before, time.monotonic() - began)
                yield EvaluationProgress(done, total, eta, evaluation_id, phase="judged")
            if stop is not None and stop.is_set():
                return


def _some(
    services: Services, evaluation_id: str, rows: Sequence[Mapping[str, Any]], places: Sequence[int], used: JudgeUsed,
    rubric: Rubric, settings: JudgeSettings, stop: StopFlag | None,
) -> Iterator[None]:  # fmt: skip
    """Judge these answers; what came of them is kept however it ends."""
    engine = services.engine_for([used.judge], WAIT_S)
    asked = [(conversation_of(rows[place]), str(rows[place]["answer"])) for place in places]
    kept: dict[int, dict[str, Any]] = {}
    try:
        for nth, found in judge_answers(
            engine, asked, rubric, judge=used.name, adapter=used.judge or BASE, stop=stop,
            thinking=THOUGHTS if settings.rationale else None,
        ):  # fmt: skip
            kept[places[nth]] = body_of(found)
            yield
    finally:
        services.store.save_readings(evaluation_id, used.id, kept)


def conversation_of(row: Mapping[str, Any]) -> tuple[Message, ...]:
    """What an answer of an evaluation answers."""
    earlier = row.get("earlier")
    return (*(turns_of(str(earlier)) if earlier else ()), Message("user", str(row["prompt"])))


def body_of(found: Judgement) -> dict[str, Any]:
    """A judgement as it is kept: who said it, and under which rubric, is said once for all of them."""
    plain = to_dict(found)
    return {name: plain[name] for name in ("value", "probabilities", "scale", "invalid_reason", "rationale")}


def judges_of(services: Services, evaluation_id: str) -> list[Judged]:
    """What every judge says of the answers of an evaluation."""
    known = services.store.judges()
    found = services.store.readings_by_judges(evaluation_id)
    return [Judged(known[id][0], found[id]) for id in known if id in found]


def shares_by_judges(services: Services, evaluation: Evaluation) -> tuple[JudgedShare, ...]:
    """The shares and means that judges see in an evaluation, each beside what people's grades make of it."""
    grades = services.store.grades(evaluation.id)
    return judged.shares(evaluation, judges_of(services, evaluation.id), grades)
