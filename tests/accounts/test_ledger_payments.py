"""Payments and reversals entered one at a time: what they do to the account, what is refused, what is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from factories import TESTER, make_account, make_installment, make_payment, make_product, set_business_date
from side_by_side import at_once

from accounts.models import AccountState, Allocation, CreditAccount, Installment, Payment, ReportedState
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import (
    AccountUnknown,
    AlreadyReversed,
    AmountNotAboveZero,
    AmountTooLarge,
    BeforeOpening,
    DayOutOfRange,
    InstallmentUnknown,
    LedgerRefusal,
    PaymentAlreadyPosted,
    PaymentReferenceTaken,
    PaymentUnknown,
    ReasonMissing,
    ReferenceMalformed,
    ReversalBeforePayment,
    ReversalOfAReversal,
)
from accounts.rules.terms import Component
from riskops.shared.models import AuditEntry

CLOSED = date(2025, 3, 10)
OPEN = date(2025, 3, 11)


def close_at(account: CreditAccount, day: date = CLOSED) -> None:
    """Leave the book as a close of the day would: the business date, and the account's state at it."""
    set_business_date(day)
    rebuild_accounts([account.pk], as_of=day, ahead_on=None)


@pytest.fixture
def late_account(db: None) -> CreditAccount:
    """An account 37 days past due at the last close: 100.00 due on 1 February, 100.00 on 1 March; 0.1 % a day.

    Penalty at the close of 10 March: 10,000 × 1,000 ppm × 37 = 370, and × 9 = 90.
    """
    account = make_account(product=make_product(penalty_rate_ppm=1_000), account_no="LATE")
    make_installment(account, due_date=date(2025, 2, 1), principal=10_000)
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000)
    close_at(account)
    return account


def pay(account: CreditAccount, **fields: Any) -> Payment:
    """Post a payment of 10.00 on the open day unless told."""
    return post_payment(
        **{
            "actor": TESTER,
            "account_id": account.pk,
            "amount_minor": 1_000,
            "value_date": OPEN,
            "reference": "T1",
            **fields,
        }
    )


def undo(payment_no: str = "T1", **fields: Any) -> Payment:
    """Reverse a payment on the open day unless told."""
    return reverse_payment(
        **{
            "actor": TESTER,
            "payment_no": payment_no,
            "value_date": OPEN,
            "reference": "R1",
            "reason": "bounced",
            **fields,
        }
    )


def everything() -> tuple[list[Any], ...]:
    """Return all rows that an entry may touch, to compare before and after."""
    return tuple(
        list(model.objects.order_by("pk").values())
        for model in (Payment, Allocation, Installment, AccountState, ReportedState, AuditEntry)
    )


def test_a_payment_of_the_open_day_counts_on_the_spot(late_account: CreditAccount) -> None:
    payment = pay(late_account, amount_minor=10_400)

    state = AccountState.objects.get(pk=late_account.pk)
    # The 11th: penalties 380 and 100. 380 + 10,000 for February; the 20 left go to March's penalty.
    assert payment.is_posted
    assert (state.oldest_unpaid_due_date, state.days_past_due, state.bucket) == (date(2025, 3, 1), 10, 1)
    assert (state.overdue_principal_minor, state.penalty_due_minor, state.credit_balance_minor) == (10_000, 80, 0)
    assert (state.category, state.stage, state.ahead_on) == (1, 1, OPEN)
    assert list(
        Allocation.objects.order_by("id").values_list("installment__sequence", "component", "amount_minor", "allocated_on")
    ) == [
        (1, Component.PENALTY, 380, OPEN),
        (1, Component.PRINCIPAL, 10_000, OPEN),
        (2, Component.PENALTY, 20, OPEN),
    ]
    first, second = Installment.objects.order_by("sequence")
    assert (first.principal_unpaid_minor, first.penalty_settled_minor, first.is_open) == (0, 380, False)
    assert (second.accrued_micro, second.accrued_through, second.penalty_settled_minor) == (100_000_000, OPEN, 20)


