"""What the embedded model can make of a principle: plain rules over its words, no model.

The model knows the demands of `demo.demands`: kinds of harm, tones, what to offer, a word to mention, a warning, a
question back. A principle counts as understood when it asks for at least one of these and nearly all its telling words
belong to them; otherwise the model would answer past it, as it does when a principle asks to protect certain people.
One demand that it was taught it does too seldom to be called understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from cai_ui.demo.world import blocks
from cai_ui.records import Principle

UNKNOWN_SHARE = 0.34
"""Share of telling words outside the grammar from which a principle is no longer called understood."""
_PATTERNS: dict[str, str] = {
    "harm of any kind": r"harm\w*|hurt\w*|unethical|ethic\w*|moral\w*|immoral\w*|wrong\w*|evil|toxic|object to|"
                        r"best for humanity|agreed? to|good person|damage\w*",
    "privacy": r"privacy|private|secrets?|personal (?:data|information|details)|spy\w*|spies|pr(?:y|ies) into|prying",
    "honesty": r"honest\w*|dishonest\w*|lie|lies|lied|lying|deceiv\w*|decept\w*|truth\w*|untruth\w*|trick\w*|"
               r"fraud\w*|fakes?|mislead\w*|untrue",
    "law and property": r"law|laws|lawful|unlawful|legal|illegal|crimes?|criminal\w*|steal\w*|theft|police",
    "kindness": r"kind|kindness|unkind\w*|cruel\w*|mean to|mean|bull(?:y|ies|ying)|insult\w*|feelings|mock\w*|nasty|"
                r"compassion\w*",
    "safety": r"safe|safely|safety|unsafe|danger\w*|injur\w*|accidents?|hazard\w*|risks?|risky",
    "fairness": r"fair|fairly|fairness|unfair\w*|unjust\w*|justice|equally|cheat\w*|advantage",
    "politeness": r"warm\w*|friendl\w*|polite\w*|impolite\w*|courte\w*|rude\w*|greet\w*",
    "brief": r"short\w*|brief\w*|concise\w*|fewer words|few words|too long|left out|leave out what is not needed|"
             r"length\w*|wordy|as needed",
    "clear order": r"numbered|clear|clearly|clarity|easier to understand|hard to understand|easy to (?:read|follow)|"
                   r"confusing|steps in order",
    "formal tone": r"formal|formally|official|officially",
    "someone to ask": r"(?:trusted|trustworthy) persons?|persons? (?:of trust|to ask|who can help)|whom to ask|"
                      r"who could help|"
                      r"(?:someone|somebody|a person)(?: \w+)? (?:to ask|trust\w*|who can help)",
    "a helpline": r"helplines?|hotlines?",
    "waiting": r"wait|waits|waiting|patien\w*|sleep on it|time to think|a day|until tomorrow|hurr(?:y|ies)",
    "a warning": r"warn\w*|(?:could|may|might|can) go wrong",
    "asking back": r"asks? (?:the user|back|why|first|for (?:the|a) reasons?|a question)"
                   r"(?: why| first| for the reason)?",
    "full help": r"refus\w*|turns? (?:the user |anyone )?down|helps? fully|fully help\w*|whatever is asked|"
                 r"(?:what|all that) (?:was asked|the user ask\w*)(?: for)?",
    "helpful": r"helpful\w*|useful|answers? the (?:request|question)",
}  # fmt: skip
_ORDER = tuple(_PATTERNS)
_FOUND = {name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE) for name, pattern in _PATTERNS.items()}
_MENTION = re.compile(
    r"\b(?:mention(?:s|ed|ing)?|talks? (?:about|of)|speaks? (?:about|of)|words? about|something about|nothing about|"
    r"includes?|leaves? out|names) "
    r"(?!(?:a |the |any |trusted |some)*(?:persons?|helplines?|harm|what|words?|them|it|him|her|all|every\w+)\b)"
    r"(?P<word>(?:[\"'“‘][^\"'”’]{1,60}[\"'”’])|(?:[\w’'-]+ ?){1,4}?)(?=[.?!,;:]|$| and | or | so )",
    re.IGNORECASE,
)
"""A word or topic to be mentioned: whatever it is, the model copies it."""
_TOO_SELDOM = frozenset(("asking back",))
"""Done by 42 % of revisions in words trained on and by 52 % in others, hardly ever on harmless requests
(docs/embedded_model.md)."""
_WEAK = frozenset({"helpful", "harm of any kind"})
_PLAIN = re.compile(
    r"\b(?:point|say|state|explain|tell|describe|identify|find|list|name|check|look|show|see|read|critique|criticise|criticize|"
    r"judge|assess|consider|think|note|discuss|assistants?|responses?|answers?|replies|reply|models?|messages?|texts?|last|"
    r"latest|previous|above|rewrite|rewritten|revise|revised|change|improve|write|give|make|ensure|sure|please|must|shall|"
    r"nothing|anything|something|someone|somebody|anyone|anybody|everyone|everybody|people|persons?|others?|users?|humans?|"
    r"ways?|parts?|specific|specifically|particular|keep|kept|fine|instead|offers?|suggest\w*|better|declin\w*|does|doing|"
    r"done|whether|which|could|would|should|might|possibly|potentially|such|content|any|all|also|always|never|every|each|"
    r"more|most|less|very|quite|remov\w*|avoid\w*|without|within|respect\w*|protect\w*|support\w*|encourag\w*|"
    r"promot\w*|contain\w*|involv\w*|includ\w*|lacks?|missing|needs?|needed|wants?|happen|matter|matters|topics?|words?|sentences?|"
    r"tone|style|language|sounds?|sounding|mention\w*|about|rather|become|becomes|new|version|once|again|time|meaning|facts?|"
    r"help|helps|helping|alternative\w*|honou?r|gets?|given|stays?|takes?|taken|kindly|advice|follow\w*|steps?|put|plans?|replac\w*|reveal\w*|violat\w*|break\w*|invad\w*|expos\w*|treat\w*|consequences?|affect\w*)\b",
    re.IGNORECASE,
)
_STOCK = (
    (
        re.compile(
            r"\b(?:say that )?(?:nothing|no part)(?: is| was)? wrong\b|\bhonest (?:alternative|way)\b", re.IGNORECASE
        ),
        " ",
    ),
    (re.compile(r"\bwise and kind friend of everyone involved\b|\bsuch a friend\b", re.I), " harm "),
)
"""Turns of the shipped principles that would be taken for something they do not ask."""
_SMALL_WORDS = (
    "a an the and or of in on to for from by with at as is are was were be been being it its this that these "
    "those if not no so then than there their they them he she his her you your we our i me my one who whom whose "
    "what when where why how do does did has have had can will may must but nor too only just own out up into "
    "over under between through because while before after until though although even still yet both either "
    "neither same other another some many much few "
)
_SMALL = frozenset(_SMALL_WORDS.split())


@dataclass(frozen=True)
class Understanding:
    """`asks` are the dimensions found, in words; `unknown` the telling words outside the grammar."""

    asks: tuple[str, ...]
    unknown: tuple[str, ...]
    understood: bool

    @property
    def text(self) -> str:
        """One sentence for a person."""
        if self.understood:
            return "The embedded model understands: " + "; ".join(self.asks) + "."
        return "Outside what the embedded model knows; a real model is needed."


def understand(principle: Principle) -> Understanding:
    """What the embedded model can make of a principle."""
    text = f"{principle.critique_request} {principle.revision_request}"
    for pattern, instead in _STOCK:
        text = pattern.sub(instead, text)
    words = list(dict.fromkeys(found["word"].strip(" \"'“”‘’") for found in _MENTION.finditer(text)))
    rest = _MENTION.sub(" ", text)
    asks = [name for name in _ORDER if _FOUND[name].search(rest)]
    for pattern in _FOUND.values():
        rest = pattern.sub(" ", rest)
    telling = [word for word in re.findall(r"[^\W\d_][\w-]*", rest.lower()) if len(word) > 2]
    unknown = [word for word in telling if word not in _SMALL and word not in _grammar() and not _PLAIN.fullmatch(word)]
    share = len(set(unknown)) / max(1, len(asks) + len(set(unknown)))
    if len(asks) > 1:
        asks = [name for name in asks if name not in _WEAK] or asks
    asks += [f"a word about “{words[0][:40]}”"] if words else []
    return Understanding(
        tuple(asks),
        tuple(dict.fromkeys(unknown)),
        bool(asks) and not _TOO_SELDOM & set(asks) and share <= UNKNOWN_SHARE,
    )


@cache
def _grammar() -> frozenset[str]:
    """Words of the forms in which the model has read principles."""
    said = " ".join(" ".join(texts) for name, texts in blocks("principles").items() if not name.startswith("unseen"))
    return frozenset(re.findall(r"[^\W\d_][\w’'-]*", re.sub(r"\{\w+\}", " ", said).lower()))
