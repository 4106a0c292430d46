"""Preference pairs of a model's own answers (Bai et al. 2022, section 4.1): drawn several times, judged two by two.

It is Curate's, since what comes of it are examples with labels: a pair becomes an example like any other, with the less
preferred answer as its initial one and the preferred one as its revision. What gives no pair is counted by reason:
answers that are broken or say the same again, and judgements that are ties or cannot be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import OnPolicySettings
from cai_ui.constitution import preferences
from cai_ui.curate.preferences import SoftLabel, label_pairs
from cai_ui.curate.split import draw
from cai_ui.engine.interface import Engine, Request, StopFlag
from cai_ui.errors import CaiError, EndpointError, InputError, PromptTooLongError
from cai_ui.judges.pairs import TIE
from cai_ui.judges.reading import OF_ITSELF
from cai_ui.readers.broken import what_is_broken
from cai_ui.records import (
    BASE,
    Answer,
    ConstitutionVersion,
    Example,
    Message,
    Prompt,
    Provenance,
    content_hash,
    make_example,
)
from cai_ui.text import ANSWER_LIMIT, clean_text

IDENTICAL = "The same answer again."
UNKEPT = "It has characters that cannot be kept."
TOO_LONG = "The conversation is too long for the model."
ENDS = {
    "length": "Cut at the limit of tokens.",
    "repetition": "It went round in circles.",
    "stopped": "Stopped before its end.",
    "timeout": "Stopped by its time limit.",
    "broken": "The server broke off in the middle.",
}
"""Why an answer with this finish is in no pair."""
ALONE = "Fewer than two different answers to the request."
TIED = "A tie."

Asked = tuple[Prompt, tuple[Message, ...]]


@dataclass(frozen=True)
class Pair:
    """`label` is the judge's preference for the example's revision, above a half; `better` and `worse` say how that
    answer and the initial one came about."""

    example: Example
    label: SoftLabel
    better: Provenance
    worse: Provenance


@dataclass(frozen=True)
class Made:
    """What came of some requests: their pairs, the answers that are in none, and what gave none, by reason."""

    pairs: tuple[Pair, ...]
    answers: dict[str, int]
    no_pair: dict[str, int]


def make_pairs(
    engine: Engine,
    asked: Sequence[Asked],
    variant: str,
    constitution: ConstitutionVersion,
    settings: OnPolicySettings,
    *,
    source: str = "",
    checked: Callable[[Answer], Answer] = lambda answer: answer,
    stop: StopFlag | None = None,
) -> Made | None:
    """Answers of the variant to these requests, judged under the constitution's preference principles; the pairs are
    examples of this source, in the order of the requests. None after a stop.

    `checked` is asked whether an answer came from the weights it should have come from. Raises what every other request
    would meet too, and what makes the judge unusable for all of them.
    """
    found = engine.attempt(answer_requests(engine, asked, variant, settings), stop)
    if stop is not None and stop.is_set():
        return None
    left, no_pair = Counter[str](), Counter[str]()
    candidates: list[Pair] = []
    for place, one in enumerate(asked):
        said = found[place * settings.answers : (place + 1) * settings.answers]
        answers, others = _usable([checked(answer) if isinstance(answer, Answer) else answer for answer in said])
        left += others
        no_pair[ALONE] += len(answers) < 2
        candidates += [_candidate(one, *two, constitution.hash, source) for two in _drawn(answers, settings)]
    pairs, undecided = _judged(engine, candidates, constitution, settings, stop)
    if stop is not None and stop.is_set():
        return None
    return Made(tuple(pairs), dict(left), dict(+no_pair + undecided))


def answer_requests(engine: Engine, asked: Sequence[Asked], variant: str, settings: OnPolicySettings) -> list[Request]:
    """`settings.answers` requests for each prompt, prompt by prompt, drawn as the model is usually, but for the
    settings. A row's seed depends on the conversation and the number of the answer alone."""
    told = {"temperature": settings.temperature, "max_new_tokens": settings.max_new_tokens}
    usual = engine.default_sampling.model_copy(update=told)
    return [
        Request(conversation, usual.model_copy(update={"seed": _seed(settings.seed, conversation, number)}), variant)
        for _, conversation in asked
        for number in range(settings.answers)
    ]


