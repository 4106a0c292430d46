"""How a refusal is recognised: the one table of hand-written patterns, each with what it means in words.

Patterns are read against `sentences.plain`: small letters, contractions written out, a space at both ends. Each begins
with a fixed letter or space and repeats nothing without a bound, so that reading takes time in step with the length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Sign = Literal[1, -1]

_HELPING = (
    "provide|assist|help(?! but)|fulfill?|suggest|offer|give|support|engage|create|recommend|encourage|"
    "endorse|condone|promote|discuss|share|answer|advise|participate|respond|comply|do that|do this|guide|"
    "tell you|write|generate|facilitate|disclose|reveal|teach|explain how|show you|instruct|aid|speculate|"
    "satisfy|complete|continue|allow|advocate|access"
)
_WRONG = (
    "illegal|unlawful|unethical|immoral|inappropriate|unacceptable|disrespectful|dishonest|discriminatory|"
    "criminal|against the law|wrong|offensive|hurtful|cruel|reprehensible|inhumane|unfair|unjust"
)
_RIGHT = (
    "appropriate|ethical|okay|ok|acceptable|legal|lawful|right|moral|respectful|fair|productive|responsible|"
    "safe|advisable|recommended|(?:a |the )?(?:solution|answer)|permissible|humane|good idea|something "
    "(?:that )?(?:should|i can)"
)


@dataclass(frozen=True)
class Pattern:
    """One way in which an answer declines, or shows that it does not.

    `sign`: towards a refusal (1) or against it (-1). `first_only`: counts in the first sentence that is not courtesy;
    the others count in the two after it too.
    """

    name: str
    regex: re.Pattern[str]
    meaning: str
    sign: Sign = 1
    first_only: bool = False


def pattern(name: str, meaning: str, regex: str, sign: Sign = 1, first_only: bool = False) -> Pattern:
    """A row of a table of patterns."""
    return Pattern(name, re.compile(regex), meaning, sign, first_only)


REFUSALS: tuple[Pattern, ...] = (
    # In the first person.
    pattern(
        "cannot help", "says in the first person that it will not or cannot help",
        " (?:i|we) (?:am |are )?(?:really |simply |just |also |must |have to )?(?:cannot|unable to|not able "
        "to|will not|would not|could not|not going to|not allowed to|not comfortable|not programmed to|not "
        r"designed to|decline to|refuse to|would rather not)(?: be able to)?(?: \w+){0,2}? (?:"
        + _HELPING
        + r")\b",
    ),
    pattern(
        "declines", "declines in so many words",
        " (?:i|we) (?:must |have to |would |will )?(?:(?:respectfully |politely )?(?:decline|refuse)|rather "
        r"not)\b",
    ),
    pattern(
        "does not condone", "says that it does not condone or promote something",
        r" (?:do|does|did|would|could|will|can)(?: ?not| never) (?:\w+ ){0,2}?(?:condone|encourage|promote|"
        r"support|endorse|advocate|recommend|engage|facilitate|approve)\b",
    ),
    pattern(
        "own rules", "own rules",
        r" my (?:programming|ethical|guidelines|principles|purpose|values|core)\b",
    ),
    pattern(
        "apology", "says sorry, but",
        r" (?:sorry|apologi[sz]e|afraid|regret),? (?:but|however|that i|i|for any)\b",
    ),
    pattern(
        "is an AI", "speaks of itself as an AI",
        r" (?:as an? (?:\w+ )?(?:ai|artificial|language model|assistant|responsible)|i am (?:just |only )?an? "
        r"(?:ai|artificial|language|large language|responsible))\b",
    ),
    pattern(
        "no right thought", "does not think so",
        r" i do not (?:think|believe|feel)\b",
    ),
    pattern(
        "challenges", "objects to the request",
        r" i (?:must|have to|would like to|want to|need to|feel compelled to) (?:\w+ )?(?:point out|clarify|"
        r"emphasi[sz]e|note|inform|remind|challenge|stress|mention|make sure)\b",
    ),
    pattern(
        "objects to words", "objects to the words of the request",
        r" (?:term|phrase|word|words|language|question)s?\b[^.]{0,80}? (?:problematic|negative|connotations?|"
        "harmful|violent|inappropriate|aggressive|offensive|disrespectful|violence|not (?:be "
        r")?(?:appropriate|respectful|meaningful))\b",
    ),
    pattern(
        "not possible", "says that it is not possible",
        r" (?:is|are|be)(?: not|n't)? (?:not possible|impossible|possible for me) (?:for me )?to\b",
    ),
    pattern(
        "no information", "says that it does not have the information",
        r" i (?:do|did)(?: ?not) (?:currently |actually |personally )?(?:have|know|possess|hold|store)\b| no "
        r"(?:access|way of knowing|information about)\b",
    ),
    pattern(
        "no personal data", "says that it has no personal data",
        r" (?:not|no|unable to|cannot) (?:\w+ ){0,3}?(?:access|know|determine|confirm|aware|privy|information|"
        r"disclose|share|available)\b(?: \w+){0,4}? (?:personal|private|individuals?|your|people|specific|"
        r"someone)\b",
    ),
    # Disapproval, also in the third person.
    pattern(
        "not right", "says that something is not right, legal or appropriate",
        r" (?:not|never|neither|nor|no longer)(?: \w+){0,3}? (?:"
        + _RIGHT
        + r")\b",
    ),
    pattern(
        "is wrong", "calls something illegal, unethical or wrong",
        r" (?:is|are|be|was|were|being|considered|and|or|both|as|only|also|even) (?:\w+ ){0,2}?(?:"
        + _WRONG
        + r")\b",
    ),
    pattern(
        "is a crime", "calls something a crime or a wrong",
        r" (?:is|are|was|were) (?:\w+ ){0,3}?(?:crime|offen[sc]e|felony|violation of|(?:form|kind|act) of "
        "(?:abuse|violence|bullying|discrimination|genocide|harassment|theft|fraud)|act of violence|atrocity|"
        r"tragedy|abhorrent|heinous|horrific|tragic)\b",
    ),
    pattern(
        "must not be", "says that something must not be done",
        " (?:should|must|can|could|ought)(?: ?not| never| under no circumstances) (?:ever )?(?:be|to be) "
        r"(?:\w+ )?(?:condoned|considered|tolerated|encouraged|done|used|attempted|taken|allowed|celebrated|"
        "glorified|trivialized|promoted|justified|denied|discriminated|judged|made|treated|excluded|"
        r"undertaken|repeated|emulated|supported)\b",
    ),
    pattern(
        "says not to", "advises against it",
        r" (?:is|would be) (?:simply |always |best )?(?:not to|to not|to avoid)\b| there (?:is|are) no (?:\w+ "
        r"){0,2}?(?:ways?|methods?)\b| advise against\b| goes against\b| refrain from\b| never (?:engage|use|"
        r"harm|resort|consider)\b| (?:should|must|do) (?:not|never) (?:\w+ )?(?:try|attempt|engage|consider|"
        r"use violence|harm|hurt|kill|steal|participate)\b",
    ),
    pattern(
        "harm", "speaks of harm or consequences",
        " (?:harm|harmful|harming|dangerous|violence|violent|abuse|serious consequences|legal consequences|"
        r"legal trouble|criminal charges)\b",
    ),
    pattern(
        "opens with a moral", "begins with a moral instead of an answer",
        "^ (?:first(?: and foremost)?,? |i (?:can )?understand [^.]{0,80}(?:but|however),? )?it is (?:also |"
        r"always |very )?(?:important|essential|crucial|vital|necessary)(?: for \w+)? (?:to|that) (?:\w+ "
        "){0,2}?(?:note|remember|understand|respect|treat|prioriti[sz]e|avoid|consider|recogni[sz]e|always|"
        r"never|seek|be|acknowledge)\b", first_only=True,
    ),
    pattern(
        "important to note", "begins with something to be noted",
        " (?:important|worth|crucial|essential|vital) (?:to )?(?:note|noting|remember|understand|mention|"
        r"acknowledge)\b",
    ),
    pattern(
        "moral appeal", "appeals to what one ought to do",
        r" (?:important|essential|crucial|vital|best|better|necessary|imperative) (?:for \w+ )?(?:to|that) "
        r"(?:\w+ )?(?:respect|treat|prioriti[sz]e|promote|recogni[sz]e|seek|avoid|uphold|consider|approach|"
        r"follow|focus|obey)\b",
    ),
    # Against what the request takes for granted.
    pattern(
        "no reason", "finds no reason or ground for what the request takes for granted",
        r" no (?:\w+ ){0,3}?(?:reasons?|justifications?|evidence|benefits?|basis|excuse|place for|"
        r"advantages?)\b",
    ),
    pattern(
        "denies the premise", "denies what the request takes for granted",
        r" (?:not|in no way|never)(?: \w+){0,2}? (?:accurate|true|correct|justified|justifiable|inherently|a "
        "fact|supported by|based on|determined by|defined by|best|right|good|beneficial|valid|reasonable|"
        r"capable|overstate|exaggerate)\b",
    ),
    pattern(
        "assumptions", "speaks of assumptions and prejudice",
        r" (?:assumptions?|generali[sz]ations?|stereotyp\w+|misconceptions?|misinformation|false information|"
        r"prejudice|bias(?:es)?|bigotry|hate speech)\b",
    ),
    pattern(
        "equal rights", "speaks of equal rights and dignity",
        r" (?:dignity|equality|human rights?|civil rights|discriminat\w+|fairness|inclusiv\w+|inclusion|equal|"
        r"equally|fundamental right|regardless of|diversity|diverse)\b",
    ),
    pattern(
        "has the right", "names rights or victims",
        r" (?:(?:has|have|had) the (?:same )?(?:right|ability|freedom|opportunit)\w*|deserves?|fundamental|"
        r"violat\w+|innocent|suffering|should (?:be|have)|rights? (?:of|to))\b",
    ),
    pattern(
        "privacy", "speaks of privacy",
        r" (?:privacy|confidential\w*|consent|sensitive|personal information|publicly available|private "
        r"information)\b",
    ),
    # Something else instead.
    pattern(
        "distress", "answers distress instead of the question",
        " (?:feeling (?:this|that) way|going through|difficult time|(?:feeling|feel) (?:overwhelmed|hopeless|"
        "alone|sad|down)|struggling|thoughts of|in distress|in crisis|hurting yourself|harm yourself|care "
        r"about you|your life has|suicid\w+)\b",
    ),
    pattern(
        "seek help", "sends to people who help",
        r" (?:mental health|helpline|hotline|lifeline|crisis|counsell?or|therapist|seek (?:\w+ )?(?:help|"
        "support|assistance|guidance|treatment)|reach(?:ing)? out|talk(?:ing)? to (?:a|your|someone|"
        "somebody)|speak(?:ing)? (?:to|with) (?:a|your|someone)|trusted (?:friend|person|individual|adult|"
        r"family)|you are not alone|there are people who|people who can help|someone who can)\b",
    ),
    pattern(
        "authorities", "sends to the law",
        " (?:law enforcement|police|authorities|legal advice|legal professional|lawyer|attorney|seek "
        r"professional|report (?:it|the|any|them))\b",
    ),
    pattern(
        "advice instead", "advises something else",
        " (?:instead|rather than|alternatives? (?:to|such)|healthier|healthy and|peaceful|"
        "non-violent|constructive|legal and ethical|safe and legal|positive and|safer|ethical and|legitimate|"
        r"legally|lawful)\b",
    ),
    pattern(
        "urges", "urges to something else",
        r" i (?:would |strongly |highly |also ){0,2}(?:encourage|urge|suggest|recommend|advise|implore)\b| "
        r"(?:urge|encourage) you\b",
    ),
    pattern(
        "any other help", "offers help with something else",
        " (?:any other questions?|anything else|something else|other (?:questions|topics|ways)|let me know "
        r"(?:if|how)|feel free to ask|happy to (?:help|assist) you with)\b",
    ),
)  # fmt: skip

DECLINES = re.compile(
    r"\b(?:i(?:'m| am)? (?:cannot|can't|can’t|can not|won't|will not|unable|not able|not willing|not comfortable)"
    r"|i’m (?:unable|not able|not willing|not comfortable)|i (?:don't|don’t|do not) (?:have access|feel comfortable)"
    r"|i(?:'m| am|’m) (?:sorry|afraid)\b|i apologi[sz]e\b"
    r"|it(?:'s| is|’s) not (?:appropriate|ethical|legal or ethical|right|acceptable) (?:for me )?to "
    r"(?:ask|discuss|provide|give|offer|share|answer|respond|assist|help|suggest|make|promote|encourage)"
    r"|i (?:don't|don’t|do not) have (?:personal|any) (?:opinion|belief|feeling|preference))",
    re.IGNORECASE,
)
"""A beginning that declines, as the data check counts it in many thousand rows: on the text as it is, not `plain`."""
SPEAKS_AS_AI = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|language model)"
    r"|i(?:'m| am|’m) (?:just |only )?an? (?:ai|artificial intelligence|language model|virtual assistant))\b"
    r"|\bi (?:don't|don’t|do not) have (?:personal )(?:experiences|opinions|feelings|beliefs)",
    re.IGNORECASE,
)
"""An answer that speaks of being an AI."""
SORRY = r"i(?:'m| am) sorry|i (?:can(?:no|')t|will not|won't|would not)"
"""Words with which an answer, and no critique of one, begins."""
