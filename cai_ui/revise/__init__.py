"""Critique and revision: a draft, then rounds of critique and revision, each under chosen principles.

In: an engine, a trace that holds the conversation (and maybe steps already made), a constitution and
settings. Out: events as the text comes, each with the trace as it then stands. Knows nothing of storage
or the page. The method is that of Bai et al. 2022, section 3.1; the chain is one growing conversation.

    planning  what comes next        choosing  which principles      chain   one chain, streaming
    batch     many chains            editing   cut, edit, judge      effects what each step did
    few_shot  few-shot examples        replay    the same again?       report  a trace to read
"""

from cai_ui.revise.batch import BATCH_SIZE, ChainFailure, revise_batch
from cai_ui.revise.chain import StepEvent, as_prompt, new_trace, plan_next, revise
from cai_ui.revise.critiques import read_critique
from cai_ui.revise.editing import branch, cut, edited, ended_early, flaw, labelled, to_example
from cai_ui.revise.effects import LABELS, computed_labels, labels_of
from cai_ui.revise.few_shot import few_shot_of, leaked_example
from cai_ui.revise.planning import PlannedStep, longest, next_step, step_seed
from cai_ui.revise.replay import Difference, Replay, replay
from cai_ui.revise.report import step_titles, trace_html, trace_markdown

__all__ = [
    "BATCH_SIZE",
    "LABELS",
    "ChainFailure",
    "Difference",
    "PlannedStep",
    "Replay",
    "StepEvent",
    "as_prompt",
    "branch",
    "computed_labels",
    "cut",
    "edited",
    "ended_early",
    "few_shot_of",
    "flaw",
    "labelled",
    "labels_of",
    "leaked_example",
    "longest",
    "new_trace",
    "next_step",
    "plan_next",
    "read_critique",
    "replay",
    "revise",
    "revise_batch",
    "step_seed",
    "step_titles",
    "to_example",
    "trace_html",
    "trace_markdown",
]
