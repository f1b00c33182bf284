"""An application decided: by an analyst under the authority matrix, with a second person where it says so; withdrawn; expired."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import AccountSignals, Application, ApplicationAppeal
from accounts.operations.applications import refusals
from accounts.operations.applications.concluding import close_appeal, conclude, open_appeal
from accounts.operations.applications.holding import (
    SEND_BACK,
    clear_decision,
    found_application,
    hold_application,
    note_application,
    refuse_conflicted,
    refuse_unless,
    restore_refusal,
    save_decided,
)
from accounts.operations.applications.proposing import propose_applications
from accounts.operations.applications.receiving import open_day
from accounts.operations.applications.weighing import DecisionAsked, DecisionWeighed, weigh_decision
from accounts.operations.checks import check_reason
from accounts.operations.deciding.refusals import AutomaticDecisionsStopped, PartInTheDecision
from accounts.operations.deciding.weighing import hold_control, terms_of
from accounts.own_reasons import NOT_DECIDED_WITHIN
from accounts.roles import APPROVE_APPLICATION, DECIDE_APPLICATION, WITHDRAW_APPLICATION
from accounts.rules.applications import DECIDABLE_STATUSES, ApplicationAction, ApplicationStatus, Outcome
from accounts.rules.authority import may_approve
from riskops.shared.audit import CLOSE, Actor
from riskops.shared.roles import Role

EXPIRE: Final = "application.expire"


@transaction.atomic
def preview_application(*, actor: Actor, roles: Collection[str], application_id: int, asked: DecisionAsked) -> DecisionWeighed:
    """Return what `decide_application` would decide, with everything that it would refuse; nothing is written."""
    application = found_application(application_id)
    refuse_unless(application, DECIDABLE_STATUSES)
    _refuse_machine(application, actor, roles)
    return weigh_decision(application, asked, roles=roles, today=open_day())


@transaction.atomic
def decide_application(
    *, actor: Actor, roles: Collection[str], application_id: int, version: int, asked: DecisionAsked
) -> Application:
    """Decide an application; where the matrix asks for a second person it waits for that one.

    :raises StaleApplication, ApplicationMovedOn: it is not what was looked at
    :raises ConflictDeclared: whoever decides has a conflict with the applicant
    :raises PersonMustDecide, AutomaticDecisionsStopped: no program decides this one
    :raises NoteMissing: it grants what the rules propose to refuse, and does not say why
    :raises ApplicationRefusal, ReasonCodeUnknown: a cap, the matrix, or a value forbids it; the message says which
    """
    application = hold_application(application_id, version)
    refuse_unless(application, DECIDABLE_STATUSES)
    _refuse_machine(application, actor, roles)
    refuse_conflicted(application, actor)
    if asked.outcome == Outcome.GRANT and application.proposal.get("outcome") == Outcome.REFUSE and not asked.note.strip():
        raise refusals.NoteMissing(application.application_no)
    today = open_day()
    weighed = weigh_decision(application, asked, roles=roles, today=today)
    take_decision(application, asked, weighed, actor=actor, today=today)
    return application


def take_decision(application: Application, asked: DecisionAsked, weighed: DecisionWeighed, *, actor: Actor, today: date) -> None:
    """Let somebody's decision on an application they hold stand, or wait for the second person whom the matrix wants."""
    application.outcome = asked.outcome
    application.granted_limit_minor = asked.limit_minor if asked.outcome == Outcome.GRANT else None
    application.terms = weighed.terms
    application.reason = weighed.reason
    application.note = asked.note.strip()
    application.text_en, application.text_zh = weighed.text_en, weighed.text_zh
    application.decided_by_id, application.decided_by_name = actor.user_id, actor.name
    application.decided_at = timezone.now()
    application.judged_by_id, application.judged_by_name, application.judged_at = None, "", None
    application.needs_approval_by = weighed.needs_approval_by
    application.decision_inputs, application.verdict = weighed.inputs, weighed.verdict
    was = application.status
    if weighed.acts_alone:
        conclude(application, actor=actor, today=today, was=was)
        return
    application.status, application.ended_on = ApplicationStatus.IN_APPROVAL, None
    save_decided(application)
    note_application(application, DECIDE_APPLICATION, actor, was=was, reason=application.note)


@transaction.atomic
def approve_application(
    *, actor: Actor, roles: Collection[str], application_id: int, version: int, remark: str = ""
) -> Application:
    """Agree to a decision: what may have changed since, caps and account, is asked again.

    :raises OwnApproval, NotAnApprover: not by this person
    :raises StaleApplication, ApplicationMovedOn, ConflictDeclared, ApplicationRefusal: as for `decide_application`
    """
    application = hold_application(application_id, version)
    _refuse_as_second_person(application, actor, roles)
    today = open_day()
    asked = DecisionAsked(
        outcome=application.outcome,
        reason_code=application.reason.code if application.reason else "",
        limit_minor=application.granted_limit_minor,
        note=application.note,
    )
    is_appeal = open_appeal(application) is not None
    weighed = weigh_decision(application, asked, roles=application.decision_inputs["roles"], today=today, is_appeal=is_appeal)
    application.terms = weighed.terms
    # The texts name the day on which it is decided, which is this one.
    application.text_en, application.text_zh = weighed.text_en, weighed.text_zh
    application.judged_by_id, application.judged_by_name = actor.user_id, actor.name
    application.judged_at = timezone.now()
    note_application(application, APPROVE_APPLICATION, actor, was=application.status, reason=remark.strip())
    conclude(application, actor=actor, today=today, was=application.status)
    return application


