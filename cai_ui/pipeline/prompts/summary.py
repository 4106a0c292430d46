"""What was read of a file of prompts, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from cai_ui.pipeline.prompts.files import PromptFile
from cai_ui.records import PromptKind

KINDS: Mapping[PromptKind, str] = {
    "harmful": "harmful", "helpful": "helpful", "twin": "benign look-alikes", "unknown": "of unknown kind",
}  # fmt: skip
_SHOWN = 3


def sentence(name: str, read: PromptFile) -> str:
    """How many requests of which kinds and topics, and what was left out, with the first line of each reason."""
    kinds = Counter(prompt.kind for prompt in read.prompts)
    topics = len({prompt.topic for prompt in read.prompts} - {""})
    talks = sum(len(prompt.turns) > 1 for prompt in read.prompts)
    parts = [f"{kinds[kind]:,} {word}{_unknown_words(read) if kind == 'unknown' else ''}"
             for kind, word in KINDS.items() if kinds[kind]]  # fmt: skip
    more = [f"{topics:,} topics"] * (topics > 1) + [f"{talks:,} with earlier turns"] * bool(talks)
    more += [_unknown_words(read).strip(" ()")] * bool(read.words and not kinds["unknown"])
    more += [f"{read.repeated:,} repeated and kept once"] * bool(read.repeated)
    said = f"“{name}” has {_requests(len(read.prompts))}: {', '.join(parts)}"
    return "; ".join([said, *more, *_left_out(read)]) + "." + _there_already(name, read.known)


def _there_already(name: str, known: str) -> str:
    if not known:
        return ""
    title = "and keep that title" if known == name else f"and are called “{name}” now"
    return f" The same requests were there already as “{known}”, {title}."


def _left_out(read: PromptFile) -> list[str]:
    found = sorted(read.left_out.items(), key=lambda entry: -len(entry[1]))
    if not found:
        return []
    more = [f" and {len(lines) - 1:,} more" if lines[1:] else "" for _, lines in found]
    why = [f"line {lines[0]:,}{rest}: {reason}" for (reason, lines), rest in zip(found, more, strict=True)]
    rest = [f"{len(why) - _SHOWN} more reasons"] if len(why) > _SHOWN else []
    return [f"{sum(len(lines) for _, lines in found):,} left out ({'; '.join([*why[:_SHOWN], *rest])})"]


def _unknown_words(read: PromptFile) -> str:
    """The words that were no kind, the commonest first."""
    common = Counter(dict(read.words)).most_common()
    words = [f"“{word}” {'once' if count == 1 else f'{count:,} times'}" for word, count in common[:_SHOWN]]
    return f" (not known as a kind: {', '.join(words)}{', …' if common[_SHOWN:] else ''})" if words else ""


def _requests(number: int) -> str:
    return f"{number:,} request{'' if number == 1 else 's'}"
