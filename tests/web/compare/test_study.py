"""The study from the page: its cost is seen first; stopped, gone on with, it ends where its command ends."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui.cli import main
from cai_ui.config.app import AppSettings
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services, open_services
from cai_ui.studies.seed import work
from cai_ui.web.compare import study, words
from cai_ui.web.compare.study import StudyBox
from cai_ui.web.session import Session

SMALL = {
    "harmless": 4, "helpful": 3, "references": 3, "per_kind": 2, "answer_tokens": 12, "seed": 0,
    "max_steps": "6", "batch_size": "2", "critique_tokens": 24,
}  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> Iterator[StudyBox]:
    """The box on services of the embedded model."""
    services = open_services(AppSettings(home=str(tmp_path / "home"), model="embedded"))
    services.engine(120)
    with gr.Blocks() as page:
        found = StudyBox(services)
        found.session = _Session(gr.State(Session("Ana")))  # type: ignore[assignment]
    assert page
    yield found
    services.close()


class _Session:
    """What the box asks of the page around it."""

    def __init__(self, state: gr.State) -> None:
        self.state = state


def given(box: StudyBox, **instead: Any) -> dict[Any, Any]:
    """An event's values as the page opens, with small numbers."""
    fields = box.settings
    values: dict[Any, Any] = {component: component.value for component in fields.inputs}  # type: ignore[attr-defined]
    values |= fields._usual(Session("Ana"))
    named = {**fields.form.widgets, **fields.numbers, **{"critique_tokens": fields.revision.widgets["critique_tokens"]}}
    values |= {named[name]: value for name, value in SMALL.items()}
    values |= {fields.trained: ["sft"], box.seen: "", box.session.state: Session("Ana")}
    return values | {getattr(fields, name): value for name, value in instead.items()}


def numbers(path: str | Path) -> dict[str, Any]:
    """All results in a file, without what another clock or id changes."""
    told: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"), parse_float=lambda n: round(float(n), 5))
    del told["settings"]["evaluation"]
    for run in told["made"]["runs"].values():
        del run["seconds"]
    return told


@pytest.mark.slow
def test_what_is_begun_on_the_page_is_what_its_command_makes(
    box: StudyBox, until: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    services, asked = box.services, given(box)
    with pytest.raises(InputError, match="not looked at"):
        box._start(asked)
    shown = box._estimate(asked)
    key = shown[box.seen]
    assert f"Study {key}. Left to do, at most:" in shown[box.cost] and "training DPO" not in shown[box.cost]
    with pytest.raises(InputError, match="not looked at"):
        box._start({**asked, box.seen: key, box.settings.form.widgets["harmless"]: 5})
    box._start({**asked, box.seen: key})
    until(services.store.runs)  # training has begun; its few steps are too short to be met as a stage
    assert study.study_view(services).running
    services.study.stop()
    until(lambda: not services.study.last().active)
    seen = study.study_view(services)
    assert "Stopped at: " in seen.html and seen.resumable  # six steps may be over before the stop is seen
    told = study.tables_html(services, key)
    assert ("not trained all" in told or "Not finished" in told) and "not finished" in study.study_choices(services)[0][
        0
    ]
    box._resume()
    until(lambda: not services.study.last().active)
    assert services.study.last().state == "done", services.study.last().error
    assert box._look(True).more[box.chosen]["value"] == key
    html, command = study.tables_html(services, key), work.study_info(services, key).command
    assert "<table" in html and "base, untrained" in html and "SFT without helpful rows" not in html
    page = numbers(box._numbers(key))
    assert Path(box._tables(key)).read_text(encoding="utf-8").startswith("# The seed study, measured")

    out = tmp_path / "cli.md"
    words_ = [*shlex.split(command)[3:], "--home", str(tmp_path / "other"), "--out", str(out)]
    assert main(words_) == 0
    assert f"Study {key}." in capsys.readouterr().out
    assert numbers(out.with_suffix(".json")) == page
    assert [cell["variant"] for cell in page["cells"]] == ["base", "SFT"] * 3
    assert {cell["variant"] for cell in page["formats"]} == {"base", "SFT"}


def test_a_study_goes_on_after_a_restart(box: StudyBox, until: Callable[..., None], tmp_path: Path) -> None:
    """By what was kept: the file that its rows came from is gone."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        "".join(json.dumps({"prompt": f"How do I lie {n}?", "response": f"No, {n}."}) + "\n" for n in range(4))
    )
    services, asked = box.services, given(box, rows=str(rows))
    key = box._estimate(asked)[box.seen]
    assert "answers, critiques" not in box._estimate(asked)[box.cost], "nothing here learns from pairs"
    box._start({**asked, box.seen: key})
    until(services.store.runs)  # training has begun; its few steps are too short to be met as a stage
    rows.unlink()
    services.close()
    again = open_services(AppSettings(home=str(tmp_path / "home"), model="embedded"))
    try:
        again.engine(120)
        seen = study.study_view(again)
        assert seen.resumable and not seen.running
        with gr.Blocks():
            StudyBox(again)._resume()
        until(lambda: not again.study.last().active)
        assert again.study.last().state == "done", again.study.last().error
        assert work.study_results(again, key).settings["source"] == "published rows"
    finally:
        again.close()


@pytest.mark.parametrize("key", ["", None, "../runs", "0" * 16, "a\x00b"])
def test_no_study_is_a_sentence(services: Services, key: str | None) -> None:
    with gr.Blocks():
        box = StudyBox(services)
    with pytest.raises((InputError, NotFoundError)):
        box._numbers(key)
    box._show(key)


def test_values_that_do_not_fit_are_named(box: StudyBox) -> None:
    rate, preset = box.settings.numbers["sft_rate"], box.settings.preset
    for change, named in (
        ({rate: "fast"}, "SFT learning rate"),
        ({rate: "0"}, "SFT learning rate"),
        ({preset: "x"}, "preset"),
    ):
        with pytest.raises(InputError, match=named):
            box._estimate({**given(box), **change})
    with pytest.raises(InputError, match="No variant to train"):
        box._estimate(given(box, trained=[]))
    assert words.STUDY_VARIANTS.keys() == study.inputs.CALLED.keys()
