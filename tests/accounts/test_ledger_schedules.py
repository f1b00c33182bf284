"""New schedules, cancelled instalments, credit paid back: what they do to the figures, what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER, make_account, make_installment, make_payment, make_product

from accounts.models import (
    AccountState,
    CreditAccount,
    Installment,
    InstallmentCancellation,
    Refund,
    ScheduleChange,
)
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import DayNotOpenYet, InstallmentNotBookedYet, LedgerRefusal, ReasonMissing
from accounts.operations.schedule_changes import NewInstallment, change_schedule, end_schedule
from accounts.operations.schedule_refusals import (
    AlreadyCancelled,
    CancellationReferenceTaken,
    ChangeAlreadyMade,
    ChangeEnded,
    ChangeReferenceTaken,
    ChangeTakenOver,
    ChangeUnknown,
    DueTooEarly,
    MoreThanOwed,
    NothingMoved,
    NotTheOpenDay,
    OfNewSchedule,
    RefundAboveCredit,
    RefundAlreadyMade,
    RefundReferenceTaken,
    ScheduleTakesLess,
    TooManyInstallments,
)
from accounts.queries.entries import load_entries
from accounts.queries.verifying import differences_now
from accounts.rules.entries import Part
from riskops.close_of_business import close_day
from riskops.shared.models import AuditEntry

CLOSED = date(2025, 3, 10)
OPEN = date(2025, 3, 11)

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> CreditAccount:
    """An account owing 100.00 and a fee of 5.00 since 1 March at 0.1 % a day, and 50.00 for May; closed to 10 March."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), account_no="LATE")
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000, fee=500)
    make_installment(account, due_date=date(2025, 5, 1), principal=5_000, booked_on=date(2025, 3, 5))
    rebuild_accounts([account.pk], as_of=date(2025, 3, 8), ahead_on=None)
    close_through(CLOSED, first=date(2025, 3, 9))
    return account


def close_through(last: date, *, first: date) -> None:
    for offset in range((last - first).days + 1):
        close_day(first + timedelta(days=offset), actor=TESTER)


#: Thirds of 100.00, and in the first one the fee of 5.00 and the penalty of ten days, 1.00.
THIRDS = (
    NewInstallment(date(2025, 4, 11), 3_400, 0, 600),
    NewInstallment(date(2025, 5, 11), 3_300),
    NewInstallment(date(2025, 6, 11), 3_300),
)


def restructure(account: CreditAccount, **fields: Any) -> ScheduleChange:
    """Restructure the late instalment in thirds on the open day, unless told."""
    late = account.installments.get(sequence=1, order_no="O1")
    return change_schedule(
        **{
            "actor": TESTER,
            "account_id": account.pk,
            "kind": ScheduleChange.Kind.RESTRUCTURE,
            "value_date": OPEN,
            "parts": [Part(late.pk, 100, 500, 0, 10_000)],
            "schedule": THIRDS,
            "bears_penalty": True,
            "reference": "PLAN-1",
            "reason": "signed",
            **fields,
        }
    )


def stands(account: CreditAccount) -> dict[str, int]:
    state = AccountState.objects.get(account=account)
    return {
        "dpd": state.days_past_due,
        "overdue": state.overdue_principal_minor + state.overdue_fee_minor,
        "penalty": state.penalty_due_minor,
        "principal": state.outstanding_principal_minor,
        "fee": state.outstanding_fee_minor,
        "credit": state.credit_balance_minor,
    }


def test_a_restructure_moves_what_is_late_and_is_not_late_itself_until_its_own_days(account: CreditAccount) -> None:
    assert stands(account) == {"dpd": 9, "overdue": 10_500, "penalty": 90, "principal": 15_000, "fee": 500, "credit": 0}

    restructure(account)

    assert stands(account) == {"dpd": 0, "overdue": 0, "penalty": 0, "principal": 15_000, "fee": 600, "credit": 0}
    close_through(date(2025, 4, 13), first=OPEN)
    # The first third was due on 11 April: two days late, at 0.1 % of its principal a day (0.068, rounded).
    assert stands(account) == {"dpd": 2, "overdue": 4_000, "penalty": 7, "principal": 15_000, "fee": 600, "credit": 0}
    assert list(differences_now()) == []


