"""A dataset's card: what is in it, where it is from, who judged it, how well they agree, and what the checks found.

Markdown with the head that the Hugging Face Hub reads. The same state gives the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cai_ui.curate.lint import LintReport
from cai_ui.formats.writing import plain_line, yaml_text
from cai_ui.records import Constitution, Dataset
from cai_ui.statistics.agreement import Agreement

_MANY = 12


@dataclass(frozen=True)
class CardFacts:
    """What is known of a dataset beside its rows. `raters` counts decisions by name, `licences` are those of its
    sources as far as they are known."""

    constitutions: Sequence[Constitution]
    raters: Mapping[str, int]
    agreement: Agreement | None
    lint: LintReport
    licences: Mapping[str, str]


def card_markdown(dataset: Dataset, facts: CardFacts, files: Mapping[str, str] | None = None) -> str:
    """The card as README.md of the dataset. `files` are those beside it by the name under which each is loaded: they
    have other columns, and the Hub would take all for one table."""
    parts = [
        _head(dataset, facts, files or {}),
        f"# {plain_line(dataset.name)}",
        "Training rows (SFT) and preference pairs (DPO) from critiques and revisions under written principles, "
        "judged by people. Made with cai-ui.",
        f"Content hash: `{dataset.hash}`",
        _counts(dataset),
        _sources(dataset, facts),
        _principles(facts),
        _people(facts),
        _checks(facts.lint),
        _settings(dataset),
    ]
    return "\n\n".join(parts) + "\n"


def _head(dataset: Dataset, facts: CardFacts, files: Mapping[str, str]) -> str:
    licences = {facts.licences.get(row.source, "other") for row in (*dataset.sft_train, *dataset.sft_eval)}
    head = {
        "pretty_name": " ".join(dataset.name.split()),
        "license": licences.pop().lower() if len(licences) == 1 else "other",
        "tags": ["constitutional-ai", "preference", "sft"],
    }
    configs = [{"config_name": name, "data_files": file} for name, file in files.items()]
    return f"---\n{yaml_text(head | ({'configs': configs} if configs else {}))}---"


def _counts(dataset: Dataset) -> str:
    rows = [
        ("Rows (SFT)", len(dataset.sft_train), len(dataset.sft_eval)),
        ("Pairs (DPO)", len(dataset.pairs_train), len(dataset.pairs_eval)),
    ]
    lines = ["## What is in it", "", "| | training | held out |", "|---|---|---|"]
    lines += [f"| {name} | {train:,} | {held_out:,} |" for name, train, held_out in rows]
    soft = sum(pair.soft is not None for pair in dataset.pairs_train)
    if soft:
        lines += ["", f"{soft:,} pairs carry a soft label of a model."]
    if dataset.left_out:
        lines += ["", "Left out: " + "; ".join(f"{n:,} {reason}" for reason, n in dataset.left_out.items()) + "."]
    return "\n".join(lines)


def _sources(dataset: Dataset, facts: CardFacts) -> str:
    counted = Counter(row.source for row in (*dataset.sft_train, *dataset.sft_eval))
    lines = ["## Sources", ""]
    for source, number in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:_MANY]:
        licence = facts.licences.get(source)
        lines.append(
            f"- {plain_line(source) or 'not named'}: {number:,} rows"
            + (f", {licence}" if licence else ", licence not known")
        )
    return "\n".join(lines)


def _principles(facts: CardFacts) -> str:
    lines = ["## Principles", ""]
    for constitution in facts.constitutions:
        names = [p.name for p in constitution.principles if p.enabled]
        more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
        named = plain_line(", ".join(names[:_MANY]))
        lines.append(f"- {plain_line(constitution.title)} (`{constitution.hash[:12]}`): {named}{more}")
    return "\n".join(lines) if facts.constitutions else "## Principles\n\nNot known."


def _people(facts: CardFacts) -> str:
    named = ", ".join(f"{plain_line(name)} {number:,}" for name, number in sorted(facts.raters.items())) or "nobody"
    found = facts.agreement
    if found is None or found.value is None:
        said = f"undefined: {found.why}" if found is not None else "not measured"
    else:
        interval = f" (95 % interval {found.low:.2f} to {found.high:.2f})" if found.low is not None else ""
        said = f"Krippendorff's alpha {found.value:.2f}{interval} over {found.units:,} examples judged twice"
        said += f"; {found.why}" if found.why else ""
    return f"## Who judged it\n\nDecisions by rater: {named}.\n\nAgreement: {said}."


def _checks(report: LintReport) -> str:
    lines = ["## What the data checks found", ""]
    for finding in report.findings:
        count = f"{len(finding.rows):,} rows" if finding.rows else "the whole set"
        lines.append(f"- **{finding.title}** ({finding.weight}, {count}): {plain_line(finding.detail)}")
    return "\n".join(lines) if report.findings else "## What the data checks found\n\nNothing."


def _settings(dataset: Dataset) -> str:
    lines = [
        f"- {name.replace('_', ' ')}: {plain_line(str(value)) or 'none'}"
        for name, value in sorted(dataset.settings.items())
    ]
    return "\n".join(["## Settings", "", *lines])
