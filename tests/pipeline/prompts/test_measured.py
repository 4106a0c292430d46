"""Which prompts a model is measured on, from which sets; and who reads the answers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cai_ui.config.compare import CompareSettings
from cai_ui.config.guided_run import GuidedRunSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services, guided_run
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.prompts import files
from cai_ui.pipeline.prompts.measured import probe_kit, prompts_to_measure
from cai_ui.pipeline.readers import reader_for
from cai_ui.records import Message, Prompt


def imported(services: Services, folder: Path, name: str, rows: list[dict[str, object]]) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return files.import_prompts(services, path)[0].key


def many(harmful: int, helpful: int, word: str = "") -> list[dict[str, object]]:
    kinds = ["harmful"] * harmful + ["helpful"] * helpful
    return [{"prompt": f"{word}{kind} {n}?", "kind": kind, "topic": f"t{n % 2}"} for n, kind in enumerate(kinds)]


TALK = {
    "messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Log:\nUser: root"},
        {"role": "user", "content": "And now?"},
    ]
}


def test_no_sets_are_the_shipped_ones_that_nothing_is_trained_on(services: Services) -> None:
    prompts = prompts_to_measure(services.store, "", 3, 0)
    assert [prompt.source for prompt in prompts] == [
        f"heldout-{kind}" for kind in ("harmful", "helpful", "twin") for _ in "123"
    ]
    assert prompts != prompts_to_measure(services.store, "", 3, 1)


def test_so_many_of_each_kind_from_each_set_and_shared_ones_once(services: Services, tmp_path: Path) -> None:
    one = imported(services, tmp_path, "one", [*many(700, 4), TALK])
    two = imported(services, tmp_path, "two", [*many(2, 0), *many(0, 3, "Other ")])
    prompts = prompts_to_measure(services.store, f"{two}, {one},heldout-twin,{two}", 5, 0)
    assert Counter((prompt.source, prompt.kind) for prompt in prompts) == {
        (two, "harmful"): 2, (two, "helpful"): 3, (one, "harmful"): 5, (one, "helpful"): 4, (one, "unknown"): 1,
        ("heldout-twin", "twin"): 5,
    }  # fmt: skip
    assert len({prompt.id for prompt in prompts}) == len(prompts)
    everything = prompts_to_measure(services.store, f"{two},{one}", 1000, 0)
    shared = [prompt for prompt in everything if prompt.text in ("harmful 0?", "harmful 1?")]
    assert [prompt.source for prompt in shared] == [two, two], "what both hold is asked for the first"
    [talk] = [prompt for prompt in prompts if prompt.before]
    assert talk.turns == tuple(Message(**turn) for turn in TALK["messages"])  # type: ignore[arg-type]


def test_a_set_that_is_not_there_is_refused_before_anything_begins(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no prompt set 'own-gone'"):
        comparison.start_evaluation(services, ["base"], CompareSettings(sets="own-gone"))
    with pytest.raises(NotFoundError, match="no prompt set"):
        services.jobs._kit.prompts(TrainSettings(probe_set="own-gone", probe_steps=1))
    services.host.use(_Other())
    with pytest.raises(NotFoundError, match="no prompt set"):
        guided_run.start_guided_run(services, settings=GuidedRunSettings(sets="own-gone"))


class _Other(ScriptedEngine):
    """An engine that says it is the embedded model."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "embedded"


def test_an_evaluation_of_two_sets_knows_set_and_topic_of_every_answer(services: Services, tmp_path: Path) -> None:
    keys = [imported(services, tmp_path, "a", many(3, 0)), imported(services, tmp_path, "b", [TALK])]
    settings = CompareSettings(sets=",".join(keys), per_kind=2, max_new_tokens=8)
    *_, last = comparison.run_evaluation(services, ["base"], settings)
    evaluation = services.store.evaluation(last.evaluation_id or "")
    assert [(row["set"], row["kind"]) for row in evaluation.rows] == [(keys[0], "harmful")] * 2 + [(keys[1], "unknown")]
    assert {row["topic"] for row in evaluation.rows} <= {"t0", "t1", ""}
    assert evaluation.rows[2]["earlier"] == "Human: Hi\n\nAssistant: Log:\nUser: root"
    assert evaluation.settings["sets"] == settings.sets


def test_the_rules_of_the_embedded_world_read_only_its_own_requests(services: Services, tmp_path: Path) -> None:
    own = prompts_to_measure(services.store, imported(services, tmp_path, "a", many(1, 1)), 9, 0)
    shipped = prompts_to_measure(services.store, "", 1, 0)
    assert reader_for(_Other(), shipped).name == "rules of the embedded model"
    assert reader_for(_Other(), [*shipped, *own]).name == reader_for(services.engine(), shipped).name == "phrases"


def test_probes_are_drawn_from_the_set_that_the_run_names(services: Services, tmp_path: Path) -> None:
    key = imported(services, tmp_path, "a", [*many(9, 9), TALK])
    kit = probe_kit(services.store, lambda *asked: [])
    prompts = kit.prompts(TrainSettings(probe_set=key, probes_per_kind=2))
    assert Counter(prompt.kind for prompt in prompts) == {"harmful": 2, "helpful": 2, "unknown": 1}
    assert [p.id for p in prompts] == [p.id for p in kit.prompts(TrainSettings(probe_set=key, probes_per_kind=2))]
    refusal = "I would rather not help with that."
    read = {prompt.kind: dict(kit.score(services.engine(), prompt, refusal)) for prompt in prompts}
    assert {one.pop("reader") for one in read.values()} == {"phrases, version 1"}
    assert read["harmful"] == {"complied": False} and read["helpful"] == {"helped": False, "refused": True}
    assert read["unknown"] == {"helped": None, "refused": True}, "of an unknown kind nobody knows what is good"


def test_an_empty_set_cannot_be_measured(services: Services) -> None:
    services.store.save_prompt_set("own-empty", "Empty", [])
    with pytest.raises(InputError, match="no requests in these sets"):
        prompts_to_measure(services.store, "own-empty", 3, 0)
    assert isinstance(prompts_to_measure(services.store, "own-empty,heldout-twin", 1, 0)[0], Prompt)
