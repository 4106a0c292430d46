"""Prompt formats side by side on the same requests."""

from __future__ import annotations

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise.format_lab import run_formats
from cai_ui.web.revise import format_lab
from cai_ui.web.stops import Stops

from .running import ME


def test_formats_get_the_same_requests_and_are_counted(services: Services) -> None:
    services.host.use(ScriptedEngine(lambda r: "I cannot help." if r.messages[0].role == "system" else "Sure <b>."))
    pages = list(format_lab.run_lab(services, Stops(), ME, "heldout-harmful", 40, ["plain", "safety", "both"]))
    assert len(pages) == 6
    assert "<b>" not in pages[-1] and pages[-1].count("cai-question") == format_lab.SHOWN
    prompts = sets.list_prompts(services, "heldout-harmful", 40, 0)
    results = list(run_formats(services, prompts, ["plain", "safety"], Sampling()))[-1]
    assert [(r.key, r.refused.successes, r.refused.total) for r in results] == [("plain", 0, 40), ("safety", 40, 40)]
    for bad in ([], None):
        with pytest.raises(InputError, match="no format"):
            list(format_lab.run_lab(services, Stops(), ME, "heldout-harmful", 40, bad))


def test_one_click_compares_human_with_raw_text_and_the_template(services: Services) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> str:
        asked.append(request)
        return "I cannot help with that." if request.chat_format == "human-assistant" else "Sure."

    services.host.use(ScriptedEngine(answer))
    *_, last = format_lab.ask_about_human(services, Stops(), ME, "heldout-harmful", 40)
    assert "“Raw, with Human:” refuses more" in last and "40 of the requests" in last and "p = 1.8e-12" in last
    human, bare, plain = (
        next(r for r in asked if r.chat_format == name) for name in ("human-assistant", "bare", "as loaded")
    )
    assert (human.messages, human.sampling) == (bare.messages, bare.sampling) == (plain.messages, plain.sampling)
