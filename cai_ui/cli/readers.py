"""`readers`: what reads answers, measured against people's labels. Without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import command
from cai_ui.cli.flags import Arguments
from cai_ui.formats.writing import json_text
from cai_ui.tables.left_out import lines_words

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.readers.agreement import Agreement, Evaluation, ReaderEvaluation
    from cai_ui.records import Rate

_NOTE = (
    "The weights of the phrase reader were fitted on XSTest answers of four models (docs/readers.md). On those very\n"
    "answers these figures flatter it."
)


def add(commands: Commands) -> None:
    group = commands.add_parser("readers", help="what reads answers: agreement with people's labels")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    evaluate = command(
        actions, "evaluate", _evaluate, "agreement of the readers with labelled answers", workspace=False
    )
    evaluate.add_argument("file", type=Path, help="as Curate imports it: a request, an answer and a label in each row")
    evaluate.add_argument("--json", action="store_true", help="print all figures as JSON")


def _evaluate(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.labelled_files import read_labelled_outcomes
    from cai_ui.readers.agreement import evaluate_readers
    from cai_ui.records import to_dict

    found = evaluate_readers(read_labelled_outcomes(parsed.file))
    print(json_text(to_dict(found), 1) if parsed.json else "\n".join(evaluation_lines(found)))
    return 0


def evaluation_lines(found: Evaluation) -> Iterator[str]:
    """What a person reads: rows used and left out, then each reader."""
    yield f"{found.used} labelled answers of {found.file}."
    for reason, number in found.left_out.items():
        where = lines_words(number, found.lines.get(reason, ()))
        yield f"Left out: {number} {'row' if number == 1 else 'rows'}, {reason}{where}."
    for one in found.readers:
        yield from _reader_lines(one)
    yield _NOTE


def _reader_lines(one: ReaderEvaluation) -> Iterator[str]:
    yield f"\nReader {one.reader}, version {one.version}: {one.milliseconds:.2f} ms an answer.\n"
    yield f"{'source':20} {'answers':>7} {'unread':>6}  {'kappa':22} {'precision':>9} {'recall':>6}"
    for group in (*one.sources, one.whole) if len(one.sources) > 1 else (one.whole,):
        yield _group_line(group)
    yield f"\n{'label':20} read as"
    for label, outcomes in one.confusion.items():
        yield f"{label:20} " + ", ".join(f"{outcome} {number}" for outcome, number in outcomes.items())
    yield ""


def _group_line(group: Agreement) -> str:
    kappa = group.why if group.kappa is None else f"{group.kappa:.2f} ({group.low:.2f} to {group.high:.2f})"
    shares = f"{_share(group.precision):>9} {_share(group.recall):>6}"
    return f"{group.name[:20]:20} {group.answers:7} {group.unread:6}  {kappa:22} {shares}"


def _share(rate: Rate) -> str:
    return "-" if rate.value is None else f"{rate.value:.2f}"