def test_the_audit_line_says_what_changed(late_account: CreditAccount) -> None:
    pay(late_account, amount_minor=10_400, reason="counter")

    line = AuditEntry.objects.get()
    assert (line.actor_name, line.action, line.subject_type, line.subject_key) == ("tester", "payment.post", "payment", "T1")
    assert (line.account_id, line.reason) == (late_account.pk, "counter")
    # Of the same day: 38 days late on the 11th without the payment, 3.80 and 1.00 of penalty.
    assert line.before == {
        "days_past_due": 38,
        "bucket": "m2",
        "overdue_total_minor": 20_480,
        "penalty_due_minor": 480,
        "outstanding_principal_minor": 20_000,
        "credit_balance_minor": 0,
    }
    assert line.after == {
        "account_id": late_account.pk,
        "amount_minor": 10_400,
        "value_date": "2025-03-11",
        "is_posted": True,
        "days_past_due": 10,
        "bucket": "m1",
        "overdue_total_minor": 10_080,
        "penalty_due_minor": 80,
        "outstanding_principal_minor": 10_000,
        "credit_balance_minor": 0,
    }


def test_a_small_payment_does_not_show_a_day_passing_as_its_doing(late_account: CreditAccount) -> None:
    pay(late_account, amount_minor=100)
    undo("T1", reference="R1")

    (paid, undone) = AuditEntry.objects.order_by("id")
    assert paid.before is not None and paid.after is not None and undone.before is not None and undone.after is not None
    assert (paid.before["days_past_due"], paid.after["days_past_due"]) == (38, 38)
    assert (paid.before["overdue_total_minor"], paid.after["overdue_total_minor"]) == (20_480, 20_380)
    assert (undone.before["overdue_total_minor"], undone.after["overdue_total_minor"]) == (20_380, 20_480)


def test_a_payment_of_a_closed_day_rebuilds_the_account_and_keeps_what_was_reported(late_account: CreditAccount) -> None:
    pay(late_account, amount_minor=10_100, value_date=date(2025, 2, 11))

    state = AccountState.objects.get(pk=late_account.pk)
    # Ten days late on the 11th of February: 100 of penalty and all of the principal. March is as it was.
    assert (state.days_past_due, state.overdue_principal_minor, state.penalty_due_minor, state.ahead_on) == (9, 10_000, 90, None)
    kept = ReportedState.objects.get()
    assert (kept.account_id, kept.as_of, kept.is_absent) == (late_account.pk, CLOSED, False)
    assert (kept.days_past_due, kept.bucket, kept.overdue_principal_minor, kept.penalty_due_minor) == (37, 2, 20_000, 460)


def test_what_was_reported_is_kept_once_and_not_overwritten_by_a_second_posting(late_account: CreditAccount) -> None:
    pay(late_account, value_date=date(2025, 2, 11))
    pay(late_account, reference="T2")

    kept = ReportedState.objects.get()
    assert (kept.days_past_due, kept.overdue_principal_minor, kept.penalty_due_minor) == (37, 20_000, 460)


def test_an_account_opened_after_the_last_close_was_in_no_report(db: None) -> None:
    account = make_account(opened_on=OPEN)
    close_at(account)

    pay(account)

    assert list(ReportedState.objects.values_list("account_id", "as_of", "is_absent")) == [(account.pk, CLOSED, True)]
    assert AccountState.objects.get(pk=account.pk).credit_balance_minor == 1_000


def test_an_account_without_a_state_gets_one_and_was_in_no_report(db: None) -> None:
    account = make_account()
    set_business_date(CLOSED)

    pay(account)

    assert list(ReportedState.objects.values_list("account_id", "is_absent")) == [(account.pk, True)]
    state = AccountState.objects.get(pk=account.pk)
    assert (state.credit_balance_minor, state.ahead_on, state.product_id) == (1_000, OPEN, account.product_id)


def test_a_payment_of_a_later_day_waits_for_its_close(late_account: CreditAccount) -> None:
    before = list(AccountState.objects.values())

    payment = pay(late_account, value_date=date(2025, 3, 12))

    assert not payment.is_posted
    assert list(AccountState.objects.values()) == before
    assert (Allocation.objects.count(), ReportedState.objects.count()) == (0, 0)
    line = AuditEntry.objects.get()
    assert (line.before, line.after) == (
        None,
        {"account_id": late_account.pk, "amount_minor": 1_000, "value_date": "2025-03-12", "is_posted": False},
    )


def test_before_the_first_close_every_payment_waits(db: None) -> None:
    account = make_account()

    assert not pay(account, value_date=account.opened_on).is_posted
    assert AccountState.objects.count() == 0


