"""What the Principles tab does, apart from its components: a draft that nothing loses, and its versions.

The draft lives in the store, not in the page: every handler reads it, changes it and writes it back,
so a reload, a second window or a crash loses nothing. Handlers that change it run one at a time. A window says what it
has shown so far (`seen`): only what was changed in it since is written, and what two windows changed is told in both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from cai_ui.constitution import PRINCIPLES_LIMIT
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.records import Constitution, Principle
from cai_ui.web.kit.present import counted, short, when
from cai_ui.web.principles import drafts, words
from cai_ui.web.session import Session


@dataclass(frozen=True)
class View:
    """What the tab shows: the draft, the saved version it builds on, and the principle in the editor.

    `newest` is the newest version of that name, so that a window can follow what another one saves. After an edit,
    `refused` says which fields could not be kept, and `replaced` what another window had written in their place.
    """

    base: str
    saved: Constitution
    draft: Constitution
    chosen: str
    newest: str = ""
    refused: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()

    @property
    def principle(self) -> Principle | None:
        return self.held(self.chosen)

    def held(self, principle_id: str) -> Principle | None:
        """The principle of this id in the draft."""
        return next((p for p in self.draft.principles if p.id == principle_id), None)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What the list of principles says, in its order: label and id."""
        return [(row_label(p), p.id) for p in self.draft.principles]


def open_version(services: Services, session: Session, version_hash: str) -> View:
    """The draft of the constitution that this version belongs to, or the version itself if there is no draft."""
    version = services.store.version(version_hash)
    kept = services.store.draft(version.constitution.name, session.author)
    newest = services.store.newest_version(version.constitution.name)
    if kept is None:
        return _changed(View(version_hash, version.constitution, version.constitution, "", newest))
    return _changed(View(kept.base, services.store.version(kept.base).constitution, kept.constitution, "", newest))


def followed(services: Services, session: Session, seen: View | None, base: str) -> str:
    """The version that a window goes on from: the newest where it showed that, and another window saved one since."""
    if seen is None or not seen.base == base == seen.newest:
        return base
    has_draft = services.store.draft(seen.saved.name, session.author) is not None
    return base if has_draft else services.store.newest_version(seen.saved.name)


def open_current(services: Services, session: Session) -> View:
    """What the tab shows when the page is opened: the constitution in use."""
    return open_version(services, session, constitutions.current_constitution(services).hash)


def open_principle(services: Services, session: Session, base: str, principle_id: str) -> View:
    """Another principle in the editor."""
    return dataclasses.replace(open_version(services, session, base), chosen=principle_id)


def edit_principle(
    services: Services, session: Session, base: str, principle_id: str, fields: drafts.Fields, seen: View | None = None
) -> View:
    """Keep what was changed in the editor's fields, by name, in the draft; without `seen`, since the draft."""
    view = open_principle(services, session, base, principle_id)
    now = view.principle
    if now is None:
        raise _not_there(principle_id)
    had = (seen.held(principle_id) if seen else None) or now
    typed, refused = drafts.edited(had, fields)
    new, both = drafts.merged(had, typed, now)
    view = dataclasses.replace(view, refused=refused, replaced=_told(words.REPLACED, now, both))
    return _keep(services, session, view, drafts.with_principle(view.draft, new))


def after_edit(seen: View, principle_id: str, fields: drafts.Fields) -> View:
    """What a window shows once somebody has typed in it."""
    had = seen.held(principle_id)
    draft = drafts.with_principle(seen.draft, drafts.edited(had, fields)[0]) if had else seen.draft
    return dataclasses.replace(seen, draft=draft)


def overtaken(seen: View, now: View) -> tuple[str, ...]:
    """A sentence on each field that another window has changed, with what this one shows in it."""
    pairs = [(seen.draft, now.draft)] if seen.draft.name == now.draft.name else []
    one, other = seen.principle, now.held(seen.chosen)
    told = [_told(words.OVERTAKEN, had, drafts.differing(had, new)) for had, new in pairs]
    told += [_told(words.OVERTAKEN, one, drafts.differing(one, other))] if pairs and one and other else []
    return tuple(sentence for part in told for sentence in part)


def edit_notes(services: Services, session: Session, base: str, principle_id: str, notes: str) -> None:
    """Keep what a person notes about a principle. Notes are beside the versions: they change no hash."""
    view = open_principle(services, session, base, principle_id)
    if view.principle is not None:
        constitutions.save_notes(services, view.draft.name, principle_id, notes or "")


def edit_about(
    services: Services, session: Session, base: str, chosen: str, about: drafts.Fields, seen: View | None = None
) -> View:
    """Keep what was changed in the constitution's title and description in the draft."""
    view = open_principle(services, session, base, chosen)
    had = seen.draft if seen else view.draft
    typed, refused = drafts.edited_about(had, about)
    new, both = drafts.merged(had, typed, view.draft)
    view = dataclasses.replace(view, refused=refused, replaced=_told(words.REPLACED, view.draft, both))
    return _keep(services, session, view, new)


def after_about(seen: View, about: drafts.Fields) -> View:
    """What a window shows once somebody has typed a title or description in it."""
    return dataclasses.replace(seen, draft=drafts.edited_about(seen.draft, about)[0])


def add_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """A new principle at the end, opened in the editor."""
    view = open_principle(services, session, base, chosen)
    return _keep_list(services, session, view, *drafts.added(view.draft))


def duplicate_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """A copy of the principle in the editor, opened in its place."""
    view = open_principle(services, session, base, chosen)
    return _keep_list(services, session, view, *drafts.duplicated(view.draft, chosen))


