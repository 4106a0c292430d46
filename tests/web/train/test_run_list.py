"""The list of runs: found, sorted, tagged, opened, compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.web.train import run_card, run_list
from cai_ui.web.train.tab import TrainTab

from .runs import RUN, ended


def test_the_list_of_runs_changes_only_where_something_changed(train: TrainTab) -> None:
    box, store = train.result, train.result.services.store
    several = box.beside.several
    asked = {
        box.filter: "all", box.find: "", box.order: run_list.Order(), several: ["run-1", "gone"], box.listed: {},
        box.run: "run-1", box.trashed: None,
    }  # fmt: skip
    assert not box._look(asked)[box.box]["visible"]
    store.create_run(replace(RUN, state="done", adapter="run-1"))
    first = box._look(asked)
    assert first[box.next]["visible"] and first[several]["value"] == ["run-1"]
    assert list(box._look({**asked, several: [], box.listed: first[box.listed]})) == [box.listed]
    store.create_run(replace(RUN, id="run-2", name="second", state="done"))
    for id in ("run-1", "run-2"):
        store.update_run(id, trashed_at="2026-11-01T00:00:00+00:00")
    chosen = {**asked, several: [], box.trashed: "run-1"}
    assert "value" not in box._look(chosen)[box.trashed] and "value" not in box._look(chosen)[several]
    assert box._look({**chosen, box.trashed: "gone"})[box.trashed]["value"] in ("run-1", "run-2")


@pytest.mark.parametrize(
    ("chosen", "states"),
    [("all", 9), ("active", 4), ("done", 1), ("interrupted", 4), ("SFT", 9), ("DPO", 0)],
)
def test_the_list_can_be_filtered(chosen: str, states: int) -> None:
    assert len(run_list.filtered([ended(state) for state in run_card.STATES], chosen)) == states


def test_runs_are_found_sorted_and_tagged() -> None:
    a = ended("done", id="a", name="Alpha", note="first try #lora #base-line\n#late", summary={"last_loss": 0.5})
    b = ended("done", id="b", name="beta", summary={"last_loss": 0.25}, created_at="2026-01-02T10:00:00+00:00")
    c = ended("failed", id="c", name="gamma #notatag", note="see a#b", created_at="2026-01-03T10:00:00+00:00")
    assert run_list.tags(a) == ["#lora", "#base-line", "#late"] and run_list.tags(c) == []
    assert [run_list.filtered([a, b, c], "all", find) for find in ("", "#LORA try", "#lora gamma", "b")] == [
        [a, b, c], [a], [], [a, b, c],
    ]  # fmt: skip
    orders = [run_list.Order("Loss", False), run_list.Order("Loss", True), run_list.Order("Run", False)]
    assert ["".join(r.id for r in run_list.ordered([c, a, b], one)) for one in orders] == ["bac", "abc", "abc"]
    html = run_list.runs_html([a, replace(b, trashed_at="2026-01-02T10:00:00+00:00")], order=orders[0])
    assert html.count('data-field="train-open"') == 1 and 'value="tag:#lora"' in html
    assert html.count("aria-sort") == 1 and 'aria-sort="ascending"' in html and "Loss ↑" in html


def test_every_column_sorts_whatever_a_run_lacks(train: TrainTab) -> None:
    runs = [RUN, ended("done", summary={"last_loss": 1.0, "held_out_loss": 2.0}), replace(RUN, started_at=None)]
    for column in run_list._VALUES:
        for _ in range(2):
            order = train.result._sort(f"sort:{column}", run_list.Order())[train.result.order]
            assert len(run_list.ordered(runs, order)) == 3
    assert train.result._sort("tag:#x", run_list.Order()) == {train.result.find: "#x"}


def test_the_name_of_a_run_in_the_list_opens_it(train: TrainTab) -> None:
    box, store = train.result, train.result.services.store
    store.create_run(replace(RUN, state="done"))
    assert box.open_run("run-1")[box.run]["value"] == "run-1"
    store.update_run("run-1", trashed_at="2026-01-02T10:00:00+00:00")
    with pytest.raises(InputError, match="not in the list any more"):
        box.open_run("run-1")


def test_settings_of_several_runs_are_compared() -> None:
    one = replace(RUN, config=TrainSettings(rank=8).model_dump())
    other = replace(RUN, id="run-2", name="<i>", method="dpo", config=TrainSettings(rank=16).model_dump())
    old = replace(one, id="run-3", config={"rank": 8})
    html = run_list.differences_html([one, other])
    assert "Rank" in html and "DPO" in html and "Learning rate" not in html and "<i>" not in html
    assert "–" in run_list.differences_html([one, old]), "what an older run did not know"
    assert "the same method, data" in run_list.differences_html([one, one])
    assert run_list.differences_html([one]) == ""
