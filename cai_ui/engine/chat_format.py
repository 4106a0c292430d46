"""Messages to token ids: the one place, used for sampling, scoring and training alike.

The text is what the model's own chat template makes of the messages. Only the template may place
special tokens: a user who types `[/INST]` or `</s>` gets those characters, not the control token.
Roles must alternate, user first; system text goes into the first user turn where the template has
no system role (Mistral). Nothing is ever cut.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from cai_ui.errors import EngineError, InputError, PromptTooLongError
from cai_ui.prompts import ASSISTANT, HUMAN
from cai_ui.records import Message
from cai_ui.text import whole_characters

HUMAN_ASSISTANT = (
    (
        "{{ bos_token or '' }}"
        "{% for message in messages %}"
        "{% if message['role'] == 'user' %}{{ '\n\nHUMAN ' + message['content'] }}"
        "{% elif message['role'] == 'assistant' %}{{ '\n\nASSISTANT' }}"
        "{% generation %}{{ ' ' + message['content'] + (eos_token or '') }}{% endgeneration %}"
        "{% else %}{{ raise_exception('Only user and assistant turns.') }}{% endif %}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '\n\nASSISTANT' }}{% endif %}"
    )
    .replace("HUMAN", HUMAN)
    .replace("ASSISTANT", ASSISTANT)
)
"""The raw format of Bai et al. 2022, as a chat template: for models without one, and to compare."""

BARE = (
    "{{ bos_token or '' }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ message['content'] + '\n\n' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + (eos_token or '') }}{% endgeneration %}{{ '\n\n' }}"
    "{% else %}{{ raise_exception('Only user and assistant turns.') }}{% endif %}"
    "{% endfor %}"
)
"""Nothing but the turns and blank lines, to compare with: nobody is named."""

RAW_FORMATS = {"human-assistant": HUMAN_ASSISTANT, "bare": BARE}
"""Formats that stand in for a model's own template, by their names."""

_PROBE = "system probe 7305"
STRETCHES = 2048
"""How many stretches of text, of at most LONG_STRETCH characters, are kept with their ids."""
LONG_STRETCH = 4000
_PRIVATE_USE = range(0xF0000, 0xFFFFE)


