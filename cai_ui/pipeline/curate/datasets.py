"""Judged examples to frozen datasets, and datasets to files for training elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.config.curate import DatasetSettings
from cai_ui.errors import EngineError, InputError, NotFoundError
from cai_ui.judges.check import PAIRS
from cai_ui.pipeline.curate.helpful import helpful_pairs, helpful_rows
from cai_ui.pipeline.curate.labels import REASONED
from cai_ui.pipeline.curate.linting import lint_dataset
from cai_ui.pipeline.curate.queue import check_source
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Dataset, DatasetInfo, Decision, Example, TrainingExample
from cai_ui.store import QueueFilter
from cai_ui.store.datasets import info_of

if TYPE_CHECKING:
    from cai_ui.curate.changes import DatasetChanges
    from cai_ui.curate.exporting import Export
    from cai_ui.pipeline.judges import Standing

_SAMPLES, _SOURCES = 3, 6
"""Rows and sources that are shown."""
LICENCES = {
    "cai-conversation-harmless": "Apache-2.0",
    "ultrachat_200k": "MIT",
    "hh-rlhf": "MIT",
}
"""Licences that published datasets state, by a part of the source's name."""


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

    `helpful` rows are those that the settings choose unless they are given. InputError if nothing has been
    judged, if what was judged gives no row, or for a source that the queue does not have.
    """
    dataset = _built(services, name, settings, filter, example_ids, helpful)
    return services.store.save_dataset(dataset, author or "local")


@dataclass(frozen=True)
class FreezePreview:
    """What would be frozen, the first rows that would be mixed in, and how many of the judged examples are `disputed`:
    raters contradict each other, and the first verdict counts until somebody decides."""

    info: DatasetInfo
    mixed: tuple[TrainingExample, ...]
    disputed: int = 0


def preview_dataset(
    services: Services, name: str, settings: DatasetSettings, filter: QueueFilter | None = None
) -> FreezePreview:
    """What `freeze_dataset` would keep. Nothing is kept. Errors are the same."""
    dataset = _built(services, name, settings, filter, None, None)
    mixed = [row for row in dataset.sft_train if row.keeps_helpful]
    disputed = services.store.counts(filter).disputed
    return FreezePreview(info_of(dataset), tuple(mixed[:_SAMPLES]), disputed)


def disputed_words(number: int) -> str:
    """What is to be known of disputed examples before they are frozen; "" where there are none."""
    if not number:
        return ""
    those = "1 example is" if number == 1 else f"{number:,} examples are"
    return f"{those} disputed: the first verdict counts until somebody decides."


def headline(info: DatasetInfo) -> tuple[str, bool]:
    """What a dataset is made of, and whether a limit kept something out of it."""
    from cai_ui.curate.dataset import OVER_LIMIT

    over, wanted = info.left_out.get(OVER_LIMIT, 0), info.settings.get("helpful", 0)
    mixed = sum(info.mixed.values())
    said = [f"The limit of {info.settings['harmless_limit']:,} judged examples left {over:,} out"] if over else []
    unit = "rows" if info.counts.get("sft_train", 0) + info.counts.get("sft_eval", 0) else "pairs"
    said.append(f"Judged: {_parts(info.judged, unit)}")
    if mixed:
        said.append(f"mixed in to stay helpful, judged by nobody here: {_parts(info.mixed, unit)}")
    else:
        unsaid = wanted and not info.settings.get("helpful_from")
        said.append("nothing mixed in" + (": no source of helpful rows was named" if unsaid else ""))
    if info.settings.get("helpful_from") and mixed < wanted:
        said.append(f"no more than {mixed:,} of the {wanted:,} helpful rows asked for are there")
    return "; ".join(said) + ".", bool(over)


def _parts(counts: Mapping[str, int], unit: str) -> str:
    listed = ", ".join(
        f"{number:,} {' '.join(source.split()) or 'of no named source'}"
        for source, number in [*counts.items()][:_SOURCES]
    )
    more = f" and {len(counts) - _SOURCES} more sources" if len(counts) > _SOURCES else ""
    return f"{sum(counts.values()):,} {unit} ({listed}{more})" if counts else f"0 {unit}"


def _built(
    services: Services,
    name: str,
    settings: DatasetSettings,
    filter: QueueFilter | None,
    example_ids: Collection[str] | None,
    helpful: Sequence[TrainingExample] | None,
) -> Dataset:
    from cai_ui.curate.dataset import build_dataset

    check_source(services, filter.source if filter else None)
    decided = _decided(services, filter, example_ids)
    if not decided:
        raise InputError(
            "Nothing has been judged yet.", kept="The queue is unchanged.", next_step="Accept or edit some examples."
        )
    rows = helpful_rows(services, settings) if helpful is None else list(helpful)
    refusals = [example.revision for example, decision in decided if _declines(example, decision)]
    return build_dataset(
        name,
        decided,
        rows,
        settings,
        helpful_pairs(rows, refusals, settings.seed),
        _preferences(services, settings),
        _earlier(services, decided) if settings.revisions == "all" else None,
        _margins(services, settings),
        {gold.example_id for gold in services.store.gold()},
    )


def dataset_changes(services: Services, before: str, after: str) -> DatasetChanges:
    """What differs between two versions. NotFoundError if one of them is not there."""
    from cai_ui.curate.changes import changes

    return changes(services.store.dataset(before), services.store.dataset(after))


def dataset_card(services: Services, dataset_hash: str, files: Mapping[str, str] | None = None) -> str:
    """The card of a dataset as Markdown: counts, sources, licences, principles, raters, agreement, data checks. `files`
    as for `card_markdown`."""
    from cai_ui.curate.card import CardFacts, card_markdown
    from cai_ui.pipeline.curate.agreement import measure_agreement

    found = services.store.dataset(dataset_hash)
    ids = {row.example_id for row in (*found.sft_train, *found.sft_eval) if row.example_id}
    raters: dict[str, int] = {}
    for example, decision in services.store.decided():
        if example.id in ids:
            raters[decision.rater] = raters.get(decision.rater, 0) + 1
    sources = {row.source for row in (*found.sft_train, *found.sft_eval)}
    known = {s: licence for s in sources for part, licence in LICENCES.items() if part in s}
    facts = CardFacts(
        _constitutions(services, found.parents),
        raters,
        measure_agreement(services).overall,
        lint_dataset(services, dataset_hash),
        known,
    )
    return card_markdown(found, facts, files)


def export_dataset(services: Services, dataset_hash: str, kind: str) -> Path:
    """A file in the download folder. InputError for an unknown kind or nothing to write."""
    path = services.store.workspace.export_path(f"{kind}-{dataset_hash[:12]}.{_export(kind).suffix}")
    write_export(services, dataset_hash, kind, path)
    return path


def write_export(services: Services, dataset_hash: str, kind: str, path: Path) -> None:
    """Write a dataset, or its card, to a file, as a kind of EXPORTS. InputError for none of them."""
    from cai_ui.curate.exporting import ANNOTATIONS, export_annotations
    from cai_ui.formats.whole_file import write_whole

    write = _export(kind).write
    if kind == ANNOTATIONS:
        export_annotations(_annotations(services, services.store.dataset(dataset_hash)), path)
    elif write is None:
        write_whole(path, dataset_card(services, dataset_hash).encode("utf-8"))
    else:
        write(services.store.dataset(dataset_hash), path, "train")


def _annotations(services: Services, dataset: Dataset) -> list[tuple[Example, Decision]]:
    """What every rater said of the examples that a dataset was made of, in the order of their ids."""
    rows = (*dataset.sft_train, *dataset.sft_eval, *(dataset.rejected_train or ()), *(dataset.rejected_eval or ()))
    examples = services.store.examples_by_id(sorted({row.example_id for row in rows if row.example_id}))
    return [(examples[id], decision) for id in sorted(examples) for decision in services.store.readings_of(id)]


def _export(kind: str) -> Export:
    from cai_ui.curate.exporting import EXPORTS

    if kind not in EXPORTS:
        raise InputError(f"There is no export {kind[:40]!r}.", next_step=f"Choose one of {', '.join(EXPORTS)}.")
    return EXPORTS[kind]


def _decided(
    services: Services, filter: QueueFilter | None, example_ids: Collection[str] | None
) -> list[tuple[Example, Decision]]:
    found: Iterable[tuple[Example, Decision]] = services.store.decided(filter) if filter else services.store.decided()
    wanted = None if example_ids is None else set(example_ids)
    return [(e, d) for e, d in found if wanted is None or e.id in wanted]


def _declines(example: Example, decision: Decision) -> bool:
    """Whether the kept revision is of a harmful request, so that it serves as a refusal where none is due."""
    return example.prompt.kind == "harmful" and decision.verdict == "accept"


def _preferences(services: Services, settings: DatasetSettings) -> dict[str, float]:
    """The judge's preference for each revision, where the settings have a use for it."""
    if settings.labels == "hard" and not settings.least_preference:
        return {}
    known = _labels(services, settings)
    return {id: float(body["preference"]) for id, body in known.items() if body.get("preference") is not None}


