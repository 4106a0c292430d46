"""Results of lm-evaluation-harness, which is no part of this program: its command for an adapter, and its file.

github.com/EleutherAI/lm-evaluation-harness, docs/interface.md: with --output_path it writes results_<time>.json.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import field, read_json

MAX_BYTES = 20 * 10**6
TASKS = "arc_easy,hellaswag,ifeval"
_MOST = 2_000
_NAME = 80


@dataclass(frozen=True)
class Score:
    """A task's metric as the harness measured it; `error` is its standard error, None where it gave none."""

    task: str
    metric: str
    value: float
    error: float | None


def command_for(model: str, adapter: str) -> str:
    """What to type to measure a model, with an adapter folder where one is given. Each part is quoted."""
    told = f"pretrained={model}" + (f",peft={adapter}" if adapter else "")
    parts = ["lm_eval", "--model", "hf", "--model_args", told, "--tasks", TASKS, "--output_path", "lm_eval_results"]
    return "pip install lm_eval && " + shlex.join(parts)


def read_results(content: bytes) -> tuple[Score, ...]:
    """The scores of a results file. FileFormatError for one that is too large, is no JSON, or holds none."""
    if len(content) > MAX_BYTES:
        raise FileFormatError(f"The file has more than {MAX_BYTES // 10**6} MB.", next_step="Choose the results file.")
    try:
        plain = read_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FileFormatError("The file is not UTF-8 text.", next_step="Choose the results file.") from None
    tasks = field(plain, "results", "The file", dict)
    scores = [score for task, found in tasks.items() for score in _scores(task, found)]
    if not scores:
        raise FileFormatError("The file holds no score.", next_step="Choose results_<time>.json of lm_eval.")
    return tuple(scores[:_MOST])


def _scores(task: str, found: Any) -> list[Score]:
    if not isinstance(found, dict):
        return []
    made = []
    for key in found:
        metric, _, filter = str(key).partition(",")
        if metric.endswith("_stderr") or not _is_number(found[key]):
            continue
        error = found.get(f"{metric}_stderr,{filter}")
        known = float(str(error)) if _is_number(error) else None
        made.append(Score(task[:_NAME], str(key)[:_NAME], float(found[key]), known))
    return made


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
