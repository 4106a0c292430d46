"""What a seed study's answers and scores are counted to, and what its folder keeps."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from cai_ui.compare import likelihood
from cai_ui.config.studies import SeedStudySettings
from cai_ui.errors import InputError
from cai_ui.experiments.folder import ResultFolder
from cai_ui.records import BASE
from cai_ui.statistics.means import mean_per_token
from cai_ui.studies.seed import results
from cai_ui.studies.seed.plan import ALONE, BOTH, DPO, SFT, chosen


def row(variant: str, prompt: int, refused: bool | None, **changes: Any) -> dict[str, Any]:
    outcome = {True: "refused", False: "complied", None: "broken"}[refused]
    usual = {"set": "own", "kind": "harmful", "helped": None, "outcome": outcome, "finish": "end", "tokens": 9}
    return {**usual, "variant": variant, "prompt_id": str(prompt), "refused": refused, "answer": "a b c d", **changes}


def test_a_variant_is_set_against_the_base_on_the_same_prompts() -> None:
    base = [row(BASE, n, n == 0) for n in range(8)]
    tuned = [row("SFT", n, None if n == 7 else n > 0, tokens=n, answer=f"a b c {n // 3} d") for n in range(8)]
    one, other = results.cells([*base, *tuned], (BASE, "SFT"))
    assert one.against_base is None
    assert (other.refused.successes, other.refused.total, other.refused.unread) == (6, 7, 1)
    assert other.against_base is not None
    assert (other.against_base.now_refused, other.against_base.no_longer) == (6, 1)  # the broken one is in neither
    assert other.against_base.p == pytest.approx(0.125)
    assert (one.openings.successes, other.openings.successes) == (8, 8)
    assert results.cells([*base[:2], *tuned[2:4]], (BASE, "SFT"))[1].openings.successes == 0
    assert (other.median_tokens, other.broken.successes) == (3.5, 1)


def test_a_broken_answer_to_a_harmful_prompt_is_not_good() -> None:
    (cell,) = results.cells([row(BASE, 0, None), row(BASE, 1, True)], (BASE,))
    assert (cell.good.successes, cell.good.total, cell.good.unread) == (1, 1, 1)


def test_what_a_variant_finds_less_likely_is_counted_per_token() -> None:
    base = {"variant": BASE, "scores": [[[-10.0, 5], [-4.0, 2]], [[-6.0, 3], [-9.0, 3]], "too long"]}
    tuned = {"variant": "SFT", "scores": [[[-14.0, 5], [-4.0, 2]], [[-10.0, 3], [-12.0, 3]], [[-1.0, 1]]]}
    one, other = likelihood.kept([base, tuned])
    assert one.references.value == -2
    assert (one.lost.value, one.lost.low, one.lost.high) == (0, 0, 0)
    assert (other.references.value, other.lost.value, other.divergence.value) == (-3, 1, pytest.approx(0.6))
    assert other.lost.units == 2  # the answer that one of them could not be asked about is left out for both


def test_the_interval_of_a_mean_per_token_covers() -> None:
    """Answers of very different lengths, whose tokens are alike within an answer: an interval over tokens fails."""
    chance, hits = random.Random(5), 0
    for _ in range(400):
        tokens = [chance.randint(5, 100) for _ in range(60)]
        totals = [count * chance.gauss(-2.0, 0.5) for count in tokens]
        mean = mean_per_token(totals, tokens)
        assert mean.low is not None and mean.high is not None
        hits += mean.low <= -2.0 <= mean.high
    assert 0.915 <= hits / 400 <= 0.985  # 95 % would fall out of this once in a thousand


def test_nothing_to_average_is_no_number() -> None:
    assert mean_per_token([], []).value is None
    assert mean_per_token([0.0], [0]).value is None
    one = mean_per_token([-3.0], [2])
    assert (one.value, one.low) == (-1.5, None)
    assert not math.isnan(one.value or 0)


def test_a_line_that_was_cut_by_a_crash_is_dropped_and_written_anew(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.add("answers", [{"n": 1}, {"n": 2}])
    with folder.lines_path("answers").open("ab") as file:
        file.write(b'{"n": 3, "te')
    assert folder.rows("answers") == [{"n": 1}, {"n": 2}]
    folder.add("answers", [{"n": 3}])
    assert [found["n"] for found in folder.rows("answers")] == [1, 2, 3]
    assert folder.value("datasets") is None


@pytest.mark.parametrize(
    ("names", "trained"),
    [
        ("sft", (SFT,)),
        (" sft-alone , sft,", (SFT, ALONE)),
        ("sft-dpo", (SFT, BOTH)),  # begins at SFT
        ("dpo", (DPO,)),
        ("sft-dpo,dpo,sft-alone,sft", (SFT, ALONE, DPO, BOTH)),
    ],
)
def test_only_chosen_variants_are_trained(names: str, trained: tuple[str, ...]) -> None:
    assert chosen(names) == trained


@pytest.mark.parametrize("names", ["", " , ", "SFT", "sft;dpo"])
def test_variants_that_there_are_not_are_named(names: str) -> None:
    with pytest.raises(InputError, match="Choose among sft, sft-alone, dpo, sft-dpo"):
        chosen(names)


def test_all_variants_chosen_are_the_study_as_it_was_known() -> None:
    """So that studies from before the choice are gone on with."""
    assert "trained" not in SeedStudySettings().identity()
    assert "trained" in SeedStudySettings(trained="sft").identity()
