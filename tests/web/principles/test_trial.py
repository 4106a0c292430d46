"""Principles tried side by side, and what is counted of them."""

from __future__ import annotations

import pytest

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import sets
from cai_ui.pipeline.revise import batch
from cai_ui.web.principles import editor, trial
from cai_ui.web.stops import Stops

from .editing import ME


def test_a_try_shows_each_principle_beside_the_others(services: Services) -> None:
    view = editor.open_current(services, ME)
    ids = [p.id for p in view.draft.principles[:2]]
    pages = list(trial.run_try(services, Stops(), ME, view.base, "One <b>\n\nTwo", ids, 2, True))
    assert len(pages) == 8
    assert pages[-1].count("cai-question") == 4 and "<b>" not in pages[-1]
    with pytest.raises(InputError, match="at most 20"):
        trial.read_requests("x\n" * 21)
    drawn = trial.draw_requests(services, sets.prompt_sets(services)[0].key, "One")
    assert len(drawn.splitlines()) == 2


def test_statistics_are_a_table_of_words_and_shares(services: Services) -> None:
    view = editor.open_current(services, ME)
    assert "No trace yet" in trial.statistics(services, ME, view.base)
    list(batch.run_batch(services, ["One", "Two"], view.base, RevisionSettings(), Sampling()))
    table = trial.statistics(services, ME, view.base)
    assert "Counted over 2 traces" in table and "not measured" in table
