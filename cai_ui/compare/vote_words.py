"""What votes say, in sentences for page and command line. A number that is not there is said to be missing, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cai_ui.compare.vote_analysis import VoteAnalysis
from cai_ui.compare.votes import PairTally
from cai_ui.records import Rate

SURPRISING = 0.05
"""Under this chance a split is called more than chance."""
Titles = Callable[[str], str]


def share(value: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval in per cent; "not known" where there is none."""
    if value is None or low is None or high is None:
        return "not known"
    return f"{100 * value:.0f} % ({100 * low:.0f}–{100 * high:.0f} %)"


def rate_words(found: Rate) -> str:
    return share(found.value, found.low, found.high)


def verdict(pair: PairTally, title: Titles) -> str:
    """Who won, whether that is more than chance, and how many votes would tell the two apart."""
    first, second = title(pair.first), title(pair.second)
    decided = pair.first_wins + pair.second_wins
    if decided == 0:
        return f"{first} and {second}: nothing is decided yet{_undecided(pair)}; no share can be given."
    if pair.first_wins == pair.second_wins:
        return f"{first} and {second} won as often as each other ({pair.first_wins} each): no difference is seen."
    ahead, behind = (first, second) if pair.first_wins > pair.second_wins else (second, first)
    said = f"{ahead} won {max(pair.first_wins, pair.second_wins)} of {decided} decided votes against {behind}"
    if pair.p_value is not None and pair.p_value < SURPRISING:
        return f"{said}: more than chance gives (p = {pair.p_value:.2g}, sign test)."
    more = "" if pair.more is None else f"; about {_votes(pair.more)} would separate them, if the split stays as it is"
    return f"{said}: not significant, chance gives as much (p = {pair.p_value:.2g}, sign test){more}."


def length_words(pair: PairTally, title: Titles) -> str:
    """The share at equal length, or why it is not known."""
    found = pair.equal_length
    if found is None or found.share is None:
        return f"{title(pair.first)} at equal length: not known{f' ({found.why})' if found and found.why else ''}."
    longer = "longer" if (found.slope or 0) > 0 else "shorter"
    return (
        f"{title(pair.first)} at equal length: {share(found.share, found.low, found.high)} of votes, ties as halves; "
        f"{longer} answers were preferred ({abs(found.slope or 0):.2f} log-odds for each standard deviation)."
    )


def side_words(found: VoteAnalysis) -> str:
    """Whether people follow the side an answer stands on."""
    if found.left_p is None:
        return "Sides: nothing is decided yet."
    bias = "people may follow the side" if found.left_p < SURPRISING else "no sign that people follow the side"
    return f"The left answer won {rate_words(found.left)} of decided votes: {bias} (p = {found.left_p:.2g})."


def agreement_words(found: VoteAnalysis) -> str:
    """How far raters agree on what several of them saw; "" where there is one rater."""
    told = found.agreement
    if told is None:
        return ""
    if told.value is None:
        return f"Agreement of raters is not known: {told.why}."
    interval = "" if told.low is None or told.high is None else f" ({told.low:.2f} to {told.high:.2f})"
    same = "" if told.same is None else f", the same choice in {100 * told.same:.0f} % of pairs of votes"
    return f"Raters agree: alpha {told.value:.2f}{interval} over {told.units} requests{same}" + (
        f"; {told.why}." if told.why else "."
    )


def sentences(found: VoteAnalysis, title: Titles) -> Iterator[str]:
    """All of it, most important first."""
    if not found.votes:
        yield "Nobody has voted yet."
        return
    for pair in found.pairs:
        yield verdict(pair, title)
        yield length_words(pair, title)
    yield side_words(found)
    for name, one in found.strengths.items():
        yield f"{title(name)} beats another variant {share(one.share, one.share_low, one.share_high)} of the time."
    if found.no_strengths and len({name for pair in found.pairs for name in (pair.first, pair.second)}) > 2:
        yield found.no_strengths
    if agreement := agreement_words(found):
        yield agreement


def _undecided(pair: PairTally) -> str:
    parts = [(pair.ties, "tied"), (pair.both_bad, "both bad"), (pair.identical, "identical")]
    said = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f" ({said})" if said else ""


def _votes(number: int) -> str:
    return f"{number:,} more decided vote{'' if number == 1 else 's'}"
