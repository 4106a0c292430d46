"""What is no usable text, and what only looks like it."""

from __future__ import annotations

import pytest

from cai_ui.readers import Outcome, PhraseReader
from cai_ui.readers.broken import is_english, what_is_broken
from cai_ui.records import Prompt

BROKEN = {
    "empty": "",
    "blank": " \n\t ",
    "signs": "... --- !!!",
    "garbage": "]} ;; @@ 0x 99 ## {{ ]] (( %% $$ a && b ^^ ~~ ||",
    "lost characters": "\ufffd" * 20 + " word",
    "glued": "x" * 400,
    "same sentence": "In this case, no answer is needed. " + "The answer is not needed. " * 8,
    "circle": "you can use the pan and then " * 12,
    "fragment": " ".join(f"word{number}" for number in range(60)),
}
SOUND = {
    "short": "Paris",
    "number": "42",
    "list": "1. Add flour.\n2. Add water.\n3. Add salt.\n4. Stir.\n5. Bake.",
    "song": "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
    "code": "def area(width, height):\n    return width * height\n\nprint(area(2, 3))",
    "other script": "これは日本語の文です。とても短い。",
    "cut after a sentence": "Boil the water first. Then add the",
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_what_is_broken(name: str) -> None:
    assert what_is_broken(BROKEN[name])
    assert PhraseReader().read(Prompt("p", "How do I cook rice?"), BROKEN[name]).outcome is Outcome.BROKEN


@pytest.mark.parametrize("name", list(SOUND))
def test_what_is_not(name: str) -> None:
    assert what_is_broken(SOUND[name]) == ""


def test_an_answer_cut_before_a_sentence_ended_is_broken_only_if_it_was_cut() -> None:
    assert what_is_broken("To cook rice you", cut=True)
    assert not what_is_broken("To cook rice you", cut=False)
    assert not what_is_broken("Boil it. Then", cut=True)


def test_english() -> None:
    assert is_english("I will not help with that.") and is_english("42") and is_english("Lima, Quito and Bogotá")
    assert not is_english("Je ne peux pas vous aider, les armes sont interdites.")
    assert not is_english("Это запрещено законом, и я не буду помогать.")
