"""An adapter of another base: named on the page, refused as a start, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.errors import CaiError
from cai_ui.pipeline import open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.train import runs
from cai_ui.web.compare import models as compare

from .conftest import QUICK

SHORT = QUICK.model_copy(update={"max_steps": 2})


def test_an_adapter_of_another_base_is_said_refused_and_kept(
    tmp_path: Path, tiny_engine: Any, build_tiny_model: Callable[..., Path], make_dataset: Callable[..., Any]
) -> None:
    home = AppSettings(home=str(tmp_path / "home"), model="tiny")
    services = open_services(home, tiny_engine)
    data = services.store.save_dataset(make_dataset(), "me").hash
    run = services.jobs.wait(services.jobs.submit("sft", data, SHORT, "me", name="Mine <b>").id, 120)
    assert run.state == "done"
    services.close()
    tiny_engine.unload_adapter(run.adapter)

    other = load_engine(AppSettings(model=str(build_tiny_model(tmp_path / "other", seed=1))))
    services = open_services(home, other)
    assert [variant.name for variant in comparison.variants(services)] == ["base"]
    said = compare.about_html(services)
    assert "Mine &lt;b&gt;" in said and "another base model" in said
    with pytest.raises(CaiError, match="made for"):
        runs.preflight(services, "dpo", data, SHORT, start_adapter=run.adapter)
    with pytest.raises(CaiError, match="made for"):
        services.jobs.submit("dpo", data, SHORT, "me", start_adapter=run.adapter)
    assert [kept.id for kept in services.store.runs(trashed=False)] == [run.id], "a refused run leaves no row"
    services.close()

    services = open_services(home, tiny_engine)
    assert [variant.name for variant in comparison.variants(services)] == ["base", run.adapter]
    services.close()
    tiny_engine.unload_adapter(run.adapter)
