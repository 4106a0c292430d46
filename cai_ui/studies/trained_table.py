"""What training makes of the model over several seeds, as one table in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.records import BASE, Rate
from cai_ui.statistics import rate
from cai_ui.studies.trained import TrainedReport

VARIANTS = {
    BASE: "base, untrained",
    "sft without helpful rows": "SFT on revisions alone",
    "sft": "SFT with helpful rows",
    "dpo from base": "DPO from the base",
    "dpo from sft": "SFT, then DPO",
}
COLUMNS = {
    "complies with harmful requests": "harmful: complies",
    "keeps the helpful answers of the base": "helpful: help of the base kept",
    "helps with benign look-alikes": "twins: helps",
    "refuses benign look-alikes": "twins: refuses",
}


def trained_table(reports: Sequence[TrainedReport], n: int) -> str:
    """Rows are variants, columns what was measured: pooled over the seeds with its 95 % Wilson interval, and the lowest
    and highest seed. `n` is the number of prompts of each kind and seed."""
    shares = [{m.name: m.share for m in report.measures} for report in reports]
    lines = [
        "# What training makes of the embedded model",
        "",
        f"{len(reports)} seeds, {n} held-out prompts of each kind and seed, greedy answers, read by the rules of the "
        "miniature world. Each share is pooled over the seeds, with its 95 % Wilson interval, and then the lowest and "
        "highest seed. The interval takes answers for independent; the spread over seeds shows what it leaves out.",
        "",
        f"| variant | {' | '.join(COLUMNS.values())} | seconds of training |",
        f"|---|{'---|' * len(COLUMNS)}---|",
    ]
    for variant, title in VARIANTS.items():
        cells = [_cell([found.get(f"{variant} {what}") for found in shares]) for what in COLUMNS]
        seconds = [report.seconds[variant] for report in reports if variant in report.seconds]
        took = f"{min(seconds):.0f}–{max(seconds):.0f}" if seconds else "–"
        lines.append(f"| {title} | {' | '.join(cells)} | {took} |")
    rows = {variant: [report.rows.get(variant, 0) for report in reports] for variant in VARIANTS if variant != BASE}
    lines += [
        "",
        "Rows trained on, by seed: "
        + "; ".join(f"{VARIANTS[a]} {', '.join(map(str, r))}" for a, r in rows.items())
        + ".",
        "",
        f"Again: `python -m cai_ui demo trained --out FILE --n {n} --seeds {len(reports)}`.",
        "",
    ]
    return "\n".join(lines)


def _cell(shares: Sequence[Rate | None]) -> str:
    found = [share for share in shares if share is not None]
    if not found:
        return "–"
    pooled = rate(sum(s.successes for s in found), sum(s.total for s in found), sum(s.unread for s in found))
    if pooled.value is None or pooled.low is None or pooled.high is None:
        return "not measured"
    each = [s.value for s in found if s.value is not None]
    return (
        f"{100 * pooled.value:.1f} % ({100 * pooled.low:.1f}–{100 * pooled.high:.1f}); "
        f"seeds {100 * min(each):.0f}–{100 * max(each):.0f}"
    )