def test_a_posting_takes_along_what_waited_for_the_open_day(late_account: CreditAccount) -> None:
    make_payment(late_account, paid_on=OPEN, amount=500, payment_no="FILE")
    make_payment(late_account, paid_on=date(2025, 3, 12), amount=700, payment_no="LATER")

    pay(late_account)

    assert dict(Payment.objects.values_list("payment_no", "is_posted")) == {"FILE": True, "LATER": False, "T1": True}
    # 15.00 on the 11th: 3.80 of penalty, 11.20 of principal.
    assert AccountState.objects.get(pk=late_account.pk).outstanding_principal_minor == 20_000 - 1_120


def test_an_account_that_is_ahead_stays_ahead_when_an_older_payment_comes(late_account: CreditAccount) -> None:
    pay(late_account, amount_minor=1_000)
    pay(late_account, amount_minor=1_000, value_date=date(2025, 2, 1), reference="T2")

    state = AccountState.objects.get(pk=late_account.pk)
    # 10.00 on the due date leaves 9,000: 9 a day for 38 days is 342; then 658 of principal from the 11th's 10.00.
    assert state.ahead_on == OPEN
    assert (state.outstanding_principal_minor, state.penalty_due_minor) == (9_000 - 658 + 10_000, 100)


def test_a_directed_payment_takes_its_own_instalment_first(late_account: CreditAccount) -> None:
    pay(late_account, amount_minor=10_100, directed_to=("O1", 2))

    state = AccountState.objects.get(pk=late_account.pk)
    assert (state.days_past_due, state.overdue_principal_minor, state.penalty_due_minor) == (38, 10_000, 380)
    assert AuditEntry.objects.get().after["directed_to"] == "O1/2"


def test_a_reversal_restores_the_account_and_says_so(late_account: CreditAccount) -> None:
    before = AccountState.objects.filter(pk=late_account.pk).values().get()
    pay(late_account, value_date=date(2025, 2, 11), amount_minor=5_000)

    reversal = undo(value_date=date(2025, 2, 20))

    assert AccountState.objects.filter(pk=late_account.pk).values().get() == before
    assert Allocation.objects.count() == 0
    assert (reversal.amount_minor, reversal.account_id, reversal.is_posted) == (5_000, late_account.pk, True)
    line = AuditEntry.objects.latest("id")
    assert (line.action, line.subject_key, line.after["reverses"], line.reason) == ("payment.reverse", "R1", "T1", "bounced")


def test_a_reversal_of_a_later_day_waits_and_the_payment_counts_until_then(late_account: CreditAccount) -> None:
    pay(late_account)

    assert not undo(value_date=date(2025, 3, 12)).is_posted

    assert AccountState.objects.get(pk=late_account.pk).outstanding_principal_minor == 20_000 - 620


def test_the_very_same_payment_twice_is_told_apart_from_a_reference_that_is_taken(late_account: CreditAccount) -> None:
    other = make_account(product=late_account.product)
    pay(late_account, directed_to=("O1", 1), channel="bank")
    before = everything()

    with pytest.raises(PaymentAlreadyPosted):
        pay(late_account, directed_to=("O1", 1), channel="app")
    for different in (
        {"amount_minor": 1_001, "directed_to": ("O1", 1)},
        {"value_date": CLOSED, "directed_to": ("O1", 1)},
        {"directed_to": ("O1", 2)},
        {},
        {"account_id": other.pk},
    ):
        with pytest.raises(PaymentReferenceTaken, match=r"account LATE, 10\.00, 2025-03-11"):
            pay(late_account, **different)

    assert everything() == before


