"""What stands between a handler and Gradio: our errors become sentences, all others get an id.

In: a handler that takes the services first. Out: a callable that Gradio can be given. A `CaiError`
is shown as it is; anything else is logged with an id and shown as one plain sentence, since a bare
exception would reach the page as an empty message. Gradio renders messages as HTML, so they are escaped.
"""

from __future__ import annotations

import functools
import html
import inspect
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gradio as gr

from cai_ui.errors import CaiError, InputError, is_memory, no_room
from cai_ui.logs import about
from cai_ui.text import whole_characters
from cai_ui.web.kit import fields, words
from cai_ui.web.kit.hidden import HIDDEN, without
from cai_ui.web.kit.lean import Layout
from cai_ui.web.places import WHO
from cai_ui.web.words import NOT_AN_EVENT

log = logging.getLogger(__name__)


class Page(gr.Blocks):
    """Blocks that say in our words what Gradio refuses before a handler is called.

    A menu's entries may change on the server while the page still sends the old choice: what it points to was put away
    by the press before, say. `admit` is asked before every event, and raises what is to be said to whoever may not;
    `hides` gives the places of this machine that an answer to whoever asks does not tell.
    """

    admit: Callable[[str, dict[str, Any], list[Any], str | None, bool, str], None] | None = None
    hides: Callable[[str | None], tuple[str, ...]] | None = None

    def __init__(self, waiting_line: Mapping[str, Any] | None = None, **options: Any) -> None:
        """`waiting_line`: options of `queue`, which Gradio calls here, without any. To call it once more with them
        would make all of the server's routes once more."""
        self._waiting_line = dict(waiting_line or {})
        super().__init__(**options)
        self.default_config = Layout(self)

    def queue(self, *given: Any, **options: Any) -> Any:
        return super().queue(*given, **{**self._waiting_line, **options})

    def get_config_file(self) -> Any:
        """What the browser gets of the page. A heartbeat would take one of the six connections that a browser has for
        all tabs of a server."""
        return {**super().get_config_file(), "connect_heartbeat": False}

    async def process_api(
        self, block_fn: Any, inputs: list[Any], state: Any = None, request: Any = None, **more: Any
    ) -> Any:
        """An event's answer; called for each piece of one that is streamed. Lines of the log name the event."""
        hidden = self.hides(getattr(request, "username", None)) if self.hides else ()
        HIDDEN.set(hidden)
        with about(event=more.get("event_id") or secrets.token_hex(4)):
            try:
                answer = await self._answer(block_fn, inputs, state, request, **more)
            except gr.Error as error:
                error.message = without(error.message, hidden)
                raise
        if hidden:
            answer["data"] = without(answer["data"], hidden)
        return answer

    async def _answer(self, block_fn: Any, inputs: list[Any], state: Any, request: Any, **more: Any) -> Any:
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        if not function.fn:  # the browser does these by itself
            raise _refusal(function, NOT_AN_EVENT)
        if self.admit:
            try:
                self._ask(function, inputs, state, request, more.get("iterator") is None)
            except CaiError as error:
                raise _refusal(function, str(error)) from None
        try:
            return await super().process_api(function, inputs, state, request, **more)
        except gr.Error:
            raise
        except CaiError as error:  # of a handler that needs no services, and is given to Gradio as it is
            raise _refusal(function, str(error)) from None
        except Exception as error:
            raise _refusal(function, unexpected(error, function.name)) from None

    def _ask(self, function: Any, inputs: list[Any], state: Any, request: Any, first: bool) -> None:
        """Put an event to `admit`: what is called, its inputs by elem_id, the sessions it is given, and who asks."""
        values = {block.elem_id: value for block, value in zip(function.inputs, inputs, strict=False) if block.elem_id}
        kept = [state[block._id] for block in function.inputs if isinstance(block, gr.State)] if state else []
        handler = f"{function.fn.__module__.removeprefix('cai_ui.')}:{function.fn.__qualname__}"
        address = getattr(getattr(request, "request", None), "scope", {}).get(WHO, "")
        self.admit(handler, values, kept, getattr(request, "username", None), first, address)  # type: ignore[misc]

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], state: Any = None, explicit_call: bool = False
    ) -> Any:
        """The values for a handler; `gr.Error` with a sentence where it could not be called.

        A quiet handler looks at how things stand, so it gets what is still there of an old value, also of one whose
        choice goes while the fields are read.
        """
        quiet = getattr(block_fn.fn, "quiet", False)
        if quiet:
            inputs = _all_still_there(block_fn, inputs, state)
        inputs = [
            "" if value is None and isinstance(block, gr.Textbox) else value
            for block, value in zip(block_fn.inputs, inputs, strict=False)
        ]
        try:
            for block, value in zip(block_fn.inputs, inputs, strict=False):
                plain_data(value, typed=isinstance(block, gr.Textbox))
                if _of_another_kind(block, value):
                    raise InputError(words.NOT_A_VALUE)
            return await fields.read(super().preprocess_data, block_fn, inputs, state, explicit_call)
        except gr.Error as error:
            if quiet and _all_still_there(block_fn, inputs, state) != inputs:
                return await self.preprocess_data(block_fn, inputs, state, explicit_call)
            said = words.CHOICE_GONE if "not in the list of choices" in str(error.message) else str(error.message)
            log.warning("%s was not called: %s", block_fn.name, error.message)
            raise _refusal(block_fn, said) from None
        except CaiError as error:
            raise _refusal(block_fn, str(error)) from None
        except Exception as error:  # each component of Gradio fails in its own way on a value that is none of its own
            log.warning("%s was not called: %s", block_fn.name, type(error).__name__)
            raise _refusal(block_fn, words.NOT_A_VALUE) from None

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """What the browser gets of a handler's answer."""
        return await fields.fill(super().postprocess_data, block_fn, predictions, state)


