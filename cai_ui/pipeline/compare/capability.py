"""Still capable? The likelihood of held-out helpful answers under the variants of an evaluation, drift of its answers,
and results of a harness from outside. Kept with the evaluation; what was weighed is not weighed again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cai_ui.background import time_left
from cai_ui.compare import likelihood
from cai_ui.compare.drift import Drift, drift
from cai_ui.compare.likelihood import Kept
from cai_ui.compare.lm_eval import Score, command_for, read_results
from cai_ui.compare.variants import choose
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline.compare.comparison import engine_variants
from cai_ui.pipeline.compare.progress import EvaluationProgress
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, DatasetInfo, TrainingExample, to_dict
from cai_ui.store.encoding import from_dict

REFERENCES = 64
"""Held-out helpful answers that are weighed."""
DRAWN_TOKENS = 96
"""Longest answer that the base draws."""
_PAGE = 500


def references(services: Services, number: int = REFERENCES, dataset: str = "") -> tuple[str, list[TrainingExample]]:
    """Up to so many helpful rows out of training of a dataset ("": the newest that holds any), and its hash.

    InputError where there are none: rows that were trained on would flatter what was trained. NotFoundError for a
    dataset that is not there.
    """
    for info in [services.store.dataset_info(dataset)] if dataset else services.store.datasets():
        if rows := _held_out(services, info.hash, number):
            return info.hash, rows
    raise InputError(
        "This dataset holds no helpful rows out of training, so there is nothing to weigh."
        if dataset
        else "No dataset holds helpful rows out of training, so there is nothing to weigh.",
        next_step="Freeze one in Curate with helpful rows mixed in and a held-out share.",
    )


def reference_datasets(services: Services) -> list[DatasetInfo]:
    """Datasets that hold helpful rows out of training, newest first."""
    held = (info for info in services.store.datasets() if info.counts.get("sft_eval"))
    return [info for info in held if _held_out(services, info.hash, 1)]


def _held_out(services: Services, hash: str, number: int) -> list[TrainingExample]:
    rows, offset = list[TrainingExample](), 0
    while len(rows) < number and (page := services.store.dataset_rows(hash, "sft_eval", limit=_PAGE, offset=offset)):
        rows += [row for row in page if row.keeps_helpful]
        offset += _PAGE
    return rows[:number]


def measure_capability(
    services: Services, evaluation_id: str, stop: StopFlag | None = None, chosen: str = ""
) -> Iterator[EvaluationProgress]:
    """Have the base and the variants of an evaluation weigh the references; each variant is kept once it is done.
    `chosen` is the dataset these are from, as for `references`.

    NotFoundError for an evaluation, or a variant of it, that is not there; InputError without references.
    """
    head = services.store.evaluation_head(evaluation_id)
    names = list(dict.fromkeys([BASE, *(result.variant for result in head.results)]))
    engine = services.engine(WAIT_S)
    choose(engine_variants(engine), names)
    dataset, rows = references(services, dataset=chosen)
    state = _state(services, evaluation_id)
    if (state.get("dataset"), state.get("base")) != (dataset, engine.base_hash):
        state = {"dataset": dataset, "base": engine.base_hash, "drawn": [], "scores": []}
    total, began = len(names) * len(rows), time.monotonic()
    if not state["drawn"]:
        yield EvaluationProgress(0, total, evaluation_id=evaluation_id, phase="weighed")
        asked = likelihood.to_draw(rows, 0, DRAWN_TOKENS)
        answers = engine.generate(asked, stop)
        if stop is not None and stop.is_set():
            return
        state["drawn"] = [answer.text for answer in answers]
        services.store.set_setting(_key(evaluation_id), state)
    there = {line["variant"] for line in state["scores"]}
    done = before = len(there) * len(rows)
    for name in names:
        if name in there:
            continue
        found: dict[int, Any] = {}
        for place, scores in engine.score_many(likelihood.to_score(rows, state["drawn"], name), stop):
            found[place] = likelihood.told(scores)
            done += 1
            eta = time_left(done - before, total - before, time.monotonic() - began)
            yield EvaluationProgress(done, total, eta, evaluation_id, phase="weighed")
        if stop is not None and stop.is_set():
            return
        state["scores"].append({"variant": name, "scores": [found[place] for place in range(len(rows))]})
        services.store.set_setting(_key(evaluation_id), state)


def start_capability(services: Services, evaluation_id: str, owner: str = "", chosen: str = "") -> None:
    """The same in the background. What is not there is said at once; ConflictError while an evaluation runs."""
    head = services.store.evaluation_head(evaluation_id)
    choose(engine_variants(services.engine()), list(dict.fromkeys(result.variant for result in head.results)))
    references(services, 1, chosen)
    first = EvaluationProgress(0, 0, evaluation_id=evaluation_id, phase="weighed")
    work = partial(measure_capability, services, evaluation_id)
    services.evaluation.start(lambda stop: work(stop, chosen), first, owner)


def kept_of(services: Services, evaluation_id: str) -> tuple[Kept, ...]:
    """What was measured so far; nothing before the base is done."""
    scores: list[Mapping[str, Any]] = _state(services, evaluation_id).get("scores", [])
    return likelihood.kept(scores) if any(line["variant"] == BASE for line in scores) else ()


def kept_dataset(services: Services, evaluation_id: str) -> str:
    """Hash of the dataset whose rows were weighed; "" before any were."""
    return str(_state(services, evaluation_id).get("dataset", ""))


def drift_of(services: Services, evaluation_id: str) -> tuple[Drift, ...]:
    """How the answers of an evaluation drift."""
    return drift(services.store.answers_in_order(evaluation_id))


def harness_command(services: Services, variant: str) -> str:
    """The command of lm-evaluation-harness for the loaded model, with the folder of an adapter. NotFoundError for one
    that is not loaded."""
    engine = services.engine()
    [found] = choose(engine_variants(engine), [variant])
    return command_for(engine.name, "" if variant == BASE else found.path)


def keep_harness(services: Services, variant: str, content: bytes) -> tuple[Score, ...]:
    """Keep what a results file of the harness says of a variant, in place of what was kept of it before."""
    if not variant:
        raise NotFoundError("No model is chosen.", next_step="Choose the one that was measured.")
    scores = read_results(content)
    everything = services.store.get_setting(_HARNESS, {})
    everything[variant] = [to_dict(score) for score in scores]
    services.store.set_setting(_HARNESS, everything)
    return scores


def harness_results(services: Services) -> dict[str, list[Score]]:
    """Kept results by variant."""
    found = services.store.get_setting(_HARNESS, {})
    return {variant: [from_dict(Score, score) for score in scores] for variant, scores in found.items()}


_HARNESS = "lm_eval"


def _key(evaluation_id: str) -> str:
    return f"capability.{evaluation_id}"


def _state(services: Services, evaluation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = services.store.get_setting(_key(evaluation_id), {}) or {}
    return found
