"""Words of the Principles tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

TAB = TITLE = "Principles"
WHAT = "A constitution is a list of principles. Each one asks the model to criticise its answer and then to rewrite it."
NEXT = (
    "Switch a principle off or reword its requests, save a version, and run the same prompt again under Critique & "
    "Revision."
)
CONSTITUTION, USE = "Constitution", "Use this constitution"
NO_NOTE = "no note"

# The list of principles
SEARCH, SEARCH_EXAMPLE = "Search", "Words of a principle"
PRINCIPLES = "Principles"
ADD, DUPLICATE, DELETE, UP, DOWN, UNDO = "Add", "Duplicate", "Delete", "Move up", "Move down", "Undo"
OFF, PREFERENCE, NO_NAME = "off", "preference", "(no name)"
GONE, GONE_BACK = "This principle was deleted in another window.", f"{UNDO} brings it back; or choose another one."
NONE_CHOSEN, CHOOSE_ONE = "No principle is chosen.", "Choose one in the list, or add one."
NEW_NAME = "New principle"
NEW_CRITIQUE = "Say whether the answer above ... and why."
NEW_REVISION = "Rewrite the answer so that it ..."
LIST_KEPT, DELETE_FIRST = "The list is as it was.", "Delete one first, or begin another constitution."
NOTHING_TO_UNDO = "There is nothing to undo."
CAN_BE_UNDONE = "Adding, duplicating, deleting and moving principles and discarding changes can be undone."

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
KIND = "Used to"
KINDS = [("revise answers", "critique"), ("choose answers", "preference")]
SOURCE, SOURCE_HELP = "Source", "Whose idea or wording it is."
NOTES, NOTES_HELP = "Notes", "For yourself and the team; no part of a version."
NO_WEIGHT, WEIGHTS = "Weight is not a number from 0 to 1000.", "0 means: never drawn; 1 is usual."
NOT_KEPT = "Not kept in the draft:"
REPLACED = "Another window had changed “{field}”. What you typed here replaced it; there it was: “{text}”."
OVERTAKEN = "Another window changed “{field}” after this one showed it; here it was: “{text}”."
NO_ISSUES, ISSUES, WHOLE = "Checked: no issues found.", "Issues found", "Whole constitution"

# Title and description, and saving
ABOUT = "Title and description of this constitution"
CONSTITUTION_TITLE, DESCRIPTION = "Title", "Description"
NOTE, NOTE_EXAMPLE = "Note for this version", "What changed, and why (Ctrl+Enter saves)"
SAVE, DISCARD = "Save as new version", "Discard changes"
NOT_SAVED = "No version was saved; what you typed stays in its field."
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CHANGED_ABOUT, CHANGED_ORDER = "changed the title or description", "changed the order"

# Trying
TRY_PANEL = "Try principles, and see what they did"
REQUESTS, REQUESTS_HELP = "Requests", "One a line."
DRAW = "Add one at random"
TRY_PRINCIPLES, TRY_PRINCIPLES_HELP = "Principles of the draft", "Empty: critique without a principle."
SEEDS, CRITIQUES = "Seeds", "Write critiques"
TRY, STOP, COUNT = "Try", "Stop", "Count what they did so far"
NO_PRINCIPLE = "No principle"
INITIAL = "Initial answer"
NOTHING_TRIED = (
    "Nothing tried yet",
    "Type a request or draw some, choose principles of the draft above, and press Try. Nothing is stored.",
)
NO_TRACES = ("No trace yet under this constitution", "Run one under Critique & Revision, or a batch.")
COUNTED_COLUMNS = (
    "Principle", "Drawn", "Text changed", "Mean change", "Accepted", "Edited", "What its steps did",
)  # fmt: skip

# Versions
HISTORY = "Versions: compare and restore"
OLDER, OLDER_HELP = "Version", "Of this or another constitution."
NEWER, NEWER_HELP = "compared with", "Newest first."
RESTORE = "Restore as draft"
FIRST, SECOND = "the earlier version", "the later version"
SAME_VERSION = "Both are the same version."
NO_DIFFERENCE, ONLY_ORDER = "No principle differs.", "Only the order of the principles differs."

# Files
FILES = "Files: import and export"
ACCEPTS = (
    "Accepts YAML, JSON and CSV as described in principles/README.md, Anthropic's critique and revision instructions "
    "and few-shot transcripts, llm-swarm and LangChain lists, and constitutions of Inverse Constitutional AI. A file "
    "that does not fit changes nothing."
)
IMPORT, FORMAT, EXPORT = "Import a file", "Format", "Export the saved version"
OUTSIDE = "In this constitution it does not know what to do with:"
TOUCHED = "What did it touch?"
