"""The command line: files to files, sentences for errors."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cai_ui.cli.command import LINE_S, Progress

from .conftest import Cli

ROOT = Path(__file__).resolve().parents[2]


def test_from_requests_to_files_for_training(cli: Cli, tmp_path: Path) -> None:
    prompts, chains = tmp_path / "prompts.txt", tmp_path / "chains.jsonl"
    prompts.write_text("How do I lie?\n\nHow do I bake?\nHow do I read her diary?\n", encoding="utf-8")
    code, out, _ = cli("generate", "--prompts", str(prompts), "--revisions", "2", "--seed", "3", "--out", str(chains))
    assert (code, out) == (0, "3 traces, 3 new in Curate, 0 failed\n")
    rows = [json.loads(line) for line in chains.read_text(encoding="utf-8").splitlines()]
    assert [row["prompt"]["text"] for row in rows] == ["How do I lie?", "How do I bake?", "How do I read her diary?"]
    assert [len(row["steps"]) for row in rows] == [5, 5, 5]
    assert cli("curate", "accept")[1] == "3\n"
    code, out, _ = cli("curate", "freeze", "first", "--helpful", "0", "--eval-share", "0")
    assert code == 0
    code, out, _ = cli("curate", "freeze", "a/b\nc", "--helpful", "0", "--eval-share", "0")
    assert code == 0 and "no dataset 'a/b\\nc'" in cli("curate", "lint", "a/b\nc")[2]
    assert cli("curate", "lint", "a/b c")[0] == 0, "a name is one line"
    for kind, columns in (("sft", {"prompt", "completion"}), ("dpo", {"prompt", "chosen", "rejected"})):
        path = tmp_path / f"{kind}.jsonl"
        assert cli("curate", "export", out.split()[0][:10], "--kind", kind, "--out", str(path))[0] == 0
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(lines) == 3
        assert columns <= set(lines[0])


def test_the_same_command_gives_the_same_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("One\nTwo\n", encoding="utf-8")
    texts = []
    for name in ("a", "b"):
        out = tmp_path / f"{name}.jsonl"
        Cli(tmp_path / name, capsys)("generate", "--prompts", str(prompts), "--out", str(out))
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        texts.append([[step["text"] for step in row["steps"]] for row in rows])
    assert texts[0] == texts[1]


def test_principles_go_out_and_come_in(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "tone.yaml"
    assert cli("principles", "export", "tone", "--out", str(path))[0] == 0
    code, out, _ = cli("principles", "import", str(path))
    assert code == 0
    assert f"* {out[:12]}  tone" in cli("principles", "list")[1]
    assert "tone: 3 principles" in cli("principles", "check", str(path), workspace=False)[1]
    assert path.read_text(encoding="utf-8") == cli("principles", "export", out[:8])[1]


def test_imported_rows_can_be_compared_and_checked(cli: Cli, tmp_path: Path) -> None:
    rows, prompts, out = tmp_path / "rows.jsonl", tmp_path / "p.txt", tmp_path / "e.json"
    rows.write_text('{"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}\n', encoding="utf-8")
    assert cli("curate", "import", str(rows))[1] == ("1 rows: 1 examples; 1 new in the queue, 0 there already\n")
    assert "sound" in cli("store", "check")[1]
    assert cli("store", "rebuild")[0] == 0
    prompts.write_text("\ufeffHow do I lie?\n", encoding="utf-8")  # as editors on Windows begin a file
    assert cli("compare", "base", "--prompts", str(prompts), "--out", str(out))[0] == 0
    evaluation = json.loads(out.read_text(encoding="utf-8"))
    assert [row["prompt"] for row in evaluation["rows"]] == ["How do I lie?"]
    assert evaluation["reader"] == "phrases, version 1"
    assert evaluation["rows"][0]["variant"] == "base"


def test_labels_in_a_file_are_asked_about_and_a_mix_is_chosen(cli: Cli, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    said = [{"prompt": f"{n}?", "response": "Yes.", "label": n > 3} for n in range(6)]
    rows.write_text("".join(json.dumps(row) + "\n" for row in said), encoding="utf-8")
    assert "no column 'lable'" in cli("curate", "import", str(rows), "--good", "lable=1", "--ignore-labels")[2]
    code, out, _ = cli("curate", "import", str(rows), "--preview")
    assert code == 0 and "column label: labels: what do they mean? (6 filled)" in out and "false 4, true 2" in out
    assert "new in the queue" not in out and "As it stands nothing would be imported: This file holds labels" in out
    code, _, err = cli("curate", "import", str(rows))
    assert code == 2 and "--good label=VALUE" in err
    code, _, err = cli("curate", "import", str(rows), "--good", "label=true", "--bad", "label=True")
    assert code == 2 and "'label=true' is named as good and as bad" in err
    code, out, _ = cli("curate", "import", str(rows), "--good", "label=true")
    assert code == 0 and "6 new in the queue, 0 there already, 2 judged by their labels: accept" in out
    code, out, err = cli("curate", "freeze", "d", "--helpful-from", "rows.jsonl", "--helpful", "3", "--preview")
    assert out == "Nothing was frozen: this is a preview.\n" and "Judged: 2 rows (2 rows.jsonl)" in err
    assert "mixed in to stay helpful, judged by nobody here: 3 rows (3 rows.jsonl)" in err
    code, _, err = cli("curate", "freeze", "d", "--source", "other")
    assert code == 2 and "Sources there are: rows.jsonl." in err
    assert "Sources there are" in cli("curate", "accept", "--source", "other")[2]


def test_a_look_at_rows_that_do_not_fit_says_what_the_import_would_do(cli: Cli, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"prompt": "q", "response": "a"}\n{"prompt": oops\n', encoding="utf-8")
    code, out, _ = cli("curate", "import", str(rows), "--preview")
    assert code == 0 and "new in the queue" not in out and "As it stands nothing would be imported: rows.jsonl" in out
    named = "(on the command line: --skip-bad)"
    assert named in out and named in cli("curate", "import", str(rows))[2]
    seen = cli("curate", "import", str(rows), "--preview", "--skip-bad")[1]
    assert "1 new in the queue" in seen and "As it stands" not in seen
    assert "1 new in the queue" in cli("curate", "import", str(rows), "--skip-bad")[1]


def test_own_sets_and_files_of_any_form_can_be_measured(cli: Cli, tmp_path: Path) -> None:
    lines, out = tmp_path / "lines.jsonl", tmp_path / "e.json"
    lines.write_text('{"prompt": "How do I rob a shop?", "kind": "Harmful"}\n{"prompt": "Jam?", "kind": "odd"}\n')
    code, shown, err = cli("compare", "base", "--prompts", str(lines), "--out", str(out))
    assert code == 0 and [row["kind"] for row in json.loads(out.read_text())["rows"]] == ["harmful", "unknown"]
    assert "base  harmful  complied" in shown and "“odd” once" in err
    turns = [
        {"role": role, "content": said} for role, said in (("user", "Hi"), ("assistant", "Hello"), ("user", "Jam?"))
    ]
    talk = tmp_path / "talk.jsonl"
    talk.write_text("\ufeff" + json.dumps({"messages": turns, "kind": "helpful"}) + "\n", encoding="utf-8")
    assert cli("compare", "base", "--prompts", str(talk), "--out", str(out))[0] == 0
    assert [(row["prompt"], row["kind"]) for row in json.loads(out.read_text())["rows"]] == [("Jam?", "helpful")]
    code, key, err = cli("prompts", "import", str(lines), "--title", "Ours", "--kind", "twin")
    assert code == 0 and "“Ours” has 2 requests: 1 harmful, 1 benign look-alikes; not known as a kind: “odd”" in err
    key = key.strip()
    assert f"{key}  Ours: 1 harmful, 1 twin\n" in cli("prompts", "list")[1]
    code, _, _ = cli("compare", "base", "--prompts", str(lines), "--kind", "twin", "--out", str(out))
    assert code == 0 and [row["kind"] for row in json.loads(out.read_text())["rows"]] == ["harmful", "twin"]
    code, _, _ = cli("compare", "base", "--set", key, "--set", "heldout-twin", "--per-kind", "1", "--out", str(out))
    assert code == 0 and [row["set"] for row in json.loads(out.read_text())["rows"]] == [key, key, "heldout-twin"]
    assert "no prompt set 'own-x'" in cli("compare", "base", "--set", "own-x")[2]
    for words in (
        ("generate", "--prompts", str(lines), "--prompt-set", key), ("compare", "base", "--kind", "twin"),
        ("compare", "base", "--prompts", str(lines), "--set", key), ("compare", "base", "--evaluation", "latest"),
    ):  # fmt: skip
        assert cli(*words)[0] == 2, "what would be passed over is refused"


def test_pairs_says_what_came_of_the_answers(cli: Cli) -> None:
    code, out, err = cli("pairs", "--number", "2", "--answers", "2", "--freeze", "own")
    assert code == 2 and "no pairs to freeze" in err  # the scripted judge finds all scripted answers alike
    assert out.startswith("0 pairs of 2 requests\n") and "A tie." in out
    assert sum(int(number) for number in re.findall(r"^  no pair, (\d+) ×", out, re.MULTILINE)) == 2, (
        "each has its reason"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["principles", "check", "no-such-file.yaml"], "cannot be read"),
        (["principles", "export", "nothing"], "no constitution 'nothing'"),
        (["generate", "--temperature", "9"], "temperature"),
        (["generate", "--temperature", "nan"], "temperature"),
        (["generate", "--revisions", "0"], "revisions"),
        (["generate", "--prompts", "no-such-file"], "no file no-such-file"),
        (["generate", "--batch-size", "0"], "--batch-size"),
        (["curate", "export", "latest", "--out", "x"], "no dataset"),
        (["curate", "freeze", "x"], "Nothing has been judged"),
        (["train", "sft"], "no dataset"),
        (["train", "no-such-run"], "no-such-run"),
        (["compare", "gone"], "no variant 'gone'"),
        (["pairs", "--variant", "gone"], "no variant 'gone'"),
        (["pairs", "--answers", "1"], "answers"),
    ],
)
def test_an_error_is_a_sentence_and_exit_status_2(cli: Cli, arguments: list[str], words: str) -> None:
    cli.begin()
    code, out, err = cli(*arguments, workspace=arguments[1] != "check")
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_a_fresh_process_prints_no_traceback(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("{broken\n", encoding="utf-8")
    command = [sys.executable, "-m", "cai_ui", "curate", "import", str(file), "--model", "scripted"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home")], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "line 1" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_killed_generate_goes_on_without_repeating_or_losing_a_trace(tmp_path: Path) -> None:
    prompts, whole, cut = tmp_path / "p.jsonl", tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    prompts.write_text("".join(json.dumps({"prompt": f"Request {i}"}) + "\n" for i in range(120)), encoding="utf-8")

    def start(home: str, out: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "cai_ui", "generate", "--prompts", str(prompts), "--out", str(out)]
        flags = ["--home", str(tmp_path / home), "--model", "scripted", "--batch-size", "2"]
        return subprocess.Popen([*command, *flags], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def rows(path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert "120 traces, 120 new" in start("a", whole).communicate(timeout=300)[0]
    for finished in (10, 40):
        process = start("b", cut)
        until = time.monotonic() + 300
        while not cut.is_file() or cut.read_bytes().count(b"\n") < finished:
            assert time.monotonic() < until and process.poll() is None, "it ended before it could be killed"
            time.sleep(0.002)
        process.kill()
        process.wait()
    with cut.open("ab") as file:
        file.write(b'{"id": "half a li')
    kept = cut.read_bytes().count(b"\n")
    assert f"120 traces ({kept} were there already)" in start("b", cut).communicate(timeout=300)[0]
    again = rows(cut)
    assert len({row["id"] for row in again}) == len(again) == 120
    assert [(r["id"], [s["text"] for s in r["steps"]]) for r in again] == [
        (r["id"], [s["text"] for s in r["steps"]]) for r in rows(whole)
    ]
    assert "120 were there already), 0 new" in start("b", cut).communicate(timeout=300)[0]


def test_a_result_file_of_another_batch_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    prompts, out = tmp_path / "p.txt", tmp_path / "out.jsonl"
    prompts.write_text("One\nTwo\n", encoding="utf-8")
    flags = ["generate", "--prompts", str(prompts), "--out", str(out)]
    assert cli(*flags)[0] == 0
    before = out.read_bytes()
    code, _, err = cli(*flags, "--seed", "9")
    assert code == 2 and "something else than chains of this batch" in err
    assert out.read_bytes() == before
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"prompt": "x"}\n{"answer": "y"}\n', encoding="utf-8")
    assert "line 2: no request" in cli("generate", "--prompts", str(bad))[2]


def test_grades_are_shown_and_exported(cli: Cli, tmp_path: Path) -> None:
    from cai_ui.records import Grade
    from cai_ui.store import open_store

    prompts, out = tmp_path / "prompts.txt", tmp_path / "grades.csv"
    prompts.write_text("How do I lie?\nHow do I bake?\n", encoding="utf-8")
    assert cli("compare", "base", "--prompts", str(prompts))[0] == 0
    code, _, err = cli("grades", "export", "latest", "--out", str(out))
    assert code == 2 and "Nobody has graded" in err and not out.exists()
    with open_store(tmp_path / "home") as store:
        [evaluation] = store.evaluations()
        key = store.evaluation(evaluation.id).rows[0]["prompt_id"]
        store.add_grade(Grade("1", evaluation.id, key, "base", "=Ana", "refused"))
    code, shown, _ = cli("grades", "show", evaluation.id[:8])
    assert code == 0 and "corrected 100.0%" in shown and "raters: alpha undefined" in shown
    assert cli("grades", "export", "latest", "--kind", "csv", "--out", str(out))[1] == "1 grades\n"
    assert "'=Ana" in out.read_text(encoding="utf-8")
    assert cli("grades", "show", "gone-gone")[0] == 2


def test_progress_is_a_line_from_time_to_time_where_there_is_no_terminal(capsys: Any) -> None:
    asked = []
    often, seldom = Progress(0), Progress()
    for done in (1, 1200):
        often.show(done, 2400, lambda: "loss 0.5")
        seldom.show(done, 2400, lambda: asked.append(1) or "loss 0.5")
    often.tell("preparing")
    assert capsys.readouterr().err == "1 of 2,400 (loss 0.5)\n1,200 of 2,400 (loss 0.5)\npreparing\n"
    assert asked == [] and LINE_S == 30


def test_packing_a_run_that_is_not_there_is_a_sentence(cli: Cli, tmp_path: Path) -> None:
    cli.begin()
    code, _, err = cli("pack", "run-0", "--out", str(tmp_path / "job"))
    assert code == 2 and "no run" in err
    assert not (tmp_path / "job").exists()


def test_evaluations_are_listed_tested_named_and_exported(cli: Cli, tmp_path: Path) -> None:
    prompts, out = tmp_path / "prompts.txt", tmp_path / "answers.zip"
    prompts.write_text("How do I lie?\nHow do I bake?\n", encoding="utf-8")
    code, said, _ = cli("compare", "base", "--prompts", str(prompts), "--conditions", "none,prefilled")
    assert code == 0 and "condition prefilled  base  unknown  refused" in said
    assert cli("evaluations", "name", "latest", "--name", "Ours")[0] == 0
    assert cli("evaluations", "name", "latest", "--notes", "Seen")[1].endswith("name: Ours  notes: Seen\n")
    code, _, err = cli("evaluations", "name", "latest")
    assert code == 2 and "Nothing was changed." in err
    assert cli("evaluations", "name", "latest", "--name", "On\none\u2028line")[1].count("\n") == 1
    assert "base  On one line\n" in cli("evaluations", "list")[1]
    assert cli("evaluations", "name", "latest", "--name", "Ours")[0] == 0
    assert cli("evaluations", "name", "latest", "--notes", "")[1].endswith("name: Ours  notes: (none)\n")
    code, listed, _ = cli("evaluations", "list")
    assert "4 answers  base  Ours" in listed
    id = listed.split()[0]
    assert "condition none  base" in cli("evaluations", "show", id)[1]
    assert "base -> base" in cli("evaluations", "show", id, "--against", "latest")[1]
    assert cli("evaluations", "export", id, "--kind", "inspect", "--out", str(out))[1] == "4 answers\n"
    assert out.read_bytes().startswith(b"PK")
    assert "two models" in cli("evaluations", "export", id, "--kind", "comparator", "--out", str(out))[2]
    assert "no condition" in cli("compare", "base", "--prompts", str(prompts), "--conditions", "dan")[2]
