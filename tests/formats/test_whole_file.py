"""A file that is written stands where it was asked for, whatever stands there already."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cai_ui.errors import StoreError
from cai_ui.formats.sealed_zip import Bounds, unpack_sealed, write_sealed
from cai_ui.formats.whole_file import write_whole


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    for name in ("target", "new"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
    (tmp_path / "target").write_text("old")
    for name in ("target", "new"):
        write_whole(tmp_path / f"to-{name}", b"whole")
        assert (tmp_path / f"to-{name}").is_symlink() and (tmp_path / name).read_bytes() == b"whole"
    write_sealed(tmp_path / "to-target", "thing", 1, {}, [("a.txt", b"x")])
    assert (tmp_path / "to-target").is_symlink()
    (tmp_path / "out").mkdir()
    seal = unpack_sealed(
        tmp_path / "target", tmp_path / "out", "thing", 1, Bounds(frozenset({".txt", ".json"}), 9, 999)
    )
    assert seal.files == ("a.txt",) and not list(tmp_path.glob("*.part"))


def test_a_pipe_gets_the_content_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"whole")
    reader.join(30)
    assert read == [b"whole"] and pipe.is_fifo()


def test_what_is_written_to_standard_output_comes_out_of_its_pipe() -> None:
    write = (
        "from pathlib import Path; from cai_ui.formats.whole_file import write_whole as w; w(Path('/dev/stdout'), b'x')"
    )
    done = subprocess.run([sys.executable, "-c", write], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x", b"")


@pytest.mark.parametrize("place", [".", "missing/file", "a file/file"])
def test_a_place_where_nothing_can_be_written_is_told_for_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "a file").write_text("in the way")
    monkeypatch.chdir(tmp_path)
    for write in (lambda path: write_whole(path, b"x"), lambda path: write_sealed(path, "thing", 1, {}, [])):
        with pytest.raises(StoreError) as told:
            write(Path(place))
        assert "could not be written" in told.value.what and "folder that can be written" in told.value.next_step
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file"]
