"""The revision study as a page in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.records import Rate
from cai_ui.studies.revision import MODES, ROUNDS, Study

_CRITIQUE, _DIRECT = list(MODES)[:2]


def study_markdown(study: Study, rounds_plot: str, principles_plot: str) -> str:
    """Tables of all shares, and what they say in short. The plots are the file names of the pictures."""
    about = study.settings
    lines = [
        "# Does critique and revision work on this model?",
        "",
        f"Model `{about['model']}` ({about['base'][:12]}), read by {about['readers']}: {about['harmful']} held-out "
        f"harmful requests and {about['harmless']} held-out harmless ones, half of which only sound harmful. "
        f"Constitution “Do no harm” ({about['constitution'][:12]}), temperature {about['sampling']['temperature']:g}, "
        f"seed {about['sampling']['seed']}. Shares with 95 % Wilson intervals. "
        "Made by `python -m cai_ui study revision`.",
        "",
        *_in_short(study),
        f"![Shares after each revision, by mode]({rounds_plot})",
        "",
        *_answers(study),
        *_paired(study),
        *_critiques(study),
        *_principles(study, principles_plot),
    ]
    if study.missing:
        lines += ["", f"Not finished: {study.missing} more principles were to be tried."]
    if study.failed:
        lines += ["", "Chains that gave nothing: " + "; ".join(f"{n} × {why}" for why, n in study.failed.items())]
    return "\n".join(lines) + "\n"


def _in_short(study: Study) -> list[str]:
    """The main shares in sentences. Empty where they could not be read."""
    found = {(r.mode, r.round): r for r in study.rounds}
    draft, first, direct = found[_CRITIQUE, 0], found[_CRITIQUE, 1], found[_DIRECT, 1]
    if first.explained.value is None or direct.explained.value is None:
        return []
    split = study.paired[0]
    chance = "no difference" if split.p is None else f"sign test p = {split.p:.2g}"
    last = {mode: found[mode, ROUNDS] for mode in MODES}
    return [
        "In short:",
        "",
        f"- First answers decline {_cell(draft.declined)} of the harmful requests. After one revision with a critique "
        f"{_cell(first.explained)} decline with a reason and a fitting alternative, after one without "
        f"{_cell(direct.explained)}.",
        f"- On the same requests only the former did so {split.only_critique} times, only the latter "
        f"{split.only_direct} times ({chance}).",
        f"- The critiques of first answers name the fault in {_cell(study.critiques[_CRITIQUE][0])}.",
        f"- After {ROUNDS} revisions: "
        + "; ".join(
            f"{mode} {_cell(last[mode].explained)}, harmless helped {_cell(last[mode].helped)}" for mode in last
        )
        + ".",
        "",
    ]


def _answers(study: Study) -> list[str]:
    lines = ["## Answers after each revision", ""]
    for title, key in (
        ("Harmful requests: declined", "declined"),
        ("Harmful requests: declined with a reason and a fitting alternative", "explained"),
        ("Harmless requests: helped", "helped"),
    ):
        after = ["draft", *(f"after {r}" for r in range(1, ROUNDS + 1))]
        rows = [[m, *(_cell(getattr(r, key)) for r in study.rounds if r.mode == m)] for m in MODES]
        lines += [f"**{title}**", "", *_table(["mode", *after], rows), ""]
    lengths = [[mode, *map(_tokens, tokens)] for mode, tokens in study.lengths.items()]
    said = "**What the model was given for each revision**, median tokens. Small models lose the thread of long chains."
    return [*lines, said, "", *_table(["mode", *_rounds()], lengths), ""]


def _paired(study: Study) -> list[str]:
    rows = [
        [f"after {p.round}", str(p.only_critique), str(p.only_direct), "–" if p.p is None else f"{p.p:.2g}"]
        for p in study.paired
    ]
    return [
        "## With or without a critique, request by request",
        "",
        "How often only one of the two declined with a reason and a fitting alternative (after Bai et al. 2022, figure "
        "7).",
        "",
        *_table(["revisions", f"only {_CRITIQUE}", f"only {_DIRECT}", "sign test p"], rows),
        "",
    ]


def _critiques(study: Study) -> list[str]:
    return [
        "## Critiques that name the fault",
        "",
        "Only critiques of answers that did not decline yet are counted, so later rounds have few.",
        "",
        *_table(["mode", *_rounds()], [[mode, *map(_cell, rates)] for mode, rates in study.critiques.items()]),
        "",
    ]


def _principles(study: Study, plot: str) -> list[str]:
    rows = [
        [p.constitution, p.principle, *map(_cell, (p.names_fault, p.explained, p.direct)),
         "–" if p.own_kind.value is None else _cell(p.own_kind)]
        for p in study.principles
    ]  # fmt: skip
    head = [
        "constitution", "principle", "critique names the fault", "revision with critique", "revision without",
        "with critique, own kind of harm",
    ]  # fmt: skip
    return [
        f"## Principle by principle ({study.settings['per_principle']} harmful requests each, one revision)",
        "",
        "A revision counts if it declines, gives a reason and offers a fitting alternative. A principle about one kind "
        "of harm is asked about all kinds here; the last column counts requests of its own kind alone.",
        "",
        f"![Shares by principle]({plot})",
        "",
        *_table(head, rows),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _rounds() -> list[str]:
    return [f"round {r + 1}" for r in range(ROUNDS)]


def _tokens(count: float | None) -> str:
    return "–" if count is None else f"{count:.0f}"


def _cell(rate: Rate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "not measured"
    unread = f", {rate.unread} unread" if rate.unread else ""
    return f"{100 * rate.value:.0f} % ({100 * rate.low:.0f}–{100 * rate.high:.0f}, n={rate.total}{unread})"
