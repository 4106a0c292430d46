"""Who a judge is, and how far it was checked against people's labels.

A check holds for weights, a rubric in its version, and whether the judge reasoned first; not for a name, under which
other weights may answer tomorrow. Of a server nobody sees the weights: there it holds for its address and the name of
the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cai_ui.engine.backends.endpoint import EndpointEngine
from cai_ui.engine.backends.several import is_address
from cai_ui.engine.interface import Engine
from cai_ui.errors import EngineError, NotFoundError
from cai_ui.judges.check import PAIRS, PAIRS_VERSION
from cai_ui.judges.rubrics import rubric_named
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, JudgeUsed, content_hash

UNPROVEN = "unproven: nobody has checked it against people's labels"
NOT_BETTER = "not shown to be better than chance"


@dataclass(frozen=True)
class Standing:
    """`check` is the last one of this judge under this rubric (a `JudgeCheck` as a dictionary); None: unproven.

    `used` is None, and `check` that of the weights it had last, while the judge is not loaded.
    """

    used: JudgeUsed | None
    check: Mapping[str, Any] | None

    @property
    def is_no_better_than_chance(self) -> bool:
        """Whether a check was made and leaves open, or denies, that the judge agrees with people by more than chance:
        95 % intervals of kappa reach 0, or, where there is no kappa, those of agreement a half."""
        if self.check is None:
            return False
        kappa, agreement = self.check.get("kappa") or {}, self.check["check"]["agreement"]
        if kappa.get("value") is not None:
            return kappa["low"] is None or bool(kappa["low"] <= 0)
        return agreement["low"] is None or bool(agreement["low"] <= 0.5)


def judge_used(services: Services, judge: str, rubric: str, reasoned: bool = False) -> JudgeUsed:
    """The judge as it is asked, loaded if need be. `judge`: "" or BASE for the loaded model, an adapter, an address.

    NotFoundError for an adapter or rubric that is not there, EngineError where the model cannot be had.
    """
    main = services.engine(WAIT_S)
    other = is_address(judge) and judge != main.name
    return _used(services.others.get(judge) if other else main, judge or BASE, rubric, reasoned)


def standing(services: Services, judge: str, rubric: str, reasoned: bool = False) -> Standing:
    """How far the judge was checked, as far as that is known without loading it."""
    used = _loaded(services, judge or BASE, rubric, reasoned)
    if used is not None:
        return standing_of(services, used)
    known = services.store.judges()
    asked = (judge or BASE, rubric, _version(rubric), reasoned)
    same = [check for one, check in known.values() if (one.judge, one.rubric, one.version, one.reasoned) == asked]
    return Standing(None, same[-1] if same else None)


def standing_of(services: Services, used: JudgeUsed) -> Standing:
    """How far just these weights were checked under just this rubric."""
    return Standing(used, services.store.judges().get(used.id, (used, None))[1])


def sentence(found: Standing) -> str:
    """How far a judge can be trusted, in words for page and command line."""
    if found.check is None:
        return UNPROVEN + "."
    check, kappa = found.check["check"], found.check.get("kappa")
    said = [f"agrees with people in {_share(check['agreement'])} of {check['agreement']['total']:,}"]
    if found.is_no_better_than_chance:
        said.append(NOT_BETTER)
    if kappa and kappa["value"] is not None:
        said.append(f"kappa {kappa['value']:.2f}")
    elif kappa and kappa["why"]:
        said.append(f"kappa undefined: {kappa['why']}")
    said.append(f"invalid {_share(check['invalid'])}")
    if check.get("flipped"):
        bias = "" if check.get("order_bias") is None else f", order bias {check['order_bias']:+.2f}"
        said.append(f"follows the position in {_share(check['flipped'])}{bias}")
    if check.get("calibration_error") is not None:
        said.append(f"calibration error {check['calibration_error']:.2f}")
    said.append(f"checked {found.check['at'][:10]} on {found.check['file']}")
    if found.used is None:
        said.append("it is not loaded: if its weights are others by now, it is unproven")
    elif found.used.server:
        said.append("of a server nobody sees whether its weights are still the same")
    return "; ".join(said) + "."


def _loaded(services: Services, judge: str, rubric: str, reasoned: bool) -> JudgeUsed | None:
    try:
        main = services.engine()
    except EngineError:
        return None
    engine = services.others.loaded(judge) if is_address(judge) and judge != main.name else main
    try:
        return None if engine is None else _used(engine, judge, rubric, reasoned)
    except NotFoundError:
        return None


def _used(engine: Engine, judge: str, rubric: str, reasoned: bool) -> JudgeUsed:
    weights, name = engine.base_hash, judge if is_address(judge) else engine.name
    if judge != BASE and not is_address(judge):
        infos = [info for info in engine.adapters() if info.name == judge]
        if not infos:
            raise NotFoundError(f"There is no adapter {judge[:80]!r} to judge with.", next_step="Choose another judge.")
        weights, name = content_hash([engine.base_hash, infos[0].hash]), infos[0].title
    server = isinstance(engine, EndpointEngine)
    return JudgeUsed(judge, name, weights, rubric, _version(rubric), reasoned, server)


def _version(rubric: str) -> int:
    return PAIRS_VERSION if rubric == PAIRS else rubric_named(rubric).version


def _share(rate: Mapping[str, Any]) -> str:
    if rate["value"] is None:
        return "nothing"
    return f"{100 * rate['value']:.0f} % ({100 * rate['low']:.0f}–{100 * rate['high']:.0f} %)"
