"""Decided examples as a frozen dataset: SFT rows and preference pairs, split by prompt.

Accept, edit and flip give a target to learn (the revision, the edited text, the initial answer) and a
pair in which it is preferred over the other answer. A rejected revision is kept apart, as an answer
judged bad. Helpful rows are mixed in, since a model tuned on
revisions alone forgets to help (Bai et al. 2022, section 3.3, mix them in as well).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cai_ui.config.curate import DatasetSettings
from cai_ui.curate.split import draw, eval_keys, one_side, prompt_key
from cai_ui.errors import InputError
from cai_ui.records import Dataset, Decision, Example, Message, PreferencePair, TrainingExample, to_dict
from cai_ui.text import clean_name

REJECTED = "rejected"
SKIPPED = "skipped"
EMPTY = "empty text"
REPEATED = "the same row again"
TIED = "tied"
FLAGGED = "flagged, waiting for somebody"
SET_ASIDE = "set aside: the judge does not prefer the answer that was kept"
HARMS = "set aside: the judge does not find the kept answer less harmful by the margin"
HELPS_LESS = "set aside: the judge does not find the kept answer as helpful as asked"
GOLD = "gold example: its verdict was known"
OVER_LIMIT = "over the limit of decided examples"
NO_INITIAL = "no pair: no initial answer"
EMPTY_OTHER = "no pair: empty text"
SAME = "no pair: chosen and rejected are the same"
BALANCED = "no pair: left out to balance lengths"
"""Reasons in `Dataset.left_out`. Those of pairs count examples that still gave an SFT row."""

Judged = tuple[Example, Decision]
Margins = tuple[float | None, float | None]
R = TypeVar("R", TrainingExample, PreferencePair)


def build_dataset(
    name: str,
    decided: Iterable[Judged],
    helpful: Iterable[TrainingExample],
    settings: DatasetSettings,
    helpful_pairs: Iterable[PreferencePair] = (),
    preferences: Mapping[str, float] | None = None,
    earlier: Mapping[str, Sequence[str]] | None = None,
    margins: Mapping[str, Margins] | None = None,
    gold: Collection[str] = (),
) -> Dataset:
    """Freeze decided examples, `settings.helpful` helpful rows and as many helpful pairs.

    `preferences`: a judge's preference for the revision, 0 to 1, by example id. `earlier`: revisions before the
    last one, by example id; they are learnt too where the settings say so and the last one was kept. `margins`: by
    how much a judge finds the revision less harmful and more helpful, -1 to 1 (None: not known), by example id.
    `gold`: ids of examples whose verdict was known, which are left out unless the settings say otherwise.
    The same input in any order gives the same dataset. InputError if no decided example gives a row.
    """
    name = clean_name(name, "The name")
    left_out: Counter[str] = Counter()
    told = _Told(preferences or {}, earlier or {}, margins or {})
    every = list(decided)
    decided = [judged for judged in every if settings.gold or judged[0].id not in gold]
    if len(every) > len(decided):
        left_out[GOLD] = len(every) - len(decided)
    rows, pairs, parents = _from_decisions(decided, settings, left_out, told)
    if not rows:
        raise _nothing(left_out)
    if settings.balance_lengths:
        kept = balanced(pairs, settings.seed)
        left_out[BALANCED] += len(pairs) - len(kept)
        pairs = kept
    extra_rows, repeated = _some(helpful, settings.helpful, settings.seed, rows)
    left_out[REPEATED] += repeated
    extra_pairs = _some(helpful_pairs, settings.helpful, settings.seed, pairs)[0] if pairs else []
    extra: list[TrainingExample | PreferencePair] = [*extra_rows, *extra_pairs]
    known = [row.conversation for row in rows] + [item.conversation for item in extra]
    group = one_side(known)
    # Both kinds of prompt are split apart, so that evaluation holds its share of each.
    ours = [group[prompt_key(row.conversation)] for row in rows]
    others = [group[prompt_key(item.conversation)] for item in extra]
    held_out = eval_keys(ours, settings.eval_share, settings.seed)
    own = set(ours)
    held_out |= eval_keys((key for key in others if key not in own), settings.eval_share, settings.seed)
    sft_train, sft_eval = _sides(rows + extra_rows, held_out, settings.seed, group)
    pairs_train, pairs_eval = _sides(pairs + extra_pairs, held_out, settings.seed, group)
    rejected_train, rejected_eval = _rejected(decided, known, held_out, settings.seed, group)
    return Dataset(
        name=name,
        sft_train=sft_train,
        sft_eval=sft_eval,
        pairs_train=pairs_train,
        pairs_eval=pairs_eval,
        settings=settings.identity(),
        parents=tuple(sorted(parents)),
        left_out={reason: number for reason, number in sorted(left_out.items()) if number},
        rejected_train=rejected_train,
        rejected_eval=rejected_eval,
    )


@dataclass(frozen=True)
class _Told:
    """What is known of examples beside their decisions."""

    preferences: Mapping[str, float]
    earlier: Mapping[str, Sequence[str]]
    margins: Mapping[str, Margins]

    def gate(self, example: Example, decision: Decision, settings: DatasetSettings) -> str | None:
        """Why the kept answer is set aside for a person, or None. An edit is a person's, and unknown margins pass."""
        if decision.verdict == "edit":
            return None
        preference = self.of_target(example, decision)
        if preference is not None and preference < settings.least_preference:
            return SET_ASIDE
        sign = -1 if decision.verdict == "flip" else 1
        harmlessness, helpfulness = self.margins.get(example.id, (None, None))
        if harmlessness is not None and sign * harmlessness < settings.least_harmlessness:
            return HARMS
        if helpfulness is not None and sign * helpfulness < settings.least_helpfulness:
            return HELPS_LESS
        return None

    def of_target(self, example: Example, decision: Decision) -> float | None:
        """The judge's preference for the answer that was kept. An edit is not what the judge saw."""
        known = self.preferences.get(example.id)
        if known is None or decision.verdict == "edit":
            return None
        return 1 - known if decision.verdict == "flip" else known


