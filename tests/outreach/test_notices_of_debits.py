"""No debit before its customer was told: the notice counts from its handing over, not from its place in the outbox."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from factories import make_customer
from outreach_books import make_reachable
from sending_books import Carrier, send, use

sys.path.insert(0, str(Path(__file__).parents[1] / "accounts"))
from debit_books import EARLIEST, OPEN, allow, make_late, order, send_on

from accounts.models import CreditAccount, DebitInstruction, DebitNotice
from accounts.operations.debiting.refusals import NoDebitsToSend
from outreach.models import Message
from outreach.operations.sending.notices import debit_notices_told_on, take_notices
from outreach.operations.sending.receiving import take_receipt
from outreach.providers.interface import Receipt, ReceiptState

pytestmark = pytest.mark.django_db
#: Noon in China on the day on which the debit is ordered.
NOON = datetime.combine(OPEN, time(4), tzinfo=UTC)


def ordered(account: CreditAccount) -> tuple[DebitInstruction, Message]:
    """Order a debit, and take its notice into the outbox."""
    debit = order(allow(account))
    take_notices(NOON)
    assert DebitNotice.objects.get().status == "sent"
    return debit, Message.objects.get()


def assert_waits(account: CreditAccount) -> None:
    """Hold that nothing is debited, however long the notice lies there."""
    for day in (EARLIEST, EARLIEST + timedelta(days=30)):
        with pytest.raises(NoDebitsToSend, match="1 wait"):
            send_on(account, day)


def test_who_cannot_be_reached_is_not_debited() -> None:
    account = make_late(account_no="LATE", customer=make_customer(person={"name": "王芳"}))
    _debit, message = ordered(account)
    assert message.status == "queued"
    assert_waits(account)
    # Nor when a person is left with it.
    Message.objects.update(status="dead")
    assert_waits(account)


def test_a_notice_that_was_sent_counts_from_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Carrier())
    customer = make_reachable(person={"name": "王芳", "phone": "13900000001"}).customer
    account = make_late(account_no="LATE", customer=customer)
    debit, message = ordered(account)
    assert send(message, NOON).status == "sent"
    assert debit_notices_told_on(DebitNotice.objects.select_related("instruction")) == {DebitNotice.objects.get().pk: OPEN}
    assert send_on(account).file.rows == 1
    debit.refresh_from_db()
    assert debit.status == "sent"


def test_a_notice_that_did_not_arrive_told_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Carrier())
    customer = make_reachable(person={"name": "王芳", "phone": "13900000001"}).customer
    account = make_late(account_no="LATE", customer=customer)
    _debit, message = ordered(account)
    message = send(message, NOON)
    take_receipt(
        Receipt(
            provider=message.provider, event_id="e1", reference=message.reference, key="", state=ReceiptState.UNDELIVERED,
            is_detail_dead=False, detail="no such number", at=NOON,
        ),
        NOON,
    )  # fmt: skip
    assert Message.objects.get().status == "undelivered"
    assert_waits(account)
