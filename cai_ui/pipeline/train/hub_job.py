"""A run as a Hugging Face Job: everything it needs packed into one folder, sent privately, started on rented hardware.

The package holds the program, the run's file, its dataset and the adapter it starts from. The job reads it as a
read-only folder, trains, and pushes the adapter to a private repository of the same owner.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.config.app import AppSettings
from cai_ui.errors import CaiError, ConflictError, InputError
from cai_ui.pipeline.services import Services
from cai_ui.records import Dataset, DatasetInfo, Run
from cai_ui.records.hashing import canonical_json

PROGRAM = Path(__file__).resolve().parents[3]
SHIPPED = ("cai_ui", "principles", "requirements.txt", "LICENSE")
IMAGE = "pytorch/pytorch:2.9.0-cuda12.8-cudnn9-runtime"
FLAVORS = ("t4-small", "l4x1", "a10g-small", "a10g-large", "l40sx1", "a100-large", "h200", "cpu-upgrade")
"""Hardware that a run of this program can use, cheaper first."""
PLACE, DATA, START = "/job", "dataset.json", "start_adapter"
TIMEOUT = "6h"
_OWNER = re.compile(r"[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True)
class Job:
    """Where a run was sent to: the job's address, and the repositories of its package and of its adapter."""

    url: str
    package: str
    adapter: str


def job_commands(services: Services, run: Run, owner: str = "OWNER", flavor: str = "a10g-small") -> str:
    """The same by hand, as shell lines; `pack` is this program's command that writes the package."""
    package, _ = _names(run, owner)
    volume = f"hf://datasets/{package}:{PLACE}"
    start = ["hf", "jobs", "run", "--detach", "--flavor", flavor, "--timeout", TIMEOUT, "--secrets", "HF_TOKEN",
             "-v", volume, IMAGE, *_inside(services, run, owner)]  # fmt: skip
    return "\n".join(
        [
            f"python -m cai_ui pack {run.id} --out job",
            f"hf upload {package} job . --repo-type dataset --private",
            shlex.join(start),
        ]
    )


def pack(services: Services, run: Run, folder: Path) -> Path:
    """Write the package into `folder`, which must not be there yet."""
    from cai_ui.store.encoding import dump
    from cai_ui.train.config_file import NAME, config_text

    if folder.exists():
        raise ConflictError(f"{folder} is there already.", kept="It is unchanged.", next_step="Name a new folder.")
    folder.mkdir(parents=True)
    for name in SHIPPED:
        source = PROGRAM / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        else:
            shutil.copy(source, folder / name)
    (folder / NAME).write_text(config_text(run), encoding="utf-8")
    (folder / DATA).write_text(dump(services.store.dataset(run.dataset_hash)), encoding="utf-8")
    if run.start_adapter:
        shutil.copytree(services.store.workspace.run_dir(run.start_adapter) / "adapter", folder / START)
    return folder


def take_in_dataset(services: Services, text: str) -> DatasetInfo:
    """Keep the dataset of a package here. InputError if the text is none."""
    from pydantic import TypeAdapter

    from cai_ui.store.encoding import load

    try:
        TypeAdapter(Dataset).validate_json(text.encode("utf-8", "surrogatepass"), strict=True)
        dataset = load(Dataset, text)
        canonical_json(dataset.settings)  # which may be anything, but no number beyond all bounds
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError("The file is no dataset of a package.", next_step="Write one with `pack`.") from None
    return services.store.save_dataset(dataset, "package")


def load_start(services: Services, folder: Path, name: str) -> None:
    """Load the adapter of a package under the name by which the run's file calls it."""
    from cai_ui.engine.adapters.files import describe_adapter

    services.engine().load_adapter(describe_adapter(folder, name, name, "sft"))