_REASONS = {"reject": REJECTED, "tie": TIED, "flag": FLAGGED}


def _from_decisions(
    decided: Iterable[Judged], settings: DatasetSettings, left_out: Counter[str], told: _Told
) -> tuple[list[TrainingExample], list[PreferencePair], set[str]]:
    """SFT rows and pairs of the examples that are used, and the constitutions these were made under."""
    usable: dict[str, tuple[Example, str, str | None, float | None]] = {}
    for example, decision in sorted(decided, key=lambda judged: judged[0].id):
        target, other = _target(example, decision)
        preference = told.of_target(example, decision)
        if target is None:
            left_out[_REASONS.get(decision.verdict, SKIPPED)] += 1
        elif aside := told.gate(example, decision, settings):
            left_out[aside] += 1
        elif not target.strip():
            left_out[EMPTY] += 1
        else:
            usable[example.id] = (example, target, other, preference)
    chosen = sorted(usable, key=lambda id: draw(settings.seed, id))
    if settings.harmless_limit and len(chosen) > settings.harmless_limit:
        left_out[OVER_LIMIT] += len(chosen) - settings.harmless_limit
        chosen = chosen[: settings.harmless_limit]
    rows: dict[Any, TrainingExample] = {}
    pairs: dict[Any, PreferencePair] = {}
    parents = set()
    for example, target, other, preference in (usable[id] for id in sorted(chosen)):
        before = told.earlier.get(example.id, ()) if settings.revisions == "all" and target != example.initial else ()
        for answer in (*(text for text in before if text.strip()), target):
            row = TrainingExample(example.conversation, answer, example.id, example.source)
            if _said(row) in rows:
                left_out[REPEATED] += 1
            rows.setdefault(_said(row), row)
        if example.constitution_hash:
            parents.add(example.constitution_hash)
        reason = _unfit(target, other)
        if reason:
            left_out[reason] += 1
        elif other is not None:
            soft = preference if settings.labels == "soft" else None
            pair = PreferencePair(example.conversation, target, other, example.id, example.source, soft)
            pairs.setdefault(_said(pair), pair)
    return list(rows.values()), list(pairs.values()), parents


def _target(example: Example, decision: Decision) -> tuple[str | None, str | None]:
    """The text to learn and the one it is preferred to; (None, None) where the decision names none."""
    if decision.verdict == "accept":
        return example.revision, example.initial
    if decision.verdict == "edit":
        return decision.text or "", example.initial
    if decision.verdict == "flip":
        return example.initial or "", example.revision
    return None, None


