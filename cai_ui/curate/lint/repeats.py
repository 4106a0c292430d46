"""Rows that repeat one another: duplicates, one answer for many requests, stock openings and endings, leaked topics."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cai_ui.curate.lint.near import near_duplicates
from cai_ui.curate.lint.rows import LintRow
from cai_ui.curate.lint.tokens import Ids, Tokens

Found = tuple[list[int], str]
"""Numbers of the rows, and a sentence with counts."""

MANY_PROMPTS = 3
"""From so many different requests on, one answer is suspicious."""
_OPENING_WORDS = 4
_STOCK_SHARE = 0.01
_STOCK_ROWS = 5
_SUBJECT_SHARE = 0.015
"""Long texts hold a few of any subject's words by chance."""
_EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿]|[:;]-?[)D](?=\\s|$)")


@dataclass(frozen=True)
class Corpus:
    """All rows with what several checks need of them, made once."""

    rows: Sequence[LintRow]

    @cached_property
    def answers(self) -> Tokens:
        return Tokens([row.answer for row in self.rows])

    @cached_property
    def prompts(self) -> Tokens:
        return Tokens([row.prompt for row in self.rows])

    @cached_property
    def answer_groups(self) -> Ids:
        """Groups of answers that are nearly the same."""
        return near_duplicates(self.answers)

    @cached_property
    def prompt_groups(self) -> Ids:
        """Groups of requests that are nearly the same."""
        return near_duplicates(self.prompts, similar=0.6)

    def text_groups(self, text: Callable[[LintRow], object]) -> dict[object, list[int]]:
        """Numbers of the rows by some property."""
        groups: dict[object, list[int]] = defaultdict(list)
        for number, row in enumerate(self.rows):
            groups[text(row)].append(number)
        return groups


def same_rows(corpus: Corpus) -> Found:
    """Request and answer are there before, letter by letter."""
    groups = corpus.text_groups(lambda row: (row.prompt.strip(), row.answer.strip(), row.other))
    later = sorted(number for group in groups.values() for number in group[1:])
    return later, f"{len(later):,} rows are there a second time."


def similar_rows(corpus: Corpus) -> Found:
    """Request and answer are nearly those of an earlier row."""
    exact = set(same_rows(corpus)[0])
    seen: set[tuple[int, int]] = set()
    found = []
    for number, pair in enumerate(zip(corpus.prompt_groups.tolist(), corpus.answer_groups.tolist(), strict=True)):
        if pair in seen and number not in exact:
            found.append(number)
        seen.add(pair)
    return found, f"{len(found):,} rows differ from an earlier one in a few words only."


def same_answer(corpus: Corpus) -> Found:
    """One answer, or nearly the same, stands under several different requests."""
    groups = _shared_answers(corpus)
    found = sorted(number for group in groups for number in group)
    if not found:
        return found, ""
    largest = max(groups, key=len)
    return found, (
        f"{len(groups):,} answers stand under {MANY_PROMPTS} or more different requests; "
        f"the most frequent one under {len(largest):,}: “{_quote(corpus.rows[largest[0]].answer)}”"
    )


def leaked_topic(corpus: Corpus) -> Found:
    """The answer speaks of a subject that no request asks about, as when a few-shot example leaks into the answers.

    Such subjects are found from answers that stand under many requests: words that most of these hold and that
    hardly any other answer and hardly any request holds. A row is found if its answer holds several of them.
    """
    groups = [group for group in _shared_answers(corpus) if not _asked_alike(corpus, group)]
    subjects = [words for group in groups if (words := _subject_words(corpus, group))]
    if not subjects:
        return [], ""
    held = Counter[tuple[int, int]]()
    asked = set()
    for place, words in enumerate(subjects):
        in_answers = np.isin(corpus.answers.pairs[1], [corpus.answers.numbers[w] for w in words])
        held.update((int(row), place) for row in corpus.answers.pairs[0][in_answers])
        known = [corpus.prompts.numbers[w] for w in words if w in corpus.prompts.numbers]
        asked |= {(int(row), place) for row in corpus.prompts.pairs[0][np.isin(corpus.prompts.pairs[1], known)]}
    found = sorted(
        {
            row
            for (row, place), number in held.items()
            if number >= max(2, _SUBJECT_SHARE * int(corpus.answers.lengths[row])) and (row, place) not in asked
        }
    )
    named = ", ".join(sorted({word for words in subjects for word in words[:4]})[:12])
    return found, f"{len(found):,} answers speak of something their requests do not ask about ({named})."


