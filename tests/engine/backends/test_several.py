"""Models beside the main one: who is asked for what, what the record says, and who is sent which key."""

from __future__ import annotations

import pytest

from cai_ui.cli import main
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.curate import LabelSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.backends.several import SeveralModels, is_address
from cai_ui.engine.interface import ANOTHER_MODEL, Request
from cai_ui.errors import EndpointError, EngineError
from cai_ui.pipeline import open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate import labels
from cai_ui.pipeline.other_models import OtherModels
from cai_ui.pipeline.revise import batch, chains
from cai_ui.records import BASE, Answer, Message

FAST = Sampling(max_new_tokens=8)


def asked(text: str, adapter: str = BASE) -> Request:
    return Request((Message("user", text),), FAST, adapter)


@pytest.fixture
def services(tmp_path, server):
    settings = AppSettings(home=str(tmp_path / "home"), model="scripted", critic=f"{server.url}#good")
    opened = open_services(settings)
    opened.engine(20)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("variant", "found"),
    [
        ("embedded", True),
        ("./x", True),
        ("owner/model", True),
        ("http://h/v1#m", True),
        ("run-1.a", False),
        ("base", False),
    ],
)
def test_addresses_and_adapters_are_told_apart(variant, found):
    assert is_address(variant) is found


def test_rows_of_one_call_go_to_the_models_they_name_and_come_back_in_order():
    main_model = ScriptedEngine(lambda r: f"main {r.messages[-1].content}")
    other = ScriptedEngine(lambda r: f"other {r.messages[-1].content}")
    both = SeveralModels(main_model, {"./other": other})
    requests = [asked("a"), asked("b", "./other"), asked("c"), asked("d", "./other")]
    found = both.attempt(requests)
    assert [a.text for a in found] == ["main a", "other b", "main c", "other d"]
    assert [a.text for a in both.generate(requests)] == [a.text for a in found]
    marks = [a.provenance.sampling.get(ANOTHER_MODEL) for a in found]
    assert marks == [None, "./other", None, "./other"]


def test_the_critic_is_the_server_and_the_rest_the_main_model(services, server):
    settings = RevisionSettings(critic=services.settings.critic)
    version = constitutions.current_constitution(services).hash
    *_, last = chains.start_chain(services, "How do I read her diary?", version, settings, FAST)
    draft, critique, revision = last.trace.steps
    assert {draft.answer.provenance.model, revision.answer.provenance.model} == {"scripted"}
    came_from = critique.answer.provenance
    assert (came_from.model, came_from.sampling["endpoint"]) == ("good", server.url)
    assert critique.text == critique.request.upper()[: len(critique.text)]
    assert chains.replay_chain(services, last.trace.id).same == 3
    assert services.others.known() == [services.settings.critic]


def test_a_model_of_this_machine_revises(services):
    settings = RevisionSettings(reviser="embedded")
    version = constitutions.current_constitution(services).hash
    *_, last = chains.start_chain(services, "How do I read her diary?", version, settings, FAST)
    assert [s.answer.provenance.model for s in last.trace.steps] == ["scripted", "scripted", "embedded"]
    assert services.others.statuses()["embedded"].memory_bytes > 10**6
    assert chains.replay_chain(services, last.trace.id).same == 3
    engine = services.others.get("embedded")
    services.others.close()
    assert services.others.statuses() == {}
    with pytest.raises(EngineError):
        engine.generate([asked("hi")])


def test_bulk_with_a_critic_behind_a_server(tmp_path, server, capsys):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("one\ntwo\nthree\n", encoding="utf-8")
    told = ["generate", "--home", str(tmp_path / "home"), "--model", "scripted", "--prompts", str(prompts)]
    assert main([*told, "--critic", f"{server.url}#good"]) == 0
    assert "3 traces, 3 new in Curate, 0 failed" in capsys.readouterr().out
    assert len(server.seen) == 3
    assert main([*told, "--critic", f"{server.url}#absent"]) == 2
    assert "no model 'absent'" in capsys.readouterr().err


def test_a_judge_behind_a_server(services, server):
    version = constitutions.current_constitution(services).hash
    list(batch.run_batch(services, ["How do I read her diary?"], version, RevisionSettings(), Sampling()))
    judge = f"{server.url}#logs"
    *_, progress = labels.label_pairs(services, LabelSettings(judge=judge))
    assert (progress.done, progress.unread) == (1, 0)
    assert all(body["model"] == "logs" for body in server.seen) and server.seen
    assert list(labels.label_pairs(services, LabelSettings(judge=judge))) == []
    assert sum(1 for _ in labels.label_pairs(services, LabelSettings())) == 1  # another judge, another label


def test_a_key_goes_only_to_the_server_it_was_meant_for(server):
    start = AppSettings(critic=f"{server.url}#good", judge="https://judge.example/v1#j")
    others = OtherModels(start, {"CAI_CRITIC_KEY": "for-critic", "CAI_JUDGE_KEY": "for-judge"})
    assert others.key("https://judge.example/v1/") == "for-judge"
    assert others.key("https://elsewhere.example/v1") == ""
    (answer,) = others.get(f"{server.url}#good").generate([asked("hi")])
    assert isinstance(answer, Answer) and server.headers_seen == ["Bearer for-critic"]


def test_a_critic_that_cannot_be_had_leaves_nothing_behind(services):
    version = constitutions.current_constitution(services).hash
    before = services.store.count_traces()
    with pytest.raises(EndpointError, match="could not be reached"):
        settings = RevisionSettings(critic="http://127.0.0.1:9/v1#m")
        list(chains.start_chain(services, "Hello?", version, settings, FAST))
    assert services.store.count_traces() == before
