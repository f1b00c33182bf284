"""Random accounts for hypothesis: few instalments and payments, close together, so that everything meets everything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import strategies as st

from accounts.rules.entries import ChangeEntry, InstallmentEntry, Part, PaymentEntry, RefundEntry, WaiverEntry
from accounts.rules.replay import RebuiltAccount, rebuild
from accounts.rules.terms import Component, Terms

FIRST = date(2024, 2, 20)
DAYS = 40
ONE_DAY = timedelta(days=1)

days = st.integers(0, DAYS).map(lambda n: FIRST + n * ONE_DAY)
amounts = st.one_of(st.sampled_from([0, 1, 50, 99, 100, 1_000]), st.integers(0, 300_000))

terms = st.builds(
    Terms,
    grace_days=st.sampled_from([0, 0, 1, 3, 10]),
    penalty_rate_ppm=st.sampled_from([0, 1, 333, 500, 5_000, 10_000]),
    penalty_on_interest=st.booleans(),
    penalty_from_grace_end=st.booleans(),
    penalty_cap_bp=st.sampled_from([None, None, 0, 1, 125, 10_000]),
    allocation_order=st.permutations(list(Component)).map(tuple),
    holds_prepayment=st.booleans(),
    bucket_map=st.sampled_from(["default", "calendar-29"]),
)


@dataclass(frozen=True)
class RandomAccount:
    """The entries of one account, and a day to ask for: most often one on which something turns."""

    as_of: date
    terms: Terms
    installments: tuple[InstallmentEntry, ...]
    payments: tuple[PaymentEntry, ...]
    waivers: tuple[WaiverEntry, ...]
    changes: tuple[ChangeEntry, ...] = ()
    refunds: tuple[RefundEntry, ...] = ()

    def rebuilt(self, as_of: date | None = None) -> RebuiltAccount:
        """Return what the replay says, of the account's own day unless told."""
        return rebuild(
            terms=self.terms,
            installments=self.installments,
            payments=self.payments,
            waivers=self.waivers,
            changes=self.changes,
            refunds=self.refunds,
            as_of=as_of or self.as_of,
        )

    def without_reversed_payments(self) -> RandomAccount:
        """Return the account as if the payments that are reversed at some time had never been."""
        return replace(self, payments=tuple(p for p in self.payments if p.reversed_on is None))


@st.composite
def installments(draw: st.DrawFn) -> tuple[InstallmentEntry, ...]:
    """Draw up to four instalments of up to two orders, on few different days."""
    some_days = sorted(draw(st.lists(days, min_size=1, max_size=5)))
    rows = []
    for key in range(1, draw(st.integers(0, 4)) + 1):
        booked, due = sorted((draw(st.sampled_from(some_days)), draw(st.sampled_from(some_days))))
        principal, interest, fee = draw(amounts), draw(amounts), draw(amounts)
        if not principal + interest + fee:
            principal = 1
        # Sequences fall as keys rise, so that neither the order of rows nor that of keys is the right one by luck.
        rows.append(InstallmentEntry(key, draw(st.sampled_from(["a", "B"])), 9 - key, booked, due, principal, interest, fee))
    return tuple(rows)


def turning_days(terms: Terms, slips: tuple[InstallmentEntry, ...]) -> list[date]:
    """Return the days around which the rules turn: bookings, due dates, ends of grace."""
    turns = {day for slip in slips for day in (slip.booked_on, slip.due_date, slip.due_date + terms.grace_days * ONE_DAY)}
    return sorted({turn + n * ONE_DAY for turn in turns for n in (-1, 0, 1)}) or [FIRST]


