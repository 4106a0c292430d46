"""Words of the Principles tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

# The tab, and the constitution
TAB = TITLE = "Principles"
WHAT = (
    "A constitution is a list of principles. Each one asks the model to criticise its answer and then to rewrite it."
)  # fmt: skip
NEXT = (
    "Switch a principle off or reword its requests, save a version, and run the same prompt again under Critique & "
    "Revision."
)
CONSTITUTION, USE = "Constitution", "Use this constitution"
ABOUT, ABOUT_TITLE, DESCRIPTION = "Title and description of this constitution", "Title", "Description"
NO_NOTE = "no note"

# The list
FIND, FIND_EXAMPLE = "Find", "Words of a principle"
LIST = "Principles"
ADD, DUPLICATE, DELETE, UP, DOWN, UNDO = "Add", "Duplicate", "Delete", "Move up", "Move down", "Undo"
NO_NAME, OFF, PREFERENCE = "(no name)", "off", "preference"
NOT_CHOSEN, CHOOSE_OR_ADD, CHOOSE_FIRST = (
    "No principle is chosen.", "Choose one in the list, or add one.", "Choose one in the list first.",
)  # fmt: skip
NOTHING_TO_UNDO = "There is nothing to undo."
CAN_BE_UNDONE = "Additions, copies, deletions and moves can be undone."
UNCHANGED, DELETE_ONE = "The list is as it was.", "Delete one first, or begin another constitution."
NEW_NAME, NEW_CRITIQUE, NEW_REVISION = (
    "New principle", "Say whether the answer above ... and why.", "Rewrite the answer so that it ...",
)  # fmt: skip

# One principle
NAME = "Name"
ON, ON_HELP = "On", "Off: never drawn."
CRITIQUE, CRITIQUE_HELP = "Critique request", "Asked after an answer: what is wrong with it?"
REVISION = "Revision request"
REVISION_HELP = (
    "Asked after the critique: how should the answer be rewritten? May stay empty for a principle that only chooses "
    "between answers."
)
TAGS, TAGS_HELP = "Tags", "Separated by commas."
WEIGHT, WEIGHT_HELP = "Weight", "Relative chance to be drawn; 1 is usual, 0 never."
WEIGHT_WRONG, WEIGHT_MEANS = "Weight is not a number from 0 to 1000.", "0 means: never drawn; 1 is usual."
KIND, KINDS = "Used to", {"critique": "revise answers", "preference": "choose answers"}
SOURCE, SOURCE_HELP = "Source", "Whose idea or wording it is."
NOTES, NOTES_HELP = "Notes", "For yourself and the team; no part of a version."
NO_ISSUES, ISSUES, WHOLE = "No issues found.", "Warnings", "Whole constitution"

# The draft and its versions
NOTE, NOTE_EXAMPLE = "Note for this version", "What changed, and why (Ctrl+Enter saves)"
SAVE, DISCARD = "Save as new version", "Discard changes"
HISTORY = "Versions: compare and restore"
VERSION, VERSION_HELP = "Version", "Of this or another constitution."
COMPARED, NEWEST_FIRST = "compared with", "Newest first."
RESTORE = "Restore as draft"
SAME_VERSION = "Both are the same version."
NO_DIFFERENCE, ORDER_DIFFERS = "No principle differs.", "Only the order of the principles differs."
OLDER, NEWER = "the first version", "the second version"

# Files
FILES = "Files: import and export"
ACCEPTS = (
    "Accepts YAML, JSON and CSV as described in principles/README.md, Anthropic's critique and revision instructions "
    "and few-shot transcripts, llm-swarm and LangChain lists, and constitutions of Inverse Constitutional AI. A file "
    "that does not fit changes nothing."
)
IMPORT, FORMAT, EXPORT = "Import a file", "Export as", "Export the saved version"

# Trying principles, and their statistics
TRY_TITLE = "Try principles, and their statistics"
REQUESTS, ONE_A_LINE, DRAW = "Requests", "One a line.", "Add one at random"
OF_DRAFT, OF_DRAFT_HELP = "Principles of the draft", "Empty: critique without a principle."
SEEDS, WRITE_CRITIQUES = "Seeds", "Write critiques"
TRY, STOP, COUNT = "Try", "Stop", "Statistics so far"
NOTHING_TRIED = (
    "Nothing tried yet",
    "Type a request or draw some, choose principles of the draft above, and press Try. Nothing is stored.",
)
WITHOUT, INITIAL = "No principle", "Initial answer"
NO_TRACE = ("No trace yet under this constitution", "Run one under Critique & Revision, or a batch.")
COUNTED = ("Principle", "Drawn", "Text changed", "Mean change", "Accepted", "Edited", "Labels of its steps")
