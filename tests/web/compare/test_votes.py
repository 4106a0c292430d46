"""Blind votes on the page: names hidden until they may be seen, votes while text is written, each counted once."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from cai_ui.compare.variants import VariantText
from cai_ui.compare.votes import PairTally
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import ConflictError, InputError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare.columns import known_columns
from cai_ui.pipeline.compare.votes import NextVote
from cai_ui.pipeline.prompts.files import import_prompts
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import Answer, Prompt, Provenance, Rate
from cai_ui.web.compare import models, votes, words
from cai_ui.web.compare.answers_html import Sight, answers_html, link_html
from cai_ui.web.compare.further import difference_html
from cai_ui.web.compare.live import Live
from cai_ui.web.compare.streams import answer_blind, typed_vote
from cai_ui.web.compare.tab import CompareTab
from cai_ui.web.compare.votes_html import tally_html, titled
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

ME = Session("me", "page", named=True)
QUICK = Sampling(temperature=0.0, max_new_tokens=6)
STRONG = "base::system=Shout."
"""The base, told to shout: another text than the base's from the model below."""


class Shouting(ScriptedEngine):
    """Says the request back, in capitals where it is told to, and slowly where `wait` is set."""

    def __init__(self) -> None:
        self.wait = threading.Event()
        self.wait.set()
        super().__init__(self._reply)

    def _reply(self, request: Request) -> str:
        said = f"You ask: {request.messages[-1].content} That is a long story."
        return said.upper() if request.messages[0].role == "system" else said

    def stream(self, requests: Any, stop: Any = None) -> Any:
        for number, chunk in enumerate(super().stream(requests, stop)):
            while number > 4 and not self.wait.is_set() and not (stop is not None and stop.is_set()):
                time.sleep(0.01)
            yield chunk


@pytest.fixture
def engine() -> Shouting:
    return Shouting()


@pytest.fixture
def two(engine: Shouting, tmp_path: Path) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path / "home")), engine=engine)
    yield opened
    opened.close()


def page_of(services: Services) -> Any:
    with gr.Blocks(), gr.Tabs():
        box = CompareTab(services).ask
    from cai_ui.web.session import SessionParts

    box.session = SessionParts(None, None, gr.State(ME), gr.State(""), None, Stops(), None, gr.Textbox())  # type: ignore[arg-type]
    box.who.session = box.session
    box.chosen = gr.CheckboxGroup([])
    box.ballot.session, box.ballot.answers, box.ballot.sight = box.session, box.answers, box.sight
    return box


def given(box: Any, **values: Any) -> dict[Any, Any]:
    usual = {
        box.session.state: ME, box.prompt: "", box.drawn: None, box.heldout: None, box.chosen: ["base", STRONG],
        box.blind: True, box.sight: None, box.ballot.reveal: "vote", box.ballot.cast: [], box.ballot.ticket: "",
        box.ballot.reasons: [], box.further.prompt: "", box.further.which: "",
        **{w: getattr(QUICK, n) for n, w in box.sampling.widgets.items()}, **dict.fromkeys(box.beside.inputs, 1),
    }  # fmt: skip
    named = {"prompt": box.prompt, "set": box.heldout, "drawn": box.drawn, "sight": box.sight, "cast": box.ballot.cast,
             "ticket": box.ballot.ticket, "reveal": box.ballot.reveal, "blind": box.blind, "chosen": box.chosen,
             "reasons": box.ballot.reasons, "follow": box.further.prompt, "which": box.further.which}  # fmt: skip
    return {**usual, **{named[name]: value for name, value in values.items()}}


def blind(services: Services, live: Live, ticket: str = "t", names: tuple[str, str] = ("base", STRONG)) -> list[Sight]:
    asked = NextVote(Prompt("", "How?"), *names, 0)
    return list(answer_blind(services, Stops(), live, ME, asked, Sampling(), ticket))


