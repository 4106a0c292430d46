"""Votes as files for other programs: a row for each vote, with request, answers and the weights that gave them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cai_ui.compare.votes import winner
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_lines, table_text
from cai_ui.prompts import transcript
from cai_ui.records import Answer, Vote

COLUMNS = (
    "vote", "at", "rater", "by", "early", "reveal", "order", "set", "kind", "topic", "before", "prompt", "choice",
    "winner", "reasons", "left", "left_answer", "left_characters", "left_tokens", "left_finish", "left_base_hash",
    "left_adapter_hash", "left_seed", "right", "right_answer", "right_characters", "right_tokens", "right_finish",
    "right_base_hash", "right_adapter_hash", "right_seed",
)  # fmt: skip
"""`winner` is a variant, None for a tie or where both were bad; `by` and the rest as in the record of a vote."""


def vote_rows(votes: Iterable[Vote]) -> list[dict[str, Any]]:
    """A row of `COLUMNS` for each vote, oldest first. InputError if there is none."""
    ordered = sorted(votes, key=lambda vote: (vote.at, vote.event_id))
    if not ordered:
        raise InputError(
            "Nobody has voted yet.",
            kept="No file was written.",
            next_step="Vote on the Compare tab: tick “Blind vote”.",
        )
    return [dict(zip(COLUMNS, _cells(vote), strict=True)) for vote in ordered]


def as_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    """JSON Lines."""
    return json_lines(rows)


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV for a spreadsheet; what is not known is empty."""
    flat = ({**row, "reasons": ", ".join(row["reasons"])} for row in rows)
    return table_text(COLUMNS, ([row[name] for name in COLUMNS] for row in flat))


def _cells(vote: Vote) -> tuple[Any, ...]:
    return (
        vote.event_id, vote.at, vote.rater, vote.by, vote.early, vote.reveal, vote.order, vote.set, vote.kind,
        vote.topic, transcript(vote.before), vote.prompt, vote.choice, winner(vote), list(vote.reasons),
        *_side(vote.left, vote.left_answer), *_side(vote.right, vote.right_answer),
    )  # fmt: skip


def _side(name: str, answer: Answer) -> tuple[Any, ...]:
    came_from = answer.provenance
    return (
        name, answer.text, len(answer.text), answer.tokens, answer.finish, came_from.base_hash, came_from.adapter_hash,
        came_from.seed,
    )  # fmt: skip
