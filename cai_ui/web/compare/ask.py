"""One request to several models, their answers streamed side by side, with names or blind."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace

import gradio as gr

from cai_ui.compare.votes import Ballot
from cai_ui.config.answers import BesideSettings, Sampling
from cai_ui.errors import InputError
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.compare import votes as voting
from cai_ui.pipeline.compare.votes import NextVote
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.prompts import transcript
from cai_ui.records import Prompt
from cai_ui.text import PROMPT_LIMIT, clean_text
from cai_ui.web.compare import words
from cai_ui.web.compare.answers_html import NO_ANSWERS, Sight, answers_html
from cai_ui.web.compare.further import FurtherBox
from cai_ui.web.compare.live import Live
from cai_ui.web.compare.streams import answer, answer_blind, stop_answer, typed_vote
from cai_ui.web.compare.votes import BallotBox
from cai_ui.web.kit.choices import drawn, set_choices
from cai_ui.web.kit.events import ASIDE, AT_ONCE, MODEL, QUIET, Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.forms import build_form
from cai_ui.web.kit.guard import bind
from cai_ui.web.kit.present import notice, text_block
from cai_ui.web.kit.sight import sees
from cai_ui.web.naming import NameRow
from cai_ui.web.session import Session, SessionParts

IDENTICAL_IN_A_ROW = 20
"""Requests with the same answer on both sides after which a person is asked what to do."""

# Handlers


def sets_to_ask(services: Services) -> list[tuple[str, str]]:
    """Label and key of the held-out sets and of imported ones."""
    return set_choices([made for made in prompt_sets(services) if made.heldout or made.origin == "imported"])


class AskBox:
    """The request, how it is asked, and the answers. `sight` holds the last answers that are shown with names."""

    def __init__(self, services: Services) -> None:
        self.services, self.live = services, Live()
        with gr.Row():
            with gr.Column(scale=5, min_width=300):
                self._request()
            with gr.Column(scale=3, min_width=280):
                self._heldout()
                self.blind = gr.Checkbox(label=words.BLIND, info=words.BLIND_HELP, elem_id="compare-blind")
                self.reveal = gr.Radio(
                    [(label, key) for key, label in words.REVEAL.items()],
                    value="vote",
                    label=words.REVEAL_WHEN,
                    elem_id="compare-reveal",
                    visible=False,
                )
        with gr.Accordion(words.SETTINGS, open=False, elem_id="compare-settings"):
            self.sampling = build_form(Sampling, "compare-sampling")
            self.beside = build_form(BesideSettings, "compare-beside")
        self.usual = FollowsModel(services, self._usual, self.sampling.inputs)
        self.answers = gr.HTML(NO_ANSWERS, elem_id="compare-answers")
        self.sight = gr.State(None)
        self.ballot = BallotBox(services, self.live, self.reveal)
        self.further = FurtherBox()

    def _request(self) -> None:
        self.prompt = gr.Textbox(
            label=words.REQUEST, placeholder=words.REQUEST_EXAMPLE, lines=3, max_lines=12, elem_id="compare-prompt"
        )
        self.earlier = gr.HTML(elem_id="compare-earlier", visible=False)
        self.drawn = gr.State(None)
        with gr.Row(elem_classes="toolbar"):
            self.run = gr.Button(
                words.ANSWER, variant="primary", elem_id="compare-answer", elem_classes="ctrl-enter once", scale=0
            )
            self.stop = gr.Button(words.STOP, elem_id="compare-stop", interactive=False, scale=0)
        self.who = NameRow("compare")

    def _heldout(self) -> None:
        sets = sets_to_ask(self.services)
        self.heldout = gr.Dropdown(
            sets,
            value=sets[0][1] if sets else None,
            label=words.HELD_OUT,
            info=words.HELD_OUT_HELP,
            elem_id="compare-set",
            filterable=False,
        )
        self.draw = gr.Button(words.DRAW, elem_id="compare-draw")

    def wire(self, chosen: gr.CheckboxGroup, tab: gr.Tab, session: SessionParts) -> None:
        """Connect it: the `chosen` columns answer."""
        self.chosen, self.session = chosen, session
        self.usual.wire(session)
        asked = [self.heldout, session.state]
        self.draw.click(bind(self._draw), asked, [self.prompt, self.earlier, self.drawn, self.ballot.said], **QUIET)
        tab.select(bind(self._menu, quiet=True), None, [self.heldout], **ASIDE)
        page = {session.state, self.prompt, self.drawn, self.heldout, chosen, self.blind, self.sight}
        page |= {*self.sampling.inputs, *self.beside.inputs, self.ballot.reveal, self.ballot.cast, *self.further.inputs}
        shown = [self.answers, self.sight, self.run, self.stop, self.prompt, self.earlier, self.drawn]
        shown += [*self.ballot.opens, *self.further.opens, *self.who.opens]
        self.run.click(None, None, None, js=_LET_GO, **QUIET)
        self.run.click(**sees("compare-answers"))
        self.blind.change(bind(self._when_to_reveal), [self.blind], [self.reveal], **AT_ONCE)
        voted = self.ballot.wire(self.answers, self.sight, session)
        follows = {**MODEL, "trigger_mode": "multiple"}  # the end of the answers that a vote is on may be told after it
        for pressed, handler, kind in (
            (self.run.click, self._answer, MODEL),
            (self.further.ask.click, self._follow_up, MODEL),
            (self.further.again.click, self._again, MODEL),
            (self.who.wire(session).success, self._answer, MODEL),
            *((event.success, self._next, follows) for event in voted),
        ):
            pressed(bind(handler), page, shown, **kind).then(self._idle, None, [self.run, self.stop], **QUIET)
        self.stop.click(bind(stop_answer, session.stops), [session.state], None, **AT_ONCE)
        self.further.wire(self.sight)

    def _idle(self) -> Changes:
        return {self.run: gr.update(interactive=True), self.stop: gr.update(interactive=False)}

    def _when_to_reveal(self, blind: bool) -> Changes:
        return {self.reveal: gr.update(visible=bool(blind))}

    def _menu(self) -> Changes:
        return {self.heldout: gr.update(choices=sets_to_ask(self.services))}

    def _usual(self, _: Session) -> Changes:
        return self.sampling.changes(models.default_sampling(self.services))

    def _draw(self, prompt_set: str, session: Session) -> Changes:
        """A request that this person has not voted on; where there is none, any."""
        fresh = voting.next_request(self.services, prompt_set, session.author)
        said = "" if fresh is not None else notice(words.ALL_VOTED_ON)
        return {**self._put(fresh or drawn(self.services, prompt_set)), self.ballot.said: said}

    def _put(self, prompt: Prompt) -> Changes:
        shown = text_block(transcript(prompt.before), words.EARLIER) if prompt.before else ""
        earlier = gr.update(value=shown, visible=bool(shown))
        return {self.prompt: prompt.text, self.earlier: earlier, self.drawn: prompt}

    def _asked(self, given: Given) -> str | Prompt:
        """What stands in the box; with its earlier turns, kind and topic where it is what was drawn."""
        prompt: Prompt | None = given[self.drawn]
        return given[self.prompt] if prompt is None or prompt.text != given[self.prompt] else prompt

    def _answer(self, given: Given) -> Iterator[Changes]:
        asked, names = self._asked(given), given[self.chosen] or []
        session: Session = given[self.session.state]
        if given[self.blind] and not session.named:
            yield {**self.who.asking(session), self.run: gr.update(interactive=True)}
            return
        if given[self.blind]:
            prompt_set = given[self.heldout] if isinstance(asked, Prompt) else ""
            yield from self._blind(given, typed_vote(asked, names, prompt_set or ""))
            return
        yield from self._open(given, asked, names, self.sampling.read_from(given))

    def _open(
        self,
        given: Given,
        asked: str | Prompt,
        names: Sequence[str],
        sampling: Sampling,
        beside: Sight | None = None,
        earlier: tuple[Sight, ...] = (),
    ) -> Iterator[Changes]:
        """Answers with names: of all columns, or of some in the place of their answers in `beside`."""
        before = earlier[-1].turns() if earlier else None
        samples = self.beside.read_from(given).answers
        session: Session = given[self.session.state]
        for new in answer(self.services, self.session.stops, session, asked, names, sampling, samples, before):
            sight = replace(new, earlier=earlier) if beside is None else _merged(beside, new)
            yield {
                self.answers: answers_html(sight),
                self.sight: sight if sight.finished else None,
                self.run: gr.update(interactive=False),
                self.stop: gr.update(interactive=True),
                **self.ballot.closed(),
                **self.further.opened(sight),
            }

    def _follow_up(self, given: Given) -> Iterator[Changes]:
        """The next turn of the same conversation, for all columns that answered."""
        sight: Sight | None = given[self.sight]
        names = list(sight.turns()) if sight is not None else []
        if sight is None or not names:
            raise InputError(words.NOTHING_TO_FOLLOW, next_step=words.ANSWER_FIRST)
        asked = clean_text(given[self.further.prompt], words.FOLLOW_UP, limit=PROMPT_LIMIT)
        earlier = (*sight.earlier, replace(sight, earlier=()))
        yield from self._open(given, asked, names, self.sampling.read_from(given), earlier=earlier)

    def _again(self, given: Given) -> Iterator[Changes]:
        """The last answers once more, of one column or all, with another seed."""
        sight: Sight | None = given[self.sight]
        if sight is None:
            raise InputError(words.NOTHING_TO_FOLLOW, next_step=words.ANSWER_FIRST)
        names = [name for _, name in sight.columns if given[self.further.which] in ("", name)]
        if not names:
            raise InputError(words.COLUMN_GONE, next_step=words.CHOOSE_ONE)
        sampling = self.sampling.read_from(given).model_copy(update={"seed": random.randrange(2**31)})
        asked = sight.asked or sight.prompt
        yield from self._open(given, asked, names, sampling, replace(sight, blind=False), sight.earlier)

    def _blind(self, given: Given, asked: NextVote) -> Iterator[Changes]:
        """Two answers without names; where they are the same, the tie is kept and the next request follows."""
        session: Session = given[self.session.state]
        for _ in range(IDENTICAL_IN_A_ROW):
            ticket, sight = secrets.token_hex(8), None
            sampling, stops = self.sampling.read_from(given), self.session.stops
            for sight in answer_blind(self.services, stops, self.live, session, asked, sampling, ticket):
                yield {
                    **self._put(asked.prompt),
                    self.answers: answers_html(sight),
                    self.sight: None,
                    self.run: gr.update(interactive=False),
                    self.stop: gr.update(interactive=True),
                    **self.ballot.opened(sight.can_vote and not sight.identical, ticket),
                    **self.further.closed(),
                }
            if sight is None or not sight.identical:
                return
            ballot = Ballot(asked.order, given[self.ballot.reveal], by="identity", set=asked.set)
            left, right = sight.variants
            voting.cast_vote(self.services, asked.prompt, left, right, "tie", session.author, ballot)
            following = self._following(given, asked.set)
            if following is None:
                yield self._no_more(given)
                return
            asked = following
        yield {**self.ballot.closed(), self.ballot.said: notice(words.ALWAYS_IDENTICAL, "warn")}

    def _next(self, given: Given) -> Iterator[Changes]:
        """After a vote on a request of a set: the next one by itself. After one that was typed: nothing."""
        sight: Sight | None = given[self.sight]
        if sight is None or not sight.set:
            yield {self.run: gr.update(interactive=True)}
            return
        following = self._following(given, sight.set)
        if following is None:
            yield self._no_more(given)
            return
        yield from self._blind(given, following)

    def _no_more(self, given: Given) -> Changes:
        """Nothing is left to vote on: the session is over, if there was one."""
        if not given[self.ballot.cast]:
            return {**self.ballot.closed(), self.ballot.said: notice(words.IDENTICAL)}
        return {**self.ballot.ended(given[self.ballot.cast]), self.sight: None}

    def _following(self, given: Given, prompt_set: str) -> NextVote | None:
        session: Session = given[self.session.state]
        names = given[self.chosen] or []
        return voting.next_vote(self.services, prompt_set, names, session.author) if prompt_set else None


def _merged(old: Sight, new: Sight) -> Sight:
    """The old answers with those of the new columns in their place."""
    fresh = {name: [v for v in new.variants if v.variant == name] for _, name in new.columns}
    merged = [v for _, name in old.columns for v in fresh.get(name, [o for o in old.variants if o.variant == name])]
    return replace(old, variants=tuple(merged))


_LET_GO = "() => { if (document.querySelector('#compare-blind input')?.checked) document.activeElement?.blur(); }"
"""Keys vote only while nobody types."""
