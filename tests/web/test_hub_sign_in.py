"""Signing in with the Hub, whole: the page as it is served, and a stand-in of the provider on another port."""

from __future__ import annotations

import asyncio
import gzip
import logging
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.errors import AccessError, ConflictError, InputError
from cai_ui.pipeline import open_services
from cai_ui.records.people import Role
from cai_ui.store import Accounts
from cai_ui.web import hub_sign_in
from cai_ui.web.access import Access, Mode, mode_of
from cai_ui.web.app import build_app, launch_arguments
from cai_ui.web.hub_people import HubPeople, hub_people
from cai_ui.web.hub_provider import MOST_BYTES, Hub, provider_of
from cai_ui.web.session import Session
from tests import openid_server
from tests.app_server import free_port
from tests.off_loop import finish
from tests.openid_server import CLIENT, SECRET, Provider

PEOPLE = HubPeople({"ada": Role.OWNER, "ben": Role.ANNOTATOR}, None)


class Site:
    """A page that is served, and browsers that come to it."""

    def __init__(self, url: str, access: Access) -> None:
        self.url, self.access = url, access

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, follow_redirects=True, timeout=20, trust_env=False)

    def back(self, browser: httpx.Client) -> str:
        """Begin, agree at the provider, and give the address that it sends the browser back to, without going."""
        to_hub = browser.get("/login/hub", follow_redirects=False).headers["location"]
        return browser.get(to_hub, follow_redirects=False).headers["location"]


@contextmanager
def served(home: Path, provider: Provider, below: str = "") -> Iterator[Site]:
    """A page whose people sign in with the provider, offered below a path."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment(provider.url, f"127.0.0.1:{port}"), "GRADIO_ROOT_PATH": below}.items():
            patch.setenv(name, value)
        settings = AppSettings(home=str(home), model="scripted")
        services = open_services(settings, load_engine(settings))
        access = Access(Mode.TEAM, services.store.accounts, alone=False, hub=PEOPLE)
        page = build_app(services, access=access)
        arguments = launch_arguments(services, access)
        page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, **arguments)
        yield Site(f"http://127.0.0.1:{port}", access)
        page.close()
        services.close()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Provider]]:
    """One page and one provider for all tests here; each finds them as they were at first."""
    home = tmp_path_factory.mktemp("page") / "home"
    with openid_server.running() as provider, served(home, provider) as site:
        yield site, provider


@pytest.fixture
def provider(both: tuple[Site, Provider]) -> Provider:
    both[1].as_new()
    return both[1]


@pytest.fixture
def site(both: tuple[Site, Provider], provider: Provider) -> Site:
    for account in both[0].access.accounts.all():
        both[0].access.accounts.remove(account.name)
    return both[0]


def environment(url: str, host: str) -> dict[str, str]:
    return {
        "OPENID_PROVIDER_URL": url,
        "OAUTH_CLIENT_ID": CLIENT,
        "OAUTH_CLIENT_SECRET": SECRET,
        "OAUTH_SCOPES": "openid profile",
        "SPACE_HOST": host,
    }


def signed_in(browser: httpx.Client) -> bool:
    return browser.get("/config").status_code == 200


def test_somebody_on_the_list_comes_in_and_signs_with_that_name(site: Site, provider: Provider) -> None:
    with site.browser() as browser:
        first = browser.get("/")
        assert "Sign in with Hugging Face" in first.text and "password" not in first.text and not signed_in(browser)
        assert first.headers["content-security-policy"] and first.headers["cache-control"] == "no-store"
        assert browser.get("/login/hub").url.path == "/" and signed_in(browser)
        assert "Sign in with" not in browser.get("/").text
        asked = provider.asked[0]
        assert asked["redirect_uri"] == f"{site.url}/login/callback" and asked["code_challenge_method"] == "S256"
        assert asked["scope"] == "openid profile" and len({asked["state"], asked["nonce"]}) == 2
        assert not any("hf_oauth" in cookie.value for cookie in browser.cookies.jar), "the visitor's token is let go"
        ada = site.access.visitor("Ada")
        assert ada and ada.role is Role.OWNER
        browser.get("/logout")
        assert not signed_in(browser)


def test_a_name_on_no_list_stays_outside_unless_others_may_look(
    site: Site, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.name = "mallory"
    with site.browser() as browser:
        caplog.set_level(logging.INFO, "cai_ui.audit")
        refused = browser.get("/login/hub")
        assert refused.status_code == 403 and "mallory is not on the list" in refused.text and not signed_in(browser)
        assert "mallory" in caplog.text and site.access.accounts.get("mallory") is None
        door = Access(Mode.TEAM, site.access.accounts, hub=HubPeople({}, Role.VIEWER))
        door.accounts.from_hub("mallory", "9", Role.VIEWER)
        found = door.visitor("mallory")
        assert found and found.role is Role.VIEWER


@pytest.mark.parametrize("wrong", ["no cookie", "other state", "other browser", "no state", "forged cookie"])
def test_what_another_browser_began_is_not_ended_here(site: Site, wrong: str) -> None:
    """Otherwise somebody could be signed in as another without noticing, and work into that one's account."""
    with site.browser() as browser, site.browser() as other:
        address = site.back(other if wrong == "other browser" else browser)
        if wrong == "no cookie":
            browser.cookies.clear()
        elif wrong == "other browser":
            site.back(browser)
        elif wrong == "other state":
            address = address.replace("state=", "state=x")
        elif wrong == "no state":
            address = address.partition("&state=")[0]
        else:
            said = browser.cookies["cai-hub-sign-in"].strip('"').rpartition(".")[0]
            browser.cookies.clear()
            browser.cookies.set("cai-hub-sign-in", f"{said}.{'0' * 64}", domain="127.0.0.1")
        refused = browser.get(address)
        assert refused.status_code == 403 and "not begun in this browser" in refused.text and not signed_in(browser)


