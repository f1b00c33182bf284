"""The loop that everybody writes first: one account after the other through the ORM. For comparison, on a sample.

It does less than the close: it ages, and neither posts the day's payments nor draws up the report of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from accounts.models import AccountState, CreditAccount
from accounts.rules import aging
from accounts.rules.penalty import PenaltyClock
from tests.benchmarks.nights import close_night, next_day
from tests.benchmarks.rows import Row, at_least, note
from tests.benchmarks.site import Site, seconds_of

SAMPLE: Final = 2_000


def measure_loops(site: Site) -> Iterator[Row]:
    """Age a sample of accounts with the loop, and compare with the close of the whole book, payments and report included."""
    day = next_day()
    everyone = list(_spread(AccountState.objects.order_by("pk").values_list("pk", flat=True), site.accounts))
    late = AccountState.objects.filter(oldest_unpaid_due_date__isnull=False)
    late_count = late.count()
    late_ones = list(_spread(late.order_by("pk").values_list("pk", flat=True), late_count))
    each = seconds_of(lambda: age_one_by_one(everyone, day)) / len(everyone)
    each_late = seconds_of(lambda: age_one_by_one(late_ones, day)) / len(late_ones)
    close = close_night(site).book_seconds
    yield note("loops", "loop over accounts", f"{1e3 * each:.2f} ms an account, {each * site.accounts:,.0f} s the book")
    yield at_least("loops", "loop over all accounts / close", each * site.accounts / close, 300, "×", digits=0)
    yield note("loops", f"loop over the {late_count:,} late ones", f"{1e3 * each_late:.2f} ms each")
    yield at_least("loops", "loop over the late ones alone / close", each_late * late_count / close, 50, "×", digits=0)


def _spread(ids: Sequence[int], count: int) -> Sequence[int]:
    """Return about SAMPLE of the ids, evenly spread."""
    return list(ids)[:: max(1, count // SAMPLE)]


def age_one_by_one(account_ids: Sequence[int], day: date) -> None:
    """Take account by account its state, its product and its instalments, compute the figures in Python, save."""
    for account in CreditAccount.objects.filter(pk__in=account_ids).order_by("pk"):
        state, terms = account.state, account.product.terms
        late, owed, penalty = [], [], 0
        for installment in account.installments.order_by("due_date", "order_no", "sequence"):
            if not installment.is_open or installment.booked_on > day:
                continue
            owed.append(installment)
            unpaid = installment.principal_unpaid_minor + installment.interest_unpaid_minor + installment.fee_unpaid_minor
            if installment.due_date < day and unpaid:
                late.append(installment)
            accrued = PenaltyClock(terms, installment.due_date, installment.principal_minor).due_minor(
                accrued_micro=installment.accrued_micro,
                accrued_through=installment.accrued_through,
                base_minor=installment.principal_unpaid_minor
                + (installment.interest_unpaid_minor if terms.penalty_on_interest else 0),
                as_of=day,
            )
            penalty += max(0, accrued - installment.penalty_settled_minor)
        state.oldest_unpaid_due_date = late[0].due_date if late else None
        state.days_past_due = (day - late[0].due_date).days if late else 0
        state.bucket = aging.bucket(state.days_past_due, bucket_map=terms.bucket_map)
        state.category = aging.category(state.days_past_due)
        state.stage = aging.stage(state.days_past_due)
        state.overdue_principal_minor = sum(i.principal_unpaid_minor for i in late)
        state.overdue_interest_minor = sum(i.interest_unpaid_minor for i in late)
        state.overdue_fee_minor = sum(i.fee_unpaid_minor for i in late)
        state.penalty_due_minor = penalty
        state.outstanding_principal_minor = sum(i.principal_unpaid_minor for i in owed)
        state.outstanding_interest_minor = sum(i.interest_unpaid_minor for i in owed)
        state.outstanding_fee_minor = sum(i.fee_unpaid_minor for i in owed)
        state.has_booked = state.has_booked or bool(owed)
        state.save()
