"""The words of the Curate tab: headings, labels, help and sentences, box by box. A translation is another such file.

Keys of dictionaries are codes that are stored, or ids of elements; they stay as they are.
"""

from __future__ import annotations

from cai_ui.records import PromptKind, Verdict
from cai_ui.store import Order, Status

# The tab

TITLE = "Curate"
WHAT = (
    "Judge what the model revised. What you accept or edit is learnt in training, and is preferred over the initial "
    "answer. Every decision is saved at once and can be taken back."
)
NEXT = "Freeze a dataset when some dozens are judged, and train on it in the Train tab."
UNKNOWN_LINK = "Unknown link."
RELOAD = "Reload the page."


def examples(number: int, which: str = "") -> str:
    """ "1 example", "2 open examples"."""
    return f"{number:,} {which}{' ' if which else ''}example{'' if number == 1 else 's'}"


# One example

VERDICTS: dict[Verdict, str] = {
    "accept": "accepted",
    "edit": "edited",
    "reject": "rejected",
    "flip": "initial preferred",
    "tie": "tie",
    "skip": "skipped",
    "flag": "flagged",
}
LABELS = {
    "critique-accurate": "critique accurate",
    "critique-overstated": "critique overstated",
    "critique-missed": "critique misses the problem",
    "critique-ignored": "critique ignored by the revision",
    "harmful": "harmful",
    "evasive": "evasive",
    "over-refusal": "over-refusal",
    "preachy": "preachy",
    "wrong": "factually wrong",
}
"""What can be said of critique and answer beside the verdict, in the order of the keys 1 to 9."""
KINDS: dict[PromptKind, str] = {
    "harmful": "harmful request",
    "helpful": "helpful request",
    "twin": "benign look-alike",
    "unknown": "kind unknown",
}
ROLES = {"system": "System", "user": "Request", "assistant": "Answer"}
INITIAL, TIES = "Initial answer", "ties"
CRITIQUE, PRINCIPLE, WHY = "Critique", "Principle", "Critique and principle"
NO_INITIAL = "There is no initial answer: this example can be learnt (SFT), but gives no preference pair (DPO)."
OPEN = "open"
SECOND, SECOND_WHAT = "second annotation", "somebody else judged it; their verdict is hidden"
SEE_DISPUTED = "The filter’s status “Disputed” shows them."
DISPUTED, DISPUTED_WHAT = "disputed", "Two annotators contradict each other; your verdict decides."

TEXT, TEXT_HELP = "Revision to keep", "Change it if you like; it is saved while you type."
DRAFT_BACK = "Your unsaved edit is in the box."
REVISION_BACK = "The model's revision is back."
LABELS_TITLE = "Quality labels (optional)"
NOTE, NOTE_HELP = "Comment", "Saved while you type, and with your decision."
PARTS = {"request": "request:", "initial": "initial answer:", "revision": "revision:"}
UNMARK = "Take this passage away"
GUIDELINES = "Guidelines"
CARE = (
    "Some requests are offensive or disturbing. You may skip any of them without a reason, blur them, and stop "
    "whenever you like; everything is saved."
)
YOURS, STANDING = "Your text, still in the box", "As it stands now"
TOO_FAST = "That key came before the next example was shown, so it was ignored."

