"""A column of a comparison: a variant, and how it is asked, in one name that a vote, a link and a menu can hold.

The name of a column that is asked as usual is that of its variant; otherwise what differs follows after "::", as in an
address: `run-7::strength=0.5&system=Be+kind.`
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from cai_ui.config.answers import AskSettings
from cai_ui.config.knobs import checked
from cai_ui.engine.interface import AS_LOADED
from cai_ui.errors import InputError
from cai_ui.records import Message
from cai_ui.text import clean_text, named

SYSTEM_LIMIT = 4_000
"""Characters of a system prompt."""
NAME_LIMIT = 20_000
"""Characters of a name: a system prompt grows when it is written as part of an address."""
_APART = "::"


@dataclass(frozen=True)
class Column:
    """`variant`: the base, an adapter, a checkpoint (`run@step`) or the address of another model. `strength` and
    `chat_format` as in AskSettings; `system` is said to the model before everything else, "" for nothing."""

    variant: str
    strength: float = 1.0
    chat_format: str = AS_LOADED
    system: str = ""

    @property
    def name(self) -> str:
        """By which `read_column` gives the same column again."""
        usual = Column(self.variant)
        told = {key: getattr(self, key) for key in ("strength", "chat_format", "system")}
        differs = {key: value for key, value in told.items() if value != getattr(usual, key)}
        if "strength" in differs:
            differs["strength"] = f"{self.strength:g}"
        return f"{self.variant}{_APART}{urlencode(differs)}" if differs else self.variant

    @property
    def how(self) -> list[str]:
        """What is unusual in how it is asked, for its title."""
        said = [f"strength {self.strength:g}"] if self.strength != 1 else []
        said += [f"{self.chat_format} format"] if self.chat_format != AS_LOADED else []
        return [*said, f"system “{_short(self.system)}”"] if self.system else said

    def title(self, variant_title: str) -> str:
        """For people: the variant's title and what is unusual."""
        return " · ".join([variant_title, *self.how])

    def turns(self) -> tuple[Message, ...]:
        """What stands before the conversation."""
        return (Message("system", self.system),) if self.system else ()


def read_column(name: str) -> Column:
    """The column of a name. InputError for a name that says what no column has."""
    if len(name) > NAME_LIMIT:
        raise InputError("The name of a column is too long.", next_step="Shorten its system prompt.")
    variant, apart, rest = name.partition(_APART)
    if not apart:
        return make_column(variant)
    told = dict(parse_qsl(rest, max_num_fields=10))
    if not told or not set(told) <= {"strength", "chat_format", "system"}:
        raise InputError(f"There is no column {named(name[:200])}.", next_step="Choose one of the list.")
    return make_column(variant, **told)


def make_column(variant: str, strength: float | str = 1.0, chat_format: str = AS_LOADED, system: str = "") -> Column:
    """A column whose settings are within their bounds; InputError otherwise."""
    asked = checked(AskSettings, {"strength": strength, "chat_format": chat_format})
    said = clean_text(system, "System prompt", limit=SYSTEM_LIMIT).strip() if system.strip() else ""
    return Column(variant, asked.strength, asked.chat_format, said)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else flat[:39] + "…"