def test_a_code_is_good_for_one_time(site: Site, provider: Provider) -> None:
    with site.browser() as browser:
        address = site.back(browser)
        kept = browser.cookies["cai-hub-sign-in"]
        code = dict(provider.codes)
        assert browser.get(address).status_code == 200 and signed_in(browser)
        browser.cookies.clear()
        browser.cookies.set("cai-hub-sign-in", kept, domain="127.0.0.1")
        provider.codes |= code  # even where the provider would take it again
        refused = browser.get(address)
        assert refused.status_code == 403 and "used before" in refused.text and not signed_in(browser)


def test_what_took_too_long_is_begun_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.browser() as browser:
        address = site.back(browser)
        monkeypatch.setattr(hub_sign_in, "ATTEMPT_S", 0.0)
        refused = browser.get(address)
        assert refused.status_code == 403 and "ten minutes" in refused.text and not signed_in(browser)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1_000_000},
        {"exp": 10**400},
        {"exp": "9999999999"},
        {"exp": True},
        {"iat": 9_999_999_999},
        {"iat": None},
        {"azp": "another-client"},
        {"sub": "1" * 256},
        {"sub": 1},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"nonce": "of another attempt"},
        {"sub": None},
        {"preferred_username": None},
        {"preferred_username": "../ada"},
        {"preferred_username": "ada\n"},
    ],
    ids=str,
)
def test_what_the_provider_says_must_be_for_this_attempt_and_of_now(
    site: Site, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    with site.browser() as browser:
        assert browser.get("/login/hub").status_code == 403 and not signed_in(browser)


def test_nothing_of_a_sign_in_is_in_any_log(site: Site, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with site.browser() as browser:
        address = site.back(browser)
        kept, [code] = browser.cookies["cai-hub-sign-in"], [*provider.codes]
        caplog.clear()  # so far the browser of this test told of itself
        answer = finish(asked(site, address, f"cai-hub-sign-in={kept}"))
    assert answer == 303 and "Ada signed in with the Hub" in caplog.text
    [state] = parse_qs(urlsplit(address).query)["state"]
    for secret in (code, SECRET, "hf_oauth_visitors", kept.strip('"')[:40], state):
        assert secret not in caplog.text


async def asked(site: Site, address: str, cookie: str) -> int:
    """The status of an answer to a client that writes no log."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {cookie}\r\n\r\n"
    writer.write(head.encode("ascii"))
    said = await reader.readline()
    writer.close()
    return int(said.split()[1])


def test_a_provider_is_asked_with_tls_unless_it_is_this_machine() -> None:
    for wrong in ("http://hub.example", "ftp://hub.example", "hub.example", "http://["):
        with pytest.raises(InputError):
            provider_of(environment(wrong, "ada-cai.hf.space"))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"id_token": "a.b"}', b'{"id_token": 3}', b" " * (MOST_BYTES + 1)]
)
def test_an_answer_that_cannot_be_read_is_a_sentence(site: Site, provider: Provider, body: bytes) -> None:
    provider.body = body
    with site.browser() as browser:
        refused = browser.get("/login/hub")
        assert refused.status_code == 403 and "cannot be read" in refused.text and not signed_in(browser)


def test_an_answer_that_unpacks_to_much_is_not_unpacked(site: Site, provider: Provider) -> None:
    provider.body, provider.packing = gzip.compress(bytes(2**26)), "gzip"
    with site.browser() as browser:
        tracemalloc.start()
        refused = browser.get("/login/hub")
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert refused.status_code == 403 and "cannot be read" in refused.text and most < 2**25


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"authorization_endpoint": "http://127.0.0.1:1/authorize"},
        {"token_endpoint": "http://["},
    ],
    ids=str,
)
def test_codes_and_people_are_sent_nowhere_else(provider: Provider, discovery: dict[str, str]) -> None:
    provider.discovery = discovery
    known = provider_of(environment(provider.url, "127.0.0.1"))
    assert known
    with pytest.raises(AccessError, match="cannot be read"):
        finish(Hub(known).way("state", "nonce", "verifier"))


def test_nobody_is_sent_to_a_foreign_page_and_the_address_of_return_is_not_what_a_request_says(
    site: Site, provider: Provider
) -> None:
    with site.browser() as browser:
        begun = browser.get(
            "/login/hub?_target_url=https://evil.example&redirect_uri=https://evil.example/",
            headers={"x-forwarded-host": "127.0.0.2", "host": "127.0.0.2"},
            follow_redirects=False,
        )
        there = urlsplit(begun.headers["location"])
        assert f"http://{there.netloc}" == provider.url
        assert parse_qs(there.query)["redirect_uri"] == [f"{site.url}/login/callback"]
        address = site.back(browser) + "&_target_url=https://evil.example&next=//evil.example"
        assert browser.get(address, follow_redirects=False).headers["location"] == "/"


def test_a_provider_that_is_gone_or_says_no_is_a_sentence(site: Site, provider: Provider) -> None:
    with site.browser() as browser:
        provider.refuses = True
        assert "did not say who you are" in browser.get("/login/hub").text
        provider.refuses, provider.silent = False, True
        assert "does not answer" in browser.get("/login/hub").text
        for address in ("/login/callback", f"/login/callback?{'&'.join(f'a{n}=1' for n in range(200))}"):
            assert browser.get(address).status_code == 403
        assert not signed_in(browser)


def test_settings_that_forbid_asking_the_hub_are_a_sentence(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(provider_of(environment(provider.url, "127.0.0.1:1")))  # type: ignore[arg-type]
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    with pytest.raises(AccessError, match="does not answer"):
        finish(hub.way("s", "n", "v"))


def test_nobody_takes_anothers_name(site: Site, provider: Provider) -> None:
    accounts = site.access.accounts
    accounts.add("Ben", Role.TRAINER, "correct horse")
    provider.name = "ben"
    with site.browser() as browser:
        assert "another person" in browser.get("/login/hub").text and not signed_in(browser)
        assert 'href="/?password=1"' in browser.get("/").text
        assert "Sign in with" not in browser.get("/?password=1").text
        provider.name = "ada"
        assert browser.get("/login/hub").status_code == 200 and signed_in(browser)
    provider.person = "2"  # the Hub's name ada went to another person
    with site.browser() as browser:
        assert "another person" in browser.get("/login/hub").text and not signed_in(browser)
    assert not accounts.password_fits("ada", "") and [a.name for a in accounts.all() if a.hub] == ["ada"]
    with pytest.raises(ConflictError):
        accounts.add("ADA", Role.OWNER, "correct horse")
    for change in ({"role": Role.OWNER}, {"password": "correct horse"}):
        with pytest.raises(InputError, match="CAI_HUB_PEOPLE"):
            accounts.change("ada", **change)  # type: ignore[arg-type]


def test_who_is_taken_from_the_list_is_out_at_once(tmp_path: Path) -> None:
    accounts, look = Accounts(tmp_path / "accounts.json"), "web.header:Header.look"
    accounts.from_hub("Ben", "2", Role.OWNER)
    Access(Mode.TEAM, accounts, hub=PEOPLE).admit(look, {}, [Session("Ben", "p", True)], "Ben")
    for people in (None, HubPeople({}, None)):
        with pytest.raises(AccessError, match="not signed in"):
            Access(Mode.TEAM, accounts, hub=people).admit(look, {}, [], "Ben")
    with pytest.raises(AccessError, match="train"):
        Access(Mode.TEAM, accounts, hub=PEOPLE).admit("web.train.form:RunForm._start", {}, [], "Ben")


def test_the_list_is_read_with_the_spaces_own_account_as_owner() -> None:
    given = AppSettings(hub_people="trainer=Ben,cleo  annotator=dora\nowner=eve", hub_others="viewer")
    people = hub_people(given, {"SPACE_ID": "Ada/cai"})
    wanted = {"ada": "owner", "BEN": "trainer", "cleo": "trainer", "Dora": "annotator", "eve": "owner", "x": "viewer"}
    assert {name: str(people.role(name)) for name in wanted} == wanted
    assert hub_people(AppSettings(hub_people="annotator=ada"), {"SPACE_ID": "ada/cai"}).role("ada") is Role.ANNOTATOR
    with pytest.raises(InputError, match="more than"):
        hub_people(AppSettings(hub_people="owner=" + "ada," * 3_000 + "ben"), {})
    assert hub_people(AppSettings(), {}).role("ada") is None
    for wrong in ("ada", "boss=ada", "owner=", "owner=ada,,ben", "owner=../x", "visitor=ada", "=ada"):
        with pytest.raises(InputError, match="CAI_HUB_PEOPLE="):
            hub_people(AppSettings(hub_people=wrong), {})


def test_a_team_on_a_space_needs_no_account_in_its_file(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    whole = {"SPACE_ID": "ada/cai"} | environment("https://hub.example/", "ada-cai.hf.space,cai.example")
    team = AppSettings(host="0.0.0.0", access="team")
    assert mode_of(team, whole, accounts) is Mode.TEAM
    assert mode_of(AppSettings(host="0.0.0.0"), whole, accounts) is Mode.PUBLIC, "a copy is a public demo as before"
    provider = provider_of(whole)
    assert provider and provider.back == "https://ada-cai.hf.space/login/callback" and SECRET not in repr(provider)
    for name in environment("", ""):
        if name != "OAUTH_SCOPES":
            with pytest.raises(InputError):
                mode_of(team, whole | {name: ""}, accounts)
            with pytest.raises(InputError, match="hf_oauth"):
                mode_of(AppSettings(hub_people="owner=ada"), whole | {name: ""}, accounts)


def test_below_a_path_people_come_back_to_it(provider: Provider, tmp_path: Path) -> None:
    """They were sent back to the address of another page, or of none, so that nobody came in behind a proxy."""
    with served(tmp_path / "home", provider, "/cai") as site, site.browser() as browser:
        assert 'href="/cai/login/hub"' in browser.get("/cai/").text
        came = browser.get("/cai/login/hub")
        assert provider.asked[-1]["redirect_uri"] == f"{site.url}/cai/login/callback"
        assert came.url.path == "/cai/" and browser.get("/cai/config").status_code == 200
    named = {**environment("https://hub.example", "lab.example"), "GRADIO_ROOT_PATH": "https://lab.example/cai/"}
    found = provider_of(named)
    assert found and found.back == "https://lab.example/cai/login/callback" and found.secure


def test_signing_in_anew_ends_the_session_before_it_and_no_other(site: Site) -> None:
    site.access.accounts.add("Pat", Role.VIEWER, "correct horse")
    password = {"username": "Pat", "password": "correct horse"}

    def again(browser: httpx.Client, by: str) -> None:
        before = httpx.Cookies(browser.cookies)
        if by == "hub":
            browser.get("/login/hub")
        else:
            assert browser.post("/login", data=password).status_code == 200
        with site.browser() as copied:
            copied.cookies = before
            assert signed_in(browser) and not signed_in(copied)

    with site.browser() as browser, site.browser() as elsewhere:
        browser.get("/login/hub")
        elsewhere.get("/login/hub")
        for by in ("hub", "password", "password"):
            again(browser, by)
        assert browser.post("/login", data={**password, "password": "wrong"}).status_code == 400
        assert signed_in(browser) and signed_in(elsewhere), "nothing of others ends, nor by a wrong password"
        kept = httpx.Cookies(browser.cookies)
        browser.get("/logout")
        with site.browser() as copied:
            copied.cookies = kept
            assert not signed_in(browser) and not signed_in(copied)
