"""Zip files with a seal: a list of every file with its size and SHA-256, without which nothing in them is believed.

What is unpacked lies below one folder and has the names, endings and sizes that the reader allows. A file that was
changed, is missing, or is not on the list is named.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cai_ui.errors import FileFormatError
from cai_ui.formats.ascii_json import ascii_json
from cai_ui.formats.safe_json import field, read_json
from cai_ui.formats.whole_file import in_place_of

SEAL = "manifest.json"
SEAL_BYTES = 8 << 20
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_BLOCK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_AGAIN = "Get the file again from whoever made it."


@dataclass(frozen=True)
class Bounds:
    """What a reader takes: endings of names, so many files, so many bytes in all once they are unpacked, and so many
    times the size they have in the zip file."""

    endings: frozenset[str]
    files: int
    bytes: int
    ratio: int = 200


@dataclass(frozen=True)
class Seal:
    """What a zip file says of itself. `hash` is that of the list, by which the whole is known."""

    kind: str
    version: int
    facts: Mapping[str, Any]
    files: tuple[str, ...]
    hash: str


def write_sealed(
    path: Path, kind: str, version: int, facts: Mapping[str, Any], files: Iterable[tuple[str, bytes | Path]]
) -> Seal:
    """Write files, given as their bytes or where they lie, and their seal. The same content gives the same bytes.

    StoreError where the file cannot be written; then there is none.
    """
    with in_place_of(path) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        listed = {name: _add(archive, name, content) for name, content in files}
        text = ascii_json({"kind": kind, "version": version, "facts": dict(facts), "files": listed}, indent=1)
        _add(archive, SEAL, text.encode("ascii"))
    return Seal(kind, version, facts, tuple(listed), hashlib.sha256(text.encode("ascii")).hexdigest())


def unpack_sealed(path: Path, folder: Path, kind: str, version: int, bounds: Bounds) -> Seal:
    """Unpack into an empty folder what `write_sealed` wrote, once it is known to be what was written.

    FileFormatError names the first thing that is wrong; what lies in the folder then is not to be used.
    """
    try:
        if (packed := path.stat().st_size) > bounds.bytes:
            raise FileFormatError(
                f"{path.name} has {packed:,} bytes; at most {bounds.bytes:,} are taken.", next_step=_AGAIN
            )
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, packed, bounds)
            seal, listed = _seal(archive, members, kind, version)
            _same_names(set(members) - {SEAL}, set(listed))
            for name, told in sorted(listed.items()):
                _unpack(archive, members[name], folder, told)
            return seal
    except OSError as error:
        raise FileFormatError(
            f"The file {path.name} cannot be read ({error.strerror or 'it is damaged'}).",
            next_step="Check its place and permissions, or get it again.",
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        raise FileFormatError(f"{path.name} is no zip file, or a damaged one.", next_step=_AGAIN) from None


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> dict[str, Any]:
    """Add a file; what its line in the list says. Weights do not get smaller, so they are kept as they are."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_STORED if isinstance(content, Path) else zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=isinstance(content, Path)) as target:
        for block in _blocks(content):
            digest.update(block)
            size += target.write(block)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _blocks(content: bytes | Path) -> Iterable[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _members(archive: zipfile.ZipFile, packed: int, bounds: Bounds) -> dict[str, zipfile.ZipInfo]:
    """Members by name, none of which could do harm. What the zip file says of their sizes is held to when they are
    read."""
    infos = archive.infolist()
    if len(infos) > bounds.files:
        raise FileFormatError(f"It holds {len(infos):,} files; at most {bounds.files:,} are taken.", next_step=_AGAIN)
    size = sum(info.file_size for info in infos)
    if size > min(bounds.bytes, bounds.ratio * packed + _BLOCK):
        raise FileFormatError(
            f"Unpacked it would have {size:,} bytes, which is more than is taken of a file of {packed:,} bytes.",
            next_step=_AGAIN,
        )
    seen: set[str] = set()
    for info in infos:
        _allowed(info, bounds.endings)
        if info.filename.lower() in seen:  # some disks take A for a
            raise FileFormatError(f"The file {info.filename[:80]!r} is in it twice.", next_step=_AGAIN)
        seen.add(info.filename.lower())
    return {info.filename: info for info in infos}


def _allowed(info: zipfile.ZipInfo, endings: frozenset[str]) -> None:
    name, mode = info.filename, info.external_attr >> 16
    parts = name.split("/")
    why = ""
    if len(name) > 300 or len(parts) > 6 or not all(_PART.fullmatch(part) for part in parts):
        why = "has a name that is not taken"
    elif PurePosixPath(name).suffix not in endings:
        why = "is of a kind that does not belong here"
    elif mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        why = "is a link or something else that is no file"
    elif info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        why = "is encrypted, or packed in another way than is read here"
    if why:
        raise FileFormatError(f"The file {name[:80]!r} in it {why}.", next_step=_AGAIN)


def _seal(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], kind: str, version: int
) -> tuple[Seal, dict[str, dict[str, Any]]]:
    if SEAL not in members:
        raise FileFormatError(f"The file {SEAL!r}, which lists the others, is missing.", next_step=_AGAIN)
    with archive.open(members[SEAL]) as stream:
        content = stream.read(SEAL_BYTES + 1)
    if len(content) > SEAL_BYTES:
        raise FileFormatError(f"The file {SEAL!r} is too long.", next_step=_AGAIN)
    try:
        told = read_json(content.decode("ascii"))
        found = field(told, "kind", SEAL)
    except UnicodeDecodeError:
        raise FileFormatError(f"The file {SEAL!r} holds more than plain letters.", next_step=_AGAIN) from None
    except FileFormatError as error:
        raise FileFormatError(f"The file {SEAL!r} is no list of files: {error.what}", next_step=_AGAIN) from None
    if found != kind:
        raise FileFormatError(f"This is no {kind}.", next_step="Choose another file.")
    if (made := field(told, "version", SEAL, int)) != version:
        raise FileFormatError(
            f"It has format {made}; this version of the program reads format {version}.",
            next_step="Use the version that wrote it.",
        )
    listed = field(told, "files", SEAL, dict)
    for name, line in listed.items():
        field(line, "sha256", f"{SEAL}, {name[:80]!r}")
        field(line, "bytes", f"{SEAL}, {name[:80]!r}", int)
    digest = hashlib.sha256(content).hexdigest()
    return Seal(kind, version, field(told, "facts", SEAL, dict), tuple(listed), digest), listed


def _same_names(there: set[str], listed: set[str]) -> None:
    if missing := sorted(listed - there):
        raise FileFormatError(f"The file {missing[0][:80]!r} is missing.", next_step=_AGAIN)
    if extra := sorted(there - listed):
        raise FileFormatError(
            f"The file {extra[0][:80]!r} does not belong to it: it is not on its list.", next_step=_AGAIN
        )


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path, told: Mapping[str, Any]) -> None:
    target = folder.joinpath(*info.filename.split("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(info) as packed, target.open("xb") as out:
            while size <= info.file_size and (block := packed.read(_BLOCK)):
                digest.update(block)
                size += _whole(out, block)
    except zipfile.BadZipFile:  # its checksum does not fit
        size = -1
    if (digest.hexdigest(), size) != (told["sha256"], told["bytes"]):
        raise FileFormatError(
            f"The file {info.filename[:80]!r} was changed after it was written: its SHA-256 is not that of the list.",
            next_step=_AGAIN,
        )


def _whole(out: BinaryIO, block: bytes) -> int:
    out.write(block)
    return len(block)
