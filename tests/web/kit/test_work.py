"""What a look sends: all at a visit, nothing where nothing changed, and the end once."""

from __future__ import annotations

from typing import Any

import gradio as gr

from cai_ui.web.kit.events import News
from cai_ui.web.kit.work import WorkPanel, WorkView


class Work:
    """Work that stands as it is told to, and what a page that watches it has."""

    def __init__(self) -> None:
        self.now, self.ends, self.seen = WorkView("half", True), 0, ""
        with gr.Blocks():
            self.progress, self.start, self.stop = gr.HTML(), gr.Button(), gr.Button()
            self.extra = gr.HTML()
            self.panel = WorkPanel(self.look, self.progress, self.start, self.stop, outputs=[self.extra])

    def look(self, ended: bool) -> WorkView:
        self.ends += ended
        return self.now

    def page(self) -> dict[Any, Any]:
        changes = self.panel.looks(self.seen)
        self.seen = changes.pop(self.panel._seen)
        return changes


def test_a_look_sends_what_changed_and_the_end_once() -> None:
    work = Work()
    running = work.page()
    assert running[work.progress] == "half"
    assert (running[work.start]["interactive"], running[work.stop]["interactive"]) == (False, True)
    assert work.page() == {}
    work.now = WorkView("done", False)
    assert work.page()[work.start]["interactive"] and work.ends == 1
    assert work.page() == {} and work.ends == 1


def test_a_page_that_did_not_see_it_run_is_not_told_of_its_end() -> None:
    work = Work()
    work.now = WorkView("done", False)
    assert work.page()[work.progress] == "done" and work.ends == 0


def test_work_that_is_over_before_the_first_look_has_ended_for_the_page_that_began_it() -> None:
    work = Work()
    work.now = WorkView("done", False)
    assert work.panel._began()[work.progress] == "done" and work.ends == 1


def test_a_press_on_stop_is_followed_to_the_end_it_brings() -> None:
    """The next look by the clock would come a second and a half later."""
    work = Work()
    work.page()
    work.now = WorkView("stopping", True)
    answers = work.panel._ending(work.seen)
    first = next(answers)
    assert first[work.progress] == "stopping" and not first[work.start]["interactive"]
    work.now = WorkView("stopped", False)
    (last,) = answers
    assert last[work.progress] == "stopped" and last[work.start]["interactive"] and work.ends == 1


def test_work_that_takes_longer_to_stop_is_left_to_the_clock() -> None:
    work = Work()
    work.page()
    *_, last = work.panel._ending(work.seen)
    assert set(last) == {work.panel._seen}


def test_a_change_beside_the_progress_is_sent_too() -> None:
    work = Work()
    work.page()
    work.now = WorkView("half", True, more={work.extra: "first result"})
    assert work.page()[work.extra] == "first result"


def test_only_news_are_sent_and_a_mark_stands_for_a_value() -> None:
    with gr.Blocks():
        one, menu = gr.HTML(), gr.Dropdown()
    first = News({})
    first.put(one, "a")
    first.put(menu, gr.update(choices=["x"], value="x"), mark=["x"])
    assert set(first.changes) == {one, menu}
    second = News(first.marks)
    second.put(one, "b")
    second.put(menu, gr.update(choices=["x"], value=None), mark=["x"])
    assert second.changes == {one: "b"}


def test_looks_of_one_panel_come_one_after_the_other() -> None:
    """Two at a time may reach the page in the other order: then it shows what was, and "Go on" is missing."""
    with gr.Blocks() as page:
        progress, start, stop, resume = gr.HTML(), gr.Button(), gr.Button(), gr.Button()
        panel = WorkPanel(lambda ended: WorkView("half", True), progress, start, stop, resume)
        panel.wire(lambda: None, [], lambda: None, [page.load], resume=lambda: None)
        panel.also(gr.Button().click, lambda given: None, set())
    looks = [event for event in page.fns.values() if progress in event.outputs]
    assert len(looks) == 6
    assert len({event.concurrency_id for event in looks}) == 1
    assert {(event.concurrency_limit, event.queue) for event in looks} == {(1, True)}
