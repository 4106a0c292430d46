"""What an evaluation asks for: the same words of the same weights once, however many of its columns want the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cai_ui.compare.conditions import Condition
from cai_ui.compare.variants import confirm
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.records import BASE, AdapterInfo, Prompt


@dataclass(frozen=True)
class Asked:
    """One answer that is wanted: of whom, to what, and put how."""

    prompt: Prompt
    condition: Condition
    variant: AdapterInfo
    request: Request

    @property
    def same(self) -> tuple[str, str, Request]:
        """Equal for what the same weights are asked alike: an adapter at strength 0 is the base without it."""
        bare = self.request.adapter == BASE or self.request.strength == 0
        request = replace(self.request, adapter=BASE, strength=1.0) if bare else self.request
        return self.prompt.id, self.variant.base_hash, request


@dataclass(frozen=True)
class Said:
    """An answer as far as a row of an evaluation keeps it. `same_in_any_batch` as in `Provenance`."""

    text: str
    finish: str
    tokens: int
    same_in_any_batch: bool | None


class AskedOnce:
    """Asks an engine for what it was not asked before, and remembers what it said."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._said: dict[tuple[str, str, Request], Said] = {}

    def remember(self, asked: Asked, said: Said) -> None:
        """Know an answer from an earlier call."""
        self._said.setdefault(asked.same, said)

    def ask(self, wanted: Sequence[Asked], stop: StopFlag | None) -> list[Said] | None:
        """An answer to each, in their order; None once the flag is set. EngineError where one came from other weights
        than its variant's."""
        new = {one.same: one for one in reversed(wanted) if one.same not in self._said}
        asked = [one for one in wanted if new.get(one.same) is one]
        answers = self._engine.generate([one.request for one in asked], stop) if asked else []
        if stop is not None and stop.is_set():
            return None
        for one, answer in zip(asked, answers, strict=True):
            confirm(answer, one.variant)
            same = answer.provenance.same_in_any_batch
            self._said[one.same] = Said(answer.text, answer.finish, answer.tokens, same)
        return [self._said[one.same] for one in wanted]