@st.composite
def accounts(draw: st.DrawFn) -> RandomAccount:
    """Draw an account with up to six payments, some directed, some reversed, and up to two waivers."""
    product, slips = draw(terms), draw(installments())
    keys = [slip.key for slip in slips]
    some_days = st.one_of(st.sampled_from(turning_days(product, slips)), days)
    # Whole instalments and parts of them, so that things are paid to the cent.
    parts = [
        part for slip in slips for part in (slip.principal_minor, slip.principal_minor + slip.interest_minor + slip.fee_minor)
    ]
    some_amounts = st.one_of(st.sampled_from([part for part in parts if part] or [1]), amounts.filter(bool))
    payments = []
    for key in range(1, draw(st.integers(0, 6)) + 1):
        paid = draw(some_days)
        number = draw(st.sampled_from(["", "a", "Z", "é", "𝄞", "￿"])) + str(10 - key)
        undone = draw(st.sampled_from([None, None, None, paid, paid + 4 * ONE_DAY]))
        payments.append(PaymentEntry(key, number, paid, draw(some_amounts), draw(st.sampled_from([None, None, *keys])), undone))
    waivers = []
    for key in range(1, draw(st.integers(0, 2)) + 1 if keys else 1):
        component = draw(st.sampled_from(list(Component)))
        waivers.append(WaiverEntry(key, draw(st.sampled_from(keys)), component, draw(some_days), draw(some_amounts)))
    ends = [payment.reversed_on for payment in payments if payment.reversed_on] or [FIRST]
    refunds = [RefundEntry(key, draw(some_days), draw(some_amounts)) for key in range(draw(st.sampled_from([0, 0, 1, 2])))]
    changes, new = draw(changes_of(slips)) if keys else ((), ())
    # Of the payments and waivers of its day a change of the schedule knew none, some or all.
    changes = tuple(
        c._replace(known_payment=draw(st.sampled_from([0, 3, 9])), known_waiver=draw(st.sampled_from([0, 1, 9]))) for c in changes
    )
    cancellings = st.one_of(st.none(), st.none(), st.none(), days)
    slips = tuple(slip._replace(cancelled_on=draw(cancellings)) for slip in slips)
    as_of = draw(st.one_of(some_days, st.sampled_from(ends), st.just(FIRST + 60 * ONE_DAY)))
    return RandomAccount(as_of, product, (*slips, *new), tuple(payments), tuple(waivers), changes, tuple(refunds))


@st.composite
def changes_of(
    draw: st.DrawFn, slips: tuple[InstallmentEntry, ...]
) -> tuple[tuple[ChangeEntry, ...], tuple[InstallmentEntry, ...]]:
    """Draw up to two changes of the schedule, the second one of instalments that may be the first one's; some end."""
    changes: list[ChangeEntry] = []
    new: list[InstallmentEntry] = []
    since = draw(days)
    for key in range(1, draw(st.sampled_from([0, 0, 1, 1, 2])) + 1):
        owed = [*slips, *new]
        parts = tuple(
            Part(slip.key, draw(st.sampled_from([0, 0, 700])), *(_some(draw, slip, name) for name in _COMPONENTS))
            for slip in draw(st.lists(st.sampled_from(owed), min_size=1, max_size=3, unique=True))
        )
        totals = [sum(p.principal_minor for p in parts), sum(p.interest_minor for p in parts)]
        totals.append(sum(p.fee_minor + p.penalty_minor for p in parts))
        # An earlier one ends with the last one or after it: what a later change took over is owed by that.
        ends = draw(st.sampled_from([None, since + ONE_DAY, since + 12 * ONE_DAY]))
        later = None if ends is None else draw(st.sampled_from([None, ends, ends + 3 * ONE_DAY]))
        changes = [change._replace(ended_on=later) for change in changes]
        changes.append(ChangeEntry(key, since, parts, ends))
        new += _new_schedule(draw, key, since, totals)
        since += draw(st.sampled_from([0, 1, 5])) * ONE_DAY
    return tuple(changes), tuple(new)


_COMPONENTS = ("fee_minor", "interest_minor", "principal_minor")


def _some(draw: st.DrawFn, slip: InstallmentEntry, name: str) -> int:
    """Draw all of a component most often, else a part or nothing."""
    whole = getattr(slip, name)
    return draw(st.sampled_from([whole, whole, whole // 2, 0]))


def _new_schedule(draw: st.DrawFn, change: int, since: date, totals: list[int]) -> list[InstallmentEntry]:
    """Draw the new instalments: what was taken in two parts, and in the second one a price."""
    price = draw(st.sampled_from([0, 0, 31]))
    halves = [[total // 2 for total in totals], [total - total // 2 for total in totals]]
    halves[1][1] += price
    first = since + draw(st.integers(1, 12)) * ONE_DAY
    dues = [first, first + 10 * ONE_DAY]
    bears = draw(st.booleans())
    return [
        InstallmentEntry(100 * change + n, f"change {change}", n + 1, since, due, *half, bears, None, change)
        for n, (due, half) in enumerate(zip(dues, halves, strict=True))
        if any(half)
    ]
