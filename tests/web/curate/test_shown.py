"""What the Curate tab says: the card, differences, remarks, empty places, keys, and texts only as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.store import QueueCounts, QueueFilter
from cai_ui.web import hotkeys
from cai_ui.web.curate import example_card, judging, walking
from cai_ui.web.curate.example_box import keys_html
from cai_ui.web.curate.filter_box import decide_all
from cai_ui.web.curate.walking import Place, View

from .page import Page

Make = Callable[..., Example]
OPEN = QueueFilter("open")
ME, ANA = "me", "Ana"


def at(view: View) -> Place:
    assert view.place is not None
    return view.place


def first(services: Services, filter: QueueFilter = OPEN, rater: str = ME) -> View:
    return walking.show(services, rater, filter, 0)


def test_every_empty_place_says_what_to_do(services: Services, example: Make) -> None:
    page = Page(services)
    page.choose()
    assert "Nothing to judge yet" in page[page.example.empty] and "import" in page[page.example.empty]
    services.store.add_examples([example(1)])
    page.choose(status="accept")
    assert "No example matches" in page[page.example.empty]
    decide_all(services, ME, OPEN, "accept", 1)
    page.choose(status="open")
    assert "All judged" in page[page.example.empty] and page.of(page.example.work)["visible"] is False


def test_texts_are_shown_as_text(services: Services) -> None:
    bad = '<img src=x onerror="alert(1)">'
    prompt = Prompt("p", bad, "harmful")
    turns = (Message("user", bad), Message("assistant", bad), Message("user", bad))
    services.store.add_examples([make_example(turns, bad, f"{bad} no", prompt=prompt, critique=bad, source=bad)])
    page = Page(services, bad)
    page.choose()
    for act in (lambda: page.judge("skip", ""), lambda: page.choose(status="all")):
        act()
        example = page.example
        shown = (example.card, example.said, example.counts, example.history, example.empty)
        assert "<img" not in "".join(page[component] for component in shown)
        assert page[example.text] in ("", f"{bad} no"), "a text box shows what it holds as text"


def test_the_card_says_what_stands_and_marks_the_differences(filled: Services, example: Make) -> None:
    judging.judge(filled, ANA, OPEN, at(first(filled)), "edit", "Ask her first.")
    item = filled.store.item(filled.store.queue(QueueFilter("edit"))[0].example.id)
    html = example_card.card_html(item, [], "Example 1 of 1")
    assert "edited" in html and "by Ana" in html
    assert "<del>Sure, do it</del><ins>Ask her first</ins>" in html
    lone = dataclasses.replace(item, example=example(9, initial=None), decision=None)
    assert "gives no preference pair" in example_card.card_html(lone, [], "")


def test_the_principle_behind_an_example_is_found(services: Services, example: Make) -> None:
    version = constitutions.current_constitution(services)
    chosen = version.constitution.principles[0]
    shown = dataclasses.replace(example(1), constitution_hash=version.hash, principle_ids=(chosen.id,))
    assert judging.principles_of(services, shown) == [chosen]
    assert judging.principles_of(services, dataclasses.replace(shown, constitution_hash="f" * 64)) == []


def test_the_redo_button_can_be_pressed_only_when_there_is_something(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    page.judge("accept")
    assert page.of(page.example.redo)["interactive"] is False
    page.undo()
    assert page.of(page.example.redo)["interactive"] is True


def test_ticked_labels_are_kept_with_the_decision_and_shown_again(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    page.judge("flip", labels=["preachy", "harmful", "made up"])
    page.choose(status="done")
    assert page[page.example.labels] == ["harmful", "preachy"] and "harmful, preachy" in page.card


def test_one_tie_is_no_ties() -> None:
    assert "1 tie;" in example_card.counts_html(QueueCounts(tied=1, total=1))
    assert "2 ties;" in example_card.counts_html(QueueCounts(tied=2, total=2))


def test_every_key_in_the_list_is_one_that_works() -> None:
    html = keys_html().lower()
    for key in hotkeys.CURATE_KEYS:
        named = {"arrowright": "→", "arrowleft": "←"}.get(key.lower(), key)
        assert f"<kbd>{named}" in html or f"or {named}</kbd>" in html


def test_no_key_waits_behind_generation_and_none_is_dropped(services: Services) -> None:
    page = Page(services)
    pressed = [fn for fn in page.blocks.fns.values() if fn.targets and fn.targets[0][0] in _buttons(page) and fn.fn]
    assert len(pressed) == len({"accept", "edit", "reject", "flip", "tie", "skip", "flag", "next", "back", "u", "y"})
    assert {(fn.queue, fn.trigger_mode) for fn in pressed} == {(False, "multiple")}


def _buttons(page: Page) -> list[int]:
    """The buttons that keys press."""
    ids = {*hotkeys.CURATE_KEYS.values(), "curate-save"}
    return [id for id, block in page.blocks.blocks.items() if block.elem_id in ids]
