"""What was sealed is read back byte for byte, or refused with the name of what is wrong; nothing leaves its folder."""

from __future__ import annotations

import hashlib
import json
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cai_ui.errors import FileFormatError, StoreError
from cai_ui.formats.ascii_json import ascii_json, ascii_lines, read_lines
from cai_ui.formats.sealed_zip import SEAL, Bounds, Seal, unpack_sealed, write_sealed

BOUNDS = Bounds(frozenset({".json", ".jsonl", ".safetensors"}), files=12, bytes=50_000_000, ratio=50)
CONTENT = {"a.json": b'{"a": 1}', "runs/r-1/figures.jsonl": b"1\n2\n" * 500, "empty.json": b""}
HOSTILE = ["\0", "\ud800", "a\u2028b", "\x85", "\x1c", "=1+1", "<script>", "\u202e", "\r\n", "\U0001f600"]


def sealed(path: Path, content: dict[str, bytes] = CONTENT) -> Seal:
    return write_sealed(path, "thing", 3, {"what": "a test"}, content.items())


def unpack(path: Path, folder: Path, bounds: Bounds = BOUNDS) -> Seal:
    return unpack_sealed(path, folder, "thing", 3, bounds)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(random.Random(0).randbytes(3_000_000))
    files = [*CONTENT.items(), ("adapters/0/w.safetensors", weights)]
    made = write_sealed(tmp_path / "a.zip", "thing", 3, {"what": "a test"}, files)
    found = unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (found.hash, set(found.files), found.facts) == (made.hash, {name for name, _ in files}, {"what": "a test"})
    for name, content in files:
        there = (tmp_path / "out" / name).read_bytes()
        assert there == (content if isinstance(content, bytes) else content.read_bytes())
    again = tmp_path / "b.zip"
    write_sealed(again, "thing", 3, {"what": "a test"}, files)
    assert again.read_bytes() == (tmp_path / "a.zip").read_bytes(), "the same content gives the same file"
    assert list(tmp_path.glob("*.part")) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="could not be written"):
        sealed(tmp_path / "gone" / "a.zip")


def test_texts_come_back_as_they_were_and_the_file_is_plain_ascii() -> None:
    lines = ascii_lines([{"text": text} for text in HOSTILE])
    assert lines.isascii() and [one["text"] for one in read_lines(lines, "x")] == HOSTILE
    assert read_lines("", "x") == [] and len(lines.splitlines()) == len(HOSTILE)
    with pytest.raises(ValueError, match="not JSON compliant"):
        ascii_json({"a": float("nan")})
    with pytest.raises(FileFormatError, match=r"votes, line 2: .*NaN"):
        read_lines('1\n{"a": NaN}\n', "votes")


Change = Callable[[dict[str, bytes], dict[str, Any]], None]


def forged(path: Path, change: Change, content: dict[str, bytes] = CONTENT) -> None:
    """A zip file whose files and list were changed after they fitted."""
    files = dict(content)
    listed = {name: {"sha256": hashlib.sha256(one).hexdigest(), "bytes": len(one)} for name, one in files.items()}
    told: dict[str, Any] = {"kind": "thing", "version": 3, "facts": {}, "files": listed}
    change(files, told)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in files.items():
            archive.writestr(zipfile.ZipInfo(name), one, zipfile.ZIP_DEFLATED)
        archive.writestr(SEAL, ascii_json(told))


