"""The keys of Curate: those that come with the program, and those that a rater chose in their place. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from cai_ui.errors import InputError
from cai_ui.records import RaterSettings
from cai_ui.web.curate import words
from cai_ui.web.hotkeys import CURATE_KEYS, CURATE_PICKS
from cai_ui.web.kit.present import esc

_ID = "curate-"
DEFAULTS: Mapping[str, str] = {id.removeprefix(_ID): key for key, id in CURATE_KEYS.items() if len(key) == 1}
"""Action -> its key, without the arrows, which stay as they are."""


def keys_of(settings: RaterSettings) -> dict[str, str]:
    """Action -> key, as this rater has them."""
    return {**DEFAULTS, **{action: key for action, key in settings.keys if action in DEFAULTS}}


def rebound(settings: RaterSettings, action: str, key: str) -> RaterSettings:
    """The settings with another key for an action. InputError says what the key does already, or why it cannot be."""
    kept = {"kept": "Your keys are unchanged.", "next_step": "Choose another key."}
    key = key.lower()
    if action not in DEFAULTS or len(key) != 1 or not key.isprintable() or key.isspace():
        raise InputError("That key cannot be used.", **kept)
    if key in CURATE_PICKS:
        raise InputError(f"{key} ticks a quality label.", **kept)
    keys = keys_of(settings)
    taken = [words.KEYS[other] for other, its in keys.items() if its == key and other != action]
    if taken:
        raise InputError(
            f"{key.upper()} stands for “{taken[0]}” already.",
            kept="Your keys are unchanged.",
            next_step="Choose another key, or give that one another first.",
        )
    own = {name: its for name, its in {**keys, action: key}.items() if its != DEFAULTS[name]}
    return dataclasses.replace(settings, keys=tuple(sorted(own.items())))


def keys_html(settings: RaterSettings) -> str:
    """The list of keys, what the script in the page needs to obey them, and each key behind the words of its button."""
    keys = keys_of(settings)
    pressed = {key: _ID + action for action, key in keys.items()}
    pressed |= {key: id for key, id in CURATE_KEYS.items() if len(key) > 1}
    rows = "".join(
        f"<li><kbd>{esc(key.upper())}</kbd><span>{esc(words.KEYS[action])}</span>"
        f'<button type="button" class="cai-link" data-rebind="{action}" '
        f'aria-label="{esc(words.CHANGE_KEY)}: {esc(words.KEYS[action])}">{esc(words.CHANGE_KEY)}</button></li>'
        for action, key in keys.items()
    )
    rows += "".join(f"<li><kbd>{esc(key)}</kbd><span>{esc(does)}</span></li>" for key, does in words.FIXED_KEYS.items())
    reset = f'<button type="button" class="cai-link" data-rebind="">{esc(words.RESET_KEYS)}</button>'
    hints = "".join(f'#{_ID}{action}::after{{content:"(\\{ord(key.upper()):06x})"}}' for action, key in keys.items())
    return (
        f"<style>{hints}</style>"
        f'<details id="curate-key-list" data-keep="keys" data-keys="{esc(json.dumps(pressed))}">'
        f'<summary>{esc(words.KEYS_TITLE)}</summary><ul class="cai-keys">{rows}</ul>{reset if settings.keys else ""}'
        "</details>"
    )
