"""What the Curate tab says: the card, differences, remarks, empty places, keys, and texts only as text."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.store import QueueFilter
from cai_ui.web import hotkeys
from cai_ui.web.curate import example_card, judging, tab
from cai_ui.web.curate import filter as curate_filter
from cai_ui.web.curate import view as curate_view
from cai_ui.web.curate.judging import Place, View
from cai_ui.web.session import Session

Make = Callable[..., Example]
OPEN = QueueFilter("open")
ME, ANA = "me", "Ana"


def at(view: View) -> Place:
    assert view.place is not None
    return view.place


def first(services: Services, filter: QueueFilter = OPEN, rater: str = ME) -> View:
    return judging.show(services, rater, filter, 0)


def test_every_empty_place_says_what_to_do(services: Services, example: Make) -> None:
    session = Session(ME)
    empty = tab.choose(services, session, "open", "", "", "")[6]
    assert "Nothing to judge yet" in empty and "import" in empty
    services.store.add_examples([example(1)])
    assert "Nothing fits" in tab.choose(services, session, "accept", "", "", "")[6]
    curate_filter.decide_all(services, session, "accept", 1, "open", "", "", "")
    assert "All judged" in tab.choose(services, session, "open", "", "", "")[6]


def test_texts_are_shown_as_text(services: Services) -> None:
    bad = '<img src=x onerror="alert(1)">'
    prompt = Prompt("p", bad, "harmful")
    turns = (Message("user", bad), Message("assistant", bad), Message("user", bad))
    services.store.add_examples([make_example(turns, bad, f"{bad} no", prompt=prompt, critique=bad, source=bad)])
    updates = tab.judge(services, "skip", Session(bad), tab.choose(services, Session(bad), "open", "", "", "")[3],
                        "", [], "open", "", "", "")  # fmt: skip
    everything = tab.choose(services, Session(bad), "all", "", "", "")
    for update in (updates, everything):
        card, text, said, _, counts, history, empty, *_ = update
        assert "<img" not in "".join((card, said, counts, history, empty))
        assert text in ("", f"{bad} no"), "a text box shows what it holds as text"


def test_the_card_says_what_stands_and_marks_the_differences(filled: Services, example: Make) -> None:
    judging.judge(filled, ANA, OPEN, at(first(filled)), "edit", "Ask her first.")
    item = filled.store.item(filled.store.queue(QueueFilter("edit"))[0].example.id)
    html = example_card.card_html(item, [], "Example 1 of 1")
    assert "edited" in html and "by Ana" in html
    assert "<del>Sure, do it</del><ins>Ask her first</ins>" in html
    lone = dataclasses.replace(item, example=example(9, initial=None), decision=None)
    assert "gives no pair" in example_card.card_html(lone, [], "")


def test_the_principle_behind_an_example_is_found(services: Services, example: Make) -> None:
    version = constitutions.current_constitution(services)
    chosen = version.constitution.principles[0]
    shown = dataclasses.replace(example(1), constitution_hash=version.hash, principle_ids=(chosen.id,))
    assert judging.principles_of(services, shown) == [chosen]
    assert judging.principles_of(services, dataclasses.replace(shown, constitution_hash="f" * 64)) == []


def test_the_redo_button_can_be_pressed_only_when_there_is_something(filled: Services) -> None:
    session, view = Session(ME), first(filled)
    judging.judge(filled, ME, OPEN, at(view), "accept", view.text)
    assert tab.choose(filled, session, "open")[11] == gr.update(interactive=False)
    assert tab.undo(filled, session, "open")[11] == gr.update(interactive=True)


def test_ticked_remarks_are_kept_with_the_decision_and_shown_again(filled: Services) -> None:
    session = Session(ME)
    place = tab.choose(filled, session, "open")[3]
    tab.judge(filled, "flip", session, place, "Better not, 0.", ["preachy", "harmful", "made up"], "open")
    again = tab.choose(filled, session, "done")
    assert again[12] == ["harmful", "preachy"] and "harmful, preachy" in again[0]


def test_every_key_in_the_list_is_one_that_works() -> None:
    html = curate_view.keys_html().lower()
    for key in hotkeys.CURATE_KEYS:
        named = {"arrowright": "→", "arrowleft": "←"}.get(key.lower(), key)
        assert f"<kbd>{named}" in html or f"or {named}</kbd>" in html
