"""Frozen datasets: never changed, found by their content hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa

from cai_ui.errors import InputError, NotFoundError, StoreError
from cai_ui.records import Dataset, DatasetInfo, PreferencePair, TrainingExample, sources_of
from cai_ui.store import schema
from cai_ui.store.database import Database
from cai_ui.store.encoding import batches, dump, load, now
from cai_ui.text import NAME_LIMIT, clean_text, named

Part = Literal["sft_train", "sft_eval", "pairs_train", "pairs_eval", "rejected_train", "rejected_eval"]
PARTS: dict[Part, type[Any]] = {
    "sft_train": TrainingExample,
    "sft_eval": TrainingExample,
    "pairs_train": PreferencePair,
    "pairs_eval": PreferencePair,
    "rejected_train": TrainingExample,
    "rejected_eval": TrainingExample,
}

_t = schema.datasets
_rows = schema.dataset_rows


def info_of(dataset: Dataset, digest: str = "", author: str = "") -> DatasetInfo:
    """What a list would show of a dataset, also of one that is not kept."""
    counts: dict[str, int] = {part: len(rows) for part in PARTS if (rows := getattr(dataset, part)) is not None}
    told = counts, dataset.settings, dataset.parents, dataset.left_out
    return DatasetInfo(digest, dataset.name, *told, now(), author, *sources_of(dataset))


class Datasets:
    """The part of the store that keeps datasets."""

    _db: Database

    def save_dataset(self, dataset: Dataset, author: str) -> DatasetInfo:
        """Keep a dataset for good. The same content saved again gives what is there already."""
        clean_text(dataset.name, "The name", limit=NAME_LIMIT)
        try:
            digest = dataset.hash
        except UnicodeEncodeError:
            raise InputError(
                "The dataset holds half of a character (a lone surrogate).", kept="Nothing was saved."
            ) from None
        parts = {part: rows for part in PARTS if (rows := getattr(dataset, part)) is not None}
        info = info_of(dataset, digest, author)
        with self._db.write("The dataset") as connection:
            known = connection.scalar(sa.select(_t.c.body).where(_t.c.hash == digest))
            if known is not None:
                return load(DatasetInfo, known)
            connection.execute(
                _t.insert().values(
                    hash=digest, name=info.name, author=author, created_at=info.created_at, body=dump(info)
                )
            )
            for part, rows in parts.items():
                _insert(connection, digest, part, rows)
        return info

    def datasets(self) -> list[DatasetInfo]:
        """What there is, newest first, without the rows."""
        with self._db.read() as connection:
            bodies = connection.scalars(sa.select(_t.c.body).order_by(_t.c.seq.desc()))
            return [load(DatasetInfo, body) for body in bodies]

    def dataset_info(self, hash: str) -> DatasetInfo:
        """One line of the list. NotFoundError if there is none."""
        with self._db.read() as connection:
            body = connection.scalar(sa.select(_t.c.body).where(_t.c.hash == hash))
        if body is None:
            raise NotFoundError(f"There is no dataset {named(hash)}.", next_step="Choose one from the list.")
        return load(DatasetInfo, body)

    def dataset(self, hash: str) -> Dataset:
        """The whole dataset. NotFoundError if there is none; StoreError if its content no longer fits its hash."""
        info = self.dataset_info(hash)
        parts = {part: tuple(self.dataset_rows(hash, part)) for part in PARTS if part in info.counts}
        dataset = Dataset(name=info.name, settings=info.settings, parents=info.parents, left_out=info.left_out, **parts)
        if dataset.hash != hash:
            raise changed(hash)
        return dataset

    def dataset_rows(self, hash: str, part: Part, limit: int | None = None, offset: int = 0) -> list[Any]:
        """A page of one part: TrainingExample or PreferencePair records, in order."""
        query = (
            sa.select(_rows.c.body)
            .where(_rows.c.dataset_hash == hash, _rows.c.part == part, _rows.c.position >= offset)
            .order_by(_rows.c.position)
            .limit(limit)
        )
        with self._db.read() as connection:
            return [load(PARTS[part], body) for body in connection.scalars(query)]


def changed(hash: str, what: str = "Dataset", next_step: str = "Freeze the dataset again.") -> StoreError:
    """What to say of a record that was frozen under a content hash and does not fit it any more."""
    return StoreError(
        f"{what} {hash[:12]} was changed in the database; its content no longer fits its hash.",
        kept="It was left as it is.",
        next_step=next_step,
    )


def _insert(connection: sa.Connection, digest: str, part: Part, rows: Sequence[Any]) -> None:
    values = [{"dataset_hash": digest, "part": part, "position": i, "body": dump(row)} for i, row in enumerate(rows)]
    for chunk in batches(values, 1_000):
        connection.execute(_rows.insert(), chunk)
