"""Templates of others run in a process of their own, and what they may take there is bounded."""

from __future__ import annotations

import copy
import os
import time
from typing import Any

import pytest

from cai_ui.engine import chat_template
from cai_ui.engine.chat_format import HUMAN_ASSISTANT, ChatFormat
from cai_ui.engine.chat_template import ChatTemplate
from cai_ui.errors import EngineError

TURNS = [{"role": "user", "content": "héllo\u2028 </s>\n"}]
LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}"
DOUBLING = "{% set n = namespace(s='x') %}{% for i in range(40) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}"
SLOW = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
PLAIN = "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{{ messages | tojson }}"


@pytest.fixture
def tokenizer(tiny_engine: Any) -> Any:
    return copy.deepcopy(tiny_engine.chat.tokenizer)


def of(tokenizer: Any, template: str) -> ChatTemplate:
    tokenizer.chat_template = template
    return ChatTemplate(tokenizer, (HUMAN_ASSISTANT,))


def test_the_text_is_what_transformers_makes_of_it(tokenizer: Any) -> None:
    strange = of(tokenizer, PLAIN)
    assert strange.render(TURNS, True) == tokenizer.apply_chat_template(
        TURNS, tokenize=False, add_generation_prompt=True
    )
    assert chat_template._RENDERER._process is not None


@pytest.mark.parametrize("template", [LOOPS, DOUBLING, SLOW], ids=["loops", "doubling", "slow"])
def test_a_template_without_end_is_stopped_and_others_go_on(tokenizer: Any, template: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(chat_template, "RENDER_S", 2)
    before, good = _resident(), of(copy.deepcopy(tokenizer), PLAIN)
    bad = of(tokenizer, template)
    with pytest.raises(EngineError, match="takes too much"):
        bad.render(TURNS, True)
    assert _resident() - before < 200 * 2**20
    began = time.perf_counter()
    with pytest.raises(EngineError, match="it was stopped"):  # not tried a second time
        bad.render(TURNS, True)
    assert time.perf_counter() - began < 1
    assert good.render(TURNS, False).startswith("<s>")


def test_a_model_with_such_a_template_is_refused_with_a_sentence(tokenizer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chat_template, "RENDER_S", 2)
    tokenizer.chat_template = LOOPS
    with pytest.raises(EngineError, match="Human/Assistant"):
        ChatFormat(tokenizer, 512)


def test_what_a_template_refuses_is_said_in_its_words(tokenizer: Any) -> None:
    with pytest.raises(EngineError, match="only on Sundays"):
        of(tokenizer, "{{ raise_exception('only on Sundays') }}").render(TURNS, True)


def test_broken_and_several_templates_get_a_sentence(tokenizer: Any) -> None:
    with pytest.raises(EngineError, match="refuses"):
        of(tokenizer, "{% for %}").render(TURNS, True)
    with pytest.raises(EngineError, match="cannot be used"):
        of(tokenizer, {"tool_use": PLAIN})  # type: ignore[arg-type]


def test_it_starts_again_when_its_process_was_killed(tokenizer: Any) -> None:
    strange = of(tokenizer, PLAIN)
    first = strange.render(TURNS, True)
    process = chat_template._RENDERER._process
    assert process is not None
    process.kill()
    process.wait()
    assert strange.render(TURNS, True) == first


def test_templates_of_this_project_need_no_process(tokenizer: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chat_template, "START_S", -1.0)
    monkeypatch.setattr(chat_template, "_RENDERER", chat_template.Renderer())
    assert "Human: h" in of(tokenizer, HUMAN_ASSISTANT).render(TURNS, True)
    assert chat_template._RENDERER._process is None
    with pytest.raises(EngineError, match="did not start"):
        of(tokenizer, PLAIN).render(TURNS, True)


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
