"""A constitution in the formats that other programs read."""

from __future__ import annotations

import json
from typing import Any, Literal

from cai_ui.constitution.csv_format import to_csv
from cai_ui.constitution.files import dump_yaml, plain_principle
from cai_ui.errors import InputError
from cai_ui.records import Constitution, FewShot

Format = Literal["yaml", "json", "csv", "anthropic", "llm-swarm", "langchain", "icai"]
ENDINGS: dict[str, str] = {"yaml": "yaml", "csv": "csv"}
"""File name endings; all other formats are JSON."""


def dump_as(constitution: Constitution, form: Format, few_shot: tuple[FewShot, ...] = ()) -> str:
    """The file's text. InputError where the format has no place for any of the principles.

    Formats of others hold fewer fields; principles that are switched off are left out of them.
    """
    if form == "yaml":
        return dump_yaml(constitution)
    if form == "csv":
        return to_csv(constitution)
    if form == "json":
        top = {k: getattr(constitution, k) for k in ("name", "title", "description", "source", "licence")}
        return _json({**top, "principles": [plain_principle(p) for p in constitution.principles]})
    kind = "preference" if form == "icai" else "critique"
    there = [p for p in constitution.principles if p.kind == kind and p.enabled]
    if not there:
        raise InputError(
            f"This constitution has no principle that the format {form} holds.",
            next_step="Choose YAML, JSON or CSV, which hold all.",
        )
    if form == "anthropic":
        return _json(
            {
                p.id: {
                    "prompt": [f"\n\nCritiqueRequest: {p.critique_request}\n\nCritique:"],
                    "edit_request": f"\n\nRevisionRequest: {p.revision_request}\n\nRevision:",
                }
                for p in there
            }
        )
    if form == "langchain":
        return _json(
            [
                {"name": p.name, "critique_request": p.critique_request, "revision_request": p.revision_request}
                for p in there
            ]
        )
    if form == "llm-swarm":
        pairs = [{"critic": p.critique_request, "revision": p.revision_request} for p in there]
        return _json({"constitutions": pairs, "system_chat": [_chat(e) for e in few_shot if e.enabled]})
    return _json("\n".join(f"{number}. {p.critique_request}" for number, p in enumerate(there, 1)))


def _chat(e: FewShot) -> list[dict[str, str]]:
    texts = (e.request, e.answer, e.critique_request, e.critique, e.revision_request, e.revision)
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
