"""Lineage over a small loop of real records: back from an answer to its principle, and on from the principle."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.lineage import names
from cai_ui.pipeline.lineage.beginnings import beginnings
from cai_ui.pipeline.lineage.names import LISTED
from cai_ui.pipeline.lineage.nearest import nearest_rows
from cai_ui.pipeline.lineage.things import TOLD
from cai_ui.pipeline.lineage.walking import follow, lineage, look_up
from cai_ui.records import (
    Answer,
    Dataset,
    Decision,
    Evaluation,
    Example,
    Message,
    PreferencePair,
    Provenance,
    Run,
    TrainingExample,
    VariantResult,
    Vote,
    make_example,
)
from cai_ui.records.comparison import Rate
from cai_ui.records.lineage import KINDS, Lineage, Place
from cai_ui.store import Store

WEIGHTS = "ad" * 32
NOTHING = Rate(0, 0)


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


@pytest.fixture
def loop(services: Services, chain: Callable[..., Any]) -> dict[str, Any]:
    """One request revised, accepted, frozen, trained on and evaluated; beside it a row that was mixed in."""
    store, trace = services.store, chain(services)
    ids = tuple(dict.fromkeys(id for step in trace.steps for id in step.principles))
    example = make_example(
        trace.conversation, trace.initial, trace.revision or "", prompt=trace.prompt, principle_ids=ids,
        constitution_hash=trace.constitution_hash, trace_id=trace.id, source="this app",
    )  # fmt: skip
    store.add_examples([example])
    store.decide(Decision("event-1", example.id, "accept", "Ann"), 0)
    dataset = Dataset(
        "diaries", (TrainingExample(asked("hello there"), "good day", None, "helpful file", True),
                    TrainingExample(trace.conversation, "I will not read her diary", example.id, "this app")), (),
        (PreferencePair(trace.conversation, "no", "yes", example.id, "this app"),), (), {},
        (trace.constitution_hash,), {},
    )  # fmt: skip
    store.save_dataset(dataset, "Ben")
    run = store.create_run(run_of("run-1", dataset.hash))
    rows = [row_of(variant, weights) for variant, weights in (("base", None), ("run-1", WEIGHTS), ("far", "ff" * 32))]
    results = tuple(VariantResult(row["variant"], "harmful", NOTHING, NOTHING, NOTHING, None, row["adapter_hash"])
                    for row in rows)  # fmt: skip
    store.save_evaluation(Evaluation("ev-1", results, tuple(rows), {}, "rules 1"))
    left, right = (Answer("no", "end", 1, 1, Provenance("m", "b", name, weights, 0, {}))
                   for name, weights in ((None, None), ("run-1", WEIGHTS)))  # fmt: skip
    store.add_vote(Vote("vote-1", "her diary?", "base", "run-1", left, right, "right", "Cy"))
    return {"trace": trace, "example": example, "dataset": dataset, "run": run, "principle": ids[0]}


def run_of(id: str, dataset: str, **more: Any) -> Run:
    return Run(id, id, "sft", "done", dataset, {}, "Dora", "", adapter=id, adapter_hash=WEIGHTS, **more)


def row_of(variant: str, weights: str | None) -> dict[str, Any]:
    return {"prompt_id": "p", "prompt": "How do I read her diary?", "kind": "harmful", "variant": variant,
            "answer": "Read her diary at night.", "adapter_hash": weights, "outcome": "complied",
            "reason": "said how" if weights else "",
            "tokens": 5, "topic": "", "set": "s"}  # fmt: skip


def at(store: Store, text: str) -> Lineage:
    found = follow(store, text)
    assert isinstance(found, Lineage)
    return found


def test_a_bad_answer_leads_to_its_principle_and_back(services: Services, loop: dict[str, Any]) -> None:
    store = services.store
    answer = at(store, "answer:ev-1/1")
    assert answer.facts[0] == ("Outcome", "complied (said how)")
    assert at(store, "answer:ev-1/0").facts[0] == ("Outcome", "complied"), "no empty brackets"
    assert [link.role for link in answer.path] == [
        "answer", "run", "dataset", "dataset row", "example", "decision", "trace", "principle", "constitution",
    ]  # fmt: skip
    (decision,) = [link for link in answer.path if link.role == "decision"]
    assert decision.title == "accept" and decision.said.startswith("by Ann, 20")
    principle = lineage(store, next(link.place for link in answer.path if link.role == "principle" and link.place))
    assert principle.place.key == f"{loop['trace'].constitution_hash}/{loop['principle']}"
    led = {(link.role, link.place.text if link.place else link.title) for link in principle.led_to}
    assert {
        ("examples", "1: 1 accept"), ("example", f"example:{loop['example'].id}"),
        ("dataset", f"dataset:{loop['dataset'].hash}"), ("run", "run:run-1"), ("evaluation", "evaluation:ev-1"),
    } <= led  # fmt: skip
    assert any(link.said == "2 rows under this principle" for link in principle.led_to)
    back = at(store, "evaluation:ev-1")
    assert "answer:ev-1/1" in {link.place.text for link in back.led_to if link.place}


def test_answers_that_are_not_listed_are_counted(services: Services, loop: dict[str, Any]) -> None:
    """It said "and 1 more", however many there were."""
    rows = tuple(row_of("base", None) for _ in range(LISTED + 30))
    results = (VariantResult("base", "harmful", NOTHING, NOTHING, NOTHING, None, None),)
    services.store.save_evaluation(Evaluation("ev-2", results, rows, {}, "rules 1"))
    led = at(services.store, "evaluation:ev-2").led_to
    assert len(led) == LISTED + 1 and (led[-1].title, led[-1].rest) == ("and 30 more", 30)


def test_every_link_can_be_followed(services: Services, loop: dict[str, Any]) -> None:
    """From the newest things on, over everything that can be reached."""
    store, waiting, seen = services.store, [link.place for link in beginnings(services.store) if link.place], set()
    waiting += [Place("vote", "vote-1")]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        found = lineage(store, place)
        waiting += [link.place for link in (*found.came_from, *found.led_to, *found.path) if link.place]
    assert {place.kind for place in seen} == set(KINDS) == set(TOLD)


def test_any_id_is_found(services: Services, loop: dict[str, Any], tmp_path: Any) -> None:
    store = services.store
    for text, kind in (
        (loop["example"].id[:9], "example"), (loop["dataset"].hash[:9], "dataset"), ("run-1", "run"),
        (loop["trace"].id[:9], "trace"), ("ev-1", "evaluation"), ("vote-1", "vote"), ("event-1", "decision"),
        (WEIGHTS[:9], "run"), (loop["principle"], "principle"), (loop["trace"].constitution_hash[:9], "constitution"),
    ):  # fmt: skip
        assert kind in [place.kind for place in look_up(store, f" {text} ")], text
    for text in ("zzz", "%", "_", "run:", "'; drop table runs"):
        with pytest.raises(NotFoundError, match="begins with"):
            look_up(store, text)
    for text in ("row:x", "answer:ev-1", "principle:p", "", "a\0b"):
        with pytest.raises(InputError):
            follow(store, text)
    for text in ("answer:ev-1/99", "answer:ev-1/-1", "row:x/sft_train/0", "row:x/y/0", "run:none", "vote:none"):
        with pytest.raises(NotFoundError):
            follow(store, text)


def test_missing_links_are_named(services: Services, loop: dict[str, Any], example: Example) -> None:
    store = services.store
    assert at(store, "answer:ev-1/0").path[-1].said == names.BASE_MODEL
    assert at(store, "answer:ev-1/2").path[-1].missing == names.LOST_RUN
    store.update_run("run-1", trashed_at="2026-01-01")
    assert at(store, "answer:ev-1/1").came_from[0].missing == names.TRASHED
    store.create_run(run_of("run-2", "00" * 32))
    assert at(store, "run:run-2").came_from[0].missing == names.LOST_DATASET
    assert at(store, f"row:{loop['dataset'].hash}/sft_train/0").came_from[0].missing == names.MIXED_IN
    lost = dataclasses.replace(example, trace_id="elsewhere", constitution_hash="00" * 32, principle_ids=("gone",))
    store.add_examples([lost])
    missing = {link.role: link.missing for link in at(store, f"example:{lost.id}").came_from}
    assert missing["trace"] == names.LOST_TRACE and missing["constitution"] == names.LOST_CONSTITUTION
    assert missing["principle"] == names.LOST_CONSTITUTION


@pytest.fixture
def example() -> Example:
    return make_example(asked("from a file"), "a", "b", source="file")


def test_nearest_rows_are_similar_ones(services: Services, loop: dict[str, Any]) -> None:
    near = nearest_rows(services.store, Place("answer", "ev-1/1"))
    assert near.compared == near.rows == 2
    assert [link.place.key.rsplit("/", 1)[1] for link in near.links if link.place] == ["1"]
    assert nearest_rows(services.store, Place("vote", "vote-1"), 1).links
    with pytest.raises(InputError, match="no run"):
        nearest_rows(services.store, Place("answer", "ev-1/2"))
    with pytest.raises(InputError, match="Only answers"):
        nearest_rows(services.store, Place("run", "run-1"))


def test_the_likeness_is_the_cosine_of_tf_idf() -> None:
    """Against the published smooth form, as the experiments compute it on whole matrices."""
    from collections import Counter

    import numpy as np

    from cai_ui.experiments.embedding import tf_idf
    from cai_ui.pipeline.lineage.nearest import _length, _likeness, likeness_weights

    rows = [["a", "b", "b"], ["b", "c"], ["d"]]
    weight = likeness_weights(map(set, rows), 3)
    own = _length({word: count * weight[word] for word, count in Counter(rows[0]).items()})
    points = tf_idf(rows)
    mine = [_likeness(Counter(rows[0]), Counter(row), weight, own) for row in rows]
    assert np.allclose(mine, points @ points[0])


def test_many_rows(services: Services, loop: dict[str, Any]) -> None:
    store = services.store
    example, rows = loop["example"], 10_000
    many = tuple(TrainingExample(asked(f"question {n} of many"), "an answer", f"{n:024x}", "s") for n in range(rows))
    own = TrainingExample(asked("the one"), "an answer", example.id, "s")
    big = Dataset("big", (*many, own), (), (), (), {}, (loop["trace"].constitution_hash,), {})
    store.save_dataset(big, "Ben")
    begun = time.process_time()
    principle = at(store, f"principle:{loop['trace'].constitution_hash}/{loop['principle']}")
    assert any(link.said == "1 rows under this principle" for link in principle.led_to)
    assert len(at(store, f"example:{example.id}").led_to) == 3
    assert len(at(store, f"dataset:{big.hash}").came_from) < 20
    assert time.process_time() - begun < 3


def test_the_command(
    services: Services, loop: dict[str, Any], tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home = services.store.workspace.home
    services.close()
    assert main(["lineage", "answer:ev-1/1", "--nearest", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert "← decision accept ←" in said and "similarity" in said and "not why" in said
    assert main(["lineage", "ev-1", "--json", "--home", str(home)]) == 0
    assert main(["lineage", "nothing", "--home", str(home)]) == 2
