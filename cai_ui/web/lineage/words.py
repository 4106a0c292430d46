"""Words of the Lineage tab."""

from __future__ import annotations

TAB = TITLE = "Lineage"
WHAT = (
    "Where does this come from? From an answer, vote or row back to who decided it and the principle it was revised "
    "under, and from a principle to all it touched."
)
ID, ID_HELP = "Id", "An id, the first digits of a hash, a run's name, or a principle's id, from anywhere on the page."
LOOK_UP = "Look up"
WHERE_FROM = "Where from?"
NOTHING = ("Nothing looked up yet", f"Press “{WHERE_FROM}” beside an answer or a row, choose below, or paste an id.")
SEVERAL = "It may be one of these:"
WAY, FROM, TO, TEXTS = "Way back", "Comes from", "Led to", "Texts"
NONE_BACK, NONE_ON = "Nothing came before it.", "Nothing was made of it yet."
NEAREST = "Nearest training rows"
NO_NEAREST = "No training row shares a word with it."
COMPARED = "{compared:,} of {rows:,} rows were compared."
LINK = "Link to this view"
BEGIN = "Begin with"
GRAPH = "Drawn: a column for each stage; press a box to go there"
DRAWN = "This {kind} with {back} things that it comes from and {on} that it led to; they are listed below"
MORE = "and {number:,} more"
STAGES = (
    "Constitution", "Principle", "Trace", "Example", "Decision", "Dataset row", "Dataset", "Run", "Evaluation",
    "Answer, vote",
)  # fmt: skip
NEXT = "Follow a bad answer to its principle, reword the principle, and see in Compare whether the answer changes."
