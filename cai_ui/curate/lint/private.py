"""Personal data and secrets in prompts and answers, by their form. A find may be an invented example."""

from __future__ import annotations

import re

from cai_ui.curate.lint.repeats import Corpus, Found
from cai_ui.curate.lint.rows import LintRow

_PERSONAL: dict[str, re.Pattern[str]] = {
    "e-mail addresses": re.compile(r"\b[\w.+-]{1,64}@(?!example\.)[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.[a-zA-Z]{2,24}\b"),
    "telephone numbers": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"
        r"|(?<!\w)\+\d{1,3}(?:[ .-]?\d{2,4}){3,4}(?!\w)"
    ),
    "street addresses": re.compile(
        r"\b\d{1,5} (?:[A-Z][a-z]+ ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive)\b\.?,? [A-Z]"
    ),
    "social security numbers": re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"),
    "network addresses": re.compile(r"(?<![\d.])(?!127\.|0\.|192\.168\.|10\.)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}"
                                    r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"),
}  # fmt: skip
_CARD = re.compile(r"(?<![\d.-])(?:\d[ -]?){13,19}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_SECRET = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bhf_[A-Za-z0-9]{30,}\b|\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}"
    r"|\bxox[baprs]-[A-Za-z0-9-]{10,}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAIza[0-9A-Za-z_-]{35}\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
    r"|(?i:\b(?:password|passwd|api[_-]?key|secret|token)\b[\"']?\s*[:=]\s*[\"'](?=[^\"'\s]*\d)(?=[^\"'\s]*[a-z])[^\"'\s]{12,}[\"'])"
)

_SIGNS_OF_SECRETS = (
    "akia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "hf_", "sk-", "xox", "private key", "aiza", "eyj", "passw",
    "api_key", "api-key", "apikey", "secret", "token",
)  # fmt: skip
"""One of these is in every text that the slow pattern finds."""
_DIGIT = re.compile(r"[0-9]")


def personal(corpus: Corpus) -> Found:
    """What looks like a way to reach or to identify somebody."""
    counted: dict[str, int] = {}
    found = []
    for number, row in enumerate(corpus.rows):
        names = _personal_in(row)
        if names:
            found.append(number)
        for name in names:
            counted[name] = counted.get(name, 0) + 1
    named = ", ".join(f"{name} in {rows:,}" for name, rows in sorted(counted.items()))
    return found, f"{len(found):,} rows hold what looks like personal data ({named})."


def secrets(corpus: Corpus) -> Found:
    """What looks like a key or a password."""
    found = [n for n, row in enumerate(corpus.rows) if any(map(_holds_secret, _texts(row)))]
    return found, f"{len(found):,} rows hold what looks like a key, a token or a password."


def _holds_secret(text: str) -> bool:
    folded = text.lower()
    return any(sign in folded for sign in _SIGNS_OF_SECRETS) and _SECRET.search(text) is not None


def _personal_in(row: LintRow) -> list[str]:
    text = "\n".join(_texts(row))
    names = []
    if "@" in text and _PERSONAL["e-mail addresses"].search(text):
        names.append("e-mail addresses")
    if not _DIGIT.search(text):
        return names
    names += [name for name, form in _PERSONAL.items() if name != "e-mail addresses" and form.search(text)]
    if any(_luhn(match.group()) for match in _CARD.finditer(text)):
        names.append("card numbers")
    if any(_iban(match.group()) for match in _IBAN.finditer(text)):
        names.append("bank accounts")
    return names


def _texts(row: LintRow) -> list[str]:
    return [row.prompt, row.answer, row.other or ""]


def _luhn(text: str) -> bool:
    """Whether the check digit of a card number holds (ISO/IEC 7812)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    """Whether the check digits of a bank account hold (ISO 13616)."""
    flat = text.replace(" ", "")
    return 15 <= len(flat) <= 34 and int("".join(str(int(sign, 36)) for sign in flat[4:] + flat[:4])) % 97 == 1
