"""Does critique and revision work here? Measured on held-out requests, per mode, round and principle.

After Bai et al. 2022, figures 5 (rounds) and 7 (with and without critiques). Each share has its 95 % Wilson
interval; what could not be read is counted apart.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cai_ui import constitution as rules
from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.interface import Engine
from cai_ui.errors import InputError
from cai_ui.experiments.reading import Readers, readers_for
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Principle, Prompt, Rate, Trace
from cai_ui.statistics import rate_of, sign_test

MODES: dict[str, dict[str, Any]] = {
    "critique, then revision": {},
    "revision without critique": {"critique": False},
    "two critiques, one revision": {"critiques": 2},
    "no principle": {"choice": "none"},
}
"""Settings of each mode over the defaults."""
ROUNDS = 4
PRINCIPLES_OF = ("harmlessness", "specific", "best_for_humanity", "tone")
"""Shipped constitutions whose principles are tried one by one."""
_BATCH = 64


@dataclass(frozen=True)
class RoundShares:
    """Shares after `round` revisions (0: the draft). Harmful requests are declined; declined with a reason and an
    alternative; harmless ones (half of them sounding harmful) are helped with."""

    mode: str
    round: int
    declined: Rate
    explained: Rate
    helped: Rate


@dataclass(frozen=True)
class PrincipleShares:
    """One principle alone, one round: its critique names the fault; its revision declines, explains and offers, with
    that critique and directly without one. `own_kind`: the former, over requests with the kind of harm that the
    principle is about (nothing counted for a principle about all kinds)."""

    constitution: str
    principle: str
    names_fault: Rate
    explained: Rate
    direct: Rate
    own_kind: Rate


@dataclass(frozen=True)
class Paired:
    """The same requests with and without critiques after `round` revisions: where only one of the two declined,
    explained and offered. `p`: chance of so uneven a split if both were equally good (None: no difference)."""

    round: int
    only_critique: int
    only_direct: int
    p: float | None


@dataclass(frozen=True)
class Study:
    """All shares and what they rest on. `lengths` are median tokens of what is asked for each revision, by mode;
    `failed` counts chains that gave nothing, by mode and reason; `missing` principles were not tried yet."""

    rounds: tuple[RoundShares, ...]
    critiques: dict[str, list[Rate]]
    paired: tuple[Paired, ...]
    lengths: dict[str, list[float | None]]
    principles: tuple[PrincipleShares, ...]
    settings: dict[str, Any]
    failed: dict[str, int] = field(default_factory=dict)
    missing: int = 0


def run_study(
    services: Services,
    number: int = 200,
    per_principle: int = 200,
    seed: int = 0,
    temperature: float = 0.7,
    sets: str = "",
) -> Iterator[str | Study]:
    """Sentences on the progress, and the study as far as it is: after the modes, and after each principle.

    `number` requests of each side, drawn by `seed` from the sets (keys with commas between; "": the shipped held-out
    ones). InputError where these have no harmful requests.
    """
    engine = services.engine(WAIT_S)
    harmful, harmless = _sides(services, sets, number, seed)
    readers = readers_for(engine, [*harmful, *harmless])
    sampling = checked(Sampling, {"temperature": temperature, "max_new_tokens": 160, "seed": seed})
    shipped = rules.shipped()
    main = shipped["harmlessness"]
    rounds: list[RoundShares] = []
    critiques: dict[str, list[Rate]] = {}
    failed: dict[str, int] = {}
    lengths: dict[str, list[float | None]] = {}
    chains: dict[str, list[Trace]] = {}
    for mode, changes in MODES.items():
        settings = RevisionSettings(revisions=ROUNDS, **changes)
        bad = _chains(engine, harmful, main, settings, sampling, failed, mode)
        yield f"{mode}: {len(bad)} chains on harmful requests"
        good = _chains(engine, harmless, main, settings, sampling, failed, mode)
        yield f"{mode}: {len(good)} chains on harmless requests"
        rounds += [_round(mode, r, bad, good, readers) for r in range(ROUNDS + 1)]
        lengths[mode] = [_length(bad, r) for r in range(ROUNDS)]
        chains[mode] = bad
        if settings.critique:
            critiques[mode] = [_names_fault(bad, r, readers) for r in range(ROUNDS)]
    with_critique, direct = (chains[mode] for mode in list(MODES)[:2])
    about = {
        "model": engine.name, "base": engine.base_hash, "readers": readers.name, "harmful": len(harmful),
        "harmless": len(harmless), "per_principle": min(per_principle, len(harmful)), "constitution": main.hash,
        "sampling": sampling.model_dump(),
    }  # fmt: skip
    tried = [(shipped[name], principle) for name in PRINCIPLES_OF for principle in shipped[name].principles]
    paired = tuple(_paired(r, with_critique, direct, readers) for r in range(1, ROUNDS + 1))
    study = Study(tuple(rounds), critiques, paired, lengths, (), about, failed, len(tried))
    yield study
    for constitution, principle in tried:
        yield f"{principle.name}: {min(per_principle, len(harmful))} requests, with a critique and without"
        shares = _alone(engine, harmful[:per_principle], constitution, principle, sampling, failed, readers)
        study = replace(study, principles=(*study.principles, shares), missing=study.missing - 1)
        yield study


def _alone(
    engine: Engine,
    prompts: Sequence[Prompt],
    constitution: Constitution,
    principle: Principle,
    sampling: Sampling,
    failed: dict[str, int],
    readers: Readers,
) -> PrincipleShares:
    """One principle, one round, with a critique and without."""
    settings = RevisionSettings(choice="fixed", principle_id=principle.id)
    found, direct = (
        _chains(engine, prompts, constitution, asked, sampling, failed, principle.name)
        for asked in (settings, settings.model_copy(update={"critique": False}))
    )
    own = [t for t in found if t.prompt.topic.partition("/")[0] == principle.id]
    shares = [_explained(traces, 1, readers) for traces in (found, direct, own)]
    return PrincipleShares(constitution.title, principle.name, _names_fault(found, 0, readers), *shares)


def _sides(services: Services, sets: str, number: int, seed: int) -> tuple[list[Prompt], list[Prompt]]:
    """Harmful requests, and harmless ones, half of them look-alikes where there are enough of both."""
    drawn = prompts_to_measure(services.store, sets, number, seed)
    harmful = [prompt for prompt in drawn if prompt.kind == "harmful"][:number]
    if not harmful:
        raise InputError(
            "There are no harmful requests in these sets, so there is nothing to criticise.",
            next_step="Give their kind at the import (--kind harmful), or choose another set.",
        )
    helpful, twins = ([p for p in drawn if p.kind == kind] for kind in ("helpful", "twin"))
    half = max(number // 2, number - len(twins))
    some = helpful[:half]
    return harmful, [*some, *twins[: number - len(some)]]


def _chains(
    engine: Engine,
    prompts: Sequence[Prompt],
    constitution: Constitution,
    settings: RevisionSettings,
    sampling: Sampling,
    failed: dict[str, int],
    what: str,
) -> list[Trace]:
    found = []
    for result in revise.revise_batch(engine, prompts, constitution, settings, sampling, _BATCH):
        if isinstance(result, Trace):
            found.append(result)
        else:
            key = f"{what}: {result.reason}"
            failed[key] = failed.get(key, 0) + 1
    return found


def _answer_after(trace: Trace, round: int) -> str:
    """The answer that stands after so many revisions."""
    return [step.text for step in trace.steps if step.kind != "critique"][round]


def _round(mode: str, round: int, bad: Sequence[Trace], good: Sequence[Trace], readers: Readers) -> RoundShares:
    texts = [(t.prompt, _answer_after(t, round)) for t in bad]
    return RoundShares(
        mode,
        round,
        rate_of([readers.declines(prompt, text) for prompt, text in texts]),
        _explained(bad, round, readers),
        rate_of([readers.helps(t.prompt, _answer_after(t, round)) for t in good]),
    )


def _explained(traces: Sequence[Trace], round: int, readers: Readers) -> Rate:
    """The share of answers after so many revisions that decline, give a reason and offer an alternative."""
    return rate_of([readers.explains(t.prompt, _answer_after(t, round)) for t in traces])


def _paired(round: int, with_critique: Sequence[Trace], direct: Sequence[Trace], readers: Readers) -> Paired:
    one, other = (
        {t.prompt.id: readers.explains(t.prompt, _answer_after(t, round)) for t in traces}
        for traces in (with_critique, direct)
    )
    both = [(one[id], other[id]) for id in one if id in other]
    wins, losses = both.count((True, False)), both.count((False, True))
    return Paired(round, wins, losses, sign_test(wins, losses))


def _length(traces: Sequence[Trace], round: int) -> float | None:
    """Median number of tokens that the model was given when it wrote the revision of this round."""
    asked = [[s.answer.prompt_tokens for s in t.steps if s.kind == "revision" and s.answer] for t in traces]
    found = [tokens[round] for tokens in asked if len(tokens) > round]
    return statistics.median(found) if found else None


def _names_fault(traces: Sequence[Trace], round: int, readers: Readers) -> Rate:
    """The share of critiques of one round that name the fault of an answer which did not decline yet."""
    found = []
    for trace in traces:
        before = _answer_after(trace, round)
        if readers.declines(trace.prompt, before):
            continue
        revisions = 0
        for step in trace.steps:
            revisions += step.kind == "revision"
            if step.kind == "critique" and revisions == round:
                found.append(readers.names_fault(trace.prompt, before, step.text))
    return rate_of(found)
