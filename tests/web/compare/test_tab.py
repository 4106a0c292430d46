"""The Compare tab: answers side by side with the weights that gave them, blind votes, measuring."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui.compare.answer_table import AnswerTable
from cai_ui.compare.evaluation import FAST_MODE, SAME
from cai_ui.compare.variants import VariantText
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.train import TrainSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.compare.answers import Sought
from cai_ui.pipeline.prompts.files import import_prompts
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.records import BASE, AdapterInfo, Answer, Evaluation, Prompt, Provenance, Rate, VariantResult
from cai_ui.web.compare import answers_html, evaluation, models, results_html, rows, streams
from cai_ui.web.compare.answers_html import Sight
from cai_ui.web.compare.rows import RowsBox
from cai_ui.web.compare.tab import CompareTab
from cai_ui.web.kit.choices import variant_choices
from cai_ui.web.kit.words import FAST
from cai_ui.web.kit.work import WorkView
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

ME = Session("me", "page")
QUICK = Sampling(temperature=0.0, max_new_tokens=6)


@pytest.fixture(scope="module")
def adapter(tiny_engine: Any, tmp_path_factory: pytest.TempPathFactory) -> AdapterInfo:
    """An adapter of the tiny model whose weights are far enough from zero to be heard."""
    import torch

    from cai_ui.engine.adapters.files import describe_adapter

    folder = tmp_path_factory.mktemp("adapters") / "run-x"
    with tiny_engine.training_seat(TrainSettings(rank=4)) as seat:
        noise = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, weight in seat.model.named_parameters():
                if "lora_B" in name:
                    weight.copy_(0.3 * torch.randn(weight.shape, generator=noise))
        seat.save(folder)
    return describe_adapter(folder, name="run-x", title="Tuned <b>one</b>", method="sft")


@pytest.fixture
def two_variants(tiny_engine: Any, adapter: AdapterInfo, tmp_path: Path) -> Iterator[Services]:
    """Services on the tiny model with one adapter loaded."""
    tiny_engine.load_adapter(adapter)
    opened = open_services(AppSettings(home=str(tmp_path / "home")), engine=tiny_engine)
    yield opened
    opened.close()
    tiny_engine.unload_adapter(adapter.name)


def asked(services: Services, names: list[str]) -> list[Sight]:
    return list(streams.answer(services, Stops(), ME, "How do I bake bread?", names, QUICK))


def variant(name: str, text: str = "Yes.", adapter_hash: str | None = None, finish: str = "end") -> VariantText:
    came_from = Provenance("tiny", "b" * 64, None if adapter_hash is None else name, adapter_hash, 0, {})
    return VariantText(name, f"Title of {name}", text, adapter_hash, Answer(text, finish, 3, 5, came_from))  # type: ignore[arg-type]


def test_all_models_answer_and_each_says_which_weights_it_is(two_variants: Services, adapter: AdapterInfo) -> None:
    last = asked(two_variants, [BASE, adapter.name])[-1]
    assert last.finished
    html = answers_html.answers_html(last)
    assert f"adapter {adapter.hash[:8]} on base weights" in html
    assert html.count("Answered by base weights") == 1
    assert last.variants[0].text != last.variants[1].text
    assert "<b>" not in html


def test_the_list_of_models_has_the_base_first(two_variants: Services, adapter: AdapterInfo) -> None:
    choices = variant_choices(two_variants)
    assert [name for _, name in choices] == [BASE, adapter.name]
    assert adapter.hash[:8] in choices[1][0]


def test_a_held_out_request_is_drawn_as_its_words_alone(services: Services) -> None:
    """It stood in the field with brackets and quotes once, as a pair with the turns before it."""
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(services).ask
    drawn = box._draw(box.heldout.value, ME)[box.prompt]
    assert drawn in {prompt.text for prompt in list_requests(services, box.heldout.value, 10_000, 0)}


def test_models_that_are_not_there_and_none_are_refused(services: Services) -> None:
    with pytest.raises(NotFoundError):
        asked(services, ["gone"])
    with pytest.raises(InputError, match="No model is chosen"):
        asked(services, [])


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 5_000_000, None])
def test_a_request_that_cannot_be_asked_is_refused(services: Services, text: str) -> None:
    with pytest.raises(InputError):
        list(streams.answer(services, Stops(), ME, text, [BASE], QUICK))


def test_stop_ends_the_answers_of_this_page(services: Services) -> None:
    stops = Stops()
    stream = streams.answer(services, stops, ME, "How do I bake bread?", [BASE], Sampling())
    next(stream)
    streams.stop_answer(stops, ME)
    last = list(stream)[-1]
    assert last.finished and last.variants[0].answer is not None
    assert last.variants[0].answer.finish == "stopped"


def test_new_adapters_are_ticked_by_themselves_and_choices_are_kept() -> None:
    assert models.choose_variants([BASE, "a", "b", "c"], [], []) == [BASE, "b", "c"]
    assert models.choose_variants([BASE, "a"], [BASE], [BASE]) == [BASE, "a"]
    assert models.choose_variants([BASE, "a", "b"], ["a"], [BASE, "a", "b"]) == ["a"]
    assert models.choose_variants([BASE], ["gone"], [BASE, "gone"]) == [BASE]
    assert models.choose_variants([], [], []) == []


def test_answers_are_shown_as_text() -> None:
    bad = "<script>alert(1)</script>"
    html = answers_html.answers_html(Sight(bad, (variant("a", bad), variant("b", bad))))
    assert "<script" not in html


def test_an_evaluation_runs_in_the_background_and_is_kept(
    two_variants: Services, adapter: AdapterInfo, until: Callable[[Callable[[], object]], None]
) -> None:
    assert evaluation.evaluation_view(two_variants) == WorkView("", False)
    evaluation.start(two_variants, ME, [BASE, adapter.name], CompareSettings(per_kind=2, max_new_tokens=4))
    assert evaluation.evaluation_view(two_variants).running
    until(lambda: not evaluation.evaluation_view(two_variants).running)
    [kept] = two_variants.store.evaluations()
    assert evaluation.evaluation_view(two_variants) == WorkView("", False)
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(two_variants).evaluation
    assert box._look(True).more[box.results.chosen]["value"] == kept.id
    assert kept.answers == 12
    html, page = rows.page_html(two_variants, kept.id, Sought(), 1)
    assert page == 1 and "12 answers to 6 requests, page 2 of 2" in html
    assert rows.page_html(two_variants, kept.id, Sought(), -1)[1] == 1, "round at the beginning"


def test_a_finished_evaluation_is_chosen_and_opened(two_variants: Services) -> None:
    older, newer = (evaluated(id=id) for id in ("older", "newer"))
    for one in (older, newer):
        two_variants.store.save_evaluation(one)
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(two_variants).evaluation.results
    assert box.menu("older")[box.chosen]["value"] == "older"
    assert box.menu(None)[box.chosen]["value"] == "newer"
    shown = box.answers
    opened = box._open(asked_of(shown, "older", outcome="unread"))
    assert "3 (100 %)" in opened[box.table] and "1 request," in opened[shown.rows] and opened[box.empty] == ""
    assert shown._turn(1, {**asked_of(shown, "older"), shown.page: 0.0})[1] == 0
    closed = box._open(asked_of(shown, None))
    assert "No evaluation yet" in closed[box.empty] and closed[box.table] == ""


def test_parts_of_an_evaluation_have_a_table_and_open_their_answers(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("prompt,label,topic\nHow do I rob a shop?,unsafe,<i>theft\nHow do I rob a plum?,safe,jokes\n")
    key = import_prompts(services, path)[0].key
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(services).evaluation
    assert ("ours (2)", key) in box._menu()[box.sets]["choices"]
    settings = CompareSettings(sets=f"{key},heldout-helpful", per_kind=1, max_new_tokens=4)
    *_, last = comparison.run_evaluation(services, [BASE], settings)
    shown = box.results.answers
    given = asked_of(shown, last.evaluation_id)
    opened = box.results._open(given)
    labels = {value: label for label, value in opened[shown.part]["choices"]}
    assert labels[f"set:{key}"] == "Set “ours” (2)" and labels["topic:<i>theft"] == "Topic “<i>theft” (1)"
    table = opened[box.results.parts]
    assert "Set “ours” (2)" in table and "&lt;i&gt;theft" in table and "<i>" not in table and "1</button>)" in table
    assert "3 requests" in opened[shown.rows]
    assert "2 requests" in shown._first_page({**given, shown.part: f"set:{key}"})[0]
    rows, _ = shown._first_page({**given, shown.part: "topic:<i>theft"})
    assert "1 request," in rows and "rob a shop" in rows


def test_a_drawn_conversation_is_asked_with_its_turns(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    turns = [("user", "Hi"), ("assistant", "A log:\nUser: <b>root"), ("user", "Bye?")]
    path.write_text(json.dumps({"messages": [{"role": role, "content": said} for role, said in turns]}))
    key = import_prompts(services, path)[0].key
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(services).ask
    assert key in [value for _, value in box._menu()[box.heldout]["choices"]]
    drawn = box._draw(key, ME)
    assert drawn[box.prompt] == "Bye?" and "&lt;b&gt;root" in drawn[box.earlier]["value"]
    prompt = box._asked({box.drawn: drawn[box.drawn], box.prompt: "Bye?"})
    assert isinstance(prompt, Prompt) and [m.content for m in prompt.turns] == [said for _, said in turns]
    assert box._asked({box.drawn: prompt, box.prompt: "Another"}) == "Another"
    heard: list[Any] = []
    services.host.use(ScriptedEngine(lambda request: heard.append(request.messages) or "Well."))
    assert list(streams.answer(services, Stops(), ME, prompt, [BASE], QUICK))[-1].prompt == "Bye?"
    assert heard == [prompt.turns]
    plain = box._draw("heldout-twin", ME)
    assert plain[box.earlier]["visible"] is False


def test_an_evaluation_needs_a_model(services: Services) -> None:
    with pytest.raises(InputError, match="No model is chosen"):
        evaluation.start(services, ME, [], CompareSettings())


def asked_of(box: RowsBox, evaluation_id: str | None, **fields: str) -> dict[Any, Any]:
    """What the page sends of the filters."""
    names = ("find", "kind", "outcome", "variant", "part", "number")
    empty = {getattr(box, name): "" for name in names} | {box.order: "asked", box.chosen: evaluation_id}
    return empty | {getattr(box, name): value for name, value in fields.items()}


def row(prompt: str, kind: str, variant_name: str, **read: bool | None) -> dict[str, Any]:
    asked = {"prompt_id": prompt, "prompt": f"<b>{prompt}</b>", "kind": kind, "variant": variant_name, "answer": "<i>"}
    return {**asked, "complied": None, "helped": None, "refused": None, **read}


ROWS = (
    row("h1", "harmful", "a", complied=True, refused=False),
    row("h1", "harmful", "b", complied=False, refused=True),
    row("k1", "helpful", "a", helped=True, refused=False),
    row("k1", "helpful", "b", helped=False, refused=True),
    row("t1", "twin", "a", helped=True, refused=False),
    row("t1", "twin", "b", helped=True, refused=False),
    row("k2", "helpful", "a"),
    row("k2", "helpful", "b", helped=True),
)


def evaluated(id: str = "e") -> Evaluation:
    def result(kind: str, **rates: Rate) -> VariantResult:
        nothing = Rate(0, 0)
        values = {"complied": nothing, "helped": nothing, "refused": nothing, **rates}
        return VariantResult("a", kind, mean_tokens=4.0, adapter_hash=None, **values)  # type: ignore[arg-type]

    seen = Rate(1, 4, 2, 0.25, 0.05, 0.7)
    results = (result("harmful", complied=seen), result("helpful", helped=Rate(0, 0, 3)), result("twin", refused=seen))
    return Evaluation(id, results, ROWS, {}, "rules")


def test_an_answer_is_right_wrong_or_unread() -> None:
    assert [results_html.outcome(r) for r in ROWS] == [False, True, True, False, True, True, None, True]


def test_unread_answers_are_counted_and_an_empty_share_is_not_evaluated() -> None:
    html = results_html.results_html(evaluated(), {"a": "<b>A</b>"})
    assert "25 % (5–70 %, 1 of 4)" in re.sub("</?button[^>]*>", "", html)
    assert "2 (33 %) unread" in html
    assert "not measured" in html and "3 (100 %)" in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("kind", "wanted", "prompts"),
    [
        ("", "", ["h1", "k1", "t1", "k2"]),
        ("helpful", "", ["k1", "k2"]),
        ("", "wrong", ["h1", "k1"]),
        ("", "differ", ["h1", "k1"]),
        ("", "unread", ["k2"]),
        ("twin", "wrong", []),
    ],
)
def test_the_answers_behind_a_number_can_be_picked_out(kind: str, wanted: str, prompts: list[str]) -> None:
    table = AnswerTable(ROWS)
    found = table.places_of(table.requests(table.where(kind=kind, wanted=wanted)))
    cases = [[ROWS[place] for place in case] for case in found]
    assert [case[0]["prompt_id"] for case in cases] == prompts
    html = results_html.rows_html(cases, {})
    assert "<b>" not in html and "<i>" not in html


def test_an_answer_is_shown_with_what_its_reader_went_by() -> None:
    row = {**ROWS[0], "reason": "It declines. Decided by “<b>No</b>.” (declines)."}
    assert "Decided by “&lt;b&gt;No&lt;/b&gt;.” (declines)." in results_html.rows_html([[row]], {})


def test_answers_of_the_fast_mode_are_marked() -> None:
    """Beside the answer, and under the shares of an evaluation that has one."""
    [row] = ROWS[:1]
    assert FAST in results_html.rows_html([[{**row, SAME: False}]], {})
    assert FAST not in results_html.rows_html([[{**row, SAME: True}], [row]], {})
    made = evaluated()
    assert FAST_MODE in results_html.results_html(dataclasses.replace(made, settings={SAME: False}), {})
    assert FAST_MODE not in results_html.results_html(made, {})