def submit_job(services: Services, run_id: str, owner: str, flavor: str, api: Any = None) -> Job:
    """Pack a run, send it to a private repository, start the job. `api` is the Hub's client.

    The token is read from HF_TOKEN, goes to the Hub as the job's secret, and is never kept or shown. InputError
    without one; CaiError if the Hub refuses.
    """
    run = services.store.run(run_id)
    token = os.environ.get("HF_TOKEN")
    if not _OWNER.fullmatch(owner or ""):
        raise InputError("That is no name of a user or an organisation of the Hub.", next_step="Write it alone.")
    if flavor not in FLAVORS:
        raise InputError(f"There is no hardware {flavor[:40]!r}.", next_step=f"Choose: {', '.join(FLAVORS)}.")
    if run.config.get("reference", "start") not in ("start", "base"):
        raise InputError("A run with an adapter as its reference cannot be sent.", next_step="Train it here.")
    if Path(_model(services)).exists():
        raise InputError(
            "The base model is a folder of this machine, which a rented one does not have.",
            kept="Nothing was sent.",
            next_step="Load it under its name on the Hub, or send the package and the model by hand.",
        )
    if not token:
        raise InputError(
            "There is no token for the Hugging Face Hub.",
            kept="Nothing was sent.",
            next_step="Set HF_TOKEN to a token that may write and run jobs, and start again; or use the commands.",
        )
    if api is None:
        from huggingface_hub import HfApi

        api = HfApi(token=token)
    from huggingface_hub import Volume
    from huggingface_hub.errors import HfHubHTTPError

    package, adapter = _names(run, owner)
    box = services.store.workspace.tmp_dir()
    try:
        folder = pack(services, run, box / "job")
        api.create_repo(package, repo_type="dataset", private=True, exist_ok=True)
        if not api.repo_info(package, repo_type="dataset").private:
            raise ConflictError(f"{package} is public.", kept="Nothing was sent.", next_step="Make it private first.")
        api.upload_folder(folder_path=folder, repo_id=package, repo_type="dataset", commit_message=f"Run {run.id}")
        job = api.run_job(
            image=IMAGE,
            command=_inside(services, run, owner),
            secrets={"HF_TOKEN": token},
            flavor=flavor,
            timeout=TIMEOUT,
            volumes=[Volume(type="dataset", source=package, mount_path=PLACE)],
            namespace=owner,
        )
    except (HfHubHTTPError, OSError) as error:
        raise CaiError(
            f"The Hub did not take the job ({type(error).__name__}).",
            kept="The run is here as it was.",
            next_step="Check that HF_TOKEN may write and run jobs for that owner, and the network; then try again.",
        ) from None
    finally:
        shutil.rmtree(box, ignore_errors=True)
    return Job(str(job.url), package, adapter)


def train_arguments(services: Services, run: Run, place: str) -> list[str]:
    """Arguments of `python -m cai_ui` that train a package lying at `place`."""
    settings, default = services.settings, AppSettings()
    wanted = {name: str(getattr(settings, name)) for name in ("quantize", "revision", "chat_format")}
    named = {name: value for name, value in wanted.items() if value != str(getattr(default, name))}
    named["model"] = _model(services)  # "auto" may be another model elsewhere
    flags = [part for name, value in named.items() for part in (f"--{name.replace('_', '-')}", value)]
    start = ["--adapter", f"{place}/{START}"] if run.start_adapter else []
    return ["train", f"{place}/config.yaml", "--data", f"{place}/{DATA}", *start, *flags]


def _model(services: Services) -> str:
    """The name of the model in use."""
    return services.host.status().model or services.settings.model


def _inside(services: Services, run: Run, owner: str) -> list[str]:
    """What the job's machine does: install, train, push."""
    _, adapter = _names(run, owner)
    words = [*train_arguments(services, run, PLACE), "--home", "/tmp/home", "--push", adapter]
    program = f"cd {PLACE} && pip install -q -r requirements.txt && python -m cai_ui {shlex.join(words)}"
    return ["bash", "-c", program]


def _names(run: Run, owner: str) -> tuple[str, str]:
    return f"{owner}/cai-{run.id}-package", f"{owner}/cai-{run.id}"
