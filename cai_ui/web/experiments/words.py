"""Words of the Experiments tab."""

from __future__ import annotations

TAB = TITLE = "Experiments"
WHAT = (
    "Questions about the method, answered on the loaded model: the figures of the Constitutional AI paper, and what it "
    "left open. Every number has its 95 % interval, and a difference that may be chance is said to be none."
)
NEXT = "Repeat a finding with more requests or seeds before you rely on it; “not significant” is not “no effect”."
EXPERIMENT = "Experiment"
PAPER = "Published"
ESTIMATE, START, STOP, RESUME = "Estimate", "Start", "Stop", "Go on"
RUNNING_ON = "It runs in the background; this page may be closed. Stopped or cut off, it goes on where it was."
SHOWN = "Experiments begun here"
SHOWN_HELP = "The newest first. The same settings on the same model are the same experiment."
NONE_YET = ("No experiment yet", f"Choose one, look at the estimate, and press {START}. Its result is kept here.")
NOT_MEASURED = ("Nothing measured yet", "It was begun, and ended before there was anything to show. Go on with it.")
SO_FAR = "Not finished: this is what there is so far."
ROWS_LINES, ROWS_TABLE, RESULT = "Rows (JSON lines)", "Rows (CSV)", "Result (JSON)"
FORGET = "Put away with its answers"
RULES, RULES_HELP = "A rule to adopt", "It becomes a preference principle in your draft on the Principles tab."
ADOPT = "Adopt into the editor"
ADOPTED = "The rule stands in your draft of “{title}” on the Principles tab; save it there to use it."
ESTIMATE_COLUMNS = ("Part", "answers, at most", "rows trained on")
