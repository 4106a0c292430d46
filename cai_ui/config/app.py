"""Settings of the server."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from cai_ui.config.answers import WHO
from cai_ui.config.knobs import Settings, knob


class AppSettings(Settings):
    """How the server starts. Environment variables and flags fill the same fields."""

    home: str = knob("workspace", "Folder for everything that lasts.")
    model: str = knob(
        "auto",
        "`embedded`, `scripted`, a folder, or a name such as mistralai/Mistral-7B-Instruct-v0.3; `auto` takes the "
        "latter on a GPU with 8 GB or more and the embedded model elsewhere.",
    )
    quantize: Literal["auto", "none", "nf4"] = knob("auto", "4-bit weights through bitsandbytes.")
    model_folders: str = knob(
        "", "Folders that models may be read from where others sign in or look, with colons; on one's own machine any."
    )
    keep_quantized: bool = knob(True, "Keep 4-bit weights in the workspace, so that the next start takes seconds.")
    revision: str = knob("", "Pinned revision of a model from the Hub.")
    chat_format: Literal["template", "human-assistant"] = knob(
        "template", "The model's own chat template, or plain Human:/Assistant: paragraphs."
    )
    endpoint: str = knob(
        "",
        "Address of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1; then `model` is its name for the "
        "model, and the key comes from the environment variable CAI_ENDPOINT_KEY.",
    )
    critic: str = knob("", "The critic, as long as nothing else is chosen. " + WHO + " Its key: CAI_CRITIC_KEY.")
    reviser: str = knob("", "The reviser, likewise. Its key: CAI_REVISER_KEY.")
    judge: str = knob("", "Who judges pairs of answers, likewise. Its key: CAI_JUDGE_KEY.")
    concurrency: int = knob(16, "Requests an endpoint is asked at once.", ge=1, le=512, unit="requests", step=1)
    cache_gb: float = knob(1.0, "Memory of the prefix cache; 0 keeps none.", ge=0, le=1000, unit="GB")
    backup_hours: float = knob(
        2.0, "Time between two backups that the page makes by itself; 0 makes none.", ge=0, le=8760, unit="hours"
    )
    backups_kept: int = knob(
        5, "Backups kept, beside the last one of each of 7 days.", ge=1, le=1000, unit="backups", step=1
    )
    backup_repo: str = knob(
        "",
        "Private dataset repository on the Hub, as owner/name, that the database is backed up to as well and brought "
        "back from where the disk was emptied; its token is HF_TOKEN.",
    )
    backup_minutes: float = knob(5.0, "Time between two looks for what is to go there.", ge=1, le=1440, unit="minutes")
    host: str = knob("127.0.0.1", "Address to listen on.")
    port: int = knob(7860, "Port to listen on.", ge=1, le=65_535)
    access: Literal["auto", "own", "team", "public"] = knob(
        "auto",
        "own: everybody who reaches the page may do everything; team: people sign in and have roles (see the command "
        "users); public: everybody may look and try, nobody trains or changes anything. auto: own where only this "
        "machine reaches the page, public on a Space, else team.",
    )
    hub_people: str = knob(
        "",
        "Who signs in with the Hugging Face Hub and as what, such as `owner=ada trainer=ben,cleo annotator=dora`; a "
        "Space's own account is an owner unless it is named otherwise.",
    )
    hub_others: Literal["refused", "viewer", "annotator"] = knob(
        "refused", "What everybody else is who signs in with the Hub."
    )
    open: bool = knob(False, "Serve other machines without signing in: whoever reaches the port may do everything.")
    host_names: str = knob("", "Names by which the page may be asked for, with commas, beside this machine's own.")

    @field_validator("home")
    @classmethod
    def _named(cls, home: str) -> str:
        """An unset variable on a command line would else make the folder one happens to be in a workspace."""
        if not home.strip():
            raise PydanticCustomError("empty", "no folder is named")
        return home
