"""Which example the Curate tab shows: walking, filters, what a reload restores, two raters at once."""

from __future__ import annotations

import dataclasses

import pytest

from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import queue
from cai_ui.store import QueueFilter
from cai_ui.web.curate import example_card, judging, walking
from cai_ui.web.curate import filter as curate_filter
from cai_ui.web.curate.filter import filter_of, fixed_menus, known_values, queue_menus, values_of
from cai_ui.web.curate.filter_box import preview_bulk
from cai_ui.web.curate.walking import Place

from .page import Page
from .views import ANA, ME, OPEN, Make, at, first, shows


def test_walking_goes_round_at_both_ends(filled: Services) -> None:
    view = first(filled)
    seen = []
    for _ in range(7):
        seen.append(shows(view))
        view = walking.step(filled, ME, OPEN, at(view), 1)
    assert seen == [f"Question {n % 6}?" for n in range(7)]
    assert shows(walking.step(filled, ME, OPEN, at(first(filled)), -1)) == "Question 5?"


def test_without_a_remembered_place_work_goes_on_after_the_last_decision(filled: Services) -> None:
    second = walking.step(filled, ME, OPEN, at(first(filled)), 1)
    judging.judge(filled, ME, OPEN, at(second), "accept", second.text)
    view = walking.resume(filled, ME, OPEN, "")
    assert shows(view) == "Question 2?"
    assert walking.place_words(view, OPEN) == "Example 2 of 5"


def test_a_remembered_example_that_is_gone_leads_to_the_first(filled: Services) -> None:
    with pytest.raises(NotFoundError):
        filled.store.item("gone")
    assert shows(walking.resume(filled, ME, OPEN, "gone")) == "Question 0?"


def test_looking_through_judged_ones_stays_among_them(filled: Services) -> None:
    queue.decide_open(filled, OPEN, "accept", ME)
    accepted = QueueFilter("accept")
    view = first(filled, accepted)
    view = judging.judge(filled, ME, accepted, at(view), "accept", view.text)
    assert shows(view) == "Question 1?"
    view = judging.judge(filled, ME, accepted, at(view), "reject")
    assert shows(view) == "Question 2?"
    assert walking.place_words(view, accepted) == "Example 2 of 5"


@pytest.mark.parametrize("place", ["", "null", "{}", '{"example_id": 1}', "[1]", None, '{"example_id":"a","rev":"x"}'])
def test_a_place_that_is_none_is_refused(place: object) -> None:
    with pytest.raises(InputError, match="no example on the page"):
        walking.read_place(place)


def test_a_place_survives_the_page() -> None:
    place = Place("abc", 3, 12, "0123")
    assert walking.read_place(place.as_text()) == place


def test_filters_narrow_the_queue_and_are_said_in_words(filled: Services, example: Make) -> None:
    filled.store.add_examples([example(10, "twin")])
    filter = filter_of({"kind": "twin", "search": "question"})
    assert filter.status == "open" and shows(first(filled, filter)) == "Question 10?"
    sentence, number = preview_bulk(filled, filter.of_status("reject"), "accept")
    assert number == 1, "whatever the status says, open ones would be accepted"
    assert "benign look-alike" in sentence and "“question”" in sentence
    assert [value for _, value in queue_menus(filled)["source"]] == ["", "set 0", "set 1"]


def test_a_reload_restores_filter_and_example(filled: Services) -> None:
    page, fresh = Page(filled), Page(filled)
    page.choose(kind="harmful", source="set 0")
    page.step(1)
    fresh.reload(page[page.example.memory])
    assert fresh.card == page.card and "Question 2?" in page.card
    assert [fresh[fresh.filter.fields[name]] for name in ("status", "kind", "source")] == ["open", "harmful", "set 0"]
    assert fresh.of(fresh.bar.who)["value"] == ME