BUTTONS = {
    "accept": "Accept",
    "edit": "Edit",
    "save": "Save edit",
    "reject": "Reject",
    "flip": "Prefer initial",
    "tie": "Tie",
    "skip": "Skip",
    "flag": "Flag",
    "prev": "Back",
    "next": "Next",
    "original": "Restore the model's revision",
    "undo": "Undo",
    "redo": "Redo",
    "blur": "Blur sensitive text",
    "keys": "Keys",
    "mark": "Highlight selection",
}
"""The keys of the buttons are shown behind their words, as each rater has them: see keys.py."""
KEYS_TITLE, CHANGE_KEY, RESET_KEYS = "Keys", "change", "Back to the usual keys"
KEYS = {
    "accept": "accept",
    "edit": "edit the text",
    "reject": "reject",
    "flip": "initial answer is better",
    "tie": "tie: neither is better",
    "skip": "skip, no reason needed",
    "flag": "flag for somebody else",
    "undo": "undo",
    "redo": "redo",
    "blur": "blur sensitive text",
    "why": "open or close critique and principle",
    "mark": "highlight the selected passage",
    "keys": "this list",
    "next": "next, without a decision",
    "prev": "back",
}
FIXED_KEYS = {
    "Ctrl+Enter": "save the edit",
    "→ ←": "next and back",
    "1 – 9": "tick a quality label",
    "Esc": "leave the text",
    "swipe": "to the right accepts, to the left rejects",
}
NAME, NAME_HELP = "Annotator name", "Signs your decisions. Kept in this browser."
WHO, SIGN, WHO_FIRST = "Who judges?", "Go on", "Your name, once: it signs what you judge."
GOAL, NO_GOAL = "Goal for a day", "none"
MORE_MATCH = "More match: add a word to the search to see them."
LINK, NO_SUCH = "link", "The address names an example that is not here."
NO_HISTORY = "Your decisions will be listed here. Undo takes back the topmost one."
HISTORY = "Last decisions, newest first"

EMPTY_QUEUE = (
    "Nothing to judge yet",
    "Run a prompt set under Critique & Revision, send a single trace from there, or import a file below.",
)
NONE_OPEN = (
    "All judged",
    "Every example that matches the filter has a decision. Freeze a dataset below, or choose another filter.",
)
NO_MATCH = "No example matches this filter", "Choose another filter, or clear the search."

SAY_WHO = "Press the button that asks who judges, at the top."
DOUBLE, SINGLE = "Let two people judge some", "No"
SUGGEST = "{names} judged here, too. If {share} of the examples are judged by two people, you see how far you agree."

# Table

TABLE = "Table: many examples at once"
TABLE_WHAT = (
    "What the filter shows, as rows. Tick some (with Shift: all in between) and decide them together; one undo takes "
    "them all back."
)
ROWS, TABLE_BACK, TABLE_NEXT, PICK, PICK_ALL = "Rows", "Rows before", "Rows after", "Select example", "Select all rows"
TABLE_COLUMNS = "Number", "Request", "Initial answer", "Revision"

# Raters

RATERS, LOOK_AT_RATERS = "Raters: progress, guidelines, gold examples", "Show progress"
RATERS_COLUMNS = (
    "Rater", "Judged", "Last session", "Today", "Per working day", "Minutes per example", "Gold judged as known",
)  # fmt: skip
NOBODY_JUDGED = "Nobody has judged anything yet."
GUIDELINES_WHAT = (
    "What raters are to go by, as Markdown. It stands beside every example; every saved text is a version of its own."
)
SAVE_GUIDELINES = "Save as new version"
GOLD_WHAT = (
    "A gold example has a known verdict: the one that stands when you make it one. It is mixed into everybody else's "
    "work, looks like any other there, and is left out of datasets unless you choose otherwise."
)
GOLD_SHARE, MAKE_GOLD, NO_GOLD = "Share of gold in everybody's work", "Make the example above gold", "Make it ordinary"

# Filter, search, bulk actions

