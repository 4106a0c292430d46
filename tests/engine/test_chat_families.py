"""Families of chat formats as their makers document them: the text, the ids, which tokens are learnt, what is said.

The tokenizers are built here, of bytes or with sentencepiece's habit of a space before the first word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from cai_ui.engine.chat_format import BARE, HUMAN_ASSISTANT, ChatFormat
from cai_ui.engine.weights.loading import fit_padding
from cai_ui.errors import EngineError, InputError
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
NOTES = {
    "Qwen 3": ("Its template does not begin the answer; '<think>\\n\\n</think>' is put before it.",),
    "gpt-oss": ("Its template does not begin the answer; '<|channel|>final<|message|>' is put before it.",
                "Its template writes the date into a prompt: on another day, an answer may be another."),
    "Falcon": ("Its template does not end an answer; </s> is put after each that is trained.",),
}  # fmt: skip
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


@pytest.mark.parametrize("name", FAMILIES)
def test_prompt_answer_and_mask_of_a_family(name: str) -> None:
    family, chat = FAMILIES[name], chat_of(name)
    prompt, learnt = chat.encode_reply(MESSAGES, "So.")
    read = text_of(chat, prompt).removeprefix(" ")  # sentencepiece's own, where no mark begins
    assert (read, text_of(chat, learnt)) == (family.prompt, family.learnt)
    assert prompt == chat.encode(MESSAGES) and chat.notes == NOTES.get(name, ())
    end = chat.tokenizer.convert_tokens_to_ids(family.end)
    assert end in learnt and chat.end_ids in ({end}, set()) and learnt.count(end) == 1
    whole = chat.tokenizer(family.prompt, add_special_tokens=False)["input_ids"]
    assert prompt == whole, "the ids of the text as the tokenizer itself reads it"
    placed = [i for i in prompt if i in chat.tokenizer.convert_tokens_to_ids([*family.marks, family.end, family.begin])]
    assert len(placed) == sum(family.prompt.count(mark) for mark in {*family.marks, family.end, family.begin} if mark)


@pytest.mark.parametrize("name", FAMILIES)
def test_trl_trains_on_those_ids_and_no_others(name: str) -> None:
    chat = chat_of(name)
    tokenizer, turns = chat.training_tokenizer(), chat.turns(MESSAGES)
    said = "\n\nSo </s>"
    prompt, learnt = chat.encode_reply(MESSAGES, said)
    whole = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": said}], return_dict=False)
    assert whole == prompt + learnt
    assert tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False) == prompt


HOSTILE = st.lists(
    st.sampled_from(["\n", "\n\n", " ", "  ", "\t", "</s>", "<s>", "[INST]", "<|im_end|>", "<|end|>", "<end_of_turn>",
                     "<|eot_id|>", "<0x0A>", "USER:", "ASSISTANT:", "So.", "é", "😀", "\u2028", "\u200b", "{{x}}",
                     "\U000f0000", "\x01", "="])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=4), min_size=1, max_size=8,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=40, deadline=None)
@given(said=HOSTILE, asked=HOSTILE)
def test_the_tokens_of_an_answer_do_not_depend_on_what_stands_before(name: str, said: str, asked: str) -> None:
    """Prompt and answer are never joined before they are ids: what is sampled after a prompt is what is learnt."""
    chat = chat_of(name)
    messages = (Message("user", asked),)
    prompt, learnt = chat.encode_reply(messages, said)
    assert prompt == chat.encode(messages)
    assert learnt == chat.encode_reply(MESSAGES, said)[1]
    ends = chat.end_ids or {chat.tokenizer.eos_token_id}
    assert {i for i in learnt if i in ends} == ends and sum(i in ends for i in learnt) == 1
    closing = FAMILIES[name].learnt.strip().removeprefix("So.").strip()
    assert text_of(chat, learnt).strip().removesuffix(closing).strip() == said.strip()
    unfinished = chat.encode_reply(messages, said, end=False)[1]
    assert learnt[: len(unfinished)] == unfinished and not ends & set(unfinished)


def test_a_template_that_does_not_begin_the_answer_is_completed() -> None:
    """The model would have to write "assistant" before each answer, and did."""
    chat = ChatFormat(tokenizer_of(QWEN, CHATML), 4096)
    assert chat.encode(MESSAGES) == chat_of("Qwen").encode(MESSAGES)
    assert chat.encode_reply(MESSAGES, "So.") == chat_of("Qwen").encode_reply(MESSAGES, "So.")
    assert chat.notes == ("Its template does not begin the answer; '<|im_start|>assistant' is put before it.",)


def test_a_template_without_an_end_mark_gets_one_in_training() -> None:
    chat = ChatFormat(tokenizer_of(QWEN, PLAIN + "{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"), 4096)
    assert text_of(chat, chat.encode_reply(MESSAGES, "So.")[1]) == "So.\n</s>"
    assert "user: Why?\nassistant: " in text_of(chat, chat.encode(MESSAGES)) and len(chat.notes) == 2


def test_a_doubled_beginning_is_single() -> None:
    chat = ChatFormat(tokenizer_of(LLAMA_3, "{{ bos_token }}" + LLAMA_3.template), 4096)
    assert chat.encode(MESSAGES) == chat_of("Llama 3").encode(MESSAGES)


@pytest.mark.parametrize("name", ["Qwen", "Phi", "Gemma", "Tekken", "Llama 3"])
def test_marks_that_are_not_special_are_characters_where_they_are_typed(name: str) -> None:
    family = FAMILIES[name]
    chat = ChatFormat(tokenizer_of(family, mark=lambda text: AddedToken(text, special=False, normalized=False)), 4096)
    assert chat.encode(MESSAGES) == chat_of(name).encode(MESSAGES)
    typed = "x" + "".join(family.marks) + "<" + family.marks[0] + "y"
    ids = chat.encode((Message("user", typed),))
    control = chat.tokenizer.convert_tokens_to_ids(list(family.marks))
    plain = chat.encode((Message("user", "x"),))
    assert [i for i in ids if i in control] == [i for i in plain if i in control]
    assert typed in text_of(chat, ids)
    learnt = chat.encode_reply(MESSAGES, typed)[1]
    assert sum(i in control for i in learnt) == (chat.tokenizer.convert_tokens_to_ids(family.end) in control)


def test_marks_that_swallow_space_learn_what_is_sampled_after_them() -> None:
    """Phi's own marks take the line break behind them; an answer's own line breaks stay."""
    chat = ChatFormat(tokenizer_of(PHI, mark=lambda text: AddedToken(text, special=True, rstrip=True)), 4096)
    prompt, learnt = chat.encode_reply(MESSAGES, "\n\nSo.")
    assert prompt == chat.encode(MESSAGES)
    assert text_of(chat, learnt).startswith("\n\nSo.<|end|>")


def test_a_template_that_thinks_before_the_answer_cannot_be_learnt_and_says_so() -> None:
    thinks = QWEN.template.replace("assistant\n' }}", "assistant\n<think>\n' }}")
    chat = ChatFormat(tokenizer_of(QWEN, thinks), 4096)
    assert chat.encode(MESSAGES) and "changes the prompt" in chat.notes[0]
    with pytest.raises(EngineError, match="changes the prompt"):
        chat.encode_reply(MESSAGES, "So.")


def test_an_answer_that_the_template_rewrites_is_refused_by_itself() -> None:
    rewrites = QWEN.template.replace("m.content", "(m.content if 'Yo' != m.content[:2] else '')").replace(
        "{% for m", "{% for m"
    )
    cuts = "{% if messages[-1].content[:1] == '!' %}{{ 'other' }}{% endif %}" + rewrites
    chat = ChatFormat(tokenizer_of(QWEN, cuts), 4096)
    with pytest.raises(InputError, match="something else"):
        chat.encode_reply(MESSAGES, "!So.")
    assert chat.encode_reply(MESSAGES, "So.")


def test_padding_beyond_the_embedding_is_replaced() -> None:
    tokenizer = tokenizer_of(QWEN, pad_token="<|pad|>")
    rows = tokenizer.pad_token_id
    [said] = fit_padding(tokenizer, rows)
    assert "<|pad|>" in said and tokenizer.pad_token_id < rows
    assert fit_padding(tokenizer, rows) == ()
    bare = tokenizer_of(QWEN)
    assert bare.pad_token_id is None and fit_padding(bare, 10_000) == () and bare.pad_token_id is not None


def test_a_mark_of_the_template_that_the_weights_lack_is_refused() -> None:
    tokenizer = tokenizer_of(QWEN)
    last = max(tokenizer.convert_tokens_to_ids(list(QWEN.marks)))
    assert ChatFormat(tokenizer, 4096, last + 1)
    with pytest.raises(EngineError, match="of different models"):
        ChatFormat(tokenizer, 4096, last)


@pytest.mark.parametrize("template", [HUMAN_ASSISTANT, BARE])
def test_raw_formats_learn_answers_that_begin_with_space(template: str) -> None:
    chat = ChatFormat(tokenizer_of(LLAMA_2, template), 4096)
    prompt, learnt = chat.encode_reply(MESSAGES[1:], "\n\nSo.")
    assert prompt == chat.encode(MESSAGES[1:]) and "\n\nSo.</s>" in text_of(chat, learnt)


BEHIND_THOUGHTS = (
    PLAIN + "{% set said = m.content.split('</think>')[-1] if m.role == 'assistant' else m.content %}"
    "{{ '<|im_start|>' + m.role + '\n' + said + '<|im_end|>\n' }}{% endfor %}" + BEGIN_CHATML
)


def test_an_answer_of_which_the_template_leaves_out_a_part_is_refused() -> None:
    """Else something else would be learnt than the row says."""
    made = ChatFormat(tokenizer_of(QWEN, BEHIND_THOUGHTS), 512)
    assert made.encode_reply(MESSAGES, "So.")[1]
    with pytest.raises(InputError, match="something else of this answer"):
        made.encode_reply(MESSAGES, "<think>Hm.</think>So.")


NAMED_TEMPLATES = {"default": QWEN.template, "tool_use": "x"}
DATED = "{{ strftime_now('%Y') }}" + QWEN.template
ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('no') }}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}" + BEGIN_CHATML
)
MARKED = (
    PLAIN
    + "{% if m.role == 'assistant' %}{{ '<|im_start|>assistant\n' }}{% generation %}{{ m.content + '<|im_end|>\n' }}"
    "{% endgeneration %}{% else %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}" + BEGIN_CHATML
)
TOOLS = "{% if tools %}x{% endif %}" + QWEN.template
TRIMS = PLAIN + "{{ '<|im_start|>' + m.role + '\n' + m.content | trim + '<|im_end|>\n' }}{% endfor %}" + BEGIN_CHATML


@pytest.mark.parametrize("template", [NAMED_TEMPLATES, DATED, ALTERNATING, MARKED, TOOLS, TRIMS])
def test_templates_of_other_habits_are_used_as_they_are(template: Any) -> None:
    """Several by name, with a date, that insist on turns, mark what is learnt, ask for tools, trim answers."""
    tokenizer = tokenizer_of(QWEN)
    tokenizer.chat_template = template
    tokenizer.pad_token = tokenizer.eos_token
    made = ChatFormat(tokenizer, 512)
    prompt, reply = made.encode_reply(MESSAGES, "So.")
    assert prompt == made.encode(MESSAGES) and tokenizer.decode(reply) == QWEN.learnt


THINKS = CHATML + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n<think>\n\n</think>\n\n' }}{% endif %}"
PARTS_ONLY = QWEN.template.replace("m.content", "(m.content | map(attribute='text') | join)")
LAST = "{{ '<|im_start|>user\n' + messages[-1].content + '<|im_end|>\n<|im_start|>assistant\n' }}"


@pytest.mark.parametrize(
    "template",
    [
        {"rag": "x"},
        PARTS_ONLY,
        "",
        None,
        THINKS,
        LAST,
        "hello",
        "{% for m in messages %}{{ m.content }",
        "{{ load('x') }}",
    ],
)
def test_templates_that_cannot_be_used_say_what_to_do(template: Any) -> None:
    tokenizer = tokenizer_of(QWEN)
    tokenizer.chat_template = template
    with pytest.raises(EngineError, match="Human/Assistant format"):
        ChatFormat(tokenizer, 512).encode_reply(MESSAGES, "So.")
