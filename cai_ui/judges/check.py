"""How far a judge can be trusted: its judgements beside people's labels.

Pure counts over what was judged. Judgements that could not be read are counted and are in no share. Cohen's kappa is
left to whoever has it; here are the units for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cai_ui.judges.answers import Judgement
from cai_ui.judges.calibration import CalibrationBar, calibration
from cai_ui.judges.pairs import PairJudgement
from cai_ui.records import Rate
from cai_ui.statistics import rate

PAIRS = "pairs"
"""The rubric's name where the judge says which of two answers is the better one."""
PAIRS_VERSION = 1


@dataclass(frozen=True)
class Check:
    """A judge on labelled answers or pairs.

    `agreement`: how often the likeliest verdict is people's; `unread` in it are the invalid judgements. For pairs,
    `flipped` is the share whose verdict follows the position (the same letter in both orders), `order_bias` the mean
    gain of the first place (-0.5 to 0.5), `ties` the preferences too near to one half. `calibration_error` (expected,
    ten bins in `bars`) and `brier` are of the probability that people's label holds; `mean_error` is the mean distance
    on the scale. None where it is not defined.
    """

    asked: int
    agreement: Rate
    invalid: Rate
    reasons: tuple[tuple[str, int], ...]
    brier: float | None
    calibration_error: float | None
    bars: tuple[CalibrationBar, ...]
    flipped: Rate | None = None
    order_bias: float | None = None
    ties: int | None = None
    mean_error: float | None = None


def check_pairs(judged: Sequence[PairJudgement]) -> Check:
    """Each judgement is of a question whose `one` is the answer that people prefer."""
    read = [p for j in judged if (p := j.preference) is not None]
    orders = [(j.first, j.last) for j in judged if j.first is not None and j.last is not None]
    sides = [(max(p, 1 - p), p > 0.5) for p in read if p != 0.5]
    bars, error = calibration(sides)
    biases = [j.order_bias for j in judged if j.order_bias is not None]
    invalid = len(judged) - len(read)
    return Check(
        asked=len(judged),
        agreement=rate(sum(p > 0.5 for p in read), len(read), invalid),
        invalid=rate(invalid, len(judged)),
        reasons=_reasons([j.invalid_reason for j in judged]),
        brier=_mean([(1 - p) ** 2 for p in read]),
        calibration_error=error,
        bars=tuple(bars),
        flipped=rate(sum((first > 0.5) != (last > 0.5) for first, last in orders), len(orders)),
        order_bias=_mean(biases),
        ties=sum(j.verdict == "tie" for j in judged),
    )


def check_answers(judged: Sequence[tuple[Judgement, float]]) -> Check:
    """Each judgement with people's value on the same scale."""
    read = [(j, p, value) for j, value in judged if (p := j.probabilities) is not None]
    likely = [(max(p), j.likeliest == value) for j, p, value in read]
    given = [dict(zip(j.scale, p, strict=True)) for j, p, _ in read]
    labels = [value for _, _, value in read]
    bars, error = calibration(likely)
    invalid = len(judged) - len(read)
    return Check(
        asked=len(judged),
        agreement=rate(sum(same for _, same in likely), len(read), invalid),
        invalid=rate(invalid, len(judged)),
        reasons=_reasons([j.invalid_reason for j, _ in judged]),
        brier=_mean([_brier(shares, value) for shares, value in zip(given, labels, strict=True)]),
        calibration_error=error,
        bars=tuple(bars),
        mean_error=_mean([abs(j.value - value) for j, _, value in read if j.value is not None]),
    )


def _brier(shares: dict[float, float], value: float) -> float:
    """Half the sum of squares over the scale, so that 0 is sure and right, and 1 sure and wrong."""
    return sum((share - (step == value)) ** 2 for step, share in shares.items()) / 2


def _reasons(said: Sequence[str]) -> tuple[tuple[str, int], ...]:
    return tuple((reason, said.count(reason)) for reason in dict.fromkeys(said) if reason)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
