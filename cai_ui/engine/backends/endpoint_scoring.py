"""How likely replies are to a server, and which it chooses: by what it tells of given text, of what it wrote, or by the
text alone.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from cai_ui.engine.backends.endpoint_bulk import Seats
from cai_ui.engine.backends.endpoint_logs import ROUNDED, chosen
from cai_ui.engine.interface import Choice, ReplyScore, ScoreRequest, Scores, shares_of
from cai_ui.errors import EndpointError
from cai_ui.records import Message
from cai_ui.text import whole_characters

CHOICE_TOKENS, LIKELIEST = 16, (20, 5)
"""Tokens that a server may write to say its choice, and of how many it is asked how likely each was: TGI and others
take no more than five."""

NOT_NEEDED = ("temperature",)
"""A choice is read from what was likely, so that it can do without."""


def turns_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as the protocol has them. InputError for half a character."""
    return [{"role": message.role, "content": whole_characters(message.content)} for message in messages]


class ScoreAsker:
    """Remembers what a server does not tell, so that it is not asked for it again."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._likeliest: tuple[int, ...] = LIKELIEST
        """Of how many tokens to ask beside what it writes; none once it told nothing of them."""
        self._tells_given = True
        """Whether log-probabilities of given text may be had; False once they were not."""

    async def score(self, seats: Seats, request: ScoreRequest) -> Scores:
        """Log-probability of each reply. EndpointError where the server does not tell."""
        if not request.replies:
            return ()
        turns = turns_of(request.messages)
        before, *rest = await asyncio.gather(
            *(_prompt_logs(seats, self._model, turns, text) for text in (None, *request.replies))
        )
        tails = [[log for log in logs[len(before) :] if log is not None] for logs in rest]
        return tuple(ReplyScore(sum(tail), len(tail)) for tail in tails)

    async def choose(self, seats: Seats, request: ScoreRequest) -> Choice:
        """The replies' shares, or what the server wrote where it tells none. What it refuses of one question is
        remembered only once it takes the question without that."""
        turns = turns_of(request.messages)
        body = {"model": self._model, "messages": turns, "temperature": 0, "max_tokens": CHOICE_TOKENS}
        text = ""
        for most in self._likeliest:
            try:
                reply = await seats.chat(body | {"logprobs": True, "top_logprobs": most}, NOT_NEEDED)
            except EndpointError as error:
                if error.cause != "refused":
                    raise
                continue
            text = reply.text
            if reply.logs is not None or not text:
                self._likeliest = (most,) if text else self._likeliest
                return Choice(chosen(reply.logs or (), request.replies), text)
            self._likeliest = ()
            break
        shares = await self._shares_of_given(seats, turns, request.replies) if self._tells_given else None
        if shares is None:
            text = text or (await seats.chat(body, NOT_NEEDED)).text
            self._tells_given = False
        self._likeliest = ()
        return Choice(shares, text if shares is None else "")

    async def _shares_of_given(
        self, seats: Seats, turns: list[dict[str, str]], replies: Sequence[str]
    ) -> tuple[float, ...] | None:
        """None where the server does not tell of given text."""
        try:
            given = await asyncio.gather(*(_prompt_logs(seats, self._model, turns, one) for one in replies))
        except EndpointError as error:
            if error.cause not in ("refused", "no log-probabilities"):
                raise
            return None
        # What comes before the reply is the same in all, so their sums differ by the replies alone.
        return shares_of(tuple(ReplyScore(sum(x for x in logs if x is not None), 0) for logs in given))


async def _prompt_logs(seats: Seats, model: str, turns: list[dict[str, str]], reply: str | None) -> list[float | None]:
    """Log-probability of each token of the conversation, with `reply` begun as the assistant's if it is given."""
    body: dict[str, Any] = {"model": model, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0}
    if reply is None:
        body["messages"] = turns
    else:
        body["messages"] = [*turns, {"role": "assistant", "content": reply}]
        body |= {"add_generation_prompt": False, "continue_final_message": True}
    logs = (await seats.post("chat/completions", body)).get("prompt_logprobs")
    try:
        found = [None if log is None else float(next(iter(log.values()))["logprob"]) for log in logs]  # type: ignore[union-attr]
        if not all(log is None or -math.inf < log <= ROUNDED for log in found):  # also no NaN
            raise ValueError
        return found
    except (TypeError, AttributeError, KeyError, StopIteration, ValueError):
        raise EndpointError(
            "no log-probabilities",
            "This endpoint gives no log-probabilities of given text, so it cannot score or judge.",
            next_step="Use vLLM, or a local model.",
        ) from None
