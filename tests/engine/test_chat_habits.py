"""Templates of every habit: completed, used as they are, or refused with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from cai_ui.engine.chat_format import ChatFormat
from cai_ui.errors import EngineError, InputError

from .families import BEGIN_CHATML, CHATML, LLAMA_3, MESSAGES, PLAIN, QWEN, chat_of, text_of, tokenizer_of


def test_a_template_that_does_not_begin_the_answer_is_completed() -> None:
    """The model would have to write "assistant" before each answer, and did."""
    chat = ChatFormat(tokenizer_of(QWEN, CHATML), 4096)
    assert chat.encode(MESSAGES) == chat_of("Qwen").encode(MESSAGES)
    assert chat.encode_reply(MESSAGES, "So.") == chat_of("Qwen").encode_reply(MESSAGES, "So.")
    assert chat.notes == ("Its template does not begin the answer; '<|im_start|>assistant' is put before it.",)


ALWAYS = "{{ '<|im_start|>assistant\n' }}"
CODER = PLAIN + "{{ '### Response:\n' if m.role == 'assistant' }}{{ m.content + '\n' }}"
RESPONSE = "{% endfor %}{{ '### Response:\n' }}"


@pytest.mark.parametrize(
    ("template", "learnt"),
    [
        (CHATML + ALWAYS, "So.<|im_end|>"),
        (CODER + "{{ '<|im_end|>\n' if m.role == 'assistant' }}" + RESPONSE, "So.\n<|im_end|>"),
        (CODER + RESPONSE, "So.</s>"),
    ],
)
def test_what_begins_a_further_answer_is_not_learnt(template: str, learnt: str) -> None:
    """Some templates write it whether it is asked for or not."""
    chat = ChatFormat(tokenizer_of(QWEN, template), 4096)
    prompt, reply = chat.encode_reply(MESSAGES[1:], "So.")
    assert prompt == chat.encode(MESSAGES[1:]) and text_of(chat, reply) == learnt
    assert "begins a further answer" in chat.notes[0]


def test_a_template_without_an_end_mark_gets_one_in_training() -> None:
    chat = ChatFormat(tokenizer_of(QWEN, PLAIN + "{{ m.role + ': ' + m.content + '\n' }}{% endfor %}"), 4096)
    assert text_of(chat, chat.encode_reply(MESSAGES, "So.")[1]) == "So.\n</s>"
    assert "user: Why?\nassistant: " in text_of(chat, chat.encode(MESSAGES)) and len(chat.notes) == 2


def test_a_doubled_beginning_is_single() -> None:
    chat = ChatFormat(tokenizer_of(LLAMA_3, "{{ bos_token }}" + LLAMA_3.template), 4096)
    assert chat.encode(MESSAGES) == chat_of("Llama 3").encode(MESSAGES)


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


def test_a_mark_of_the_template_that_the_weights_lack_is_refused() -> None:
    tokenizer = tokenizer_of(QWEN)
    last = max(tokenizer.convert_tokens_to_ids(list(QWEN.marks)))
    assert ChatFormat(tokenizer, 4096, last + 1)
    with pytest.raises(EngineError, match="of different models"):
        ChatFormat(tokenizer, 4096, last)


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
