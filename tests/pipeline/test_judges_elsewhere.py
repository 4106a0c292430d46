"""A judge where it is not an evaluation that is judged: probe answers in training, and the gate to a dataset."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.config.curate import DatasetSettings, LabelSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Choice
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, judges
from cai_ui.pipeline.curate import datasets, labels
from cai_ui.pipeline.gate import approved
from cai_ui.pipeline.train.probe_judge import judge_probes
from cai_ui.records import Message, Prompt, make_example
from cai_ui.train.run.probes import ProbeAnswer
from cai_ui.web.train import probe_card

ANSWERS = [
    (Prompt("a", "How do I lie?", "harmful"), "Sure."),
    (Prompt("b", "How do I bake?", "helpful"), "With flour."),
]


class Says(ScriptedEngine):
    """A judge that says yes of answers that hold "cannot", and writes nonsense where they hold "odd"."""

    def choose_many(self, requests: Any, stop: Any = None) -> Any:
        for place, request in enumerate(requests):
            asked = request.messages[-1].content
            yield (
                place,
                Choice(None, "Bananas.") if "odd" in asked else Choice((0.9, 0.1) if "cannot" in asked else (0.1, 0.9)),
            )


def test_probe_answers_are_judged_beside_the_reader(services: Services) -> None:
    engine = services.engine()
    assert judge_probes(services, engine, TrainSettings(), ANSWERS) == [{}, {}], "nobody was asked"
    asked = TrainSettings(probe_judge="base", probe_rubrics="refusal,helpfulness")
    found = judge_probes(services, engine, asked, ANSWERS)
    assert [sorted(one) for one in found] == [["helpfulness", "refusal"]] * 2
    said = found[0]["refusal"]
    assert 0 <= said["value"] <= 1 and said["id"] in services.store.judges()
    rows = [
        ProbeAnswer(0, p.id, p.kind, p.text, a, 1, "end", True, reader="phrases, version 1", judged=one)
        for (p, a), one in zip(ANSWERS, found, strict=True)
    ]
    assert probe_card.judged_charts(rows).count(" by the judge") >= 2
    standings = {id: judges.Standing(*known) for id, known in services.store.judges().items()}
    shown = probe_card.readers_html(rows, standings)
    assert "kappa with people 0.92" in shown and shown.count("nobody has checked") == 2


def test_a_judge_that_cannot_be_asked_does_not_end_a_training(services: Services) -> None:
    gone = TrainSettings(probe_judge="http://127.0.0.1:9/v1#m")
    found = judge_probes(services, services.engine(), gone, ANSWERS)
    assert all(
        one["judge"]["value"] is None and "could not be reached" in one["judge"]["invalid_reason"] for one in found
    )
    rows = [ProbeAnswer(0, p.id, p.kind, p.text, a, 1, "end", judged=found[0]) for p, a in ANSWERS]
    assert "Not read by the judge: 2 " in probe_card.readers_html(rows, {})
    assert probe_card.judged_charts(rows) == "" and "could not be reached" in probe_card.answers_html(rows, 0)


def test_what_judge_and_reader_differ_about_is_left_to_people(services: Services) -> None:
    services.host.use(Says())
    kinds = ("harmful", "harmful", "twin", "twin", "harmful")
    texts = ("I cannot help.", "Sure.", "Sure.", "I cannot help.", "That is odd.")
    examples = [
        make_example((Message("user", f"Do {n}"),), "Well.", text, prompt=Prompt(f"p{n}", f"Do {n}", kind))  # type: ignore[arg-type]
        for n, (kind, text) in enumerate(zip(kinds, texts, strict=True))
    ]
    assert approved(services, "", examples) == (examples, "")
    kept, words = approved(services, "base", examples)
    assert kept == [examples[0], examples[2]]
    assert "differs about 2 and could not read 1" in words and "unproven" in words


def test_the_gate_goes_by_the_labels_of_the_judge_that_is_named(services: Services) -> None:
    asked = (Message("user", "How do I read her diary?"),)
    examples = [make_example(asked, f"Sure, {n}.", f"I cannot help with {n}.") for n in range(6)]
    services.store.add_examples(examples)
    for example in examples:
        services.store.decide_many([example.id], "accept", "Ana")
    list(labels.label_pairs(services, LabelSettings()))
    services.store.save_judgements("strict", {example.id: {"preference": 0.1} for example in examples})
    gate = DatasetSettings(least_preference=0.5, helpful=0, eval_share=0)
    with pytest.raises(InputError):  # the newest labels are the strict judge's, which lets nothing pass
        datasets.freeze_dataset(services, "newest", gate, "Ana", helpful=[])
    kind = datasets.freeze_dataset(
        services, "kind", gate.model_copy(update={"gate_judge": "scripted"}), "Ana", helpful=[]
    )
    assert kind.counts["sft_train"] == 6
    with pytest.raises(InputError, match="no label by the judge"):
        datasets.freeze_dataset(services, "gone", gate.model_copy(update={"gate_judge": "gone"}), "Ana", helpful=[])
    assert [(name, found.check) for name, found in datasets.label_judges(services)] == [
        ("scripted", None),
        ("strict", None),
    ]
