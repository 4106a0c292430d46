"""A team's server in a real browser: people sign in, do what their role lets them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from cai_ui.records import Message, Prompt, make_example
from cai_ui.records.people import Role
from cai_ui.store import open_store

from .conftest import Server, shot
from .test_guided_run import go_to

PASSWORD = "correct horse"


@pytest.fixture
def site(serve: Callable[..., Server], tmp_path: Path) -> Server:
    """A server where two people may sign in, with three examples to judge."""
    with open_store(tmp_path / "home") as store:
        store.accounts.add("Ann", Role.ANNOTATOR, PASSWORD)
        store.accounts.add("Vi", Role.VIEWER, PASSWORD)
        examples = [
            make_example(
                (Message("user", f"Question {n}?"),),
                "Sure.",
                f"Better not, {n}.",
                prompt=Prompt(f"p{n}", f"Question {n}?"),
            )
            for n in range(3)
        ]
        store.add_examples(examples)
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
