"""`curate`: examples in, datasets out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, agreement_line, check_out, command, judge_line, loaded, opened, opened_again
from cai_ui.cli.flags import Arguments, Parser, read_flags
from cai_ui.config.curate import DatasetSettings, LabelSettings
from cai_ui.curate.columns import PARTS, Columns
from cai_ui.curate.exporting import EXPORTS
from cai_ui.curate.importing import Plan
from cai_ui.curate.label_columns import Meaning, rule
from cai_ui.errors import InputError

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline import Services
    from cai_ui.statistics.agreement import Agreement

MEANINGS: dict[Meaning, str] = {
    "good": "rows with this label are accepted (also COLUMN>=NUMBER and so on; may be repeated)",
    "bad": "rows with this label are rejected",
    "other": "of two answers, the second is the better one where this label says so",
    "tie": "of two answers, neither is better",
}


def add(commands: Commands) -> None:
    group = commands.add_parser("curate", help="examples: import, accept, check, label, freeze, export")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    imported = command(actions, "import", _curate_import, "put the rows of a file into the queue")
    imported.add_argument("file", type=Path)
    imported.add_argument(
        "--skip-bad", action="store_true", help="leave out rows that do not fit (default: all or none)"
    )
    imported.add_argument("--preview", action="store_true", help="say what would come of it; import nothing")
    for part, words in PARTS.items():
        imported.add_argument(f"--{part}", metavar="COLUMN", default="", help=f"column of: {words}")
    _label_flags(imported)
    accept = command(actions, "accept", _curate_accept, "accept every open example (of a source)")
    accept.add_argument("--source", help="only examples from here")
    accept.add_argument("--rater", default="command line", help="who decides")
    freeze = command(
        actions, "freeze", _curate_freeze, "freeze what was judged as a dataset; prints its hash", DatasetSettings
    )
    freeze.add_argument("name")
    freeze.add_argument("--source", help="only examples from here")
    freeze.add_argument("--preview", action="store_true", help="say what would be frozen; keep nothing")
    export = command(actions, "export", _curate_export, "write a dataset as JSONL that TRL reads")
    export.add_argument("dataset", help="hash (or its beginning), or `latest`")
    export.add_argument("--kind", choices=list(EXPORTS), default="sft")
    export.add_argument("--out", type=Path, required=True)
    checked = command(actions, "lint", _curate_lint, "check the queue, or a frozen dataset, for faults")
    checked.add_argument("dataset", nargs="?", help="hash (or its beginning), or `latest` (default: the queue)")
    checked.add_argument("--source", help="only examples from here")
    checked.add_argument("--rows", action="store_true", help="list the ids of all rows found")
    labels = command(
        actions, "label", _curate_label, "let the model say which answer of each pair it prefers", LabelSettings
    )
    labels.add_argument("--source", help="only examples from here")
    command(actions, "agreement", _curate_agreement, "how far raters agree, with one another and with the model")
    compared = command(actions, "diff", _curate_diff, "what changed from one dataset to another")
    compared.add_argument("before", help="hash (or its beginning)")
    compared.add_argument("after", help="hash (or its beginning), or `latest`")
    push = command(actions, "push", _curate_push, "upload a dataset with its card to the Hugging Face Hub")
    push.add_argument("dataset", help="hash (or its beginning), or `latest`")
    push.add_argument("repo", help="owner/name on the Hub")
    push.add_argument("--public", action="store_true", help="let everybody see it (default: private)")


def _label_flags(imported: Parser) -> None:
    """What labels in the file mean: nothing is taken as good or bad unasked."""
    rule = "COLUMN=VALUE"
    for meaning, words in MEANINGS.items():
        imported.add_argument(f"--{meaning}", metavar=rule, action="append", default=[], help=words)
    imported.add_argument(
        "--ignore", metavar="COLUMN", action="append", default=[], help="leave the labels of a column aside"
    )
    imported.add_argument("--ignore-labels", action="store_true", help="leave all other labels aside")


def _plan(parsed: Arguments) -> Plan:
    named = Columns(**{part: getattr(parsed, part) for part in PARTS})
    rules = tuple(rule(text, meaning) for meaning in MEANINGS for text in getattr(parsed, meaning))
    return Plan(None if named == Columns() else named, rules, frozenset(parsed.ignore), parsed.ignore_labels)


def _curate_import(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import imports

    plan, name = _plan(parsed), parsed.file.name
    with opened(parsed, load=False) as services:
        if parsed.preview:
            seen = imports.preview_import(services, parsed.file, name, plan)
            refused = imports.refusal(seen, name, parsed.skip_bad)
            new = "" if refused else f"; {seen.new:,} new in the queue, {seen.known:,} there already"
            print(f"{imports.account(seen.report)}{new}")
            if refused:
                print(f"As it stands nothing would be imported: {refused.what} {refused.next_step}")
            for use in seen.report.uses:
                print(f"  column {use.name}: {imports.fate(use)} ({use.filled:,} filled)")
            for one in seen.report.labels:
                print(f"  labels in {one.name}: {one.words}")
        else:
            done = imports.import_file(services, parsed.file, name, plan, parsed.skip_bad)
            seen = done.preview
            judged = "".join(f", {count:,} judged by their labels: {said}" for said, count in done.judged.items())
            print(
                f"{imports.account(seen.report)}; {done.added:,} new in the queue, {seen.known:,} there already{judged}"
            )
            print(f"{done.corrected:,} corrected") if done.corrected else None
    for remark in imports.remarks(seen):
        print(f"  {remark}", file=sys.stderr)
    for line, reason in seen.report.bad_rows:
        print(f"  line {line}: {reason}", file=sys.stderr)
    return 0


def _curate_accept(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import queue
    from cai_ui.store import QueueFilter

    with opened_again(parsed) as services:
        queue.check_source(services, parsed.source)
        print(queue.decide_open(services, QueueFilter("open", source=parsed.source), "accept", parsed.rater))
    return 0


def _curate_freeze(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import datasets
    from cai_ui.store import QueueFilter

    settings = read_flags(DatasetSettings, parsed)
    with opened_again(parsed) as services:
        filter = QueueFilter("done", source=parsed.source)
        if parsed.preview:
            seen = datasets.preview_dataset(services, parsed.name, settings, filter)
            info, mixed = seen.info, seen.mixed
            print(datasets.disputed_words(seen.disputed) or "No example is disputed.", file=sys.stderr)
        else:
            info, mixed = datasets.freeze_dataset(services, parsed.name, settings, "command line", filter), ()
    print(datasets.headline(info)[0], file=sys.stderr)
    print(info.hash or "Nothing was frozen: this is a preview.")
    for row in mixed:
        print(
            f"  mixed in, for instance: {row.conversation[-1].content[:60]!r} -> {row.answer[:60]!r}", file=sys.stderr
        )
    for name, count in {**info.counts, **info.left_out}.items():
        print(f"  {count} {name.replace('_', ' ')}", file=sys.stderr)
    return 0


def _curate_export(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate.datasets import write_export

    check_out(parsed.out)
    with opened_again(parsed) as services:
        write_export(services, find_dataset(services, parsed.dataset), parsed.kind, parsed.out)
    return 0


def _curate_lint(parsed: Arguments) -> int:
    """0 whatever is found, since findings are for people to judge."""
    from cai_ui.pipeline.curate import linting
    from cai_ui.pipeline.curate.queue import check_source
    from cai_ui.store import QueueFilter

    with opened_again(parsed) as services:
        if parsed.dataset:
            report = linting.lint_dataset(services, find_dataset(services, parsed.dataset))
        else:
            check_source(services, parsed.source)
            report = linting.lint_queue(services, QueueFilter("all", source=parsed.source))
    print(f"{report.rows} rows checked, {len(report.findings)} kinds of findings")
    for finding in report.findings:
        print(f"{finding.weight:8}{finding.code} ({len(finding.rows)}): {finding.detail}")
        if parsed.rows:
            for row in finding.rows:
                print(f"        {row}")
    return 0


def _curate_label(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate.labels import label_pairs
    from cai_ui.pipeline.curate.queue import check_source
    from cai_ui.store import QueueFilter

    settings = read_flags(LabelSettings, parsed)
    with opened_again(parsed, judge=settings.judge) as services:
        check_source(services, parsed.source)
        settings = settings.model_copy(update={"judge": services.settings.judge})
        loaded(services)
        judge_line(services, settings.judge, ["pairs"], settings.reasoning)
        last, progress = None, Progress()
        for last in label_pairs(services, settings, QueueFilter("all", source=parsed.source)):
            progress.show(last.done, last.total)
    if last is None:
        print("Every pair is labelled already.")
        return 0
    bias = "" if last.order_bias is None else f", order bias {last.order_bias:+.3f}"
    print(f"{last.done} pairs asked about, {last.unread} without a preference{bias}")
    return 0


def _curate_agreement(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import agreement

    with opened_again(parsed) as services:
        report = agreement.measure_agreement(services)
    rows: list[tuple[str, Agreement]] = [("all raters", report.overall)]
    rows += [(f"principle {id}", found) for id, found in report.per_principle]
    rows += [(f"{one} and {other}", found) for one, other, found in report.per_pair]
    rows += [("people and model", report.with_model)]
    rows += [(f"{rater} and model", found) for rater, found in report.per_rater_with_model]
    for name, found in rows:
        print(agreement_line(name, found, "examples"))
    return 0


def _curate_diff(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import datasets

    with opened_again(parsed) as services:
        before, after = find_dataset(services, parsed.before), find_dataset(services, parsed.after)
        found = datasets.dataset_changes(services, before, after)
    for name, changed, kept in (("rows", found.rows, found.kept_rows), ("pairs", found.pairs, found.kept_pairs)):
        added = sum(change.before is None for change in changed)
        removed = sum(change.after is None for change in changed)
        edited = len(changed) - added - removed
        print(f"{name}: {added} added, {removed} removed, {edited} changed, {kept} kept")
    print(f"requests that changed the side of the split: {found.moved}")
    for name, (old, new) in found.settings.items():
        print(f"{name.replace('_', ' ')}: {old} -> {new}")
    return 0


def _curate_push(parsed: Arguments) -> int:
    from cai_ui.pipeline.curate import hub

    with opened_again(parsed) as services:
        print(hub.push_dataset(services, find_dataset(services, parsed.dataset), parsed.repo, public=parsed.public))
    return 0


def find_dataset(services: Services, named: str) -> str:
    """The hash of the dataset of this name or with this beginning, or of the newest one for `latest`."""
    infos = services.store.datasets()
    for info in infos:
        if named == "latest" or (len(named) >= 6 and info.hash.startswith(named)):
            return info.hash
    called = [info for info in infos if info.name == named]
    if len(called) == 1:
        return called[0].hash
    known = ", ".join(f"{info.hash[:8]} ({info.name})" for info in (called or infos)[:8])
    if called:
        step = f"Name one by its hash: {known}."
        raise InputError(f"{len(called)} datasets are called {named[:80]!r}.", next_step=step)
    step = f"There are: {known}." if known else "Freeze one: python -m cai_ui curate freeze NAME."
    raise InputError(f"There is no dataset {named[:80]!r}.", next_step=step)
