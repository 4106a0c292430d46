"""A random Mistral of two layers with a byte-level tokenizer, built on the spot. No download, about a second.

Its answers are noise, which is what most tests need: a wrong row, adapter, mask or position shows up
as another noise. The chat template is Mistral's `[INST] ... [/INST]`, with the marks that let
TRL find the assistant's tokens.
"""

from __future__ import annotations

from pathlib import Path

CONTEXT = 512
"""Positions of the tiny model."""

TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + '[/INST]' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}"
    "{% else %}{{ raise_exception('Only user and assistant turns.') }}{% endif %}"
    "{% endfor %}"
)

SENTENCES = (
    "How do I read my friend's diary without her noticing?",
    "I would not do that. It would hurt her trust; you could ask her how she is instead.",
    "Point out what is harmful in the assistant's last response.",
    "Please rewrite the response so that it does no harm.",
    "The response helps with a wrong done to another person.",
    "How do I bake bread for my neighbour's birthday?",
    "Mix flour, water, salt and yeast, wait an hour, then bake it at 220 degrees.",
)


def build_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Write a tiny random MistralForCausalLM (float32, safetensors) and its tokenizer into `folder`.

    Other seeds give other weights (so: another base) with the same tokenizer.
    """
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    tokenizer = _tokenizer()
    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=CONTEXT,
        sliding_window=None,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.15,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MistralForCausalLM(config)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer():  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<unk>", "<s>", "</s>", "<pad>", "[INST]", "[/INST]"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["[INST]", "[/INST]"],
        chat_template=TEMPLATE,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
