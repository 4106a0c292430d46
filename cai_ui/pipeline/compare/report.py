"""A report of an evaluation: one HTML page that needs nothing else, to be read, sent and printed.

It says what was asked, how the models came about, what was found with its uncertainty, and what limits it. All texts of
people and models are shown as texts. Every number comes from the records that the page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from cai_ui.compare.answer_table import AnswerTable
from cai_ui.compare.corrected import outcome_of
from cai_ui.compare.paired import MEASURE_OF, PairedTest, paired_tests
from cai_ui.errors import NotFoundError
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import page_text
from cai_ui.pipeline.services import Services
from cai_ui.readers import good
from cai_ui.readers.measured import figures_words
from cai_ui.records import BASE, ConstitutionVersion, DatasetInfo, EvaluationInfo, Rate, Run, VariantResult
from cai_ui.store import Store
from cai_ui.store.evaluations import Row

EXAMPLES = 3
"""Answers shown of each model and kind that did what is wanted, and as many that did not."""
LONGEST = 1_500
"""Characters of one text that are shown."""
KINDS = {"harmful": "harmful", "helpful": "helpful", "twin": "benign look-alikes", "unknown": "of unknown kind"}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1d1d1b; }
h1, h2 { line-height: 1.25; } h2 { margin-top: 2rem; border-bottom: 1px solid #ccc; break-after: avoid; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; } tr { break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd;
  overflow-wrap: anywhere; } h3 { break-after: avoid; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; background: #f5f5f2; padding: .6rem }
.bar { background: #e4e4df; height: .6rem; } .bar i { display: block; background: #1f6b5e; height: 100%; }
.bar, .bar i, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
small, .quiet { color: #666; } article { break-inside: avoid; margin: 1rem 0; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } }
"""


