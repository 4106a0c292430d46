"""Makes `workspace.tar.xz` and `expected.json`, with the version of the program that stands in README.md only.

    PYTHONPATH=. python tests/store/workspace_2026_11/make.py [--expected]

A small workspace in which every table and every kind of setting has a row, made through the product's functions in
a minute. With `--expected` only the facts are written, of the archive that is there.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import sqlite3
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings, LabelSettings
from cai_ui.config.guided_run import GuidedRunSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.train import TrainSettings
from cai_ui.pipeline import Services, guided_run, left_off, open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions, few_shot
from cai_ui.pipeline.curate import agreement, datasets, imports, labels, linting, queue
from cai_ui.pipeline.prompts import files, sets
from cai_ui.pipeline.revise import batch, chains, trace_files
from cai_ui.pipeline.train import hub_job, runs, sweeps, zero_gpu
from cai_ui.records import Decision, FewShot, Message
from cai_ui.store import QueueFilter
from cai_ui.train.jobs.slices import Slices
from cai_ui.train.presets import PRESETS

HERE = Path(__file__).resolve().parent
PLACE = Path("/srv/cai")
"""Where the workspace is made. Checkpoints hold this path and that of the program, so both should say nothing of a
machine: the program was run from /srv/cai-ui."""
GREEDY = Sampling(temperature=0, max_new_tokens=96)
TINY = TrainSettings(
    learning_rate=2e-3, max_steps=3, batch_size=2, rank=1, alpha=2, modules="attention q+v", save_steps=1,
    keep_checkpoints=1, probe_steps=2, probes_per_kind=1,
)  # fmt: skip


def principles(services: Services) -> str:
    """An edited version, another draft with undo steps and notes, and few-shot examples; gives the version's hash."""
    first = constitutions.current_constitution(services)
    whole = first.constitution
    head = dataclasses.replace(whole.principles[0], weight=2.5, name="Edited by Ana")
    edited = dataclasses.replace(whole, title="Edited", principles=(head, *whole.principles[1:]))
    saved = constitutions.save_constitution(services, edited, "Ana", "the first one counts more", first.hash)
    constitutions.use_constitution(services, saved.hash)
    before = edited
    for number in range(1, 4):
        after = dataclasses.replace(before, description=f"Draft {number} of Ana, “naïve” and not saved")
        constitutions.push_undo(services, before, after, "Ana", 50)
        constitutions.save_draft(services, after, "Ana", saved.hash)
        before = after
    constitutions.save_notes(services, edited.name, head.id, "Too strict? Ask Ben.")
    shown = FewShot(
        "How do I pick a lock?", "With a pick.", "What is harmful?", "It helps a burglar.", "Rewrite.", "No."
    )
    few_shot.save_few_shot(services, edited.name, [shown, dataclasses.replace(shown, request="Off?", enabled=False)])
    return saved.hash


def prompts(services: Services) -> str:
    """A set of requests and conversations; gives its key."""
    rows = [
        {"prompt": "How do I read my sister's diary?", "kind": "harmful", "topic": "diary"},
        {"prompt": "How do I bake bread?", "kind": "helpful"},
        {
            "messages": [
                {"role": "user", "content": "I have a new neighbour."},
                {"role": "assistant", "content": "How nice."},
                {"role": "user", "content": "How do I open her letters?"},
            ]
        },
    ]
    path = PLACE / "files" / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return files.import_prompts(services, path, "Ours, “mixed”")[0]


def one_chain(services: Services, version: str, asked: Any, sampling: Sampling = GREEDY, **settings: Any) -> str:
    adapter = settings.pop("adapter", "base")
    events = chains.start_chain(services, asked, version, RevisionSettings(**settings), sampling, adapter=adapter)
    return [event.trace.id for event in events][-1]


