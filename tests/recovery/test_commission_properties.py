"""Commission conserves to the minor unit, whatever is paid, reversed, recalled, placed anew and stated, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from agency_books import DAY, actor_of, make_agency, make_late, stand_at
from django.db.models import Sum
from factories import TESTER, set_business_date
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import CreditAccount
from accounts.operations.payments import post_payment, reverse_payment
from recovery.models import Agency, AgencyStatement, CommissionLine, Placement, PlacementBatch
from recovery.operations.agencies.commissions import settle
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.refusals import PaidToday
from recovery.operations.agencies.statements import issue_statement, prepare_statement
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
_number = count(1)
TAIL = 5

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(1, 5_000)),
        st.tuples(st.just("reverse"), st.integers(0, 9)),
        st.tuples(st.just("recall"), st.just(0)),
        st.tuples(st.just("place"), st.integers(0, 1)),
        st.tuples(st.just("wait"), st.integers(1, 20)),
    ),
    max_size=14,
)


@dataclass
class Story:
    """What happened to one account, as a plain list tells it, beside the rows."""

    account: CreditAccount
    agencies: list[Agency]
    lead: Actor
    approver: Actor
    today: date = DAY + timedelta(days=1)
    placed: list[list[object]] = field(default_factory=list)
    paid: list[tuple[str, int, date]] = field(default_factory=list)
    undone: set[str] = field(default_factory=set)

    def place(self, number: int) -> None:
        """Place it by the close of the day before, unless it is placed."""
        if self.placed and self.placed[-1][2] is None:
            return
        agency = self.agencies[number]
        day = self.today - timedelta(days=1)
        if self.placed and day < self.placed[-1][2]:  # type: ignore[operator]
            return
        batch = PlacementBatch.objects.create(rule="r", currency="CNY", shares={}, seed=1, as_of=day, drafted_by_name="x")
        terms = agency.terms.get()
        Placement.objects.create(
            batch=batch,
            account=self.account,
            agency=agency,
            terms=terms,
            placed_on=day,
            amount_minor=1,
            bucket=4,
            days_past_due=100,
        )
        self.placed.append([number, day, None])

    def pay(self, amount: int) -> None:
        """Pay today."""
        reference = f"P-{next(_number)}"
        post_payment(actor=TESTER, account_id=self.account.pk, amount_minor=amount, value_date=self.today, reference=reference)
        self.paid.append((reference, amount, self.today))

    def reverse(self, number: int) -> None:
        """Undo one of the payments today."""
        left = [reference for reference, _amount, _day in self.paid if reference not in self.undone]
        if left:
            reference = left[number % len(left)]
            reverse_payment(
                actor=TESTER, payment_no=reference, value_date=self.today, reference=f"U-{next(_number)}", reason="bounced"
            )
            self.undone.add(reference)

    def recall(self, _number: int) -> None:
        """Recall it by hand, unless it was paid today."""
        if not self.placed or self.placed[-1][2] is not None:
            return
        paid_today = any(day == self.today and reference not in self.undone for reference, _amount, day in self.paid)
        try:
            recall_account(actor=self.lead, account_no=self.account.account_no, reason="other", note="n")
        except PaidToday:
            assert paid_today
            return
        assert not paid_today
        self.placed[-1][2] = self.today

    def wait(self, days: int) -> None:
        """Let days be closed; a month that ends is stated and issued."""
        for _day in range(days):
            set_business_date(self.today)
            settle(as_of=self.today, account_ids=[self.account.pk])
            following = self.today + timedelta(days=1)
            if following.day == 1:
                for agency in self.agencies:
                    row = prepare_statement(actor=self.lead, code=agency.code, month=self.today.replace(day=1))
                    issue_statement(actor=self.approver, statement_id=row.pk)
            self.today = following

    def owed_to(self, number: int) -> int:
        """Return what an agency earned, worked out from the list alone: 25 % in the first 30 days, 10 % later, half up."""
        total = 0
        for reference, amount, day in self.paid:
            before = [stay for stay in self.placed if stay[1] < day]  # type: ignore[operator]
            if not before or reference in self.undone:
                continue
            whose, since, until = before[-1]
            if whose == number and (until is None or day <= until + timedelta(days=TAIL)):  # type: ignore[operator]
                percent = 25 if (day - since).days <= 30 else 10  # type: ignore[operator]
                total += (amount * percent * 2 + 100) // 200
        return total


@settings(max_examples=25)
@given(acts=ACTS)
def test_lines_and_statements_come_to_what_the_payments_give(acts: list[tuple[str, int]]) -> None:
    tag = next(_number)
    agencies = [make_agency(f"n{tag}", staff=False, tail_days=TAIL), make_agency(f"s{tag}", staff=False, tail_days=TAIL)]
    account = make_late(principal=100_000_000)
    stand_at(DAY, [account])
    story = Story(account, agencies, actor_of(Role.TEAM_LEAD), actor_of(Role.APPROVER))
    story.place(0)
    for name, number in acts:
        getattr(story, name)(number)
    story.wait(1)
    for number, agency in enumerate(agencies):
        lines = CommissionLine.objects.filter(agency=agency)
        earned = lines.aggregate(total=Sum("commission_minor"))["total"] or 0
        assert earned == story.owed_to(number)
        # What is on statements and what is not yet come to the same, line by line.
        stated = AgencyStatement.objects.filter(agency=agency, status="issued").aggregate(total=Sum("total_minor"))["total"] or 0
        unstated = lines.filter(statement=None).aggregate(total=Sum("commission_minor"))["total"] or 0
        assert stated + unstated == earned
        for row in AgencyStatement.objects.filter(agency=agency, status="issued"):
            assert row.total_minor == (row.lines.aggregate(total=Sum("commission_minor"))["total"] or 0)
            assert row.lines_count == row.lines.count()
    # Settled again, nothing is earned twice.
    assert settle(as_of=story.today, account_ids=[account.pk]) == 0
