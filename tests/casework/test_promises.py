"""Promises: taken within the terms, decided by payments alone, to the day and to the minor unit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from casework_books import DAY
from django.db import DatabaseError, transaction
from django.utils import timezone
from factories import TESTER, make_account, make_examination, make_reversal, make_user
from promise_books import TODAY, judge_all, late_account, owes, pay, promise_of, signals_of, stand_at, stands

from accounts.models import AccountSignals, Waiver
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.refusals import ReasonMissing
from accounts.operations.signals import note_signals
from accounts.rules.terms import Component
from casework.models import CaseEvent, Promise, PromisePart, PromiseTerms
from casework.operations.cases.refusals import NoOpenCase
from casework.operations.promises import cancel_promise, take_promise
from casework.operations.promises.refusals import (
    NoDayClosed,
    NoParts,
    OverrideNotYours,
    PartNotAboveZero,
    PartsOutOfOrder,
    PlanStands,
    PromiseAboveOwed,
    PromiseDecided,
    PromiseInThePast,
    PromiseOpenAlready,
    PromiseTooFarAhead,
    PromiseUnknown,
    TooManyBroken,
    TooManyParts,
)
from casework.rules.promises import counted_after
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import NOTHING

pytestmark = pytest.mark.django_db


def history_of(promise: Promise) -> list[tuple[str, str, date, str]]:
    """Return what became of a promise, oldest first."""
    rows = CaseEvent.objects.filter(kind="promise", case=promise.case).order_by("pk")
    return [(row.details["was"], row.details["becomes"], row.day, row.actor_name) for row in rows]


# Taken ---------------------------------------------------------------------------------------------------------------


def test_a_promise_is_taken_on_the_day_that_is_worked_and_treatment_pauses() -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000), said=" I get my wages on Friday ")
    assert (promise.account, promise.customer, promise.product) == (account, account.customer, account.product)
    assert (promise.made_on, promise.total_minor, promise.part_count, promise.status) == (TODAY, 40_000, 1, "open")
    assert (promise.ends_on, promise.watched_until) == (TODAY + timedelta(days=4), TODAY + timedelta(days=34))
    assert promise.text == "I get my wages on Friday"
    part = PromisePart.objects.get()
    # 1 % of 400.00 is 4.00, more than 1.00.
    assert (part.due_on, part.needed_minor, part.counts_until) == (TODAY + timedelta(days=3), 39_600, TODAY + timedelta(days=4))
    assert signals_of(account) == (0, True, TODAY + timedelta(days=3), None)
    line = AuditEntry.objects.get(action="promise.take")
    assert line.after == {
        "promise": promise.pk,
        "parts": [{"due_on": "2025-06-20", "amount_minor": 40_000}],
        "ends_on": "2025-06-21",
    }
    assert "wages" not in str(line.after)
    assert history_of(promise) == [("", "open", TODAY, "tester")]


def test_the_earliest_day_is_the_one_that_is_worked_and_the_last_thirty_days_later() -> None:
    promise_of(late_account(), (0, 100), (30, 100))
    assert Promise.objects.count() == 1


@pytest.mark.parametrize(
    ("parts", "refusal", "says"),
    [
        ([], NoParts, "at least one amount"),
        ([(-1, 100)], PromiseInThePast, "2025-06-16 is past: the day to be worked is 2025-06-17"),
        ([(31, 100)], PromiseTooFarAhead, "2025-07-18 is more than 30 days ahead; a promise is for 2025-07-17 at the latest"),
        ([(1, 0)], PartNotAboveZero, "Part 1 must be above 0"),
        ([(1, 100), (2, -5)], PartNotAboveZero, "Part 2"),
        ([(2, 100), (2, 100)], PartsOutOfOrder, "Part 2 is for 2025-06-19, which is not after 2025-06-19"),
        ([(number, 1) for number in range(1, 8)], TooManyParts, "at most 6 parts; 7 were given"),
        ([(1, 60_000), (2, 40_001)], PromiseAboveOwed, "1000.01 is more than all that is owed, 1000.00"),
    ],
)
def test_a_promise_that_the_terms_do_not_allow_is_refused_and_changes_nothing(
    parts: list[tuple[int, int]], refusal: type[Exception], says: str
) -> None:
    account = late_account()
    with pytest.raises(refusal, match=says.replace(".", r"\.")):
        promise_of(account, *parts)
    assert (Promise.objects.count(), PromisePart.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)
    assert not AccountSignals.objects.filter(pk=account.pk, has_open_promise=True).exists()


def test_one_promise_at_a_time() -> None:
    account = late_account()
    promise_of(account, (3, 100))
    with pytest.raises(PromiseOpenAlready, match="open promise until 2025-06-21"):
        promise_of(account, (5, 100))
    assert Promise.objects.count() == 1


def test_nothing_is_promised_where_nothing_is_late_a_plan_stands_or_no_day_is_closed() -> None:
    with pytest.raises(NoDayClosed):
        take_promise(actor=TESTER, account_id=make_account().pk, parts=[(TODAY, 1)])
    in_time = late_account(days=0)
    with pytest.raises(NoOpenCase):
        promise_of(in_time, (1, 1))
    account = late_account()
    note_signals(account.pk, has_hardship_plan=True)
    with pytest.raises(PlanStands):
        promise_of(account, (1, 1))
    assert Promise.objects.count() == 0


def test_a_product_has_its_own_terms_and_the_latest_of_them() -> None:
    account = late_account()
    common = {"author_name": "t", "reason": "r", "made_at": timezone.now()}
    PromiseTerms.objects.create(version=1, grace_days=5, **common)
    PromiseTerms.objects.create(version=1, product=account.product, grace_days=2, **common)
    latest = PromiseTerms.objects.create(version=2, product=account.product, grace_days=0, tolerance_bp=0, **common)
    promise = promise_of(account, (3, 40_000))
    assert (promise.terms, promise.ends_on) == (latest, TODAY + timedelta(days=3))
    assert PromisePart.objects.get().needed_minor == 39_900
    other = promise_of(late_account(), (3, 40_000))
    assert other.ends_on == TODAY + timedelta(days=8)


# Kept and broken -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "amount", "status"),
    [
        (0, 39_600, "kept"),
        (4, 39_600, "kept"),
        (4, 39_599, "partly"),
        (4, 20_000, "partly"),
        (4, 19_999, "broken"),
        (5, 40_000, "broken"),
        (-1, 40_000, "broken"),
    ],
)
def test_a_payment_counts_from_the_promises_day_to_the_end_of_grace(ahead: int, amount: int, status: str) -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    pay(account, ahead, amount)
    judge_all(3)
    assert Promise.objects.get().status == ("kept" if status == "kept" and ahead <= 3 else "open")
    judge_all(4)
    assert stands(promise)[0] == status
    if status in ("broken", "partly"):
        assert Promise.objects.get().decided_on == TODAY + timedelta(days=4)


def test_a_day_past_the_end_changes_nothing_more_and_a_repeat_writes_nothing() -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    assert judge_all(4) == 2
    before = (stands(promise), signals_of(account), CaseEvent.objects.count())
    assert judge_all(4) == 0
    pay(account, 6, 40_000)
    assert judge_all(6) == 0
    assert (stands(promise), signals_of(account), CaseEvent.objects.count()) == before
    assert history_of(promise)[-1] == ("open", "broken", TODAY + timedelta(days=4), "close-of-business")


def test_what_was_paid_that_day_before_the_promise_does_not_count() -> None:
    account = late_account()
    pay(account, 0, 40_000)
    promise = promise_of(account, (3, 40_000))
    pay(account, 0, 1_000)
    judge_all(0)
    assert stands(promise) == ("open", 1_000, [("open", 1_000)])


def test_a_series_adds_up_and_the_first_part_that_is_missed_ends_it() -> None:
    account = late_account()
    promise = promise_of(account, (2, 30_000), (9, 30_000), (16, 30_000))
    pay(account, 1, 35_000)
    judge_all(3)
    assert stands(promise) == ("open", 35_000, [("kept", 30_000), ("open", 5_000), ("open", 0)])
    assert signals_of(account) == (0, True, TODAY + timedelta(days=9), None)
    # Needed by the tenth day: 600.00 less 1 %, 594.00; 350.00 are there: more than half of 600.00.
    judge_all(10)
    assert stands(promise) == ("partly", 35_000, [("kept", 30_000), ("broken", 5_000), ("cancelled", 0)])
    assert signals_of(account) == (0, False, None, TODAY + timedelta(days=10))


def test_a_series_paid_early_is_kept_at_once() -> None:
    account = late_account()
    promise = promise_of(account, (2, 30_000), (9, 30_000))
    pay(account, 1, 60_000)
    judge_all(1)
    assert stands(promise) == ("kept", 60_000, [("kept", 30_000), ("kept", 30_000)])
    assert signals_of(account) == (0, False, None, None)


def test_a_reversal_breaks_a_promise_that_was_kept_up_to_thirty_days_after_its_end() -> None:
    accounts = [late_account(), late_account()]
    promises = [promise_of(account, (3, 40_000)) for account in accounts]
    payments = [pay(account, 2, 40_000) for account in accounts]
    judge_all(2)
    for payment, ahead in zip(payments, (34, 35), strict=True):
        make_reversal(payment, paid_on=TODAY + timedelta(days=ahead))
    for ahead in (4, 34, 35):
        judge_all(ahead)
    assert [stands(promise)[0] for promise in promises] == ["broken", "kept"]
    assert Promise.objects.get(pk=promises[0].pk).decided_on == TODAY + timedelta(days=34)
    assert history_of(promises[0])[1:] == [
        ("open", "kept", TODAY + timedelta(days=2), "close-of-business"),
        ("kept", "broken", TODAY + timedelta(days=34), "close-of-business"),
    ]


def test_a_payment_reversed_before_the_day_leaves_the_promise_open() -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    payment = pay(account, 0, 40_000)
    judge_all(0)
    make_reversal(payment, paid_on=TODAY + timedelta(days=1))
    judge_all(1)
    assert stands(promise) == ("open", 0, [("open", 0)])
    assert Promise.objects.get().decided_on is None
    assert signals_of(account) == (0, True, TODAY + timedelta(days=3), None)


def test_a_promise_is_not_broken_where_nothing_is_owed_any_more() -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    installment = account.installments.get()
    Waiver.objects.create(
        reference="w", account=account, installment=installment, component=Component.PRINCIPAL, amount_minor=100_000,
        value_date=TODAY, reason="goodwill",
    )  # fmt: skip
    stand_at(TODAY, account)
    assert owes(account) == 0
    judge_all(4)
    assert stands(promise) == ("cancelled", 0, [("cancelled", 0)])
    assert signals_of(account) == (0, False, None, None)


def test_broken_promises_are_counted_for_six_months_and_leave_the_count_by_themselves() -> None:
    account = late_account()
    promise_of(account, (0, 40_000))
    judge_all(1)
    broken_on = TODAY + timedelta(days=1)
    assert broken_on == date(2025, 6, 18)
    assert signals_of(account) == (1, False, None, broken_on)
    still, gone = (date(2025, 12, 17) - TODAY).days, (date(2025, 12, 18) - TODAY).days
    judge_all(still)
    assert signals_of(account)[0] == 1
    judge_all(gone)
    assert signals_of(account) == (0, False, None, None)


@pytest.mark.parametrize(
    ("day", "after"),
    [
        (date(2025, 12, 18), date(2025, 6, 18)),
        (date(2025, 8, 31), date(2025, 2, 28)),
        (date(2024, 8, 31), date(2024, 2, 29)),
        (date(2025, 6, 30), date(2024, 12, 30)),
    ],
)
def test_six_months_before_a_day(day: date, after: date) -> None:
    assert counted_after(day) == after


# On the spot ---------------------------------------------------------------------------------------------------------


def test_a_payment_on_the_spot_keeps_a_promise_and_its_reversal_opens_it_again(django_capture_on_commit_callbacks: Any) -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    with django_capture_on_commit_callbacks(execute=True):
        post_payment(actor=TESTER, account_id=account.pk, amount_minor=40_000, value_date=TODAY, reference="p")
    assert stands(promise) == ("kept", 40_000, [("kept", 40_000)])
    assert signals_of(account) == (0, False, None, None)
    with django_capture_on_commit_callbacks(execute=True):
        reverse_payment(actor=TESTER, payment_no="p", value_date=TODAY, reference="r", reason="bounced")
    assert stands(promise) == ("open", 0, [("open", 0)])
    assert signals_of(account) == (0, True, TODAY + timedelta(days=3), None)
    assert [event[:3] for event in history_of(promise)] == [
        ("", "open", TODAY), ("open", "kept", TODAY), ("kept", "open", TODAY),
    ]  # fmt: skip


# Limits and cancelling -----------------------------------------------------------------------------------------------


def broken_twice() -> Any:
    """Return an account whose last two promises were broken."""
    account = late_account()
    for _time in range(2):
        promise = promise_of(account, (0, 40_000))
        Promise.objects.filter(pk=promise.pk).update(status="broken", decided_on=DAY, next_due_on=None)
        AccountSignals.objects.filter(pk=account.pk).update(has_open_promise=False)
    return account


def test_after_two_broken_in_a_row_only_a_lead_takes_another_with_a_reason() -> None:
    account, analyst, lead = broken_twice(), make_user(Role.ANALYST), make_user(Role.TEAM_LEAD)
    for person in (analyst, lead):
        make_examination(person, passed_on=timezone.localdate() - timedelta(days=10))
    parts = [(TODAY, 100)]
    with pytest.raises(TooManyBroken, match=r"The last 2 promises of account .* were broken\. A team lead"):
        take_promise(actor=Actor.of(lead), account_id=account.pk, parts=parts)
    with pytest.raises(OverrideNotYours):
        take_promise(actor=Actor.of(analyst), account_id=account.pk, parts=parts, override_reason="new job")
    assert Promise.objects.count() == 2
    promise = take_promise(actor=Actor.of(lead), account_id=account.pk, parts=parts, override_reason="new job")
    assert promise.override_reason == "new job"
    assert AuditEntry.objects.filter(action="promise.take").latest("pk").reason == "new job"


def test_one_kept_or_cancelled_between_starts_the_count_anew_or_leaves_it() -> None:
    account = broken_twice()
    kept = Promise.objects.latest("pk")
    Promise.objects.filter(pk=kept.pk).update(status="partly")
    promise = promise_of(account, (0, 100), override_reason="not needed")
    assert promise.override_reason == ""
    cancel_promise(actor=TESTER, promise_id=promise.pk, reason="typed wrong")
    Promise.objects.filter(pk=kept.pk).update(status="broken")
    with pytest.raises(TooManyBroken):
        promise_of(account, (0, 100))


def test_a_cancelled_promise_is_neither_kept_nor_broken_and_treatment_goes_on() -> None:
    account = late_account()
    promise = promise_of(account, (3, 40_000))
    cancel_promise(actor=TESTER, promise_id=promise.pk, reason="wrong account")
    assert stands(promise) == ("cancelled", 0, [("cancelled", 0)])
    assert signals_of(account) == (0, False, None, None)
    pay(account, 1, 40_000)
    judge_all(4)
    assert stands(promise)[0] == "cancelled"
    line = AuditEntry.objects.get(action="promise.cancel")
    assert (line.before, line.after) == (
        {"promise": promise.pk, "status": "open"}, {"promise": promise.pk, "status": "cancelled"},
    )  # fmt: skip


def test_cancelling_that_cannot_be_is_refused_and_changes_nothing() -> None:
    account = late_account()
    promise = promise_of(account, (0, 40_000))
    with pytest.raises(ReasonMissing):
        cancel_promise(actor=TESTER, promise_id=promise.pk, reason=" ")
    with pytest.raises(PromiseUnknown):
        cancel_promise(actor=TESTER, promise_id=promise.pk, reason="x", scope=NOTHING)
    judge_all(1)
    with pytest.raises(PromiseDecided, match="broken since 2025-06-18"):
        cancel_promise(actor=TESTER, promise_id=promise.pk, reason="x")
    assert stands(promise)[0] == "broken"
    assert not AuditEntry.objects.filter(action="promise.cancel").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda: Promise.objects.update(total_minor=1),
        lambda: Promise.objects.all().delete(),
        lambda: PromisePart.objects.update(due_on=DAY),
        lambda: PromisePart.objects.all().delete(),
    ],
)
def test_the_database_refuses_to_change_what_was_promised(change: Any) -> None:
    promise_of(late_account(), (3, 40_000))
    with pytest.raises(DatabaseError), transaction.atomic():
        change()
    assert Promise.objects.get().total_minor == 40_000
