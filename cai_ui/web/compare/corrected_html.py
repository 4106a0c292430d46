"""An answer to grade, how far grading is, and the corrected shares, as HTML. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cai_ui.compare.corrected import Agreements, CorrectedShare
from cai_ui.compare.grading import BlindAnswer, GradingProgress
from cai_ui.records import Rate
from cai_ui.statistics.agreement import Agreement
from cai_ui.statistics.prediction_powered import Estimate
from cai_ui.web.compare import words
from cai_ui.web.kit.present import empty_state, esc, percent, progress_bar, rate_text, table, text_block
from cai_ui.web.kit.words import QUESTIONS

_TITLES = {(kind, measure): title for kind, measure, title in QUESTIONS}


def answer_html(shown: BlindAnswer) -> str:
    """Request and answer in a box of one height, whatever their length, so that what is under it stays in its place."""
    texts = text_block(shown.prompt, words.ASKED) + text_block(shown.answer, words.CUT if shown.cut else words.ANSWERED)
    return f'<div class="cai-grade" tabindex="0">{texts}</div>'


def progress_html(now: GradingProgress, rater: str) -> str:
    """A bar with what is graded by all, by this rater, and twice."""
    said = (
        f"{now.graded:,} graded, {now.sample:,} in the sample; {now.mine:,} by you ({rater}), {now.left:,} left for you"
    )
    if now.seconds_wanted:
        said += f"; {now.seconds:,} of {now.seconds_wanted:,} graded by a second person"
    return progress_bar(now.graded, now.sample, said)


def corrected_html(shares: Sequence[CorrectedShare], agreed: Agreements, titles: Mapping[str, str]) -> str:
    """Every share as the reader sees it and as people would, what would halve the interval, and how far they agree."""
    order = list(_TITLES)
    shown = sorted(
        (s for s in shares if (s.kind, s.measure) in _TITLES), key=lambda s: order.index((s.kind, s.measure))
    )
    if not shown:
        return empty_state(*words.NOT_CORRECTED)
    found = table(words.CORRECTED_COLUMNS, [_cells(share, titles) for share in shown])
    agreement = [
        _agreement("Raters", agreed.people),
        _agreement("People and the reader (refuses or not)", agreed.reader),
    ]
    notes = "".join(f'<p class="muted">{esc(note)}</p>' for note in (*agreement, words.CORRECTED_NOTE))
    return found + notes


def estimate_text(found: Estimate) -> str:
    """A corrected share with its interval, or why there is none."""
    if found.value is None or found.low is None or found.high is None:
        return found.why
    return f"{percent(found.value)} ({100 * found.low:.0f}–{100 * found.high:.0f} %)"


def _cells(share: CorrectedShare, titles: Mapping[str, str]) -> list[str]:
    raw, found = share.raw, share.corrected
    careful = f"{estimate_text(found)}; {found.why}" if found.value is not None and found.why else estimate_text(found)
    return [
        _TITLES[share.kind, share.measure],
        titles.get(share.variant, share.variant),
        rate_text(Rate(raw.successes, raw.total, raw.unread, raw.value, raw.low, raw.high)),
        careful,
        f"{found.graded} of {found.total}",
        "–" if found.value is None else words.MORE_ANSWERS if found.more is None else f"grade about {found.more} more",
    ]


def _agreement(who: str, found: Agreement) -> str:
    interval = "" if found.low is None or found.high is None else f" ({found.low:.2f}–{found.high:.2f})"
    value = "not measured" if found.value is None else f"{found.measure} {found.value:.2f}{interval}"
    return f"{who}: {value}, {found.units} answers{f'; {found.why}' if found.why else ''}"
