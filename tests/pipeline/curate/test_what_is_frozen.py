"""A dataset holds what was judged, by a person or by labels that somebody explained, and what was openly chosen."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.importing import Plan
from cai_ui.curate.label_columns import rule
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.curate import datasets, imports, queue
from cai_ui.pipeline.curate.helpful import helpful_rows, named_sources, usual_sources
from cai_ui.records import Decision
from cai_ui.store import QueueFilter

SAFE = [
    {"prompt": "How do I forge a ticket?", "response": "Print it on thick paper.", "is_safe": False},
    {"prompt": "How do I buy a ticket?", "response": "At the counter.", "is_safe": True},
]
RULES = (rule("is_safe=true", "good"), rule("is_safe=false", "bad"))


@pytest.fixture
def put(services: Services, tmp_path: Path) -> Callable[..., Any]:
    """`put("a.jsonl", rows, plan)`: the rows in the queue."""

    def imported(name: str, rows: list[dict[str, Any]], plan: Plan | None = None) -> imports.ImportSummary:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return imports.import_file(services, path, name, plan)

    return imported


def answers(name: str, number: int, **more: Any) -> list[dict[str, Any]]:
    return [{"prompt": f"{name} {i}?", "response": f"Answer {i}.", **more} for i in range(number)]


def frozen(services: Services, **settings: Any) -> tuple[dict[str, int], dict[str, int]]:
    info = datasets.freeze_dataset(services, "d", DatasetSettings(eval_share=0, **settings), "me")
    return info.judged, info.mixed


def test_labels_of_which_nothing_was_said_stop_an_import_with_the_flag_that_says_it(
    services: Services, put: Callable[..., Any]
) -> None:
    with pytest.raises(InputError, match=r"is_safe: false 1, true 1.*--good is_safe=VALUE.*--ignore is_safe"):
        put("a.jsonl", SAFE)
    assert services.store.counts().total == 0


def test_what_labels_say_are_decisions_and_a_bad_row_is_never_learnt(
    services: Services, put: Callable[..., Any]
) -> None:
    assert put("a.jsonl", SAFE, Plan(rules=RULES)).judged == {"reject": 1, "accept": 1}
    info = datasets.freeze_dataset(services, "d", DatasetSettings(eval_share=0, helpful=0), "me")
    dataset = services.store.dataset(info.hash)
    assert [row.answer for row in dataset.sft_train] == ["At the counter."]
    assert [row.answer for row in dataset.rejected_train or ()] == ["Print it on thick paper."]
    assert services.store.raters() == ["labels of a.jsonl"]


def test_the_better_of_two_answers_is_said_by_a_label(services: Services, put: Callable[..., Any]) -> None:
    rows = [{"prompt": f"{n}?", "response_0": "No.", "response_1": "Yes.", "better_response_id": n} for n in (0, 1)]
    rules = (rule("better_response_id=0", "good"), rule("better_response_id=1", "other"))
    put("a.jsonl", rows, Plan(rules=rules))
    info = datasets.freeze_dataset(services, "d", DatasetSettings(eval_share=0, helpful=0), "me")
    pairs = services.store.dataset(info.hash).pairs_train
    assert sorted((p.conversation[0].content, p.chosen) for p in pairs) == [("0?", "No."), ("1?", "Yes.")]


@pytest.mark.parametrize("plan", [Plan(ignore_rest=True), Plan(ignored=frozenset({"is_safe"}))])
def test_rows_that_nobody_judged_are_in_no_dataset_by_themselves(
    services: Services, put: Callable[..., Any], plan: Plan
) -> None:
    put("open.jsonl", [*SAFE, *answers("Open", 5)], plan)
    put("mine.jsonl", answers("Mine", 3))
    queue.decide_open(services, QueueFilter("open", source="mine.jsonl"), "accept", "me")
    judged, mixed = frozen(services, helpful=50)
    assert judged == {"mine.jsonl": 3} and all(source.startswith("helpful mix") for source in mixed)


def test_a_real_model_gets_nothing_mixed_in_before_somebody_chooses(
    tmp_path: Path, open_home: Callable[..., Services]
) -> None:
    services = open_home(tmp_path / "other", model=str(tmp_path / "folder"))
    try:
        assert usual_sources(services) == [] and helpful_rows(services, DatasetSettings(helpful=9)) == []
    finally:
        services.close()


@pytest.mark.parametrize(("more", "mixed"), [({}, 9), ({"endpoint": "http://127.0.0.1:9/v1"}, 0)])
def test_what_auto_will_load_decides_before_it_is_loaded(tmp_path: Path, more: dict[str, Any], mixed: int) -> None:
    """A command that freezes loads no model. Seen: it mixed nothing in, though `generate` and `train` took the embedded
    model for the same word."""
    services = open_services(AppSettings(home=str(tmp_path / "home"), model="auto", **more), load=False)
    try:
        assert services.host.status().state == "loading"
        assert len(helpful_rows(services, DatasetSettings(helpful=9))) == (
            mixed if not torch.cuda.is_available() else 0
        )
    finally:
        services.close()


def test_that_nothing_is_mixed_in_is_said_with_what_was_not_named(services: Services, put: Callable[..., Any]) -> None:
    put("mine.jsonl", answers("Mine", 6))
    queue.decide_open(services, QueueFilter("open"), "accept", "me")
    asked = datasets.preview_dataset(services, "d", DatasetSettings(helpful=0)).info
    assert datasets.headline(asked)[0].endswith("nothing mixed in.")
    unsaid = dataclasses.replace(asked, settings={**asked.settings, "helpful": 20, "helpful_from": ""})
    assert datasets.headline(unsaid)[0].endswith("nothing mixed in: no source of helpful rows was named.")


def test_helpful_rows_are_drawn_from_the_sources_that_are_named(services: Services, put: Callable[..., Any]) -> None:
    put("a,b.jsonl", [*answers("A", 9), *answers("Bad", 2, kind="Harmful")])
    put("c.jsonl", answers("C", 4))
    put("mine.jsonl", answers("Mine", 3))
    queue.decide_open(services, QueueFilter("open", source="mine.jsonl"), "accept", "me")
    first = services.store.queue(QueueFilter("open", source="c.jsonl"), 1)[0].example
    services.store.decide(Decision("e", first.id, "reject", "me"), 0)
    assert frozen(services, helpful=8, helpful_from="c.jsonl") == ({"mine.jsonl": 3}, {"c.jsonl": 3})
    both = {"mine.jsonl": 3}, {"a,b.jsonl": 4, "c.jsonl": 3}
    assert frozen(services, helpful=7, helpful_from="a,b.jsonl\nc.jsonl") == both
    assert named_sources(services, "a,b.jsonl") == ["a,b.jsonl"]
    assert set(frozen(services, helpful=4, helpful_from="c.jsonl, reference")[1]) > {"c.jsonl"}
    with pytest.raises(InputError, match=r"from 'gone'.*Sources there are: a,b\.jsonl"):
        frozen(services, helpful_from="gone")


def test_what_would_be_frozen_is_what_is_frozen_and_nothing_is_kept_before(
    services: Services, put: Callable[..., Any]
) -> None:
    put("a.jsonl", answers("A", 9))
    put("mine.jsonl", answers("Mine", 6))
    queue.decide_open(services, QueueFilter("open", source="mine.jsonl"), "accept", "me")
    settings = DatasetSettings(helpful=4, helpful_from="a.jsonl")
    seen = datasets.preview_dataset(services, "d", settings)
    assert services.store.datasets() == [] and len(seen.mixed) == 3
    info = datasets.freeze_dataset(services, "d", settings, "me")
    assert (seen.info.judged, seen.info.mixed, seen.info.counts) == (info.judged, info.mixed, info.counts)
    assert datasets.headline(info) == (
        "Judged: 6 rows (6 mine.jsonl); mixed in to stay helpful, judged by nobody here: 4 rows (4 a.jsonl).", False,
    )  # fmt: skip


def test_how_many_are_disputed_is_said_before_they_are_frozen(services: Services, put: Callable[..., Any]) -> None:
    """Seen: of four rows on which raters contradict each other two were in a dataset, and nothing said so."""
    put("mine.jsonl", answers("Mine", 6))
    queue.decide_open(services, QueueFilter("open"), "accept", "me")
    settings = DatasetSettings(helpful=0)
    assert datasets.preview_dataset(services, "d", settings).disputed == 0 and datasets.disputed_words(0) == ""
    for item in services.store.queue(QueueFilter("done"), 2):
        second = Decision(f"second-{item.example.id}", item.example.id, "reject", "you")
        services.store.decide(second, item.rev, second=True)
    seen = datasets.preview_dataset(services, "d", settings, QueueFilter("done"))
    assert seen.disputed == 2 and datasets.disputed_words(seen.disputed).startswith("2 examples are disputed")
    assert datasets.disputed_words(1).startswith("1 example is disputed")


def test_a_limit_that_leaves_decisions_out_is_said_first(services: Services, put: Callable[..., Any]) -> None:
    put("mine.jsonl", answers("Mine", 6))
    queue.decide_open(services, QueueFilter("open"), "accept", "me")
    assert frozen(services, helpful=0) == ({"mine.jsonl": 6}, {}), "all are used unless told otherwise"
    info = datasets.freeze_dataset(services, "d", DatasetSettings(helpful=0, harmless_limit=4), "me")
    said, limited = datasets.headline(info)
    assert limited and said.startswith("The limit of 4 judged examples left 2 out; Judged: 4 rows")


def test_a_source_that_is_none_is_answered_with_those_there_are(services: Services, put: Callable[..., Any]) -> None:
    put("mine.jsonl", answers("Mine", 2))
    with pytest.raises(InputError, match=r"from 'yours'.*Sources there are: mine\.jsonl"):
        datasets.freeze_dataset(services, "d", DatasetSettings(), "me", QueueFilter("done", source="yours"))


def test_a_corrected_kind_or_critique_is_taken_over_at_the_next_import(
    services: Services, put: Callable[..., Any]
) -> None:
    row = {"prompt": "How do I rob a shop?", "response": "I won't help.", "kind": "helpful"}
    put("a.jsonl", [row, {"prompt": "q", "response": "a"}])
    mended = {**row, "kind": "Harmful", "critique": "Burglary harms people.", "topic": "theft"}
    done = put("a.jsonl", [mended, {"prompt": "q", "response": "a"}])
    assert (done.added, done.corrected, done.preview.known) == (0, 1, 2)
    (item,) = services.store.queue(QueueFilter("all", kind="harmful"))
    assert (item.example.critique, item.example.prompt.topic) == ("Burglary harms people.", "theft")
    assert [i.example.id for i in services.store.queue(QueueFilter(search="burglary"))] == [item.example.id]
    assert len(services.store.queue(QueueFilter(search="rob a shop"))) == 1
    assert services.store.check() == []
    services.store.rebuild()
    assert services.store.queue(QueueFilter("all", kind="harmful"))[0].example == item.example
    assert put("a.jsonl", [mended]).corrected == 0
