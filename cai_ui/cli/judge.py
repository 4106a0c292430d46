"""`judge`: a judge on answers that people labelled, before it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli.command import Progress, command, opened
from cai_ui.cli.flags import Arguments
from cai_ui.cli.grades import find_evaluation
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text
from cai_ui.tables.left_out import lines_words

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands
    from cai_ui.pipeline.compare.judge_check import JudgeCheck
    from cai_ui.records import Rate
    from cai_ui.statistics.agreement import Agreement


def add(commands: Commands) -> None:
    group = commands.add_parser("judge", help="models that judge answers: check one against people's labels")
    actions = group.add_subparsers(required=True, metavar="ACTION")
    check = command(actions, "check", _judge_check, "how far a judge agrees with people's labels")
    held = "as Curate imports it: a better and a worse answer, or one and its label; also prompt, corrects, incorrects"
    check.add_argument("file", type=Path, nargs="?", help=held)
    check.add_argument("--grades", metavar="EVALUATION",
                       help="in place of a file: people's grades of this evaluation (its id, or `latest`)")  # fmt: skip
    check.add_argument("--judge", default="", help="address of the judge, or an adapter (default: the loaded model)")
    rubrics = ["pairs", "refusal", "harmfulness", "helpfulness", "evasiveness"]
    check.add_argument("--rubric", choices=rubrics, help="what it is asked (default: pairs; refusal with --grades)")
    check.add_argument("--instruction", help="under which pairs are compared")
    check.add_argument("--rationale", action="store_true", help="let it reason before its verdict")
    rule = "COLUMN=VALUE"
    first = "of two answers, the first is the better one where this label says so (may be repeated)"
    check.add_argument("--good", metavar=rule, action="append", default=[], help=first)
    check.add_argument("--other", metavar=rule, action="append", default=[], help="of two answers, the second is")
    check.add_argument("--most", type=int, default=0, help="at most so many of the file (default: 0, all)")
    check.add_argument("--json", action="store_true", help="print the whole result as JSON")


def _judge_check(parsed: Arguments) -> int:
    from cai_ui.curate.label_columns import check_rules, rule
    from cai_ui.pipeline.compare import judge_check
    from cai_ui.records import to_dict

    rules = [rule(text, "good") for text in parsed.good] + [rule(text, "other") for text in parsed.other]
    check_rules(rules)
    if parsed.most < 0:
        raise InputError("--most is a number from 0.", next_step="Leave it out, or write 0, to ask about all.")
    if (parsed.file is None) == (parsed.grades is None):
        raise InputError("There is nothing to check on, or too much.", next_step="Give a FILE, or --grades latest.")
    if rules and (parsed.grades is not None or parsed.rubric not in (None, "pairs")):
        raise InputError(
            "--good and --other are for files of pairs.", next_step="Leave them out, or ask for --rubric pairs."
        )
    with opened(parsed, judge=parsed.judge if "/" in parsed.judge else "") as services:
        if parsed.grades is not None:
            evaluation = find_evaluation(services.store, parsed.grades)
            rubric = parsed.rubric or "refusal"
            steps = judge_check.check_judge_on_grades(
                services, evaluation.id, parsed.judge, rubric, rationale=parsed.rationale
            )
        else:
            steps = judge_check.check_judge(
                services, parsed.file, parsed.judge, parsed.rubric or "pairs", most=parsed.most,
                instruction=parsed.instruction or judge_check.INSTRUCTION, rules=rules, rationale=parsed.rationale,
            )  # fmt: skip
        last, progress = None, Progress()
        for last in steps:
            progress.show(last.done, last.total)
    if last is None or last.result is None:
        return 0
    print(json_text(to_dict(last.result)) if parsed.json else "\n".join(_lines(last.result)))
    return 0


def _lines(result: JudgeCheck) -> list[str]:
    from cai_ui.pipeline.judges import NOT_BETTER, Standing
    from cai_ui.records import to_dict

    found, used = result.check, result.judge
    reasoned = ", reasoning first" if used.reasoned else ""
    lines = [
        f"{used.name} (weights {used.weights[:8]}), {used.rubric} (version {used.version}{reasoned}), on {found.asked} "
        f"of {result.file}"
    ]
    lines.append(f"agreement with people: {_share(found.agreement)}")
    if result.kappa is not None:
        why = f": {result.kappa.why}" if result.kappa.why else ""
        lines.append(f"Cohen's kappa: {_number(result.kappa.value)}{_interval(result.kappa)}{why}")
    if Standing(used, to_dict(result)).is_no_better_than_chance:
        lines.append(NOT_BETTER)
    lines.append(f"invalid: {_share(found.invalid)}")
    lines += [f"  {'once' if number == 1 else f'{number} times'}: {reason}" for reason, number in found.reasons]
    if found.flipped is not None:
        lines.append(f"verdict follows the position: {_share(found.flipped)}, order bias {_number(found.order_bias)}")
        lines.append(f"ties: {found.ties}")
    lines.append(f"calibration error: {_number(found.calibration_error)}, Brier score {_number(found.brier)}")
    for reason, number in result.left_out.items():
        lines.append(f"left out, {reason}: {number}{lines_words(number, result.lines.get(reason, ()))}")
    return lines


def _share(rate: Rate) -> str:
    return f"{_number(rate.value)}{_interval(rate)}, {rate.successes} of {rate.total}"


def _interval(found: Rate | Agreement) -> str:
    return "" if found.low is None else f" ({found.low:.2f} to {found.high:.2f})"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"
