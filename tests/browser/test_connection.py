"""More tabs of the page than a browser has connections for one server; and a server that goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit
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
