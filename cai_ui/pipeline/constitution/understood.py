"""What the embedded model can make of the principles: asked only while it is the model in use."""

from __future__ import annotations

from cai_ui.demo.recogniser import Understanding, understand
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Principle

EMBEDDED = "embedded"


def understood(services: Services, principle: Principle) -> Understanding | None:
    """What it makes of one principle; None where another model is in use, of which nothing is known."""
    return understand(principle) if services.settings.model == EMBEDDED else None


def outside(services: Services, constitution: Constitution) -> list[Principle]:
    """The enabled principles that the embedded model does not understand; none where another model is in use."""
    if services.settings.model != EMBEDDED:
        return []
    return [p for p in constitution.principles if p.enabled and not understand(p).understood]
