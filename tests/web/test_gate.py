"""The page answers only to itself and by its own names, takes no endless bodies, and may not ask other hosts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from cai_ui.errors import StoreError
from cai_ui.web import gate, uploads
from cai_ui.web.event_body import MARKS
from cai_ui.web.gate import BODY_LIMIT, Gate
from cai_ui.web.hosts import own_names, same_origin
from cai_ui.web.uploads import FRAMES, Uploads

OWN, CALL = "http://127.0.0.1", "/gradio_api/run/predict"


def event(session: str = "s1", **more: object) -> bytes:
    """What a page sends for an event."""
    return json.dumps({"data": ["a"], "fn_index": 1, "session_hash": session, "trigger_id": None, **more}).encode()


async def echo(request: Request) -> PlainTextResponse:
    try:
        return PlainTextResponse(str(len(await request.body())))
    except ClientDisconnect:
        return PlainTextResponse("cut", status_code=499)


def client(folder: Path, who: Callable[[dict[str, str]], str | None] = lambda headers: None) -> TestClient:
    """A client of a page that gives back how much it was sent, behind the gate."""
    app = Starlette(routes=[Route("/{rest:path}", echo, methods=["GET", "POST", "OPTIONS"])])
    return TestClient(Gate(app, frozenset({"lab.example"}), Uploads(folder), who), base_url=OWN)


@pytest.fixture
def page(tmp_path: Path) -> TestClient:
    return client(tmp_path)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"host": "a:1", "origin": "http://a:1"}, True),
        ({"host": "a", "x-forwarded-host": "b", "origin": "https://b"}, True),
        ({"host": "a:1", "origin": "http://evil"}, False),
        ({"host": "a:1", "origin": "null"}, False),
        ({"host": "a:1", "origin": "http://["}, False),
        ({"host": "a", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
        ({"host": "a", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, True),
    ],
)
def test_only_the_own_page_or_no_page_may_ask(headers: dict[str, str], allowed: bool) -> None:
    assert same_origin(headers) is allowed


def test_a_foreign_page_is_refused_and_told_nothing(page: TestClient) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    for method in ("POST", "GET", "OPTIONS"):
        answer = page.request(method, CALL, headers=asked)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert page.post(CALL, content=event()).text == str(len(event())), "all of it is there for Gradio"


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "[::1]:7860", "192.168.3.4", "localhost", "lab.example:80"])
def test_the_page_answers_by_its_names_and_by_number(page: TestClient, host: str) -> None:
    assert page.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "lab.example.evil.example", "", "[", "127.0.0.1.evil.example"])
def test_another_name_that_was_made_to_point_here_is_not_answered(page: TestClient, host: str) -> None:
    """DNS rebinding: Host and Origin agree, and both are the attacker's."""
    assert page.get("/", headers={"host": host, "origin": f"http://{host}"}).status_code == 421
    assert page.get("/", headers={"x-forwarded-host": host}).status_code == 421


