"""How accounts stand when something is decided about them: locked, with what they owe, their limit and their facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from accounts.facts import facts_of
from accounts.held_back import HeldBack, held_back
from accounts.models import AccountState, CreditAccount
from accounts.operations.rebuilding import lock_accounts
from accounts.operations.refusals import AccountUnknown, DayNotOpenYet
from accounts.queries.entries import in_chunks, load_entries
from accounts.rules.closed_accounts import CLOSED_ON, closed_day
from accounts.rules.decisions import OrderOwed
from accounts.rules.terms import Component
from riskops.shared.day import hold_day
from riskops.shared.models import BookState, CloseRun, CloseShard
from riskops.shared.rule_language import FactsRow

#: The step of the close that puts decisions in force. See riskops/close_of_business.py.
DECISIONS_STEP: Final = "decisions"


@dataclass(slots=True)
class Standing:
    """One account, held still until the transaction ends. Amounts in minor units.

    `limit_minor` follows what the operation writes, so that several decisions on one account see each other.
    """

    account_id: int
    account_no: str
    customer_id: int
    currency: str
    minor_digits: int
    limit_minor: int
    owed_minor: int
    is_aged: bool
    is_written_off: bool
    closed_on: date | None
    facts: FactsRow = field(default_factory=dict)
    held: tuple[HeldBack, ...] = ()

    def held_back(self, action: str) -> str:
        """Return why an action is held back on the account, "" where nothing holds it back."""
        return next((held.why for held in self.held if action in held.actions), "")


@dataclass(frozen=True, slots=True)
class Today:
    """The business day that work belongs to now.

    :param open_day: the first day that is not closed: what is done now is dated so
    :param in_force_day: a decision effective on this day or earlier holds at once; a day later than `open_day` once a
        running close has put the account's decisions in force already
    """

    open_day: date
    in_force_day: date


def hold_today(account_id: int) -> Today:
    """Return the business day for an account, and keep it there until the transaction ends.

    :raises DayNotOpenYet: no day of the book is closed yet
    """
    position = hold_day(account_id)
    if position.open_day is None:
        raise DayNotOpenYet(date.min, None)
    ahead = 1 if position.closing and _step_is_done(account_id) else 0
    return Today(position.open_day, position.open_day + timedelta(days=ahead))


def _step_is_done(account_id: int) -> bool:
    # hold_day shares the lock of the account's marks, so the step cannot be done in between.
    return CloseShard.objects.filter(
        run__in=CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING),
        step=DECISIONS_STEP,
        first_account_id__lte=account_id,
        last_account_id__gte=account_id,
        status=CloseShard.Status.DONE,
    ).exists()


def lock_standings(account_ids: Iterable[int], *, with_facts: bool = False) -> dict[int, Standing]:
    """Return how the accounts stand by id, states and accounts locked in id order.

    :param with_facts: also what rules see of them, to be kept with a new decision
    """
    ids = sorted(set(account_ids))
    owed, accounts = lock_accounts(ids)
    known = facts_of(ids, facts_day()) if with_facts else {}
    held = held_back(ids)
    return {account.pk: _standing(account, owed.get(account.pk), known.get(account.pk), held) for account in accounts}


def hold_all(account_ids: Iterable[int], *, with_facts: bool = False) -> tuple[dict[int, Today], dict[int, Standing]]:
    """Return the day of each account and how it stands, all of them held before the first is written.

    Announcing comes after the last lock, so many accounts that change in one transaction are locked by one call.
    """
    ids = sorted(set(account_ids))
    if not ids:
        return {}, {}
    today = hold_today(ids[0])
    days = dict.fromkeys(ids, today)
    if hold_day(ids[0]).closing is not None:
        # Without a close none can begin now: the day stands still for all of them. With one each shard is held by itself.
        days = {account_id: hold_today(account_id) for account_id in ids}
    standings: dict[int, Standing] = {}
    for chunk in in_chunks(ids):
        standings |= lock_standings(chunk, with_facts=with_facts)
    return days, standings


def facts_day() -> date:
    """Return the day from which facts count their days: the last closed one; before the first close the first day there is."""
    return BookState.objects.values_list("business_date", flat=True).filter(pk=1).first() or date.min


def lock_standing(account_id: int) -> Standing:
    """Return how one account stands, locked.

    :raises AccountUnknown: it is not in the book
    """
    standings = lock_standings([account_id], with_facts=True)
    if account_id not in standings:
        raise AccountUnknown(account_id)
    return standings[account_id]


def read_standing(account_id: int) -> Standing:
    """Return how one account stands, without locking it: for a preview.

    :raises AccountUnknown: it is not in the book
    """
    account = CreditAccount.objects.select_related("product").filter(pk=account_id).first()
    if account is None:
        raise AccountUnknown(account_id)
    facts = facts_of([account_id], facts_day()).get(account_id)
    return _standing(account, AccountState.objects.filter(pk=account_id).first(), facts, held_back([account_id]))


def read_standings(account_ids: Iterable[int], *, with_facts: bool = False) -> dict[int, Standing]:
    """Return how accounts stand by id, without locking them: for a preview.

    :param with_facts: also what rules see of them
    """
    found: dict[int, Standing] = {}
    for chunk in in_chunks(sorted(set(account_ids))):
        known = facts_of(chunk, facts_day()) if with_facts else {}
        states = AccountState.objects.in_bulk(chunk)
        held = held_back(chunk)
        for account in CreditAccount.objects.filter(pk__in=chunk).select_related("product"):
            found[account.pk] = _standing(account, states.get(account.pk), known.get(account.pk), held)
    return found


def _standing(
    account: CreditAccount,
    state: AccountState | None,
    facts: FactsRow | None,
    held: Mapping[int, tuple[HeldBack, ...]],
) -> Standing:
    owed = 0
    if state is not None:
        owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
        owed += state.penalty_due_minor
    return Standing(
        account_id=account.pk,
        account_no=account.account_no,
        customer_id=account.customer_id,
        currency=account.product.currency,
        minor_digits=account.product.minor_digits,
        limit_minor=account.credit_limit_minor,
        owed_minor=owed,
        is_aged=state is not None,
        is_written_off=bool(state and state.is_written_off),
        closed_on=closed_day(account.attributes.get(CLOSED_ON)),
        facts=facts or {},
        held=held.get(account.pk, ()),
    )


def orders_owed(
    account_ids: Sequence[int], *, as_of: date, due_by: Mapping[int, date] | None = None
) -> dict[int, list[OrderOwed]]:
    """Return the orders of the accounts with what is due and unpaid of them at the end of a day. Penalty is no part of it.

    :param due_by: by account: count as due only what was due on that earlier day; unpaid is still of `as_of`
    """
    due_days = due_by or {}
    found: dict[int, list[OrderOwed]] = {}
    for chunk in in_chunks(account_ids):
        for account_id, entries in load_entries(chunk).items():
            price: dict[str, int] = {}
            due: dict[str, int] = {}
            unpaid: dict[str, int] = {}
            for state in entries.rebuilt(as_of).installments:
                entry, order_no = state.entry, state.entry.order_no
                left = sum(state.unpaid[part] for part in Component if part != Component.PENALTY)
                price[order_no] = price.get(order_no, 0) + entry.principal_minor + entry.interest_minor + entry.fee_minor
                unpaid[order_no] = unpaid.get(order_no, 0) + left
                # On its due date an instalment can still be paid in time.
                is_due = entry.due_date < due_days.get(account_id, as_of)
                due[order_no] = due.get(order_no, 0) + (left if is_due else 0)
            found[account_id] = [
                OrderOwed(order_no, price[order_no], due[order_no], unpaid[order_no]) for order_no in sorted(price)
            ]
    return found
