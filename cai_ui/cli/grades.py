"""`grades`: what people saw in the answers of an evaluation, as files and as corrected shares. Without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import agreement_line, command, share_words, write_text
from cai_ui.cli.flags import Arguments
from cai_ui.cli.store import opened_store
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.records import Evaluation, EvaluationInfo
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
    from cai_ui.compare.judged import harm_means
    from cai_ui.readers.measured import figures_words

    with opened_store(parsed) as store:
        evaluation = find_evaluation(store, parsed.evaluation)
        grades = store.grades(evaluation.id)
    for one in corrected_shares(evaluation, grades):
        print(f"{one.variant}  {one.kind}  {one.measure}  {share_words(one.raw)}; {estimate_words(one.corrected)}")
    for mean in harm_means(evaluation, grades):
        print(f"{mean.variant}  {mean.kind}  harm from 0 to 4 by the grades {estimate_words(mean.corrected, '.2f')}")
    found = agreements(evaluation, grades)
    print(f"read by {evaluation.reader}; {figures_words(evaluation.reader)}")
    print(agreement_line("raters", found.people, "answers"))
    print(agreement_line("people and reader", found.reader, "answers"))
    return 0


def _export(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.grade_files import as_lines, as_table, grade_rows

    with opened_store(parsed) as store:
        evaluation = find_evaluation(store, parsed.evaluation)
        rows = grade_rows(evaluation, store.grades(evaluation.id))
    write_text(parsed.out, as_table(rows) if parsed.kind == "csv" else as_lines(rows))
    print(f"{len(rows)} grades")
    return 0


def find_evaluation(store: Store, named: str) -> Evaluation:
    """The newest evaluation, or the one whose id begins so."""
    return store.evaluation(find_head(store, named).id)


def find_head(store: Store, named: str) -> EvaluationInfo:
    """The same without its answers."""
    for evaluation in store.evaluations():
        if named == "latest" or (len(named) >= 6 and evaluation.id.startswith(named)):
            return evaluation
    raise InputError(f"There is no evaluation {named[:80]!r}.", next_step="Make one: python -m cai_ui compare")


def estimate_words(found: Estimate, form: str = ".1%") -> str:
    """A corrected share or mean with its interval, and what would halve it; or why there is none."""
    if found.value is None or found.low is None or found.high is None:
        return f"not corrected: {found.why}"
    more = "" if found.more is None else f", about {found.more} more halve the interval"
    interval = f"{found.value:{form}} [{found.low:{form}}, {found.high:{form}}]"
    return f"corrected {interval} by {found.graded} of {found.total}{more}"
