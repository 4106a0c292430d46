"""Decisions become the right rows and pairs, and what gives none is counted."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.changes import changes
from cai_ui.curate.dataset import BALANCED, FLAGGED, HARMS, HELPS_LESS, SET_ASIDE, TIED, build_dataset
from cai_ui.curate.split import prompt_key
from cai_ui.errors import InputError
from cai_ui.pipeline.curate.helpful import helpful_pairs as pairs_of
from cai_ui.records import (
    Dataset,
    Decision,
    Example,
    Message,
    PreferencePair,
    TrainingExample,
    make_example,
    to_dict,
)

Judged = tuple[Example, Decision]
PLAIN = DatasetSettings(eval_share=0, helpful=0)


def judged(verdict: str, prompt: str = "q", initial: str | None = "bad", revision: str = "good", **rest: str) -> Judged:
    example = make_example(
        (Message("user", prompt),), initial, revision, source="s", constitution_hash=rest.get("constitution")
    )
    return example, Decision("e", example.id, verdict, "Ana", rest.get("text"))  # type: ignore[arg-type]


def helpful(n: int) -> list[TrainingExample]:
    return [TrainingExample((Message("user", f"help {i}"),), f"here {i}", None, "helpful", True) for i in range(n)]


def helpful_pairs(n: int) -> list[PreferencePair]:
    return [PreferencePair((Message("user", f"help {i}"),), "here", "no", None, "helpful") for i in range(n)]


def build(*decided: Judged) -> Dataset:
    return build_dataset("d", decided, [], PLAIN)


@pytest.mark.parametrize(
    ("case", "answer", "pair"),
    [
        (judged("accept"), "good", ("good", "bad")),
        (judged("edit", text="edited"), "edited", ("edited", "bad")),
        (judged("flip"), "bad", ("bad", "good")),
        (judged("accept", initial=None), "good", None),
        (judged("accept", initial="  "), "good", None),
        (judged("accept", initial="good\n"), "good", None),
        (judged("edit", text="bad"), "bad", None),
    ],
)
def test_each_verdict_gives_its_row_and_pair(case: Judged, answer: str, pair: tuple[str, str] | None) -> None:
    dataset = build(case)
    (row,) = dataset.sft_train
    assert (row.answer, row.example_id, row.source, row.conversation) == (answer, case[0].id, "s", case[0].conversation)
    assert [(p.chosen, p.rejected) for p in dataset.pairs_train] == ([pair] if pair else [])
    assert sum(dataset.left_out.values()) == (0 if pair else 1)


def test_what_is_left_out_is_counted_by_reason() -> None:
    dataset = build(
        judged("accept", "a"),
        judged("accept", "a", initial="other"),
        judged("reject", "b"),
        judged("reject", "c"),
        judged("skip", "d"),
        judged("accept", "e", initial="same", revision="same"),
        judged("accept", "f", initial=None),
        judged("accept", "g", revision=" "),
        judged("flip", "h", initial=""),
    )
    assert dataset.left_out == {
        "rejected": 2,
        "skipped": 1,
        "empty text": 2,
        "the same row again": 1,
        "no pair: chosen and rejected are the same": 1,
        "no pair: no initial answer": 1,
    }
    assert len(dataset.sft_train) == 3 and len(dataset.pairs_train) == 2


def test_rejected_revisions_are_kept_apart_and_change_neither_rows_nor_older_hashes() -> None:
    kept = [judged("accept", prompt) for prompt in "abcdefgh"]
    without = build(*kept)
    rejecting = build(*kept, judged("reject", "i"), judged("reject", "j", revision=" "), judged("skip", "k"))
    assert rejecting.rejected_train is not None
    assert [(r.conversation[-1].content, r.answer) for r in rejecting.rejected_train] == [("i", "good")]
    assert (without.rejected_train, without.rejected_eval) == (None, None)
    same = dataclasses.replace(rejecting, left_out={}, rejected_train=None, rejected_eval=None)
    assert same.hash == without.hash != rejecting.hash
    assert "rejected_train" not in to_dict(without)


def test_parents_are_the_constitutions_of_what_was_used() -> None:
    dataset = build(
        judged("accept", "a", constitution="h2"),
        judged("accept", "b", constitution="h1"),
        judged("reject", "c", constitution="h3"),
        judged("accept", "d"),
    )
    assert dataset.parents == ("h1", "h2")


def test_one_row_is_trained_on_and_nothing_is_held_out() -> None:
    dataset = build_dataset("d", [judged("accept")], [], DatasetSettings(eval_share=0.5, helpful=0))
    assert (len(dataset.sft_train), len(dataset.sft_eval), len(dataset.pairs_train)) == (1, 0, 1)


@pytest.mark.parametrize("cases", [[], [judged("reject"), judged("skip", "b"), judged("accept", "c", revision="")]])
def test_nothing_to_learn_is_refused_with_the_count(cases: list[Judged]) -> None:
    with pytest.raises(InputError) as caught:
        build_dataset("d", cases, helpful(10), PLAIN)
    assert "Nothing was frozen" in str(caught.value)
    assert not cases or "1 empty text, 1 rejected, 1 skipped" in str(caught.value)


@pytest.mark.parametrize("name", ["", "  ", "a\x00", "\ud800", "x" * 121])
def test_a_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        build_dataset(name, [judged("accept")], [], PLAIN)


def test_helpful_rows_and_pairs_are_mixed_in_by_count() -> None:
    wanted = DatasetSettings(eval_share=0.2, helpful=30)
    decided = [judged("accept", f"q{i}") for i in range(20)]
    dataset = build_dataset("d", decided, helpful(100), wanted, helpful_pairs(50))
    for train, held_out in ((dataset.sft_train, dataset.sft_eval), (dataset.pairs_train, dataset.pairs_eval)):
        assert sum(row.source == "helpful" for row in (*train, *held_out)) == 30
        assert sum(row.source == "s" for row in (*train, *held_out)) == 20
        assert sum(row.source == "s" for row in held_out) == 4
        assert any(row.source == "helpful" for row in held_out)
        sources = [row.source for row in train]
        assert sources != sorted(sources) and sources != sorted(sources, reverse=True)
    assert len(build_dataset("d", decided, helpful(3), wanted).sft_train) < 24


@pytest.mark.parametrize("seed", range(4))
def test_a_helpful_row_that_says_the_same_under_another_id_counts_once(seed: int) -> None:
    """Seen: a request twice in the helpful mix with one answer, with an id and with none, and “left out: nothing”."""
    wanted = DatasetSettings(eval_share=0.2, helpful=20, seed=seed)
    rows, decided = helpful(9), [judged("accept", f"q{i}", revision=f"good {i}") for i in range(20)]
    again = [dataclasses.replace(row, example_id="other", source="traces") for row in rows[:2]]
    accepted = [dataclasses.replace(rows[3], conversation=decided[0][0].conversation, answer="good 0")]
    plain = build_dataset("d", decided, rows, wanted, pairs_of(rows, ["no", "never"], seed))
    dataset = build_dataset("d", decided, twice := [*rows, *again, *accepted], wanted, pairs_of(twice, ["no"], seed))
    told = [(row.conversation, row.answer) for row in (*dataset.sft_train, *dataset.sft_eval)]
    assert len(set(told)) == len(told) == len(decided) + 9
    assert dataset.left_out == {"the same row again": 3} and plain.left_out == {}
    assert len(pairs_of(again + rows, ["no", "never"], seed)) == len(rows), "as many as there are rows"


def test_the_limit_draws_the_same_examples_again() -> None:
    decided = [judged("accept", f"q{i}") for i in range(50)]
    limited = DatasetSettings(eval_share=0, helpful=0, harmless_limit=10)
    dataset = build_dataset("d", decided, [], limited)
    assert len(dataset.sft_train) == 10 and dataset.left_out == {"over the limit of decided examples": 40}
    other = build_dataset("d", decided, [], limited.model_copy(update={"seed": 1}))
    assert {r.example_id for r in dataset.sft_train} != {r.example_id for r in other.sft_train}


def test_the_same_input_in_any_order_gives_the_same_hash() -> None:
    decided = [judged(random.Random(i).choice(["accept", "flip"]), f"q{i % 9}", initial=f"i{i}") for i in range(40)]
    extra, pairs = helpful(30), helpful_pairs(30)
    wanted = DatasetSettings(eval_share=0.3, helpful=12, harmless_limit=20, seed=4)
    hashes = set()
    for seed in range(4):
        rng = random.Random(seed)
        for rows in (decided, extra, pairs):
            rng.shuffle(rows)  # type: ignore[arg-type]
        hashes.add(build_dataset("d", decided, extra, wanted, pairs).hash)
    assert len(hashes) == 1
    assert build_dataset("d", decided, extra, wanted.model_copy(update={"seed": 5}), pairs).hash not in hashes


prompts = st.sampled_from(["Lock?", "lock", " LOCK! ", "ﬁne", "Fine", "q", "¿q?", "other", "x y", "X  y."]) | st.text(
    alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=6
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(prompts, st.sampled_from(["accept", "flip", "edit", "reject"])), min_size=1, max_size=40),
    st.lists(prompts, max_size=20),
    st.floats(0, 0.5),
    st.integers(0, 1000),
)
def test_no_prompt_is_on_both_sides(cases: list[tuple[str, str]], others: list[str], share: float, seed: int) -> None:
    decided = [judged(verdict, prompt, initial=f"i{n}", text=f"t{n}") for n, (prompt, verdict) in enumerate(cases)]
    extra = [TrainingExample((Message("user", p),), f"a{n}", None, "h") for n, p in enumerate(others)]
    pairs = [PreferencePair((Message("user", p),), f"a{n}", "b", None, "h") for n, p in enumerate(others)]
    wanted = DatasetSettings(eval_share=share, helpful=10, seed=seed)
    if all(verdict == "reject" for _, verdict in cases):
        with pytest.raises(InputError):
            build_dataset("d", decided, extra, wanted, pairs)
        return
    dataset = build_dataset("d", decided, extra, wanted, pairs)
    rejected, rejected_out = dataset.rejected_train or (), dataset.rejected_eval or ()
    train = {prompt_key(row.conversation) for row in (*dataset.sft_train, *dataset.pairs_train, *rejected)}
    held_out = {prompt_key(row.conversation) for row in (*dataset.sft_eval, *dataset.pairs_eval, *rejected_out)}
    assert not train & held_out
    assert dataset.sft_train
    assert all(pair.chosen.strip() != pair.rejected.strip() for pair in dataset.pairs_train + dataset.pairs_eval)


def soft(preference: float, verdict: str = "accept", **settings: object) -> Dataset:
    case = judged(verdict, text="edited")
    wanted = DatasetSettings(eval_share=0, helpful=0, **settings)  # type: ignore[arg-type]
    return build_dataset(
        "d", [case, judged("accept", prompt="other")], [], wanted, preferences={case[0].id: preference}
    )


def test_soft_labels_travel_with_their_pairs_and_turn_with_a_flip() -> None:
    assert {p.soft for p in soft(0.8, labels="soft").pairs_train} == {0.8, None}
    assert {p.soft for p in soft(0.75, verdict="flip", labels="soft").pairs_train} == {0.25, None}
    assert {p.soft for p in soft(0.8, verdict="edit", labels="soft").pairs_train} == {None}
    assert {p.soft for p in soft(0.8).pairs_train} == {None}
    pair = next(p for p in soft(0.8, labels="soft").pairs_train if p.soft)
    assert pair.swap().soft == pytest.approx(0.2) and pair.swap().swap() == pair


def test_hard_labels_do_not_change_the_hash_of_datasets_from_before_there_were_soft_ones() -> None:
    dataset = soft(0.8)
    assert all("soft" not in pair for pair in to_dict(dataset)["pairs_train"])
    assert soft(0.8, labels="soft").hash != dataset.hash


def test_a_revision_that_the_judge_does_not_prefer_is_set_aside_and_counted() -> None:
    dataset = soft(0.3, least_preference=0.5)
    assert len(dataset.sft_train) == 1 and dataset.left_out == {SET_ASIDE: 1}
    assert len(soft(0.5, least_preference=0.5).sft_train) == 2
    assert len(soft(0.3, verdict="edit", least_preference=0.5).sft_train) == 2, "a person wrote what was kept"


@pytest.mark.parametrize(
    ("verdict", "harmlessness", "helpfulness", "reason"),
    [
        ("accept", 0.4, 0.1, None),
        ("accept", 0.1, 0.9, HARMS),
        ("accept", 0.4, -0.5, HELPS_LESS),
        ("accept", None, None, None),
        ("flip", 0.4, 0.1, HARMS),
        ("flip", -0.4, 0.1, None),
        ("edit", -1.0, -1.0, None),
    ],
)
def test_the_gate_sets_aside_what_falls_short_of_either_margin(
    verdict: str, harmlessness: float | None, helpfulness: float | None, reason: str | None
) -> None:
    case = judged(verdict, text="edited")
    wanted = DatasetSettings(eval_share=0, helpful=0, least_harmlessness=0.2, least_helpfulness=-0.3)
    margins = {case[0].id: (harmlessness, helpfulness)}
    dataset = build_dataset("d", [case, judged("accept", prompt="other")], [], wanted, margins=margins)
    assert dataset.left_out == ({reason: 1} if reason else {})
    off = DatasetSettings(eval_share=0, helpful=0)
    assert build_dataset("d", [case], [], off, margins=margins).left_out == {}


def test_earlier_revisions_are_learnt_where_that_is_asked() -> None:
    case = judged("accept")
    for choice, answers in (("all", {"draft 2", "good"}), ("last", {"good"})):
        wanted = DatasetSettings(eval_share=0, helpful=0, revisions=choice)
        dataset = build_dataset("d", [case], [], wanted, earlier={case[0].id: ("draft 2", " ")})
        assert {row.answer for row in dataset.sft_train} == answers
        assert len(dataset.pairs_train) == 1
    flipped = judged("flip")
    dataset = build_dataset("d", [flipped], [], DatasetSettings(eval_share=0, helpful=0, revisions="all"),
                            earlier={flipped[0].id: ("draft 2",)})  # fmt: skip
    assert [row.answer for row in dataset.sft_train] == ["bad"], "who prefers the initial answer learns no revision"


def test_balanced_pairs_do_not_tell_the_better_answer_by_its_length() -> None:
    longer = [judged("accept", prompt=f"a {i}", initial="short", revision="a longer answer") for i in range(9)]
    shorter = [judged("accept", prompt=f"b {i}", initial="a longer answer", revision="short") for i in range(3)]
    even = [judged("accept", prompt="c", initial="one", revision="two")]
    wanted = DatasetSettings(eval_share=0, helpful=0, balance_lengths=True)
    dataset = build_dataset("d", [*longer, *shorter, *even], [], wanted)
    sides = [len(p.chosen) - len(p.rejected) for p in dataset.pairs_train]
    assert (sum(s > 0 for s in sides), sum(s < 0 for s in sides), sum(s == 0 for s in sides)) == (3, 3, 1)
    assert len(dataset.sft_train) == 13 and dataset.left_out == {BALANCED: 6}


def test_nearly_the_same_prompts_stay_on_one_side() -> None:
    base = "How do I take the bread out of the oven without burning my hands or the old table"
    cases = [judged("accept", prompt=f"{base} {end}") for end in ("", "?", "please", "now?", "today")]
    cases += [judged("accept", prompt=f"something quite different number {i} of {i * 7}") for i in range(20)]
    for seed in range(8):
        dataset = build_dataset("d", cases, [], DatasetSettings(eval_share=0.3, helpful=0, seed=seed))
        sides = [
            {row.conversation[0].content.startswith(base) for row in side}
            for side in (dataset.sft_train, dataset.sft_eval)
        ]
        assert sum(True in side for side in sides) == 1


def test_ties_and_flags_are_counted_and_give_no_row() -> None:
    dataset = build(judged("accept"), judged("tie", prompt="t"), judged("flag", prompt="f"))
    assert len(dataset.sft_train) == 1 and dataset.left_out == {TIED: 1, FLAGGED: 1}


def test_what_changed_between_two_versions_is_told_by_request() -> None:
    one = build(judged("accept"), judged("accept", prompt="gone"), judged("accept", prompt="kept"))
    two = build_dataset(
        "d",
        [judged("edit", text="edited"), judged("accept", prompt="new"), judged("accept", prompt="kept")],
        [],
        DatasetSettings(eval_share=0, helpful=0, seed=4),
    )
    found = changes(one, two)
    told = {(c.conversation[-1].content, c.before, c.after) for c in found.rows}
    assert told == {("q", "good", "edited"), ("new", None, "good"), ("gone", "good", None)}
    assert (found.kept_rows, found.kept_pairs, found.moved) == (1, 1, 0)
    assert found.settings == {"seed": (0, 4)}
    same = changes(one, one)
    assert (same.rows, same.pairs, same.settings, same.kept_rows) == ((), (), {}, 3)
