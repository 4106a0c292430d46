"""Copies of a workspace that are kept in one repository, and what was decided in them."""

from __future__ import annotations

import uuid
from pathlib import Path

from cai_ui.pipeline.off_site.keeping import OffSite
from cai_ui.pipeline.off_site.manifest import Manifest, read
from cai_ui.pipeline.off_site.repository import Repository
from cai_ui.pipeline.off_site.restoring import bring_back
from cai_ui.records import Answer, Decision, Message, Prompt, Provenance, Vote, make_example
from cai_ui.store import Store, Workspace, open_store
from tests.hub_repository import Hub

TOKEN = "hf_" + "q7" * 17


class Copy:
    """A workspace on a disk of its own, and what brings it to the repository."""

    def __init__(self, home: Path, lease_s: float = 600.0) -> None:
        self.home = home
        self.brought_back = bring_back(Workspace(home), Repository("lab/kept"))
        self.store = open_store(home)
        self.off_site = OffSite(self.store, Repository("lab/kept"), 5, lease_s)

    def decide(self, *numbers: int, rater: str = "Ada") -> None:
        decide(self.store, *numbers, rater=rater)

    def look(self) -> str:
        return self.off_site.look().trouble

    def end(self, killed: bool = False) -> None:
        if not killed:
            self.off_site.close()
        self.store.close()


def decide(store: Store, *numbers: int, rater: str = "Ada") -> None:
    made = [make_example((Message("user", f"Q {n}?"),), "Sure.", f"No, {n}.", prompt=Prompt(f"p{n}", f"Q {n}?"))
            for n in numbers]  # fmt: skip
    store.add_examples(made)
    for example in made:
        text = f"No, {example.id[:4]} é."
        store.decide(Decision(uuid.uuid4().hex, example.id, "edit", rater, text=text), 0)


def vote() -> Vote:
    said = Answer("Yes.", "stop", 3, 2, Provenance("m", "b" * 64, None, None, 0, {}))
    return Vote(uuid.uuid4().hex, "Q?", "base", "sft", said, said, "left", "Ada")


def told(store: Store) -> dict[str, tuple[str, str, str | None]]:
    """All that was decided, and that what is shown agrees with it."""
    assert store.check() == []
    with store._db.read() as connection:
        rows = connection.exec_driver_sql("SELECT event_id, example_id, rater, text FROM events").all()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def manifest(hub: Hub) -> Manifest:
    return read(hub.files["manifest.json"])
