"""Settings classes as widgets, and widgets' values as checked settings.

A knob is declared once in `config/`; label, help, unit, bounds and step of its widget come from
there. Gradio bounds a slider on the server, but values are checked again by the settings class.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Literal

import gradio as gr
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from cai_ui.config.knobs import S, Settings, checked, knob_extra
from cai_ui.errors import InputError
from cai_ui.web.kit.events import Changes, Given

Menus = Mapping[str, Sequence[tuple[str, str]]]
"""Labels and values by the name of a knob."""
_SLIDER_STEPS = 100
"""Knobs with at most this many steps between their bounds become sliders; others are number fields."""


@dataclass(frozen=True)
class Form(Generic[S]):
    """The widgets of a settings class, in the order of its fields. `fixed` are values without a widget."""

    cls: type[S]
    widgets: dict[str, gr.components.Component]
    fixed: dict[str, Any]

    @property
    def inputs(self) -> list[gr.components.Component]:
        """All widgets: among an event's inputs for `read_from`, among its outputs for `changes`."""
        return list(self.widgets.values())

    def read_from(self, given: Given) -> S:
        """Checked settings from an event's values by component (its inputs are a set), or an InputError that names
        the knob."""
        return read_values(self.cls, {**self.fixed, **{name: given[widget] for name, widget in self.widgets.items()}})

    def changes(self, settings: Settings) -> Changes:
        """New values for all widgets."""
        return {widget: getattr(settings, name) for name, widget in self.widgets.items()}


def build_form(
    cls: type[S],
    prefix: str,
    *,
    only: Iterable[str] = (),
    leave_out: Iterable[str] = (),
    values: S | None = None,
    labels: dict[str, str] | None = None,
    menus: Menus | None = None,
) -> Form[S]:
    """Widgets for the knobs of `cls`, made where it is called; advanced ones in a closed accordion.

    `only` and `leave_out` choose knobs; those without a widget keep the value they have in `values`. `menus`
    has the choices of texts that are not typed.
    """
    start = values or cls()
    only, leave_out = tuple(only), set(leave_out)
    names = [n for n in cls.model_fields if n not in leave_out and (not only or n in only)]
    plain = [n for n in names if not knob_extra(cls, n)["advanced"]]
    folded = [n for n in names if knob_extra(cls, n)["advanced"]]
    if not plain:  # nothing would be left to see
        plain, folded = folded, []
    words = labels or {}
    widgets = _widgets(cls, plain, start, prefix, words, menus or {})
    if folded:
        with gr.Accordion("More settings", open=False, elem_id=f"{prefix}-more"):
            widgets |= _widgets(cls, folded, start, prefix, words, menus or {})
    ordered = {name: widgets[name] for name in names}
    return Form(cls, ordered, {n: getattr(start, n) for n in cls.model_fields if n not in ordered})


def read_values(cls: type[S], values: dict[str, Any]) -> S:
    """Checked settings; a field that was emptied is named."""
    for name, value in values.items():
        if value is None:
            raise InputError(f"{label_of(name)} has no value.", next_step="Fill it in and try again.")
    return checked(cls, values)


def optional_number(label: str, *, empty: str, elem_id: str, min_width: int = 160) -> gr.Textbox:
    """A field for a number that may be left out; `empty` says in it what that means. Read it with `read_number`.

    gr.Number cannot be left out: it shows, and sends, 0 for nothing.
    """
    return gr.Textbox(label=label, placeholder=empty, max_lines=1, max_length=20, elem_id=elem_id, min_width=min_width)


def read_number(text: Any, what: str, least: float, most: float) -> float | None:
    """The number in an `optional_number`; None where it is empty. InputError for anything else."""
    said = str("" if text is None else text).strip()
    if not said:
        return None
    with suppress(ValueError):
        if least <= (value := float(said.replace(",", "."))) <= most:
            return value
    raise InputError(
        f"{what} is not a number from {least:,.0f} to {most:,.0f}.", next_step="Correct it, or leave it empty."
    )


def label_of(name: str, unit: str = "") -> str:
    """`max_new_tokens` -> "Max new tokens"; the unit follows in brackets."""
    words = name.replace("_", " ").capitalize()
    return f"{words} ({unit})" if unit and unit not in words.lower() else words


def _widgets(
    cls: type[S], names: Sequence[str], start: S, prefix: str, labels: dict[str, str], menus: Menus
) -> dict[str, gr.components.Component]:
    if not names:
        return {}
    with gr.Row(elem_classes="cai-form-grid"):
        return {n: _widget(cls, n, getattr(start, n), prefix, labels.get(n), menus.get(n)) for n in names}


def _widget(
    cls: type[S], name: str, value: Any, prefix: str, label: str | None, menu: Sequence[tuple[str, str]] | None
) -> gr.components.Component:
    info: FieldInfo = cls.model_fields[name]
    extra = knob_extra(cls, name)
    help_text = " ".join(filter(None, [info.description, f"({extra['source']})" if extra["source"] else ""]))
    common: dict[str, Any] = {
        "value": value,
        "label": label or label_of(name, extra["unit"]),
        "info": help_text,
        "elem_id": f"{prefix}-{name.replace('_', '-')}",
        "min_width": 220,
    }
    if menu is not None:
        return gr.Dropdown(choices=list(menu), **common)
    if typing.get_origin(info.annotation) is Literal:
        return gr.Dropdown(choices=list(typing.get_args(info.annotation)), **common)
    if info.annotation is bool:
        return gr.Checkbox(**common)
    if info.annotation is str:
        return gr.Textbox(max_lines=1, **common)
    return _number(info, extra["step"], common)


def _number(info: FieldInfo, step: float | None, common: dict[str, Any]) -> gr.components.Component:
    """A slider where the range is small enough to drag through, otherwise a number field."""
    low, high, excluded = _bounds(info)
    precision = 0 if info.annotation is int else None
    if low is not None and high is not None and step and (high - low) / step <= _SLIDER_STEPS:
        start = low + step if excluded else low
        return gr.Slider(minimum=start, maximum=high, step=step, precision=precision, buttons=[], **common)
    return gr.Number(precision=precision, step=step or 1e-5, **common)


def _bounds(info: FieldInfo) -> tuple[float | None, float | None, bool]:
    """Lowest and highest value, and whether the lowest itself is excluded."""
    low = high = None
    excluded = False
    for mark in info.metadata:
        if isinstance(mark, Ge):
            low = float(mark.ge)  # type: ignore[arg-type]
        elif isinstance(mark, Gt):
            low, excluded = float(mark.gt), True  # type: ignore[arg-type]
        elif isinstance(mark, Le):
            high = float(mark.le)  # type: ignore[arg-type]
    return low, high, excluded
