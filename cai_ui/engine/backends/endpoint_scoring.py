"""How likely replies are to a server, and which it chooses: by what it tells of given text, of what it wrote, or by the
text alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from cai_ui.engine.backends.endpoint_bulk import Seats, chosen
from cai_ui.engine.interface import Choice, ReplyScore, ScoreRequest, Scores, shares_of
from cai_ui.errors import EndpointError
from cai_ui.records import Message
from cai_ui.text import whole_characters

CHOICE_TOKENS, LIKELIEST = 16, 20
"""Tokens that a server may write to say its choice, and of how many it tells how likely each was."""


def turns_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as the protocol has them. InputError for half a character."""
    return [{"role": message.role, "content": whole_characters(message.content)} for message in messages]


class ScoreAsker:
    """Remembers what a server does not tell, so that it is not asked for it again."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._tells_written = self._tells_given = True
        """Whether log-probabilities of what it writes, and of given text, may be had; False once they were not."""

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
        """The replies' shares, or what the server wrote where it tells none."""
        turns = turns_of(request.messages)
        body = {"model": self._model, "messages": turns, "temperature": 0, "max_tokens": CHOICE_TOKENS}
        text = ""
        if self._tells_written:
            try:
                reply = await seats.chat(body | {"logprobs": True, "top_logprobs": LIKELIEST})
            except EndpointError as error:
                if error.cause != "refused":
                    raise
                self._tells_written = False
            else:
                text = reply.text
                if reply.logs is not None:
                    return Choice(chosen(reply.logs, request.replies), text)
                self._tells_written = False
        if self._tells_given:
            try:
                given = await asyncio.gather(*(_prompt_logs(seats, self._model, turns, one) for one in request.replies))
                # What comes before the reply is the same in all, so their sums differ by the replies alone.
                return Choice(shares_of(tuple(ReplyScore(sum(x for x in logs if x is not None), 0) for logs in given)))
            except EndpointError as error:
                if error.cause not in ("refused", "no log-probabilities"):
                    raise
                self._tells_given = False
        return Choice(None, text or (await seats.chat(body)).text)


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
        return [None if log is None else float(next(iter(log.values()))["logprob"]) for log in logs]  # type: ignore[union-attr]
    except (TypeError, AttributeError, KeyError, StopIteration, ValueError):
        raise EndpointError(
            "no log-probabilities",
            "This endpoint gives no log-probabilities of given text, so it cannot score or judge.",
            next_step="Use vLLM, or a local model.",
        ) from None
