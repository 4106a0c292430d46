"""Does the answer answer? Shared words, language, and requests on both sides of the split."""

from __future__ import annotations

import re
import zlib
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cai_ui.curate.lint.repeats import Corpus, Found
from cai_ui.curate.lint.tokens import Ids, Tokens, distinct
from cai_ui.curate.lint.wording import declines

_STEM = 5
"""Words count as the same where their first letters agree: rob, robbing, robbery."""
_STEM_BITS = 32
_FEW_WORDS = 2
_STOP = {
    "english": "the and you that for with this are not have can your from what how will about would there which their",
    "german": "der die und das ist nicht ein eine sie ich mit für auf dem den sich auch werden kann oder wie wir",
    "french": "les des est une pour dans que qui pas vous sur avec sont par plus être cette nous mais comme aux",
    "spanish": "los las que una para con por del como más pero sus está son este también puede ser muy hay usted",
    "italian": "che una per con non sono della nel più come anche questo gli alla può essere dei delle quando",
    "portuguese": "que uma para com não por mais como dos das são você também pode ser sua isso pelo muito ou",
    "dutch": "het een van dat niet voor met zijn aan ook maar kan worden deze bij naar wordt heeft hun wat",
}
_SCRIPTS = {
    "Chinese or Japanese": re.compile(r"[぀-ヿ一-鿿]"),
    "Korean": re.compile(r"[가-힯]"),
    "Cyrillic": re.compile(r"[Ѐ-ӿ]"),
    "Arabic": re.compile(r"[؀-ۿ]"),
    "Hindi": re.compile(r"[ऀ-ॿ]"),
    "Greek": re.compile(r"[Ͱ-Ͽ]"),
    "Hebrew": re.compile(r"[֐-׿]"),
    "Thai": re.compile(r"[฀-๿]"),
}
_NOT_ASCII = re.compile(r"[^\x00-\u024f]")


def off_topic(corpus: Corpus) -> Found:
    """The answer shares no word of substance with its request, and does not decline either. A weak sign."""
    asked = _stems(corpus.prompts, _telling_words(corpus))
    given = _stems(corpus.answers, np.ones(len(corpus.answers.vocabulary), dtype=bool))
    rows = asked >> _STEM_BITS
    words = np.bincount(rows, minlength=len(corpus.rows))
    places = np.searchsorted(given, asked)
    shared = np.append(given, -1)[places] == asked
    answered = np.bincount(rows[shared], minlength=len(corpus.rows))
    excused = set(declines(corpus)[0])
    lost = np.flatnonzero((words >= _FEW_WORDS) & (answered == 0)).tolist()
    found = [number for number in lost if number not in excused]
    return found, f"{len(found):,} answers share no word of substance with their request."


def languages(corpus: Corpus) -> Found:
    """The answer is in another language than its request."""
    asked = _languages(corpus.prompts, [row.prompt for row in corpus.rows])
    given = _languages(corpus.answers, [row.answer for row in corpus.rows])
    found = [n for n, (a, b) in enumerate(zip(asked, given, strict=True)) if a and b and a != b]
    counted = Counter(name for name in given if name)
    named = ", ".join(f"{name} {number:,}" for name, number in counted.most_common(6))
    if not found and len(counted) < 2:
        return [], ""
    return found, f"{len(found):,} answers are in another language than their request; answers by language: {named}."


def both_sides(corpus: Corpus) -> Found:
    """A held-out request, or nearly the same one, is learnt from as well."""
    groups = corpus.prompt_groups.tolist()
    learnt = {group for row, group in zip(corpus.rows, groups, strict=True) if row.side == "train"}
    found = [n for n, row in enumerate(corpus.rows) if row.side == "eval" and groups[n] in learnt]
    return found, f"{len(found):,} held-out requests are, nearly word for word, in the training part too."


def _telling_words(corpus: Corpus) -> NDArray[np.bool_]:
    """Which words of the requests say what they are about: no stop words, and none that many of them hold."""
    tokens = corpus.prompts
    rare = tokens.texts_with <= max(20, 0.03 * len(tokens))
    stop = {word for words in _STOP.values() for word in words.split()}
    telling = np.asarray([len(word) > 2 and word not in stop for word in tokens.vocabulary], dtype=bool)
    both: NDArray[np.bool_] = rare & telling
    return both


def _stems(tokens: Tokens, wanted: NDArray[np.bool_]) -> Ids:
    """Every different text and stem of the wanted words as one number, in order; a stem's part is made from its
    letters."""
    rows, words = tokens.pairs
    stems = np.asarray(
        [zlib.crc32(word[:_STEM].encode("utf-8", "replace")) for word in tokens.vocabulary], dtype=np.int64
    )
    keep = wanted[words] if len(words) else np.zeros(0, dtype=bool)
    return distinct((rows[keep] << _STEM_BITS) + stems[words[keep]])


def _languages(tokens: Tokens, texts: list[str]) -> list[str]:
    """The language of each text by its script or its stop words; "" where that cannot be told."""
    names = list(_STOP)
    hits = np.zeros((len(names), len(tokens)), dtype=np.int64)
    for place, name in enumerate(names):
        known = [tokens.numbers[w] for w in _STOP[name].split() if w in tokens.numbers]
        rows = tokens.row_of[np.isin(tokens.flat, known)]
        hits[place] = np.bincount(rows, minlength=len(tokens))
    best = hits.argmax(axis=0)
    ordered = np.sort(hits, axis=0)
    # Short or mixed texts are left undecided: a wrong language is worse than none.
    sure = (ordered[-1] >= 3) & (ordered[-1] >= 2 * ordered[-2]) & (ordered[-1] * 12 >= tokens.lengths)
    told = [names[place] if ok else "" for place, ok in zip(best.tolist(), sure.tolist(), strict=True)]
    return [_script(text) or name if _NOT_ASCII.search(text) else name for text, name in zip(texts, told, strict=True)]


def _script(text: str) -> str:
    """The script that most letters of a text are in, if it is not the Latin one."""
    for name, letters in _SCRIPTS.items():
        if len(letters.findall(text)) * 3 > len(text.replace(" ", "")):
            return name
    return ""
