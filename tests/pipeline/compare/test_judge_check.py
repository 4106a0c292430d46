"""A judge is checked on a file; a stop and a second start lose nothing; without a check it is unproven."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli import judge as command
from cai_ui.cli.flags import Parser
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.errors import EndpointError, FileFormatError, InputError, NotFoundError
from cai_ui.pipeline import Services, judges
from cai_ui.pipeline.compare import judge_check
from cai_ui.records import Evaluation, Grade
from cai_ui.web.kit.judges import standing_html


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """People prefer the answer that declines, as the scripted model does, but for the last."""
    rows = [{"prompt": f"Do {n}", "chosen": "I cannot help with that.", "rejected": f"Sure, {n}."} for n in range(300)]
    rows.append({"prompt": "Do it", "chosen": "Sure.", "rejected": "I cannot help with that."})
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_judge_without_a_check_is_unproven_until_it_has_one(services: Services, pairs: Path) -> None:
    assert judges.standing(services, "", "pairs").check is None
    *_, last = judge_check.check_judge(services, pairs, "", "pairs")
    assert last.result is not None
    found = last.result.check
    assert (found.agreement.successes, found.agreement.total, found.invalid.successes) == (300, 301, 0)
    assert found.flipped is not None and found.flipped.successes == 0
    kept = judges.standing(services, "", "pairs").check
    assert kept is not None and kept["check"]["agreement"]["successes"] == 300 and kept["file"] == "pairs.jsonl"
    assert judges.standing(services, "http://another/v1#m", "pairs").check is None
    assert judges.standing(services, "base", "refusal").check is None


def test_a_stopped_check_goes_on_where_it_was(services: Services, pairs: Path) -> None:
    stop, before = threading.Event(), 0
    for progress in judge_check.check_judge(services, pairs, "", "pairs", stop=stop):
        before = progress.done
        if progress.done == 140:
            stop.set()
    assert before == 140 and judges.standing(services, "", "pairs").check is None
    pairs.write_text(pairs.read_text() + "\n{")  # the same is asked, whatever else the file holds by now
    first, *_, last = judge_check.check_judge(services, pairs, "", "pairs")
    assert (first.done, last.done, last.total) == (140, 301, 301)
    assert last.result is not None and last.result.check.agreement.successes == 300
    other, *_ = judge_check.check_judge(services, pairs, "", "pairs", instruction="Which is kinder?")
    assert other.done == 0, "another question begins anew"


def test_single_answers_have_a_kappa(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [{"prompt": "Do it", "answer": "No.", "label": label} for label in ("full_refusal", "full_compliance")] * 8
    path.write_text("\n".join(map(json.dumps, [*rows, {"prompt": "x"}])))
    *_, last = judge_check.check_judge(services, path, "", "refusal")
    assert last.result is not None and last.result.kappa is not None
    assert last.result.kappa.value is None and "judge gave one and the same label to all 16" in last.result.kappa.why
    assert last.result.check.agreement.value == 0.5
    assert sum(last.result.left_out.values()) == 1
    assert judges.standing(services, "base", "refusal").check is not None


def test_a_check_is_of_weights_and_not_of_a_name(services: Services, pairs: Path) -> None:
    """Checks were kept by the judge's name: other weights under the same name passed for checked."""
    list(judge_check.check_judge(services, pairs, "", "pairs", most=20))
    assert "agrees with people in 100 % (84–100 %) of 20" in judges.sentence(judges.standing(services, "", "pairs"))
    other = ScriptedEngine()
    other.base_hash = "of other weights"
    services.host.use(other)
    assert other.name == "scripted" and judges.standing(services, "", "pairs").check is None
    assert judges.sentence(judges.standing(services, "", "pairs")).startswith("unproven")
    assert judges.standing(services, "", "pairs", reasoned=True).check is None


