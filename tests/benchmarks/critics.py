"""How many critiques of a small chat model speak of the answer, by wording, examples, format and temperature.

    python -m tests.benchmarks.critics --model FOLDER --prompts FILE --out critics.jsonl [--number 40]

One draft for each request, drawn once; then one critique of it in each setting, under the same drawn principle. Writes
a line a critique (setting, request, draft, text, label) as soon as a setting is done, and prints shares.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.constitution import candidates, shipped, shipped_few_shot
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Engine, Request
from cai_ui.pipeline.prompts.files import read_prompts
from cai_ui.prompts import few_shot_messages, transcript
from cai_ui.records import Answer, FewShot, Message, Principle, Prompt, Step, Trace, to_dict
from cai_ui.revise.effects import LABELS, computed_labels
from cai_ui.statistics import wilson

TOKENS = 100
AGAIN = "The assistant's last response was:\n\n"
QUOTE = " Answer in two or three sentences, and begin with the words of the response that you mean, in quotation marks."
BEGUN = "The assistant's response"


def asked(
    wording: str, request: str, answer: str, principle: Principle, shown: list[Message]
) -> tuple[list[Message], str]:
    """The messages that ask for a critique in this wording, and what the critic has said already."""
    demand = principle.critique_request
    talk = [*shown, Message("user", request), Message("assistant", answer)]
    if wording == "again":
        return [*talk, Message("user", f"{AGAIN}“{answer}”\n\n{demand}")], ""
    if wording == "quote":
        return [*talk, Message("user", demand + QUOTE)], ""
    if wording == "apart":
        said = transcript([Message("user", request), Message("assistant", answer)])
        return [Message("user", f"Here is a conversation with an assistant.\n\n{said}\n\n{demand}")], ""
    return [*talk, Message("user", demand)], BEGUN if wording == "begun" else ""


SETTINGS = [
    *((w, f, "template", 0.7) for w in ("plain", "again", "quote", "begun") for f in (False, True)),
    ("apart", False, "template", 0.7),
    *(("plain", f, "template", t) for t in (0.3, 1.0) for f in (False, True)),
    *((w, f, "human-assistant", 0.7) for w in ("plain", "begun") for f in (False, True)),
    ("begun", True, "template", 0.3),
]
"""Wording, few-shot examples, format and temperature; the conversation apart has no place for examples."""


@dataclass(frozen=True)
class Case:
    """A request, the answer that is criticised in every setting, and the principle it is criticised under."""

    request: str
    draft: str
    principle: Principle


def cases(engine: Engine, requests: list[str]) -> list[Case]:
    """One draft for each request, at temperature 0.7; the principles in turn."""
    principles = candidates(shipped()["harmlessness"])
    drawn = [Request((Message("user", r),), _sampling(0.7, n)) for n, r in enumerate(requests)]
    drafts = engine.generate(drawn)
    return [
        Case(r, d.text, principles[n % len(principles)]) for n, (r, d) in enumerate(zip(requests, drafts, strict=True))
    ]


def critiques(engine: Engine, found: list[Case], setting: tuple[str, bool, str, float]) -> list[dict[str, object]]:
    """A critique of each case in this setting, with what the rules say of it."""
    wording, few_shot, chat_format, temperature = setting
    examples = [e for e in shipped_few_shot("harmlessness") if e.enabled] if few_shot else []
    shown = few_shot_messages(examples)
    requests = []
    for n, case in enumerate(found):
        messages, begun = asked(wording, case.request, case.draft, case.principle, shown)
        sampling = _sampling(temperature, 1000 + n)
        requests.append(Request(tuple(messages), sampling, begun=begun, chat_format=chat_format))
    lines = []
    for case, answer, request in zip(found, engine.generate(requests), requests, strict=True):
        text = request.begun + answer.text if not answer.text.startswith(request.begun) else answer.text
        labels = _labels(case, text, answer, examples)
        lines.append({"setting": setting, "request": case.request, "draft": case.draft, "text": text, "labels": labels})
    return lines


def _labels(case: Case, text: str, answer: Answer, examples: list[FewShot]) -> tuple[str, ...]:
    conversation = (Message("user", case.request),)
    prompt = Prompt("", case.request, "benchmark")
    steps = (Step("draft", case.draft), Step("critique", text, "?", case.principle.id, answer))
    shown = {"few_shot": [to_dict(e) for e in examples]}
    return computed_labels(Trace("", prompt, conversation, "", steps, settings=shown), 1)


def _sampling(temperature: float, seed: int) -> Sampling:
    return Sampling(temperature=temperature, max_new_tokens=TOKENS, seed=seed)


def main() -> None:
    """Settings in their order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--number", type=int, default=40)
    told = parser.parse_args()
    engine = load_engine(AppSettings(model=told.model, quantize="none"))
    requests = [p.turns[0].content for p in read_prompts(told.prompts).prompts]
    found = cases(engine, list(dict.fromkeys(requests))[: told.number])
    for setting in SETTINGS:
        began = time.monotonic()
        lines = critiques(engine, found, setting)
        with told.out.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        said = [line["labels"] for line in lines]
        speak = sum(labels[0] in ("finding", "no finding") and "few-shot copy" not in labels for labels in said)
        counts = {label: sum(label in labels for labels in said) for label in LABELS}
        share = speak / len(lines)
        print(setting, f"{share:.2f}", wilson(speak, len(lines)), {k: v for k, v in counts.items() if v},
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
