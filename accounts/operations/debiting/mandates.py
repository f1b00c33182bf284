"""Mandates: recorded with their evidence, revoked at once."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import DebitInstruction, DebitMandate
from accounts.operations.checks import account_facts, check_amount, check_day, check_reason, check_reference
from accounts.operations.debiting.ending import end_debit
from accounts.operations.debiting.refusals import (
    EvidenceMissing,
    InstrumentMalformed,
    MandateEndsBeforeItBegins,
    MandateRecordedAlready,
    MandateReferenceTaken,
    MandateRevoked,
    MandateUnknown,
)
from accounts.operations.rebuilding import lock_states
from accounts.own_reasons import MANDATE_REVOKED
from accounts.roles import RECORD_MANDATE, REVOKE_MANDATE
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import masked

#: The characters of an instrument's number: an account or a card, or what the provider calls it by.
SHORTEST, LONGEST = 6, 40
_INSTRUMENT: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]*", re.ASCII)


@transaction.atomic
def record_mandate(
    *,
    actor: Actor,
    account_id: int,
    reference: str,
    instrument: str,
    holder: str = "",
    valid_from: date,
    valid_until: date | None = None,
    most_minor: int,
    evidence: str,
) -> DebitMandate:
    """Record a customer's leave to take money.

    :param instrument: the number that the provider debits by; kept encrypted, never in the audit trail
    :param most_minor: what a single debit may take at most
    :param evidence: where the leave is kept
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AccountUnknown, AmountNotAboveZero, AmountTooLarge, DayOutOfRange, BeforeOpening, ReferenceMalformed,
        InstrumentMalformed, EvidenceMissing, MandateEndsBeforeItBegins: a value that cannot be
    :raises MandateRecordedAlready: the very same is on record; whoever asked may carry on
    :raises MandateReferenceTaken: the number belongs to a different mandate
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_amount(most_minor, digits=account.minor_digits)
    check_reference(reference)
    check_day(valid_from, account)
    if valid_until is not None:
        check_day(valid_until, account)
        if valid_until < valid_from:
            raise MandateEndsBeforeItBegins(valid_from, valid_until)
    number = instrument.replace(" ", "")
    if not SHORTEST <= len(number) <= LONGEST or not _INSTRUMENT.fullmatch(number):
        raise InstrumentMalformed(SHORTEST, LONGEST)
    if not evidence.strip():
        raise EvidenceMissing
    mandate = DebitMandate(
        reference=reference,
        account_id=account_id,
        instrument={"reference": number, "holder": holder.strip()[:100]},
        valid_from=valid_from,
        valid_until=valid_until,
        most_minor=most_minor,
        evidence=evidence.strip(),
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
    )
    _refuse_repeated(mandate)
    try:
        with transaction.atomic():
            mandate.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(mandate)
        raise
    record(
        actor=actor,
        action=RECORD_MANDATE,
        subject_type="mandate",
        subject_key=reference,
        account_id=account_id,
        after={
            "instrument": masked(number),
            "valid_from": valid_from.isoformat(),
            "valid_until": valid_until.isoformat() if valid_until else None,
            "most_minor": most_minor,
        },
        reason=mandate.evidence,
    )
    return mandate


def _refuse_repeated(mandate: DebitMandate) -> None:
    there = DebitMandate.objects.filter(reference=mandate.reference).first()
    if there is None:
        return
    if _facts(there) == _facts(mandate):
        raise MandateRecordedAlready(mandate.reference)
    raise MandateReferenceTaken(mandate.reference)


def _facts(mandate: DebitMandate) -> dict[str, Any]:
    names = ("account_id", "instrument", "valid_from", "valid_until", "most_minor")
    return {name: getattr(mandate, name) for name in names}


@transaction.atomic
def revoke_mandate(*, actor: Actor, mandate_id: int, reason: str) -> DebitMandate:
    """Revoke a mandate from the open day on: what is ordered by it is stopped, and the customer told so.

    What the provider has already is not called back: its result is booked when it comes.

    :raises MandateUnknown, MandateRevoked: there is nothing to revoke
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReasonMissing: nothing says why
    """
    mandate = DebitMandate.objects.filter(pk=mandate_id).first()
    if mandate is None:
        raise MandateUnknown(mandate_id)
    account = account_facts(mandate.account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    position = hold_day(mandate.account_id)
    # States before the rows of debits, as everywhere; whoever hands debits over waits here.
    lock_states([mandate.account_id]).first()
    mandate = DebitMandate.objects.select_for_update().get(pk=mandate_id)
    if mandate.revoked_on is not None:
        raise MandateRevoked(mandate.reference, mandate.revoked_on)
    mandate.revoked_on = position.open_day or mandate.valid_from
    mandate.revoked_by_name, mandate.revoked_at, mandate.revoked_why = actor.name, timezone.now(), reason.strip()
    mandate.save(update_fields=["revoked_on", "revoked_by_name", "revoked_at", "revoked_why"])
    record(
        actor=actor,
        action=REVOKE_MANDATE,
        subject_type="mandate",
        subject_key=mandate.reference,
        account_id=mandate.account_id,
        before={"revoked_on": None},
        after={"revoked_on": mandate.revoked_on.isoformat()},
        reason=mandate.revoked_why,
    )
    waiting = DebitInstruction.objects.select_for_update().filter(mandate=mandate, status=DebitInstruction.Status.SCHEDULED)
    for debit in waiting.order_by("pk"):
        end_debit(
            debit, DebitInstruction.Status.STOPPED, actor=actor, why=MANDATE_REVOKED % {"number": mandate.reference},
            day=mandate.revoked_on,
        )  # fmt: skip
    return mandate
