"""The tables, in types that SQLite and PostgreSQL share.

Records are kept as JSON text beside the few columns that are searched or sorted by. `seq` gives the
order of arrival, since clocks may jump. The event log is the truth about human work; `standing` is
its projection and can be rebuilt from it. The queue is filtered in memory (columns.py), so `standing` has no index
for it. The word index (words.py) has a table of its own, whose kind depends on the database.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

SCHEMA_VERSION = 7

metadata = MetaData()


def _seq() -> Column[int]:
    return Column("seq", Integer, primary_key=True, autoincrement=True)


meta = Table("meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False))

settings = Table(
    "settings", metadata, Column("key", String(200), primary_key=True), Column("value", Text, nullable=False)
)

constitutions = Table(
    "constitutions",
    metadata,
    _seq(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("parent", String(64)),
    Column("created_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

constitution_drafts = Table(
    "constitution_drafts",
    metadata,
    Column("name", String(400), primary_key=True),
    Column("author", String(400), primary_key=True),
    Column("saved_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("base", String(64), nullable=False, server_default=""),
)

draft_changes = Table(
    "draft_changes",
    metadata,
    _seq(),
    Column("draft", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_draft_changes_draft", "draft", "seq"),
)
"""Changes that can be taken back, also after the draft itself was discarded. `draft` is a hash of name and author."""

prompt_sets = Table(
    "prompt_sets",
    metadata,
    _seq(),
    Column("key", String(80), nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

prompts = Table(
    "prompts",
    metadata,
    Column("set_key", String(80), ForeignKey("prompt_sets.key"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_prompts_hash", "hash"),
)

traces = Table(
    "traces",
    metadata,
    _seq(),
    Column("id", String(120), nullable=False, unique=True),
    Column("created_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

steps = Table(
    "steps",
    metadata,
    Column("trace_id", String(120), ForeignKey("traces.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

branches = Table(
    "branches",
    metadata,
    Column("trace_id", String(120), ForeignKey("traces.id"), primary_key=True),
    Column("root", String(120), nullable=False, index=True),
    Column("parent", String(120), nullable=False),
)

examples = Table(
    "examples",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    _seq(),
    Column("event_id", String(200), nullable=False, unique=True),
    Column("example_id", String(64), ForeignKey("examples.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("verdict", String(10)),
    Column("rater", Text, nullable=False),
    Column("text", Text),
    Column("note", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("base_rev", Integer, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("batch", String(64)),
    Column("undoes", String(200)),
    Column("restores", String(200)),
    Column("labels", Text, nullable=False, server_default=""),
    Column("spans", Text, nullable=False, server_default=""),
    Index("ix_events_example", "example_id", "seq"),
    Index("ix_events_rater", "rater", "seq"),
    Index("ix_events_rater_at", "rater", "at"),
    Index("ix_events_undoes", "undoes"),
    Index("ix_events_batch", "batch"),
)

standing = Table(
    "standing",
    metadata,
    Column("seq", Integer, ForeignKey("examples.seq"), primary_key=True, autoincrement=False),
    Column("example_id", String(64), nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("source", Text, nullable=False),
    Column("status", String(10), nullable=False),
    Column("done", Integer, nullable=False),
    Column("rev", Integer, nullable=False),
    Column("event_seq", Integer),
    Column("event_id", String(200)),
    Column("rater", Text),
    # Properties to filter and sort by: a fixed random number below 10,000, words of the revision, per cent of the
    # words that changed, per mille at which a judge prefers the revision (none: not known).
    Column("lot", Integer, nullable=False, server_default="0"),
    Column("words", Integer, nullable=False, server_default="0"),
    Column("change", Integer),
    Column("constitution", String(64)),
    Column("preference", Integer),
    Column("readings", Integer, nullable=False, server_default="0"),
    Column("disputed", Integer, nullable=False, server_default="0"),
    # Numbers of the last transactions that changed the row and its marks: see columns.py.
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("marked", Integer, nullable=False, server_default="0"),
    Index("ix_standing_changed", "changed"),
)

marks = Table(
    "marks",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("value", String(200), primary_key=True),
    Column("seq", Integer, ForeignKey("examples.seq"), primary_key=True, autoincrement=False),
)
"""What an example is found by, several values of a kind: its principles, the findings of the data checks."""

readings = Table(
    "readings",
    metadata,
    Column("seq", Integer, ForeignKey("examples.seq"), primary_key=True, autoincrement=False),
    Column("rater", String(400), primary_key=True),
    Column("event_seq", Integer, nullable=False),
    Column("second", Integer, nullable=False),
    Index("ix_readings_rater", "rater", "event_seq"),
)
"""Each rater's latest judgement of an example that was not taken back. A projection of the log, as `standing` is."""

