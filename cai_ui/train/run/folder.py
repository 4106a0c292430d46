"""The folder of a run: what it was made of, how it ended, its log. Written by the run, read by pages and commands.

`config.json` is written before the first step; `result.json`, the exit record, last of all, and it alone decides how
the run ended.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cai_ui.engine.interface import Engine
from cai_ui.records import Run, RunState
from cai_ui.train import processes
from cai_ui.train.check.preflight import PreflightReport
from cai_ui.train.run.metrics import read_rows
from cai_ui.versions import versions_of

ADAPTER, RESULT, CONFIG, LOG = "adapter", "result.json", "config.json", "log.txt"
LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
_LOGGED = ("cai_ui.train", "transformers", "trl", "peft", "accelerate")


@dataclass(frozen=True)
class Outcome:
    """How a run ended: what stands in its exit record. `adapter_hash` is None where no adapter was kept."""

    state: RunState
    step: int = 0
    error: str | None = None
    adapter_hash: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)


def read_outcome(folder: Path) -> Outcome | None:
    """The exit record of a run, or None where there is none."""
    try:
        return Outcome(**json.loads((folder / RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read_config(folder: Path) -> dict[str, Any]:
    """What the run was made of, as its folder says; nothing where it has not begun."""
    try:
        found: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write the exit record. OSError where the disk does not take it."""
    write_json(folder / RESULT, asdict(outcome))


def write_config(folder: Path, run: Run, engine: Engine, check: PreflightReport) -> None:
    """Write down what the run is made of, for whoever opens the folder later."""
    content = {
        "run": run.id,
        "method": run.method,
        "dataset": run.dataset_hash,
        "settings": run.config,
        "start_adapter": run.start_adapter,
        "base": engine.name,
        "base_hash": engine.base_hash,
        "device": engine.status().device,
        "processes": processes.count(),
        "shares_weights": processes.shares_weights(),
        "rows": check.rows,
        "held_out": check.held_out,
        "left_out": check.left_out,
        "steps": check.steps,
        "trainable_parameters": check.trainable_parameters,
        "modules": list(check.modules),
        "facts": dict(check.facts),
        "libraries": versions_of(LIBRARIES),
    }
    write_json(folder / CONFIG, content)


def summary_of(folder: Path, check: PreflightReport) -> dict[str, Any]:
    """What is told of a run in lists: its rows, and its losses and pace as the metrics have them."""
    rows = read_rows(folder)
    losses = [row["loss"] for row in rows if "loss" in row]
    held_out = [(row["eval_loss"], row["step"]) for row in rows if "eval_loss" in row]
    paces = sorted(row["tokens_per_s"] for row in rows if "tokens_per_s" in row)
    return {
        "rows": check.rows,
        "left_out": check.left_out,
        "trainable_parameters": check.trainable_parameters,
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "held_out_loss": held_out[-1][0] if held_out else None,
        "best_step": min(held_out)[1] if held_out else None,
        "best_held_out_loss": min(held_out)[0] if held_out else None,
        "tokens_per_s": paces[len(paces) // 2] if paces else None,
    }


def last_step(folder: Path) -> int:
    """The newest step that was logged; 0 before there is one."""
    rows = read_rows(folder)
    return int(rows[-1]["step"]) if rows else 0


def write_json(path: Path, content: Any) -> None:
    """Put a file in its place, whole or not at all."""
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


@contextmanager
def log_file(folder: Path | None) -> Iterator[None]:
    """Everything this thread's libraries log goes into the run's log as well (None: it does not)."""
    if folder is None:
        yield
        return
    handler = logging.FileHandler(folder / LOG, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    mine = threading.get_ident()
    handler.addFilter(lambda record: record.thread == mine)
    loggers = [logging.getLogger(name) for name in _LOGGED]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
