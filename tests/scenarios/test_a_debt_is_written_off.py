"""A debt from 181 days late to its recovery: proposed by the close, sent, approved, paid after all, the payment taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from deciding_books import Person, at, page
from factories import TESTER, make_account, make_customer, make_installment, make_product
from write_off_books import DAY, OPEN, age

from accounts.models import AccountState, WriteOff
from accounts.operations.payments import post_payment, reverse_payment
from casework.models import Case
from recovery.models import WriteOffProposal
from recovery.queries.write_off_recoveries import by_month
from riskops.close_of_business import close_day
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK


@pytest.mark.django_db
def test_from_181_days_late_to_a_recovery_that_bounces(django_capture_on_commit_callbacks: Any) -> None:
    analyst, approver = Person(Role.ANALYST), Person(Role.APPROVER)
    product = make_product(name="Card", penalty_rate_ppm=500)
    account = make_account(
        customer=make_customer(person={"name": "王小明"}), product=product, opened_on=DAY - timedelta(days=400)
    )
    make_installment(account, due_date=OPEN - timedelta(days=180), principal=500_000, interest=6_000)
    age(account)
    # 180 days late: not yet.
    close_day(OPEN, actor=TESTER)
    assert WriteOffProposal.objects.count() == 0
    # 181 days late: the close of the day proposes it.
    second = OPEN + timedelta(days=1)
    close_day(second, actor=TESTER)
    proposal = WriteOffProposal.objects.get()
    state = AccountState.objects.get(pk=account.pk)
    assert (proposal.days_past_due, str(proposal.rule), proposal.proposed_on) == (181, "late-180 v1", second)
    assert (proposal.principal_minor, proposal.interest_minor) == (500_000, 6_000)
    assert proposal.penalty_minor == state.penalty_due_minor > 0
    # The analyst sends it, an approver writes it off; both on the list.
    at(analyst).post("/write-offs/send/", {"write_offs": [proposal.pk], "reason_code": "not_recoverable", "note": "no trace"})
    assert proposal.account.account_no in page(at(approver).get("/write-offs/?tab=sent"))
    at(approver).post("/write-offs/approve/", {"write_offs": [proposal.pk]})
    entry, third = WriteOff.objects.get(), second + timedelta(days=1)
    assert (entry.value_date, entry.principal_minor, entry.interest_minor) == (third, 500_000, 6_000)
    close_day(third, actor=TESTER)
    assert Case.objects.get(account=account).stage == "written_off"
    # The debt stands on the case page, with what may be said.
    assert "The debt stands although it was written off." in page(at(analyst).get(f"/cases/{account.account_no}/"))
    # It pays after all, through an agency of nobody: own work.
    fourth = third + timedelta(days=1)
    post_payment(actor=TESTER, account_id=account.pk, amount_minor=80_000, value_date=fourth, reference="R-1")
    shown = page(at(analyst).get("/recoveries/"))
    assert account.account_no in shown and "800.00" in shown
    written = entry.total_minor
    assert by_month(WHOLE_BOOK, "CNY", business_date=third).charge_offs[-1].net_minor == written - 80_000
    # The bank takes it back.
    reverse_payment(actor=TESTER, payment_no="R-1", value_date=fourth, reference="R-2", reason="bounced")
    assert by_month(WHOLE_BOOK, "CNY", business_date=third).charge_offs[-1].net_minor == written
    assert "800.00" not in page(at(analyst).get("/recoveries/"))
    acted = AuditEntry.objects.filter(account_id=account.pk, action__startswith="write_off.").order_by("pk")
    assert [line.action for line in acted] == ["write_off.propose_by_rule", "write_off.send", "write_off.approve"]
