"""`evaluations`: those that were made, listed, named, tested in pairs, and written as files, without a model; and what
their models still know, with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, check_out, command, loaded, opened_again, share_words, write_text
from cai_ui.cli.curate import find_dataset
from cai_ui.cli.flags import Arguments
from cai_ui.cli.grades import find_head
from cai_ui.cli.store import opened_store
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cai_ui.cli.command import Commands
    from cai_ui.compare.answer_table import AnswerTable
    from cai_ui.compare.paired import PairedTest
    from cai_ui.statistics.means import Mean

_FORMS = ("csv", "jsonl", "comparator", "inspect")


def add(commands: Commands) -> None:
    group = commands.add_parser("evaluations", help="evaluations that were made: list, test, name, export")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    command(actions, "list", _list, "all evaluations, newest first")
    show = command(actions, "show", _show, "paired tests, parts and conditions of one; of two: against each other")
    name = command(actions, "name", _name, "call one something, and keep notes on it")
    export = command(actions, "export", _export, "write the answers for other programs")
    report = command(actions, "report", _report, "one page that needs nothing else: to read, send and print")
    report.add_argument("--out", type=Path, required=True, help="HTML file")
    capable = command(
        actions, "capable", _capable, "likelihood of held-out helpful answers, and drift (asks the model)"
    )
    capable.add_argument(
        "--dataset", default="", help="whose helpful rows; hash, or its beginning (default: the newest)"
    )
    for parser in (show, name, export, report, capable):
        parser.add_argument("evaluation", help="id (or its beginning), or `latest`")
    show.add_argument("--against", help="another evaluation: each model against itself there")
    name.add_argument("--name", dest="called", help="empty: none (default: what it is called now)")
    name.add_argument("--notes", help="empty: none (default: those that are kept)")
    export.add_argument("--kind", choices=_FORMS, default="jsonl")
    export.add_argument("--out", type=Path, required=True)


def _list(parsed: Arguments) -> int:
    with opened_store(parsed) as store:
        found = store.evaluations()
    for one in found:
        variants = ", ".join(dict.fromkeys(result.variant for result in one.results))
        print(f"{one.id[:12]}  {one.created_at[:16]}  {one.answers:,} answers  {variants}  {one.name}".rstrip())
    return 0


def _show(parsed: Arguments) -> int:
    from cai_ui.compare.answer_table import AnswerTable
    from cai_ui.compare.paired import against_other, paired_tests

    with opened_store(parsed) as store:
        table = AnswerTable(store.answers_in_order(find_head(store, parsed.evaluation).id))
        if parsed.against:
            other = AnswerTable(store.answers_in_order(find_head(store, parsed.against).id))
            tests = against_other(table, other)
            if not tests:
                raise InputError(
                    "The two evaluations have no model and request in common.",
                    next_step="Choose two that asked the same set.",
                )
            print("\n".join(test_lines(tests)))
            return 0
    print("\n".join([*test_lines(paired_tests(table)), *part_lines(table)]))
    return 0


def _name(parsed: Arguments) -> int:
    """What no flag is given for stays as it is."""
    from cai_ui.pipeline.compare.answers import checked_name

    if parsed.called is None and parsed.notes is None:
        raise InputError(
            "Neither a name nor notes are given.",
            kept="Nothing was changed.",
            next_step="Give --name, --notes or both.",
        )
    with opened_store(parsed) as store:
        head = find_head(store, parsed.evaluation)
        name, notes = checked_name(
            head.name if parsed.called is None else parsed.called, head.notes if parsed.notes is None else parsed.notes
        )
        store.name_evaluation(head.id, name, notes)
    print(f"{head.id[:12]}  name: {name or '(none)'}  notes: {notes or '(none)'}")
    return 0


def _export(parsed: Arguments) -> int:
    from cai_ui.compare.answer_files import FORMS

    with opened_store(parsed) as store:
        head = find_head(store, parsed.evaluation)
        rows = [{**row, "place": place} for place, row in enumerate(store.answers_in_order(head.id))]
    content = FORMS[parsed.kind].write(head, rows, {})
    try:
        parsed.out.write_bytes(content)
    except OSError as error:
        raise InputError(f"The file {parsed.out} cannot be written ({error.strerror}).") from None
    print(f"{len(rows)} answers")
    return 0


def _report(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare.report import report_html

    check_out(parsed.out)
    with opened_store(parsed) as store:
        write_text(parsed.out, report_html(store, find_head(store, parsed.evaluation).id))
    print(f"Report: {parsed.out}")
    return 0


def _capable(parsed: Arguments) -> int:
    from cai_ui.pipeline.compare import capability

    with opened_again(parsed) as services:
        head, progress = find_head(services.store, parsed.evaluation), Progress()
        dataset = find_dataset(services, parsed.dataset) if parsed.dataset else ""
        loaded(services)
        for step in capability.measure_capability(services, head.id, chosen=dataset):
            progress.show(step.done, step.total, "weighed")
        kept, drift = capability.kept_of(services, head.id), capability.drift_of(services, head.id)
        print(f"helpful rows held out of dataset {capability.kept_dataset(services, head.id)[:12]}")
    for one in kept:
        lost = f"less than the base {_mean_words(one.lost)}  KL {_mean_words(one.divergence)}"
        print(f"{one.variant}  log-probability per token {_mean_words(one.references)}  {lost}")
    for line in drift:
        tokens = "unknown" if line.tokens is None else f"{line.tokens:.0f}"
        repeated = "unknown" if line.repetition is None else f"{line.repetition:.1%}"
        print(f"{line.variant}  tokens {tokens}  repeated {repeated}  in circles {share_words(line.circles)}")
    return 0


def _mean_words(mean: Mean) -> str:
    if mean.value is None:
        return "undefined"
    interval = "" if mean.low is None or mean.high is None else f" [{mean.low:.3f}, {mean.high:.3f}]"
    return f"{mean.value:.3f}{interval} of {mean.units}"


def test_lines(tests: Sequence[PairedTest]) -> Iterator[str]:
    """A line for each paired test."""
    for test in tests:
        found = test.difference
        interval = "" if found.low is None or found.high is None else f" [{found.low:+.1%}, {found.high:+.1%}]"
        value = found.why if found.value is None else f"{found.value:+.1%}{interval}"
        p = "no p-value" if test.p is None or test.p_holm is None else f"p {test.p:.2g}, Holm {test.p_holm:.2g}"
        yield (
            f"{test.kind} {test.measure}  {test.first} -> {test.second}  {value} of {test.pairs}; only the first "
            f"{test.only_first}, only the second {test.only_second}; {p}; {test.left_out} left out"
        )


def part_lines(table: AnswerTable) -> Iterator[str]:
    """A line for each part, model and kind of request; conditions are parts."""
    from cai_ui.compare.paired import MEASURE_OF, results_in

    for part in table.parts():
        for result in results_in(table, part):
            measure = MEASURE_OF[result.kind]
            named = f"{part[0]} {part[1] or '(none)'}"
            yield f"{named}  {result.variant}  {result.kind}  {measure} {share_words(getattr(result, measure))}"
