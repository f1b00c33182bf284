"""What rules would have seen of promises on past days: from the promises and the entries, whenever they were judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from accounts.queries.entries import AccountEntries
from accounts.rules.replay import RebuiltAccount
from casework.models import Promise
from casework.queries.promises.pledges import pledge_of
from casework.rules.promises import BROKEN, OPEN, Paid, counted_after, history
from riskops.shared.rule_language import Plain


def known_promises(accounts: Sequence[tuple[AccountEntries, RebuiltAccount]]) -> Mapping[int, Mapping[str, Plain]]:
    """Return `open_promise` and `broken_promises_6m` of accounts, each at the day it was rebuilt for; two queries for all.

    One that was cancelled stood until the day it was.
    """
    ids = [entries.account_id for entries, _rebuilt in accounts]
    promised: dict[int, list[Promise]] = defaultdict(list)
    for promise in Promise.objects.filter(account_id__in=ids).prefetch_related("parts").order_by("pk"):
        promised[promise.account_id].append(promise)
    return {entries.account_id: _facts(promised[entries.account_id], entries, rebuilt) for entries, rebuilt in accounts}


def _facts(promises: Sequence[Promise], entries: AccountEntries, rebuilt: RebuiltAccount) -> dict[str, Plain]:
    day = rebuilt.as_of
    payments = [Paid(paid.key, paid.value_date, paid.amount_minor, paid.reversed_on) for paid in entries.payments]
    is_open, broken = False, 0
    for promise in promises:
        if promise.made_on > day:
            continue
        if promise.status == Promise.Status.CANCELLED and promise.decided_on is not None and promise.decided_on <= day:
            continue
        changes = list(history(pledge_of(promise, promise.parts.all()), payments, through=day))
        changed_on, status = changes[-1] if changes else (promise.made_on, OPEN)
        is_open |= status == OPEN
        broken += status == BROKEN and changed_on > counted_after(day)
    return {"open_promise": is_open, "broken_promises_6m": broken}
