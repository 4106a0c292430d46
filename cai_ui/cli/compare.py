"""`compare`: variants measured over the same requests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cai_ui.cli.command import (
    Progress,
    add_kind,
    check_out,
    check_requests,
    command,
    loaded,
    opened,
    read_requests,
    share_words,
    write_text,
)
from cai_ui.cli.evaluations import part_lines
from cai_ui.cli.flags import Arguments, read_flags
from cai_ui.cli.grades import estimate_words, find_evaluation
from cai_ui.config.compare import CompareSettings, JudgeSettings
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text
from cai_ui.records import BASE, Rate, to_dict
from cai_ui.text import there_are

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cai_ui.cli.command import Commands
    from cai_ui.compare.judged import JudgedShare, Mean
    from cai_ui.pipeline import Services
    from cai_ui.pipeline.compare.progress import EvaluationProgress
    from cai_ui.pipeline.judges import Standing
    from cai_ui.records import Evaluation, JudgeUsed, Prompt
    from cai_ui.store import Store


def add(commands: Commands) -> None:
    parser = command(
        commands, "compare", _compare, "measure variants over held-out requests", CompareSettings, JudgeSettings
    )
    parser.add_argument(
        "variants",
        nargs="*",
        help="adapters, by their id or the name of their run; RUN@STEP for what a run kept (default: base and all)",
    )
    parser.add_argument("--set", dest="set_keys", action="append", metavar="KEY", help="prompt set; may be repeated")
    parser.add_argument("--prompts", type=Path, help="in place of sets: a file, as `generate` reads it")
    parser.add_argument("--evaluation", help="ask nothing: have --judge read the answers of this one (id or `latest`)")
    add_kind(parser)
    parser.add_argument("--out", type=Path, help="write the evaluation with all answers as JSON")


def _compare(parsed: Arguments) -> int:
    from cai_ui.compare.answer_table import AnswerTable
    from cai_ui.pipeline.compare.judging import shares_by_judges
    from cai_ui.pipeline.judges import standing_of

    check_requests(parsed, "set_keys")
    if parsed.evaluation is not None and (parsed.variants or parsed.set_keys or parsed.prompts is not None):
        raise InputError("An evaluation that is there has its variants and requests.", next_step="Leave yours out.")
    settings = read_flags(CompareSettings, parsed)
    if parsed.set_keys:
        settings = settings.model_copy(update={"sets": ",".join(parsed.set_keys)})
    judging = read_flags(JudgeSettings, parsed)
    check_out(parsed.out)
    prompts = None if parsed.prompts is None else read_requests(parsed.prompts, parsed.kind)
    with opened(parsed, load=False, judge=judging.judge if "/" in judging.judge else "") as services:
        asked = _asked(parsed, services, settings, judging, prompts)
        named = [find_variant(services.store, name) for name in parsed.variants]
        loaded(services)
        found, progress = "", Progress()
        for step in _steps(asked, named, services, settings, judging):
            progress.show(step.done, step.total, "judging" if step.phase == "judged" else "")
            found = step.evaluation_id or found
        evaluation = services.store.evaluation(found)
        judged = shares_by_judges(services, evaluation)
        standings = {one.judge.id: standing_of(services, one.judge) for one in judged}
    print("\n".join(_lines(evaluation, judged, standings)))
    if settings.conditions or settings.strengths:
        print("\n".join(part_lines(AnswerTable(evaluation.rows))))
    if parsed.out is not None:
        content = json_text(_as_file(evaluation, judged, standings), 1) + "\n"
        write_text(parsed.out, content, kept=f"The evaluation is kept as {evaluation.id[:12]}.")
    return 0


def _asked(
    parsed: Arguments,
    services: Services,
    settings: CompareSettings,
    judging: JudgeSettings,
    prompts: Sequence[Prompt] | None,
) -> str | Sequence[Prompt]:
    """The evaluation whose answers are to be judged, or the requests to ask. What can be refused without the model is
    refused here."""
    from cai_ui.compare.conditions import conditions_of
    from cai_ui.pipeline.compare.judging import rubrics_of
    from cai_ui.pipeline.prompts.measured import prompts_to_measure

    conditions_of(settings)
    if judging.judge:
        rubrics_of(judging)
    if parsed.evaluation is None:
        return prompts or prompts_to_measure(services.store, settings.sets, settings.per_kind, settings.seed)
    if not judging.judge:
        raise InputError("There is no judge to read these answers.", next_step="Name one: --judge base")
    return find_evaluation(services.store, parsed.evaluation).id


def _steps(
    asked: str | Sequence[Prompt],
    named: Sequence[str],
    services: Services,
    settings: CompareSettings,
    judging: JudgeSettings,
) -> Iterator[EvaluationProgress]:
    from cai_ui.pipeline.compare import comparison
    from cai_ui.pipeline.compare.checkpoints import load_checkpoint
    from cai_ui.pipeline.compare.judging import judge_evaluation

    if isinstance(asked, str):
        return judge_evaluation(services, asked, judging)
    variants = named or [variant.name for variant in comparison.variants(services)]
    for name in (name for name in variants if comparison.CHECKPOINT in name):
        load_checkpoint(services, services.engine(), name)
    return comparison.evaluate_prompts(services, variants, asked, settings, judging=judging)


def find_variant(store: Store, named: str) -> str:
    """The adapter's name of a variant, which may be called by the name of its run, or by that, @ and a step of it. What
    is no run's name stays as it is. InputError where several runs have that name."""
    runs = [run for run in store.runs(trashed=False) if run.adapter]
    if named == BASE or any(named == run.adapter for run in runs):
        return named
    for called, step in ((named, ""), named.rpartition("@")[::2]):
        found = [run for run in runs if run.name == called]
        if len(found) > 1:
            known = there_are(run.id for run in found)
            raise InputError(f"{len(found)} runs are called {called[:80]!r}.", next_step=f"Name one by its id. {known}")
        if found:
            return f"{found[0].id}@{step}" if step else str(found[0].adapter)
    return named