def test_names_are_hidden_until_the_vote_and_then_shown(two: Services) -> None:
    live = Live()
    last = blind(two, live)[-1]
    hidden = answers_html(last)
    assert "Left" in hidden and "Right" in hidden
    for word in ("Base model", "Shout", "Answered by", "base weights", "?tab="):
        assert word not in hidden
    taken = live.take("page", "t")
    made = votes.vote(two, "left", ME, taken, ["safer"])
    assert "You preferred Base model." in votes.revealed("left", taken) and not taken.early
    shown = answers_html(dataclasses.replace(taken.sight, voted=True))
    assert "Answered by" in shown and "Shout." in shown
    assert two.store.votes() == [made] and (made.left, made.right, made.reasons) == ("base", STRONG, ("safer",))


def test_a_vote_while_text_is_written_keeps_what_was_seen_and_stops_the_rest(two: Services, engine: Shouting) -> None:
    live, engine_waits = Live(), engine.wait
    engine_waits.clear()
    seen: list[Sight] = []
    asked = NextVote(Prompt("", "How?"), "base", STRONG, 0)
    reading = threading.Thread(target=lambda: seen.extend(answer_blind(two, Stops(), live, ME, asked, Sampling(), "t")))
    reading.start()
    end = time.monotonic() + 10
    while not (seen and len({v.text for v in seen[-1].variants}) == 2) and time.monotonic() < end:
        time.sleep(0.01)
    taken = live.take("page", "t")
    reading.join(5)
    assert taken.early and not reading.is_alive()
    assert [v.text for v in taken.sight.variants] == [v.text for v in seen[-1].variants], "nothing was shown after it"
    made = votes.vote(two, "right", ME, taken)
    assert made.early and made.left_answer.finish == "stopped" and made.left_answer.provenance.base_hash
    assert made.right_answer.text == seen[-1].variants[1].text


def test_a_vote_counts_once_and_only_on_what_is_shown(two: Services) -> None:
    live = Live()
    with pytest.raises(InputError, match="nothing to vote on"):
        live.take("page", "t")
    blind(two, live)
    with pytest.raises(ConflictError, match="before the next"):
        live.take("page", "another")
    live.take("page", "t")
    with pytest.raises(ConflictError):
        live.take("page", "t")
    with pytest.raises(InputError):
        live.take("another page", "t")


@pytest.mark.parametrize("kind", ["error", "stopped", "one"])
def test_answers_that_failed_or_were_stopped_are_not_voted_on(kind: str) -> None:
    whole = VariantText("a", "A", "Yes.", None, _answer("Yes."))
    other = {
        "error": VariantText("b", "B", "No", None, error="The server died."),
        "stopped": VariantText("b", "B", "No", None, _answer("No", "stopped")),
    }.get(kind)
    sight = Sight("p", (whole, other) if other else (whole,), blind=True)
    assert not sight.can_vote
    assert "The server died" not in answers_html(sight), "it would tell whose answer it is"


