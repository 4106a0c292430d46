"""More tabs of the page than a browser has connections for one server; and a server that goes away and comes back."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.store import open_store

from .conftest import Server, Visit, idle, shot, to_judge
from .test_closing import VERY_SLOW
from .test_guided_run import go_to

TABS = 8
SAID_S = 5.0

DRAWN = """window.drawn = 0; const draw = requestAnimationFrame;
window.requestAnimationFrame = (then) => draw((now) => { drawn += 1; then(now); });"""


@pytest.mark.slow
def test_eight_tabs_of_one_browser_can_all_be_used(scripted_url: str, open_page: Callable[..., Visit]) -> None:
    first: Any = open_page(scripted_url).page
    pages = [first]
    for _ in range(TABS - 1):
        page = first.context.new_page()
        page.goto(scripted_url)
        page.wait_for_selector("html.cai-ready")
        pages.append(page)
    for page in pages:
        page.bring_to_front()
        go_to(page, "Principles")
        page.locator("#principles-list label").first.wait_for()


@pytest.mark.slow
def test_a_lost_connection_is_said_and_what_was_typed_is_kept(
    serve: Callable[..., Server], open_page: Callable[..., Visit]
) -> None:
    server = serve("scripted")
    page: Any = open_page(server.url).page
    go_to(page, "Critique & Revision")
    page.locator("#revise-prompt textarea").fill("How do I read her diary?")
    server.kill()
    killed = time.monotonic()
    page.wait_for_selector("html.cai-lost #cai-lost:not(:empty)")
    assert time.monotonic() - killed < SAID_S
    server.start()
    page.wait_for_selector("html.cai-ready:not(.cai-lost)")
    expect(page.locator("#revise-prompt textarea")).to_have_value("How do I read her diary?")


@pytest.fixture
def queue(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server with two examples to judge."""
    with open_store(tmp_path / "home") as store:
        store.add_examples(to_judge(2))
    return serve("scripted", tmp_path / "home")


def open_example(page: Any) -> str:
    """Curate, with a text and a comment that the server has."""
    go_to(page, "Curate")
    page.locator("#curate-card article").wait_for()
    idle(page)
    for field, saved in (("curate-text", "curate-drafted"), ("curate-note", "curate-remarked")):
        page.locator(f"#{field} textarea").press("Control+End")
        page.keyboard.type(" Kept.")
        expect(page.locator(f"#{saved}")).to_contain_text("aved ")
    return str(page.locator("#curate-card article").get_attribute("data-example"))


def type_on(page: Any, more: str) -> None:
    for field in ("curate-text", "curate-note"):
        page.locator(f"#{field} textarea").press("Control+End")
        page.keyboard.type(more)


def has_saved(home: Path, example: str, text: str, note: str) -> None:
    """Wait until the workspace, which the server holds, has the draft and the comment."""
    found: list[str | None] = []
    for _ in range(50):
        with sqlite3.connect(f"file:{home / 'cai.db'}?mode=ro", uri=True) as raw:
            found = [
                (raw.execute(f"SELECT {what} FROM {table} WHERE example_id = ?", (example,)).fetchone() or [None])[0]
                for what, table in (("text", "text_drafts"), ("json_extract(body, '$.note')", "remark_drafts"))
            ]
        raw.close()
        if found == [text, note]:
            return
        time.sleep(0.2)
    raise AssertionError(found)


@pytest.mark.slow
def test_a_network_that_is_gone_for_a_while_loads_no_page_again_and_what_was_typed_meanwhile_is_saved(
    queue: Server, open_page: Callable[..., Visit]
) -> None:
    page: Any = open_page(queue.url).page
    example = open_example(page)
    page.evaluate("window.stays = true")
    page.context.set_offline(True)
    type_on(page, " Typed meanwhile.")
    page.wait_for_selector("html.cai-lost #cai-lost:not(:empty)")
    page.wait_for_timeout(12_000)  # the header looks every five seconds, and Gradio would load the page again
    assert page.locator(".toast-body").count() == 0, "the notice says it"
    page.context.set_offline(False)
    page.wait_for_selector("html.cai-ready:not(.cai-lost)")
    has_saved(queue.home, example, "Better not, 0. Kept. Typed meanwhile.", " Kept. Typed meanwhile.")
    assert page.evaluate("window.stays"), "it is the same server"
    page.locator("#curate-next").click()
    page.locator(f'#curate-card article:not([data-example="{example}"])').wait_for()
    expect(page.locator("#curate-text textarea")).to_have_value("Better not, 1.")


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", ["", "Another window's words."])
def test_what_is_typed_while_the_server_is_dead_is_newer_than_its_draft_but_covers_no_other(
    queue: Server, open_page: Callable[..., Visit], elsewhere: str
) -> None:
    page: Any = open_page(queue.url).page
    example = open_example(page)
    queue.kill()
    type_on(page, " Typed meanwhile.")
    page.wait_for_selector("html.cai-lost #cai-lost:not(:empty)")
    if elsewhere:
        with open_store(queue.home) as store:
            store.save_text_draft(example, "local", elsewhere)
    queue.start()
    page.wait_for_selector("html.cai-ready:not(.cai-lost)")
    text, note = "Better not, 0. Kept. Typed meanwhile.", " Kept. Typed meanwhile."
    has_saved(queue.home, example, elsewhere or text, note)
    expect(page.locator("#curate-text textarea")).to_have_value(elsewhere or text)
    expect(page.locator("#curate-note textarea")).to_have_value(note)
    if elsewhere:
        expect(page.locator("#cai-kept")).to_contain_text(text)
        shot(page, "connection-changed-elsewhere")
    else:
        assert page.locator("#cai-kept").count() == 0


