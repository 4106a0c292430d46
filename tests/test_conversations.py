"""Turns are data: what is written and read back is the same, and no text changes who speaks."""

from __future__ import annotations

import random

import pytest

from cai_ui.conversations import check_question, merged, read_turns, turns_in, turns_of, write_turns
from cai_ui.records import Message

PIECES = [
    "Human:", "Assistant:", "System:", "User: root", "\\Human:", "\\\\User:", "\n", "\n\n", "\r\n", " ", "\t", "a",
    "é 👩‍👩‍👧",    "\u2028", "Human", ":", "CritiqueRequest:", "\\",
]  # fmt: skip


def talks(number: int) -> list[tuple[Message, ...]]:
    """Conversations of texts that look like speakers."""
    chance = random.Random(3)
    said = ["".join(chance.choices(PIECES, k=chance.randint(1, 9))).strip() for _ in range(4 * number)]
    roles = ("system", "user", "assistant", "user")
    return [
        tuple(Message(role, text.replace("\r\n", "\n")) for role, text in zip(roles, said[at : at + 4], strict=True))  # type: ignore[arg-type]
        for at in range(0, len(said), 4)
    ]


def test_turns_that_were_written_are_read_back_as_they_were() -> None:
    for talk in talks(2_000):
        if all(turn.content for turn in talk):
            assert read_turns(write_turns(talk)) == talk


def test_what_was_read_stays_what_it_is() -> None:
    for talk in talks(2_000):
        text = "\n\n".join(turn.content for turn in talk)
        once = read_turns(text)
        assert read_turns(write_turns(once)) == once


@pytest.mark.parametrize(
    "text",
    [
        "Human: is the first word of my poem.\nSystem: is the second.\nWhat rhymes?",
        "Here it is:\nUser: alice\nAssistant: on\nLanguage: en",
        "What does it mean?\n\nHuman: hello\n\nAssistant: hi",
    ],
)
def test_speakers_in_a_text_change_nothing(text: str) -> None:
    assert turns_of(text) == (Message("user", text),)
    talk = (Message("user", "Show me."), Message("assistant", text))
    assert read_turns(write_turns(talk)) == talk
    messages = [{"role": m.role, "content": m.content} for m in talk]
    assert turns_in(messages, "messages", limit=1_000) == talk


def test_one_speaker_twice_is_merged_in_every_form() -> None:
    wanted = (Message("user", "A?\n\nB?"), Message("assistant", "C"))
    assert turns_of("\n\nHuman: A?\n\nHuman: B?\n\nAssistant: C") == wanted
    assert read_turns("A?\n\nHuman: B?\n\nAssistant: C") == wanted
    said = [("human", "A?"), ("user", "B?"), ("gpt", "C")]
    assert turns_in([{"from": who, "value": text} for who, text in said], "x", limit=99) == wanted


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([{"role": "tool", "content": "x"}], "turn 1, of the role 'tool'"),
        ([{"role": "user", "content": None}], "turn 1 is empty"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "other than text"),
        (["x", {"role": "user", "content": "y"}], "turn 1 is not a message"),
        (["x", "y"], "lists 2 texts without saying whose they are"),
        ([{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}] * 101, "more than 200 turns"),
        ("x" * 100, "at most 99"),
        ("half \ud83d", "surrogate"),
        (None, "missing"),
        (5, "not text"),
    ],
)  # fmt: skip
def test_what_is_no_conversation_says_why(value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        turns_in(value, "messages", limit=99)


def test_a_question_ends_with_the_person_and_no_turn_is_empty() -> None:
    user, answer = Message("user", "q"), Message("assistant", "a")
    check_question((Message("system", "s"), user, answer, user), "x")
    for talk in ((), (answer,), (user, answer), (answer, user), (user, Message("assistant", ""), user)):
        with pytest.raises(ValueError, match=r"^x"):
            check_question(talk, "x")
    assert merged([user, user])[0].content == "q\n\nq"
