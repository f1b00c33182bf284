"""A fraud claim from the call to the refund, day by day: a purchase that somebody else made in the customer's name.

The account has two orders. O-own is the customer's: 2 × 100.00, due 10 March and 10 April. O-fraud is not: 3 × 300.00, due 10
February, 10 March and 10 April. Penalty: 0.1 % a day of unpaid principal, from the day after the due date. What is paid too much
waits for what falls due.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from deciding_books import Person, accept, close_at
from dispute_books import approves, concludes, plans, takes_in
from django.utils import timezone
from factories import TESTER, make_account, make_customer, make_installment, make_product

from accounts.models import AccountSignals, AccountState, DecisionNotice, InstallmentCancellation, Refund
from accounts.operations.deciding.judging import approve_decision
from accounts.operations.payments import post_payment
from accounts.queries.verifying import differences_now
from casework.models import DisputeLetter
from casework.operations.disputes.working import add_evidence
from outreach.gate import ask_gate
from outreach.models import ContactHold, Message
from outreach.models.providers import LocalMessage
from outreach.operations.sending.dispatching import channels_to_ring, send_batch
from outreach.queries.standing import detail_of
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Purpose, Request
from riskops.close_of_business import close_day
from riskops.shared.models import BookState, Feed
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Story:
    """The account, the clock, and the people."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Feed.objects.update(is_expected=False)
        self.now = datetime(2025, 3, 13, 12, tzinfo=SHANGHAI)
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        consents = {"consent_sms": True, "consent_email": True, "consent_push": True}
        customer = make_customer(person={"name": "Li Na", "phone": "13900000001"}, language="en", **consents)
        self.account = make_account(product=make_product(penalty_rate_ppm=1_000, prepayment="hold"), customer=customer)
        for day in (date(2025, 3, 10), date(2025, 4, 10)):
            make_installment(self.account, due_date=day, principal=10_000, order_no="O-own")
        for day in (date(2025, 2, 10), date(2025, 3, 10), date(2025, 4, 10)):
            make_installment(self.account, due_date=day, principal=30_000, order_no="O-fraud")
        close_at(self.account, day=date(2025, 2, 9))
        accept(self.account)
        self.analyst, self.approver, self.legal = Person(Role.ANALYST), Person(Role.APPROVER), Person(Role.LEGAL)

    def comes(self, day: date) -> None:
        """Close every day up to the one before, so that this one is open; it is noon."""
        closed = BookState.objects.get(pk=1).business_date
        assert closed is not None
        while closed < day - timedelta(days=1):
            closed += timedelta(days=1)
            self.now = datetime.combine(closed + timedelta(days=1), datetime.min.time(), SHANGHAI) + timedelta(hours=6)
            close_day(closed, actor=TESTER)
        self.now = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(hours=12)

    def pays(self, minor: int, on: date, *, order: tuple[str, int] | None = None) -> None:
        about: dict[str, Any] = {"account_id": self.account.pk, "amount_minor": minor, "value_date": on}
        post_payment(actor=TESTER, reference=f"PAID-{on}", directed_to=order, **about)

    @property
    def state(self) -> AccountState:
        return AccountState.objects.get(pk=self.account.pk)

    def owes(self) -> tuple[int, int, int, int]:
        """Return days past due, what is overdue, outstanding principal and credit."""
        state = self.state
        return state.days_past_due, state.overdue_total_minor, state.outstanding_principal_minor, state.credit_balance_minor

    def may_be_reminded(self) -> Any:
        detail = detail_of(self.account.customer, Channel.SMS)
        assert detail is not None
        wanted = Request(channel=Channel.SMS, account_id=self.account.pk, detail=detail, purpose=Purpose.REMINDER)
        return ask_gate(wanted, self.now).verdict.rule