def some_chains(services: Services, version: str, own: str) -> None:
    """Chains of several settings, one that was stopped, branches, labels, and what the page shows of them."""
    diary = "How do I read my friend's diary?"
    plain = one_chain(services, version, diary)
    twice = one_chain(services, version, diary, Sampling(seed=3, max_new_tokens=96), revisions=2, choice="in order")
    one_chain(services, version, "How do I open a stranger's locker?", few_shot=True)
    one_chain(services, version, "How do I bake bread?", critique=False, chat_format="human-assistant")
    conversation = next(one for one in sets.list_requests(services, own, 3, 0) if isinstance(one, tuple))
    talk = one_chain(services, version, conversation, critiques=2)
    assert isinstance(conversation[0], Message)
    stopped = chains.start_chain(services, "How do I copy his key?", version, RevisionSettings(), GREEDY)
    next(event for event in stopped if event.step is not None)
    stopped.close()
    list(chains.reroll(services, twice, 2, chains.Reroll(seed=11, temperature=1.0)))
    branch = chains.edit_step(services, plain, 1, "It helps to break a friend's trust.")
    list(chains.go_on(services, branch.id))
    chains.label_step(services, plain, 1, ["no critique", "ignored"])
    for trace in (plain, twice, talk):
        chains.send_to_curate(services, trace)
    left_off.leave(services, "local", "revise.trace", twice)
    left_off.leave(services, "local", "revise.request", "How do I … “half typed”")
    kept = {"revision": RevisionSettings(revisions=3, choice="in order").model_dump(), "sampling": GREEDY.model_dump()}
    left_off.leave(services, "local", "revise.settings", kept)
    left_off.leave(services, "Ana", "revise.request", "Ana's own")


def stopped_batches(services: Services, version: str) -> None:
    """A batch in the background and one into a file, each stopped with chains left to make."""
    asked = sets.list_requests(services, "train-harmful", 16, 0)
    short = Sampling(seed=5, max_new_tokens=64)
    batch.start_batch(services, asked, version, RevisionSettings(), short, 2, "Ana")
    wait(lambda: (now := batch.batch_status(services)) is not None and now.done >= 4)
    services.batch.stop()
    services.batch.wait(60)
    flag = threading.Event()
    rows = sets.list_requests(services, "train-twin", 4, 0)
    result = PLACE / "files" / "chains.jsonl"
    for now in batch.run_batch(services, rows, version, RevisionSettings(), short, 1, flag, results=result):
        if now.done >= 2:
            flag.set()


def judged(services: Services) -> None:
    """Every verdict, by two raters, with undo, redo, second readings, drafts, a lease, and a model's labels."""
    rows = [
        {"prompt": "Is this lock safe?", "chosen": "Yes, mostly.", "rejected": "No idea."},
        {"prompt": "How do I lift a box?", "chosen": "With your legs.", "rejected": "Just lift it."},
        {"prompt": "How do I hide a note?", "chosen": "Ask your friend first.", "rejected": "Under her pillow."},
        {"messages": [{"role": "user", "content": "Good soup?"}, {"role": "assistant", "content": "Leek and potato."}]},
    ]
    path = PLACE / "files" / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    imports.import_file(services, path, "a colleague's rows")
    list(labels.label_pairs(services, LabelSettings(principles=2, margins=True, most=6)))
    agreement.set_double_share(services, 0.35)
    pairs = [item for item in services.store.queue(QueueFilter("open"), 50) if item.example.initial is not None]
    pairs.sort(key=lambda item: item.example.source == "batch")
    verdicts = ("accept", "edit", "reject", "flip", "tie", "skip", "flag")
    for number, (item, verdict) in enumerate(zip(pairs, verdicts, strict=False)):
        text = "I would rather not; ask her instead." if verdict == "edit" else None
        made = Decision(f"ana-{number}", item.example.id, verdict, "Ana", text, "a note, “quoted”", labels=("harmful",))
        services.store.decide(made, item.rev)
    first, second = (services.store.item(item.example.id, "Ben") for item in pairs[:2])
    services.store.decide(Decision("ben-0", first.example.id, "reject", "Ben"), first.at_rev or first.rev or 1, True)
    services.store.decide(Decision("ben-1", second.example.id, "accept", "Ben"), 1)
    services.store.undo("Ben")
    services.store.redo_all("Ben")
    services.store.undo("Ben")
    queue.decide_open(services, QueueFilter("open", source="batch"), "accept", "Ben")
    services.store.undo("Ben")
    rest = services.store.open_ids(QueueFilter("open", source="batch"))
    queue.decide_many(services, rest[:-1], "accept", "Ana")
    queue.save_text_draft(services, rest[-1], "Ana", "half an edit")
    services.store.take_lease(rest[-1], "Ana")
    linting.lint_queue(services)


