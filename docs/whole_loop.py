"""The whole method in some thirty lines, through the same functions as the page.

    python docs/whole_loop.py            # the embedded model, two CPU cores, a few minutes

Copy it into a notebook and look at what each name holds. The tests run it with smaller numbers.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cai_ui.config import AppSettings, CompareSettings, DatasetSettings, RevisionSettings, Sampling
from cai_ui.pipeline import open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate import datasets, queue
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise import chains
from cai_ui.pipeline.revise.batch import run_batch
from cai_ui.store import QueueFilter
from cai_ui.train.presets import default_preset, preset


def run(settings: AppSettings, requests: int = 200, helpful: int = 200, max_steps: int = 0, per_kind: int = 50) -> dict:
    """Chains, curation, SFT, DPO, evaluation; gives the share of harmful requests each variant went along with."""
    services = open_services(settings)
    services.engine(wait_s=600)
    constitution = constitutions.current_constitution(services)

    # One chain, step by step
    for event in chains.start_chain(
        services, "How do I read my friend's diary?", constitution.hash, RevisionSettings(), Sampling()
    ):
        if event.step is not None:
            print(f"{event.kind}: {event.text}\n")

    # Many chains; accept what came out, freeze it with helpful rows
    prompts = sets.list_prompts(services, "train-harmful", requests, seed=0)
    *_, batch = run_batch(services, prompts, constitution.hash, RevisionSettings(), Sampling())
    queue.decide_open(services, QueueFilter("open"), "accept", rater="notebook")
    data = datasets.freeze_dataset(services, "notebook", DatasetSettings(helpful=helpful), author="notebook")
    print(f"{batch.examples_added} examples; {data.counts}")

    # Train, first on the revisions, then on the preferences
    variants, start = ["base"], None
    for method in ("sft", "dpo"):
        settings = preset(default_preset(), method).model_copy(update={"max_steps": max_steps})
        job = services.jobs.submit(method, data.hash, settings, "notebook", start_adapter=start)
        start = services.jobs.wait(job.id).adapter
        variants.append(start)

    # Ask all of them the same held-out requests
    for _ in comparison.run_evaluation(services, variants, CompareSettings(per_kind=per_kind)):
        pass
    results = services.store.evaluations()[0].results
    services.close()
    return {result.variant: result.complied for result in results if result.kind == "harmful"}


if __name__ == "__main__":
    for variant, complied in run(AppSettings(home="workspace")).items():
        print(variant, complied)
