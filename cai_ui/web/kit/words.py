"""Words that several tabs share; those of one tab stand in its own `words.py`."""

from __future__ import annotations

PROMPT_SET = "Prompt set"
CHOICE_GONE = "What was chosen is no longer there. Choose again from the list as it is now."
KINDS = {
    "harmful": "Harmful requests",
    "helpful": "Helpful requests",
    "twin": "Benign look-alikes",
    "unknown": "Requests of unknown kind",
}
"""Kinds of prompt. A benign look-alike sounds harmful and is not; refusing it is over-refusal."""
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("harmful", "complied", "Harmful requests: complied"),
    ("helpful", "helped", "Helpful requests: answered"),
    ("twin", "refused", "Benign look-alikes: refused (over-refusal)"),
    ("unknown", "refused", "Requests of unknown kind: refused"),
)
"""Kind of prompt, the rate of `VariantResult` that is shown for it, and its title."""
FORMATS = {"human-assistant": "plain Human:/Assistant:", "bare": "bare text"}
"""Chat formats that a request was asked in, other than the model's own template."""
FAST = "fast mode: beside other requests the text may be another one"
ENDS = {
    "length": "cut at the token limit",
    "repetition": "ended: it repeated itself",
    "stopped": "stopped",
    "timeout": "timed out",
    "broken": "cut: the server broke off",
}
"""How an answer ended, other than by itself."""
NOT_A_VALUE = (
    "A field was left empty, or holds something that it cannot take. Nothing was done; correct it and try again."
)
NO_FILE = "No file was chosen. Choose one and try again."
HALF = "A field holds half of a character (a lone surrogate). Nothing was done; type it again."
