"""Waivers and write-offs: what they take, what is refused, what is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from factories import TESTER, make_account, make_installment, make_product, set_business_date
from side_by_side import at_once

from accounts.models import AccountState, CreditAccount, Installment, ReportedState, Waiver, WriteOff
from accounts.operations import waivers
from accounts.operations.cancelling import cancel_installment
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import lock_states, rebuild_accounts
from accounts.operations.refusals import (
    AccountUnknown,
    AlreadyWrittenOff,
    AmountNotAboveZero,
    BeforeOpening,
    DayNotOpenYet,
    InstallmentNotBookedYet,
    InstallmentUnknown,
    LedgerRefusal,
    NothingToWriteOff,
    ReasonMissing,
    ReferenceMalformed,
    WaiverAboveDue,
    WaiverAlreadyMade,
    WaiverReferenceTaken,
    WriteOffReferenceTaken,
)
from accounts.operations.waivers import waive
from accounts.operations.write_offs import write_off
from accounts.rules.terms import Component
from riskops.shared.models import AuditEntry

CLOSED = date(2025, 3, 10)
OPEN = date(2025, 3, 11)


def close_at(*accounts: CreditAccount) -> None:
    set_business_date(CLOSED)
    rebuild_accounts([account.pk for account in accounts], as_of=CLOSED, ahead_on=None)


def make_late_account() -> CreditAccount:
    """Return an account owing 100.00 and a fee of 5.00 since 1 March at 0.1 % a day, and 50.00 booked on 5 March for May."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), account_no="LATE")
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000, fee=500)
    make_installment(account, due_date=date(2025, 5, 1), principal=5_000, booked_on=date(2025, 3, 5))
    close_at(account)
    return account


@pytest.fixture
def late_account(db: None) -> CreditAccount:
    return make_late_account()


def give_up(account: CreditAccount, **fields: Any) -> Waiver:
    """Waive 0.40 of penalty on the first instalment on the open day unless told."""
    return waive(
        **{
            "actor": TESTER,
            "account_id": account.pk,
            "order_no": "O1",
            "sequence": 1,
            "component": Component.PENALTY,
            "amount_minor": 40,
            "value_date": OPEN,
            "reference": "W1",
            "reason": "goodwill",
            **fields,
        }
    )


def lose(account: CreditAccount, **fields: Any) -> WriteOff:
    """Write the account off on the open day unless told."""
    return write_off(
        **{"actor": TESTER, "account_id": account.pk, "value_date": OPEN, "reference": "X1", "reason": "gone", **fields}
    )


def everything() -> tuple[list[Any], ...]:
    return tuple(
        list(model.objects.order_by("pk").values())
        for model in (Waiver, WriteOff, Installment, AccountState, ReportedState, AuditEntry)
    )


def test_a_waived_penalty_is_no_longer_due(late_account: CreditAccount) -> None:
    give_up(late_account)

    # Ten days at 10 a day on the 11th, less 40.
    state = AccountState.objects.get(pk=late_account.pk)
    assert (state.penalty_due_minor, state.days_past_due, state.ahead_on) == (60, 10, OPEN)
    first = Installment.objects.get(sequence=1)
    assert (first.penalty_settled_minor, first.accrued_micro, first.accrued_through) == (40, 100_000_000, OPEN)
    assert ReportedState.objects.get().penalty_due_minor == 90


def test_a_waived_fee_and_principal_of_a_closed_day_count_from_that_day(late_account: CreditAccount) -> None:
    give_up(late_account, component=Component.FEE, amount_minor=500, value_date=date(2025, 3, 6))
    give_up(late_account, component=Component.PRINCIPAL, amount_minor=10_000, value_date=date(2025, 3, 6), reference="W2")

    # Five days stood: the 2nd to the 6th. Penalty alone keeps nothing past due.
    state = AccountState.objects.get(pk=late_account.pk)
    assert (state.days_past_due, state.overdue_fee_minor, state.outstanding_principal_minor) == (0, 0, 5_000)
    assert (state.penalty_due_minor, state.ahead_on) == (50, None)


