"""How far raters agree with one another, and with the model's labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from cai_ui.pipeline.services import Services
from cai_ui.store import DOUBLE_SHARE, Reading
from cai_ui.store.events import meaning

if TYPE_CHECKING:
    from cai_ui.judges.calibration import CalibrationBar
    from cai_ui.statistics.agreement import Agreement

MODEL = "model"
_MOST_PRINCIPLES = 30


@dataclass(frozen=True)
class AgreementReport:
    """Agreement of people that judged without seeing one another: over all, per principle, per pair of raters; and
    of people with the model's labels: over all and per rater, with a calibration curve and its error."""

    overall: Agreement
    per_principle: tuple[tuple[str, Agreement], ...]
    per_pair: tuple[tuple[str, str, Agreement], ...]
    with_model: Agreement
    per_rater_with_model: tuple[tuple[str, Agreement], ...]
    calibration: tuple[CalibrationBar, ...]
    calibration_error: float | None
    order_bias: float | None


def measure_agreement(services: Services) -> AgreementReport:
    """Read from all judgements in the store; flags and skips say nothing of a pair and are not counted."""
    from cai_ui.judges.calibration import calibration
    from cai_ui.statistics.agreement import cohen_kappa, krippendorff_alpha

    readings = [r for r in services.store.readings() if r.blind and meaning(r.verdict)]
    units = _units(readings)
    raters = sorted({reading.rater for reading in readings})
    principles = sorted({id for reading in readings for id in reading.principles})[:_MOST_PRINCIPLES]
    labels = {id: body for id, body in services.store.judgements().items() if body.get("preference") is not None}
    sided = [r for r in readings if meaning(r.verdict) in ("revision", "initial") and r.example_id in labels]
    judged = {id: "revision" if float(labels[id]["preference"]) >= 0.5 else "initial" for id in labels}
    people = [(float(labels[r.example_id]["preference"]), meaning(r.verdict) == "revision") for r in sided]
    bars, error = calibration(people)
    biases = [float(body["order_bias"]) for body in labels.values() if body.get("order_bias") is not None]
    return AgreementReport(
        krippendorff_alpha(units),
        tuple((id, krippendorff_alpha(_units(r for r in readings if id in r.principles))) for id in principles),
        tuple((a, b, cohen_kappa(units, a, b)) for a, b in combinations(raters, 2)),
        cohen_kappa(_beside_model(sided, judged), "people", MODEL),
        tuple(
            (rater, cohen_kappa(_beside_model([r for r in sided if r.rater == rater], judged), "people", MODEL))
            for rater in sorted({r.rater for r in sided})
        ),
        tuple(bars),
        error,
        sum(biases) / len(biases) if biases else None,
    )


def set_double_share(services: Services, share: float) -> None:
    """Which share of the examples two raters judge, 0 to 1."""
    from cai_ui.errors import InputError

    if not 0 <= share <= 1:
        raise InputError("The share is not between 0 and 1.", kept="Nothing changed.", next_step="Choose another.")
    services.store.set_setting(DOUBLE_SHARE, float(share))


def double_share(services: Services) -> float:
    """Which share of the examples two raters judge."""
    return float(services.store.get_setting(DOUBLE_SHARE, 0.0))


def _units(readings: Iterable[Reading]) -> list[dict[str, str]]:
    units: dict[str, dict[str, str]] = {}
    for reading in readings:
        said = meaning(reading.verdict)
        if said is not None:
            units.setdefault(reading.example_id, {})[reading.rater] = said
    return list(units.values())


def _beside_model(readings: Sequence[Reading], judged: dict[str, str]) -> list[dict[str, str]]:
    return [{"people": meaning(r.verdict) or "", MODEL: judged[r.example_id]} for r in readings]
