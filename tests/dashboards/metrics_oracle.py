"""The metrics once more, in the slowest and most literal way: every account asked anew at every month-end.

Written from the definitions ("Metric definitions", "Aging, exactly") and not from dashboards/: an account's standing comes from
the aging oracle, and every cell is summed from whole lists of accounts. Cells are {(as of, segment, key_1, key_2): (numerator,
denominator)} with amounts in minor units.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

import oracle

from accounts.rules.entries import InstallmentEntry, PaymentEntry, WaiverEntry
from accounts.rules.terms import Terms

Cells = dict[tuple[date, str, str, str], tuple[int, int]]
BUCKET_NAMES = {"default": [f"m{k}" for k in range(8)], "calendar-29": [f"m{k}" for k in range(7)]}
LONGEST = BUCKET_NAMES["default"]


def month_end(day: date, months: int = 0) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, monthrange(year, month + 1)[1])


def month_ends(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = month_end(first, 1)


def months_from(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def month(day: date) -> str:
    return day.isoformat()[:7]


class Standing(NamedTuple):
    """An account at a month-end: its state (None: never used), its days past due, its outstanding principal."""

    state: str | None
    days: int
    principal: int


@dataclass(eq=False)
class Account:
    """An account with all its entries, and what it is cut by; `written_off` is (day, principal)."""

    account_no: str
    customer_no: str
    terms: Terms
    opened_on: date
    cuts: dict[str, str]
    installments: list[InstallmentEntry] = field(default_factory=list)
    payments: list[PaymentEntry] = field(default_factory=list)
    waivers: list[WaiverEntry] = field(default_factory=list)
    written_off: tuple[date, int] | None = None

    def orders(self) -> dict[str, list[InstallmentEntry]]:
        found: dict[str, list[InstallmentEntry]] = defaultdict(list)
        for entry in self.installments:
            found[entry.order_no].append(entry)
        return found

    def is_open(self, day: date) -> bool:
        return self.opened_on <= day

    def is_lost(self, day: date) -> bool:
        return self.written_off is not None and self.written_off[0] <= day

    def found(self, day: date) -> oracle.Found:
        """Return the account at the close of a day, from all its entries."""
        if not self.is_open(day):
            return oracle.ask(terms=self.terms, installments=(), as_of=day)
        return oracle.ask(
            terms=self.terms, installments=self.installments, payments=self.payments, waivers=self.waivers, as_of=day
        )

    def standing(self, day: date) -> Standing:
        found = self.found(day)
        days, principal = int(str(found.figures["days_past_due"])), int(str(found.figures["outstanding_principal_minor"]))
        if self.is_lost(day):
            return Standing("written_off", days, principal)
        if not found.slips:
            return Standing(None, days, principal)
        if not any(sum(slip) for slip in found.slips.values()):
            return Standing("paid_off", days, principal)
        return Standing(f"m{found.figures['bucket']}", days, principal)

    def was_unpaid(self, key: int, day: date, *, known_on: date) -> bool:
        """Return whether an instalment was not wholly paid at the close of a day, as it is known on a later one."""
        counting = [p._replace(reversed_on=None) for p in self.payments if not (p.reversed_on and p.reversed_on <= known_on)]
        slips = oracle.ask(
            terms=self.terms, installments=self.installments, payments=counting, waivers=self.waivers, as_of=day
        ).slips
        return key not in slips or any(slips[key][:3])


class Book:
    """A book at its month-ends. `report` freezes what the closes found; the known truth is asked for anew each time."""

    def __init__(self, accounts: list[Account], closed: list[date], buckets: list[str] = LONGEST) -> None:
        self.accounts = accounts
        self.closed = closed
        self.buckets = buckets
        self.reported: dict[date, dict[Account, Standing]] = {}
        self._slips: dict[tuple[Account, date], dict[int, tuple[int, int, int, int]]] = {}

    def report(self) -> None:
        for day in self.closed:
            self.reported[day] = {a: a.standing(day) for a in self.accounts if a.is_open(day)}

    def part(self, **cuts: str) -> Book:
        """Return the accounts that have the given cuts, as a book; its bucket maps are theirs."""
        there = [a for a in self.accounts if all(a.cuts[name] == value for name, value in cuts.items())]
        part = Book(there, self.closed, max((BUCKET_NAMES[a.terms.bucket_map] for a in there), key=len))
        part.reported, part._slips = self.reported, self._slips
        return part

    def cut(self, segment: str) -> dict[str, list[Account]]:
        groups: dict[str, list[Account]] = defaultdict(list)
        for account in self.accounts:
            groups[account.cuts[segment] if segment else ""].append(account)
        return groups

    def slips(self, account: Account, day: date) -> dict[int, tuple[int, int, int, int]]:
        """Return what is unpaid of each instalment at the close of a day, as known now."""
        if (account, day) not in self._slips:
            self._slips[account, day] = account.found(day).slips
        return self._slips[account, day]

    def late_orders(self, account: Account, day: date, n: int) -> set[str]:
        slips = self.slips(account, day)
        return {
            entry.order_no
            for entry in account.installments
            if any(slips.get(entry.key, (0,))[:3]) and (day - entry.due_date).days >= n
        }


def weigh(standing: Standing, measure: str) -> int:
    return 1 if measure == "count" else standing.principal


def total(book: Book, group: list[Account], day: date, measure: str, takes: Callable[[Standing], bool]) -> int:
    """Return B or N over the accounts of a group that are in a bucket at a month-end."""
    there = [book.reported[day][a] for a in group if a in book.reported[day]]
    return sum(weigh(s, measure) for s in there if s.state in LONGEST and takes(s))


def buckets(book: Book, segment: str, measure: str) -> Cells:
    cells: Cells = {}
    for day in book.closed:
        for name, group in book.cut(segment).items():
            if below := total(book, group, day, measure, lambda s: True):
                for bucket in book.buckets:
                    cells[day, name, bucket, ""] = (total(book, group, day, measure, lambda s, b=bucket: s.state == b), below)
    return cells


def coincident(book: Book, segment: str, measure: str) -> Cells:
    cells: Cells = {}
    for day in book.closed:
        for name, group in book.cut(segment).items():
            if below := total(book, group, day, measure, lambda s: True):
                for n in (1, 30, 60, 90):
                    cells[day, name, str(n), ""] = (total(book, group, day, measure, lambda s, n=n: s.days >= n), below)
    return cells


def lagged(book: Book, segment: str, measure: str) -> Cells:
    cells: Cells = {}
    for day in book.closed:
        for name, group in book.cut(segment).items():
            lost = [a.written_off[1] for a in group if a.written_off and month(a.written_off[0]) == month(day)]
            for k in range(1, 7):
                if (then := month_end(day, -k)) not in book.closed:
                    continue
                if below := total(book, group, then, measure, lambda s: True):
                    above = total(book, group, day, measure, lambda s, k=k: int(str(s.state)[1:]) >= k)
                    if k >= 2:
                        above += len(lost) if measure == "count" else sum(lost)
                    cells[day, name, f"m{k}", ""] = (above, below)
    return cells


def roll_rates(book: Book, segment: str, measure: str) -> Cells:
    cells: Cells = {}
    for day in book.closed[1:]:
        for name, group in book.cut(segment).items():
            for lower, upper in zip(book.buckets, book.buckets[1:], strict=False):
                below = total(book, group, month_end(day, -1), measure, lambda s, b=lower: s.state == b)
                if below:
                    cells[day, name, lower, upper] = (total(book, group, day, measure, lambda s, b=upper: s.state == b), below)
    return cells


def transition_matrix(book: Book, segment: str, measure: str, months: int = 1) -> Cells:
    cells: Cells = {}
    states = [*book.buckets, "paid_off", "written_off"]
    for day in book.closed[months:]:
        for name, group in book.cut(segment).items():
            moved: dict[tuple[str, str], int] = defaultdict(int)
            for back in range(months):
                before, after = book.reported[month_end(day, -back - 1)], book.reported[month_end(day, -back)]
                for account in group:
                    if account not in before or before[account].state is None:
                        continue
                    if measure == "amount" and before[account].state not in LONGEST:
                        continue
                    moved[str(before[account].state), str(after[account].state)] += weigh(before[account], measure)
            for origin in states:
                if below := sum(moved[origin, target] for target in states):
                    cells.update({(day, name, origin, target): (moved[origin, target], below) for target in states})
    return cells


def _is_cured(standing: Standing) -> bool:
    return standing.days == 0 and standing.state != "written_off"


def cure(book: Book, segment: str, measure: str, h: int = 1) -> Cells:
    cells: Cells = {}
    for day in book.closed:
        if (later := month_end(day, h)) not in book.closed:
            continue
        for name, group in book.cut(segment).items():
            for bucket in book.buckets[1:]:
                there = [a for a in group if a in book.reported[day] and book.reported[day][a].state == bucket]
                if there:
                    cells[day, name, bucket, ""] = (sum(_is_cured(book.reported[later][a]) for a in there), len(there))
    return cells


def redefault(book: Book, segment: str, measure: str, h: int = 6) -> Cells:
    cells: Cells = {}
    for before, cured_on in zip(book.closed, book.closed[1:], strict=False):
        window = [month_end(cured_on, m) for m in range(1, h + 1)]
        if window[-1] not in book.closed:
            continue
        for name, group in book.cut(segment).items():
            cured = [
                a
                for a in group
                if a in book.reported[before]
                and book.reported[before][a].state in LONGEST[1:]
                and _is_cured(book.reported[cured_on][a])
            ]
            again = sum(any(book.reported[day][a].days >= 30 for day in window) for a in cured)
            if cured:
                cells[window[-1], name, month(cured_on), ""] = (again, len(cured))
    return cells


def vintage(book: Book, segment: str, measure: str, entity: str = "account", mode: str = "current", n: int = 30) -> Cells:
    sums: dict[tuple[date, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    each = _accounts_by_age if entity == "account" else _orders_by_age
    for name, group in book.cut(segment).items():
        for account in group:
            for day, born, above, below in each(book, account, measure, mode, n):
                if entity == "account" and mode == "ever" and not _is_known(book, group, born, day, n):
                    continue
                cell = sums[day, name, month(born), str(months_from(born, day))]
                cell[0] += above
                cell[1] += below
    return {key: (above, below) for key, (above, below) in sums.items() if below > 0}


def _is_known(book: Book, group: list[Account], born: date, day: date, n: int) -> bool:
    """Return whether a report is there of each month-end up to the day at which one of the vintage could have been bad."""
    due = [e.due_date for a in group if month(a.opened_on) == month(born) for e in a.installments]
    since = min(due, default=born.replace(day=1))
    return all(t in book.closed or (t - since).days < n for t in month_ends(month_end(born), day))


def _booked(entries: list[InstallmentEntry], day: date) -> int:
    return sum(entry.principal_minor for entry in entries if entry.booked_on <= day)


def _accounts_by_age(book: Book, account: Account, measure: str, mode: str, n: int) -> Iterator[tuple[date, date, int, int]]:
    was_bad = False
    for day in book.closed:
        if not account.is_open(day):
            continue
        standing = book.reported[day][account]
        is_bad = standing.days >= n
        was_bad = was_bad or is_bad
        booked = _booked(account.installments, day)
        if measure == "count":
            yield day, account.opened_on, int(was_bad if mode == "ever" else is_bad), 1
        elif mode == "ever":
            yield day, account.opened_on, booked if was_bad else 0, booked
        else:
            yield day, account.opened_on, standing.principal if is_bad else 0, booked


def _orders_by_age(book: Book, account: Account, measure: str, mode: str, n: int) -> Iterator[tuple[date, date, int, int]]:
    for order, entries in account.orders().items():
        born = min(entry.booked_on for entry in entries)
        was_bad = False
        for day in month_ends(month_end(max(born, account.opened_on)), book.closed[-1]):
            is_bad = order in book.late_orders(account, day, n)
            was_bad = was_bad or is_bad
            if day not in book.closed:
                continue
            booked = _booked(entries, day)
            slips = book.slips(account, day)
            if measure == "count":
                yield day, born, int(was_bad if mode == "ever" else is_bad), 1
            elif mode == "ever":
                yield day, born, booked if was_bad else 0, booked
            else:
                owed = sum(slips[entry.key][0] for entry in entries if entry.key in slips)
                yield day, born, owed if is_bad else 0, booked


def fpd(book: Book, segment: str, measure: str, n: int = 30) -> Cells:
    firsts: dict[str, tuple[tuple[object, ...], Account, InstallmentEntry]] = {}
    for account in book.accounts:
        for order, entries in account.orders().items():
            rank = (min(entry.booked_on for entry in entries), order.encode(), account.account_no.encode())
            first = min(entries, key=lambda entry: (entry.due_date, entry.sequence))
            best = firsts.get(account.customer_no)
            if best is None or rank < best[0]:  # type: ignore[operator]
                firsts[account.customer_no] = (rank, account, first)
    sums: dict[tuple[date, str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for day in book.closed:
        for _rank, account, first in firsts.values():
            if (day - first.due_date).days < n or not account.is_open(day):
                continue
            cell = sums[day, account.cuts[segment] if segment else "", month(first.due_date), ""]
            cell[0] += account.was_unpaid(first.key, first.due_date + timedelta(days=n - 1), known_on=day)
            cell[1] += 1
    return {key: (above, below) for key, (above, below) in sums.items()}


def cei(book: Book, segment: str, measure: str) -> Cells:
    cells: Cells = {}
    for day in book.closed[1:]:
        before = month_end(day, -1)
        for name, group in book.cut(segment).items():
            opening = billed = closing = current = 0
            for account in group:
                if account.is_lost(day) or not account.is_open(day):
                    continue
                then, now = book.slips(account, before), book.slips(account, day)
                for entry in account.installments:
                    owed = now.get(entry.key, (0,))[0]
                    opening += then.get(entry.key, (0,))[0] if entry.due_date <= before else 0
                    billed += entry.principal_minor if before < entry.due_date <= day else 0
                    closing += owed if entry.due_date <= day else 0
                    current += owed if entry.due_date == day else 0
            if opening + billed - current > 0:
                cells[day, name, "", ""] = (opening + billed - closing, opening + billed - current)
    return cells


METRICS: dict[str, Callable[..., Cells]] = {
    "buckets": buckets,
    "coincident": coincident,
    "lagged": lagged,
    "roll_rates": roll_rates,
    "transition_matrix": transition_matrix,
    "vintage": vintage,
    "fpd": fpd,
    "cure": cure,
    "redefault": redefault,
    "cei": cei,
}
