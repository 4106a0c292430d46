"""Answers to the probe prompts while a run learns."""

from __future__ import annotations

from cai_ui.web.train import probe_card

from .runs import PROBES


def test_probe_answers_are_shown_as_of_a_step_with_the_first_beside_them() -> None:
    at_three, at_nine = (probe_card.answers_html(PROBES, step) for step in (3, 9))
    assert "after 0 steps" in at_three and "complied" in at_three
    assert "after 5 steps" in at_nine and "did not comply" in at_nine and "Sure." in at_nine
    assert "could not be read" in at_nine and "<b>" not in at_nine
    assert "complies with harmful requests 0 %" in probe_card.shares_chart(PROBES)
    assert "refuses" not in probe_card.shares_chart(PROBES), "what cannot be read has no line"
    assert probe_card.answers_html([], 3) == "" and probe_card.shares_chart([]) == ""
