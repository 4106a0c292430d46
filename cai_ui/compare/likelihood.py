"""What is left of the base's abilities: how likely variants find helpful reference answers, and how far each is from
the base on answers that the base drew itself. A benchmark of right answers sees it later than the likelihood does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Request, ScoreRequest
from cai_ui.errors import CaiError
from cai_ui.records import BASE, TrainingExample
from cai_ui.statistics.means import Mean, mean_per_token


@dataclass(frozen=True)
class Kept:
    """Natural log-probability per token of held-out helpful answers (`references`), how much less that is than the
    base gives them (`lost`), and KL(base || variant) per token, from answers that the base drew at temperature 1."""

    variant: str
    references: Mean
    lost: Mean
    divergence: Mean


def to_draw(references: Sequence[TrainingExample], seed: int, tokens: int) -> list[Request]:
    """One answer of the base to each request, at temperature 1: the mean of log base - log variant over such answers
    is KL(base || variant)."""
    return [
        Request(row.conversation, Sampling(temperature=1.0, seed=seed + n, max_new_tokens=tokens))
        for n, row in enumerate(references)
    ]


def to_score(references: Sequence[TrainingExample], drawn: Sequence[str], adapter: str) -> list[ScoreRequest]:
    """The reference, and what the base drew where it drew anything, to be weighed by a variant."""
    return [
        ScoreRequest(row.conversation, (row.answer, text) if text.strip() else (row.answer,), adapter)
        for row, text in zip(references, drawn, strict=True)
    ]


def told(found: Any) -> list[list[float]] | str:
    """Log-probability and tokens of each reply, or the sentence why there are none."""
    return str(found) if isinstance(found, CaiError) else [[score.total, score.tokens] for score in found]


def kept(scores: Iterable[Mapping[str, Any]]) -> tuple[Kept, ...]:
    """From a line for each variant with its `scores` as `told`; answers that a variant could not be asked about are
    left out for all."""
    known = {row["variant"]: row["scores"] for row in scores}
    base = known.get(BASE, [])
    places = [n for n in range(len(base)) if all(not isinstance(found[n], str) for found in known.values())]
    drawn = [n for n in places if len(base[n]) > 1]
    return tuple(
        Kept(
            variant,
            mean_per_token([found[n][0][0] for n in places], [found[n][0][1] for n in places]),
            _less(base, found, places, 0),
            _less(base, found, drawn, 1),
        )
        for variant, found in known.items()
    )


def _less(base: Sequence[Any], found: Sequence[Any], places: Sequence[int], reply: int) -> Mean:
    """How much less likely a variant finds the replies than the base, per token."""
    return mean_per_token([base[n][reply][0] - found[n][reply][0] for n in places], [base[n][reply][1] for n in places])
