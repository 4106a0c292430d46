"""The example on the page: its card, the text that is kept, the buttons of the verdicts, and what was done last."""

from __future__ import annotations

import gradio as gr
from gradio.blocks import Block

from cai_ui.pipeline import Services
from cai_ui.records import Guidelines, Verdict
from cai_ui.store import QueueCounts, QueueFilter
from cai_ui.web.curate import example_card, judging, words
from cai_ui.web.curate.bar import Bar, button, numbers_words
from cai_ui.web.curate.filter import values_of
from cai_ui.web.curate.remarks import marks_html, remarks_of, spans_text
from cai_ui.web.curate.sights import Sight
from cai_ui.web.curate.walking import View, place_words
from cai_ui.web.kit.events import Changes
from cai_ui.web.kit.markdown import markdown_html
from cai_ui.web.kit.present import empty_state, esc, notice, text_block, when

OPENING = "opening"
"""The place of a page that does not show yet what was left in it."""

# HTML


def said_html(sentence: str, aloud: bool = True) -> str:
    """The line that says what was just done or saved; not `aloud` to screen readers while somebody types."""
    return f'<p class="muted"{" data-said" if aloud else ""}>{esc(sentence)}</p>'


def guidelines_html(guidelines: Guidelines | None) -> str:
    """What raters are to go by, folded as they left it; nothing where there is none."""
    if guidelines is None or not guidelines.text.strip():
        return ""
    about = f"version {guidelines.version} · {guidelines.author} · {when(guidelines.at)}"
    return (
        f'<details open data-keep="guidelines" class="cai-guidelines"><summary>{esc(words.GUIDELINES)}</summary>'
        f'{markdown_html(guidelines.text)}<p class="muted">{esc(about)}</p></details>'
    )


def outcome_html(view: View) -> str:
    """What came of the last key; both texts where another person's decision came first."""
    if view.conflict is None:
        return said_html(view.said)
    sentence, mine, standing = view.conflict
    both = text_block(mine, words.YOURS) + text_block(standing, words.STANDING)
    return notice(sentence, "warn") + (both if mine != standing else "")


def card_html(services: Services, view: View, filter: QueueFilter) -> str:
    """The example with its principles, findings and, where it is disputed, everybody's verdict."""
    from cai_ui.curate.lint import CHECKS

    if view.item is None:
        return ""
    example = view.item.example
    found = [CHECKS[code].title for code in services.store.findings_of(example.id) if code in CHECKS]
    readings = services.store.readings_of(example.id) if view.item.disputed else ()
    principles = judging.principles_of(services, example)
    return example_card.card_html(view.item, principles, place_words(view, filter), found, readings)


def empty_html(services: Services, view: View, filter: QueueFilter) -> str:
    """Why there is no example; "" where there is one."""
    if view.item is not None:
        return ""
    if not services.store.counts().total:
        return empty_state(*words.EMPTY_QUEUE)
    return empty_state(*(words.NONE_OPEN if filter.status == "open" and view.counts.total else words.NO_MATCH))


