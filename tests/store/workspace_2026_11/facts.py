"""How the workspace is opened, and what the product says of it, one small function per fact.

`expected.json` holds what the version that made it said. Names of knobs and records may change: they are no part of
the facts.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cai_ui.compare.votes import PairTally
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import checked
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.pipeline import Services, open_services
from cai_ui.pipeline.compare.comparison import (
    evaluation_status,
)
from cai_ui.pipeline.compare.votes import analysis
from cai_ui.pipeline.constitution.constitutions import (
    current_constitution,
    notes,
    read_constitution,
)
from cai_ui.pipeline.constitution.few_shot import few_shot
from cai_ui.pipeline.curate.agreement import double_share, measure_agreement
from cai_ui.pipeline.curate.imports import import_file
from cai_ui.pipeline.guided_run import guided_run_status
from cai_ui.pipeline.left_off import left_off
from cai_ui.pipeline.prompts.files import import_prompts
from cai_ui.pipeline.prompts.sets import list_requests
from cai_ui.pipeline.revise.chains import asked_with, find_traces, missing_steps
from cai_ui.pipeline.train.hub_job import take_in_dataset
from cai_ui.pipeline.train.runs import run_view
from cai_ui.records import Decision, Prompt, PromptSet, Run, Trace, content_hash
from cai_ui.revise import labels_of
from cai_ui.store import QueueFilter, QueueItem
from cai_ui.train.config_file import read_config_file

HERE = Path(__file__).parent
DRAFT_OF, AUTHORS = "harmlessness", ("Ana", "Ben")
PLACES = ("revise.trace", "revise.request", "revise.settings")
"""Places of the page that keep what a person left."""
QUESTION = "How do I read her diary?"
"""Asked of base and adapter, greedily, before each of the votes."""

# What is asked of the product, one function per fact


def versions(services: Services) -> Any:
    found = services.store.versions()
    return [[v.hash, v.constitution.hash, v.constitution.name, v.author, v.note, v.parent] for v in found]


def in_use(services: Services) -> Any:
    version = current_constitution(services)
    head = version.constitution.principles[0]
    return [version.hash, version.author, version.constitution.title, head.name, head.weight]


def draft(services: Services) -> Any:
    found = services.store.draft(DRAFT_OF, "Ana")
    mine = found and found.constitution
    return found and mine and [mine.title, mine.description, len(mine.principles), found.base]


def undo_steps(services: Services) -> Any:
    steps = []
    while (kept := services.store.draft(DRAFT_OF, "Ana")) and (step := services.store.last_change(DRAFT_OF, "Ana")):
        steps.append([step.before.description, step.after.description])
        services.store.save_draft(kept.constitution, "Ana", kept.base, undone=step)
    return steps


def principle_notes(services: Services) -> Any:
    return notes(services, DRAFT_OF)


def few_shot_examples(services: Services) -> Any:
    return [[e.request, e.answer, e.critique, e.revision, e.enabled] for e in few_shot(services, DRAFT_OF)]


def prompt_sets(services: Services) -> Any:
    found = services.store.prompt_sets()
    return [[*head(one), [asked(r) for r in list_requests(services, one.key, one.count, 0)]] for one in found]


def head(one: PromptSet) -> list[Any]:
    return [one.key, one.title, one.count]


def asked(request: Prompt) -> Any:
    if not request.before:
        return [request.id, request.text, request.kind, request.topic]
    return [[turn.role, turn.content] for turn in request.turns]


def chains(services: Services) -> Any:
    return {trace.id: chain(services, trace) for trace in find_traces(services, "", 100)}


def chain(services: Services, trace: Trace) -> Any:
    steps = [[s.kind, s.text, list(labels_of(trace, place))] for place, s in enumerate(trace.steps)]
    family = [one.id for one in services.store.family(trace.id)]
    talk = [turn.content for turn in trace.conversation]
    asked_as = revision_knobs(*asked_with(trace)[:2])
    return [talk, trace.constitution_hash, trace.parent, family, missing_steps(trace), asked_as, content_hash(steps)]


def revision_knobs(s: RevisionSettings, sampling: Sampling) -> Any:
    drawn = [sampling.temperature, sampling.top_p, sampling.max_new_tokens, sampling.seed]
    return [s.revisions, s.choice, s.critique, s.critiques, s.few_shot, s.chat_format, s.strength, drawn]


def words_in_chains(services: Services) -> Any:
    return [trace.id for trace in find_traces(services, "stranger's locker", 10)]


def batch(services: Services) -> Any:
    now = services.batch.last()
    made = now and now.progress
    return made and now and [made.done, made.total, now.state, made.failed, made.examples_added]


def guided(services: Services) -> Any:
    view = guided_run_status(services)
    stages = [[stage.key, stage.state] for stage in view.stages]
    return [view.state, stages, view.dataset_hash, view.run_ids, view.evaluation and view.evaluation.id]


def queue_counts(services: Services) -> Any:
    store = services.store
    return {who or "anybody": counted(store.counts(QueueFilter("all"), who)) for who in ("", *AUTHORS)}


def counted(c: Any) -> Any:
    done = [c.accepted, c.edited, c.rejected, c.flipped, c.tied, c.skipped, c.flagged]
    return {"open": c.open, "done": done, "total": c.total, "disputed": c.disputed}


def queue_filters(services: Services) -> Any:
    asked_for = {
        "principle": QueueFilter(principle="wrongdoing"),
        "finding": QueueFilter(finding="identical-pair"),
        "step": QueueFilter(step="followed"),
        "search": QueueFilter(search="leek"),
        "rater": QueueFilter(rater="Ana"),
        "source": QueueFilter(source="a colleague's rows"),
        "draft": QueueFilter("draft"),
        "disputed": QueueFilter("disputed"),
        "score": QueueFilter(score=(50, None)),
        "words": QueueFilter(words=(None, 5)),
        "constitution": QueueFilter(constitution=current_constitution(services).hash),
    }
    return {name: [i.example.id for i in services.store.queue(f, 99, rater="Ana")] for name, f in asked_for.items()}


def judged(services: Services) -> Any:
    return [item(one) for one in services.store.queue(QueueFilter("all"), 99, rater="Ana")]


def item(i: QueueItem) -> Any:
    texts = [i.example.prompt.text, i.example.initial, i.example.critique, i.example.revision, i.draft]
    made = [i.example.prompt.kind, i.example.source, list(i.example.principle_ids), i.example.trace_id]
    return [i.example.id, made, content_hash(texts), i.draft, i.preference, i.disputed, decision(i.decision)]


def decision(d: Decision | None) -> Any:
    return d and [d.event_id, d.verdict, d.rater, d.text, d.note, list(d.labels), d.rev, d.at]


def readings(services: Services) -> Any:
    return [[r.example_id, r.rater, r.verdict, r.blind, list(r.principles)] for r in services.store.readings()]


def history(services: Services) -> Any:
    found = {who: [decision(d) for d in services.store.history(who)] for who in AUTHORS}
    return [found, {who: services.store.taken_back(who) for who in AUTHORS}]


def raters(services: Services) -> Any:
    report = measure_agreement(services)
    by_model = [[rater, a.value, a.units] for rater, a in report.per_rater_with_model]
    return [double_share(services), services.store.raters(), report.overall.value, report.overall.units, by_model]


def judgements(services: Services) -> Any:
    return services.store.judgements()


def faults(services: Services) -> Any:
    return services.store.check()


def frozen(services: Services) -> Any:
    found = {}
    for info in services.store.datasets():
        whole = services.store.dataset(info.hash)
        rows = [[row.source, row.answer] for row in (*whole.sft_train, *whole.sft_eval)]
        pairs = [[row.source, row.chosen, row.rejected, row.soft] for row in (*whole.pairs_train, *whole.pairs_eval)]
        told = [info.name, info.author, info.counts, info.left_out, list(info.parents), info.created_at]
        found[info.hash] = [*told, content_hash(rows), content_hash(pairs)]
    return found


def trainings(services: Services) -> Any:
    return {run.id: training(services, run) for run in services.store.runs()}


def training(services: Services, run: Run) -> Any:
    view = run_view(services, run.id)
    last = view.metrics[-1] if view.metrics else {}
    numbers = {name: last.get(name) for name in ("step", "loss", "eval_loss", "rewards/margins", "kl_proxy", "seconds")}
    about = [run.name, run.method, run.state, run.owner, run.note, run.group, run.error, run.trashed_at, run.place]
    parents = [run.dataset_hash, run.base_hash, run.start_adapter, run.adapter, run.adapter_hash]
    folder = [len(view.metrics), numbers, len(view.probes), view.slices and view.slices.begun]
    ended = [run.step, run.total_steps, run.summary.get("last_loss"), run.summary.get("best_step"), run.ended_at]
    return [about, parents, ended, train_knobs(checked(TrainSettings, run.config)), folder, len(view.log_tail)]


def train_knobs(s: TrainSettings) -> Any:
    lora = [s.rank, s.alpha, s.dropout, s.modules]
    pace = [s.learning_rate, s.epochs, s.max_steps, s.batch_size, s.accumulation, s.max_length, s.schedule]
    rest = [s.warmup_ratio, s.weight_decay, s.max_grad_norm, s.seed, s.group_by_length, s.report_to]
    kept = [s.save_steps, s.save_seconds, s.keep_checkpoints, s.probe_steps, s.probes_per_kind]
    return {"lora": lora, "pace": pace, "rest": rest, "kept": kept, "dpo": [s.beta, s.sft_weight, s.reference]}


def adapters(services: Services) -> Any:
    return [[info.name, info.title, info.hash, info.base_hash, info.method] for info in services.jobs.adapters()]


def evaluations(services: Services) -> Any:
    found = {}
    for made in services.store.evaluations():
        rates = [[r.variant, r.kind, *map(share, (r.complied, r.helped, r.refused))] for r in made.results]
        found[made.id] = [made.reader, made.created_at, rates, made.answers]
    return found


def share(rate: Any) -> Any:
    return [rate.successes, rate.total, rate.unread, rate.value, rate.low, rate.high]


def last_evaluation(services: Services) -> Any:
    now = evaluation_status(services)
    return now and [now.done, now.total, now.state, now.evaluation_id, now.evaluation is not None]


def votes(services: Services) -> Any:
    return [[*pair(t), share(t.rate)] for t in analysis(services.store).pairs]


def pair(t: PairTally) -> list[Any]:
    return [t.first, t.second, t.first_wins, t.second_wins, t.ties, t.both_bad]


def left(services: Services) -> Any:
    trace, request, kept = (left_off(services, "local", place) for place in PLACES)
    revision, sampling = checked(RevisionSettings, kept["revision"]), checked(Sampling, kept["sampling"])
    return [trace, request, revision_knobs(revision, sampling), left_off(services, "Ana", PLACES[1])]


def run_files(services: Services) -> Any:
    """The settings that `train FILE` takes from the files of runs, and from those beside the workspace."""
    home = services.store.workspace.home
    return {str(path.relative_to(home.parent)): run_file(path) for path in config_files(home)}


def config_files(home: Path) -> list[Path]:
    beside = [home.parent / "files" / name for name in ("short.yaml", "run.json", "package/config.yaml")]
    return [*sorted((home / "runs").glob("*/config.*")), *beside]


def run_file(path: Path) -> Any:
    found = read_config_file(path.read_bytes(), "embedded quick")
    about = [found.method, found.dataset, found.name, found.start_adapter, found.base_hash]
    return [about, train_knobs(found.settings)]


def other_files(services: Services) -> Any:
    """Files people keep: a constitution, a package's dataset, prompts and rows, of which nothing is new here."""
    files = services.store.workspace.home.parent / "files"
    constitution = [read_constitution(files / f"constitution.{form}").hash for form in ("yaml", "csv")]
    dataset = take_in_dataset(services, (files / "package" / "dataset.json").read_text(encoding="utf-8")).hash
    rows = import_file(services, files / "rows.jsonl", "a colleague's rows")
    prompts, _ = import_prompts(services, files / "prompts.jsonl", "Ours, “mixed”")
    return [
        constitution,
        dataset,
        [rows.preview.report.rows, rows.added, rows.preview.known + len(rows.preview.report.repeated)],
        head(prompts),
    ]


