"""What the Critique & Revision tab does, apart from its components: one trace, streamed, changed, walked.

A trace is stored step by step as it is made, so what was finished before a stop or a reload is there
afterwards. A change never overwrites: it begins a branch, and the branches form a tree.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cai_ui import revise
from cai_ui.config.answers import Sampling
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.conversations import read_turns
from cai_ui.engine.interface import StopFlag
from cai_ui.errors import AccessError, CaiError, InputError, NotFoundError
from cai_ui.pipeline import Services, left_off, models, visitors
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.prompts import files, sets, summary
from cai_ui.pipeline.revise import chains, trace_files
from cai_ui.pipeline.revise.chains import Reroll
from cai_ui.records import Message, Prompt, PromptKind, Trace
from cai_ui.revise import StepEvent
from cai_ui.text import PROMPT_LIMIT, clean_text
from cai_ui.web import rights
from cai_ui.web.kit.choices import earlier_turns
from cai_ui.web.kit.diff import diff_html
from cai_ui.web.revise import trace_html, words
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

PACE_S = 0.15
"""Least time between two updates of the page while text streams in, seconds: each costs the browser 20 to 50 ms."""
SHOWN, TYPED, SETTINGS = "revise.trace", "revise.request", "revise.settings"
"""Places of the page that a person finds again as they were left."""


@dataclass(frozen=True)
class View:
    """What the tab shows of a trace. `html` is ready-made; `trace` is None before anything is stored.

    `note` says why it ended early.
    """

    html: str
    trace: Trace | None
    family: tuple[Trace, ...] = ()
    note: str = ""


def import_prompts(services: Services, path: str, kind: PromptKind = "unknown") -> tuple[str, str]:
    """A file as a prompt set: its id, and a sentence on what it held. `kind`: of requests that say none."""
    made, read = files.import_prompts(services, path, kind=kind)
    said = summary.sentence(made.title, read)
    return made.key, said if read.known else f"{said} Every menu of prompt sets has it now."


def run_trace(
    services: Services,
    stops: Stops,
    session: Session,
    text: str,
    settings: RevisionSettings,
    sampling: Sampling,
    earlier: str = "",
    drawn: Prompt | None = None,
) -> Iterator[View]:
    """Stream one trace under the constitution in use; the last view holds the stored trace.

    `earlier` are the turns before the request, as paragraphs (`conversations.read_turns`). Turns that are still
    those of `drawn` are asked as they are, and are not read back.
    """
    version = constitutions.current_constitution(services)
    request = clean_text(text, words.REQUEST, limit=PROMPT_LIMIT)
    asked = asked_prompt(services, text, request, earlier or "", drawn)
    with _flag(stops, session) as flag:
        events = chains.start_chain(services, asked, version.hash, settings, sampling, flag)
        yield from _stream(services, session, events, {p.id: p.name for p in version.constitution.principles})


def asked_prompt(
    services: Services, text: str, request: str, earlier: str, drawn: Prompt | None
) -> str | Prompt | list[Message]:
    """What is asked: as a set or a trace has it where nothing of it was changed, or the turns that were typed."""
    if drawn is not None and earlier_turns(drawn.turns) == earlier:
        if text == drawn.text:
            return drawn
        if drawn.before:
            return [*drawn.before, Message("user", request)]
    return conversation(earlier, request) if earlier.strip() else sets.find_prompt(services, request) or request


def conversation(earlier: str, request: str) -> list[Message]:
    """The earlier turns and the request as one conversation. InputError where speakers do not alternate."""
    turns = list(read_turns(clean_text(earlier, words.EARLIER, limit=PROMPT_LIMIT)))
    spoken = turns[1:] if turns and turns[0].role == "system" else turns
    expected = ["user", "assistant"] * (len(spoken) // 2 + 1)
    if len(spoken) % 2 or any(turn.role != role for turn, role in zip(spoken, expected, strict=False)):
        raise InputError(words.NOT_ALTERNATING, next_step=words.WRITE_TURNS)
    return [*turns, Message("user", request)]


def stop_trace(stops: Stops, session: Session) -> None:
    """End what this page streams; what is finished stays."""
    stops.stop(f"{session.page}:revise")


def show_trace(services: Services, session: Session, trace_id: str) -> View:
    """A stored trace with its tree; it is what a reload shows again."""
    if not trace_id:
        return View(trace_html.NOTHING_YET, None)
    trace = services.store.trace(trace_id)
    family = tuple(services.store.family(trace_id))
    left_off.leave(services, session.author, SHOWN, trace_id)
    return View(trace_html.steps_html(trace, trace_files.principle_names(services, [trace])), trace, family)


def show_last(services: Services, session: Session) -> View:
    """The trace this person looked at last; none before the first, whatever batches and guided runs have made."""
    kept = left_off.left_off(services, session.author, SHOWN)
    if isinstance(kept, str):
        try:
            return show_trace(services, session, kept)
        except NotFoundError:  # another workspace behind the same page, say
            pass
    return show_trace(services, session, "")


def reroll(
    services: Services, stops: Stops, session: Session, trace_id: str, step: int | None, change: Reroll
) -> Iterator[View]:
    """Ask the model for one step again, and for those after it, as a branch."""
    trace_id, index = _chosen(trace_id, step)
    _bounded(services, session, trace_id)
    names = trace_files.principle_names(services, [services.store.trace(trace_id)])
    with _flag(stops, session) as flag:
        yield from _stream(services, session, chains.reroll(services, trace_id, index, change, flag), names)


def go_on(services: Services, stops: Stops, session: Session, trace_id: str) -> Iterator[View]:
    """Make the steps that the trace lacks."""
    if not trace_id:
        raise InputError(words.NO_TRACE, next_step=words.RUN_ONE)
    _bounded(services, session, trace_id, own=True)
    trace = services.store.trace(trace_id)
    if not chains.missing_steps(trace):
        raise InputError(words.COMPLETE, next_step=words.COMPLETE_NEXT)
    with _flag(stops, session) as flag:
        names = trace_files.principle_names(services, [trace])
        yield from _stream(services, session, chains.go_on(services, trace_id, flag), names)


def edit_step(services: Services, session: Session, trace_id: str, step: int | None, text: str) -> View:
    """A branch that ends with a person's wording of one step; the model's own words stay in the record."""
    trace_id, index = _chosen(trace_id, step)
    branch = chains.edit_step(services, trace_id, index, text)
    return show_trace(services, session, branch.id)


def label_step(
    services: Services, session: Session, trace_id: str, step: int | None, labels: Sequence[str] | None
) -> View:
    """Keep a person's labels of a step; None brings the computed ones back."""
    trace_id, index = _chosen(trace_id, step)
    chains.label_step(services, trace_id, index, labels)
    return show_trace(services, session, trace_id)


