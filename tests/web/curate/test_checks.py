"""The boxes for data checks, agreement, AI preference labels and own pairs: what they say, and how safely."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cai_ui.config.curate import LabelSettings, OnPolicySettings
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.engine.interface import Request
from cai_ui.errors import InputError
from cai_ui.pipeline import Services
from cai_ui.pipeline.curate import agreement, labels, linting
from cai_ui.records import Decision, Message, Prompt, make_example
from cai_ui.store import QueueFilter
from cai_ui.web.curate import words
from cai_ui.web.curate.agreement import agreement_html
from cai_ui.web.curate.checks import report_html
from cai_ui.web.curate.on_policy import pairs_view
from cai_ui.web.curate.preferences import labels_view
from cai_ui.web.kit.present import short

from .page import Page

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def filled(services: Services) -> Services:
    services.store.add_examples(
        [
            make_example(
                (Message("user", f"Question {i} about <b>locks</b>?"),),
                f"Sure, here is how, number {i}.",
                "Sorry, I cannot help with that." if i % 3 else f"Human: no {i}",
                prompt=Prompt(f"p{i}", f"Question {i}", "harmful"),
                principle_ids=("kind",),
            )
            for i in range(9)
        ]
    )
    return services


def check(services: Services) -> str:
    return report_html(linting.lint_queue(services))


def test_findings_have_their_numbers_and_a_button_that_shows_the_rows(filled: Services) -> None:
    html = check(filled)
    assert "9 examples checked" in html and "Speaker&#x27;s name in the answer" in html
    assert 'data-curate="finding:role-label"' in html and "Show 3" in html
    assert len(filled.store.queue(QueueFilter(finding="role-label"))) == 3
    assert "<b>" not in html and "cai-chart" in html


def test_rejected_examples_are_not_checked_and_old_findings_are_forgotten(filled: Services) -> None:
    check(filled)
    found = [item.example.id for item in filled.store.queue(QueueFilter(finding="role-label"))]
    filled.store.decide_many(found, "reject", "me")
    assert "6 examples checked" in check(filled)
    assert filled.store.queue(QueueFilter(finding="role-label")) == []


def test_an_empty_queue_is_said(services: Services) -> None:
    assert words.NOT_CHECKED[0] in check(services)


def test_agreement_says_where_it_is_undefined(filled: Services) -> None:
    html = agreement_html(agreement.measure_agreement(filled))
    assert "undefined: no example was judged by two people" in html
    assert "No pair has both" in html


def test_agreement_between_people_and_with_the_model(filled: Services) -> None:
    agreement.set_double_share(filled, 1.0)
    verdicts = ["accept", "flip", "accept", "reject"] * 3
    for rater in ("<Ana>", "Ben"):
        for number, item in enumerate(filled.store.queue(QueueFilter("all"), rater=rater)):
            verdict = "flip" if rater == "Ben" and number == 0 else verdicts[number]
            decision = Decision(f"{rater}{number}", item.example.id, verdict, rater)  # type: ignore[arg-type]
            filled.store.decide(decision, item.rev, item.second)
    list(labels.label_pairs(filled, LabelSettings()))
    report = agreement.measure_agreement(filled)
    assert report.overall.units == 9 and report.overall.value is not None and 0.5 < report.overall.value < 1
    assert [name for name, _ in report.per_principle] == ["kind"]
    assert report.per_principle[0][1].value == report.overall.value
    assert report.with_model.units > 9 and report.calibration_error is not None
    html = agreement_html(report)
    assert "&lt;Ana&gt; and Ben" in html and "<Ana>" not in html and "Expected calibration error" in html


def test_labelling_runs_in_the_background_and_goes_on_where_it_ended(filled: Services, until: Until) -> None:
    page = Page(filled)
    box = page.tab.preferences
    page.given |= box.form.changes(LabelSettings(most=4))
    box.start(page.given)
    until(lambda: not labels_view(filled).running)
    assert "4 of 4 pairs" in labels_view(filled).html
    assert len(filled.store.judgements()) == 4
    assert sum(1 for _ in labels.label_pairs(filled, LabelSettings())) == 5
    assert list(labels.label_pairs(filled, LabelSettings())) == []
    shown = filled.store.queue(QueueFilter(order="uncertain"))
    assert all(item.preference is not None for item in shown)


def test_pairs_of_own_answers_are_made_in_the_background_and_frozen(services: Services, until: Until) -> None:
    def said(request: Request) -> str:
        number = request.sampling.seed % 97
        return f"I cannot help with {number}." if number % 2 else f"Sure, take {number}."

    services.host.use(ScriptedEngine(said))
    page = Page(services)
    box = page.tab.pairs
    with pytest.raises(InputError, match="no pairs to freeze"):
        box.freeze_now(page.given)
    page.take(box.variants(None))
    assert page[box.variant] == "base"
    page.given |= {box.number: 6, **box.form.changes(OnPolicySettings(answers=8, pairs=4))}
    box.start(page.given)
    until(lambda: not pairs_view(services).running)
    number = services.store.counts().open
    assert number > 2 and f"{number} pairs of 6 of 6 requests" in pairs_view(services).html
    page.take(box.freeze_now(page.given))
    (info,) = services.store.datasets()
    assert info.name == words.OWN_PAIRS and short(info.hash) in page[box.frozen]
    page.given |= {box.number: 0}
    with pytest.raises(InputError, match="from 1"):
        box.start(page.given)


def test_the_share_is_kept_and_checked(services: Services) -> None:
    box = Page(services).tab.agreement
    assert "25%" in box.keep_share(0.25) and agreement.double_share(services) == 0.25
    with pytest.raises(InputError):
        box.keep_share(1.5)
