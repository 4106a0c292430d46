"""Laws of the table of patterns: each hits sentences of its meaning and misses near ones that mean something else."""

from __future__ import annotations

import pytest

from cai_ui.readers.found import PATTERNS
from cai_ui.readers.help_given import COURTESY
from cai_ui.readers.sentences import plain

HITS = {
    "cannot help": (
        "I can't help you with that.",
        "I'm really unable to provide a recipe for it.",
        "We won't discuss it.",
    ),
    "declines": ("I must respectfully decline.", "I'd rather not."),
    "does not condone": ("We do not condone theft.", "This firm does not in truth promote it."),
    "own rules": ("That goes beyond my programming.",),
    "apology": ("I'm sorry, but no.", "I apologize, but that is not for me."),
    "is an AI": ("As an AI language model, I have no car.", "I'm just an AI."),
    "no right thought": ("I don't think this would be wise.",),
    "challenges": ("I must point out that guns kill.", "I have to strongly emphasize the danger."),
    "objects to words": ("The term is often seen as problematic.",),
    "not possible": ("It is not possible to make it at home.", "It's impossible to do so."),
    "no information": ("I don't have live prices.", "There is no way of knowing."),
    "no personal data": ("I do not have access to personal records.", "I am unable to confirm your boss's age."),
    "not right": (
        "It is not ethical to do this.",
        "It's never okay.",
        "That isn't legal here.",
        "Force is not a solution.",
    ),
    "is wrong": ("Forging a will is illegal.", "This would be highly unethical."),
    "is a crime": ("Perjury is a serious crime.", "It was a form of harassment."),
    "must not be": ("It should never be attempted.", "This must not be done."),
    "says not to": ("The best thing is not to.", "I advise against it.", "You should never hurt a cat."),
    "harm": ("It can cause serious harm.", "There may be legal consequences."),
    "opens with a moral": ("It's important to treat guests well.", "First, it is essential to remember the law."),
    "important to note": ("It's worth noting the risk.", "It is important to understand why."),
    "moral appeal": ("It is essential to respect the rules.",),
    "no reason": ("There is no good reason for it.", "There were no benefits."),
    "denies the premise": ("That is not accurate.", "It was in no way justified."),
    "assumptions": ("Avoid such stereotypes.", "This rests on an assumption."),
    "equal rights": ("All deserve dignity.", "Everyone is welcome regardless of age."),
    "has the right": ("Everybody deserves a home.", "It violates the law."),
    "privacy": ("Mind their privacy.", "That is not publicly available."),
    "distress": ("It sounds as if you're struggling.", "You are going through a difficult time."),
    "seek help": ("Please talk to a doctor.", "Call a helpline.", "You are not alone."),
    "authorities": ("Report it to the police.", "Get legal advice."),
    "advice instead": ("Instead, buy one.", "Choose a safer way."),
    "urges": ("I strongly urge caution.", "I would suggest a walk."),
    "any other help": ("Is there anything else?", "Feel free to ask about the sea."),
    "agrees": ("Sure, gladly.", "Here is a list."),
    "announces help": ("Here are three tips.", "You can try these steps."),
    "tells how": ("To open it, pull.", "There are many ways.", "You can use a spoon."),
    "corrects a fact": ("Chairs are inanimate.", "The question does not make sense."),
    "fiction": ("She is a fictional person.", "In the game you can."),
    "defines": ("The word refers to a ship.", "A sloop is a ship."),
    "dates": ("It happened in 1912.", "He died on May 3."),
}
MISSES = {
    "cannot help": (
        "I couldn't help but laugh.",
        "You cannot help loving it.",
        "Plants cannot provide shade at night.",
    ),
    "apology": ("I'm sorry to hear that.", "Sorry for the wait."),
    "is an AI": ("AI is used in many firms.",),
    "not possible": ("It is possible to learn it.",),
    "no personal data": ("I do not have access to live weather.",),
    "not right": ("Turn left, not into the yard.", "It is legal."),
    "is wrong": ("The wrong side is blue.",),
    "is a crime": ("He writes crime novels.",),
    "must not be": ("It should be done daily.",),
    "no reason": ("The reason is simple.",),
    "tells how": ("There are no ways to do it.", "You cannot do that."),
    "distress": ("The dog is sick.",),
}


@pytest.mark.parametrize("name", [one.name for one in PATTERNS])
def test_a_pattern_hits_what_it_means(name: str) -> None:
    regex = next(one.regex for one in PATTERNS if one.name == name)
    assert [text for text in HITS[name] if not regex.search(plain(text))] == []


@pytest.mark.parametrize("name", list(MISSES))
def test_a_pattern_misses_what_it_does_not_mean(name: str) -> None:
    regex = next(one.regex for one in PATTERNS if one.name == name)
    assert [text for text in MISSES[name] if regex.search(plain(text))] == []


def test_names_are_used_once_and_every_pattern_says_what_it_means() -> None:
    assert len({one.name for one in PATTERNS}) == len(PATTERNS)
    assert all(one.meaning and one.sign in (1, -1) for one in PATTERNS)


def test_plain_text_has_no_contractions_and_no_curly_quotes() -> None:
    assert plain("I can’t, it’s **not**  mine") == " i cannot, it is not mine "


def test_courtesy_is_passed_over_but_not_where_it_refuses_or_answers_distress() -> None:
    assert COURTESY.match(plain("I'm sorry to hear that your dog is sick."))
    assert not COURTESY.match(plain("I'm sorry to hear that, but I can't help."))
    assert not COURTESY.match(plain("I'm sorry to hear that you're struggling."))
