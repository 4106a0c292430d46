"""A dataset to the Hugging Face Hub, private unless asked otherwise."""

from __future__ import annotations

import os
import re
from pathlib import Path

from cai_ui.errors import CaiError, InputError
from cai_ui.pipeline.datasets import export_kinds, export_suffix, write_export
from cai_ui.pipeline.services import Services

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


def push_dataset(services: Services, dataset_hash: str, repo: str, *, public: bool = False) -> str:
    """Upload every export and the card as one commit; gives its address.

    The token is read from HF_TOKEN by the Hub's own client and is never kept or shown. InputError without one,
    or if the name is none; CaiError if the Hub refuses.
    """
    if not _REPO.fullmatch(repo):
        raise InputError(f"{repo[:80]!r} is no name of a dataset.", next_step="Write it as owner/name.")
    if not os.environ.get("HF_TOKEN"):
        raise InputError(
            "There is no token for the Hugging Face Hub.",
            kept="Nothing was uploaded.",
            next_step="Set HF_TOKEN to a token that may write, and start again.",
        )
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    folder = services.store.workspace.tmp_dir()
    try:
        for kind in export_kinds():
            name = "README.md" if kind == "card" else f"data/{kind}-train.{export_suffix(kind)}"
            _write(services, dataset_hash, kind, folder / name)
        api = HfApi()
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        done = api.upload_folder(
            folder_path=folder, repo_id=repo, repo_type="dataset", commit_message=f"Dataset {dataset_hash[:12]}"
        )
        return str(done.commit_url)
    except (HfHubHTTPError, OSError) as error:
        if isinstance(error, CaiError):
            raise
        raise CaiError(
            f"The Hub did not take the dataset ({type(error).__name__}).",
            kept="It is unchanged here.",
            next_step="Check the token, the name and the connection, then try again.",
        ) from None
    finally:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def _write(services: Services, dataset_hash: str, kind: str, path: Path) -> None:
    """One export; a kind that this dataset has no rows for is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_export(services, dataset_hash, kind, path)
    except InputError:
        if kind == "card":
            raise
