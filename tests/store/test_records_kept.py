"""Whatever is saved reads back equal, in order, and is named when it is not there."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cai_ui.errors import ConflictError, InputError, NotFoundError, StoreError
from cai_ui.records import (
    Answer,
    Constitution,
    ConstitutionDraft,
    Dataset,
    Evaluation,
    EvaluationInfo,
    Message,
    PreferencePair,
    Principle,
    Prompt,
    Provenance,
    Rate,
    Run,
    SetPrompt,
    Step,
    Trace,
    TrainingExample,
    VariantResult,
    Vote,
)  # fmt: skip
from cai_ui.store import Store, open_store
from cai_ui.store.constitutions import CHANGES_KEPT
from cai_ui.store.encoding import dump, load

ANSWER = Answer("text \x00 \ud800 é", "end", 3, 4, Provenance("m", "b", None, None, 7, {"temperature": 0.5, "k": None}))
TALK = (Message("user", "q"),)
PRINCIPLE = Principle("p1", "Näme", "c\u202e?", "r", tags=("a", "b"), weight=0.5, enabled=False)
CONSTITUTION = Constitution("c", "T", "d", (PRINCIPLE, dataclasses.replace(PRINCIPLE, id="p2", kind="preference")))
DATASET = Dataset(
    "d", (TrainingExample(TALK, "a", "e1", "s"), TrainingExample(TALK, "b", None, "s")), (),
    (PreferencePair(TALK, "good", "bad", "e1", "s"),), (), {"seed": 1, "eval_share": 0.1}, ("h",), {"rejected": 2},
)  # fmt: skip
RUN = Run("r1", "Run", "sft", "queued", "h", {"a": [1, {"b": None}]}, "Ana", "2026-01-01")


def test_constitution_versions(store: Store) -> None:
    first = store.save_version(CONSTITUTION, "Ana", "first")
    again = store.save_version(CONSTITUTION, "Ben", "the same", parent="x")
    changed = dataclasses.replace(CONSTITUTION, title="Other")
    second = store.save_version(changed, "Ben", "", parent=first.hash)
    other = store.save_version(dataclasses.replace(CONSTITUTION, name="n"), "Ben", "")
    assert again == first and first.constitution == CONSTITUTION and first.hash == CONSTITUTION.hash
    assert store.version(second.hash) == second and second.parent == first.hash
    assert store.versions() == [other, second, first] and store.versions("c") == [second, first]
    with pytest.raises(NotFoundError):
        store.version("0" * 64)
    with pytest.raises(InputError):
        store.save_version(dataclasses.replace(CONSTITUTION, title="\ud800"), "Ana", "")
    with pytest.raises(InputError):
        bad = dataclasses.replace(PRINCIPLE, weight=float("nan"))
        store.save_version(dataclasses.replace(CONSTITUTION, principles=(bad,)), "Ana", "")


def test_constitution_drafts_are_per_name_and_author(store: Store) -> None:
    base = store.save_version(CONSTITUTION, "Ana", "").hash
    later = dataclasses.replace(CONSTITUTION, title="Later")
    assert store.draft("c", "Ana") is None
    store.save_draft(dataclasses.replace(CONSTITUTION, title="First"), "Ana", base)
    store.save_draft(later, "Ana", base)
    assert store.draft("c", "Ana") == ConstitutionDraft(later, base) and store.draft("c", "Ben") is None
    store.save_draft(CONSTITUTION, "Ana", base)
    assert store.draft("c", "Ana") is None, "it equals the version it began from"


def test_the_last_changes_of_a_draft_can_be_taken_back(store: Store) -> None:
    base = store.save_version(CONSTITUTION, "Ana", "").hash
    steps = [CONSTITUTION, *(dataclasses.replace(CONSTITUTION, title=f"T{n}") for n in range(CHANGES_KEPT + 2))]
    for before, after in itertools.pairwise(steps):
        store.save_draft(after, "Ana", base, before=before)
    store.save_draft(steps[1], "Ben", base, before=CONSTITUTION)
    for after in reversed(steps[-CHANGES_KEPT:]):
        change = store.last_change("c", "Ana")
        assert change is not None and change.after == after
        store.save_draft(change.before, "Ana", base, undone=change)
    assert store.last_change("c", "Ana") is None and store.last_change("c", "Ben") is not None
    assert store.draft("c", "Ana") == ConstitutionDraft(steps[2], base)


def refuse(store: Store, table: str) -> None:
    """From now on nothing can be written into a table."""
    with store._db.write("Test") as connection:
        if store._db.is_sqlite:
            connection.exec_driver_sql(
                f"create trigger no before insert on {table} begin select raise(abort, 'no'); end"
            )
        else:
            connection.exec_driver_sql(f"alter table {table} add constraint no check (false) not valid")


def test_a_draft_is_saved_with_its_change_or_not_at_all(store: Store) -> None:
    base = store.save_version(CONSTITUTION, "Ana", "").hash
    refuse(store, "draft_changes")
    with pytest.raises(StoreError):
        store.save_draft(dataclasses.replace(CONSTITUTION, title="Later"), "Ana", base, before=CONSTITUTION)
    assert store.draft("c", "Ana") is None


def test_a_version_is_saved_with_what_belongs_to_it_or_not_at_all(store: Store) -> None:
    base = store.save_version(CONSTITUTION, "Ana", "").hash
    later = dataclasses.replace(CONSTITUTION, title="Later")
    store.save_draft(later, "Ana", base)
    refuse(store, "settings")
    with pytest.raises(StoreError):
        store.save_version(later, "Ana", "", settings={"x": 1}, ends_draft=True)
    assert len(store.versions()) == 1 and store.draft("c", "Ana") is not None
    store.save_version(later, "Ana", "", ends_draft=True)
    assert len(store.versions()) == 2 and store.draft("c", "Ana") is None


def test_prompt_sets(store: Store) -> None:
    prompts = [SetPrompt((Message("user", f"Q{n}"),), "harmful" if n % 2 else "unknown", "t") for n in range(700)]
    talk = SetPrompt((*TALK, Message("assistant", "a"), Message("user", "Q1")), "twin")
    one = store.save_prompt_set("one", "One", [*prompts, talk])
    two = store.save_prompt_set("two", "Two", [dataclasses.replace(prompts[1], kind="helpful"), talk])
    assert one.kinds == {"unknown": 350, "harmful": 350, "twin": 1} and (one.count, one.heldout) == (701, False)
    assert store.prompt_sets() == [one, two] and store.prompt_set("two") == two
    places = [700, 3, *range(600), 9_999]
    assert store.set_prompts("one", places) == [talk, prompts[3], *prompts[:600]]
    assert store.find_prompt(SetPrompt((Message("user", "Q1"),))) == ("one", prompts[1])
    assert store.find_prompt(talk) == ("one", talk) and store.find_prompt(SetPrompt(TALK)) is None
    again = store.save_prompt_set("one", "Renamed", prompts[2:4])
    assert (again.count, again.created_at) == (2, one.created_at) and store.prompt_sets() == [again, two]
    assert store.set_prompts("one", range(5)) == prompts[2:4]
    assert store.find_prompt(SetPrompt((Message("user", "Q1"),)))[0] == "two"  # type: ignore[index]
    with pytest.raises(NotFoundError):
        store.prompt_set("three")


def test_a_set_that_cannot_be_kept_whole_leaves_the_old_one(store: Store) -> None:
    kept = store.save_prompt_set("one", "One", [SetPrompt(TALK)])
    refuse(store, "prompts")
    with pytest.raises(StoreError):
        store.save_prompt_set("one", "Other", [SetPrompt(TALK), SetPrompt((Message("user", "Q1"),))])
    assert store.prompt_sets() == [kept] and store.set_prompts("one", [0, 1]) == [SetPrompt(TALK)]


def test_traces_grow_step_by_step(tmp_path: Path) -> None:
    trace = Trace("t1", Prompt("p", "q", "harmful"), TALK, "h", seed=5, parent="t0")
    steps = (
        Step("draft", "a \x00 b", answer=ANSWER),
        Step("critique", "c", "why?", "p1", ANSWER, "model's"),
        Step("revision", "\ud800 kept"),
    )
    with open_store(tmp_path) as store:
        started = store.start_trace(trace)
        assert started.created_at and dataclasses.replace(started, created_at="") == trace
        for step in steps[:2]:
            store.append_step("t1", step)
        with pytest.raises(ConflictError):
            store.start_trace(trace)
    with open_store(tmp_path) as store:
        assert store.trace("t1").steps == steps[:2]
        store.append_step("t1", steps[2])
        assert store.trace("t1") == dataclasses.replace(started, steps=steps)
        store.replace_steps("t1", steps[:1])
        assert store.trace("t1").steps == steps[:1]
        newer = store.start_trace(dataclasses.replace(trace, id="t2", steps=steps))
        assert store.traces(10, 0) == [newer, store.trace("t1")] and store.count_traces() == 2
        assert store.traces(1, 1) == [store.trace("t1")]
        for missing in (lambda: store.trace("x"), lambda: store.append_step("x", steps[0])):
            with pytest.raises(NotFoundError):
                missing()


def test_traces_are_found_newest_first_however_many_there_are(store: Store) -> None:
    for n in range(450):
        step = Step("draft", f"The {n % 3}nd answer")
        store.start_trace(Trace(f"t{n}", Prompt("p", "q"), TALK, "c", (step,)))
    right = [f"t{n}" for n in reversed(range(450)) if n % 3 == 2]
    assert [trace.id for trace in store.find_traces("2ND", 1_000)] == right
    assert [trace.id for trace in store.find_traces("2nd", 5)] == right[:5]
    assert [trace.id for trace in store.find_traces("2nd", 1_000, among=300)] == right[:100]
    assert store.find_traces("conversation", 1_000) == [], "the name of a field is no text"


def test_datasets(store: Store) -> None:
    info = store.save_dataset(DATASET, "Ana")
    assert info.hash == DATASET.hash and list(info.counts.values()) == [2, 0, 1, 0]
    assert store.save_dataset(DATASET, "Ben") == info
    second = store.save_dataset(dataclasses.replace(DATASET, name="e"), "Ben")
    assert store.datasets() == [second, info] and store.dataset(info.hash) == DATASET
    assert store.dataset_rows(info.hash, "sft_train", 1, 1) == [DATASET.sft_train[1]]
    with pytest.raises(NotFoundError):
        store.dataset("0" * 64)
    with pytest.raises(InputError):
        store.save_dataset(dataclasses.replace(DATASET, name="\x00"), "Ana")


def test_a_dataset_changed_behind_our_back_is_refused(store: Store) -> None:
    info = store.save_dataset(DATASET, "Ana")
    with store._db.write("Test") as connection:
        connection.exec_driver_sql("delete from dataset_rows where part = 'pairs_train'")
    with pytest.raises(StoreError, match="no longer fits"):
        store.dataset(info.hash)


def test_runs(store: Store) -> None:
    assert store.create_run(RUN) == RUN == store.run("r1")
    second = store.create_run(dataclasses.replace(RUN, id="r2", created_at=""))
    assert second.created_at and store.runs() == [second, RUN]
    changed = store.update_run("r1", state="running", step=3, summary={"loss": [0.5]})
    assert changed == store.run("r1") and (changed.state, changed.step) == ("running", 3)
    with pytest.raises(ConflictError):
        store.create_run(RUN)
    with pytest.raises(NotFoundError):
        store.update_run("nope", step=1)
    with pytest.raises(TypeError):
        store.update_run("r1", colour="red")
    assert store.run("r1") == changed


def test_votes_and_evaluations(store: Store) -> None:
    vote = Vote("v1", "q", "base", "r1", ANSWER, ANSWER, "tie", "Ana")
    saved = store.add_vote(vote)
    assert saved.at and store.add_vote(vote) == saved and store.votes(10) == [saved]
    with pytest.raises(ConflictError):
        store.add_vote(dataclasses.replace(vote, choice="left"))
    result = VariantResult("base", "harmful", Rate(1, 2, 0, 0.5, 0.1, 0.9), Rate(0, 0), Rate(0, 0), None, None)
    one = store.save_evaluation(Evaluation("v", (result,), ({"a": [1, "\ud800"]},), {"n": 1}, "phrases"))
    two = store.save_evaluation(Evaluation("w", (), (), {}, "phrases"))
    infos = [EvaluationInfo(e.id, e.results, e.settings, e.reader, e.created_at, len(e.rows)) for e in (two, one)]
    assert store.evaluations() == infos and store.evaluation("v") == one
    assert store.answer("v", 0) == one.rows[0]
    with pytest.raises(NotFoundError):
        store.evaluation("x")


def test_settings(store: Store) -> None:
    assert store.get_setting("a", 5) == 5 and store.get_setting("a") is None
    store.set_setting("a", {"x": [1, None, "é"]})
    store.set_setting("a", {"x": [2]})
    assert store.get_setting("a") == {"x": [2]}
    for bad in (float("nan"), object()):
        with pytest.raises(InputError):
            store.set_setting("a", bad)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(exclude_categories=())), st.none() | st.text(), st.lists(st.text()))
def test_any_text_survives_encoding(text: str, maybe: str | None, tags: list[str]) -> None:
    step = Step("draft", text, principle_id=maybe, answer=dataclasses.replace(ANSWER, text=text))
    assert load(Step, dump(step)) == step
    principle = dataclasses.replace(PRINCIPLE, tags=tuple(tags), critique_request=text)
    assert load(Constitution, dump(Constitution("c", "t", text, (principle,)))).principles == (principle,)


def test_the_same_tables_can_be_made_in_postgresql() -> None:
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateIndex, CreateTable

    from cai_ui.store import schema

    for table in schema.metadata.sorted_tables:
        assert CreateTable(table).compile(dialect=postgresql.dialect())
        for index in table.indexes:
            assert CreateIndex(index).compile(dialect=postgresql.dialect())
