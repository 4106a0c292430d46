"""A model of Mistral-7B-v0.3's shape (random weights): loading, kept 4-bit weights, reading, decoding, peak memory.

    python tests/benchmarks/seven_b.py FOLDER                7.25 billion weights; the folder needs about 19 GB
    python tests/benchmarks/seven_b.py FOLDER --layers 2     the same layers, fewer of them: does the script work?

Nothing is run without a folder. The model is built there once and left. Each part is a process of its own, so
that its peak memory is its own. On a GPU the same numbers come from the GPU; then try also
`chains.py --model FOLDER/bf16-32` and `side_by_side.py --model FOLDER/bf16-32`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from shapes import CONTEXT, table

HIDDEN, INNER, HEADS, KV_HEADS, HEAD, VOCABULARY = 4096, 14336, 32, 8, 128, 32768


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--prompt", type=int, default=256, help="tokens to read")
    parser.add_argument("--tokens", type=int, default=32, help="tokens to write")
    parser.add_argument("--part", choices=["pack", "kept"], help="used by the script itself")
    parsed = parser.parse_args()
    if parsed.part:
        print(json.dumps(_part(parsed)))
    else:
        print(run(parsed))


def run(parsed: Any) -> str:
    model = build(parsed.folder / f"bf16-{parsed.layers}", parsed.layers)
    shutil.rmtree(parsed.folder / "home", ignore_errors=True)
    packed, kept = (_child(parsed, part) for part in ("pack", "kept"))
    rows = [
        ["loaded from 16-bit weights and packed", f"{packed['load_s']:.1f} s", f"{packed['peak']:.1f} GB"],
        ["loaded from kept 4-bit weights", f"{kept['load_s']:.1f} s", f"{kept['loaded']:.1f} GB"],
        [f"reading {parsed.prompt} tokens", f"{kept['read']:.1f} tokens/s", ""],
        ["decoding, this engine", f"{kept['ours']:.2f} tokens/s", ""],
        ["decoding, plain `generate`", f"{kept['plain']:.2f} tokens/s", ""],
        ["ours against plain", f"{kept['ours'] / kept['plain']:.0%}", f"{kept['peak']:.1f} GB"],
    ]
    size = sum(f.stat().st_size for f in model.glob("*.safetensors")) / 1e9
    return table(f"Mistral-7B shape, {parsed.layers} layers, {size:.1f} GB in 16 bit, NF4", ["what", "", "peak"], rows)


def build(folder: Path, layers: int, device: str = "cpu") -> Path:
    """Random bfloat16 weights, one file per layer, written one after the other so that little memory is needed.

    `device` is where the numbers are drawn.
    """
    import torch
    from safetensors.torch import save_file
    from tiny_model import _tokenizer
    from transformers import GenerationConfig, MistralConfig

    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return folder
    need = 2 * (layers * _layer_weights() + 2 * VOCABULARY * HIDDEN)
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < 1.3 * need:
        sys.exit(f"The model takes {need / 1e9:.1f} GB, its 4-bit copy a quarter of that; the disk has less free.")
    tokenizer = _tokenizer()
    tokenizer.model_max_length = CONTEXT
    tokenizer.save_pretrained(folder)
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    MistralConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=layers,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD, max_position_embeddings=CONTEXT,
        sliding_window=None, rope_theta=1e6, dtype="bfloat16", architectures=["MistralForCausalLM"],
        pad_token_id=tokenizer.pad_token_id, **ends,
    ).save_pretrained(folder)  # fmt: skip
    GenerationConfig(pad_token_id=tokenizer.pad_token_id, **ends).save_pretrained(folder)
    where: dict[str, str] = {}
    torch.manual_seed(0)
    parts = [{"model.embed_tokens.weight": (VOCABULARY, HIDDEN), "lm_head.weight": (VOCABULARY, HIDDEN),
              "model.norm.weight": (HIDDEN,)}]  # fmt: skip
    parts += [_layer(number) for number in range(layers)]
    for number, shapes in enumerate(parts):
        name = f"model-{number:05}.safetensors"
        tensors = {
            key: torch.ones(shape, dtype=torch.bfloat16)
            if len(shape) == 1
            else torch.empty(shape, dtype=torch.bfloat16, device=device).normal_(0, 0.02).cpu()
            for key, shape in shapes.items()
        }
        save_file(tensors, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(shapes, name)
    index.write_text(json.dumps({"metadata": {"total_size": need}, "weight_map": where}))
    return folder


def _layer(number: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "self_attn.q_proj": (HEADS * HEAD, HIDDEN),
        "self_attn.k_proj": (KV_HEADS * HEAD, HIDDEN),
        "self_attn.v_proj": (KV_HEADS * HEAD, HIDDEN),
        "self_attn.o_proj": (HIDDEN, HEADS * HEAD),
        "mlp.gate_proj": (INNER, HIDDEN),
        "mlp.up_proj": (INNER, HIDDEN),
        "mlp.down_proj": (HIDDEN, INNER),
        "input_layernorm": (HIDDEN,),
        "post_attention_layernorm": (HIDDEN,),
    }
    return {f"model.layers.{number}.{name}.weight": shape for name, shape in shapes.items()}


def _layer_weights() -> int:
    return 2 * HIDDEN * HEADS * HEAD + 2 * KV_HEADS * HEAD * HIDDEN + 3 * HIDDEN * INNER + 2 * HIDDEN


def _child(parsed: Any, part: str) -> dict[str, float]:
    told = [str(parsed.folder), "--layers", str(parsed.layers), "--prompt", str(parsed.prompt), "--tokens",
            str(parsed.tokens), "--part", part]  # fmt: skip
    out = subprocess.run([sys.executable, __file__, *told], check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(out.strip().splitlines()[-1])
    return found


def _part(parsed: Any) -> dict[str, float]:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine
    from cai_ui.engine.interface import Request
    from cai_ui.records import Message

    model = str(parsed.folder / f"bf16-{parsed.layers}")
    began = time.perf_counter()
    engine: Any = load_engine(AppSettings(model=model, quantize="nf4", home=str(parsed.folder / "home"), cache_gb=0))
    found = {"load_s": time.perf_counter() - began, "loaded": _peak()}
    if parsed.part == "kept":
        words = "how do I " * max(1, parsed.prompt // engine.count_tokens((Message("user", "how do I "),)))
        asked = (Message("user", words),)
        one, many = (
            Request(asked, Sampling(temperature=0, max_new_tokens=tokens)) for tokens in (1, 1 + parsed.tokens)
        )
        engine.generate([Request((Message("user", "hi"),), Sampling(max_new_tokens=2))])
        read, _ = _seconds(lambda: engine.generate([one]))
        whole, answers = _seconds(lambda: engine.generate([many]))
        found["read"] = answers[0].prompt_tokens / read
        found["ours"] = (answers[0].tokens - 1) / (whole - read)
        found["plain"] = _plain(engine, engine.chat.encode(asked), parsed.tokens)
    return found | {"peak": _peak()}


def _plain(engine: Any, ids: list[int], tokens: int) -> float:
    """Tokens a second of transformers' own loop, after reading."""
    import torch

    model = engine._adapters.base
    prompt = torch.tensor([ids], device=model.device)
    options = {"do_sample": False, "eos_token_id": None}
    with torch.inference_mode():
        read, _ = _seconds(lambda: model.generate(prompt, max_new_tokens=1, **options))
        whole, _ = _seconds(lambda: model.generate(prompt, max_new_tokens=1 + tokens, **options))
    return tokens / (whole - read)


def _seconds(work: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _peak() -> float:
    """Largest resident memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
