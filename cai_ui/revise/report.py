"""A trace as something to read: Markdown, or one HTML page that needs nothing else."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from cai_ui.records import Step, Trace
from cai_ui.revise.effects import labels_of
from cai_ui.text import change_share, word_diff

NAMES = {"draft": "Initial answer", "critique": "Critique", "revision": "Revision"}

_STYLE = (
    "body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:.3rem 0}small{color:#666}"
    "article{border-top:1px solid #ccc;padding:1rem 0}section{margin:.8rem 0 .8rem 1rem}ins{background:#dcf1e2}"
    "del{background:#fbe3e0}@media(prefers-color-scheme:dark){body{background:#1e1d1b;color:#ece9e5}small{color:#aaa}"
    "ins{background:#17392a}del{background:#47221f}}"
)


def step_titles(steps: Sequence[Step]) -> list[str]:
    """ "Initial answer", "Critique 1", "Revision 1", "Critique 2", ..."""
    seen: dict[str, int] = {}
    titles = []
    for step in steps:
        seen[step.kind] = seen.get(step.kind, 0) + 1
        titles.append(NAMES[step.kind] if step.kind == "draft" else f"{NAMES[step.kind]} {seen[step.kind]}")
    return titles


def trace_markdown(traces: Sequence[Trace], principles: Mapping[str, str]) -> str:
    """The traces as Markdown. Texts stand in fenced blocks, so that nothing in them is taken for Markdown."""
    parts = [f"# {len(traces)} critique and revision {'chain' if len(traces) == 1 else 'chains'}"]
    for trace in traces:
        parts.append(f"## Request\n\n{_fenced(trace.prompt.text)}\n\n{_facts(trace)}")
        for title, step, under in _steps(trace, principles):
            parts.append(f"### {title}\n\n{under}{_fenced(step.text)}")
    return "\n\n".join(parts) + "\n"


def trace_html(traces: Sequence[Trace], principles: Mapping[str, str]) -> str:
    """The traces as one HTML page with a word diff from first to last answer; every text is escaped."""
    articles = []
    for trace in traces:
        steps = "".join(
            f"<section><h3>{html.escape(title)}</h3><small>{html.escape(under.strip())}</small>"
            f'<pre dir="auto">{html.escape(step.text)}</pre></section>'
            for title, step, under in _steps(trace, principles)
        )
        articles.append(
            f'<article><h2>Request</h2><pre dir="auto">{html.escape(trace.prompt.text)}</pre>'
            f"<small>{html.escape(_facts(trace))}</small>{steps}{_diff(trace)}</article>"
        )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Critique and revision</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>Critique and revision</h1>{''.join(articles)}</html>\n"
    )


def _steps(trace: Trace, principles: Mapping[str, str]) -> list[tuple[str, Step, str]]:
    """Title, step, and the line that says under which principle, how, and what it did."""
    found = []
    for index, (title, step) in enumerate(zip(step_titles(trace.steps), trace.steps, strict=True)):
        words = [
            ", ".join(principles.get(id, id) for id in step.principles),
            ", ".join(labels_of(trace, index)),
        ]
        if step.answer is not None:
            words.append(f"{step.answer.tokens} tokens, seed {step.answer.provenance.seed}")
        if step.edited or step.answer is None:
            words.append("written by hand")
        line = " · ".join(word for word in words if word)
        found.append((title, step, f"{line}\n\n" if line else ""))
    return found


def _facts(trace: Trace) -> str:
    made = trace.created_at[:16].replace("T", " ")
    return f"{made} UTC · constitution {trace.constitution_hash[:12]} · trace {trace.id}"


def _diff(trace: Trace) -> str:
    if trace.initial is None or trace.revision is None:
        return ""
    tags = {"same": "span", "removed": "del", "added": "ins"}
    pieces = "".join(
        f"<{tags[kind]}>{html.escape(text)}</{tags[kind]}>" for kind, text in word_diff(trace.initial, trace.revision)
    )
    share = round(100 * change_share(trace.initial, trace.revision))
    return f'<section><h3>First to last: {share} % of the words changed</h3><pre dir="auto">{pieces}</pre></section>'


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
