"""What the payment platform asks: may this account buy, and which accounts changed since the last time it asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Any, Final

from accounts.models import AccountState, AgreedBlock, CreditAccount, Decision, Product, Restriction, RestrictionChange
from accounts.rules.closed_accounts import CLOSED_ON, closed_day
from accounts.rules.decisions import Scope as RestrictionScope
from riskops.shared.models import BookState
from riskops.shared.money import parse_amount, plain_amount
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.scope import scope_of
from riskops.shared.sql import fetch, is_postgresql

#: The most accounts one call may ask about, and the most changes one page of the feed holds.
MOST_ACCOUNTS: Final = 1_000

# As text: it is asked all day, a thousand accounts at a time or one, and to have Django build the same statement anew took
# longer than PostgreSQL takes to answer it.
_QUERY: Final = f"""
    SELECT {{key}}, a.customer_id, p.product_code, a.account_no, a.credit_limit_minor, p.currency, p.minor_digits,
           s.is_written_off, {{closed_text}}, b.business_date,
           u.reference, u.since, r.scope, r.scope_value, r.most_minor, r.since, r.until, d.reference
    FROM {CreditAccount._meta.db_table} AS a
    JOIN {Product._meta.db_table} AS p ON p.id = a.product_id
    LEFT JOIN {AccountState._meta.db_table} AS s ON s.account_id = a.id
    LEFT JOIN {BookState._meta.db_table} AS b ON b.id = 1
    LEFT JOIN {AgreedBlock._meta.db_table} AS u ON u.account_id = a.id
    LEFT JOIN {Restriction._meta.db_table} AS r ON r.account_id = a.id
    LEFT JOIN {Decision._meta.db_table} AS d ON d.id = r.decision_id
    WHERE {{key}} {{among}}
    ORDER BY r.decision_id"""


def restrictions_of(account_nos: Iterable[str], *, user: Any) -> dict[str, dict[str, Any]]:
    """Return what stands of each account that is in the book and that the person may see, by its number, in one query.

    Plain values for the API: `may_use` false stops every purchase, and is what a closed or written-off account says, and one with
    an agreement that allows no new use; channels, categories and `most` narrow what is left.

    :raises ConflictDeclared: one of the accounts in sight is of a customer with whom the person has a conflict
    """
    conflicted = conflicted_customers(user)

    def refuse(customer_id: int) -> bool:
        if customer_id in conflicted:
            refuse_conflict(user, customer_id)
        return True

    return _served(list(account_nos), key="a.account_no", takes=scope_of(user).takes, may_see=refuse)


def changes_after(number: int, *, user: Any, most: int = MOST_ACCOUNTS) -> tuple[list[dict[str, Any]], int, bool]:
    """Return the accounts that changed after a number of the feed, each as it stands now, in two queries.

    Those out of the person's sight, and those they have a conflict with, are passed over.

    An account that changed several times comes once, under its last number. Also returned: the number to go on after, and
    whether there is more already. A number once seen never gets a smaller one behind it.
    """
    rows = list(RestrictionChange.objects.filter(pk__gt=number).order_by("pk").values_list("pk", "account_id", "at")[: most + 1])
    has_more = len(rows) > most
    last = {account_id: (pk, at) for pk, account_id, at in rows[:most]}
    conflicted = conflicted_customers(user)
    served = _served(list(last), key="a.id", takes=scope_of(user).takes, may_see=lambda customer: customer not in conflicted)
    found = [
        {"number": pk, "changed_at": at, **served[account_id]}
        for account_id, (pk, at) in sorted(last.items(), key=lambda item: item[1][0])
        if account_id in served
    ]
    return found, rows[:most][-1][0] if rows else number, has_more


def _served(
    keys: Collection[object], *, key: str, takes: Callable[[str], bool], may_see: Callable[[int], bool]
) -> dict[Any, dict[str, Any]]:
    """Return what stands of the accounts with these keys, by key.

    :param takes: whether a product is in sight
    :param may_see: whether a customer may be seen; asked of accounts in sight only
    """
    if is_postgresql():
        query = _QUERY.format(key=key, closed_text=f"a.attributes ->> '{CLOSED_ON}'", among="= ANY(%s)")
        rows = fetch(query, (list(keys),))
    else:
        closed_text, among = f"json_extract(a.attributes, '$.{CLOSED_ON}')", "IN (SELECT value FROM json_each(%s))"
        rows = fetch(_QUERY.format(key=key, closed_text=closed_text, among=among), (json.dumps(list(keys)),))
    found: dict[Any, dict[str, Any]] = {}
    for asked, customer_id, product_code, *row in rows:
        account_no, limit, currency, digits, written_off, closed_said, last_closed, agreed, agreed_since, *restriction = row
        scope, value, most, since, until, reference = restriction
        if not (takes(product_code) and may_see(customer_id)):
            continue
        account = found.get(asked)
        if account is None:
            closed_on = closed_day(closed_said)
            # From the open day on, the day after the last closed one; a day ahead of it is told and stops nothing yet.
            is_closed = closed_on is not None and (last_closed is None or closed_on <= last_closed + timedelta(days=1))
            account = found[asked] = {
                "account_no": account_no,
                "may_use": not written_off and not is_closed and agreed is None,
                "currency": currency,
                "credit_limit": plain_amount(limit, digits=digits),
                "blocked_channels": [],
                "blocked_categories": [],
                "most": None,
                "is_written_off": bool(written_off),
                "closed_on": closed_on,
                "restrictions": [],
            }
            if agreed is not None:
                account["restrictions"].append(_restriction(agreement=agreed, since=agreed_since))
        if scope is None:
            continue
        _narrow(account, scope, value, most, digits)
        account["restrictions"].append(
            _restriction(
                decision=reference,
                scope=scope,
                value=value,
                most=plain_amount(most, digits=digits) if most is not None else None,
                since=since,
                until=until,
            )
        )
    return found


def _restriction(**said: Any) -> dict[str, Any]:
    """Return a restriction as the API tells it, of a decision or of an agreement."""
    usual = {"decision": None, "agreement": None, "scope": RestrictionScope.ALL.value, "value": "", "most": None, "until": None}
    return usual | said


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
