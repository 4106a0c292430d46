"""Judged examples to frozen datasets, and datasets to files for training elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Literal

from cai_ui.config import DatasetSettings
from cai_ui.errors import InputError
from cai_ui.pipeline.helpful import helpful_pairs, helpful_rows
from cai_ui.pipeline.services import Services
from cai_ui.records import Dataset, DatasetInfo, Decision, Example, TrainingExample
from cai_ui.store import QueueFilter
from cai_ui.text import NAME_LIMIT, clean_text

ExportKind = Literal["sft", "dpo"]


def freeze_dataset(
    services: Services,
    name: str,
    settings: DatasetSettings,
    author: str,
    filter: QueueFilter | None = None,
    example_ids: Collection[str] | None = None,
    helpful: Sequence[TrainingExample] | None = None,
) -> DatasetInfo:
    """Freeze what has been judged (of the filter, or of these ids) with helpful rows mixed in, as a new version.

    `helpful` rows are chosen by the model in use unless they are given. InputError if nothing has been
    judged, or if what was judged gives no row.
    """
    from cai_ui.curate.dataset import build_dataset

    decided = _decided(services, filter, example_ids)
    if not decided:
        raise InputError(
            "Nothing has been judged yet.", kept="The queue is unchanged.", next_step="Accept or edit some examples."
        )
    rows = helpful_rows(services, settings) if helpful is None else list(helpful)
    refusals = [example.revision for example, decision in decided if _declines(example, decision)]
    dataset = build_dataset(
        clean_text(name, "Name", limit=NAME_LIMIT),
        decided,
        rows,
        settings,
        helpful_pairs(rows, refusals, settings.seed),
    )
    return services.store.save_dataset(dataset, author or "local")


def datasets(services: Services) -> list[DatasetInfo]:
    """Frozen datasets, newest first."""
    return services.store.datasets()


def dataset(services: Services, dataset_hash: str) -> Dataset:
    """A frozen dataset with its rows. NotFoundError if there is none."""
    return services.store.dataset(dataset_hash)


def export_dataset(services: Services, dataset_hash: str, kind: ExportKind) -> Path:
    """A JSONL file in the download folder, in the form TRL's trainers read."""
    found = services.store.dataset(dataset_hash)
    path = services.store.workspace.export_path(f"{kind}-{dataset_hash[:12]}.jsonl")
    write_jsonl(found, kind, path)
    return path


def write_jsonl(dataset: Dataset, kind: ExportKind, path: Path) -> None:
    """Write the SFT rows or the pairs of a dataset."""
    from cai_ui.curate.exporting import export_dpo_jsonl, export_sft_jsonl

    (export_sft_jsonl if kind == "sft" else export_dpo_jsonl)(dataset, path)


def _decided(
    services: Services, filter: QueueFilter | None, example_ids: Collection[str] | None
) -> list[tuple[Example, Decision]]:
    found: Iterable[tuple[Example, Decision]] = services.store.decided(filter) if filter else services.store.decided()
    wanted = None if example_ids is None else set(example_ids)
    return [(e, d) for e, d in found if wanted is None or e.id in wanted]


def _declines(example: Example, decision: Decision) -> bool:
    """Whether the kept revision is of a harmful request, so that it serves as a refusal where none is due."""
    return example.prompt.kind == "harmful" and decision.verdict == "accept"
