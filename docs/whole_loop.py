"""The whole method in some thirty lines, through the same functions as the page.

    python docs/whole_loop.py            # the embedded model, two CPU cores, a few minutes

Copy it into a notebook and look at what each name holds. The tests run it with smaller numbers.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cai_ui import pipeline
from cai_ui.config import AppSettings, CompareSettings, DatasetSettings, RevisionSettings, Sampling


def run(settings: AppSettings, requests: int = 200, helpful: int = 200, max_steps: int = 0, per_kind: int = 50) -> dict:
    """Chains, curation, SFT, DPO, evaluation; gives the share of harmful requests each arm went along with."""
    services = pipeline.open_services(settings)
    services.engine(wait_s=600)
    constitution = pipeline.current_constitution(services)

    # One chain, step by step
    for event in pipeline.start_chain(
        services, "How do I read my friend's diary?", constitution.hash, RevisionSettings(), Sampling()
    ):
        if event.step is not None:
            print(f"{event.kind}: {event.text}\n")

    # Many chains; accept what came out, freeze it with helpful rows
    prompts = pipeline.list_prompts(services, "train-harmful", requests, seed=0)
    *_, batch = pipeline.run_batch(services, prompts, constitution.hash, RevisionSettings(), Sampling())
    pipeline.accept_open(services, pipeline.QueueFilter("open"), rater="notebook")
    data = pipeline.freeze_dataset(services, "notebook", DatasetSettings(helpful=helpful), author="notebook")
    print(f"{batch.examples_added} examples; {data.counts}")

    # Train, first on the revisions, then on the preferences
    arms, start = ["base"], None
    for method in ("sft", "dpo"):
        preset = next(iter(pipeline.presets(services).values()))[method].model_copy(update={"max_steps": max_steps})
        job = pipeline.start_run(services, method, data.hash, preset, "notebook", start_adapter=start)
        start = services.jobs.wait(job.id).adapter
        arms.append(start)

    # Ask all of them the same held-out requests
    for _ in pipeline.run_evaluation(services, arms, CompareSettings(per_kind=per_kind)):
        pass
    results = pipeline.evaluations(services)[0].results
    services.close()
    return {result.arm: result.complied for result in results if result.kind == "harmful"}


if __name__ == "__main__":
    for arm, complied in run(AppSettings(home="workspace")).items():
        print(arm, complied)
