"""A debit that ends without money: stopped or cancelled, with its line in the trail and the customer told."""

from __future__ import annotations

from datetime import date

from accounts.models import DebitInstruction
from accounts.operations.debiting.notices import withdraw
from accounts.roles import CANCEL_DEBIT, DEBIT_STOPPED
from riskops.shared.audit import Actor, record


def end_debit(debit: DebitInstruction, status: DebitInstruction.Status, *, actor: Actor, why: str, day: date) -> None:
    """End a scheduled debit. A part of operations: the caller holds the account's state and the debit's row.

    :param why: one of the site's own reasons, or what a person wrote
    :param day: business day
    """
    before = debit.status
    debit.status, debit.next_on, debit.said, debit.ended_why = status, None, "", why
    debit.save(update_fields=["status", "next_on", "said", "ended_why"])
    account = debit.account
    withdraw(debit, account_no=account.account_no, currency=account.product.currency, dated=day)
    record(
        actor=actor,
        action=CANCEL_DEBIT if status == DebitInstruction.Status.CANCELLED else DEBIT_STOPPED,
        subject_type="debit",
        subject_key=debit.reference,
        account_id=debit.account_id,
        before={"status": str(before)},
        after={"status": str(status)},
        reason=why,
    )
