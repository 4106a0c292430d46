"""No key in a line of the log, whoever wrote it."""

from __future__ import annotations

import io
import json
import logging

import pytest

from cai_ui.logs import WithoutKeys, about

HF, SK = "hf_" + "Ab3" * 12, "sk-proj-" + "x9" * 12


@pytest.mark.parametrize(
    "line",
    [
        f"HTTP Request: GET https://hub/api?token={HF}",
        f"Authorization: Bearer {SK}",
        "authorization: bearer abcdefghijklmnop",
        "could not connect to postgresql://cai:hunter22@db/cai",
        "the value canary-of-a-variable was refused",
    ],
)
def test_keys_are_taken_out_of_the_line_and_of_the_traceback(line: str) -> None:
    formatter = WithoutKeys("%(name)s: %(message)s", {"CAI_JUDGE_KEY": "canary-of-a-variable", "HOME": "hub"})
    try:
        raise OSError(line)
    except OSError as error:
        record = logging.LogRecord("httpx2", logging.INFO, "", 0, "%s", (line,), (OSError, error, error.__traceback__))
    written = formatter.format(record)
    for secret in (HF, SK, "abcdefghijklmnop", "hunter22", "canary-of-a-variable"):
        assert secret not in written
    assert "[hidden]" in written and "Traceback" in written


def test_what_is_no_key_stays() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "https://hub/half_done?key=1 sk-1 hf_short", (), None)
    assert WithoutKeys("%(message)s", {"A_KEY": "1"}).format(record) == "https://hub/half_done?key=1 sk-1 hf_short"


def test_lines_say_what_they_are_about_until_its_end() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "said more", (), None)
    plain, as_json = WithoutKeys("%(message)s", {}), WithoutKeys("%(message)s", {}, as_json=True)
    with about(event="e1"), about(run="r2"):
        assert plain.format(record) == "said more [event=e1 run=r2]"
        told = json.loads(as_json.format(record))
    assert (told["event"], told["run"], told["message"], told["level"]) == ("e1", "r2", "said more", "INFO")
    assert plain.format(record) == "said more"


def test_a_line_of_json_holds_no_key() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, f"Bearer {SK} {HF}", (), None)
    written = WithoutKeys("%(message)s", {}, as_json=True).format(record)
    assert SK not in written and HF not in written and "[hidden]" in json.loads(written)["message"]


FORGED = "2026-11-30 20:00:00,000 WARNING cai_ui.audit: signed in own FORGED"


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028", "\x1b[2K\x1b[1G"])
def test_what_somebody_sent_begins_no_line_and_moves_no_cursor(end: str, as_json: bool) -> None:
    """Seen: a value of a field was a line of the audit log."""
    told, sent = io.StringIO(newline=""), f"x{end}{FORGED}\x1b[31m\u202e"
    log, handler = logging.Logger("cai_ui.web"), logging.StreamHandler(told)
    handler.setFormatter(WithoutKeys("%(asctime)s %(levelname)s %(name)s: %(message)s", {}, as_json=as_json))
    log.addHandler(handler)
    log.warning("not called: %s", sent)
    with about(event=sent):
        log.warning("not called")
    try:
        raise OSError(sent)
    except OSError:
        log.exception("failed")
    lines = told.getvalue().removesuffix("\n").split("\n")
    assert len(lines) == 3 if as_json else [line[:1].isspace() for line in lines].count(False) == 3
    assert not any(line.startswith(FORGED) for line in told.getvalue().splitlines())
    assert all(line.isprintable() for line in lines) and FORGED in told.getvalue()


def test_what_somebody_sent_is_cut_and_no_key_is_cut_in_two() -> None:
    told, much = io.StringIO(), "a" * 8_000_000
    log, handler = logging.Logger("cai_ui.web"), logging.StreamHandler(told)
    handler.setFormatter(WithoutKeys("%(message)s", {}))
    log.addHandler(handler)
    log.warning("not called: %s", much)
    for before in range(1_900, 2_000, 7):
        log.warning("%s", "a" * before + f" {SK} " + "a" * 100)
    try:
        raise OSError(much)
    except OSError:
        log.exception("failed")
    assert len(told.getvalue()) < 70_000 and "8,000,012 characters" in told.getvalue()
    assert "sk-proj" not in told.getvalue() and "Traceback" in told.getvalue()
