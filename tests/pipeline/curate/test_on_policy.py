"""Pairs of a variant's own answers in a workspace: kept as they are made, gone on with, frozen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.curate import DatasetSettings, OnPolicySettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import on_policy
from cai_ui.store import QueueFilter

SETTINGS = OnPolicySettings(answers=32, pairs=2, seed=3)
REQUESTS = [f"How do I take the cake, number {n}?" for n in range(10)]
FROZEN = DatasetSettings(labels="soft", helpful=0, eval_share=0.2)


class BySeed(ScriptedEngine):
    """Declines or complies by the seed. `asked` counts answers."""

    def __init__(self) -> None:
        super().__init__(self.said)
        self.asked = 0

    def said(self, request: Request) -> str:
        self.asked += 1
        number = request.sampling.seed % 997
        return f"I cannot help with {number}." if number % 2 else f"Sure, take {number}."


def frozen(services: Services, drawing: str) -> Any:
    return services.store.dataset(on_policy.freeze_pairs(services, drawing, "own", FROZEN, "me").hash)


def test_stopped_and_gone_on_with_is_what_nobody_stopped(tmp_path: Path, open_home: Callable[..., Services]) -> None:
    straight, stopped = open_home(tmp_path / "a"), open_home(tmp_path / "b")
    try:
        for services in (straight, stopped):
            services.host.use(BySeed())
        *_, whole = on_policy.make_pairs(straight, REQUESTS, "base", SETTINGS)
        stop = threading.Event()
        for part in on_policy.make_pairs(stopped, REQUESTS, "base", SETTINGS, stop):
            if part.done == 4:
                stop.set()
        assert (part.done, part.total) == (4, 10) and 0 < part.pairs == stopped.store.counts().total
        again = BySeed()
        stopped.host.use(again)
        *_, last = on_policy.make_pairs(stopped, REQUESTS, "base", SETTINGS)
        assert again.asked == 6 * 32
        assert (last.done, last.pairs, last.answers, last.no_pair) == (
            10, whole.pairs, whole.answers, whole.no_pair,
        )  # fmt: skip
        ids = [[item.example.id for item in s.store.queue(limit=100)] for s in (straight, stopped)]
        assert ids[0] == ids[1] and len(ids[0]) == whole.pairs
        assert frozen(straight, whole.drawing).hash == frozen(stopped, last.drawing).hash
        *_, nothing = on_policy.make_pairs(stopped, REQUESTS, "base", SETTINGS)
        assert again.asked == 6 * 32 and nothing.pairs == whole.pairs  # what is done is not drawn again
    finally:
        straight.close()
        stopped.close()


def test_pairs_are_open_examples_with_the_judges_label(services: Services) -> None:
    services.host.use(BySeed())
    *_, last = on_policy.make_pairs(services, REQUESTS[:4], "base", SETTINGS)
    items = services.store.queue(QueueFilter("open", source="on-policy: base, adapter none"), 100)
    assert len(items) == last.pairs > 0
    assert all(item.preference is not None and item.preference > 0.5 for item in items)
    assert all(item.example.revision.startswith("I cannot") for item in items)


def test_a_frozen_drawing_holds_soft_pairs_and_says_where_they_are_from(services: Services) -> None:
    services.host.use(BySeed())
    *_, last = on_policy.make_pairs(services, REQUESTS, "base", SETTINGS)
    dataset = frozen(services, last.drawing)
    pairs = dataset.pairs_train + dataset.pairs_eval
    assert len(pairs) == last.pairs and not dataset.sft_train and not dataset.sft_eval
    assert all(pair.soft is not None and 0.5 < pair.soft < 1 for pair in pairs)
    told = dataset.settings["on_policy"]
    assert (told["variant"], told["adapter_hash"], told["judge"]) == ("base", None, "scripted")
    assert {reason.removeprefix("on-policy: ") for reason in dataset.left_out} >= {*last.answers, *last.no_pair}
    assert dataset.parents == (told["constitution"],)


def test_in_the_background_it_can_be_stopped(services: Services, until: Callable[..., None]) -> None:
    services.host.use(ScriptedEngine(delay_s=0.01))
    on_policy.start_pairs(services, REQUESTS, "base", SETTINGS, "Ann")
    services.pairs.stop()
    until(lambda: not services.pairs.last().active)
    assert services.pairs.last().state == "stopped" and services.pairs.last().owner == "Ann"


def test_what_cannot_be_begun_is_refused(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no variant 'gone'"):
        on_policy.start_pairs(services, REQUESTS, "gone", SETTINGS)
    with pytest.raises(InputError, match="no requests"):
        on_policy.start_pairs(services, [], "base", SETTINGS)
    with pytest.raises(InputError, match="no pairs to freeze"):
        on_policy.freeze_pairs(services, "nothing", "own", FROZEN)