leases = Table(
    "leases",
    metadata,
    Column("rater", String(400), primary_key=True),
    Column("example_id", String(64), nullable=False),
    Column("until", String(40), nullable=False),
)
"""Which example each rater has on the page, so that two do not get the same one."""

judgements = Table(
    "judgements",
    metadata,
    _seq(),
    Column("example_id", String(64), ForeignKey("examples.id"), nullable=False),
    Column("judge", String(200), nullable=False),
    Column("at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_judgements_example", "example_id", "judge", unique=True),
)
"""What a model says of a pair of answers; the newest of each judge."""

text_drafts = Table(
    "text_drafts",
    metadata,
    Column("example_id", String(64), ForeignKey("examples.id"), primary_key=True),
    Column("rater", String(400), primary_key=True),
    Column("saved_at", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_text_drafts_rater", "rater"),
)

remark_drafts = Table(
    "remark_drafts",
    metadata,
    Column("example_id", String(64), ForeignKey("examples.id"), primary_key=True),
    Column("rater", String(400), primary_key=True),
    Column("saved_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_remark_drafts_rater", "rater"),
)
"""Comment and highlighted passages of an example that a rater has not decided yet."""

raters = Table("raters", metadata, Column("name", String(400), primary_key=True), Column("body", Text, nullable=False))
"""What each rater set for themselves."""

guidelines = Table(
    "guidelines",
    metadata,
    _seq(),
    Column("author", Text, nullable=False),
    Column("at", String(40), nullable=False),
    Column("text", Text, nullable=False),
)

gold = Table(
    "gold",
    metadata,
    Column("example_id", String(64), ForeignKey("examples.id"), primary_key=True),
    Column("body", Text, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    _seq(),
    Column("hash", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
)

dataset_rows = Table(
    "dataset_rows",
    metadata,
    Column("dataset_hash", String(64), ForeignKey("datasets.hash"), primary_key=True),
    Column("part", String(20), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("body", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _seq(),
    Column("id", String(120), nullable=False, unique=True),
    Column("state", String(20), nullable=False, index=True),
    Column("process", String(200), nullable=False),
    Column("body", Text, nullable=False),
)

votes = Table(
    "votes",
    metadata,
    _seq(),
    Column("event_id", String(200), nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    _seq(),
    Column("id", String(120), nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

evaluation_answers = Table(
    "evaluation_answers",
    metadata,
    Column("evaluation_id", String(120), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("prompt_id", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False),
)
"""The answers of an evaluation, also of one that was stopped and is in `evaluations` only once it has gone on to its
end."""

evaluation_readings = Table(
    "evaluation_readings",
    metadata,
    Column("evaluation_id", String(120), primary_key=True),
    Column("judge", String(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
"""What judges say of these answers, beside what the reader said. `judge` is the id of a `JudgeUsed`."""

judges = Table(
    "judges",
    metadata,
    _seq(),
    Column("id", String(64), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("checked", Text),
)
"""Judges that were asked: their weights and rubric, and the last check of these against people's labels."""

grades = Table(
    "grades",
    metadata,
    _seq(),
    Column("event_id", String(200), nullable=False, unique=True),
    Column("evaluation_id", String(120), ForeignKey("evaluations.id"), nullable=False),
    Column("rater", String(400), nullable=False),
    Column("undoes", String(200)),
    Column("body", Text),
    Index("ix_grades_evaluation", "evaluation_id", "seq"),
)
"""What people see in answers of evaluations: a log, in which a row without a body takes another one back."""
