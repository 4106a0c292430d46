"""How many of the data checks' findings are right, and how much they miss, on 200 rows that a person labelled.

Run: python -m tests.benchmarks.lint_precision rows.parquet

The rows are revised answers of HuggingFaceH4/cai-conversation-harmless and first turns of
HuggingFaceH4/ultrachat_200k in a Parquet file with the columns prompt, response and source. The labels lie
beside this script, by a hash of prompt and response; rows without a label are read too, since some checks
compare rows with one another.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

from cai_ui.curate.lint import LintRow, lint

LABELS = Path(__file__).with_name("lint_labels.json")
ASKED = {
    "leak from a few-shot example": (("leaked-topic", "same-answer"), ("leak",)),
    "answer has nothing to do with the request": (("off-topic",), ("leak", "off")),
    "begins by declining": (("declines",), ("declines",)),
    "speaks of being an AI": (("speaks-as-ai",), ("ai",)),
}
"""What is measured: codes of the checks, and the labels that make a row a hit."""


def row_key(prompt: str, response: str) -> str:
    return hashlib.sha256(json.dumps([prompt, response]).encode()).hexdigest()[:16]


def main(path: Path) -> None:
    plain = pq.read_table(path).to_pylist()
    keys = [row_key(row["prompt"], row["response"]) for row in plain]
    rows = [
        LintRow(str(i), r["prompt"], r["response"], None, "helpful" if "ultra" in r["source"] else "harmful")
        for i, r in enumerate(plain)
    ]
    hit = {finding.code: {keys[int(id)] for id in finding.rows} for finding in lint(rows).findings}
    labels: dict[str, list[str]] = json.loads(LABELS.read_text())
    there = {key: set(said) for key, said in labels.items() if key in set(keys)}
    print(f"{len(plain)} rows, {len(there)} of {len(labels)} labelled ones are among them")
    print("| what | precision | recall |\n|---|---|---|")
    for name, (codes, wanted) in ASKED.items():
        found = {key for key in there if any(key in hit.get(code, set()) for code in codes)}
        true = {key for key, said in there.items() if said & set(wanted)}
        right = len(found & true)
        print(f"| {name} | {share(right, len(found))} | {share(right, len(true))} |")


def share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "nothing found"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
