"""The buttons and the progress of one piece of background work, and the timer that looks while it runs.

The work belongs to the server: a reload or a closed browser changes nothing, and every open page shows the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.blocks import Block

from cai_ui.web.kit.events import ASIDE, Changes, in_turn
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.sight import sees

EVERY_S = 1.5
ENDS_S, ENDING_POLL_S = 0.8, 0.03
"""How long a press on Stop is watched for the end it brings, in seconds, since the next look by the clock may be late;
and how often."""


@dataclass(frozen=True)
class WorkView:
    """Work as a page shows it: its progress as HTML, whether it runs, whether it could be resumed.

    `more` are other components that change with it.
    """

    html: str
    running: bool
    resumable: bool = False
    more: Changes = field(default_factory=dict)


class WorkPanel:
    """Watches one piece of work. Made inside the layout, beside the components it is given.

    `look(ended)` says how the work stands; `ended` is true when this page saw it run and it runs no more. `outputs`
    are the components that `WorkView.more` may hold.
    """

    def __init__(
        self,
        look: Callable[[bool], WorkView],
        progress: gr.HTML,
        start: gr.Button,
        stop: gr.Button,
        resume: gr.Button | None = None,
        outputs: Sequence[Block] = (),
    ) -> None:
        self._look, self._progress, self._start, self._stop, self._resume = look, progress, start, stop, resume
        self._seen, self._timer = gr.State(""), gr.Timer(EVERY_S, active=False)
        buttons = [start, stop] if resume is None else [start, stop, resume]
        self._in_turn = in_turn(f"work-{progress._id}")
        """Looks come one after the other: of two at a time the older could reach the page last, and stay."""
        self._outputs = [progress, *buttons, *outputs, self._timer, self._seen]

    def looks(self, seen: str) -> Changes:
        """What changed since `seen`, a mark of what the page shows; only the mark where nothing did."""
        view = self._look(False)
        mark = f"{view.running} {view.resumable} {view.html} {list(view.more.values())}"
        if mark == seen:
            return {self._seen: seen}
        if seen.startswith("True") and not view.running:
            view = self._look(True)
        changes: Changes = {
            self._progress: view.html,
            self._start: gr.update(interactive=not view.running),
            self._stop: gr.update(interactive=view.running),
            self._timer: gr.Timer(active=view.running),
            self._seen: mark,
            **view.more,
        }
        if self._resume is not None:
            changes[self._resume] = gr.update(visible=view.resumable)
        return changes

    def wire(
        self,
        start: Callable[..., None],
        inputs: Sequence[Block] | AbstractSet[Block],
        stop: Callable[[], None],
        visits: Sequence[Any],
        resume: Callable[[], None] | None = None,
    ) -> None:
        """Connect it: what begins the work and takes the values of `inputs` (of a set: one dictionary by component),
        what ends it, and the `visits` (a tab's select, the page's opening) at which the page looks anew."""
        look = {"fn": bind(self.looks, quiet=True), "inputs": [self._seen], "outputs": self._outputs, **self._in_turn}
        self._start.click(bind(start), inputs, None, **ASIDE).success(
            **{**look, "fn": bind(self._began, quiet=True), "inputs": None}
        )
        self._stop.click(bind(stop), None, None, **ASIDE).then(**{**look, "fn": bind(self._ending, quiet=True)})
        if self._resume is not None and resume is not None:
            self._resume.click(bind(resume), None, None, **ASIDE).then(**look)
        self._timer.tick(**look)
        for visit in visits:
            visit(**{**look, "fn": bind(self._visit, quiet=True), "inputs": None})

    def also(self, event: Any, start: Callable[..., None], inputs: AbstractSet[Block]) -> None:
        """Another event that begins the same work, whose progress it brings into sight."""
        look = {"fn": bind(self._began, quiet=True), "inputs": None, "outputs": self._outputs, **self._in_turn}
        event(bind(start), inputs, None, **ASIDE).success(**look).success(**sees(str(self._progress.elem_id)))

    def _began(self) -> Changes:
        """Short work may be over before the page has seen it run; it has ended for the page all the same."""
        return self.looks("True")

    def _ending(self, seen: str) -> Iterator[Changes]:
        """That it is stopping, and as soon as it has stopped, that; the other looks wait for it."""
        until = time.monotonic() + ENDS_S
        yield (first := self.looks(seen))
        while self._look(False).running and time.monotonic() < until:
            time.sleep(ENDING_POLL_S)
        yield self.looks(first[self._seen])

    def _visit(self) -> Changes:
        return self.looks("")
