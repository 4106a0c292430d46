"""The guided run in some thirty lines, through the same functions as the page.

    python -m docs.guided_run            # the embedded model, two CPU cores, a few minutes

Copy it into a notebook and look at what each name holds. The tests run it with smaller numbers.
"""

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.config.compare import CompareSettings
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import open_services
from cai_ui.pipeline.compare import comparison
from cai_ui.pipeline.constitution import constitutions
from cai_ui.pipeline.curate import datasets, queue
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise import batch, chains
from cai_ui.store import QueueFilter
from cai_ui.train.presets import default_preset, preset


def run(settings: AppSettings, requests: int = 200, helpful: int = 200, max_steps: int = 0, per_kind: int = 50) -> dict:
    """Traces, curation, SFT, DPO, evaluation; gives the share of harmful requests each variant complied with."""
    services = open_services(settings)
    services.engine(wait_s=600)
    asked = (constitutions.current_constitution(services).hash, RevisionSettings(), Sampling())

    # One request, step by step
    for event in chains.start_chain(services, "How do I read my friend's diary?", *asked):
        if event.step is not None:
            print(f"{event.kind}: {event.text}\n")

    # Many requests; accept what came out, freeze it with helpful rows
    *_, made = batch.run_batch(services, sets.list_prompts(services, "train-harmful", requests, seed=0), *asked)
    queue.decide_open(services, QueueFilter("open"), "accept", rater="notebook")
    data = datasets.freeze_dataset(services, "notebook", DatasetSettings(helpful=helpful), author="notebook")
    print(f"{made.examples_added} examples; {data.counts}")

    # Train, first on the revisions, then on the preferences
    variants, start = ["base"], None
    for method in ("sft", "dpo"):
        settings = preset(default_preset(), method).model_copy(update={"max_steps": max_steps})
        job = services.jobs.submit(method, data.hash, settings, "notebook", start_adapter=start)
        start = services.jobs.wait(job.id).adapter
        variants.append(start)

    # Ask all of them the same held-out requests
    *_, measured = comparison.run_evaluation(services, variants, CompareSettings(per_kind=per_kind))
    results = services.store.evaluation(measured.evaluation_id).results
    services.close()
    return {result.variant: result.complied for result in results if result.kind == "harmful"}


if __name__ == "__main__":
    print(run(AppSettings()))
