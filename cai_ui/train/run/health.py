"""What a run's numbers warn of, in plain sentences. Pure: from logged rows and probe answers.

Thresholds are rules of thumb, set so that a sound run of the embedded model warns of nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cai_ui.records import Method
from cai_ui.train.run.probes import ProbeAnswer, mean_tokens

WINDOW = 5
"""Rows that are averaged at the beginning and at the end."""
SATURATED, SOON = 0.98, 0.2
"""Accuracy on pairs that is suspicious when it is reached within this share of the steps."""
FALL = 2.0
"""Nats by which the chosen answers may become less likely."""
DRIFT = 1.5
"""Factor by which the mean length of probe answers may change."""
WORSE = 1.05
"""Factor over the best held-out loss that counts as rising."""

Row = Mapping[str, Any]


def signs(method: Method, rows: Sequence[Row], probes: Sequence[ProbeAnswer], total_steps: int) -> list[str]:
    """Warnings on a run so far, the gravest first."""
    found = [*_not_numbers(rows), *_by_heart(rows), *_rising(rows)]
    if method == "dpo":
        found += [*_chosen_falls(rows), *_saturated(rows, total_steps)]
    return [*found, *_length_drift(probes)]


def numbers(rows: Sequence[Row], name: str) -> list[tuple[int, float]]:
    """Step and value of what was logged under this name, as far as it is a finite number."""
    found = []
    for row in rows:
        try:
            value = float(row[name])
        except (KeyError, TypeError, ValueError):
            continue
        if math.isfinite(value):
            found.append((int(row["step"]), value))
    return found


def _not_numbers(rows: Sequence[Row]) -> Iterator[str]:
    for name in ("loss", "grad_norm"):
        bad = [row["step"] for row in rows if name in row and not math.isfinite(float(row[name]))]
        if bad:
            yield (
                f"The {name.replace('_norm', 'ient')} is not a number at step {bad[0]}. Start again with a lower "
                "learning rate."
            )


def _by_heart(rows: Sequence[Row]) -> Iterator[str]:
    looks = numbers(rows, "eval_loss")
    if len(looks) < 3:
        return
    step, best = min(looks, key=lambda look: look[1])
    if step < looks[-2][0] and looks[-1][1] > WORSE * best:
        yield (
            f"The held-out loss was best at step {step} ({best:.3g}) and has risen to {looks[-1][1]:.3g}: the adapter "
            "learns the rows by heart. Fewer epochs or a lower rate would end nearer to the best."
        )


def _rising(rows: Sequence[Row]) -> Iterator[str]:
    losses = numbers(rows, "loss")
    if len(losses) >= 4 * WINDOW and _end(losses) > 1.2 * _beginning(losses):
        yield (
            f"The loss has risen from {_beginning(losses):.3g} to {_end(losses):.3g}: the learning rate is too high."
        )


def _chosen_falls(rows: Sequence[Row]) -> Iterator[str]:
    chosen = numbers(rows, "logps/chosen")
    if len(chosen) < 2 * WINDOW:
        return
    before, now = _beginning(chosen), _end(chosen)
    if before - now > max(FALL, 0.1 * abs(before)):
        yield (
            f"The chosen answers have become less likely ({before:.1f} to {now:.1f} nats), not only the rejected ones. "
            "Watch the probe answers; a lower rate, a higher beta or some SFT weight holds them."
        )


def _saturated(rows: Sequence[Row], total_steps: int) -> Iterator[str]:
    shares = numbers(rows, "rewards/accuracies")
    early = [value for step, value in shares if step <= SOON * total_steps]
    if len(early) >= WINDOW and sum(early[-WINDOW:]) / WINDOW >= SATURATED:
        yield (
            f"Nearly every pair is told apart after {int(SOON * total_steps)} of {total_steps} steps already. The "
            "pairs may differ by an easy mark, such as length or an opening phrase. High accuracy alone does not "
            "mean safer answers."
        )


def _length_drift(probes: Sequence[ProbeAnswer]) -> Iterator[str]:
    lengths = list(mean_tokens(probes).items())
    if len(lengths) < 2 or not lengths[0][1]:
        return
    (_, before), (step, now) = lengths[0], lengths[-1]
    if not 1 / DRIFT <= now / before <= DRIFT:
        yield (
            f"Probe answers have gone from {before:.0f} to {now:.0f} tokens on average at step {step}: the adapter "
            "learns a length as well."
        )


def _beginning(values: Sequence[tuple[int, float]]) -> float:
    return sum(value for _, value in values[:WINDOW]) / WINDOW


def _end(values: Sequence[tuple[int, float]]) -> float:
    return sum(value for _, value in values[-WINDOW:]) / WINDOW
