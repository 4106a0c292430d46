"""The Lineage tab: any id is looked up, links of other tabs lead there, and nothing from outside becomes markup."""

from __future__ import annotations

import gradio as gr
import pytest

from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.records.lineage import Place, place_of
from cai_ui.web.compare.results_html import rows_html
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
