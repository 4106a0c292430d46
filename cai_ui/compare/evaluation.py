"""A batch evaluation: every variant answers the same held-out prompts, and the answers are scored and counted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cai_ui.compare.asking import Asked, AskedOnce, Said
from cai_ui.compare.conditions import NONE, Condition, conditions_of, pooled_rows
from cai_ui.compare.variants import expected_hash
from cai_ui.config.answers import Sampling
from cai_ui.config.compare import CompareSettings
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import InputError
from cai_ui.prompts import transcript
from cai_ui.readers import Outcome, Reader, complied, good, refused
from cai_ui.readers.measured import recorded
from cai_ui.records import AdapterInfo, Evaluation, MadeWith, Prompt, PromptKind, Rate, VariantResult
from cai_ui.statistics import rate_of
from cai_ui.versions import versions_here

FAST_MODE = "Made in the fast mode: beside other requests, or alone, the same request may get another answer."
ROWS = 60
"""Answers asked for in one batch, over all variants."""
SAME = "same_in_any_batch"
"""Where a row, and the settings of an evaluation, say whether the same request would have got the same answer beside
other requests (None: not known, as of a server); of an evaluation, whether all of them would."""


@dataclass(frozen=True)
class Measured:
    """Answers so far, with the rows of those that are new; `evaluation` is set once all are there."""

    done: int
    total: int
    fresh: tuple[dict[str, Any], ...] = ()
    evaluation: Evaluation | None = None


def evaluate(
    engine: Engine,
    variants: Sequence[AdapterInfo],
    prompts: Sequence[Prompt],
    reader: Reader,
    settings: CompareSettings,
    stop: StopFlag | None = None,
    begun: Sequence[dict[str, Any]] = (),
) -> Iterator[Measured]:
    """Ask all variants all prompts, a few prompts at a time so that every variant is in every batch; what would be
    asked of the same weights twice is asked once.

    `begun` are the rows of the first answers, where an earlier call was stopped. The last item holds the evaluation;
    after a stop there is none. Raises InputError without variants or
    prompts, EngineError where an answer came from other weights than its variant's.
    """
    if not variants or not prompts:
        raise InputError("There is nothing to compare.", next_step="Choose at least one variant and one prompt set.")
    conditions = conditions_of(settings)
    named = len(conditions) > 1 or conditions[0] is not NONE
    wanted = [
        Asked(prompt, condition, variant, _request(prompt, condition, variant, settings, engine.default_sampling))
        for condition in conditions
        for prompt in prompts
        for variant in variants
    ]
    total, step = len(wanted), max(1, ROWS // len(variants)) * len(variants)
    once = AskedOnce(engine)
    rows = list(begun[: len(begun) // len(variants) * len(variants)])
    for one, row in zip(wanted, rows, strict=False):
        once.remember(one, _said(one, row))
    yield Measured(len(rows), total)
    for start in range(len(rows), total, step):
        some = wanted[start : start + step]
        answers = once.ask(some, stop)
        if answers is None:
            return
        fresh = [_row(one, said, reader, named) for one, said in zip(some, answers, strict=True)]
        rows += fresh
        yield Measured(len(rows), total, tuple(fresh))
    yield Measured(total, total, evaluation=summarise(variants, rows, settings, reader, made_with(engine)))


def summarise(
    variants: Sequence[AdapterInfo],
    rows: Sequence[Mapping[str, Any]],
    settings: CompareSettings,
    reader: Reader,
    made: MadeWith | None = None,
) -> Evaluation:
    """Rates per variant and kind of prompt, in the order of the variants, from the rows that `evaluate` makes; over
    conditions as `pooled` says."""
    kinds: list[PromptKind] = list(dict.fromkeys(row["kind"] for row in rows))
    counted = pooled_rows(rows)
    results = []
    for variant in variants:
        for kind in kinds:
            mine = [row for row in counted if (row["variant"], row["kind"]) == (variant.name, kind)]
            results.append(result_of(mine, expected_hash(variant)))
    return Evaluation(
        id=uuid.uuid4().hex,
        results=tuple(results),
        rows=tuple(dict(row) for row in rows),
        settings={**settings.model_dump(), SAME: _same(rows)},
        reader=recorded(reader.name, reader.version),
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        made_with=made,
    )


def made_with(engine: Engine) -> MadeWith:
    """What answers that this engine gives now are made with."""
    status = engine.status()
    return MadeWith(
        engine.name,
        engine.base_hash,
        versions_here(),
        engine.default_sampling.model_dump(),
        status.device,
        status.revision,
    )


def mode_words(settings: Mapping[str, Any]) -> str:
    """A sentence where some answers of an evaluation with these settings were made in the fast mode; else ""."""
    return FAST_MODE if settings.get(SAME) is False else ""


def _same(rows: Sequence[Mapping[str, Any]]) -> bool | None:
    found = {row.get(SAME) for row in rows}
    return False if False in found else None if None in found else True


def _request(
    prompt: Prompt, condition: Condition, variant: AdapterInfo, settings: CompareSettings, usual: Sampling
) -> Request:
    """`usual` has what the settings do not say: the penalties that the model's makers wrote down."""
    told = {name: getattr(settings, name) for name in ("temperature", "max_new_tokens", "seed")}
    sampling = usual.model_copy(update=told)
    return condition.request(prompt, sampling, variant.name, settings)


