"""*Known*: what the entries of today say of any day (portfolio-format, rule 7), account by account in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from accounts.models import CreditAccount
from accounts.queries.entries import ACCOUNTS_AT_ONCE, load_entries
from accounts.rules.replay import AgingState
from accounts.tiers import tiers


class AgedAccount(NamedTuple):
    """One account's figures of one day; amounts in minor units of a currency with `minor_digits` decimals."""

    account_id: int
    account_no: str
    minor_digits: int
    state: AgingState
    is_written_off: bool
    tier: str


class AccountKey(NamedTuple):
    """What an account is called, and how its amounts are written."""

    account_id: int
    account_no: str
    minor_digits: int


def accounts_opened_by(day: date) -> Iterator[list[AccountKey]]:
    """Yield the accounts opened by a day, sorted by account number (code point), in pieces of `ACCOUNTS_AT_ONCE`."""
    last = ""
    while True:
        rows = CreditAccount.objects.filter(opened_on__lte=day, account_no__gt=last).order_by("account_no")
        piece = [AccountKey(*row) for row in rows.values_list("pk", "account_no", "product__minor_digits")[:ACCOUNTS_AT_ONCE]]
        if not piece:
            return
        yield piece
        last = piece[-1].account_no


def known_states(as_of: date) -> Iterator[AgedAccount]:
    """Yield every account opened by the day as its entries say now, sorted by account number.

    Reversals, late entries, waivers and write-offs are in. The tier is that of the policy live on the day, on the facts that
    the entries give for it (known_facts.py says which they do not).
    """
    for piece in accounts_opened_by(as_of):
        entries = load_entries([key.account_id for key in piece])
        rebuilt = {key.account_id: entries[key.account_id].rebuilt(as_of) for key in piece}
        placed = tiers().known([(entries[pk], account) for pk, account in rebuilt.items()], as_of=as_of)
        for key in piece:
            account = entries[key.account_id]
            yield AgedAccount(*key, rebuilt[key.account_id].state, account.is_written_off(as_of), placed.get(key.account_id, ""))
