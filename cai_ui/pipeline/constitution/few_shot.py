"""Few-shot examples of a constitution: the shipped ones, or those that a person made of them."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui import constitution as rules
from cai_ui.errors import CaiError
from cai_ui.pipeline.services import Services
from cai_ui.prompts import few_shot_messages
from cai_ui.records import FewShot, Message, content_hash, to_dict


def few_shot(services: Services, name: str) -> tuple[FewShot, ...]:
    """The examples of the constitution of this name, in their order, those switched off included."""
    kept = services.store.get_setting(few_shot_key(name), None)
    if not isinstance(kept, list):
        return rules.shipped_few_shot(name)
    return tuple(FewShot(**plain) for plain in kept)


def save_few_shot(services: Services, name: str, examples: Sequence[FewShot]) -> tuple[FewShot, ...]:
    """Keep these examples from now on. InputError, with nothing kept, names a text that cannot be used."""
    checked = rules.checked_few_shot(examples)
    services.store.set_setting(few_shot_key(name), [to_dict(e) for e in checked])
    return checked


def reset_few_shot(services: Services, name: str) -> tuple[FewShot, ...]:
    """The shipped examples again."""
    services.store.set_setting(few_shot_key(name), None)
    return rules.shipped_few_shot(name)


def few_shot_tokens(services: Services, examples: Sequence[FewShot]) -> int | None:
    """Tokens that the examples switched on put before every critique and revision; None without a model."""
    shown = few_shot_messages([e for e in examples if e.enabled])
    last = Message("user", "x")
    try:
        engine = services.engine()
        return engine.count_tokens((*shown, last)) - engine.count_tokens((last,))
    except CaiError:
        return None


def few_shot_key(name: str) -> str:
    """The setting that holds the examples of the constitution of this name."""
    return f"few_shot.{content_hash(name)[:32]}"
