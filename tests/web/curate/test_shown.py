"""What the Curate tab says: the card, differences, remarks, empty places, keys, and texts only as text."""

from __future__ import annotations

import dataclasses

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Message, Prompt, RaterSettings, make_example
from cai_ui.store import QueueCounts, QueueFilter
from cai_ui.web import hotkeys
from cai_ui.web.curate import example_card, judging
from cai_ui.web.curate.bar import numbers_words
from cai_ui.web.curate.filter_box import decide_all
from cai_ui.web.curate.keys import keys_html, rebound
from cai_ui.web.session import Session

from .page import Page
from .views import ANA, ME, OPEN, Make, at, first


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
        example, bar = page.example, page.bar
        shown = (example.card, bar.said, bar.counts, example.history, example.empty)
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
    assert page.of(page.bar.redo)["interactive"] is False
    page.undo()
    assert page.of(page.bar.redo)["interactive"] is True


def test_ticked_labels_are_kept_with_the_decision_and_shown_again(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    page.judge("flip", labels=["preachy", "harmful", "made up"])
    page.choose(status="done")
    assert page[page.example.labels] == ["harmful", "preachy"] and "harmful, preachy" in page.card


def test_one_tie_is_no_ties() -> None:
    assert numbers_words(QueueCounts(tied=1, total=1)) == "1 tie"
    assert numbers_words(QueueCounts(tied=2, total=2)) == "2 ties"


def test_every_key_in_the_list_is_one_that_works() -> None:
    html = keys_html(RaterSettings("Ana")).lower()
    for key in hotkeys.CURATE_KEYS:
        named = {"arrowright": "→", "arrowleft": "←"}.get(key.lower(), key)
        assert f"<kbd>{named}" in html or f" {named}</kbd>" in html


def test_a_key_of_ones_own_is_kept_per_rater_and_conflicts_are_said(filled: Services) -> None:
    page, ana = Page(filled), Session(ANA, named=True)
    with pytest.raises(InputError, match="R stands for “reject” already"):
        page.tab.rebind(ana, "accept R")
    for typed in ("accept 1", "accept Enter", "accept  ", "accept \x07", "nothing z", ""):
        with pytest.raises(InputError):
            page.tab.rebind(ana, typed)
    html = page.tab.rebind(ana, "accept Z")
    assert "<kbd>Z</kbd>" in html and "<kbd>A</kbd>" not in html and "&quot;z&quot;: &quot;curate-accept&quot;" in html
    assert filled.store.rater_settings(ANA).keys == (("accept", "z"),)
    assert filled.store.rater_settings(ME).keys == ()
    assert "<kbd>A</kbd>" in page.tab.rebind(ana, "reset 1") and filled.store.rater_settings(ANA).keys == ()
    assert rebound(rebound(RaterSettings(ANA), "accept", "z"), "reject", "a").keys == (("accept", "z"), ("reject", "a"))
    hostile = keys_html(rebound(RaterSettings(ANA), "accept", "<"))
    assert "<kbd>&lt;</kbd>" in hostile and 'content:"(\\00003c)"' in hostile


def test_the_name_is_asked_once_before_the_first_decision_which_is_then_kept(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    page.given[page.session] = Session("local")
    page.judge("reject")
    assert page.of(page.bar.ask)["visible"] and filled.store.counts().open == 6
    page.sign("  ")
    assert "no name yet" in page.refused and filled.store.counts().open == 6
    page.sign("Ana", goal="2")
    assert not page.of(page.bar.ask)["visible"]
    assert filled.store.raters() == ["Ana"] and filled.store.counts().rejected == 1
    assert "1 of 2 today" in page[page.bar.counts]
    page.judge("accept")
    assert filled.store.counts().accepted == 1 and not page.of(page.bar.ask)["visible"]


def test_no_key_waits_behind_generation_and_none_is_dropped(services: Services) -> None:
    page = Page(services)
    pressed = [fn for fn in page.blocks.fns.values() if fn.targets and fn.targets[0][0] in _buttons(page) and fn.fn]
    assert len(pressed) == len({"accept", "edit", "reject", "flip", "tie", "skip", "flag", "next", "back", "u", "y"})
    assert {(fn.queue, fn.trigger_mode) for fn in pressed} == {(False, "multiple")}


def _buttons(page: Page) -> list[int]:
    """The buttons that keys press."""
    ids = {*hotkeys.CURATE_KEYS.values(), "curate-save"}
    return [id for id, block in page.blocks.blocks.items() if block.elem_id in ids]
