"""Stop flags that end one page's work only."""

from __future__ import annotations

import threading

import gradio as gr
import pytest

from cai_ui.errors import ConflictError, InputError
from cai_ui.web import hotkeys
from cai_ui.web.kit.guard import bind
from cai_ui.web.session import Restore, asked_for
from cai_ui.web.stops import Stops


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("", ("", "")),
        ("?__theme=dark&tab=train", ("train", "")),
        ("?tab=curate&item=a%20b", ("curate", "a b")),
        ("?item=abc", ("curate", "abc")),
        ("?tab=" + "x" * 100_000, ("x" * 1_995, "")),
        (None, ("", "")),
    ],
)
def test_an_address_names_a_tab_and_an_example(address: object, asked: tuple[str, str]) -> None:
    assert asked_for(address) == asked


def test_stop_ends_what_this_page_runs_and_nothing_else() -> None:
    stops = Stops()
    mine, other = stops.start("a"), stops.start("b")
    stops.stop("a")
    assert mine.is_set()
    assert not other.is_set()
    stops.stop("nobody")


def test_a_new_start_ends_the_one_before_and_a_late_finish_leaves_the_new_one() -> None:
    stops = Stops()
    first = stops.start("a")
    second = stops.start("a")
    assert first.is_set()
    stops.finish("a", first)
    stops.stop("a")
    assert second.is_set()


def test_the_script_in_the_head_knows_the_keys() -> None:
    head = hotkeys.head()
    assert head.startswith("<script>")
    assert head.count("<script>") == head.count("</script>")
    assert '"a": ["curate-accept"]' in head and '"e": ["curate-edit", "grade-evaded"]' in head


def test_closing_ends_all_waits_for_the_ends_and_lets_nothing_new_begin(recwarn: pytest.WarningsRecorder) -> None:
    stops = Stops()
    flags = {page: stops.start(page) for page in "abc"}

    def end_when_told(page: str) -> None:
        flags[page].wait(20)
        stops.finish(page, flags[page])

    threads = [threading.Thread(target=end_when_told, args=(page,)) for page in "ab"]
    for thread in threads:
        thread.start()
    stops.close(0.2)
    assert all(flag.is_set() for flag in flags.values()), "c does not end by itself, and is not waited for for ever"
    for thread in threads:
        thread.join(20)
    with pytest.raises(ConflictError, match="being restarted"):
        stops.start("d")


def test_a_field_that_cannot_be_brought_back_leaves_the_others() -> None:
    """All are one event: the first to fail would keep the page closed for all."""

    def fails(_: str) -> str:
        raise InputError("It is gone.")

    with gr.Blocks():
        one, two = gr.Textbox(), gr.Textbox()
    given = {one: "a", two: "b"}
    with pytest.warns(UserWarning, match="It is gone"):
        assert Restore(bind(fails), [one], [one]).changes(given) == {}
    assert Restore(bind(str.upper), [one], [two]).changes(given) == {two: "A"}
    assert Restore(lambda a, b: (b, a), [one, two], [one, two]).changes(given) == {one: "b", two: "a"}
    assert Restore(bind(fails, quiet=True), [one], [one, two]).changes(given) == {}
