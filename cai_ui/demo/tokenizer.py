"""The embedded model's own tokenizer: byte-level BPE with Mistral's chat template.

Any Unicode text can be encoded, since every byte is a token. Special tokens are placed by the template
alone; typed by a user they are plain characters when `split_special_tokens` is set, as the engine does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cai_ui.records import Message

SPECIAL = ("<unk>", "<s>", "</s>", "<pad>", "[INST]", "[/INST]")
CONTEXT = 2048
"""Positions of the model, in tokens."""
TEMPLATE = (
    "{%- set ns = namespace(system='', turn=0) -%}"
    "{%- if messages and messages[0]['role'] == 'system' -%}"
    "{%- set ns.system = messages[0]['content'] + '\\n\\n' -%}{%- set messages = messages[1:] -%}"
    "{%- endif -%}"
    "{{- bos_token -}}"
    "{%- for message in messages -%}"
    "{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) or message['role'] not in ['user', 'assistant'] -%}"
    "{{- raise_exception('User and assistant must take turns, the user first.') -}}"
    "{%- endif -%}"
    "{%- if message['role'] == 'user' -%}"
    "{{- '[INST] ' + (ns.system if loop.first else '') + message['content'] + '[/INST]' -}}"
    "{%- else -%}"
    "{%- generation -%}{{- ' ' + message['content'] + eos_token -}}{%- endgeneration -%}"
    "{%- endif -%}"
    "{%- endfor -%}"
)
"""User turns in [INST] ... [/INST], system text before the first of them, answers closed by </s>."""


def train_tokenizer(texts: Iterable[str], vocabulary: int = 2048) -> Any:
    """A `PreTrainedTokenizerFast` with `vocabulary` tokens learnt from `texts`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(texts, trainer)
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
        padding_side="left",
    )


def encode_turns(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[int], list[bool]]:
    """Ids as the chat template gives them, and which of them the assistant says (its closing token included).

    Quicker than rendering the template, for training; a test holds the two together.
    """
    begin, end = tokenizer.convert_tokens_to_ids(["[INST]", "[/INST]"])
    ids, said = [tokenizer.bos_token_id], [False]
    texts = [" " + message.content for message in messages]
    for message, part in zip(messages, tokenizer.backend_tokenizer.encode_batch(texts), strict=True):
        mine = message.role == "assistant"
        turn = [*part.ids, tokenizer.eos_token_id] if mine else [begin, *part.ids, end]
        ids += turn
        said += [mine] * len(turn)
    return ids, said
