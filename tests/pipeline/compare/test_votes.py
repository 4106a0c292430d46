"""What is voted on next, and votes that are kept and written to files."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.compare.variants import VariantText
from cai_ui.compare.votes import Ballot
from cai_ui.errors import InputError
from cai_ui.formats.writing import unsafe_cell
from cai_ui.pipeline import Services
from cai_ui.pipeline.compare import votes
from cai_ui.pipeline.compare.vote_files import as_lines, as_table, vote_rows
from cai_ui.pipeline.prompts.files import import_prompts
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.records import Answer, Provenance

HOSTILE = '=HYPERLINK("http://x")\u2028<script>alert(1)</script>\0'


def variant(name: str, text: str = "") -> VariantText:
    answer = Answer(text or name, "end", 1, 1, Provenance("m", "b", None, None, 0, {}))
    return VariantText(name, name, answer.text, None, answer)


@pytest.fixture
def ours(services: Services, tmp_path: Path) -> str:
    """A set of four requests."""
    path = tmp_path / "ours.csv"
    path.write_text("prompt,kind\n" + "".join(f"Question {n}?,helpful\n" for n in range(4)), encoding="utf-8")
    import_prompts(services, path, "ours")
    return prompt_sets(services)[-1].key


def test_each_pair_meets_on_each_request_once_for_each_rater(services: Services, ours: str) -> None:
    names, met = ["base", "a", "b"], set()
    while (asked := votes.next_vote(services, ours, names, "Ana")) is not None:
        pair = (asked.prompt.text, frozenset((asked.left, asked.right)))
        assert pair not in met
        met.add(pair)
        sides = variant(asked.left), variant(asked.right)
        made = votes.cast_vote(services, asked.prompt, *sides, "left", "Ana", Ballot(asked.order, "end", set=asked.set))
        assert (made.set, made.kind, made.order, made.reveal) == (ours, "helpful", asked.order, "end")
    assert len(met) == 4 * 3
    assert votes.next_request(services, ours, "Ana") is None
    assert votes.next_vote(services, ours, names, "Ben") is not None, "another rater has voted on nothing"
    assert {pair.first_wins + pair.second_wins for pair in votes.analysis(services.store).pairs} == {4}


def test_pairs_are_voted_on_about_equally_often(services: Services, ours: str) -> None:
    for _ in range(6):
        asked = votes.next_vote(services, ours, ["base", "a", "b"], "Ana")
        assert asked is not None
        votes.cast_vote(services, asked.prompt, variant(asked.left), variant(asked.right), "tie", "Ana")
    assert [pair.ties for pair in votes.analysis(services.store).pairs] == [2, 2, 2]


def test_hostile_text_is_text_in_every_file(services: Services) -> None:
    votes.cast_vote(services, HOSTILE, variant("base", HOSTILE), variant("a"), "left", HOSTILE.strip("\0")[:40])
    rows = vote_rows(services.store.votes())
    (line,) = as_lines(rows).splitlines()
    assert json.loads(line)["left_answer"] == HOSTILE and json.loads(line)["winner"] == "base"
    (row,) = csv.DictReader(io.StringIO(as_table(rows).removeprefix("\ufeff")))
    assert row["prompt"].startswith("'=") and unsafe_cell(row["prompt"]).startswith("=HYPERLINK")
    assert "\0" not in as_table(rows)


def test_no_votes_make_no_file(services: Services) -> None:
    with pytest.raises(InputError, match="Nobody has voted"):
        vote_rows([])


def test_the_command_line_says_and_writes_the_same(
    services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in range(12):
        side = variant("base", "x" * (place + 1)), variant("a", "yy" * (place % 5 + 1) + "z")
        votes.cast_vote(services, f"q{place}", *side, "left" if place % 4 else "right", "Ana")
    home = str(services.store.workspace.home)
    services.close()
    assert main(["votes", "show", "--home", home]) == 0
    assert "base won 9 of 12 decided votes against a" in capsys.readouterr().out
    assert main(["votes", "show", "--json", "--home", home]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pairs"][0]["second_wins"] + told["pairs"][0]["first_wins"] == 12
    for kind in ("jsonl", "csv"):
        assert main(["votes", "export", "--kind", kind, "--out", str(tmp_path / kind), "--home", home]) == 0
        assert "12 votes" in capsys.readouterr().out
    assert len((tmp_path / "jsonl").read_text(encoding="utf-8").splitlines()) == 12


def test_a_vote_with_new_fields_is_read_back_as_it_was_kept(services: Services) -> None:
    made = votes.cast_vote(
        services, "q", variant("a"), variant("b"), "right", "Ana", Ballot(7, "vote", True), ["more honest"]
    )
    assert services.store.votes() == [made] and made.early and made.reasons == ("more honest",)
    assert dataclasses.replace(made, at="") != made
