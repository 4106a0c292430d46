"""Datasets as files for other programs: JSON Lines and Parquet as TRL reads them, annotated pairs, tables for people.

The same dataset gives the same bytes: fixed order, sorted keys, UTF-8, no times. A file appears under
its name only when it is complete.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cai_ui.conversations import turns_of
from cai_ui.errors import InputError
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import json_lines, json_text, table_text, whole_text
from cai_ui.records import Dataset, Decision, Example, Message, PreferencePair, TrainingExample

Side = Literal["train", "eval"]
Row = dict[str, Any]


def export_sft_jsonl(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Write rows of `prompt` and `completion` for SFTTrainer; gives their number.

    InputError if there is none, StoreError if the file cannot be written.
    """
    return _write_lines(_sft_rows(_targets(dataset, side)), path)


def export_dpo_jsonl(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Write rows of `prompt`, `chosen` and `rejected` for DPOTrainer; gives their number. Errors as above."""
    return _write_lines(_dpo_rows(_pairs(dataset, side)), path)


def export_sft_parquet(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """The rows of `export_sft_jsonl` as Parquet, with `example_id` and `source` beside them."""
    targets = _targets(dataset, side)
    return _write_parquet(
        [{**row, **_origin(item)} for row, item in zip(_sft_rows(targets), targets, strict=True)], path
    )


def export_dpo_parquet(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """The rows of `export_dpo_jsonl` as Parquet, with `example_id`, `source` and the soft label `preference`."""
    pairs = _pairs(dataset, side)
    rows = [
        {**row, **_origin(pair), "preference": pair.soft} for row, pair in zip(_dpo_rows(pairs), pairs, strict=True)
    ]
    return _write_parquet(rows, path)


def export_icai(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Pairs as annotated pairs (format 2.0 of Inverse Constitutional AI and Feedback Forensics).

    Which answer stands first is drawn from the pair's own hash, so that its place tells nothing.
    """
    annotator = _short_hash("kept by people in the Curate stage")
    comparisons = []
    for pair in _pairs(dataset, side):
        texts = sorted((pair.chosen, pair.rejected), key=lambda text: _short_hash(text))
        prompt = "\n\n".join(m.content for m in pair.conversation)
        comparisons.append(
            {
                "id": _short_hash(prompt, *texts),
                "prompt": prompt,
                "response_a": {"text": texts[0]},
                "response_b": {"text": texts[1]},
                "annotations": {annotator: {"pref": "a" if texts[0] == pair.chosen else "b"}},
                "metadata": {name: str(value) for name, value in _origin(pair).items() if value},
            }
        )
    whole = {
        "metadata": {
            "version": "2.0",
            "description": f"Preference pairs of the dataset {dataset.name} ({dataset.hash[:12]}).",
            "dataset_name": dataset.name,
            "default_annotator": annotator,
            "available_metadata_keys_per_comparison": ["example_id", "source"],
        },
        "annotators": {annotator: {"name": "People", "description": "Decisions in Curate", "type": "human"}},
        "comparisons": comparisons,
    }
    write_whole(path, (json_text(whole, 1) + "\n").encode("utf-8"))
    return len(comparisons)


def export_csv(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Everything as one table for reading in a spreadsheet; no cell is taken for a formula there."""
    names = ("part", "request", "answer", "rejected", "preference", "source", "example_id")
    rows = [
        *(("rows", item, item.answer, None, None) for item in getattr(dataset, f"sft_{side}")),
        *(("pairs", pair, pair.chosen, pair.rejected, pair.soft) for pair in getattr(dataset, f"pairs_{side}")),
    ]
    if not rows:
        raise _none("rows", side)
    cells = [
        (part, _request(item.conversation), answer, rejected, preference, item.source, item.example_id)
        for part, item, answer, rejected, preference in rows
    ]
    write_whole(path, table_text(names, cells).encode("utf-8"))
    return len(rows)


def export_annotations(judged: Sequence[tuple[Example, Decision]], path: Path) -> int:
    """Write what people said of examples, a line for each judgement: verdict, labels, comment and highlighted passages
    (characters of the text they are in). InputError if there is none."""
    if not judged:
        raise InputError("Nobody judged an example of this dataset.", kept="No file was written.")
    rows: list[Row] = [
        {
            "example_id": example.id,
            "prompt": _messages(example.conversation),
            "initial": example.initial,
            "revision": example.revision,
            "verdict": decision.verdict,
            "edited": decision.text,
            "labels": list(decision.labels),
            "comment": decision.note,
            "spans": [asdict(span) for span in decision.spans],
            "rater": decision.rater,
            "at": decision.at,
        }
        for example, decision in judged
    ]
    return _write_lines(rows, path)


def _request(conversation: Sequence[Message]) -> str:
    """A question by itself as it is; anything that would be read back as something else, as messages."""
    alone = conversation[-1].content
    plain = tuple(conversation) == turns_of(alone) and not alone.lstrip().startswith("[")
    return alone if plain else json_text(_messages(conversation))


@dataclass(frozen=True)
class Export:
    """A kind of export: its name for people, the file's suffix, and what writes rows or pairs of one side and gives
    their number. None: of what does not stand in the dataset alone."""

    title: str
    suffix: str
    write: Callable[[Dataset, Path, Side], int] | None


ANNOTATIONS = "annotations"
EXPORTS: dict[str, Export] = {
    "sft": Export("Rows for SFT (JSON Lines)", "jsonl", export_sft_jsonl),
    "dpo": Export("Pairs for DPO (JSON Lines)", "jsonl", export_dpo_jsonl),
    "sft-parquet": Export("Rows for SFT (Parquet)", "parquet", export_sft_parquet),
    "dpo-parquet": Export("Pairs for DPO (Parquet)", "parquet", export_dpo_parquet),
    "icai": Export("Annotated pairs (Inverse Constitutional AI)", "json", export_icai),
    "csv": Export("Table for reading (CSV)", "csv", export_csv),
    ANNOTATIONS: Export("Judgements with comments and passages (JSON Lines)", "jsonl", None),
    "card": Export("Card (Markdown)", "md", None),
}
"""All kinds of export by name, in the order to be shown."""


def _targets(dataset: Dataset, side: Side) -> tuple[TrainingExample, ...]:
    rows: tuple[TrainingExample, ...] = dataset.sft_train if side == "train" else dataset.sft_eval
    if not rows:
        raise _none("SFT rows", side)
    return rows


def _pairs(dataset: Dataset, side: Side) -> tuple[PreferencePair, ...]:
    pairs: tuple[PreferencePair, ...] = dataset.pairs_train if side == "train" else dataset.pairs_eval
    if not pairs:
        raise _none("preference pairs", side)
    return pairs


def _sft_rows(targets: Sequence[TrainingExample]) -> list[Row]:
    return [{"prompt": _messages(row.conversation), "completion": _answer(row.answer)} for row in targets]


def _dpo_rows(pairs: Sequence[PreferencePair]) -> list[Row]:
    return [
        {"prompt": _messages(row.conversation), "chosen": _answer(row.chosen), "rejected": _answer(row.rejected)}
        for row in pairs
    ]


def _origin(item: TrainingExample | PreferencePair) -> Row:
    return {"example_id": item.example_id and whole_text(item.example_id), "source": whole_text(item.source)}


def _messages(conversation: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": whole_text(m.content)} for m in conversation]


def _answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": whole_text(text)}]


def _short_hash(*texts: str) -> str:
    return hashlib.sha256("\x1f".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _none(what: str, side: Side) -> InputError:
    named = "training" if side == "train" else "evaluation"
    return InputError(
        f"This dataset has no {what} for {named}.",
        kept="No file was written.",
        next_step="Choose another one or decide more.",
    )


def _write_lines(rows: list[Row], path: Path) -> int:
    write_whole(path, json_lines(rows).encode("utf-8"))
    return len(rows)


def _write_parquet(rows: list[Row], path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    message = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    kinds = {"example_id": pa.string(), "source": pa.string(), "preference": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, message)) for name in rows[0]])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer, compression="zstd")
    write_whole(path, buffer.getvalue())
    return len(rows)