@transaction.atomic
def send_back_application(*, actor: Actor, roles: Collection[str], application_id: int, version: int, remark: str) -> Application:
    """Do not agree: the application goes back to the analysts with what the second person says, proposed anew.

    Of an appeal, the refusal stands as it was and the appeal is open again.

    :raises ReasonMissing: whoever decided is owed a reason
    """
    check_reason(remark)
    application = hold_application(application_id, version)
    _refuse_as_second_person(application, actor, roles)
    was = application.status
    appeal = open_appeal(application)
    if appeal is not None:
        restore_refusal(application, appeal.refusal)
        save_decided(application)
        note_application(application, SEND_BACK, actor, was=was, reason=remark.strip())
        return application
    clear_decision(application)
    save_decided(application)
    note_application(application, SEND_BACK, actor, was=was, reason=remark.strip())
    return application


@transaction.atomic
def withdraw_application(*, actor: Actor, application_id: int, version: int, reason: str) -> Application:
    """Record that the applicant withdrew; nothing is sent.

    :raises ReasonMissing: it must say how they let it be known
    :raises ConflictDeclared: whoever records it has a conflict with the applicant
    """
    check_reason(reason)
    application = hold_application(application_id, version)
    refuse_conflicted(application, actor)
    if not application.is_open:
        raise refusals.ApplicationMovedOn(application.application_no, application.status)
    _end(application, ApplicationStatus.WITHDRAWN, WITHDRAW_APPLICATION, actor, today=open_day(), why=reason.strip())
    return application


@transaction.atomic
def propose_again(*, actor: Actor, application_id: int, version: int) -> Application:
    """Ask the rules of today with the facts of today.

    :raises StaleApplication, ApplicationMovedOn: it is not what was looked at, or decided
    :raises ConflictDeclared: whoever asks has a conflict with the applicant
    """
    application = hold_application(application_id, version)
    refuse_conflicted(application, actor)
    refuse_unless(application, DECIDABLE_STATUSES)
    propose_applications([application_id], actor=actor, today=open_day())
    application.refresh_from_db()
    return application


def expire_applications(*, closed_day: date, run_id: int | None = None) -> int:
    """End the applications that nobody decided in the days that the terms give; return how many. A repeat changes nothing."""
    days = terms_of(ApplicationAction.GRANT_LIMIT).expiry_days
    if not days:
        return 0
    late = Application.objects.filter(status__in=[*DECIDABLE_STATUSES, ApplicationStatus.IN_APPROVAL])
    # An objection has its own time: what waits for a second person does not run out under the applicant.
    late = late.exclude(appeal__outcome=ApplicationAppeal.Outcome.OPEN)
    # Whoever's refusal was undone was promised to hear what comes of it: a person decides that one, however late.
    late = late.filter(reopened_on__isnull=True, received_on__lte=closed_day - timedelta(days=days))
    ids = list(late.order_by("pk").values_list("pk", flat=True))
    for application_id in ids:
        with transaction.atomic():
            application = Application.objects.select_for_update().get(pk=application_id)
            if application.is_open:
                why = NOT_DECIDED_WITHIN % {"days": days}
                _end(application, ApplicationStatus.EXPIRED, EXPIRE, CLOSE, today=closed_day, why=why, run_id=run_id)
    return len(ids)


def _end(
    application: Application, status: str, action: str, actor: Actor, *, today: date, why: str, run_id: int | None = None
) -> None:
    was = application.status
    appeal = open_appeal(application)
    if appeal is not None:
        close_appeal(appeal, ApplicationAppeal.Outcome.WITHDRAWN, decided_by_id=actor.user_id, decided_by_name=actor.name)
    application.status, application.ended_on, application.ended_why = status, today, why
    save_decided(application)
    note_application(application, action, actor, was=was, reason=why, run_id=run_id)


def _refuse_machine(application: Application, actor: Actor, roles: Collection[str]) -> None:
    if actor.user_id is not None and set(roles) != {Role.SERVICE.value}:
        return
    # Said of an account once, it holds for the person: they need not say it again with every application.
    said = AccountSignals.objects.filter(account__customer__applications=application, refuses_automated_decisions=True)
    if application.refuses_automated or said.exists():
        raise refusals.PersonMustDecide(application.application_no)
    standing = hold_control()
    if standing.is_automatic_stopped:
        raise AutomaticDecisionsStopped(standing.stop_reason)


def _refuse_as_second_person(application: Application, actor: Actor, roles: Collection[str]) -> None:
    refuse_unless(application, [ApplicationStatus.IN_APPROVAL])
    is_own = actor.user_id is None or actor.user_id == application.decided_by_id
    if is_own:
        raise refusals.OwnApproval(application.application_no)
    appeal = open_appeal(application)
    if appeal is not None and appeal.has_part(actor.user_id):
        raise PartInTheDecision(application.application_no)
    if not may_approve(roles=roles, approver_roles=application.needs_approval_by, is_proposer=is_own):
        raise refusals.NotAnApprover(application.application_no, application.needs_approval_by)
    refuse_conflicted(application, actor)