def test_an_address_that_names_an_example_opens_it_judged_or_not(filled: Services) -> None:
    wanted, judged = (item.example.id for item in filled.store.queue(OPEN, 2, 3))
    page = Page(filled)
    page.follow(f"example:{judged}")
    page.judge("reject")
    for id in (wanted, judged):
        page = Page(filled)
        page.given[page.session] = dataclasses.replace(page[page.session], item=id)
        page.reload({"id": "", "status": "open"})
        page.visit()
        assert f'data-example="{id}"' in page.card
        assert f'href="?tab=curate&amp;item={id}"' in page.card, "and gives the link"
    page.given[page.session] = dataclasses.replace(page[page.session], item="<none>")
    page.reload({})
    assert "not here" in page[page.bar.said] and "<article" in page.card


def test_of_very_many_sources_the_largest_are_listed_and_any_can_be_typed(services: Services, example: Make) -> None:
    number = curate_filter.SOURCES_LISTED + 20
    rows = [dataclasses.replace(example(n), source=f"source {n % number:03}") for n in range(2 * number - 5)]
    services.store.add_examples(rows)
    (every, _), *listed = queue_menus(services)["source"]
    assert [name for name, _ in listed] == [f"source {n:03}" for n in range(number - 20)]
    assert f"All {number} sources" in every and f"{number - 20} largest" in every
    page, fresh = Page(services), Page(services)
    page.choose(source=f"source {number - 1}")
    assert f"Question {number - 1}?" in page.card
    fresh.reload(page[page.example.memory])
    assert fresh.card == page.card, "it is remembered, too"


@pytest.mark.parametrize("memory", [None, "x", [], {"status": "nonsense", "kind": 3, "source": "gone", "offset": "a"}])
def test_a_strange_memory_is_no_memory(filled: Services, memory: object) -> None:
    page = Page(filled)
    page.reload(memory)
    assert "Question 0?" in page.card


def test_two_raters_who_begin_get_different_examples(filled: Services) -> None:
    mine, hers = (walking.resume(filled, who, OPEN, "") for who in (ME, ANA))
    assert shows(mine) == "Question 0?" and shows(hers) == "Question 1?"
    after = judging.judge(filled, ME, OPEN, at(mine), "accept", mine.text)
    assert shows(after) == "Question 2?"


def test_entries_of_lists_lead_to_examples_and_to_findings(filled: Services) -> None:
    page, view = Page(filled), first(filled)
    judging.judge(filled, ME, OPEN, at(view), "accept", view.text)
    html = example_card.history_html(judging.last_decisions(filled, ME))
    assert f'data-curate="example:{at(view).example_id}"' in html
    page.follow(f"example:{at(view).example_id}")
    assert "Question 0?" in page.card
    filled.store.set_findings([(at(view).example_id, "truncated")])
    page.follow("finding:truncated")
    assert "Question 0?" in page.card and "Cut off" in page.card
    assert page[page.filter.fields["finding"]] == "truncated"
    for strange in ("", "finding", "javascript:alert(1)"):
        with pytest.raises(InputError, match="Unknown link"):
            page.follow(strange)


def test_a_visit_shows_what_happened_meanwhile(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    queue.decide_open(filled, QueueFilter(source="set 0"), "accept", ANA)
    page.visit()
    assert "Question 1?" in page.card, "the one on the page was judged by somebody else"
    assert ("Ana", "Ana") in page.of(page.filter.fields["rater"])["choices"]


def test_a_filter_survives_the_way_to_the_page_and_back() -> None:
    filter = QueueFilter(
        "flag", "twin", "s", "words", "c" * 64, "p", "emoji", "Ana", "kept", (3, None), (None, 50), (10, 90), "random"
    )
    assert filter_of(values_of(filter)) == filter
    kept = values_of(filter)
    names = ("source", "constitution", "principle", "finding", "rater", "step")
    there, gone = ({**fixed_menus(), **{n: [("", kept[n] if known else "")] for n in names}} for known in (True, False))
    assert filter_of(known_values(kept, there)) == filter
    assert filter_of(known_values(kept, gone)).rater is None, "no longer to be chosen"


def test_a_tab_that_is_opened_by_a_link_waits_for_what_the_link_asks(filled: Services) -> None:
    """The look at the opened tab was answered after the link's example was shown, and took it away."""
    page = Page(filled)
    early = page.tab.visits.look_again(page.given)
    assert set(early) == {page.example.place} and "value" not in early[page.example.place]
    page.reload({})
    assert page.bar.counts in page.tab.visits.look_again(page.given)
