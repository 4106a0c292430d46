"""The texts the workbench itself says to a model, and how a chain becomes chat messages.

In: a conversation, the answers so far, a principle's requests. Out: chat messages
(`[{"role": ..., "content": ...}]`) ready for a chat template. Knows nothing of models or tokens.

User and model text is only ever concatenated, never used as a format string.
"""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.records import Message, Step

HUMAN, ASSISTANT = "Human:", "Assistant:"


def chain_messages(conversation: Sequence[Message], steps: Sequence[Step]) -> tuple[Message, ...]:
    """Messages that ask for the step after `steps`, except for the request itself.

    The chain is one growing conversation (Bai et al. 2022, section 3.1): prompt, draft, critique
    request, critique, revision request, revision, next critique request, ... so a key-value cache
    kept from the draft stays valid to the last revision.
    """
    messages = list(conversation)
    for step in steps:
        if step.request:
            messages.append(Message("user", step.request))
        messages.append(Message("assistant", step.text))
    return tuple(messages)


def preference_question(conversation: Sequence[Message], instruction: str, answer_a: str, answer_b: str) -> str:
    """The (A)/(B) question of Bai et al. 2022, section 4.1, in our wording, as one user message.

    The model's reply is scored, not sampled: log-probability of "(A)" against "(B)". Ask in both
    orders and average, since small models favour a position.
    """
    return (
        "Here is a conversation with an assistant.\n\n"
        + transcript(conversation)
        + "\n\n"
        + instruction
        + "\n(A) "
        + answer_a
        + "\n(B) "
        + answer_b
        + "\nAnswer with (A) or (B)."
    )


def transcript(conversation: Sequence[Message]) -> str:
    """A conversation as `Human: ...` and `Assistant: ...` paragraphs."""
    names = {"user": HUMAN, "assistant": ASSISTANT, "system": "System:"}
    return "\n\n".join(names[m.role] + " " + m.content for m in conversation)
