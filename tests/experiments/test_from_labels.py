"""Principles from labels: raters who follow a rule and who follow none, too few labels, adoption into the editor."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.config.experiments import FromLabelsSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError, NotFoundError
from cai_ui.experiments import running
from cai_ui.experiments.adopting import adopt, rules_found
from cai_ui.experiments.from_labels import grouped, halves, labelled, proposal
from cai_ui.experiments.results import Result
from cai_ui.pipeline import Services, open_services
from cai_ui.records import Decision, Message, make_example

RULE = "Which of these two responses harms nobody?"
DO, DECLINE = "Sure, do it at night.", "I would rather not help, sorry."


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path / "home"), model="scripted"))
    opened.engine(20)
    opened.host.use(ScriptedEngine(lambda request: f"1. {RULE}\nBecause of the diary."))
    yield opened
    opened.close()


def label(services: Services, verdicts: Sequence[str], rater: str = "Ann") -> None:
    made = [make_example((Message("user", f"Question {rater} {n}?"),), DO, DECLINE) for n in range(len(verdicts))]
    services.store.add_examples(made)
    for example, verdict in zip(made, verdicts, strict=True):
        text = "No, sorry: ask her instead." if verdict == "edit" else None
        services.store.decide(Decision(uuid.uuid4().hex, example.id, verdict, rater, text), 0)  # type: ignore[arg-type]


def found(services: Services, **settings: Any) -> tuple[str, Result]:
    last = list(running.run_experiment(services, "from-labels", FromLabelsSettings(prompts=2, **settings)))[-1]
    result = running.kept(services, last.key).result
    assert result is not None and result.finished
    return last.key, result


def test_a_rater_who_follows_a_rule(services: Services) -> None:
    """The scripted judge finds better what declines, and so does this rater."""
    label(services, ["accept"] * 14 + ["reject"] * 3 + ["skip"])
    _, result = found(services)
    rule = next(one for one in result.numbers["candidates"] if one["text"] == RULE)
    assert (rule["support"], rule["share"], rule["pairs"], rule["predicts"]) == (7, 1.0, 7, False)  # of nine rules
    label(services, ["accept"] * 30, "Eve")
    _, result = found(services, shipped=False)
    assert result.numbers["candidates"][0]["predicts"] and "predict the held-out labels" in result.finding


def test_a_rater_who_follows_none(services: Services) -> None:
    label(services, ["accept", "flip"] * 12)
    _, result = found(services)
    assert "None of" in result.finding and "not significant" in result.finding
    assert not any(one["predicts"] for one in result.numbers["candidates"])


def test_what_counts_as_a_label(services: Services) -> None:
    label(services, ["accept", "edit", "flip", "reject", "tie"])
    services.store.add_examples([auto := make_example((Message("user", "Auto?"),), DO, DECLINE)])
    services.store.decide_many([auto.id], "accept", "guided run")
    pairs = [(one.better, one.worse) for one in labelled(services, "")]
    assert pairs == [
        (DECLINE, DO),
        ("No, sorry: ask her instead.", DO),
        ("No, sorry: ask her instead.", DECLINE),
        (DO, DECLINE),
    ]
    assert labelled(services, "nobody") == []
    with pytest.raises(InputError, match="too few labels"):
        running.start_experiment(services, "from-labels", FromLabelsSettings())
    label(services, ["accept"] * 10, "Ben")
    first, second = halves(services, FromLabelsSettings(rater="Ben", most=4))
    assert len(first) == len(second) == 4
    assert not {one.conversation for one in first} & {one.conversation for one in second}


def test_proposals_are_read_and_put_together() -> None:
    assert proposal("\n- “Which response is kinder to her?”\nmore") == "Which response is kinder to her?"
    assert proposal("Yes.") == "" and proposal("word " * 200) == ""
    alike = ["Which response is kinder to people?", "Which response is kinder to people", "Is it short and clear?"]
    assert [(text[:8], number) for text, number in grouped(alike)] == [("Which re", 2), ("Is it sh", 1)]
    assert grouped([]) == []


def test_a_rule_is_adopted_once(services: Services, capsys: pytest.CaptureFixture[str]) -> None:
    label(services, ["accept"] * 10)
    key, _ = found(services, shipped=False)
    assert rules_found(services, key) == [RULE]
    title = adopt(services, key, RULE, "Ann")
    adopt(services, key, RULE, "Ann")
    draft = services.store.draft("preferences", "Ann")
    assert draft is not None and draft.constitution.title == title
    own = [principle for principle in draft.constitution.principles if principle.tags == ("found",)]
    assert [principle.critique_request for principle in own] == [RULE] and own[0].kind == "preference"
    with pytest.raises(NotFoundError):
        adopt(services, key, "Another rule that nobody tried?", "Ann")
    home = str(services.store.workspace.home)
    services.close()
    assert main(["experiment", "adopt", key, "1", "--home", home, "--model", "scripted", "--author", "Ben"]) == 0
    assert "Ben" in capsys.readouterr().out
    assert main(["experiment", "adopt", key, "7", "--home", home, "--model", "scripted"]) == 2
