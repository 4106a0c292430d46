"""Other accounts of the machine cannot read a workspace."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cai_ui.store import open_store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def test_a_workspace_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    with open_store(home) as store:
        store.workspace.exports_dir()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700, "nobody else gets as far as the files in it"


def test_a_folder_that_is_shared_with_a_group_on_purpose_stays_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o2770)
    open_store(home).close()
    assert stat.S_IMODE(home.stat().st_mode) == 0o2770
