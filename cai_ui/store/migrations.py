"""Steps that bring an older database up to date. All steps of one start are one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from cai_ui.records import Example, Message, PromptSet, SetPrompt, content_hash
from cai_ui.store import schema, words
from cai_ui.store.answer_words import index_answers
from cai_ui.store.encoding import answer_values, batches, dump, load


def _to_2(connection: sa.Connection) -> None:
    """Quality labels, several raters, and properties to filter by: new columns, filled from examples and log."""
    from cai_ui.store import decision_log

    _add_columns(connection, schema.events, ["labels", "spans"])
    _add_columns(
        connection,
        schema.standing,
        ["lot", "words", "change", "constitution", "preference", "readings", "disputed"],
    )
    _to_3(connection)
    decision_log.rebuild(connection)


def _to_3(connection: sa.Connection) -> None:
    """A queue that is filtered in memory, and a word index in place of searching every text."""
    if "folded" not in _columns(connection, "examples"):
        return  # done on the way from format 1, whose rebuilding writes rows of today
    _add_columns(connection, schema.standing, ["changed", "marked"])
    schema.metadata.create_all(connection)
    for name in ("done", "lot", "disputed", "status", "rater"):
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS ix_standing_{name}")
    for table in (schema.standing, schema.text_drafts):
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    words.create(connection)
    after = -1
    texts = sa.text("SELECT seq, body FROM examples WHERE seq > :after ORDER BY seq LIMIT 1000")
    while rows := connection.execute(texts, {"after": after}).all():
        words.add(connection, {row.seq: words.words_of(load(Example, row.body)) for row in rows})
        after = rows[-1].seq
    connection.exec_driver_sql("ALTER TABLE examples DROP COLUMN folded")


def _to_4(connection: sa.Connection) -> None:
    """Prompt sets and changes of drafts get tables of their own; what was called arm is called variant,
    and scorer reader."""
    schema.metadata.create_all(connection)
    _add_columns(connection, schema.constitution_drafts, ["base"])
    _move_prompt_sets(connection)
    _move_drafts(connection)
    _rename_arms(connection)


def _move_prompt_sets(connection: sa.Connection) -> None:
    """Each was one setting, and the list of titles another. A set that the list does not know is kept too."""
    kept = _take_settings(connection, "prompt_set.")
    titles = {entry[0]: entry[1] for entry in _take_settings(connection, "prompt_sets").get("", [])}
    for key in [*(key for key in titles if key in kept), *(key for key in kept if key not in titles)]:
        prompts = [_set_prompt(row) for row in kept[key]]
        made = PromptSet(key, titles.get(key, key), len(prompts), dict(Counter(p.kind for p in prompts)))
        connection.execute(schema.prompt_sets.insert().values(key=key, body=dump(made)))
        rows = [
            {"set_key": key, "position": place, "hash": prompt.hash, "body": dump(prompt)}
            for place, prompt in enumerate(prompts)
        ]
        for page in batches(rows, 1_000):
            connection.execute(schema.prompts.insert(), page)


def _set_prompt(row: dict[str, Any]) -> SetPrompt:
    turns = tuple(Message(role, text) for role, text in row["turns"])
    return SetPrompt(turns, row.get("kind", "unknown"), row.get("topic", ""))


def _move_drafts(connection: sa.Connection) -> None:
    """The version a draft began from and its changes were settings under a hash of name and author.

    A draft without its version (a kill came between the two) gets the newest one of its name.
    """
    bases, drafts, versions = (
        _take_settings(connection, "draft_base."),
        schema.constitution_drafts,
        schema.constitutions,
    )
    for row in connection.execute(sa.select(drafts.c.name, drafts.c.author)).all():
        newest = sa.select(versions.c.hash).where(versions.c.name == row.name).order_by(versions.c.seq.desc()).limit(1)
        base = bases.get(content_hash([row.name, row.author])[:32]) or connection.scalar(newest) or ""
        this = drafts.update().where(drafts.c.name == row.name, drafts.c.author == row.author)
        connection.execute(this.values(base=base))
    for key, changes in _take_settings(connection, "draft_undo.").items():
        for change in changes:
            connection.execute(schema.draft_changes.insert().values(draft=key, body=json.dumps(change)))


def _rename_arms(connection: sa.Connection) -> None:
    table, after = schema.evaluations, -1
    pages = sa.select(table.c.seq, table.c.body).order_by(table.c.seq).limit(100)
    while rows := connection.execute(pages.where(table.c.seq > after)).all():
        for row in rows:
            body = json.loads(row.body)
            lines = [line for line in (*body["results"], *body["rows"]) if "arm" in line]
            for line in lines:
                line["variant"] = line.pop("arm")
            if "scorer" in body:
                body["reader"] = body.pop("scorer")
            if lines or "reader" in body:
                text = json.dumps(body, sort_keys=True, separators=(",", ":"))
                connection.execute(table.update().where(table.c.seq == row.seq).values(body=text))
        after = rows[-1].seq


def _to_5(connection: sa.Connection) -> None:
    """The answers of an evaluation get rows of their own, so that one can be read without all others. Checks of judges
    were kept by a name that says nothing of the weights; they count no longer."""
    schema.metadata.create_all(connection)
    table, after = schema.evaluations, -1
    pages = sa.select(table.c.seq, table.c.id, table.c.body).order_by(table.c.seq).limit(1)
    while row := connection.execute(pages.where(table.c.seq > after)).first():
        body = json.loads(row.body)
        for page in batches(answer_values(row.id, body.pop("rows", [])), 1_000):
            connection.execute(schema.evaluation_answers.insert(), page)
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        connection.execute(table.update().where(table.c.seq == row.seq).values(body=text))
        after = row.seq
    _take_settings(connection, "judge_check.")


def _to_6(connection: sa.Connection) -> None:
    """Highlighted passages, drafts of remarks, settings of raters, guidelines and gold examples."""
    _add_columns(connection, schema.events, ["spans"])
    schema.metadata.create_all(connection)
    for index in schema.events.indexes:
        index.create(connection, checkfirst=True)


def _to_7(connection: sa.Connection) -> None:
    """Answers of evaluations are found by their words."""
    words.create(connection, words.ANSWERS)
    for row in connection.execute(sa.select(schema.evaluations.c.seq, schema.evaluations.c.id)).all():
        index_answers(connection, row.seq, row.id)


MIGRATIONS: Mapping[int, Callable[[sa.Connection], None]] = {
    1: _to_2, 2: _to_3, 3: _to_4, 4: _to_5, 5: _to_6, 6: _to_7,
}  # fmt: skip
"""Step that brings a database of version n to n + 1, by n."""


def _add_columns(connection: sa.Connection, table: sa.Table, names: list[str]) -> None:
    there = _columns(connection, table.name)
    quote = connection.dialect.identifier_preparer.format_table(table)
    for name in names:
        if name not in there:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {quote} ADD COLUMN {column}")


def _columns(connection: sa.Connection, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(connection).get_columns(table)}


def _take_settings(connection: sa.Connection, prefix: str) -> dict[str, Any]:
    """The settings whose key begins so, by the rest of their key; they are settings no longer."""
    table = schema.settings
    these = table.c.key.startswith(prefix, autoescape=True)
    found = {row.key[len(prefix) :]: json.loads(row.value) for row in connection.execute(sa.select(table).where(these))}
    connection.execute(table.delete().where(these))
    return {key: value for key, value in found.items() if value}
