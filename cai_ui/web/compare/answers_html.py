"""Answers of several models as HTML, side by side or blind. Pure, all text escaped."""

from __future__ import annotations

from dataclasses import dataclass

from cai_ui.compare.variants import VariantText
from cai_ui.web.compare import words
from cai_ui.web.kit.present import asked_words, empty_state, esc, short
from cai_ui.web.kit.words import ENDS

NO_ANSWERS = empty_state(*words.NO_ANSWERS)


@dataclass(frozen=True)
class Sight:
    """Answers as a page shows them. With `blind` the first two are Left and Right until `voted` is set."""

    prompt: str
    variants: tuple[VariantText, ...]
    blind: bool = False
    voted: bool = False

    @property
    def finished(self) -> bool:
        """Whether every model has said its last word."""
        return bool(self.variants) and all(variant.answer is not None for variant in self.variants)

    @property
    def can_vote(self) -> bool:
        """Whether there is something to choose: two answers that came to their own end."""
        ends = {variant.answer.finish for variant in self.variants if variant.answer is not None}
        return self.blind and not self.voted and self.finished and "stopped" not in ends


def answers_html(sight: Sight) -> str:
    """The request and all answers; under each, which weights gave it."""
    hidden = sight.blind and not sight.voted
    blocks = "".join(
        _answer(variant, words.SIDES[i] if hidden else variant.title, hidden)
        for i, variant in enumerate(sight.variants)
    )
    return (
        f'<p class="cai-question" dir="auto">{esc(sight.prompt)}</p>'
        f'<div class="cai-pair" aria-live="polite">{blocks}</div>'
    )


def weights_words(variant: VariantText) -> str:
    """Which weights answered, as the engine reported it with the answer."""
    if variant.answer is None:
        return words.WRITING
    came_from = variant.answer.provenance
    base = f"base weights {short(came_from.base_hash)}"
    said = [base if came_from.adapter_hash is None else f"adapter {short(came_from.adapter_hash)} on {base}"]
    said += [*asked_words(came_from), f"{variant.answer.tokens} tokens"]
    if variant.answer.finish in ENDS:
        said.append(ENDS[variant.answer.finish])
    return "Answered by " + ", ".join(said)


def _answer(variant: VariantText, title: str, hidden: bool) -> str:
    weights = (
        ""
        if hidden
        else f'<div class="cai-weights" data-variant="{esc(variant.variant)}">{esc(weights_words(variant))}</div>'
    )
    live = " cai-step-live" if variant.answer is None else ""
    return (
        f'<div class="cai-block{live}"><div class="cai-block-label">{esc(title)}</div>'
        f'<div class="cai-block-text cai-step-text" dir="auto">{esc(variant.text)}</div>{weights}</div>'
    )