def _margins(services: Services, settings: DatasetSettings) -> dict[str, tuple[float | None, float | None]]:
    """By how much the judge finds each revision less harmful and more helpful, where that is asked for."""
    if settings.least_harmlessness <= -1 and settings.least_helpfulness <= -1:
        return {}
    return {id: (body.get("harmlessness"), body.get("helpfulness")) for id, body in _labels(services, settings).items()}


def _labels(services: Services, settings: DatasetSettings) -> dict[str, dict[str, Any]]:
    """What the judge that the gate goes by said of each pair; without one, whoever said something last. InputError for
    a judge that has said nothing: its gate would let everything pass."""
    found = services.store.judgements(settings.gate_judge or None)
    if settings.gate_judge and not found:
        raise InputError(
            f"There is no label by the judge {settings.gate_judge[:80]!r}.",
            kept="Nothing was frozen.",
            next_step="Let it label the pairs first, or choose another judge for the gate.",
        )
    return found


def label_judges(services: Services) -> list[tuple[str, Standing]]:
    """Who labelled pairs, by the name that labels bear, and how far each was checked."""
    from cai_ui.pipeline.judges import standing

    try:
        main = services.engine().name
    except EngineError:
        main = ""
    found = []
    for name in services.store.label_judges():
        judge = name.removesuffix(REASONED)
        found.append((name, standing(services, "" if judge == main else judge, PAIRS, name.endswith(REASONED))))
    return found


def _earlier(services: Services, decided: Sequence[tuple[Example, Decision]]) -> dict[str, tuple[str, ...]]:
    """Revisions before the last one, of examples whose chain is stored."""
    found = {}
    for example, _ in decided:
        if example.trace_id is None:
            continue
        try:
            steps = services.store.trace(example.trace_id).steps
        except NotFoundError:
            continue
        revisions = [step.text for step in steps if step.kind == "revision"]
        found[example.id] = tuple(revisions[:-1])
    return found


def _constitutions(services: Services, hashes: Sequence[str]) -> list[Constitution]:
    found = []
    for hash in hashes:
        try:
            found.append(services.store.version(hash).constitution)
        except NotFoundError:
            found.append(Constitution("unknown", f"unknown constitution {hash[:12]}", "", ()))
    return found
