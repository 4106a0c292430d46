"""Where a model's files come from, and what identifies them.

Sources: the embedded model, a local folder, or a name on the Hugging Face Hub with an optional pinned
revision. Only safetensors files are read. Every failure becomes one EngineError that says what to do.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cai_ui.config.app import AppSettings
from cai_ui.disk import room
from cai_ui.errors import EngineError

Tell = Callable[[str], None]
"""Takes a sentence on how far the loading is."""

EMBEDDED = Path(__file__).resolve().parents[1] / "embedded"
"""Folder of the shipped model, for plain `AutoModelForCausalLM.from_pretrained`."""
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt"]
HUB_SKIP = ["consolidated*", "original/*", "*.bin", "*.pth"]
FULL_HASH_BYTES = 256 * 2**20
"""Weights up to this size are hashed whole; larger ones by name, size and evenly spread samples."""
LOOK_S = 2.0
"""Seconds between two looks at how much of a download has come."""
_OFFLINE = "Check the network, or use a model that is already on this machine, such as `embedded`."


def find_folder(settings: AppSettings, tell: Tell = lambda text: None) -> Path:
    """The local folder of the model; a Hub name is downloaded first."""
    if settings.model == "embedded":
        if not (EMBEDDED / "config.json").is_file():
            raise EngineError(
                "The weights of the embedded model are missing.",
                next_step="Get the files again, or make them: python -m cai_ui demo build --out cai_ui/engine/embedded",
            )
        return EMBEDDED
    folder = Path(settings.model).expanduser()
    if folder.is_dir():
        return folder
    if HUB_NAME.fullmatch(settings.model):
        return _download(settings.model, settings.revision or None, tell)
    raise EngineError(
        f"There is no model {settings.model!r}: it is neither a folder nor a name like owner/model.",
        next_step="Use `embedded`, a folder, or a name such as mistralai/Mistral-7B-Instruct-v0.3.",
    )


def revision_of(folder: Path) -> str:
    """The commit of a downloaded model; "" for a folder of one's own."""
    return folder.name if folder.parent.name == "snapshots" else ""


def weight_files(folder: Path) -> list[Path]:
    """The folder's safetensors files; EngineError if there are none."""
    files = sorted(f for f in folder.glob("*.safetensors") if not f.name.startswith(("consolidated", "adapter")))
    if files:
        return files
    raise EngineError(
        f"{folder.name} holds no safetensors weights; other weight files are not read, since they can run code.",
        next_step="Choose a model with safetensors files.",
    )


def stored_bytes(folder: Path) -> int:
    """Size of the weights on disk."""
    return sum(f.stat().st_size for f in weight_files(folder))