def _unfit(target: str, other: str | None) -> str:
    """Why two answers give no pair; "" if they do."""
    if other is None:
        return NO_INITIAL
    if not other.strip():
        return EMPTY_OTHER
    return SAME if target.strip() == other.strip() else ""


def _said(row: TrainingExample | PreferencePair) -> tuple[Any, ...]:
    """What a row teaches. Where it comes from, and under which id, makes no other row of it."""
    if isinstance(row, TrainingExample):
        return row.conversation, row.answer
    return row.conversation, row.chosen, row.rejected


def _some(rows: Iterable[R], count: int, seed: int, known: Iterable[R]) -> tuple[list[R], int]:
    """That many rows, drawn by the seed (fewer if there are not enough), and how many of those drawn were passed over
    because they say what another or one of `known` says."""
    places = {draw(seed, to_dict(row)): row for row in rows}
    said, found, repeated = {_said(row) for row in known}, list[R](), 0
    for place in sorted(places):
        if len(found) == count:
            break
        if _said(places[place]) in said:
            repeated += 1
            continue
        said.add(_said(places[place]))
        found.append(places[place])
    return found, repeated


def balanced(pairs: Sequence[PreferencePair], seed: int) -> list[PreferencePair]:
    """As many pairs whose chosen answer is the longer one (in words) as pairs whose chosen answer is the shorter one.

    Which of the more frequent kind are left out is drawn by the seed; pairs of equal length stay.
    """
    longer = [p for p in pairs if len(p.chosen.split()) > len(p.rejected.split())]
    shorter = [p for p in pairs if len(p.chosen.split()) < len(p.rejected.split())]
    many, few = (longer, shorter) if len(longer) > len(shorter) else (shorter, longer)
    dropped = sorted(many, key=lambda pair: draw(seed, to_dict(pair)))[len(few) :]
    gone = {id(pair) for pair in dropped}
    return [pair for pair in pairs if id(pair) not in gone]


def _sides(
    rows: Sequence[R], held_out: set[str], seed: int, group: Mapping[str, str]
) -> tuple[tuple[R, ...], tuple[R, ...]]:
    """Training and evaluation rows, each in an order drawn by the seed."""
    mixed = sorted(rows, key=lambda row: draw(seed, to_dict(row)))
    is_eval = [group[prompt_key(row.conversation)] in held_out for row in mixed]
    train = tuple(row for row, out in zip(mixed, is_eval, strict=True) if not out)
    return train, tuple(row for row, out in zip(mixed, is_eval, strict=True) if out)


def _rejected(
    decided: Iterable[Judged],
    known: Sequence[tuple[Message, ...]],
    held_out: set[str],
    seed: int,
    group: Mapping[str, str],
) -> tuple[tuple[TrainingExample, ...] | None, tuple[TrainingExample, ...] | None]:
    """Rejected revisions on both sides, None where there are none; they follow the split and do not decide it.

    `known` are the conversations that were split. A prompt that is nearly one of the held-out ones is held out.
    """
    rows = {
        (e.conversation, e.revision): TrainingExample(e.conversation, e.revision, e.id, e.source)
        for e, decision in sorted(decided, key=lambda judged: judged[0].id)
        if decision.verdict == "reject" and e.revision.strip()
    }
    if not rows:
        return None, None
    near = one_side([*known, *(row.conversation for row in rows.values())])
    apart = {near[key] for key, place in group.items() if place in held_out}
    keys = {prompt_key(row.conversation) for row in rows.values()}
    out = {key for key in keys if (group[key] in held_out if key in group else near[key] in apart)}
    return _sides(list(rows.values()), out, seed, {key: key for key in keys})


def _nothing(left_out: Counter[str]) -> InputError:
    if not left_out:
        return InputError(
            "No example is decided yet.", kept="Nothing was frozen.", next_step="Accept, edit or flip some in Curate."
        )
    counted = ", ".join(f"{number:,} {reason}" for reason, number in sorted(left_out.items()))
    return InputError(
        f"None of the decided examples gives a row ({counted}).",
        kept="Nothing was frozen.",
        next_step="Accept, edit or flip some in Curate.",
    )
