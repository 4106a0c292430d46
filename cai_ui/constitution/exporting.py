"""A constitution in the formats that other programs read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cai_ui.constitution.csv_format import to_csv
from cai_ui.constitution.files import dump_yaml, plain_principle
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text
from cai_ui.records import Constitution, FewShot, Principle


def dump_as(constitution: Constitution, form: str, few_shot: tuple[FewShot, ...] = ()) -> str:
    """The file's text in a format of EXPORTS. InputError for none of them, or if it has no place for any principle."""
    if form not in EXPORTS:
        raise InputError(f"There is no format {form[:40]!r}.", next_step=f"Choose one of {', '.join(EXPORTS)}.")
    kind = EXPORTS[form].kind
    there = [p for p in constitution.principles if p.kind == kind and p.enabled]
    if kind and not there:
        raise InputError(
            f"This constitution has no principle that the format {form} holds.",
            next_step="Choose YAML, JSON or CSV, which hold all.",
        )
    return EXPORTS[form].write(constitution, there, few_shot)


def _own_json(constitution: Constitution) -> str:
    top = {k: getattr(constitution, k) for k in ("name", "title", "description", "source", "licence")}
    return _json({**top, "principles": [plain_principle(p) for p in constitution.principles]})


def _anthropic(there: Sequence[Principle]) -> str:
    return _json(
        {
            p.id: {
                "prompt": [f"\n\nCritiqueRequest: {p.critique_request}\n\nCritique:"],
                "edit_request": f"\n\nRevisionRequest: {p.revision_request}\n\nRevision:",
            }
            for p in there
        }
    )


def _langchain(there: Sequence[Principle]) -> str:
    return _json(
        [
            {"name": p.name, "critique_request": p.critique_request, "revision_request": p.revision_request}
            for p in there
        ]
    )


def _swarm(there: Sequence[Principle], few_shot: Sequence[FewShot]) -> str:
    pairs = [{"critic": p.critique_request, "revision": p.revision_request} for p in there]
    return _json({"constitutions": pairs, "system_chat": [_chat(e) for e in few_shot if e.enabled]})


def _icai(there: Sequence[Principle]) -> str:
    return _json("\n".join(f"{number}. {p.critique_request}" for number, p in enumerate(there, 1)))


def _chat(e: FewShot) -> list[dict[str, str]]:
    texts = (e.request, e.answer, e.critique_request, e.critique, e.revision_request, e.revision)
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def _json(value: Any) -> str:
    return json_text(value, 2) + "\n"


@dataclass(frozen=True)
class Export:
    """A format: its name for people, the file's ending, and what writes the constitution, those of its principles that
    the format holds, and few-shot examples. It holds principles of `kind` that are on; None: all there are."""

    title: str
    ending: str
    write: Callable[[Constitution, Sequence[Principle], Sequence[FewShot]], str]
    kind: Literal["critique", "preference"] | None = None


EXPORTS: dict[str, Export] = {
    "yaml": Export("YAML", "yaml", lambda whole, _, __: dump_yaml(whole)),
    "json": Export("JSON", "json", lambda whole, _, __: _own_json(whole)),
    "csv": Export("CSV", "csv", lambda whole, _, __: to_csv(whole)),
    "anthropic": Export("Anthropic's JSON", "json", lambda _, there, __: _anthropic(there), "critique"),
    "llm-swarm": Export("llm-swarm JSON", "json", lambda _, there, examples: _swarm(there, examples), "critique"),
    "langchain": Export("LangChain list", "json", lambda _, there, __: _langchain(there), "critique"),
    "icai": Export(
        "ICAI constitution (preference principles)", "json", lambda _, there, __: _icai(there), "preference"
    ),
}
"""All formats by name, in the order to be shown. Formats of others hold fewer fields."""
