"""The whole page: it builds, its parts have names of their own, and a real client sees no outside host."""

from __future__ import annotations

import inspect
import json
import re
import time
import typing
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from cai_ui.errors import StoreError
from cai_ui.pipeline import Services
from cai_ui.pipeline.off_site.keeping import OffSite, Standing
from cai_ui.pipeline.visitors import shown_to_the_public
from cai_ui.web import header
from cai_ui.web.access import Access, Mode
from cai_ui.web.app import QUEUE_LOOK_S, build_app, launch_arguments
from cai_ui.web.kit import lean
from cai_ui.web.kit.guard import Page
from cai_ui.web.session import Session
from tests.off_loop import finish


@pytest.fixture
def page(services: Services) -> gr.Blocks:
    return build_app(services)


def test_the_tabs_come_in_the_order_of_the_work(page: gr.Blocks) -> None:
    tabs = [block.label for block in page.blocks.values() if isinstance(block, gr.Tab)]
    assert tabs[:6] == ["Start", "Principles", "Critique & Revision", "Curate", "Train", "Compare"]


def test_only_tabs_stand_beside_tabs(page: gr.Blocks) -> None:
    """Gradio counts a stray State or Timer as a tab and shifts the labels after it."""
    row = next(block for block in page.blocks.values() if isinstance(block, gr.Tabs) and block.elem_id == "tabs")
    assert all(isinstance(child, gr.Tab) for child in row.children)


def test_element_ids_are_given_once(page: gr.Blocks) -> None:
    ids = [block.elem_id for block in page.blocks.values() if getattr(block, "elem_id", None)]
    assert sorted(set(ids)) == sorted(ids)


def test_buttons_have_ids_and_do_something(page: gr.Blocks) -> None:
    used = {target[0] for fn in page.fns.values() for target in fn.targets}
    for block in page.blocks.values():
        if isinstance(block, (gr.Button, gr.UploadButton)):
            assert block.elem_id, f"{block} has no id"
            assert block._id in used, f"the button {block.elem_id} does nothing"


def values_given(handler: Callable[..., Any]) -> int | None:
    """How many values a handler gives by its annotation; None where it names the components, or says nothing."""
    given = typing.get_type_hints(inspect.unwrap(handler)).get("return", Any)
    if typing.get_origin(given) is Iterator:
        (given,) = typing.get_args(given)
    parts = typing.get_args(given)
    if given is Any or typing.get_origin(given) in (dict, list) or parts[-1:] == (...,):
        return None
    return len(parts) if typing.get_origin(given) is tuple else int(given is not type(None))


def test_handlers_give_as_many_values_as_they_have_outputs(page: gr.Blocks) -> None:
    """One output takes a tuple of two as its value, and shows it."""
    known = [(fn, values_given(fn.fn)) for fn in page.fns.values() if fn.fn is not None]
    assert len([fn for fn, count in known if count is not None]) > 50
    wrong = [(fn.name, count, len(fn.outputs)) for fn, count in known if count not in (None, len(fn.outputs))]
    assert wrong == []


def test_the_last_choice_counts_however_soon_it_comes(page: gr.Blocks) -> None:
    """A menu, a slider or an entry of a list that is used again before its first answer: that use was dropped."""
    dropped = [
        (page.blocks[id].elem_id, name)
        for event in page.fns.values()
        for id, name in event.targets
        if name in ("input", "change", "release", "blur", "key_up") and event.trigger_mode == "once"
    ]
    assert dropped == []


def test_a_choice_of_files_that_is_called_off_is_a_sentence(page: gr.Blocks) -> None:
    uploads = [event for event in page.fns.values() if any(name == "upload" for _, name in event.targets)]
    assert len(uploads) > 4
    for event in uploads:
        values = [
            None if isinstance(block, gr.UploadButton) else getattr(block, "value", None) for block in event.inputs
        ]
        with pytest.raises(gr.Error) as caught:
            finish(page.process_api(event, values, SessionState(page), SimpleNamespace(username=None)))
        assert caught.value.title == "Not done", event.name


def test_events_are_not_summed_up_after_each_event(page: gr.Blocks) -> None:
    records = [{"function": "a", "status": "success", "process_time": 0.1, "time": 0.0}] * 3
    page._queue.events_recorded = len(records)
    assert page._queue.compute_analytics_summary(records) == {"functions": {}}


def test_what_is_left_out_of_the_layout_is_read_by_no_script_of_gradio() -> None:
    folder = Path(gr.__file__).parent / "templates" / "frontend" / "assets"
    page_scripts = [*folder.glob("index-*.js"), *folder.glob("core-*.js"), *folder.glob("Blocks-*.js")]
    script = "".join(path.read_text(encoding="utf-8") for path in page_scripts)
    for name in ("component_class_id", "trigger_mode"):  # which are read, so that these are the scripts to look into
        assert re.search(rf"\.{name}\b", script)
    described = {*lean.NEVER_READ, *lean.NEVER_READ_PROPS, *lean.NEVER_READ_OF_EVENTS} - {"api_info"}
    assert [name for name in sorted(described) if re.search(rf"\.{name}\b", script)] == []


def test_the_layout_is_small_and_keeps_no_connection_open(page: gr.Blocks) -> None:
    sent = page.get_config_file()
    assert len(json.dumps(sent["components"], separators=(",", ":"), default=str)) < 360_000
    assert len(json.dumps(sent["dependencies"], separators=(",", ":"), default=str)) < 230_000
    assert sent["connect_heartbeat"] is False