def _seed(seed: int, conversation: Sequence[Message], number: int) -> int:
    told = [[turn.role, turn.content] for turn in conversation]
    return int(content_hash(["on-policy", seed, told, number])[:8], 16) % 2**31


def _usable(found: Iterable[Answer | CaiError]) -> tuple[list[Answer], Counter[str]]:
    """The different whole answers to a request, and the others by reason."""
    kept: dict[str, Answer] = {}
    others: Counter[str] = Counter()
    for answer in found:
        reason = _broken(answer)
        if reason or isinstance(answer, CaiError):
            others[reason] += 1
        elif answer.text.strip() in kept:
            others[IDENTICAL] += 1
        else:
            kept[answer.text.strip()] = answer
    return list(kept.values()), others


def _broken(answer: Answer | CaiError) -> str:
    """Why it is in no pair. Raises errors that every other request would meet too."""
    if isinstance(answer, PromptTooLongError):
        return TOO_LONG
    if isinstance(answer, EndpointError) and answer.cause in OF_ITSELF:
        return answer.what
    if isinstance(answer, CaiError):
        raise answer
    try:
        clean_text(answer.text, "The answer", limit=ANSWER_LIMIT, required=False)
    except InputError:
        return UNKEPT
    return ENDS.get(answer.finish, "") or what_is_broken(answer.text)


def _judged(
    engine: Engine,
    candidates: Sequence[Pair],
    constitution: ConstitutionVersion,
    settings: OnPolicySettings,
    stop: StopFlag | None,
) -> tuple[list[Pair], Counter[str]]:
    """Those that the judge decides, in their order, and why it does not decide others."""
    pairs: dict[int, Pair] = {}
    undecided: Counter[str] = Counter()
    for place, label in label_pairs(
        engine, [pair.example for pair in candidates], preferences(constitution.constitution),
        Sampling(seed=settings.seed), number=settings.principles, adapter=settings.judge or BASE, stop=stop,
    ):  # fmt: skip
        if reason := _undecided(label):
            undecided[reason] += 1
        else:
            pairs[place] = _decided(replace(candidates[place], label=label))
    return [pairs[place] for place in sorted(pairs)], undecided


def _undecided(label: SoftLabel) -> str:
    if label.preference is None:
        why = "the question is too long for the judge" if "token" in label.why else label.why.rstrip(".")
        return f"No judgement: {why}."
    return TIED if abs(label.preference - 0.5) < TIE else ""


def _drawn(answers: Sequence[Answer], settings: OnPolicySettings) -> Iterator[tuple[Answer, Answer]]:
    """As many pairs of answers as are wanted, drawn by the seed from all there could be."""
    every = sorted(combinations(answers, 2), key=lambda two: draw(settings.seed, [two[0].text, two[1].text]))
    yield from every[: settings.pairs]


def _candidate(asked: Asked, one: Answer, other: Answer, constitution_hash: str, source: str) -> Pair:
    prompt, conversation = asked
    example = make_example(
        conversation, other.text, one.text, prompt=prompt, source=source, constitution_hash=constitution_hash
    )
    return Pair(example, SoftLabel(None, None, ()), one.provenance, other.provenance)


def _decided(pair: Pair) -> Pair:
    """The preferred answer as the revision, whichever stood there when the judge was asked."""
    label, example = pair.label, pair.example
    assert label.preference is not None and example.initial is not None
    better, worse, told = example.revision, example.initial, (pair.better, pair.worse)
    if label.preference < 0.5:
        better, worse, told, label = worse, better, (pair.worse, pair.better), label.swap()
    made = make_example(
        example.conversation, worse, better, prompt=example.prompt, source=example.source,
        principle_ids=tuple(vote.principle_id for vote in label.votes), constitution_hash=example.constitution_hash,
    )  # fmt: skip
    return Pair(made, label, *told)
