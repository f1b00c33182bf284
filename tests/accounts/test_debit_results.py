"""The provider's results: money booked once, failures tried again as often as allowed, an import killed half-way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from debit_books import EARLIEST, allow, make_late, order, results, send_on, told
from factories import TESTER, make_payment, set_business_date

from accounts.bulk.debits import forget_failed_debits
from accounts.facts import facts_of
from accounts.models import (
    AccountSignals,
    AccountState,
    CreditAccount,
    DebitInstruction,
    DebitResult,
    DebitResultFile,
    DebitTry,
    Payment,
)
from accounts.operations.debiting import refusals
from accounts.operations.debiting import results as importing
from accounts.operations.debiting.mandates import revoke_mandate
from accounts.operations.debiting.results import go_on, take_results
from accounts.operations.debiting.sending import send_debits
from accounts.operations.payments import post_payment
from riskops.shared.models import AuditEntry

DONE = "D-M-LATE-1,done,100.00,2025-03-14,"
FAILED = "D-M-LATE-1,failed,,2025-03-14,insufficient_funds"


@pytest.fixture
def sent(db: None) -> CreditAccount:
    """An account of which 100.00 are with the provider."""
    account = make_late(account_no="LATE")
    told(order(allow(account)))
    send_on(account)
    return account


def take(*lines: str) -> DebitResultFile:
    return take_results(actor=TESTER, name="results.csv", content=results(*lines))


def states() -> list[tuple[str, str]]:
    return list(DebitResult.objects.order_by("file_id", "line").values_list("status", "refusal"))


def test_a_success_posts_the_payment_under_the_key_of_the_try(sent: CreditAccount) -> None:
    take(DONE)
    payment = Payment.objects.get()
    assert (payment.payment_no, payment.paid_on, payment.amount_minor, payment.channel, payment.is_posted) == (
        "D-M-LATE-1",
        date(2025, 3, 14),
        10_000,
        "direct_debit",
        True,
    )
    tried = DebitTry.objects.get()
    assert (tried.status, tried.result_on, tried.payment_id) == ("done", date(2025, 3, 14), payment.pk)
    assert DebitInstruction.objects.get().status == "done"
    # 4.10 of penalty first, 95.90 of the oldest principal.
    state = AccountState.objects.get(pk=sent.pk)
    assert state.outstanding_principal_minor == 30_000 - (10_000 - 410)
    assert states() == [("applied", "")]
    assert AuditEntry.objects.filter(action="debit.taken").count() == 1


def test_a_failure_waits_for_the_next_try_until_there_is_none_left(sent: CreditAccount) -> None:
    day = EARLIEST
    for number, (status, next_on) in enumerate(
        [("scheduled", date(2025, 3, 17)), ("scheduled", date(2025, 3, 20)), ("failed", None)], 1
    ):
        take(f"D-M-LATE-{number},failed,,{day.isoformat()},insufficient_funds")
        debit = DebitInstruction.objects.get()
        assert (debit.status, debit.next_on, debit.tries) == (status, next_on, number)
        if next_on is not None:
            with pytest.raises(refusals.NoDebitsToSend):
                send_on(sent, next_on - timedelta(days=1))
            send_on(sent, next_on)
            day = next_on
    assert not Payment.objects.exists()
    assert list(DebitTry.objects.order_by("number").values_list("status", flat=True)) == ["failed"] * 3
    signals = AccountSignals.objects.get(pk=sent.pk)
    assert (signals.failed_debits_3m, signals.debit_failed_on) == (3, date(2025, 3, 20))
    facts = facts_of([sent.pk], date(2025, 3, 25), ["failed_debits_3m", "days_since_failed_debit"])[sent.pk]
    assert (facts["failed_debits_3m"], facts["days_since_failed_debit"]) == (3, 5)


def test_old_failures_leave_the_count_and_no_other_account_is_touched(sent: CreditAccount) -> None:
    take(FAILED)
    whole: dict[str, Any] = {"first_account_id": 0, "last_account_id": 2**60}
    # Three months after 14 March: on 13 June it still counts, on 14 June no more.
    assert forget_failed_debits(as_of=date(2025, 6, 13), **whole) == 0
    assert AccountSignals.objects.get(pk=sent.pk).failed_debits_3m == 1
    assert forget_failed_debits(as_of=date(2025, 6, 14), **whole) == 1
    assert forget_failed_debits(as_of=date(2025, 6, 14), **whole) == 0
    signals = AccountSignals.objects.get(pk=sent.pk)
    assert (signals.failed_debits_3m, signals.debit_failed_on) == (0, date(2025, 3, 14))


def test_the_same_file_again_changes_nothing(sent: CreditAccount) -> None:
    first = take(DONE)
    before = AuditEntry.objects.count()
    assert take(DONE).pk == first.pk
    assert (Payment.objects.count(), DebitResult.objects.count(), AuditEntry.objects.count()) == (1, 1, before)


def test_a_result_known_already_is_told_from_one_that_contradicts_it(sent: CreditAccount) -> None:
    take(DONE)
    take(DONE, FAILED, "D-nobody-1,failed,,2025-03-14,")
    assert states() == [("applied", ""), ("repeated", ""), ("refused", "other_outcome"), ("refused", "unknown_key")]
    assert Payment.objects.count() == 1
    assert DebitTry.objects.get().status == "done"


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("D-M-LATE-1,done,99.99,2025-03-14,", "other_amount"),
        ("D-M-LATE-1,done,100.00,2025-03-13,", "day"),
        ("D-M-LATE-1,done,100.00,2025-05-14,", "day"),
    ],
)
def test_a_result_that_does_not_fit_its_try_is_refused_and_books_nothing(sent: CreditAccount, line: str, refusal: str) -> None:
    take(line)
    assert states() == [("refused", refusal)]
    assert not Payment.objects.exists()
    assert DebitTry.objects.get().status == "sent"


def test_a_key_that_another_payment_holds_is_left_to_a_person(sent: CreditAccount) -> None:
    make_payment(sent, paid_on=date(2025, 3, 14), amount=1, payment_no="D-M-LATE-1")
    take(DONE)
    assert states() == [("refused", "ledger")]
    assert DebitTry.objects.get().status == "sent"


def test_a_payment_that_a_feed_brought_before_is_taken_as_the_debit_s(sent: CreditAccount) -> None:
    post_payment(actor=TESTER, account_id=sent.pk, amount_minor=10_000, value_date=date(2025, 3, 14), reference="D-M-LATE-1")
    take(DONE)
    assert states() == [("applied", "")]
    assert DebitTry.objects.get().payment_id == Payment.objects.get().pk


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "head"),
        (b"key,outcome\n", "key,outcome"),
        (results("D-M-LATE-1,gone,100.00,2025-03-14,"), "gone"),
        (results("D-M-LATE-1,done,1e2,2025-03-14,"), "1e2"),
        (results("D-M-LATE-1,done,,2025-03-14,"), "amount"),
        (results("D-M-LATE-1,done,100.00,14.3.2025,"), "14.3.2025"),
        (results("D-M-LATE-1,done,100.00"), "5"),
        (results(",done,100.00,2025-03-14,"), "key"),
        (results(DONE, 'D-M-LATE-1,"done'), "Nothing"),
        (b"key,outcome,amount,result_on,reason_code\n\xff,done,100.00,2025-03-14,\n", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(sent: CreditAccount, content: bytes, said: str) -> None:
    with pytest.raises(refusals.ResultsUnreadable) as caught:
        take_results(actor=TESTER, name="bad.csv", content=content)
    assert said in str(caught.value)
    assert not DebitResultFile.objects.exists() and not Payment.objects.exists()
    assert DebitTry.objects.get().status == "sent"


class _Killed(BaseException):
    """The worker is gone."""


def test_killed_between_the_result_and_the_posting_an_import_goes_on_and_books_once(
    sent: CreditAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_args: Any) -> None:
        raise _Killed

    monkeypatch.setattr(importing, "_taken", dies)
    with pytest.raises(_Killed):
        take(DONE)
    # The payment went with the try: neither is there, the line waits.
    assert not Payment.objects.exists()
    assert DebitTry.objects.get().status == "sent"
    assert states() == [("waiting", "")]
    monkeypatch.undo()
    go_on(actor=TESTER, number=DebitResultFile.objects.get().pk)
    assert (Payment.objects.count(), states()) == (1, [("applied", "")])
    take(DONE)
    assert Payment.objects.count() == 1


def test_money_that_came_after_the_mandate_was_revoked_is_booked_and_a_failure_is_the_end(sent: CreditAccount) -> None:
    debit = DebitInstruction.objects.get()
    revoke_mandate(actor=TESTER, mandate_id=debit.mandate_id, reason="wrote")
    debit.refresh_from_db()
    assert debit.status == "sent"
    take(FAILED)
    debit.refresh_from_db()
    assert (debit.status, debit.next_on) == ("stopped", None)
    set_business_date(date(2025, 3, 20))
    with pytest.raises(refusals.NoDebitsToSend):
        send_debits(actor=TESTER, day=date(2025, 3, 21))
