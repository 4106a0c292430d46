"""A team's server in a real browser: people sign in, do what their role lets them, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records.people import Role
from cai_ui.store import open_store

from .conftest import SAID, Server, idle, shot, to_judge
from .test_guided_run import go_to

PASSWORD = "correct horse"


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server where two people may sign in, with three examples to judge."""
    with open_store(tmp_path / "home") as store:
        store.accounts.add("Ann", Role.ANNOTATOR, PASSWORD)
        store.accounts.add("Vi", Role.VIEWER, PASSWORD)
        store.add_examples(to_judge(3))
    return serve("scripted", tmp_path / "home", program=["app.py", "--access", "team"])


def sign_in(page: Any, site: Server, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{site.url}/?__theme=light")
    page.get_by_label("username").fill(name)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()


@pytest.mark.slow
def test_people_sign_in_and_do_what_their_role_lets_them(chromium: Any, site: Server, tmp_path: Path) -> None:
    ann, vi = (chromium.new_context(viewport={"width": 1280, "height": 800}).new_page() for _ in range(2))
    sign_in(ann, site, "Ann", "not the password")
    expect(ann.get_by_text("Incorrect credentials")).to_be_visible()
    sign_in(ann, site, "Ann")
    ann.wait_for_selector("html.cai-ready")
    expect(ann.locator("#masthead")).to_contain_text("Ann, annotator")
    shot(ann, "people-annotator")

    go_to(ann, "Curate")
    before = ann.locator("#curate-card article").get_attribute("data-example")
    ann.locator("#curate-accept").click()
    ann.locator(f'#curate-card article:not([data-example="{before}"])').wait_for()
    go_to(ann, "Start")
    ann.locator("#start-run").click()
    expect(ann.get_by_text("You may not start work, train, or change what all share here.")).to_be_visible()

    sign_in(vi, site, "Vi")
    vi.wait_for_selector("html.cai-ready")
    go_to(vi, "Curate")
    seen = vi.locator("#curate-card article").get_attribute("data-example")
    vi.locator("#curate-accept").click()
    expect(vi.get_by_text("You may not decide, vote or grade here.")).to_be_visible()
    assert vi.locator("#curate-card article").get_attribute("data-example") == seen

    ann.get_by_text("Sign out").click()
    expect(ann.get_by_label("username")).to_be_visible()
    for page in (ann, vi):
        page.context.close()
    site.stop()
    assert "Traceback" not in site.log()
    assert "refused web.start.guided_run:GuidedRunBox._start to Ann" in site.log()
    with open_store(tmp_path / "home") as store:
        assert {decision.rater for _, decision in store.decided()} == {"Ann"}


@pytest.mark.slow
def test_whoever_is_signed_out_elsewhere_is_told_so_and_goes_on_after_signing_in(
    chromium: Any, site: Server, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page, other = context.new_page(), context.new_page()
    page.add_init_script(SAID)
    sign_in(page, site, "Ann")
    page.wait_for_selector("html.cai-ready")
    page.evaluate("window.stays = true")
    with page.expect_response(lambda answer: "/run/predict" in answer.url):  # the tab looks again when it is come to
        go_to(page, "Curate")
    page.locator("#curate-card article").wait_for()
    idle(page)
    page.locator("#curate-text textarea").press("Control+End")
    page.keyboard.type(" Before.")
    expect(page.locator("#curate-drafted")).to_contain_text("Draft saved")
    other.goto(f"{site.url}/logout")
    page.bring_to_front()
    page.locator("#curate-text textarea").press("Control+End")
    page.keyboard.type(" After.")
    page.keyboard.press("Control+Enter")
    told = page.locator("#cai-lost")
    expect(told).to_contain_text("You are signed out. Sign in again in another tab; what you typed is still here.")
    expect(page.locator("#cai-error p")).to_contain_text("You are signed out.")
    expect(page.locator("#masthead")).to_contain_text("signed out", use_inner_text=True)
    expect(page.locator("#masthead")).not_to_contain_text("not connected", use_inner_text=True)
    page.wait_for_timeout(6_000)  # the header looks every five seconds
    assert page.evaluate("Object.keys(window.caiToasts)") == []
    shot(page, "people-signed-out")
    with context.expect_page() as opened:
        told.get_by_role("link", name="Sign in").click()
    login = opened.value
    login.get_by_label("username").fill("Ann")
    login.get_by_label("password").fill(PASSWORD)
    login.get_by_role("button", name="Login").click()
    login.wait_for_selector("html.cai-ready")
    page.bring_to_front()
    page.wait_for_selector("html:not(.cai-out)")
    expect(page.locator("#masthead")).to_contain_text(re.compile(r"\bconnected"), use_inner_text=True)
    expect(page.locator("#curate-text textarea")).to_have_value("Better not, 0. Before. After.")
    page.locator("#curate-text textarea").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#curate-saved")).to_contain_text("Edited · saved")
    assert page.evaluate("window.stays")
    context.close()
    site.stop()
    with open_store(tmp_path / "home") as store:
        assert [decision.text for _, decision in store.decided()] == ["Better not, 0. Before. After."]
