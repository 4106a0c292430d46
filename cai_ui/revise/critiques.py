"""What a critique says of the answer it was asked about: a fault, that there is none, or nothing at all.

Read by rules from the critique and the answer, since small models often answer once more, go on with the story or
repeat the answer where they should criticise. A sentence counts where it speaks of the answer and judges it. How often
that agrees with a person: docs/critique_revision.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Literal

from cai_ui.readers.refusals import SORRY

Reading = Literal["finding", "no finding", "no critique"]

COPIED = 0.8
"""Share of a sentence's word triples that stand in the answer, above which the sentence only repeats it."""


def _any(words: str) -> str:
    """A pattern for any of these words and phrases, parted by commas; "*" stands for the rest of a word."""
    return "|".join(re.escape(word.strip()).replace(r"\*", r"\w*").replace(r"\ ", " ") for word in words.split(","))


def _pattern(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_NOTHING = _pattern(
    r"(?<!say that )\bnothing (?:is|was|seems|to be|else is|in it is) "
    r"(?:\w+ )?(?:wrong|harmful|object|untrue|missing|left)",
    r"\bno (?:fault|harm|errors?|mistakes?|issues?|problems?|objections?|lie)\b",
    r"\b(?:i )?(?:see|find|found) nothing\b|\bnothing to (?:add|object|change|leave out|criti\w+)\b",
    r"\banswer is:? (?:no[,.]|nothing\b)|\bnone of (?:the|them|it)\b|\bhas no (?:fact|lie|harm|fault|error)\w*",
    r"\bno (?:critique|criticism|change|revision)s? (?:is |are )?(?:needed|necessary)",
    r"\bis (?:fine|harmless|acceptable) as it (?:is|stands)\b",
    r"\bnot (?:\w+ or )?(?:harmful|problematic|unethical|violent|a lie)(?: or \w+)?\b",
    r"\b(?:harms|hurts|deceives|endangers) (?:nobody|no one|no-one)\b|\b(?:cruel|unfair|unkind) to nobody\b",
    r"\bdo(?:es)? not (?:claim|lie|harm|hurt|deceive|break)\b",
    r"\b(?:can ?not|can't|need not) be (?:left out|removed)\b",
)
"""A critique that says there is no fault."""
_GOOD = (
    "fine, fair, correct, true, valid, harmless, safe, polite, accurate, clear, good, great, perfect, appropriate, "
    "excellent, helpful"
)
_PRAISE = _pattern(
    rf"\b(?:is|are|was|as) (?:\w+ ){{0,2}}(?:{_any(_GOOD)})\b",
    r"\b(?:good|great|perfect|excellent) (?:response|answer|example|reply|job)\b|\bso glad\b",
)
_BUT = re.compile(r"\b(?:but|however|although|except|yet)\b", re.IGNORECASE)
_IF = re.compile(r"\bif [^,.\n]*,?", re.IGNORECASE)
"""What is said of a case that may not be so."""

_PART = (
    r"(?:responses?|answers?(?! (?:to|for) (?:this|that|the|your) question)|repl(?:y|ies)|statements?|sentences?|"
    r"paragraphs?|words?|wording|tone|steps?|greeting|facts?(?! that)|text|poem|passage|conversation)"
)
_WHICH = "the, this, that, these, those, its, last, first, original, previous, above, every, many, several, more, no"
_ANSWER = _pattern(
    rf"\b(?:{_any(_WHICH)}|a kind) (?:\w+ ){{0,2}}{_PART}\b|\bassistant\b|^\W*the fault\b",
    r"\b(?:would|could|might) object\b|\bmade up\b",
)
"""Names the answer or a part of it."""
_WHOLE = re.compile(r"\b(?:the|this|last) (?:\w+ )?(?:response|answer|reply|assistant)\b", re.IGNORECASE)
_IT = re.compile(r"^\W*(?:and |so |also,? )?(?:it|this|that|they|these|such|which)\b", re.IGNORECASE)
_OWN = _pattern(
    r"\b(?:i(?:['’](?:m|d|ll|ve))?|me|my|we|us)\b",
    rf"^\W*(?:no,? |yes,? )?(?:you(?:['’](?:re|d|ll))?|let's|please|{SORRY})\b",
)
"""A sentence of somebody who speaks of themselves, or to the person."""
_SELF = _pattern(
    r"^\W*(?:you(?:['’]re| are) right,? )?i(?:['’](?:m|ll|ve)| am| did| do| will| can| could| have| apologi[sz]e)\b",
    r"\bhere(?:['’]s| is) (?:a|an|the|one|my|your) \w+",
    r"^\W*(?:as usual, )?(?:point out|say (?:that|which|where|whether)|name)\b",
)
"""Speaks of oneself, or begins another wording of the answer, or repeats what was asked."""
_OPENING = _pattern(
    r"^\W*(?:sure|of course|certainly|gladly|absolutely|here(?:'s| is| are)|first,|step 1|1[.)]|dear |hey|hi\b|hello)",
    rf"^\W*(?:no,? )?(?:{SORRY}|i (?:will|would|can|could) ?n[o']t\b)",
)
"""A text that begins as an answer, or as a refusal of one."""
_REPORTED = re.compile(
    r"\b(?:is about|(?:says?|states?|tells?|explains?|suggests?|means|mentions|saying)"
    r"(?: you| us| them)?,? (?:that|why|about))\b.*?(?=,? (?:but|so|which|even)\b|:|$)",
    re.IGNORECASE | re.DOTALL,
)
"""What the answer is said to say: not judged by that."""
_QUOTED = re.compile(r"[\"“][^\"“”\n]*[\"”]|(?<!\w)['‘][^'‘’\n]*['’](?!\w)")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|\n|$)")

