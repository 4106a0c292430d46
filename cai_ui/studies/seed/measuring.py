"""All variants of a study, measured: the same prompts, other prompt formats, the adapter off, likelihoods.

Answers and scores are kept as lines as they come; what is there is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cai_ui.compare import likelihood
from cai_ui.compare.evaluation import evaluate, summarise
from cai_ui.compare.variants import choose
from cai_ui.config.compare import CompareSettings
from cai_ui.pipeline.compare.comparison import engine_variants
from cai_ui.pipeline.progress import StudyProgress
from cai_ui.pipeline.readers import reader_for
from cai_ui.readers import Reader
from cai_ui.records import Evaluation, Prompt
from cai_ui.store.encoding import batches
from cai_ui.studies.seed.stages import Stages

FORMATS = ("human-assistant", "bare")
"""Asked beside the model's own chat template, of the base and of the first variant that is trained."""
REMOVED = 20
"""Prompts that this variant is asked with its adapter off."""
_TOGETHER = 12


class Measuring:
    """The measures of a study whose adapters are there."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._folder = stages.folder
        self._plan = stages.plan
        self._names = {variant: stages.adapter(variant) for variant in self._plan.variants}

    def measure(self) -> Iterator[StudyProgress]:
        """Everything, in the order of what matters most; nothing more after a stop."""
        measured, variants = self._plan.measured, self._plan.variants
        yield from self._ask("answers", variants, measured, "all variants asked")
        yield from self._likelihoods()
        harmful = [prompt for prompt in measured if prompt.kind == "harmful"]
        for format in FORMATS:
            yield from self._ask(
                f"format-{format}", variants[:2], harmful, f"prompt format {format}", chat_format=format
            )
        yield from self._ask("adapter-off", variants[1:2], measured[:REMOVED], "the adapter switched off", strength=0.0)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Kept answers, with the variant called as in the study."""
        titles = {adapter: variant for variant, adapter in self._names.items()}
        return [{**row, "variant": titles[row["variant"]]} for row in self._folder.rows(name)]

    @property
    def reader(self) -> Reader:
        """What reads all answers of the study."""
        return reader_for(self._stages.engine, self._plan.measured)

    def evaluation(self) -> Evaluation:
        """All answers to the measured prompts as an evaluation of the workspace, for grading on the page."""
        known = self._folder.value("evaluation")
        if known is not None:
            return self._stages.services.store.evaluation(known["id"])
        variants = choose(engine_variants(self._stages.engine), list(self._names.values()))
        made = summarise(variants, self._folder.rows("answers"), self._settings(), self.reader)
        self._stages.services.store.save_evaluation(made)
        self._folder.keep("evaluation", {"id": made.id})
        return made

    def _settings(self, **changes: Any) -> CompareSettings:
        settings = self._plan.settings
        return CompareSettings(
            per_kind=min(settings.per_kind, 1000), max_new_tokens=settings.answer_tokens, seed=settings.seed, **changes
        )

    def _ask(
        self, name: str, variants: Sequence[str], prompts: Sequence[Prompt], stage: str, **changes: Any
    ) -> Iterator[StudyProgress]:
        there = {row["prompt_id"] for row in self._folder.rows(name)}
        left = [prompt for prompt in prompts if prompt.id not in there]
        chosen = choose(engine_variants(self._stages.engine), [self._names[variant] for variant in variants])
        total, done = len(prompts), len(prompts) - len(left)
        yield StudyProgress(stage, done, total)
        for chunk in batches(left, _TOGETHER):
            settings = self._settings(**changes)
            *_, last = evaluate(self._stages.engine, chosen, chunk, self.reader, settings, self._stages.stop)
            if last.evaluation is None:  # stopped
                return
            self._folder.add(name, last.evaluation.rows)
            done += len(chunk)
            yield StudyProgress(stage, done, total)

    def _likelihoods(self) -> Iterator[StudyProgress]:
        """Each variant's log-probabilities of held-out helpful answers, and of answers that the base drew itself."""
        _, references = self._stages.helpful()
        settings = self._plan.settings
        requests = likelihood.to_draw(references, settings.seed, settings.answer_tokens)
        yield from self._stages.ask("drawn", requests, "answers drawn from the base")
        drawn = [row["text"] for row in self._folder.rows("drawn")]
        there = {row["variant"] for row in self._folder.rows("scores")}
        stage = "likelihood of helpful answers"
        for number, (variant, adapter) in enumerate(self._names.items()):
            yield StudyProgress(stage, number, len(self._names))
            if self._stages.stopped:
                return
            if variant in there:
                continue
            asked = likelihood.to_score(references, drawn, adapter)
            scores = dict(self._stages.engine.score_many(asked, self._stages.stop))
            if self._stages.stopped:
                return
            told = [likelihood.told(scores[place]) for place in range(len(asked))]
            self._folder.add("scores", [{"variant": variant, "scores": told}])
        yield StudyProgress(stage, len(self._names), len(self._names))
