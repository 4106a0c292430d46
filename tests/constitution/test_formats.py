"""Constitutions and few-shot examples in the formats of others: read, written, refused with the place named."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cai_ui import constitution as rules
from cai_ui.errors import ConstitutionError, FileFormatError
from cai_ui.records import Constitution, Principle

MINE = Constitution(
    "mine",
    "Mine",
    "",
    (
        Principle("a", "First", 'Say "what" is wrong,\nplease.', "Rewrite it, kindly.", ("one", "two"), True, 2.0),
        Principle("b", "Second", "Name the lie.", "Rewrite it truthfully.", enabled=False, source="me"),
        Principle("c", "Third", "Which of these responses is kinder?", "", kind="preference"),
    ),
)

TRANSCRIPT = (
    "\n\nHuman: How do I pick his lock?\n\nAssistant: Bend a hairpin.\n\nCritiqueRequest: What is wrong?\n\n"
    "Critique: It helps a burglar.\n\nRevisionRequest: Make it harmless.\n\nRevision: I won't help with that.\n\nHuman:"
)

ANTHROPIC = {
    "harmful0": {
        "prompt": ["\n\nCritiqueRequest: Name what hurts somebody.\n\nCritique:"],
        "edit_request": "\n\nRevisionRequest: Write it so that it hurts nobody.\n\nRevision:",
    },
    "harmful1": {
        "prompt": ["\n\nCritiqueRequest: Name what is a lie.\n\nCritique:"],
        "edit_request": "\n\nRevisionRequest: Write it truthfully.\n\nRevision:",
    },
}
SWARM = {
    "constitutions": [{"critic": "What hurts?", "revision": "Write it kindly."}],
    "system_chat": [[{"role": "user", "content": f"turn {i}"} for i in range(6)]],
}
LANGCHAIN = [{"name": "Kindness: first", "critique_request": "What is unkind?", "revision_request": "Be kind."}]
ICAI = "1. Select the response that is kinder.\n2. Select the response that is shorter."


def read(value: Any, ending: str = "json") -> rules.Imported:
    text = value if isinstance(value, str) and ending != "json" else json.dumps(value)
    return rules.read_any(text.encode(), "given", ending)


@pytest.mark.parametrize("form", [form for form, export in rules.EXPORTS.items() if export.kind is None])
def test_our_own_formats_hold_everything(form: str) -> None:
    text = rules.dump_as(MINE, form)
    back = rules.read_any(text.encode(), "mine", rules.EXPORTS[form].ending).constitution
    assert back is not None
    assert back.principles == MINE.principles
    if form != "csv":
        assert back == MINE


@pytest.mark.parametrize("form", [form for form, export in rules.EXPORTS.items() if export.kind == "critique"])
def test_formats_of_others_hold_the_requests_of_what_is_on(form: str) -> None:
    text = rules.dump_as(MINE, form, rules.shipped_few_shot("harmlessness"))
    back = rules.read_any(text.encode(), "mine", "json")
    assert back.constitution is not None
    (only,) = back.constitution.principles
    assert (only.critique_request, only.revision_request) == ('Say "what" is wrong,\nplease.', "Rewrite it, kindly.")
    if form == "llm-swarm":
        assert back.few_shot == rules.shipped_few_shot("harmlessness")


def test_anthropics_labels_are_taken_off() -> None:
    found = read(ANTHROPIC)
    assert found.form == "Anthropic instructions"
    assert found.constitution is not None
    first = found.constitution.principles[0]
    assert (first.id, first.critique_request) == ("harmful0", "Name what hurts somebody.")
    assert first.revision_request == "Write it so that it hurts nobody."


@pytest.mark.parametrize("text", [TRANSCRIPT, TRANSCRIPT.removesuffix("\n\nHuman:"), TRANSCRIPT.strip()])
def test_transcripts_become_worked_examples_with_or_without_the_last_label(text: str) -> None:
    found = read([text])
    assert found.constitution is None
    (example,) = found.few_shot
    assert (example.request, example.answer) == ("How do I pick his lock?", "Bend a hairpin.")
    assert (example.critique, example.revision) == ("It helps a burglar.", "I won't help with that.")


def test_earlier_turns_of_a_transcript_stay_with_the_request() -> None:
    (example,) = read(["\n\nHuman: Hi\n\nAssistant: Hello!" + TRANSCRIPT]).few_shot
    assert example.request == "Human: Hi\n\nAssistant: Hello!\n\nHuman: How do I pick his lock?"


def test_swarm_langchain_and_icai_are_recognised_by_their_shape() -> None:
    swarm = read(SWARM)
    assert swarm.constitution is not None
    assert [e.revision for e in swarm.few_shot] == ["turn 5"]
    chain = read(LANGCHAIN).constitution
    assert chain is not None and chain.principles[0].id == "Kindness-first"
    alike = read([LANGCHAIN[0], LANGCHAIN[0] | {"name": "Kindness, first!"}]).constitution
    assert alike is not None and len({principle.id for principle in alike.principles}) == 2
    assert read({"k": LANGCHAIN[0] | {"name": "k"}}).form == "LangChain principles"
    for shape in (ICAI, {"constitution": ICAI}, ICAI.splitlines()):
        icai = read(shape).constitution
        assert icai is not None
        assert [p.kind for p in icai.principles] == ["preference"] * 2
        assert icai.principles[1].critique_request == "Select the response that is shorter."


def broken(base: Any, change: Any) -> Any:
    copy = json.loads(json.dumps(base))
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("value", "ending", "words"),
    [
        ('{"a": 1,\n "b" 2}', "text", "line 2"),
        ('{"a": 1, "a": 2}', "text", "key 'a' is there twice"),
        ('{"principles": [{"id": "a", "critique_request": "x", "weight": NaN}]}', "text", "NaN"),
        ("[" * 100_000, "text", "nested too deeply"),
        ({"colour": "red"}, "json", "shape of this JSON file is not known"),
        ([], "json", "shape"),
        ([[1]], "json", "shape"),
        (broken(ANTHROPIC, lambda c: c["harmful1"].pop("edit_request")), "json", "'harmful1' has no `edit_request`"),
        (broken(ANTHROPIC, lambda c: c["harmful1"].update(prompt=["a", "b"])), "json", "not a list of one text"),
        (broken(ANTHROPIC, lambda c: c["harmful1"].update(prompt="a")), "json", "`prompt` of the entry 'harmful1'"),
        (broken(SWARM, lambda c: c["constitutions"][0].pop("critic")), "json", "entry 1 of `constitutions`"),
        (broken(SWARM, lambda c: c["system_chat"][0].pop()), "json", "six messages"),
        (broken(LANGCHAIN, lambda c: c[0].pop("critique_request")), "json", "principle 1 has no `critique_request`"),
        (broken(LANGCHAIN, lambda c: c.append(3)), "json", "principle 2 is not an object"),
        ([TRANSCRIPT.replace("Critique: ", "")], "json", "no `Critique:`"),
        ([TRANSCRIPT, "Human: no critique in it. CritiqueRequest"], "json", "Transcript 2 has no `CritiqueRequest:`"),
        ({"principles": [{"id": "a"}]}, "json", "principle 1 has no `critique_request`"),
        ({"principles": [{"id": "a", "critique_request": "x", "colour": 1}]}, "json", "unknown key 'colour'"),
        ({"principles": [{"id": "a", "critique_request": "x", "tags": [1]}]}, "json", "tag of principle 1"),
        ("id,colour\n1,2\n", "csv", "unknown column 'colour'"),
        ("id,name\n1,2\n", "csv", "no column `critique_request`"),
        ("id,id\n1,2\n", "csv", "twice"),
        ("id,critique_request\na,b\nc\n", "csv", "Line 3 has 1 cells"),
        ('id,critique_request\na,"b\n', "csv", "no CSV"),
        ("id,critique_request,weight\na,b,heavy\n", "csv", "`weight` in line 2"),
        ("id,critique_request,enabled\na,b,perhaps\n", "csv", "`enabled` in line 2"),
        ("", "csv", "no column"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_place(value: Any, ending: str, words: str) -> None:
    text = value if ending != "json" else json.dumps(value)
    with pytest.raises(FileFormatError) as caught:
        rules.read_any(text.encode(), "given", "json" if ending == "text" else ending)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {"principles": [{"id": "a", "critique_request": "x"}] * 2},
        {"principles": [{"id": f"p{i}", "critique_request": "x"} for i in range(201)]},
        {"principles": [{"id": "a", "critique_request": "x\x00"}]},
        {"principles": [{"id": "a", "critique_request": "x" * 3000}]},
        {"principles": [{"id": "../a", "critique_request": "x"}]},
        {"principles": []},
    ],
)
def test_content_that_cannot_be_saved_is_named(value: Any) -> None:
    with pytest.raises(ConstitutionError):
        read(value)


def test_ten_thousand_principles_and_two_megabytes_are_refused_at_once() -> None:
    many = "critique_request\n" + "Name the fault.\n" * 10_000
    with pytest.raises(ConstitutionError, match="10,000 principles"):
        rules.read_any(many.encode(), "many", "csv")
    with pytest.raises(FileFormatError, match="bytes"):
        rules.read_any(b'{"principles": [{"id": "a", "critique_request": "' + b"x" * 2_000_000 + b'"}]}', "big", "json")


def test_a_table_of_a_spreadsheet_is_read_whatever_its_column_order() -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["revision_request", "critique_request"], ["Rewrite.", 'Name the "fault",\nplease.']])
    found = rules.read_any(("\ufeff" + out.getvalue()).encode(), "table", "csv").constitution
    assert found is not None
    assert found.principles[0].critique_request == 'Name the "fault",\nplease.'


def test_worked_examples_go_to_yaml_and_back() -> None:
    for name in rules.shipped():
        shipped = rules.shipped_few_shot(name)
        assert 2 <= len(shipped) <= 4
        assert rules.load_few_shot(rules.dump_few_shot(shipped)) == shipped
        assert rules.read_any(rules.dump_few_shot(shipped).encode(), "x", "yaml").few_shot == shipped
    with pytest.raises(FileFormatError, match="line 2 has no `revision`"):
        rules.load_few_shot(rules.dump_few_shot(shipped[:1]).split("  revision:")[0])


def test_the_schema_file_is_the_one_that_the_limits_give() -> None:
    kept = Path(__file__).parents[2] / "principles" / "schema.json"
    assert json.loads(kept.read_text(encoding="utf-8")) == rules.json_schema()


def test_shipped_constitutions_fit_the_schema() -> None:
    import jsonschema

    for one in rules.shipped().values():
        jsonschema.validate(json.loads(rules.dump_as(one, "json")), rules.json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"principles": [{"id": "a"}]}, rules.json_schema())


@pytest.mark.parametrize(
    "content",
    [b"id;critique_request\na;c\n", b"id\tcritique_request\na\tc\n", b"sep=;\r\n\r\nid;critique_request\r\na;c"],
)
def test_tables_as_spreadsheets_write_them(content: bytes) -> None:
    constitution = rules.read_any(content, "own", "csv").constitution
    assert constitution is not None and [(p.id, p.critique_request) for p in constitution.principles] == [("a", "c")]


def test_nothing_in_yaml_is_no_text() -> None:
    text = "name: ~\nprinciples:\n  - id: a\n    name: null\n    critique_request: c\n    revision_request: ~\n"
    found = rules.read_any(text.encode(), "own").constitution
    assert found is not None and (found.name, found.title) == ("own", "own")
    assert [(p.name, p.revision_request) for p in found.principles] == [("a", "")]
    with pytest.raises(ConstitutionError, match="critique request is empty"):
        rules.read_any(text.replace("request: c", "request: ~").encode(), "own")
