"""The answers of an evaluation as files for other programs: tables, LLM Comparator, and logs as Inspect reads them.

Formats: github.com/PAIR-code/llm-comparator (client/lib/types.ts) and inspect.aisi.org.uk (EvalLog, version 2).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cai_ui.compare.corrected import outcome_of
from cai_ui.conversations import turns_of
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_lines, json_text, page_text, table_text
from cai_ui.readers import good
from cai_ui.records import Evaluation, EvaluationInfo, Rate, content_hash

Row = Mapping[str, Any]
COLUMNS = (
    "evaluation", "place", "prompt_id", "kind", "set", "topic", "condition", "model", "earlier", "prompt", "answer",
    "outcome", "reason", "complied", "helped", "refused", "finish", "tokens", "adapter_hash", "reader",
)  # fmt: skip
"""Of a table; what is not known is empty, and yes and no are `true` and `false`."""
_FILE_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in a zip, so that the same answers give the same bytes."""


@dataclass(frozen=True)
class AnswerForm:
    """A format: what it is called, how its file ends, and what writes it from an evaluation and its rows."""

    title: str
    ending: str
    write: Callable[[Evaluation | EvaluationInfo, Sequence[Row], Mapping[str, str]], bytes]


def answer_lines(evaluation: Evaluation | EvaluationInfo, rows: Sequence[Row], titles: Mapping[str, str]) -> bytes:
    """JSON Lines: every answer with all that is kept of it."""
    named = ({"evaluation": evaluation.id, "reader": evaluation.reader, **row} for row in rows)
    return json_lines(named).encode()


def answer_table(evaluation: Evaluation | EvaluationInfo, rows: Sequence[Row], titles: Mapping[str, str]) -> bytes:
    """CSV for a spreadsheet."""
    return page_text(table_text(COLUMNS, (_cells(evaluation, row) for row in rows))).encode()


def comparator_file(evaluation: Evaluation | EvaluationInfo, rows: Sequence[Row], titles: Mapping[str, str]) -> bytes:
    """The first two models side by side for LLM Comparator. Its score is 1 where only the first did what is wanted of
    the kind of request, -1 where only the second did, 0 where both or neither; null where the reader could not tell.

    InputError for an evaluation of one model.
    """
    variants = list(dict.fromkeys(str(row["variant"]) for row in rows))[:2]
    if len(variants) < 2:
        raise InputError(
            "LLM Comparator shows two models, and here is only one.",
            kept="No file was written.",
            next_step="Choose another format.",
        )
    by_prompt: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_prompt.setdefault(str(row["prompt_id"]), {})[str(row["variant"])] = row
    pairs = [(found[variants[0]], found[variants[1]]) for found in by_prompt.values() if {*variants} <= found.keys()]
    names = [titles.get(variant, variant) for variant in variants]
    file = {
        "metadata": {
            "source_path": f"evaluation {evaluation.id}",
            "custom_fields_schema": [{"name": "outcome", "type": "per_model_category"}],
        },
        "models": [{"name": name} for name in names],
        "examples": [_pair(first, second) for first, second in pairs],
    }
    return json_text(file, 1).encode()


def inspect_logs(evaluation: Evaluation | EvaluationInfo, rows: Sequence[Row], titles: Mapping[str, str]) -> bytes:
    """A zip file with a log for each model, as `inspect view` lists and opens them: it knows logs by a name that begins
    with their time, and takes two of one `eval_id` for one."""
    by_variant: dict[str, list[Row]] = {}
    for row in rows:
        by_variant.setdefault(str(row["variant"]), []).append(row)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        made = evaluation.created_at.partition(".")[0].partition("+")[0].replace(":", "-")
        for number, (variant, mine) in enumerate(by_variant.items(), 1):
            id = f"{evaluation.id[:12]}-{number}"
            name = f"{made}_held-out-requests_{id}.json"
            log = _log(evaluation, id, titles.get(variant, variant), variant, mine)
            archive.writestr(zipfile.ZipInfo(name, _FILE_TIME), json_text(log, 1))
    return buffer.getvalue()


FORMS: Mapping[str, AnswerForm] = {
    "csv": AnswerForm("Table (CSV)", "csv", answer_table),
    "jsonl": AnswerForm("JSON Lines, all that is known", "jsonl", answer_lines),
    "comparator": AnswerForm("LLM Comparator (JSON)", "json", comparator_file),
    "inspect": AnswerForm("Logs for Inspect (zip)", "zip", inspect_logs),
}
"""By the name that a flag or menu has for it."""


