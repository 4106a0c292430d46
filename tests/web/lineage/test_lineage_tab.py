"""The Lineage tab: any id is looked up, links of other tabs lead there, and nothing from outside becomes markup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import gradio as gr
import pytest

from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.records.lineage import Lineage, Link, Place, place_of
from cai_ui.web.compare.results_html import rows_html
from cai_ui.web.lineage.graph import graph_svg
from cai_ui.web.lineage.tab import LineageTab, asked_id
from cai_ui.web.lineage.where_from import where_from


@pytest.fixture
def tab(filled: Services) -> LineageTab:
    with gr.Blocks():
        with gr.Tabs() as tabs:
            made = LineageTab(filled)
        made.tabs = tabs
    return made


def test_links_lead_to_a_view(filled: Services, tab: LineageTab) -> None:
    (example, *_) = filled.store.open_ids()
    assert f'value="example:{example}"' in where_from("example", example)
    changes = tab._go(f"example:{example}")
    assert changes[tab.tabs].selected == "lineage" and changes[tab.id] == f"example:{example}"
    assert "nobody decided it yet" in changes[tab.view] and f'data-place="example:{example}"' in changes[tab.view]
    assert changes[tab.near]["visible"] is False
    assert tab._look(example[:10])[tab.id] == f"example:{example}"
    assert tab._address(f"?tab=lineage&id=example:{example}")[tab.id] == f"example:{example}"
    assert "lineage-go" in tab._begin()


def test_what_cannot_be_looked_up_is_a_sentence(tab: LineageTab) -> None:
    for text in (None, "", "  ", "a\0b", "x" * 10_000):
        with pytest.raises(InputError):
            tab._look(text)
    with pytest.raises(NotFoundError, match="begins with"):
        tab._look("<script>")


def test_addresses() -> None:
    assert asked_id("?tab=lineage&id=run%3Aa") == "run:a" and asked_id("?tab=curate&id=x") == asked_id(None) == ""
    assert place_of("run:a") == Place("run", "a") and place_of("runs:a") is place_of("run:") is place_of("a") is None


def test_answers_say_where_they_are_from() -> None:
    row = {"variant": "base", "prompt": "<i>", "answer": "<b>", "kind": "harmful", "outcome": "refused", "place": 3}
    html = rows_html([[row]], {}, None, 'e"><i>')
    assert 'value="answer:e&quot;&gt;&lt;i&gt;/3"' in html and "<i>" not in html and "<b>" not in html
    assert "lineage-go" not in rows_html([[row]], {})


def drawn(**changes: Any) -> Lineage:
    """A run between hostile neighbours."""
    here = Place("run", 'r"><i>')
    data = Link("dataset", "<b>data</b>", Place("dataset", "d" * 64), "frozen")
    lost = Link("dataset row", "row & <i>", missing="It is <gone>.")
    answers = tuple(Link("answer", f"and {n}", Place("answer", f"e/{n}")) for n in range(9))
    answers += (Link("answer", "and 90 more", rest=90),)
    path = (Link("run", "here", here), data, Link("example", "an example", Place("example", "x")),
            Link("decision", "accept", Place("decision", "ev")),
            Link("trace", "a trace", Place("trace", "t")))  # fmt: skip
    return replace(Lineage(here, "Run <&>", (), (), (data, lost), answers, path), **changes)


def test_the_drawing_has_a_column_for_each_stage_and_every_box_leads_there() -> None:
    svg = graph_svg(drawn())
    tree = ElementTree.fromstring(svg)
    assert [text.text for text in tree.iter() if text.get("class") == "head"] == [
        "Trace", "Example", "Decision", "Dataset row", "Dataset", "Run", "Answer, vote",
    ]  # fmt: skip
    links = {one.get("data-value"): one for one in tree.iter("a")}
    assert set(links) == {'run:r"><i>', f"dataset:{'d' * 64}", "example:x", "decision:ev", "trace:t",
                          *(f"answer:e/{n}" for n in range(6))}  # fmt: skip
    assert [one.get("aria-current") for value, one in links.items() if value == 'run:r"><i>'] == ["true"]
    assert all(parse_qs(str(one.get("href"))[1:])["id"] == [value] for value, one in links.items())
    assert "and 3 more" in svg and "lost" in svg and "It is &lt;gone&gt;." in svg and "<i>" not in svg
    columns = {value: float(next(one.iter("rect")).get("x", "")) for value, one in links.items()}
    assert columns["trace:t"] < columns["example:x"] < columns["decision:ev"] < columns['run:r"><i>']
    assert len(list(tree.iter("path"))) == 2 + 6 + 3, "neighbours, and the way: to the example, its decision, its trace"
    assert tree.find("svg").get("aria-label", "").startswith("This run with 2 things")  # type: ignore[union-attr]


def test_what_stands_alone_is_not_drawn() -> None:
    assert graph_svg(drawn(came_from=(), led_to=(), path=())) == ""


def test_other_tabs_lead_to_it(filled: Services) -> None:
    """A number, a trace, and a principle on to what it touched."""
    from cai_ui.records import Prompt, Step, Trace
    from cai_ui.web.principles.editor import open_current, open_principle
    from cai_ui.web.principles.fields import findings_html
    from cai_ui.web.revise.trace_html import steps_html
    from cai_ui.web.session import Session

    trace = Trace("t-<1>", Prompt("p", "?"), (), "h", (Step("draft", "Yes."),))
    assert 'value="trace:t-&lt;1&gt;"' in steps_html(trace, {})
    view = open_current(filled, Session("me", "page"))
    first = view.draft.principles[0].id
    shown = findings_html(filled, open_principle(filled, Session("me", "page"), view.base, first))
    assert f'value="principle:{view.base}/{first}"' in shown
