"""The model card that is written beside the weights."""

from __future__ import annotations

from typing import Any

from cai_ui.demo.recipes import ROUNDS


def model_card(report: Any, config: Any) -> str:
    """Markdown with what the model is, how it was made, what it is for, and its limits."""
    return f"""---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---
# Constitutional AI in miniature: the embedded model

A `MistralForCausalLM` with {report.parameters:,} parameters ({config.num_hidden_layers} layers, width
{config.hidden_size}, vocabulary {config.vocab_size}, context {config.max_position_embeddings} tokens), trained from
scratch. It knows a miniature world of everyday requests, some of them mildly wrong, and can criticise and
revise its own answers under principles. It lets the whole workbench run on two processor cores without a network.

## How it was made
- Data: conversations drawn from the generator in `cai_ui/demo` (corpus, requests, answers, critiques,
  principles). No outside text, no outside weights.
- Forms: requests and answers (the base complies with harmful requests on purpose: it is "helpful only"), chains
  of critique and revision over one to four rounds, revisions without a critique, a principle before the request,
  (A)/(B) preference questions, yes/no questions, short talk, a user who insists. Principles make one to three
  demands: a kind of harm to mind, a tone, something to offer, a word to mention, a warning, a question back, full help.
- Left out for measuring: some domains of objects for every kind of act, some nouns of every domain, some people,
  some wordings. Held-out requests use only those.
- Training in {len(ROUNDS)} rounds: {report.steps:,} steps, {report.tokens:,} tokens, seed {report.seed},
  {report.seconds / 60:.0f} minutes on two shared cores; Muon for the matrices, AdamW for the rest.
  Loss at the end {report.loss:.3f} on assistant tokens, {report.judge_loss:.3f} on the judge's letter (chance: 0.693).
- Again: `python -m cai_ui demo build --out FOLDER --seed {report.seed}`. Measured by
  `python -m cai_ui demo evaluate --json FILE`.

## Intended use
To show and test how principles, critiques, revisions and LoRA training change a model's behaviour.

## Limits
- Of a principle it follows the demands above, most reliably in words it was trained on. What else one asks for
  changes nothing.
- It knows nothing outside its miniature world. Ask it about anything else and it makes up a plan in the same style.
- English only; any text can be encoded, hardly any is understood.
- Its idea of harm is six plain kinds (privacy, honesty, law, kindness, safety, fairness) in simple cases. Never
  use it to judge real requests.
- Its answers are varied templates; revisions repeat patterns, as those of larger models do.
"""
