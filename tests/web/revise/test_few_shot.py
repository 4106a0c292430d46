"""Few-shot examples on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.web.revise import few_shot


def test_few_shot_examples_are_edited_moved_and_brought_back(services: Services) -> None:
    shipped = few_shot.examples_now(services)
    few_shot.edit_example(services, 0, replace(shipped[0], request="My request", enabled=False))
    assert few_shot.move_example(services, 0, 1) == 1
    assert few_shot.examples_now(services)[1].request == "My request"
    assert few_shot.add_example(services) == len(shipped)
    assert "tokens before each step" in few_shot.state_html(services)
    few_shot.delete_example(services, 1)
    with pytest.raises(InputError, match="No example"):
        few_shot.delete_example(services, 99)
    few_shot.reset_examples(services)
    assert few_shot.examples_now(services) == shipped