def delete_principle(services: Services, session: Session, base: str, chosen: str) -> View:
    """The draft without the principle in the editor; saved versions keep it."""
    view = open_principle(services, session, base, chosen)
    return _keep_list(services, session, view, *drafts.removed(view.draft, chosen))


def move_principle(services: Services, session: Session, base: str, chosen: str, by: int) -> View:
    """The principle in the editor so many places up (negative) or down; the order counts for choice "in order"."""
    view = open_principle(services, session, base, chosen)
    return _keep_list(services, session, view, drafts.moved(view.draft, chosen, by), chosen)


def undo_change(services: Services, session: Session, base: str, chosen: str) -> View:
    """The last change of the list taken back; what was typed since then stays. InputError where there is none."""
    view = open_principle(services, session, base, chosen)
    change = services.store.last_change(view.draft.name, session.author)
    if change is None:
        raise InputError(words.NOTHING_TO_UNDO, next_step=words.CAN_BE_UNDONE)
    draft = drafts.taken_back(change.before, change.after, view.draft)
    services.store.save_draft(draft, session.author, view.base, undone=change)
    return _changed(view, draft, chosen)


def discard_draft(services: Services, session: Session, base: str) -> View:
    """The saved version again; undo brings the draft back."""
    view = open_version(services, session, base)
    services.store.save_draft(view.saved, session.author, view.base, before=view.draft)
    return open_version(services, session, base)


def save_version(services: Services, session: Session, base: str, chosen: str, note: str) -> View:
    """The draft as a new version, which is put to use at once."""
    view = open_principle(services, session, base, chosen)
    version = constitutions.save_constitution(services, view.draft, session.author, note or "", view.base, publish=True)
    return dataclasses.replace(open_version(services, session, version.hash), chosen=chosen)


def use_version(services: Services, session: Session, base: str) -> str:
    """Make the saved version the one that Critique & Revision uses; says so."""
    version = constitutions.use_constitution(services, base)
    return f"{version.constitution.title} ({short(version.hash)}) is in use now."


def restore_version(services: Services, session: Session, version_hash: str) -> View:
    """An older version as the draft, built on the newest of its name; saving makes it a version again."""
    old = services.store.version(version_hash).constitution
    view = open_version(services, session, services.store.newest_version(old.name))
    return _keep_list(services, session, view, old, view.chosen)


def import_file(services: Services, session: Session, path: str) -> tuple[View, str]:
    """A file of any known format as a saved version of its own; and a sentence on what it held."""
    done = constitutions.import_any(services, path, session.author)
    examples = counted(done.few_shot, "few-shot example")
    if done.version is None:
        return open_current(services, session), f"read as {done.form}: {examples} for the constitution in use."
    held = counted(len(done.version.constitution.principles), "principle")
    if done.few_shot:
        held += f" and {examples}"
    view = open_version(services, session, done.version.hash)
    return view, f"read as {done.form}: {held}, saved as a version."


def version_choices(services: Services) -> list[tuple[str, str]]:
    """Label and hash of every version, newest first."""
    return [
        (f"{v.constitution.title} · {short(v.hash)} · {v.note or words.NO_NOTE} · {when(v.created_at)}", v.hash)
        for v in services.store.versions()
    ]


def _changed(view: View, draft: Constitution | None = None, chosen: str = "") -> View:
    """With another draft, and this principle in the editor or, where it is not there, the first."""
    draft = view.draft if draft is None else draft
    ids = [p.id for p in draft.principles]
    return dataclasses.replace(view, draft=draft, chosen=chosen if chosen in ids else (ids[0] if ids else ""))


def _not_there(principle_id: str) -> InputError:
    if principle_id:
        return InputError(words.GONE, next_step=words.GONE_BACK)
    return InputError(words.NONE_CHOSEN, next_step=words.CHOOSE_ONE)


def _told(sentence: str, record: Principle | Constitution, names: Iterable[str]) -> tuple[str, ...]:
    """The sentence for each of these fields, with what the record says in it."""
    return tuple(sentence.format(field=drafts.LABELS[name], text=drafts.as_read(record, name)) for name in names)


def row_label(principle: Principle) -> str:
    """One line for the list of principles."""
    marks = [] if principle.enabled else [words.OFF]
    if principle.weight != 1:
        marks.append(f"weight {principle.weight:g}")
    if principle.kind == "preference":
        marks.append(words.PREFERENCE)
    return drafts.called(principle) + (f"  ·  {', '.join(marks)}" if marks else "")


def found_rows(view: View, search: str) -> list[tuple[str, str]]:
    """The rows whose principle holds all the words in name, requests, tags or source; all for no words."""
    wanted = (search or "").casefold().split()
    by_id = {p.id: p for p in view.draft.principles}

    def holds(p: Principle) -> bool:
        said = " ".join((p.name, p.critique_request, p.revision_request, *p.tags, p.source)).casefold()
        return all(word in said for word in wanted)

    return [row for row in view.rows if holds(by_id[row[1]])]


def _keep_list(
    services: Services, session: Session, view: View, draft: Constitution, chosen: str | None = None
) -> View:
    """Keep a change of the list, so that it can be taken back."""
    if PRINCIPLES_LIMIT < len(draft.principles) > len(view.draft.principles):
        raise InputError(
            f"A constitution holds at most {PRINCIPLES_LIMIT} principles.",
            kept=words.LIST_KEPT,
            next_step=words.DELETE_FIRST,
        )
    services.store.save_draft(draft, session.author, view.base, before=view.draft)
    return _changed(view, draft, view.chosen if chosen is None else chosen)


def _keep(services: Services, session: Session, view: View, draft: Constitution) -> View:
    services.store.save_draft(draft, session.author, view.base)
    return _changed(view, draft, view.chosen)
