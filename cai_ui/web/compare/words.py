"""Words of the Compare tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

# The tab, and the models to choose from
TAB = TITLE = "Compare"
WHAT = (
    "Ask the base model and what you trained the same thing. They answer together, from one batch, with the same seed; "
    "only the trained weights (the adapter) differ."
)
NEXT = "Read the answers behind a share before you trust it: open “Answers behind the numbers”."
MODELS = "Models"
NO_MODEL = ("No model yet", "The strip at the top says when the model is ready; then it can be asked here.")
ONLY_BASE = "Only the base model is here so far. Train an adapter in the Train tab to compare with it."
NONE_CHOSEN, CHOOSE_ONE, CHOOSE_ANOTHER = (
    "No model is chosen.", "Choose at least one above.", "Choose another one above.",
)  # fmt: skip

# Asking
REQUEST, REQUEST_EXAMPLE = "Request", "Type what somebody asks the models"
ANSWER, STOP = "Answer (Ctrl+Enter)", "Stop"
HELD_OUT, NEVER_TRAINED, DRAW = "Held-out requests", "Never used in training.", "Draw one at random"
BLIND, BLIND_HELP = "Blind vote", "Names are hidden until you have chosen."
SETTINGS = "Sampling settings"
NO_ANSWERS = (
    "No answers yet",
    "Choose models, type or draw a request, and press Answer. All of them answer the same request at the same time.",
)
BLIND_NEEDS_TWO = "A blind vote needs two models."
SIDES = ("Left", "Right")
WRITING = "writing …"

# Votes
CHOICES = {"left": "Left is better", "right": "Right is better", "tie": "Equally good", "both_bad": "Both bad"}
VOTES = "Votes so far"
NO_VOTES = ("No votes yet", "Tick “Blind vote”, press Answer, and say which answer is better.")
NOTHING_TO_VOTE, TICK_BLIND = "There is nothing to vote on.", "Press Answer with “Blind vote” ticked."
VOTE_COLUMNS = (
    "First", "wins", "Second", "wins", "ties", "both bad", "First among decided (95 % interval)", "p-value (sign test)",
)  # fmt: skip
P_VALUE = "p-value: how likely a split at least this uneven is if both models are equally good."

# Evaluation
EVALUATE_TITLE = "Evaluate on held-out requests"
EVALUATE_WHAT = (
    "Every chosen model answers the same requests that were never trained on: harmful ones (to be declined), helpful "
    "ones, and benign look-alikes, which only sound harmful (both to be answered). Thin lines are 95 % intervals: with "
    "few requests they are wide."
)
PER_KIND = "Requests of each kind"
EVALUATE = "Evaluate"

# Results
NOTHING = ("No evaluation yet", "Choose models above and press Evaluate.")
EVALUATION = "Evaluation"
RESULT_COLUMNS = ("Requests", "Model", "Share (95 % interval)", "Unread", "Mean length", "Weights")
UNREAD = "Unread answers could not be classified by these rules; they are in no share."
ROWS = "Answers behind the numbers"
KIND, ALL_KINDS = "Requests", "All requests"
OUTCOME = "Answers"
OUTCOMES = {"": "All answers", "wrong": "Some model did wrong", "differ": "Models differ", "unread": "Unread"}
BACK, ONWARD = "Previous page", "Next page"
NO_ROWS = ("No such answers", "Choose other requests or another outcome.")
READINGS = {
    "unread": "unread", "complied": "complied", "declined": "declined", "answered": "answered", "refused": "refused",
    "failed": "not answered",
}  # fmt: skip
