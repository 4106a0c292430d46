"""Menus that are renewed while somebody chooses."""

from __future__ import annotations

from cai_ui.records import PromptSet
from cai_ui.web.kit.choices import looked_up, set_choices


def test_a_look_that_was_on_its_way_does_not_put_back_an_older_choice() -> None:
    """It was sent before the choice and answered after it: its new entries must not say which is chosen."""
    assert "value" not in looked_up([("new", "b"), ("old", "a")], "a", "a")


def test_a_choice_that_is_gone_is_replaced() -> None:
    assert looked_up([("new", "b")], "b", "a")["value"] == "b"
    assert looked_up([], None, "a")["value"] is None


def test_sets_that_an_older_workspace_calls_the_same_can_be_told_apart() -> None:
    made = [
        PromptSet("own-aaaa11112222", "huge", 1),
        PromptSet("own-bbbb11112222", "huge", 1),
        PromptSet("c", "huge", 2),
    ]
    labels = [label for label, _ in set_choices(made)]
    assert len(set(labels)) == 3 and labels[2] == "huge (2)" and "aaaa1111" in labels[0]
