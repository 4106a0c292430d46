"""Few-shot examples from transcripts and chats as others keep them."""

from __future__ import annotations

from typing import Any

from cai_ui.conversations import labelled_paragraphs
from cai_ui.errors import FileFormatError
from cai_ui.formats.safe_json import field
from cai_ui.records import FewShot

_LABELS = ("Human", "Assistant", "CritiqueRequest", "Critique", "RevisionRequest", "Revision")


def from_transcripts(texts: list[Any]) -> list[FewShot]:
    """Transcripts with the labels Human, Assistant, CritiqueRequest, Critique, RevisionRequest, Revision.

    A transcript may begin and end with an empty "Human:", as the published ones do (one of them does not end
    with it). Earlier turns of a conversation are kept as part of the request; of several rounds the first is taken.
    """
    return [_from_transcript(text, number) for number, text in enumerate(texts, 1)]


def from_chats(chats: Any, key: str) -> list[FewShot]:
    """Chats of six messages: request, answer, critique request, critique, revision request, revision."""
    if not isinstance(chats, list):
        raise FileFormatError(f"`{key}` is not a list.", next_step="See principles/README.md.")
    found = []
    for number, chat in enumerate(chats, 1):
        where = f"chat {number} of `{key}`"
        if not isinstance(chat, list) or len(chat) < 6:
            raise FileFormatError(f"{where} does not have six messages.", next_step="Correct it.")
        found.append(FewShot(*(field(message, "content", f"a message of {where}") for message in chat[:6])))
    return found


def _from_transcript(text: Any, number: int) -> FewShot:
    if not isinstance(text, str):
        raise FileFormatError(f"Transcript {number} is not text.", next_step="Correct it.")
    turns = [turn for turn in labelled_paragraphs(text, _LABELS)[1] if turn != ("Human", "")]
    labels = [label for label, _ in turns]
    try:
        at = labels.index("CritiqueRequest")
    except ValueError:
        raise FileFormatError(f"Transcript {number} has no `CritiqueRequest:`.", next_step="Correct it.") from None
    before, round = turns[:at], turns[at : at + 4]
    if len(before) < 2 or before[-1][0] != "Assistant" or before[-2][0] != "Human":
        raise FileFormatError(
            f"Transcript {number} does not go from Human to Assistant before its critique.", next_step="Correct it."
        )
    if [label for label, _ in round] != list(_LABELS[2:]):
        missing = next(label for label in _LABELS[2:] if label not in [known for known, _ in round])
        raise FileFormatError(f"Transcript {number} has no `{missing}:` in its place.", next_step="Correct it.")
    earlier = [f"{label}: {said}" for label, said in before[:-2]]
    request = "\n\n".join([*earlier, f"Human: {before[-2][1]}"]) if earlier else before[-2][1]
    critique_request, critique, revision_request, revision = (said for _, said in round)
    return FewShot(request, before[-1][1], critique_request, critique, revision_request, revision)
