"""What every handler of the page needs, declared once for each; and what nobody but an owner may ask for.

By the room a handler lives in: the right, then the handlers that need it. A handler that is missing here is the owner's
alone, and a test names it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cai_ui.config.experiments import ClustersSettings
from cai_ui.engine.backends.several import is_address
from cai_ui.errors import AccessError
from cai_ui.records.people import Right

LOOK, TRY, LABEL, WORK, OWN = Right

DECLARED: Mapping[str, Mapping[Right, str]] = {
    "web.access": {
        LOOK: "Access.come_in",
    },
    "web.naming": {
        LOOK: "NameRow._signed",
    },
    "background": {
        WORK: "Background.stop",
    },
    "web.compare.ask": {
        LOOK: "AskBox._draw AskBox._idle AskBox._menu AskBox._when_to_reveal",
        TRY: "AskBox._again AskBox._answer AskBox._follow_up",
        LABEL: "AskBox._next",
    },
    "web.compare.capability": {
        LOOK: "CapabilityBox._forget CapabilityBox._found CapabilityBox._line CapabilityBox._menu",
        WORK: "CapabilityBox._keep CapabilityBox.start",
    },
    "web.compare.evaluation": {
        LOOK: "EvaluationBox._menu",
        WORK: "EvaluationBox._start",
    },
    "web.compare.grading": {
        LOOK: "GradingBox._corrected GradingBox._open",
        LABEL: "GradingBox._grade GradingBox._grade_pending GradingBox._undo",
        WORK: "GradingBox._resample",
    },
    "web.compare.judge": {
        LOOK: "JudgeBox._menu JudgeBox._standing",
        WORK: "JudgeBox._check_file JudgeBox._check_grades JudgeBox.read_chosen",
    },
    "web.compare.models": {
        LOOK: "ModelsBox._look ModelsBox._opened AddBox._menu",
        TRY: "ModelsBox._add",
    },
    "web.compare.about": {
        LOOK: "AboutBox._open other_html",
        TRY: "AboutBox._export AboutBox._report",
        WORK: "AboutBox._bundle AboutBox._keep",
    },
    "web.compare.results": {
        LOOK: "ResultsBox._open ResultsBox.menu shares_html",
    },
    "web.compare.rows": {
        LOOK: "RowsBox._all RowsBox._first_page RowsBox._press RowsBox._turn",
    },
    "web.compare.study": {
        LOOK: "StudyBox._menu StudyBox._show",
        WORK: "StudyBox._estimate StudyBox._numbers StudyBox._resume StudyBox._start StudyBox._tables",
    },
    "web.compare.streams": {
        LOOK: "stop_answer",
    },
    "web.compare.further": {
        LOOK: "difference_html",
    },
    "web.compare.votes": {
        LOOK: "BallotBox._analysis BallotBox._end",
        LABEL: "BallotBox._vote votes_file",
    },
    "web.app": {
        LOOK: "_session.<locals>.lead",
    },
    "web.curate.bar": {
        LOOK: "Bar.asking",
        WORK: "Bar.settle",
    },
    "web.curate.agreement": {
        LOOK: "AgreementBox.look",
        WORK: "AgreementBox.keep_share",
    },
    "web.curate.checks": {
        LABEL: "ChecksBox.check",
    },
    "web.curate.datasets": {
        LOOK: "DatasetsBox.lists changes_html",
        WORK: "DatasetsBox.freeze_now DatasetsBox.preview_now export",
    },
    "web.curate.filter_box": {
        LOOK: "FilterBox._forget FilterBox._preview",
        WORK: "FilterBox._decide_all",
    },
    "web.curate.importing": {
        LOOK: "ImportBox.forget",
        WORK: "ImportBox.accept ImportBox.choose ImportBox.download ImportBox.label ImportBox.preview",
    },
    "web.curate.on_policy": {
        LOOK: "OnPolicyBox.variants",
        WORK: "OnPolicyBox.freeze_now OnPolicyBox.start",
    },
    "web.curate.preferences": {
        LOOK: "PreferencesBox._standing",
        WORK: "PreferencesBox.start",
    },
    "web.curate.raters": {
        LOOK: "RatersBox._guidelines RatersBox._progress",
        WORK: "RatersBox._drop_gold RatersBox._keep_share RatersBox._make_gold RatersBox._save",
    },
    "web.curate.table": {
        LOOK: "TableBox.turn",
        LABEL: "TableBox.decide",
    },
    "web.curate.tab": {
        LOOK: "CurateTab._wire_name.<locals>.<lambda> CurateTab.follow CurateTab.look CurateTab.sign CurateTab.step",
        LABEL: "CurateTab.judge CurateTab.judge_pending CurateTab.rebind CurateTab.take_back",
    },
    "web.curate.typed": {
        LABEL: "Typed.keep_draft Typed.keep_remarks Typed.put_back",
    },
    "web.curate.visits": {
        LOOK: "Visits.look_again",
    },
    "web.experiments.tab": {
        LOOK: "ExperimentsTab._choose ExperimentsTab._menu ExperimentsTab._open",
        TRY: "ExperimentsTab._adopt result_file rows_file",
        WORK: "ExperimentsTab._estimate ExperimentsTab._forget ExperimentsTab._resume ExperimentsTab._start",
    },
    "web.header": {
        LOOK: "Header.look",
    },
    "web.kit.follows_model": {
        LOOK: "FollowsModel.look",
    },
    "web.kit.handover": {
        LOOK: "Handover.wire.<locals>.go",
    },
    "web.kit.work": {
        LOOK: "WorkPanel._ending WorkPanel._visit WorkPanel.looks",
        WORK: "WorkPanel._began",
    },
    "web.lineage.tab": {
        LOOK: "LineageTab._address LineageTab._begin LineageTab._go LineageTab._look LineageTab._nearest",
    },
    "web.principles.files": {
        TRY: "FilesBox._export",
    },
    "web.principles.history": {
        LOOK: "HistoryBox._first HistoryBox._menus compare_versions",
    },
    "web.principles.tab": {
        LOOK: "PrinciplesTab._all PrinciplesTab._open PrinciplesTab.find",
        TRY: "PrinciplesTab._change PrinciplesTab._edit_about PrinciplesTab._take_up PrinciplesTab.edit",
        WORK: "PrinciplesTab._edit_notes PrinciplesTab._import PrinciplesTab._save PrinciplesTab._use",
    },
    "web.principles.trial": {
        LOOK: "TrialBox._first TrialBox._menu draw_requests stop_try",
        TRY: "TrialBox._run statistics",
    },
    "web.revise.ask": {
        LOOK: "AskBox._draw AskBox._sets",
        TRY: "AskBox._typed",
        WORK: "AskBox._import",
    },
    "web.revise.batch": {
        LOOK: "BatchBox.wire.<locals>.<lambda>",
        WORK: "BatchBox._start",
    },
    "web.revise.branches": {
        LOOK: "BranchBox._choose BranchBox._open BranchBox.idle",
        TRY: "BranchBox._again BranchBox._edit BranchBox._go_on BranchBox._replay",
        LABEL: "BranchBox._compute BranchBox._label BranchBox._send",
    },
    "web.revise.few_shot": {
        LOOK: "FewShotBox._look FewShotBox.show",
        WORK: ("FewShotBox._add FewShotBox._delete FewShotBox._down FewShotBox._edit FewShotBox._reset FewShotBox._up"),
    },
    "web.revise.format_lab": {
        LOOK: "stop_lab",
        TRY: "FormatBox._run ask_about_human",
    },
    "web.revise.settings": {
        LOOK: "SettingsBox.wire.<locals>.<lambda>",
    },
    "web.revise.stepper": {
        LOOK: "stop_trace",
    },
    "web.revise.tab": {
        LOOK: "ReviseTab._lists ReviseTab._open",
        TRY: "ReviseTab._run",
    },
    "web.revise.traces": {
        LOOK: "TracesBox.listed",
        TRY: "TracesBox._export",
    },
    "web.session": {
        LOOK: "SessionParts._restore",
    },
    "web.start.guided_run": {
        LOOK: "GuidedRunBox._menu GuidedRunBox._standing",
        WORK: "GuidedRunBox._resume GuidedRunBox._start",
    },
    "web.start.leads": {
        LOOK: "Leads.go",
    },
    "web.start.model": {
        LOOK: "ModelBox._fields ModelBox._look",
        OWN: "ModelBox._load ModelBox._unload",
    },
    "web.start.tab": {
        LOOK: "StartTab._rename",
    },
    "web.train.beside": {
        LOOK: "BesideBox._show",
    },
    "web.train.form": {
        LOOK: "RunForm._changed RunForm._menus RunForm._preset RunForm._shown_knobs RunForm._switch",
        WORK: "RunForm._check RunForm._fit RunForm._queue_all RunForm._queue_variants RunForm._start RunForm._with_dpo",
    },
    "web.train.keep": {
        LOOK: "KeepBox._named",
        WORK: "export merge push rename send_job trash",
    },
    "web.train.result": {
        LOOK: "ResultBox._look ResultBox.open_run ResultBox._sort",
        WORK: "restore",
    },
    "web.train.watch": {
        LOOK: "WatchBox._look",
        WORK: "cancel first resume stop",
    },
}
COMES_IN = "web.access:Access.come_in"
"""The one event that may come before a visitor has a session."""
NEEDS = {
    f"{room}:{handler}": right
    for room, declared in DECLARED.items()
    for right, handlers in declared.items()
    for handler in handlers.split()
}

_ASKING = {
    "compare.ask": "AskBox._again AskBox._answer AskBox._follow_up",
    "principles.trial": "TrialBox._run",
    "revise.tab": "ReviseTab._run",
    "revise.branches": "BranchBox._again BranchBox._go_on BranchBox._replay",
    "revise.format_lab": "FormatBox._run ask_about_human",
}
ASKS_MODEL = frozenset(f"web.{room}:{handler}" for room, handlers in _ASKING.items() for handler in handlers.split())
"""Of what visitors may press, that which has the model answer."""

REFUSED: Mapping[Right, str] = {
    LOOK: "You may not look at this.",
    TRY: "You may look, and not have the model answer or write here.",
    LABEL: "You may not decide, vote or grade here.",
    WORK: "You may not start work, train, or change what all share here.",
    OWN: "Only an owner chooses models and the servers that are asked.",
}

PUBLIC_LIMITS = {"tokens": 256, "revisions": 2, "number": 40, "seeds": 2, "answers": 2}
"""What one press on a public demo may ask for, by the last word of a knob's name. Of tokens as many as the loaded
model's answers have unless told otherwise, where that is more."""
MODELS = ("critic", "reviser", "judge", "proposer", "column", "model")
"""Fields in which a model is named, or the address of a server."""
_SHIPPED = ClustersSettings().embedding_model
"""What stands in such a field from the first."""