def send_to_curate(services: Services, trace_id: str) -> str:
    """Put the trace's first and last answer into the queue of Curate; says so."""
    if not trace_id:
        raise InputError(words.NO_TRACE, next_step=words.RUN_ONE)
    chains.send_to_curate(services, trace_id)
    return words.SENT


def step_text(services: Services, trace_id: str, step: int | None) -> str:
    """Text of the chosen step, to be edited."""
    if not trace_id or step is None:
        return ""
    steps = services.store.trace(trace_id).steps
    return steps[step].text if 0 <= step < len(steps) else ""


def step_labels(services: Services, trace_id: str, step: int | None) -> list[str]:
    """Labels of the chosen step as they stand."""
    if not trace_id or step is None:
        return []
    trace = services.store.trace(trace_id)
    known = 0 <= step < len(trace.steps)
    return list(revise.labels_of(trace, step)) if known else []


def replay_note(services: Services, stops: Stops, session: Session, trace_id: str) -> tuple[str, str]:
    """A sentence on whether the trace comes out the same, and a diff of the first difference."""
    if not trace_id:
        raise InputError(words.NO_TRACE, next_step=words.RUN_ONE)
    _bounded(services, session, trace_id)
    with _flag(stops, session) as flag:
        found = chains.replay_chain(services, trace_id, flag)
    by_hand = f" {found.by_hand} written by hand were left out." if found.by_hand else ""
    if found.difference is None:
        return f"Replayed: {found.same} steps came out word for word the same.{by_hand}", ""
    titles = revise.step_titles(services.store.trace(trace_id).steps)
    first = found.difference
    said = f"{found.same} steps came out the same; “{titles[first.index]}” did not. {first.cause}{by_hand}"
    return said, diff_html(first.recorded, first.again, words.RECORDED, words.REPLAYED)


