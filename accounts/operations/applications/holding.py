"""An application held while something is decided about it: found, locked, kept, and noted in the trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from accounts.models import Application, ReasonCode
from accounts.operations.applications import refusals
from accounts.rules.applications import ApplicationStatus
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict

SEND_BACK: Final = "application.send_back"
DECIDED_FIELDS: Final = (
    *("status", "version", "outcome", "granted_limit_minor", "terms", "reason", "note", "text_en", "text_zh"),
    *("decided_by", "decided_by_name", "decided_at", "needs_approval_by", "decision_inputs", "verdict"),
    *("judged_by", "judged_by_name", "judged_at", "ended_on", "ended_why", "account", "customer", "limit_before_minor"),
)


def found_application(application_id: int) -> Application:
    """Return an application with what a decision reads of it.

    :raises ApplicationUnknown: there is none
    """
    found = (
        Application.objects.select_related("product", "agreement", "disclosure", "customer", "reason")
        .filter(pk=application_id)
        .first()
    )
    if found is None:
        raise refusals.ApplicationUnknown(application_id)
    return found


def hold_application(application_id: int, version: int) -> Application:
    """Return an application, locked, as somebody saw it.

    :raises ApplicationUnknown, StaleApplication: there is none, or it changed since it was looked at
    """
    Application.objects.select_for_update().filter(pk=application_id).first()
    application = found_application(application_id)
    if application.version != version:
        raise refusals.StaleApplication(application.application_no, version, application.version)
    return application


def refuse_unless(application: Application, statuses: Collection[str]) -> None:
    """Refuse what can only be done where an application stands in certain statuses.

    :raises ApplicationMovedOn: it stands elsewhere
    """
    if application.status not in statuses:
        raise refusals.ApplicationMovedOn(application.application_no, application.status)


def refuse_conflicted(application: Application, actor: Actor) -> None:
    """Refuse whoever has a conflict with the applicant.

    :raises ConflictDeclared: says who can take over
    """
    if application.customer_id is not None:
        refuse_conflict(actor, application.customer_id)


#: What of a refusal is kept with its appeal, and goes back where the second look comes to nothing.
_REFUSAL: Final = (
    *("outcome", "note", "text_en", "text_zh", "decided_by_name", "needs_approval_by", "decision_inputs", "verdict"),
    *("judged_by_name", "ended_why"),
)
#: What it was made on, kept to be read.
_GROUNDS: Final = ("facts", "inputs", "proposal", "engine_version")


def kept_refusal(application: Application) -> dict[str, Any]:
    """Return a refusal as plain JSON: who refused, why, what was told, on which facts and rules."""
    return {
        **{name: getattr(application, name) for name in (*_REFUSAL, *_GROUNDS)},
        "reason": application.reason.code if application.reason else "",
        "decided_by": application.decided_by_id,
        "judged_by": application.judged_by_id,
        **{name: _iso(getattr(application, name)) for name in ("decided_at", "judged_at", "ended_on", "proposed_on")},
    }


def restore_refusal(application: Application, refusal: Mapping[str, Any]) -> None:
    """Let an application, held by the caller, stand refused again as it was."""
    for name in _REFUSAL:
        setattr(application, name, refusal[name])
    application.status, application.granted_limit_minor, application.terms = ApplicationStatus.REFUSED, None, {}
    application.reason = ReasonCode.objects.get(code=refusal["reason"])
    application.decided_by_id, application.judged_by_id = refusal["decided_by"], refusal["judged_by"]
    application.decided_at, application.judged_at = (
        datetime.fromisoformat(refusal[name]) if refusal[name] else None for name in ("decided_at", "judged_at")
    )
    application.ended_on = date.fromisoformat(refusal["ended_on"])


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None


def clear_decision(application: Application) -> None:
    """Let an application, held by the caller, wait for an analyst again: nothing is decided about it."""
    application.status = ApplicationStatus.PROPOSED
    application.outcome, application.granted_limit_minor, application.terms = "", None, {}
    application.reason = application.decided_by = application.decided_at = None
    application.text_en = application.text_zh = application.decided_by_name = ""
    application.needs_approval_by, application.decision_inputs, application.verdict = [], {}, {}
    application.judged_by, application.judged_by_name, application.judged_at = None, "", None
    application.ended_on, application.ended_why = None, ""


def save_decided(application: Application, *more: str) -> None:
    """Write what a decision changes, and more columns where they are named; the version counts up."""
    application.version += 1
    application.save(update_fields=[*DECIDED_FIELDS, *more])


def note_application(
    application: Application,
    action: str,
    actor: Actor,
    *,
    was: str,
    reason: str = "",
    more: dict[str, Any] | None = None,
    run_id: int | None = None,
) -> None:
    """Write a line about an application into the trail."""
    said = {
        "status": application.status,
        "outcome": application.outcome,
        "reason_code": application.reason.code if application.reason else "",
        "needs_approval_by": application.needs_approval_by,
        **(more or {}),
    }
    record(
        actor=actor,
        action=action,
        subject_type="application",
        subject_key=application.application_no,
        account_id=application.account_id,
        before={"status": was},
        after={name: value for name, value in said.items() if value not in ("", [], None)},
        reason=reason,
        run_id=run_id,
    )