class ExampleBox:
    """`bar` stands above the filter, so it is handed in. `place` is hidden and travels with the page, as does `behind`:
    whether a key was pressed before the answer to the last one was there. `memory` stays in the browser. `verdicts` are
    the buttons that decide."""

    def __init__(self, services: Services, bar: Bar) -> None:
        self.services, self.bar = services, bar
        self.empty = gr.HTML(empty_state(*words.EMPTY_QUEUE), elem_id="curate-empty")
        with gr.Column(visible=False, elem_id="curate-work") as self.work:
            with gr.Row(elem_id="curate-item"):
                with gr.Column(scale=3, min_width=300):
                    self._example()
                with gr.Column(scale=1, min_width=260):
                    self._beside()
            self._buttons()
        # Not within what is shown later: Gradio would show them, too.
        self.spans = gr.Textbox(visible="hidden", elem_id="curate-spans")
        self.key_typed = gr.Textbox(visible="hidden", elem_id="curate-key")
        self.place = gr.Textbox(OPENING, visible="hidden", elem_id="curate-place")
        self.behind = gr.Checkbox(False, visible="hidden", elem_id="curate-behind")
        self.memory = gr.BrowserState({}, storage_key="cai-curate", secret="place-in-queue-only", render=False)
        self.command = gr.Textbox(visible="hidden", elem_id="curate-command")
        self.outputs: list[Block] = [
            self.card, self.text, bar.said, self.place, bar.counts, self.history, self.empty, self.work,
            self.verdicts["flip"], self.verdicts["tie"], bar.undo, bar.redo, self.labels, self.drafted, self.memory,
            self.note, self.spans, self.marks, self.remarked,
        ]  # fmt: skip
        """What `show` changes."""
        self.around_it: list[Block] = [bar.counts, bar.undo, bar.redo, self.history]
        self.given: list[Block] = [self.text, self.labels, self.note, self.spans]
        """What a decision is made of."""

    def _example(self) -> None:
        self.card = gr.HTML(elem_id="curate-card")
        self.text = gr.Textbox(label=words.TEXT, info=words.TEXT_HELP, lines=4, max_lines=18, elem_id="curate-text")
        with gr.Row(elem_classes="toolbar"):
            # A line of its own: an answer to typing that comes late must not replace what a decision said.
            self.drafted = gr.HTML(elem_id="curate-drafted")
            self.original = button("original", size="sm")

    def _beside(self) -> None:
        """What is beside the example; on a phone below it."""
        self.guidelines = gr.HTML(elem_id="curate-guidelines")
        self.labels = gr.CheckboxGroup(
            [(f"{said} ({place})", code) for place, (code, said) in enumerate(words.LABELS.items(), 1)],
            label=words.LABELS_TITLE,
            elem_id="curate-labels",
        )
        self.note = gr.Textbox(label=words.NOTE, info=words.NOTE_HELP, lines=2, max_lines=8, elem_id="curate-note")
        self.marks = gr.HTML(elem_id="curate-marks")
        with gr.Row(elem_classes="toolbar"):
            self.mark = button("mark", size="sm")
            self.remarked = gr.HTML(elem_id="curate-remarked")
        with gr.Row(elem_classes="toolbar"):
            self.blur, self.keys = button("blur", size="sm"), button("keys", size="sm")
        self.key_list = gr.HTML(elem_id="curate-key-box")
        self.history = gr.HTML(elem_id="curate-history")
        gr.HTML(f'<p class="muted">{esc(words.CARE)}</p>')

    def _buttons(self) -> None:
        """The buttons, which stay at the foot of the window however long the example is."""
        with gr.Row(elem_id="curate-dock"):
            accept = button("accept", variant="primary")
            reject = button("reject", elem_classes="danger")
            self.edit, save = button("edit"), button("save", elem_classes="ctrl-enter")
            self.verdicts: dict[Verdict, gr.Button] = {"accept": accept, "reject": reject, "edit": save}
            self.verdicts |= {"flip": button("flip"), "tie": button("tie")}
            self.verdicts |= {"skip": button("skip"), "flag": button("flag")}
            self.back, self.next = button("prev"), button("next")

    def show(self, author: str, filter: QueueFilter, view: View) -> Changes:
        """The page for this view, and where the browser continues after a reload."""
        item, place, bar = view.item, view.place, self.bar
        memory = {"id": place.example_id, "offset": place.offset} if place else {"id": "", "offset": 0}
        changes: Changes = {
            self.card: card_html(self.services, view, filter),
            self.text: view.text,
            bar.said: outcome_html(view),
            self.place: place.as_text() if place else "",
            **self.around(author, view.counts),
            self.empty: empty_html(self.services, view, filter),
            self.work: gr.update(visible=item is not None),
            self.labels: list(item.decision.labels) if item and item.decision else [],
            self.drafted: said_html(words.DRAFT_BACK) if item and item.draft is not None else "",
            self.memory: {**values_of(filter), **memory},
            self.note: (remarks := remarks_of(item)).note,
            self.spans: spans_text(remarks.spans),
            self.marks: marks_html(remarks.spans),
            self.remarked: "",
        }
        if item is not None:
            both = gr.update(interactive=item.example.initial is not None)
            changes |= {self.verdicts["flip"]: both, self.verdicts["tie"]: both}
        return changes

    def show_in(self, sight: Sight, author: str, filter: QueueFilter, view: View) -> Changes:
        """The same, which is the page's sight from now on."""
        changes = self.show(author, filter, view)
        sight.place, sight.card, sight.text = (str(changes[block]) for block in (self.place, self.card, self.text))
        return changes

    def around(self, author: str, counts: QueueCounts) -> Changes:
        """What stands around the example: how far the work is, and what this person did last."""
        decisions, bar = judging.last_decisions(self.services, author), self.bar
        return {
            bar.counts: bar.progress(author, counts),
            bar.undo: gr.update(interactive=bool(decisions)),
            bar.redo: gr.update(interactive=self.services.store.taken_back(author) > 0),
            self.history: example_card.history_html(decisions, numbers_words(counts)),
        }
