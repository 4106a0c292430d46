"""Datasets to and from the Hugging Face Hub. What is uploaded is private unless asked otherwise."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path, PurePosixPath

from cai_ui.errors import CaiError, InputError
from cai_ui.formats.whole_file import write_whole
from cai_ui.hub_errors import hub_errors
from cai_ui.pipeline.curate.datasets import dataset_card, write_export
from cai_ui.pipeline.services import Services
from cai_ui.tables import SUFFIXES, Limits
from cai_ui.text import NAME_LIMIT

ROW_FILES = (*SUFFIXES[:-2], ".jsonl.gz", ".csv.gz")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_FILE = re.compile(rf"({_REPO.pattern})(?:/(.{{1,300}}))?")
_NAMED_FILES = 8
_TABLES = {"sft": "sft-parquet", "dpo": "dpo-parquet"}
"""By which name the Hub shows, and `load_dataset` loads, which export: all of one form, since it takes no two."""


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

    from cai_ui.curate.exporting import EXPORTS

    folder = services.store.workspace.tmp_dir()
    try:
        names = {kind: f"data/{kind}-train.{export.suffix}" for kind, export in EXPORTS.items() if export.write}
        for kind, name in names.items():
            _write(services, dataset_hash, kind, folder / name)
        tables = {title: names[kind] for title, kind in _TABLES.items() if (folder / names[kind]).exists()}
        write_whole(folder / "README.md", dataset_card(services, dataset_hash, tables).encode("utf-8"))
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        done = api.upload_folder(
            folder_path=folder, repo_id=repo, repo_type="dataset", commit_message=f"Dataset {dataset_hash[:12]}"
        )
        return str(done.commit_url)
    except hub_errors() as error:
        if isinstance(error, CaiError):
            raise
        raise CaiError(
            f"The Hub did not take the dataset ({type(error).__name__}).",
            kept="It is unchanged here.",
            next_step="Check the token, the name and the connection, then try again.",
        ) from None
    finally:
        services.store.workspace.drop_tmp(folder)


def fetch_rows(services: Services, address: str) -> tuple[str, str]:
    """Download a file of a dataset on the Hub; gives its path here and its name. Call `drop_rows` after its use.

    `address` is owner/name, or owner/name/path/to/file. InputError if it is none, names no file of rows, or has to
    be more exact; CaiError if the Hub cannot be reached or refuses.
    """
    found = _FILE.fullmatch(address.strip())
    if not found:
        raise InputError(
            f"{address[:80]!r} is no dataset on the Hub.", next_step="Write it as owner/name or owner/name/file."
        )
    from huggingface_hub import HfApi

    repo, wanted = found.group(1), found.group(2)
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    folder = services.store.workspace.tmp_dir()
    try:
        sizes = {file.rfilename: file.size for file in api.dataset_info(repo, files_metadata=True).siblings or ()}
        name = _file_of(sizes, wanted, repo)
        if (sizes[name] or 0) > Limits.file_bytes:
            raise InputError(
                f"{name} has {(sizes[name] or 0) / 1e6:,.0f} MB; at most {Limits.file_bytes / 1e6:,.0f} fit."
            )
        path = api.hf_hub_download(repo, name, repo_type="dataset", local_dir=folder)
    except hub_errors() as error:
        drop_rows(services, folder)
        if isinstance(error, CaiError):
            raise
        raise CaiError(
            f"The Hub did not give {repo} ({type(error).__name__}).",
            kept="Nothing was imported.",
            next_step="Check the name and the connection (private sets need HF_TOKEN), or choose a file instead.",
        ) from None
    return str(path), f"{repo}/{PurePosixPath(name).name}"[:NAME_LIMIT]


def drop_rows(services: Services, path: str | Path) -> None:
    """Delete a file that was fetched; any other file is left alone."""
    services.store.workspace.drop_tmp(Path(path))


def _file_of(names: dict[str, int | None], wanted: str | None, repo: str) -> str:
    """The file that is meant: the one named, or the only one with rows."""
    rows = [name for name in names if name.endswith(ROW_FILES)]
    if wanted in rows:
        return wanted
    if wanted is None and len(rows) == 1:
        return rows[0]
    listed = ", ".join(rows[:_NAMED_FILES]) + (
        f" and {len(rows) - _NAMED_FILES} more" if len(rows) > _NAMED_FILES else ""
    )
    if not rows:
        raise InputError(f"{repo} has no file of rows ({', '.join(ROW_FILES)}).", next_step="Choose another dataset.")
    raise InputError(f"{repo} has these files of rows: {listed}.", next_step=f"Write {repo}/ and one of them.")


def _write(services: Services, dataset_hash: str, kind: str, path: Path) -> None:
    """One export; a kind that this dataset has no rows for is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(InputError):
        write_export(services, dataset_hash, kind, path)