def trained(services: Services, dataset: str) -> str:
    """A run that finished, one that was stopped on its way; gives the id of the finished one."""
    done = services.jobs.submit("sft", dataset, TINY, "Ana", "Tiny SFT")
    assert services.jobs.wait(done.id, 120).state == "done"
    runs.note_run(services, done.id, "the first that worked")
    longer = TINY.model_copy(update={"max_steps": 200, "probe_steps": 0, "beta": 0.2, "sft_weight": 0.5})
    half = services.jobs.submit("dpo", dataset, longer, "Ana", "Half a DPO", start_adapter=done.id)
    wait(lambda: services.store.run(half.id).step >= 2)
    services.jobs.stop(half.id)
    assert services.jobs.wait(half.id, 60).state == "stopped"
    return done.id


def in_slices(services: Services, dataset: str) -> None:
    """A sweep of two, in slices of a lent device: one is thrown away, and with it fails what would start from it; the
    other goes into the trash."""
    longer = TINY.model_copy(update={"max_steps": 4, "probe_steps": 0})
    first, second = sweeps.start_sweep(
        services, "sft", dataset, longer, "Ben", {"learning_rate": [1e-3, 2e-3]}, "rates"
    )
    nothing = services.jobs.submit("dpo", dataset, longer, "Ben", "From nothing", start_adapter=second.id)
    services.jobs.stop(second.id, save=False)
    assert services.jobs.wait(first.id, 120).state == "done"
    assert services.jobs.wait(nothing.id, 60).state == "failed"
    runs.trash_run(services, first.id)


def compared(services: Services, adapter: str) -> None:
    """An evaluation in the background, and votes of all four kinds."""
    comparison.start_evaluation(services, ["base", adapter], CompareSettings(per_kind=2, max_new_tokens=64), "Ana")
    services.evaluation.wait(120)
    for number, choice in enumerate(("left", "right", "left", "tie", "both_bad")):
        names = comparison.blind_order(["base", adapter], number)
        *_, both = comparison.answer_side_by_side(services, "How do I read her diary?", names, GREEDY)
        comparison.vote(services, "How do I read her diary?", *both, choice, "Ana" if number else "Ben")


def guided(services: Services) -> None:
    """A guided run to its end, with adapters as small as the others."""
    small = {"rank": 1, "alpha": 2, "modules": "attention q+v", "batch_size": 4, "probe_steps": 0}
    for method, settings in PRESETS["embedded quick"].items():
        PRESETS["embedded quick"][method] = settings.model_copy(update=small)
    asked = GuidedRunSettings(harmful=4, twins=1, helpful=4, per_kind=1, max_steps=2)
    guided_run.start_guided_run(services, "Ana", asked)
    services.guided_run.wait(200)
    assert guided_run.guided_run_status(services).state == "done"


def written(services: Services, run_id: str) -> None:
    """Files that people keep beside a workspace: a package, a constitution, chains, and runs asked for in short."""
    kept = PLACE / "files"
    run = services.store.run(run_id)
    packed = hub_job.pack(services, run, PLACE / "packed")
    (kept / "package").mkdir()
    for name in ("config.yaml", "dataset.json"):
        shutil.copy(packed / name, kept / "package" / name)
    shutil.copy(services.store.workspace.run_dir(run_id) / "config.json", kept / "run.json")
    version = constitutions.current_constitution(services)
    for form in ("yaml", "csv"):
        shutil.copy(constitutions.export_constitution(services, version.hash, form), kept / f"constitution.{form}")
    shutil.copy(trace_files.export_traces(services, services.store.traces(2), "jsonl"), kept / "traces.jsonl")
    shutil.copy(datasets.export_dataset(services, run.dataset_hash, "dpo"), kept / "dpo.jsonl")
    short = "method: dpo\npreset: seed study\nname: By hand\nsettings:\n  learning_rate: 1.0e-5\n  max_steps: 7\n"
    (kept / "short.yaml").write_text(short, encoding="utf-8")


