"""Prompt sets from files: what is read, what is refused with its line, and what they are used for."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cai_ui.config import AppSettings, RevisionSettings, Sampling
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts import files, sets
from cai_ui.pipeline.revise import batch
from cai_ui.records import Message, Prompt

TALK = "\n\nHuman: Hello!\n\nAssistant: Hi.\n\nHuman: May I read her diary?\n\nAssistant: No."


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = open_services(AppSettings(home=str(tmp_path / "home"), model="scripted"))
    opened.engine(20)
    yield opened
    opened.close()


def write(folder: Path, name: str, rows: list[object] | str) -> Path:
    """A file of JSON lines, or with this text."""
    path = folder / name
    text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lines.txt", "How do I bake bread?\n\n  May I read her diary? \nHow do I bake bread?\n"),
        ("rows.jsonl", [{"prompt": "How do I bake bread?"}, {"question": "May I read her diary?", "kind": "none"}]),
        ("packed.jsonl.gz", [{"text": "How do I bake bread?"}, {"instruction": "May I read her diary?"}]),
        ("table.csv", "request,x\nHow do I bake bread?,1\nMay I read her diary?,2\n"),
    ],
)
def test_requests_of_a_file_are_kept_once_each(services: Services, tmp_path: Path, name: str, content: object) -> None:
    made = files.import_prompts(services, write(tmp_path, name, content))  # type: ignore[arg-type]
    key = made.key
    assert (made.title, made.count, made.origin, made.heldout) == (Path(name).stem, 2, "imported", False)
    assert made in sets.prompt_sets(services)
    drawn = sets.list_prompts(services, key, 9, 1)
    assert {p.text for p in drawn} == {"How do I bake bread?", "May I read her diary?"}
    assert sets.list_prompts(services, key, 9, 1) == drawn and len(sets.list_prompts(services, key, 1, 1)) == 1
    again = files.import_prompts(services, write(tmp_path, name, content), "Renamed")  # type: ignore[arg-type]
    assert [s for s in sets.prompt_sets(services) if s.key == key] == [again]
    assert (again.title, again.count) == ("Renamed", 2)


def test_conversations_keep_their_turns_and_lose_the_answer_at_their_end(services: Services, tmp_path: Path) -> None:
    said = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi."},
            {"role": "user", "content": "May I read her diary?"}]  # fmt: skip
    rows: list[object] = [
        {"chosen": TALK},
        {"messages": said},
        {"prompt": said[:1], "kind": "helpful"},
    ]
    made = files.import_prompts(services, write(tmp_path, "talks.jsonl", rows))
    key = made.key
    assert made.count == 2  # the first two are the same conversation
    by_length = sorted(sets.list_requests(services, key, 9, 0), key=lambda one: isinstance(one, tuple))
    single, talk = by_length
    assert isinstance(single, Prompt) and (single.text, single.kind) == ("Hello!", "helpful")
    assert talk == tuple(Message(m["role"], m["content"]) for m in said)  # type: ignore[arg-type]
    assert [p.text for p in sets.list_prompts(services, key, 9, 0)] == ["Hello!", "Hello!"]
    assert sets.find_prompt(services, "Hello!") == single
    version = constitutions.current_constitution(services).hash
    *_, last = batch.run_batch(services, by_length, version, RevisionSettings(), Sampling())
    assert (last.done, last.failed) == (2, 0)
    assert {len(t.conversation) for t in services.store.traces()} == {1, 3}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"prompt": "x"}\n{"answer": "y"}\n', "Line 2: no request under"),
        ("a.jsonl", '{"prompt": "x"}\n{"prompt": 3}\n', "Line 2: `prompt` is neither text nor"),
        ("a.jsonl", '{"prompt": "x"\n', "Line 1: not valid JSON"),
        ("a.jsonl", '{"prompt": "a", "prompt": "b"}\n', "there twice"),
        ("a.jsonl", json.dumps({"prompt": "a\0b"}), "Line 1: A turn holds a control character"),
        ("a.jsonl", json.dumps({"prompt": "x" * 9000}), "at most 8,000"),
        ("a.jsonl", '{"messages": [{"role": "tool", "content": "x"}]}', "without a known `role`"),
        ("a.jsonl", '{"messages": [{"role": "assistant", "content": "x"}]}', "holds no question"),
        (
            "a.jsonl",
            '{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}]}',
            "do not alternate",
        ),
        ("a.txt", "One\nT\x00wo\n", "Line 2: The request holds a control character"),
        ("a.txt", "\n \n", "no request in the file"),
        ("a.csv", "prompt,prompt\nx,y\n", "column name is there twice"),
        ("a.jsonl", '["x"]', "one JSON list"),
    ],
)
def test_a_file_that_does_not_fit_says_where_and_keeps_nothing(
    services: Services, tmp_path: Path, name: str, content: str, words: str
) -> None:
    before = sets.prompt_sets(services)
    with pytest.raises(FileFormatError, match=words):
        files.import_prompts(services, write(tmp_path, name, content))
    assert sets.prompt_sets(services) == before


def test_a_set_that_is_not_there_is_named(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no prompt set"):
        sets.list_requests(services, "own-nothing", 1, 0)


def test_thousands_of_requests_are_kept_and_drawn(services: Services, tmp_path: Path) -> None:
    path = write(tmp_path, "many.txt", "".join(f"Ask {n}?\n" for n in range(20_000)))
    made = files.import_prompts(services, path)
    assert made.count == 20_000
    assert len({p.text for p in sets.list_prompts(services, made.key, 5_000, 3)}) == 5_000
    plain = [f"Ask {n}?" for n in range(20_000)]
    random.Random(f"prompts/{made.key}/3").shuffle(plain)
    drawn = [p.text for p in sets.list_prompts(services, made.key, 50, 3)]
    assert drawn == plain[:50], "the same seed draws what it drew when a set was one long list"


def test_a_file_may_hold_as_many_lines_as_are_allowed(tmp_path: Path) -> None:
    assert len(files.read_requests(write(tmp_path, "a.txt", "One?\n" * files.ROWS_LIMIT))) == files.ROWS_LIMIT
    with pytest.raises(FileFormatError, match="more than 100,000 lines"):
        files.read_requests(write(tmp_path, "b.txt", "One?\n" * (files.ROWS_LIMIT + 1)))


def test_only_the_requests_that_are_drawn_are_read(services: Services, tmp_path: Path) -> None:
    made = files.import_prompts(services, write(tmp_path, "many.txt", "".join(f"Ask {n}?\n" for n in range(2_000))))
    (drawn,) = sets.list_prompts(services, made.key, 1, 3)
    with services.store._db.write("Test") as connection:
        connection.exec_driver_sql("update prompts set body = 'damaged' where body not like ?", (f'%"{drawn.text}"%',))
    assert sets.list_prompts(services, made.key, 1, 3) == [drawn]
    assert sets.find_prompt(services, drawn.text) == drawn and made in sets.prompt_sets(services)


def test_shipped_sets_say_what_they_hold(services: Services) -> None:
    for made in sets.prompt_sets(services):
        prompts = sets.list_prompts(services, made.key, 10_000, 0)
        assert (len(prompts), made.origin) == (made.count, "shipped")
        assert Counter(p.kind for p in prompts) == made.kinds
        assert sets.find_prompt(services, prompts[0].text) == prompts[0]
    assert [s.key for s in sets.prompt_sets(services) if s.heldout] == [
        "heldout-harmful", "heldout-helpful", "heldout-twin",
    ]  # fmt: skip
