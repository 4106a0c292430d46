"""`votes`: people's blind votes, as statistics and as files. Without a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.cli.command import command, write_text
from cai_ui.cli.flags import Arguments
from cai_ui.cli.store import opened_store
from cai_ui.formats.writing import json_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.compare.vote_analysis import VoteAnalysis


def add(commands: Commands) -> None:
    group = commands.add_parser("votes", help="people's blind votes between answers")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    show = command(actions, "show", _show, "who wins, how surely, and how many votes are still needed")
    show.add_argument("--json", action="store_true", help="all numbers as JSON")
    export = command(actions, "export", _export, "write the votes with requests and answers")
    export.add_argument("--kind", choices=["jsonl", "csv"], default="jsonl")
    export.add_argument("--out", type=Path, required=True)


def _show(parsed: Arguments) -> int:
    from cai_ui.compare.vote_words import sentences
    from cai_ui.pipeline.compare.votes import analysis

    with opened_store(parsed) as store:
        found = analysis(store)
        titles = {run.adapter: run.name for run in store.runs() if run.adapter}
    if parsed.json:
        print(json_text(_as_json(found), 1))
        return 0
    print("\n".join(sentences(found, lambda name: titles.get(name, name))))
    for rater, pairs in found.raters.items() if len(found.raters) > 1 else ():
        for pair in pairs:
            print(f"{rater}: {pair.first} {pair.first_wins} : {pair.second_wins} {pair.second}, {pair.ties} ties")
    return 0


def _as_json(found: VoteAnalysis) -> dict[str, Any]:
    from cai_ui.records import to_dict

    plain = to_dict(replace(found, slices={}, reasons={}))
    plain["slices"] = [
        {"by": by, "value": value, "pairs": [to_dict(pair) for pair in pairs]}
        for (by, value), pairs in found.slices.items()
    ]
    plain["reasons"] = [
        {"variant": name, "reason": reason, "votes": count} for (name, reason), count in found.reasons.items()
    ]
    return plain


def _export(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.vote_files import as_lines, as_table, vote_rows
    from cai_ui.pipeline.compare.votes import ALL_VOTES

    with opened_store(parsed) as store:
        rows = vote_rows(store.votes(ALL_VOTES))
    write_text(parsed.out, as_table(rows) if parsed.kind == "csv" else as_lines(rows))
    print(f"{len(rows)} votes")
    return 0
