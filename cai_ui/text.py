"""What text from outside may be, and word diffs between two texts.

`clean_text` stands at every entry: one lone surrogate would cut a visitor's stream, one NUL would
shorten a text in SQLite. Bidirectional and zero-width marks are kept as typed.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from cai_ui.errors import InputError

PROMPT_LIMIT = 8_000
PRINCIPLE_LIMIT = 2_000
NAME_LIMIT = 120
ANSWER_LIMIT = 50_000

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0e-\x1f\x7f]")  # a form feed ends a page in texts from PDFs
_NOT_ON_A_LINE = re.compile(r"(?:(?<!\s)\s+)?[\t\n\f\x80-\x9f\u2028\u2029]\s*")
_WORDS, _SENTENCES = re.compile(r"\s+|\w+|[^\w\s]"), re.compile(r"[^.!?\n]*[.!?\n]+\s*|[^.!?\n]+")
DIFF_WORK = 3_000_000
"""Pairs of equal parts up to which two texts are compared word by word: about a second."""
DiffKind = Literal["same", "removed", "added"]


def clean_text(text: object, what: str, *, limit: int, required: bool = True) -> str:
    """The text, with line ends as \\n, if it is admissible; InputError names `what` and the reason.

    `limit` counts characters. Refused: other types, NUL and control characters, lone surrogates,
    over-long text and, where `required`, nothing but white space.
    """
    if not isinstance(text, str):
        raise InputError(f"{what} is not text.", next_step="Type some text.")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > limit:
        raise InputError(f"{what} has {len(text):,} characters; at most {limit:,} fit.", next_step="Shorten it.")
    if "\x00" in text or _CONTROL.search(text):
        raise InputError(f"{what} holds a control character (such as NUL).", next_step="Remove it and try again.")
    whole_characters(text, what)
    if required and not text.strip():
        raise InputError(f"{what} is empty.", next_step="Type some text.")
    return text


def clean_name(text: object, what: str, *, required: bool = True) -> str:
    """A name: text on one line, since it stands in lists, tables and names of files. Where a line or page ends, and
    for other signs that only move a terminal's cursor, there is a space. InputError as for `clean_text`."""
    line = _NOT_ON_A_LINE.sub(" ", clean_text(text, what, limit=NAME_LIMIT, required=False)).strip()
    return clean_text(line, what, limit=NAME_LIMIT, required=required)


def whole_characters(text: str, what: str = "The text") -> str:
    """The text; InputError where it holds a lone surrogate, which nothing can send or read."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{what} holds half of a character (a lone surrogate).", next_step="Type it again.") from None
    return text


def named(key: object) -> str:
    """A name or id from outside, as a sentence shows it: short and in quotes, whatever it is."""
    return "(nothing is chosen)" if key is None or key == "" else repr(str(key)[:80])


def there_are(names: Iterable[str], most: int = 8) -> str:
    """What could be named in place of something that is not there: the first names, as the next step of an error. On
    the command line no list stands on the screen. "" where there are none."""
    known = [name[:80] for name in names]
    more = f", and {len(known) - most:,} more" if len(known) > most else ""
    return f"There are: {', '.join(known[:most])}{more}." if known else ""


def word_diff(before: str, after: str) -> list[tuple[DiffKind, str]]:
    """Pieces that turn `before` into `after`, in order, compared by words and white space; by sentences where words
    would take long to compare, as in texts of thousands of words or of one word many times.

    Joining the pieces that are not "added" gives `before`; joining those not "removed" gives `after`.
    """
    for parts in (_WORDS, _SENTENCES):
        old, new = parts.findall(before), parts.findall(after)
        if _work(old, new) <= DIFF_WORK:
            return _diff(old, new)
    return [(kind, text) for kind, text in (("removed", before), ("added", after)) if text]  # type: ignore[misc]


def _work(old: list[str], new: list[str]) -> int:
    """How many pairs of equal parts a comparison has to look at."""
    there = Counter(new)
    return sum(number * there[part] for part, number in Counter(old).items())


def _diff(old: list[str], new: list[str]) -> list[tuple[DiffKind, str]]:
    pieces: list[tuple[DiffKind, str]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(old[i1:i2])))
            continue
        if i2 > i1:
            pieces.append(("removed", "".join(old[i1:i2])))
        if j2 > j1:
            pieces.append(("added", "".join(new[j1:j2])))
    return pieces


def change_share(before: str, after: str) -> float:
    """How much of the words changed: 0 = the same, 1 = nothing in common. Long texts as by `rough_change`."""
    old, new = before.split(), after.split()
    if not old and not new:
        return 0.0
    if _work(old, new) > DIFF_WORK:
        return rough_change(before, after)
    return 1.0 - difflib.SequenceMatcher(None, old, new, autojunk=False).ratio()


def rough_change(before: str, after: str) -> float:
    """As `change_share` without regard to the order of words: never more, and far quicker."""
    old, new = Counter(before.split()), Counter(after.split())
    total = old.total() + new.total()
    return 1.0 - 2.0 * (old & new).total() / total if total else 0.0
