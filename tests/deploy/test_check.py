"""What `deploy check` finds in a checkout, tried on small checkouts made here and on this one."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.deploy.check import check, requirements
from cai_ui.deploy.checkout import ROOT, copy_to, shipped
from cai_ui.deploy.lock import LOCK, locked
from cai_ui.errors import InputError

HEADER = {
    "title": "T", "sdk": "gradio", "sdk_version": version("gradio"), "python_version": '"3.12"', "app_file": "app.py",
    "license": "mit", "short_description": "Short",
}  # fmt: skip


def checkout(folder: Path, files: dict[str, str] | None = None, **header: str) -> Path:
    """A small project that is fit for a Space, but for what is given."""
    settings = "\n".join(f"{name}: {value}" for name, value in {**HEADER, **header}.items() if value)
    written = {
        "README.md": f"---\n{settings}\n---\n# T\n", "app.py": "", "LICENSE": "", "requirements.txt": "pandas>=2,<4\n",
        LOCK: "pandas==3.0.0 \\\n    --hash=sha256:00\n", "tests/test_x.py": "", **(files or {}),
    }  # fmt: skip
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    return folder


def wrong(folder: Path) -> dict[str, str]:
    return {finding.what: finding.wrong for finding in check(folder) if finding.wrong}


def test_a_sound_checkout_has_nothing_wrong(tmp_path: Path) -> None:
    assert wrong(checkout(tmp_path)) == {}


@pytest.mark.parametrize(
    ("files", "header", "found"),
    [
        ({}, {"sdk": "docker"}, "the header's sdk"),
        ({}, {"sdk_version": "4.0"}, "the header's sdk_version"),
        ({}, {"app_file": "none.py"}, "the header's app_file"),
        ({}, {"python_version": '"3.9"'}, "the header's python_version"),
        ({}, {"license": ""}, "the header's license"),
        ({}, {"short_description": "x" * 61}, "the header's short_description"),
        ({"README.md": "# no settings"}, {}, "the header of README.md"),
        ({"requirements.txt": "pandas\n"}, {}, "the ranges in requirements.txt"),
        ({"requirements.txt": "not a range !!\n"}, {}, "the ranges in requirements.txt"),
        ({LOCK: "pandas==1.0 \\\n"}, {}, "versions that were tested together"),
        ({"big.bin": "x" * (11 * 2**20)}, {}, "sizes of files"),
        ({"notes.txt": "token hf_" + "a1B2" * 6}, {}, "no keys in files"),
    ],
)
def test_each_thing_that_would_fail_on_a_space_is_named(
    tmp_path: Path, files: dict[str, str], header: dict[str, str], found: str
) -> None:
    assert found in wrong(checkout(tmp_path, files, **header))


def test_only_what_is_committed_goes_and_no_tests(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "here")
    (folder / "app.py").write_text("changed")
    (folder / "new.txt").write_text("new")
    copy_to(tmp_path / "there", folder)
    assert (tmp_path / "there" / "app.py").read_text() == ""
    assert sorted(shipped(folder)) == ["LICENSE", "README.md", "app.py", LOCK, "requirements.txt"]
    assert "app.py, new.txt" in wrong(folder)["all is committed"]


def test_what_is_no_checkout_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Run this in a clone"):
        list(check(tmp_path))


def test_the_lock_of_this_project_fits_its_ranges() -> None:
    """So that a change of one without the other is noticed, without an index."""
    versions = locked(ROOT / LOCK)
    for one in requirements(ROOT):
        assert one.specifier.contains(versions[one.name.lower()], prereleases=True), one
    assert all("--hash=sha256:" in line for line in (ROOT / LOCK).read_text().splitlines() if line.startswith(" "))


def test_a_space_is_asked_for_first_and_needs_a_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    assert main(["deploy", "space", "nope"]) == 2
    assert "owner/name" in capsys.readouterr().err
    assert main(["deploy", "space", "me/it"]) == 1
    assert "Nothing was uploaded." in capsys.readouterr().out
    assert main(["deploy", "space", "me/it", "--yes"]) == 2
    assert "no token" in capsys.readouterr().err
    assert main(["deploy", "space", "../it", "--yes"]) == 2
