"""A bundle of an evaluation, read back from its zip file. What it holds is from outside: every value is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from cai_ui.compare.evaluation import SAME
from cai_ui.config.compare import CompareSettings
from cai_ui.config.knobs import checked
from cai_ui.engine.adapters.files import MANIFEST
from cai_ui.errors import FileFormatError
from cai_ui.formats.ascii_json import read_lines
from cai_ui.formats.safe_json import read_json
from cai_ui.formats.sealed_zip import Seal, unpack_sealed
from cai_ui.pipeline.compare.bundle import BOUNDS, KIND, VERSION, Variant
from cai_ui.records import Dataset, DatasetInfo, EvaluationInfo, Message, Prompt, PromptKind, Role, Run
from cai_ui.store.datasets import PARTS
from cai_ui.store.encoding import from_dict
from cai_ui.store.evaluations import Row

WRITE_ANEW = "Get it again, or have it written anew: python -m cai_ui bundle ID --out FILE."
TEXT_BYTES = 2 * 10**9
"""Largest file of text in a bundle."""
R = TypeVar("R")
_FOLDER = re.compile(r"adapters/\d{1,6}")
_TEXTS = ("prompt_id", "prompt", "kind", "variant", "answer", "finish", "outcome")


@dataclass(frozen=True)
class Bundle:
    """What replaying needs of a bundle that lies unpacked in `folder`."""

    folder: Path
    seal: Seal
    head: EvaluationInfo
    rows: tuple[Row, ...]
    prompts: tuple[Prompt, ...]
    variants: tuple[Variant, ...]
    runs: tuple[Run, ...]

    @property
    def base_hash(self) -> str:
        """Of the base that answered; "" where nothing in the bundle says it."""
        return str(self.seal.facts.get("base_hash") or "")

    @property
    def model(self) -> str:
        return str(self.seal.facts.get("model") or "")

    @property
    def settings(self) -> CompareSettings:
        """How it was asked. InputError for settings that this version does not know."""
        told = {name: value for name, value in self.head.settings.items() if name != SAME}
        return checked(CompareSettings, told)

    def dataset(self, hash: str) -> Dataset:
        """The frozen data of a run. FileFormatError where it is not in the bundle, or is not what its hash says."""
        folder = f"datasets/{hash}"
        with _form(f"{folder}/dataset.json"):
            info = from_dict(DatasetInfo, self._json(f"{folder}/dataset.json"))
            rows: dict[str, Any] = {
                part: tuple(from_dict(kind, one) for one in self._values(f"{folder}/{part}.jsonl"))
                for part, kind in PARTS.items()
                if part in info.counts
            }
            made = Dataset(info.name, settings=info.settings, parents=info.parents, left_out=info.left_out, **rows)
            if made.hash != hash:
                raise FileFormatError(f"The dataset {hash[:12]} in it is not what its hash says.", next_step=WRITE_ANEW)
        return made

    def figures(self, run_id: str) -> list[Row]:
        """Every figure that a run logged."""
        return self._values(f"runs/{run_id}/figures.jsonl")

    def _json(self, name: str) -> Any:
        return read_json(_text(self.folder, self.seal, name))

    def _values(self, name: str) -> list[Any]:
        return read_lines(_text(self.folder, self.seal, name), name)


def open_bundle(path: Path, folder: Path) -> Bundle:
    """Unpack a bundle into an empty folder and read it. FileFormatError names what is wrong with it."""
    seal = unpack_sealed(path, folder, KIND, VERSION, BOUNDS)

    def read(name: str, make: Callable[[Any], R]) -> R:
        text = _text(folder, seal, name)
        with _form(name):
            return make(read_lines(text, name) if name.endswith(".jsonl") else read_json(text))

    head = read("evaluation.json", lambda told: _checked_head(from_dict(EvaluationInfo, told)))
    rows = read("answers.jsonl", lambda told: tuple(map(_checked_row, told)))
    prompts = read("prompts.jsonl", lambda told: tuple(map(_prompt, told)))
    variants = read("variants.json", lambda told: tuple(_variant(one, seal) for one in told))
    names = [name for name in seal.files if name.startswith("runs/") and name.endswith("/run.json")]
    runs = tuple(read(name, lambda told: from_dict(Run, told)) for name in names)
    return Bundle(folder, seal, head, rows, prompts, variants, runs)


def _text(folder: Path, seal: Seal, name: str) -> str:
    if name not in seal.files:
        raise FileFormatError(f"The file {name[:120]!r} is not in the bundle.", next_step=WRITE_ANEW)
    path = folder.joinpath(*name.split("/"))
    if path.stat().st_size > TEXT_BYTES:
        raise FileFormatError(
            f"The file {name[:120]!r} has more than {TEXT_BYTES // 10**6:,} MB.", next_step=WRITE_ANEW
        )
    try:
        return path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise FileFormatError(
            f"The file {name[:120]!r} is not in the form of a bundle.", next_step=WRITE_ANEW
        ) from None


@contextmanager
def _form(name: str) -> Iterator[None]:
    """Whatever a value of another type leads to is said of the file it stands in."""
    try:
        yield
    except FileFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError):
        raise FileFormatError(
            f"The file {name[:120]!r} is not in the form of a bundle.", next_step=WRITE_ANEW
        ) from None


def _checked_head(head: EvaluationInfo) -> EvaluationInfo:
    for result in head.results:
        rates = (result.complied, result.helped, result.refused)
        numbers = [(rate.successes, rate.total, rate.unread) for rate in rates]
        shares = [share for rate in rates for share in (rate.value, rate.low, rate.high)] + [result.mean_tokens]
        if not all(isinstance(number, int) for three in numbers for number in three):
            raise TypeError
        if not all(share is None or isinstance(share, int | float) for share in shares):
            raise TypeError
        if not isinstance(result.variant, str) or result.kind not in get_args(PromptKind):
            raise TypeError
    if not isinstance(head.settings, dict) or not isinstance(head.reader, str):
        raise TypeError
    return head


def _checked_row(row: Row) -> Row:
    if not all(isinstance(row[name], str) for name in _TEXTS) or not isinstance(row["tokens"], int):
        raise TypeError
    if row["kind"] not in get_args(PromptKind):
        raise TypeError
    return row


def _prompt(told: Row) -> Prompt:
    if told["before"] is None:
        raise FileFormatError(
            "The earlier turns of its requests were kept as a text alone, as older versions did.",
            next_step="Run the evaluation once more; what it keeps now can be asked again.",
        )
    before = tuple(Message(role, content) for role, content in told["before"])
    found = Prompt(told["id"], told["text"], told["kind"], told["topic"], told["source"], before)
    texts = (found.id, found.text, found.topic, found.source, *(turn.content for turn in before))
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if found.kind not in get_args(PromptKind) or not all(turn.role in get_args(Role) for turn in before):
        raise TypeError
    return found


def _variant(told: Row, seal: Seal) -> Variant:
    found = from_dict(Variant, told)
    texts = (found.name, found.title, found.hash, found.base_hash, found.method, found.folder, found.left_out)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if found.folder and not (_FOLDER.fullmatch(found.folder) and f"{found.folder}/{MANIFEST}" in seal.files):
        raise ValueError
    return found
