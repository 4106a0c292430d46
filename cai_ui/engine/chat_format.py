"""Messages to token ids: the one place, used for sampling, scoring and training alike.

The text is what the model's own chat template makes of the messages. Only the template may place
special tokens: a user who types `[/INST]` or `</s>` gets those characters, not the control token.
Roles must alternate, user first; system text goes into the first user turn where the template has
no system role (Mistral). Nothing is ever cut.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from cai_ui.engine.chat_frame import end_mark, find_frame, frame_notes
from cai_ui.engine.chat_template import ChatTemplate
from cai_ui.engine.chat_tokens import ChatTokens, unmasked
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

_PROBE = "probe of text 7305"
_PRIVATE_USE = range(0xF0000, 0xFFFFE)


class ChatFormat:
    """The chat format of one tokenizer and context length (tokens).

    `vocabulary`: rows of the weights' embedding, if known. `notes` say what its template lacks and what is done about
    it; `end_ids` are the marks that end an answer there, whatever the model's configuration names.
    """

    def __init__(self, tokenizer: Any, context_length: int, vocabulary: int | None = None) -> None:
        if not tokenizer.chat_template:
            raise EngineError(
                "This model has no chat template, so it cannot be told who speaks.",
                next_step="Choose an instruction-tuned (chat) model, or the Human/Assistant format.",
            )
        self.tokenizer = tokenizer
        self.context_length = context_length
        self.vocabulary = vocabulary
        self.stops = (f"\n\n{HUMAN}", f"\n{HUMAN}") if tokenizer.chat_template in RAW_FORMATS.values() else ()
        """What ends an answer beside the model's own end token."""
        self._template = ChatTemplate(tokenizer, tuple(RAW_FORMATS.values()))
        self._tokens = ChatTokens(tokenizer)
        self._check_question()
        self._longest_token = max(len(token) for token in tokenizer.get_vocab())
        self._takes_system = self._has_system_role()
        self._frame = find_frame(self._render)
        self._in_stretches = self._stretches_agree()
        end = end_mark(self._frame, self._tokens) if self._frame else None
        self.end_ids = frozenset({self._tokens.marks[end]} if end else ())
        self.notes = tuple(frame_notes(self._frame, self._tokens.marks, end, tokenizer.eos_token))
        if self._template.tells_the_date:
            self.notes += ("Its template writes the date into a prompt: on another day, an answer may be another.",)
        self._check_vocabulary()

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
        prompt, shown = self._prompt(turns, reply)
        text = self._rendered_reply(turns, reply, prompt, shown)
        said, closing = self._cut(text)
        ids = self._tokens.plain(unmasked(said, shown))
        return self._placed(prompt, shown), ids + self._end(closing) if end else ids

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
        with self._tokens.lock:
            tokenizer = copy.deepcopy(self.tokenizer)
        original = type(tokenizer)
        tokenizer.__class__ = type(original.__name__, (_ExactTemplate, original), {})
        tokenizer.chat_format = self
        return tokenizer

    def decode(self, ids: list[int]) -> str:
        """Text of ids without special tokens; bytes that are no whole character give U+FFFD."""
        with self._tokens.lock:
            text: str = self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def __deepcopy__(self, memo: dict[int, Any]) -> ChatFormat:
        return self  # a tokenizer of TRL's may be copied; the format, with its lock, stays one

    def __reduce__(self) -> tuple[type[ChatFormat], tuple[Any, int, int | None]]:
        return ChatFormat, (self.tokenizer, self.context_length, self.vocabulary)

    def _check_size(self, turns: list[dict[str, str]]) -> None:
        """Refuse text that cannot fit by its characters alone: a token has no more than the longest one."""
        least = sum(len(t["content"]) for t in turns) // self._longest_token
        if least > self.context_length:
            raise _too_long(f"more than {least:,}", self.context_length)

    def _ids(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> list[int]:
        """Ids of turns: of a prompt, or with the answer that they end with."""
        if turns[-1]["role"] == "assistant":
            *before, last = (Message(t["role"], t["content"]) for t in turns)  # type: ignore[arg-type]
            prompt, reply = self.encode_reply(before, last.content)
            return prompt + reply
        if not add_generation_prompt:
            masked, shown = self._masked(turns)
            return self._placed(self._render(masked, False), shown)
        return self._placed(*self._prompt(turns))

    def _prompt(self, turns: list[dict[str, str]], reply: str = "") -> tuple[str, Mapping[str, str]]:
        """The prompt's text, and what stands in it for typed marks (of the `reply` to come too)."""
        masked, shown = self._masked([*turns, {"role": "assistant", "content": reply}])
        return self._render(masked[:-1], True) + (self._frame.opening if self._frame else ""), shown

    def _rendered_reply(self, turns: list[dict[str, str]], reply: str, prompt: str, shown: Mapping[str, str]) -> str:
        """What the template makes of an answer, without the prompt. The two are never joined before they are ids: a
        line break that ends the prompt would grow together with one that begins the answer."""
        if self._frame is None:
            raise EngineError(
                "This model's chat template changes the prompt once there is a reply; it cannot be used.",
                next_step="Choose another model, or the Human/Assistant format in place of its template.",
            )
        masked, again = self._masked([*turns, {"role": "assistant", "content": reply}])
        text = self._render(masked, False)
        whole = masked[-1]["content"].strip() in text[len(prompt) :]  # some leave out thoughts, say
        if again != shown or not whole or not text.startswith(prompt + self._frame.head):
            raise InputError(
                "The chat template makes something else of this answer.", next_step="Leave out its marks, or the row."
            )
        return text[len(prompt) :]

    def _cut(self, text: str) -> tuple[str, str]:
        """An answer's own text, and what closes it: the first mark that the template placed, and what follows, without
        what begins a further answer."""
        found = self._tokens.split.search(text) if self._tokens.split else None
        again = self._frame.again if self._frame else ""
        if found:
            mark, rest = found[0], text[found.end() :]
            return text[: found.start()], mark + rest.removesuffix(again) if len(again) <= len(rest) else mark
        closing = self._frame.closing if self._frame else ""
        return text.removesuffix(closing), closing.removesuffix(again)

    def _end(self, closing: str) -> list[int]:
        """Ids of what closes an answer. Where the template has no mark for it, it is the tokenizer's end token."""
        if self._in_stretches:
            ids = self._tokens.placed(closing) if self.end_ids else self._tokens.plain(closing)
        else:
            ids = self._tokens.whole(closing)
        eos = self.tokenizer.eos_token_id
        return ids if self.end_ids or eos is None else [*ids, eos]

    def _masked(self, turns: list[dict[str, str]]) -> tuple[list[dict[str, str]], Mapping[str, str]]:
        """The turns with a private-use character for each mark that was typed, and those marks by it."""
        split = self._tokens.split
        if split is None or not any(split.search(t["content"]) for t in turns):
            return turns, {}
        present = set("".join(t["content"] for t in turns))
        free = (chr(c) for c in _PRIVATE_USE if chr(c) not in present)
        hidden = dict(zip(self._tokens.marks, free, strict=False))
        masked = [{**t, "content": split.sub(lambda m: hidden[m[0]], t["content"])} for t in turns]
        return masked, {stand_in: mark for mark, stand_in in hidden.items()}

    def _placed(self, text: str, shown: Mapping[str, str]) -> list[int]:
        typed = any(c in shown for c in text)
        return self._tokens.placed(text, shown) if typed or self._in_stretches else self._tokens.whole(text)

    def _stretches_agree(self) -> bool:
        """Whether this tokenizer gives a text that its template made the ids of its stretches."""
        said = ("hello  there", " Good\n\nday.  ", "\tIs 3<42? \u00e9\u4f60 it's", "No", " x ")
        turns = [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]
        text = self._render(turns, True)
        return self._tokens.split is not None and self._tokens.placed(text) == self._tokens.whole(text)

    def _render(self, turns: list[dict[str, str]], add_generation_prompt: bool) -> str:
        text = self._template.render(turns, add_generation_prompt)
        begin = self.tokenizer.bos_token
        while begin and text.startswith(begin * 2):  # one from the template, one from its caller
            text = text[len(begin) :]
        return text

    def _check_vocabulary(self) -> None:
        """EngineError where the template places a mark for which the weights have no row."""
        turns = [{"role": "user", "content": "hello"}]
        text = self._render(turns, True) + (self._frame.closing if self._frame else "")
        for mark in self._tokens.split.findall(text) if self._tokens.split and self.vocabulary else []:
            if self._tokens.marks[mark] >= (self.vocabulary or 0):
                raise EngineError(
                    f"The chat template uses {mark[:40]!r}, which the weights do not know: tokenizer and weights are "
                    "of different models.",
                    next_step="Copy or download the model again, or choose the Human/Assistant format.",
                )

    def _check_question(self) -> None:
        """EngineError where the template leaves out what is asked: some read parts of a message only."""
        if _PROBE not in self._render([{"role": "user", "content": _PROBE}], True):
            raise EngineError(
                "This model's chat template leaves out what the user says: it is made for something else than text.",
                next_step="Choose another model, or the Human/Assistant format in place of its template.",
            )

    def _has_system_role(self) -> bool:
        """Whether system text has a place of its own, which it keeps. Mistral's templates move it on to the newest
        question, so what is sampled would not be what stands before the answer once there is one."""
        roles = ("system", "user", "assistant", "user")
        turns = [{"role": role, "content": _PROBE if role == "system" else "hello"} for role in roles]
        try:
            places = {self._render(turns[:number], number % 2 == 0).find(_PROBE) for number in (2, 3, 4)}
        except Exception:  # templates refuse a role by raising whatever Jinja raises
            return False
        return len(places) == 1 and -1 not in places


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


def _too_long(tokens: str, limit: int) -> PromptTooLongError:
    return PromptTooLongError(
        f"The conversation has {tokens} tokens; this model takes at most {limit:,}.",
        next_step="Shorten it, use fewer revisions, or choose a model with a longer context.",
    )
