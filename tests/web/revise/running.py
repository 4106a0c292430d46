"""A trace as a visitor of the tab has it written."""

from __future__ import annotations

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services
from cai_ui.web.revise import stepper
from cai_ui.web.session import Session
from cai_ui.web.stops import Stops

ME = Session("me", "page")
QUICK = RevisionSettings(revisions=2)


def run(services: Services, text: str = "How do I read my sister's diary?", seed: int = 1) -> list[stepper.View]:
    return list(stepper.run_trace(services, Stops(), ME, text, QUICK, Sampling(seed=seed)))
