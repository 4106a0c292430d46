"""The Start tab: the loop's stages and result, who the visitor is, and which model answers."""

from __future__ import annotations

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.session import Session
from cai_ui.web.tabs import model
from cai_ui.web.tabs import tour as tab


def test_before_the_first_run_all_stages_wait(services: Services) -> None:
    stages, result, running = tab.loop_html(services)
    assert stages.count('data-state="waiting"') >= 5
    assert (result, running) == ("", False)


def test_a_name_can_be_taken_and_must_be_one(services: Services) -> None:
    assert tab.rename(services, Session("local", "p"), " Ada ") == Session("Ada", "p")
    with pytest.raises(InputError, match="Name"):
        tab.rename(services, Session(), "\ud800")


def test_the_scripted_model_is_not_passed_off_as_one(services: Services) -> None:
    assert "No model is loaded" in model.world_html(services)
    assert "Scripted" in model.about_html(services)


def test_a_model_that_is_not_offered_is_refused(services: Services) -> None:
    with pytest.raises(InputError, match="not in the list"):
        model.load_model(services, "evil/model", "", "auto")
    with pytest.raises(InputError, match="Folder"):
        model.load_model(services, model.FOLDER, " ", "auto")
