"""Datasets as JSONL files in the form that TRL reads: conversations as lists of messages.

The same dataset gives the same bytes: fixed order, sorted keys, UTF-8, no times. A file appears under
its name only when it is complete.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from cai_ui.errors import InputError, StoreError
from cai_ui.records import Dataset, Message, canonical_json

Side = Literal["train", "eval"]


def export_sft_jsonl(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Write rows of `prompt` and `completion` for SFTTrainer; gives their number.

    InputError if there is none, StoreError if the file cannot be written.
    """
    rows = dataset.sft_train if side == "train" else dataset.sft_eval
    lines = [{"prompt": _messages(row.conversation), "completion": _answer(row.answer)} for row in rows]
    return _write(lines, path, f"SFT rows for {_named(side)}")


def export_dpo_jsonl(dataset: Dataset, path: Path, side: Side = "train") -> int:
    """Write rows of `prompt`, `chosen` and `rejected` for DPOTrainer; gives their number. Errors as above."""
    rows = dataset.pairs_train if side == "train" else dataset.pairs_eval
    lines = [
        {"prompt": _messages(row.conversation), "chosen": _answer(row.chosen), "rejected": _answer(row.rejected)}
        for row in rows
    ]
    return _write(lines, path, f"preference pairs for {_named(side)}")


def _named(side: Side) -> str:
    return "training" if side == "train" else "evaluation"


def _messages(conversation: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": m.content} for m in conversation]


def _answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def _write(lines: Iterable[dict[str, Any]], path: Path, what: str) -> int:
    texts = [canonical_json(line) + "\n" for line in lines]
    if not texts:
        raise InputError(
            f"This dataset has no {what}.", kept="No file was written.", next_step="Choose another one or decide more."
        )
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(texts)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{path.name} could not be written ({error.strerror or type(error).__name__}).",
            kept="No partial file was left; the dataset itself is safe.",
            next_step="Free some disk space and export again.",
        ) from None
    return len(texts)