def _cells(evaluation: Evaluation | EvaluationInfo, row: Row) -> list[object]:
    known = {**row, "evaluation": evaluation.id, "model": row["variant"], "reader": evaluation.reader}
    known["outcome"] = outcome_of(row).value
    return [_plain(known.get(name)) for name in COLUMNS]


def _plain(value: object) -> object:
    return ("true" if value else "false") if isinstance(value, bool) else value


def _pair(first: Row, second: Row) -> dict[str, Any]:
    told = [good(row["kind"], outcome_of(row)) for row in (first, second)]
    score = None if None in told else int(bool(told[0])) - int(bool(told[1]))
    return {
        "input_text": "\n\n".join(filter(None, [str(first.get("earlier") or ""), str(first["prompt"])])),
        "tags": [str(tag) for name in ("kind", "set", "topic", "condition") if (tag := first.get(name))],
        "output_text_a": str(first["answer"]),
        "output_text_b": str(second["answer"]),
        "score": score,
        "individual_rater_scores": [],
        "custom_fields": {"outcome": [outcome_of(first).value, outcome_of(second).value]},
    }


def _log(
    evaluation: Evaluation | EvaluationInfo, id: str, title: str, variant: str, rows: Sequence[Row]
) -> dict[str, Any]:
    settings = evaluation.settings
    sets = ", ".join(dict.fromkeys(str(row["set"]) for row in rows if row.get("set")))
    sampling = {"temperature": settings.get("temperature"), "max_tokens": settings.get("max_new_tokens")}
    config = {name: value for name, value in (sampling | {"seed": settings.get("seed")}).items() if value is not None}
    shares = {
        f"{result.kind}: {measure}": {"name": f"{result.kind}: {measure}", "value": found.value}
        for result in evaluation.results
        if result.variant == variant
        for measure in ("complied", "helped", "refused")
        if (found := _rate(result, measure)).value is not None
    }
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": id, "run_id": evaluation.id, "created": evaluation.created_at,
            "task": evaluation.name or "held-out requests", "task_id": id, "task_version": 0,
            "task_args": {}, "dataset": {"name": sets or None, "samples": len(rows)},
            "model": f"cai/{title}", "model_args": {}, "config": {}, "packages": {},
            "metadata": {"variant": variant, "reader": evaluation.reader},
        },
        "plan": {"name": "plan", "steps": [], "config": config},
        "results": {
            "total_samples": len(rows), "completed_samples": len(rows),
            "scores": [{"name": "outcome", "scorer": evaluation.reader, "params": {}, "metrics": shares}],
        },
        "stats": {"started_at": "", "completed_at": evaluation.created_at, "model_usage": {}},
        "samples": [_sample(row, id, f"cai/{title}") for row in rows],
    }  # fmt: skip


def _rate(result: Any, measure: str) -> Rate:
    found: Rate = getattr(result, measure)
    return found


def _sample(row: Row, log: str, model: str) -> dict[str, Any]:
    earlier = row.get("earlier")
    turns = [{"role": turn.role, "content": turn.content} for turn in (turns_of(str(earlier)) if earlier else ())]
    asked = [*turns, {"role": "user", "content": str(row["prompt"])}]
    said = {"role": "assistant", "content": str(row["answer"]), "source": "generate"}
    stop = {"end": "stop", "length": "max_tokens"}.get(str(row.get("finish")), "unknown")
    score = {"value": outcome_of(row).value, "answer": str(row["answer"]), "explanation": str(row.get("reason") or "")}
    return {
        "id": str(row["prompt_id"]), "epoch": 1, "uuid": content_hash([log, row["prompt_id"]])[:22],
        "input": asked if turns else str(row["prompt"]), "target": "",
        "messages": [*asked, said],
        "output": {"model": model, "choices": [{"message": said, "stop_reason": stop}]},
        "scores": {"outcome": score},
        "metadata": {name: row[name] for name in ("kind", "set", "topic", "condition", "tokens") if row.get(name)},
        "store": {}, "events": [], "model_usage": {}, "attachments": {},
    }  # fmt: skip
