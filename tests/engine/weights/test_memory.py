"""What is free is what the container leaves, not what its machine has: a model, a batch and a run are sized by it."""

from __future__ import annotations

import pytest

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.decoding.limits import limits_of
from cai_ui.engine.weights.estimate import free_bytes
from cai_ui.engine.weights.loading import load_model
from cai_ui.errors import EngineError

MEGABYTE = 1_000_000


NAMES = {
    2: ("memory.max", "memory.current", "memory.stat"),
    1: ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
}


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Files as the kernel's control groups show them, in a place of their own."""
    monkeypatch.setattr("cai_ui.engine.weights.estimate._CONTROL_GROUPS", tmp_path)

    def write(*said: str, version: int = 2) -> None:
        for name, text in zip(NAMES[version], said, strict=True):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"{text}\n")

    return write


def test_a_container_leaves_what_it_does_not_use_or_can_drop(container):
    unlimited = free_bytes("cpu")
    assert unlimited and unlimited > 500 * MEGABYTE, "the machine itself"
    parts = f"anon 1\ninactive_file {30 * MEGABYTE}\nactive_file {10 * MEGABYTE}"
    container(f"{300 * MEGABYTE}", f"{250 * MEGABYTE}", parts)
    assert free_bytes("cpu") == 90 * MEGABYTE
    container(f"{300 * MEGABYTE}", f"{301 * MEGABYTE}", "anon 1")
    assert free_bytes("cpu") == 0


def test_the_older_control_groups_are_read_too(container):
    """Docker on a machine that has them: its figures of a container and of those within it, in this order."""
    parts = f"inactive_file 7\nactive_file 7\ntotal_inactive_file {30 * MEGABYTE}\ntotal_active_file {10 * MEGABYTE}"
    container(f"{300 * MEGABYTE}", f"{250 * MEGABYTE}", parts, version=1)
    assert free_bytes("cpu") == 90 * MEGABYTE
    container("9223372036854771712", f"{250 * MEGABYTE}", parts, version=1)
    free = free_bytes("cpu")
    assert free and free > 500 * MEGABYTE, "no limit"


@pytest.mark.parametrize("said", [("max", "5", "inactive_file 1"), ("", "", ""), ("5", "what", "inactive_file")])
def test_without_a_limit_that_can_be_read_it_is_the_machine(container, said):
    container(*said)
    free = free_bytes("cpu")
    assert free and free > 500 * MEGABYTE


def test_a_model_is_refused_and_a_batch_is_small_in_a_small_container(container, tiny_model):
    settings = AppSettings(model=str(tiny_model))
    roomy = limits_of(load_model(settings)).kv_tokens
    container(f"{100 * MEGABYTE}", f"{90 * MEGABYTE}", "inactive_file 0")
    narrow = limits_of(load_model(settings)).kv_tokens
    assert 0 < narrow < roomy / 10
    container(f"{100 * MEGABYTE}", f"{100 * MEGABYTE}", "inactive_file 0")
    with pytest.raises(EngineError, match=r"0\.0 GB are free"):
        load_engine(settings)
