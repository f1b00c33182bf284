"""Commission of payments on placed accounts: a line for each payment and each reversal, once, of what it settled of the debt.

Source: docs/agencies.md, "Commission".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.db.models import Exists, F, Min, OuterRef, Q, QuerySet

from accounts.models import Payment
from accounts.models.payment import PaymentQuerySet
from recovery.models import CommissionLine, Placement
from recovery.queries.settled import settled_as_known, settled_by
from recovery.rules.commission import Placed, commission_minor, counts_for, rate_bp

#: Payments that go into one statement.
AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Earned:
    """What a payment gives: the placement it counts for, the rate and the commission, in whole minor units."""

    placement: Placement
    rate_bp: int
    commission_minor: int
    is_tail: bool


def settle(*, as_of: date, account_ids: Iterable[int] | None = None, first: int = 0, last: int = 2**63 - 1) -> int:
    """Write the lines of payments and reversals that count up to a day and have none yet, and return how many.

    Done again it finds nothing. A payment entered for a day long closed gets its line all the same, with its own day.

    :param account_ids: these accounts; None: those of the range, both ends included
    """
    within = Q(account_id__in=list(account_ids)) if account_ids is not None else Q(account_id__gte=first, account_id__lte=last)
    return _settle_payments(within, as_of) + _settle_reversals(within, as_of)


def unsettled_after(account_id: int, as_of: date) -> Payment | None:
    """Return a payment of a day that is not closed yet and was not reversed; None: there is none."""
    rows = Payment.objects.received().filter(account_id=account_id, paid_on__gt=as_of, reversal=None)
    return rows.order_by("paid_on", "pk").first()


def earned_by(payment: Any, base_minor: int, placements: Sequence[Placement]) -> Earned | None:
    """Return what a payment earns whom; None where it counts for no placement of its account.

    :param payment: anything with `paid_on`
    :param base_minor: what it settled of the debt (`queries/settled.py`)
    :param placements: all of the account, in order of their days
    """
    place = counts_for([_placed(placement) for placement in placements], payment.paid_on)
    if place is None:
        return None
    placement = placements[place]
    age_days = (payment.paid_on - placement.placed_on).days
    rate = rate_bp(placement.terms.parts, bucket=placement.bucket, age_days=age_days)
    is_tail = placement.recalled_on is not None and payment.paid_on > placement.recalled_on
    return Earned(placement, rate, commission_minor(base_minor, rate), is_tail)


def placements_of(account_ids: Iterable[int]) -> dict[int, list[Placement]]:
    """Return the placements of accounts with their terms, in order of their days."""
    found: dict[int, list[Placement]] = defaultdict(list)
    rows = Placement.objects.filter(account_id__in=list(account_ids)).select_related("terms")
    for placement in rows.order_by("account_id", "placed_on", "pk"):
        found[placement.account_id].append(placement)
    return found


def _placed(placement: Placement) -> Placed:
    return Placed(placement.placed_on, placement.tail_until, placement.recalled_on, placement.bucket)


def _settle_payments(within: Q, as_of: date) -> int:
    covering = Placement.objects.filter(account_id=OuterRef("account_id"), placed_on__lt=OuterRef("paid_on"))
    covering = covering.filter(Q(tail_until=None) | Q(tail_until__gte=OuterRef("paid_on")))
    rows = _of_placed(within, as_of).received().filter(~_has_line(), Exists(covering))
    written = 0
    for chunk in _chunks(rows):
        placements, settled = placements_of({payment.account_id for payment in chunk}), settled_by(chunk)
        lines = []
        for payment in chunk:
            earned = earned_by(payment, settled[payment.pk], placements[payment.account_id])
            if earned is not None:
                lines.append(_line(payment, earned.placement, settled[payment.pk], earned))
        CommissionLine.objects.bulk_create(lines)
        written += len(lines)
    return written


def _settle_reversals(within: Q, as_of: date) -> int:
    taken = CommissionLine.objects.filter(payment_id=OuterRef("reverses_id"))
    rows = _of_placed(within, as_of).filter(~_has_line(), Exists(taken), reverses__isnull=False)
    written = 0
    for chunk in _chunks(rows):
        earlier = CommissionLine.objects.filter(payment_id__in=[reversal.reverses_id for reversal in chunk])
        by_payment = {line.payment_id: line for line in earlier.select_related("placement")}
        lines = []
        for reversal in chunk:
            line = by_payment[reversal.reverses_id]  # type: ignore[index]  # it reverses one
            earned = Earned(line.placement, line.rate_bp, -line.commission_minor, line.is_tail)
            lines.append(_line(reversal, line.placement, -line.base_minor, earned))
        CommissionLine.objects.bulk_create(lines)
        written += len(lines)
    return written


def _of_placed(within: Q, as_of: date) -> PaymentQuerySet:
    """Return the payments that can have to do with a placement: of accounts that were placed, since the first of these was.

    Said so that the index by account and day finds them, in a book with years of payments of everybody else.
    """
    placed = Placement.objects.filter(within)
    first = placed.aggregate(first=Min("placed_on"))["first"]
    if first is None:
        return Payment.objects.none()
    return Payment.objects.filter(within, account_id__in=placed.values("account_id"), paid_on__gt=first, paid_on__lte=as_of)


def _has_line() -> Exists:
    return Exists(CommissionLine.objects.filter(payment_id=OuterRef("pk")))


def _chunks(rows: QuerySet[Payment]) -> Iterable[list[Payment]]:
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield chunk
        last = chunk[-1].pk


def _line(payment: Payment, placement: Placement, base_minor: int, earned: Earned) -> CommissionLine:
    return CommissionLine(
        placement=placement,
        agency_id=placement.agency_id,
        payment=payment,
        value_date=payment.paid_on,
        base_minor=base_minor,
        rate_bp=earned.rate_bp,
        commission_minor=earned.commission_minor,
        is_tail=earned.is_tail,
    )


def recomputed_minor(lines: QuerySet[CommissionLine]) -> int:
    """Return what lines come to, worked out anew from the entries of the book, placements and terms: what a statement is
    reconciled with. Nothing that a line says of money is read. Of a reversal it is what its payment earned, taken back.
    """
    rows = list(lines.select_related("payment__reverses"))
    placements, settled = placements_of({line.payment.account_id for line in rows}), settled_as_known(rows)
    total = 0
    for line in rows:
        original = line.payment.reverses or line.payment
        earned = earned_by(original, settled[original.pk], placements[original.account_id])
        if earned is not None:
            total += -earned.commission_minor if line.payment.reverses_id is not None else earned.commission_minor
    return total


def unstated(agency_id: int, through: date) -> QuerySet[CommissionLine]:
    """Return the lines of an agency up to a day that are on no statement yet."""
    return CommissionLine.objects.filter(agency_id=agency_id, statement=None, value_date__lte=through).order_by(
        F("value_date").asc(), "pk"
    )