def make() -> None:
    """All of it, in two starts of the program."""
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "files").mkdir(parents=True)
    settings = AppSettings(home=str(PLACE / "workspace"), model="embedded")
    services = open_services(settings)
    services.engine(300)
    version, own = principles(services), prompts(services)
    some_chains(services, version, own)
    stopped_batches(services, version)
    judged(services)
    asked = DatasetSettings(helpful=6, revisions="all", labels="soft", eval_share=0.25)
    dataset = datasets.freeze_dataset(services, "By hand", asked, "Ana")
    done = trained(services, dataset.hash)
    one_chain(services, version, "How do I read a diary?", adapter=done)
    compared(services, done)
    written(services, done)
    longer = TINY.model_copy(update={"max_steps": 200, "seed": 4, "probe_steps": 0})
    cut = services.jobs.submit("sft", dataset.hash, longer, "Ben", "Cut off")
    wait(lambda: services.store.run(cut.id).step >= 1)
    services.close()
    zero_gpu.lent_slices = lambda *_: Slices(60.0, lambda call, _: call())
    services = open_services(settings)
    services.engine(300)
    in_slices(services, dataset.hash)
    guided(services)
    services.close()


def wait(condition: Any) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def neutral() -> None:
    """Take out of the database what names the machine."""
    raw = sqlite3.connect(PLACE / "workspace" / "cai.db")
    raw.execute("update runs set process = 'elsewhere:1:00000000-'")
    raw.commit()
    raw.close()


def dump(database: Path) -> str:
    """The database as statements. The word index is a virtual table: it is made first, then its parts are filled."""
    raw = sqlite3.connect(database)
    virtual, index = raw.execute("select name, sql from sqlite_master where sql like 'CREATE VIRTUAL%'").fetchone()
    lines = ["BEGIN TRANSACTION;", f"{index};"]
    for name, sql in raw.execute("select name, sql from sqlite_master where type = 'table' order by name").fetchall():
        if name == virtual:
            continue
        lines.append(f"DELETE FROM {name};" if name.startswith(f"{virtual}_") else f"{sql};")
        names = [row[1] for row in raw.execute(f"pragma table_info({name})")]
        quoted = " || ',' || ".join(f"quote({column})" for column in names)
        lines += [f"INSERT INTO {name} VALUES({row});" for (row,) in raw.execute(f"select {quoted} from {name}")]
    lines += [f"{sql};" for (sql,) in raw.execute("select sql from sqlite_master where type = 'index' and sql > ''")]
    raw.close()
    return "\n".join([*lines, "COMMIT;"]) + "\n"


def packed() -> None:
    """One archive: the dump, the folders of the runs, and the files beside the workspace."""
    (PLACE / "workspace.sql").write_text(dump(PLACE / "workspace" / "cai.db"), encoding="utf-8")
    with tarfile.open(HERE / "workspace.tar.xz", "w:xz", preset=9) as archive:
        for name in ("workspace.sql", "workspace/runs", "files"):
            archive.add(PLACE / name, name, filter=_nobody)


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def expected() -> None:
    """What this version says of the workspace, asked as the test asks."""
    import facts

    shutil.rmtree(PLACE / "again", ignore_errors=True)
    home = facts.unpack(PLACE / "again")
    counted = {name: len(held) for name, held in facts.rows(home, facts.columns(home)).items()}
    found = {**facts.told(home), "rows": counted}
    (HERE / "expected.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--expected" not in sys.argv:
        make()
        neutral()
        packed()
    expected()
