"""A bundle of an evaluation: everything behind it in one zip file, from which it can be run again and checked.

In it stand what was asked and answered, who read, graded and voted how, the models with their runs and adapters, the
frozen data these learnt from, and the constitutions it was made under: all from the store, no model is asked.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cai_ui.config.compare import BundleSettings
from cai_ui.disk import DISK_RESERVE
from cai_ui.engine.adapters.files import CONFIG, MANIFEST, WEIGHTS, describe_adapter
from cai_ui.errors import AdapterError, NotFoundError, StoreError
from cai_ui.formats.ascii_json import ascii_json, ascii_lines
from cai_ui.formats.sealed_zip import Bounds, Seal, write_sealed
from cai_ui.pipeline.compare.checkpoints import written_checkpoint
from cai_ui.pipeline.compare.comparison import CHECKPOINT
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, EvaluationInfo, Run, Vote
from cai_ui.store import Store
from cai_ui.store.datasets import PARTS
from cai_ui.store.encoding import dump, plain
from cai_ui.store.evaluations import Row
from cai_ui.train.run.folder import ADAPTER, read_config
from cai_ui.train.run.metrics import read_rows

KIND, VERSION = "bundle of an evaluation", 1
BOUNDS = Bounds(frozenset({".json", ".jsonl", ".safetensors"}), files=5_000, bytes=20 * 10**9)
Files = Iterator[tuple[str, bytes | Path]]


@dataclass(frozen=True)
class Variant:
    """A model of the evaluation, as the bundle knows it. `folder` is where its adapter lies in the bundle; where there
    is none, `left_out` says why ("": it is the base)."""

    name: str
    title: str
    hash: str
    base_hash: str
    method: str = "base"
    run_id: str | None = None
    folder: str = ""
    left_out: str = ""


def write_bundle(
    store: Store, evaluation_id: str, path: Path, settings: BundleSettings | None = None, reserve: int = 0
) -> Seal:
    """Write it. NotFoundError if there is no such evaluation; StoreError where the file cannot be written, or would
    leave fewer than `reserve` bytes on its disk."""
    draft = store.workspace.tmp_dir()
    try:
        behind = Behind(store, store.evaluation_head(evaluation_id), settings or BundleSettings(), draft)
        if shutil.disk_usage(path.parent).free - behind.adapter_bytes < reserve:
            raise StoreError(
                f"The disk has too little room for this bundle ({behind.adapter_bytes / 10**6:,.0f} MB of adapters).",
                kept="Nothing was written.",
                next_step="Free some space, or write it elsewhere: python -m cai_ui bundle ID --out FILE.",
            )
        made = behind.head.made_with
        base_hash = made.base_hash if made else next((run.base_hash for run in behind.runs if run.base_hash), "")
        facts = {
            "evaluation": behind.head.id,
            "name": behind.head.name,
            "answers": behind.head.answers,
            "model": made.model if made else "",
            "base_hash": base_hash,
        }
        return write_sealed(path, KIND, VERSION, facts, behind.files())
    finally:
        store.workspace.drop_tmp(draft)


def export_bundle(services: Services, evaluation_id: str) -> Path:
    """The same as a file in the download folder."""
    path = services.store.workspace.export_path(f"bundle-{evaluation_id[:12]}.zip")
    write_bundle(services.store, evaluation_id, path, reserve=DISK_RESERVE)
    return path


def prompt_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a row's model was asked, without its condition. `before` is None where the turns before are known as a text
    alone, as in evaluations of older versions."""
    before = row.get("before", None if row.get("earlier") else [])
    told = {"kind": row["kind"], "topic": row.get("topic", ""), "source": row.get("set", ""), "before": before}
    return {"id": row.get("request", row["prompt_id"]), "text": row["prompt"], **told}


