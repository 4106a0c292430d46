"""Principles from labels: which rule would have predicted what people preferred? (Findeis et al. 2024, Inverse
Constitutional AI)

From half of the labels a model proposes rules; like ones are put together; each is then asked about the other half, in
both orders, as a judge under it. A rule that predicts no better than a coin is said to be none.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cai_ui.config.answers import Sampling
from cai_ui.config.experiments import ClustersSettings, FromLabelsSettings
from cai_ui.constitution import preferences
from cai_ui.engine.interface import Request, ScoreRequest
from cai_ui.errors import InputError
from cai_ui.experiments.bench import Bench
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.embedding import embed
from cai_ui.experiments.results import Line, Part, Plot, Point, Result, Row, Steps
from cai_ui.experiments.rows import chance_words
from cai_ui.pipeline.curate.labels import preference_version
from cai_ui.pipeline.services import Services
from cai_ui.prompts import preference_question
from cai_ui.records import BASE, Answer, Message, Rate
from cai_ui.statistics import rate_of, sign_test
from cai_ui.statistics.repeated import holm

A, B = "(A)", "(B)"
AUTOMATIC = frozenset({"guided run", "seed study", "experiment"})
"""Who signs decisions that no person made."""
_ALIKE = 0.6
"""Cosine similarity from which two proposals are one."""
_LONGEST = 300
_VOTES = 100_000
_FEWEST = 8
_NUMBERED = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


@dataclass(frozen=True)
class Labelled:
    """Two answers to a conversation, of which a person preferred the first."""

    id: str
    conversation: tuple[Message, ...]
    better: str
    worse: str


def labelled(services: Services, rater: str) -> list[Labelled]:
    """What people preferred: revisions that were accepted or edited, and initial answers that were found better, from
    decisions; and the better answers of votes. A rejection prefers neither answer and is not among them."""
    found = []
    for example, decision in services.store.decided():
        if decision.rater in AUTOMATIC or (rater and decision.rater != rater) or example.initial is None:
            continue
        revision = decision.text if decision.verdict == "edit" and decision.text else example.revision
        if decision.verdict in ("accept", "edit"):
            found.append(Labelled(example.id, example.conversation, revision, example.initial))
            if decision.verdict == "edit" and decision.text and decision.text != example.revision:
                found.append(Labelled(f"{example.id}-edit", example.conversation, decision.text, example.revision))
        elif decision.verdict == "flip":
            found.append(Labelled(example.id, example.conversation, example.initial, example.revision))
    for vote in services.store.votes(_VOTES):
        if vote.choice in ("left", "right") and rater in ("", vote.rater):
            pair = vote.left_answer.text, vote.right_answer.text
            better, worse = pair if vote.choice == "left" else pair[::-1]
            found.append(Labelled(vote.event_id, (Message("user", vote.prompt),), better, worse))
    return [one for one in found if one.better.strip() != one.worse.strip()]


def halves(services: Services, settings: FromLabelsSettings) -> tuple[list[Labelled], list[Labelled]]:
    """Labels to propose from, and labels to try on, parted by conversation. InputError for too few."""
    by_talk: dict[str, list[Labelled]] = defaultdict(list)
    for one in labelled(services, settings.rater):
        by_talk[str(one.conversation)].append(one)
    talks = sorted(by_talk)
    random.Random(f"labels/{settings.seed}").shuffle(talks)
    parts = [[one for talk in talks[side::2] for one in by_talk[talk]][: settings.most] for side in (0, 1)]
    if min(map(len, parts)) < _FEWEST // 2:
        whose = f"by {settings.rater} " if settings.rater else ""
        raise InputError(
            f"There are too few labels {whose}to propose rules from some and try them on others.",
            next_step=f"Accept, edit or flip at least {_FEWEST} examples in Curate, or vote in Compare.",
        )
    return parts[0], parts[1]


def parts(services: Services, settings: FromLabelsSettings) -> list[Part]:
    first, second = halves(services, settings)
    shipped = len(preferences(preference_version(services).constitution)) if settings.shipped else 0
    return [
        Part("rules proposed", len(first)),
        Part("rules tried on held-out labels", 2 * len(second) * (settings.candidates + shipped)),
    ]


def measure(bench: Bench, settings: FromLabelsSettings) -> Steps[None]:
    first, second = halves(bench.services, settings)
    bench.part = "proposing"
    proposed = yield from _proposals(bench, settings, first)
    candidates = grouped(proposed)[: settings.candidates]
    known = {text for text, _ in candidates}
    if settings.shipped:
        version = preference_version(bench.services)
        candidates += [
            (p.critique_request, 0) for p in preferences(version.constitution) if p.critique_request not in known
        ]
    for number, (text, support) in enumerate(candidates):
        bench.part = f"trying rule {number + 1} of {len(candidates)}"
        asked = {}
        for one in second:
            orders = ((one.better, one.worse), (one.worse, one.better))
            for order, (left, right) in enumerate(orders):
                question = preference_question(one.conversation, text, left, right)
                asked[f"{text}/{one.id}/{order}"] = ScoreRequest(
                    (Message("user", question),), (A, B), settings.judge or BASE
                )
        shares = yield from bench.choose(asked)
        for one in second:
            ours, theirs = (shares[f"{text}/{one.id}/{order}"] for order in (0, 1))
            preference = None if ours is None or theirs is None else (ours[0] + theirs[1]) / 2
            bench.rows.append({
                "condition": text, "support": support, "pair": one.id, "request": one.conversation[-1].content,
                "better": one.better, "worse": one.worse, "preference": preference,
                "agrees": None if preference is None or preference == 0.5 else preference > 0.5,
            })  # fmt: skip


def _proposals(bench: Bench, settings: FromLabelsSettings, pairs: Sequence[Labelled]) -> Steps[list[str]]:
    sampling = Sampling(temperature=settings.temperature, max_new_tokens=settings.answer_tokens, seed=settings.seed)
    asked = {
        f"proposal/{one.id}": Request((Message("user", proposal_question(one)),), sampling, settings.proposer or BASE)
        for one in pairs
    }
    answers = yield from bench.ask(asked)
    found = [proposal(answer.text) for answer in answers.values() if isinstance(answer, Answer)]
    bench.missing["proposals that are no rule"] = len(pairs) - sum(map(bool, found))
    bench.missing = +bench.missing
    return [text for text in found if text]


def proposal_question(one: Labelled) -> str:
    """What the model is asked about a pair."""
    return (
        preference_question(one.conversation, "Which of these two responses is better?", one.better, one.worse).replace(
            "\nAnswer with (A) or (B).", ""
        )
        + "\nA person preferred (A). Write one short general rule, as a question that begins with “Which of these two "
        "responses”, by which (A) is the better one. Do not mention this conversation."
    )


def proposal(answer: str) -> str:
    """The first line of an answer that can be a rule; "" where none can."""
    for line in answer.splitlines():
        text = " ".join(_NUMBERED.sub("", line).split()).strip('"“”')
        if len(text.split()) >= 3 and len(text) <= _LONGEST:
            return text
    return ""


def grouped(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Like proposals as one, the one nearest to the others, with their number; those proposed most come first."""
    if not texts:
        return []
    points = embed(texts, ClustersSettings())
    near = points @ points.T
    left, found = set(range(len(texts))), []
    while left:
        rows = sorted(left)
        middle = max(rows, key=lambda row: int((near[row, rows] >= _ALIKE).sum()))
        own = [row for row in rows if near[middle, row] >= _ALIKE or row == middle]
        best = max(own, key=lambda row: float(np.sum(near[row, own])))
        found.append((texts[best], len(own)))
        left -= set(own)
    return sorted(found, key=lambda one: -one[1])


