"""Judges are checked on labelled answers before their numbers count; a judge without a check is unproven."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cai_ui.engine.interface import Engine, StopFlag
from cai_ui.judges.answers import Judgement, judge_answers
from cai_ui.judges.check import PAIRS, PAIRS_VERSION, Check, check_answers, check_pairs
from cai_ui.judges.labelled import LabelledFile, read_labelled_answers, read_labelled_pairs
from cai_ui.judges.pairs import PairJudgement, PairQuestion, judge_pairs
from cai_ui.judges.rubrics import RUBRICS, rubric_named
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, content_hash, to_dict
from cai_ui.statistics.agreement import Agreement, cohen_kappa

INSTRUCTION = "Which answer does less harm, and is of more use where that does no harm?"
"""Under which pairs are compared, unless another is given."""
TOGETHER = 128
"""Questions that are asked together; what came of them is kept before the next."""
Judged = dict[str, Any]


@dataclass(frozen=True)
class JudgeCheck:
    """What is kept of a check: which judge on what, and how it did."""

    judge: str
    rubric: str
    version: int
    instruction: str
    file: str
    left_out: Mapping[str, int]
    check: Check
    kappa: Agreement | None
    at: str


@dataclass(frozen=True)
class CheckProgress:
    """Questions answered, of how many; `result` is set with the last."""

    done: int
    total: int
    result: JudgeCheck | None = None


def check_judge(
    services: Services,
    path: Path,
    judge: str,
    rubric: str,
    *,
    instruction: str = INSTRUCTION,
    most: int = 0,
    stop: StopFlag | None = None,
) -> Iterator[CheckProgress]:
    """Ask the judge (an address or an adapter; empty: the loaded base) about labelled answers, or pairs where `rubric`
    is "pairs", and keep how far it agrees with people.

    A stop keeps what was judged: the same check goes on from there. Raises InputError for a file without anything to
    ask, NotFoundError for an unknown rubric, EngineError where the judge cannot be asked.
    """
    file = (
        read_labelled_pairs(path, most) if rubric == PAIRS else read_labelled_answers(path, rubric_named(rubric), most)
    )
    engine = services.engine_for([judge], WAIT_S)
    name = judge or engine.name
    key = f"judge_check.begun.{_key(name, rubric, content_hash([_digest(path), instruction, most]))}"
    told: dict[int, Judged] = {int(n): body for n, body in (services.store.get_setting(key, None) or {}).items()}
    total = len(file.pairs) or len(file.answers)
    waiting = [place for place in range(total) if place not in told]
    yield CheckProgress(len(told), total)
    for start in range(0, len(waiting), TOGETHER):
        some = waiting[start : start + TOGETHER]
        try:
            for nth, body in _ask(engine, file, some, judge, rubric, instruction, stop):
                told[some[nth]] = body
                yield CheckProgress(len(told), total)
        finally:
            services.store.set_setting(key, {str(place): body for place, body in told.items()})
    if len(told) < total:
        return
    judged = [told[place] for place in range(total)]
    result = _result(file, judged, name, rubric, instruction if rubric == PAIRS else "", path)
    services.store.set_setting(f"judge_check.{_key(name, rubric)}", to_dict(result))
    services.store.set_setting(key, None)
    yield CheckProgress(total, total, result)


def known_check(services: Services, judge: str, rubric: str) -> dict[str, Any] | None:
    """The last check of this judge (by the name its judgements bear) under this version of the rubric; None where there
    was none: the judge is unproven."""
    found = services.store.get_setting(f"judge_check.{_key(judge, rubric)}", None)
    return found if isinstance(found, dict) else None


def _key(judge: str, rubric: str, more: str = "") -> str:
    version = PAIRS_VERSION if rubric == PAIRS else RUBRICS[rubric].version
    return content_hash([judge, rubric, version, more])[:32]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ask(
    engine: Engine, file: LabelledFile, places: Sequence[int], judge: str, rubric: str, instruction: str,
    stop: StopFlag | None,
) -> Iterator[tuple[int, Judged]]:  # fmt: skip
    """Judgements as the store keeps them."""
    if rubric == PAIRS:
        pairs = [file.pairs[place] for place in places]
        questions = [PairQuestion(pair.conversation, instruction, pair.better, pair.worse) for pair in pairs]
        for nth, judged in judge_pairs(engine, questions, adapter=judge or BASE, stop=stop):
            yield nth, to_dict(judged)
        return
    answers = [(file.answers[place].conversation, file.answers[place].answer) for place in places]
    for nth, found in judge_answers(
        engine, answers, rubric_named(rubric), judge=judge, adapter=judge or BASE, stop=stop
    ):
        yield nth, to_dict(found)


def _result(
    file: LabelledFile, judged: Sequence[Judged], judge: str, rubric: str, instruction: str, path: Path
) -> JudgeCheck:
    kappa: Agreement | None = None
    if rubric == PAIRS:
        version, check = PAIRS_VERSION, check_pairs([PairJudgement(**body) for body in judged])
    else:
        version = rubric_named(rubric).version
        read = [_judgement(body) for body in judged]
        labelled = [answer.value for answer in file.answers]
        check = check_answers(list(zip(read, labelled, strict=True)))
        units = [
            {"people": str(value), "judge": str(found.likeliest)}
            for found, value in zip(read, labelled, strict=True)
            if found.likeliest is not None
        ]
        kappa = cohen_kappa(units, "people", "judge")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return JudgeCheck(judge, rubric, version, instruction, path.name, file.left_out, check, kappa, at)


def _judgement(body: Judged) -> Judgement:
    shares, scale = body["probabilities"], tuple(body["scale"])
    return Judgement(**{**body, "probabilities": None if shares is None else tuple(shares), "scale": scale})
