"""Variants answered in one batch, the assertion on their weights, scoring and counting."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cai_ui.compare.answer_table import AnswerTable
from cai_ui.compare.evaluation import SAME, Measured, evaluate, mode_words, summarise
from cai_ui.compare.paired import results_in
from cai_ui.compare.side_by_side import Row, side_by_side
from cai_ui.compare.variants import VariantText, base_variant, choose, confirm
from cai_ui.config.answers import Sampling
from cai_ui.config.compare import CompareSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import EngineError, InputError, NotFoundError
from cai_ui.readers import PhraseReader
from cai_ui.records import AdapterInfo, Message, Prompt

PROMPTS = [Prompt(f"{kind}{i}", f"{kind} request {i}", kind) for kind in ("harmful", "helpful") for i in range(5)]  # type: ignore[arg-type]


class Armed(ScriptedEngine):
    """A scripted engine that has one adapter; `says_hash` is what it claims to have answered with."""

    def __init__(self, says_hash: str = "h1") -> None:
        super().__init__(self.reply)
        self.info = AdapterInfo("tuned", "Tuned", "h1", self.base_hash, "sft", None, "")
        self.says_hash = says_hash
        self.batches: list[list[str]] = []

    @staticmethod
    def reply(request: Request) -> str:
        if request.adapter == "tuned" and "harmful" in request.messages[-1].content:
            return "I would rather not help with that."
        return "" if request.messages[-1].content.endswith("4") else "Sure. First write the request down, then read it."

    def _known(self, adapter: str) -> None:
        return

    def stream(self, requests: Any, stop: Any = None) -> Any:
        self.batches.append([request.adapter for request in requests])
        return super().stream(requests, stop)

    def _make_answer(self, request: Request, *rest: Any) -> Any:
        answer = super()._make_answer(request, *rest)
        if request.adapter != "tuned":
            return answer
        provenance = dataclasses.replace(answer.provenance, adapter="tuned", adapter_hash=self.says_hash)
        return dataclasses.replace(answer, provenance=provenance)


def measured(engine: Armed, **rest: Any) -> list[Measured]:
    variants = [base_variant(engine), engine.info]
    return list(evaluate(engine, variants, PROMPTS, PhraseReader(), CompareSettings(), **rest))


def beside(engine: Armed, prompt: str, variants: list[AdapterInfo]) -> Iterator[list[VariantText]]:
    """All variants on one request, as the page asks them."""
    asked = [Request((Message("user", prompt),), Sampling(), variant.name) for variant in variants]
    return side_by_side(
        [Row(v.name, v.title, 0, v, engine, request) for v, request in zip(variants, asked, strict=True)]
    )


def test_all_variants_stream_from_one_batch_and_end_with_their_answers() -> None:
    engine = Armed()
    views = list(beside(engine, "harmful request", [base_variant(engine), engine.info]))
    assert engine.batches == [["base", "tuned"]]
    assert [variant.text for variant in views[-1]] == [
        "Sure. First write the request down, then read it.",
        "I would rather not help with that.",
    ]
    assert [variant.adapter_hash for variant in views[-1]] == [None, "h1"]
    assert all(variant.answer is not None for variant in views[-1])
    for before, after in itertools.pairwise(views):
        assert all(b.text.startswith(a.text) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("wrong", ["h2", ""])
def test_an_answer_of_other_weights_is_an_error(wrong: str) -> None:
    engine = Armed(says_hash=wrong)
    with pytest.raises(EngineError, match="other weights"):
        list(beside(engine, "hi", [engine.info]))
    with pytest.raises(EngineError, match="other weights"):
        measured(engine)


def test_an_answer_of_another_base_is_an_error() -> None:
    engine = Armed()
    answer = engine.generate([Request((Message("user", "hi"),), Sampling())])[0]
    assert confirm(answer, base_variant(engine)) is answer
    with pytest.raises(EngineError):
        confirm(answer, dataclasses.replace(base_variant(engine), base_hash="another"))


def test_variants_are_chosen_once_and_in_order() -> None:
    engine = Armed()
    there = [base_variant(engine), engine.info]
    assert [variant.name for variant in choose(there, ["tuned", "base", "tuned"])] == ["tuned", "base"]
    with pytest.raises(NotFoundError, match="no variant 'gone'"):
        choose(there, ["gone"])


def test_an_evaluation_counts_by_variant_and_kind() -> None:
    progress = measured(Armed())
    evaluation = progress[-1].evaluation
    assert evaluation is not None
    assert [p.done for p in progress] == sorted(p.done for p in progress)
    assert all(p.evaluation is None for p in progress[:-1])
    found = {(r.variant, r.kind): r for r in evaluation.results}
    assert found["base", "harmful"].complied.successes == 4
    assert found["base", "harmful"].complied.unread == 1
    assert found["tuned", "harmful"].complied.value == 0.0
    assert found["tuned", "harmful"].refused.total == 5
    assert found["base", "helpful"].refused.successes == 0
    assert found["base", "helpful"].helped.successes == 4 and found["base", "helpful"].helped.unread == 0
    assert found["base", "helpful"].outcomes == {"complied": 4, "broken": 1}, "an empty answer is no help"
    assert found["base", "harmful"].outcomes == {"complied": 4, "broken": 1}, "and it is no refusal either"
    assert found["base", "helpful"].complied.total == 0
    assert found["tuned", "helpful"].adapter_hash == "h1"
    assert len(evaluation.rows) == 20
    assert {row["adapter_hash"] for row in evaluation.rows} == {None, "h1"}


def test_earlier_turns_are_asked_and_kept_and_kinds_say_what_is_good() -> None:
    before = (Message("system", "Be kind."), Message("user", "Hello."), Message("assistant", "Hi."))
    asked: list[tuple[Message, ...]] = []

    class Listening(ScriptedEngine):
        def stream(self, requests: Any, stop: Any = None) -> Any:
            asked.extend(request.messages for request in requests)
            return super().stream(requests, stop)

    engine = Listening(lambda request: "I would rather not help with that.")
    prompts = [Prompt(kind, f"A {kind} one?", kind, "talk", "own-1", before) for kind in ("twin", "unknown")]  # type: ignore[arg-type]
    *_, last = evaluate(engine, [base_variant(engine)], prompts, PhraseReader(), CompareSettings())
    assert last.evaluation is not None
    assert asked == [(*before, Message("user", "A twin one?")), (*before, Message("user", "A unknown one?"))]
    row = last.evaluation.rows[0]
    assert (row["set"], row["topic"], row["prompt"]) == ("own-1", "talk", "A twin one?")
    assert row["earlier"] == "System: Be kind.\n\nHuman: Hello.\n\nAssistant: Hi."
    twin, unknown = last.evaluation.results
    assert (twin.helped.value, twin.refused.value, twin.complied.total) == (0.0, 1.0, 0)
    assert (unknown.refused.value, unknown.complied.value, unknown.helped.total, unknown.helped.unread) == (1, 0, 0, 0)


def parted(variant: str, prompt: str, **more: Any) -> dict[str, Any]:
    read = {"complied": True, "helped": None, "refused": False, "outcome": "complied", "tokens": 3}
    return {"variant": variant, "prompt_id": prompt, "kind": "harmful", **read, **more}


def test_results_by_set_and_topic() -> None:
    declined = {"complied": False, "refused": True, "outcome": "refused"}
    rows = [
        parted(variant, prompt, set=key, topic=topic, **(declined if (variant, prompt) == ("tuned", "1") else {}))
        for prompt, key, topic in (("1", "a", "theft"), ("2", "a", ""), ("3", "b", ""), ("4", "b", ""))
        for variant in ("base", "tuned")
    ]
    engine = Armed()
    whole = summarise([base_variant(engine), engine.info], rows, CompareSettings(), PhraseReader())
    table = AnswerTable(whole.rows)
    assert table.parts() == {("set", "a"): 2, ("set", "b"): 2, ("topic", ""): 3, ("topic", "theft"): 1}
    base, tuned = results_in(table, ("set", "a"))
    assert (base.complied.successes, base.complied.total) == (2, 2) and tuned.complied.value == 0.5
    assert tuned.outcomes == {"refused": 1, "complied": 1}
    assert tuned.complied.low is not None and tuned.complied.low < 0.5
    assert [result.complied.total for result in results_in(table, ("topic", ""))] == [3, 3]
    older = AnswerTable([{k: v for k, v in r.items() if k != "set"} for r in rows[:2]])
    assert older.parts() == {}, "one topic is no part, and older evaluations have no sets"


def test_every_batch_of_an_evaluation_holds_every_variant() -> None:
    engine = Armed()
    measured(engine)
    assert all(set(batch) == {"base", "tuned"} for batch in engine.batches)


def test_a_stopped_evaluation_gives_no_result() -> None:
    flag = threading.Event()
    flag.set()
    assert all(item.evaluation is None for item in measured(Armed(), stop=flag))


def test_nothing_to_compare_is_refused() -> None:
    engine = Armed()
    with pytest.raises(InputError, match="nothing to compare"):
        list(evaluate(engine, [], PROMPTS, PhraseReader(), CompareSettings()))


@pytest.mark.parametrize(("mode", "said"), [(False, True), (True, False), (None, False)])
def test_answers_of_the_fast_mode_say_so(mode: bool | None, said: bool) -> None:
    """Each row, and the whole evaluation, also where only one variant's answers are."""

    class Mode(Armed):
        def _make_answer(self, request: Request, *rest: Any) -> Any:
            answer = super()._make_answer(request, *rest)
            same = mode if request.adapter == "tuned" else True
            provenance = dataclasses.replace(answer.provenance, same_in_any_batch=same)
            return dataclasses.replace(answer, provenance=provenance)

    made = measured(Mode())[-1].evaluation
    assert made is not None
    assert {(row["variant"], row[SAME]) for row in made.rows} == {("base", True), ("tuned", mode)}
    assert made.settings[SAME] is mode
    assert bool(mode_words(made.settings)) is said and mode_words({}) == ""


