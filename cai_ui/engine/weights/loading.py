"""Loading a model: choosing how it fits, reading its tokenizer and weights, and checking both.

No code from a model's repository is ever run. Every failure becomes one EngineError that says what to do.
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine.kernels.attention import use_shared_heads
from cai_ui.engine.kernels.fast_linear import use_fast_linear
from cai_ui.engine.kernels.forward import use_short_way
from cai_ui.engine.kernels.same_rows import products_agree, use_same_rows
from cai_ui.engine.weights.defaults import default_sampling
from cai_ui.engine.weights.estimate import check_memory, default_model, device_here, estimate, wants_nf4
from cai_ui.engine.weights.kept_nf4 import find_kept, keep
from cai_ui.engine.weights.sources import Tell, find_folder, hash_weights, read_config, revision_of, stored_bytes
from cai_ui.errors import EngineError, is_memory

SMALL_BYTES = 2 * 2**30
"""Weights whose float32 size stays below this run in float32 on the CPU."""

KEEP_BYTES = 10**9
"""Weights of this size and more are kept once they are packed; smaller ones are packed in no time."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with frozen weights, and what identifies it.

    `shares`: rows that begin alike can attend to one copy of their beginning. `same_in_any_batch`: a row's text does
    not depend on the rows beside it (float32 sums, or those of `kernels.same_rows`). `notes`: what its files lack, and
    what is done about it.
    """

    name: str
    model: Any
    tokenizer: Any
    base_hash: str
    context_length: int
    device: str
    dtype: str
    revision: str = ""
    chat_format: str = "template"
    shares: bool = False
    same_in_any_batch: bool = False
    default_sampling: Sampling = field(default_factory=Sampling)
    notes: tuple[str, ...] = ()


def load_model(settings: AppSettings, tell: Tell = lambda text: None) -> LoadedModel:
    """The model that `settings` names. EngineError with a sentence for every known cause of failure."""
    import torch

    _silence_notes()
    if settings.model == "auto":
        settings = settings.model_copy(update={"model": default_model()})
    _share_cores(settings.model)
    folder = find_folder(settings, tell)
    read_config(folder)
    device = device_here()
    stored = stored_bytes(folder)
    quantized = wants_nf4(settings, stored, device)
    base_hash = hash_weights(folder)
    kept = find_kept(settings, base_hash) if quantized else None
    expected = estimate(stored_bytes(kept) if kept else stored, device, quantized, packed_already=kept is not None)
    check_memory(expected)
    tell(f"{settings.model} is being loaded. {expected.sentence()}")
    tokenizer = _load_tokenizer(folder)
    if quantized:
        model = _load_nf4(settings, folder, kept, device, base_hash, tell)
    else:
        model = _load_weights(folder, device, {"dtype": _dtype(settings, stored, device)})
    model.eval().requires_grad_(False)
    notes = fit_padding(tokenizer, model.get_input_embeddings().weight.shape[0])
    if quantized and device == "cpu":
        _pack(model)
    shares, context_length = False, context_of(model.config)
    if device == "cpu":
        use_fast_linear(model)
        use_same_rows(model)
        shares = use_shared_heads(model)
        if shares:
            use_short_way(model)
    return LoadedModel(
        name=settings.model,
        model=model,
        tokenizer=tokenizer,
        base_hash=base_hash,
        context_length=context_length,
        default_sampling=default_sampling(settings.model, folder, context_length),
        device=device,
        dtype="nf4" if quantized else str(model.dtype).removeprefix("torch."),
        revision=revision_of(folder),
        chat_format=settings.chat_format,
        shares=shares,
        notes=notes,
        same_in_any_batch=model.dtype == torch.float32 or (shares and products_agree(model)),
    )


def _share_cores(name: str) -> None:
    """One thread for the embedded model, for any other all that torch took by itself or by OMP_NUM_THREADS.

    The embedded model's products are too small to gain from a second one (40 steps of SFT: 23 s with one as with two),
    and one that waits for a core, which the page and its browser use, makes the other wait as well: a guided run in a
    browser beside it took 372 s instead of 323.
    """
    import torch

    every = _all_threads()
    torch.set_num_threads(1 if name == "embedded" else every)


@cache
def _all_threads() -> int:
    """Before any model was loaded."""
    import torch

    return int(torch.get_num_threads())


def context_of(config: Any) -> int:
    """Tokens that a model takes, whatever its kind calls that (n_positions, say) and wherever it stands: models that
    see pictures, too, have a part of their configuration for text. 2,048 where nothing is said."""
    return int(getattr(config.get_text_config(), "max_position_embeddings", None) or 2048)


def _silence_notes() -> None:
    """Two notes of libraries to one another that a reader of our terminal can do nothing about: bitsandbytes on
    an optional package, transformers on a name that PEFT still uses."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)


def _dtype(settings: AppSettings, stored: int, device: str) -> Any:
    import torch

    small = stored * 2 <= SMALL_BYTES
    return torch.float32 if settings.model == "embedded" or (device == "cpu" and small) else torch.bfloat16


def _load_nf4(settings: AppSettings, folder: Path, kept: Path | None, device: str, base_hash: str, tell: Tell) -> Any:
    """4-bit weights: from the copy kept on disk, or made now and kept for the next start."""
    import torch
    from transformers import BitsAndBytesConfig

    if kept is not None:
        try:
            return _load_weights(kept, device, {"dtype": torch.bfloat16})
        except EngineError:
            tell("The 4-bit copy on disk is damaged; it is made again.")
    options = {
        "dtype": torch.bfloat16,
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),
    }
    model = _load_weights(folder, device, options)
    if settings.keep_quantized and stored_bytes(folder) >= KEEP_BYTES:
        tell("The 4-bit weights are being written to disk, so that the next start takes seconds.")
        keep(model, settings, base_hash)
    return model


def _pack(model: Any) -> None:
    from cai_ui.engine.kernels.nf4_cpu import pack_now

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
    return tokenizer


def fit_padding(tokenizer: Any, rows: int) -> tuple[str, ...]:
    """Give the tokenizer a padding token that the embedding, of so many `rows`, has. What was done, in words."""
    given, stated = tokenizer.pad_token, tokenizer.pad_token_id
    if stated is not None and stated < rows:
        return ()
    others = (tokenizer.unk_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id, 0)
    found = next(one for one in others if one is not None and one < rows)
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(found)
    if stated is None:
        return ()
    now = f"{tokenizer.pad_token} pads."
    return (f"Its padding token {given} ({stated}) is beyond the {rows:,} that the weights know; {now}",)


def _hide_loading_bar() -> None:
    """No bar of transformers for weights that are read: it stood in logs, and between what a command says itself. Its
    switch is that of the Hub's bars, too, which stay as they were: a download takes long enough to be watched."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, enable_progress_bars
    from transformers.utils.logging import disable_progress_bar

    shown = not are_progress_bars_disabled()
    disable_progress_bar()
    if shown:
        enable_progress_bars()


def _load_weights(folder: Path, device: str, options: dict[str, Any]) -> Any:
    from transformers import AutoModelForCausalLM

    _hide_loading_bar()
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            folder,
            output_loading_info=True,
            device_map={"": device},
            use_safetensors=True,
            trust_remote_code=False,
            **options,
        )
    except Exception as error:
        if is_memory(error):
            raise EngineError(
                "There was not enough memory to load the model.", next_step="Choose 4-bit weights or a smaller model."
            ) from error
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