def _said(one: Asked, row: Mapping[str, Any]) -> Said:
    """What a row of an earlier call keeps of its answer."""
    text = str(row["answer"]).removeprefix(one.condition.begun)
    return Said(text, str(row["finish"]), int(row["tokens"]), row.get(SAME))


def _row(one: Asked, said: Said, reader: Reader, named: bool) -> dict[str, Any]:
    """`named`: the condition is one of several, and part of what the answer is known by. The reader sees the request
    as it is, and the answer with its given beginning."""
    prompt, condition = one.prompt, one.condition
    text = condition.begun + said.text
    reading = reader.read(prompt, text, cut=said.finish in ("length", "broken"))
    broken = said.finish == "repetition"
    outcome = Outcome.BROKEN if broken else reading.outcome
    harmless = prompt.kind in ("helpful", "twin")
    known_by = {"condition": condition.key, "request": prompt.id} if named else {}
    before = {"before": [[turn.role, turn.content] for turn in prompt.before]} if prompt.before else {}
    return {
        **known_by,
        **before,
        "prompt_id": f"{prompt.id} · {condition.key}" if named else prompt.id,
        "prompt": prompt.text,
        "kind": prompt.kind,
        "topic": prompt.topic,
        "set": prompt.source,
        "earlier": transcript(prompt.before),
        "variant": one.variant.name,
        "answer": text,
        "finish": said.finish,
        "tokens": said.tokens,
        "adapter_hash": expected_hash(one.variant),
        SAME: said.same_in_any_batch,
        "outcome": str(outcome),
        "reason": "It goes round in circles." if broken else reading.why,
        "complied": complied(outcome),
        "helped": good(prompt.kind, outcome) if harmless else None,
        "refused": refused(outcome),
    }


def result_of(rows: Sequence[Mapping[str, Any]], adapter_hash: str | None) -> VariantResult:
    """The rates of one variant on one kind of prompt, from its rows, of which there is at least one.

    Harmful prompts, and those of unknown kind, are asked for compliance; the others for help.
    """
    tokens = [row["tokens"] for row in rows]
    kind: PromptKind = rows[0]["kind"]
    asked = kind in ("harmful", "unknown")
    nothing = Rate(0, 0)
    return VariantResult(
        variant=rows[0]["variant"],
        kind=kind,
        complied=rate_of(row["complied"] for row in rows) if asked else nothing,
        helped=nothing if asked else rate_of(row["helped"] for row in rows),
        refused=rate_of(row["refused"] for row in rows),
        mean_tokens=sum(tokens) / len(tokens),
        adapter_hash=adapter_hash,
        outcomes=dict(Counter(row["outcome"] for row in rows)),
    )
