"""Frozen records that the stages hand to one another, and their content hashes.

A record never changes; an edit makes a new one. Every record names its parents by hash or id, so a
bad answer in a comparison can be walked back to the principle behind it:
answer -> adapter -> run -> dataset -> example -> decision -> trace -> constitution version.

One file for each stage; whoever needs a record imports it from here. Knows nothing of storage, models or the page.
Times are ISO 8601 in UTC and never part of a hash.
"""

from __future__ import annotations

from cai_ui.records.answers import Answer, Finish, Provenance
from cai_ui.records.comparison import (
    Evaluation,
    EvaluationInfo,
    Grade,
    JudgeUsed,
    MadeWith,
    Rate,
    VariantResult,
    Vote,
)
from cai_ui.records.constitutions import (
    Constitution,
    ConstitutionDraft,
    ConstitutionVersion,
    DraftChange,
    FewShot,
    Principle,
)
from cai_ui.records.datasets import Dataset, DatasetInfo, PreferencePair, TrainingExample, sources_of
from cai_ui.records.examples import Decision, Example, Remarks, Span, SpanPart, Verdict, make_example
from cai_ui.records.hashing import canonical_json, content_hash, to_dict
from cai_ui.records.prompts import Message, Prompt, PromptKind, PromptSet, Role, SetPrompt
from cai_ui.records.raters import Gold, Guidelines, Judged, RaterSettings
from cai_ui.records.runs import BASE, GOING_ON, NOT_OVER, RESUMABLE, WAITING, AdapterInfo, Run, RunState
from cai_ui.records.traces import Step, StepKind, Trace

__all__ = [
    "BASE",
    "GOING_ON",
    "NOT_OVER",
    "RESUMABLE",
    "WAITING",
    "AdapterInfo",
    "Answer",
    "Constitution",
    "ConstitutionDraft",
    "ConstitutionVersion",
    "Dataset",
    "DatasetInfo",
    "Decision",
    "DraftChange",
    "Evaluation",
    "EvaluationInfo",
    "Example",
    "FewShot",
    "Finish",
    "Gold",
    "Grade",
    "Guidelines",
    "JudgeUsed",
    "Judged",
    "MadeWith",
    "Message",
    "PreferencePair",
    "Principle",
    "Prompt",
    "PromptKind",
    "PromptSet",
    "Provenance",
    "Rate",
    "RaterSettings",
    "Remarks",
    "Role",
    "Run",
    "RunState",
    "SetPrompt",
    "Span",
    "SpanPart",
    "Step",
    "StepKind",
    "Trace",
    "TrainingExample",
    "VariantResult",
    "Verdict",
    "Vote",
    "canonical_json",
    "content_hash",
    "make_example",
    "sources_of",
    "to_dict",
]
