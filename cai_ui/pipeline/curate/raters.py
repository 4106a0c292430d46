"""How people work in Curate: examples in a session and a day, how long each takes, and how well they judge gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cai_ui.errors import InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Gold, Judged, Rate
from cai_ui.statistics.rates import rate_of
from cai_ui.store import DOUBLE_SHARE, GOLD_SHARE
from cai_ui.store.events import meaning

PAUSE = timedelta(minutes=30)
"""Whoever judges nothing for so long begins a new session with the next judgement."""
SUGGESTED_SHARE = 0.1


@dataclass(frozen=True)
class RaterProgress:
    """One person's work. `session` counts the last session, `minutes` is the median time from one judgement to the next
    (None: never two in one session), `gold` the share of gold examples judged as they should be."""

    rater: str
    judged: int
    today: int
    session: int
    per_day: float
    minutes: float | None
    gold: Rate


def rater_progress(services: Services, now: datetime | None = None) -> list[RaterProgress]:
    """Everybody who judged, those with most judgements first. `now`: with the time zone that days are counted in."""
    now = now or datetime.now().astimezone()
    gold = {one.example_id: one for one in services.store.gold()}
    of_rater: dict[str, list[Judged]] = {}
    for judged in services.store.work():
        of_rater.setdefault(judged.rater, []).append(judged)
    found = [_progress(rater, judged, gold, now) for rater, judged in of_rater.items()]
    return sorted(found, key=lambda one: (-one.judged, one.rater))


def _progress(rater: str, judged: Sequence[Judged], gold: dict[str, Gold], now: datetime) -> RaterProgress:
    times = [datetime.fromisoformat(one.at).astimezone(now.tzinfo) for one in judged]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    begins = max((place for place, gap in enumerate(gaps, 1) if gap > PAUSE), default=0)
    single = [
        gap.total_seconds() / 60 for gap, one in zip(gaps, judged[1:], strict=False) if gap <= PAUSE and not one.batch
    ]
    days = [time.date() for time in times]
    return RaterProgress(
        rater,
        len(judged),
        days.count(now.date()),
        len(times) - begins,
        len(times) / len(set(days)),
        median(single) if single else None,
        _accuracy(rater, judged, gold),
    )


def _accuracy(rater: str, judged: Sequence[Judged], gold: dict[str, Gold]) -> Rate:
    """The share of gold examples whose latest verdict says the same as the known one; skips and flags say nothing, and
    whoever set it is not measured by it."""
    last = {one.example_id: meaning(one.verdict) for one in judged if one.example_id in gold}
    told = {id: said for id, said in last.items() if said and gold[id].author != rater}
    return rate_of(said == meaning(gold[id].verdict) for id, said in told.items())


def set_gold_share(services: Services, share: float) -> None:
    """Which share of everybody's work is gold examples, 0 to 1."""
    if not 0 <= share <= 1:
        raise InputError("The share is not between 0 and 1.", kept="Nothing changed.", next_step="Choose another.")
    services.store.set_setting(GOLD_SHARE, float(share))


def gold_share(services: Services) -> float:
    """Which share of everybody's work is gold examples."""
    return float(services.store.get_setting(GOLD_SHARE, 0.0))


def other_raters(services: Services, rater: str) -> list[str]:
    """Who else judges here, as long as nobody has said whether some examples are to be judged by two."""
    if services.store.get_setting(DOUBLE_SHARE) is not None:
        return []
    return [other for other in services.store.raters() if other != rater]