@pytest.mark.slow
def test_what_was_typed_about_one_example_or_principle_comes_back_to_that_one_alone(
    queue: Server, open_page: Callable[..., Visit]
) -> None:
    page: Any = open_page(queue.url).page
    go_to(page, "Principles")
    asks = page.locator("#principles-critique textarea")
    expect(asks).to_be_enabled()
    go_to(page, "Curate")
    page.locator("#curate-card article").wait_for()
    first = page.locator("#curate-card article").get_attribute("data-example")
    page.locator("#curate-next").click()
    page.locator(f'#curate-card article:not([data-example="{first}"])').wait_for()
    queue.kill()
    page.wait_for_selector("html.cai-lost #cai-lost:not(:empty)")
    type_on(page, " Of the second.")
    go_to(page, "Principles")
    asks.press("Control+End")
    page.keyboard.type(" Typed meanwhile.")
    typed = asks.input_value()
    go_to(page, "Curate")
    page.evaluate("localStorage.removeItem('cai-curate')")  # so that the page comes back to another example
    queue.start()
    page.wait_for_selector("html.cai-ready:not(.cai-lost)")
    page.locator(f'#curate-card article[data-example="{first}"]').wait_for()
    page.wait_for_timeout(2_000)  # it is looked twice a second whether the field is there
    expect(page.locator("#curate-text textarea")).to_have_value("Better not, 0.")
    expect(page.locator("#curate-note textarea")).to_have_value("")
    go_to(page, "Principles")
    expect(asks).to_have_value(typed)
    go_to(page, "Curate")
    page.locator("#curate-next").click()
    expect(page.locator("#curate-text textarea")).to_have_value("Better not, 1. Of the second.")
    expect(page.locator("#curate-note textarea")).to_have_value(" Of the second.")


def test_a_proxy_whose_server_is_gone_is_no_server_and_the_same_server_loads_no_page_again(
    scripted_url: str, open_page: Callable[..., Visit]
) -> None:
    page: Any = open_page(scripted_url).page
    page.evaluate("window.stays = true")
    page.route("**/healthz", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.wait_for_selector("html.cai-lost #cai-lost:not(:empty)")
    page.unroute("**/healthz")
    page.wait_for_selector("html:not(.cai-lost)")
    assert page.evaluate("window.stays")


def test_a_page_that_is_left_alone_draws_nothing(scripted_url: str, open_page: Callable[..., Visit]) -> None:
    page: Any = open_page(scripted_url, script=DRAWN).page
    page.wait_for_timeout(5000)  # what the beginning still draws
    before = page.evaluate("drawn")
    page.wait_for_timeout(2000)
    assert page.evaluate("drawn") - before <= 10, "a look every five seconds, and what it changes"


@pytest.mark.slow
def test_only_what_was_cut_off_by_leaving_is_no_error(
    serve: Callable[..., Server], open_page: Callable[..., Visit]
) -> None:
    """A page that is left while an answer streams says so as an error of its own connection; a fault of the old page,
    or of the new one, is told all the same."""
    server = serve("scripted", program=VERY_SLOW)
    visit = open_page(server.url)
    visit.hear_console()
    page: Any = visit.page

    def leave_while_answering() -> None:
        go_to(page, "Critique & Revision")
        page.locator("#revise-prompt textarea").fill("How do I read her diary?")
        page.locator("#revise-run").click()
        page.wait_for_selector("#revise-chain .cai-step-live")
        visit.reload()

    leave_while_answering()
    assert visit.errors == []
    visit.errors.append("AbortError before it was left")
    page.evaluate("addEventListener('beforeunload', () => console.error('a fault of the old page'))")
    page.add_init_script("setTimeout(() => { throw new Error('a fault of the new page'); })")
    leave_while_answering()
    assert visit.errors == ["AbortError before it was left", "a fault of the old page", "a fault of the new page"]
