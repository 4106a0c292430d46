"""Every number opens exactly the answers that it counts; paired tests; the files for other programs."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cai_ui.compare.answer_files import FORMS
from cai_ui.compare.answer_table import AnswerTable, Number, number_of
from cai_ui.compare.evaluation import result_of
from cai_ui.compare.paired import against_other, paired_tests, results_in
from cai_ui.errors import InputError
from cai_ui.readers import Outcome, complied, good, refused
from cai_ui.records import Evaluation

HARSH = '=cmd|"/C calc"!A1 <script>alert(1)</script>\u2028{0}\0'
KINDS = ("harmful", "helpful", "twin", "unknown")


def rows(count: int = 40, seed: int = 3) -> list[dict[str, Any]]:
    """Three models on requests of all kinds; outcomes drawn, also unread and broken ones."""
    chance = random.Random(seed)
    return [_row(n, variant, chance.choice(list(Outcome))) for n in range(count) for variant in ("base", "a", "b")]


def _row(n: int, variant: str, outcome: Outcome) -> dict[str, Any]:
    kind: Any = KINDS[n % 4]
    return {
        "prompt_id": f"p{n}", "prompt": f"{'word ' * (n * 2)}{HARSH}", "kind": kind, "topic": ("", "theft")[n % 2],
        "set": f"s{n % 3}", "earlier": "", "variant": variant, "answer": f"Answer {n} {HARSH}", "finish": "end",
        "tokens": 5 + n, "adapter_hash": None, "outcome": str(outcome), "reason": "because",
        "complied": complied(outcome), "refused": refused(outcome),
        "helped": good(kind, outcome) if kind in ("helpful", "twin") else None,
    }  # fmt: skip


def results(made: list[dict[str, Any]]) -> list[Any]:
    cells = dict.fromkeys((row["variant"], row["kind"]) for row in made)
    return [result_of([r for r in made if (r["variant"], r["kind"]) == cell], None) for cell in cells]


def test_a_number_opens_as_many_answers_as_it_says() -> None:
    made = rows()
    table = AnswerTable(made)
    for part in (None, *table.parts()):
        inside = made if part is None else [r for n, r in enumerate(made) if table.where(part=part)[n]]
        for found in results(inside):
            for measure in ("complied", "helped", "refused"):
                rate = getattr(found, measure)
                if rate.total or rate.unread:
                    for state, count in (("yes", rate.successes), ("counted", rate.total), ("neither", rate.unread)):
                        number = Number(found.variant, found.kind, measure, state, part=part)
                        assert int(table.where(number=number_of(number.text)).sum()) == count
            for outcome, count in found.outcomes.items():
                number = Number(found.variant, found.kind, outcome=outcome, part=part)
                mask = table.where(number=number)
                assert int(mask.sum()) == count
                assert {made[place]["outcome"] for place in np.flatnonzero(mask)} == {outcome}


def test_shares_by_columns_are_those_by_rows() -> None:
    made = rows()
    table = AnswerTable(made)
    for part in table.parts():
        inside = [r for n, r in enumerate(made) if table.where(part=part)[n]]
        key = lambda one: (one.variant, one.kind)  # noqa: E731
        assert sorted(results_in(table, part), key=key) == sorted(results(inside), key=key)


def test_paired_tests_count_each_request_once_and_open_their_answers() -> None:
    made = rows(80)
    table = AnswerTable(made)
    tests = paired_tests(table)
    assert len(tests) == 3 * 4 and {test.measure for test in tests} == {"complied", "helped", "refused"}
    for test in tests:
        assert test.pairs + test.left_out == 20
        by = {v: {r["prompt_id"]: r[test.measure] for r in made if (r["variant"], r["kind"]) == (v, test.kind)}
              for v in (test.first, test.second)}  # fmt: skip
        only = [p for p, did in by[test.first].items() if did is True and by[test.second][p] is False]
        assert test.only_first == len(only)
        number = Number(test.first, test.kind, test.measure, "yes", against=test.second)
        assert [made[n]["prompt_id"] for n in np.flatnonzero(table.where(number=number))] == only
        assert test.p_holm is None or test.p is None or test.p_holm >= test.p


def test_two_evaluations_are_compared_on_the_requests_that_both_asked() -> None:
    one, other = AnswerTable(rows(40)), AnswerTable([row for row in rows(60, seed=4) if row["variant"] != "b"])
    tests = against_other(one, other)
    assert {test.first for test in tests} == {"base", "a"} and all(test.pairs + test.left_out == 10 for test in tests)
    assert against_other(one, AnswerTable([])) == ()
    alike = against_other(one, one)
    assert all((test.p, test.difference.value) in ((None, 0.0), (None, None)) for test in alike)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"state": "x"}', '{"variant": 1}', '{"part": ["a"]}', '{"more": "a"}', "[" * 9000]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no number"):
        number_of(text)
    assert number_of("") is None and number_of(None) is None


def test_orders() -> None:
    table = AnswerTable(rows())
    every = table.where()
    assert table.requests(every, "longest")[0] == 39 and table.requests(every, "shortest")[0] == 0
    first = table.places_of(table.requests(every, "differ")[:1])[0]
    assert len({table.outcome_at(place) for place in first}) == 3


def evaluated(made: list[dict[str, Any]]) -> Evaluation:
    settings = {"sets": HARSH, "seed": 1}
    return Evaluation("e" * 32, tuple(results(made)), (), settings, "rules", "2026-11-28T22:37:08.778520+00:00")


def inspect_logs(made: list[dict[str, Any]], folder: Path) -> list[Path]:
    with zipfile.ZipFile(io.BytesIO(FORMS["inspect"].write(evaluated(made), made, {"a": HARSH}))) as archive:
        archive.extractall(folder)
        return [folder / name for name in archive.namelist()]


def test_inspect_lists_every_log_and_takes_no_two_for_one(tmp_path: Path) -> None:
    """It listed none of them, and its tables had the answers of one model only."""
    paths = inspect_logs(rows(8), tmp_path)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_[a-z-]+_[0-9a-z-]+\.json$", path.name) for path in paths)
    logs = [json.loads(path.read_bytes()) for path in paths]
    assert len({log["eval"]["eval_id"] for log in logs}) == len({log["eval"]["task_id"] for log in logs}) == 3
    assert len({sample["uuid"] for log in logs for sample in log["samples"]}) == 24
    assert logs[0]["eval"]["dataset"]["name"] == "s0, s1, s2", "and not what the settings say where a file was asked"


def test_inspect_reads_what_was_written(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log")
    made = rows(8)
    inspect_logs(made, tmp_path)
    found = {one.eval.model: one for one in map(log.read_eval_log, log.list_eval_logs(str(tmp_path)))}
    assert set(found) == {"cai/base", f"cai/{HARSH}", "cai/b"}
    for model, variant in (("cai/base", "base"), (f"cai/{HARSH}", "a")):
        read = [(one.input, one.output.completion, one.scores["outcome"].value) for one in found[model].samples]
        assert read == [(r["prompt"], r["answer"], r["outcome"]) for r in made if r["variant"] == variant]


def test_hostile_text_in_every_file() -> None:
    made = rows(8)
    evaluation = evaluated(made)
    files = {form: FORMS[form].write(evaluation, made, {"a": HARSH}) for form in FORMS}
    table = list(csv.DictReader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    assert len(table) == 24 and "\0" not in table[0]["answer"]
    assert all(not row["prompt"].startswith("=") for row in table), "no formula"
    lines = [json.loads(line) for line in files["jsonl"].decode().splitlines()]
    assert [line["answer"] for line in lines] == [row["answer"] for row in made]
    pairs = json.loads(files["comparator"])
    assert [model["name"] for model in pairs["models"]] == ["base", HARSH] and len(pairs["examples"]) == 8
    for pair in pairs["examples"]:
        assert set(pair) == {
            "input_text", "tags", "output_text_a", "output_text_b", "score", "individual_rater_scores",
            "custom_fields",
        }  # fmt: skip
        assert pair["score"] in (-1, 0, 1, None)
    with zipfile.ZipFile(io.BytesIO(files["inspect"])) as archive:
        assert len(archive.namelist()) == 3
        log = json.loads(archive.read(archive.namelist()[1]))
    assert log["version"] == 2 and log["status"] == "success" and len(log["samples"]) == 8
    assert log["samples"][0]["messages"][-1]["content"] == made[1]["answer"]
    assert {sample["scores"]["outcome"]["value"] for sample in log["samples"]} <= set(Outcome)


def test_one_model_is_no_comparison() -> None:
    alone = [row for row in rows(4) if row["variant"] == "base"]
    with pytest.raises(InputError, match="two models"):
        FORMS["comparator"].write(Evaluation("e", (), (), {}, "rules"), alone, {})
