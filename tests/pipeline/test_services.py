"""Opening a workspace and loading its model: what works without one, and what is refused meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.errors import ConflictError, EngineError, InputError, StoreError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.model_host import EngineHost
from cai_ui.pipeline.models import choose_model, engine_status

Open = Callable[..., Services]
Until = Callable[[Callable[[], object]], None]
Chain = Callable[..., Any]


def test_services_are_there_before_the_model(tmp_path: Path, open_home: Open, until: Until, chain: Chain) -> None:
    began = time.monotonic()
    services = open_home(tmp_path, "no/such-model-here")
    assert time.monotonic() - began < 5
    assert constitutions.current_constitution(services).constitution.name == "harmlessness"
    with pytest.raises(EngineError):
        services.engine()
    until(lambda: engine_status(services).state == "failed")
    with pytest.raises(EngineError, match="Everything else works"):
        chain(services)
    assert comparison.variants(services) == []
    assert comparison.variant_titles(services) == {"base": "Base model"}
    choose_model(services, "scripted")
    assert services.engine(20).name == "scripted"
    services.close()


def test_only_the_model_chosen_last_is_kept() -> None:
    host = EngineHost(lambda engine: None)
    for _ in range(5):
        host.load(AppSettings(model="/nowhere/at/all"))
    host.load(AppSettings(model="scripted"))
    assert host.get(20).name == "scripted"
    time.sleep(0.1)
    assert host.status().state == "ready"


def test_the_model_cannot_be_exchanged_under_a_batch(services: Services) -> None:
    gate = threading.Event()
    services.batch.start(lambda stop: iter(lambda: gate.wait(10), True), 0)
    with pytest.raises(ConflictError, match="in use by a batch"):
        choose_model(services, "scripted")
    gate.set()
    assert services.batch.wait(5)
    choose_model(services, "scripted")


def test_a_second_process_on_the_same_workspace_is_refused(services: Services, open_home: Open) -> None:
    with pytest.raises(StoreError):
        open_home(Path(services.settings.home))


def test_where_others_look_models_come_from_named_folders_only(tmp_path: Path) -> None:
    """The same words for a folder that is there and one that is not: the disk is nobody's business."""
    allowed, there, absent = tmp_path / "models", tmp_path / "home", tmp_path / "none"
    for folder in (allowed / "mine", there):
        folder.mkdir(parents=True)
    (allowed / "out").symlink_to(there)
    services = open_services(AppSettings(home=str(tmp_path / "ws"), model="scripted", model_folders=str(allowed)))
    try:
        services.any_folder = False
        said = set()
        for folder in (there, absent, allowed / "out", allowed / ".." / "home"):
            with pytest.raises(InputError) as refused:
                choose_model(services, str(folder))
            said.add(str(refused.value))
        assert len(said) == 1 and str(tmp_path) not in said.pop()
        choose_model(services, str(allowed / "mine"))  # may be tried; it holds no model
        choose_model(services, "scripted")
    finally:
        services.close()