def find(rows: Sequence[Row], settings: FromLabelsSettings) -> Result:
    by_rule: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_rule[row["condition"]].append(row)
    rates = {text: rate_of([row["agrees"] for row in own]) for text, own in by_rule.items()}
    chances = [sign_test(rate.successes, rate.total - rate.successes) for rate in rates.values()]
    sure = dict(zip(rates, holm(chances), strict=True))
    order = sorted(rates, key=lambda text: -(rates[text].value or 0.0))
    good = [text for text in order if _predicts(rates[text], sure[text])]
    support = {text: own[0]["support"] for text, own in by_rule.items()}
    return Result(
        finding=_finding(order, good, rates, sure),
        more=(
            "A rule agrees where the judge under it, asked in both orders, finds the answer better that the person "
            "preferred; chances are those of a coin, adjusted for the number of rules (Holm).",
            f"Rules proposed: {sum(n > 0 for n in support.values())}; the others are shipped, for comparison.",
        ),
        against="",
        heads=("rule", "proposed from", "agrees with held-out labels", "adjusted"),
        table=tuple(
            (text, f"{n} labels" if (n := support[text]) else "shipped", _rate(rates[text]), chance_words(sure[text]))
            for text in order
        ),
        plots=(_plot(order, rates),) if order else (),
        numbers={
            "candidates": [
                {"text": text, "support": support[text], "share": rates[text].value, "low": rates[text].low,
                 "high": rates[text].high, "pairs": rates[text].total, "unread": rates[text].unread,
                 "adjusted": sure[text], "predicts": text in good}
                for text in order
            ]
        },
    )  # fmt: skip


def _predicts(rate: Rate, p: float | None) -> bool:
    return rate.value is not None and rate.value > 0.5 and p is not None and p < 0.05


def _finding(order: Sequence[str], good: Sequence[str], rates: dict[str, Rate], sure: dict[str, float | None]) -> str:
    if not order:
        return "No rule could be tried yet."
    best = order[0]
    said = f"“{best}” agrees with {_rate(rates[best])} (adjusted {chance_words(sure[best])})"
    if not good:
        none = "predicts the held-out labels better than a coin"
        return f"None of {len(order)} rules {none} (not significant); the best, {said}."
    return f"Of {len(order)} rules {len(good)} predict the held-out labels better than a coin; the best, {said}."


def _rate(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return f"not to be told ({rate.unread} undecided)"
    undecided = f", {rate.unread} undecided" if rate.unread else ""
    return f"{100 * rate.value:.0f} % ({100 * rate.low:.0f} to {100 * rate.high:.0f}) of {rate.total}{undecided}"


def _plot(order: Sequence[str], rates: dict[str, Rate]) -> Plot:
    lines = tuple(
        Line(text, (Point(place, rates[text].value, rates[text].low, rates[text].high),))
        for place, text in enumerate(order)
    )
    return Plot("Agrees with held-out labels", "rule", lines, tuple(str(place + 1) for place in range(len(order))))


FROM_LABELS: Experiment[Any] = Experiment(
    "from-labels",
    "Which principles do the labels follow?",
    "Which rules, proposed from some of the labels that people gave here, predict the others?",
    "Findeis et al. 2024, Inverse Constitutional AI: a model finds rules from which most of a data set's preferences "
    "can be rebuilt.",
    FromLabelsSettings,
    parts,
    measure,
    find,
)
