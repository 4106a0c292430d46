"""A judge reads the probe answers of a run while it trains."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from cai_ui.config.compare import JudgeSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.several import SeveralModels, is_address
from cai_ui.engine.interface import Engine
from cai_ui.errors import CaiError
from cai_ui.judges.answers import judge_answers
from cai_ui.pipeline.compare.judging import rubrics_of
from cai_ui.pipeline.judges import judge_used
from cai_ui.pipeline.services import Services
from cai_ui.records import Prompt

log = logging.getLogger(__name__)


def judge_probes(
    services: Services, engine: Engine, settings: TrainSettings, answers: Sequence[tuple[Prompt, str]]
) -> list[dict[str, Any]]:
    """What the judge says of each answer, by rubric; nothing where the settings name none.

    A judge that cannot be asked does not end a training: its answers count as not read, with the reason.
    """
    found: list[dict[str, Any]] = [{} for _ in answers]
    if not settings.probe_judge:
        return found
    asked = [(prompt.turns, answer) for prompt, answer in answers]
    name = settings.probe_judge
    try:
        others = {name: services.others.get(name)} if is_address(name) and name != engine.name else {}
        judging = SeveralModels(engine, others) if others else engine
        for rubric in rubrics_of(JudgeSettings(judge=name, rubrics=settings.probe_rubrics)):
            used = judge_used(services, name, rubric.name)
            services.store.keep_judge(used)
            for place, said in judge_answers(judging, asked, rubric, judge=used.name, adapter=name):
                kept = {"value": said.value, "invalid_reason": said.invalid_reason}
                found[place][rubric.name] = {**kept, "judge": used.name, "id": used.id}
    except CaiError as error:
        log.warning("the probe answers were not judged: %s", error)
        return [
            {"judge": {"value": None, "invalid_reason": error.what, "judge": name, "id": ""}} | one for one in found
        ]
    return found
