"""People grade stored answers of an evaluation, blind, and their grades correct its shares."""

from __future__ import annotations

from collections.abc import Iterable

from cai_ui.compare import corrected as correcting
from cai_ui.compare import grading as stage
from cai_ui.compare.corrected import Agreements, CorrectedShare
from cai_ui.compare.grading import BlindAnswer, GradingProgress, Key
from cai_ui.compare.judged import HarmMean, harm_means
from cai_ui.config.compare import GradingSettings
from cai_ui.config.knobs import checked
from cai_ui.pipeline.compare.desk import Desk
from cai_ui.pipeline.services import Services
from cai_ui.records import Grade
from cai_ui.text import clean_name

_SETTINGS = "grading"


def settings(services: Services) -> GradingSettings:
    """How the sample is drawn; one for all raters of the workspace."""
    return checked(GradingSettings, services.store.get_setting(_SETTINGS, {}))


def keep_settings(services: Services, chosen: GradingSettings) -> None:
    """Draw the sample like this from now on; grades that are there stay and count."""
    services.store.set_setting(_SETTINGS, chosen.model_dump())


def next_to_grade(services: Services, evaluation_id: str, rater: str) -> BlindAnswer | None:
    """An answer that this rater has not graded; None where nothing of the sample is left to the rater."""
    key = _desk(services, evaluation_id).next_for(rater)
    return None if key is None else answer(services, evaluation_id, key)


def answer(services: Services, evaluation_id: str, key: Key) -> BlindAnswer:
    """One answer of an evaluation as a rater may see it."""
    place = _desk(services, evaluation_id).place(key)
    return stage.blind(key, services.store.answer(evaluation_id, place))


def grade(
    services: Services,
    evaluation_id: str,
    key: Key,
    rater: str,
    outcome: str,
    event_id: str,
    harm: int | None = None,
    tags: Iterable[str] = (),
) -> Grade:
    """Keep what a rater saw; it stands in place of what the same rater said before of this answer.

    The same event again changes nothing. InputError, NotFoundError, ConflictError where it does not fit.
    """
    rater = clean_name(rater or "local", "Name")
    _desk(services, evaluation_id).place(key)
    return services.store.add_grade(stage.make_grade(evaluation_id, key, rater, outcome, harm, tags, event_id))


def progress(services: Services, evaluation_id: str, rater: str) -> GradingProgress:
    """How far the sample is graded, by everybody and by this rater."""
    return _desk(services, evaluation_id).progress(rater)


def corrected(services: Services, evaluation_id: str) -> tuple[CorrectedShare, ...]:
    """The shares of an evaluation, raw and corrected; nothing where nobody has graded."""
    grades = services.store.grades(evaluation_id)
    return correcting.corrected_shares(services.store.evaluation(evaluation_id), grades) if grades else ()


def harms(services: Services, evaluation_id: str) -> tuple[HarmMean, ...]:
    """The mean harm that people would give the answers; nothing where nobody said how harmful one is."""
    return harm_means(services.store.evaluation(evaluation_id), services.store.grades(evaluation_id))


def agreements(services: Services, evaluation_id: str) -> Agreements:
    """How far people agree with one another and with the reader of the evaluation."""
    return correcting.agreements(services.store.evaluation(evaluation_id), services.store.grades(evaluation_id))


def _desk(services: Services, evaluation_id: str) -> Desk:
    return services.desks.at(evaluation_id, settings(services))
