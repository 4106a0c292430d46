"""An exported table opened in a real spreadsheet program: hostile cells are text there. Skipped without LibreOffice."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cai_ui.curate.exporting import export_csv
from cai_ui.records import Dataset, Message, TrainingExample

HOSTILE = [
    "=1+1", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "x\n=1+1", "@SUM(1;2)", "-2+3", "+2+3", "\t=1+1", "\r\n=1+1",
    "\uff1d1+1",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://example.invalid";"click")', '=WEBSERVICE("http://example.invalid")',
    '"=1+1', ";=1+1", ",=1+1", '",=1+1,"', "http://example.invalid", "=DDE(\"a\";\"b\";\"c\")",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice was not found (Debian: libreoffice-calc)")
def test_no_hostile_cell_becomes_a_formula_or_a_link(tmp_path: Path) -> None:
    rows = tuple(TrainingExample((Message("user", "q"),), text, None, text) for text in HOSTILE)
    export_csv(Dataset("d", rows, (), (), (), {}, (), {}), tmp_path / "safe.csv")
    opened = _opened(tmp_path / "safe.csv")
    assert opened.count("<table:table-row") > len(HOSTILE), "all rows were read"
    assert not re.findall(r'table:formula="[^"]*"|xlink:href="[^"]*"', opened)
    (tmp_path / "bare.csv").write_text("=1+1,2\n", encoding="utf-8")
    assert 'table:formula="of:=1+1"' in _opened(tmp_path / "bare.csv"), "without the mark it would have been one"


def _opened(table: Path) -> str:
    """The table as LibreOffice keeps it after reading it as UTF-8 with commas and evaluating formulas."""
    home = f"-env:UserInstallation=file://{table.parent}/profile"
    command = ["soffice", home, "--headless", "--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,-1",
               "--convert-to", "fods", "--outdir", str(table.parent), str(table)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found = sorted(table.parent.glob(f"{table.stem}*.fods"))
    return found[0].read_text(encoding="utf-8")
