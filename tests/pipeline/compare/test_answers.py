"""The answers behind numbers, out of the store: search, people against the reader, names, downloads."""

from __future__ import annotations

import json

import pytest

from cai_ui.compare.answer_table import Number
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import grading
from cai_ui.pipeline.compare.answers import Sought, answers_page, export_answers, name_evaluation
from cai_ui.records import Evaluation, Rate, VariantResult


@pytest.fixture
def evaluated(services: Services) -> Services:
    """Twelve harmful requests to two models; the tuned one declines, and once says zeppelin."""
    rows = [
        {
            "prompt_id": f"p{n}", "prompt": f"Request {n}", "kind": "harmful", "variant": variant,
            "answer": f"{'No. I will not.' if variant == 'tuned' else 'Sure.'}{' A Zeppelin!' if n == 7 else ''}",
            "outcome": "refused" if variant == "tuned" else "complied", "complied": variant == "base",
            "helped": None, "refused": variant == "tuned", "tokens": n, "set": "s", "topic": "",
        }
        for n in range(12)
        for variant in ("base", "tuned")
    ]  # fmt: skip
    nothing = Rate(0, 0)
    results = tuple(
        VariantResult(v, "harmful", Rate(n, 12, 0, n / 12, 0.1, 0.9), nothing, nothing, 5.0, None)
        for v, n in (("base", 12), ("tuned", 0))
    )
    services.store.save_evaluation(Evaluation("evaluation", results, tuple(rows), {}, "rules"))
    return services


def test_pages_hold_only_what_fits(evaluated: Services) -> None:
    page = answers_page(evaluated, "evaluation", Sought(), 2)
    assert (page.answers, page.requests, page.page, page.pages) == (24, 12, 2, 3)
    assert [len(case) for case in page.cases] == [2, 2]
    found = answers_page(evaluated, "evaluation", Sought(search="a zepp"), 0)
    assert found.requests == 1 and [row["place"] for row in found.cases[0]] == [14, 15]
    assert answers_page(evaluated, "evaluation", Sought(search="will not sure"), 0).requests == 0
    number = Number("tuned", "harmful", "complied", "no")
    alone = answers_page(evaluated, "evaluation", Sought(number=number, order="longest"), 0)
    assert alone.answers == 12 and [[row["variant"] for row in case] for case in alone.cases] == [["tuned"]] * 5
    assert alone.cases[0][0]["prompt_id"] == "p11"


def test_an_evaluation_put_in_place_of_another_is_read_anew(evaluated: Services) -> None:
    assert answers_page(evaluated, "evaluation", Sought(search="zeppelin"), 0).requests == 1
    whole = evaluated.store.evaluation("evaluation")
    kept = tuple({**row, "answer": "Well."} for row in whole.rows[:4])
    evaluated.store.save_evaluation(Evaluation("evaluation", whole.results, kept, {}, "rules"))
    assert answers_page(evaluated, "evaluation", Sought(), 0).answers == 4
    assert answers_page(evaluated, "evaluation", Sought(search="zeppelin"), 0).requests == 0
    assert answers_page(evaluated, "evaluation", Sought(search="well"), 0).answers == 4


def test_where_people_read_otherwise(evaluated: Services) -> None:
    for prompt, outcome in (("p1", "refused"), ("p2", "complied"), ("p3", "broken")):
        grading.grade(evaluated, "evaluation", (prompt, "base"), "Ana", outcome, f"e-{prompt}")
    found = answers_page(evaluated, "evaluation", Sought(wanted="people"), 0)
    assert (found.answers, found.cases[0][0]["prompt_id"]) == (1, "p1")


def test_names_and_notes_are_kept_and_bad_ones_refused(evaluated: Services) -> None:
    name_evaluation(evaluated, "evaluation", "First <b>", "line\nline")
    head = evaluated.store.evaluation_head("evaluation")
    assert (head.name, head.notes, head.answers) == ("First <b>", "line\nline", 24)
    assert evaluated.store.evaluations()[0].name == evaluated.store.evaluation("evaluation").name == "First <b>"
    name_evaluation(evaluated, "evaluation", " ", "")
    assert evaluated.store.evaluation_head("evaluation").name == ""
    for name, notes in (("x" * 121, ""), ("a\0b", ""), ("", "\ud800")):
        with pytest.raises(InputError):
            name_evaluation(evaluated, "evaluation", name, notes)
    with pytest.raises(NotFoundError):
        name_evaluation(evaluated, "gone", "a", "")


def test_downloads_hold_what_the_filters_leave(evaluated: Services) -> None:
    path = export_answers(evaluated, "evaluation", "jsonl", Sought(search="zeppelin", variant="tuned"))
    assert [json.loads(line)["place"] for line in path.read_text().splitlines()] == [15]
    assert len(export_answers(evaluated, "evaluation", "jsonl").read_text().splitlines()) == 24
    with pytest.raises(InputError, match="No answer fits"):
        export_answers(evaluated, "evaluation", "csv", Sought(search="nowhere"))
    with pytest.raises(InputError, match="no such format"):
        export_answers(evaluated, "evaluation", "exe")
    with pytest.raises(NotFoundError):
        export_answers(evaluated, "gone", "csv")


@pytest.mark.parametrize(
    "sought", [Sought(order="x"), Sought(wanted="x"), Sought(number=Number(measure="x", state="yes"))]
)
def test_what_cannot_be_asked_is_a_sentence(evaluated: Services, sought: Sought) -> None:
    with pytest.raises(InputError):
        answers_page(evaluated, "evaluation", sought, 0)
