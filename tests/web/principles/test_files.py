"""Constitutions that come and go as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.web.principles import editor

from .editing import ME


def test_what_was_exported_can_be_imported(services: Services) -> None:
    view = editor.open_current(services, ME)
    path = constitutions.export_constitution(services, view.base)
    assert path.suffix == ".yaml"
    imported, said = editor.import_file(services, ME, str(path))
    assert "our YAML" in said
    assert imported.saved.principles == view.saved.principles


def test_a_file_with_a_syntax_error_names_its_line_and_changes_nothing(services: Services, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\nprinciples:\n  - id: [\n", encoding="utf-8")
    before = editor.version_choices(services)
    with pytest.raises(InputError, match="line"):
        editor.import_file(services, ME, str(broken))
    assert editor.version_choices(services) == before