def _lines(evaluation: Evaluation, judged: Sequence[JudgedShare], standings: Mapping[str, Standing]) -> Iterator[str]:
    from cai_ui.compare.evaluation import mode_words
    from cai_ui.pipeline.judges import sentence
    from cai_ui.readers.measured import figures_words

    for result in evaluation.results:
        shares = [(name, getattr(result, name)) for name in ("complied", "helped", "refused")]
        said = "  ".join(f"{name} {share_words(rate)}" for name, rate in shares if rate.total or rate.unread)
        answers = ", ".join(f"{count} {outcome}" for outcome, count in result.outcomes.items())
        yield f"{result.variant}  {result.kind}  {said}  ({answers})"
    yield f"read by {evaluation.reader}: {figures_words(evaluation.reader)}"
    yield from filter(None, [mode_words(evaluation.settings)])
    for one in judged:
        invalid = f"; invalid: {', '.join(f'{n} × {why}' for why, n in one.reasons.items())}" if one.reasons else ""
        waiting = f"; {one.waiting} not judged yet" if one.waiting else ""
        corrected = "" if one.corrected is None else f"; {_estimate(one)}"
        name = f"{one.judge.rubric} by {_judge(one.judge)}"
        yield f"{one.variant}  {one.kind}  {name} {found_words(one.found)}{invalid}{waiting}{corrected}"
    for used in {one.judge.id: one.judge for one in judged}.values():
        yield f"judge {_judge(used)}, {used.rubric} (version {used.version}): {sentence(standings[used.id])}"


def _judge(used: JudgeUsed) -> str:
    return f"{used.name}, reasoning first" if used.reasoned else used.name


def _estimate(one: JudgedShare) -> str:
    assert one.corrected is not None
    return estimate_words(one.corrected, ".1%" if isinstance(one.found, Rate) else ".2f")


def _as_file(
    evaluation: Evaluation, judged: Sequence[JudgedShare], standings: Mapping[str, Standing]
) -> dict[str, Any]:
    """The evaluation with what judges see in it; each reader and judge beside its agreement with people."""
    from cai_ui.pipeline.judges import sentence
    from cai_ui.readers.measured import figures_words

    shares = [{**to_dict(one), "check": sentence(standings[one.judge.id])} for one in judged]
    return {**to_dict(evaluation), "reader_agreement": figures_words(evaluation.reader), "judged": shares}


def found_words(found: Rate | Mean) -> str:
    """A share or a mean as a judge sees it."""
    if isinstance(found, Rate):
        return share_words(found)
    if found.value is None or found.low is None or found.high is None:
        return f"undefined ({found.total} read, {found.unread} invalid)"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}] of {found.total}"
