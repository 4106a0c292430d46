"""What principles did and would do: statistics over stored chains, trying a draft, the study, files of all kinds."""

from __future__ import annotations

import dataclasses
import itertools
import json
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import ConstitutionError, FileFormatError, InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions, few_shot, statistics, trying
from cai_ui.pipeline.revise import batch, chains
from cai_ui.pipeline.revise.chains import Reroll
from cai_ui.records import Decision, Principle
from cai_ui.store import QueueFilter
from cai_ui.studies.revision import MODES, Study, run_study
from cai_ui.studies.revision_plot import principles_svg, rounds_svg
from cai_ui.studies.revision_report import study_markdown

TWICE = RevisionSettings(revisions=2)


def scripted(critique: str = "It is harmful.", revision: str = "I would not do that.") -> ScriptedEngine:
    """Answers by the step: whatever is asked for first, then a critique, then a revision."""

    def answer(request: Any) -> str:
        last = request.messages[-1].content
        if len(request.messages) == 1:
            return "Sure. Do it at night."
        return revision if "rewrite" in last.lower() else critique

    return ScriptedEngine(answer)


def counted(services: Services) -> dict[str, statistics.PrincipleCount]:
    return {c.principle_id: c for c in statistics.principle_statistics(services, "harmlessness").counts}


def test_principles_are_counted_over_chains_and_decisions(services: Services) -> None:
    services.host.use(scripted())
    version = constitutions.current_constitution(services)
    prompts = [f"Request {i}" for i in range(12)]
    list(batch.run_batch(services, prompts, version.hash, TWICE, Sampling(seed=3)))
    counts = counted(services)
    assert sum(c.drawn for c in counts.values()) == 24
    # the first revision changes the draft, the second repeats the first
    assert sum(c.changed.successes for c in counts.values()) == 12
    assert sum(c.changed.total for c in counts.values()) == 24
    assert sum(c.labels.get("ignored", 0) for c in counts.values()) == 12
    assert sum(c.labels.get("finding", 0) for c in counts.values()) == 24
    assert all(c.accepted.value is None for c in counts.values())

    items = services.store.queue(QueueFilter("open"), 12)
    for number, item in enumerate(items):
        verdict = ("accept", "reject", "edit")[number % 3]
        text = "Better." if verdict == "edit" else None
        decision = Decision(f"e{number}", item.example.id, verdict, "me", text)  # type: ignore[arg-type]
        services.store.decide(decision, 0)
    by_hand = dict.fromkeys(counts, 0)
    for item in items:
        for id in item.example.principle_ids:
            by_hand[id] += 1
    assert {id: c.accepted.total for id, c in counted(services).items()} == by_hand


def test_a_principle_that_was_never_drawn_has_no_shares(services: Services) -> None:
    assert [c.mean_change for c in counted(services).values()] == [None] * 4
    assert statistics.principle_statistics(services, "harmlessness").traces == 0


def test_a_branch_counts_only_what_it_made_anew(services: Services) -> None:
    services.host.use(scripted())
    version = constitutions.current_constitution(services)
    trace = list(chains.start_chain(services, "Hello", version.hash, TWICE, Sampling()))[-1].trace
    list(chains.reroll(services, trace.id, 3, Reroll(5)))
    assert sum(c.drawn for c in counted(services).values()) == 3


def test_a_label_by_hand_is_what_is_counted(services: Services) -> None:
    services.host.use(scripted())
    version = constitutions.current_constitution(services)
    trace = list(chains.start_chain(services, "Hello", version.hash, RevisionSettings(), Sampling()))[-1].trace
    chains.label_step(services, trace.id, 1, ["no critique"])
    labels = counted(services)[trace.steps[1].principle_id or ""].labels
    assert (labels.get("no critique"), labels.get("finding")) == (1, None)


# Trying


def test_a_draft_is_tried_side_by_side_on_the_same_drafts_and_nothing_is_stored(services: Services) -> None:
    constitution = constitutions.current_constitution(services).constitution
    mine = Principle("mine", "Mine", "Point out the harm.", "Please rewrite it, mine.")
    draft = dataclasses.replace(constitution, principles=(*constitution.principles, mine))
    tried = list(
        trying.try_principles(services, draft, ["mine", "harm"], ["One", "Two"], 2, RevisionSettings(), Sampling())
    )
    assert [(t.principle_id, t.number) for t in tried] == [(id, n) for id in ("mine", "harm") for n in range(4)]
    for n in range(4):
        first, second = (t.trace for t in tried if t.number == n)
        assert first is not None and second is not None
        assert first.initial == second.initial
        assert first.steps[2].request == "Please rewrite it, mine."
    assert services.store.count_traces() == 0


