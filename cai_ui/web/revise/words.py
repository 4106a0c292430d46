"""Words of the Critique & Revision tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

# The tab
TAB = TITLE = "Critique & Revision"
WHAT = "The model answers, criticises its answer by a principle, and rewrites it. Every step is kept."
NEXT = "Send good traces to Curate, or run a whole prompt set and judge the results there."

# The request
REQUEST, REQUEST_EXAMPLE = "Request", "Type what somebody asks the model"
RUN, STOP = "Run (Ctrl+Enter)", "Stop"
DRAW, IMPORT = "Draw one at random", "Import requests"
FILES = (
    "Files: text with a request a line, or JSON lines, CSV and Parquet with <code>prompt</code>, <code>messages</code> "
    "or <code>chosen</code>."
)
KIND, KIND_HELP = "Kind of imported requests", "For those of a file that say none themselves."
KINDS = {
    "unknown": "not known", "harmful": "harmful: to be declined", "helpful": "harmless: to be answered",
    "twin": "harmless, but sounding harmful",
}  # fmt: skip
TURNS, TURNS_TEXT = "Earlier turns of the conversation", "Turns before the request"
TURNS_HELP = (
    "Each turn a paragraph that begins with “Human:” or “Assistant:”, with a blank line before it; the assistant's "
    "last. A paragraph of a turn's own text that begins so stands behind a backslash."
)
TURNS_EXAMPLE = "Human: Hello!\n\nAssistant: Hello, how can I help?"
EARLIER = "Earlier turns"
NOT_ALTERNATING = (
    "The earlier turns do not alternate between Human and Assistant, or do not end with the assistant."
)  # fmt: skip
WRITE_TURNS = "Write each turn as a paragraph that begins with “Human:” or “Assistant:”."

# Run settings
SETTINGS = "Run settings"
KNOBS = {
    "revisions": "Rounds",
    "choice": "Choice of principle",
    "critique": "Write critiques",
    "critiques": "Critiques per round",
    "stop_when_fine": "Stop early when no issue is found",
    "few_shot": "Few-shot examples",
}
PRINCIPLE, PRINCIPLE_HELP = "Principle", "Used in every round."
CRITIC, REVISER = "Critic", "Reviser"
SIDE_HELP = (
    "An adapter of the list, or another model: type a folder, a name on the Hub, or the address of a server followed "
    "by # and the model name on the server."
)
SAME_MODEL = "the model that answers"
NEW_SEED, NEW_SEED_HELP = "New seed each time", "Off: the same seed gives the same text again."
NO_PRINCIPLE = "The choice is “fixed”, but no principle is chosen."
CHOOSE_PRINCIPLE = f"Choose one under {SETTINGS}."

# The trace
NOTHING_YET = (
    "No trace yet",
    "Choose or type a request above and press Run. The model answers, criticises its answer by a principle, and "
    "rewrites it.",
)
NO_TRACE, RUN_ONE = "There is no trace yet.", "Run one first."
ASKED = "Prompt of this step"
PASSAGE = "the passage it quotes"
SCORES = "Relevance of each principle, as the model scored it"
LABELS_BY_HAND, WRITTEN_BY_HAND, CHANGED_BY_HAND = "labels set by hand", "written by hand", "changed by hand"
NO_FINDING = "Ended early: the critique found no issue, and the settings say to stop then."
ROOT = "first trace"

# Its branches
SEND, REPLAY = "Send to Curate", "Replay and compare"
SENT = "It is in the queue of the Curate tab now."
BRANCHES = "Branches"
STEP, TEXT, KEEP = "Edit a step", "Text of the step", "Save my wording as a branch"
NO_STEP, CHOOSE_STEP = "No step is chosen.", "Run a request and choose one of its steps."
NOT_YOURS = "This trace was here before the demo, and visitors do not add to it."
COMPLETE, COMPLETE_NEXT = "This trace is complete.", "Regenerate one of its steps to branch from it."
REROLL, AGAIN = "Regenerate this step", "Regenerate as a branch"
SEED, NEW_ONE, TEMPERATURE, AS_BEFORE = "Seed", "a new one", "Temperature", "as before"
SAME = "the same as before"
LABELS, LABELS_LIST = "Labels of this step", "Labels"
LABELS_HELP = "Computed from the texts. Set them by hand where the rules are wrong; yours are counted then."
KEEP_LABELS, COMPUTE_LABELS = "Save labels", "Reset to computed labels"
LABELS_KEPT, LABELS_COMPUTED = "Your labels are saved.", "The labels are the computed ones."
BEFORE, HERE = "the answer before", "this one"
RECORDED, REPLAYED = "recorded", "replayed"

# Stored traces
TRACES = "Traces"
FIND, FIND_EXAMPLE = "Find", "Words of a request, a critique or an answer"
CONSTITUTION, ANY_CONSTITUTION = "Constitution", "any"
LABEL, ANY_LABEL = "Label of a step", "any"
NEWEST_FIRST, NONE_FOUND = "Newest first.", "No trace fits."
TRACE_COLUMNS = ("Request", "Constitution", "Principles", "Labels", "Variant", "Time")
EXPORT, AS, DOWNLOAD = "Export", "as", "Download"
SCOPES = {"shown": "the trace shown", "tree": "its whole tree", "found": "all traces found"}

# Few-shot examples
FEW_SHOT = "Few-shot examples"
FEW_SHOT_WHAT = (
    "Rounds that are shown to the model before it criticises and revises, when “Few-shot examples” is switched on "
    f"under “{SETTINGS}”. They belong to the constitution in use. A step that repeats one of them gets the label "
    "“few-shot copy”."
)
EXAMPLES, ON = "Examples", "On"
ADD, UP, DOWN, DELETE, RESET = "Add", "Move up", "Move down", "Delete", "Reset to shipped examples"
NO_EXAMPLE, CHOOSE_EXAMPLE = "No example is chosen.", "Choose one in the list, or add one."
LENGTH_UNKNOWN = "their length is not known without a model"

# Prompt formats
FORMATS_TITLE = "Prompt format sensitivity"
FORMATS_WHAT = (
    "The base model answers the same requests with the same seeds in each format; the others are compared with the "
    "first."
)
FORMATS_ADD = "What each format adds"
FORMATS = "Formats"
ASK, ASK_HUMAN = "Ask in the chosen formats", "Is “Human:” safer?"
NOTHING_ASKED = (
    "Nothing asked yet", "Choose a prompt set and formats, then press Ask. Or let it test what is said of “Human:”.",
)  # fmt: skip
FORMAT_COLUMNS = ("Format", "Requests", "Refused", "Complied")

# A whole prompt set
BATCH = "Run a whole prompt set"
BATCH_ENDS = {
    "length": "cut at its limit",
    "repetition": "ended because it went round in circles",
    "timeout": "out of time",
    "stopped": "stopped",
}
BATCH_WHAT = (
    f"Runs the steps above for many requests, as set under “{SETTINGS}”. It continues if you close this page; the "
    "results go to Curate."
)
NUMBER = "Number of requests"
START_BATCH, RESUME, TO_CURATE = "Start batch", "Resume", "Judge them in Curate"
NO_BATCH = ("No batch yet", f"Choose a prompt set and a number, then press {START_BATCH}.")
