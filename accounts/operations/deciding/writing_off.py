"""Writing off at once, as of any day of the book: only for whom the authority matrix lets do it alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import transaction

from accounts.models import WriteOff
from accounts.operations.deciding import refusals
from accounts.operations.deciding.standing import Standing, lock_standing, read_standing
from accounts.operations.deciding.weighing import authority_lines
from accounts.operations.write_offs import write_off
from accounts.rules.authority import Authority, authority
from accounts.rules.decisions import Action
from riskops.shared.audit import Actor
from riskops.shared.day import hold_day


@transaction.atomic
def write_off_alone(
    *, actor: Actor, roles: Collection[str], account_id: int, value_date: date, reference: str, reason: str
) -> WriteOff:
    """Write an account off without a second person, where the matrix says so for the balance owed.

    :raises ApprovalNeeded: a second person must agree; propose it as a decision
    :raises AuthorityMissing: the matrix names none of the roles
    :raises LedgerRefusal: as `write_off`
    """
    hold_day(account_id)
    standing = lock_standing(account_id)
    # One that is written off already is refused with when and by which reference, whoever asks.
    if not standing.is_written_off:
        found = _authority(standing, roles)
        if not found.is_known:
            raise refusals.AuthorityMissing(Action.WRITE_OFF, standing.owed_minor, standing.currency)
        if not found.acts_alone:
            raise refusals.ApprovalNeeded(Action.WRITE_OFF, standing.owed_minor, standing.currency, found.approver_roles)
    return write_off(actor=actor, account_id=account_id, value_date=value_date, reference=reference, reason=reason)


def may_write_off_alone(account_id: int, *, roles: Collection[str]) -> bool:
    """Return whether the matrix lets somebody of the roles write the account off alone, for what it owes now.

    :raises AccountUnknown: it is not in the book
    """
    return _authority(read_standing(account_id), roles).acts_alone


def _authority(standing: Standing, roles: Collection[str]) -> Authority:
    return authority(
        authority_lines(Action.WRITE_OFF),
        action=Action.WRITE_OFF,
        currency=standing.currency,
        minor_digits=standing.minor_digits,
        amount_minor=standing.owed_minor,
        roles=roles,
    )