def test_a_try_without_a_principle_is_the_control(services: Services) -> None:
    constitution = constitutions.current_constitution(services).constitution
    (only,) = trying.try_principles(services, constitution, [], ["One"], 1, RevisionSettings(), Sampling())
    assert only.trace is not None and only.trace.steps[1].principles == ()


@pytest.mark.parametrize(
    ("ids", "prompts", "error", "words"),
    [
        (["harm"], [], InputError, "no request"),
        (["harm"], ["x"] * 201, InputError, "201 traces"),
        (["gone"], ["x"], NotFoundError, "gone"),
    ],
)
def test_a_try_that_cannot_be_is_refused(
    services: Services, ids: list[str], prompts: list[str], error: type[Exception], words: str
) -> None:
    constitution = constitutions.current_constitution(services).constitution
    with pytest.raises(error, match=words):
        list(trying.try_principles(services, constitution, ids, prompts, 1, RevisionSettings(), Sampling()))


# Files


def test_a_file_of_another_format_becomes_a_version_and_its_examples_are_kept(
    services: Services, tmp_path: Path
) -> None:
    path = tmp_path / "swarm set.json"
    chat = [{"role": "user", "content": f"turn {i}"} for i in range(6)]
    path.write_text(json.dumps({"constitutions": [{"critic": "C?", "revision": "R!"}], "system_chat": [chat]}))
    done = constitutions.import_any(services, path, "me")
    assert done.version is not None and done.version.constitution.name == "swarm-set"
    assert [e.revision for e in few_shot.few_shot(services, "swarm-set")] == ["turn 5"]
    for form in ("yaml", "json", "csv", "anthropic", "langchain", "llm-swarm"):
        file = constitutions.export_constitution(services, done.version.hash, form)  # type: ignore[arg-type]
        again = constitutions.import_any(services, file, "me").version
        assert again is not None
        assert again.constitution.principles[0].critique_request == "C?"


def test_nothing_is_kept_of_a_file_whose_examples_do_not_fit(services: Services, tmp_path: Path) -> None:
    before = services.store.versions()
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"constitutions": [{"critic": "C?", "revision": "R!"}], "system_chat": [[1]]}))
    with pytest.raises(FileFormatError, match="chat 1"):
        constitutions.import_any(services, path, "me")
    path.write_text(json.dumps({"constitutions": [{"critic": "C?", "revision": "R!"}] * 201}))
    with pytest.raises(ConstitutionError):
        constitutions.import_any(services, path, "me")
    assert services.store.versions() == before


def test_a_request_too_long_for_the_model_is_named(services: Services) -> None:
    services.host.use(ScriptedEngine(context_length=100))
    constitution = constitutions.current_constitution(services).constitution
    long = dataclasses.replace(constitution.principles[0], critique_request="word " * 60)
    one = dataclasses.replace(constitution, principles=(long,))
    assert any("60 tokens" in f.message for f in constitutions.check_constitution(services, one))
    services.host.use(ScriptedEngine())
    assert not any("tokens" in f.message for f in constitutions.check_constitution(services, one))


# The study


def test_the_study_counts_every_mode_and_round_and_can_be_read(services: Services) -> None:
    *news, study = run_study(services, number=6, per_principle=4)
    assert isinstance(study, Study) and len(news) > 8
    assert [(r.mode, r.round) for r in study.rounds] == [(mode, r) for mode in MODES for r in range(5)]
    assert all(r.declined.total + r.declined.unread == 6 for r in study.rounds)
    assert all(r.explained.value is None for r in study.rounds)  # phrases cannot tell reasons
    assert all(0 <= p.only_critique + p.only_direct <= 6 for p in study.paired) and len(study.paired) == 4
    assert all(first < then for first, then in itertools.pairwise(study.lengths["critique, then revision"]))
    page = study_markdown(study, "rounds.svg", "principles.svg")
    assert all(mode in page for mode in MODES) and "not measured" in page and "Do no harm" in page
    assert study.missing == 0 and "Not finished" not in page
    first = next(part for part in news if isinstance(part, Study))
    assert not first.principles and first.missing == len(study.principles)
    assert f"Not finished: {first.missing} more" in study_markdown(first, "rounds.svg", "principles.svg")
    for plot in (rounds_svg(study), principles_svg(study), principles_svg(first)):
        assert xml.etree.ElementTree.fromstring(plot).tag.endswith("svg")


def test_the_study_from_the_command_line_writes_three_files(tmp_path: Path) -> None:
    out = tmp_path / "study.md"
    home = ["--home", str(tmp_path / "home"), "--model", "scripted"]
    assert main(["study", "revision", "--number", "4", "--per-principle", "2", "--out", str(out), *home]) == 0
    assert {p.name for p in tmp_path.glob("study*")} == {
        "study.md", "study.svg", "study_principles.svg", "study.json"
    }  # fmt: skip
