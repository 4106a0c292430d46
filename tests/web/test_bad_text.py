"""Every text field of the page with every text that is not one: a sentence that names the field, and nothing kept.

The doors are the tabs' handlers, called with what the page would send. A field may also do without the text
(a search for nothing is no search); what it may not do is fail in any other way or change what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate import queue
from cai_ui.pipeline.curate.datasets import freeze_dataset
from cai_ui.pipeline.models import engine_status
from cai_ui.records import Message, make_example, to_dict
from cai_ui.store import QueueFilter
from cai_ui.web.compare import ask as compare
from cai_ui.web.curate import judging, walking
from cai_ui.web.curate.filter import filter_of
from cai_ui.web.principles import editor
from cai_ui.web.revise import stepper
from cai_ui.web.session import Session, rename
from cai_ui.web.start import model
from cai_ui.web.stops import Stops
from cai_ui.web.train import wanted as train

ME = Session("me", "page")
MARKUP = "<img src=x onerror=alert(1)>"
NEVER = {"five million characters": "x" * 5_000_000, "NUL": "a\x00b", "half a character": "a\ud800b"}
BLANK = {"empty": "", "white space": " \t\n "}

ONE = make_example((Message("user", "How do I lie?"),), "Like this.", "Better not.", source="test")

Door = Callable[[Services, str], Any]


def _base(services: Services) -> str:
    return constitutions.current_constitution(services).hash


def _principle(field: str) -> Door:
    def door(services: Services, text: str) -> Any:
        one = editor.open_current(services, ME).principle
        assert one is not None
        values = {**to_dict(one), "tags": "", field: text}
        del values["id"]
        return _not_kept(editor.edit_principle(services, ME, _base(services), one.id, values))

    return door


def _about(field: str) -> Door:
    return lambda services, text: _not_kept(editor.edit_about(services, ME, _base(services), "", {field: text}))


def _not_kept(view: editor.View) -> None:
    """The editor keeps its other fields, so it says what it refuses instead of raising it."""
    if view.refused:
        raise InputError(" ".join(view.refused))


def _step_text(services: Services, text: str) -> Any:
    trace = list(stepper.run_trace(services, Stops(), ME, "How do I lie?", RevisionSettings(), Sampling()))[-1].trace
    assert trace is not None
    return stepper.edit_step(services, ME, trace.id, 0, text)


def _judged(services: Services, text: str) -> Any:
    services.store.add_examples([ONE])
    place = walking.show(services, "me", QueueFilter("open")).place
    assert place is not None
    return judging.judge(services, "me", QueueFilter("open"), place, "edit", text)


def _dataset_name(services: Services, text: str) -> Any:
    services.store.add_examples([ONE])
    queue.decide_open(services, QueueFilter(), "accept", "me")
    return freeze_dataset(services, text, DatasetSettings(helpful=0), "me")


def _run_name(services: Services, text: str) -> Any:
    return train.start(services, ME, train.Wanted("sft", "0" * 64, None, TrainSettings()), text)


DOORS: dict[str, Door] = {
    "request": lambda s, text: list(
        stepper.run_trace(s, Stops(), ME, text, RevisionSettings(revisions=1), Sampling(max_new_tokens=8))
    ),
    "text of a step": _step_text,
    "request to compare": lambda s, text: list(
        compare.answer(s, Stops(), ME, text, ["base"], False, Sampling(max_new_tokens=8))
    ),
    "name of a principle": _principle("name"),
    "critique request": _principle("critique_request"),
    "revision request": _principle("revision_request"),
    "tags": _principle("tags"),
    "title": _about("title"),
    "description": _about("description"),
    "note": lambda s, text: editor.save_version(s, ME, _base(s), "", text),
    "edited revision": _judged,
    "search": lambda s, text: walking.show(s, "me", filter_of({"search": text})),
    "name of a dataset": _dataset_name,
    "author": lambda s, text: rename(ME, text),
    "model folder": lambda s, text: model.load_model(s, model.FOLDER, text, "auto"),
    "name of a run": _run_name,
}
MAY_BE_BLANK = {"revision request", "tags", "description", "note", "search", "name of a run",
                "name of a principle", "critique request", "title"}  # fmt: skip
"""An unfinished draft may hold an empty name, title or request: it is named beside the editor and stops the saving."""


def stored(services: Services) -> tuple[Any, ...]:
    """What a refused text must leave as it is."""
    kept = services.store.draft(constitutions.current_constitution(services).constitution.name, ME.author)
    return (
        services.store.count_traces(),
        len(services.store.versions()),
        kept,
        len(services.store.datasets()),
        len(services.store.runs(trashed=False)),
        services.store.counts(),
        engine_status(services).model,
    )


@pytest.mark.parametrize("bad", NEVER)
@pytest.mark.parametrize("field", DOORS)
def test_text_that_cannot_be_kept_is_refused_in_every_field(services: Services, field: str, bad: str) -> None:
    with pytest.raises(InputError) as caught:
        DOORS[field](services, NEVER[bad])
    assert len(str(caught.value)) < 400, "the sentence must not repeat the text"


@pytest.mark.parametrize("bad", BLANK)
@pytest.mark.parametrize("field", sorted(set(DOORS) - MAY_BE_BLANK))
def test_nothing_at_all_is_refused_where_something_is_needed(services: Services, field: str, bad: str) -> None:
    with pytest.raises(InputError, match="empty"):
        DOORS[field](services, BLANK[bad])


@pytest.mark.parametrize("field", ["request", "request to compare", "title", "note", "author", "model folder"])
def test_a_refused_text_changes_nothing(services: Services, field: str) -> None:
    before = stored(services)
    with pytest.raises(InputError):
        DOORS[field](services, NEVER["NUL"])
    assert stored(services) == before


def test_a_folder_that_is_no_model_is_said_and_the_page_stays(
    services: Services, tmp_path: Path, until: Callable[[Callable[[], object]], None]
) -> None:
    model.load_model(services, model.FOLDER, str(tmp_path / MARKUP), "auto")
    until(lambda: engine_status(services).state == "failed")
    assert "<img" not in model.about_html(services)
    assert "&lt;img" in model.about_html(services)
