"""What keeps an agency fit: its evaluations, its people with their training, and what it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from recovery.agency_roles import APPROVE_TERMS, END_PERSON, EVALUATE_AGENCY, PROPOSE_TERMS, STAFF_AGENCY
from recovery.models import Agency, AgencyEvaluation, AgencyPerson, AgencyTraining, CommissionTerms
from recovery.operations.agencies.finding import is_trained, locked_agency, note, reason_of, refuse_own
from recovery.operations.agencies.refusals import (
    AgencyEnded,
    EvaluationThere,
    NotAgencyUser,
    NothingToApprove,
    PersonElsewhere,
    PersonNotOfAgency,
    TermsThere,
    TermsUnknown,
    ValueMalformed,
)
from recovery.rules.commission import MOST_BANDS, Band, bands_as_plain
from riskops.shared.audit import Actor
from riskops.shared.day import LAST_DAY
from riskops.shared.roles import Role, roles_of


@transaction.atomic
def evaluate_agency(*, actor: Actor, code: str, evaluated_on: date, result: str, findings: str, today: date) -> AgencyEvaluation:
    """Record the evaluation of an agency; what is recorded stays.

    :raises AgencyUnknown, AgencyEnded: there is none to evaluate
    :raises ValueMalformed: a day that has not come, or nothing is written of what was found
    :raises EvaluationThere: one of that day is recorded
    """
    agency = _living(code)
    if evaluated_on > today:
        raise ValueMalformed("evaluated_on", _("The day has not come yet; an evaluation is recorded after it was made."))
    if result not in AgencyEvaluation.Result.values:
        raise ValueMalformed("result", _("Say whether it was passed."))
    if not findings.strip():
        raise ValueMalformed("findings", _("Write what was looked at and what was found."))
    try:
        with transaction.atomic():
            row = AgencyEvaluation.objects.create(
                agency=agency,
                evaluated_on=evaluated_on,
                result=result,
                findings=findings.strip()[:2000],
                evaluated_by_id=actor.user_id,
                evaluated_by_name=actor.name,
            )
    except IntegrityError:
        raise EvaluationThere(evaluated_on) from None
    note(actor, EVALUATE_AGENCY, agency, after={"evaluated_on": evaluated_on.isoformat(), "result": result}, reason=row.findings)
    return row


@transaction.atomic
def register_person(*, actor: Actor, code: str, username: str, trained_on: date, today: date) -> AgencyPerson:
    """Register a person of an agency: only they see its accounts and contact customers for it. Their examination is recorded
    where everybody's is. Registered again, another training is noted.

    :raises AgencyUnknown, AgencyEnded: there is none
    :raises NotAgencyUser: no active user of that name, or one who is more than an agency user
    :raises PersonElsewhere: they work for another agency
    :raises ValueMalformed: the training is too old, or has not been
    """
    agency = _living(code)
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None or roles_of(user) != {Role.AGENCY}:
        raise NotAgencyUser(username)
    if not is_trained(trained_on, today):
        raise ValueMalformed("trained_on", _("The training must have been within a year before today."))
    there = AgencyPerson.objects.select_related("agency").filter(user=user, until=None).first()
    if there is not None and there.agency_id != agency.pk:
        raise PersonElsewhere(username, there.agency.name)
    row = there or AgencyPerson(agency=agency, user=user, since=today, registered_by_name=actor.name)
    before = {"trained_on": row.trained_on.isoformat()} if there else None
    kept = {row.trained_on} if there else set()
    # One that comes to be known later is of the past: the latest counts.
    row.trained_on = max(row.trained_on, trained_on) if there else trained_on
    row.save()
    for day in sorted({trained_on, *kept}):
        AgencyTraining.objects.get_or_create(person=row, trained_on=day, defaults={"recorded_by_name": actor.name})
    note(actor, STAFF_AGENCY, agency, before=before, after={"person": username, "trained_on": trained_on.isoformat()})
    return row


@transaction.atomic
def end_person(*, actor: Actor, code: str, username: str, today: date) -> None:
    """End somebody's work for an agency: from now on they see nothing of it.

    :raises AgencyUnknown, PersonNotOfAgency: nobody of that name works there
    """
    agency = locked_agency(code)
    row = AgencyPerson.objects.filter(agency=agency, user__username=username, until=None).first()
    if row is None:
        raise PersonNotOfAgency(username, agency.name)
    row.until = max(today, row.since)
    row.save(update_fields=["until"])
    note(actor, END_PERSON, agency, before={"person": username}, after={"until": row.until.isoformat()})


@transaction.atomic
def propose_terms(
    *, actor: Actor, code: str, live_from: date, bands: Sequence[Band], tail_days: int, today: date
) -> CommissionTerms:
    """Propose what an agency is paid of what is placed with it from a day on; what was placed before keeps its terms.

    :raises AgencyUnknown, AgencyEnded: there is none
    :raises ValueMalformed: bands that cannot be, or a day that is over
    """
    agency = _living(code)
    if not bands or len(bands) > MOST_BANDS or not all(band.is_sound for band in bands):
        raise ValueMalformed(
            "bands", _("Give one band at least: buckets 0 to 7 in order, days of 1 or more, a rate of 0 to 100 percent.")
        )
    if not today <= live_from <= LAST_DAY:
        raise ValueMalformed("live_from", _("The terms hold from today or a later day."))
    if not 0 <= tail_days <= 365:
        raise ValueMalformed("tail_days", _("0 to 365 days."))
    last = agency.terms.aggregate(last=Max("version"))["last"] or 0
    row = CommissionTerms.objects.create(
        agency=agency,
        version=last + 1,
        live_from=live_from,
        bands=bands_as_plain(bands),
        tail_days=tail_days,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
    )
    note(actor, PROPOSE_TERMS, agency, after=_terms(row))
    return row


@transaction.atomic
def decide_terms(*, actor: Actor, code: str, version: int, approves: bool, reason: str = "") -> CommissionTerms:
    """Approve what somebody else proposed, or send it back; either is final for this version.

    :raises AgencyUnknown, TermsUnknown, NothingToApprove: there is nothing that waits
    :raises OwnWork: whoever asks proposed it, or is no person
    :raises TermsThere: other terms hold from the same day
    :raises ReasonMissing: sent back without a reason
    """
    agency = locked_agency(code)
    row = agency.terms.select_for_update(of=("self",)).filter(version=version).first()
    if row is None:
        raise TermsUnknown(version)
    if row.status != CommissionTerms.Status.PROPOSED:
        raise NothingToApprove(f"v{version}", row.get_status_display())
    if approves:
        refuse_own(actor, f"{agency.name} v{version}", [row.proposed_by_id], row.proposed_by_name)
        if agency.terms.filter(status=CommissionTerms.Status.APPROVED, live_from=row.live_from).exists():
            raise TermsThere(row.live_from)
    kept = reason.strip() if approves else reason_of(reason)
    row.status = CommissionTerms.Status.APPROVED if approves else CommissionTerms.Status.REFUSED
    row.decided_by_name, row.decided_at = actor.name, timezone.now()
    row.save(update_fields=["status", "decided_by_name", "decided_at"])
    note(actor, APPROVE_TERMS, agency, before={"status": "proposed"}, after=_terms(row), reason=kept)
    return row


def _terms(row: CommissionTerms) -> dict[str, object]:
    said = [f"m{b.bucket_from}–m{b.bucket_to} ≤{b.days_to or '∞'}: {b.rate_bp / 100:.2f} %" for b in row.parts]
    return {
        "terms": row.version,
        "live_from": row.live_from.isoformat(),
        "bands": said,
        "tail_days": row.tail_days,
        "status": str(row.status),
    }


def _living(code: str) -> Agency:
    agency = locked_agency(code)
    if agency.status == Agency.Status.ENDED:
        raise AgencyEnded(agency.name)
    return agency
