"""A decision on an application stands: the line opened or the refusal final, the appeal closed, the notice queued."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.utils import timezone

from accounts.models import Application, ApplicationAppeal, DecisionNotice
from accounts.operations.applications.granting import grant_line
from accounts.operations.applications.holding import note_application, save_decided
from accounts.rules.applications import ApplicationStatus, Outcome
from riskops.shared.audit import Actor

GRANT: Final = "application.grant"
REFUSE: Final = "application.refuse"


def conclude(application: Application, *, actor: Actor, today: date, was: str) -> None:
    """Let the decision stand: open or change the line, queue the notice, in this transaction."""
    limits: dict[str, Any] = {}
    if application.outcome == Outcome.GRANT:
        application.account = grant_line(application, actor=actor, today=today)
        application.status = ApplicationStatus.GRANTED
        limits = {"granted_limit_minor": application.granted_limit_minor, "account": application.account.account_no}
    else:
        application.status = ApplicationStatus.REFUSED
    application.ended_on = today
    appeal = open_appeal(application)
    if appeal is not None:
        is_granted = application.outcome == Outcome.GRANT
        outcome = ApplicationAppeal.Outcome.GRANTED if is_granted else ApplicationAppeal.Outcome.UPHELD
        close_appeal(appeal, outcome, decided_by_id=application.decided_by_id, decided_by_name=application.decided_by_name)
        limits["appeal"] = outcome.value
    save_decided(application)
    kind = DecisionNotice.Kind.DECIDED if application.reopened_on is None else DecisionNotice.Kind.AGAIN
    DecisionNotice.objects.create(
        application=application,
        kind=kind if appeal is None else DecisionNotice.Kind.APPEAL,
        text_en=application.text_en,
        text_zh=application.text_zh,
        dated=today,
    )
    action = GRANT if application.outcome == Outcome.GRANT else REFUSE
    note_application(application, action, actor, was=was, reason=application.note, more=limits)


def open_appeal(application: Application) -> ApplicationAppeal | None:
    """Return the open appeal against an application's refusal, locked; the caller holds the application."""
    found = ApplicationAppeal.objects.select_for_update(of=("self",)).filter(application=application)
    return found.filter(outcome=ApplicationAppeal.Outcome.OPEN).first()


def close_appeal(appeal: ApplicationAppeal, outcome: str, *, decided_by_id: int | None, decided_by_name: str) -> None:
    """Write what came of an appeal, and who judged it."""
    appeal.outcome = outcome
    appeal.decided_by_id, appeal.decided_by_name, appeal.decided_at = decided_by_id, decided_by_name, timezone.now()
    appeal.save(update_fields=["outcome", "decided_by", "decided_by_name", "decided_at"])
