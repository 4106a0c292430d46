"""The Curate tab: judging, editing, undo, drafts, conflicts, filters, and what is shown."""

from __future__ import annotations

import dataclasses
import time

import gradio as gr
import pytest

from cai_ui import pipeline
from cai_ui.errors import ConflictError, InputError, NotFoundError
from cai_ui.pipeline import QueueFilter, Services
from cai_ui.records import Example, Message, Prompt, make_example
from cai_ui.web import example_card, hotkeys, judging
from cai_ui.web.judging import Place, View
from cai_ui.web.session import Session
from cai_ui.web.tabs import curate as tab
from cai_ui.web.tabs import curate_filter, curate_view, curate_wiring

OPEN = QueueFilter("open")
ME, ANA = "me", "Ana"


def example(number: int, kind: str = "harmful", initial: str | None = "Sure, do it.") -> Example:
    prompt = Prompt(f"p{number}", f"Question {number}?", kind, source="test")  # type: ignore[arg-type]
    turns = (Message("user", prompt.text),)
    return make_example(turns, initial, f"Better not, {number}.", prompt=prompt, source=f"set {number % 2}")


@pytest.fixture
def filled(services: Services) -> Services:
    services.store.add_examples([example(number) for number in range(6)])
    return services


def at(view: View) -> Place:
    assert view.place is not None
    return view.place


def shows(view: View) -> str:
    assert view.item is not None
    return view.item.example.prompt.text


def first(services: Services, filter: QueueFilter = OPEN, rater: str = ME) -> View:
    return judging.show(services, rater, filter, 0)


@pytest.mark.parametrize("verdict", ["accept", "reject", "flip", "skip"])
def test_a_decision_is_stored_and_the_next_example_comes(filled: Services, verdict: str) -> None:
    before = first(filled)
    after = judging.judge(filled, ME, OPEN, at(before), verdict, before.text)  # type: ignore[arg-type]
    assert shows(after) == "Question 1?"
    assert "saved " in after.said
    kept = pipeline.item(filled, at(before).example_id).decision
    assert kept is not None and (kept.verdict, kept.rater) == (verdict, ME)


def test_accepting_a_changed_text_keeps_the_change(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "accept", "My own words.")
    kept = pipeline.item(filled, at(before).example_id).decision
    assert kept is not None and (kept.verdict, kept.text) == ("edit", "My own words.")


def test_an_edit_that_changes_nothing_is_an_acceptance(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", before.text + "\r\n")
    kept = pipeline.item(filled, at(before).example_id).decision
    assert kept is not None and kept.verdict == "accept"


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "\ud800", "x" * 5_000_000])
def test_text_that_cannot_be_kept_is_refused_and_nothing_is_decided(filled: Services, text: str) -> None:
    before = first(filled)
    with pytest.raises(InputError):
        judging.judge(filled, ME, OPEN, at(before), "edit", text)
    assert pipeline.counts(filled).open == 6


