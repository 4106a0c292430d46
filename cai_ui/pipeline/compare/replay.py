"""An evaluation run again from its bundle, compared number by number and answer by answer. Nothing of it is kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.compare.evaluation import evaluate, made_with, summarise
from cai_ui.compare.variants import base_variant, choose
from cai_ui.engine.adapters.files import describe_adapter
from cai_ui.engine.interface import Engine
from cai_ui.errors import AdapterError, InputError
from cai_ui.pipeline.compare.bundle import Variant
from cai_ui.pipeline.compare.opened_bundle import WRITE_ANEW, Bundle
from cai_ui.pipeline.readers import reader_for
from cai_ui.readers.measured import recorded
from cai_ui.records import BASE, Evaluation, Rate, VariantResult
from cai_ui.store.evaluations import Row

SHOWN = 3
"""Answers that differ and are shown."""
COMPARED = ("answer", "finish", "tokens", "outcome", "adapter_hash")
"""What is compared of each answer."""


@dataclass(frozen=True)
class Figure:
    """A number as it was recorded and as it came out again; `same` counts, the words are for people."""

    name: str
    recorded: str
    replayed: str
    same: bool


@dataclass(frozen=True)
class Differing:
    """An answer that came out otherwise."""

    prompt_id: str
    variant: str
    recorded: str
    replayed: str


@dataclass(frozen=True)
class Replayed:
    """What came of replaying: the figures, how many answers there are, how many differ, and the first of these.

    `circumstances` are versions and device, then and now; that they differ is no difference of the result.
    """

    figures: tuple[Figure, ...]
    circumstances: tuple[Figure, ...]
    answers: int
    differ: int
    first: tuple[Differing, ...]

    @property
    def same(self) -> bool:
        return self.differ == 0 and all(figure.same for figure in self.figures)


@dataclass(frozen=True)
class ReplayProgress:
    """Answers so far; `replayed` once all are there."""

    done: int
    total: int
    replayed: Replayed | None = None


def check_base(bundle: Bundle, engine: Engine) -> None:
    """InputError unless the loaded base has the weights that answered."""
    if not bundle.base_hash:
        raise InputError(
            "The bundle does not say which base answered: it was not recorded.",
            next_step="Run the evaluation once more; what it keeps now can be replayed.",
        )
    if engine.base_hash != bundle.base_hash:
        raise InputError(
            f"The bundle's answers came from {bundle.model or 'another base'} (weights {bundle.base_hash[:12]}); "
            f"{engine.name} (weights {engine.base_hash[:12]}) is loaded.",
            kept="Nothing was asked.",
            next_step="Load that model: --model NAME.",
        )


def load_variants(bundle: Bundle, engine: Engine, instead: Mapping[str, Path] | None = None) -> None:
    """Load the adapters of the bundle. `instead` are folders of adapters that were trained again, by the variant's
    name, for those that are not in it. InputError for one that is nowhere."""
    for variant in bundle.variants:
        if variant.name == BASE and not variant.hash:
            continue
        folder = bundle.folder / variant.folder if variant.folder else (instead or {}).get(variant.name)
        if folder is None:
            raise InputError(
                f"The adapter {variant.title[:80]!r} ({variant.hash[:12]}) is not in the bundle: "
                f"{variant.left_out[:200] or 'nobody knows why'}.",
                next_step="Bundle it again with a larger --adapter-mb, or replay with --train.",
            )
        info = describe_adapter(folder, variant.name, variant.title, variant.method, variant.run_id)
        if variant.folder and info.hash != variant.hash:
            raise AdapterError(
                f"The adapter {variant.title[:80]!r} in the bundle is not the one that answered.", next_step=WRITE_ANEW
            )
        engine.load_adapter(info)


def replay(bundle: Bundle, engine: Engine) -> Iterator[ReplayProgress]:
    """Ask everything again; its adapters are loaded already. The last item holds what came of it."""
    chosen = choose([base_variant(engine), *engine.adapters()], [variant.name for variant in bundle.variants])
    reader = reader_for(engine, bundle.prompts)
    made: Evaluation | None = None
    for measured in evaluate(engine, chosen, bundle.prompts, reader, bundle.settings):
        made = measured.evaluation or made
        yield ReplayProgress(measured.done, measured.total)
    assert made is not None
    counted = summarise(chosen, bundle.rows, bundle.settings, reader)
    figures = (
        _words("reader of the answers", bundle.head.reader, recorded(reader.name, reader.version)),
        Figure("answers", f"{len(bundle.rows):,}", f"{len(made.rows):,}", len(bundle.rows) == len(made.rows)),
        *_results(bundle, bundle.head.results, made.results),
    )
    follow = all(one.same for one in _results(bundle, bundle.head.results, counted.results))
    follows = Figure("figures follow from the answers in the bundle", "yes", "yes" if follow else "no", follow)
    differing = list(_differing(bundle.rows, made.rows))
    done = Replayed(
        (*figures, follows), tuple(_circumstances(bundle, engine)), len(made.rows), len(differing),
        tuple(differing[:SHOWN]),
    )  # fmt: skip
    yield ReplayProgress(len(made.rows), len(made.rows), done)


def _results(bundle: Bundle, before: Sequence[VariantResult], now: Sequence[VariantResult]) -> Iterator[Figure]:
    titles = {variant.name: _called(variant) for variant in bundle.variants}
    found = {(result.variant, result.kind): result for result in now}
    for result in before:
        other = found.pop((result.variant, result.kind), None)
        name = f"{titles.get(result.variant, result.variant)}, {result.kind}"
        if other is None:
            yield Figure(name, "measured", "not measured", False)
            continue
        for measure in ("complied", "helped", "refused"):
            old, new = getattr(result, measure), getattr(other, measure)
            if old.total or old.unread or new.total or new.unread:
                yield Figure(f"{name}: {measure}", _rate(old), _rate(new), _same_rate(old, new))
        yield _number(f"{name}: tokens, mean", result.mean_tokens, other.mean_tokens)
        yield _words(f"{name}: outcomes", _counts(result.outcomes), _counts(other.outcomes))
        yield _words(f"{name}: adapter", result.adapter_hash or "none", other.adapter_hash or "none")
    for variant, kind in found:
        yield Figure(f"{titles.get(variant, variant)}, {kind}", "not measured", "measured", False)


def _differing(before: Sequence[Row], now: Sequence[Row]) -> Iterator[Differing]:
    """By place: both were asked in the same order."""
    for old, new in zip(before, now, strict=False):
        told = [(one.get("prompt_id"), one.get("variant"), *(one.get(key) for key in COMPARED)) for one in (old, new)]
        if told[0] != told[1]:
            yield Differing(old["prompt_id"], old["variant"], old["answer"], new["answer"])


def _circumstances(bundle: Bundle, engine: Engine) -> Iterator[Figure]:
    made, now = bundle.head.made_with, made_with(engine)
    old: dict[str, Any] = {}
    if made is not None:
        drawn = {f"drawn with {name}": value for name, value in made.sampling.items()}
        old = {"model": made.model, "device": made.device, "revision": made.revision, **made.versions, **drawn}
    drawn = {f"drawn with {name}": value for name, value in now.sampling.items()}
    new = {"model": now.model, "device": now.device, "revision": now.revision, **now.versions, **drawn}
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) or new.get(name):
            yield _words(name, str(old.get(name, "not recorded")), str(new.get(name, "none")))


def _called(variant: Variant) -> str:
    return "the base" if variant.name == BASE else variant.title or variant.name


def _rate(rate: Rate) -> str:
    share = "undefined" if rate.value is None or rate.low is None or rate.high is None else (
        f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]"
    )  # fmt: skip
    return f"{rate.successes} of {rate.total}, {share}{f', {rate.unread} unread' if rate.unread else ''}"


def _same_rate(old: Rate, new: Rate) -> bool:
    counts = (old.successes, old.total, old.unread) == (new.successes, new.total, new.unread)
    return counts and all(_close(getattr(old, name), getattr(new, name)) for name in ("value", "low", "high"))


def _close(old: float | None, new: float | None) -> bool:
    """The last digits of a number may come out otherwise on another machine."""
    return old == new if old is None or new is None else math.isclose(old, new, rel_tol=1e-9, abs_tol=1e-12)


def _number(name: str, old: float | None, new: float | None) -> Figure:
    said = ["none" if value is None else f"{value:.6g}" for value in (old, new)]
    return Figure(name, said[0], said[1], _close(old, new))


def _words(name: str, old: str, new: str) -> Figure:
    return Figure(name, old, new, old == new)


def _counts(outcomes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "not counted"
