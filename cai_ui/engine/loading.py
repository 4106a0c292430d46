"""Where a model comes from, whether it can be loaded here, and loading it.

Sources: the embedded model, a local folder, or a name on the Hugging Face Hub with an optional
pinned revision. Only safetensors files are read and no code from a model's repository is ever run.
Every failure becomes one EngineError that says what to do.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cai_ui.config import AppSettings
from cai_ui.errors import EngineError

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
HUB_FILES = ["*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt"]
HUB_SKIP = ["consolidated*", "original/*", "*.bin", "*.pth"]
FULL_HASH_BYTES = 256 * 2**20
"""Weights up to this size are hashed whole; larger ones by name, size and evenly spread samples."""
SMALL_BYTES = 2 * 2**30
"""Weights whose float32 size stays below this run in float32 on the CPU."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with frozen weights, and what identifies it."""

    name: str
    model: Any
    tokenizer: Any
    base_hash: str
    context_length: int
    device: str
    dtype: str


def load_model(settings: AppSettings) -> LoadedModel:
    """The model that `settings` names. EngineError with a sentence for every known cause of failure."""
    _silence_notes()
    folder = find_folder(settings)
    config = _read_config(folder)
    files = _weight_files(folder)
    device = _device()
    quantize = _quantize(settings, files, device)
    _check_memory(files, device, quantize)
    tokenizer = _load_tokenizer(folder)
    model = _load_weights(folder, device, quantize, _dtype(settings, files, device))
    model.eval().requires_grad_(False)
    if quantize and device == "cpu":
        _pack(model)
    return LoadedModel(
        name=settings.model,
        model=model,
        tokenizer=tokenizer,
        base_hash=hash_weights(folder),
        context_length=int(config.get("max_position_embeddings") or 2048),
        device=device,
        dtype="nf4" if quantize else str(model.dtype).removeprefix("torch."),
    )


def _silence_notes() -> None:
    """Two notes of libraries to one another that a reader of our terminal can do nothing about: bitsandbytes on
    an optional package, transformers on a name that PEFT still uses."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)


def find_folder(settings: AppSettings) -> Path:
    """The local folder of the model; a Hub name is downloaded first."""
    if settings.model == "embedded":
        from cai_ui.demo import WEIGHTS

        if not (Path(WEIGHTS) / "config.json").is_file():
            raise EngineError(
                "The weights of the embedded model are missing.", next_step="Run: python -m cai_ui demo build"
            )
        return Path(WEIGHTS)
    folder = Path(settings.model).expanduser()
    if folder.is_dir():
        return folder
    if HUB_NAME.fullmatch(settings.model):
        return _download(settings.model, settings.revision or None)
    raise EngineError(
        f"There is no model {settings.model!r}: it is neither a folder nor a name like owner/model.",
        next_step="Use `embedded`, a folder, or a name such as mistralai/Mistral-7B-Instruct-v0.3.",
    )


def hash_weights(folder: Path) -> str:
    """SHA-256 that identifies the base: over names, sizes and bytes of all safetensors files.

    Above FULL_HASH_BYTES only the first and last 64 KiB and 62 evenly spread blocks of 64 KiB per file
    are read: enough to tell models and their fine-tunes apart, not a guard against a forger.
    """
    files = _weight_files(folder)
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


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import errors as hub
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=HUB_FILES, ignore_patterns=HUB_SKIP))
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


_OFFLINE = "Check the network, or use a model that is already on this machine, such as `embedded`."


def _download_trouble(name: str, error: OSError) -> EngineError:
    if error.errno == errno.ENOSPC:
        return EngineError(f"The disk is full; {name} was not downloaded.", next_step="Free some space and try again.")
    return EngineError(f"{name} is not on this machine and the Hub could not be reached.", next_step=_OFFLINE)


def _read_config(folder: Path) -> dict[str, Any]:
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
    return config


def _weight_files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.glob("*.safetensors") if not f.name.startswith(("consolidated", "adapter")))
    if files:
        return files
    raise EngineError(
        f"{folder.name} holds no safetensors weights; other weight files are not read, since they can run code.",
        next_step="Choose a model with safetensors files.",
    )


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _stored_bytes(files: list[Path]) -> int:
    return sum(f.stat().st_size for f in files)


def _quantize(settings: AppSettings, files: list[Path], device: str) -> bool:
    """`auto` asks for NF4 only on a GPU with less than 24 GB, and only for weights above 4 GB."""
    if settings.quantize != "auto":
        return settings.quantize == "nf4"
    if device != "cuda" or _stored_bytes(files) < 4e9:
        return False
    import torch

    return bool(torch.cuda.get_device_properties(0).total_memory < 24e9)


def _dtype(settings: AppSettings, files: list[Path], device: str) -> Any:
    import torch

    small = _stored_bytes(files) * 2 <= SMALL_BYTES
    return torch.float32 if settings.model == "embedded" or (device == "cpu" and small) else torch.bfloat16


def _check_memory(files: list[Path], device: str, quantize: bool) -> None:
    """Refuse what cannot fit: stored weights (16-bit) against free memory, with a tenth on top."""
    free = _free_bytes(device)
    need = _stored_bytes(files) * (0.35 if quantize else 1.1)
    if free is not None and need > free:
        raise EngineError(
            f"This model needs about {need / 1e9:.1f} GB and {free / 1e9:.1f} GB are free.",
            next_step="Close other programs, choose 4-bit weights (nf4), or use a smaller model.",
        )


def _free_bytes(device: str) -> int | None:
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("MemAvailable"))) * 1024
    except (OSError, StopIteration, ValueError, IndexError):
        return None


def _pack(model: Any) -> None:
    from cai_ui.engine.nf4_cpu import pack_now

    try:
        pack_now(model)
    except (AssertionError, RuntimeError, ValueError) as error:  # bitsandbytes on layers of other sizes
        raise EngineError(
            "The layers of this model cannot be packed as 4-bit weights on a CPU.", next_step="Load it without nf4."
        ) from error


def _load_tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise EngineError(
            f"The tokenizer of {folder.name} could not be read ({type(error).__name__}).",
            next_step="Copy or download the model again.",
        ) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    return tokenizer


def _load_weights(folder: Path, device: str, quantize: bool, dtype: Any) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "trust_remote_code": False}
    if quantize:
        options["dtype"] = torch.bfloat16
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, output_loading_info=True, device_map={"": device}, **options
        )
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise EngineError(
            "There was not enough memory to load the model.", next_step="Choose 4-bit weights or a smaller model."
        ) from error
    except Exception as error:
        raise EngineError(
            f"The weights of {folder.name} could not be read ({type(error).__name__}): the files may be damaged.",
            next_step="Copy or download the model again.",
        ) from error
    if info["missing_keys"] or info["mismatched_keys"]:
        raise EngineError(
            f"The weights of {folder.name} are incomplete ({len(info['missing_keys'])} tensors are missing).",
            next_step="Copy or download the model again.",
        )
    return model