_FAULTS = """
wrong*, false, incorrect, inaccura*, mislead*, untrue, lie, lies, lying, made up, invented, dishonest*, decei*, decept*,
harm*, hurt*, danger*, unsafe, injur*, illegal*, unlawful, theft, steal*, crime, crimes, forbid, forbids, unfair*,
cruel*, unkind*, rude*, impolite, offen*, disrespect*, insult*, invad*, privacy, private, vicious, bias*, stereotyp*,
unethical, immoral, scare*, scary, frighten*, threat*, betray*, nasty, unclear, vague*, confus*, ambiguous, hard to,
difficult to, challenging to, complicated, unnecessary, redundant, repetitive, wordy, verbose, left out, removed,
missing, lack, lacks, lacking, unanswered, blank, dodge*, evade*, ignore*, omit*, error*, mistake*, fault*, problem*,
issue*, grammatical, unhelpful, irrelevant, exaggerat*, overstat*, moralis*, condescending, harsh, cold, dry, stiff,
fail to, fails to, object to, flout*, replace, replaces, rephrased, need to, needs to, instead, at the cost, deserve*,
easier, more words than, inconsistent, mock*, hateful, prejudice*, absolutism, careless, reckless,
sarcastic, abusive, sexist, racist, aggressive, judgmental, concerns, risks, to be removed, despicable
"""
_UNTRUE_OF_IT = """
fair, clear, true, right, good, okay, ok, helpful, help, polite, kind, valid, possible, allowed, accurate, useful, best,
honest, know, give, say, take, answer, address, explain, contain, provid*, mention, a word, a truthful, agree, agreed
"""
_BETTER = """
more, less, clearer, shorter, softer, kinder, simpler, left, removed, better, cut, said, added, rephrased, confusing,
difficult, hard, dropped
"""
_FAULT = _pattern(
    rf"\b(?:{_any(' '.join(_FAULTS.split()))})\b",
    r"\b(?:against|breaks?|violates?) (?:the|a|any|your|her|his|their|all)\b",
    r"\btoo (?!much of)\w+|\bno (?:friendly|kind|greeting|example|reason|information|details?|product|longer)\b",
    rf"(?:\bnot|n['’]t|\bnever) (?:\w+ ){{0,3}}(?:{_any(' '.join(_UNTRUE_OF_IT.split()))})\b",
    rf"\b(?:could|should|must|might|would|can) (?:not )?(?:\w+ ){{0,2}}"
    rf"(?:be (?:\w+ )?(?:{_any(' '.join(_BETTER.split()))})|"
    rf"{_any('have, help, add, object, lose, feel, suffer, say, pay')})\b",
    r"\b(?:correct|better) (?:response|answer|word)\b|\blose (?:all|money|trust)\b",
    r"\bmore (?:polite|clear|kind|precise|helpful)\b",
)
"""Words that find fault."""


def read_critique(critique: str, answer: str) -> Reading:
    """What the critique says of the answer."""
    fine = names_nothing(critique)
    if fine and _NOTHING.search(_SENTENCE.findall(critique)[0]):
        return "no finding"
    judging = list(_judging(critique, answer))
    if any(_FAULT.search(_NOTHING.sub(" ", sentence)) for sentence in judging):
        return "finding"
    if any(_NOTHING.search(sentence) and _BUT.search(sentence) for sentence in judging):
        return "finding"
    fine = fine or any(_NOTHING.search(sentence) or _PRAISE.search(sentence) for sentence in judging)
    return "no finding" if fine else "no critique"


def names_nothing(critique: str) -> bool:
    """Whether a critique says that nothing is wrong, and does not go on with a "but"."""
    said = _IF.sub(" ", critique)
    hit = _NOTHING.search(said)
    return hit is not None and not _BUT.search(said[hit.end() :])


def _judging(critique: str, answer: str) -> Iterator[str]:
    """The sentences that speak of the answer in the critic's own words, without what the answer is said to say.

    "It" means the answer at the beginning, and after a sentence that names it.
    """
    triples = set(_triples(answer))
    named = not _OPENING.search(critique)
    for place, sentence in enumerate(_SENTENCE.findall(_QUOTED.sub('""', _IF.sub(" ", critique)))):
        own = _OWN.search(sentence)
        judged, reported = _REPORTED.subn(" ", sentence)
        names = _ANSWER.search(sentence) and not (own and not _WHOLE.search(sentence)) and not _SELF.search(sentence)
        if names or (named and (place or _IT.search(sentence)) and not own and not _copied(sentence, triples)):
            yield judged
        named = bool(names) and not reported


def _copied(sentence: str, triples: Set[tuple[str, ...]]) -> bool:
    own = _triples(sentence)
    return bool(own) and sum(triple in triples for triple in own) > COPIED * len(own)


def _triples(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return list(zip(words, words[1:], words[2:], strict=False))
