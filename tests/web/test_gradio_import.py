"""Gradio imported without its stubs is the same Gradio."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import ast, inspect, sys
parsed, parse = [], ast.get_source_segment
ast.get_source_segment = lambda *given, **more: parsed.append(1) or parse(*given, **more)
import {first}
import gradio
from gradio.component_meta import ComponentMeta
kinds = [kind for kind in vars(gradio).values() if isinstance(kind, ComponentMeta)]
said = [(kind.__name__, [event.event_name for event in kind.EVENTS], inspect.getfile(kind)) for kind in kinds]
print(len(parsed) > 0, sorted(map(str, said)))
"""


def seen(first: str) -> tuple[str, str]:
    """Whether Gradio parsed its own source, and what is known of its components then."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(first=first)], capture_output=True, text=True, timeout=120, check=True
    )
    parsed, _, kinds = done.stdout.strip().partition(" ")
    return parsed, kinds


def test_no_stub_is_made_and_every_component_is_as_it_was() -> None:
    """If Gradio no longer made any, the first line would say so, and the replacement could go."""
    parsed, plain = seen("gradio")
    assert parsed == "True" and plain.count("Textbox") > 0
    assert seen("cai_ui.web") == ("False", plain)