def uploaded(path: object) -> str:
    """Where an uploaded file is. InputError where none came, as when a choice of files is called off."""
    if not isinstance(path, str) or not path:
        raise InputError(words.NO_FILE)
    return path


def plain_data(value: Any, *, typed: bool = False, depth: int = 0) -> None:
    """InputError for what no field sends and nothing behind it can keep: numbers beyond 64 bits, endless nesting, and
    half characters and NUL in what is chosen rather than `typed` (a text field says that in its own words), and files
    by an address of another server, from which Gradio would fetch them."""
    if isinstance(value, str) and not typed:
        whole_characters(value)
        if "\0" in value:
            raise InputError(words.NOT_A_VALUE)
    elif isinstance(value, int | float) and not abs(value) < 2**63:
        raise InputError(words.NOT_A_VALUE)
    elif isinstance(value, dict | list):
        if depth > 20 or (isinstance(value, dict) and str(value.get("path")).startswith(("http://", "https://"))):
            raise InputError(words.NOT_A_VALUE)
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            plain_data(part, typed=typed, depth=depth + 1)


def _of_another_kind(block: Any, value: Any) -> bool:
    """Whether a value is none that such a field sends, where Gradio would hand it on as it is."""
    if isinstance(block, gr.Dropdown) and block.multiselect:
        return value is not None and not (
            isinstance(value, list) and all(isinstance(v, str | int | float) for v in value)
        )
    if isinstance(block, gr.Dropdown):
        return isinstance(value, list | dict)
    return isinstance(block, gr.Number) and isinstance(value, str | list | dict) and value != ""


def _refusal(block_fn: Any, said: str) -> gr.Error:
    """What is raised for an event that is not called: a sentence, not shown where the handler is a quiet one."""
    shown = not getattr(block_fn.fn, "quiet", False)
    return gr.Error(html.escape(said), title="Not done", duration=15, visible=shown, print_exception=False)


def _all_still_there(block_fn: Any, inputs: list[Any], state: Any) -> list[Any]:
    """The values of an event's fields as far as the fields have them now."""
    blocks = [b if state is None or b.stateful or b._id not in state else state[b._id] for b in block_fn.inputs]
    return [_still_there(block, value) for block, value in zip(blocks, inputs, strict=False)]


