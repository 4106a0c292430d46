"""What can answer: the base, its adapters, checkpoints of a run, other models; and what each has said.

The engine says which weights gave each answer; an answer of other weights than the variant's is an error,
not a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.engine.interface import Engine
from cai_ui.errors import EngineError, NotFoundError
from cai_ui.records import BASE, AdapterInfo, Answer
from cai_ui.text import named, there_are

BASE_TITLE = "Base model"


@dataclass(frozen=True)
class VariantText:
    """What one variant has said so far; `answer` is there once it is finished. `adapter_hash` is None for the base.

    `variant` is the name of its column (see `columns`), and `sample` the number of this answer among several of it.
    `error` says why there is no answer and will be none; `seconds` is how long the answer took.
    """

    variant: str
    title: str
    text: str
    adapter_hash: str | None
    answer: Answer | None = None
    sample: int = 0
    error: str = ""
    seconds: float | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.answer is not None or bool(self.error)

    @property
    def tokens_per_second(self) -> float | None:
        """None while it is written, and where it was too short to be timed."""
        if self.answer is None or not self.seconds or self.answer.tokens < 2:
            return None
        return self.answer.tokens / self.seconds


def base_variant(engine: Engine) -> AdapterInfo:
    """The model without an adapter, as a variant. Its `hash` is "": there are no adapter weights."""
    return AdapterInfo(BASE, BASE_TITLE, "", engine.base_hash, "base", None, "")


def choose(available: Sequence[AdapterInfo], names: Sequence[str]) -> list[AdapterInfo]:
    """The variants with these names, in this order and each once. NotFoundError names one that is not there."""
    by_name = {variant.name: variant for variant in available}
    for name in names:
        if name not in by_name:
            raise missing(available, name)
    return [by_name[name] for name in dict.fromkeys(names)]


def missing(available: Sequence[AdapterInfo], name: str) -> NotFoundError:
    """What is said of a variant that the model does not have."""
    known = there_are(one.name if one.name == BASE else f"{one.name} ({one.title})" for one in available)
    return NotFoundError(f"There is no variant {named(name)} for this model.", next_step=known)


def expected_hash(variant: AdapterInfo) -> str | None:
    """Hash of the adapter weights that must have answered for this variant."""
    return variant.hash or None


def confirm(answer: Answer, variant: AdapterInfo) -> Answer:
    """The answer, if the variant's own weights gave it; EngineError otherwise."""
    came_from = answer.provenance.adapter_hash
    if came_from != expected_hash(variant) or answer.provenance.base_hash != variant.base_hash:
        raise EngineError(
            f"The answer for {variant.title} came from other weights ({(came_from or 'base')[:8]}).",
            kept="The answer was thrown away.",
            next_step="Load the model again.",
        )
    return answer
