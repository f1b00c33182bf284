"""A customer who wants no decision that no person takes (PIPL 24): recorded, and seen by every rule."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import CreditAccount
from accounts.operations.checks import check_reason
from accounts.operations.deciding.automatic import hand_to_people
from accounts.operations.deciding.standing import lock_standings
from accounts.operations.refusals import AccountUnknown
from accounts.operations.signals import note_signals
from accounts.own_reasons import NO_MACHINE_WANTED
from accounts.roles import REFUSE_AUTOMATION
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def refuse_automation(*, actor: Actor, account_id: int, refuses: bool, reason: str) -> int:
    """Record for every account of an account's customer that automated decisions are refused, or accepted again.

    What rules alone decided and is still in its buffer becomes a proposal to people.

    :returns: how many accounts changed
    :raises AccountUnknown: no such account
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    :raises ReasonMissing: how and when the customer said so is written down
    """
    check_reason(reason)
    customer = CreditAccount.objects.filter(pk=account_id).values_list("customer_id", "customer__customer_no").first()
    if customer is None:
        raise AccountUnknown(account_id)
    refuse_conflict(actor, customer[0])
    ids = list(CreditAccount.objects.filter(customer_id=customer[0]).order_by("pk").values_list("pk", flat=True))
    if refuses:
        changed, handed = note_refusal(ids, actor=actor)
    else:
        changed, handed = sum(note_signals(pk, refuses_automated_decisions=False) for pk in ids), 0
    record(
        actor=actor,
        action=REFUSE_AUTOMATION,
        subject_type="customer",
        subject_key=customer[1],
        account_id=account_id,
        after={"refuses_automated_decisions": refuses, "accounts": len(ids), "handed_to_people": handed},
        reason=reason.strip(),
    )
    return changed


def hold_accounts(account_ids: Sequence[int]) -> None:
    """Hold the day and the accounts until the transaction ends: the close decides about none of them in between."""
    for account_id in sorted(account_ids):
        hold_day(account_id)
    lock_standings(account_ids)


def note_refusal(account_ids: Sequence[int], *, actor: Actor) -> tuple[int, int]:
    """Note for all accounts of a customer that they want no solely automated decision; return how many changed.

    A part of operations, which write the audit line. Also returned: how many decisions became proposals to people.
    """
    hold_accounts(account_ids)
    changed = sum(note_signals(pk, refuses_automated_decisions=True) for pk in sorted(account_ids))
    why = NO_MACHINE_WANTED
    return changed, hand_to_people(account_ids, actor=actor, why=why)
