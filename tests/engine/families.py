"""Families of chat formats as their makers document them, with tokenizers that are built here: of bytes, or with
sentencepiece's habit of a space before the first word."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from cai_ui.engine.chat_format import ChatFormat
from cai_ui.records import Message

PLAIN = "{% for m in messages %}"
RAISE = "{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
CHATML = PLAIN + "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
BEGIN_CHATML = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"


@dataclass(frozen=True)
class Family:
    """A template, its marks, and the text of: system "Be kind.", user "Hi", assistant "Yo", user "Why?" and an answer
    "So." with what is learnt of it."""

    template: str
    prompt: str
    learnt: str
    marks: tuple[str, ...]
    end: str
    begin: str = "<s>"
    sentencepiece: bool = False


LLAMA_2 = Family(
    "{% if messages[0].role == 'system' %}{% set sys = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set sys = '' %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + (sys if loop.first else '') + "
    "m.content.strip() + ' [/INST]' }}{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Yo </s><s>[INST] Why? [/INST]", " So. </s>", (), "</s>",
    sentencepiece=True,
)  # fmt: skip
LLAMA_3 = Family(
    "{{ bos_token }}" + PLAIN + "{{ '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' + m.content | trim + "
    "'<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}",
    "<s><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n"
    "Hi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nYo<|eot_id|><|start_header_id|>user<|end_header_id|>"
    "\n\nWhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", "So.<|eot_id|>",
    ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), "<|eot_id|>",
)  # fmt: skip
MISTRAL_V1 = Family(
    "{{ bos_token }}" + PLAIN + RAISE + "{% if m.role == 'user' %}{{ ' [INST] ' + m.content + ' [/INST]' }}{% else %}"
    "{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
    "<s> [INST] Be kind.\n\nHi [/INST] Yo</s> [INST] Why? [/INST]", " So.</s>", (), "</s>", sentencepiece=True,
)  # fmt: skip
MISTRAL_V3 = Family(
    "{{ bos_token }}" + PLAIN + RAISE + "{% if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}{% else %}"
    "{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
    "<s>[INST] Be kind.\n\nHi[/INST] Yo</s>[INST] Why?[/INST]", " So.</s>", ("[INST]", "[/INST]"), "</s>",
    sentencepiece=True,
)  # fmt: skip
TEKKEN = Family(
    "{{ bos_token }}" + PLAIN + "{% if m.role == 'system' %}{{ '[SYSTEM_PROMPT]' + m.content + '[/SYSTEM_PROMPT]' }}"
    "{% elif m.role == 'user' %}{{ '[INST]' + m.content + '[/INST]' }}{% else %}{{ m.content + eos_token }}{% endif %}"
    "{% endfor %}",
    "<s>[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT][INST]Hi[/INST]Yo</s>[INST]Why?[/INST]", "So.</s>",
    ("[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"), "</s>",
)  # fmt: skip
GEMMA = Family(
    "{{ bos_token }}" + PLAIN + RAISE + "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' "
    "+ m.content | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<start_of_turn>model\n' }}{% endif %}",
    "<bos><start_of_turn>user\nBe kind.\n\nHi<end_of_turn>\n<start_of_turn>model\nYo<end_of_turn>\n"
    "<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n", "So.<end_of_turn>\n",
    ("<start_of_turn>", "<end_of_turn>"), "<end_of_turn>", "<bos>",
)  # fmt: skip
QWEN = Family(
    CHATML + BEGIN_CHATML,
    "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n"
    "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n", "So.<|im_end|>\n",
    ("<|im_start|>", "<|im_end|>"), "<|im_end|>", "",
)  # fmt: skip
PHI = Family(
    PLAIN + "{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "<|system|>\nBe kind.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nYo<|end|>\n<|user|>\nWhy?<|end|>\n"
    "<|assistant|>\n",
    "So.<|end|>\n", ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"), "<|end|>",
)  # fmt: skip
ZEPHYR = Family(
    PLAIN + "{{ '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "<|system|>\nBe kind.</s>\n<|user|>\nHi</s>\n<|assistant|>\nYo</s>\n<|user|>\nWhy?</s>\n<|assistant|>\n",
    "So.</s>\n", (), "</s>", sentencepiece=True,
)  # fmt: skip
MISTRAL_MOVES = Family(
    "{% if messages[0].role == 'system' %}{% set sys = messages[0].content %}{% set messages = messages[1:] %}"
    "{% endif %}{{ bos_token }}" + PLAIN + "{% if m.role == 'user' %}{{ '[INST] ' + (sys + '\n\n' if loop.last and sys "
    "is defined else '') + m.content + '[/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}",
    MISTRAL_V3.prompt, MISTRAL_V3.learnt, MISTRAL_V3.marks, "</s>", sentencepiece=True,
)  # fmt: skip
QWEN_3 = Family(
    PLAIN + "{% set thinks = m.role == 'assistant' and loop.last %}{{ '<|im_start|>' + m.role + '\n' + ("
    "'<think>\n\n</think>\n\n' if thinks else '') + m.content + '<|im_end|>\n' }}{% endfor %}" + BEGIN_CHATML,
    QWEN.prompt + "<think>\n\n</think>\n\n", "So.<|im_end|>\n", (*QWEN.marks, "<think>", "</think>"), "<|im_end|>",
    "",
)  # fmt: skip
DEEPSEEK = Family(
    "{{ bos_token }}" + PLAIN + "{{ m.content if m.role == 'system' else '<｜User｜>' + m.content if m.role == 'user' "
    "else '<｜Assistant｜>' + m.content + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}",
    "<s>Be kind.<｜User｜>Hi<｜Assistant｜>Yo</s><｜User｜>Why?<｜Assistant｜>", "So.</s>",
    ("<｜User｜>", "<｜Assistant｜>"), "</s>",
)  # fmt: skip
GPT_OSS = Family(
    "{{ '<|start|>system<|message|>' + strftime_now('%Y')[:1] + '<|end|>' }}" + PLAIN + "{{ '<|start|>' + m.role + "
    "('<|channel|>final' if m.role == 'assistant' else '') + '<|message|>' + m.content + ('<|return|>' if loop.last "
    "and m.role == 'assistant' else '<|end|>') }}{% endfor %}{% if add_generation_prompt %}{{ '<|start|>assistant' }}"
    "{% endif %}",
    "<|start|>system<|message|>2<|end|><|start|>system<|message|>Be kind.<|end|><|start|>user<|message|>Hi<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Yo<|end|><|start|>user<|message|>Why?<|end|>"
    "<|start|>assistant<|channel|>final<|message|>",
    "So.<|return|>", ("<|start|>", "<|message|>", "<|channel|>", "<|end|>", "<|return|>"), "<|return|>", "",
)  # fmt: skip
OLMO_2 = Family(
    "{{ bos_token }}" + PLAIN + "{{ '<|' + m.role + '|>\n' + m.content + (eos_token if m.role == 'assistant' else '') "
    "+ ('' if m.role == 'assistant' and loop.last else '\n') }}{% if loop.last and add_generation_prompt %}"
    "{{ '<|assistant|>\n' }}{% endif %}{% endfor %}",
    "</s><|system|>\nBe kind.\n<|user|>\nHi\n<|assistant|>\nYo</s>\n<|user|>\nWhy?\n<|assistant|>\n",
    "So.</s>", (), "</s>", "</s>",
)  # fmt: skip
FALCON = Family(
    PLAIN + "{{ '\n' if not loop.first }}{{ {'system': 'System: ', 'user': 'User: ', 'assistant': 'Falcon: '}[m.role] "
    "+ m.content }}{% endfor %}{% if add_generation_prompt %}{{ '\nFalcon:' }}{% endif %}",
    "System: Be kind.\nUser: Hi\nFalcon: Yo\nUser: Why?\nFalcon:", " So.</s>", (), "</s>", "",
)  # fmt: skip
PHI_3 = Family(
    PHI.template + "{% if not add_generation_prompt %}{{ eos_token }}{% endif %}", PHI.prompt, PHI.learnt + "</s>",
    PHI.marks, PHI.end,
)  # fmt: skip
VICUNA = Family(
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ messages[0].content + ' ' }}"
    "{% set messages = messages[1:] %}{% endif %}{% for m in messages %}{% if m.role == 'user' %}"
    "{{ 'USER: ' + m.content + ' ' }}{% else %}"
    "{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "<s>Be kind. USER: Hi ASSISTANT: Yo</s>USER: Why? ASSISTANT:", " So.</s>", (), "</s>", sentencepiece=True,
)  # fmt: skip
FAMILIES = {
    "Llama 2": LLAMA_2,
    "Llama 3": LLAMA_3,
    "Mistral v1": MISTRAL_V1,
    "Mistral v3": MISTRAL_V3,
    "Tekken": TEKKEN,
    "Gemma": GEMMA,
    "Qwen": QWEN,
    "Phi": PHI,
    "Zephyr": ZEPHYR,
    "Vicuna": VICUNA,
    "Mistral, which moves system text on": MISTRAL_MOVES,
    "Qwen 3": QWEN_3,
    "DeepSeek": DEEPSEEK,
    "gpt-oss": GPT_OSS,
    "OLMo 2": OLMO_2,
    "Falcon": FALCON,
    "Phi 3": PHI_3,
}
CORPUS = ["Hi there, why so kind? So. Yo! USER: ASSISTANT: user assistant model system\n\nBe kind.\n"] * 3
MESSAGES = (Message("system", "Be kind."), Message("user", "Hi"), Message("assistant", "Yo"), Message("user", "Why?"))


def tokenizer_of(family: Family, template: str | None = None, mark: Any = None, **more: Any) -> Any:
    """A tokenizer of the family's kind; `mark` makes the added tokens that are not special otherwise."""
    letters = pre_tokenizers.ByteLevel.alphabet()
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    if family.sentencepiece:
        raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        letters = []
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=letters, show_progress=False)
    raw.train_from_iterator([*CORPUS, "\n\n\n   \t"], trainer)
    if family.sentencepiece:
        raw = with_bytes(raw)
    raw.add_special_tokens(["<unk>", "</s>", *([family.begin] if family.begin else [])])
    raw.add_tokens([mark(text) if mark else AddedToken(text, special=True, normalized=False) for text in family.marks])
    told = {"bos_token": family.begin} if family.begin else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, **told, eos_token="</s>", unk_token="<unk>", chat_template=template or family.template,
        clean_up_tokenization_spaces=False, **more,
    )  # fmt: skip


def with_bytes(trained: Tokenizer) -> Tokenizer:
    """The same with a token for each byte, as sentencepiece falls back to."""
    plain = json.loads(trained.to_str())["model"]
    words = [f"<0x{byte:02X}>" for byte in range(256)]
    vocabulary = {**plain["vocab"], **{word: len(plain["vocab"]) + n for n, word in enumerate(words)}}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[tuple(m) for m in plain["merges"]], byte_fallback=True))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    raw.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return raw


@cache
def chat_of(name: str) -> ChatFormat:
    return ChatFormat(tokenizer_of(FAMILIES[name]), 4096)


def text_of(chat: ChatFormat, ids: list[int]) -> str:
    """What the ids stand for, marks as they are written."""
    return str(chat.tokenizer.decode(ids, skip_special_tokens=False))