FILTER, MORE_FILTERS = "Filter, search, bulk actions", "More filters"
STATUSES: dict[Status, str] = {
    "open": "Open",
    "draft": "My drafts",
    "done": "Judged",
    "flag": "Flagged",
    "disputed": "Disputed",
    "all": "All",
    "accept": "Accepted",
    "edit": "Edited",
    "reject": "Rejected",
    "flip": "Initial preferred",
    "tie": "Ties",
    "skip": "Skipped",
}
ORDERS: dict[Order, str] = {"arrival": "Arrival order", "random": "Random", "uncertain": "Least certain first"}
FIELDS = {
    "status": "Status",
    "kind": "Kind of request",
    "source": "Source",
    "search": "Search",
    "order": "Order",
    "constitution": "Constitution",
    "principle": "Principle",
    "finding": "Data check",
    "step": "Step outcome",
    "rater": "Judged by",
    "least_words": "Words from",
    "most_words": "Words to",
    "least_change": "Change from %",
    "most_change": "Change to %",
    "least_score": "Score from %",
    "most_score": "Score to %",
}
EVERY = {
    "kind": "All kinds",
    "source": "All sources",
    "constitution": "All constitutions",
    "principle": "All principles",
    "finding": "All findings",
    "rater": "All annotators",
    "step": "All outcomes",
}
ANY = "any"
SEARCH = "Words in request or answers"
SEARCH_HELP = "Finds words that follow each other; the last one may be the beginning of a word."
BOUNDS_HELP = (
    "Words of the revision; per cent of the words that changed; score: how strongly a model prefers the revision, "
    "in per cent."
)
MATCHES = {
    "source": "from {}",
    "search": "with “{}”",
    "principle": "under the principle {}",
    "constitution": "of constitution {}",
    "finding": "found as {}",
    "rater": "judged by {}",
    "step": "with a step marked “{}”",
}
"""What a filter narrows the queue to."""
RANGES = {"score": "% preferred by the model", "words": "words", "change": "% changed"}
ALL_KINDS = "of all kinds"
BULK: dict[Verdict, str] = {"accept": "Accept", "reject": "Reject", "skip": "Skip", "flag": "Flag"}
BULK_TITLE, PREVIEW, APPLY = "All matches", "Preview", "Apply to all matches"

# Data checks

CHECKS, CHECK = "Check the data", "Check all examples"
CHECKS_WHAT = (
    "Looks for faults in all examples that are not rejected: leaked texts, duplicates, cut ends, private data and "
    "more. Nothing is changed; show the examples and decide."
)
NOT_CHECKED = "Not checked yet", "Press the button; 10,000 examples take a few seconds."
LENGTHS = {
    "harmful": "answers to harmful requests",
    "helpful": "answers to helpful requests",
    "rejected": "initial answers",
    "twin": "answers to benign look-alikes",
    "unknown": "answers, kind unknown",
}
LENGTHS_TITLE = "Length of answers (share of answers per length)"
LENGTHS_AXIS, LENGTHS_STEPS = "words, from short to long", "Steps in words"

# Agreement

AGREEMENT, SHARE, MEASURE = "Inter-annotator agreement", "Double-annotated share", "Measure agreement"
AGREEMENT_WHAT = (
    "People who judge the same example do not see each other's verdict. Agreement is corrected for chance: 1 is full, "
    "0 is what chance gives."
)
AGREEMENT_COLUMNS = "Between", "Measure", "Value (95 % interval)", "Same verdict", "Examples"
ALL_ANNOTATORS, PEOPLE_MODEL = "All annotators", "People and model"
NO_CALIBRATION = "No pair has both a person's verdict and a label of the model yet."
CALIBRATION = "How often people prefer the revision, by the model's preference"
CALIBRATION_AXIS, PEOPLE, CALIBRATED = "model's preference", "people", "perfect calibration"

# Preference labels

PREFERENCES, LABEL, STOP = "AI preference labels", "Label all pairs", "Stop"
PREFERENCES_WHAT = (
    "The model in use says which of two answers it prefers under preference principles, in both orders. Labels sort "
    "the queue (least certain first), can set pairs aside when a dataset is frozen, and can be used as soft labels."
)
PREFERENCES_FIELDS = {"most": "Maximum pairs"}
ALL_LABELLED = "Every pair is labelled already."

# Pairs of a model's own answers

