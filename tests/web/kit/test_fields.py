"""Fields of an event are read and filled as Gradio does it, without a thread and a new component for each."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
import pytest
from gradio.state_holder import SessionState

from cai_ui.web.kit.guard import Page
from tests.off_loop import finish

FIELDS = (
    lambda: gr.Textbox(),
    lambda: gr.Dropdown(["one", "two"]),
    lambda: gr.Dropdown(["one", "two"], multiselect=True),
    lambda: gr.CheckboxGroup(["one", "two"]),
    lambda: gr.Radio([("One", 1), ("Two", 2)]),
    lambda: gr.Slider(0, 4),
    lambda: gr.Number(precision=0),
    lambda: gr.Checkbox(),
    lambda: gr.State({"kept": 1}),
    lambda: gr.BrowserState(),
    lambda: gr.HTML(),
)
_HTML_LEFT = {"__type__": "update", "props": {"__type__": "update"}}
"""What Gradio sends for an HTML part that is left as it is."""
SENT = ["typed", "two", ["one"], ["two", "one"], 2, 3, 2.0, True, None, {"name": "Ada"}, "<p>shown</p>"]


def page_of(*more: Any) -> tuple[Page, Any]:
    with Page() as page:
        fields = [make() for make in (*FIELDS, *more)]
        fields[0].change(lambda *values: values, fields, fields)
    (event,) = page.fns.values()
    return page, event


@pytest.mark.parametrize("file", [False, True])
def test_a_handler_gets_what_gradio_would_give_it(file: bool, tmp_path: Path) -> None:
    page, event = page_of(*([gr.File] if file else []))
    sent = [*SENT, *([None] if file else [])]
    ours = finish(page.preprocess_data(event, sent, SessionState(page)))
    assert ours == finish(gr.Blocks.preprocess_data(page, event, sent, SessionState(page)))
    assert ours[:2] == ["typed", "two"] and ours[8] == {"kept": 1}


def answers(fields: list[Any]) -> dict[str, Any]:
    text, menu, several, group, radio, slider, number, box, state, browser, html = fields
    return {
        "nothing": gr.skip(),
        "some": {text: "new", html: "<b>new</b>"},
        "one": {html: "<b>new</b>"},
        "all": ["new", "one", [], ["one"], 1, 4, 3, False, {"kept": 2}, {"name": "Bo"}, "<b>new</b>"],
        "updates": {
            menu: gr.update(choices=["three", "four"], value="three"),
            box: gr.update(visible=False),
            group: gr.CheckboxGroup(["five"], value=["five"]),
            state: {"kept": 3},
            number: None,
            text: None,
            radio: gr.skip(),
        },
        "numbers": {slider: 2, number: 7, several: ["two"], browser: {}},
        "several updates": {text: gr.update(interactive=False), html: gr.update(value="<i>new</i>", visible=True)},
    }


@pytest.mark.parametrize("kind", answers(list("abcdefghijk")))
def test_the_browser_gets_what_gradio_would_send(kind: str) -> None:
    page, event = page_of()
    mine, gradios = SessionState(page), SessionState(page)
    ours = finish(page.postprocess_data(event, answers(event.outputs)[kind], mine))
    theirs = finish(gr.Blocks.postprocess_data(page, event, answers(event.outputs)[kind], gradios))
    assert ours == [gr.skip() if sent == _HTML_LEFT else sent for sent in theirs]
    for block in event.outputs:  # what is chosen from a menu next is looked for in its new entries
        if block._id in mine or block.stateful:
            assert getattr(mine[block._id], "choices", None) == getattr(gradios[block._id], "choices", None)
            assert not block.stateful or mine[block._id] == gradios[block._id]


@pytest.mark.parametrize("answer", ["new", None, gr.skip(), gr.update(visible=False), {"a": 1}, ["new"]])
def test_an_event_with_one_output_gets_its_answer(answer: Any) -> None:
    with Page() as page:
        text = gr.Textbox()
        text.change(lambda value: value, [text], [text])
    (event,) = page.fns.values()
    ours = finish(page.postprocess_data(event, answer, None))
    assert ours == finish(gr.Blocks.postprocess_data(page, event, answer, None))


def test_a_table_is_left_to_gradio() -> None:
    with Page() as page:
        table, text = gr.Dataframe(), gr.Textbox()
        text.change(lambda value: value, [text], [table, text])
    (event,) = page.fns.values()
    answer = {table: pd.DataFrame({"a": [1]}), text: "new"}
    ours = finish(page.postprocess_data(event, answer, None))
    assert ours == finish(gr.Blocks.postprocess_data(page, event, answer, None))


def test_no_thread_for_each_field_and_no_component_built_anew_for_what_stays() -> None:
    where = set()

    def noted_by(value: Any) -> Any:
        where.add(threading.get_ident())
        return value

    with Page() as page:
        noted, others = gr.HTML(), [gr.Textbox() for _ in range(3)]
        others[0].change(lambda *values: values, [noted, *others], [noted, *others])
    (event,) = page.fns.values()
    state = SessionState(page)
    noted.preprocess = noted.postprocess = noted_by  # type: ignore[method-assign]

    async def press() -> tuple[int, Any]:
        await page.preprocess_data(event, ["a", "b", "c", "d"], SessionState(page))
        return threading.get_ident(), await page.postprocess_data(event, {noted: "new"}, state)

    loop, sent = finish(press())
    assert sent == ["new", gr.skip(), gr.skip(), gr.skip()]
    assert where == {loop} and all(state[block._id] is block for block in others)