def test_a_reversal_repeated_is_told_apart_from_a_second_reversal(late_account: CreditAccount) -> None:
    pay(late_account)
    undo()
    before = everything()

    with pytest.raises(PaymentAlreadyPosted):
        undo()
    with pytest.raises(AlreadyReversed, match="reversed on 2025-03-11 by R1"):
        undo(reference="R2")
    with pytest.raises(PaymentReferenceTaken, match="reverses T1"):
        undo(value_date=date(2025, 3, 12))
    with pytest.raises(ReversalOfAReversal):
        undo("R1", reference="R2")
    with pytest.raises(PaymentReferenceTaken):
        pay(late_account, reference="R1")

    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "refusal", "words"),
    [
        ({"amount_minor": 0}, AmountNotAboveZero, r"0\.00 is not above zero"),
        ({"amount_minor": -1}, AmountNotAboveZero, r"-0\.01 is not above zero"),
        ({"amount_minor": 10_000_000_001}, AmountTooLarge, r"100000000\.01 is more than 100000000\.00"),
        ({"value_date": date(2024, 12, 31)}, BeforeOpening, "LATE was opened on 2025-01-01 and takes nothing on 2024-12-31"),
        ({"value_date": date(2100, 1, 1)}, DayOutOfRange, "2100-01-01 is not between"),
        ({"reference": ""}, ReferenceMalformed, "1 to 64 characters"),
        ({"reference": " T9"}, ReferenceMalformed, "1 to 64 characters"),
        ({"reference": "x" * 65}, ReferenceMalformed, "1 to 64 characters"),
        ({"reference": "a\nb"}, ReferenceMalformed, "1 to 64 characters"),
        ({"directed_to": ("O1", 3)}, InstallmentUnknown, "LATE has no instalment O1/3"),
        ({"account_id": 0}, AccountUnknown, "no account with id 0"),
    ],
)
def test_a_payment_the_book_does_not_take_is_refused_and_changes_nothing(
    late_account: CreditAccount, wrong: dict[str, Any], refusal: type[LedgerRefusal], words: str
) -> None:
    before = everything()

    with pytest.raises(refusal, match=words):
        pay(late_account, **wrong)

    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "refusal", "words"),
    [
        ({"payment_no": "T404"}, PaymentUnknown, "no payment T404"),
        ({"value_date": CLOSED}, ReversalBeforePayment, "counts from 2025-03-11; its reversal cannot be dated 2025-03-10"),
        ({"reason": " "}, ReasonMissing, "write why"),
        ({"reference": ""}, ReferenceMalformed, "1 to 64 characters"),
        ({"value_date": date(2100, 1, 1)}, DayOutOfRange, "2100-01-01 is not between"),
    ],
)
def test_a_reversal_the_book_does_not_take_is_refused_and_changes_nothing(
    late_account: CreditAccount, wrong: dict[str, Any], refusal: type[LedgerRefusal], words: str
) -> None:
    pay(late_account)
    before = everything()

    with pytest.raises(refusal, match=words):
        undo(**{"payment_no": "T1", **wrong})

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_eight_people_paying_one_account_at_once_lose_nothing() -> None:
    account = make_account(product=make_product(penalty_rate_ppm=1_000))
    make_installment(account, due_date=date(2025, 2, 1), principal=10_000)
    close_at(account)

    results = at_once(
        [
            lambda n=n: [pay(account, amount_minor=100 + n, reference=f"T{n}{again}") for again in range(3)]  # type: ignore[misc]
            for n in range(8)
        ]
    )

    assert not [result for result in results if isinstance(result, Exception)]
    paid = 3 * (8 * 100 + 28)
    state = AccountState.objects.get(pk=account.pk)
    # 38 days late on the 11th: 380 of penalty first.
    assert state.outstanding_principal_minor == 10_000 - (paid - 380)
    assert sum(Allocation.objects.values_list("amount_minor", flat=True)) == paid
    assert rebuild_accounts([account.pk], as_of=OPEN, ahead_on=OPEN) == 0
    assert AuditEntry.objects.count() == 24


@pytest.mark.django_db(transaction=True)
def test_one_payment_sent_eight_times_at_once_is_in_the_book_once() -> None:
    account = make_account()
    close_at(account)

    results = at_once([lambda: pay(account)] * 8)

    assert sorted(type(result).__name__ for result in results) == ["Payment"] + ["PaymentAlreadyPosted"] * 7
    assert Payment.objects.count() == 1
    assert AccountState.objects.get(pk=account.pk).credit_balance_minor == 1_000


@pytest.mark.django_db(transaction=True)
def test_one_payment_reversed_four_times_at_once_is_reversed_once() -> None:
    account = make_account()
    close_at(account)
    pay(account)

    results = at_once([lambda n=n: undo(reference=f"R{n}") for n in range(4)])  # type: ignore[misc]

    assert sorted(type(result).__name__ for result in results) == ["AlreadyReversed"] * 3 + ["Payment"]
    assert AccountState.objects.get(pk=account.pk).credit_balance_minor == 0
