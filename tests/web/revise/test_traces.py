"""The table of traces, and the files they leave as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.revise import stepper, trace_table, traces
from cai_ui.web.revise.trace_table import Sieve

from .running import ME, run


@pytest.mark.parametrize("form", ["jsonl", "html", "md"])
@pytest.mark.parametrize("scope", ["shown", "tree", "found"])
def test_traces_leave_as_files(services: Services, scope: Any, form: Any) -> None:
    trace = run(services, "A <b>bold</b> request")[-1].trace
    assert trace is not None
    stepper.edit_step(services, ME, trace.id, 0, "Mine.")
    text = Path(traces.export_traces(services, trace.id, Sieve("bold"), scope, form)).read_text(encoding="utf-8")
    if form == "jsonl":
        lines = [json.loads(line) for line in text.splitlines()]
        assert len(lines) == (1 if scope == "shown" else 2)
        assert lines[-1]["steps"][0]["labels"] is not None
    else:
        assert trace.steps[1].text.split("'")[0] in text
    assert ("<b>" not in text) or form != "html"
    with pytest.raises(InputError):
        traces.export_traces(services, "", Sieve("no such words at all"), scope, form)


def test_traces_are_a_table_that_constitution_and_label_narrow(services: Services) -> None:
    first, second = run(services)[-1].trace, run(services, "What is <i>rye</i>?")[-1].trace
    assert first is not None and second is not None
    stepper.label_step(services, ME, first.id, 1, ["role confusion"])

    def listed(**sieve: str) -> list[str]:
        return [trace.id for trace in trace_table.list_traces(services, Sieve(**sieve))]

    assert listed() == [second.id, first.id]
    assert listed(label="role confusion") == [first.id] and listed(label="empty") == []
    assert listed(constitution=first.constitution_hash, words="rye") == [second.id]
    assert listed(constitution="0" * 64) == []
    shown = trace_table.traces_html(services, trace_table.list_traces(services, Sieve()))
    assert f'data-says="{first.id}"' in shown and "role confusion" in shown and "&lt;i&gt;rye" in shown