def stock_openings(corpus: Corpus) -> Found:
    """The answer begins with the same four words as many others."""
    return _stock(corpus, lambda words: words[:_OPENING_WORDS], "begin")


def stock_endings(corpus: Corpus) -> Found:
    """The answer ends with the same six words as many others."""
    return _stock(corpus, lambda words: words[-6:], "end", least=6)


def emoji(corpus: Corpus) -> Found:
    """The answer holds emoji or smileys; a tuned model repeats them without end."""
    counted = Counter[str]()
    found = []
    for number, row in enumerate(corpus.rows):
        if signs := _EMOJI.findall(row.answer):
            found.append(number)
            counted.update(signs)
    named = ", ".join(f"{sign} × {times:,}" for sign, times in counted.most_common(5))
    return found, f"{len(found):,} answers hold emoji or smileys ({named})."


def _shared_answers(corpus: Corpus) -> list[list[int]]:
    """Groups of rows with nearly one answer and at least three different requests."""
    groups: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(corpus.answer_groups.tolist()):
        groups[group].append(number)
    asked = corpus.prompt_groups
    large = [g for g in groups.values() if len(g) >= MANY_PROMPTS and corpus.answers.lengths[g[0]] > 0]
    return [group for group in large if len(set(asked[group].tolist())) >= MANY_PROMPTS]


def _subject_words(corpus: Corpus, group: list[int]) -> list[str]:
    """Words that make up the subject of these answers; most telling first. At least three, or none."""
    tokens = corpus.answers
    inside = np.zeros(len(tokens), dtype=bool)
    inside[group] = True
    rows, words = tokens.pairs
    counts = np.bincount(words[inside[rows]], minlength=len(tokens.vocabulary))
    total = len(tokens)
    most = np.flatnonzero(counts >= 0.6 * len(group))
    telling = []
    for word in most.tolist():
        name = tokens.vocabulary[word]
        elsewhere = (tokens.texts_with[word] - counts[word]) / max(1, total - len(group))
        in_prompts = corpus.prompts.texts_with[corpus.prompts.numbers[name]] if name in corpus.prompts.numbers else 0
        if len(name) > 3 and elsewhere < 0.05 and in_prompts <= max(1, 0.002 * total):
            telling.append((-counts[word], elsewhere, name))
    return [name for *_, name in sorted(telling)] if len(telling) >= MANY_PROMPTS else []


def _asked_alike(corpus: Corpus, group: list[int]) -> bool:
    """Whether most requests of the group share a word with their answer: then one answer for all may be right."""
    shared = 0
    for row in group:
        asked, given = corpus.prompts.of(row).tolist(), corpus.answers.of(row).tolist()
        stems = {corpus.answers.vocabulary[word][:5] for word in given}
        shared += any(len(w := corpus.prompts.vocabulary[word]) > 3 and w[:5] in stems for word in asked)
    return shared > len(group) / 2


def _stock(corpus: Corpus, part: Callable[[Ids], Ids], verb: str, least: int = _OPENING_WORDS) -> Found:
    tokens = corpus.answers
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number in np.flatnonzero(tokens.lengths >= least).tolist():
        groups[part(tokens.of(number)).tobytes()].append(number)
    limit = max(_STOCK_ROWS, _STOCK_SHARE * len(tokens))
    frequent = sorted((g for g in groups.values() if len(g) >= limit), key=len, reverse=True)
    found = sorted(number for group in frequent for number in group)
    if not found:
        return found, ""
    named = "; ".join(f"“{_spell(tokens, part(tokens.of(g[0])))}” × {len(g):,}" for g in frequent[:5])
    return found, f"{len(found):,} of {len(tokens):,} answers {verb} with one of {len(frequent)} phrases: {named}."


def _spell(tokens: Tokens, words: Iterable[int]) -> str:
    return " ".join(tokens.vocabulary[int(word)] for word in words)


def _quote(text: str, limit: int = 80) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
