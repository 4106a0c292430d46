"""Constitutions of the workspace: versions, drafts, the one in use, files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui import constitution as rules
from cai_ui.constitution import Finding
from cai_ui.errors import CaiError, FileFormatError, InputError
from cai_ui.formats.whole_file import write_whole
from cai_ui.formats.writing import page_text
from cai_ui.pipeline.constitution.few_shot import few_shot, few_shot_key, save_few_shot
from cai_ui.pipeline.constitution.shipped import IN_USE
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, ConstitutionVersion, FewShot, Message, content_hash, to_dict
from cai_ui.text import NAME_LIMIT, PRINCIPLE_LIMIT, clean_name, clean_text


def current_constitution(services: Services) -> ConstitutionVersion:
    """The version that chains and batches use unless told otherwise."""
    return services.store.version(str(services.store.get_setting(IN_USE, "")))


def use_constitution(services: Services, version_hash: str) -> ConstitutionVersion:
    """Put a saved version to use."""
    found = services.store.version(version_hash)
    services.store.set_setting(IN_USE, found.hash)
    return found


def save_constitution(
    services: Services,
    constitution: Constitution,
    author: str,
    note: str = "",
    parent: str | None = None,
    *,
    examples: Sequence[FewShot] = (),
    publish: bool = False,
) -> ConstitutionVersion:
    """Save as a new version; equal content gives the version there is. ConstitutionError if it is not valid.

    Few-shot `examples` become those of its name. To `publish` puts it to use and ends the author's draft of it.
    All of this is saved, or nothing.
    """
    sound = rules.validate(constitution)
    settings: dict[str, Any] = {IN_USE: sound.hash} if publish else {}
    if examples:
        settings[few_shot_key(sound.name)] = [to_dict(example) for example in examples]
    return services.store.save_version(
        sound,
        clean_name(author or "local", "Author"),
        clean_text(note, "Note", limit=PRINCIPLE_LIMIT, required=False),
        parent,
        settings=settings,
        ends_draft=publish,
    )


def check_constitution(services: Services, constitution: Constitution) -> list[Finding]:
    """What may be meant differently, and what is too long for the model that is loaded; never blocks."""
    return [*_too_long(services, constitution), *rules.check(constitution)]


def _too_long(services: Services, constitution: Constitution) -> list[Finding]:
    """Requests that take more than a quarter of the model's context, since a chain repeats them."""
    try:
        engine = services.engine()
    except CaiError:
        return []
    room = engine.context_length // 4
    found = []
    for p in constitution.principles:
        for what, text in (("critique request", p.critique_request), ("revision request", p.revision_request)):
            if len(text) <= room or not text.strip():  # a token has at least one character, or nearly so
                continue
            try:
                tokens = engine.count_tokens((Message("user", text),))
            except CaiError:
                tokens = engine.context_length
            if tokens > room:
                said = (
                    f"The {what} has {tokens:,} tokens, more than a quarter of this model's {engine.context_length:,}."
                )
                found.append(Finding(p.id, said))
    return found


def notes(services: Services, name: str) -> dict[str, str]:
    """What people noted about the principles of the constitution of this name, by principle id."""
    kept = services.store.get_setting(_notes_key(name), {})
    return dict(kept) if isinstance(kept, dict) else {}


def save_notes(services: Services, name: str, principle_id: str, text: str) -> None:
    """Keep a note; an empty one removes it."""
    text = clean_text(text, "Notes", limit=PRINCIPLE_LIMIT, required=False)

    def noted(kept: Any) -> dict[str, str]:
        said = {**(kept if isinstance(kept, dict) else {}), principle_id: text}
        return {id: note for id, note in said.items() if note.strip()}

    services.store.change_setting(_notes_key(name), noted)


@dataclass(frozen=True)
class ImportedFile:
    """What an import saved: a version, few-shot examples for a constitution, or both."""

    form: str
    version: ConstitutionVersion | None
    few_shot: int


def import_constitution(services: Services, path: str | Path, author: str, note: str = "") -> ConstitutionVersion:
    """A file as a saved version. FileFormatError names the line or key that does not fit; then nothing is saved."""
    done = import_any(services, path, author, note)
    if done.version is None:
        raise FileFormatError("The file holds few-shot examples and no principles.", next_step="Choose another file.")
    return done.version


def import_any(services: Services, path: str | Path, author: str, note: str = "") -> ImportedFile:
    """Principles and few-shot examples of a file, whatever its format, saved together or not at all.

    Examples without principles go to the constitution in use.
    """
    found = read_file(Path(path))
    if found.constitution is None:
        save_few_shot(services, current_constitution(services).constitution.name, found.few_shot)
        return ImportedFile(found.form, None, len(found.few_shot))
    note = note or f"imported from a file ({found.form})"
    version = save_constitution(services, found.constitution, author, note, examples=found.few_shot)
    return ImportedFile(found.form, version, len(found.few_shot))


def read_constitution(path: Path) -> Constitution:
    """The constitution in a file. FileFormatError where it has none."""
    found = read_file(path).constitution
    if found is None:
        raise FileFormatError("The file holds few-shot examples and no principles.", next_step="Choose another file.")
    return found


def read_file(path: Path) -> rules.Imported:
    """What a file holds. InputError if it cannot be read, is too large or does not fit."""
    try:
        with path.open("rb") as file:
            content = file.read(rules.FILE_LIMIT + 1)
    except OSError as error:
        raise InputError(f"The file {path.name} cannot be read ({error.strerror}).") from None
    if len(content) > rules.FILE_LIMIT:
        raise FileFormatError(
            f"The file {path.name} has more than {rules.FILE_LIMIT // 1024} kB.", next_step="Split it into several."
        )
    name = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.")[:NAME_LIMIT] or "imported"
    return rules.read_any(content, name, path.suffix.lower().lstrip("."))


def export_constitution(services: Services, version_hash: str, form: str = "yaml") -> Path:
    """A file with the version in one of the known formats, in the download folder."""
    found = services.store.version(version_hash)
    text = rules.dump_as(found.constitution, form, few_shot(services, found.constitution.name))
    export = rules.EXPORTS[form]
    name = f"{form}-{found.hash[:12]}" if export.kind else found.hash[:12]
    path = services.store.workspace.export_path(f"constitution-{name}.{export.ending}")
    write_whole(path, page_text(text).encode("utf-8"))
    return path


def _notes_key(name: str) -> str:
    return f"notes.{content_hash(name)[:32]}"