PAIRS, MAKE_PAIRS = "Pairs from a model's own answers", "Make pairs"
PAIRS_WHAT = (
    "A model, usually one tuned by SFT, answers each request several times; a judge says which of two different "
    "answers it prefers, in both orders. The pairs go to the queue, the preferred answer as the revision. Stopping "
    "keeps what was made; starting the same again resumes it. Freezing takes the pairs made last, with soft labels "
    "and helpful pairs, for DPO from that model."
)
PAIRS_VARIANT, PAIRS_NUMBER = "Whose answers", "Number of requests"
PAIRS_FIELDS = {"answers": "Answers per request", "pairs": "Pairs per request", "max_new_tokens": "Longest answer"}
PAIRS_STOPPED, PAIRS_DONE = "Stopped", "Done"
OWN_PAIRS, FREEZE_PAIRS = "my own answers", "Freeze these pairs"

# Import

IMPORT, CHOOSE_FILE, FETCH = "Import examples", "Choose a file", "Fetch"
HUB = "or a dataset of the Hub: owner/name/file.parquet"
IMPORT_WHAT = (
    "JSON Lines, JSON, CSV, TSV or Parquet (also .gz and .zip), with columns of your own or of a published shape: "
    "request and answer; request, better and worse answer; conversations. Nothing is imported before you have seen "
    "the preview, and no label in a file is taken as a judgement before you have said what it means."
)
NO_COLUMN = "(none)"
NO_FILE, CHOOSE_ONE = "No file was chosen.", "Choose one."
TAKE, LEAVE, JUDGE = "Import", "Cancel", "Judge them"
SKIP_BAD = "Skip invalid rows (otherwise: all or none)"
ALL_OR_NONE = "As it stands nothing is imported: some rows do not fit. Skip them below, or correct them."
UNKNOWN_SHAPE = "The columns are not of a known shape: assign them below."
SAMPLES = "Request", "Answer", "Initial or worse answer", "Critique"
COLUMNS_TITLE, COLUMNS_HEAD = "What becomes of each column", ("Column", "Rows that fill it", "What becomes of it")
LABEL_COLUMN, LABEL_HELP = "Labels in the file", "What a label calls good is accepted, what it calls bad is rejected."
LABEL_ASK, LABEL_NONE = "(say what they mean)", "leave all labels aside: every row waits for a judgement"
LABEL_MEANINGS = {"good": "Good answer", "bad": "Bad answer", "other": "The other answer is better"}
LABELS_UNSAID = "This file holds labels. Say below what they mean, or leave them aside; until then nothing is imported."

# Datasets

DATASETS = "Freeze and export datasets"
DATASETS_WHAT = (
    "A dataset is a fixed copy of what is judged so far and of the helpful rows that are chosen below: training rows "
    "(SFT) and preference pairs (DPO). Part of it "
    "is held out by request, to evaluate on what was not learnt."
)
DATASET_NAME, MY_DATASET, FREEZE = "Name", "my dataset", "Freeze dataset"
DATASET_FIELDS = {
    "eval_share": "Held-out share",
    "helpful": "Helpful rows mixed in, at most",
    "harmless_limit": "Maximum judged examples",
}
HELPFUL_FROM = "Where helpful rows come from"
HELPFUL_HELP = (
    "They keep the model from declining everything. Rows of a source are drawn from those that nobody has judged; "
    "without a source nothing is mixed in."
)
REFERENCE_ROWS = "reference answers of the embedded model's world"
PREVIEW_FREEZE = "What would be frozen"
MIXED_SAMPLES = "Helpful rows, for instance", ("Request", "Answer")
WOULD_FREEZE = "Nothing is frozen yet"
NO_DATASETS = "No dataset yet", "Judge some examples above, then freeze them here."
CHOSEN, EXPORT_AS, DOWNLOAD = "Dataset", "Export as", "Download"
CHANGES, TO_TRAIN = "Compare with the previous one", "Go to Train"
FACTS = "Rows (SFT)", "Pairs (DPO)", "Made of", "Left out", "Frozen", "Constitutions"
NOT_COUNTED = "not counted when it was frozen"
NO_PARENTS, MOVED = "none known", "Moved between training and held-out"
NEWEST_LABEL = "The newest label of each pair"
