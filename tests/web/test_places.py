"""One visitor cannot take every place: of the waiting line, of the pages that are kept, of the connections."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest

from cai_ui.pipeline import Services
from cai_ui.web import gate, places, silence, words
from cai_ui.web.access import Access, Mode
from cai_ui.web.app import build_app, launch_arguments
from cai_ui.web.places import EVENTS_EACH, IN_LINE_EACH, visitor
from tests.web.test_full_queue import AT_WORK, PLACES, sent

MALLORY, ANN = "203.0.113.7", "198.51.100.2"


class Site:
    """A public demo as it is served, whose answers do not end before they may."""

    def __init__(self, services: Services) -> None:
        access = Access(Mode.PUBLIC, services.store.accounts, alone=False)
        self.pressed: list[str] = []
        access.allowance.take = lambda name, address="": self.pressed.append(address)  # type: ignore[method-assign]
        self.page, self.free = build_app(services, access=access), threading.Event()
        named = {event.fn.__qualname__: event for event in self.page.fns.values() if event.fn}
        self.ask, self.look, self.enter = named["ReviseTab._run"], named["Header.look"], named["Access.come_in"]
        outputs, free = self.ask.outputs, self.free

        def answer(*values: Any) -> Iterator[dict[Any, Any]]:
            while not free.wait(1):
                yield {outputs[0]: gr.skip()}
            yield {outputs[0]: gr.skip()}

        answer.__module__, answer.__qualname__ = self.ask.fn.__module__, self.ask.fn.__qualname__
        self.ask.fn = answer
        self.app, self.url, _ = self.page.launch(prevent_thread_lock=True, **launch_arguments(services, access))

    def visitor(self, address: str) -> httpx.Client:
        """Somebody who comes by way of a proxy on this machine, which says from where."""
        headers = {"x-forwarded-for": f"10.9.8.7, {address}"}
        return httpx.Client(base_url=f"{self.url}gradio_api/", timeout=30, trust_env=False, headers=headers)

    def raw(self, head: bytes) -> socket.socket:
        """A connection on which so much was sent."""
        connection = socket.create_connection(("127.0.0.1", self.page.server_port), timeout=20)
        connection.sendall(head.replace(b"\n", b"\r\n"))
        return connection


@pytest.fixture
def site(filled: Services) -> Iterator[Site]:
    served = Site(filled)
    yield served
    served.free.set()
    served.page.close()


@pytest.fixture
def mallory(site: Site) -> Iterator[httpx.Client]:
    with site.visitor(MALLORY) as client:
        yield client


@pytest.fixture
def ann(site: Site) -> Iterator[httpx.Client]:
    with site.visitor(ANN) as client:
        yield client


def joins(client: httpx.Client, event: Any, session: str) -> httpx.Response:
    return client.post("queue/join", json=sent(event, session))


def brought(connection: socket.socket, ending: str) -> str:
    """What a connection brings, as far as this ending or its own."""
    said = b""
    while not said.endswith(ending.encode()) and (more := connection.recv(4_000)):
        said += more
    return said.decode()


def closed(connection: socket.socket) -> bool:
    """Whether the server hangs up within the connection's time."""
    try:
        return connection.recv(100) == b""
    except TimeoutError:
        return False


def test_one_visitor_has_a_share_of_the_line_and_all_others_the_rest(
    site: Site, mallory: httpx.Client, ann: httpx.Client
) -> None:
    with ThreadPoolExecutor(12) as pool:  # at once, so that a look before the line would let too many by
        told = list(pool.map(lambda n: joins(mallory, site.ask, f"m{n % 9}"), range(PLACES + AT_WORK + 4)))
    taken = [answer for answer in told if answer.status_code == 200]
    assert IN_LINE_EACH <= len(taken) <= IN_LINE_EACH + AT_WORK
    refused = {(answer.status_code, answer.json()["detail"]) for answer in told if answer.status_code != 200}
    assert refused == {(429, words.MUCH_AT_ONCE)}
    assert joins(mallory, site.look, "m0").status_code == 200, "what waits for nobody is no part of the line"
    assert [joins(ann, site.ask, f"a{n}").status_code for n in range(3)] == [200] * 3
    assert site.pressed == [MALLORY] * AT_WORK, "the share of an hour is an address's, too"


