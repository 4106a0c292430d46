"""`grades`: what people saw in the answers of an evaluation, as files and as corrected shares. Without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import agreement_line, command, write_text
from cai_ui.cli.compare import share_words
from cai_ui.cli.flags import Arguments
from cai_ui.cli.store import opened_store
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.records import Evaluation
    from cai_ui.statistics.prediction_powered import Estimate
    from cai_ui.store import Store


def add(commands: Commands) -> None:
    group = commands.add_parser("grades", help="people's grades of the answers of an evaluation")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    show = command(actions, "show", _show, "the shares that the grades correct, and how far raters agree")
    export = command(actions, "export", _export, "write the grades with requests and answers")
    for parser in (show, export):
        parser.add_argument("evaluation", help="id (or its beginning), or `latest`")
    export.add_argument("--kind", choices=["jsonl", "csv"], default="jsonl")
    export.add_argument("--out", type=Path, required=True)


def _show(parsed: Arguments) -> int:
    from cai_ui.compare.corrected import agreements, corrected_shares

    with opened_store(parsed) as store:
        evaluation = _find(store, parsed.evaluation)
        grades = store.grades(evaluation.id)
    for one in corrected_shares(evaluation, grades):
        print(f"{one.variant}  {one.kind}  {one.measure}  {share_words(one.raw)}; {_corrected(one.corrected)}")
    found = agreements(evaluation, grades)
    print(agreement_line("raters", found.people, "answers"))
    print(agreement_line("people and reader", found.reader, "answers"))
    return 0


def _export(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.grade_files import as_lines, as_table, grade_rows

    with opened_store(parsed) as store:
        evaluation = _find(store, parsed.evaluation)
        rows = grade_rows(evaluation, store.grades(evaluation.id))
    write_text(parsed.out, as_table(rows) if parsed.kind == "csv" else as_lines(rows))
    print(f"{len(rows)} grades")
    return 0


def _find(store: Store, named: str) -> Evaluation:
    for evaluation in store.evaluations():
        if named == "latest" or (len(named) >= 6 and evaluation.id.startswith(named)):
            return store.evaluation(evaluation.id)
    raise InputError(f"There is no evaluation {named[:80]!r}.", next_step="Make one: python -m cai_ui compare")


def _corrected(found: Estimate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return f"not corrected: {found.why}"
    more = "" if found.more is None else f", about {found.more} more halve the interval"
    interval = f"{found.value:.1%} [{found.low:.1%}, {found.high:.1%}]"
    return f"corrected {interval} by {found.graded} of {found.total}{more}"
