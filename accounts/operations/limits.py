"""The credit limit of an account, written: in the account and in its state's copy, together."""

from __future__ import annotations

from django.db import transaction

from accounts.models import AccountState, CreditAccount
from accounts.operations.rebuilding import lock_accounts
from accounts.operations.refusals import AccountUnknown


@transaction.atomic
def write_credit_limit(account_id: int, credit_limit_minor: int) -> int:
    """Give an account a new limit and return the one it had; minor units.

    A part of operations: whether the limit may be changed, the line in the audit trail and the notice are the caller's. The
    only writer of limits besides the import, which writes both places too.

    :raises AccountUnknown: no such account
    """
    _states, accounts = lock_accounts([account_id])
    if not accounts:
        raise AccountUnknown(account_id)
    before = accounts[0].credit_limit_minor
    if before != credit_limit_minor:
        CreditAccount.objects.filter(pk=account_id).update(credit_limit_minor=credit_limit_minor)
        AccountState.objects.filter(pk=account_id).update(credit_limit_minor=credit_limit_minor)
    return before
