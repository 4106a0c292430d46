"""How answers, and critiques of them, are read in an experiment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.engine.interface import Engine
from cai_ui.pipeline.readers import reader_for
from cai_ui.readers import PhraseReader
from cai_ui.readers import refused as refused_outcome
from cai_ui.records import Prompt

Reader = Callable[[Prompt, str], bool | None]


@dataclass(frozen=True)
class Readers:
    """How texts are read. None: could not be read. `names_fault` takes prompt, draft and critique."""

    name: str
    declines: Reader
    explains: Reader
    helps: Reader
    names_fault: Callable[[Prompt, str, str], bool | None]
    explains_none: bool = False
    """Reasons and alternatives are not to be read."""


def readers_for(engine: Engine, prompts: Sequence[Prompt]) -> Readers:
    """The rules of the embedded model's world where they read its answers to these requests; refusal phrases and
    labels otherwise."""
    phrases = reader_for(engine, prompts)
    if isinstance(phrases, PhraseReader):
        refused: Reader = lambda prompt, text: refused_outcome(phrases.read(prompt, text).outcome)  # noqa: E731
        return Readers(
            f"{phrases.name}, version {phrases.version}",
            refused,
            lambda prompt, text: None,
            lambda prompt, text: None if (said := refused(prompt, text)) is None else not said,
            lambda prompt, draft, critique: (
                None if not critique.strip() else revise.read_critique(critique, draft) == "finding"
            ),
            explains_none=True,
        )
    from cai_ui.demo.scoring import score_answer, score_critique

    def explains(prompt: Prompt, text: str) -> bool | None:
        score = score_answer(prompt, text)
        return (
            None if score.refused is None else bool(score.refused and score.gives_reason and score.offers_alternative)
        )

    return Readers(
        "rules of the embedded model",
        lambda prompt, text: score_answer(prompt, text).refused,
        explains,
        lambda prompt, text: score_answer(prompt, text).helped,
        lambda prompt, draft, critique: score_critique(prompt, draft, critique).names_fault,
    )