def test_identical_answers_are_kept_as_a_tie_and_the_next_request_follows(two: Services, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("prompt,kind\nOne?,helpful\nTwo?,helpful\nThree?,helpful\n", encoding="utf-8")
    import_prompts(two, path, "ours")
    key = prompt_sets(two)[-1].key
    box = page_of(two)
    same = ["base", "base::strength=0.5"]
    drawn = box._draw(key, ME)[box.drawn]
    steps = list(box._answer(given(box, prompt=drawn.text, drawn=drawn, set=key, chosen=same)))
    kept = two.store.votes()
    assert {vote.prompt for vote in kept} == {"One?", "Two?", "Three?"}
    assert {(vote.choice, vote.by) for vote in kept} == {("tie", "identity")}
    assert all(not step[box.ballot.box]["visible"] for step in steps[-1:])
    assert "same" in steps[-1][box.ballot.said]


def test_after_a_vote_the_next_request_follows_until_none_is_left(two: Services, tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text("prompt,kind\nOne?,helpful\nTwo?,harmful\n", encoding="utf-8")
    import_prompts(two, path, "ours")
    key = prompt_sets(two)[-1].key
    box = page_of(two)
    drawn = box._draw(key, ME)[box.drawn]
    steps = list(box._answer(given(box, prompt=drawn.text, drawn=drawn, set=key, reveal="end")))
    assert steps[-1][box.ballot.box]["visible"]
    cast: list[str] = []
    for _ in range(2):
        ticket = steps[-1][box.ballot.ticket]
        voted = box.ballot._vote("left", given(box, ticket=ticket, reveal="end", cast=cast))
        assert "Left was" not in voted[box.ballot.said] and "Base model" not in voted[box.answers]
        cast = voted[box.ballot.cast]
        told = given(box, set=key, sight=voted[box.sight], cast=cast, reveal="end")
        steps = list(box._next(told))
    assert {vote.prompt for vote in two.store.votes()} == {"One?", "Two?"}
    assert {vote.kind for vote in two.store.votes()} == {"helpful", "harmful"}
    last = steps[-1]
    assert "The session is over: 2 votes." in last[box.ballot.said] and "Base model" in last[box.ballot.said]
    assert last[box.ballot.cast] == []
    assert "You have voted on every request" in box._draw(key, ME)[box.ballot.said]


def test_nobody_votes_before_saying_who_they_are(two: Services) -> None:
    box = page_of(two)
    asked = given(box, prompt="How?") | {box.session.state: Session("local", "page")}
    [shown] = list(box._answer(asked))
    assert shown[box.who.row]["visible"] and shown[box.who.name] == "local" and box.answers not in shown
    assert list(box._answer(asked | {box.blind: False}))[-1][box.sight].finished, "with names nobody is asked"
    ours = box.session
    with pytest.raises(InputError, match="no name"):
        box.who._signed({ours.state: Session("local"), box.who.name: "  "})
    signed = box.who._signed({ours.state: Session("local"), box.who.name: "Ana "})
    assert signed[ours.state] == Session("Ana", named=True) and signed[ours.browser] == signed[ours.name] == "Ana"
    assert not signed[box.who.row]["visible"]


def test_a_typed_request_is_voted_on_once_and_nothing_follows(two: Services) -> None:
    box = page_of(two)
    steps = list(box._answer(given(box, prompt="How?")))
    voted = box.ballot._vote("tie", given(box, ticket=steps[-1][box.ballot.ticket]))
    assert "Left was" in voted[box.ballot.said] and "Answered by" in voted[box.answers]
    assert box.answers not in list(box._next(given(box, sight=voted[box.sight], cast=voted[box.ballot.cast])))[-1]
    with pytest.raises(InputError, match="two models"):
        typed_vote("How?", ["base"])


def test_the_tally_is_hidden_while_a_session_hides_names(two: Services) -> None:
    box = page_of(two)
    assert words.HIDDEN_TALLY in box.ballot._analysis(given(box, cast=["x"], reveal="end"))[box.ballot.tally]
    assert "No votes yet" in box.ballot._analysis(given(box))[box.ballot.tally]


def test_a_follow_up_another_seed_and_the_words_that_differ(two: Services) -> None:
    box = page_of(two)
    first = list(box._answer(given(box, prompt="How?", blind=False)))[-1][box.sight]
    assert first.finished and [name for _, name in first.columns] == ["base", STRONG]
    on = list(box._follow_up(given(box, sight=first, follow="And then?")))[-1]
    html = on[box.answers]
    assert html.count("How?") >= 2 and "AND THEN?" in html and "And then? That is" in html
    assert len(on[box.sight].turns()["base"]) == 4
    again = list(box._again(given(box, sight=on[box.sight], which=STRONG)))[-1][box.sight]
    seeds = [v.answer.provenance.seed for v in again.variants if v.answer]
    assert seeds[0] == 0 != seeds[1] and again.earlier == on[box.sight].earlier
    assert "<del>" in difference_html(first, "base", STRONG) and difference_html(first, "base", "gone") == ""
    with pytest.raises(InputError, match="no answers to go on"):
        list(box._follow_up(given(box, follow="And?")))


def test_a_link_opens_the_same_view_and_says_what_it_does_not_know(two: Services) -> None:
    hostile = '"><script>alert(1)</script>'
    sight = Sight(hostile, (VariantText("base", "B", "x", None, _answer("x")), VariantText(STRONG, "S", "y", None)))
    html = link_html(dataclasses.replace(sight, variants=sight.variants))
    assert "<script" not in html
    address = html.split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert models.asked_in(address) == (hostile, ["base", STRONG])
    assert models.asked_in("?tab=train&prompt=x") == ("", []) and models.asked_in(None) == ("", [])
    assert known_columns(two, ["base", "/etc/passwd", "http://x/#y"]) == (["base"], ["/etc/passwd", "http://x/#y"])
    with gr.Blocks(), gr.Tabs():
        tab = CompareTab(two)
    box = tab.models
    box.ask, box.prompt = tab.ask.run, tab.ask.prompt
    looked = box._look(
        {
            box.chosen: [],
            box.known: [],
            box.added: [],
            box.wanted: [STRONG, "<b>gone</b>"],
            box.sent: (0, []),
            box.mark: "0",
        }
    )
    assert looked[box.chosen]["value"] == [STRONG] and looked[box.wanted] == []
    assert "&lt;b&gt;gone" in looked[box.link_said]
    too_long = Sight("x" * 5000, sight.variants)
    assert words.LINK_TOO_LONG in link_html(too_long)


def test_a_column_is_added_ticked_and_kept_once(two: Services) -> None:
    with gr.Blocks(), gr.Tabs():
        tab = CompareTab(two)
    box = tab.models
    box.ask = tab.ask.run
    described = {box.box.source: "base", box.box.system: "Be brief.", **{
        widget: {"strength": 1.0, "chat_format": "bare"}[name] for name, widget in box.box.ask.widgets.items()
    }}  # fmt: skip
    page = {
        box.chosen: ["base"],
        box.known: ["base"],
        box.added: [],
        box.wanted: [],
        box.sent: (4, ["base"]),
        box.mark: "4",
        **described,
    }
    added = box._add(page)
    (name,) = added[box.added]
    assert added[box.chosen]["value"] == ["base", name]
    assert box._add({**page, box.added: [name]})[box.added] == [name]
    assert (name, "Base model · bare format · system “Be brief.”") in [(n, t) for t, n in added[box.chosen]["choices"]]
    stale = box._look({**page, box.chosen: [], box.mark: "3", box.sent: (4, ["base", name]), box.added: [name]})
    assert stale[box.chosen]["value"] == ["base", name], "a look from before the column was there unticks nothing"
    with pytest.raises(InputError, match="No model is chosen"):
        box._add({**page, box.box.source: " "})


def test_a_variant_in_a_tally_is_called_as_in_the_list(two: Services) -> None:
    title = titled(two)
    assert title("base::strength=0.5") == "Base model · strength 0.5"
    assert title("base:1a2b3c4d::strength=0.5") == "Base model · strength 0.5 (1a2b3c4d)"
    assert (title("base"), title("base:1a2b3c4d"), title("gone")) == ("Base model", "Base model (1a2b3c4d)", "gone")


def test_the_tally_shows_the_share_with_its_interval_and_what_is_missing() -> None:
    pair = PairTally("a", "b", 3, 1, 2, 1, Rate(3, 4, 0, 0.75, 0.3, 0.95), 0.625, 2, 27)
    html = tally_html([pair], {"a": "A <b>", "b": "B"}.__getitem__)
    assert "75 % (30–95 %, 3 of 4)" in html and "0.62" in html and "about 27" in html and "<b>" not in html


def _answer(text: str, finish: str = "end") -> Answer:
    return Answer(text, finish, 3, 5, Provenance("m", "b" * 64, None, None, 0, {}))  # type: ignore[arg-type]
