"""The data checks over the queue and over frozen datasets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cai_ui.pipeline.services import Services
from cai_ui.records import Decision, Example
from cai_ui.store import QueueFilter

if TYPE_CHECKING:
    from cai_ui.curate.lint import LintReport

_PAGE = 1_000


def lint_queue(services: Services, filter: QueueFilter | None = None) -> LintReport:
    """Check the examples of a filter (all of them by default) and let the queue be filtered by what was found.

    What an earlier check found is forgotten.
    """
    from cai_ui.curate.lint import lint, rows_of_examples

    report = lint(rows_of_examples(_judged(services, filter or QueueFilter("all"))))
    services.store.set_findings(report.marks)
    return report


def lint_dataset(services: Services, dataset_hash: str) -> LintReport:
    """Check a frozen dataset. NotFoundError if there is none."""
    from cai_ui.curate.lint import lint, rows_of_dataset

    return lint(rows_of_dataset(services.store.dataset(dataset_hash)))


def _judged(services: Services, filter: QueueFilter) -> Iterator[tuple[Example, Decision | None]]:
    """Examples with what stands, page by page; rejected ones are left out, since nothing is learnt from them."""
    offset = 0
    while page := services.store.queue(filter, _PAGE, offset):
        offset += len(page)
        for item in page:
            if item.decision is None or item.decision.verdict != "reject":
                yield item.example, item.decision