def test_a_place_comes_back_when_an_event_is_cancelled_left_or_ended(
    site: Site, mallory: httpx.Client, until: Callable[[Callable[[], object]], None]
) -> None:
    def fill(name: str) -> str:
        """Take all places; the last event that was taken."""
        last = ""
        for n in range(PLACES):
            answer = joins(mallory, site.ask, f"{name}{n}")
            if answer.status_code == 429 and site.page._queue.get_active_worker_count() == AT_WORK:
                return last
            last = answer.json().get("event_id", last)
        raise AssertionError("there was no end of places")

    event = fill("a")
    session = next(page for page, events in site.page._queue.pending_event_ids_session.items() if event in events)
    mallory.post("cancel", json={"session_hash": session, "fn_index": site.ask._id, "event_id": event})
    assert joins(mallory, site.ask, "left").status_code == 200
    assert joins(mallory, site.ask, "b").status_code == 429
    with mallory.stream("GET", "queue/data", params={"session_hash": "left"}) as answers:
        lines = answers.iter_lines()
        assert "estimation" in next(lines), "it waits"
        assert joins(mallory, site.ask, "b").status_code == 429
    until(lambda: joins(mallory, site.ask, "b").status_code == 200)
    fill("c")
    site.free.set()
    until(lambda: len(site.page._queue) == 0 and not site.page._queue.get_active_worker_count())
    assert joins(mallory, site.ask, "d").status_code == 200


def test_events_that_stand_in_no_line_have_a_bound_too(
    site: Site, mallory: httpx.Client, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.look.fn, begun = lambda *values: site.free.wait(60) and (gr.skip(),) * 3, time.monotonic()
    site.look.fn.__module__, site.look.fn.__qualname__ = "cai_ui.web.header", "Header.look"
    told = [joins(mallory, site.look, "m").status_code for _ in range(EVENTS_EACH + 5)]
    assert told == [200] * EVENTS_EACH + [429] * 5, f"after {time.monotonic() - begun:.0f} s"
    assert joins(ann, site.look, "a").status_code == 200


def test_what_is_made_for_the_line_cannot_go_round_it(site: Site, mallory: httpx.Client) -> None:
    assert mallory.post("run/predict", json=sent(site.ask, "m")).status_code == 404
    assert mallory.post("run/predict", json=sent(site.enter, "m")).status_code == 200


def test_who_invents_pages_loses_their_own(
    site: Site,
    mallory: httpx.Client,
    ann: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    until: Callable[[Callable[[], object]], None],
) -> None:
    """Gradio keeps a thousand for all, and which answers a page still waits for of as many as there ever were."""
    monkeypatch.setattr(places, "PAGES_EACH", 20)
    line, kept = site.page._queue, site.app.state_holder.session_data
    assert ann.post("run/predict", json=sent(site.enter, "ann")).status_code == 200
    with ThreadPoolExecutor(12) as pool:
        told = pool.map(lambda n: mallory.post("run/predict", json=sent(site.enter, f"m{n}")), range(60))
        assert {answer.status_code for answer in told} == {200}
        assert {answer.status_code for answer in pool.map(lambda n: joins(mallory, site.look, f"m{n}"), range(60))} == {
            200
        }
    assert "ann" in kept

    def few() -> bool:
        """What was at work when its page went keeps something of it once more, until the next request."""
        assert mallory.post("run/predict", json=sent(site.enter, "m59")).status_code == 200
        all_kept = (kept, site.app.state_holder.time_last_used)
        return all(len([page for page in held if page.startswith("m")]) <= 20 for held in all_kept)

    until(few)
    assert len(line.pending_messages_per_session) == len(line.pending_event_ids_session) == 20


def test_answers_that_nobody_fetches_do_not_pile_up(
    site: Site, mallory: httpx.Client, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], object]], None]
) -> None:
    monkeypatch.setattr(places, "UNREAD", 12)
    for _ in range(20):
        if joins(mallory, site.look, "m").status_code == 429:
            break
        until(lambda: not site.page._queue.get_active_worker_count() and not len(site.page._queue))
    waiting = site.page._queue.pending_messages_per_session["m"]
    assert 12 <= waiting.qsize() <= 15
    with mallory.stream("GET", "queue/data", params={"session_hash": "m"}) as answers:
        assert any("close_stream" in line for line in answers.iter_lines())
    assert joins(mallory, site.look, "m").status_code == 200


