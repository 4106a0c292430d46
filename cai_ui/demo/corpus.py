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
from cai_ui.demo.critiques import Response, critique, respond, revise
from cai_ui.demo.principles import LESS_HARMFUL, MORE_HELPFUL, STYLES, house_rule, principle_requests
from cai_ui.demo.requests import Request, draw_request, stranger
from cai_ui.demo.world import KINDS
from cai_ui.prompts import preference_question
from cai_ui.records import Message

_MIX = {"single": 15, "chain": 42, "direct": 7, "ruled": 7, "preference": 16, "yes no": 3, "follow up": 2, "talk": 1,
        "echo": 12}  # fmt: skip
_LATER_MIX = {**_MIX, "single": 25, "preference": 10, "ruled": 5, "follow up": 4, "echo": 5}
"""Once it can copy and judge, more of what it answers."""
_LAST_MIX = {**_LATER_MIX, "chain": 70, "echo": 8}
ODD_DRAFT, LAST_ODD_DRAFT = 0.4, 0.75
"""Share of harmless chains of the later rounds whose draft has words without sense in it: it must be kept as it is,
word for word, which well-formed drafts alone do not teach."""
TRICKY = 0.5
"""Share of the third round's made-up words that begin with a piece which elsewhere is a word of its own."""
INVENTED = 0.7
"""Share of objects and persons that are made-up words."""
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
_ECHOES = ("Say this again: {w}", "Repeat these words: {w}", "{w} Please write that once more.", "Copy: {w}")


@dataclass(frozen=True)
class Conversation:
    """Messages, and what the last answer is: an "answer", the "judge"'s letter, or an "echo" of the user's words.

    With form "odd draft" the first answer is not to be learnt, only what follows it.
    """

    messages: tuple[Message, ...]
    form: str = "answer"


def conversations(seed: int, invented: float = INVENTED, round: int = 1) -> Iterator[Conversation]:
    """Training conversations of a round (1 to 4), without end. Same seed, same conversations."""
    rng = random.Random({1: f"corpus/{seed}", 2: f"corpus/{seed}/later"}.get(round, f"corpus/{seed}/{round}"))
    corpus = Corpus(rng, invented, round)
    while True:
        yield corpus.draw()


