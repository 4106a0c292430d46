"""In 4 bits and bfloat16 on a processor: the same bits for a row, whatever is read beside it and in what pieces."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.kernels.forward import forward
from cai_ui.engine.kernels.kv_cache import KeyValues
from cai_ui.engine.kernels.same_rows import AnyRowsLinear, products_agree

PROMPTS = (
    "Why?",
    "How do I bake bread at home without an oven?",
    "x",
    "Is it wrong to read her diary? " * 6,
    "Ask her.",
)


@pytest.fixture(scope="module")
def engine(tiny_model: Any) -> Any:
    loaded = load_engine(AppSettings(model=str(tiny_model), quantize="nf4"))
    if not products_agree(loaded._adapters.base):  # type: ignore[attr-defined]
        pytest.skip("this processor's products depend on the number of rows, which the engine says of every answer")
    return loaded


@torch.inference_mode()
def last_logits(model: Any, ids: list[list[int]], pieces: int) -> torch.Tensor:
    """Logits of the last column of rows that are padded on the left and read in so many pieces."""
    width = max(map(len, ids))
    padded = torch.tensor([[0] * (width - len(row)) + row for row in ids])
    kv = KeyValues(torch.tensor([width - len(row) for row in ids]))
    found = [forward(model, piece, kv, 1) for piece in padded.chunk(pieces, dim=1)]
    return found[-1][:, -1]


def test_the_logits_of_a_row_are_the_same_to_the_bit_beside_others_and_in_other_pieces(engine: Any) -> None:
    model = engine._adapters.base
    rows = [[1, *range(5, 5 + length)] for length in (3, 40, 17, 88)]
    together = last_logits(model, rows, 1)
    for place, row in enumerate(rows):
        for pieces in (1, 2, len(row)):
            assert torch.equal(last_logits(model, [row], pieces)[0], together[place]), (len(row), pieces)


@pytest.mark.slow
def test_texts_are_the_same_alone_in_a_batch_and_beside_adapters(
    engine: Any, ask: Any, make_adapter: Any, tmp_path: Any
) -> None:
    info = make_adapter(engine, tmp_path / "run-1.a", 0)
    engine.load_adapter(info)
    plain = [ask(text, temperature=1.0, seed=place) for place, text in enumerate(PROMPTS * 3)]
    requests = [*plain, *(replace(request, adapter=info.name) for request in plain)]
    alone = [engine.generate([request])[0] for request in requests]
    together = engine.generate(requests)
    engine.unload_adapter(info.name)
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert {answer.provenance.same_in_any_batch for answer in together} == {True}
    assert len({answer.text for answer in alone}) > len(PROMPTS), "the adapter changes nothing"


def test_a_row_alone_goes_the_way_of_many() -> None:
    plain = torch.nn.Linear(4096, 64, bias=False, dtype=torch.bfloat16)
    torch.nn.init.normal_(plain.weight, generator=torch.Generator().manual_seed(0))
    rows = torch.randn(9, 1, 4096, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    plain.__class__ = AnyRowsLinear
    with torch.inference_mode():
        assert torch.equal(torch.cat([plain(row[None]) for row in rows]), plain(rows))


def test_a_layer_that_depends_on_the_number_of_rows_is_found() -> None:
    class Uneven(torch.nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(input) * (1 + 0.01 * (len(input) == 5))

    uneven = Uneven(32, 32, dtype=torch.bfloat16)
    assert products_agree(torch.nn.Sequential(AnyRowsLinear(32, 32, dtype=torch.bfloat16)))
    assert not products_agree(torch.nn.Sequential(uneven))


def test_every_answer_says_whether_it_depends_on_its_neighbours(tiny_engine: Any, ask: Any) -> None:
    assert tiny_engine.generate([ask("Why?")])[0].provenance.same_in_any_batch is True
