"""How likely a server says the tokens were that it wrote, and which of given replies they choose."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

ROUNDED = 1e-3
"""How far above 0 a log-probability may be by rounding."""

TokenLogs = tuple[str, dict[str, float]]
"""A token, and the natural log-probabilities of the tokens that were likeliest in its place."""


def token_logs(found: Any) -> tuple[TokenLogs, ...] | None:
    """What a server says of the tokens it wrote; None where it says nothing, or nothing that can be read."""
    try:
        if found.get("content") is None:
            logs = tuple(_old_logs(found))
        else:
            logs = tuple((str(one["token"]), _likely(one)) for one in found["content"])
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    sound = all(log <= ROUNDED for _, others in logs for log in others.values())  # also no NaN
    return logs if logs and sound else None


def _likely(one: dict[str, Any]) -> dict[str, float]:
    """Log-probabilities by token: its own too, which is not always among the likeliest."""
    top = one.get("top_logprobs") or ()
    pairs = list(top.items()) if isinstance(top, dict) else [(o["token"], o["logprob"]) for o in top if "logprob" in o]
    return _with_own(pairs, str(one["token"]), one.get("logprob"))


def _old_logs(found: dict[str, Any]) -> list[TokenLogs]:
    """The older form: parallel lists of tokens, their logs, and the likeliest by token."""
    tokens, own = found["tokens"], found["token_logprobs"]
    likely = found.get("top_logprobs") or [{}] * len(tokens)
    return [
        (str(token), _with_own((others or {}).items(), str(token), mine))
        for token, mine, others in zip(tokens, own, likely, strict=True)
    ]


def _with_own(likely: Iterable[tuple[Any, Any]], token: str, own: Any) -> dict[str, float]:
    """A token that was written was not impossible, so null is no log-probability of it."""
    found = {str(other): _log(log) for other, log in likely}
    return found if own is None else {**found, token: _log(own)}


def _log(value: Any) -> float:
    """A log-probability; null is what some servers write for minus infinity."""
    return -math.inf if value is None else float(value)


def chosen(tokens: Sequence[TokenLogs], replies: Sequence[str]) -> tuple[float, ...] | None:
    """The replies' shares where the written text first tells them apart; None where it begins like none of them, or
    goes on as something else: "A judge cannot say", "10", "0.8", "A and B".

    `tokens` are the tokens written, each with the log-probabilities of what could have stood in its place. Signs
    around a reply do not count: "A" is "(A)".
    """
    cores = [_core(reply) for reply in replies]
    said = ""
    for nth, (token, logs) in enumerate(tokens):
        token, logs = _written(token), {_written(other): log for other, log in logs.items()}
        meant = _meant(said + token, cores)
        if meant is None:
            said += token
            if not any(core.startswith(_core(said)) for core in cores):
                return None
            continue
        if _SOMETHING_ELSE.match(said + token + "".join(_written(later) for later, _ in tokens[nth + 1 :])):
            return None
        weights = [0.0] * len(replies)
        for other, log in {**logs, token: logs.get(token, 0.0)}.items():
            place = _meant(said + other, cores)
            if place is not None:
                weights[place] += math.exp(log)
        return tuple(weight / sum(weights) for weight in weights) if sum(weights) else None
    return None


_SOMETHING_ELSE = re.compile(
    r"\W*\w+\W{0,4}\s(and|or|und|et|y)\s"  # more than one, or neither
    r"|\W*\w+\s*/\s*\w|[^\w-]*-\d|\W*\d+([.,]\d|\s*%|\s+(out\s+)?of\s+\d)|\W*\d\d"
    r"|\s*A\s+(?!is\b|does\b|has\b|was\b|would\b|because\b|seems\b|gives\b)[a-z]",  # an article
)
"""Texts that begin like a letter or number and mean something else."""


def _written(token: str) -> str:
    """A token as it reads, where a server gives its vocabulary's own sign for a blank or line break."""
    return token.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n")


def _core(text: str) -> str:
    """A text without the signs and spaces around it; words of several letters in small letters."""
    start, stop = 0, len(text)
    while start < stop and not text[start].isalnum():
        start += 1
    while stop > start and not text[stop - 1].isalnum():
        stop -= 1
    found = text[start:stop]
    return found.lower() if len(found) > 1 else found


def _meant(text: str, cores: Sequence[str]) -> int | None:
    found = _core(text)
    return next((place for place, core in enumerate(cores) if core == found), None)
