"""The limitation clock of accounts: the facts read from the book, from letters, cases and notes; and whose time runs out soon."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Sum

from accounts.models import AccountState, CreditAccount, Installment, Payment
from accounts.operations.reviewing import business_day
from accounts.queries.account_page import LoadedAccount
from recovery.letter_policies import policies_on
from recovery.models import LegalStage, Letter, LimitationFact
from recovery.rules.benefit import Stage
from recovery.rules.limitation import Cause, Clock, Fact, clock, years_after
from riskops.shared.day import book_shown
from riskops.shared.scope import Scope

#: Accounts of one list.
MOST_LISTED: Final = 500
#: Accounts whose clocks are computed at once.
AT_ONCE: Final = 1_000
#: The stages during which the clock stands, and begins anew when they end.
PROCEEDINGS: Final = (Stage.ARBITRATION, Stage.SUIT, Stage.JUDGMENT, Stage.ENFORCEMENT)


@dataclass(frozen=True, slots=True)
class OnTheClock:
    """An account whose time runs out, with what it owes past due, in minor units."""

    account: CreditAccount
    clock: Clock
    overdue_minor: int


def clocks_of(account_ids: Collection[int], *, years: int, as_of: date) -> dict[int, Clock]:
    """Return the clock of each account that owes something, by account id; a fixed number of queries.

    An account of several orders has as many claims: its clock is that of the order that runs out first.
    """
    ids = list(account_ids)
    dues = _last_dues(ids)
    facts: dict[int, list[Fact]] = {account_id: [] for account_id in dues}
    for account_id, fact in _facts(list(dues)):
        facts[account_id].append(fact)
    return {account_id: _clock(own, facts[account_id], years, as_of) for account_id, own in dues.items()}


def _clock(last_dues: Iterable[date], facts: Sequence[Fact], years: int, as_of: date) -> Clock:
    """Return the clock of the order that runs out first."""
    clocks = [clock(last_due_on=due, facts=facts, years=years, as_of=as_of) for due in last_dues]
    # None, while proceedings run, is the last to run out.
    return min(clocks, key=lambda each: each.runs_out_on or date.max)


def clock_shown(loaded: LoadedAccount, *, letters: Iterable[Letter], has_case: bool, as_of: date, today: date) -> Clock | None:
    """Return the clock of an account that was loaded for its page, as `clock_of` has it, asking only for what is missing.

    :param letters: all of the account's
    :param has_case: whether there was ever a legal case
    """
    policy = policies_on(today).get(loaded.head.account.product.currency)
    rows = list(zip(loaded.entries.installments, loaded.entries.stored, strict=True))
    last = dict.fromkeys((entry.order_no for entry, stored in rows if stored.is_open), date.min)
    for entry, _stored in rows:
        if entry.order_no in last:
            last[entry.order_no] = max(last[entry.order_no], entry.due_date)
    if policy is None or not last:
        return None
    account_id = loaded.head.account.pk
    paid = {paid.value_date for paid in loaded.entries.payments if paid.reversed_on is None}
    facts = [Fact(Cause.PAYMENT, day) for day in paid]
    facts += [_demand(letter) for letter in letters if letter.status in Letter.DEMANDED]
    facts += [fact for _account, fact in _noted([account_id])]
    if has_case:
        facts += [fact for _account, fact in _of_cases([account_id])]
    return _clock(last.values(), facts, policy.limitation_years, as_of)


def _last_dues(account_ids: Sequence[int]) -> dict[int, list[date]]:
    """Return the due date of the last instalment of each order with something unpaid, by account."""
    open_orders = Installment.objects.filter(account_id=OuterRef("account_id"), order_no=OuterRef("order_no"), is_open=True)
    rows = Installment.objects.filter(account_id__in=account_ids).filter(Exists(open_orders))
    found: dict[int, list[date]] = {}
    for row in rows.values("account_id", "order_no").annotate(last=Max("due_date")).order_by("account_id", "last"):
        found.setdefault(row["account_id"], []).append(row["last"])
    return found


def _facts(account_ids: Sequence[int]) -> list[tuple[int, Fact]]:
    found: list[tuple[int, Fact]] = []
    # What was taken back was never paid: neither the payment nor its reversal counts.
    paid = Payment.objects.received().filter(account_id__in=account_ids, reversal__isnull=True)
    for account_id, on in paid.values_list("account_id", "paid_on").distinct():
        found.append((account_id, Fact(Cause.PAYMENT, on)))
    for letter in Letter.objects.filter(account_id__in=account_ids, status__in=Letter.DEMANDED):
        found.append((letter.account_id, _demand(letter)))
    return found + _noted(account_ids) + _of_cases(account_ids)


def _demand(letter: Letter) -> Fact:
    return Fact(Cause.DEMAND, letter.ended_on or letter.proposed_on, about=letter.reference)


def _noted(account_ids: Sequence[int]) -> list[tuple[int, Fact]]:
    rows = LimitationFact.objects.filter(account_id__in=account_ids, withdrawn_at=None)
    return [(row.account_id, Fact(Cause(row.cause), row.on, about=row.evidence)) for row in rows]


def _of_cases(account_ids: Sequence[int]) -> list[tuple[int, Fact]]:
    found: list[tuple[int, Fact]] = []
    stages = LegalStage.objects.filter(case__account_id__in=account_ids).select_related("case").order_by("begun_on", "pk")
    for stage in stages:
        about = stage.case.reference
        if stage.stage == Stage.MEDIATION:
            found.append((stage.case.account_id, Fact(Cause.MEDIATION, stage.begun_on, about=about)))
        elif stage.stage in PROCEEDINGS:
            found.append((stage.case.account_id, Fact(Cause.PROCEEDINGS, stage.begun_on, until=stage.ended_on, about=about)))
    return found


def clock_day(today: date) -> date:
    """Return the day that clocks are asked for: the site's calendar day; in a book that stands still, its last closed day."""
    return business_day() if book_shown().nightly_paused else today


