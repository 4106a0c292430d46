"""What a server does not take of a request: learnt from its refusals, and left out from then on."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from typing import Any

from cai_ui.errors import EndpointError

_NEWER = {"max_tokens": "max_completion_tokens"}
"""What newer models of OpenAI want under another name."""


class Habits:
    """Of one server and model. Several clients may share it."""

    def __init__(self) -> None:
        self._not_taken: set[str] = set()

    def fitted(self, body: dict[str, Any], tried: Set[str] = frozenset()) -> dict[str, Any]:
        """The request without what is not taken, nor what is `tried` to be left out, or under its newer name."""
        gone = self._not_taken | tried
        kept = {name: value for name, value in body.items() if name not in gone or name in _NEWER}
        return {_NEWER[name] if name in gone else name: value for name, value in kept.items()}

    def named(self, error: EndpointError, sent: dict[str, Any], spare: Sequence[str]) -> Set[str]:
        """What a refusal names that the answer can do without, or have under another name: counts of tokens in a
        stream, a share that cuts nothing, the seed, what is in `spare`."""
        if error.cause != "refused":
            return frozenset()
        newer = {name for name, other in _NEWER.items() if name in sent and _names(error.what, other)}
        dispensable = ["stream_options", "seed", *(["top_p"] if sent.get("top_p") == 1 else []), *spare]
        return newer or {name for name in dispensable if name in sent and _names(error.what, name)}

    def learn(self, tried: Set[str]) -> None:
        """Remember what the server did not take, now that it took the request without: a refusal may name things that
        only stand in what it repeats of the request."""
        self._not_taken |= tried


def _names(sentence: str, name: str) -> bool:
    return re.search(rf"(?<!\w){name}(?!\w)", sentence) is not None
