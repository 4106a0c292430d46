"""Sentences that send somebody to a button, a tab or a box name one that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.web.app import build_app
from cai_ui.web.principles import editor
from cai_ui.web.principles import words as principles
from cai_ui.web.session import Session
from cai_ui.web.start import words as start

ME = Session("me", "page")

ROOT = Path(__file__).resolve().parents[2]
SAID = (
    re.compile(r"(?:[Pp]ress|[Oo]pen|[Tt]ick|under|Compare,) “([^“”]+)”"),
    re.compile(r"\b[Pp]ress ([A-Z][a-z]+(?: [a-z]+)*?)(?=[.,;]| and | again| to | with | first)"),
)
"""How a sentence names a control, in quotes or by its first word."""


def sentences() -> list[tuple[str, str]]:
    """Each text in the code, and where it stands."""
    return [
        (str(path.relative_to(ROOT)), node.value)
        for path in sorted((ROOT / "cai_ui").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def named() -> list[tuple[str, str]]:
    """Each control that a sentence of the code names by itself, and where it stands."""
    return [(path, name) for path, said in sentences() for form in SAID for name in form.findall(said)]


def labels(page: gr.Blocks) -> set[str]:
    """What the page's controls are called."""
    parts = ("label", "value")
    return {
        text for block in page.blocks.values() for part in parts if isinstance(text := getattr(block, part, 0), str)
    }


def test_a_control_that_a_sentence_names_is_on_the_page(services: Services) -> None:
    there = labels(build_app(services))
    found = named()
    assert len(found) > 10, "the forms above find no sentence any more"
    assert [one for one in found if not any(label == one[1] or label.startswith(f"{one[1]} ") for label in there)] == []


def test_what_start_says_after_a_run_names_what_saves_and_is_true(services: Services) -> None:
    said = start.OWN_STEPS[0]
    assert f"“{principles.SAVE}”" in said
    view = editor.open_current(services, ME)
    editor.edit_about(services, ME, view.base, "", {"title": "Mine"})
    saved = editor.save_version(services, ME, view.base, "", "")
    assert constitutions.current_constitution(services).hash == saved.base != view.base
