"""What the payment platform asks: may this account buy, and which accounts changed since the last time it asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from django.db.models import Subquery
from django.db.models.fields.json import KT

from accounts.models import CreditAccount, RestrictionChange
from accounts.operations.deciding.standing import CLOSED_ON, closed_day
from accounts.rules.decisions import Scope as RestrictionScope
from riskops.shared.models import BookState
from riskops.shared.money import parse_amount, plain_amount
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.scope import scope_of

#: The most accounts one call may ask about, and the most changes one page of the feed holds.
MOST_ACCOUNTS: Final = 1_000
_COLUMNS: Final = (
    "account_no",
    "credit_limit_minor",
    "product__currency",
    "product__minor_digits",
    "state__is_written_off",
    "closed_text",
    "last_closed",
    "restrictions__scope",
    "restrictions__scope_value",
    "restrictions__most_minor",
    "restrictions__since",
    "restrictions__until",
    "restrictions__decision__reference",
)


def restrictions_of(account_nos: Iterable[str], *, user: Any) -> dict[str, dict[str, Any]]:
    """Return what stands of each account that is in the book and that the person may see, by its number, in one query.

    Plain values for the API: `may_use` false stops every purchase, and is what a closed or written-off account says; channels,
    categories and `most` narrow what is left.

    :raises ConflictDeclared: one of the accounts in sight is of a customer with whom the person has a conflict
    """
    asked = scope_of(user).accounts(CreditAccount.objects.filter(account_no__in=list(account_nos)))
    conflicted = conflicted_customers(user)
    if conflicted:
        customer_id = asked.filter(customer_id__in=conflicted).values_list("customer_id", flat=True).first()
        if customer_id is not None:
            refuse_conflict(user, customer_id)
    return _served(asked)


def changes_after(number: int, *, user: Any, most: int = MOST_ACCOUNTS) -> tuple[list[dict[str, Any]], int, bool]:
    """Return the accounts that changed after a number of the feed, each as it stands now, in two queries.

    Those out of the person's sight, and those they have a conflict with, are passed over.

    An account that changed several times comes once, under its last number. Also returned: the number to go on after, and
    whether there is more already. A number once seen never gets a smaller one behind it.
    """
    rows = list(RestrictionChange.objects.filter(pk__gt=number).order_by("pk").values_list("pk", "account_id", "at")[: most + 1])
    has_more = len(rows) > most
    last = {account_id: (pk, at) for pk, account_id, at in rows[:most]}
    accounts = CreditAccount.objects.filter(pk__in=last).exclude(customer_id__in=conflicted_customers(user))
    served = _served(scope_of(user).accounts(accounts), key="pk")
    found = [
        {"number": pk, "changed_at": at, **served[account_id]}
        for account_id, (pk, at) in sorted(last.items(), key=lambda item: item[1][0])
        if account_id in served
    ]
    return found, rows[:most][-1][0] if rows else number, has_more


def _served(accounts: Any, *, key: str = "account_no") -> dict[Any, dict[str, Any]]:
    found: dict[Any, dict[str, Any]] = {}
    book_day = Subquery(BookState.objects.filter(pk=1).values("business_date"))
    accounts = accounts.annotate(closed_text=KT(f"attributes__{CLOSED_ON}"), last_closed=book_day)
    for asked, *row in accounts.values_list(key, *_COLUMNS):
        account_no, limit, currency, digits, written_off, closed_text, last_closed, *restriction = row
        scope, value, most, since, until, reference = restriction
        account = found.get(asked)
        if account is None:
            closed_on = closed_day(closed_text)
            # From the open day on, the day after the last closed one; a day ahead of it is told and stops nothing yet.
            is_closed = closed_on is not None and (last_closed is None or closed_on <= last_closed + timedelta(days=1))
            account = found[asked] = {
                "account_no": account_no,
                "may_use": not written_off and not is_closed,
                "currency": currency,
                "credit_limit": plain_amount(limit, digits=digits),
                "blocked_channels": [],
                "blocked_categories": [],
                "most": None,
                "is_written_off": bool(written_off),
                "closed_on": closed_on,
                "restrictions": [],
            }
        if scope is None:
            continue
        _narrow(account, scope, value, most, digits)
        account["restrictions"].append(
            {
                "decision": reference,
                "scope": scope,
                "value": value,
                "most": plain_amount(most, digits=digits) if most is not None else None,
                "since": since,
                "until": until,
            }
        )
    return found


def _narrow(account: dict[str, Any], scope: str, value: str, most: int | None, digits: int) -> None:
    if scope == RestrictionScope.ALL:
        account["may_use"] = False
    elif scope == RestrictionScope.CHANNEL:
        account["blocked_channels"].append(value)
    elif scope == RestrictionScope.CATEGORY:
        account["blocked_categories"].append(value)
    elif most is not None and (account["most"] is None or most < parse_amount(account["most"], digits=digits)):
        # Of two bounds the smaller one holds.
        account["most"] = plain_amount(most, digits=digits)