class Behind:
    """What stands behind one evaluation, found in the store; `draft` is a folder for adapters of checkpoints."""

    def __init__(self, store: Store, head: EvaluationInfo, settings: BundleSettings, draft: Path) -> None:
        self.store, self.head, self.settings, self.draft = store, head, settings, draft

    def files(self) -> Files:
        """Name and content of every file of the bundle."""
        yield "evaluation.json", dump(self.head).encode("ascii")
        yield from self._asked_and_said()
        yield "variants.json", ascii_json([plain(one) for one, _ in self.variants], 1).encode("ascii")
        for one, folder in self.variants:
            if folder is not None:
                yield from ((f"{one.folder}/{name}", folder / name) for name in (CONFIG, WEIGHTS, MANIFEST))
        for run in self.runs:
            yield from self._run(run)
        for hash in sorted({run.dataset_hash for run in self.runs}):
            yield from self._dataset(hash)
        for hash in self.constitutions:
            yield from self._version(hash)

    def _asked_and_said(self) -> Files:
        """What people and models said of the answers stands beside them, by their place or their id."""
        id = self.head.id
        rows = list(self.store.answers_in_order(id))
        yield "answers.jsonl", _lines(rows)
        yield "prompts.jsonl", _lines(prompts_of(rows))
        judges = {judge: {"judge": plain(used), "check": check} for judge, (used, check) in self.store.judges().items()}
        read = self.store.readings_by_judges(id)
        yield "judges.json", ascii_json({judge: judges[judge] for judge in read if judge in judges}, 1).encode("ascii")
        yield (
            "readings.jsonl",
            _lines({"judge": j, "place": place, "said": said} for j, m in read.items() for place, said in m.items()),
        )
        yield "grades.jsonl", _lines(map(plain, self.store.grade_events(id)[1]))
        weights = {None, *(result.adapter_hash for result in self.head.results)}
        yield "votes.jsonl", _lines(plain(vote) for _, vote in self.store.votes_after(-1) if self._about(vote, weights))

    def _about(self, vote: Vote, weights: set[str | None]) -> bool:
        """Whether both answers came from models of the evaluation."""
        sides = vote.left_answer.provenance, vote.right_answer.provenance
        bases = {one.base_hash for one, _ in self.variants} - {""}
        return all(side.adapter_hash in weights and (not bases or side.base_hash in bases) for side in sides)

    @cached_property
    def variants(self) -> list[tuple[Variant, Path | None]]:
        """Models of the evaluation in its order, and where the adapter of each lies that is in the bundle."""
        hashes = {result.variant: result.adapter_hash or "" for result in self.head.results}
        return [self._variant(name, hash, number) for number, (name, hash) in enumerate(hashes.items())]

    @property
    def adapter_bytes(self) -> int:
        """Size of the adapters in the bundle."""
        folders = [folder for _, folder in self.variants if folder is not None]
        return sum((folder / file).stat().st_size for folder in folders for file in (CONFIG, WEIGHTS, MANIFEST))

    def _variant(self, name: str, hash: str, number: int) -> tuple[Variant, Path | None]:
        made = self.head.made_with
        bare = Variant(name, name, hash, made.base_hash if made else "")
        if name == BASE or not hash:
            return bare, None
        try:
            run = self.store.run(name.partition(CHECKPOINT)[0])
        except NotFoundError:
            return replace(bare, left_out="its run is not in this workspace"), None
        known = replace(bare, title=run.name, base_hash=run.base_hash, method=run.method, run_id=run.id)
        try:
            folder = self._folder(run, name)
            found = describe_adapter(folder, name, run.name, run.method, run.id)
            size = sum((folder / file).stat().st_size for file in (CONFIG, WEIGHTS, MANIFEST))
        except (AdapterError, NotFoundError, OSError):
            return replace(known, left_out="its files are not in this workspace (any more)"), None
        if found.hash != hash:
            return replace(known, left_out="the files of its run have other weights now"), None
        if size > self.settings.adapter_mb * 10**6:
            why = f"it has {size / 10**6:,.0f} MB, and adapters up to {self.settings.adapter_mb:,} MB were asked for"
            return replace(known, left_out=why), None
        return replace(known, folder=f"adapters/{number}"), folder

    def _folder(self, run: Run, name: str) -> Path:
        """The folder of a run's adapter; of a checkpoint's, made anew from what is kept."""
        if CHECKPOINT not in name:
            return self.store.workspace.run_dir(run.id) / ADAPTER
        base = read_config(self.store.workspace.run_dir(run.id)).get("base", "unknown")
        return written_checkpoint(self.store, name, base, self.draft / f"{len(list(self.draft.iterdir()))}")

    @cached_property
    def runs(self) -> list[Run]:
        """The runs behind the models, those that others began from first."""
        found: dict[str, Run] = {}
        for variant, _ in self.variants:
            self._follow(variant.run_id, found)
        return list(found.values())

    def _follow(self, id: str | None, found: dict[str, Run]) -> None:
        if id in (None, "", BASE) or id in found:
            return
        try:
            run = self.store.run(str(id))
        except NotFoundError:
            return
        for earlier in (run.start_adapter, run.config.get("reference")):
            self._follow(earlier, found)
        found[run.id] = run

    def _run(self, run: Run) -> Files:
        """The run as the store has it, what its folder says it was made of, and every figure that it logged."""
        folder = self.store.workspace.run_dir(run.id)
        yield f"runs/{run.id}/run.json", dump(run).encode("ascii")
        yield f"runs/{run.id}/made-of.json", ascii_json(read_config(folder), 1).encode("ascii")
        yield f"runs/{run.id}/figures.jsonl", _lines(read_rows(folder))

    def _dataset(self, hash: str) -> Files:
        try:
            info = self.store.dataset_info(hash)
        except NotFoundError:
            return
        yield f"datasets/{hash}/dataset.json", dump(info).encode("ascii")
        for part in PARTS:
            if part in info.counts:
                rows = self.store.dataset_rows(hash, part)
                yield f"datasets/{hash}/{part}.jsonl", "".join(f"{dump(row)}\n" for row in rows).encode("ascii")

    @cached_property
    def constitutions(self) -> list[str]:
        """Hashes of the versions whose principles the data was made under."""
        found: dict[str, None] = {}
        for run in self.runs:
            try:
                found |= dict.fromkeys(self.store.dataset_info(run.dataset_hash).parents)
            except NotFoundError:
                continue
        return list(found)

    def _version(self, hash: str) -> Files:
        try:
            yield f"constitutions/{hash}.json", dump(self.store.version(hash)).encode("ascii")
        except NotFoundError:
            return


def prompts_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The prompts that the rows of an evaluation were asked, in their order: those of its first model and condition."""
    asked = [(row["variant"], row.get("condition")) for row in rows]
    return [prompt_of(row) for row, one in zip(rows, asked, strict=True) if one == asked[0]]


def _lines(values: Iterable[Any]) -> bytes:
    return ascii_lines(values).encode("ascii")
