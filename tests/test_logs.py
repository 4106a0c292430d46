"""No key in a line of the log, whoever wrote it."""

from __future__ import annotations

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
    record = logging.LogRecord("x", logging.INFO, "", 0, "said\nmore", (), None)
    plain, as_json = WithoutKeys("%(message)s", {}), WithoutKeys("%(message)s", {}, as_json=True)
    with about(event="e1"), about(run="r2"):
        assert plain.format(record) == "said [event=e1 run=r2]\nmore"
        told = json.loads(as_json.format(record))
    assert (told["event"], told["run"], told["message"], told["level"]) == ("e1", "r2", "said\nmore", "INFO")
    assert plain.format(record) == "said\nmore"


def test_a_line_of_json_holds_no_key() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, f"Bearer {SK} {HF}", (), None)
    written = WithoutKeys("%(message)s", {}, as_json=True).format(record)
    assert SK not in written and HF not in written and "[hidden]" in json.loads(written)["message"]
