"""One thing of each kind: what is known of it, where it comes from, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cai_ui.pipeline.lineage import names
from cai_ui.pipeline.lineage.names import SHORT, clip, counts, told
from cai_ui.pipeline.lineage.training import TRAINING
from cai_ui.records import Decision
from cai_ui.records.lineage import Lineage, Link, Place, PlaceKind
from cai_ui.store import Store

Told = Callable[[Store, Place, bool], Lineage]
"""Store, place, and whether to look ahead, at what came of it: on the way back nobody asks."""
VERDICTS = {"second": "second reading", "gold": "gold example", "taken back": "taken back"}


def constitution(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.version(place.key)
    came = [names.constitution_link(store, found.parent, "made from")] if found.parent else []
    used = store.examples_of_constitution(place.key) if ahead else {}
    datasets = [info for info in store.datasets() if place.key in info.parents] if ahead else []
    led = [names.principle_link(store, place.key, one.id) for one in found.constitution.principles]
    led += [Link("examples", counts(used))] + [names.dataset_link(store, info.hash) for info in datasets]
    facts = [("Saved by", found.author), ("At", found.created_at), ("Note", found.note), ("Hash", found.hash)]
    return told(place, found.constitution.title, facts, [("Description", found.constitution.description)], came, led)


def principle(store: Store, place: Place, ahead: bool = True) -> Lineage:
    """Forward: examples, datasets with rows of these, runs on the datasets, evaluations of the runs."""
    digest, id = place.parts(2)
    link = names.principle_link(store, digest, id)
    came = [names.constitution_link(store, digest)]
    if link.place is None:
        return told(place, id, [("Principle", id)], [], [link, *came], [])
    found = store.version(digest).constitution.principle(id)
    led = _touched(store, digest, id) if ahead else []
    texts = [("Critique request", found.critique_request), ("Revision request", found.revision_request)]
    facts = [("Principle", id), ("Constitution", digest), ("Drawn", "yes" if found.enabled else "no")]
    return told(place, found.name or id, facts, texts, came, led)


def _touched(store: Store, digest: str, id: str) -> list[Link]:
    used, newest = store.examples_under(id, digest)
    led = [Link("examples", counts(used))] + [names.example_link(store, one) for one in newest]
    infos = [info for info in store.datasets() if digest in info.parents]
    rows = store.rows_under(id, digest, [info.hash for info in infos]) if infos else {}
    led += [names.dataset_link(store, one, said=f"{count:,} rows under this principle") for one, count in rows.items()]
    runs = [run for run in store.runs() if run.dataset_hash in rows]
    led += [names.run_link(run) for run in runs]
    return led + names.evaluations_of(store, {r.adapter_hash for r in runs if r.adapter_hash})


def trace(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.trace(place.key)
    ids = dict.fromkeys(id for step in found.steps for id in step.principles)
    came = [names.principle_link(store, found.constitution_hash, id) for id in ids]
    came += [names.constitution_link(store, found.constitution_hash)]
    if found.parent:
        came.append(Link("branch of", found.parent[:SHORT], Place("trace", found.parent)))
    led = [names.example_link(store, id) for id in store.examples_of_trace(place.key)] if ahead else []
    made = sorted({step.answer.provenance.base_hash[:SHORT] for step in found.steps if step.answer})
    facts = [("Made at", found.created_at), ("Seed", str(found.seed)), ("Weights", ", ".join(made) or "not known")]
    texts = [(f"{step.kind}{' (edited by hand)' if step.edited else ''}", step.text) for step in found.steps]
    return told(place, clip(found.prompt.text), facts, texts, came, led)


def example(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.example(place.key)
    came = [_decision_link(kind, decision) for kind, decision in reversed(store.decisions_of(place.key))]
    came = came or [Link("decision", "nobody decided it yet")]
    if not found.trace_id:
        came.append(Link("trace", "no trace", missing=names.NO_TRACE))
    elif ("trace", found.trace_id) in store.ids_like(found.trace_id):
        came.append(Link("trace", clip(found.prompt.text), Place("trace", found.trace_id)))
    else:
        came.append(Link("trace", found.trace_id, missing=names.LOST_TRACE))
    came += [names.principle_link(store, found.constitution_hash, id) for id in found.principle_ids]
    came.append(names.constitution_link(store, found.constitution_hash))
    rows = store.rows_of_examples([place.key]) if ahead else []
    led = [names.row_link(store, *row) for row in rows]
    texts = [("Request", found.prompt.text), ("Initial answer", found.initial or ""), ("Revision", found.revision)]
    return told(place, clip(found.prompt.text), [("Source", found.source), ("Id", found.id)], texts, came, led)


def _decision_link(kind: str, decision: Decision) -> Link:
    said = f"by {decision.rater}, {decision.at[:16].replace('T', ' ')}"
    beside = f" ({VERDICTS[kind]})" if kind in VERDICTS else ""
    return Link("decision", f"{decision.verdict}{beside}", Place("decision", decision.event_id), said)


def decision(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.decision(place.key)
    facts = [("By", found.rater), ("At", found.at), ("Verdict", found.verdict), ("Labels", ", ".join(found.labels))]
    texts = [("Comment", found.note), ("Edited text", found.text or "")]
    came = [names.example_link(store, found.example_id)]
    return told(place, f"{found.verdict} by {found.rater}", facts, texts, came, [])


def evaluation(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.evaluation_head(place.key)
    variants = {(result.variant, result.adapter_hash) for result in found.results}
    came = [names.weights_link(store, weights, name) for name, weights in sorted(variants, key=str)]
    shown = store.answers_at(place.key, range(names.LISTED))
    led = [_answer_link(place.key, at, row) for at, row in enumerate(shown)]
    if found.answers > len(shown):
        led.append(names.rest("answer", found.answers - len(shown)))
    facts = [("Made at", found.created_at), ("Reader", found.reader), ("Answers", f"{found.answers:,}")]
    return told(place, found.name or place.key[:SHORT], facts, [("Notes", found.notes)], came, led)


def _answer_link(id: str, at: int, row: Mapping[str, object]) -> Link:
    said = f"{row.get('variant')}: {row.get('outcome')}"
    return Link("answer", clip(str(row.get("prompt", ""))), Place("answer", f"{id}/{at}"), said)


def answer(store: Store, place: Place, ahead: bool = True) -> Lineage:
    id, at = place.parts(2)
    row = store.answer(id, int(at) if at.isdecimal() and len(at) < 10 else -1)
    head = store.evaluation_head(id)
    came = [names.weights_link(store, row.get("adapter_hash"), str(row.get("variant", "")))]
    came.append(names.evaluation_link(id, head.name, head.created_at[:10]))
    why = f" ({row['reason']})" if row.get("reason") else ""
    facts = [("Outcome", f"{row.get('outcome')}{why}"), ("Reader", head.reader)]
    facts += [("Kind", str(row.get("kind", ""))), ("Adapter", str(row.get("adapter_hash") or "none"))]
    texts = [("Request", str(row.get("prompt", ""))), ("Answer", str(row.get("answer", "")))]
    return told(place, clip(str(row.get("prompt", ""))), facts, texts, came, [])


def vote(store: Store, place: Place, ahead: bool = True) -> Lineage:
    found = store.vote(place.key)
    sides = ((found.left, found.left_answer), (found.right, found.right_answer))
    came = [names.weights_link(store, answer.provenance.adapter_hash, name) for name, answer in sides]
    facts = [("By", found.rater if found.by == "person" else "nobody: the answers are identical"), ("At", found.at)]
    facts.append(("Choice", found.choice))
    texts = [("Request", found.prompt), *((f"Answer of {name}", answer.text) for name, answer in sides)]
    return told(place, clip(found.prompt), facts, texts, came, [])


TOLD: Mapping[PlaceKind, Told] = {
    "constitution": constitution,
    "principle": principle,
    "trace": trace,
    "example": example,
    "decision": decision,
    "evaluation": evaluation,
    "answer": answer,
    "vote": vote,
    **TRAINING,
}
"""How each kind is told."""
