"""The grid of a sweep, as it is typed."""

from __future__ import annotations

import pytest

from cai_ui.config.train import TrainSettings
from cai_ui.errors import InputError
from cai_ui.pipeline.train import sweeps


def test_a_grid_is_read_and_bad_ones_are_named() -> None:
    assert sweeps.read_grid("learning rate = 1e-4, 2e-4; rank=8") == {
        "learning_rate": ["1e-4", "2e-4"],
        "rank": ["8"],
    }
    assert list(sweeps.read_grid("lr=1e-4; r=8,16")) == ["learning_rate", "rank"]
    for bad in ("rank", "rank=", "=3"):
        with pytest.raises(InputError):
            sweeps.start_sweep(None, "sft", "d", TrainSettings(), "me", sweeps.read_grid(bad))  # type: ignore[arg-type]


def test_one_judge_reads_all_runs_of_a_grid() -> None:
    """Seen: in a grid a trainer named a server to be asked, which only an owner may."""
    grid = sweeps.read_grid("probe_judge=http://127.0.0.1:9/v1#m,base; rank=8")
    with pytest.raises(InputError, match="one judge reads all of them"):
        sweeps.start_sweep(None, "sft", "d", TrainSettings(), "me", grid)  # type: ignore[arg-type]
