"""Blind votes: the choice between two answers, and the tally of all votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import gradio as gr

from cai_ui.compare.votes import PairTally
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.compare import votes as voting
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import Sight, answers_html
from cai_ui.web.kit.events import AT_ONCE, Changes
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import empty_state, esc, notice, rate_text, table
from cai_ui.web.session import Session, SessionParts

# Handlers


def vote(services: Services, choice: str, session: Session, sight: Sight | None) -> tuple[Sight, str]:
    """Keep a blind vote; gives the answers with their names, and a sentence on the vote."""
    if sight is None or not sight.can_vote:
        raise InputError(words.NOTHING_TO_VOTE, next_step=words.TICK_BLIND)
    left, right = sight.variants[0], sight.variants[1]
    voting.cast_vote(services, sight.prompt, left, right, choice, session.author)
    winner = {"left": f"You preferred {left.title}.", "right": f"You preferred {right.title}."}.get(choice, "")
    said = winner or ("You found both equally good." if choice == "tie" else "You found both bad.")
    return replace(sight, voted=True), f"{said} Left was {left.title}, right was {right.title}. The vote is saved."


def tally(services: Services) -> str:
    """All votes as HTML."""
    return tally_html(voting.tally(services), comparison.variant_titles(services))


def tally_html(pairs: Sequence[PairTally], titles: Mapping[str, str]) -> str:
    """All votes by pair, with the share of decided votes and how surprising it is."""
    if not pairs:
        return empty_state(*words.NO_VOTES)
    rows = [
        [
            titles.get(p.first, p.first), p.first_wins, titles.get(p.second, p.second), p.second_wins, p.ties,
            p.both_bad, rate_text(p.rate), "–" if p.p_value is None else f"{p.p_value:.2g}",
        ]
        for p in pairs
    ]  # fmt: skip
    return f'{table(words.VOTE_COLUMNS, rows)}<p class="muted">{esc(words.P_VALUE)}</p>'


class Ballot:
    """The choice under two blind answers, and the votes so far."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Row(visible=False, elem_classes="toolbar", elem_id="compare-ballot") as self.box:
            self.choices = {
                choice: gr.Button(label, elem_id=f"compare-vote-{choice.replace('_', '-')}", scale=0)
                for choice, label in words.CHOICES.items()
            }
        self.voted = gr.HTML(elem_id="compare-voted")
        with gr.Accordion(words.VOTES, open=False, elem_id="compare-votes"):
            self.tally = gr.HTML(elem_id="compare-tally")
        self.opens = [self.box, self.voted]

    def opened(self, there: bool) -> Changes:
        """The choice offered, or put away; what the last vote said is gone."""
        return {self.box: gr.update(visible=there), self.voted: ""}

    def wire(self, answers: gr.HTML, sight: gr.State, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it; after a vote `answers` are shown with their names."""
        self.answers, self.sight = answers, sight
        for choice, button in self.choices.items():
            shown = [answers, sight, *self.opens, self.tally]
            button.click(bind(self._vote, choice), [session.state, sight], shown, **AT_ONCE)
        tab.select(bind(tally, self.services, quiet=True), None, [self.tally], **AT_ONCE)

    def _vote(self, choice: str, session: Session, sight: Sight | None) -> Changes:
        revealed, sentence = vote(self.services, choice, session, sight)
        return {
            self.answers: answers_html(revealed),
            self.sight: revealed,
            self.box: gr.update(visible=False),
            self.voted: notice(sentence, "good"),
            self.tally: tally(self.services),
        }
