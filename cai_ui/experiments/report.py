"""Results as Markdown, and measured rows as lines or as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.plots import map_svg, plot_svg, standing
from cai_ui.experiments.results import Result, Row
from cai_ui.formats.writing import json_lines, json_text, plain_line, table_text
from cai_ui.records import to_dict

_NOTE = re.compile(r"<!-- ([a-z-]+) -->\n(.*?)\n?<!-- end -->", re.DOTALL)


def page_files(
    stem: str, results: Mapping[str, tuple[Experiment[Any], Result]], command: str, before: str
) -> dict[str, str]:
    """The files of a page by name: Markdown, pictures, and all numbers as JSON.

    Remarks that somebody wrote into the page `before` are kept: they stand between "<!-- NAME -->" and "<!-- end -->".
    """
    notes = dict(_NOTE.findall(before))
    files: dict[str, str] = {}
    parts = [_head(results, command)]
    for name, (made, found) in results.items():
        pictures = [plot_svg(plot) for plot in found.plots] + ([map_svg(found.map)] if found.map else [])
        named = {f"{stem}_{name}_{number}.svg": standing(one) for number, one in enumerate(pictures, 1)}
        files |= named
        parts += [result_markdown(made, found, list(named)), f"<!-- {name} -->\n{notes.get(name, '')}\n<!-- end -->\n"]
    numbers = {name: to_dict(found) for name, (_, found) in results.items()}
    for one in numbers.values():
        one["map"] = None  # thousands of numbers that the picture shows
    return {f"{stem}.md": "\n".join(parts), **files, f"{stem}.json": json_text(numbers, 1) + "\n"}


def _head(results: Mapping[str, tuple[Experiment[Any], Result]], command: str) -> str:
    said = [f"- [{made.title}](#{_anchor(made.title)}) {found.against}" for made, found in
            results.values()]  # fmt: skip
    return (
        "# Experiments\n\nWhat the Experiments tab asks, asked of one model. The unit is the request: intervals (95 %) "
        "and tests are over requests, however often each was answered; “not significant” says that the difference may "
        f"be chance, not that there is none.\n\nMade by `{command}`.\n\n" + "\n".join(said) + "\n"
    )


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def result_markdown(made: Experiment[Any], found: Result, pictures: Sequence[str] = ()) -> str:
    """Question, finding, pictures (file names) and table. What was not finished, or is missing, is said."""
    about = found.about
    lines = [
        f"## {made.title}",
        "",
        made.question,
        "",
        f"**{plain_line(found.finding)}**",
        "",
        *(f"- {plain_line(sentence)}" for sentence in found.more),
        "",
        f"Published: {made.paper}{f' Here: {found.against}.' if found.against else ''}",
        "",
        f"Model `{about['model']}` ({about['base'][:12]}), constitution “{about['constitution']}”, {about['harmful']} "
        f"harmful and {about['harmless']} harmless requests, {about['settings']['seeds']} seeds, temperature "
        f"{about['settings']['temperature']:g}; read by: {about['readers']}.",
        "",
        *(f"![{made.title}]({picture})" for picture in pictures),
        *([""] if pictures else []),
        *_table(found.heads, found.table),
    ]
    if not found.finished:
        lines += ["", "Not finished: this is what there is so far."]
    if found.missing:
        reasons = (f"{count:,} × {why.rstrip('.')}" for why, count in found.missing.items())
        lines += ["", plain_line(f"Gave no row: {'; '.join(reasons)}.")]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(cells)} |"
        for cells in (map(plain_line, heads), ["---"] * len(heads), *(map(plain_line, row) for row in rows))
    ]


def rows_text(rows: Sequence[Row], form: str) -> str:
    """JSON lines, or a table for spreadsheets ("csv") with every column that any row has."""
    if form == "jsonl":
        return json_lines(rows)
    heads = list(dict.fromkeys(name for row in rows for name in row))
    return table_text(heads, [[row.get(name) for name in heads] for row in rows])
