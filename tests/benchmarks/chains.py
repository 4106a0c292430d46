"""Critique chains: this engine against a loop of `generate`, a static batch, transformers' `generate_batch`, and vLLM.

    OMP_NUM_THREADS=1 python tests/benchmarks/chains.py                    100 M shape, few-shots of about 2,000 tokens
    OMP_NUM_THREADS=1 python tests/benchmarks/chains.py --model embedded   the embedded model with its own few-shots

vLLM must run already and serve the same folder (`--folder DIR --build` only writes it, `--vllm URL` asks the server,
`--vllm-pid PID` counts the processor time of that process and its children).

All get the same texts and take as many greedy tokens per step. The loop is linear in the number of prompts, so it is
timed on `--loop-prompts` of them and multiplied; the batches grow evenly from step to step, so with `--batch-steps 2`
only the first and the last are timed, and multiplied. Ours and vLLM run in full.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from shapes import ROOT, Took, build_shape, table, timed

REQUESTS = ("What is harmful in the last response?", "Please rewrite it so that it does no harm.")
SHOT = "Human: How do I read a diary? Assistant: It would hurt her trust; ask her how she is instead. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="100m", help="100m, 20m or embedded")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--steps", type=int, default=9, help="draft + 2 per revision")
    parser.add_argument("--tokens", type=int, default=32, help="new tokens per step")
    parser.add_argument("--prefix", type=int, default=2000, help="tokens of few-shots (random shapes only)")
    parser.add_argument("--loop-prompts", type=int, default=2)
    parser.add_argument("--batch-steps", type=int, default=9, help="steps that the batches are timed on, evenly spread")
    parser.add_argument("--skip", nargs="*", default=[], choices=["loop", "static", "generate_batch"])
    parser.add_argument("--folder", type=Path, help="where the random shape is built and left")
    parser.add_argument("--build", action="store_true", help="only build it")
    parser.add_argument("--vllm", help="address of a vLLM server that serves the same folder, ending in /v1")
    parser.add_argument("--vllm-pid", type=int, help="its process")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parsed.folder = parsed.folder or Path(folder) / parsed.model
        if parsed.build:
            print(build_shape(parsed.model, parsed.folder))
        else:
            print(run(parsed))


def run(parsed: Any) -> str:
    from cai_ui.config.app import AppSettings
    from cai_ui.engine import load_engine

    embedded = parsed.model == "embedded"
    model = "embedded" if embedded else str(build_shape(parsed.model, parsed.folder))
    engine: Any = load_engine(AppSettings(model=model))
    prompts = _embedded_prompts(parsed) if embedded else _long_prompts(engine, parsed)
    took, texts = timed(lambda: ours(engine, prompts, parsed))
    again, _ = timed(lambda: ours(engine, prompts, parsed))
    rows = [_row("this engine", took, took), _row("the same again, all read before", again, took)]
    plain = _bare(engine, model)
    steps = [_ids(engine, prompts, texts, step) for step in range(parsed.steps)]
    if "loop" not in parsed.skip:
        some = min(parsed.loop_prompts, parsed.prompts)
        part, told = timed(lambda: [[loop(plain, ids, parsed.tokens) for ids in step[:some]] for step in steps])
        same = sum(
            _as_said(engine.chat.decode(told[step][row])) == texts[step][row]
            for step in range(parsed.steps)
            for row in range(some)
        )
        share = parsed.prompts / some
        whole = Took(part.processor * share, part.clock * share)
        rows.append(_row("(a) one `generate` per step", whole, took, f"{same} of {some * parsed.steps} texts the same"))
    last, count = parsed.steps - 1, min(parsed.batch_steps, parsed.steps)
    some_steps = [steps[round(last * n / max(1, count - 1))] for n in range(count)]
    share = parsed.steps / count
    batches = {"static": ("(b) static batch per step", static), "generate_batch": ("(c) `generate_batch`", continuous)}
    for name, (how, batch) in batches.items():
        if name not in parsed.skip:
            part, _ = timed(lambda batch=batch: [batch(plain, engine, step, parsed.tokens) for step in some_steps])  # type: ignore[misc]
            rows.append(_row(how, Took(part.processor * share, part.clock * share), took))
    if parsed.vllm:
        before = _processor_seconds(parsed.vllm_pid)
        other, told = timed(lambda: [vllm(parsed.vllm, step, parsed.tokens) for step in steps])
        served = Took(_processor_seconds(parsed.vllm_pid) - before, other.clock)
        same = sum(
            _as_said(t) == mine for step, said in enumerate(told) for t, mine in zip(said, texts[step], strict=True)
        )
        rows.append(
            _row("(d) vLLM with prefix caching", served, took, f"{same} of {parsed.prompts * parsed.steps} the same")
        )
    lengths = [len(ids) for ids in steps[-1]]
    title = (
        f"Chains, {parsed.model}: {parsed.prompts} prompts, {parsed.steps} steps of {parsed.tokens} tokens, "
        f"last prompts of {min(lengths)}–{max(lengths)} tokens"
    )
    return table(title, ["how", "processor seconds", "times ours", "seconds on the clock", "greedy texts"], rows)


def _bare(engine: Any, model: str) -> Any:
    """The same weights as transformers loads them, with nothing of ours."""
    from transformers import AutoModelForCausalLM

    folder = ROOT / "cai_ui/engine/embedded" if model == "embedded" else Path(model)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=engine._loaded.model.dtype).eval()


def _as_said(text: str) -> str:
    """A text as an answer holds it: random weights write control characters, which no answer may hold."""
    from cai_ui.engine.decoding.text_stream import CONTROL, HALF

    return CONTROL.sub(HALF, text).strip()


def _row(how: str, took: Took, ours: Took, note: str = "") -> list[str]:
    return [how, f"{took.processor:.1f}", took.times(ours), f"{took.clock:.1f}", note]


def _embedded_prompts(parsed: Any) -> list[tuple[Any, ...]]:
    """The shipped few-shots as turns, then a request of its world."""
    from cai_ui.constitution import shipped_few_shot
    from cai_ui.demo.prompt_sets import prompt_set
    from cai_ui.prompts import few_shot_messages
    from cai_ui.records import Message

    before = few_shot_messages(shipped_few_shot("harmlessness"))
    return [(*before, Message("user", prompt.text)) for prompt in prompt_set("heldout-harmful", parsed.prompts, 0)]


def _long_prompts(engine: Any, parsed: Any) -> list[tuple[Any, ...]]:
    from cai_ui.records import Message

    shots = SHOT * max(1, parsed.prefix // engine.count_tokens((Message("user", SHOT),)))
    asked = (f"{shots}Question {i}: how do I take my friend's book number {i}?" for i in range(parsed.prompts))
    return [(Message("user", text),) for text in asked]


def ours(engine: Any, prompts: list[tuple[Any, ...]], parsed: Any) -> list[list[str]]:
    """Texts per step and prompt."""
    from cai_ui.config.answers import Sampling
    from cai_ui.engine.interface import Request

    sampling = Sampling(temperature=0, max_new_tokens=parsed.tokens)
    texts: list[list[str]] = []
    for step in range(parsed.steps):
        requests = [Request(_turns(prompt, texts, row, step), sampling) for row, prompt in enumerate(prompts)]
        texts.append([answer.text for answer in engine.generate(requests)])
    return texts


def _turns(prompt: tuple[Any, ...], texts: list[list[str]], row: int, step: int) -> tuple[Any, ...]:
    from cai_ui.records import Message

    turns = list(prompt)
    for before in range(step):
        turns += [Message("assistant", texts[before][row]), Message("user", REQUESTS[before % 2])]
    return tuple(turns)


def _ids(engine: Any, prompts: list[tuple[Any, ...]], texts: list[list[str]], step: int) -> list[list[int]]:
    return [engine.chat.encode(_turns(prompt, texts, row, step)) for row, prompt in enumerate(prompts)]


def loop(model: Any, ids: list[int], tokens: int) -> list[int]:
    """What a notebook does."""
    import torch

    with torch.inference_mode():
        out = model.generate(torch.tensor([ids]), max_new_tokens=tokens, do_sample=False)
    return [i for i in out[0, len(ids) :].tolist() if i not in _ends(model)]


def static(model: Any, engine: Any, prompts: list[list[int]], tokens: int) -> None:
    """All full texts of a step, padded on the left."""
    import torch

    width = max(map(len, prompts))
    pad = engine.chat.tokenizer.pad_token_id
    ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        model.generate(ids, attention_mask=mask, max_new_tokens=tokens, do_sample=False)


def continuous(model: Any, engine: Any, prompts: list[list[int]], tokens: int) -> None:
    """transformers' continuous batching per step."""
    from transformers import GenerationConfig

    config = GenerationConfig(
        max_new_tokens=tokens, do_sample=False, eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=model.generation_config.pad_token_id,
    )  # fmt: skip
    model.generate_batch(inputs=prompts, generation_config=config)


def vllm(url: str, prompts: list[list[int]], tokens: int) -> list[str]:
    """All prompts of a step as one request of token ids, so that both read the same."""
    with urllib.request.urlopen(f"{url}/models", timeout=30) as answer:
        name = json.load(answer)["data"][0]["id"]
    body = {"model": name, "prompt": prompts, "max_tokens": tokens, "temperature": 0}
    asked = urllib.request.Request(
        f"{url}/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=3600) as answer:
        return [choice["text"] for choice in sorted(json.load(answer)["choices"], key=lambda c: c["index"])]


def _processor_seconds(pid: int | None) -> float:
    """Of a process and all below it."""
    if pid is None:
        return float("nan")
    fields = {int(f.parent.name): f.read_text().rpartition(")")[2].split() for f in Path("/proc").glob("[0-9]*/stat")}
    family, found = {pid}, 0
    while len(family) > found:
        found = len(family)
        family |= {child for child, stat in fields.items() if int(stat[1]) in family}
    ticks = sum(int(fields[p][11]) + int(fields[p][12]) for p in family if p in fields)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ends(model: Any) -> set[int]:
    ends = model.generation_config.eos_token_id
    return set(ends if isinstance(ends, list) else [ends])


if __name__ == "__main__":
    main()
