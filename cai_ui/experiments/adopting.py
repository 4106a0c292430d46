"""A rule that an experiment found becomes a principle in the editor."""

from __future__ import annotations

import dataclasses

from cai_ui.errors import NotFoundError
from cai_ui.experiments.running import kept
from cai_ui.pipeline.curate.labels import preference_version
from cai_ui.pipeline.services import Services
from cai_ui.records import Principle, content_hash
from cai_ui.text import NAME_LIMIT


def rules_found(services: Services, key: str) -> list[str]:
    """The rules that an experiment tried, the best first; none where it tried none."""
    result = kept(services, key).result
    return [one["text"] for one in result.numbers.get("candidates", [])] if result else []


def adopt(services: Services, key: str, rule: str, author: str) -> str:
    """Put a rule into the author's draft of the constitution that labels are given under; gives that one's title.
    Nothing is in use before the draft is saved in the editor. NotFoundError for a rule that was not tried."""
    if rule not in rules_found(services, key):
        raise NotFoundError("That rule is not among those that were tried.", next_step="Choose one of the list.")
    version = preference_version(services)
    draft = services.store.draft(version.constitution.name, author)
    before = draft.constitution if draft else version.constitution
    id = f"found-{content_hash(rule)[:8]}"
    if any(principle.id == id for principle in before.principles):
        return before.title
    made = Principle(
        id,
        rule[:NAME_LIMIT],
        rule,
        "",
        ("found",),
        kind="preference",
        source=f"Found from labels, experiment {key[:8]}",
    )
    after = dataclasses.replace(before, principles=(*before.principles, made))
    services.store.save_draft(after, author, draft.base if draft else version.hash, before=before)
    return after.title