def test_an_idle_page_asks_every_five_seconds(page: gr.Blocks) -> None:
    timers = {block.value for block in page.blocks.values() if isinstance(block, gr.Timer) and block.active}
    assert timers == {header.IDLE_S, header.BUSY_S}, "the second one runs while the model loads or works"
    assert header.IDLE_S >= 5


def test_plumbing_is_not_offered_as_an_interface(page: gr.Blocks) -> None:
    assert [fn.name for fn in page.fns.values() if fn.api_visibility == "public" and fn.fn is not None] == []


def test_the_strip_says_which_model_and_constitution(services: Services) -> None:
    strip = header.masthead(services)
    assert 'data-state="ready"' in strip
    assert "Scripted" in strip
    with gr.Blocks():
        head = header.Header(services, Access(Mode.OWN, services.store.accounts))
    assert head.look(strip, Session()) == (gr.skip(), gr.skip(), gr.skip())
    assert head.look("", Session())[:2] == (strip, strip)


def test_what_is_served_names_no_outside_host_to_load_from_and_seldom_looks_for_events(
    services: Services, page: gr.Blocks
) -> None:
    _, url, _ = page.launch(prevent_thread_lock=True, server_port=0 or None, **launch_arguments(services))
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
            policy = answer.headers["content-security-policy"]
        looks = page._queue.sleep_when_free, page._queue.stopped
    finally:
        page.close()
    assert looks == (QUEUE_LOOK_S, False), "the queue that is served is the one that was set"
    loads = re.findall(r"""(?:src|href)=["'](https?://[^"']+)""", text)
    assert [link for link in loads if not link.startswith(url)] == []
    assert "googleapis" not in text
    assert "default-src 'self'" in policy


def test_no_number_field_starts_empty(page: gr.Blocks) -> None:
    """Gradio would show and send 0 for nothing; `forms.optional_number` is for those."""
    empty = [b.elem_id for b in page.blocks.values() if isinstance(b, gr.Number) and b.value is None]
    assert empty == []


def test_the_strip_says_saved_or_not_and_how_old_the_backup_is(services: Services) -> None:
    store = services.store
    assert "saved · no backup yet" in header.kept(services)
    assert store.backups is not None
    store.backups.make("asked")
    assert "saved · backed up within the hour" in header.masthead(services)
    with pytest.raises(StoreError), store._db.write("The test") as connection:
        connection.exec_driver_sql("INSERT INTO meta VALUES ('schema_version', 'twice')")
    assert "NOT saved" in header.kept(services)
    store.set_setting("x", 1)
    assert "NOT saved" not in header.kept(services)
    store.backups.failed = "The disk has too little room."
    assert "the last backup failed" in header.kept(services) and "too little room" in header.kept(services)
    store.backups.failed = ""
    services.off_site = cast(OffSite, SimpleNamespace(standing=Standing(time.monotonic())))
    assert "saved · backed up within the hour · off this disk within 10 min" in header.kept(services)
    services.off_site = cast(OffSite, SimpleNamespace(standing=Standing(None, "another copy <writes>")))
    behind = header.kept(services)
    assert "not backed up off this disk yet" in behind and "another copy &lt;writes&gt;" in behind
    shown_to_the_public(store, True)
    assert header.kept(services) == ""


def test_the_waiting_line_is_bounded_from_the_first(page: gr.Blocks) -> None:
    assert (page._queue.max_size, page._queue.default_concurrency_limit, page.api_open) == (64, 4, False)


def test_a_browser_gets_the_events_as_they_stand(page: gr.Blocks) -> None:
    """They are described when the page is built, so that what is changed in one later would be missing there."""
    sent = {event["id"]: event for event in page.get_config_file()["dependencies"]}
    assert len(sent) == len(page.fns) > 500
    for number, event in page.fns.items():
        told = sent[number]
        assert (told["trigger_mode"], told["show_progress_on"]) == (event.trigger_mode, event.show_progress_on)
        assert told.get("js") == event.js


def test_the_parts_are_described_once_and_anew_when_there_is_one_more() -> None:
    """Gradio asks four times while a server starts; this page took most of a second for that."""
    asked: list[str] = []
    with Page() as small:
        told = gr.Markdown("first")
        plain = told.get_config
        told.get_config = lambda *given: asked.append("once") or plain(*given)  # type: ignore
    small.queue()
    first, again = small.get_config_file(), small.get_config_file()
    assert asked == ["once"] and first == again and first["components"][0]["props"]["value"] == "first"
    small.title = "Other"
    assert small.get_config_file()["title"] == "Other"
    with small:
        gr.Markdown("second")
    assert [one["props"]["value"] for one in small.get_config_file()["components"]] == ["first", "second"]


def test_a_session_describes_no_component_and_the_page_all(services: Services, page: gr.Blocks) -> None:
    """Gradio would describe each for every page that is opened: 0.2 s in which nobody is answered, and 2 MB kept."""
    kept = SessionState(page)
    assert len(kept.config_values) > 500 and not any(kept.config_values.values())
    assert all("props" in one for one in page.get_config_file()["components"])
    look = next(event for event in page.fns.values() if event.fn and event.fn.__qualname__ == "Header.look")
    values = [getattr(block, "value", None) for block in look.inputs]
    finish(page.process_api(look, values, kept, SimpleNamespace(username=None)))
    assert not any(kept.config_values.values())
