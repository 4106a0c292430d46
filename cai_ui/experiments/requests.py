"""What an experiment asks: the requests of both sides, and the constitution."""

from __future__ import annotations

from cai_ui.config.experiments import ExperimentSettings
from cai_ui.errors import InputError, NotFoundError
from cai_ui.pipeline.constitution.constitutions import current_constitution
from cai_ui.pipeline.prompts.measured import prompts_to_measure
from cai_ui.pipeline.services import Services
from cai_ui.records import Constitution, Prompt


def constitution_of(services: Services, name: str) -> Constitution:
    """The newest version of this name; the one in use for none. NotFoundError."""
    if not name:
        return current_constitution(services).constitution
    found = services.store.versions(name)
    if not found:
        raise NotFoundError(f"There is no constitution {name[:60]!r}.", next_step="Choose one of the Principles tab.")
    return found[0].constitution


def sides(services: Services, settings: ExperimentSettings) -> tuple[list[Prompt], list[Prompt]]:
    """Harmful requests, and harmless ones, half of them look-alikes where there are enough of both."""
    drawn = prompts_to_measure(services.store, settings.sets, settings.prompts, settings.seed)
    harmful = [prompt for prompt in drawn if prompt.kind == "harmful"][: settings.prompts]
    if not harmful:
        raise InputError(
            "There are no harmful requests in these sets, so there is nothing to criticise.",
            next_step="Give their kind at the import (--kind harmful), or choose another set.",
        )
    helpful, twins = ([p for p in drawn if p.kind == kind] for kind in ("helpful", "twin"))
    half = max(settings.prompts // 2, settings.prompts - len(twins))
    some = helpful[:half]
    return harmful, [*some, *twins[: settings.prompts - len(some)]]
