"""What each step of a chain did, read from the texts alone.

Small models often do something else than asked: they answer the request once more instead of criticising,
find fault and change nothing, or write the next speaker's label (Bai et al. 2022, appendix A; the same is
reported of open 7B models). Reading this by rules is crude, so a person's labels overrule the computed ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cai_ui.records import Step, Trace
from cai_ui.revise.critiques import read_critique
from cai_ui.revise.few_shot import few_shot_of, leaked_example
from cai_ui.text import change_share

LABELS: dict[str, str] = {
    "finding": "the critique names a fault",
    "no finding": "the critique finds nothing wrong",
    "no critique": "the step judges nothing in the answer: it answers again, say, or goes on with the story",
    "followed": "the answer changed after a finding",
    "ignored": "a fault was found and the answer stayed as it was",
    "kept": "nothing was found and the answer stayed as it was",
    "changed anyway": "nothing was found and the answer changed all the same",
    "rewritten": "the answer changed without a critique",
    "unchanged": "the answer stayed as it was, without a critique",
    "role confusion": "the text speaks as another side (“Human:”, “Revision:”)",
    "language change": "the text is in another language than the answer before",
    "truncated": "the text was cut before its end",
    "broken": "the text goes round in circles",
    "few-shot copy": "the text repeats a few-shot example",
    "empty": "there is no text",
}
"""Every label and what it means, in the order to be shown. The first nine say what the step did, one of them each."""

SAME = 0.03
"""Share of changed words up to which an answer counts as unchanged."""

_ROLE = re.compile(
    r"^[^\S\n]*(?:\*\*)?(?:human|user|assistant(?: response)?(?: revision| critique)?|critique ?request|"
    r"revision ?request|critique|revision|revised response|system)(?:\*\*)?\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_FUNCTION_WORDS = {name: frozenset(words.split()) for name, words in {
    "English": "the and of to is that it with for not you this be are would from but her she he they",
    "German": "der die das und ist nicht ein eine mit für auf sie ich wird dass es denn den zu",
    "French": "le la les et est une pas des pour dans vous que qui sur avec",
    "Spanish": "el los las es una no del para con que por se más como pero",
    "Italian": "il che non una per con del della sono questo più come anche gli",
    "Portuguese": "os uma não para com que por mais como você são isso ao dos",
    "Dutch": "de het een niet van en dat met voor zijn op aan ook maar",
}.items()}  # fmt: skip
_SCRIPTS = (("Cyrillic", 0x400, 0x52F), ("Greek", 0x370, 0x3FF), ("Arabic", 0x600, 0x6FF), ("Hebrew", 0x590, 0x5FF),
            ("Devanagari", 0x900, 0x97F), ("Kana", 0x3040, 0x30FF), ("Han", 0x4E00, 0x9FFF),
            ("Hangul", 0xAC00, 0xD7AF), ("Thai", 0xE00, 0xE7F))  # fmt: skip


def labels_of(trace: Trace, index: int) -> tuple[str, ...]:
    """A person's labels of the step where there are any, the computed ones otherwise."""
    step = trace.steps[index]
    return step.labels if step.labels is not None else computed_labels(trace, index)


def computed_labels(trace: Trace, index: int) -> tuple[str, ...]:
    """What the step did, then what went wrong in its form. Drafts have only the latter."""
    step = trace.steps[index]
    if not step.text.strip():
        return ("empty",)
    if step.answer is not None and step.answer.finish == "repetition" and not step.edited:
        return ("broken",)
    before = _answer_before(trace, index)
    found: list[str] = []
    if step.kind == "critique":
        found.append(read_critique(step.text, before))
    elif step.kind == "revision":
        found.append(_of_revision(step, before, _critiques_before(trace, index)))
    if _ROLE.search(step.text):
        found.append("role confusion")
    if language(step.text) and (was := language(before or trace.prompt.text)) and was != language(step.text):
        found.append("language change")
    if step.answer is not None and step.answer.finish not in ("end", "repetition") and not step.edited:
        found.append("truncated")
    if leaked_example(step.text, few_shot_of(trace)) is not None:
        found.append("few-shot copy")
    return tuple(found)


def nothing_found(trace: Trace) -> bool:
    """Whether every critique since the last answer is labelled "no finding" (True where there is none)."""
    last = len(trace.steps)
    places = range(last - len(_critiques_before(trace, last)), last)
    return all("no finding" in labels_of(trace, place) for place in places)


def language(text: str) -> str:
    """The script of a text, or for Latin letters the language by its commonest words; "" where that is unclear."""
    letters = [c for c in text if c.isalpha()]
    if len(letters) < 12:
        return ""
    for name, low, high in () if text.isascii() else _SCRIPTS:
        if sum(low <= ord(c) <= high for c in letters) > 0.5 * len(letters):
            return name
    words = Counter(re.findall(r"\w+", text.lower()))
    counts = {name: sum(words[word] for word in common) for name, common in _FUNCTION_WORDS.items()}
    best, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=lambda name: counts[name]) if best >= 3 and best >= 2 * second else ""


def _of_revision(step: Step, answer: str, critiques: Sequence[Step]) -> str:
    same = change_share(answer, step.text) <= SAME
    if not critiques:
        return "unchanged" if same else "rewritten"
    if any(_names_fault(critique, answer) for critique in critiques):
        return "ignored" if same else "followed"
    return "kept" if same else "changed anyway"


def _names_fault(critique: Step, answer: str) -> bool:
    """As a person labelled it, or else as the rules read it."""
    labels = critique.labels if critique.labels is not None else (read_critique(critique.text, answer),)
    return "finding" in labels


def _answer_before(trace: Trace, index: int) -> str:
    return next((s.text for s in reversed(trace.steps[:index]) if s.kind != "critique"), "")


def _critiques_before(trace: Trace, index: int) -> list[Step]:
    found = []
    for step in reversed(trace.steps[:index]):
        if step.kind != "critique":
            break
        found.append(step)
    return found