def _still_there(block: Any, value: Any) -> Any:
    """A value as far as the component has it now: the chosen entries that a menu still has, a place between the ends of
    a slider."""
    if isinstance(block, gr.Slider) and isinstance(value, (int, float)):
        return min(max(value, block.minimum), block.maximum)
    if not isinstance(block, (gr.Dropdown, gr.Radio, gr.CheckboxGroup)) or getattr(block, "allow_custom_value", False):
        return value
    there = [entry for _, entry in block.choices]
    if isinstance(value, list):
        return [entry for entry in value if entry in there]
    return value if value in there else None


def bind(handler: Callable[..., Any], *fixed: Any, quiet: bool = False) -> Callable[..., Any]:
    """`handler` with its first arguments (the services, then others alike) filled in and its errors shown.

    `quiet` is for timers: an error is logged and every output keeps its value, so that a fault
    that repeats each second does not fill the page with messages.
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def call(*values: Any) -> Iterator[Any]:
            begun, sent = False, dict[Any, Any]()
            try:
                for answer in handler(*fixed, *values):
                    news = _news(answer, sent)
                    if news or not begun:
                        begun = True
                        yield news
            except Exception as error:
                if not begun or quiet:
                    yield _answer(error, handler.__name__, quiet)
                else:
                    _warn(error, handler.__name__)
    else:

        @functools.wraps(handler)
        def call(*values: Any) -> Any:
            try:
                return handler(*fixed, *values)
            except Exception as error:
                return _answer(error, handler.__name__, quiet)

    signature = inspect.signature(handler)
    call.quiet = quiet  # type: ignore[attr-defined]
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[len(fixed) :])  # type: ignore[attr-defined]
    return call


def _news(answer: Any, sent: dict[Any, Any]) -> Any:
    """What a stream's answer by component has that is not as `sent`, which is brought up to it.

    The browser goes through the whole page for each property that comes (Gradio 6.31), so that a stream which repeats
    the state of its buttons with every word is shown seconds late, its end too.
    """
    if not isinstance(answer, dict):
        return answer
    news = {block: value for block, value in answer.items() if block not in sent or sent[block] != value}
    sent.update(news)
    return news


def _answer(error: Exception, name: str, quiet: bool) -> Any:
    """What the page gets for an error: nothing new (`quiet`), or `gr.Error` raised with a sentence."""
    if isinstance(error, gr.Error):
        raise error
    error = _readable(error)
    if quiet:
        log.warning("%s: %s", name, error, exc_info=not isinstance(error, CaiError))
        return gr.skip()
    if isinstance(error, CaiError):
        raise gr.Error(html.escape(str(error)), title="Not done", duration=15, print_exception=False) from None
    raise gr.Error(unexpected(error, name), title="Something went wrong", duration=20, print_exception=False) from None


def _readable(error: Exception) -> Exception:
    """The error, or what it means where text cannot be sent or kept at all, or memory gave out."""
    if isinstance(error, CaiError):
        return error
    return InputError(words.HALF) if isinstance(error, UnicodeEncodeError) else no_room() if is_memory(error) else error


def _warn(error: Exception, name: str) -> None:
    """Show the sentence and let the stream end: Gradio runs no following step (such as freeing the buttons)
    after an error that comes behind a first answer."""
    error = _readable(error)
    sentence = str(error) if isinstance(error, CaiError) else unexpected(error, name)
    gr.Warning(without(html.escape(sentence), HIDDEN.get()), title="Ended early", duration=20)


def unexpected(error: Exception, name: str) -> str:
    """Log an error nobody foresaw; the sentence to show names it by an id that the log has too."""
    error_id = secrets.token_hex(4)
    log.error("error %s in %s", error_id, name, exc_info=error)
    return f"This step failed in a way we did not foresee; saved work is untouched. The log has it as error {error_id}."
