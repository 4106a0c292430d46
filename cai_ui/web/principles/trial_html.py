"""What tried principles made of answers, and what principles did in stored traces, as HTML. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui import revise
from cai_ui.pipeline.constitution.statistics import PrincipleCount, Statistics
from cai_ui.pipeline.constitution.trying import Tried
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.kit.present import counted, empty_state, esc, notice, percent, pill, rate_text, table
from cai_ui.web.principles import words


def results_html(found: Sequence[Tried], names: dict[str, str]) -> str:
    """Prompt by prompt: the draft, then what each principle made of it as a word diff."""
    groups: dict[int, list[Tried]] = {}
    for tried in found:
        groups.setdefault(tried.number, []).append(tried)
    blocks = []
    for number in sorted(groups):
        rows = groups[number]
        draft = next((t.trace.initial for t in rows if t.trace is not None), None)
        cards = "".join(_card(tried, names) for tried in rows)
        blocks.append(
            f'<p class="cai-question" dir="auto">{esc(rows[0].prompt.text)}</p>'
            f'<details class="cai-block"><summary>{words.INITIAL}</summary><div class="cai-block-text" dir="auto">'
            f'{esc(draft or "")}</div></details><div class="cai-tried">{cards}</div>'
        )
    return "".join(blocks) or empty_state(*words.NOTHING_TRIED)


def statistics_html(found: Statistics) -> str:
    """A table of what each principle did."""
    if not found.traces:
        return empty_state(*words.NO_TRACES)
    said = f"Counted over {counted(found.traces, 'trace')} of all versions, with 95 % intervals."
    if found.left_out:
        said += f" Not read: {counted(found.left_out, 'older trace')}."
    return notice(said) + table(words.COUNTED_COLUMNS, map(_cells, found.counts))


def _card(tried: Tried, names: dict[str, str]) -> str:
    name = names.get(tried.principle_id, tried.principle_id)
    if tried.trace is None:
        return (
            f'<section class="cai-step"><strong>{esc(name)}</strong><p class="muted">{esc(tried.reason)}</p></section>'
        )
    trace = tried.trace
    critique = next((s.text for s in trace.steps if s.kind == "critique"), "")
    last = len(trace.steps) - 1
    labels = "".join(pill(label) for label in revise.labels_of(trace, last))
    return (
        f'<section class="cai-step"><div class="cai-step-head"><strong>{esc(name)}</strong>{labels}</div>'
        + (f'<div class="cai-step-text muted" dir="auto">{esc(critique)}</div>' if critique else "")
        + f"{diff_html(trace.initial or '', trace.revision or '')}</section>"
    )


def _cells(count: PrincipleCount) -> list[str]:
    order = list(revise.LABELS)
    did = ", ".join(f"{n} × {label}" for label, n in sorted(count.labels.items(), key=lambda c: order.index(c[0])))
    rates = [rate_text(count.changed), percent(count.mean_change), rate_text(count.accepted), rate_text(count.edited)]
    return [count.name, f"{count.drawn:,}", *rates, did or "–"]