def test_the_old_schedule_stays_readable_and_the_days_before_stay_as_they_were(account: CreditAccount) -> None:
    restructure(account)

    entries = load_entries([account.pk])[account.pk]
    assert entries.rebuilt(CLOSED).state.days_past_due == 9
    late = account.installments.get(order_no="O1", sequence=1)
    assert (late.principal_minor, late.fee_minor, late.principal_unpaid_minor, late.is_open) == (10_000, 500, 0, False)
    new = account.installments.filter(order_no="PLAN-1").values_list("sequence", "due_date", "principal_minor", "fee_minor")
    assert list(new) == [
        (1, date(2025, 4, 11), 3_400, 600),
        (2, date(2025, 5, 11), 3_300, 0),
        (3, date(2025, 6, 11), 3_300, 0),
    ]


def test_a_schedule_agreed_without_penalty_costs_none(account: CreditAccount) -> None:
    restructure(account, bears_penalty=False)

    close_through(date(2025, 4, 20), first=OPEN)

    assert (stands(account)["dpd"], stands(account)["penalty"]) == (9, 0)
    assert list(differences_now()) == []


def test_broken_it_is_owed_again_as_before_less_what_was_paid_and_penalty_runs_from_the_day_after(account: CreditAccount) -> None:
    restructure(account)
    close_through(date(2025, 4, 10), first=OPEN)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=4_000, value_date=date(2025, 4, 11), reference="T1")
    close_through(date(2025, 4, 19), first=date(2025, 4, 11))

    end_schedule(actor=TESTER, reference="PLAN-1", value_date=date(2025, 4, 20), reason="second third missed")

    # The first third was paid: 34.00 of principal, the fee and the old penalty. 66.00 is late since 1 March again.
    assert stands(account) == {"dpd": 50, "overdue": 6_600, "penalty": 0, "principal": 11_600, "fee": 0, "credit": 0}
    close_through(date(2025, 4, 22), first=date(2025, 4, 20))
    # Two days of 0.1 % of 66.00.
    assert (stands(account)["dpd"], stands(account)["penalty"]) == (52, 13)
    assert list(differences_now()) == []


def test_its_own_price_is_given_up_as_far_as_it_is_unpaid(account: CreditAccount) -> None:
    dear = (THIRDS[0], THIRDS[1]._replace(interest_minor=200), THIRDS[2]._replace(interest_minor=100))
    restructure(account, schedule=dear)
    assert AccountState.objects.get(account=account).outstanding_interest_minor == 300
    close_through(OPEN, first=OPEN)

    end_schedule(actor=TESTER, reference="PLAN-1", value_date=date(2025, 3, 12), reason="withdrawn")

    state = AccountState.objects.get(account=account)
    assert (state.outstanding_principal_minor, state.outstanding_interest_minor, state.outstanding_fee_minor) == (15_000, 0, 500)
    assert state.penalty_due_minor == 100


def test_a_payment_that_comes_in_late_shortens_the_new_schedule_from_its_end(account: CreditAccount) -> None:
    restructure(account)

    # Paid before it was signed: 0.90 of penalty, the fee, and 3.10 of principal.
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=900, value_date=CLOSED, reference="T1")

    assert stands(account)["principal"] == 15_000 - 310
    last = account.installments.get(order_no="PLAN-1", sequence=3)
    assert (last.principal_minor, last.principal_unpaid_minor) == (3_300, 3_300 - 310)
    # What is left of the fee is nothing, of the penalty 0.10: of ten days 1.00, less 0.90.
    assert stands(account)["fee"] == 10
    assert list(differences_now()) == []


def test_a_payment_undone_after_the_signature_is_owed_on_its_old_due_date(account: CreditAccount) -> None:
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=2_590, value_date=CLOSED, reference="T1")
    late = account.installments.get(order_no="O1", sequence=1)
    # 0.90 of penalty, 5.00 of fee and 20.00 of principal are paid; on the open day 0.08 of penalty has come.
    halves = (NewInstallment(date(2025, 4, 11), 4_000, 0, 8), NewInstallment(date(2025, 5, 11), 4_000))
    restructure(account, parts=[Part(late.pk, 8, 0, 0, 8_000)], schedule=halves)
    assert stands(account)["dpd"] == 0

    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")

    assert (stands(account)["dpd"], stands(account)["overdue"]) == (10, 2_500)
    assert stands(account)["principal"] == 15_000
    assert list(differences_now()) == []


def test_what_was_signed_twice_counts_once(account: CreditAccount) -> None:
    restructure(account)

    with pytest.raises(ChangeAlreadyMade):
        restructure(account)
    with pytest.raises(ChangeReferenceTaken):
        restructure(account, schedule=(THIRDS[0], THIRDS[1], THIRDS[2]._replace(due_date=date(2025, 7, 11))))

    assert Installment.objects.filter(order_no="PLAN-1").count() == 3


