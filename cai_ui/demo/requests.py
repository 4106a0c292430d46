"""Requests of the embedded model's world: an act, a person, an object, and a wording.

`Request` keeps its parts, so that answers, critiques and revisions can be written for it, and so that
tests can tell what is held out.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

from cai_ui.demo.world import Act, acts, words

NOBODY = "other people"
"""Stands for the person where a request names none."""

BEFORE = (
    "", "", "", "", "", "Hello! ", "Hi. ", "I have a question. ", "Good morning! ", "Please be quick. ", "Hey! ",
    "Good evening. ", "Sorry to ask. ", "Quick question. ", "I need help. ", "Please listen. ",
)  # fmt: skip
AFTER = ("", "", "", "", "", "", " Thank you!", " Thanks.", " Be brief.", " Please.", " Thanks a lot.",
         " Keep it short.")  # fmt: skip
WORDINGS = (
    "How do I {do}?", "How can I {do}?", "Tell me how to {do}.", "I want to {do}. How do I do that?",
    "Help me {do}.", "Help me to {do}, please.", "What is the best way to {do}?", "Please explain how to {do}.",
    "I would like to {do}. Where do I start?", "How to {do}?", "Give me a plan: I want to {do}.",
    "I want to {do}. What should I do first?", "Show me a way to {do}.", "What do I need to {do}?",
    "My plan is to {do}. Give me some tips.", "Can you tell me how to {do}?", "I need your help. How do I {do}?",
    "Do you know how to {do}?", "I want to {do}. Any idea?", "What are the steps to {do}?",
    "How could I {do}?", "I wonder how to {do}.", "Give me some advice: how to {do}?", "Say how I should {do}.",
    "I am going to {do}. What comes first?", "Is there a good way to {do}?",
    "How would I {do}?", "How should I {do}?", "How might I {do}?", "Tell me how I can {do}.",
    "Tell me how I could {do}, please.", "Explain how to {do}.", "Explain how I could {do}.",
    "Please explain to me how to {do}.", "Explain it to me: how do I {do}?", "Any ideas how to {do}?",
    "Any advice on how to {do}?", "Some tips to {do}, please.", "Are there any tricks to {do}?",
    "What are good steps to {do}?", "Tell me the steps to {do}.", "List the steps to {do}, please.",
    "Where should I begin to {do}?", "How do I start if I want to {do}?",
    "What can I do to {do}?", "What must I do to {do}?", "I need a way to {do}.",
    "I need some tips: how do I {do}?", "Make a plan for me to {do}.", "Could you help me {do}?",
    "Would you help me to {do}?", "Please help me {do}.", "Can you help me {do}?",
    "Give me some ideas. I want to {do}.", "Can you give me a plan? I want to {do}.",
    "I want some advice. How can I {do}?", "I want to {do}. Tell me how.", "What is a quick way to {do}?",
    "What is the right way to {do}?", "Give me the best tips to {do}.",
    "Where shall I begin to {do}?", "How shall I begin to {do}?", "What shall I do first to {do}?",
    "Tell me how I shall {do}.", "Say how I shall {do}, please.", "When shall I {do}, and how?",
)  # fmt: skip
HELDOUT_WORDINGS = (
    "Can you give me some tips? I want to {do}.", "I am stuck. Please help me {do}.",
    "What should I do to {do}?", "I need a plan. How shall I {do}?", "Tell me the best steps to {do}, please.",
    "Where do I start if I want to {do}?", "Any tips to {do}?", "Explain to me how I can {do}.",
)  # fmt: skip
_COLOURS = ("red", "green", "blue", "yellow", "black", "white")
_PEOPLE_FORMS = ("name", "name", "my role", "my role", "my role name")
_VIEW = {"my": "your", "I": "you", "mine": "yours", "myself": "yourself", "me": "you", "am": "are", "our": "your"}
_ONSETS = ("b", "br", "d", "f", "fl", "g", "gr", "h", "j", "k", "kl", "l", "m", "n", "p", "pr", "qu", "r", "s", "sh",
           "st", "t", "tr", "v", "w", "y", "z", "ch", "sl", "sn", "th", "x")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ea", "oo", "ai", "ie", "ou")
_FRONTS = ("a", "an", "the", "to", "in", "of", "no", "and", "grand", "sing", "act", "new", "dark", "finish", "will",
           "your", "tell", "ask", "for", "it", "on", "at", "be", "my", "fair", "wait", "first", "old", "give",
           "end")  # fmt: skip
"""Pieces that most often stand for a word of their own; a word that only begins with one is hard to copy."""
_CODAS = ("", "", "n", "r", "l", "m", "s", "t", "nd", "rt", "ck", "lp", "st", "x", "p", "mb", "ss", "ge")


@dataclass(frozen=True)
class Request:
    """`person` and `thing` are as the user says them ("my sister Anna", "red lamp")."""

    act: Act
    way: str
    domain: str
    person: str
    thing: str
    wording: str

    @property
    def topic(self) -> str:
        """kind/act/domain, the name under which prompts are filed."""
        return f"{self.act.kind}/{self.act.name}/{self.domain}"

    @property
    def text(self) -> str:
        text = self.wording.format(do=fill(self.way, self.person, self.thing))
        return text[0].upper() + text[1:]

    @property
    def others(self) -> str:
        """The person as the assistant speaks of them."""
        return to_assistant(self.person) if "{p" in self.way else NOBODY

    @property
    def doing(self) -> str:
        """What is asked for, as the user says it: "read my sister's diary in secret"."""
        return fill(self.way, self.person, self.thing)

    @property
    def deed(self) -> str:
        """What is asked for, as the assistant speaks of it: "read your sister's diary in secret"."""
        return to_assistant(self.doing)

    def say(self, template: str) -> str:
        """Fill a step or an alternative, as the assistant says it."""
        return fill(template, self.others, self.thing)


def fill(template: str, person: str, thing: str) -> str:
    """Put person and object into the slots; text outside the slots stays as it is."""
    owner = person + ("'" if person.endswith("s") and " " in person else "'s")
    owner = "other people's" if person == NOBODY else owner
    return template.replace("{ps}", owner).replace("{p}", person).replace("{o}", thing)


def to_assistant(text: str) -> str:
    """Turn "my" into "your" and so on: what the user says, said back."""
    return re.sub(r"\b(my|I|mine|myself|me|am|our)\b", lambda m: _VIEW[m[0]], text)


def draw_request(rng: random.Random, kinds: tuple[str, ...], heldout: bool = False, invented: float = 0.0,
                 odd: bool = False, tricky: float = 0.0) -> Request:  # fmt: skip
    """A request whose act is of one of `kinds`. Held out: topic, object, person and wording all unseen in training.

    `invented` is the chance that the object, and that the person, is a made-up word, so that words get copied; `odd`
    makes up roles and colours as well. `tricky` is the share of made-up words that begin with a common piece.
    """
    act = rng.choice(_acts_of(kinds))
    domain = rng.choice(act.heldout if heldout else act.domains)
    person = _person(rng, rng.choice(act.people), heldout, invented, odd, tricky)
    return Request(
        act,
        rng.choice(act.ways),
        domain,
        person,
        _thing(rng, domain, heldout, invented, odd, tricky),
        rng.choice(HELDOUT_WORDINGS) if heldout else rng.choice(BEFORE) + rng.choice(WORDINGS) + rng.choice(AFTER),
    )


def _acts_of(kinds: tuple[str, ...]) -> list[Act]:
    return [act for act in acts() if act.kind in kinds]


def _person(rng: random.Random, group: str, heldout: bool, invented: float, odd: bool, tricky: float) -> str:
    roles = words()[group]
    role = rng.choice(roles.heldout if heldout else roles.train)
    if role.startswith("the "):  # someone met on duty, whose name nobody knows
        return role
    names = words()[roles.of.get(role) or rng.choice(("women", "men"))]
    name = rng.choice(names.heldout if heldout else names.train)
    if rng.random() < invented:
        name = stranger(rng, "people", tricky).capitalize()
    if rng.random() < (invented if odd else invented / 2):
        role = stranger(rng, "more", tricky)
    form = rng.choice(_PEOPLE_FORMS)
    return " ".join({"name": name, "role": role}.get(word, word) for word in form.split())


def _thing(rng: random.Random, domain: str, heldout: bool, invented: float, odd: bool, tricky: float) -> str:
    nouns = words()[domain]
    noun = rng.choice(nouns.heldout if heldout else nouns.train)
    if rng.random() < invented:
        noun = stranger(rng, "more", tricky)
    if nouns.coloured and not heldout and rng.random() < 0.2:
        colour = rng.choice(_COLOURS)
        if odd and rng.random() < invented:
            colour = stranger(rng, "more", tricky).lower()
        noun = colour + " " + noun
    return noun


def stranger(rng: random.Random, domain: str, tricky: float = 0.0) -> str:
    """A word out of place or known to nobody; never one that is held out. `tricky`: see `draw_request`."""
    while True:
        if tricky and rng.random() < tricky:
            word = rng.choice(_FRONTS) + rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS)
        else:
            word = _odd_word(rng, words()[domain].train)
        if word.lower() not in _heldout_words():
            return word


def _odd_word(rng: random.Random, known: tuple[str, ...]) -> str:
    """One of the known words, two halves of them, or made of syllables."""
    chance = rng.random()
    if chance < 0.3:
        return rng.choice(known)
    if chance < 0.7:
        first, second = rng.choice(known), rng.choice(known)
        return (first[: rng.randint(2, 5)] + second[len(second) // 2 :]).lower().replace("  ", " ").strip()
    parts = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((1, 1, 2, 2)))]
    return "".join(parts) + rng.choice(_CODAS) + rng.choice(("", "", "", "er", "el", "ing"))


@cache
def _heldout_words() -> frozenset[str]:
    return frozenset(word.lower() for entry in words().values() for word in entry.heldout)
