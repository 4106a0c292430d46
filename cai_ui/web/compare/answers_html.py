"""Answers of several models as HTML, side by side or blind. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from cai_ui.compare.variants import VariantText
from cai_ui.records import Message, Prompt
from cai_ui.web.compare import words
from cai_ui.web.kit.present import asked_words, counted, empty_state, esc, short
from cai_ui.web.kit.words import ENDS

NO_ANSWERS = empty_state(*words.NO_ANSWERS)
LINK_LIMIT = 1_900
"""Characters of a link; a longer one would not be read back."""


@dataclass(frozen=True)
class Sight:
    """Answers as a page shows them. With `blind` the first two are Left and Right until `voted` is set.

    `asked` is the request where it was drawn, from the set `set`; `order` is the seed that drew the sides. `earlier`
    are the exchanges that this one goes on from.
    """

    prompt: str
    variants: tuple[VariantText, ...]
    blind: bool = False
    voted: bool = False
    asked: Prompt | None = None
    order: int | None = None
    set: str = ""
    earlier: tuple[Sight, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether every model has said its last word."""
        return bool(self.variants) and all(variant.over for variant in self.variants)

    @property
    def can_vote(self) -> bool:
        """Whether there is something to choose: two answers, written or being written, of which none was stopped or
        failed."""
        ends = {variant.answer.finish for variant in self.variants if variant.answer is not None}
        failed = any(variant.error for variant in self.variants)
        return self.blind and not self.voted and len(self.variants) == 2 and not failed and "stopped" not in ends

    @property
    def identical(self) -> bool:
        """Whether both answers are there and the same, so that there is nothing to ask."""
        return self.can_vote and self.finished and len({variant.text for variant in self.variants}) == 1

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Title and name of each column, once."""
        return list(dict.fromkeys((variant.title, variant.variant) for variant in self.variants))

    def turns(self) -> dict[str, list[Message]]:
        """What each column that answered has seen and said so far, by name; of several answers, the first."""
        turns: dict[str, list[Message]] = {}
        for sight in (*self.earlier, self):
            before = sight.asked.before if sight.asked is not None else ()
            for variant in sight.variants:
                if variant.sample == 0 and variant.answer is not None:
                    said = [*before, Message("user", sight.prompt), Message("assistant", variant.text)]
                    turns.setdefault(variant.variant, []).extend(said)
        return {name: turns[name] for _, name in self.columns if name in turns and self._answered(name)}

    def _answered(self, name: str) -> bool:
        return any(variant.variant == name and variant.answer is not None for variant in self.variants)


def answers_html(sight: Sight) -> str:
    """All exchanges, each with its request and answers; under each answer, which weights gave it."""
    exchanges = "".join(_exchange(one) for one in (*sight.earlier, sight))
    return exchanges + (link_html(sight) if sight.finished and not (sight.blind and not sight.voted) else "")


def _exchange(sight: Sight) -> str:
    hidden = sight.blind and not sight.voted
    columns = [list(group) for _, group in groupby(sight.variants, key=lambda variant: variant.variant)]
    blocks = "".join(
        _column(answers, words.SIDES[place] if hidden else answers[0].title, hidden)
        for place, answers in enumerate(columns)
    )
    return (
        f'<p class="cai-question" dir="auto">{esc(sight.prompt)}</p>'
        f'<div class="cai-pair" aria-live="polite">{blocks}</div>'
    )


def link_html(sight: Sight) -> str:
    """A link that opens the same request with the same columns."""
    first = (*sight.earlier, sight)[0]
    asked = urlencode([("tab", "compare"), ("prompt", first.prompt), *(("variants", n) for _, n in sight.columns)])
    if len(asked) > LINK_LIMIT:
        return f'<p class="muted">{esc(words.LINK_TOO_LONG)}</p>'
    return f'<p class="muted"><a href="?{esc(asked)}" data-copy id="compare-link">{esc(words.LINK)}</a></p>'


def weights_words(variant: VariantText) -> str:
    """Which weights answered, as the engine reported it with the answer; how long it is, and how fast it came."""
    if variant.answer is None:
        return words.WRITING
    came_from = variant.answer.provenance
    base = f"base weights {short(came_from.base_hash)}"
    said = [base if came_from.adapter_hash is None else f"adapter {short(came_from.adapter_hash)} on {base}"]
    said += [*asked_words(came_from), f"{variant.answer.tokens} tokens", f"seed {came_from.seed}"]
    if variant.tokens_per_second is not None:
        said.append(f"{variant.tokens_per_second:.0f} tokens/s")
    if variant.answer.finish in ENDS:
        said.append(ENDS[variant.answer.finish])
    return "Answered by " + ", ".join(said)


def _column(answers: list[VariantText], title: str, hidden: bool) -> str:
    """One column: its first answer, and the others folded."""
    first, *others = answers
    folded = ""
    if others and not hidden:
        inside = "".join(_text(other, hidden) for other in others)
        label = counted(len(others), "more answer")
        folded = f"<details><summary>{esc(label)}</summary>{inside}</details>"
    live = " cai-step-live" if not first.over else ""
    label = f'<div class="cai-block-label">{esc(title)}</div>'
    return f'<div class="cai-block{live}">{label}{_text(first, hidden)}{folded}</div>'


def _text(variant: VariantText, hidden: bool) -> str:
    if variant.error:
        said = words.COLUMN_FAILED if hidden else variant.error
        kept = f'<div class="cai-block-text" dir="auto">{esc(variant.text)}</div>' if variant.text else ""
        return f'{kept}<div class="cai-notice cai-notice-warn" role="status">{esc(said)}</div>'
    weights = f'<div class="cai-weights" data-variant="{esc(variant.variant)}">{esc(weights_words(variant))}</div>'
    return f'<div class="cai-block-text cai-step-text" dir="auto">{esc(variant.text)}</div>{"" if hidden else weights}'


def spoken(variants: Iterable[VariantText]) -> list[VariantText]:
    """The first answer of each column that has one."""
    return [variant for variant in variants if variant.sample == 0 and variant.answer is not None]
