"""What a run's numbers warn of, in plain sentences. Pure: from logged rows and probe answers.

Thresholds are rules of thumb, set so that a sound run of the embedded model warns of nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cai_ui.train.methods import METHODS
from cai_ui.train.run.probes import ProbeAnswer, mean_tokens
from cai_ui.train.run.series import WINDOW, beginning, end, numbers

DRIFT = 1.5
"""Factor by which the mean length of probe answers may change."""
WORSE = 1.05
"""Factor over the best held-out loss that counts as rising."""

Row = Mapping[str, Any]


def run_warnings(method: str, rows: Sequence[Row], probes: Sequence[ProbeAnswer], total_steps: int) -> list[str]:
    """Warnings on a run so far, the gravest first. A method that this version does not know adds none."""
    own = METHODS[method].health(rows, total_steps) if method in METHODS else ()
    return [*_not_numbers(rows), *_overfits(rows), *_rising(rows), *own, *_length_drift(probes)]


def _not_numbers(rows: Sequence[Row]) -> Iterator[str]:
    for name in ("loss", "grad_norm"):
        bad = [row["step"] for row in rows if name in row and not math.isfinite(float(row[name]))]
        if bad:
            yield (
                f"The {name.replace('_norm', 'ient')} is not a number at step {bad[0]}. Start again with a lower "
                "learning rate."
            )


def _overfits(rows: Sequence[Row]) -> Iterator[str]:
    losses = numbers(rows, "eval_loss")
    if len(losses) < 3:
        return
    step, best = min(losses, key=lambda place: place[1])
    if step < losses[-2][0] and losses[-1][1] > WORSE * best:
        yield (
            f"The held-out loss was best at step {step} ({best:.3g}) and has risen to {losses[-1][1]:.3g}: the adapter "
            "overfits. Fewer epochs or a lower rate would end nearer to the best."
        )


def _rising(rows: Sequence[Row]) -> Iterator[str]:
    losses = numbers(rows, "loss")
    if len(losses) >= 4 * WINDOW and end(losses) > 1.2 * beginning(losses):
        yield (f"The loss has risen from {beginning(losses):.3g} to {end(losses):.3g}: the learning rate is too high.")


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