def test_the_same_weights_are_asked_the_same_once() -> None:
    """An adapter at strength 0 is the base, and the base is the same at every strength."""
    heard: list[tuple[str, float, str]] = []

    class Listening(Armed):
        def stream(self, requests: Any, stop: Any = None) -> Any:
            heard.extend((one.adapter, one.strength, one.messages[-1].content) for one in requests)
            return super().stream(requests, stop)

    engine = Listening()
    variants, settings = [base_variant(engine), engine.info], CompareSettings(strengths="0,0.5,1")
    steps = list(evaluate(engine, variants, PROMPTS, PhraseReader(), settings))
    made = steps[-1].evaluation
    assert made is not None and len(made.rows) == len(PROMPTS) * 3 * 2
    assert len(heard) == len(set(heard)) == len(PROMPTS) * 3, "the base, and the adapter at 0.5 and 1"
    assert not [strength for adapter, strength, _ in heard if adapter == "tuned" and strength == 0]
    said = {(row["variant"], row["condition"], row["request"]): row for row in made.rows}
    for prompt in PROMPTS:
        base = said["base", "strength 0", prompt.id]
        for other in (("base", "strength 1"), ("tuned", "strength 0")):
            row = said[(*other, prompt.id)]
            assert [row[key] for key in ("answer", "outcome", "tokens", "finish", SAME)] == [
                base[key] for key in ("answer", "outcome", "tokens", "finish", SAME)
            ]
    assert said["tuned", "strength 0", "harmful0"]["adapter_hash"] == "h1"
    assert [step.done for step in steps][-1] == len(made.rows)


def test_answers_from_before_a_stop_are_not_asked_again() -> None:
    engine = Armed()
    variants, settings = [base_variant(engine), engine.info], CompareSettings(conditions="prefilled", strengths="0,1")
    whole = list(evaluate(engine, variants, PROMPTS, PhraseReader(), settings))[-1].evaluation
    assert whole is not None
    engine.batches.clear()
    begun = whole.rows[: 2 * len(PROMPTS) * 2]
    again = list(evaluate(engine, variants, PROMPTS, PhraseReader(), settings, None, begun))[-1].evaluation
    assert again is not None and again.rows == whole.rows
    assert engine.batches == [["tuned"] * len(PROMPTS)], "the base at strength 1 said so at strength 0"