def test_the_audit_line_of_a_waiver_says_what_and_why(late_account: CreditAccount) -> None:
    give_up(late_account)

    line = AuditEntry.objects.get()
    assert (line.action, line.subject_type, line.subject_key) == ("installment.waive", "installment", "LATE/O1/1")
    assert (line.account_id, line.reason) == (late_account.pk, "goodwill")
    # Ten days by the 11th, the day of both figures.
    assert line.before is not None and line.before["penalty_due_minor"] == 100
    assert line.after is not None
    assert (line.after["reference"], line.after["component"], line.after["amount_minor"]) == ("W1", "penalty", 40)
    assert line.after["penalty_due_minor"] == 60


def test_the_very_same_waiver_twice_is_told_apart_from_a_reference_that_is_taken(late_account: CreditAccount) -> None:
    give_up(late_account)
    before = everything()

    with pytest.raises(WaiverAlreadyMade):
        give_up(late_account)
    for different in ({"amount_minor": 41}, {"value_date": CLOSED}, {"sequence": 2}, {"component": Component.FEE}):
        with pytest.raises(WaiverReferenceTaken):
            give_up(late_account, **different)

    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "refusal", "words"),
    [
        ({"amount_minor": 101}, WaiverAboveDue, r"1\.01 is more than the 1\.00 due on 2025-03-11"),
        ({"amount_minor": 91, "value_date": CLOSED}, WaiverAboveDue, r"0\.91 is more than the 0\.90 due on 2025-03-10"),
        ({"amount_minor": 501, "component": Component.FEE}, WaiverAboveDue, r"5\.01 is more than the 5\.00 due"),
        ({"amount_minor": 1, "sequence": 2}, WaiverAboveDue, r"0\.01 is more than the 0\.00 due"),
        ({"amount_minor": 0}, AmountNotAboveZero, r"0\.00 is not above zero"),
        ({"sequence": 3}, InstallmentUnknown, "LATE has no instalment O1/3"),
        ({"sequence": 2, "value_date": date(2025, 3, 4)}, InstallmentNotBookedYet, "booked on 2025-03-05"),
        ({"value_date": date(2025, 3, 12)}, DayNotOpenYet, "2025-03-12 has not come: the open day is 2025-03-11"),
        ({"value_date": date(2024, 12, 31)}, BeforeOpening, "opened on 2025-01-01"),
        ({"reason": ""}, ReasonMissing, "write why"),
        ({"reference": "x\ty"}, ReferenceMalformed, "1 to 64 characters"),
        ({"account_id": 0}, AccountUnknown, "no account with id 0"),
    ],
)
def test_a_waiver_the_book_does_not_take_is_refused_and_changes_nothing(
    late_account: CreditAccount, wrong: dict[str, Any], refusal: type[LedgerRefusal], words: str
) -> None:
    before = everything()

    with pytest.raises(refusal, match=words):
        give_up(late_account, **wrong)

    assert everything() == before


def test_nothing_is_waived_before_the_first_close(db: None) -> None:
    account = make_account()
    make_installment(account, due_date=date(2025, 3, 1))

    with pytest.raises(DayNotOpenYet, match="No day of this book is closed yet"):
        give_up(account, component=Component.PRINCIPAL)
    with pytest.raises(DayNotOpenYet, match="No day of this book is closed yet"):
        lose(account)

    assert (Waiver.objects.count(), WriteOff.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)


