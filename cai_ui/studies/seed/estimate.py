"""What a seed study will cost before it starts: model calls, tokens, and time by a trial of some seconds.

Tokens are upper bounds: answers end where the model ends them. A trained token is taken for three read ones (forward
and backward), in DPO twice, since a pair is two answers, and once more for the reference.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from cai_ui.config.answers import Sampling
from cai_ui.engine.interface import Engine, Request, ScoreRequest
from cai_ui.records import Message
from cai_ui.studies.seed.measuring import FORMATS, REMOVED
from cai_ui.studies.seed.plan import ALONE, RUNS, SeedPlan
from cai_ui.studies.seed.stages import Stages, undrafted

SURE = 2.0
"""The true time is expected between the estimate divided and multiplied by this."""
_ROWS, _TOKENS = 8, 24
_TRAINED = {"sft": 3.0, "dpo": 7.0}


@dataclass(frozen=True)
class Part:
    """One stage: calls of the model, tokens it writes and reads at most, and seconds."""

    stage: str
    calls: int
    written: int
    read: int
    seconds: float


@dataclass(frozen=True)
class Pace:
    """Tokens a second, in a batch."""

    written: float
    read: float


def pace(engine: Engine, plan: SeedPlan) -> Pace:
    """Measured with a few requests of the plan."""
    talks = [prompt.turns for prompt in plan.measured[:_ROWS]]
    sampling = Sampling(temperature=1.0, max_new_tokens=_TOKENS)
    engine.generate([Request(talk, sampling) for talk in talks[:1]])  # the first one also warms up
    began = time.monotonic()
    answers = engine.generate([Request(talk, sampling, adapter="base") for talk in talks])
    middle = time.monotonic()
    text = "This sentence is read to see how fast the model reads it. " * 8
    asked = [ScoreRequest((Message("user", str(n)),), (text,)) for n in range(_ROWS)]
    found = [scores for _, scores in engine.score_many(asked) if isinstance(scores, tuple)]
    read = sum(scores[0].tokens for scores in found)
    written = sum(answer.tokens for answer in answers)
    return Pace(max(1, written) / (middle - began), max(1, read) / (time.monotonic() - middle))


def parts(stages: Stages, pace: Pace) -> list[Part]:
    """What is left to do of each stage; nothing of those that are finished."""
    plan, folder = stages.plan, stages.folder
    longest, most = plan.sampling.max_new_tokens, plan.settings.answer_tokens
    found = []
    if not folder.value("examples"):
        each = 1 if plan.published else 1 + plan.revision.revisions * (1 + plan.revision.critique)
        done = len(folder.rows("drafts" if plan.published else "chains"))
        asked = len(undrafted(plan)) if plan.published else len(plan.requests)
        left = max(0, asked - done) * each
        found.append(_part("answers, critiques and revisions", left, longest, pace))
    if not plan.references:
        left = plan.settings.helpful + plan.settings.references - len(folder.rows("helpful"))
        found.append(_part("helpful answers of its own", max(0, left), longest, pace))
    found += [part for variant in plan.trained if (part := _training(stages, variant, pace))]
    left = len(plan.measured) - len({row["prompt_id"] for row in folder.rows("answers")})
    found.append(_part("all variants asked", left * len(plan.variants), most, pace))
    harmful = sum(prompt.kind == "harmful" for prompt in plan.measured)
    left = sum(harmful - len({row["prompt_id"] for row in folder.rows(f"format-{format}")}) for format in FORMATS)
    off = min(REMOVED, len(plan.measured)) - len(folder.rows("adapter-off"))
    found.append(_part("other prompt formats, adapter off", left * len(plan.variants[:2]) + off, most, pace))
    if len(folder.rows("scores")) < len(plan.variants):
        count = plan.settings.references
        read = 2 * len(plan.variants) * count * most
        seconds = count * most / pace.written + read / pace.read
        found.append(Part("likelihoods", (1 + len(plan.variants)) * count, count * most, read, seconds))
    return [part for part in found if part.calls]


def cost_text(key: str, parts: list[Part]) -> str:
    """What is left to do of a study, stage by stage and in all."""
    lines = [f"Study {key}. Left to do, at most:"]
    for part in parts:
        tokens = part.written + part.read
        lines.append(f"  {part.stage}: {part.calls:,} calls, {tokens:,} tokens, about {_time(part.seconds)}")
    seconds = sum(part.seconds for part in parts)
    calls, tokens = sum(part.calls for part in parts), sum(part.written + part.read for part in parts)
    lines.append(
        f"  all: {calls:,} calls, {tokens:,} tokens, about {_time(seconds)} "
        f"(likely between {_time(seconds / SURE)} and {_time(seconds * SURE)})"
    )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _part(stage: str, calls: int, tokens: int, pace: Pace) -> Part:
    return Part(stage, calls, calls * tokens, 0, calls * tokens / pace.written)


def _training(stages: Stages, variant: str, pace: Pace) -> Part | None:
    run, plan = stages.run(variant), stages.plan
    if run is not None and run.state == "done":
        return None
    settings, method = plan.train(variant), RUNS[variant]
    rows = plan.settings.harmless + (0 if variant == ALONE else plan.settings.helpful)
    steps = settings.max_steps or settings.epochs * rows / (settings.batch_size * settings.accumulation)
    answer = min(settings.max_length, plan.sampling.max_new_tokens + 40)
    tokens = round(steps * settings.batch_size * settings.accumulation * answer)
    return Part(f"training {variant}", max(1, round(steps)), 0, tokens, _TRAINED[method] * tokens / pace.read)
