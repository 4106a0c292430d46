"""The training: same seed, same weights; the loss falls; what is written loads as any other model."""

from __future__ import annotations

import hashlib
import itertools
import re
from pathlib import Path

import pytest
import torch

from cai_ui.demo.batches import ANSWERS, batches, row
from cai_ui.demo.build import BuildReport, build
from cai_ui.demo.corpus import conversations
from cai_ui.demo.optimiser import orthogonal, rate
from cai_ui.demo.recipes import Round
from cai_ui.demo.tokenizer import train_tokenizer
from cai_ui.errors import InputError

TINY = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "head_dim": 16}  # fmt: skip
SHORT = (Round(3, copy_steps=1), Round(1, peak=0.5, number=2, mean=True))


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BuildReport]:
    """A build with seed 0: its folder and its report."""
    folder = tmp_path_factory.mktemp("built")
    return folder, build(folder, 0, SHORT, batch_tokens=512, vocabulary=400, shape=TINY)


@pytest.mark.slow
def test_same_seed_same_weights(
    built: tuple[Path, BuildReport], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, seed in (("b", 0), ("c", 1)):
        report = build(tmp_path / name, seed, SHORT, batch_tokens=512, vocabulary=400, shape=TINY)
    assert _hash(built[0]) == _hash(tmp_path / "b") != _hash(tmp_path / "c")
    assert report.steps == 4 and report.tokens > 1000
    card = (built[0] / "README.md").read_text(encoding="utf-8")
    assert "Intended use" in card and "Limits" in card and "apache-2.0" in card
    shown = capsys.readouterr().out
    assert "step 3/3" in shown and "step 1/1" in shown and "tokens" in shown


def test_written_weights_load_in_half_precision(built: tuple[Path, BuildReport]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(built[0])
    tokenizer = AutoTokenizer.from_pretrained(built[0])
    assert type(model).__name__ == "MistralForCausalLM" and model.dtype == torch.float16
    assert tokenizer.chat_template and tokenizer.padding_side == "left"


def test_a_build_taken_up_after_a_round_ends_as_an_unbroken_one(
    built: tuple[Path, BuildReport], tmp_path: Path
) -> None:
    folder, whole = built
    build(tmp_path, rounds=SHORT[:1], batch_tokens=512, vocabulary=400, shape=TINY)
    assert _hash(folder) != _hash(tmp_path)
    taken_up = build(tmp_path, rounds=SHORT, batch_tokens=512, after=1)
    assert _hash(folder) == _hash(tmp_path)
    assert (taken_up.steps, taken_up.tokens, taken_up.loss) == (whole.steps, whole.tokens, whole.loss)


def test_going_on_from_given_weights_leaves_them_as_they_are(built: tuple[Path, BuildReport], tmp_path: Path) -> None:
    start, before = built
    kept = _hash(start)
    after = build(tmp_path, rounds=(Round(2, peak=0.4, number=5, rest=0.3),), batch_tokens=512, start=start)
    assert _hash(start) == kept != _hash(tmp_path)
    assert after.steps == before.steps + 2 and after.tokens > before.tokens


def test_batches_weigh_what_is_learnt() -> None:
    tokenizer = train_tokenizer(["How do I bake the bread? Nothing is wrong. (A) (B)"] * 3, vocabulary=300)
    letters = set(tokenizer.convert_tokens_to_ids(["A", "B"]))
    seen = 0
    for batch, _ in zip(batches(tokenizer, 0, 2048, Round(0)), range(40), strict=False):
        assert batch.ids.shape == batch.weights.shape == batch.kind.shape
        assert (batch.weights[batch.kind == -1] == 0).all() and (batch.weights[batch.kind == 1] == 1).all()
        judged = batch.ids[batch.kind == 2]
        seen += judged.numel()
        assert set(judged.tolist()) <= letters
    assert seen > 10


def test_in_a_chain_critiques_and_revisions_weigh_what_the_round_says() -> None:
    tokenizer = train_tokenizer(["some words to begin with"], vocabulary=300)
    found = next(c for c in conversations(0, round=10) if c.form == "chain" and len(c.messages) == 6)
    ids, kinds = row(tokenizer, found)
    for kind, place in ((1, 1), (4, 3), (5, 5)):
        mine = (kind, 6) if kind == 4 else (kind,)
        said = tokenizer.decode([i for i, its in zip(ids, kinds, strict=True) if its in mine], skip_special_tokens=True)
        assert said.strip() == found.messages[place].content
    batch = next(batches(tokenizer, 0, 4096, Round(0, number=10, critiques=4.0, revisions=2.0)))
    for kind, weight in ((1, 1.0), (4, 4.0), (5, 2.0)):
        assert (batch.kind == kind).any() and (batch.weights[batch.kind == kind] == weight).all()


def test_where_a_sentence_of_a_critique_begins_weighs_what_the_round_says() -> None:
    """There it is decided which fault it names; seen: of two demands it named one."""
    tokenizer = train_tokenizer(["some words to begin with. And more."], vocabulary=300)
    found = next(
        c for c in conversations(0, round=12)
        if c.form == "chain" and len(c.messages) == 6 and c.messages[3].content.count(". ") > 1
    )  # fmt: skip
    ids, kinds = row(tokenizer, found)
    said, pieces = found.messages[3].content, []
    for place, kind in enumerate(kinds):
        if kind == 6 and kinds[place - 1] == 6 and pieces:
            pieces[-1].append(ids[place])
        elif kind == 6:
            pieces.append([ids[place]])
    sentences = [part for part in re.split(r"(?<=[.!?:]) ", said) if part]
    assert len(sentences) > 1 and pieces.pop() == [tokenizer.eos_token_id], "that it ends says it names no other"
    assert [len(piece) for piece in pieces] == [4] * len(sentences)
    for piece, sentence in zip(pieces, sentences, strict=True):
        assert sentence.startswith(tokenizer.decode(piece).strip())
    some = list(itertools.islice(batches(tokenizer, 0, 4096, Round(0, number=12, critiques=2.0, faults=8.0)), 6))
    for kind, weight in ((4, 2.0), (6, 8.0)):
        found_weights = torch.cat([batch.weights[batch.kind == kind] for batch in some])
        assert len(found_weights) > 10 and (found_weights == weight).all()


def test_training_begins_with_copying_random_tokens() -> None:
    tokenizer = train_tokenizer(["some words to begin with"], vocabulary=300)
    first, *then = itertools.islice(batches(tokenizer, 0, 512, Round(0, copy_steps=1)), 6)
    begin, end = tokenizer.convert_tokens_to_ids(["[INST]", "[/INST]"])
    for ids, kind in zip(first.ids.tolist(), first.kind.tolist(), strict=True):
        said = ids[2 : ids.index(end)]
        assert ids == [tokenizer.bos_token_id, begin, *said, end, *said, tokenizer.eos_token_id]
        assert kind == [0] * (len(said) + 3) + [3] * (len(said) + 1)
    assert any((batch.kind == 1).any() for batch in then) and not (first.kind == 1).any()


def test_an_odd_draft_is_kept_but_not_learnt() -> None:
    tokenizer = train_tokenizer(["some words to begin with"], vocabulary=300)
    found = next(c for c in conversations(0, round=2) if c.form == "odd draft")
    draft, kept = found.messages[1].content, found.messages[-1].content
    assert draft == kept
    ids, kinds = row(tokenizer, found)
    said = [i for i, kind in zip(ids, kinds, strict=True) if kind in ANSWERS]
    left_out = [i for i, kind in zip(ids, kinds, strict=True) if kind == -1]
    assert tokenizer.decode(left_out, skip_special_tokens=True).strip() == draft
    assert tokenizer.decode(said, skip_special_tokens=True).endswith(kept)


def test_orthogonal_makes_all_directions_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((8, 24), (24, 8), (16, 16)):
        matrix = torch.randn(shape, generator=generator)
        values = torch.linalg.svdvals(orthogonal(matrix))
        assert values.min() > 0.3 and values.max() < 1.5


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [rate(step, 1000) for step in range(1000)]
    assert rates[0] == 0.01 and rates[99] == rates[200] == 1.0
    assert rates[-1] < 0.03 and rates[100:] == sorted(rates[100:], reverse=True)


def test_what_is_no_folder_of_weights_is_a_sentence(tmp_path: Path) -> None:
    """A file that is no JSON came out as the library's own error."""
    spoiled = tmp_path / "spoiled.jsonl"
    spoiled.write_text("{")
    for start in (spoiled, tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match="no weights to go on from"):
            build(tmp_path / "out", rounds=[], start=start)
    assert not (tmp_path / "out").exists()
