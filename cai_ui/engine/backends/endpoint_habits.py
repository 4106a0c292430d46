"""What a server does not take of a request: learnt from its refusals, and left out from then on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cai_ui.errors import EndpointError

_NEWER = {"max_tokens": "max_completion_tokens"}
"""What newer models of OpenAI want under another name."""


class Habits:
    """Of one server and model. Several clients may share it."""

    def __init__(self) -> None:
        self._left_out: set[str] = set()
        self._renamed: set[str] = set()

    def fitted(self, body: dict[str, Any]) -> dict[str, Any]:
        """The request without what is not taken."""
        kept = {name: value for name, value in body.items() if name not in self._left_out}
        return {_NEWER[name] if name in self._renamed else name: value for name, value in kept.items()}

    def learn(self, error: EndpointError, sent: dict[str, Any], spare: Sequence[str]) -> bool:
        """Whether the refusal names something that the answer can do without, or under another name: counts of tokens
        in a stream, a share that cuts nothing, the seed, what is in `spare`."""
        if error.cause != "refused":
            return False
        for name, newer in _NEWER.items():
            if name in sent and _names(error.what, newer):
                self._renamed.add(name)
                return True
        dispensable = ["stream_options", "seed", *(["top_p"] if sent.get("top_p") == 1 else []), *spare]
        named = [name for name in dispensable if name in sent and _names(error.what, name)]
        self._left_out.update(named)
        return bool(named)


def _names(sentence: str, name: str) -> bool:
    return re.search(rf"(?<!\w){name}(?!\w)", sentence) is not None
