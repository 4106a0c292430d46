"""Kind and topic of a request, from the columns under which published sets keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cai_ui.records import PromptKind
from cai_ui.text import NAME_LIMIT, clean_text

WORDS: Mapping[PromptKind, frozenset[str]] = {
    "harmful": frozenset({"harmful", "unsafe", "toxic", "malicious", "red team", "vanilla harmful",
                          "adversarial harmful"}),
    "helpful": frozenset({"helpful", "harmless", "unharmful", "benign", "normal", "vanilla benign"}),
    "twin": frozenset({"twin", "safe", "look alike", "lookalike", "benign look alike", "over refusal", "borderline",
                       "adversarial benign"}),
    "unknown": frozenset({"", "unknown", "none"}),
}  # fmt: skip
"""What a kind is called in files, in any case. A file that tells safe from unsafe has its safe ones to look alike."""
CONTRAST = "contrast "
"""Begins, however written, the type of a harmful request that stands beside harmless ones of the same type (XSTest)."""
_KIND = ("kind", "prompt_harm_label", "prompt_label", "data_type", "label", "category")
_FLAGS: Mapping[str, tuple[PromptKind, PromptKind]] = {
    **dict.fromkeys(
        ("harmful", "is_harmful", "malicious", "is_malicious", "toxic", "is_toxic"), ("helpful", "harmful")
    ),
    **dict.fromkeys(("unsafe", "is_unsafe"), ("twin", "harmful")),
    **dict.fromkeys(("safe", "is_safe"), ("harmful", "twin")),
}
"""Columns of yes and no, and the kind that no and yes mean."""
_YES_NO = {"true": 1, "yes": 1, "1": 1, "false": 0, "no": 0, "0": 0}
_OF_ANSWER = ("label",)
"""Beside an answer it is the answer that such a column judges."""
_TOPIC = ("topic", "category", "type", "focus", "subcategory", "semanticcategory", "risk_area")

Row = Mapping[str, Any]


def kind_of(row: Row, contrasts: bool = False, answered: bool = False) -> tuple[PromptKind, str]:
    """The kind that a row says, and the word for it where it is not known.

    The first of its columns that knows one decides. `contrasts`: the file has types that begin with `contrast_`, so
    that its other types are benign look-alikes. `answered`: the row holds an answer, which its label judges.
    """
    unknown = ""
    for column in (name for name in _KIND if not (answered and name in _OF_ANSWER)):
        word = _word(row.get(column))
        kind = next((kind for kind, words in WORDS.items() if word in words), None)
        if kind is not None and kind != "unknown":
            return kind, ""
        if kind is None and column != "category":
            unknown = unknown or _text(row[column]).strip()
    flags = (_FLAGS[name][_YES_NO[word]] for name in _FLAGS if (word := _word(row.get(name))) in _YES_NO)
    if not answered and (flag := next(flags, None)):
        return flag, ""
    if has_contrast(row):
        return "harmful", ""
    if contrasts and _word(row.get("type")):
        return "twin", ""
    return "unknown", unknown[:40]


def kind_named(cell: Any) -> tuple[PromptKind, str]:
    """The kind that a word names, in any case, and the word itself where it names none."""
    word = _word(cell)
    kind = next((kind for kind, words in WORDS.items() if word in words), None)
    return ("unknown", _text(cell).strip()[:40]) if kind is None else (kind, "")


def has_contrast(row: Row) -> bool:
    """Whether its type says that it stands against harmless requests."""
    return _word(row.get("type")).startswith(CONTRAST)


def topic_of(row: Row) -> str:
    """The topic, or "". InputError where it cannot be kept."""
    said = next((row[c] for c in _TOPIC if isinstance(row.get(c), str) and row[c].strip() and not _is_kind(row[c])), "")
    text = clean_text(said, "The topic", limit=NAME_LIMIT, required=False).strip()
    return text[len(CONTRAST) :].lstrip() if _word(text).startswith(CONTRAST) else text


def _is_kind(cell: str) -> bool:
    return any(_word(cell) in words for words in WORDS.values())


def _word(cell: Any) -> str:
    """Folded, so that `Look-Alike` and `look_alike` are one word."""
    return " ".join(_text(cell).lower().replace("-", " ").replace("_", " ").split())


def _text(cell: Any) -> str:
    """A cell, or those of a list, as people read it."""
    return ", ".join(map(str, cell)) if isinstance(cell, list | tuple) else str("" if cell is None else cell)