def keep_settings(services: Services, session: Session, settings: RevisionSettings, sampling: Sampling) -> None:
    """Keep what a run was started with, so that the page has it again when it is opened with the same model."""
    model = models.model_in_use(services)
    kept = {"revision": settings.model_dump(), "sampling": sampling.model_dump(), "model": model}
    left_off.leave(services, session.author, SETTINGS, kept)


def kept_settings(services: Services, session: Session) -> tuple[RevisionSettings, Sampling]:
    """Settings of this person's last run, if it was on the model that is loaded; else those that the model starts with.

    EngineError while there is no model.
    """
    kept = left_off.left_off(services, session.author, SETTINGS)
    try:
        if kept["model"] == models.model_in_use(services):
            return checked(RevisionSettings, kept["revision"]), checked(Sampling, kept["sampling"])
    except (TypeError, KeyError, CaiError):  # nothing kept, or by another version
        pass
    start = services.settings
    sides = {"critic": start.critic, "reviser": start.reviser}
    return models.default_revision(services).model_copy(update=sides), models.default_sampling(services)


def _stream(services: Services, session: Session, events: Iterator[StepEvent], names: dict[str, str]) -> Iterator[View]:
    """Views of a trace as it grows: not more often than the page can follow, and one at each finished step."""
    shown_at, began, trace, note = 0.0, time.monotonic(), None, ""
    try:
        for event in events:
            trace = event.trace
            now = time.monotonic()
            if event.step is None and now - shown_at < PACE_S:
                continue
            shown_at, live = now, None
            if event.step is None:
                live = _live(services, event, now - began)
            else:
                began = now
            yield View(trace_html.steps_html(trace, names, live), None)
    except CaiError as error:
        if trace is None:
            raise
        note = f"The trace ended early: {error} The finished steps are kept."
    if trace is not None:
        yield dataclasses.replace(show_trace(services, session, trace.id), note=note)


def _live(services: Services, event: StepEvent, seconds: float) -> trace_html.Live:
    total = revise.longest(chains.asked_with(event.trace)[0])
    tokens = chains.tokens_in(services, event.text)
    return trace_html.Live(event.kind, event.principles, event.text, seconds, tokens, total)


@contextmanager
def _flag(stops: Stops, session: Session) -> Iterator[StopFlag]:
    """The page's stop flag while something streams; it is set and forgotten at the end, however that comes."""
    key = f"{session.page}:revise"
    flag = stops.start(key)
    try:
        yield flag
    finally:
        stops.finish(key, flag)


def _bounded(services: Services, session: Session, trace_id: str, own: bool = False) -> None:
    """AccessError for a visitor of a public demo who would have a trace made on or again that asks for more than a
    press may there; with `own` also for one that was there before the demo, which nobody of the public goes on with."""
    if not session.guest:
        return
    trace = services.store.trace(trace_id)
    revision, sampling, _ = chains.asked_with(trace)
    rights.bounded({**revision.model_dump(), **sampling.model_dump()}, models.longest(services))
    if own and not visitors.left_by_the_public(services.store, trace):
        raise AccessError(words.NOT_YOURS, kept="It is as it was.", next_step=words.COMPLETE_NEXT)


def _chosen(trace_id: str, step: int | None) -> tuple[str, int]:
    if not trace_id or step is None:
        raise InputError(words.NO_STEP, next_step=words.CHOOSE_STEP)
    return trace_id, int(step)
