"""What the experiments find where the truth is known: rows made by hand, and engines that do what they are told."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from cai_ui.config.experiments import ClustersSettings, CritiquesSettings, PrinciplesSettings, RoundsSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import InputError
from cai_ui.experiments import running
from cai_ui.experiments.catalogue import EXPERIMENTS
from cai_ui.experiments.critiques import CRITIQUED, DIRECT
from cai_ui.experiments.plots import map_svg, plot_svg, standing
from cai_ui.experiments.report import result_markdown
from cai_ui.experiments.results import Result
from cai_ui.formats.writing import plain_line
from cai_ui.pipeline import Services

NO = "I will not help with that. It is wrong."


def found(services: Services, name: str, settings: Any, answer: Callable[[Any], str]) -> Result:
    services.host.use(ScriptedEngine(answer))
    last = list(running.run_experiment(services, name, settings))[-1]
    result = running.kept(services, last.key).result
    assert result is not None and result.finished and last.done == last.total
    assert last.done <= sum(part.answers for part in EXPERIMENTS[name].parts(services, settings))
    for picture in [*map(plot_svg, result.plots), *([map_svg(result.map)] if result.map else [])]:
        assert picture.startswith("<svg") and standing(picture).count("<style>") == 1
    assert plain_line(result.finding) in result_markdown(EXPERIMENTS[name], result)
    return result


def is_draft(request: Any) -> bool:
    return len(request.messages) == 1


def test_a_critique_that_helps_is_found(services: Services) -> None:
    """Direct revisions comply; those after a critique decline."""

    def answer(request: Any) -> str:
        critiqued = any("harm" in turn.content and turn.role == "assistant" for turn in request.messages)
        asked = "rewrite" in request.messages[-1].content.lower()
        return NO if asked and critiqued else "This is harmful." if not asked and not is_draft(request) else "Do it."

    result = found(services, "critiques", CritiquesSettings(prompts=8, seeds=2, revisions=1), answer)
    assert result.against == "as published"
    gap = result.numbers["differences"]["harmless/1"]
    assert gap["value"] == 1 and gap["p"] == pytest.approx(2 / 2**8)
    assert "+100 points" in result.finding and len(result.table) == 4


def test_no_difference_is_said_to_be_none(services: Services) -> None:
    result = found(
        services, "critiques", CritiquesSettings(prompts=4, seeds=1, revisions=2, controls=True), lambda _: NO
    )
    assert result.against == "not significant" and "the same on every request" in result.finding
    assert {row[1] for row in result.table} > {CRITIQUED, DIRECT} and len(result.table) == 8


def test_rounds_that_undo_what_the_first_one_did(services: Services) -> None:
    def answer(request: Any) -> str:
        revisions = sum("rewrite" in turn.content.lower() for turn in request.messages if turn.role == "user")
        return NO if revisions == 1 else "Do it."

    result = found(services, "revisions", RoundsSettings(prompts=8, seeds=1, revisions=3), answer)
    assert result.against == "other than published"
    told = result.numbers["differences"]["harmless"]
    assert (told["whole"]["value"], told["first"]["value"], told["later"]["value"]) == (0, 1, -1)


def test_principles_that_leave_their_mark_cluster(services: Services) -> None:
    """Each principle brings words of its own; others are drawn by lot."""

    def answer(request: Any) -> str:
        chance = random.Random(str(request.sampling.seed))
        own = [f"mark{sum(map(ord, request.messages[-1].content))}"] if len(request.messages) > 2 else []
        return " ".join([*chance.choices([f"word{n}" for n in range(30)], k=12), *own * 3])

    settings = ClustersSettings(prompts=6, seeds=3, constitution="specific")
    result = found(services, "clusters", settings, answer)
    assert result.against == "as published" and result.numbers["p"] < 0.01
    assert result.map is not None and len(result.map.dots) == 6 * 3 * 6 and len(result.table) == 6
    assert result.numbers["nearest"]["value"] > 0.5


def test_principles_that_leave_none_do_not(services: Services) -> None:
    def answer(request: Any) -> str:
        chance = random.Random(f"{request.sampling.seed} {request.messages[-1].content}")
        return " ".join(chance.choices([f"word{n}" for n in range(30)], k=12))

    result = found(services, "clusters", ClustersSettings(prompts=6, seeds=2), answer)
    assert result.against == "not significant" and "do not visibly cluster" in result.finding


def test_more_principles_more_diversity(services: Services) -> None:
    """The text of a revision is decided by its principle alone."""

    def answer(request: Any) -> str:
        return f"{NO} {request.messages[-1].content}" if len(request.messages) > 2 else "Do it."

    settings = PrinciplesSettings(prompts=6, seeds=2, counts="1, 8", answers=4)
    result = found(services, "principles", settings, answer)
    assert result.numbers["diversity"]["1"]["value"] == pytest.approx(0, abs=1e-9)
    wider = result.numbers["differences"]["diversity"]
    assert wider["value"] > 0.2 and wider["units"] == 2 and wider["p"] == 0.5  # two sets of principles were drawn
    assert "not significant" in result.finding
    assert result.numbers["differences"]["harmless"]["value"] == 0


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("principles", PrinciplesSettings(counts="one, two"), "cannot be read"),
        ("principles", PrinciplesSettings(counts="1, 99"), "99 are asked for"),
        ("clusters", ClustersSettings(seeds=1), "two seeds"),
    ],
)
def test_settings_that_do_not_fit_are_refused_at_once(services: Services, name: str, settings: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        running.start_experiment(services, name, settings)
    assert services.experiment.last() is None
