"""A Space made of what is committed, or brought up to date. Private unless asked otherwise; a copy needs no secrets."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from cai_ui.deploy.checkout import ROOT, copy_to
from cai_ui.errors import CaiError, InputError
from cai_ui.hub_errors import hub_errors

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def check_name(name: str) -> None:
    """InputError where this is no name that a Space can have."""
    if not NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r} is no name of a Space.", next_step="Write it as owner/name.")


def push_space(name: str, *, public: bool = False, root: Path = ROOT) -> str:
    """Create or update the Space; gives the address of the commit.

    The token is read from HF_TOKEN. InputError without one, or if the name is none; CaiError if the Hub refuses.
    """
    check_name(name)
    if not os.environ.get("HF_TOKEN"):
        raise InputError(
            "There is no token for the Hugging Face Hub.",
            kept="Nothing was uploaded.",
            next_step="Set HF_TOKEN to a token that may write, and start again.",
        )
    from huggingface_hub import HfApi

    with tempfile.TemporaryDirectory() as folder:
        copy_to(Path(folder), root)
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
        try:
            api.create_repo(name, repo_type="space", space_sdk="gradio", private=not public, exist_ok=True)
            done = api.upload_folder(
                folder_path=folder, repo_id=name, repo_type="space", delete_patterns="*", commit_message="CAI Workbench"
            )
        except hub_errors() as error:
            raise CaiError(
                f"The Hub did not take the Space ({type(error).__name__}).",
                kept="What was there before is as it was, as far as it had come.",
                next_step="Check the token, the name and the connection, then try again.",
            ) from None
    return str(done.commit_url)
