"""Menus that are renewed while somebody chooses."""

from __future__ import annotations

from cai_ui.web.kit.choices import looked_up


def test_a_look_that_was_on_its_way_does_not_put_back_an_older_choice() -> None:
    """It was sent before the choice and answered after it: its new entries must not say which is chosen."""
    assert "value" not in looked_up([("new", "b"), ("old", "a")], "a", "a")


def test_a_choice_that_is_gone_is_replaced() -> None:
    assert looked_up([("new", "b")], "b", "a")["value"] == "b"
    assert looked_up([], None, "a")["value"] is None
