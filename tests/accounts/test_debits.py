"""Mandates, and debits ordered, stopped and handed over: what is taken at most, what is refused, what the customer is told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from debit_books import CLOSED, DUE_MINOR, EARLIEST, INSTRUMENT, OPEN, allow, close_at, make_late, order, send_on, told
from factories import TESTER, make_conflict, make_payment, make_user
from side_by_side import at_once

from accounts.models import (
    ConductFigure,
    CreditAccount,
    DebitFile,
    DebitInstruction,
    DebitMandate,
    DebitNotice,
    DebitTry,
    Decision,
    ReasonCode,
)
from accounts.operations.debiting import refusals
from accounts.operations.debiting.instructing import cancel_debit
from accounts.operations.debiting.mandates import revoke_mandate
from accounts.operations.debiting.sending import debit_file_content, send_debits
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.refusals import AmountNotAboveZero, LedgerRefusal, ReasonMissing, ReferenceMalformed
from accounts.operations.signals import note_signals
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late(account_no="LATE")


def demand(account: CreditAccount) -> None:
    """Put a demand for full repayment in force."""
    Decision.objects.create(
        reference="ACC", account=account, action="accelerate", status="effective", owed_minor=0, weighed_minor=0,
        reason=ReasonCode.objects.filter(action="accelerate").first(), text_en="x", text_zh="x", proposed_by_name="x",
        proposed_on=CLOSED, buffer_days=0, decided_on=CLOSED, effective_on=CLOSED, engine_version="1",
    )  # fmt: skip


# Mandates -------------------------------------------------------------------------------------------------------------


def test_a_mandate_is_recorded_with_its_instrument_encrypted_and_out_of_the_trail(late: CreditAccount) -> None:
    mandate = allow(late)
    mandate.refresh_from_db()
    assert mandate.instrument == {"reference": INSTRUMENT, "holder": "Wang Fang"}
    assert mandate.masked_instrument == "••••2222"
    entry = AuditEntry.objects.get(action="mandate.record")
    assert (entry.subject_key, entry.account_id) == ("M-LATE", late.pk)
    assert entry.after is not None and entry.after["instrument"] == "••••2222"
    assert INSTRUMENT not in str(entry.after)


def test_the_same_mandate_twice_is_told_from_another_under_its_number(late: CreditAccount) -> None:
    allow(late)
    with pytest.raises(refusals.MandateRecordedAlready):
        allow(late)
    with pytest.raises(refusals.MandateReferenceTaken):
        allow(late, most_minor=1)
    assert DebitMandate.objects.count() == 1
    assert AuditEntry.objects.filter(action="mandate.record").count() == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"instrument": "12 3"}, refusals.InstrumentMalformed),
        ({"instrument": "6222;DROP"}, refusals.InstrumentMalformed),
        ({"most_minor": 0}, AmountNotAboveZero),
        ({"valid_until": date(2024, 12, 31)}, LedgerRefusal),
        ({"valid_from": date(2025, 2, 2), "valid_until": date(2025, 2, 1)}, refusals.MandateEndsBeforeItBegins),
        ({"evidence": " "}, refusals.EvidenceMissing),
        ({"reference": ""}, ReferenceMalformed),
    ],
)
def test_a_mandate_that_cannot_be_is_refused_and_nothing_is_kept(
    late: CreditAccount, fields: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        allow(late, **fields)
    assert not DebitMandate.objects.exists()
    assert not AuditEntry.objects.filter(action="mandate.record").exists()


def test_a_refused_instrument_is_not_repeated_in_the_message(late: CreditAccount) -> None:
    with pytest.raises(refusals.InstrumentMalformed) as caught:
        allow(late, instrument="6222#00001111")
    assert "6222" not in str(caught.value)


def test_who_has_a_conflict_with_the_customer_neither_records_nor_orders(late: CreditAccount) -> None:
    mandate, person = allow(late), make_user(Role.ANALYST)
    make_conflict(person, late.customer)
    with pytest.raises(ConflictDeclared):
        allow(late, actor=Actor.of(person), reference="M-2")
    with pytest.raises(ConflictDeclared):
        revoke_mandate(actor=Actor.of(person), mandate_id=mandate.pk, reason="x")
    assert DebitMandate.objects.get().revoked_on is None


# Ordering -------------------------------------------------------------------------------------------------------------


def test_an_order_queues_the_notice_in_both_languages_with_its_figures(late: CreditAccount) -> None:
    debit = order(allow(late), DUE_MINOR)
    assert (debit.status, debit.next_on, debit.tries, debit.most_tries, debit.spacing_days) == ("scheduled", EARLIEST, 0, 3, 3)
    notice = DebitNotice.objects.get()
    assert (notice.kind, notice.status, notice.dated) == ("planned", "queued", OPEN)
    assert "205.40" in notice.text_en and "14 Mar 2025" in notice.text_en and "••••2222" in notice.text_en
    assert "205.40" in notice.text_zh and "2025年3月14日" in notice.text_zh
    entry = AuditEntry.objects.get(action="debit.instruct")
    assert entry.after is not None
    assert (entry.after["amount_minor"], entry.after["due_minor"], entry.after["on_demand"]) == (DUE_MINOR, DUE_MINOR, False)


def test_never_more_than_is_due_on_the_day_and_not_ordered_yet(late: CreditAccount) -> None:
    mandate = allow(late)
    with pytest.raises(refusals.DebitAboveDue, match=r"205\.41 is more than the 205\.40"):
        order(mandate, DUE_MINOR + 1)
    order(mandate, 20_000)
    with pytest.raises(refusals.DebitAboveDue, match=r"5\.40.*200\.00 ordered already"):
        order(mandate, 541, reference="second")
    order(mandate, 540, reference="second")
    assert list(DebitInstruction.objects.values_list("amount_minor", flat=True).order_by("pk")) == [20_000, 540]
    assert DebitNotice.objects.count() == 2


def test_a_demand_for_full_repayment_opens_all_that_is_owed(late: CreditAccount) -> None:
    mandate = allow(late)
    with pytest.raises(refusals.DebitAboveDue):
        order(mandate, DUE_MINOR + 10_000)
    demand(late)
    order(mandate, DUE_MINOR + 10_000)
    with pytest.raises(refusals.DebitAboveDue):
        order(mandate, 1, reference="second")


def test_the_notice_is_never_cut_short(late: CreditAccount) -> None:
    mandate = allow(late)
    with pytest.raises(refusals.DebitTooSoon, match="2025-03-14"):
        order(mandate, debit_on=EARLIEST - timedelta(days=1))
    ConductFigure.objects.filter(code="debit_notice_days").update(value=10)
    with pytest.raises(refusals.DebitTooSoon, match="2025-03-21"):
        order(mandate)
    assert not DebitInstruction.objects.exists() and not DebitNotice.objects.exists()


@pytest.mark.parametrize("signal", ["is_disputed", "is_fraud_suspected", "is_on_hold"])
def test_a_held_account_is_not_debited(late: CreditAccount, signal: str) -> None:
    mandate = allow(late)
    note_signals(late.pk, **{signal: True})
    with pytest.raises(refusals.DebitHeld, match="LATE"):
        order(mandate)
    assert not DebitInstruction.objects.exists()


def test_a_mandate_bounds_the_amount_and_the_day(late: CreditAccount) -> None:
    mandate = allow(late, most_minor=5_000, valid_until=EARLIEST)
    with pytest.raises(refusals.DebitAboveMandate, match=r"50\.01.*50\.00"):
        order(mandate, 5_001)
    with pytest.raises(refusals.MandateNotValidThen):
        order(mandate, 5_000, debit_on=EARLIEST + timedelta(days=1))
    order(mandate, 5_000)
    with pytest.raises(refusals.DebitOrderedAlready):
        order(mandate, 5_000)
    with pytest.raises(refusals.DebitReferenceTaken):
        order(mandate, 4_999)
    assert DebitInstruction.objects.count() == 1


def test_a_cancelled_debit_is_never_tried_and_the_customer_is_told(late: CreditAccount) -> None:
    debit = order(allow(late))
    with pytest.raises(ReasonMissing):
        cancel_debit(actor=TESTER, debit_id=debit.pk, reason=" ")
    cancel_debit(actor=TESTER, debit_id=debit.pk, reason="paid by transfer")
    debit.refresh_from_db()
    assert (debit.status, debit.next_on, debit.ended_why) == ("cancelled", None, "paid by transfer")
    assert list(DebitNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["planned", "withdrawn"]
    with pytest.raises(refusals.DebitMovedOn):
        cancel_debit(actor=TESTER, debit_id=debit.pk, reason="again")
    with pytest.raises(refusals.NoDebitsToSend):
        send_on(late)
    assert AuditEntry.objects.filter(action="debit.cancel").count() == 1


def test_revoking_a_mandate_stops_what_was_ordered_by_it(late: CreditAccount) -> None:
    mandate = allow(late)
    debit = order(mandate)
    revoke_mandate(actor=TESTER, mandate_id=mandate.pk, reason="the customer wrote")
    debit.refresh_from_db()
    assert (debit.status, debit.ended_why) == ("stopped", "Mandate M-LATE was revoked.")
    assert DebitNotice.objects.filter(kind="withdrawn").count() == 1
    with pytest.raises(refusals.MandateRevoked):
        order(mandate, reference="second")
    with pytest.raises(refusals.MandateRevoked):
        revoke_mandate(actor=TESTER, mandate_id=mandate.pk, reason="again")
    assert AuditEntry.objects.filter(action__in=["mandate.revoke", "debit.stopped"]).count() == 2


# Handing over ---------------------------------------------------------------------------------------------------------


def test_a_debit_waits_until_its_notice_is_out(late: CreditAccount) -> None:
    debit = order(allow(late))
    with pytest.raises(refusals.NoDebitsToSend, match="1 wait"):
        send_on(late)
    told(debit)
    sent = send_debits(actor=TESTER, day=EARLIEST)
    assert (sent.file.rows, sent.stopped, sent.waiting) == (1, 0, 0)
    debit.refresh_from_db()
    assert (debit.status, debit.next_on, debit.tries, debit.said) == ("sent", None, 1, "")


def test_a_notice_that_went_out_late_still_gives_its_days(late: CreditAccount) -> None:
    # Two days late: the day that it names would leave one day of the three.
    told(order(allow(late)), on=EARLIEST - timedelta(days=1))
    for waits in range(2):
        with pytest.raises(refusals.NoDebitsToSend, match="1 wait"):
            send_on(late, EARLIEST + timedelta(days=waits))
    assert send_on(late, EARLIEST + timedelta(days=2)).file.rows == 1


def test_only_the_open_day_is_handed_over(late: CreditAccount) -> None:
    told(order(allow(late)))
    close_at(late, day=EARLIEST - timedelta(days=1))
    for day in (EARLIEST - timedelta(days=1), EARLIEST + timedelta(days=1)):
        with pytest.raises(refusals.NotTheOpenDay, match="2025-03-14"):
            send_debits(actor=TESTER, day=day)
    assert not DebitTry.objects.exists()


def test_no_more_is_taken_than_is_due_by_then(late: CreditAccount) -> None:
    mandate = allow(late)
    first, second = order(mandate, 20_000), order(mandate, 540, reference="second")
    told(first, second)
    # 105.40 are paid meanwhile: by the day 100.00 are left of the 205.40.
    make_payment(late, paid_on=EARLIEST - timedelta(days=1), amount=10_500)
    close_at(late, day=EARLIEST - timedelta(days=1))
    left = 20_540 - 10_500
    sent = send_debits(actor=TESTER, day=EARLIEST)
    tries = dict(DebitTry.objects.values_list("instruction__reference", "amount_minor"))
    second.refresh_from_db()
    # The penalty of the last day is a little less, since the base was paid down the day before.
    assert left - 10 <= tries["D-M-LATE"] <= left
    assert (second.status, sent.stopped) == ("stopped", 1)
    assert second.ended_why == "Nothing is due any more."
    assert sum(tries.values()) <= left


def test_what_was_paid_meanwhile_is_not_taken(late: CreditAccount) -> None:
    debit = order(allow(late))
    told(debit)
    make_payment(late, paid_on=OPEN, amount=30_000)
    sent = send_on(late)
    assert (sent.file, sent.stopped) == (None, 1)
    debit.refresh_from_db()
    assert debit.status == "stopped"
    assert not DebitTry.objects.exists() and not DebitFile.objects.exists()
    assert DebitNotice.objects.filter(kind="withdrawn").count() == 1


@pytest.mark.parametrize("signal", ["is_disputed", "is_fraud_suspected", "is_on_hold"])
def test_a_hold_that_came_after_the_order_stops_it(late: CreditAccount, signal: str) -> None:
    debit = order(allow(late))
    told(debit)
    note_signals(late.pk, **{signal: True})
    assert send_on(late).file is None
    debit.refresh_from_db()
    assert debit.status == "stopped" and debit.ended_why
    assert not DebitTry.objects.exists()


def test_a_repeat_makes_no_second_try_and_the_file_is_the_same_each_time(late: CreditAccount) -> None:
    told(order(allow(late, holder="=cmd()")))
    sent = send_on(late)
    with pytest.raises(refusals.NoDebitsToSend):
        send_debits(actor=TESTER, day=EARLIEST)
    assert DebitTry.objects.count() == 1
    first, text = debit_file_content(actor=TESTER, number=sent.file.pk)
    assert text == (
        f"key,mandate,instrument,holder,amount,currency,day\nD-M-LATE-1,M-LATE,{INSTRUMENT},'=cmd(),100.00,CNY,2025-03-14\n"
    )
    assert debit_file_content(actor=TESTER, number=first.pk)[1] == text
    # Whoever saw the instruments in clear is on record, each time.
    assert AuditEntry.objects.filter(action="debit.file_fetched").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_debit_twice() -> None:
    late = make_late(account_no="LATE")
    told(order(allow(late)))
    close_at(late, day=EARLIEST - timedelta(days=1))
    found = at_once([lambda: send_debits(actor=TESTER, day=EARLIEST) for _ in range(3)])
    assert sum(not isinstance(result, Exception) for result in found) == 1, found
    assert all(isinstance(result, refusals.NoDebitsToSend) for result in found if isinstance(result, Exception)), found
    assert DebitTry.objects.count() == 1
    rebuild_accounts([late.pk], as_of=EARLIEST, ahead_on=None)