def hash_weights(folder: Path) -> str:
    """SHA-256 that identifies the base: over names, sizes and bytes of all safetensors files.

    Above FULL_HASH_BYTES only the first and last 64 KiB and 62 evenly spread blocks of 64 KiB per file
    are read: enough to tell models and their fine-tunes apart, not a guard against a forger.
    """
    files = weight_files(folder)
    whole = sum(f.stat().st_size for f in files) <= FULL_HASH_BYTES
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.name} {size}\n".encode())
        with file.open("rb") as stream:
            if whole:
                while block := stream.read(2**20):
                    digest.update(block)
                continue
            for part in range(64):
                stream.seek((size - 65_536) * part // 63)
                digest.update(stream.read(65_536))
    return digest.hexdigest()


def read_config(folder: Path) -> dict[str, Any]:
    """The model's configuration; EngineError unless it is a language model this engine can run."""
    path = folder / "config.json"
    if not path.is_file():
        raise EngineError(f"{folder.name} is not a model folder: config.json is missing.", next_step="Choose another.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise EngineError(f"config.json of {folder.name} is damaged.", next_step="Copy or download the model again.")
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    if config.get("model_type") not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise EngineError(
            f"{folder.name} is not a language model that can answer (type {str(config.get('model_type'))[:40]!r}).",
            next_step="Choose a causal language model with a chat template.",
        )
    kinds = config.get("layer_types")
    strange = [k for k in kinds if not str(k).endswith("attention") or k == "linear_attention"] if kinds else []
    if strange:
        raise EngineError(
            f"{folder.name} has layers of the kind {str(strange[0])[:40]!r}, which this engine cannot run in batches.",
            next_step="Choose a model with attention in all layers, or serve it with vLLM and use it as an endpoint.",
        )
    return config


def _download(name: str, revision: str | None, tell: Tell) -> Path:
    from huggingface_hub import errors as hub
    from huggingface_hub import snapshot_download

    try:
        size = _size_on_hub(name, revision)
        _check_disk(name, size)
        with _progress(name, size, tell):
            return Path(snapshot_download(name, revision=revision, allow_patterns=HUB_FILES, ignore_patterns=HUB_SKIP))
    except EngineError:
        raise
    except hub.GatedRepoError:
        raise EngineError(
            f"{name} is gated: its owner wants you to accept the terms first.",
            next_step="Accept them on its page at huggingface.co, then set the environment variable HF_TOKEN.",
        ) from None
    except hub.RevisionNotFoundError:
        raise EngineError(f"{name} has no revision {revision!r}.", next_step="Leave it empty or correct it.") from None
    except hub.RepositoryNotFoundError:
        raise EngineError(
            f"There is no model {name} on the Hub that you can see.",
            next_step="Check the name; a private model needs the environment variable HF_TOKEN.",
        ) from None
    except OSError as error:
        raise _download_trouble(name, error) from None
    except Exception as error:
        raise EngineError(f"{name} could not be downloaded ({type(error).__name__}).", next_step=_OFFLINE) from error


def _size_on_hub(name: str, revision: str | None) -> int | None:
    """Bytes that would be downloaded; None where the Hub does not say or cannot be asked."""
    from fnmatch import fnmatch

    from huggingface_hub import HfApi, constants
    from huggingface_hub import errors as hub

    if constants.HF_HUB_OFFLINE:
        return None
    try:
        files = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=10).siblings or []
    except (hub.RepositoryNotFoundError, hub.RevisionNotFoundError):
        raise
    except Exception:  # not reachable: the files may be on this machine all the same
        return None
    wanted = [f for f in files if any(fnmatch(f.rfilename, p) for p in HUB_FILES)]
    return sum(f.size or 0 for f in wanted if not any(fnmatch(f.rfilename, p) for p in HUB_SKIP))


def _check_disk(name: str, size: int | None) -> None:
    """Refuse a download that cannot fit, counting what of it is there already."""
    free = room(_existing(_cache_of(name)))
    if size is not None and size - _bytes_in(_cache_of(name)) > free:
        raise EngineError(
            f"{name} takes {size / 1e9:.1f} GB on disk and {free / 1e9:.1f} GB may be taken; it was not downloaded.",
            next_step="Free some space, or point the environment variable HF_HOME to another disk.",
        )


@contextmanager
def _progress(name: str, size: int | None, tell: Tell) -> Iterator[None]:
    """Say how much has come while the block runs."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_S):
            of = f" of {size / 1e9:.1f}" if size else ""
            tell(f"{name} is being downloaded: {_bytes_in(_cache_of(name)) / 1e9:.1f}{of} GB are here.")

    threading.Thread(target=look, name="download-progress", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _cache_of(name: str) -> Path:
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _bytes_in(folder: Path) -> int:
    total = 0
    for file in folder.glob("blobs/*"):
        try:
            total += file.stat().st_size
        except OSError:  # renamed between the two calls
            continue
    return total


def _download_trouble(name: str, error: OSError) -> EngineError:
    if error.errno == errno.ENOSPC:
        return EngineError(f"The disk is full; {name} was not downloaded.", next_step="Free some space and try again.")
    return EngineError(f"{name} is not on this machine and the Hub could not be reached.", next_step=_OFFLINE)
