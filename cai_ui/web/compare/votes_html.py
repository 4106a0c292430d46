"""What votes say, as HTML. Pure but for the titles; all text escaped."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from cai_ui.compare.vote_analysis import VoteAnalysis, analyse
from cai_ui.compare.vote_words import sentences, share
from cai_ui.compare.votes import PairTally
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare.columns import column_title
from cai_ui.pipeline.compare.comparison import variant_titles
from cai_ui.records import BASE, Vote
from cai_ui.web.compare import words
from cai_ui.web.kit.present import Html, empty_state, esc, rate_text, table

_MARKED = re.compile(rf"{BASE}:([0-9a-f]{{8}})")
Titles = Callable[[str], str]


def titled(services: Services) -> Titles:
    """What people call a variant, also one that is no longer there, and the base of another model."""
    titles = variant_titles(services)

    def title(name: str) -> str:
        marked = _MARKED.match(name)  # the base of one of several models
        if marked is None:
            return column_title(services, name, titles)
        return f"{column_title(services, BASE + name[marked.end() :], titles)} ({marked[1]})"

    return title


def tally_html(pairs: Sequence[PairTally], title: Titles) -> str:
    """A line for each pair, with the share of decided votes, how surprising it is, and the share at equal length."""
    rows = [
        [
            title(p.first), p.first_wins, title(p.second), p.second_wins, p.ties, p.both_bad, p.identical,
            rate_text(p.rate), "–" if p.p_value is None else f"{p.p_value:.2g}", _equal_length(p), _more(p),
        ]
        for p in pairs
    ]  # fmt: skip
    return table(words.VOTE_COLUMNS, rows)


def votes_html(votes: Sequence[Vote], title: Titles) -> str:
    """Some votes: the tally, and what it says."""
    found = analyse(votes)
    return tally_html(found.pairs, title) + _list(list(sentences(found, title)))


def analysis_html(found: VoteAnalysis, title: Titles) -> str:
    """All that is said of votes; parts of it folded."""
    if not found.votes:
        return empty_state(*words.NO_VOTES)
    parts = [tally_html(found.pairs, title), _list(list(sentences(found, title))), _strengths(found, title)]
    if len(found.raters) > 1:
        parts.append(_folded(words.BY_RATER, found.raters, title))
    if found.slices:
        named = {f"{words.SLICES[by]}: {value or words.NO_SLICE}": pairs for (by, value), pairs in found.slices.items()}
        parts.append(_folded(words.BY_SLICE, named, title))
    if found.reasons:
        rows = [[title(name), reason, count] for (name, reason), count in found.reasons.items()]
        parts.append(_details(words.BY_REASON, table(words.REASON_COLUMNS, rows)))
    return "".join(parts) + f'<p class="muted">{esc(words.P_VALUE)}</p>'


def _strengths(found: VoteAnalysis, title: Titles) -> str:
    ranked = sorted(found.strengths.items(), key=lambda one: -one[1].value)
    rows = [
        [
            title(name),
            share(one.share, one.share_low, one.share_high),
            f"{one.value:+.2f} ({one.low:+.2f} to {one.high:+.2f})",
        ]
        for name, one in ranked
    ]
    return table(words.STRENGTH_COLUMNS, rows) if rows else ""


def _folded(label: str, parts: Mapping[str, Sequence[PairTally]], title: Titles) -> str:
    rows = [
        [name, title(p.first), p.first_wins, title(p.second), p.second_wins, p.ties, p.both_bad, rate_text(p.rate)]
        for name, pairs in parts.items()
        for p in pairs
    ]
    return _details(label, table(words.PART_COLUMNS, rows))


def _details(label: str, inside: str) -> str:
    return f"<details><summary>{esc(label)}</summary>{inside}</details>"


def _list(said: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{esc(sentence)}</li>" for sentence in said) + "</ul>"


def _equal_length(pair: PairTally) -> str:
    found = pair.equal_length
    return "–" if found is None or found.share is None else share(found.share, found.low, found.high)


def _more(pair: PairTally) -> str | Html:
    if pair.more is None:
        return "–"
    return words.SEPARATED if pair.more == 0 else f"about {pair.more:,}"
