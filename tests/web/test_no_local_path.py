"""No sentence of a page that is up says where on this machine it keeps its files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.pipeline import Services


def database_gone_bad(services: Services) -> None:
    with sqlite3.connect(services.store.workspace.database) as connection:
        connection.execute("DROP TABLE runs")
    services.store.runs()


def folder_is_a_file(services: Services) -> None:
    folder = services.store.workspace.exports_dir()
    folder.rmdir()
    folder.write_text("")
    services.store.workspace.export_path("a.zip")


def folder_is_a_link(services: Services) -> None:
    home = services.store.workspace.home
    (home / "studies").symlink_to(home)
    services.store.workspace.study_keys()


def accounts_are_odd(services: Services) -> None:
    services.store.workspace.accounts_file.write_text("[")
    services.store.accounts.all()


def no_backup(services: Services) -> None:
    assert services.store.backups is not None
    services.store.backups._reserve = 2**60
    services.store.backups.make("auto")


@pytest.mark.parametrize("fault", [database_gone_bad, folder_is_a_file, folder_is_a_link, accounts_are_odd, no_backup])
def test_where_the_workspace_lies_is_not_told(
    services: Services, fault: Callable[[Services], None], tmp_path: Path
) -> None:
    with pytest.raises(StoreError) as caught:
        fault(services)
    assert str(tmp_path) not in str(caught.value) and (
        services.store.backups is None or str(tmp_path) not in services.store.backups.failed
    )