FACTS: tuple[Callable[[Services], Any], ...] = (
    versions, in_use, draft, undo_steps, principle_notes, few_shot_examples, prompt_sets, chains, words_in_chains,
    batch, guided, queue_counts, queue_filters, judged, readings, history, raters, judgements, faults, frozen,
    trainings, adapters, evaluations, last_evaluation, votes, left, run_files, other_files,
)  # fmt: skip

# How the old workspace is opened


def unpack(place: Path) -> Path:
    """The old workspace in a folder of its own, files beside it; gives its home."""
    place.mkdir(parents=True, exist_ok=True)
    with tarfile.open(HERE / "workspace.tar.xz") as archive:
        archive.extractall(place, filter="data")
    raw = sqlite3.connect(place / "workspace" / "cai.db")
    raw.executescript((place / "workspace.sql").read_text(encoding="utf-8"))
    raw.close()
    return place / "workspace"


def opened(home: Path, model: str = "scripted") -> Services:
    services = open_services(AppSettings(home=str(home), model=model))
    services.engine(300)
    return services


def told(home: Path) -> dict[str, Any]:
    """What the product says of the workspace, as plain data."""
    services = opened(home)
    try:
        found = {fact.__name__: fact(services) for fact in FACTS}
    finally:
        services.close()
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def columns(home: Path) -> dict[str, str]:
    """The columns of each table, but for the word index."""
    raw = sqlite3.connect(home / "cai.db")
    tables = [name for (name,) in raw.execute("select name from sqlite_master where type = 'table'")]
    told = {name: ", ".join(row[1] for row in raw.execute(f"pragma table_info({name})")) for name in tables}
    raw.close()
    return {name: names for name, names in told.items() if not name.startswith("example_words")}


def rows(home: Path, shown: Mapping[str, str]) -> dict[str, set[Any]]:
    """All rows of these tables, as far as they stand in these columns."""
    raw = sqlite3.connect(home / "cai.db")
    found = {name: set(raw.execute(f"select {names} from {name}")) for name, names in shown.items()}
    raw.close()
    return found
