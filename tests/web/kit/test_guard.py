"""Errors of ours reach the page as escaped sentences, others as one sentence with an id that the log has too."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from cai_ui.errors import InputError
from cai_ui.web.kit.guard import Page, bind, plain_data
from tests.off_loop import finish


def refuse(services: str, text: str) -> str:
    raise InputError(f"{services} cannot use <b>{text}</b>.", next_step="Shorten it.")


def stream(services: str, count: int) -> Iterator[int]:
    yield from range(count)
    raise InputError("It broke off.")


def divide(services: str, by: int) -> float:
    return 1 / by


def pick(services: str, event: gr.SelectData) -> None:
    """Takes what was selected."""


def test_a_choice_that_is_gone_meanwhile_is_no_fault_of_the_page() -> None:
    with Page() as page:
        menu, made = gr.Dropdown(["kept"]), gr.HTML()
        menu.input(bind(refuse, "The page"), [menu], [made])
    (event,) = page.fns.values()
    assert finish(page.preprocess_data(event, ["kept"], None)) == ["kept"]
    with pytest.raises(gr.Error, match="Choose again") as caught:
        finish(page.preprocess_data(event, ["put away"], None))
    assert (caught.value.title, caught.value.print_exception) == ("Not done", False)


def test_a_look_gets_what_is_still_there_of_the_values_the_page_had() -> None:
    with Page() as page:
        menu, several = gr.Dropdown(["kept"]), gr.CheckboxGroup(["kept", "new"])
        place, typed = gr.Slider(0, 4, 0), gr.Dropdown(["kept"], allow_custom_value=True)
        menu.input(bind(refuse, "The page", quiet=True), [menu, several, place, typed], [menu])
    (event,) = page.fns.values()
    late = ["put away", ["put away", "kept"], 210, "typed"]
    assert finish(page.preprocess_data(event, late, None)) == [None, ["kept"], 4, "typed"]


def test_a_timer_s_event_whose_choice_goes_while_it_is_read_reaches_its_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fields are read one after the other; what another event put away meanwhile was an error in
    the log, and the page was not looked at."""
    with Page() as page:
        first, menu = gr.Dropdown(["kept"]), gr.Dropdown(["kept", "put away"])
        first.input(bind(refuse, "The page", quiet=True), [first, menu], [menu])
    (event,) = page.fns.values()

    def put_away(value: str) -> str:
        menu.choices = [("kept", "kept")]
        return value

    monkeypatch.setattr(first, "preprocess", put_away)
    assert finish(page.preprocess_data(event, ["kept", "put away"], None)) == ["kept", None]


@pytest.mark.parametrize("odd", [3, "kept", {"a": 1}, ["kept", None], [["kept"]]])
def test_what_a_field_never_sends_does_not_reach_a_handler(odd: object) -> None:
    """Gradio hands on a single value where several may be chosen; a text that nobody typed is an empty one."""
    with Page() as page:
        several, text = gr.Dropdown(multiselect=True, allow_custom_value=True), gr.Textbox()
        several.input(lambda chosen, _: chosen, [several, text], [several])
    (event,) = page.fns.values()
    assert finish(page.preprocess_data(event, [["kept", 3], None], None)) == [["kept", 3], ""]
    with pytest.raises(gr.Error, match="cannot take"):
        finish(page.preprocess_data(event, [odd, ""], None))


def test_no_file_of_another_server_is_fetched_for_whoever_sends_its_address() -> None:
    """Gradio downloads what a file's path names, before any handler is called."""
    file = {"path": "https://files.example/a", "meta": {"_type": "gradio.FileData"}}
    for value in (file, [file], {"value": {"files": [file]}}):
        with pytest.raises(InputError, match="cannot take"):
            plain_data(value)
    plain_data({**file, "path": "/uploads/a", "url": "https://files.example/a"})


def test_an_error_of_ours_is_shown_as_its_sentence_with_markup_escaped() -> None:
    with pytest.raises(gr.Error) as caught:
        bind(refuse, "The page")("x")
    assert caught.value.message == "The page cannot use &lt;b&gt;x&lt;/b&gt;. Shorten it."


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("std::bad_alloc"), OSError(12, "Cannot allocate memory")]
)
def test_memory_that_gave_out_is_said_as_such(error: Exception) -> None:
    def ask(services: str) -> None:
        raise error

    with pytest.raises(gr.Error, match="no memory left for that"):
        bind(ask, "The page")()


def test_a_stream_that_breaks_off_ends_so_that_the_buttons_are_freed(recwarn: pytest.WarningsRecorder) -> None:
    assert list(bind(stream, "s")(2)) == [0, 1]
    assert "It broke off." in [str(warning.message) for warning in recwarn]


def test_a_message_beside_an_answer_does_not_say_where_the_workspace_lies(recwarn: pytest.WarningsRecorder) -> None:
    def look(home: str) -> Iterator[str]:
        yield "begun"
        raise InputError(f"No room in {home}/runs.")

    with Page() as page:
        said = gr.Textbox()
        gr.Button().click(bind(look, "/data/w"), None, [said])
    page.hides = lambda name: () if name == "Olga" else ("/data/w",)
    (event,) = page.fns.values()
    for name, told in (("Vi", "WORKSPACE/runs"), ("Olga", "/data/w/runs")):
        state, request = SessionState(page), SimpleNamespace(username=name)
        begun = finish(page.process_api(event, [], state, request))
        finish(page.process_api(event, [], state, request, iterator=begun["iterator"]))
        assert f"No room in {told}." in [str(warning.message) for warning in recwarn][-1]


def test_a_stream_refused_at_once_is_an_error() -> None:
    with pytest.raises(gr.Error, match="broke off"):
        list(bind(stream, "s")(0))


def test_an_unforeseen_error_is_logged_under_the_id_that_the_page_shows(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        bind(divide, "s")(0)
    error_id = caught.value.message.rsplit(" ", 1)[-1].rstrip(".")
    assert len(error_id) == 8
    assert error_id in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "division" not in caught.value.message


def test_a_quiet_handler_leaves_the_page_as_it_is() -> None:
    assert bind(divide, "s", quiet=True)(0) == gr.skip()
    assert bind(divide, "s", quiet=True)(2) == 0.5


def test_a_closed_stream_ends_without_an_error() -> None:
    running = bind(stream, "s")(5)
    next(running)
    running.close()


def test_gradio_sees_the_handler_without_its_fixed_arguments() -> None:
    assert list(inspect.signature(bind(pick, "s")).parameters) == ["event"]
    from gradio.helpers import special_args

    _, _, event_at, _ = special_args(bind(pick, "s"))
    assert event_at == 0


def words(services: str) -> Iterator[dict[str, object]]:
    yield {"text": "a", "run": gr.update(interactive=False)}
    yield {"text": "a b", "run": gr.update(interactive=False)}
    yield {"text": "a b", "run": gr.update(interactive=False)}
    yield {"text": "a b", "run": gr.update(interactive=True)}


def test_a_stream_sends_of_each_component_only_what_is_new() -> None:
    """Whatever is sent costs the browser a walk through the page: with all of it, seconds behind the last word."""
    sent = list(bind(words, "The page")())
    assert [set(answer) for answer in sent] == [{"text", "run"}, {"text"}, {"run"}]
    assert sent[-1]["run"]["interactive"] is True
