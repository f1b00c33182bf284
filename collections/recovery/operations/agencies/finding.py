"""What several operations on agencies ask first: the agency itself, and whether anything may be placed with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recovery.models import Agency, AgencyEvaluation, AgencyPerson, CommissionTerms
from recovery.operations.agencies.refusals import AgencyUnknown, OwnWork, ReasonMissing
from recovery.rules.agency_clock import Clock, EvaluationFigures, evaluation_due, stands
from riskops.shared.audit import Actor, record
from riskops.shared.people.examinations import expiry
from riskops.shared.people.models import Examination


def evaluation_figures() -> EvaluationFigures:
    """Return how often agencies are evaluated, as the settings say."""
    return EvaluationFigures(
        every_months=settings.AGENCY_EVALUATION_MONTHS,
        before_end_days=settings.AGENCY_EVALUATION_BEFORE_END_DAYS,
        warn_days=settings.AGENCY_WARN_DAYS,
    )


class Blocker(StrEnum):
    """Why nothing may be placed with an agency."""

    STATUS = "status"
    LICENCE = "licence"
    CONTRACT = "contract"
    EVALUATION = "evaluation"
    NOT_PASSED = "not_passed"
    UNDERTAKING = "undertaking"
    PEOPLE = "people"
    TERMS = "terms"


BLOCKER_NAMES: Final[dict[Blocker, Promise]] = {
    Blocker.STATUS: _("it is not in use"),
    Blocker.LICENCE: _("its licence has expired"),
    Blocker.CONTRACT: _("its contract does not run"),
    Blocker.EVALUATION: _("its evaluation is overdue"),
    Blocker.NOT_PASSED: _("it did not pass its last evaluation"),
    Blocker.UNDERTAKING: _("its undertaking not to sub-delegate is missing"),
    Blocker.PEOPLE: _("nobody of it is registered, trained and examined within a year"),
    Blocker.TERMS: _("no commission terms are approved"),
}
#: What stops the people of an agency on the spot, whatever it holds; the rest only keeps it from being given more.
STOPPING: Final = frozenset({Blocker.STATUS, Blocker.LICENCE, Blocker.CONTRACT, Blocker.NOT_PASSED, Blocker.UNDERTAKING})
#: What may come after an agency was put into use: nothing is placed before it is there.
MAY_FOLLOW: Final = frozenset({Blocker.PEOPLE, Blocker.TERMS})


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agency stands on a day. `blockers`: why nothing may be placed with it; empty: it may."""

    last_evaluation: AgencyEvaluation | None
    evaluation_due: date | None
    evaluation: Clock
    licence: Clock
    contract: Clock
    terms: CommissionTerms | None
    fit_people: int
    blockers: tuple[Blocker, ...]

    @property
    def why(self) -> list[str]:
        """The blockers in words."""
        return [str(BLOCKER_NAMES[blocker]) for blocker in self.blockers]


def locked_agency(code: str) -> Agency:
    """Return an agency, locked.

    :raises AgencyUnknown: there is none of that code
    """
    agency = Agency.objects.select_for_update(of=("self",)).filter(code=code).first()
    if agency is None:
        raise AgencyUnknown(code)
    return agency


def refuse_own(actor: Actor, what: str, writers: Iterable[int | None], names: str) -> None:
    """Refuse to approve what one wrote; a machine approves nothing.

    :raises OwnWork: says who wrote it
    """
    if actor.user_id is None or actor.user_id in set(writers):
        raise OwnWork(what, names)


def reason_of(text: str) -> str:
    """Return a reason as it is kept.

    :raises ReasonMissing: nothing is written in it
    """
    if not text.strip():
        raise ReasonMissing
    return text.strip()[:500]


def note(actor: Actor, action: str, agency: Agency, **more: Any) -> None:
    """Write the line of the audit trail about an agency."""
    record(actor=actor, action=action, subject_type="agency", subject_key=agency.code, **more)


def terms_on(agency: Agency, day: date) -> CommissionTerms | None:
    """Return the terms that hold for what is placed on a day."""
    rows = agency.terms.filter(status=CommissionTerms.Status.APPROVED, live_from__lte=day)
    return rows.order_by("-live_from").first()


def standing_of(agency: Agency, day: date, *, placed_on: date | None = None) -> Standing:
    """Return how an agency stands on a day of the calendar.

    :param placed_on: the business day of a placement, whose terms are meant; None: the same day
    """
    figures = evaluation_figures()
    last = agency.evaluations.filter(evaluated_on__lte=day).order_by("-evaluated_on").first()
    due = evaluation_due(last.evaluated_on if last else None, agency.contract_until, figures)
    clocks = {
        "evaluation": stands(due, day, warn_days=figures.warn_days),
        "licence": stands(agency.licence_valid_until, day, warn_days=figures.warn_days),
        "contract": stands(agency.contract_until, day, warn_days=figures.warn_days),
    }
    terms, fit = terms_on(agency, placed_on or day), fit_people(agency, day)
    blockers: list[Blocker] = []
    if agency.status != Agency.Status.IN_USE:
        blockers.append(Blocker.STATUS)
    if clocks["licence"] is Clock.OVERDUE:
        blockers.append(Blocker.LICENCE)
    if clocks["contract"] is Clock.OVERDUE or day < agency.contract_from:
        blockers.append(Blocker.CONTRACT)
    if last is None or clocks["evaluation"] is Clock.OVERDUE:
        blockers.append(Blocker.EVALUATION)
    elif last.result == AgencyEvaluation.Result.FAILED:
        blockers.append(Blocker.NOT_PASSED)
    if agency.undertaking_on is None or not agency.undertaking_reference:
        blockers.append(Blocker.UNDERTAKING)
    if not fit:
        blockers.append(Blocker.PEOPLE)
    if terms is None:
        blockers.append(Blocker.TERMS)
    return Standing(last, due, terms=terms, fit_people=fit, blockers=tuple(blockers), **clocks)


def fit_people(agency: Agency, day: date) -> int:
    """Return how many people of an agency may call on a day: registered, trained and examined within the time."""
    people = AgencyPerson.objects.filter(agency=agency, until=None, since__lte=day).values_list("user_id", "trained_on")
    trained = [user_id for user_id, trained_on in people if is_trained(trained_on, day)]
    holding = Examination.objects.filter(
        user_id__in=trained, subject=Examination.Subject.COLLECTIONS, passed_on__lte=day, expires_on__gt=day
    )
    return holding.values("user_id").distinct().count()


def is_trained(trained_on: date, day: date) -> bool:
    """Return whether a training still holds: as long as an examination does."""
    return trained_on <= day < expiry(trained_on, months=settings.EXAMINATION_VALID_MONTHS)
