"""Blind votes: the choice between two answers, by key, and what all votes say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from cai_ui.compare.votes import REASONS, Ballot
from cai_ui.formats.whole_file import write_whole
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import votes as voting
from cai_ui.pipeline.compare.vote_files import as_lines, as_table, vote_rows
from cai_ui.records import Vote
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import answers_html
from cai_ui.web.compare.live import Live, Taken
from cai_ui.web.compare.votes_html import analysis_html, titled, votes_html
from cai_ui.web.kit.download import Download
from cai_ui.web.kit.events import AT_ONCE, EACH, QUIET, Changes, Given
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import counted, empty_state, notice
from cai_ui.web.lineage.where_from import where_from
from cai_ui.web.session import Session, SessionParts

# Handlers


def vote(
    services: Services, choice: str, session: Session, taken: Taken, reasons: Sequence[str] = (), reveal: str = "vote"
) -> Vote:
    """Keep a blind vote on answers that were taken from the page."""
    left, right = taken.sight.variants[0], taken.sight.variants[1]
    ballot = Ballot(taken.sight.order, reveal, taken.early, set=taken.sight.set)
    asked = taken.sight.asked or taken.sight.prompt
    return voting.cast_vote(services, asked, left, right, choice, session.author, ballot, reasons)


def revealed(choice: str, taken: Taken) -> str:
    """What was chosen, and whose answers they were."""
    left, right = (variant.title for variant in taken.sight.variants)
    winner = {"left": f"You preferred {left}.", "right": f"You preferred {right}."}.get(choice, "")
    said = winner or ("You found both equally good." if choice == "tie" else "You found both bad.")
    return f"{said} Left was {left}, right was {right}."


def analysis(services: Services) -> str:
    """All votes as HTML, with all that they say."""
    return analysis_html(voting.analysis(services.store), titled(services))


def votes_file(services: Services, kind: str) -> str:
    """The path of a file with all votes: "csv" or "jsonl"."""
    rows = vote_rows(services.store.votes(voting.ALL_VOTES))
    path = services.store.workspace.export_path(f"votes.{kind}")
    write_whole(path, (as_table(rows) if kind == "csv" else as_lines(rows)).encode("utf-8"))
    return str(path)


class BallotBox:
    """The choice under two blind answers, and the votes so far. `cast` holds the ids of this session's votes."""

    def __init__(self, services: Services, live: Live, reveal: gr.Radio) -> None:
        """`reveal` says when names are shown: after each vote, or at the end."""
        self.services, self.live, self.reveal = services, live, reveal
        self.said = gr.HTML(elem_id="compare-voted")
        self.ticket, self.cast = gr.Textbox(visible="hidden", elem_id="vote-ticket"), gr.State([])
        with gr.Column(visible=False, elem_id="compare-ballot") as self.box:
            with gr.Row(elem_classes="toolbar"):
                self.choices = {
                    choice: gr.Button(label, elem_id=f"compare-vote-{choice.replace('_', '-')}", scale=0)
                    for choice, label in words.CHOICES.items()
                }
            tags = [(f"{reason} ({place})", reason) for place, reason in enumerate(REASONS, 5)]
            self.reasons = gr.CheckboxGroup(tags, label=words.WHY, elem_id="vote-reasons")
        with gr.Row(elem_classes="toolbar", visible=False) as self.session_row:
            self.end = gr.Button(words.END, elem_id="compare-vote-end", scale=0)
        with gr.Accordion(words.VOTES, open=False, elem_id="compare-votes") as self.all:
            self.tally = gr.HTML(elem_id="compare-tally")
            with gr.Row(elem_classes="toolbar"):
                self.files = {
                    kind: Download(label, f"compare-votes-{kind}", size="sm", scale=0)
                    for kind, label in words.VOTE_FILES.items()
                }
        self.opens = [self.box, self.said, self.ticket, self.reasons, self.session_row, self.cast]

    def opened(self, there: bool, ticket: str) -> Changes:
        """The choice offered, or put away. What the last vote said stays."""
        return {self.box: gr.update(visible=there), self.ticket: ticket}

    def closed(self) -> Changes:
        """No choice: the answers have names."""
        return {self.box: gr.update(visible=False), self.said: "", self.ticket: ""}

    def ended(self, cast: Sequence[str]) -> Changes:
        """The session is over: names are shown, and what its votes say."""
        mine = [made for made in self.services.store.votes(voting.ALL_VOTES) if made.event_id in set(cast)]
        told = votes_html(mine, titled(self.services)) if mine else empty_state(*words.NO_VOTES)
        return {
            self.box: gr.update(visible=False),
            self.said: notice(words.SESSION_OVER.format(votes=counted(len(mine), "vote")), "good") + told,
            self.ticket: "",
            self.session_row: gr.update(visible=False),
            self.cast: [],
        }

    def wire(self, answers: gr.HTML, sight: gr.State, session: SessionParts) -> list[Any]:
        """Connect it; gives the events after which there is one vote more."""
        self.answers, self.sight, self.session = answers, sight, session
        page = {session.state, self.ticket, self.reasons, self.reveal, self.cast}
        shown = [answers, sight, *self.opens]
        voted = [button.click(bind(self._vote, choice), page, shown, **EACH) for choice, button in self.choices.items()]
        self.end.click(bind(self._end), {self.cast}, shown, **QUIET)
        self.all.expand(bind(self._analysis), {self.cast, self.reveal}, [self.tally], **AT_ONCE)
        for kind, button in self.files.items():
            button.wire(bind(votes_file, self.services, kind), [])
        return voted

    def _vote(self, choice: str, given: Given) -> Changes:
        session, reveal = given[self.session.state], given[self.reveal]
        taken = self.live.take(session.page, given[self.ticket])
        made = vote(self.services, choice, session, taken, given[self.reasons] or [], reveal)
        cast = [*given[self.cast], made.event_id]
        sight = replace(taken.sight, voted=reveal == "vote")
        said = f"{counted(len(cast), 'vote')}. " + (revealed(choice, taken) if reveal == "vote" else words.SAVED)
        origin = where_from("vote", made.event_id) if reveal == "vote" else ""  # it names the models
        return {
            self.answers: answers_html(sight),
            self.sight: sight,
            self.box: gr.update(visible=False),
            self.said: notice(said, "good") + origin,
            self.reasons: [],
            self.cast: cast,
            self.session_row: gr.update(visible=True),
        }

    def _end(self, given: Given) -> Changes:
        return {**self.ended(given[self.cast]), self.sight: None}

    def _analysis(self, given: Given) -> Changes:
        if given[self.cast] and given[self.reveal] == "end":
            return {self.tally: notice(words.HIDDEN_TALLY)}
        return {self.tally: analysis(self.services)}
