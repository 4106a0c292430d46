"""The bar that stays in sight over Curate: progress, what was done last, undo and redo, and who judges."""

from __future__ import annotations

from datetime import UTC, datetime

import gradio as gr

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate.agreement import set_double_share
from cai_ui.pipeline.curate.raters import SUGGESTED_SHARE, other_raters
from cai_ui.records import RaterSettings, Verdict
from cai_ui.store import QueueCounts
from cai_ui.web.curate import words
from cai_ui.web.kit.events import Changes
from cai_ui.web.kit.forms import optional_number, read_number
from cai_ui.web.kit.present import esc, progress_bar
from cai_ui.web.session import GUEST, Session

MOST_A_DAY = 100_000


def counts_html(counts: QueueCounts, today: int = 0, goal: int | None = None) -> str:
    """Progress in words: of the queue, and of this rater today."""
    of = f"the first {counts.total:,} found" if counts.more else f"{counts.total:,}"
    mine = f"{today:,} today" if goal is None else f"{today:,} of {goal:,} today"
    label = f"{counts.done:,} of {of} judged · {mine}"
    return progress_bar(counts.done, counts.total, label)


def numbers_words(counts: QueueCounts) -> str:
    """How many examples have which verdict."""
    parts = {
        words.VERDICTS["accept"]: counts.accepted,
        words.VERDICTS["edit"]: counts.edited,
        words.VERDICTS["reject"]: counts.rejected,
        words.VERDICTS["flip"]: counts.flipped,
        words.VERDICTS["tie"] if counts.tied == 1 else words.TIES: counts.tied,
        words.VERDICTS["skip"]: counts.skipped,
        words.VERDICTS["flag"]: counts.flagged,
        words.DISPUTED: counts.disputed,
        words.OPEN: counts.open,
    }
    said = ", ".join(f"{number:,} {name}" for name, number in parts.items() if number)
    return said + (f". {words.MORE_MATCH}" if counts.more else "")


def judged_today(services: Services, rater: str) -> int:
    """How many examples this rater judged since midnight where the program runs."""
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return services.store.judged_since(rater, midnight.astimezone(UTC).isoformat(timespec="microseconds"))


def keep_goal(services: Services, rater: str, goal: object) -> RaterSettings:
    """Keep how many examples a rater means to judge in a day; gives all that they set."""
    import dataclasses

    wanted = read_number(goal, words.GOAL, 1, MOST_A_DAY)
    settings = services.store.rater_settings(rater)
    changed = dataclasses.replace(settings, goal=None if wanted is None else int(wanted))
    if changed != settings:
        services.store.save_rater_settings(changed)
    return changed


class Bar:
    """The bar. `pending` is the verdict that was given before anybody said who they are."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Column(elem_id="curate-bar"):
            with gr.Row(elem_classes="cai-bar"):
                self.counts = gr.HTML(elem_id="curate-counts")
                self.said = gr.HTML(elem_id="curate-saved")
                self.undo, self.redo = button("undo", size="sm"), button("redo", size="sm")
                self.who = gr.Button(words.WHO, elem_id="curate-who", size="sm", scale=0)
            with gr.Row(visible=False, elem_id="curate-ask") as self.ask:
                self.name = gr.Textbox(label=words.NAME, info=words.NAME_HELP, max_lines=1, elem_id="curate-rater")
                self.goal = optional_number(words.GOAL, empty=words.NO_GOAL, elem_id="curate-goal", min_width=120)
                self.sign = gr.Button(words.SIGN, variant="primary", elem_id="curate-sign", scale=0)
            with gr.Row(visible=False, elem_classes="toolbar", elem_id="curate-suggest") as self.suggest:
                self.suggested = gr.HTML(elem_id="curate-suggested")
                self.double = gr.Button(words.DOUBLE, elem_id="curate-double", size="sm", scale=0)
                self.single = gr.Button(words.SINGLE, elem_id="curate-single", size="sm", scale=0)
        self.pending = gr.State("")

    def progress(self, author: str, counts: QueueCounts) -> str:
        """How far the queue and this person are, as HTML; nothing where there is no queue."""
        goal = self.services.store.rater_settings(author).goal
        return counts_html(counts, judged_today(self.services, author), goal) if counts.total else ""

    def asking(self, session: Session, verdict: Verdict | str = "") -> Changes:
        """The fields for name and goal; `verdict` is given as soon as there is a name."""
        goal = self.services.store.rater_settings(session.author).goal
        return {
            self.ask: gr.update(visible=True),
            self.name: "" if session.author.startswith(GUEST) else session.author,
            self.goal: "" if goal is None else str(goal),
            self.pending: verdict,
        }

    def signed(self, session: Session) -> Changes:
        """The bar of somebody whose name is known."""
        return {
            self.ask: gr.update(visible=False),
            self.who: gr.update(value=session.author if session.named else words.WHO),
            self.pending: "",
        }

    def suggestion(self, session: Session) -> Changes:
        """Double annotation, suggested as soon as there is a second rater, until somebody has said yes or no."""
        others = other_raters(self.services, session.author) if session.named else []
        said = words.SUGGEST.format(names=", ".join(others[:3]), share=f"{SUGGESTED_SHARE:.0%}")
        return {
            self.suggest: gr.update(visible=bool(others)),
            self.suggested: f'<p class="muted">{esc(said)}</p>' if others else "",
        }

    def settle(self, share: float) -> Changes:
        """Keep which share of the examples two people judge; the suggestion has been answered."""
        set_double_share(self.services, share)
        return {self.suggest: gr.update(visible=False)}


def signer(session: Session) -> str:
    """The name that signs. InputError before anybody said who they are."""
    if not session.named:
        raise InputError("Nobody has said who judges.", kept="Nothing changed.", next_step=words.SAY_WHO)
    return session.author


def button(name: str, **look: object) -> gr.Button:
    """A button of Curate by its name in `words.BUTTONS`."""
    return gr.Button(words.BUTTONS[name], elem_id=f"curate-{name}", scale=0, **look)
