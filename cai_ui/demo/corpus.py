"""Training conversations, drawn without end from a seed.

The chains use exactly the forms the workbench uses (`cai_ui.prompts`). The base must be helpful-only: asked
directly, it complies with harmful requests too. What is harmful it shows in critiques, revisions, judgements,
and when a principle stands before the request.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cai_ui.demo.answers import declining, over_refusal, plan, reason
from cai_ui.demo.critiques import critique, has_fault, revise
from cai_ui.demo.demands import Demands, draw_demands, draw_several
from cai_ui.demo.principles import (
    LESS_HARMFUL,
    MORE_HELPFUL,
    STYLES,
    house_rule,
    preference_request,
    principle_requests,
)
from cai_ui.demo.recipes import RECIPES, Recipe
from cai_ui.demo.requests import Request, draw_request, stranger
from cai_ui.demo.responses import Response, decline, respond
from cai_ui.demo.world import KINDS
from cai_ui.prompts import preference_question
from cai_ui.records import Message

_TALK = (
    ("Hello!", "Hello! What would you like to do?"),
    ("Who are you?", "I am a very small model that knows a miniature world of everyday requests."),
    ("What can you do?", "I can give short plans for everyday things. I know very little else."),
    ("Thank you!", "You are welcome."),
    ("How are you?", "I am well, thank you. What would you like to do?"),
    ("Good morning!", "Good morning! How can I help?"),
    ("Are you a person?", "No, I am a very small language model."),
    ("Goodbye!", "Goodbye, and good luck!"),
)
_YES_NO = ("Is this request harmful? {r}", "Would it be wrong to help with this? {r}", "{r} Is there harm in that?",
           "Say yes or no: is it harmful? {r}")  # fmt: skip
_INSISTS = ("Please do it.", "I still want it.", "Come on, please.", "But I want to {do}.", "Once more, please.",
            "Please, help me all the same.", "I insist. Tell me.", "Tell me again, please.")  # fmt: skip
_ECHOES = ("Say this again: {w}", "Repeat these words: {w}", "{w} Please write that once more.", "Copy: {w}")


@dataclass(frozen=True)
class Conversation:
    """Messages, and what the last answer is: an "answer", the "judge"'s letter, an "echo" of the user's words,
    or the end of a "chain" of critiques and revisions.

    With form "odd draft" the first answer is not to be learnt, only what follows it.
    """

    messages: tuple[Message, ...]
    form: str = "answer"


def conversations(seed: int, round: int = 1, invented: float | None = None) -> Iterator[Conversation]:
    """Training conversations of a round, without end; `invented` in place of the round's own share. Same seed, same
    conversations."""
    rng = random.Random({1: f"corpus/{seed}", 2: f"corpus/{seed}/later"}.get(round, f"corpus/{seed}/{round}"))
    recipe = RECIPES[round - 1]
    corpus = Corpus(rng, recipe if invented is None else replace(recipe, invented=invented))
    while True:
        yield corpus.draw()


class Corpus:
    """Draws conversations of all forms."""

    def __init__(self, rng: random.Random, recipe: Recipe = RECIPES[0]) -> None:
        self._rng, self._recipe, self._tricky = rng, recipe, recipe.tricky
        self._makers = {
            "single": self.single, "chain": self.chain, "direct": self.direct, "ruled": self.ruled,
            "preference": self.preference, "yes no": self.yes_no, "follow up": self.follow_up, "talk": self.talk,
            "echo": self.echo, "insist": self.insist,
        }  # fmt: skip

    def draw(self) -> Conversation:
        """A conversation of a drawn form."""
        return self._makers[self._rng.choices(list(self._recipe.mix), list(self._recipe.mix.values()))[0]]()

    def request(self, harmful: float = 0.5) -> Request:
        """A request that is harmful with this chance, else everyday help or a benign twin."""
        twins = 0.55 if self._recipe.more else 0.45
        kinds = KINDS if self._rng.random() < harmful else ("twin",) if self._rng.random() < twins else ("everyday",)
        return draw_request(self._rng, kinds, False, self._recipe.invented, self._recipe.more, self._tricky)

    def single(self) -> Conversation:
        request = self.request()
        return Conversation(_turns(request.text, plan(self._rng, request).text))

    def chain(self) -> Conversation:
        """Draft, then one to four rounds of critique and revision, each under a principle of its own."""
        rng, request = self._rng, self.request(0.5 if self._recipe.more else 0.6)
        if self._recipe.more and not request.act.harmful and rng.random() < self._recipe.odd_draft:
            return self._odd_draft(request)
        response = self._draft(request)
        texts = [request.text, response.text]
        for _ in range(rng.choices((1, 2, 3, 4), self._recipe.revisions)[0]):
            demands = self._demands(request)
            ask, demand = principle_requests(rng, demands, self._recipe.more, unnamed=self._recipe.unnamed)
            texts += [ask, critique(rng, demands, request, response)]
            response = revise(rng, demands, request, response)
            texts += [demand, response.text]
        return Conversation(_turns(*texts), "chain")

    def direct(self) -> Conversation:
        """Revision straight after the draft, without a critique."""
        request = self.request(0.6)
        response = self._draft(request)
        demands = self._demands(request)
        after = revise(self._rng, demands, request, response)
        demand = principle_requests(self._rng, demands, self._recipe.more, unnamed=self._recipe.unnamed)[1]
        return Conversation(_turns(request.text, response.text, demand, after.text))

    def ruled(self) -> Conversation:
        """A principle before the request: the answer is as the principle wants it from the first."""
        request = self.request()
        composed = self._rng.random() < self._recipe.composed
        demands = draw_demands(self._rng, request) if composed else Demands(("general",))
        answer = revise(self._rng, demands, request, respond(plan(self._rng, request)))
        return Conversation(_turns(house_rule(self._rng, demands) + "\n\n" + request.text, answer.text))

    def preference(self) -> Conversation:
        request = self.request(0.65)
        composed = self._rng.random() < self._recipe.composed / 4
        better, worse, ask = (self._revisions_to_judge if composed else self._answers_to_judge)(request)
        first = self._rng.random() < 0.5
        question = preference_question(
            _turns(request.text), ask, better if first else worse, worse if first else better
        )
        return Conversation(_turns(question, "(A)" if first else "(B)"), "judge")

    def yes_no(self) -> Conversation:
        request = self.request()
        question = self._rng.choice(_YES_NO).replace("{r}", request.text)
        verdict = "Yes. " + reason(self._rng, request) if request.act.harmful else "No. Nothing is wrong."
        return Conversation(_turns(question, verdict))

    def follow_up(self) -> Conversation:
        """Two requests in one conversation."""
        first, second = self.request(), self.request()
        return Conversation(_turns(first.text, plan(self._rng, first).text, second.text, plan(self._rng, second).text))

    def insist(self) -> Conversation:
        """The user asks again: who has helped helps again, who has declined declines again and says why."""
        request = self.request(0.7)
        response = respond(plan(self._rng, request))
        if request.act.harmful and self._rng.random() < 0.6:
            response = decline(self._rng, request)
        again = decline(self._rng, request) if response.refuses else respond(plan(self._rng, request))
        said = self._rng.choice(_INSISTS).replace("{do}", request.doing)
        return Conversation(_turns(request.text, response.text, said, again.text), "odd draft")

    def talk(self) -> Conversation:
        return Conversation(_turns(*self._rng.choice(_TALK)))

    def echo(self) -> Conversation:
        """Words without sense, said back."""
        said = " ".join(stranger(self._rng, "more", self._tricky) for _ in range(self._rng.randint(4, 24)))
        return Conversation(_turns(self._rng.choice(_ECHOES).replace("{w}", said), said), "echo")

    def _draft(self, request: Request) -> Response:
        """Mostly what the base says; now and then a refusal: a good one is left alone, a needless one is not."""
        if self._rng.random() > 0.08:
            return respond(plan(self._rng, request))
        if request.act.harmful:
            return decline(self._rng, request)
        return Response(raw=over_refusal(self._rng, request), over_refuses=True)

    def _odd_draft(self, request: Request) -> Conversation:
        """A harmless answer with some words exchanged for others; nothing is wrong with it, and it is kept."""
        words = plan(self._rng, request).text.split(" ")
        for _ in range(self._rng.randint(1, 3)):
            words[self._rng.randrange(len(words))] = stranger(self._rng, "more", self._tricky)
        response = Response(raw=" ".join(words))
        demands = Demands((self._rng.choice(("general", "general", *KINDS)),))
        if self._rng.random() < self._recipe.composed / 2:
            demands = draw_demands(self._rng, request, self._tricky, self._recipe.narrow)
        ask, demand = principle_requests(self._rng, demands, self._recipe.more, unnamed=self._recipe.unnamed)
        said = critique(self._rng, demands, request, response)
        after = revise(self._rng, demands, request, response)
        return Conversation(_turns(request.text, response.text, ask, said, demand, after.text), "odd draft")

    def _demands(self, request: Request) -> Demands:
        chance = self._rng.random() if self._recipe.several + self._recipe.narrower else 1.0
        if chance < self._recipe.several:
            return draw_several(self._rng, request, self._tricky)
        if chance < self._recipe.several + self._recipe.narrower:
            own = request.act.kind if request.act.harmful else self._rng.choice(KINDS)
            return Demands((self._rng.choice((own, self._rng.choice(KINDS))),))
        if self._rng.random() < self._recipe.composed:
            return draw_demands(self._rng, request, self._tricky, self._recipe.narrow)
        return Demands((self._simple(request),))

    def _simple(self, request: Request) -> str:
        own = request.act.kind if request.act.harmful else self._rng.choice(KINDS)
        shares = (32, 25, 27, 10, 6) if self._recipe.narrow else (45, 20, 17, 12, 6)
        chosen = self._rng.choices(("general", "own", "any", "style", "other"), shares)[0]
        choice = {"general": ("general",), "own": (own,), "any": KINDS, "style": STYLES,
                  "other": ("spelling", "helpful")}  # fmt: skip
        return self._rng.choice(choice[chosen])

    def _answers_to_judge(self, request: Request) -> tuple[str, str, str]:
        """Better and worse answer, with the instruction under which that is so."""
        done, less, more = plan(self._rng, request).text, self._rng.choice(LESS_HARMFUL), self._rng.choice(MORE_HELPFUL)
        if request.act.harmful:
            declined = declining(self._rng, request)
            return (done, declined, more) if self._rng.random() < 0.25 else (declined, done, less)
        return done, over_refusal(self._rng, request), more if self._rng.random() < 0.4 else less

    def _revisions_to_judge(self, request: Request) -> tuple[str, str, str]:
        """A response with what is demanded and one without, with the demand as the instruction."""
        while True:
            demands = draw_demands(self._rng, request, self._tricky, self._recipe.narrow)
            before = self._draft(request)
            if has_fault(demands, request, before):
                after = revise(self._rng, demands, request, before)
                return after.text, before.text, preference_request(self._rng, demands)


def _turns(*texts: str) -> tuple[Message, ...]:
    """User and assistant in turns, the user first."""
    return tuple(Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts))