@pytest.mark.parametrize(
    ("fields", "refusal", "why"),
    [
        ({"value_date": CLOSED}, NotTheOpenDay, "counts from the open day, 2025-03-11, and not from 2025-03-10"),
        ({"value_date": date(2025, 3, 12)}, NotTheOpenDay, "not from 2025-03-12"),
        ({"schedule": (THIRDS[0], THIRDS[1])}, ScheduleTakesLess, "holds 67.00 of principal for the 100.00"),
        (
            {"schedule": (THIRDS[0]._replace(fee_minor=599), THIRDS[1], THIRDS[2])},
            ScheduleTakesLess,
            "holds 5.99 of fee for the 6.00",
        ),
        ({"schedule": (THIRDS[0]._replace(due_date=OPEN), THIRDS[1], THIRDS[2])}, DueTooEarly, "come after 2025-03-11"),
        ({"schedule": (THIRDS[1], THIRDS[0], THIRDS[2])}, DueTooEarly, "each later than the one before"),
        ({"schedule": ()}, NothingMoved, "Nothing that is owed"),
        ({"reason": " "}, ReasonMissing, "No reason is given"),
        ({"reference": "O1"}, ChangeReferenceTaken, "O1 is in the book for something else"),
    ],
)
def test_a_schedule_that_does_not_hold_is_refused(
    account: CreditAccount, fields: dict[str, Any], refusal: type[LedgerRefusal], why: str
) -> None:
    before = stands(account)

    with pytest.raises(refusal, match=why):
        restructure(account, **fields)

    assert not ScheduleChange.objects.exists()
    assert stands(account) == before


@pytest.mark.parametrize("part", [(101, 500, 0, 10_000), (100, 501, 0, 10_000), (100, 500, 1, 10_000), (100, 500, 0, 10_001)])
def test_more_than_is_owed_is_not_taken(account: CreditAccount, part: tuple[int, int, int, int]) -> None:
    late = account.installments.get(order_no="O1", sequence=1)

    with pytest.raises(MoreThanOwed, match="O1/1"):
        restructure(account, parts=[Part(late.pk, *part)])

    assert not ScheduleChange.objects.exists()


def test_sixty_one_instalments_are_too_many(account: CreditAccount) -> None:
    late = account.installments.get(order_no="O1", sequence=1)
    many = [NewInstallment(OPEN + timedelta(days=n), 100) for n in range(1, 62)]

    with pytest.raises(TooManyInstallments, match="61 instalments are more than the 60"):
        restructure(account, parts=[Part(late.pk, 0, 0, 0, 6_100)], schedule=many)


def test_a_schedule_of_a_schedule_ends_first(account: CreditAccount) -> None:
    restructure(account)
    first = account.installments.get(order_no="PLAN-1", sequence=1)
    later = [NewInstallment(date(2025, 8, 1), 3_400, 0, 600)]
    restructure(
        account, parts=[Part(first.pk, 0, 600, 0, 3_400)], schedule=later, reference="PLAN-2", kind=ScheduleChange.Kind.DEFERRAL
    )
    close_through(OPEN, first=OPEN)
    open_day = OPEN + timedelta(days=1)

    with pytest.raises(ChangeTakenOver, match="taken over by PLAN-2"):
        end_schedule(actor=TESTER, reference="PLAN-1", value_date=open_day, reason="broken")
    with pytest.raises(ChangeUnknown):
        end_schedule(actor=TESTER, reference="PLAN-9", value_date=open_day, reason="broken")

    end_schedule(actor=TESTER, reference="PLAN-2", value_date=open_day, reason="broken")
    end_schedule(actor=TESTER, reference="PLAN-1", value_date=open_day, reason="broken")
    with pytest.raises(ChangeEnded, match="ended on 2025-03-12"):
        end_schedule(actor=TESTER, reference="PLAN-1", value_date=open_day, reason="broken")
    assert stands(account) == {"dpd": 11, "overdue": 10_500, "penalty": 100, "principal": 15_000, "fee": 500, "credit": 0}
    assert list(differences_now()) == []


def test_a_schedule_does_not_end_on_the_day_it_begins(account: CreditAccount) -> None:
    restructure(account)

    with pytest.raises(NotTheOpenDay, match="can end on a later day only"):
        end_schedule(actor=TESTER, reference="PLAN-1", value_date=OPEN, reason="broken")

    assert ScheduleChange.objects.get().ended_on is None


