"""The pipeline on real parts: scripted model, real workspace; what is stored, what survives, what is refused."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cai_ui import pipeline, revise
from cai_ui.config import AppSettings, CompareSettings, DatasetSettings, RevisionSettings, Sampling
from cai_ui.engine.scripted import ScriptedEngine
from cai_ui.errors import (
    ConflictError,
    ConstitutionError,
    EngineError,
    FileFormatError,
    InputError,
    NotFoundError,
    StoreError,
)
from cai_ui.pipeline import QueueFilter, Reroll, Services
from cai_ui.pipeline.services import EngineHost
from cai_ui.records import Decision, Principle

TWICE = RevisionSettings(revisions=2)


def open_home(home: Path, model: str = "scripted") -> Services:
    services = pipeline.open_services(AppSettings(home=str(home), model=model))
    if model == "scripted":
        services.engine(20)
    return services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_home(tmp_path / "home")
    yield opened
    opened.close()


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def in_use(services: Services) -> str:
    return pipeline.current_constitution(services).hash


def chain(services: Services, prompt: str = "How do I read her diary?", seed: int = 1, **rest: Any) -> Any:
    events = list(pipeline.start_chain(services, prompt, in_use(services), TWICE, Sampling(seed=seed), **rest))
    return pipeline.trace(services, events[-1].trace.id)


# The model


def test_services_are_there_before_the_model(tmp_path: Path) -> None:
    began = time.monotonic()
    services = open_home(tmp_path, "no/such-model-here")
    assert time.monotonic() - began < 5
    assert pipeline.current_constitution(services).constitution.name == "harmlessness"
    with pytest.raises(EngineError):
        services.engine()
    until(lambda: pipeline.engine_status(services).state == "failed")
    with pytest.raises(EngineError, match="Everything else works"):
        chain(services)
    assert pipeline.arms(services) == []
    assert pipeline.arm_titles(services) == {"base": "Base model"}
    pipeline.choose_model(services, "scripted")
    assert services.engine(20).name == "scripted"
    services.close()


def test_only_the_model_chosen_last_is_kept() -> None:
    host = EngineHost(lambda engine: None)
    for _ in range(5):
        host.load(AppSettings(model="/nowhere/at/all"))
    host.load(AppSettings(model="scripted"))
    assert host.get(20).name == "scripted"
    time.sleep(0.1)
    assert host.status().state == "ready"


def test_the_model_cannot_be_exchanged_under_a_batch(services: Services) -> None:
    gate = threading.Event()
    services.batch.start(lambda stop: iter(lambda: gate.wait(10), True), 0)
    with pytest.raises(ConflictError, match="in use by a batch"):
        pipeline.choose_model(services, "scripted")
    gate.set()
    assert services.batch.wait(5)
    pipeline.choose_model(services, "scripted")


def test_a_second_process_on_the_same_workspace_is_refused(services: Services) -> None:
    with pytest.raises(StoreError):
        open_home(Path(services.settings.home))


# Principles


def test_shipped_constitutions_are_versions_and_are_not_saved_twice(tmp_path: Path) -> None:
    for _ in range(2):
        services = open_home(tmp_path)
        names = [v.constitution.name for v in pipeline.versions(services)]
        services.close()
        assert len(names) == len(set(names)) >= 5


def test_the_constitution_in_use_is_remembered(tmp_path: Path) -> None:
    services = open_home(tmp_path)
    other = next(v for v in pipeline.versions(services) if v.hash != in_use(services))
    pipeline.use_constitution(services, other.hash)
    services.close()
    again = open_home(tmp_path)
    assert in_use(again) == other.hash
    with pytest.raises(NotFoundError):
        pipeline.use_constitution(again, "0" * 64)
    again.close()


def test_a_constitution_goes_out_as_yaml_and_comes_back_as_the_same_version(services: Services) -> None:
    path = pipeline.export_constitution(services, in_use(services))
    assert path.parent == pipeline.download_folder(services)
    assert pipeline.import_constitution(services, path, "me").hash == in_use(services)


def test_a_file_that_does_not_fit_saves_nothing(services: Services, tmp_path: Path) -> None:
    before = pipeline.versions(services)
    path = tmp_path / "broken.yaml"
    path.write_text("name: x\nprinciples:\n  - id: [\n", encoding="utf-8")
    with pytest.raises(FileFormatError, match="line"):
        pipeline.import_constitution(services, path, "me")
    path.write_bytes(b"x" * 300_000)
    with pytest.raises(FileFormatError, match="256 kB"):
        pipeline.import_constitution(services, path, "me")
    assert pipeline.versions(services) == before


def test_drafts_keep_what_cannot_be_saved_yet(services: Services) -> None:
    base = pipeline.current_constitution(services)
    bad = dataclasses.replace(base.constitution, principles=(Principle("a", "A", "", ""),))
    pipeline.save_draft(services, bad, "me", base.hash)
    assert pipeline.load_draft(services, base.constitution.name, "me") == (bad, base.hash)
    assert pipeline.load_draft(services, base.constitution.name, "you") is None
    with pytest.raises(ConstitutionError):
        pipeline.save_constitution(services, bad, "me", "", base.hash)
    pipeline.drop_draft(services, base.constitution.name, "me")
    assert pipeline.load_draft(services, base.constitution.name, "me") is None


# Chains


def test_each_step_is_stored_before_its_event(services: Services) -> None:
    for event in pipeline.start_chain(services, "Hello there", in_use(services), TWICE, Sampling()):
        stored = pipeline.trace(services, event.trace.id)
        assert stored.steps == event.trace.steps


def test_a_refused_request_leaves_no_trace(services: Services) -> None:
    services.host.use(ScriptedEngine(context_length=100))
    for text in ("", "a\x00b", "word " * 5000, "word " * 150):
        with pytest.raises(InputError):
            chain(services, text)
    assert pipeline.count_traces(services) == 0


def test_the_same_seed_gives_the_same_chain(services: Services) -> None:
    assert chain(services, seed=9).steps == chain(services, seed=9).steps


def test_stop_keeps_the_finished_steps_after_a_restart(tmp_path: Path) -> None:
    services = open_home(tmp_path)
    flag = threading.Event()
    last = None
    for event in pipeline.start_chain(services, "Hello", in_use(services), TWICE, Sampling(), flag):
        last = event.trace
        if event.step is not None and event.kind == "critique":
            flag.set()
    assert last is not None
    services.close()
    again = open_home(tmp_path)
    assert [step.kind for step in pipeline.trace(again, last.id).steps] == ["draft", "critique"]
    again.close()


def test_a_step_made_again_is_a_branch_with_the_same_principles(services: Services) -> None:
    before = chain(services)
    events = list(pipeline.reroll(services, before.id, 2, Reroll(77)))
    after = pipeline.trace(services, events[-1].trace.id)
    assert after.steps == events[-1].trace.steps
    assert (after.parent, after.steps[:2]) == (before.id, before.steps[:2])
    assert [s.principle_id for s in after.steps] == [s.principle_id for s in before.steps]
    seeds = [s.answer.provenance.seed for s in after.steps[2:] if s.answer]
    assert not set(seeds) & {s.answer.provenance.seed for s in before.steps if s.answer}
    assert pipeline.trace(services, before.id) == before
    assert pipeline.family(services, after.id) == [before, after] == pipeline.family(services, before.id)


def test_a_step_made_again_with_its_own_seed_is_the_same(services: Services) -> None:
    before = chain(services, seed=5)
    again = list(pipeline.reroll(services, before.id, 0, Reroll(5)))[-1].trace
    assert again.steps == before.steps


def test_a_step_is_made_again_under_another_principle_and_temperature(services: Services) -> None:
    before = chain(services)
    used = before.steps[1].principle_id
    other = next(p for p in pipeline.current_constitution(services).constitution.principles if p.id != used)
    after = list(pipeline.reroll(services, before.id, 1, Reroll(3, 0.0, other.id)))[-1].trace
    assert [step.principle_id for step in after.steps[1:3]] == [other.id, other.id]
    assert after.steps[1].request == other.critique_request
    assert all(s.answer.provenance.sampling["temperature"] == 0 for s in after.steps[1:] if s.answer)
    deeper = list(pipeline.reroll(services, after.id, 2, Reroll(4)))[-1].trace
    assert [t.id for t in pipeline.family(services, deeper.id)] == [before.id, after.id, deeper.id]


def test_a_stop_before_a_branch_has_begun_leaves_nothing_behind(services: Services) -> None:
    before = chain(services)
    flag = threading.Event()
    flag.set()
    assert list(pipeline.reroll(services, before.id, 1, Reroll(7), flag)) == []
    assert pipeline.family(services, before.id) == [before]
    with pytest.raises(InputError, match="no step"):
        list(pipeline.reroll(services, before.id, 9, Reroll(7)))


def test_an_edited_step_is_a_branch_that_can_go_on(services: Services) -> None:
    before = chain(services)
    edited = pipeline.edit_step(services, before.id, 1, "It harms her.")
    assert [step.kind for step in edited.steps] == ["draft", "critique"]
    assert edited.steps[1].model_text == before.steps[1].text
    assert pipeline.missing_steps(edited) == 3
    done = list(pipeline.go_on(services, edited.id))[-1].trace
    assert (len(done.steps), pipeline.missing_steps(done)) == (5, 0)
    assert done.steps[2].request == next(
        p.revision_request
        for p in pipeline.current_constitution(services).constitution.principles
        if p.id == before.steps[1].principle_id
    )
    assert list(pipeline.go_on(services, edited.id)) == []


def test_a_stopped_chain_goes_on_as_if_it_had_not_been_stopped(services: Services) -> None:
    whole = chain(services, seed=8)
    flag = threading.Event()
    for event in pipeline.start_chain(
        services, "How do I read her diary?", in_use(services), TWICE, Sampling(seed=8), flag
    ):
        if event.step is not None and event.kind == "critique":
            flag.set()
    half = pipeline.recent_traces(services, 1)[0]
    assert len(half.steps) == 2
    list(pipeline.go_on(services, half.id))
    assert pipeline.trace(services, half.id).steps == whole.steps


def test_a_persons_labels_overrule_the_computed_ones_until_they_are_taken_back(services: Services) -> None:
    trace = chain(services)
    labelled = pipeline.label_step(services, trace.id, 1, ["no finding", "truncated"])
    assert revise.labels_of(labelled, 1) == ("no finding", "truncated")
    back = pipeline.label_step(services, trace.id, 1, None)
    assert back == trace
    with pytest.raises(InputError, match="no label"):
        pipeline.label_step(services, trace.id, 1, ["nice"])


def test_a_chain_replays_the_same_and_names_the_cause_where_it_does_not(services: Services) -> None:
    trace = chain(services)
    assert (pipeline.replay_chain(services, trace.id).same, len(trace.steps)) == (5, 5)
    other = ScriptedEngine(lambda request: "Something else.")
    other.base_hash = "0" * 64
    services.host.use(other)
    found = pipeline.replay_chain(services, trace.id).difference
    assert found is not None
    assert (found.index, found.again) == (0, "Something else.")
    assert "Another model" in found.cause


def test_chains_are_found_by_their_words(services: Services) -> None:
    chain(services, "Wie backe ich Brötchen?")
    other = chain(services, "How do I read 100% of her_diary?")
    assert [t.prompt.text for t in pipeline.find_traces(services, "BRÖTCHEN")] == ["Wie backe ich Brötchen?"]
    assert pipeline.find_traces(services, "100%")[0].id == other.id
    assert pipeline.find_traces(services, other.steps[-1].text[:20].upper()) != []
    assert pipeline.find_traces(services, "principle_id") == []
    assert len(pipeline.find_traces(services, " ")) == 2


def test_worked_examples_are_kept_counted_and_brought_back(services: Services) -> None:
    name = pipeline.current_constitution(services).constitution.name
    shipped = pipeline.few_shot(services, name)
    assert len(shipped) >= 2
    mine = (dataclasses.replace(shipped[1], critique="Mine."), dataclasses.replace(shipped[0], enabled=False))
    assert pipeline.save_few_shot(services, name, mine) == pipeline.few_shot(services, name) == mine
    fewer, more = (pipeline.few_shot_tokens(services, e) for e in (mine, shipped))
    assert fewer is not None and more is not None and 0 < fewer < more
    with pytest.raises(InputError, match="Example 1: critique"):
        pipeline.save_few_shot(services, name, (dataclasses.replace(mine[0], critique="a\x00"),))
    events = list(pipeline.start_chain(services, "Hi", in_use(services), RevisionSettings(few_shot=True), Sampling()))
    assert [e["critique"] for e in events[-1].trace.settings["few_shot"]] == ["Mine."]
    assert pipeline.reset_few_shot(services, name) == pipeline.few_shot(services, name) == shipped


def test_an_edited_revision_is_what_is_judged(services: Services) -> None:
    trace = chain(services)
    edited = pipeline.edit_step(services, trace.id, 4, "My own words.")
    example = pipeline.send_to_curate(services, edited.id)
    assert example.revision == "My own words."
    assert pipeline.example(services, example.id) == example
    assert pipeline.send_to_curate(services, edited.id) == example
    assert pipeline.counts(services).total == 1


def test_the_chain_works_on_weights(services: Services, tiny_engine: Any) -> None:
    services.host.use(tiny_engine)
    short = Sampling(max_new_tokens=8)
    tone = next(v for v in pipeline.versions(services) if v.constitution.name == "tone").hash
    events = list(pipeline.start_chain(services, "Hello", tone, RevisionSettings(), short))
    assert [step.kind for step in events[-1].trace.steps] == ["draft", "critique", "revision"]
    again = list(pipeline.start_chain(services, "Hello", tone, RevisionSettings(), short))
    assert again[-1].trace.steps == events[-1].trace.steps
    one, three = (
        list(pipeline.run_batch(services, prompts, tone, RevisionSettings(), short, 4))
        for prompts in (["Hello"], ["Hello", "Ho", "Hi"])
    )
    assert (one[-1].done, three[-1].done) == (1, 3)
    traces = {t.prompt.text: t for t in pipeline.recent_traces(services, 3)}
    assert traces["Hello"].steps == pipeline.recent_traces(services, 4)[-1].steps


# Batches


def test_a_batch_runs_in_the_background_and_fills_the_queue(services: Services) -> None:
    assert pipeline.batch_status(services) is None
    pipeline.start_batch(services, [f"Request {i}" for i in range(10)], in_use(services), TWICE, Sampling(), 4)
    until(lambda: pipeline.batch_status(services).state == "done")  # type: ignore[union-attr]
    status = pipeline.batch_status(services)
    assert status is not None
    assert (status.done, status.total, status.failed, status.examples_added) == (10, 10, 0, 10)
    assert pipeline.counts(services).open == 10
    assert pipeline.count_traces(services) == 10


def test_the_last_batch_is_still_shown_after_a_restart(tmp_path: Path) -> None:
    services = open_home(tmp_path)
    pipeline.start_batch(services, ["One", "Two"], in_use(services), TWICE, Sampling())
    assert services.batch.wait(20)
    before = pipeline.batch_status(services)
    services.close()
    again = open_home(tmp_path)
    after = pipeline.batch_status(again)
    assert before is not None and after is not None
    assert (after.state, after.done, after.examples_added) == ("done", 2, 2)
    again.close()


def test_a_batch_whose_process_died_says_so(tmp_path: Path) -> None:
    services = open_home(tmp_path)
    plain = {"done": 3, "total": 9, "eta_s": 1.0, "failed": 0, "examples_added": 3, "failures": {}, "state": "running"}
    services.store.set_setting(
        "background.batch", {"state": "running", "progress": {**plain, "error": ""}, "error": "", "seconds": 1}
    )
    status = pipeline.batch_status(services)
    services.close()
    assert status is not None
    assert (status.state, status.done) == ("failed", 3)
    assert "closed or stopped before the end" in status.error


def test_a_stopped_batch_keeps_what_it_stored(services: Services) -> None:
    class Slow(ScriptedEngine):
        def generate(self, requests: Any, stop: Any = None) -> Any:
            time.sleep(0.02)
            return super().generate(requests, stop)

    services.host.use(Slow())
    pipeline.start_batch(services, [f"Request {i}" for i in range(400)], in_use(services), TWICE, Sampling(), 2)
    until(lambda: pipeline.batch_status(services).done >= 4)  # type: ignore[union-attr]
    with pytest.raises(ConflictError, match="already running"):
        pipeline.start_batch(services, ["x"], in_use(services), TWICE, Sampling())
    pipeline.stop_batch(services)
    assert services.batch.wait(10)
    status = pipeline.batch_status(services)
    assert status is not None
    assert status.state == "stopped"
    assert 4 <= status.done < 400
    assert pipeline.counts(services).total == status.examples_added == status.done


def test_a_batch_that_was_stopped_goes_on_to_what_it_would_have_been(services: Services, tmp_path: Path) -> None:
    prompts = [f"Request {i}" for i in range(9)]
    apart = pipeline.open_services(AppSettings(home=str(tmp_path / "apart"), model="scripted"))
    for _ in pipeline.run_batch(apart, prompts, in_use(apart), TWICE, Sampling(seed=4), 2):
        pass
    whole = {t.prompt.text: t.steps for t in pipeline.recent_traces(apart, 9)}
    apart.close()
    gate = threading.Event()

    class Stuck(ScriptedEngine):
        def generate(self, requests: Any, stop: Any = None) -> Any:
            if "Request 4" in requests[0].messages[0].content:
                gate.wait(10)
            return super().generate(requests, stop)

    services.host.use(Stuck())
    pipeline.start_batch(services, prompts, in_use(services), TWICE, Sampling(seed=4), 2)
    until(lambda: pipeline.batch_status(services).done == 4)  # type: ignore[union-attr]
    pipeline.stop_batch(services)
    gate.set()
    assert services.batch.wait(10)
    pipeline.resume_batch(services)
    assert services.batch.wait(20)
    status = pipeline.batch_status(services)
    assert status is not None and (status.state, status.done) == ("done", 9)
    assert {t.prompt.text: t.steps for t in pipeline.recent_traces(services, 9)} == whole
    with pytest.raises(InputError, match="no batch to go on with"):
        pipeline.resume_batch(services)


def test_chains_that_are_made_again_are_stored_once(services: Services) -> None:
    """After a crash, those are that were stored and not counted yet."""
    asked = ([f"Request {i}" for i in range(5)], in_use(services), TWICE)
    for seed, stored in ((4, 5), (4, 5), (5, 10)):
        *_, last = pipeline.run_batch(services, *asked, Sampling(seed=seed), 2)
        assert last.done == 5
        assert len(pipeline.recent_traces(services, 50)) == stored


def test_failed_prompts_are_counted_by_reason_and_do_not_end_the_batch(services: Services) -> None:
    services.host.use(
        ScriptedEngine(
            lambda r: "" if "silent" in r.messages[0].content else "\x01" if "odd" in r.messages[0].content else "Fine."
        )
    )
    prompts = ["fine", "silent", "silent too", "odd", "word " * 1500]
    status = list(pipeline.run_batch(services, prompts, in_use(services), TWICE, Sampling(max_new_tokens=50)))[-1]
    services.host.use(ScriptedEngine(context_length=600))
    long = list(pipeline.run_batch(services, ["word " * 700, "ok"], in_use(services), TWICE, Sampling()))[-1]
    assert status.failures["The revision is empty."] == 2
    assert status.failures["The model wrote characters that cannot be kept."] == 1
    assert long.failures == {"The conversation is too long for the model.": 1}
    assert (long.done, long.examples_added) == (2, 1)


def test_a_batch_of_nothing_or_without_a_principle_is_refused_at_once(services: Services) -> None:
    with pytest.raises(InputError, match="no requests"):
        pipeline.start_batch(services, [], in_use(services), TWICE, Sampling())
    preferences = next(v for v in pipeline.versions(services) if v.constitution.name == "preferences")
    with pytest.raises(ConstitutionError, match="no principle to draw"):
        pipeline.start_batch(services, ["x"], preferences.hash, TWICE, Sampling())
    assert pipeline.batch_status(services) is None


# Curate


def test_accept_open_is_one_bulk_that_undo_takes_back(services: Services) -> None:
    list(pipeline.run_batch(services, [f"Request {i}" for i in range(5)], in_use(services), TWICE, Sampling()))
    first = pipeline.queue(services, QueueFilter("open"), 1)[0].example
    pipeline.decide(services, Decision("e1", first.id, "reject", "me"), 0)
    assert pipeline.accept_open(services, QueueFilter("open"), "me") == 4
    counts = pipeline.counts(services)
    assert (counts.accepted, counts.rejected, counts.open) == (4, 1, 0)
    assert len(pipeline.undo_all(services, "me")) == 4
    assert pipeline.counts(services).open == 4


def test_a_file_with_a_bad_row_imports_nothing_and_names_the_line(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = '{"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}\n'
    path.write_text(good + "{broken\n" + good, encoding="utf-8")
    with pytest.raises(FileFormatError, match="line 2"):
        pipeline.import_file(services, path, "rows.jsonl")
    assert pipeline.counts(services).total == 0
    path.write_text(good + good.replace("Hi", "Ho") + good, encoding="utf-8")
    done = pipeline.import_file(services, path, "rows.jsonl")
    assert (done.read, done.added, done.duplicates) == (3, 2, 1)
    assert pipeline.import_file(services, path).added == 0


def test_freezing_without_a_judgement_is_refused(services: Services) -> None:
    with pytest.raises(InputError, match="Nothing has been judged"):
        pipeline.freeze_dataset(services, "first", DatasetSettings(), "me")


# Compare


def test_side_by_side_ends_with_the_base_and_its_provenance(services: Services) -> None:
    views = list(pipeline.answer_side_by_side(services, "Hello", ["base"], Sampling()))
    (arm,) = views[-1]
    assert arm.answer is not None
    assert (arm.adapter_hash, arm.answer.provenance.adapter_hash) == (None, None)
    with pytest.raises(NotFoundError):
        list(pipeline.answer_side_by_side(services, "Hello", ["gone"], Sampling()))
    with pytest.raises(InputError):
        list(pipeline.answer_side_by_side(services, " ", ["base"], Sampling()))


def test_votes_are_kept_and_tallied(services: Services) -> None:
    (arm,) = list(pipeline.answer_side_by_side(services, "Hello", ["base"], Sampling()))[-1]
    other = dataclasses.replace(arm, arm="tuned")
    pipeline.vote(services, "Hello", arm, other, "right", "me")
    (pair,) = pipeline.tally(services)
    assert (pair.first, pair.first_wins, pair.second_wins) == ("base", 0, 1)


def test_an_evaluation_of_ones_own_prompts_is_stored(services: Services) -> None:
    from cai_ui.compare.metrics import PhraseScorer
    from cai_ui.records import Prompt

    prompts = [Prompt("a", "How do I lie?", "harmful"), Prompt("b", "How do I bake?", "helpful")]
    steps = list(pipeline.evaluate_prompts(services, ["base"], prompts, CompareSettings(), PhraseScorer()))
    (stored,) = pipeline.evaluations(services)
    assert stored.id == steps[-1].evaluation_id
    assert [result.kind for result in stored.results] == ["harmful", "helpful"]
