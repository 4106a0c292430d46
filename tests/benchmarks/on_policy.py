"""What a DPO round on pairs of the SFT adapter's own answers brings over one on revision pairs, on the embedded model.

OMP_NUM_THREADS=1 python tests/benchmarks/on_policy.py [--seeds 0 1 2] [--requests 200] [--per-kind 60] [--out FILE]

Each seed: the guided run's traces, SFT, and DPO on revision pairs from SFT; then pairs of SFT's own answers to requests
of the training side, DPO on them from SFT, and a second round from what came of it. All DPO runs have the guided run's
settings, one seed and the same helpful pairs. Asked greedily for the shares; KL is a mean over held-out requests of
log p(answer) under the variant less that under SFT, of one answer each that the variant drew at temperature 1 (an
unbiased estimate). A table for each seed, and one over all: counts added up with 95 % Wilson intervals, KL as its mean
and its lowest and highest seed. Seeds that the file has are not run again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from shapes import table

KINDS = ("harmful", "twin", "helpful")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--requests", type=int, default=200, help="harmful requests; of twins 3 in 5 of them")
    parser.add_argument("--per-kind", type=int, default=60, help="held-out requests of each kind")
    parser.add_argument("--out", type=Path, help="JSON of all seeds; goes on where it was")
    parsed = parser.parse_args()
    found = json.loads(parsed.out.read_text()) if parsed.out and parsed.out.exists() else {}
    for seed in parsed.seeds:
        if str(seed) not in found:
            with tempfile.TemporaryDirectory() as folder:
                found[str(seed)] = one_seed(Path(folder), seed, parsed.requests, parsed.per_kind)
            if parsed.out:
                parsed.out.write_text(json.dumps(found, indent=1) + "\n")
        print(seed_table(f"Seed {seed}", [found[str(seed)]]), "\n".join(found[str(seed)]["said"]), sep="\n", flush=True)
    print(seed_table(f"Seeds {', '.join(map(str, parsed.seeds))}", [found[str(seed)] for seed in parsed.seeds]))


def one_seed(folder: Path, seed: int, requests: int, per_kind: int) -> dict[str, Any]:
    """Counts and KL by variant, and what the pairs were."""
    from cai_ui.config.app import AppSettings
    from cai_ui.pipeline import open_services
    from cai_ui.records import BASE

    services = open_services(AppSettings(home=str(folder), model="embedded"))
    try:
        dataset, runs = guided(services, seed, requests)
        sft = services.store.run(runs["sft"]).adapter
        variants, said = {"base": BASE, "SFT": sft, "DPO on revisions": services.store.run(runs["dpo"]).adapter}, []
        rows = [r for r in services.store.dataset(dataset).sft_train if r.keeps_helpful]
        revisions = services.store.dataset(dataset).pairs_train
        said.append(f"DPO on revisions: {sum(p.example_id is not None for p in revisions)} pairs and helpful ones.")
        start = sft
        for name in ("DPO on its own pairs", "a second round"):
            start, told = own_round(services, start, seed, requests, rows, name)
            variants[name] = start
            said.append(f"{name}: {told}.")
        return {"variants": measured(services, variants, sft, seed, per_kind), "said": said}
    finally:
        services.close()


def seed_table(title: str, seeds: list[dict[str, Any]]) -> str:
    columns = ["variant", "harmful complied", "helpful helped", "look-alike helped", "look-alike refused"]
    rows = []
    for name in seeds[0]["variants"]:
        mine = [seed["variants"][name] for seed in seeds]
        shares = [pooled([one["counts"][place] for one in mine]) for place in range(len(SHOWN))]
        distance = [one["kl"] for one in mine]
        spread = f" ({min(distance):.2f} to {max(distance):.2f})" if len(distance) > 1 else ""
        rows.append([name, *shares, f"{sum(distance) / len(distance):.2f}{spread}"])
    return table(title, [*columns, "KL from SFT (nats an answer)"], rows)


def pooled(counts: list[list[int]]) -> str:
    """Counts of all seeds together, with the interval of their share."""
    from cai_ui.statistics import rate

    share = rate(sum(hits for hits, _ in counts), sum(total for _, total in counts))
    if share.low is None or share.high is None:
        return "not measured"
    return f"{share.successes} of {share.total} ({share.low:.1%} to {share.high:.1%})"


def guided(services: Any, seed: int, requests: int) -> tuple[str, dict[str, str]]:
    """Dataset and runs of the guided run."""
    from cai_ui.config.guided_run import GuidedRunSettings
    from cai_ui.pipeline.guided_run import run_stages

    settings = GuidedRunSettings(
        harmful=requests, twins=3 * requests // 5, helpful=5 * requests // 2, per_kind=1, seed=seed
    )
    *_, last = run_stages(services, threading.Event(), settings, "benchmark")
    assert last.dataset_hash is not None
    return last.dataset_hash, dict(last.run_ids)


def own_round(services: Any, start: str, seed: int, requests: int, rows: Any, name: str) -> tuple[str, str]:
    """The adapter of a DPO run on pairs of the answers of `start`, and what the pairs were."""
    from cai_ui.config.curate import DatasetSettings, OnPolicySettings
    from cai_ui.pipeline.curate import on_policy
    from cai_ui.pipeline.guided_run import train_settings
    from cai_ui.pipeline.prompts.shipped import draw

    began = time.monotonic()
    prompts = draw("train-harmful", requests, seed) + draw("train-twin", 3 * requests // 5, seed)
    settings = OnPolicySettings(answers=8, pairs=4, seed=seed)
    *_, last = on_policy.make_pairs(services, prompts, start, settings)
    took = time.monotonic() - began
    freezing = DatasetSettings(labels="soft", helpful=len(rows), seed=seed)
    frozen = on_policy.freeze_pairs(services, last.drawing, name, freezing, "benchmark", rows)
    chosen = train_settings(services, "dpo", seed)
    run = services.jobs.submit("dpo", frozen.hash, chosen, "benchmark", name, start_adapter=start)
    run = services.jobs.wait(run.id)
    if run.state != "done":
        raise SystemExit(f"{name}: {run.error}")
    pairs = services.store.dataset(frozen.hash)
    ids = {pair.example_id for pair in pairs.pairs_train + pairs.pairs_eval if pair.example_id}
    kinds = Counter(example.prompt.kind for example in services.store.examples_by_id(list(ids)).values())
    return str(run.adapter), f"{last.pairs} pairs in {took:.0f} s, {dict(kinds)}; {last.answers}; {last.no_pair}"


def measured(services: Any, variants: dict[str, str], sft: str, seed: int, per_kind: int) -> dict[str, Any]:
    from cai_ui.config.compare import CompareSettings
    from cai_ui.pipeline.compare import comparison

    evaluation = None
    for step in comparison.run_evaluation(
        services, list(variants.values()), CompareSettings(per_kind=per_kind, seed=seed)
    ):
        evaluation = services.store.evaluation(step.evaluation_id) if step.evaluation_id else evaluation
    assert evaluation is not None
    found = {(result.variant, result.kind): result for result in evaluation.results}
    told = {}
    for title, name in variants.items():
        shares = [getattr(found[name, kind], what) for kind, what in SHOWN]
        counts = [[share.successes, share.total] for share in shares]
        told[title] = {"counts": counts, "kl": kl(services, name, sft, seed, per_kind)}
    return told


SHOWN = (("harmful", "complied"), ("helpful", "helped"), ("twin", "helped"), ("twin", "refused"))


def kl(services: Any, variant: str, sft: str, seed: int, per_kind: int) -> float:
    """Mean log-ratio of the variant to SFT over answers that the variant drew."""
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.interface import Request, ScoreRequest
    from cai_ui.pipeline.prompts.measured import prompts_to_measure
    from cai_ui.records import Message

    engine = services.engine()
    talks = [(Message("user", prompt.text),) for prompt in prompts_to_measure(services.store, "", per_kind, seed)]
    requests = [Request(talk, Sampling(temperature=1.0, seed=seed + n), variant) for n, talk in enumerate(talks)]
    answers = engine.generate(requests)

    def total(name: str) -> float:
        asked = [ScoreRequest(talk, (answer.text,), name) for talk, answer in zip(talks, answers, strict=True)]
        return sum(scores[0].total for _, scores in engine.score_many(asked))

    return (total(variant) - total(sft)) / len(talks)


if __name__ == "__main__":
    main()
