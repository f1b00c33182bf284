"""Random books on which schedules change and end, instalments are cancelled and credit is paid back between the closes.

Whatever happens, the nightly SQL, the one-account path and the replay say the same, and money is conserved to the minor unit.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER
from random_books import FIRST_DAY, longer, make_random_book
from test_three_paths import replayed_book, stored_book

from accounts.models import CreditAccount, InstallmentCancellation, Payment, Refund, ScheduleChange
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.schedule_changes import NewInstallment, change_schedule, end_schedule
from accounts.operations.waivers import waive
from accounts.queries.entries import load_entries
from accounts.queries.verifying import differences_now
from accounts.rules.entries import Part
from accounts.rules.replay import RebuiltAccount
from accounts.rules.terms import Component
from riskops.close_of_business import close_day

DAYS = 40


class Desk:
    """People who do things at random to the accounts of a book, on its open day."""

    def __init__(self, seed: int, accounts: list[CreditAccount]) -> None:
        self.dice, self.accounts, self.number = random.Random(seed), accounts, 0

    def work(self, open_day: date) -> None:
        for account in self.dice.sample(self.accounts, len(self.accounts) // 3):
            if account.opened_on <= open_day:
                self.number += 1
                act = self.dice.choice(
                    [self.change, self.change, self.end, self.cancel, self.refund, self.waive, self.pay, self.undo]
                )
                try:
                    act(account, open_day, f"N{self.number}")
                except LedgerRefusal:
                    continue

    def rebuilt(self, account: CreditAccount, day: date) -> RebuiltAccount:
        return load_entries([account.pk])[account.pk].rebuilt(day)

    def change(self, account: CreditAccount, day: date, reference: str) -> None:
        owing = [i for i in self.rebuilt(account, day).installments if not i.is_paid]
        chosen = self.dice.sample(owing, self.dice.randrange(len(owing) + 1))
        parts = [
            Part(
                i.entry.key,
                self.dice.choice([0, i.penalty_due_minor(day)]),
                self.dice.choice([i.unpaid[Component.FEE], i.unpaid[Component.FEE] // 2]),
                i.unpaid[Component.INTEREST],
                self.dice.choice([i.unpaid[Component.PRINCIPAL], i.unpaid[Component.PRINCIPAL] // 3]),
            )
            for i in chosen
        ]
        number = self.dice.randrange(1, 5)
        totals = (
            sum(p.principal_minor for p in parts),
            sum(p.interest_minor for p in parts) + self.dice.choice([0, 0, 77]),
            sum(p.fee_minor + p.penalty_minor for p in parts),
        )
        schedule = [
            NewInstallment(
                day + timedelta(days=7 * (n + 1)), *(t // number + (t % number if n == number - 1 else 0) for t in totals)
            )
            for n in range(number)
        ]
        change_schedule(
            actor=TESTER,
            account_id=account.pk,
            kind=self.dice.choice(list(ScheduleChange.Kind)),
            value_date=day,
            parts=parts,
            schedule=schedule,
            bears_penalty=self.dice.random() < 0.5,
            reference=reference,
            reason="agreed",
        )

    def end(self, account: CreditAccount, day: date, _reference: str) -> None:
        change = ScheduleChange.objects.filter(account=account, ended_on=None).order_by("-pk").first()
        if change is not None:
            end_schedule(actor=TESTER, reference=change.reference, value_date=day, reason="broken")

    def cancel(self, account: CreditAccount, day: date, reference: str) -> None:
        installment = self.dice.choice(list(account.installments.all()) or [None])
        if installment is not None:
            cancel_installment(
                actor=TESTER,
                account_id=account.pk,
                order_no=installment.order_no,
                sequence=installment.sequence,
                value_date=day - timedelta(days=self.dice.choice([0, 0, 4])),
                reference=reference,
                reason="sent back",
            )

    def refund(self, account: CreditAccount, day: date, reference: str) -> None:
        credit = self.rebuilt(account, day).state.credit_balance_minor
        refund_credit(
            actor=TESTER, account_id=account.pk, amount_minor=credit, value_date=day, reference=reference, reason="asked"
        )

    def waive(self, account: CreditAccount, day: date, reference: str) -> None:
        owing = [i for i in self.rebuilt(account, day).installments if i.penalty_due_minor(day)]
        for i in owing[:1]:
            waive(
                actor=TESTER,
                account_id=account.pk,
                order_no=i.entry.order_no,
                sequence=i.entry.sequence,
                component=Component.PENALTY,
                amount_minor=i.penalty_due_minor(day),
                value_date=day,
                reference=reference,
                reason="goodwill",
            )

    def pay(self, account: CreditAccount, day: date, reference: str) -> None:
        post_payment(
            actor=TESTER,
            account_id=account.pk,
            amount_minor=self.dice.choice([500, 10_000, 99_999]),
            value_date=day - timedelta(days=self.dice.choice([0, 0, 3])),
            reference=reference,
        )

    def undo(self, account: CreditAccount, day: date, reference: str) -> None:
        payment = Payment.objects.filter(account=account, reverses=None, paid_on__lte=day).order_by("-paid_on").first()
        if payment is not None:
            reverse_payment(actor=TESTER, payment_no=payment.payment_no, value_date=day, reference=reference, reason="bounced")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [21, *(pytest.param(seed, marks=marks) for seed, marks in longer(22, 23, 24))])
def test_whatever_is_agreed_and_broken_all_paths_agree_and_money_is_conserved(seed: int, settings: Any) -> None:
    settings.CLOSE_SHARD_ACCOUNTS = 14
    accounts = make_random_book(seed=seed, accounts=30, days=DAYS)
    desk = Desk(seed, accounts)
    for offset in range(DAYS):
        day = FIRST_DAY + timedelta(days=offset)
        close_day(day, actor=TESTER)
        assert stored_book(accounts) == replayed_book(accounts, day), day
        desk.work(day + timedelta(days=1))
    assert list(differences_now()) == []
    # Nothing of it was refused throughout.
    assert ScheduleChange.objects.count() >= 10
    assert ScheduleChange.objects.filter(ended_on__isnull=False).count() >= 3
    assert InstallmentCancellation.objects.count() >= 5
    assert Refund.objects.count() >= 3
    for entries in load_entries([account.pk for account in accounts]).values():
        rebuilt = entries.rebuilt(day)
        paid = sum(
            p.amount_minor for p in entries.payments if p.value_date <= day and not (p.reversed_on and p.reversed_on <= day)
        )
        allocated = sum(line.amount_minor for line in rebuilt.allocations)
        paid_back = sum(r.amount_minor for r in entries.refunds if r.value_date <= day)
        assert paid == allocated + paid_back + rebuilt.state.credit_balance_minor
        for i in rebuilt.installments:
            lines = [n for n in (*rebuilt.allocations, *rebuilt.waived, *rebuilt.moved) if n.installment == i.entry.key]
            taken = {c: sum(n.amount_minor for n in lines if n.component == c) for c in Component}
            scheduled = {
                Component.PRINCIPAL: i.entry.principal_minor,
                Component.INTEREST: i.entry.interest_minor,
                Component.FEE: i.entry.fee_minor,
            }
            assert {c: scheduled[c] - taken[c] for c in scheduled} == i.unpaid