def test_an_instalment_that_an_import_moved_while_the_waiver_waited_is_seen_as_it_is(
    late_account: CreditAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait_for_the_import(account_ids: list[int]) -> Any:
        Installment.objects.filter(account=late_account, sequence=2).update(booked_on=date(2025, 4, 1))
        return lock_states(account_ids)

    monkeypatch.setattr(waivers, "lock_states", wait_for_the_import)

    with pytest.raises(InstallmentNotBookedYet, match="booked on 2025-04-01"):
        give_up(late_account, sequence=2, component=Component.PRINCIPAL)

    assert not Waiver.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_waive_the_same_money_at_once_do_not_both_get_it() -> None:
    account = make_late_account()

    results = at_once([lambda n=n: give_up(account, amount_minor=100, reference=f"W{n}") for n in range(4)])  # type: ignore[misc]

    assert sorted(type(result).__name__ for result in results) == ["Waiver"] + ["WaiverAboveDue"] * 3
    assert AccountState.objects.get(pk=account.pk).penalty_due_minor == 0


def test_a_written_off_account_leaves_the_performing_book_and_keeps_aging(late_account: CreditAccount) -> None:
    entry = lose(late_account)

    # 100.00 overdue and 50.00 to come.
    assert entry.principal_minor == 15_000
    state = AccountState.objects.get(pk=late_account.pk)
    assert (state.is_written_off, state.days_past_due, state.outstanding_principal_minor) == (True, 10, 15_000)
    assert (state.penalty_due_minor, ReportedState.objects.get().is_written_off) == (100, False)
    line = AuditEntry.objects.get()
    assert (line.action, line.subject_type, line.subject_key) == ("account.write_off", "account", "LATE")
    assert line.before is not None and line.after is not None
    assert (line.before["is_written_off"], line.after["is_written_off"], line.after["principal_minor"]) == (False, True, 15_000)


def test_what_is_paid_after_a_write_off_is_still_allocated(late_account: CreditAccount) -> None:
    lose(late_account)

    post_payment(actor=TESTER, account_id=late_account.pk, amount_minor=1_600, value_date=OPEN, reference="T1")

    # 1.00 of penalty, 5.00 of fee, 10.00 of principal.
    state = AccountState.objects.get(pk=late_account.pk)
    assert (state.is_written_off, state.overdue_principal_minor, state.overdue_fee_minor) == (True, 9_000, 0)


def test_an_account_is_written_off_from_its_day_on(late_account: CreditAccount) -> None:
    lose(late_account, value_date=CLOSED)

    for day, expected in ((date(2025, 3, 9), False), (CLOSED, True), (OPEN, True)):
        rebuild_accounts([late_account.pk], as_of=day, ahead_on=None)
        assert AccountState.objects.get(pk=late_account.pk).is_written_off is expected


def test_nothing_is_waived_on_an_instalment_that_is_cancelled(late_account: CreditAccount) -> None:
    installment = Installment.objects.order_by("due_date")[0]
    about = {"account_id": late_account.pk, "order_no": installment.order_no, "sequence": installment.sequence}
    more = {"actor": TESTER, "value_date": OPEN, "reason": "fraud"}
    cancel_installment(**about, **more, reference="C1")

    with pytest.raises(WaiverAboveDue):
        waive(**about, **more, reference="W9", component=Component.PRINCIPAL, amount_minor=1)

    assert not Waiver.objects.exists()


def test_an_account_is_written_off_once(late_account: CreditAccount) -> None:
    other = make_account(product=late_account.product)
    make_installment(other, due_date=date(2025, 3, 1))
    close_at(other)
    lose(late_account)
    before = everything()

    with pytest.raises(AlreadyWrittenOff, match="LATE was written off on 2025-03-11 by X1"):
        lose(late_account)
    with pytest.raises(AlreadyWrittenOff, match="by X1"):
        lose(late_account, reference="X2", value_date=CLOSED)
    with pytest.raises(WriteOffReferenceTaken, match="X1 belongs to another account"):
        lose(other)

    assert everything() == before


@pytest.mark.parametrize(
    ("wrong", "refusal", "words"),
    [
        ({"value_date": date(2025, 3, 12)}, DayNotOpenYet, "open day is 2025-03-11"),
        ({"value_date": date(2024, 12, 31)}, BeforeOpening, "opened on 2025-01-01"),
        ({"reason": "\n"}, ReasonMissing, "write why"),
        ({"reference": ""}, ReferenceMalformed, "1 to 64 characters"),
        ({"account_id": 0}, AccountUnknown, "no account with id 0"),
    ],
)
def test_a_write_off_the_book_does_not_take_is_refused_and_changes_nothing(
    late_account: CreditAccount, wrong: dict[str, Any], refusal: type[LedgerRefusal], words: str
) -> None:
    before = everything()

    with pytest.raises(refusal, match=words):
        lose(late_account, **wrong)

    assert everything() == before


def test_an_account_that_owes_nothing_is_not_written_off(db: None) -> None:
    account = make_account(account_no="CLEAN")
    close_at(account)

    with pytest.raises(NothingToWriteOff, match="CLEAN owes nothing on 2025-03-11"):
        lose(account)

    assert WriteOff.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_write_off_one_account_at_once_do_it_once() -> None:
    account = make_late_account()

    results = at_once([lambda n=n: lose(account, reference=f"X{n}") for n in range(4)])  # type: ignore[misc]

    assert sorted(type(result).__name__ for result in results) == ["AlreadyWrittenOff"] * 3 + ["WriteOff"]
    assert AuditEntry.objects.count() == 1