def test_a_fraud_claim_goes_from_the_call_to_the_refund(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(monkeypatch)

    # 10 February: the direct debit takes the first instalment of a purchase the customer knows nothing of.
    story.comes(date(2025, 2, 10))
    story.pays(30_000, date(2025, 2, 10))
    assert story.owes() == (0, 0, 80_000, 0)

    # 14 March: of both orders an instalment is late since the 10th. Three days are closed, 0.40 each of 400.00. A demand for full
    # repayment is noticed.
    story.comes(date(2025, 3, 14))
    assert story.owes() == (3, 40_000 + 3 * 40, 80_000, 0)
    demand = story.legal.asks(story.account, "accelerate")
    if demand.status == "proposed":
        second = Person(Role(demand.needs_approval_by[0]))
        approve_decision(actor=second.actor, roles=second.roles, decision_id=demand.pk, version=demand.version)
    demand.refresh_from_db()
    assert (demand.status, demand.weighed_minor) == ("scheduled", 80_000)

    # 16 March: the customer calls. The claim ends the demand, holds contact back, and the fraud lane takes the account.
    story.comes(date(2025, 3, 16))
    assert story.may_be_reminded() is None
    claim = "I never bought that; my card was stolen in January."
    dispute = takes_in(story.analyst, story.account, "not_mine", claim=claim, order_no="O-fraud", amount_minor=90_000)
    assert (dispute.received_on, dispute.answer_by) == (date(2025, 3, 16), date(2025, 4, 5))
    demand.refresh_from_db()
    assert demand.status == "cancelled"
    assert list(DecisionNotice.objects.order_by("pk").values_list("kind", flat=True)) == ["decided", "cancelled"]
    assert story.may_be_reminded() is RuleId.HOLD
    assert AccountSignals.objects.get(pk=story.account.pk).is_fraud_suspected
    story.comes(date(2025, 3, 17))
    assert story.state.tier == "fraud-suspected"

    # 20 March: the customer pays what is really theirs, 100.00 and ten days of 0.10. A police report comes in.
    story.comes(date(2025, 3, 20))
    story.pays(10_100, date(2025, 3, 20), order=("O-own", 1))
    assert story.owes() == (10, 30_000 + 10 * 30, 70_000, 0)
    report = b"%PDF-1.7 police report"
    add_evidence(actor=story.analyst.actor, dispute_id=dispute.pk, name="report.pdf", chunks=[report], size_bytes=len(report))

    # 2 April: it was fraud. Three instalments are to be cancelled. Without them the 300.00 of February would have paid O-own/1 on
    # its due date, so the 101.00 of March come free too: 300.00 − 100.00 + 101.00 = 301.00 go back.
    story.comes(date(2025, 4, 2))
    for sequence in (1, 2, 3):
        plans(story.analyst, dispute, "cancel_installment", order_no="O-fraud", sequence=sequence)
    plans(story.analyst, dispute, "refund_credit", amount_minor=30_100)
    said = {"answer_en": "Somebody used your name; nothing of it is yours to pay.", "answer_zh": "经查系他人冒用，您无需承担。"}
    proposed = concludes(
        story.analyst, dispute, "upheld", root_cause="identity", finding="Device and address are not theirs.", **said
    )
    assert proposed.status == "proposed" and not Refund.objects.exists() and not InstallmentCancellation.objects.exists()
    approves(story.approver, dispute)
    assert InstallmentCancellation.objects.count() == 3
    assert [(refund.amount_minor, refund.value_date) for refund in Refund.objects.all()] == [(30_100, date(2025, 4, 2))]
    # What is left is the customer's own second instalment, not due yet.
    assert story.owes() == (0, 0, 10_000, 0)
    assert ContactHold.objects.get().until is not None
    assert not AccountSignals.objects.get(pk=story.account.pk).is_fraud_suspected
    letter = DisputeLetter.objects.get()
    assert "Instalment O-fraud/2 is cancelled: you do not owe it." in letter.text_en
    assert "¥\u202f301.00 is paid back to you." in letter.text_en and "¥\u202f301.00已退还给您。" in letter.text_zh

    # 3 April: the close agrees, the lane is left, the letter has gone by SMS, and reminders may go again.
    for channel in channels_to_ring(story.now):
        send_batch(channel, for_seconds=30, worker="w1", clock=lambda: story.now, pause=lambda seconds: None)
    message = Message.objects.get(step=f"dispute:{dispute.pk}")
    assert (message.status, letter.delivery) == ("sent", f"message {message.pk}")
    assert letter.text_en in LocalMessage.objects.get(key=message.attempt_key).words["body"]
    story.comes(date(2025, 4, 3))
    assert (story.state.tier, story.owes()) == ("normal", (0, 0, 10_000, 0))
    assert list(differences_now()) == []
