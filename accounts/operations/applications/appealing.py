"""An applicant's objection to a refusal: taken in by one person, looked at again by another who had no part in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Application, ApplicationAppeal
from accounts.operations.applications import refusals
from accounts.operations.applications.concluding import open_appeal
from accounts.operations.applications.deciding import take_decision
from accounts.operations.applications.holding import (
    found_application,
    hold_application,
    kept_refusal,
    note_application,
    refuse_conflicted,
    refuse_unless,
    save_decided,
)
from accounts.operations.applications.proposing import propose_on_appeal
from accounts.operations.applications.receiving import open_day, recognised, refuse_open
from accounts.operations.applications.weighing import DecisionAsked, DecisionWeighed, weigh_decision
from accounts.operations.checks import check_reason
from accounts.operations.deciding.refusals import (
    AppealAlreadyMade,
    AppealDateOff,
    AppealNotOpen,
    AppealTooLate,
    PartInTheDecision,
)
from accounts.operations.deciding.weighing import terms_of
from accounts.roles import DECIDE_APPLICATION_APPEAL, RECORD_APPLICATION_APPEAL
from accounts.rules.applications import ApplicationAction, ApplicationStatus
from riskops.shared.audit import Actor


@dataclass(frozen=True, slots=True)
class Objection:
    """What came in: who said what, on which day, by which way."""

    received_on: date
    channel: str
    said_by: str
    grounds: str


def last_day_to_appeal(application: Application) -> date | None:
    """Return the last day on which an objection to a refusal counts; None for what is not refused."""
    if application.status != ApplicationStatus.REFUSED or application.ended_on is None:
        return None
    return application.ended_on + timedelta(days=terms_of(ApplicationAction.REFUSE_APPLICATION).appeal_days)


@transaction.atomic
def record_appeal(*, actor: Actor, application_id: int, version: int, objection: Objection) -> ApplicationAppeal:
    """Take in an objection, and let the rules speak again on the facts of today for whoever looks at it.

    :raises ReasonMissing, AppealIncomplete: not what was said, or not how and by whom
    :raises AppealAlreadyMade: it was appealed before
    :raises AppealDateOff, AppealTooLate: not in the time for it
    :raises StaleApplication, ApplicationMovedOn: it changed since it was looked at, or is not refused
    :raises ConflictDeclared: whoever records it has a conflict with the applicant
    """
    check_reason(objection.grounds)
    if not objection.channel.strip() or objection.said_by not in ApplicationAppeal.Speaker.values:
        raise refusals.AppealIncomplete
    application = hold_application(application_id, version)
    if ApplicationAppeal.objects.filter(application=application).exists():
        raise AppealAlreadyMade(application.application_no)
    refuse_unless(application, [ApplicationStatus.REFUSED])
    _recognise(application)
    refuse_conflicted(application, actor)
    today, last_day = open_day(), last_day_to_appeal(application)
    assert application.ended_on is not None and last_day is not None
    if not application.ended_on <= objection.received_on <= today:
        raise AppealDateOff(application.ended_on, today)
    if objection.received_on > last_day:
        raise AppealTooLate(objection.received_on, last_day)
    appeal = ApplicationAppeal.objects.create(
        application=application,
        received_on=objection.received_on,
        channel=objection.channel.strip()[:64],
        said_by=objection.said_by,
        grounds=objection.grounds.strip(),
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
        refusal=kept_refusal(application),
    )
    save_decided(application)
    more = {"received_on": appeal.received_on.isoformat(), "channel": appeal.channel, "said_by": appeal.said_by}
    note_application(application, RECORD_APPLICATION_APPEAL, actor, was=application.status, reason=appeal.grounds, more=more)
    propose_on_appeal(application, actor=actor, today=today)
    return appeal


@transaction.atomic
def preview_appeal(*, actor: Actor, roles: Collection[str], application_id: int, asked: DecisionAsked) -> DecisionWeighed:
    """Return what `decide_appeal` would decide, with everything that it would refuse; nothing is written."""
    application = found_application(application_id)
    _refuse_judge(application, actor)
    return weigh_decision(application, asked, roles=roles, today=open_day(), is_appeal=True)


@transaction.atomic
def decide_appeal(
    *, actor: Actor, roles: Collection[str], application_id: int, version: int, asked: DecisionAsked
) -> Application:
    """Decide anew, by today's facts, caps and matrix: grant, which opens the line, or uphold the refusal.

    Where the matrix asks for a second person it waits for that one, who had no part in the refusal either.

    :raises AppealNotOpen, ApplicationMovedOn: there is none to judge, or it waits for a second person
    :raises PartInTheDecision: by somebody who refused, agreed to it, or recorded the objection
    :raises OpenApplicationThere: the person has applied again; that one is decided first
    :raises StaleApplication, ConflictDeclared, ApplicationRefusal, ReasonCodeUnknown: as for `decide_application`
    """
    application = hold_application(application_id, version)
    _refuse_judge(application, actor)
    today = open_day()
    propose_on_appeal(application, actor=actor, today=today)
    weighed = weigh_decision(application, asked, roles=roles, today=today, is_appeal=True)
    note_application(
        application,
        DECIDE_APPLICATION_APPEAL,
        actor,
        was=application.status,
        reason=asked.note.strip(),
        more={"asked": asked.outcome, "reason_code": asked.reason_code, "limit_minor": asked.limit_minor},
    )
    try:
        with transaction.atomic():
            take_decision(application, asked, weighed, actor=actor, today=today)
    except IntegrityError:
        # Somebody took in another application of the person in between.
        refuse_open(application.customer_id, application.national_id_index)
        raise
    return application


def _refuse_judge(application: Application, actor: Actor) -> None:
    """Refuse whoever may not judge the appeal, and what cannot be judged now."""
    appeal = open_appeal(application)
    if appeal is None:
        raise AppealNotOpen(application.application_no)
    refuse_unless(application, [ApplicationStatus.REFUSED])
    if appeal.has_part(actor.user_id):
        raise PartInTheDecision(application.application_no)
    _recognise(application)
    refuse_conflicted(application, actor)
    refuse_open(application.customer_id, application.national_id_index)


def _recognise(application: Application) -> None:
    """Let an applicant who has become a customer since be that one: a line is opened for one person once."""
    if application.customer_id is None:
        application.customer = recognised(application.person, application.customer_no)
