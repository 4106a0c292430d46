"""Records as text and HTML for the page. Pure functions: no store, no model, no Gradio.

Whatever comes from a person or a model goes through `esc`; only constants of ours are markup.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from cai_ui.engine.interface import ANOTHER_MODEL
from cai_ui.records import Provenance, Rate
from cai_ui.web.kit.words import FAST, FORMATS

Kind = Literal["neutral", "good", "warn", "bad", "busy"]


def esc(text: object) -> str:
    """Text made safe inside HTML, quotes included."""
    return html.escape(str(text), quote=True)


def pill(text: str, kind: Kind = "neutral") -> str:
    """A short state in a rounded box; the words carry the meaning, the colour only repeats it."""
    return f'<span class="cai-pill cai-pill-{kind}">{esc(text)}</span>'


def notice(text: str, kind: Kind = "neutral") -> str:
    """A sentence or two in a coloured box; `assets/said.js` has screen readers say it once."""
    return f'<div class="cai-notice cai-notice-{kind}" data-said>{esc(text)}</div>'


def empty_state(title: str, hint_text: str) -> str:
    """What a place shows before it holds anything, and what to do about it."""
    return f'<div class="cai-empty"><strong>{esc(title)}</strong><p>{esc(hint_text)}</p></div>'


def hint(text: str) -> str:
    """The line at a tab's foot that says what to try next."""
    return f'<p class="cai-hint"><strong>Try next</strong> {esc(text)}</p>'


def lead(title: str, text: str) -> str:
    """A tab's heading and one sentence on what it is for."""
    return f'<div class="cai-lead"><h2>{esc(title)}</h2><p>{esc(text)}</p></div>'


def text_block(text: str, label: str = "") -> str:
    """A text from a person or a model, line breaks kept, in its own direction."""
    head = f'<div class="cai-block-label">{esc(label)}</div>' if label else ""
    return f'<div class="cai-block">{head}<div class="cai-block-text" dir="auto">{esc(text)}</div></div>'


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """Label and value in two columns."""
    rows = "".join(f"<dt>{esc(label)}</dt><dd>{esc(value)}</dd>" for label, value in pairs)
    return f'<dl class="cai-facts">{rows}</dl>'


TABLE_BEGINS = '<div class="cai-table-box" tabindex="0" role="group" aria-label="Table"><table class="cai-table">'
TABLE_ENDS = "</table></div>"


class Html(str):
    """Markup of ours, for a cell of `table` that is not plain text."""


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], look: str = "", sorted_by: tuple[int, bool] | None = None
) -> str:
    """A table that scrolls by itself where it is too wide. Cells and heads are text, except for `Html`.

    `look` adds a class; `sorted_by` says by which column the rows are sorted, and whether downwards.
    """
    head = "".join(
        f"<th{_order(place, sorted_by)}>{title if isinstance(title, Html) else esc(title)}</th>"
        for place, title in enumerate(heads)
    )
    body = "".join(
        f"<tr>{''.join(f'<td>{cell if isinstance(cell, Html) else esc(cell)}</td>' for cell in row)}</tr>"
        for row in rows
    )
    begins = TABLE_BEGINS.replace('cai-table">', f'{f"cai-table {look}".strip()}">')
    return f"{begins}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{TABLE_ENDS}"


def _order(place: int, sorted_by: tuple[int, bool] | None) -> str:
    if sorted_by is None or sorted_by[0] != place:
        return ""
    return f' aria-sort="{"descending" if sorted_by[1] else "ascending"}"'


def press(field: str, value: str, title: str, look: str = "cai-link") -> Html:
    """A button inside a piece of HTML that writes a value into the hidden field of this id; see `assets/fields.js`."""
    return Html(
        f'<button type="button" class="{look}" data-field="{esc(field)}" value="{esc(value)}">{esc(title)}</button>'
    )


def progress_bar(done: float, total: float, label: str) -> str:
    """A bar with its meaning in words; `total` 0 means that the length is not known yet."""
    share = max(0.0, min(1.0, done / total)) if total else 0.0
    return (
        f'<div class="cai-progress" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{round(100 * share)}" aria-label="{esc(label)}">'
        f'<div class="cai-progress-line"><div style="width:{100 * share:.1f}%"></div></div>'
        f'<div class="cai-progress-label">{esc(label)}</div></div>'
    )


def duration(seconds: float) -> str:
    """A time span as people say it: "8 s", "3 min 20 s", "1 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 tie", "2,000 ties"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def remaining(seconds: float | None) -> str:
    """The time left as it stands beside a progress: "about 3 min left", or that it is not known yet."""
    return "estimating …" if seconds is None else f"about {duration(seconds)} left"


def when(iso: str | None) -> str:
    """A stored UTC time as local clock and day, or "" where there is none or it cannot be read."""
    try:
        moment = datetime.fromisoformat(iso or "")
    except ValueError:
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    local = moment.astimezone()
    return f"{local:%H:%M}, {local.day} {local:%b}"


def short(content_hash: str | None) -> str:
    """The first eight digits of a hash: enough to tell versions apart by eye."""
    return (content_hash or "")[:8]


def asked_words(came_from: Provenance) -> list[str]:
    """What was asked for beside the usual: an adapter's strength, and another chat format."""
    told, words = came_from.sampling, list[str]()
    if "strength" in told and came_from.adapter is not None:  # the base has nothing to be made stronger
        words.append(f"strength {told['strength']:g}")
    if "chat_format" in told:
        words.append(FORMATS.get(told["chat_format"], "chat template"))
    return words


def answered_by(came_from: Provenance) -> list[str]:
    """Who gave a text: adapter or base, the model's name where another than the main one was asked, and how;
    and where its text depends on the rows beside it."""
    who = came_from.adapter or "base model"
    if came_from.sampling.get(ANOTHER_MODEL):
        server = came_from.sampling.get("endpoint")
        who = f"{came_from.model} at {server}" if server else came_from.model
    fast = [FAST] if came_from.same_in_any_batch is False else []
    return [who, *asked_words(came_from), *fast]


def first_line(text: str, limit: int = 70) -> str:
    """The text on one line, cut at a word near `limit` characters."""
    flat = " ".join(text.split())
    if len(flat) <= limit:
        return flat
    return flat[: limit - 1].rsplit(" ", 1)[0] + "…"


def percent(value: float | None) -> str:
    """A share as "12 %"; a dash where it is undefined."""
    return "–" if value is None else f"{100 * value:.0f} %"


def rate_text(rate: Rate) -> str:
    """A measured share with its interval and counts, or why there is none."""
    if rate.value is None or rate.low is None or rate.high is None:
        return f"not measured ({rate.unread} unread)" if rate.unread else "not measured"
    unread = f", {rate.unread} unread" if rate.unread else ""
    interval = f"{100 * rate.low:.0f}–{100 * rate.high:.0f} %"
    return f"{percent(rate.value)} ({interval}, {rate.successes} of {rate.total}{unread})"
