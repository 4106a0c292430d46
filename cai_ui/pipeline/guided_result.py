"""What guided runs left: one result for each that came to its end, so that a later one can be put beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cai_ui.errors import NotFoundError
from cai_ui.pipeline.constitution.constitutions import current_constitution
from cai_ui.pipeline.models import built_in_in_use, model_in_use
from cai_ui.pipeline.services import Services
from cai_ui.records import ConstitutionVersion, Evaluation, to_dict
from cai_ui.store.encoding import from_dict

KEPT = 20
"""Most results that are kept; the evaluations and runs of older ones stay where they are."""
_KEY = "guided_run.results"
EXPECTED_S: Mapping[str, float] = {"chains": 60, "accept": 3, "freeze": 40, "sft": 90, "dpo": 100, "measure": 55}
"""Seconds of each stage on two processor cores with the embedded model, until a run here has said better. Of no other
model is anything known before its first run: one of real English takes hours there."""


@dataclass(frozen=True)
class GuidedResult:
    """A guided run that is done: under which constitution, what it made, and the seconds of each stage. `base_hash` is
    of the model's weights; "" where it was not recorded, as in older versions."""

    evaluation_id: str
    constitution: str = ""
    constitution_hash: str = ""
    dataset_hash: str = ""
    run_ids: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    finished_at: str = ""
    base_hash: str = ""

    @property
    def took_s(self) -> float:
        """Seconds from the first stage to the last."""
        return sum(self.seconds.values())


def keep_result(services: Services, made: GuidedResult) -> None:
    """Add a result, with the time it came."""
    known = [one for one in all_results(services) if one.evaluation_id != made.evaluation_id]
    stamped = GuidedResult(**{**vars(made), "finished_at": datetime.now(UTC).isoformat()})
    services.store.set_setting(_KEY, [to_dict(one) for one in [stamped, *known][:KEPT]])


def all_results(services: Services) -> list[GuidedResult]:
    """Newest first."""
    kept = services.store.get_setting(_KEY, [])
    return [from_dict(GuidedResult, one) for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []


def evaluation_of(services: Services, made: GuidedResult) -> Evaluation | None:
    """Its evaluation; None where that was put away since."""
    try:
        return services.store.evaluation(made.evaluation_id)
    except NotFoundError:
        return None


def to_compare(results: list[GuidedResult]) -> tuple[GuidedResult, GuidedResult] | None:
    """The newest result and an earlier one: the last under another constitution, else the one before."""
    if len(results) < 2:
        return None
    newest, *earlier = results
    others = [one for one in earlier if one.constitution_hash != newest.constitution_hash]
    return newest, (others or earlier)[0]


def left_s(services: Services, took: Mapping[str, float | None], running: str | None) -> float | None:
    """Seconds that a run with these stages has still to go, from what each took before with the model in use; None
    before it began, and where no run with that model has come to its end.

    The stages that are over say how fast this run goes against the one before.
    """
    expected = _usual_s(services)
    over = {key: seconds for key, seconds in took.items() if seconds is not None and key != running}
    if not expected or (not over and running is None):
        return None
    usual = sum(expected.get(key, 0.0) for key in over)
    pace = sum(over.values()) / usual if usual else 1.0
    begun = took.get(running or "") or 0.0
    waiting = sum(seconds for key, seconds in expected.items() if key not in over and key != running)
    return pace * waiting + max(0.0, pace * expected.get(running or "", 0.0) - begun)


def _usual_s(services: Services) -> Mapping[str, float]:
    """Seconds of each stage with the model in use; none where nobody knows."""
    base = model_in_use(services)
    known = next((one.seconds for one in all_results(services) if base and one.base_hash == base), {})
    return {**(EXPECTED_S if built_in_in_use(services) else {}), **known}


def version_of(services: Services, constitution_hash: str) -> ConstitutionVersion:
    """The constitution of a run that is gone on with, or, where it has none yet, the one in use."""
    return services.store.version(constitution_hash) if constitution_hash else current_constitution(services)
