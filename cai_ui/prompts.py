"""The texts the workbench itself says to a model, and how a chain becomes chat messages.

In: a conversation, the answers so far, a principle's requests. Out: chat messages
(`[{"role": ..., "content": ...}]`) ready for a chat template. Knows nothing of models or tokens.

User and model text is only ever concatenated, never used as a format string.
"""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.records import FewShot, Message, Principle, Step

HUMAN, ASSISTANT = "Human:", "Assistant:"

NO_PRINCIPLE = (
    "Say what could be better about the assistant's last response, and why. If nothing could, say that nothing is "
    "wrong.",
    "Please rewrite the response so that it is better. If nothing was wrong, keep the response.",
)
"""Critique and revision request that name no value: the control against which a principle is judged."""

YES, NO = "Yes", "No"
"""Replies whose log-probabilities tell how much a principle matters."""


def chain_messages(
    conversation: Sequence[Message], steps: Sequence[Step], examples: Sequence[FewShot] = ()
) -> tuple[Message, ...]:
    """Messages that ask for the step after `steps`, except for the request itself.

    The chain is one growing conversation (Bai et al. 2022, section 3.1): prompt, draft, critique
    request, critique, revision request, revision, next critique request, ... so a key-value cache
    kept from the draft stays valid to the last revision. Examples stand before the conversation, after
    its system text; they are left out of the request for a draft, which should be the model's own.
    """
    messages = list(conversation)
    if examples and steps:
        place = 1 if messages and messages[0].role == "system" else 0
        messages[place:place] = few_shot_messages(examples)
    for step in steps:
        if step.request:
            messages.append(Message("user", step.request))
        messages.append(Message("assistant", step.text))
    return tuple(messages)


def few_shot_messages(examples: Sequence[FewShot]) -> list[Message]:
    """The examples as turns, in their order; the same list for every chain, so its cache can be shared."""
    messages = []
    for e in examples:
        for asked, said in ((e.request, e.answer), (e.critique_request, e.critique), (e.revision_request, e.revision)):
            messages += [Message("user", asked), Message("assistant", said)]
    return messages


def critique_request(principles: Sequence[Principle]) -> str:
    """What asks for a critique under these principles: one as it stands, several as a numbered list."""
    if not principles:
        return NO_PRINCIPLE[0]
    return _joined([p.critique_request for p in principles], "Look at the last response under each of these points.")


def revision_request(principles: Sequence[Principle]) -> str:
    """What asks for a revision under these principles."""
    if not principles:
        return NO_PRINCIPLE[1]
    requests = list(dict.fromkeys(p.revision_request for p in principles if p.revision_request.strip()))
    return _joined(requests, "Rewrite the response once, so that it does all of this.")


def relevance_question(principle: Principle) -> str:
    """Asks whether a principle matters for the last response; answered by `YES` or `NO`, scored, not sampled."""
    return (
        "Think of this demand on the last response:\n"
        + principle.critique_request
        + "\nDoes it name something that the last response really gets wrong? Answer with Yes or No."
    )


def _joined(requests: Sequence[str], head: str) -> str:
    if len(requests) == 1:
        return requests[0]
    return head + "".join(f"\n{number}. " + text for number, text in enumerate(requests, 1))


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
