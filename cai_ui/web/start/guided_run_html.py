"""The guided run as HTML: its stages, and an example of each kind of request after it. Pure, all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cai_ui.pipeline.guided_progress import GuidedRunStage, GuidedRunView
from cai_ui.records import Evaluation
from cai_ui.web.kit.present import counted, duration, esc, notice, percent, remaining, table
from cai_ui.web.kit.words import KINDS, QUESTIONS
from cai_ui.web.start import words

_MARKS = {"waiting": "", "running": "…", "done": "✓", "failed": "!", "stopped": "–", "skipped": "–"}
_CLASSES = {"running": "now", "done": "done", "failed": "failed"}


def stages_html(stages: Sequence[GuidedRunStage]) -> str:
    """Stages as a numbered list; of the one that runs, the time it still needs as soon as it has measured that."""
    rows = []
    for number, stage in enumerate(stages, 1):
        state, mark = stage.state, _MARKS.get(stage.state) or str(number)
        detail = stage.detail
        took = duration(stage.seconds) if stage.seconds is not None else ""
        if state == "running" and stage.left_s is not None:
            detail += f", {remaining(stage.left_s)}"
        rows.append(
            f'<li class="{_CLASSES.get(state, "")}" data-state="{esc(state)}"><span class="cai-mark">{esc(mark)}</span>'
            f'<span class="cai-what">{esc(stage.title)} <span class="cai-detail">{esc(detail)}</span></span>'
            f'<span class="cai-time">{esc(took)}</span></li>'
        )
    return f'<ol class="cai-stages" aria-live="polite">{"".join(rows)}</ol>'


def ending_html(view: GuidedRunView) -> str:
    """Why a run ended early, what of it is kept, and how it goes on."""
    at = next((stage.title for stage in view.stages if stage.state != "done"), "")
    failed = view.state == "failed" and not view.closed
    said = view.error or words.FAILED if failed else (words.CLOSED if view.closed else words.STOPPED).format(stage=at)
    kept = [counted(view.traces, "trace")] if view.traces else []
    kept += [words.KEPT_DATASET] if view.dataset_hash else []
    kept += [words.KEPT_RUN.format(method=method.upper()) for method in view.run_ids]
    nothing = "" if failed else words.NOTHING_KEPT
    parts = [said, words.KEPT.format(what=", ".join(kept)) if kept else nothing, words.GO_ON if view.resumable else ""]
    return notice(" ".join(filter(None, parts)), "bad" if failed else "warn")


def headline_html(evaluation: Evaluation, seconds: float) -> str:
    """What came of it in one sentence: each share of the base and of the last variant; "" where there is none."""
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    shares: dict[tuple[str, str], str] = {
        (result.kind, result.variant): percent(getattr(result, measure).value)
        for kind, measure, _ in QUESTIONS
        for result in evaluation.results
        if result.kind == kind
    }
    parts = [
        words.HEADLINE[kind].format(before=shares[kind, variants[0]], after=shares[kind, variants[-1]])
        for kind in words.HEADLINE
        if (kind, variants[0]) in shares and (kind, variants[-1]) in shares
    ]
    if not parts:
        return ""
    return notice(f"{words.DONE_IN.format(time=duration(seconds))}: {'; '.join(parts)}.", "good")


def examples_html(evaluation: Evaluation, titles: Mapping[str, str]) -> str:
    """Answers chosen to show: to a harmful request and to a look-alike on which the last variant did as it should, and
    to a request on which it did not, each with its kind and every variant's answer."""
    variants = list(dict.fromkeys(result.variant for result in evaluation.results))
    measures = {kind: measure for kind, measure, _ in QUESTIONS}
    last = [row for row in evaluation.rows if row.get("variant") == variants[-1] and row.get("kind") in measures]
    right = [row for row in last if row.get(measures[row["kind"]]) is (row["kind"] == "helpful")]
    wrong = [row for row in last if row.get(measures[row["kind"]]) is (row["kind"] != "helpful")]
    chosen = [
        *((KINDS[kind], next((row for row in right if row["kind"] == kind), None)) for kind in ("harmful", "twin")),
        (words.FAILURE, wrong[0] if wrong else None),
    ]
    shown = []
    for heading, row in chosen:
        if row is None:
            shown.append(f'<p class="muted">{esc(words.NO_FAILURE)}</p>' if heading == words.FAILURE else "")
            continue
        said = heading if heading != words.FAILURE else f"{heading}: {KINDS[row['kind']]}"
        answers = {str(r["variant"]): str(r["answer"]) for r in evaluation.rows if r["prompt_id"] == row["prompt_id"]}
        shown.append(
            f'<p class="muted">{esc(said)}</p>'
            + answers_html(str(row["prompt"]), [(titles.get(v, v), answers[v]) for v in variants if v in answers])
        )
    return "".join(shown)


def beside_html(results: Sequence[tuple[str, Evaluation]]) -> str:
    """Guided runs side by side: the shares of the last variant of each, and answers to one held-out request of each
    kind. `results`: what each is called, and its evaluation."""
    heads, rows = ["", *(title for title, _ in results)], []
    for kind, measure, question in QUESTIONS:
        cells = [_last_share(evaluation, kind, measure) for _, evaluation in results]
        if any(cells):
            rows.append([question, *(cell or "–" for cell in cells)])
    answers = []
    for kind, _, _ in QUESTIONS:
        said = [_last_answers(evaluation, kind) for _, evaluation in results]
        both = next((asked for asked in said[0] if all(asked in one for one in said)), None)
        if both is not None:
            pairs = [(title, one[both]) for (title, _), one in zip(results, said, strict=True)]
            answers.append(f'<p class="muted">{esc(KINDS[kind])}</p>' + answers_html(both, pairs))
    return table(heads, rows) + "".join(answers)


def _last_share(evaluation: Evaluation, kind: str, measure: str) -> str:
    found = [getattr(result, measure) for result in evaluation.results if result.kind == kind]
    return f"{percent(found[-1].value)} of {found[-1].total}" if found else ""


def _last_answers(evaluation: Evaluation, kind: str) -> dict[str, str]:
    last = evaluation.results[-1].variant if evaluation.results else ""
    return {
        str(row["prompt"]): str(row["answer"])
        for row in evaluation.rows
        if row.get("kind") == kind and row.get("variant") == last
    }


def answers_html(question: str, answers: Sequence[tuple[str, str]]) -> str:
    """One request with the answers of several variants next to each other."""
    blocks = "".join(
        f'<div class="cai-block"><div class="cai-block-label">{esc(variant)}</div>'
        f'<div class="cai-block-text" dir="auto">{esc(text)}</div></div>'
        for variant, text in answers
    )
    return f'<p class="cai-question" dir="auto">{esc(question)}</p><div class="cai-pair">{blocks}</div>'
