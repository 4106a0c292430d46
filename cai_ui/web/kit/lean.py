"""The page's layout without what no browser reads: Gradio sends it whole when a page is opened.

Seen in Gradio 6.31: the scripts never look at how a component is described to API clients, and our events are private,
so no client does either. A value that says the default is left out only where the scripts read a missing one alike.
`tests/web/test_page.py` looks into the scripts for what is left out here.
"""

from __future__ import annotations

from typing import Any

from gradio.blocks import BlocksConfig

NEVER_READ = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs", "skip_api")
"""Of a component: for API clients alone."""
NEVER_READ_PROPS = ("preserved_by_key",)
"""Of a component's properties: only the server reads them."""
_FALSY_PROPS = ("_retryable", "_undoable", "_selectable", "likeable", "streamable", "autoscroll")
"""Of a component's properties: conditions."""
NEVER_READ_OF_EVENTS = ("api_description", "max_batch_size", "collects_event_data", "scroll_to_output", "batch")
"""Of an event."""
_FALSY = (
    "trigger_after", "trigger_only_on_success", "trigger_only_on_failure", "rendered_in", "render_id", "time_limit",
    "event_specific_args", "js_implementation", "js", "component_prop_inputs",
)  # fmt: skip
"""Of an event: read as a condition, so that None and False are as good as missing."""


class Layout(BlocksConfig):
    """The page's parts, described once they stand: Gradio describes all of them four times while a server starts, and
    nothing but the page's own settings changes in between. What is changed in a part later reaches no browser.

    Each session gets a copy that describes none of them: Gradio would describe all of them anew for each page that is
    opened, and keep that for links to a page as it stands, which are not answered here. For this page it took 0.2 s, in
    which nobody else was answered, and 2 MB (Gradio 6.31)."""

    _described: tuple[tuple[int, int], dict[str, Any]] | None = None

    def get_config(self, renderable: Any = None) -> dict[str, Any]:
        """The description, as it was found the last time if there are as many parts and events."""
        if renderable is not None:
            return dict(super().get_config(renderable))
        size = (len(self.blocks), len(self.fns))
        if self._described is None or self._described[0] != size:
            self._described = (size, lean(super().get_config()))
        return dict(self._described[1])

    def __copy__(self) -> BlocksConfig:
        made = super().__copy__()
        made.config_for_block = lambda *_: {}
        return made


def lean(config: dict[str, Any]) -> dict[str, Any]:
    """The same layout with less in it; `config` stays as it is."""
    return {
        **config,
        "components": [_component(one) for one in config["components"]],
        "dependencies": [_event(one) for one in config["dependencies"]],
    }


def _component(one: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in one.items() if name not in NEVER_READ and value is not None}
    kept["props"] = {
        name: value
        for name, value in one["props"].items()
        if name not in NEVER_READ_PROPS and not (name in _FALSY_PROPS and _no(value))
    }
    if "component_class_id" in kept:  # tells kinds of components apart, which their names do as well
        kept["component_class_id"] = one["type"]
    return kept


def _event(one: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in one.items()
        if name not in NEVER_READ_OF_EVENTS and not (name in _FALSY and _no(value))
    }


def _no(value: Any) -> bool:
    """What a condition takes as no; a zero may be the number of an event."""
    return value is None or value is False or value == []
