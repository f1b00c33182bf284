"""What every entry of the ledger is asked first, whichever kind it is."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from accounts.models import CreditAccount
from accounts.operations.refusals import (
    AccountUnknown,
    AmountNotAboveZero,
    AmountTooLarge,
    BeforeOpening,
    DayOutOfRange,
    ReasonMissing,
    ReferenceMalformed,
    WaiverAboveDue,
)
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from riskops.shared.day import FIRST_DAY, LAST_DAY
from riskops.shared.money import LARGEST_MAJOR

LONGEST_REFERENCE: Final = 64


class AccountFacts(NamedTuple):
    """What the checks need to know of an account."""

    account_id: int
    account_no: str
    opened_on: date
    minor_digits: int
    customer_id: int


def account_facts(account_id: int) -> AccountFacts:
    """Return the facts of an account.

    :raises AccountUnknown: it is not in the book
    """
    row = (
        CreditAccount.objects.filter(pk=account_id)
        .values_list("pk", "account_no", "opened_on", "product__minor_digits", "customer_id")
        .first()
    )
    if row is None:
        raise AccountUnknown(account_id)
    return AccountFacts(*row)


def check_amount(amount_minor: int, *, digits: int) -> None:
    """Refuse what is no amount of an entry.

    :raises AmountNotAboveZero: zero or less
    :raises AmountTooLarge: above the largest amount of a portfolio file
    """
    if amount_minor <= 0:
        raise AmountNotAboveZero(amount_minor, digits)
    if amount_minor > LARGEST_MAJOR * 10**digits:
        raise AmountTooLarge(amount_minor, digits)


def check_day(value_date: date, account: AccountFacts) -> None:
    """Refuse a day on which the account takes no entry.

    :raises DayOutOfRange: no day of any book
    :raises BeforeOpening: the account was opened later
    """
    if not FIRST_DAY <= value_date <= LAST_DAY:
        raise DayOutOfRange(value_date)
    if value_date < account.opened_on:
        raise BeforeOpening(account.account_no, account.opened_on, value_date)


def check_due(
    rebuilt: RebuiltAccount, *, installment_id: int, component: Component, amount_minor: int, account: AccountFacts
) -> None:
    """Refuse to give up more than is owed on a booked instalment at the close of the day the account is rebuilt for.

    Nothing is owed on one that is cancelled.

    :raises WaiverAboveDue: less is due
    """
    state = next((state for state in rebuilt.installments if state.entry.key == installment_id), None)
    if state is None:
        due = 0
    else:
        due = state.penalty_due_minor(rebuilt.as_of) if component == Component.PENALTY else state.unpaid[component]
    if amount_minor > due:
        raise WaiverAboveDue(amount_minor, due, account.minor_digits, rebuilt.as_of)


def check_reference(reference: str) -> None:
    """Refuse a reference that cannot be a key.

    :raises ReferenceMalformed: empty, longer than 64 characters, with spaces around or characters that do not print
    """
    if not 1 <= len(reference) <= LONGEST_REFERENCE or reference != reference.strip() or not reference.isprintable():
        raise ReferenceMalformed(reference)


def check_reason(reason: str) -> None:
    """Refuse an entry without a reason.

    :raises ReasonMissing: nothing is written in it
    """
    if not reason.strip():
        raise ReasonMissing