def clock_of(account: CreditAccount, *, as_of: date, today: date) -> Clock | None:
    """Return the clock of one account; None where it owes nothing, or no figures hold for its currency.

    :param as_of: the day it is asked for (`clock_day`)
    :param today: the site's calendar day, by which figures hold
    """
    policy = policies_on(today).get(account.product.currency)
    if policy is None:
        return None
    return clocks_of([account.pk], years=policy.limitation_years, as_of=as_of).get(account.pk)


@dataclass(frozen=True, slots=True)
class RunningOut:
    """Whose time runs out within days, and whose has run out, each the earliest first and `MOST_LISTED` at most; the counts are
    of all.
    """

    running: tuple[OnTheClock, ...]
    ran_out: tuple[OnTheClock, ...]
    running_count: int
    ran_out_count: int


def running_out(*, scope: Scope, as_of: date, today: date, within_days: int | None = None) -> RunningOut:
    """Return the accounts whose time runs out within days, and apart from them those whose time has run out.

    :param within_days: None: as many as the figures of each currency say
    """
    found: dict[bool, list[tuple[date, int, Clock, int]]] = {False: [], True: []}
    counts = {False: 0, True: 0}
    for policy in policies_on(today).values():
        days = policy.warn_days if within_days is None else within_days
        horizon = as_of + timedelta(days=days)
        rows = _quiet_since(scope, policy.currency, policy.limitation_years, as_of=as_of, horizon=horizon)
        for chunk in _chunks(rows):
            clocks = clocks_of([account_id for account_id, _overdue in chunk], years=policy.limitation_years, as_of=as_of)
            for account_id, overdue in chunk:
                own = clocks.get(account_id)
                if own is not None and own.runs_out_on is not None and own.runs_out_on <= horizon:
                    counts[own.has_run_out] += 1
                    found[own.has_run_out].append((own.runs_out_on, account_id, own, overdue))
            # Whoever stands below the end of the list by now is only counted.
            found = {state: sorted(rows, key=lambda row: row[:2])[:MOST_LISTED] for state, rows in found.items()}
    ids = {row[1] for rows in found.values() for row in rows}
    accounts = CreditAccount.objects.select_related("product", "customer").in_bulk(ids)
    listed = {state: tuple(OnTheClock(accounts[pk], own, owed) for _day, pk, own, owed in rows) for state, rows in found.items()}
    return RunningOut(listed[False], listed[True], counts[False], counts[True])


def _chunks(rows: QuerySet[AccountState]) -> Iterator[list[tuple[int, int]]]:
    """Return the rows by id, with what is past due, so many at a time that they are held in memory at once."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield [(state.pk, state.overdue_total_minor) for state in chunk]
        last = chunk[-1].pk


def _years_before(day: date, years: int) -> date:
    """Return the latest day from which the period ends on a day or before."""
    found = day.replace(year=day.year - years, day=min(day.day, 28))
    while years_after(found + timedelta(days=1), years) <= day:
        found += timedelta(days=1)
    return found


def _quiet_since(scope: Scope, currency: str, years: int, *, as_of: date, horizon: date) -> QuerySet[AccountState]:
    """Return the states of past-due accounts whose time can run out by a day: no payment in time and no suit began it anew.

    A payment of late begins nothing anew where the time had run out before it: who is so long past due stays among them.
    """
    latest, over = _years_before(horizon, years), _years_before(as_of, years)
    rows = scope.accounts(AccountState.objects.all()).filter(product__currency=currency, oldest_unpaid_due_date__lte=latest)
    paid_in_time = Q(signals__last_payment_on__gt=latest, oldest_unpaid_due_date__gt=over)
    running = LegalStage.objects.filter(case__account_id=OuterRef("pk"), stage__in=PROCEEDINGS, ended_on=None)
    return rows.exclude(paid_in_time).filter(~Exists(running))


def overdue_minor(account_id: int) -> int:
    """Return what an account owes past due, in minor units; 0 where it has no state yet."""
    state = AccountState.objects.filter(pk=account_id).first()
    return state.overdue_total_minor if state else 0


def booked_minor(case_id: int) -> int:
    """Return the costs that a legal case's stages have taken, in minor units."""
    return LegalStage.objects.filter(case_id=case_id).aggregate(total=Sum("cost_minor"))["total"] or 0
