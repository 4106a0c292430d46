"""The commands that repeat a run: here, on several GPUs, on rented hardware. The page shows them with the file."""

from __future__ import annotations

import shlex

from cai_ui.config.app import AppSettings
from cai_ui.pipeline.services import Services
from cai_ui.pipeline.train.hub_job import job_commands
from cai_ui.records import Run
from cai_ui.train.config_file import NAME
from cai_ui.train.processes import FSDP_FILE

_PLACE = ("home", "model", "quantize", "revision", "chat_format")


def commands_for(services: Services, run: Run) -> str:
    """Shell lines with a comment each."""
    rest = shlex.join(["-m", "cai_ui", "train", str(config_path(services, run)), *_flags(services.settings)])
    return "\n".join(
        [
            "# the same run again",
            f"python {rest}",
            "# on two GPUs (rows per step double; halve the batch size to keep them)",
            f"torchrun --standalone --nproc_per_node 2 {rest} --processes 2",
            "# the same with the weights of the run shared out (FSDP; see docs/training.md)",
            f"accelerate launch --config_file {FSDP_FILE} {rest} --processes 2",
            "# as a Hugging Face Job (in place of OWNER, your name there)",
            job_commands(services, run),
        ]
    )


def config_path(services: Services, run: Run) -> str:
    """Where the file of a run lies."""
    return str(services.store.workspace.run_dir(run.id) / NAME)


def _flags(settings: AppSettings) -> list[str]:
    default = AppSettings()
    wanted = {name: str(getattr(settings, name)) for name in _PLACE}
    return [
        part
        for name, value in wanted.items()
        if value != str(getattr(default, name))
        for part in (f"--{name.replace('_', '-')}", value)
    ]
