"""All checks over some rows, and what they found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cai_ui.curate.lint import pairs, private, repeats, sense, wording
from cai_ui.curate.lint.repeats import Corpus, Found
from cai_ui.curate.lint.rows import LintFinding, LintRow, Weight


@dataclass(frozen=True)
class Check:
    """One check: what a find is called, how much it weighs, and what to do about it."""

    title: str
    weight: Weight
    run: Callable[[Corpus], Found]
    advice: str


CHECKS: dict[str, Check] = {
    "empty": Check("Empty answer", "error", wording.empty, "Reject these."),
    "identical-pair": Check(
        "Chosen equals rejected", "error", pairs.identical_pair, "They give no pair; nothing is to be done."
    ),
    "both-sides": Check(
        "Held-out request is learnt", "error", sense.both_sides, "Freeze again with near-duplicates kept on one side."
    ),
    "secret": Check("Key or password", "error", private.secrets, "Reject or edit these before anything is published."),
    "leaked-topic": Check(
        "Subject nobody asked for", "error", repeats.leaked_topic,
        "Typical of a few-shot example that leaked into the answers: reject these, and change the example.",
    ),
    "same-answer": Check(
        "One answer to many requests", "warning", repeats.same_answer, "Keep the ones that answer; reject the rest."
    ),
    "duplicate": Check("Duplicate row", "warning", repeats.same_rows, "Reject all but one."),
    "near-duplicate": Check("Nearly a duplicate", "warning", repeats.similar_rows, "Keep the better one."),
    "role-label": Check("Speaker's name in the answer", "warning", wording.role_labels, "Edit them out."),
    "talks-of-revision": Check(
        "Speaks of being revised", "warning", wording.talks_of_revision, "Edit the sentence out."
    ),
    "unchanged": Check("Revision changed nothing", "warning", pairs.unchanged, "Skip it: there is no pair in it."),
    "truncated": Check("Cut off", "warning", wording.truncated, "Finish the sentence or reject."),
    "personal": Check("Personal data", "warning", private.personal, "Look whether a real person is meant."),
    "language": Check("Another language", "warning", sense.languages, "Keep only what answers in the language asked."),
    "emoji": Check("Emoji", "warning", repeats.emoji, "Edit them out if they repeat: tuned models multiply them."),
    "stock-ending": Check("Stock ending", "warning", repeats.stock_endings, "Vary or cut endings that repeat."),
    "stock-opening": Check(
        "Stock opening", "note", repeats.stock_openings, "Vary the openings, or sample fewer of these rows."
    ),
    "pair-length": Check(
        "Length tells chosen from rejected", "note", pairs.pair_lengths, "Freeze with length balancing."
    ),
    "kind-length": Check(
        "Length tells the kinds apart", "note", pairs.kind_lengths, "Mix in helpful rows of a similar length."
    ),
    "off-topic": Check(
        "No word in common with the request", "note", sense.off_topic, "A weak sign: read before you reject."
    ),
    "declines": Check("Declines", "note", wording.declines, "Right for harmful requests only."),
    "speaks-as-ai": Check("Speaks of being an AI", "note", wording.speaks_as_ai, "Edit where the request did not ask."),
}  # fmt: skip
"""Every check by its code, the gravest first."""


_OF_THE_WHOLE = ("pair-length", "kind-length", "language")
"""Checks that may find something in the set without a faulty row."""


@dataclass(frozen=True)
class LintReport:
    """What all checks found in `rows` rows. `lengths`: per kind of answer the share of answers in each bar of the
    length plot; the bars begin at `edges` words."""

    rows: int
    findings: tuple[LintFinding, ...]
    lengths: dict[str, tuple[float, ...]]
    edges: tuple[int, ...] = pairs.LENGTH_EDGES

    @property
    def marks(self) -> list[tuple[str, str]]:
        """(row id, code) of everything found."""
        return [(row, finding.code) for finding in self.findings for row in finding.rows]


def lint(rows: Sequence[LintRow], only: Sequence[str] = ()) -> LintReport:
    """Run the checks (all, or those named by their codes; KeyError for an unknown one)."""
    corpus = Corpus(tuple(rows))
    findings = []
    for code in only or CHECKS:
        check = CHECKS[code]
        numbers, detail = check.run(corpus) if rows else ([], "")
        if numbers or (detail and code in _OF_THE_WHOLE):
            ids = tuple(dict.fromkeys(corpus.rows[number].id for number in numbers))
            findings.append(LintFinding(code, check.title, check.weight, ids, detail, check.advice))
    groups = pairs.length_groups(corpus)
    return LintReport(
        len(rows), tuple(findings), {name: tuple(pairs.histogram(words)) for name, words in sorted(groups.items())}
    )