def test_a_cancelled_instalment_has_never_been_from_its_day_on(account: CreditAccount) -> None:
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=590, value_date=CLOSED, reference="T1")
    assert stands(account)["penalty"] == 0

    cancel(account)

    # What it had taken, 0.90 of penalty and 5.00 of the fee, prepays the 50.00 of May.
    assert stands(account) == {"dpd": 0, "overdue": 0, "penalty": 0, "principal": 5_000 - 590, "fee": 0, "credit": 0}
    assert load_entries([account.pk])[account.pk].rebuilt(CLOSED).state.days_past_due == 9
    close_through(OPEN + timedelta(days=2), first=OPEN)
    assert stands(account)["dpd"] == 0
    assert list(differences_now()) == []


def cancel(account: CreditAccount, **fields: Any) -> InstallmentCancellation:
    return cancel_installment(
        **{
            "actor": TESTER,
            "account_id": account.pk,
            "order_no": "O1",
            "sequence": 1,
            "value_date": OPEN,
            "reference": "C1",
            "reason": "fraud",
            **fields,
        }
    )


def test_what_cannot_be_cancelled_is_refused(account: CreditAccount) -> None:
    restructure(account)

    with pytest.raises(OfNewSchedule, match="cancel the instalment that it took over"):
        cancel(account, order_no="PLAN-1")
    with pytest.raises(DayNotOpenYet):
        cancel(account, sequence=2, value_date=date(2025, 3, 12))
    with pytest.raises(InstallmentNotBookedYet):
        cancel(account, sequence=2, value_date=date(2025, 3, 4))
    assert not InstallmentCancellation.objects.exists()

    cancel(account, sequence=2)
    with pytest.raises(AlreadyCancelled, match="2025-03-11 on by C1"):
        cancel(account, sequence=2, reference="C2")
    other = make_account()
    make_installment(other, due_date=date(2025, 3, 1))
    with pytest.raises(CancellationReferenceTaken):
        cancel(other)
    assert InstallmentCancellation.objects.count() == 1


def pay_back(account: CreditAccount, **fields: Any) -> Refund:
    return refund_credit(
        **{
            "actor": TESTER,
            "account_id": account.pk,
            "amount_minor": 1_000,
            "value_date": OPEN,
            "reference": "B1",
            "reason": "asked",
            **fields,
        }
    )


@pytest.fixture
def in_credit(account: CreditAccount) -> CreditAccount:
    """The account after a payment of 170.00 on the open day: 156.00 was owed, so 14.00 is credit."""
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=17_000, value_date=OPEN, reference="T1")
    assert stands(account) == {"dpd": 0, "overdue": 0, "penalty": 0, "principal": 0, "fee": 0, "credit": 1_400}
    return account


def test_credit_is_paid_back_once_and_what_is_left_is_credit(in_credit: CreditAccount) -> None:
    pay_back(in_credit)

    assert stands(in_credit)["credit"] == 400
    with pytest.raises(RefundAlreadyMade):
        pay_back(in_credit)
    with pytest.raises(RefundReferenceTaken):
        pay_back(in_credit, amount_minor=300)
    with pytest.raises(RefundAboveCredit, match=r"4.01 is more than the credit balance of 4.00"):
        pay_back(in_credit, amount_minor=401, reference="B2")
    with pytest.raises(NotTheOpenDay):
        pay_back(in_credit, amount_minor=1, reference="B2", value_date=CLOSED)
    assert stands(in_credit)["credit"] == 400
    assert AuditEntry.objects.filter(action="account.refund").count() == 1
    assert list(differences_now()) == []


def test_where_the_credit_is_gone_what_was_paid_back_is_taken_from_the_next_one(in_credit: CreditAccount) -> None:
    pay_back(in_credit)
    reverse_payment(actor=TESTER, payment_no="T1", value_date=OPEN, reference="R1", reason="bounced")
    make_payment(in_credit, paid_on=date(2025, 3, 12), amount=16_600)
    close_through(date(2025, 3, 13), first=OPEN)

    # 150.00, the fee of 5.00 and 1.10 of penalty are owed on the 12th; of the 9.90 that is left nothing becomes credit, and
    # 0.10 of what was paid back is still owed.
    assert stands(in_credit) == {"dpd": 0, "overdue": 0, "penalty": 0, "principal": 0, "fee": 0, "credit": -10}
    assert load_entries([in_credit.pk])[in_credit.pk].rebuilt(date(2025, 3, 13)).refund_shortfall_minor == 10
    assert list(differences_now()) == []