def test_streams_of_one_visitor_are_counted_and_given_back(
    site: Site, mallory: httpx.Client, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch,
    until: Callable[[Callable[[], object]], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(places, "REQUESTS_EACH", 3)
    joins(mallory, site.ask, "m")
    held = [mallory.stream("GET", "queue/data", params={"session_hash": "m"}) for _ in range(3)]
    for stream in held:
        assert stream.__enter__().status_code == 200
    with mallory.stream("GET", "queue/data", params={"session_hash": "m"}) as refused:
        assert refused.status_code == 429
        assert json.loads(refused.read())["detail"] == words.MUCH_AT_ONCE
    assert ann.get("queue/status").status_code == 200
    held.pop().__exit__(None, None, None)
    until(lambda: mallory.get("queue/status").status_code == 200)
    for stream in held:
        stream.__exit__(None, None, None)


POST = b"POST /gradio_api/queue/join HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\nContent-Length: %d\n\n"


def test_large_bodies_of_one_visitor_are_not_all_held_at_once(
    site: Site, ann: httpx.Client, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], object]], None]
) -> None:
    monkeypatch.setattr(places, "HELD_EACH", 1_500)
    body = json.dumps({**sent(site.ask, "m"), "more": "a" * 60_000}).encode()
    with closing(site.raw(POST % len(body) + body[:1_000])):
        time.sleep(0.3)
        with closing(site.raw(POST % len(body) + body)) as second:
            said = brought(second, "}")
        assert " 429 " in said and words.MUCH_AT_ONCE in said
        assert ann.get("queue/status").status_code == 200
    monkeypatch.setattr(places, "HELD_EACH", 100_000)
    with site.visitor("127.0.0.1") as same:
        kind = {"content-type": "application/json"}
        until(lambda: same.post("queue/join", content=body, headers=kind).status_code == 200)
        assert same.post("queue/join", content=body, headers=kind).status_code == 429, "the first is still at work"


def test_heads_and_bodies_have_a_time_to_arrive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "HEAD_S", 1.0)
    monkeypatch.setattr(silence, "LOOK_S", 0.2)
    monkeypatch.setattr(gate, "BODY_S", 0.5)
    time.sleep(2.5)  # the look that was begun before
    half = b"GET / HTTP/1.1\nHost: 127.0.0.1\n"
    for sent_so_far in (b"", half, b"GET /healthz HTTP/1.1\nHost: 127.0.0.1\n\n"):
        with closing(site.raw(sent_so_far)) as connection:
            if b"healthz" in sent_so_far:
                assert "alive" in brought(connection, "alive")
                connection.sendall(half.replace(b"\n", b"\r\n"))
            begun = time.monotonic()
            assert closed(connection) and time.monotonic() - begun < 15, sent_so_far
    with closing(site.raw(POST % 100 + b"{")) as connection:
        said = brought(connection, "}")
        assert " 408 " in said and words.BODY_SLOW in said


class Connection:
    """One of uvicorn's, as far as it is looked at."""

    def __init__(self, cycle: Any) -> None:
        self.cycle = cycle


def test_who_is_answered_is_not_hung_up() -> None:
    asks, rests, new = (SimpleNamespace(response_complete=done) for done in (False, True, True))
    busy, idle, changed, fresh = connections = [Connection(last) for last in (asks, rests, new, None)]
    found = silence.silent(connections, {busy: (rests, 1.0), idle: (rests, 3.0), changed: (asks, 3.0)}, 9.0)
    assert found == {idle: (rests, 3.0), changed: (new, 9.0), fresh: (None, 9.0)}


@pytest.mark.parametrize(
    ("name", "address", "who"),
    [
        ("Ann", "192.0.2.1", "Ann"),
        ("", "192.0.2.1", "192.0.2.1"),
        (None, "::ffff:192.0.2.1", "192.0.2.1"),
        (None, "2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        (None, "2001:db8:1:2:bbbb:1:2:3", "2001:db8:1:2::"),
        (None, "unix", "unix"),
    ],
)
def test_a_visitor_is_an_account_or_what_one_line_has_of_addresses(name: str | None, address: str, who: str) -> None:
    assert visitor(name, address) == who