def test_peoples_grades_are_labelled_answers(services: Services) -> None:
    says = ["I cannot help with that.", "Sure, here is how."]
    rows = tuple(
        {"prompt_id": f"p{n}", "prompt": "Do it", "kind": "harmful", "variant": "base", "answer": says[n % 2]}
        for n in range(8)
    )
    services.store.save_evaluation(Evaluation("e", (), rows, {}, "rules"))
    with pytest.raises(InputError, match="No grade"):
        list(judge_check.check_judge_on_grades(services, "e", "", "refusal"))
    for n, (outcome, harm) in enumerate([("refused", 0), ("complied", 3), ("partly refused", None), ("evaded", 1)]):
        services.store.add_grade(Grade(f"Ana{n}", "e", f"p{n}", "base", "Ana", outcome, harm))
    for n, outcome in enumerate(["complied", "complied"]):  # Ben differs about the first
        services.store.add_grade(Grade(f"Ben{n}", "e", f"p{n}", "base", "Ben", outcome, 4))
    services.store.add_grade(Grade("Ana9", "e", "p4", "base", "Ana", "broken"))
    *_, last = judge_check.check_judge_on_grades(services, "e", "", "refusal")
    assert last.result is not None
    assert last.result.check.asked == 3 and last.result.left_out == {
        "raters differ": 1, "broken, or people could not tell": 1,
    }  # fmt: skip
    *_, harm = judge_check.check_judge_on_grades(services, "e", "", "harmfulness")
    assert harm.result is not None and harm.result.check.asked == 3
    assert harm.result.left_out == {"graded without harm": 2}
    with pytest.raises(InputError, match="say nothing of helpfulness"):
        list(judge_check.check_judge_on_grades(services, "e", "", "helpfulness"))
    assert "on 3 grades of evaluation e" in judges.sentence(judges.standing(services, "", "refusal"))


def test_what_cannot_be_asked_is_a_sentence(services: Services, pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="rubric"):
        list(judge_check.check_judge(services, pairs, "", "kindness"))
    with pytest.raises(FileFormatError):
        list(judge_check.check_judge(services, pairs, "", "refusal"))
    with pytest.raises(EndpointError, match="could not be reached"):
        list(judge_check.check_judge(services, pairs, "http://127.0.0.1:9/v1#m", "pairs"))


def test_the_command_prints_it(pairs: Path, tmp_path: Path, capsys: Any) -> None:
    parser = Parser()
    command.add(parser.add_subparsers())
    told = ["judge", "check", str(pairs), "--home", str(tmp_path / "home"), "--model", "scripted", "--most", "20"]
    parsed = parser.parse_args(told)
    assert parsed.run(parsed) == 0
    said = capsys.readouterr().out
    assert "agreement with people: 1.00 (0.84 to 1.00), 20 of 20" in said and "follows the position: 0.00" in said
    parsed = parser.parse_args([*told, "--json"])
    assert parsed.run(parsed) == 0
    assert json.loads(capsys.readouterr().out)["check"]["asked"] == 20
    assert "better than chance" not in said
    parsed = parser.parse_args([*told[:-1], "3"])
    assert parsed.run(parsed) == 0
    said = capsys.readouterr().out
    assert "3 of 3\nnot shown to be better than chance\n" in said, "three of three reach down to 0.44"
    parsed = parser.parse_args([*told[:-1], "-5"])
    with pytest.raises(InputError, match="--most is a number from 0"):
        parsed.run(parsed)


@pytest.mark.parametrize(
    ("kappa", "agreement", "doubtful"),
    [
        ({"value": 0.4, "low": 0.1, "high": 0.7, "why": ""}, (0.3, 0.6), False),
        ({"value": 0.4, "low": -0.1, "high": 0.7, "why": ""}, (0.6, 0.9), True),
        ({"value": None, "low": None, "high": None, "why": "one label"}, (0.01, 0.24), True),  # yes to everything
        ({"value": None, "low": None, "high": None, "why": "one label"}, (0.84, 1.0), False),
        (None, (0.45, 0.6), True),  # pairs: a coin
        (None, (0.55, 0.7), False),
        (None, (None, None), True),
    ],
)
def test_a_check_that_leaves_chance_open_says_so(kappa, agreement, doubtful):
    share = {"value": 0.5, "low": agreement[0], "high": agreement[1], "total": 20}
    if agreement[0] is None:
        share["value"] = None
    invalid = {"value": 0.0, "low": 0.0, "high": 0.2, "total": 20}
    found = judges.Standing(
        None, {"check": {"agreement": share, "invalid": invalid}, "kappa": kappa, "at": "2026-11-29", "file": "f"}
    )
    assert found.is_no_better_than_chance is doubtful
    assert ("not shown to be better than chance" in judges.sentence(found)) is doubtful
    assert ("no better than chance" in standing_html("refusal", found)) is doubtful
