"""Gold examples as a lead and a rater meet them: made, mixed in unseen, judged, and told back to the lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Server, Visit
from .test_guided_run import sign, unfold
from .test_labelling import counted, press, shown, site, to_curate

__all__ = ["site"]


@pytest.mark.slow
def test_gold_is_judged_like_any_other_and_the_lead_sees_how_well(
    site: Server, open_page: Callable[..., Visit]
) -> None:
    visits = [open_page(site.url), open_page(site.url)]
    lead, ana = (visit.page for visit in visits)
    to_curate(lead)
    sign(lead, "Lead")
    known = [press(lead, "r"), press(lead, "a")]
    unfold(lead, "curate-raters")
    for number, id in enumerate(known, 1):
        lead.locator(f"#curate-history [data-curate*='{id}']").first.click()
        lead.locator(f'#curate-card article[data-example="{id}"]').wait_for()
        lead.locator("#curate-gold").click()
        expect(lead.locator("#curate-raters-said")).to_contain_text(f"{number} gold example")
    slide_to_end(lead, "curate-gold-share")
    expect(lead.locator("#curate-raters-said")).to_contain_text("About 100% of everybody's work")

    to_curate(ana)
    sign(ana, "Ana")
    judged = []
    for place in range(4):
        card = ana.locator("#curate-card")
        expect(card.locator("article")).to_contain_text("open")
        assert "gold" not in card.inner_text().lower() and "Lead" not in card.inner_text()
        judged.append(press(ana, "a"))
        counted(ana, 2 + sum(id not in known for id in judged))
        assert place == 0 or judged[place] not in judged[:place]
    assert set(known) <= set(judged), "both came up, the rest is ordinary"

    lead.locator("#curate-raters-look").click()
    row = lead.locator("#curate-raters-progress tr", has_text="Ana")
    expect(row).to_contain_text("1 of 2")
    ana.keyboard.press("u")
    expect(ana.locator("#curate-saved")).to_contain_text("Undone")
    assert shown(ana) == judged[-1]
    assert [visit.errors + visit.foreign for visit in visits] == [[], []]


def slide_to_end(page: Any, id: str) -> None:
    slider = page.locator(f"#{id} input[type=range]")
    slider.focus()
    slider.press("End")
    slider.dispatch_event("pointerup")
