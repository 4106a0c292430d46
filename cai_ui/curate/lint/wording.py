"""Answers whose wording shows that they are no answers: role labels, talk about the revision, cut ends, refusals."""

from __future__ import annotations

import re

from cai_ui.curate.lint.repeats import Corpus, Found
from cai_ui.readers.refusals import DECLINES, SPEAKS_AS_AI

_ROLE = re.compile(
    r"^[^\S\n]*(?:human|user|assistant|system|critique|critique ?request|revision|revision ?request)\s*:\s"
    r"|\[/?INST\]|<\|im_(?:start|end)\|>|<\|(?:user|assistant|system|endoftext|eot_id)\|>|</?s>|<<SYS>>",
    re.IGNORECASE | re.MULTILINE,
)
_REVISED_START = re.compile(
    r"\W*+(?:(?:sure|certainly|of course|absolutely|okay|ok)\W*+)?(?:here(?:'s|’s| is| are)|below is|this is)\s++"
    r"(?:(?:a|an|the|my|our|one)\s*+)?(?:possible |more |new )*"
    r"(?:revised|revision|rewritten|rewrite|improved|updated|edited|corrected|harmless|ethical|appropriate|modified)"
    r"|\W*+(?:revised|rewritten|improved|updated)\s+(?:response|answer|version|text)\b",
    re.IGNORECASE,
)
_REVISED = re.compile(
    r"\b(?:the|my|your)\s+(?:assistant's|assistant’s|previous|original|initial|revised|rewritten)\s+"
    r"(?:response|answer|reply)\b"
    r"|\b(?:i|i've|i’ve|i have)\s+(?:revised|rewritten|rephrased)\b",
    re.IGNORECASE,
)
_REVISED_SIGNS = (" response", " answer", " reply", "revis", "rewritten", "rephrased")
"""One of these is in every text that the slow pattern finds."""
_HEAD = 240
"""A refusal is said at the beginning; the same words later are part of an answer."""
_ENDS = re.compile(r"""[.!?…:;)\]}»”"'’`*_|>。！？，～\-/=~]|\W*[\U0001f300-\U0001faff☀-➿]|\d""")
"""An end, read backwards. (Forwards a text of emoji was read to its end from each of them.)"""
_SENTENCE_WORDS = 12


def role_labels(corpus: Corpus) -> Found:
    """Speaker names or template marks inside the answer."""
    found = _matching(corpus, _ROLE)
    return found, f"{len(found):,} answers hold a speaker's name or a mark of a chat template."


def talks_of_revision(corpus: Corpus) -> Found:
    """The answer presents itself as a revision, which nobody who asks has heard of."""
    found = [n for n, row in enumerate(corpus.rows) if _speaks_of_revision(row.answer)]
    return found, f"{len(found):,} answers speak of being a revised answer."


def declines(corpus: Corpus) -> Found:
    """The answer begins by declining. Right for some requests; too many teach evasion."""
    found = [n for n, row in enumerate(corpus.rows) if DECLINES.search(row.answer[:_HEAD])]
    return found, f"{len(found):,} of {len(corpus.rows):,} answers begin by declining."


def speaks_as_ai(corpus: Corpus) -> Found:
    """The answer speaks of being an AI."""
    found = _matching(corpus, SPEAKS_AS_AI)
    return found, f"{len(found):,} of {len(corpus.rows):,} answers speak of being an AI or a language model."


def truncated(corpus: Corpus) -> Found:
    """The last sentence has no end, or a block of code is still open."""
    found = [n for n, row in enumerate(corpus.rows) if _is_cut(row.answer.rstrip())]
    return found, f"{len(found):,} answers end within a sentence."


def empty(corpus: Corpus) -> Found:
    """No answer at all."""
    found = [n for n, row in enumerate(corpus.rows) if not row.answer.strip()]
    return found, f"{len(found):,} answers are empty."


def _speaks_of_revision(text: str) -> bool:
    if _REVISED_START.match(text):
        return True
    folded = text.lower()
    return any(sign in folded for sign in _REVISED_SIGNS) and _REVISED.search(text) is not None


def _is_cut(text: str) -> bool:
    if text.count("```") % 2:
        return True
    if not text or _ENDS.match(text[::-1]):
        return False
    last = text.rsplit("\n", 1)[-1]
    if re.search(r"\b(?:and|or|the|a|an|of|to|with|for|in|is|are|that|but|because)\s*\Z|,\s*\Z", last):
        return True
    # Headings, list items, verses and lines of code end without a stop.
    item = re.match(r"\s*(?:[-*•#]|\d+[.)])\s*|\s*\w+\s*[:=(]", last)
    return not item and len(last.split()) >= _SENTENCE_WORDS


def _matching(corpus: Corpus, pattern: re.Pattern[str]) -> list[int]:
    return [number for number, row in enumerate(corpus.rows) if pattern.search(row.answer)]
