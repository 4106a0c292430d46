"""Odd inputs for fuzz tests, drawn by a seed: valid files with something wrong in them, and words for command lines.

`CAI_FUZZ` raises the number of cases; another `CAI_FUZZ_SEED` draws others.
"""

from __future__ import annotations

import json
import os
import random
import re

CASES = int(os.environ.get("CAI_FUZZ", "400"))
SEED = int(os.environ.get("CAI_FUZZ_SEED", "0"))
DIGITS = "9" * 5000
WORDS = [
    "", " ", "text", "\x00", "a\x00b", "\ud800", "é\u202e", "=1+1", "../../etc/passwd", "/", ".", "~", "-", "--", "\\",
    DIGITS, "-1", "0", "1", "2", "3", "1e999", "-1e999", "nan", "inf", "1_0", "٣", "0x10", "true", "none", "null", "{}",
    "[]", '{"\\ud800": 1}', "2026-99-99", "1000000000-01-01", "x" * 300, "x/" * 200, "<script>alert(1)</script>",
    "%s%n", "{0}", "latest", "base", "embedded", "harmful", "train-harmful", "json", "csv", "a,b,,c",
]  # fmt: skip
VALUES = [
    "null", "true", '""', '" "', '"\\ud800"', '"\\u0000"', "0", "-1", "1e999", "NaN", "Infinity", DIGITS, f"-{DIGITS}",
    str(10**400), "1e308", "0.5", "[]", "[null]", '["a", 3]', "[[]]", "{}", '{"\\ud800": 1}', '{"a": {"b": [1, null]}}',
    '{"": ""}', '"1000000000-01-01"', '"-1000000000-01-01T00:00:00"', '"=1+1"', '"../../etc/passwd"', '"x"',
    '[{"role": "user", "content": null}]', '[{"role": "assistant", "content": "a"}]', '{"role": 3}', "[" * 3000,
]  # fmt: skip
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null')
_KEY = re.compile(rb'"(?:[^"\\]|\\.)*"(?=\s*:)')
_LINE = re.compile(rb"[^\n]*\n?")


def spoiled(valid: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """One to three things wrong in a file."""
    made = valid
    for _ in range(chance.randint(1, 3)):
        made = chance.choice(_WAYS)(made, others, chance)
    return made[:200_000]


def _value(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    return _instead(made, _VALUE, chance.choice(VALUES).encode(), chance)


def _key(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    odd = ['"\\ud800"', '""', '"\\u0000"', '"prompt"', '"chosen"', '"a\\nb"', json.dumps("k" * 5000)]
    return _instead(made, _KEY, chance.choice(odd).encode(), chance)


def _word(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    odd = chance.choice(WORDS).encode("utf-8", "surrogatepass")
    return _instead(made, re.compile(rb"[^\s,:;{}\[\]]+"), odd, chance)


def _instead(made: bytes, kind: re.Pattern[bytes], odd: bytes, chance: random.Random) -> bytes:
    found = list(kind.finditer(made[:100_000]))
    if not found:
        return made + odd
    one = chance.choice(found)
    return made[: one.start()] + odd + made[one.end() :]


def _bytes(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    changed = bytearray(made)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    return made[: chance.randint(0, len(made))]


def _twice(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    lines = _LINE.findall(made)
    place = chance.randrange(len(lines))
    return b"".join([*lines[:place], lines[place] * chance.randint(2, 40), *lines[place:]])


def _join(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    other, place = chance.choice(others), chance.randint(0, len(made))
    return made[:place] + other[chance.randint(0, len(other)) :]


def _encoding(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    text = made.decode("utf-8", "replace")
    return text.encode(chance.choice(["utf-16", "utf-32", "utf-8-sig", "utf-16-le", "latin-1"]), "replace")


def _nul(made: bytes, others: list[bytes], chance: random.Random) -> bytes:
    place = chance.randint(0, len(made))
    return made[:place] + chance.choice([b"\0", b"\xed\xa0\x80", b"\xff\xfe", b"\r", b'"']) + made[place:]


_WAYS = [_value, _value, _key, _word, _bytes, _cut, _twice, _join, _encoding, _nul]