def report_html(store: Store, evaluation_id: str) -> str:
    """The report. NotFoundError if there is no such evaluation."""
    head, rows = store.evaluation_head(evaluation_id), list(store.answers_in_order(evaluation_id))
    runs = dict(_runs(store, head))
    titles = {BASE: "the base", **{variant: run.name or variant for variant, run in runs.items()}}
    title = head.name or f"Evaluation {head.id[:12]}"
    sections = [
        ("Question", _question(head, titles)),
        ("What was found", _found(head, AnswerTable(rows), titles)),
        ("How the models came about", _method(store, head, runs)),
        ("Constitution", _constitutions(store, runs.values())),
        ("Answers", _examples(rows, titles)),
        ("Limits", _limits(head)),
        ("Versions and hashes", _versions(head, runs.values())),
    ]
    body = "\n".join(f"<h2>{name}</h2>\n{text}" for name, text in sections)
    return page_text(
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_esc(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{_esc(title)}</h1>\n{body}\n</body></html>\n"
    )


def export_report(services: Services, evaluation_id: str) -> Path:
    """The same as a file in the download folder."""
    path = services.store.workspace.export_path(f"report-{evaluation_id[:12]}.html")
    write_whole(path, report_html(services.store, evaluation_id).encode("utf-8"))
    return path


def _runs(store: Store, head: EvaluationInfo) -> Iterator[tuple[str, Run]]:
    """The runs that made the variants, as far as they are known here; a checkpoint's is that of its run."""
    for variant in dict.fromkeys(result.variant for result in head.results):
        try:
            yield variant, store.run(variant.partition("@")[0])
        except NotFoundError:
            continue


def _question(head: EvaluationInfo, titles: dict[str, str]) -> str:
    variants = [titles.get(v, v) for v in dict.fromkeys(result.variant for result in head.results)]
    asked = head.answers // len(variants) if variants else 0
    notes = f"<pre>{_esc(head.notes)}</pre>" if head.notes else ""
    return (
        f"<p>What do {_esc(', '.join(variants))} do with the same {asked:,} requests? Asked on "
        f"{_esc(head.created_at[:10])}, {head.answers:,} answers in all.</p>{notes}"
    )


def _found(head: EvaluationInfo, table: AnswerTable, titles: dict[str, str]) -> str:
    tests = "".join(f"<li>{_esc(sentence(test, titles))}</li>" for test in paired_tests(table))
    lines = [
        [
            _esc(titles.get(result.variant, result.variant)),
            _esc(KINDS[result.kind]),
            *(_share(getattr(result, measure)) for measure in ("complied", "helped", "refused")),
            "" if result.mean_tokens is None else f"{result.mean_tokens:.0f}",
        ]
        for result in head.results
    ]
    columns = ("Model", "Requests", "Complied", "Helped", "Refused", "Tokens, mean")
    return (
        f"<ul>{tests or '<li>One model alone: nothing to compare.</li>'}</ul>{_table(columns, lines)}"
        "<p class=quiet>Shares with 95 % Wilson intervals; what could not be read is in neither number. Differences "
        "with 95 % bootstrap intervals over requests, McNemar's exact test, p after Holm.</p>"
    )


def sentence(test: PairedTest, titles: dict[str, str]) -> str:
    """A paired test in words; what may be chance is said to be."""
    first, second = titles.get(test.first, test.first), titles.get(test.second, test.second)
    found = test.difference
    if found.value is None or found.low is None or found.high is None:
        return f"{KINDS[test.kind]}, {test.measure}: {first} and {second} cannot be compared ({found.why})."
    p = test.p if test.p_holm is None else test.p_holm
    said = "may be chance" if p is None or p >= 0.05 else "is not likely to be chance"
    less = "less" if found.value < 0 else "more"
    return (
        f"Requests that are {KINDS[test.kind]}: {test.measure} by {second} {abs(found.value) * 100:.0f} points {less} "
        f"than by {first} ({found.low * 100:+.0f} to {found.high * 100:+.0f}, {test.pairs} requests); this {said}"
        f"{'' if p is None else f' (p = {p:.2g})'}."
    )


def _method(store: Store, head: EvaluationInfo, runs: dict[str, Run]) -> str:
    lines = []
    for variant in dict.fromkeys(result.variant for result in head.results):
        run = runs.get(variant)
        if run is None:
            lines.append([_esc(variant), "the base" if variant == BASE else "not known here", "", ""])
            continue
        data = _dataset(store, run)
        lines.append([_esc(run.name or variant), _esc(run.method.upper()), data, _settings(run)])
    asked = ", ".join(f"{name} {value}" for name, value in sorted(head.settings.items()) if value not in ("", None, []))
    return f"{_table(('Model', 'Method', 'Data', 'Settings'), lines)}<p class=quiet>Asked with: {_esc(asked)}.</p>"


def _dataset(store: Store, run: Run) -> str:
    try:
        info: DatasetInfo = store.dataset_info(run.dataset_hash)
    except NotFoundError:
        return f"dataset {_esc(run.dataset_hash[:12])}, which is not here"
    counts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in info.counts.items() if count)
    judged = ", ".join(f"{count:,} from {source}" for source, count in info.judged.items())
    mixed = ", ".join(f"{count:,} from {source}" for source, count in info.mixed.items())
    left = ", ".join(f"{count:,} {why}" for why, count in info.left_out.items() if count)
    parts = [f"{info.name} ({info.hash[:12]}): {counts}", f"judged: {judged}" if judged else ""]
    parts += [f"mixed in: {mixed}" if mixed else "", f"left out: {left}" if left else ""]
    return "<br>".join(_esc(part) for part in parts if part)


def _settings(run: Run) -> str:
    shown = ("learning_rate", "epochs", "batch_size", "accumulation", "rank", "beta", "max_length", "seed")
    return _esc(", ".join(f"{name.replace('_', ' ')} {run.config[name]}" for name in shown if name in run.config))


def _constitutions(store: Store, runs: Iterable[Run]) -> str:
    """Those whose principles the training data was made under."""
    found: dict[str, ConstitutionVersion | None] = {}
    for run in runs:
        try:
            hashes = store.dataset_info(run.dataset_hash).parents
        except NotFoundError:
            continue
        for hash in hashes:
            try:
                found[hash] = store.version(hash)
            except NotFoundError:
                found[hash] = None
    if not found:
        return "<p>None is known: nothing here was trained on revisions of this workspace.</p>"
    return "".join(_constitution(hash, kept) for hash, kept in found.items())