def test_names_come_from_the_setting_the_space_and_the_machine() -> None:
    names = own_names("One.example, two.example", {"SPACE_HOST": "me-space.hf.space"})
    assert {"one.example", "two.example", "me-space.hf.space"} < names
    assert "" not in own_names("", {})


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(page: TestClient) -> None:
    much = b"a" * (BODY_LIMIT + 1)
    assert page.post(CALL, content=much).status_code == 413
    assert page.post("/gradio_api/upload", content=much).status_code == 200
    assert page.post("/gradio_api/run/upload", content=much).status_code == 413
    assert page.post("/login", content=much[: FRAMES + 1]).status_code == 413, "nobody has such a name or password"
    assert page.post(CALL, content=iter([much[: BODY_LIMIT // 2]] * 3)).status_code == 413
    assert page.post(CALL, content=event(data=["ein Wort, und noch eins, " * 120_000])).status_code == 200
    assert page.post(CALL, content=event(data=[1] * MARKS)).status_code == 413, "seconds of work for nothing"


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "٣"])
def test_a_length_that_is_no_number_is_refused(page: TestClient, length: str) -> None:
    assert page.get(CALL, headers={"content-length": length.encode()}).status_code == 400  # type: ignore[dict-item]


def test_uploads_have_quotas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "UPLOADS_A_DAY", 2_500)
    monkeypatch.setattr(uploads, "UPLOADS_IN_ALL", 9_000)
    one, two = client(tmp_path, lambda headers: "Ann"), client(tmp_path, lambda headers: "Ben")
    two.app.uploads = one.app.uploads  # type: ignore[attr-defined]
    sent = [one.post(gate.UPLOAD, content=b"a" * 1_000).status_code for _ in range(3)]
    assert sent == [200, 200, 413]
    assert one.post(gate.UPLOAD, content=iter([b"a" * 400] * 3)).status_code == 499, "a length that is not said counts"
    assert two.post(gate.UPLOAD, content=b"a" * 1_000).status_code == 200, "another person still may"
    (tmp_path / "kept").write_bytes(b"a" * 8_500)
    one.app.uploads._looked = float("-inf")  # type: ignore[attr-defined]
    assert two.post(gate.UPLOAD, content=b"a" * 1_000).status_code == 413, "all uploads together are too many"


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/call/x", "/gradio_api/call/x/s1", "/gradio_api/call/v2/x", "/gradio_api/component_server",
        "/gradio_api/deep_link", "/gradio_api/dev/reload", "/gradio_api/process_recording", "/gradio_api/proxy=http://a",
        "/gradio_api/stream/s1", "/gradio_api/token", "/gradio_api/vibe-edit", "/gradio_api/openapi.json",
        "/gradio_api/file=http://127.0.0.1:1/", "/gradio_api/file=%20HTTPS://a/", "/gradio_api/file=a%00b", "/docs",
        "/monitoring",
    ],
)  # fmt: skip
def test_what_no_page_of_ours_asks_for_is_not_answered(page: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert page.request(method, path).status_code == 404, path
    for long in ("/assets/" + "é" * 200, "/static/" + "a/" * 1_500):
        assert page.get(long).status_code == 404, "no disk has such a file, and Gradio asks it"
    for known in ("/", "/assets/index.js", "/config/", "/gradio_api/file=/tmp/a.jsonl", "/gradio_api/heartbeat/s1"):
        assert page.get(known).status_code == 200


def test_who_has_not_signed_in_sends_nothing_and_nobody_is_signed_out_from_elsewhere(tmp_path: Path) -> None:
    page = client(tmp_path, lambda headers: headers.get("x-name", ""))
    for path in (CALL, "/gradio_api/queue/join", gate.UPLOAD):
        assert page.post(path, content=event()).status_code == 401
        assert page.post(path, content=event(), headers={"x-name": "Ann"}).status_code == 200
    assert page.post("/login", content=b"a").status_code == 200
    for site, told in (("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)):
        headers = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "x-name": "Ann"}
        assert page.get("/logout", headers=headers).status_code == told


def test_a_damaged_file_of_accounts_is_said(tmp_path: Path) -> None:
    def who(headers: dict[str, str]) -> str:
        raise StoreError("The file of accounts cannot be read.")

    answer = client(tmp_path, who).get("/")
    assert answer.status_code == 503 and "accounts cannot be read" in answer.text


def test_a_session_answers_only_to_whoever_opened_it(tmp_path: Path) -> None:
    page = client(tmp_path, lambda headers: headers.get("x-name", ""))
    ann, ben = {"x-name": "Ann"}, {"x-name": "Ben"}
    data, beat = "/gradio_api/queue/data?session_hash=s1", "/gradio_api/heartbeat/s2"
    for address in (data, beat):
        assert page.get(address).status_code == 403, "nobody has signed in"
        assert page.get(address, headers=ann).status_code == 200
        assert page.get(address, headers=ben).status_code == 403
    for path in ("/gradio_api/cancel", CALL, "/gradio_api/queue/join"):
        assert page.post(path, content=event(event_id="e"), headers=ben).status_code == 403
        answer = page.post(path, content=event(event_id="e"), headers=ann)
        assert answer.status_code == 200 and int(answer.text) > 10, "the body is still there for Gradio"
    page.app.waiting = {"s2"}  # type: ignore[attr-defined]
    assert page.get(data, headers=ann).status_code == 404, "none of its answers is to come"
    assert page.get(data + "s" * 300, headers=ann).status_code == 403, "no browser calls it so"


ODD_BODIES = [
    b"", b"[", b"[" * 100_000, b"null", b"[]", b"{}", b"\xff", event().decode().encode("utf-16"), event(data=None),
    event(data={}), event(fn_index=None), event(fn_index=2), event(fn_index=True), event(fn_index="1"), event(""),
    event(session_hash=None), event(session_hash=["s1"]), event("\ud800"), event("é"), event("s" * 201),
    event(batched=True), event(simple_format=True), event(trigger_id="1"),
]  # fmt: skip


@pytest.mark.parametrize("body", ODD_BODIES)
def test_what_is_no_event_of_the_page_is_said_to_be_none(tmp_path: Path, body: bytes) -> None:
    """Gradio answered some of them with an empty 500 and a traceback, others with the whole body."""
    page = client(tmp_path)
    page.app.events = {1}  # type: ignore[attr-defined]
    for path in (CALL, "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"):
        answer = page.post(path, content=body)
        assert answer.status_code == 400 and "nothing this page sends" in answer.json()["error"], path
    assert page.post(CALL, content=event(data=[float("nan"), {"a": None}])).status_code == 200
    assert page.post("/gradio_api/reset", json={"event_id": "e"}).status_code == 200


def test_answers_are_not_kept_by_browsers_and_not_framed_by_strangers(page: TestClient) -> None:
    headers = page.get("/config").headers
    assert headers["cache-control"] == "no-store"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self' https://huggingface.co" in policy
    assert "http" not in policy.replace("https://huggingface.co", "")
    assert "cache-control" not in page.get("/assets/index.js").headers


def test_who_watches_the_server_is_told_without_signing_in(tmp_path: Path) -> None:
    states = ["loading"]
    app = Gate(Starlette(), frozenset({"lab.example"}), Uploads(tmp_path), lambda headers: "", lambda: states[-1])
    page = TestClient(app, base_url=OWN)
    assert (page.get("/healthz").status_code, page.get("/healthz").text) == (200, "alive")
    assert (page.get("/readyz").status_code, page.get("/readyz").text) == (503, "loading")
    states.append("ready")
    assert page.get("/readyz").status_code == 200
    assert page.get("/readyz", headers={"host": "evil.example"}).status_code == 421
    assert TestClient(app, base_url=OWN, root_path="/cai").get("/cai/readyz").status_code == 200


async def much(request: Request) -> PlainTextResponse:
    return PlainTextResponse("all of it " * 1_000)


@pytest.mark.parametrize(
    ("path", "packed"),
    [
        ("/", True),
        ("/assets/a.js", True),
        ("/assets/b.js", True),
        ("/gradio_api/queue/data?session_hash=s", False),
        ("/config", False),
    ],
)
def test_the_page_itself_comes_compressed_and_nobody_s_texts_do(tmp_path: Path, path: str, packed: bool) -> None:
    app = Starlette(routes=[Route("/{rest:path}", much)])
    scripts = {"/assets/b.js": b"all of it " * 1_000}
    page = TestClient(Gate(app, frozenset(), Uploads(tmp_path), lambda headers: None, replaced=scripts), base_url=OWN)
    page.get(path, headers={"accept-encoding": "gzip"})  # what is asked for again comes as the first time
    answer = page.get(path, headers={"accept-encoding": "gzip"})
    assert answer.text == "all of it " * 1_000
    if path.endswith(".js"):
        assert answer.headers["content-type"].startswith("text/")
    assert (answer.headers.get("content-encoding") == "gzip") is packed
    assert (int(answer.headers["content-length"]) < 1_000) is packed
    assert "content-encoding" not in page.get(path, headers={"accept-encoding": "identity"}).headers


def test_cookies_that_gradio_reads_otherwise_are_refused(tmp_path: Path) -> None:
    """Seen: a session that had ended went on beside a second line of cookies, or behind eight thousand characters."""
    page = client(tmp_path, who=lambda headers: "Ann" if "good" in headers.get("cookie", "") else "")
    assert page.get("/", headers={"cookie": "good=1"}).status_code == 200
    for cookies in ([("cookie", "bad=1"), ("cookie", "good=1")], [("cookie", f"good=1; x={'y' * 9000}")]):
        answer = page.get("/", headers=cookies)
        assert answer.status_code == 400 and "cookies" in answer.text
    own = client(tmp_path)  # where nobody signs in, other programs of this machine may have left many
    assert own.get("/", headers={"cookie": f"x={'y' * 9000}"}).status_code == 200


def test_an_address_names_one_session_where_gradio_looks_for_it(tmp_path: Path) -> None:
    """Seen: beside a session of one's own the answers of another one came."""
    signed = {"who": "Ann"}
    page = client(tmp_path, who=lambda headers: signed["who"])
    data, beat = "/gradio_api/queue/data?session_hash=", "/gradio_api/heartbeat/"
    assert page.get(f"{data}hers").status_code == page.get(f"{beat}hers").status_code == 200
    signed["who"] = "Bob"
    assert page.get(f"{data}his").status_code == 200
    for address in (
        f"{data}hers", f"{data}his&session_hash=hers", f"{data}hers&session_hash=his", f"{data}his&session_hash=",
        f"{beat}hers", f"{beat}hers?session_hash=his",
    ):  # fmt: skip
        assert page.get(address).status_code == 403, address