class Corpus:
    """Draws conversations of all forms. `invented`: see `draw_request`.

    From the second round on: stranger words, more forms of principles, more twins, drafts to be kept word for word.
    From the third on, half of the made-up words begin like common ones. The third has more narrow principles, the
    fourth more chains, most of whose harmless drafts are to be kept word for word.
    """

    def __init__(self, rng: random.Random, invented: float = INVENTED, round: int = 1) -> None:
        self._rng = rng
        self._invented = invented
        self._later = round > 1
        self._tricky = TRICKY if round > 2 else 0.0
        self._narrow = round == 3
        self._odd_draft_share = LAST_ODD_DRAFT if round > 3 else ODD_DRAFT
        self._mix = _LAST_MIX if round > 3 else _LATER_MIX if self._later else _MIX
        self._makers = {
            "single": self.single, "chain": self.chain, "direct": self.direct, "ruled": self.ruled,
            "preference": self.preference, "yes no": self.yes_no, "follow up": self.follow_up, "talk": self.talk,
            "echo": self.echo,
        }  # fmt: skip

    def draw(self) -> Conversation:
        """A conversation of a drawn form."""
        return self._makers[self._rng.choices(list(self._mix), list(self._mix.values()))[0]]()

    def request(self, harmful: float = 0.5) -> Request:
        """A request that is harmful with this chance, else everyday help or a benign twin."""
        twins = 0.55 if self._later else 0.45
        kinds = KINDS if self._rng.random() < harmful else ("twin",) if self._rng.random() < twins else ("everyday",)
        return draw_request(self._rng, kinds, invented=self._invented, odd=self._later, tricky=self._tricky)

    def single(self) -> Conversation:
        request = self.request()
        return Conversation(_turns(request.text, plan(self._rng, request).text))

    def chain(self) -> Conversation:
        """Draft, then one to four rounds of critique and revision, each under a principle of its own."""
        rng, request = self._rng, self.request(0.5 if self._later else 0.6)
        if self._later and not request.act.harmful and rng.random() < self._odd_draft_share:
            return self._odd_draft(request)
        response = self._draft(request)
        texts = [request.text, response.text]
        for _ in range(rng.choices((1, 2, 3, 4), (74, 20, 4, 2))[0]):
            kind = self._principle_kind(request)
            ask, demand = principle_requests(rng, kind, self._later)
            texts += [ask, critique(rng, kind, request, response)]
            response = revise(rng, kind, request, response)
            texts += [demand, response.text]
        return Conversation(_turns(*texts))

    def direct(self) -> Conversation:
        """Revision straight after the draft, without a critique."""
        request = self.request(0.6)
        response = self._draft(request)
        kind = self._principle_kind(request)
        after = revise(self._rng, kind, request, response)
        demand = principle_requests(self._rng, kind, self._later)[1]
        return Conversation(_turns(request.text, response.text, demand, after.text))

    def ruled(self) -> Conversation:
        """A principle before the request: harmful requests are declined, others answered."""
        request = self.request()
        answer = declining(self._rng, request) if request.act.harmful else plan(self._rng, request).text
        return Conversation(_turns(house_rule(self._rng) + "\n\n" + request.text, answer))

    def preference(self) -> Conversation:
        request = self.request(0.65)
        better, worse, asks = self._answers_to_judge(request)
        first = self._rng.random() < 0.5
        question = preference_question(
            _turns(request.text), self._rng.choice(asks), better if first else worse, worse if first else better
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
            return Response(declining(self._rng, request), None)
        return Response(over_refusal(self._rng, request), None, over_refuses=True)

    def _odd_draft(self, request: Request) -> Conversation:
        """A harmless answer with some words exchanged for others; nothing is wrong with it, and it is kept."""
        words = plan(self._rng, request).text.split(" ")
        for _ in range(self._rng.randint(1, 3)):
            words[self._rng.randrange(len(words))] = stranger(self._rng, "more", self._tricky)
        response = Response(" ".join(words), None)
        kind = self._rng.choice(("general", "general", *KINDS))
        ask, demand = principle_requests(self._rng, kind, self._later)
        clear = critique(self._rng, kind, request, replace(response, plan=plan(self._rng, request)))
        return Conversation(_turns(request.text, response.text, ask, clear, demand, response.text), "odd draft")

    def _principle_kind(self, request: Request) -> str:
        own = request.act.kind if request.act.harmful else self._rng.choice(KINDS)
        shares = (32, 25, 27, 10, 6) if self._narrow else (45, 20, 17, 12, 6)
        chosen = self._rng.choices(("general", "own", "any", "style", "other"), shares)[0]
        choice = {"general": ("general",), "own": (own,), "any": KINDS, "style": STYLES,
                  "other": ("spelling", "helpful")}  # fmt: skip
        return self._rng.choice(choice[chosen])

    def _answers_to_judge(self, request: Request) -> tuple[str, str, tuple[str, ...]]:
        """Better and worse answer, with the instructions under which that is so."""
        done = plan(self._rng, request).text
        if request.act.harmful:
            declined = declining(self._rng, request)
            return (done, declined, MORE_HELPFUL) if self._rng.random() < 0.25 else (declined, done, LESS_HARMFUL)
        asks = MORE_HELPFUL if self._rng.random() < 0.4 else LESS_HARMFUL
        return done, over_refusal(self._rng, request), asks


def _turns(*texts: str) -> tuple[Message, ...]:
    """User and assistant in turns, the user first."""
    return tuple(Message("user" if place % 2 == 0 else "assistant", text) for place, text in enumerate(texts))
