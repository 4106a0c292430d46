"""Many questions to a judge at once: each has the same choices, and may be thought about first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeGuard

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Choice, Engine, Request, ScoreRequest, StopFlag
from cai_ui.errors import CaiError, EndpointError
from cai_ui.judges.reading import OF_SOME, Read, read_choice
from cai_ui.records import BASE, Answer, Message

THINK = "\nFirst think step by step about what each answer would do, then say which letter it is."
WHICH = "So which letter is it?"
Talk = tuple[Message, ...]


def ask(
    engine: Engine,
    questions: Sequence[str],
    choices: Sequence[str],
    *,
    adapter: str = BASE,
    thinking: Sampling | None = None,
    wording: tuple[str, str] = (THINK, WHICH),
    stop: StopFlag | None = None,
) -> Iterator[tuple[int, Read]]:
    """What could be read of each question by its place, as they come and in any order; after a stop the rest is left
    out. With `thinking` the judge is first asked for its thoughts; `wording` asks for them, and then for the choice.

    Raises what makes the judge unusable for all of them: an answer that a server refuses is one that could not be read
    if it takes others.
    """
    talks: dict[int, Talk] = {place: (Message("user", text),) for place, text in enumerate(questions)}
    refused: dict[int, EndpointError] = {}
    answered = False
    if thinking is not None:
        thoughts = engine.attempt(
            [Request(_more(talk, wording[0]), thinking, adapter) for talk in talks.values()], stop
        )
        for place, thought in enumerate(thoughts):
            if _is_of_some(thought):
                refused[place] = thought
                del talks[place]
            elif isinstance(thought, CaiError):
                yield place, read_choice(thought, choices)
                del talks[place]
            elif thought.text.strip():  # many servers refuse a turn without text
                answered = True
                talks[place] = (*_more(talks[place], wording[0]), _said(thought), Message("user", wording[1]))
    if stop is not None and stop.is_set():
        return
    places = list(talks)
    asked = [ScoreRequest(talks[place], tuple(choices), adapter) for place in places]
    for number, found in engine.choose_many(asked, stop) if asked else ():
        place = places[number]
        if _is_of_some(found):
            refused[place] = found
            continue
        read = read_choice(found, choices)
        answered = answered or isinstance(found, Choice)
        yield place, replace(read, thought=talks[place][1].content) if len(talks[place]) > 1 else read
    for place, error in refused.items():
        if not answered:
            raise error
        yield place, Read(None, error.what)


def _is_of_some(found: object) -> TypeGuard[EndpointError]:
    return isinstance(found, EndpointError) and found.cause in OF_SOME


def _more(talk: Talk, text: str) -> Talk:
    return (Message("user", talk[0].content + text),)


def _said(thought: Answer) -> Message:
    return Message("assistant", thought.text)