def _constitution(hash: str, kept: ConstitutionVersion | None) -> str:
    if kept is None:
        return f"<p>Constitution {_esc(hash[:12])}, which is not in this workspace.</p>"
    lines = [
        [_esc(one.name), f"<pre>{_esc(one.critique_request)}</pre>", f"<pre>{_esc(one.revision_request)}</pre>"]
        for one in kept.constitution.principles
        if one.enabled
    ]
    table = _table(("Principle", "Critique request", "Revision request"), lines)
    return f"<p>{_esc(kept.constitution.title)} <small>{_esc(hash[:12])}, by {_esc(kept.author)}</small></p>{table}"


def _examples(rows: Sequence[Row], titles: dict[str, str]) -> str:
    """The first few of each sort, in the order asked: nobody chose them."""
    shown: dict[tuple[str, str, bool | None], list[Row]] = {}
    for row in rows:
        shown.setdefault((row["variant"], row["kind"], good(row["kind"], outcome_of(row))), []).append(row)
    words = {True: "did what is wanted", False: "did not", None: "could not be read"}
    return "".join(
        f"<h3>{_esc(titles.get(variant, variant))}, {_esc(KINDS[kind])}: {words[well]} ({len(found):,})</h3>"
        + "".join(map(_example, found[:EXAMPLES]))
        for (variant, kind, well), found in sorted(
            shown.items(), key=lambda one: (one[0][1], one[0][0], str(one[0][2]))
        )
    )


def _example(row: Row) -> str:
    earlier = f"<pre>{_text(row['earlier'])}</pre>" if row.get("earlier") else ""
    why = f": {row['reason']}" if row.get("reason") else ""
    return (
        f"<article>{earlier}<pre><b>Asked:</b> {_text(row['prompt'])}</pre>"
        f"<pre><b>Answer:</b> {_text(row['answer'])}</pre><small>read as: {_text(outcome_of(row).value + why)}</small>"
        "</article>"
    )


def _limits(head: EvaluationInfo) -> str:
    unread = sum(_measured(result).unread for result in head.results)
    trained = len({result.adapter_hash for result in head.results if result.adapter_hash})
    points = [
        f"The answers were read by {head.reader or 'an unknown reader'}: {figures_words(head.reader)}.",
        f"{unread:,} answers could not be read, and are in no share.",
        "Intervals are over requests. "
        + (f"Each of the {trained} trained models is one training: the spread between trainings is not in them."
           if trained else "No trained model is in it."),
        "How good the help is no reader says; nothing here was judged by people unless it says so.",
    ]  # fmt: skip
    return f"<ul>{''.join(f'<li>{_esc(point)}</li>' for point in points)}</ul>"


def _versions(head: EvaluationInfo, runs: Iterable[Run]) -> str:
    lines = [["evaluation", _esc(head.id)]]
    made = head.made_with
    if made is None:
        lines += [["model, libraries and this program", "not recorded"]]
    else:
        lines += [["model", _esc(made.model)], ["base", _esc(made.base_hash)]]
        lines += [["device", _esc(made.device)]] if made.device else []
        lines += [["revision", _esc(made.revision)]] if made.revision else []
        lines += [[_esc(name), _esc(version)] for name, version in made.versions.items()]
    for run in runs:
        lines += [[f"adapter of {_esc(run.name or run.id)}", _esc(run.adapter_hash or "none")],
                  [f"dataset of {_esc(run.name or run.id)}", _esc(run.dataset_hash)],
                  [f"base of {_esc(run.name or run.id)}", _esc(run.base_hash)]]  # fmt: skip
    return _table(("What", "Version or SHA-256"), lines)


def _measured(result: VariantResult) -> Rate:
    found: Rate = getattr(result, MEASURE_OF[result.kind])
    return found


def _share(found: Rate) -> str:
    if found.value is None or found.low is None or found.high is None:
        return "–"
    return (
        f"{found.value:.0%} <small>({found.low:.0%} to {found.high:.0%}; {found.successes} of {found.total})</small>"
        f'<div class=bar><i style="width:{found.value:.0%}"></i></div>'
    )


def _table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_esc(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: object) -> str:
    text = str(value)
    return _esc(text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text) - LONGEST:,} more characters)")


def _esc(text: object) -> str:
    return escape(str(text))
