"""Constitutions: YAML there and back, what is refused, findings, drawing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cai_ui import constitution as rules
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import ConstitutionError, FileFormatError, NotFoundError
from cai_ui.records import Constitution, Principle


def principle(id: str = "a", **fields: object) -> Principle:
    given = {"name": "A name", "critique_request": "Point out what is wrong.", "revision_request": "Please rewrite it."}
    return Principle(id=id, **{**given, **fields})  # type: ignore[arg-type]


def constitution(*principles: Principle) -> Constitution:
    return Constitution("mine", "Mine", "", principles or (principle(),))


MINIMAL = """\
name: mine
principles:
  - id: a
    critique_request: Point out what is wrong.
"""

kept_text = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), min_size=1, max_size=60
).filter(lambda text: text.strip() != "")
principles = st.builds(
    Principle,
    id=st.just("a"),
    name=kept_text,
    critique_request=kept_text,
    revision_request=kept_text | st.just(""),
    tags=st.lists(kept_text, max_size=3).map(tuple),
    enabled=st.booleans(),
    weight=st.floats(0, 1000),
    kind=st.sampled_from(["critique", "preference"]),
    source=kept_text | st.just(""),
)


@settings(max_examples=150, deadline=None)
@given(principles, kept_text, kept_text | st.just(""))
def test_writing_and_reading_gives_the_same_constitution(one: Principle, title: str, description: str) -> None:
    before = Constitution("mine", title, description, (one,))
    after = rules.load_yaml(rules.dump_yaml(before))
    assert after == before
    assert after.hash == before.hash


def test_shipped_constitutions_are_sound_and_read_back_the_same() -> None:
    shipped = rules.shipped()
    assert next(iter(shipped)) == rules.DEFAULT
    assert len(shipped) >= 5
    for name, one in shipped.items():
        assert one.name == name
        assert rules.check(one) == [], name
        assert rules.load_yaml(rules.dump_yaml(one)) == one
        assert rules.enabled(one) or rules.preferences(one)
        for p in one.principles:
            assert "\n" not in p.critique_request.strip()


def test_text_that_looks_like_another_type_stays_text() -> None:
    read = rules.load_yaml(MINIMAL.replace("id: a", "id: no").replace("name: mine", "name: 12"))
    assert (read.name, read.principles[0].id) == ("12", "no")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [unclosed", "line 1"),
        (MINIMAL + "   bad: indent\n", "line 5"),
        (MINIMAL + "    name: &x A\n", "Line 5 uses a YAML anchor"),
        (MINIMAL + "    name: *x\n", "Line 5 uses a YAML anchor"),
        (MINIMAL + "    name: !!python/object:os.system x\n", "Line 5 uses a YAML tag"),
        (MINIMAL + "    name: !!str x\n", "Line 5 uses a YAML tag"),
        (MINIMAL + "    id: b\n", "Line 5: the key 'id' is there twice"),
        (MINIMAL + "    colour: red\n", "Line 5: unknown key 'colour'"),
        (MINIMAL + "    <<: {id: b}\n", "Line 5: unknown key '<<'"),
        (MINIMAL + "    weight: heavy\n", "line 5 is not a number"),
        (MINIMAL + "    enabled: perhaps\n", "line 5 is neither true nor false"),
        (MINIMAL + "    tags: privacy\n", "line 5 is not a list"),
        (MINIMAL + "    name: [a, b]\n", "line 5 is not text"),
        (MINIMAL + "---\nname: two\n", "line 5"),
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("just text", "line 1"),
        ("name: x\n", "no `principles`"),
        ("name: x\nprinciples: {}\n", "not a list"),
        ("principles:\n  - name: x\n", "line 2 has no `id`"),
        ("name: x\nprinciples:\n  - id: a\x07\n", "Line 3"),
        ("[" * 5000, "nested too deeply"),
        (b"name: x\n\xff\xfe", "Line 2 is not UTF-8"),
        ("name: " + "x" * 300_000, "at most"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_its_line(text: str | bytes, words: str) -> None:
    with pytest.raises(FileFormatError) as caught:
        rules.load_yaml(text)
    assert words in str(caught.value)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a: &a [x, x]"] + [f"{c}: &{c} [*{p}, *{p}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True)]
    with pytest.raises(FileFormatError, match="Line 1 uses a YAML anchor"):
        rules.load_yaml("\n".join(lines))


@pytest.mark.parametrize(
    "broken",
    [
        constitution(principle(), principle()),
        constitution(principle(critique_request=" ")),
        constitution(principle(critique_request="x" * 2001)),
        constitution(principle(critique_request="a\x00b")),
        constitution(principle(name="\ud800")),
        constitution(principle(weight=float("nan"))),
        constitution(principle(weight=float("inf"))),
        constitution(principle(weight=-1.0)),
        constitution(principle(weight=True)),
        constitution(principle(kind="other")),
        constitution(principle(id="../x")),
        constitution(*(principle(f"p{i}") for i in range(201))),
        Constitution("mine", "Mine", "", ()),
        Constitution("", "Mine", "", (principle(),)),
        Constitution("mine", "M" * 121, "", (principle(),)),
    ],
)
def test_what_cannot_be_saved_is_refused(broken: Constitution) -> None:
    with pytest.raises(ConstitutionError):
        rules.validate(broken)
    assert any("Cannot be saved yet" in finding.message for finding in rules.check(broken))


def test_a_whole_number_as_weight_is_the_same_as_a_decimal_one() -> None:
    assert (
        rules.validate(constitution(principle(weight=2))).hash
        == rules.validate(constitution(principle(weight=2.0))).hash
    )


def test_findings_name_their_principle_and_do_not_block() -> None:
    doubtful = constitution(
        principle("one"),
        principle("two", name="Copy"),
        principle("three", critique_request="Say whether ... and why.", revision_request=""),
        principle("four", critique_request="Word " * 150, revision_request="Other words entirely."),
    )
    rules.validate(doubtful)
    found = {(f.principle_id, f.message.split()[0]) for f in rules.check(doubtful)}
    assert ("two", "Nearly") in found
    assert ("three", "There") in found
    assert ("three", "The") in found
    assert ("four", "The") in found
    assert not any(id == "one" for id, _ in found)


def test_two_hundred_principles_are_checked_at_once() -> None:
    many = constitution(*(principle(f"p{i}", critique_request=f"Point out fault number {i}.") for i in range(200)))
    assert rules.validate(many).principles == many.principles
    rules.check(many)


def test_the_draw_honours_weights() -> None:
    weighted = constitution(
        principle("never", weight=0.0), principle("once", weight=1.0), principle("thrice", weight=3.0),
        principle("off", enabled=False), principle("bare", revision_request=""), principle("ab", kind="preference"),
    )  # fmt: skip
    drawn = Counter(rules.draw(weighted, RevisionSettings(), seed, 0).id for seed in range(4000))
    assert set(drawn) == {"once", "thrice"}
    assert 0.72 < drawn["thrice"] / 4000 < 0.78  # 0.75 and more than four standard errors


def test_the_draw_repeats_with_its_seed_and_differs_between_rounds() -> None:
    many = constitution(*(principle(f"p{i}") for i in range(10)))
    first = [rules.draw(many, RevisionSettings(), 7, round).id for round in range(20)]
    assert first == [rules.draw(many, RevisionSettings(), 7, round).id for round in range(20)]
    assert len(set(first)) > 3


def test_principles_can_be_taken_in_order_or_fixed() -> None:
    three = constitution(principle("a"), principle("b", enabled=False), principle("c"))
    in_order = RevisionSettings(choice="in order")
    assert [rules.draw(three, in_order, 0, round).id for round in range(4)] == ["a", "c", "a", "c"]
    fixed = RevisionSettings(choice="fixed", principle_id="b")
    assert rules.draw(three, fixed, 0, 3).id == "b"
    with pytest.raises(NotFoundError):
        rules.draw(three, RevisionSettings(choice="fixed", principle_id="z"), 0, 0)


def test_a_constitution_with_nothing_to_draw_says_so() -> None:
    bare = constitution(principle(revision_request=""))
    with pytest.raises(ConstitutionError, match="no principle to draw"):
        rules.draw(bare, RevisionSettings(), 0, 0)
    with pytest.raises(ConstitutionError, match="cannot be used"):
        rules.draw(bare, RevisionSettings(choice="fixed", principle_id="a"), 0, 0)
    assert any("No principle can be drawn" in f.message for f in rules.check(bare))


def test_saving_without_a_change_keeps_the_hash() -> None:
    one = rules.shipped()[rules.DEFAULT]
    assert rules.validate(one).hash == one.hash


# Findings


def findings(*principles: Principle) -> dict[str | None, str]:
    return {f.principle_id: f.message for f in rules.check(constitution(*principles))}


@pytest.mark.parametrize(
    ("revision", "found"),
    [
        ("Please rewrite the response to remove any and all harmful content.", True),
        ("Rewrite it without any illegal advice.", True),
        ("Remove what is harmful and say why you left it out.", False),
        ("Please rewrite it so that it is shorter.", False),
    ],
)
def test_a_request_that_only_takes_away_is_named(revision: str, found: bool) -> None:
    assert ("evasive" in findings(principle(revision_request=revision)).get("a", "")) is found


@pytest.mark.parametrize(
    "text", ["Say what is", "Name it, and", "Name the [thing].", "Name the fault...", "Name <fault> now.", "Point out:"]
)
def test_an_unfinished_request_is_named(text: str) -> None:
    said = findings(principle(critique_request=text)).get("a", "")
    assert ("unfinished" in said) is (text != "Say what is")


def test_pairs_that_may_contradict_are_named_with_the_reason() -> None:
    short = principle("a", name="Short", revision_request="Please rewrite it so that it is shorter.")
    long = principle("b", name="Long", critique_request="What is missing?", revision_request="Rewrite in more detail.")
    assert "May contradict “Long”: one asks for a shorter answer" in findings(short, long)["a"]
    off = principle("b", enabled=False, critique_request="What is missing?", revision_request="Rewrite in more detail.")
    assert findings(short, off) == {}


def test_instructions_that_ask_for_the_worse_answer_are_named() -> None:
    better = principle("a", kind="preference", critique_request="Which is less harmful?", revision_request="")
    worse = principle("b", kind="preference", critique_request="Which is more harmful?", revision_request="")
    assert "contradict each other" in findings(better, worse)["b"]
    assert "the preferred answer will be the worse one" in findings(worse)["b"]
    assert findings(better) == {}


def test_a_critique_request_for_praise_is_named() -> None:
    praise = principle(critique_request="Point out where the response is most helpful.")
    assert "asks for what is good" in findings(praise)["a"]
