"""Constitutions of the workspace: versions, drafts, the one in use, files."""

from __future__ import annotations

import re
from pathlib import Path

from cai_ui import constitution as rules
from cai_ui.constitution import Finding
from cai_ui.errors import FileFormatError, InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, ConstitutionVersion, content_hash
from cai_ui.store import Store
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_text

IN_USE = "constitution.in_use"
SHIPPED_AUTHOR = "shipped"


def keep_shipped(store: Store) -> None:
    """Save the shipped constitutions as versions, and take the default one if none is in use yet."""
    first: str | None = None
    for constitution in reversed(rules.shipped().values()):
        first = store.save_version(constitution, SHIPPED_AUTHOR, "comes with the workbench").hash
    if store.get_setting(IN_USE, None) is None:
        store.set_setting(IN_USE, first)


def versions(services: Services, name: str | None = None) -> list[ConstitutionVersion]:
    """Saved versions (of one constitution), newest first."""
    return services.store.versions(name)


def version(services: Services, version_hash: str) -> ConstitutionVersion:
    """A saved version. NotFoundError if there is none."""
    return services.store.version(version_hash)


def current_constitution(services: Services) -> ConstitutionVersion:
    """The version that chains and batches use unless told otherwise."""
    return services.store.version(str(services.store.get_setting(IN_USE, "")))


def use_constitution(services: Services, version_hash: str) -> ConstitutionVersion:
    """Put a saved version to use."""
    found = services.store.version(version_hash)
    services.store.set_setting(IN_USE, found.hash)
    return found


def save_constitution(
    services: Services, constitution: Constitution, author: str, note: str = "", parent: str | None = None
) -> ConstitutionVersion:
    """Save as a new version; equal content gives the version there is. ConstitutionError if it is not valid."""
    return services.store.save_version(
        rules.validate(constitution),
        clean_text(author or "local", "Author", limit=NAME_LIMIT),
        clean_text(note, "Note", limit=PRINCIPLE_LIMIT, required=False),
        parent,
    )


def check_constitution(services: Services, constitution: Constitution) -> list[Finding]:
    """What may be meant differently; never blocks."""
    return rules.check(constitution)


def save_draft(services: Services, constitution: Constitution, author: str, base: str) -> None:
    """Keep what is being edited, and the version it began from."""
    services.store.save_draft(constitution, author)
    services.store.set_setting(_draft_key(constitution.name, author), base)


def load_draft(services: Services, name: str, author: str) -> tuple[Constitution, str] | None:
    """The kept draft and the hash of the version it began from."""
    draft = services.store.load_draft(name, author)
    base = services.store.get_setting(_draft_key(name, author), None)
    return (draft, str(base)) if draft is not None and base else None


def drop_draft(services: Services, name: str, author: str) -> None:
    """Forget the draft."""
    services.store.drop_draft(name, author)


def import_constitution(services: Services, path: str | Path, author: str, note: str = "") -> ConstitutionVersion:
    """A YAML file as a saved version. FileFormatError names the line that does not fit; then nothing is saved."""
    constitution = read_constitution(Path(path))
    return save_constitution(services, constitution, author, note or "imported from a file")


def read_constitution(path: Path) -> Constitution:
    """The constitution in a YAML file."""
    try:
        with path.open("rb") as file:
            content = file.read(rules.FILE_LIMIT + 1)
    except OSError as error:
        raise InputError(f"The file {path.name} cannot be read ({error.strerror}).") from None
    if len(content) > rules.FILE_LIMIT:
        raise FileFormatError(
            f"The file {path.name} has more than {rules.FILE_LIMIT // 1024} kB.", next_step="Split it into several."
        )
    return rules.load_yaml(content, re.sub(r"[^\w.-]+", "-", path.stem).strip("-.")[:NAME_LIMIT] or "imported")


def export_constitution(services: Services, version_hash: str) -> Path:
    """A YAML file with the version, in the download folder."""
    found = services.store.version(version_hash)
    path = services.store.workspace.export_path(f"constitution-{found.hash[:12]}.yaml")
    path.write_text(rules.dump_yaml(found.constitution), encoding="utf-8")
    return path


def _draft_key(name: str, author: str) -> str:
    return f"draft_base.{content_hash([name, author])[:32]}"
