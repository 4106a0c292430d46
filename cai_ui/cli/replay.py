"""`replay`: an evaluation from its bundle, run again and compared. Nothing is kept in a workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import WAIT_S, Progress, app_settings, command
from cai_ui.cli.flags import Arguments, add_flags
from cai_ui.config.app import AppSettings

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline import Services
    from cai_ui.pipeline.compare.opened_bundle import Bundle
    from cai_ui.pipeline.compare.replay import Differing, Figure, Replayed

_MODEL = ("model", "quantize", "revision", "chat_format", "endpoint", "concurrency", "cache_gb")
_SHOWN = 160


def add(commands: Commands) -> None:
    parser = command(
        commands, "replay", _replay, "run an evaluation again from its bundle and compare every number and answer; "
        "0: the same, 1: something differs, 2: refused", workspace=False,
    )  # fmt: skip
    add_flags(parser, AppSettings, _MODEL)
    parser.add_argument("bundle", type=Path, help="zip file that `bundle` or the page wrote")
    parser.add_argument("--train", action="store_true", help="train its runs again, too, and compare these")


def _replay(parsed: Arguments) -> int:
    from cai_ui.compare.evaluation import mode_words
    from cai_ui.pipeline import open_services
    from cai_ui.pipeline.compare.opened_bundle import open_bundle

    with tempfile.TemporaryDirectory(prefix="cai-replay-") as scratch:
        bundle = open_bundle(parsed.bundle, Path(scratch) / "bundle")
        print(f"Evaluation {_plain(bundle.head.id)}, {len(bundle.rows):,} answers, seal {bundle.seal.hash}")
        here = {"home": str(Path(scratch) / "home"), "keep_quantized": False}
        settings = app_settings(parsed).model_copy(update=here)
        services = open_services(settings, alone=True)
        try:
            trained, replayed = _again(services, bundle, parsed.train)
        finally:
            services.close()
    print("\n".join(_lines(trained, replayed)))
    if not replayed.same and (said := mode_words(bundle.head.settings)):
        print(said)
    return 0 if replayed.same and all(figure.same for figure in trained) else 1


def _again(services: Services, bundle: Bundle, train: bool) -> tuple[list[Figure], Replayed]:
    """Figures of runs that were trained again, and what came of the evaluation."""
    from cai_ui.pipeline.compare.replay import check_base, load_variants, replay
    from cai_ui.pipeline.compare.retrain import retrain

    engine = services.engine(WAIT_S)
    check_base(bundle, engine)
    progress = Progress()
    trained: list[Figure] = []
    instead: dict[str, Path] = {}
    for run in retrain(services, bundle) if train else ():
        progress.show(run.step, run.total, f"training {run.run}")
        trained += run.figures
        instead |= run.adapters or {}
    load_variants(bundle, engine, instead)
    found: Replayed | None = None
    for step in replay(bundle, engine):
        progress.show(step.done, step.total, "answers")
        found = step.replayed or found
    assert found is not None
    return trained, found


def _lines(trained: list[Figure], replayed: Replayed) -> Iterator[str]:
    yield "\nMade with, then and now (no part of the result):"
    yield from _table(replayed.circumstances)
    yield "\nFigures:"
    yield from _table([*trained, *replayed.figures])
    yield (
        f"\n{replayed.answers - replayed.differ:,} of {replayed.answers:,} answers are the same, word for word"
        + (f"; {replayed.differ:,} differ, the first of them:" if replayed.differ else ".")
    )
    for one in replayed.first:
        yield from _differing(one)
    differing = sum(not figure.same for figure in (*trained, *replayed.figures))
    yield "What people and judges said of the answers is in the bundle as it was; they are not asked again."
    yield "All is the same." if not differing and not replayed.differ else f"{differing} figures differ."


def _table(figures: Iterable[Figure]) -> Iterator[str]:
    lines = [("figure", "recorded", "replayed", "")]
    for one in figures:
        told = (_plain(one.name), _plain(one.recorded), _plain(one.replayed))
        lines.append((*told, "same" if one.same else "DIFFERS"))
    widths = [max(len(line[place]) for line in lines) for place in range(3)]
    for line in lines:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]).rstrip()


def _differing(one: Differing) -> Iterator[str]:
    yield f"- {_plain(one.prompt_id)}, {_plain(one.variant)}"
    yield f"  recorded: {_plain(one.recorded, _SHOWN)}"
    yield f"  replayed: {_plain(one.replayed, _SHOWN)}"


def _plain(text: str, limit: int = 70) -> str:
    """One line that no terminal takes for commands."""
    flat = "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
