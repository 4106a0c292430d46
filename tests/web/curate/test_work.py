"""Remarks, the table, guidelines, gold and progress of raters in the Curate tab."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cai_ui.config.curate import DatasetSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate.datasets import freeze_dataset, write_export
from cai_ui.pipeline.curate.raters import rater_progress
from cai_ui.records import Decision
from cai_ui.store import QueueFilter
from cai_ui.web.curate.raters import progress_html
from cai_ui.web.kit.markdown import markdown_html
from cai_ui.web.session import Session

from .page import Page

OPEN = QueueFilter("open")
ANA = Session("Ana", named=True)


def span(text: str, find: str, part: str = "revision") -> str:
    return json.dumps([{"part": part, "start": (at := text.index(find)), "end": at + len(find), "text": find}])


def test_a_comment_and_a_passage_are_kept_with_the_decision_and_exported(filled: Services, tmp_path: Path) -> None:
    page = Page(filled)
    page.choose()
    id = page.shown
    item = filled.store.item(id)
    marks = span(item.example.revision, item.example.revision.split()[0])
    page.given |= {page.example.note: "=1+1\u2028 <b>", page.example.spans: marks}
    page.take(page.tab.typed.keep_remarks(page.given))
    assert "Saved" in page[page.example.remarked] and "data-unmark" in page[page.example.marks]
    page.visit()
    assert page[page.example.note] == "=1+1\u2028 <b>", "kept while it is open"
    for bad in ('[{"part": "revision", "start": 0, "end": 3, "text": "no!"}]', "{", '[{"part": "x"}]', '"a"'):
        page.given[page.example.spans] = bad
        with pytest.raises(InputError):
            page.judge("reject")
    page.given[page.example.spans] = marks
    page.judge("accept")
    assert page[page.example.note] == "" and page[page.example.spans] == "[]", "the next one has none"
    decision = filled.store.item(id).decision
    assert decision and decision.note == "=1+1\u2028 <b>" and len(decision.spans) == 1
    info = freeze_dataset(filled, "d", DatasetSettings(helpful=0, eval_share=0), "me", helpful=[])
    write_export(filled, info.hash, "annotations", tmp_path / "a.jsonl")
    (line,) = (tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    told = json.loads(line)
    assert told["comment"] == decision.note and told["spans"][0]["text"] == decision.spans[0].text


def test_a_comment_on_what_somebody_else_just_edited_is_not_lost(filled: Services) -> None:
    page = Page(filled)
    page.choose()
    id, revision = page.shown, filled.store.item(page.shown).example.revision
    filled.store.decide(Decision("else", id, "edit", "Ben", "Quite another text."), 0)
    page.given |= {page.example.note: "Typed meanwhile", page.example.spans: span(revision, revision.split()[0])}
    page.judge("reject")
    assert "was edited by Ben" in page[page.bar.said] and page.shown == id
    assert page[page.example.note] == "Typed meanwhile"
    page.judge("reject")
    decision = filled.store.item(id).decision
    assert decision and (decision.rater, decision.note) == ("me", "Typed meanwhile")


def test_selected_rows_are_decided_together_and_one_undo_takes_them_back(filled: Services) -> None:
    page, table = Page(filled), None
    page.choose()
    table = page.tab.table
    page.take(table.turn(0, page.given))
    ids = [item.example.id for item in filled.store.queue(OPEN)]
    assert all(f'data-pick="{id}"' in page[table.rows] for id in ids)
    with pytest.raises(InputError, match="Nothing is selected"):
        table.decide("reject", page.given)
    for bad in ("{", "[" * 9_000, json.dumps(["x"] * 101)):
        page.given[table.picked] = bad
        with pytest.raises(InputError):
            table.decide("reject", page.given)
    filled.store.decide(Decision("else", ids[1], "accept", "Ben"), 0)
    page.given[table.picked] = json.dumps([*ids[:3], "no such"])
    page.take(table.decide("reject", page.given))
    assert "2 examples rejected. 2 examples had been judged meanwhile" in page[table.said]
    assert filled.store.counts().rejected == 2 and f'data-pick="{ids[0]}"' not in page[table.rows]
    page.undo()
    assert filled.store.counts().rejected == 0 and filled.store.counts().accepted == 1
    page.given |= {page.session: Session("local"), table.picked: json.dumps(ids[:1])}
    with pytest.raises(InputError, match="who judges"):
        table.decide("reject", page.given)


def test_gold_looks_like_any_other_and_tells_how_well_people_judge(filled: Services) -> None:
    lead, ana = Page(filled, "Lead"), Page(filled, "Ana")
    lead.choose()
    id = lead.shown
    raters = lead.tab.raters
    with pytest.raises(InputError, match="no verdict"):
        raters._make_gold(Session("Lead"), lead[lead.example.place])
    lead.judge("reject")
    lead.follow(f"example:{id}")
    assert "1 gold example" in raters._make_gold(Session("Lead"), lead[lead.example.place])
    raters._keep_share(1.0)
    ana.choose()
    ana.judge("accept")
    assert ana.shown == id and ">open<" in ana.card and "second" not in ana.card and "gold" not in ana.card.lower()
    ana.judge("accept")
    progress = {one.rater: one for one in rater_progress(filled)}
    assert (progress["Ana"].gold.successes, progress["Ana"].gold.total) == (0, 1)
    assert progress["Lead"].gold.total == 0 and progress["Ana"].judged == progress["Ana"].session == 2
    assert progress["Ana"].minutes is not None and "Ana" in progress_html(list(progress.values()))
    tomorrow = datetime.now().astimezone() + timedelta(days=1)
    assert {one.rater: one.today for one in rater_progress(filled, tomorrow)} == {"Ana": 0, "Lead": 0}
    settings = DatasetSettings(helpful=0, eval_share=0)
    left = freeze_dataset(filled, "d", settings, "me", helpful=[]).left_out
    assert sum(number for reason, number in left.items() if "gold" in reason) == 1
    taken = freeze_dataset(filled, "d", settings.model_copy(update={"gold": True}), "me", helpful=[]).left_out
    assert not any("gold" in reason for reason in taken)


def test_a_second_rater_brings_up_double_annotation_until_it_is_answered(filled: Services) -> None:
    first, second = Page(filled, "Ana"), Page(filled, "Ben")
    first.choose()
    first.judge("accept")
    first.visit()
    assert not first.of(first.bar.suggest)["visible"]
    second.reload({})
    assert second.of(second.bar.suggest)["visible"] and "Ana judged here, too" in second[second.bar.suggested]
    second.take(second.bar.settle(0.1))
    for page in (first, second):
        page.visit()
        assert not page.of(page.bar.suggest)["visible"]
    assert filled.store.get_setting("double_share") == 0.1


def test_guidelines_stand_beside_the_example_and_fetch_nothing(filled: Services) -> None:
    page = Page(filled)
    page.take(page.tab.raters._save(dataclasses.replace(ANA), "# Be kind\n\n![x](http://far/x.png)", 0))
    shown = page[page.example.guidelines]
    assert "<h1>Be kind</h1>" in shown and "version 1 · Ana" in shown and "<img" not in shown
    page.visit()
    assert page[page.example.guidelines] == shown and page.tab.raters._guidelines()[1] == 1


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "[x]: javascript:1\n\n[x]",
        "![x](data:image/png,1)",
        "[x](data:text/html,1)", "<http://a/\" onclick=alert(1)>", "a\n***\n<iframe src=//far>",
        "![a](//far/x.png)", "&lt;script&gt;", ">" * 5_000, "[" * 5_000, "*a " * 5_000,
    ],
)  # fmt: skip
def test_markdown_of_others_does_nothing(hostile: str) -> None:
    html = markdown_html(hostile).lower()
    for tag in ("<script", "<img", "<iframe", 'href="javascript', 'href="data', "onclick=alert(1)>", 'href="//'):
        assert tag not in html
    assert markdown_html("[w](https://a.org/)").count('rel="noopener noreferrer nofollow"') == 1


def test_the_page_is_not_told_again_that_an_example_is_shown(filled: Services) -> None:
    """That costs the browser most of the time to the next example; at the end of the queue, and back, it is told."""
    page = Page(filled)
    page.choose()
    example, left = page.example, filled.store.counts(OPEN).fits
    for place in range(left):
        changes = page.tab.judge("accept", page.given)
        page.take(changes)
        assert (example.work in changes) == (example.empty in changes) == (place + 1 == left)
    assert page.of(example.work)["visible"] is False
    page.undo()
    assert page.of(example.work)["visible"] is True and page[example.empty] == ""
    page.choose(status="all")
    changes = page.tab.step(1, page.given)
    assert example.work not in changes and changes[example.card]
