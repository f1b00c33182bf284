"""The life of an agency: entered, approved by a second person, changed (and approved again), suspended, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from recovery.agency_roles import APPROVE_AGENCY, PREPARE_AGENCY, STOP_AGENCY
from recovery.models import Agency
from recovery.operations.agencies.finding import (
    BLOCKER_NAMES,
    MAY_FOLLOW,
    locked_agency,
    note,
    reason_of,
    refuse_own,
    standing_of,
)
from recovery.operations.agencies.refusals import (
    AgencyCodeTaken,
    AgencyEnded,
    AgencyNotReady,
    AgencyStale,
    NothingToApprove,
    ValueMalformed,
)
from riskops.shared.audit import Actor

Status = Agency.Status


@transaction.atomic
def prepare_agency(*, actor: Actor, code: str, currency: str, minor_digits: int, values: Mapping[str, Any]) -> Agency:
    """Enter an agency; somebody else puts it into use.

    :param values: any of `Agency.SAID`
    :raises AgencyCodeTaken: there is one of that code
    :raises ValueMalformed: a value that cannot be, with its field
    """
    code = code.strip()
    if not code or len(code) > 32 or not code.isascii() or not code.replace("-", "").isalnum() or code.lower() != code:
        raise ValueMalformed("code", _("Use 1 to 32 small letters, digits and hyphens, e.g. north-recovery."))
    agency = Agency(code=code, currency=currency, minor_digits=minor_digits, prepared_by_name=actor.name)
    agency.editors = [actor.user_id] if actor.user_id else []
    _say(agency, values)
    try:
        with transaction.atomic():
            agency.save(force_insert=True)
    except IntegrityError:
        raise AgencyCodeTaken(code) from None
    note(actor, PREPARE_AGENCY, agency, after={"currency": currency, **agency.said()})
    return agency


@transaction.atomic
def change_agency(*, actor: Actor, code: str, revision: int, values: Mapping[str, Any]) -> Agency:
    """Change what is said of an agency. It waits for a second person then: nothing new is placed with it, what is placed stays.

    :param revision: the one that was seen
    :raises AgencyUnknown, AgencyEnded, AgencyStale: there is none to change, or another one than was seen
    :raises ValueMalformed: a value that cannot be, with its field
    """
    agency = locked_agency(code)
    if agency.status == Status.ENDED:
        raise AgencyEnded(agency.name)
    if agency.revision != revision:
        raise AgencyStale(agency.name)
    before = agency.said()
    _say(agency, values)
    after = agency.said()
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return agency
    agency.revision += 1
    if actor.user_id and (agency.status == Status.IN_USE or actor.user_id not in agency.editors):
        kept = [] if agency.status == Status.IN_USE else agency.editors
        agency.editors = [*kept, actor.user_id]
    if agency.status == Status.IN_USE:
        agency.status, agency.prepared_by_name = Status.PREPARED, actor.name
    agency.save()
    note(
        actor,
        PREPARE_AGENCY,
        agency,
        before={name: before[name] for name in changed},
        after={**{name: after[name] for name in changed}, "status": agency.status},
    )
    return agency


@transaction.atomic
def approve_agency(*, actor: Actor, code: str, today: date) -> Agency:
    """Put an agency into use, as somebody else wrote it; also one that was suspended.

    :raises AgencyUnknown, NothingToApprove: there is none that waits
    :raises OwnWork: whoever asks wrote what waits, or is no person
    :raises AgencyNotReady: licence, contract, undertaking or evaluation are not as they must be
    """
    agency = locked_agency(code)
    if agency.status not in (Status.PREPARED, Status.SUSPENDED):
        raise NothingToApprove(agency.name, agency.get_status_display())
    refuse_own(actor, agency.name, agency.editors, agency.prepared_by_name)
    before = agency.status
    agency.status = Status.IN_USE
    missing = [blocker for blocker in standing_of(agency, today).blockers if blocker not in MAY_FOLLOW]
    if missing:
        raise AgencyNotReady(agency.name, [str(BLOCKER_NAMES[blocker]) for blocker in missing])
    agency.status_reason, agency.recalls_all = "", False
    agency.approved_by_id, agency.approved_by_name, agency.approved_at = actor.user_id, actor.name, timezone.now()
    agency.save()
    note(actor, APPROVE_AGENCY, agency, before={"status": before}, after={"status": agency.status, **agency.said()})
    return agency


@transaction.atomic
def stop_agency(*, actor: Actor, code: str, ends: bool, recalls: bool, reason: str) -> Agency:
    """Suspend an agency, or end it for good. Nothing more is placed with it; recalled accounts it sees no more.

    :param recalls: the next close recalls what is placed with it; an ended one always gives everything back
    :raises AgencyUnknown, AgencyEnded: there is none to stop
    :raises ReasonMissing: nothing is written in it
    """
    agency = locked_agency(code)
    if agency.status == Status.ENDED:
        raise AgencyEnded(agency.name)
    before = {"status": agency.status, "recalls_all": agency.recalls_all}
    agency.status = Status.ENDED if ends else Status.SUSPENDED
    agency.status_reason, agency.recalls_all = reason_of(reason), ends or recalls
    # Whoever suspends it is not the one who takes it back alone.
    agency.editors, agency.prepared_by_name = [actor.user_id] if actor.user_id else [], actor.name
    agency.revision += 1
    agency.save()
    after = {"status": agency.status, "recalls_all": agency.recalls_all}
    note(actor, STOP_AGENCY, agency, before=before, after=after, reason=reason.strip())
    return agency


def _say(agency: Agency, values: Mapping[str, Any]) -> None:
    for name in Agency.SAID:
        if name in values:
            setattr(agency, name, values[name])
    try:
        agency.clean_fields(exclude={field.name for field in agency._meta.fields if field.name not in Agency.SAID})
    except ValidationError as invalid:
        field = next(iter(invalid.message_dict))
        raise ValueMalformed(field, " ".join(invalid.message_dict[field])) from None
    if agency.contract_until < agency.contract_from:
        raise ValueMalformed("contract_until", _("The contract ends before it begins; give a later day."))
    if agency.capacity_minor < 0:
        raise ValueMalformed("capacity_minor", _("The capacity is below zero."))
    if (agency.undertaking_on is None) != (not agency.undertaking_reference.strip()):
        raise ValueMalformed("undertaking_reference", _("Give the day of the undertaking and where it is kept, both or neither."))
    if agency.placed_days < 1:
        raise ValueMalformed("placed_days", _("An account stays at least a day."))