def put(name: str, content: bytes = b"{}", listed: bool = True) -> Change:
    def change(files: dict[str, bytes], told: dict[str, Any]) -> None:
        files[name] = content
        if listed:
            told["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "changed": (lambda files, told: files.update({"a.json": b'{"a": 2}'}), r"'a\.json' was changed"),
    "longer": (lambda files, told: files.update({"empty.json": b"x"}), r"'empty\.json' was changed"),
    "missing": (lambda files, told: files.pop("empty.json"), r"'empty\.json' is missing"),
    "extra": (put("b.json", listed=False), r"'b\.json' does not belong"),
    "above": (put("../b.json"), "name that is not taken"),
    "inside above": (put("runs/../../b.json"), "name that is not taken"),
    "absolute": (put("/etc/b.json"), "name that is not taken"),
    "drive": (put("C:\\b.json"), "name that is not taken"),
    "hidden": (put(".ssh/b.json"), "name that is not taken"),
    "deep": (put("/".join("abcdefgh") + ".json"), "name that is not taken"),
    "long": (put("a" * 400 + ".json"), "name that is not taken"),
    "folder": (put("a/"), "name that is not taken"),
    "program": (put("a.py"), "kind that does not belong"),
    "pickle": (put("adapters/0/adapter_model.bin"), "kind that does not belong"),
    "same but for case": (put("A.json"), "in it twice"),
    "bomb": (put("big.json", b"0" * 5_000_000), "which is more than is taken"),
    "many": (lambda f, t: [put(f"f{n}.json")(f, t) for n in range(20)] and None, "at most 12 are taken"),
    "other kind": (lambda files, told: told.update(kind="else"), "This is no thing"),
    "newer": (lambda files, told: told.update(version=4), "has format 4"),
    "no list": (lambda files, told: told.pop("files"), "`files`"),
    "odd list": (lambda files, told: told["files"].update({"a.json": 1}), "not an object"),
    "odd size": (lambda files, told: told["files"]["a.json"].update(bytes="8"), "`bytes`"),
    "odd sum": (lambda files, told: told["files"]["a.json"].update(sha256="0" * 64), r"'a\.json' was changed"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    change, words = CHANGES[name]
    forged(tmp_path / "a.zip", lambda files, told: None)
    unpack(tmp_path / "a.zip", tmp_path / "sound")
    forged(tmp_path / "b.zip", change)
    before = sorted(path for path in tmp_path.rglob("*") if "out" not in path.parts)
    with pytest.raises(FileFormatError, match=words):
        unpack(tmp_path / "b.zip", tmp_path / "out")
    assert sorted(path for path in tmp_path.rglob("*") if "out" not in path.parts) == before, "nothing lies elsewhere"


def entry(tmp_path: Path, **changes: Any) -> Path:
    """A sound file and one entry with other marks."""
    path = tmp_path / "a.zip"
    info = zipfile.ZipInfo("b.json")
    info.compress_type = changes.pop("compress_type", zipfile.ZIP_DEFLATED)
    for key, value in changes.items():
        setattr(info, key, value)
    listed = {"b.json": {"sha256": hashlib.sha256(b"/etc/passwd").hexdigest(), "bytes": 11}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, b"/etc/passwd")
        archive.writestr(SEAL, json.dumps({"kind": "thing", "version": 3, "facts": {}, "files": listed}))
    return path


@pytest.mark.parametrize(
    "changes", [{"external_attr": (stat.S_IFLNK | 0o777) << 16}, {"external_attr": (stat.S_IFIFO | 0o600) << 16},
                {"compress_type": zipfile.ZIP_BZIP2}, {"compress_type": zipfile.ZIP_LZMA}]
)  # fmt: skip
def test_links_and_odd_ways_of_packing_are_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"'b\.json' in it is"):
        unpack(entry(tmp_path, **changes), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    path = entry(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("b.json", b"second")
    with pytest.raises(FileFormatError, match="in it twice"):
        unpack(path, tmp_path / "out")


def test_a_size_that_is_not_true_is_not_believed(tmp_path: Path) -> None:
    """The list of the zip file says one byte where four million come out."""
    forged(tmp_path / "a.zip", put("b.json", b" " * 400_000))
    content = (tmp_path / "a.zip").read_bytes()
    size = (400_000).to_bytes(4, "little")
    assert content.count(size) == 2
    (tmp_path / "a.zip").write_bytes(content.replace(size, (1).to_bytes(4, "little")))
    with pytest.raises(FileFormatError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out" / "b.json").stat().st_size < 2 << 20


def test_a_file_that_was_cut_or_changed_anywhere_is_never_taken_for_another(tmp_path: Path) -> None:
    sealed(tmp_path / "a.zip")
    content = (tmp_path / "a.zip").read_bytes()
    draw = random.Random(3)
    for number in range(300):
        path, folder = tmp_path / "b.zip", tmp_path / f"out{number}"
        changed = bytearray(content)
        if number % 3 == 0:
            changed = changed[: draw.randrange(len(content))]
        else:
            for _ in range(draw.randint(1, 4)):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
        path.write_bytes(bytes(changed))
        try:
            unpack(path, folder)
        except FileFormatError:
            continue
        assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_such_file_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(FileFormatError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    with pytest.raises(FileFormatError, match="cannot be read"):
        unpack(tmp_path / "gone.zip", tmp_path / "out")


@pytest.mark.parametrize("seal", ["[]", "{", '{"version": 3}', "NaN", "[" * 100_000])
def test_a_list_of_files_that_is_none_is_named_with_what_to_do(tmp_path: Path, seal: str) -> None:
    """It was taken for a file of principles that somebody may correct."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(SEAL, seal)
    bounds = Bounds(frozenset({".json"}), 10, 10**6, 2_000)
    with pytest.raises(FileFormatError, match=r"manifest\.json' is no list of files.*Get the file again"):
        unpack_sealed(path, tmp_path / "out", "thing", 3, bounds)
