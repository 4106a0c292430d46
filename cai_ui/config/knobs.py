"""What a knob is (default, bounds, unit, help, source), and the check, flag and variable that follow from it.

Building settings with a value out of bounds raises `pydantic.ValidationError`; `checked` turns that into
an `InputError` that names the knob, the bound and the value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar, cast, get_args

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cai_ui.errors import InputError
from cai_ui.text import whole_characters


def knob(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    gt: float | None = None,
    unit: str = "",
    source: str = "",
    step: float | None = None,
    advanced: bool = False,
) -> Any:
    """A pydantic field that also carries what a form needs. `step` is the widget's step; `advanced` folds it away."""
    extra = {"unit": unit, "source": source, "step": step, "advanced": advanced}
    finite = False if isinstance(default, float) else None  # pydantic takes this for numbers only
    return Field(
        default, description=help, ge=ge, le=le, gt=gt, json_schema_extra=cast(Any, extra), allow_inf_nan=finite
    )


class Settings(BaseModel):
    """Frozen settings that refuse unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    LATER: ClassVar[frozenset[str]] = frozenset()
    """Knobs that older versions did not have."""

    def identity(self) -> dict[str, Any]:
        """The values by which equal settings are known: a knob that came later counts once it is not at its default."""
        usual = {name: type(self).model_fields[name].default for name in self.LATER}
        return {name: value for name, value in self.model_dump().items() if usual.get(name, self) != value}


S = TypeVar("S", bound=Settings)


def checked(cls: type[S], values: Mapping[str, Any], called: Mapping[str, str] | None = None) -> S:
    """Settings made of `values`, or an InputError that names the first knob that does not fit, and its bounds.

    `called` says what a knob is called where its value comes from: a flag, a variable.
    """
    for name, value in values.items():
        if isinstance(value, str):
            whole_characters(value, (called or {}).get(name) or name.replace("_", " "))
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"]) or cls.__name__
        given = "" if first["type"] == "missing" else f" (given: {str(first.get('input'))[:60]})"
        if first["type"] == "extra_forbidden":
            raise InputError(f"There is no setting {name[:60]!r}.", next_step=_nearest(cls, name)) from None
        bounds = allowed(cls, name) if name in cls.model_fields and first["type"] != "literal_error" else ""
        raise InputError(
            f"{(called or {}).get(name) or name.replace('_', ' ')}: {first['msg']}{given}.",
            next_step=f"Give {bounds}." if bounds else "Change it and try again.",
        ) from None


def _nearest(cls: type[Settings], name: str) -> str:
    """What to write in place of a name that no knob has."""
    near = difflib.get_close_matches(name.lower().replace("-", "_"), cls.model_fields, 2, 0.6)
    return f"Perhaps {' or '.join(map(repr, near))} is meant." if near else "Leave it out, or see the list of settings."


def knob_extra(cls: type[Settings], name: str) -> dict[str, Any]:
    """Unit, source, step and fold of one knob."""
    return cast(dict[str, Any], cls.model_fields[name].json_schema_extra or {})


def flag(name: str) -> str:
    """A knob on the command line: `chat_format` -> `--chat-format`."""
    return f"--{name.replace('_', '-')}"


def variable(cls: type[Settings], name: str) -> str:
    """A knob in the environment: `CAI_PORT` of the app, `CAI_TRAIN_EPOCHS` of training."""
    stage = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__.removesuffix("Settings"))
    return "_".join(part.upper() for part in ("cai", "" if stage == "App" else stage, name) if part)


def allowed(cls: type[Settings], name: str) -> str:
    """What a knob takes, in words: "from 1 to 2048 tokens", "on or off"; "" for any text."""
    field = cls.model_fields[name]
    if field.annotation is bool:
        return "on or off"
    if choices := get_args(field.annotation):
        return " | ".join(repr(choice) for choice in choices)
    words = [_BOUNDS[type(mark)].format(mark) for mark in field.metadata if type(mark) in _BOUNDS]
    return " ".join([*words, knob_extra(cls, name)["unit"]]).strip()


_BOUNDS = {Ge: "from {0.ge}", Gt: "above {0.gt}", Le: "to {0.le}"}