class ChatFormat:
    """The chat format of one tokenizer and context length (tokens)."""

    def __init__(self, tokenizer: Any, context_length: int) -> None:
        if not tokenizer.chat_template:
            raise EngineError(
                "This model has no chat template, so it cannot be told who speaks.",
                next_step="Choose an instruction-tuned (chat) model, or the Human/Assistant format.",
            )
        self.tokenizer = tokenizer
        self.context_length = context_length
        self.stops = (f"\n\n{HUMAN}", f"\n{HUMAN}") if tokenizer.chat_template in RAW_FORMATS.values() else ()
        """What ends an answer beside the model's own end token."""
        self._lock = threading.Lock()
        self._longest_token = max(len(token) for token in tokenizer.get_vocab())
        self._special = _special_tokens(tokenizer)
        self._split = re.compile("(" + "|".join(map(re.escape, self._special)) + ")") if self._special else None
        self._takes_system = self._has_system_role()
        self._anchor = self._find_anchor()
        self._encode_stretch = lru_cache(STRETCHES)(self._encode_text)
        self._in_stretches = self._stretches_agree()

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """Ids up to where the assistant's next reply begins.

        Raises InputError for turns that do not alternate or do not end with the user's, and
        PromptTooLongError for text so long that counting its tokens would take seconds.
        """
        turns = self.turns(messages)
        self._check_size(turns)
        if turns[-1]["role"] != "user":
            raise InputError("The last turn is not the user's.", next_step="End with a question for the assistant.")
        return self._ids(turns, add_generation_prompt=True)

    def encode_prompt(self, messages: Sequence[Message], begun: str = "") -> tuple[list[int], list[int]]:
        """(`encode`d messages, ids of what the assistant has `begun` to say).

        PromptTooLongError where no token of an answer would fit.
        """
        prompt, reply = self.encode_reply(messages, begun, end=False) if begun else (self.encode(messages), [])
        self.check_length(len(prompt) + len(reply), room=1)
        return prompt, reply

    def encode_reply(self, messages: Sequence[Message], reply: str, *, end: bool = True) -> tuple[list[int], list[int]]:
        """(prompt ids, reply ids) as they are learnt or scored; `end` adds what closes the reply.

        The prompt ids are those of `encode`, so a model is trained on what it is later asked.
        """
        turns = self.turns(messages)
        self._check_size([*turns, {"role": "assistant", "content": reply}])
        prompt = self._ids(turns, add_generation_prompt=True)
        whole = self._ids([*turns, {"role": "assistant", "content": reply}], add_generation_prompt=False)
        if whole[: len(prompt)] != prompt:
            raise EngineError("This model's chat template changes the prompt once there is a reply; it cannot be used.")
        tail = whole[len(prompt) :]
        return prompt, tail if end else tail[: len(tail) - self._closing_length(tail)]

    def check_length(self, tokens: int, room: int = 0) -> None:
        """PromptTooLongError if `tokens`, with `room` more, do not fit the model's context."""
        limit = self.context_length - room
        if tokens > limit:
            raise _too_long(f"{tokens:,}", limit)

    def turns(self, messages: Sequence[Message]) -> list[dict[str, str]]:
        """The messages as alternating `{"role", "content"}` turns, ready for TRL and for the template."""
        turns = [{"role": m.role, "content": whole_characters(m.content)} for m in messages]
        if turns and turns[0]["role"] == "system" and not self._takes_system:
            system = turns.pop(0)["content"]
            if turns and turns[0]["role"] == "user":
                turns[0]["content"] = system + "\n\n" + turns[0]["content"]
        spoken = turns[1:] if turns and turns[0]["role"] == "system" else turns
        for place, turn in enumerate(spoken):
            if turn["role"] != ("user", "assistant")[place % 2]:
                raise InputError(
                    f"Turn {place + 1} is the {turn['role']}'s out of order.",
                    next_step="User and assistant must take turns, the user first.",
                )
        if not spoken:
            raise InputError("The conversation is empty.", next_step="Type a prompt.")
        return turns

    def training_tokenizer(self) -> Any:
        """The tokenizer for TRL: the same, but its `apply_chat_template` goes through this format."""
        with self._lock:
            tokenizer = copy.deepcopy(self.tokenizer)
        original = type(tokenizer)
        tokenizer.__class__ = type(original.__name__, (_ExactTemplate, original), {})
        tokenizer.chat_format = self
        return tokenizer

    def decode(self, ids: list[int]) -> str:
        """Text of ids without special tokens; bytes that are no whole character give U+FFFD."""
        with self._lock:
            text: str = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def __deepcopy__(self, memo: dict[int, Any]) -> ChatFormat:
        return self  # a tokenizer of TRL's may be copied; the format, with its lock, stays one

    def __reduce__(self) -> tuple[type[ChatFormat], tuple[Any, int]]:
        return ChatFormat, (self.tokenizer, self.context_length)

    def _check_size(self, turns: list[dict[str, str]]) -> None:
        """Refuse text that cannot fit by its characters alone: a token has no more than the longest one."""
        least = sum(len(t["content"]) for t in turns) // self._longest_token
        if least > self.context_length:
            raise _too_long(f"more than {least:,}", self.context_length)

    def _ids(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> list[int]:
        typed = self._split is not None and any(self._split.search(t["content"]) for t in turns)
        if typed:
            return self._ids_with_typed_marks(turns, add_generation_prompt)
        text = self._render(turns, add_generation_prompt)
        return self._ids_of_stretches(text) if self._in_stretches else self._encode(text, split_special_tokens=False)

    def _ids_with_typed_marks(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> list[int]:
        """Some turn holds the characters of a special token: hide them while the template is applied."""
        assert self._split is not None
        present = set("".join(t["content"] for t in turns))
        free = (chr(c) for c in _PRIVATE_USE if chr(c) not in present)
        hidden = dict(zip(self._special, free, strict=False))
        shown = {stand_in: mark for mark, stand_in in hidden.items()}
        masked = [{**t, "content": self._split.sub(lambda m: hidden[m[0]], t["content"])} for t in turns]
        return self._ids_of_stretches(self._render(masked, add_generation_prompt), shown)

    def _ids_of_stretches(self, text: str, shown: Mapping[str, str] = MappingProxyType({})) -> list[int]:
        """Ids of what the template made: its special tokens, and between them stretches of plain text.

        Stretches are kept, since most of a growing conversation was encoded before. `shown` are the typed marks by what
        stands for them.
        """
        assert self._split is not None
        ids: list[int] = []
        for piece in self._split.split(text):
            if piece in self._special:
                ids.append(self._special[piece])
            elif piece:
                plain = "".join(shown.get(c, c) for c in piece) if shown else piece
                ids += (self._encode_stretch if len(plain) <= LONG_STRETCH else self._encode_text)(plain)
        return ids

    def _encode_text(self, text: str) -> list[int]:
        """Ids of text that stands after a special token, special tokens in it read as characters."""
        ids = self._encode(self._anchor + text, split_special_tokens=True)
        return ids[len(self._encode(self._anchor, split_special_tokens=True)) :] if self._anchor else ids

    def _stretches_agree(self) -> bool:
        """Whether this tokenizer gives a text that its template made the ids of its stretches."""
        if self._split is None:
            return False
        said = ("hello  there", " Good\n\nday.  ", "\tIs 3<42? \u00e9\u4f60 it's", "No", " x ")
        turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]
        text = self._render(turns, True)
        return self._ids_of_stretches(text) == self._encode(text, split_special_tokens=False)

    def _encode(self, text: str, *, split_special_tokens: bool) -> list[int]:
        with self._lock:  # the tokenizer keeps `split_special_tokens` as state that all threads share
            ids: list[int] = self.tokenizer(
                text, add_special_tokens=False, split_special_tokens=split_special_tokens, verbose=False
            )["input_ids"]
        return ids

    def _render(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> str:
        text: str = self.tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=add_generation_prompt
        )
        return text

    def _closing_length(self, tail: list[int]) -> int:
        """How many ids at the end of a reply close it (end of sequence, and white space after it)."""
        special = set(self._special.values())
        last = max((i for i, token in enumerate(tail) if token in special), default=None)
        return 0 if last is None else len(tail) - last

    def _has_system_role(self) -> bool:
        turns = [{"role": "system", "content": _PROBE}, {"role": "user", "content": "hello"}]
        try:
            return _PROBE in self._render(turns, True)
        except Exception:  # templates refuse a role by raising whatever Jinja raises
            return False

    def _find_anchor(self) -> str:
        """Sentencepiece tokenizers put a space before the first word of a text, and not after a special
        token; a line break in front, removed again, stands for the special token."""
        if not self._special:
            return ""
        whole = self._encode(next(iter(self._special)) + "hello there", split_special_tokens=False)
        for anchor in ("", "\n"):
            self._anchor = anchor
            if self._encode_text("hello there") == whole[1:]:
                return anchor
        return ""


class _ExactTemplate:
    """`apply_chat_template` of a tokenizer handed to TRL: ids come from the chat format."""

    chat_format: ChatFormat

    def apply_chat_template(self, conversation: Any, *args: Any, **options: Any) -> Any:
        tokenize = options.get("tokenize", True)
        if args or not tokenize or options.get("return_tensors") or options.get("return_assistant_tokens_mask"):
            return super().apply_chat_template(conversation, *args, **options)  # type: ignore[misc]
        add = bool(options.get("add_generation_prompt", False))
        many = bool(conversation) and isinstance(conversation[0], list)
        ids = [self._turn_ids(turns, add) for turns in (conversation if many else [conversation])]
        if options.get("return_dict", True) is False:
            return ids if many else ids[0]
        masks = [[1] * len(row) for row in ids]
        return {"input_ids": ids if many else ids[0], "attention_mask": masks if many else masks[0]}

    def _turn_ids(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> list[int]:
        messages = [Message(t["role"], t["content"]) for t in turns]  # type: ignore[arg-type]
        return self.chat_format._ids(self.chat_format.turns(messages), add_generation_prompt)


def _special_tokens(tokenizer: Any) -> dict[str, int]:
    """Special tokens and their ids, the longest first, so that none hides within another."""
    added = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    strings = sorted(added | set(tokenizer.all_special_tokens), key=len, reverse=True)
    return {text: tokenizer.convert_tokens_to_ids(text) for text in strings}


def _too_long(tokens: str, limit: int) -> PromptTooLongError:
    return PromptTooLongError(
        f"The conversation has {tokens} tokens; this model takes at most {limit:,}.",
        next_step="Shorten it, use fewer revisions, or choose a model with a longer context.",
    )
