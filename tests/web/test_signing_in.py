"""Signing in with a password: what lets somebody in, how often it may be tried, and when it ends."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace

import pytest

from cai_ui.records.people import Role
from cai_ui.store import Accounts
from cai_ui.web import access
from cai_ui.web.access import Access, Mode
from tests.off_loop import finish

from .conftest import PASSWORD


def carries(token: str) -> dict[str, str]:
    return {"cookie": f'odd@name=1; b="; access-token-x={token}; c={{}}'}


def test_sessions_end_with_the_account_and_with_its_password(accounts: Accounts) -> None:
    """Gradio's login goes on for whoever has its cookie; other cookies of the same host may be called anything."""
    door = Access(Mode.TEAM, accounts)
    app = SimpleNamespace(cookie_id="x", tokens={"t1": "Ann", "t2": "Ann", "t3": "Tom", "t4": "Vi"})
    assert [door.signed_in(app, carries(token)) for token in app.tokens] == ["Ann", "Ann", "Tom", "Vi"]
    accounts.change("Ann", password="another password")
    accounts.change("Tom", role=Role.VIEWER)
    accounts.remove("Vi")
    accounts.add("Vi", Role.VIEWER, PASSWORD)
    assert door.signed_in(app, carries("t3")) == "Tom", "another role is no other person"
    accounts.remove("Tom")
    assert {door.signed_in(app, carries(token)) for token in list(app.tokens)} == {""}
    assert app.tokens == {}, "to Gradio they are signed out, too"


def test_a_name_that_nobody_can_have_is_not_remembered_and_a_damaged_file_lets_nobody_in(accounts: Accounts) -> None:
    door = Access(Mode.TEAM, accounts)
    assert not finish(door.sign_in("x" * 50_000, PASSWORD)) and not door._wrong
    accounts._path.write_text("{")
    accounts._read = (float("-inf"), {})
    assert not finish(door.sign_in("Ann", PASSWORD))


def test_tries_at_the_same_time_count_like_tries_in_turn(accounts: Accounts, caplog: pytest.LogCaptureFixture) -> None:
    """Seen: of sixty tries sent at once each was tried, and the right one among them came in."""
    door = Access(Mode.TEAM, accounts)

    async def burst() -> list[bool]:
        tries = [door.sign_in("Ann", f"wrong {n}") for n in range(30)]
        return await asyncio.gather(*tries, door.sign_in("Ann", PASSWORD))

    with caplog.at_level(logging.WARNING, logger="cai_ui.audit"):
        assert not any(finish(burst()))
    tried = [record for record in caplog.records if "wrong password" in record.message]
    assert len(tried) <= access.TRIES + 1 and "too many tries" in caplog.text


def test_wrong_passwords_wait_ever_longer(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    door = Access(Mode.TEAM, accounts)

    def comes_in(name: str, password: str) -> bool:
        return finish(door.sign_in(name, password))

    assert comes_in("Ann", PASSWORD) and not comes_in("Ann", PASSWORD + "x") and not comes_in("Nobody", PASSWORD)
    monkeypatch.setattr(access, "TRIES", 2)
    assert not comes_in("Ann", "wrong again")
    assert not comes_in("Ann", PASSWORD), "too many tries: even the right one has to wait"
    assert comes_in("Olga", PASSWORD)