def test_undo_shows_the_example_again_and_keeps_the_edited_text(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", "My own words.")
    view = judging.undo(filled, ME, OPEN)
    assert shows(view) == shows(before)
    assert view.text == "My own words."
    assert pipeline.counts(filled).open == 6
    with pytest.raises(InputError, match="nothing to undo"):
        judging.undo(filled, ME, OPEN)


def test_undo_takes_back_a_bulk_acceptance_as_a_whole(filled: Services) -> None:
    assert "6 examples accepted" in curate_filter.decide_all(filled, Session(ME), "accept", 6, "open")
    assert first(filled).item is None
    assert "6 decisions" in judging.undo(filled, ME, OPEN).said
    assert pipeline.counts(filled).open == 6


def test_a_bulk_acceptance_of_another_number_than_announced_is_refused(filled: Services) -> None:
    judging.judge(filled, ANA, OPEN, at(first(filled)), "reject")
    with pytest.raises(ConflictError, match="5 open examples now, not 6"):
        curate_filter.decide_all(filled, Session(ME), "accept", 6, "open")
    assert pipeline.counts(filled).accepted == 0


def test_a_stale_sight_writes_nothing_and_shows_both_texts(filled: Services) -> None:
    mine, hers = first(filled), first(filled, rater=ANA)
    judging.judge(filled, ANA, OPEN, at(hers), "edit", "Ana's words.")
    view = judging.judge(filled, ME, OPEN, at(mine), "edit", "My words.")
    assert view.conflict is not None
    sentence, kept, standing = view.conflict
    assert "was edited by Ana" in sentence
    assert (kept, standing, view.text) == ("My words.", "Ana's words.", "My words.")
    decision = pipeline.item(filled, at(mine).example_id).decision
    assert decision is not None and decision.rater == ANA
    html = tab.shown(filled, Session(ME), OPEN, view)[2]
    assert "Ana&#x27;s words." in html and "My words." in html


def test_after_a_conflict_the_next_decision_counts(filled: Services) -> None:
    mine = first(filled)
    judging.judge(filled, ANA, OPEN, at(first(filled, rater=ANA)), "reject")
    view = judging.judge(filled, ME, OPEN, at(mine), "accept", mine.text)
    judging.judge(filled, ME, OPEN, at(view), "accept", view.text)
    decision = pipeline.item(filled, at(mine).example_id).decision
    assert decision is not None and (decision.verdict, decision.rater) == ("accept", ME)


def test_the_same_request_twice_is_one_decision(filled: Services) -> None:
    before = first(filled)
    for _ in range(2):
        after = judging.judge(filled, ME, OPEN, at(before), "accept", before.text)
    assert shows(after) == "Question 1?"
    assert len(pipeline.history(filled, ME)) == 1


def test_a_second_key_before_the_next_example_is_left_out(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "accept", before.text)
    view = judging.judge(filled, ME, OPEN, at(before), "reject")
    assert view.said == judging.TOO_FAST
    assert shows(view) == "Question 1?"
    assert (pipeline.counts(filled).accepted, pipeline.counts(filled).rejected) == (1, 0)


def test_a_draft_comes_back_and_is_not_kept_for_an_outdated_sight(filled: Services) -> None:
    before = first(filled)
    assert judging.keep_draft(filled, ME, at(before), "half a sent").startswith("Draft saved ")
    again = judging.resume(filled, ME, OPEN, at(before).example_id)
    assert again.text == "half a sent"
    judging.judge(filled, ME, OPEN, at(again), "accept", "A whole sentence.")
    assert judging.keep_draft(filled, ME, at(before), "late") == ""
    assert pipeline.text_draft(filled, at(before).example_id, ME) is None


def test_the_models_revision_can_be_put_back(filled: Services) -> None:
    before = first(filled)
    judging.keep_draft(filled, ME, at(before), "half a sent")
    assert judging.forget_draft(filled, ME, at(before)) == before.text
    assert pipeline.text_draft(filled, at(before).example_id, ME) is None


def test_walking_goes_round_at_both_ends(filled: Services) -> None:
    view = first(filled)
    seen = []
    for _ in range(7):
        seen.append(shows(view))
        view = judging.step(filled, ME, OPEN, at(view), 1)
    assert seen == [f"Question {n % 6}?" for n in range(7)]
    assert shows(judging.step(filled, ME, OPEN, at(first(filled)), -1)) == "Question 5?"


def test_without_a_remembered_place_work_goes_on_after_the_last_decision(filled: Services) -> None:
    second = judging.step(filled, ME, OPEN, at(first(filled)), 1)
    judging.judge(filled, ME, OPEN, at(second), "accept", second.text)
    view = judging.resume(filled, ME, OPEN, "")
    assert shows(view) == "Question 2?"
    assert judging.place_words(view, OPEN) == "Example 2 of 5"


def test_a_remembered_example_that_is_gone_leads_to_the_first(filled: Services) -> None:
    with pytest.raises(NotFoundError):
        pipeline.item(filled, "gone")
    assert shows(judging.resume(filled, ME, OPEN, "gone")) == "Question 0?"


def test_looking_through_judged_ones_stays_among_them(filled: Services) -> None:
    pipeline.accept_open(filled, OPEN, ME)
    accepted = QueueFilter("accept")
    view = first(filled, accepted)
    view = judging.judge(filled, ME, accepted, at(view), "accept", view.text)
    assert shows(view) == "Question 1?"
    view = judging.judge(filled, ME, accepted, at(view), "reject")
    assert shows(view) == "Question 2?"
    assert judging.place_words(view, accepted) == "Example 2 of 5"


@pytest.mark.parametrize("place", ["", "null", "{}", '{"example_id": 1}', "[1]", None, '{"example_id":"a","rev":"x"}'])
def test_a_place_that_is_none_is_refused(place: object) -> None:
    with pytest.raises(InputError, match="no example on the page"):
        judging.read_place(place)


def test_a_place_survives_the_page() -> None:
    place = Place("abc", 3, 12, "0123")
    assert judging.read_place(place.as_text()) == place


def test_filters_narrow_the_queue_and_are_said_in_words(filled: Services) -> None:
    filled.store.add_examples([example(10, "twin")])
    filter = tab.read_filter("open", "twin", "", "question")
    assert shows(first(filled, filter)) == "Question 10?"
    sentence, number = curate_filter.preview_bulk(filled, "accept", "reject", "twin", "", "question")
    assert number == 1, "whatever the status says, open ones would be accepted"
    assert "harmless, sounds harmful" in sentence and "“question”" in sentence
    assert [value for _, value in curate_filter.menus(filled)["source"]] == ["", "set 0", "set 1"]


def test_every_empty_place_says_what_to_do(services: Services) -> None:
    session = Session(ME)
    empty = tab.choose(services, session, "open", "", "", "")[6]
    assert "Nothing to judge yet" in empty and "import" in empty
    services.store.add_examples([example(1)])
    assert "Nothing fits" in tab.choose(services, session, "accept", "", "", "")[6]
    curate_filter.decide_all(services, session, "accept", 1, "open", "", "", "")
    assert "All judged" in tab.choose(services, session, "open", "", "", "")[6]


def test_a_reload_restores_filter_and_example(filled: Services) -> None:
    session = Session(ME)
    moved = tab.step(filled, 1, session, tab.choose(filled, session, "open", "harmful", "set 0", "")[3],
                     "open", "harmful", "set 0", "")  # fmt: skip
    restored = curate_wiring._restore(filled, session, moved[-1])
    assert restored[0] == moved[0]
    assert restored[len(moved) :][:2] == ["open", "harmful"]
    assert restored[-1] == ME


def test_of_very_many_sources_the_largest_are_listed_and_any_can_be_typed(services: Services) -> None:
    number = curate_filter.SOURCES_LISTED + 20
    rows = [dataclasses.replace(example(n), source=f"source {n % number:03}") for n in range(2 * number - 5)]
    services.store.add_examples(rows)
    (every, _), *listed = curate_filter.menus(services)["source"]
    assert [name for name, _ in listed] == [f"source {n:03}" for n in range(number - 20)]
    assert f"All {number} sources" in every and f"{number - 20} largest" in every
    moved = tab.choose(services, Session(ME), "open", "", f"source {number - 1}", "")
    assert f"Question {number - 1}?" in moved[0]
    restored = curate_wiring._restore(services, Session(ME), moved[-1])
    assert restored[0] == moved[0], "it is remembered, too"


@pytest.mark.parametrize("memory", [None, "x", [], {"status": "nonsense", "kind": 3, "source": "gone", "offset": "a"}])
def test_a_strange_memory_is_no_memory(filled: Services, memory: object) -> None:
    assert "Question 0?" in curate_wiring._restore(filled, Session(ME), memory)[0]


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


def test_the_card_says_what_stands_and_marks_the_differences(filled: Services) -> None:
    judging.judge(filled, ANA, OPEN, at(first(filled)), "edit", "Ask her first.")
    item = pipeline.item(filled, pipeline.queue(filled, QueueFilter("edit"))[0].example.id)
    html = example_card.card_html(item, [], "Example 1 of 1")
    assert "edited" in html and "by Ana" in html
    assert "<del>Sure, do it</del><ins>Ask her first</ins>" in html
    lone = dataclasses.replace(item, example=example(9, initial=None), decision=None)
    assert "gives no pair" in example_card.card_html(lone, [], "")


def test_the_principle_behind_an_example_is_found(services: Services) -> None:
    version = pipeline.current_constitution(services)
    chosen = version.constitution.principles[0]
    shown = dataclasses.replace(example(1), constitution_hash=version.hash, principle_ids=(chosen.id,))
    assert judging.principles_of(services, shown) == [chosen]
    assert judging.principles_of(services, dataclasses.replace(shown, constitution_hash="f" * 64)) == []


def test_a_decision_takes_a_moment_also_in_a_long_queue(services: Services) -> None:
    services.store.add_examples([example(number) for number in range(3_000)])
    session, values = Session(ME), ("open", "", "", "")
    place = tab.choose(services, session, *values)[3]
    began = time.perf_counter()
    for _ in range(10):
        place = tab.judge(services, "accept", session, place, "Better not.", [], *values)[3]
    assert (time.perf_counter() - began) / 10 < 0.25


def test_redo_shows_what_was_taken_back_and_says_when_it_was_saved(filled: Services) -> None:
    before = first(filled)
    judging.judge(filled, ME, OPEN, at(before), "edit", "My own words.")
    judging.undo(filled, ME, OPEN)
    view = judging.redo(filled, ME, OPEN)
    assert shows(view) == shows(before) and "again · saved" in view.said
    decision = pipeline.item(filled, at(before).example_id).decision
    assert decision is not None and decision.text == "My own words."
    with pytest.raises(InputError, match="nothing to redo"):
        judging.redo(filled, ME, OPEN)


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


def test_a_second_reader_does_not_see_the_first_verdict_and_a_dispute_shows_both(filled: Services) -> None:
    pipeline.set_double_share(filled, 1.0)
    hers = first(filled, rater=ANA)
    judging.judge(filled, ANA, OPEN, at(hers), "edit", "Ana's words.")
    mine = judging.show_example(filled, ME, OPEN, at(hers).example_id)
    card = tab.shown(filled, Session(ME), OPEN, mine)[0]
    assert "second reading" in card and "Ana" not in card and mine.text == "Better not, 0."
    judging.judge(filled, ME, OPEN, at(mine), "flip")
    disputed = QueueFilter("disputed")
    view = first(filled, disputed, rater="Cem")
    card = tab.shown(filled, Session("Cem"), disputed, view)[0]
    assert all(words in card for words in ("contradict each other", "Ana&#x27;s words.", "Ana", "initial kept"))
    judging.judge(filled, "Cem", disputed, at(view), "accept", view.text)
    assert pipeline.counts(filled).disputed == 0


def test_two_raters_who_begin_get_different_examples(filled: Services) -> None:
    mine, hers = (judging.resume(filled, who, OPEN, "") for who in (ME, ANA))
    assert shows(mine) == "Question 0?" and shows(hers) == "Question 1?"
    after = judging.judge(filled, ME, OPEN, at(mine), "accept", mine.text)
    assert shows(after) == "Question 2?"


def test_entries_of_lists_lead_to_examples_and_to_findings(filled: Services) -> None:
    session, view = Session(ME), first(filled)
    judging.judge(filled, ME, OPEN, at(view), "accept", view.text)
    html = example_card.history_html(judging.last_decisions(filled, ME))
    assert f'data-curate="example:{at(view).example_id}"' in html
    assert "Question 0?" in tab.follow(filled, session, f"example:{at(view).example_id}", "open")[0]
    filled.store.set_findings([(at(view).example_id, "truncated")])
    shown = tab.follow(filled, session, "finding:truncated", "open")
    assert "Question 0?" in shown[0] and "Cut off" in shown[0]
    assert dict(zip(curate_filter.FIELDS, shown[-len(curate_filter.FIELDS) :], strict=True))["finding"] == "truncated"
    for strange in ("", "finding", "javascript:alert(1)", None):
        with pytest.raises(InputError, match="leads nowhere"):
            tab.follow(filled, session, strange)  # type: ignore[arg-type]


def test_a_filter_survives_the_way_to_the_page_and_back() -> None:
    filter = QueueFilter(
        "flag", "twin", "s", "words", "c" * 64, "p", "emoji", "Ana", "kept", (3, None), (None, 50), (10, 90), "random"
    )
    assert curate_filter.read_filter(*curate_filter.values_of(filter)) == filter
    kept = dict(zip(curate_filter.FIELDS, curate_filter.values_of(filter), strict=True))
    menus = {name: [("", kept[name])] for name in ("source", "constitution", "principle", "finding", "rater", "step")}
    assert curate_filter.filter_of(curate_filter.known_values(kept, menus)) == filter
    gone = {name: [("", "")] for name in menus}
    assert curate_filter.filter_of(curate_filter.known_values(kept, gone)).rater is None, "no longer to be chosen"


def test_every_key_in_the_list_is_one_that_works() -> None:
    html = curate_view.keys_html().lower()
    for key in hotkeys.CURATE_KEYS:
        named = {"arrowright": "→", "arrowleft": "←"}.get(key.lower(), key)
        assert f"<kbd>{named}" in html or f"or {named}</kbd>" in html
