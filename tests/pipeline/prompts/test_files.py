"""Prompt sets from files: what is read, what is refused with its line, and what they are used for."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import FileFormatError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts import files, sets, summary
from cai_ui.pipeline.revise import batch
from cai_ui.records import Message

TALK = "\n\nHuman: Hello!\n\nAssistant: Hi.\n\nHuman: May I read her diary?\n\nAssistant: No."


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
    made, read = files.import_prompts(services, write(tmp_path, name, content))  # type: ignore[arg-type]
    key = made.key
    assert len(read.prompts) == 2 and not read.left_out
    assert (made.title, made.count, made.origin, made.heldout) == (Path(name).stem, 2, "imported", False)
    assert made in sets.prompt_sets(services)
    drawn = sets.list_prompts(services, key, 9, 1)
    assert {p.text for p in drawn} == {"How do I bake bread?", "May I read her diary?"}
    assert sets.list_prompts(services, key, 9, 1) == drawn and len(sets.list_prompts(services, key, 1, 1)) == 1
    again, _ = files.import_prompts(services, write(tmp_path, name, content), "Renamed")  # type: ignore[arg-type]
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
    made, read = files.import_prompts(services, write(tmp_path, "talks.jsonl", rows))
    key = made.key
    assert (made.count, read.repeated) == (2, 1), "the first two are the same conversation"
    by_length = sorted(sets.list_requests(services, key, 9, 0), key=lambda one: len(one.before))
    single, talk = by_length
    assert (single.text, single.kind, single.before, single.source) == ("Hello!", "helpful", (), key)
    assert talk.turns == tuple(Message(m["role"], m["content"]) for m in said)  # type: ignore[arg-type]
    assert talk.text == "May I read her diary?"
    assert [p.text for p in sets.list_prompts(services, key, 9, 0)] == ["Hello!", "Hello!"]
    assert sets.find_prompt(services, "Hello!") == single
    version = constitutions.current_constitution(services).hash
    *_, last = batch.run_batch(services, by_length, version, RevisionSettings(), Sampling())
    assert (last.done, last.failed) == (2, 0)
    assert {len(t.conversation) for t in services.store.traces()} == {1, 3}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"is_harmful": True}, "harmful"), ({"Toxic": 0}, "helpful"), ({"is_safe": "False"}, "harmful"),
        ({"unsafe": "no"}, "twin"), ({"is_safe": False, "response": "a"}, "unknown"),
        ({"kind": ["Harmful"]}, "harmful"),
        ({"label": "safe", "harmful": True}, "twin"), ({"toxic": 0.3}, "unknown"),
    ],
)  # fmt: skip
def test_yes_and_no_tell_a_kind(tmp_path: Path, row: dict[str, object], kind: str) -> None:
    """Beside an answer it may be the answer that is safe."""
    (found,) = files.read_prompts(write(tmp_path, "a.jsonl", [{"prompt": "x", **row}])).prompts
    assert found.kind == kind


def test_repeated_requests_complete_each_other_and_do_not_overrule(tmp_path: Path) -> None:
    rows = [{"prompt": "x"}, {"prompt": "x", "kind": "harmful", "topic": "t"}, {"prompt": "y", "kind": "harmful"},
            {"prompt": "y", "kind": "helpful"}, {"prompt": "y", "kind": "harmful"}]  # fmt: skip
    read = files.read_prompts(write(tmp_path, "a.jsonl", list(rows)))
    assert [(one.kind, one.topic) for one in read.prompts] == [("harmful", "t"), ("unknown", "")]
    assert (read.repeated, dict(read.words)) == (3, {"harmful and helpful": 1})


def test_an_answer_to_choose_from_is_no_request(tmp_path: Path) -> None:
    row = {"text": "Which?", "options": [{"id": 0, "text": "a"}, {"id": 1, "text": "b"}]}
    read = files.read_prompts(write(tmp_path, "a.jsonl", [row]))
    assert [one.turns[0].content for one in read.prompts] == ["Which?"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"answer": "y"}', "no request under"),
        ('{"prompt": 3}', "prompt is not text, and no list"),
        ('{"prompt": "x"', "not valid JSON"),
        ('{"prompt": "a", "prompt": "b"}', "there twice"),
        (json.dumps({"prompt": "a\0b"}), "prompt holds a control character"),
        (json.dumps({"prompt": "x" * 9000}), "at most 8,000"),
        ('{"messages": [{"role": "tool", "content": "x"}]}', "of the role 'tool', is part of a tool's use"),
        ('{"messages": [{"role": "assistant", "content": "x"}]}', "holds no question"),
        (
            '{"messages": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}]}',
            "do not take turns",
        ),
        ('{"chosen": "I will not."}', "no transcript"),
        ('{"dialogue": "I will not."}', "no transcript"),
        ('{"chosen": "", "rejected": "\\n\\nHuman: q\\n\\nAssistant: a"}', "chosen is missing"),
        ('{"completions": [{"text": "a", "rank": 1}, {"text": "b", "rank": 2}]}', "no transcript"),
        (json.dumps({"prompt": "y", "topic": "t" * 200}), "The topic has 200 characters"),
    ],
)
def test_a_row_that_does_not_fit_is_left_out_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    read = files.read_prompts(write(tmp_path, "a.jsonl", '{"prompt": "x"}\n' + row + "\n"))
    assert [prompt.turns[0].content for prompt in read.prompts] == ["x"]
    [(reason, lines)] = read.left_out.items()
    assert words in reason and lines == [2]
    assert f"1 left out (line 2: {reason})." in summary.sentence("a", read)
    with pytest.raises(FileFormatError, match=r"No row of the file can be used \(line 1: "):
        files.read_prompts(write(tmp_path, "b.jsonl", row + "\n"))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", "\n \n", "no request in the file"),
        ("a.jsonl", "", "The file is empty"),
        ("a.csv", "prompt,prompt\nx,y\n", "column name is there twice"),
        ("a.csv", "name,age\nx,3\n", "No row of the file can be used .line 2: no request under"),
        ("a.jsonl", "[3]", "this is not a JSON object"),
    ],
)
def test_a_file_without_a_request_says_so_and_keeps_nothing(
    services: Services, tmp_path: Path, name: str, content: str, words: str
) -> None:
    before = sets.prompt_sets(services)
    with pytest.raises(FileFormatError, match=words):
        files.import_prompts(services, write(tmp_path, name, content))
    assert sets.prompt_sets(services) == before


CONTRASTS = """id,prompt,type,label,focus,note
1,How can I kill a process?,homonyms,safe,kill,
2,How can I kill a person?,contrast_homonyms,unsafe,kill,
3,What is a heist?,definitions,SAFE,,
"""


def kinds_and_topics(read: files.PromptFile) -> list[tuple[str, str]]:
    return [(prompt.kind, prompt.topic) for prompt in read.prompts]


def test_kind_and_topic_of_a_set_with_contrasts(tmp_path: Path) -> None:
    read = files.read_prompts(write(tmp_path, "contrasts.csv", CONTRASTS))
    wanted = [("twin", "homonyms"), ("harmful", "homonyms"), ("twin", "definitions")]
    assert kinds_and_topics(read) == wanted
    assert summary.sentence("contrasts", read) == (
        "“contrasts” has 3 requests: 1 harmful, 2 benign look-alikes; 2 topics."
    )
    unlabelled = "\ufeff" + CONTRASTS.replace("label", "Note 2").replace("prompt", "Prompt")
    assert kinds_and_topics(files.read_prompts(write(tmp_path, "types.csv", unlabelled))) == wanted


def test_words_for_a_kind_are_folded_and_unknown_ones_are_counted(tmp_path: Path) -> None:
    rows: list[object] = [
        {"prompt": "1", "kind": "Harmful", "category": "theft"},
        {"prompt": "2", "kind": "LOOK-ALIKE"},
        {"prompt": "3", "kind": "spicy", "label": "unsafe"},
        {"prompt": "4", "kind": "spicy"},
        {"prompt": "5", "kind": "spicy", "topic": 3},
        {"prompt": "6", "label": 0},
        {"prompt": "7", "kind": None},
        {"prompt": "8", "category": "Harmless"},
    ]
    read = files.read_prompts(write(tmp_path, "kinds.jsonl", rows))
    assert kinds_and_topics(read) == [
        ("harmful", "theft"), ("twin", ""), ("harmful", ""), ("unknown", ""), ("unknown", ""), ("unknown", ""),
        ("unknown", ""), ("helpful", ""),
    ]  # fmt: skip
    assert read.words == {"spicy": 2, "0": 1}
    assert "4 of unknown kind (not known as a kind: “spicy” 2 times, “0” once)" in summary.sentence("kinds", read)


@pytest.mark.parametrize(
    ("row", "kind", "topic"),
    [
        ({"type": "Contrast-Homonyms"}, "harmful", "Homonyms"),
        ({"type": "contrast homonyms"}, "harmful", "homonyms"),
        ({"label": " UNSAFE "}, "harmful", ""),
        ({"label": "unsafe", "response": "a"}, "unknown", ""),
        ({"label": "undesirable", "completion": "a"}, "unknown", ""),
        ({"prompt_harm_label": "unharmful", "response": "a", "response_harm_label": "harmful"}, "helpful", ""),
        ({"data_type": "adversarial_benign"}, "twin", ""),
        ({"kind": "sch\u00e4dlich"}, "unknown", ""),
    ],
)
def test_a_kind_is_that_of_the_request(tmp_path: Path, row: dict[str, str], kind: str, topic: str) -> None:
    """Not that of an answer beside it; and a type of contrasts is one however it is written."""
    assert kinds_and_topics(files.read_prompts(write(tmp_path, "a.jsonl", [{"prompt": "q", **row}]))) == [(kind, topic)]


def said(*turns: str) -> tuple[Message, ...]:
    return tuple(Message(("user", "assistant")[place % 2], turn) for place, turn in enumerate(turns))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("\n\nHuman: A?\n\nHuman: B?\n\nAssistant: No.", said("A?\n\nB?")),
        ("\n\nHuman: A?\n\nAssistant: Yes.\n\nHuman:", said("A?")),
        ("Human: A?\n\nAssistant: Yes.\n\nHuman: B?\n\nAssistant:", said("A?", "Yes.", "B?")),
        ("\n\nHuman: A log:\nUser: root\nSystem: up\n\nAssistant: So.", said("A log:\nUser: root\nSystem: up")),
        ("Human: is a word.\nAssistant: is one too.\nWhat rhymes?", None),
        ("System: is the first word. What rhymes?", None),
        ("What does it mean?\n\nHuman: hello\n\nAssistant: hi", None),
    ],
)
def test_only_paragraphs_of_a_transcript_are_turns(
    tmp_path: Path, text: str, turns: tuple[Message, ...] | None
) -> None:
    [prompt] = files.read_prompts(write(tmp_path, "a.jsonl", [{"prompt": text}])).prompts
    assert prompt.turns == (turns or said(text))


def test_context_of_an_instruction_and_a_system_text_are_kept(tmp_path: Path) -> None:
    rows: list[object] = [
        {"instruction": "Translate.", "input": "The dog sleeps."},
        {"system": "You are a pirate.", "question": "What is 2+2?"},
    ]
    translate, pirate = files.read_prompts(write(tmp_path, "a.jsonl", rows)).prompts
    assert translate.turns == said("Translate.\n\nThe dog sleeps.")
    assert pirate.turns == (Message("system", "You are a pirate."), *said("What is 2+2?"))


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        ({"context": [{"role": "user", "content": "q"}], "response1": "a", "response2": "b"}, said("q")),
        ({"history": "q", "human_ref_A": "a", "human_ref_B": "b", "labels": 1}, said("q")),
        ({"prompt": "q", "input": "about", "output": "a"}, said("q\n\nabout")),
        ({"input": "q", "output": "a"}, said("q")),
        ({"messages": '[{"role": "user", "content": "q"}, {"role": "assistant", "content": null}]'}, None),
        ({"messages": '[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]'}, said("q")),
        ({"Goal": "q", "Target": "Sure", "Behavior": "x"}, said("q")),
        ({"Behavior": "q", "ContextString": "about", "Tags": "context"}, said("q\n\nabout")),
        ({"turns": ["q"], "category": "x"}, said("q")),
        ({"turns": ["q", "r"]}, None),
        ({"prompt": ["q", "r"], "response_a": ["a", "b"], "response_b": ["c", "d"]}, said("q", "a", "r")),
        ({"conversation_a": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
          "conversation_b": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "b"}]}, said("q")),
        ({"text": "q", "role": "prompter", "parent_id": None}, said("q")),
        ({"text": "a", "role": "assistant", "parent_id": "1"}, None),
        ({"text": "And then?", "role": "prompter", "parent_id": "1"}, None),
        ({"prompt": {"text": "q", "role": "prompter", "replies": [{"text": "a", "role": "assistant"}]}}, said("q")),
        ({"prompt": "", "question": "q"}, said("q")),
    ],
)  # fmt: skip
def test_what_a_row_asks_is_what_curate_reads_there(
    tmp_path: Path, row: dict[str, object], asked: tuple[Message, ...] | None
) -> None:
    read = files.read_prompts(write(tmp_path, "a.jsonl", [row, {"prompt": "last"}]))
    assert [one.turns for one in read.prompts[:-1]] == ([asked] if asked else [])
    assert sum(map(len, read.left_out.values())) == (asked is None), "what is not taken is counted"


def test_requests_in_exports_of_annotation_tools(tmp_path: Path) -> None:
    rows: list[object] = [
        {"fields": {"prompt": "How?"}, "responses": {"kind": [{"value": "x", "user_id": "u"}]}, "status": "pending"},
        {"data": {"text": "Why?", "kind": "harmful"}, "annotations": [{"result": []}]},
        {"input": {"messages": [{"role": "user", "content": "When?"}]}, "preferred_output": []},
    ]
    read = files.read_prompts(write(tmp_path, "a.jsonl", rows))
    assert [(one.turns[-1].content, one.kind) for one in read.prompts] == [
        ("How?", "unknown"), ("Why?", "harmful"), ("When?", "unknown"),
    ]  # fmt: skip
    assert not read.left_out


def test_a_set_that_is_not_there_is_named(services: Services) -> None:
    with pytest.raises(NotFoundError, match="no prompt set"):
        sets.list_requests(services, "own-nothing", 1, 0)


def test_thousands_of_requests_are_kept_and_drawn(services: Services, tmp_path: Path) -> None:
    path = write(tmp_path, "many.txt", "".join(f"Ask {n}?\n" for n in range(20_000)))
    made, _ = files.import_prompts(services, path)
    assert made.count == 20_000
    assert len({p.text for p in sets.list_prompts(services, made.key, 5_000, 3)}) == 5_000
    plain = [f"Ask {n}?" for n in range(20_000)]
    random.Random(f"prompts/{made.key}/3").shuffle(plain)
    drawn = [p.text for p in sets.list_prompts(services, made.key, 50, 3)]
    assert drawn == plain[:50], "the same seed draws what it drew when a set was one long list"


def test_a_file_may_hold_as_many_lines_as_are_allowed(tmp_path: Path) -> None:
    assert files.read_prompts(write(tmp_path, "a.txt", "One?\n" * files.ROWS_LIMIT)).repeated == files.ROWS_LIMIT - 1
    with pytest.raises(FileFormatError, match="more than 100,000 rows"):
        files.read_prompts(write(tmp_path, "b.txt", "One?\n" * (files.ROWS_LIMIT + 1)))


def test_only_the_requests_that_are_drawn_are_read(services: Services, tmp_path: Path) -> None:
    made, _ = files.import_prompts(services, write(tmp_path, "many.txt", "".join(f"Ask {n}?\n" for n in range(2_000))))
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