def of(handler: str) -> Right:
    """What a handler needs; the owner's right for one that is not declared."""
    return NEEDS.get(handler, OWN)


def bounded(values: Mapping[str, Any], longest: int = 0) -> None:
    """AccessError for a press that asks more of a public demo than it gives. `values` by elem_id or name of the knob;
    `longest`: tokens that an answer of the loaded model has unless told otherwise."""
    for field, value in values.items():
        what = field.replace("_", "-").rpartition("-")[2]
        limit = max(PUBLIC_LIMITS.get(what, 0), longest if what == "tokens" else 0)
        if limit and _number(value) > limit:
            raise AccessError(f"This public demo takes at most {limit} for {what}.", next_step="Give less.")


def _number(value: Any) -> float:
    """What a field says as a number, typed or chosen; 0 for what is none."""
    try:
        return float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0 if isinstance(value, str) else math.inf


def no_addresses(values: Mapping[str, Any], known: list[str]) -> None:
    """AccessError for a model that no owner has named: a visitor must not make this server ask others."""
    for field, value in values.items():
        if field.rpartition("-")[2] not in MODELS or not isinstance(value, str) or value == _SHIPPED:
            continue
        if is_address(value) and value not in known:
            raise AccessError(REFUSED[OWN], kept="Nothing was asked.", next_step="Choose one from the menu.")
