"""A first call tells why the customer is late and that she is ill: the analyst lets go, the ladder's call is not made, a trained
colleague gets her next.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from factories import TESTER, make_account, make_customer, make_examination, make_installment, make_product, make_user

from accounts.models import AccountSignals, AccountState, CreditAccount
from casework.models import Case, Claim, Vulnerability, WorkItem
from casework.operations.claiming import get_next
from casework.operations.queues import close_cases
from casework.operations.work_refusals import NothingToTake
from casework.trained import TrainedStaffOnly
from outreach.models import Message
from outreach.operations.calls import ask_for_contact
from outreach.queries.ladder_place import ladder_stand
from outreach.rules.contacts import Channel, Purpose
from riskops.close_of_business import close_day, close_through
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db

DUE = date(2025, 3, 10)
#: Thirty-one days late: the first call of the standard ladder is due on the day after.
CLOSED = date(2025, 4, 10)
SECRET = "operated on; her sister reads the post"


def late_account() -> CreditAccount:
    customer = make_customer(
        person={"name": "王小明", "phone": "13912345678", "email": "w@example.com"}, consent_sms=True, consent_email=True
    )
    account = make_account(account_no="A-1", customer=customer, product=make_product(), opened_on=date(2025, 1, 1))
    make_installment(account, due_date=DUE, principal=100_000)
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor
    )
    return account


def collector(name: str, *subjects: str) -> Any:
    person = make_user(Role.ANALYST, username=name)
    for subject in ("collections", *subjects):
        make_examination(person, passed_on=timezone.localdate(), subject=subject)
    return person


def due_of(account: CreditAccount, as_of: date) -> list[str | None]:
    """Return what the ladder has due on the day after a closed one."""
    row = CreditAccount.objects.select_related("product", "customer", "signals").get(pk=account.pk)
    stand = ladder_stand(row, as_of=as_of, today=as_of + timedelta(days=1))
    assert stand is not None
    return [line.due.code if line.due else None for line in stand.lines]


@pytest.fixture(autouse=True)
def _in_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be eleven o'clock where the customer lives: at night nobody is called, and no item to call is taken."""
    morning = timezone.localtime().replace(hour=11, minute=0)
    monkeypatch.setattr(timezone, "now", lambda: morning)


def test_the_first_call_hands_the_customer_over(django_capture_on_commit_callbacks: Any) -> None:
    account, analyst, carer = late_account(), collector("analyst"), collector("carer", "vulnerable")
    close_through(CLOSED - timedelta(days=2), CLOSED, actor=TESTER)
    assert due_of(account, CLOSED) == ["call-32"]
    client = Client()
    client.force_login(analyst)

    # The analyst takes the account and speaks to the customer.
    assert client.post(reverse("worklist-next")).status_code == 302
    claim = Claim.objects.select_related("item").get(user=analyst)
    item = claim.item
    assert item.account_id == account.pk
    said = {"version": item.version, "token": claim.token, "outcome": "call_back", "remark": "in June"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("worklist-outcome", args=[item.pk]), said)
        assert WorkItem.objects.get(pk=item.pk).status == "open", "why she is late was not asked"
        today = timezone.localdate()
        flag = {"kind": "illness", "text": SECRET, "since": today, "review_by": today + timedelta(days=60)}
        assert client.post(reverse("casework:care_flag", args=["A-1"]), flag).status_code == 302
        item.refresh_from_db()
        client.post(reverse("worklist-outcome", args=[item.pk]), {**said, "version": item.version, "lateness_reason": "illness"})
    case = Case.objects.select_related("reason").get()
    assert case.reason is not None and (case.reason.code, case.right_party_on) == ("illness", CLOSED + timedelta(days=1))
    assert AccountSignals.objects.get(pk=account.pk).is_vulnerable
    assert WorkItem.objects.get(pk=item.pk).outcome == "call_back"

    # The call that was planned is not made, on the spot and after the next close.
    assert due_of(account, CLOSED) == [None]
    with pytest.raises(TrainedStaffOnly):
        ask_for_contact(
            actor=Actor.of(analyst), key="k", account=CreditAccount.objects.select_related("customer", "product").get(),
            channel=Channel.CALL, purpose=Purpose.REMINDER, now=timezone.now(),
        )  # fmt: skip
    next_day = CLOSED + timedelta(days=1)
    close_day(next_day, actor=TESTER)
    assert due_of(account, next_day) == [None]
    assert not Message.objects.filter(planned_on__gt=CLOSED).exists()
    assert not Message.objects.filter(status="queued").exists(), "what waited in the usual words is stopped"

    # On the day she asked to be called back the account is there again: not for the analyst, but for the trained colleague.
    later = timezone.now() + timedelta(days=1)
    close_cases(as_of=next_day, now=later, first_account_id=0, last_account_id=2**63 - 1)
    with pytest.raises(NothingToTake):
        get_next(actor=Actor.of(analyst), scope=WHOLE_BOOK, now=later)
    assert get_next(actor=Actor.of(carer), scope=WHOLE_BOOK, now=later).item.account_id == account.pk

    # Only she reads why, and the trail says that she did.
    assert client.post(reverse("casework:care_read", args=["A-1"])).status_code == 403
    for page in ("/accounts/A-1/", "/cases/A-1/", "/accounts/A-1/care/"):
        shown = client.get(page).content.decode()
        assert "Handle with care" in shown and "operated" not in shown, page
    other = Client()
    other.force_login(carer)
    assert SECRET in other.post(reverse("casework:care_read", args=["A-1"])).content.decode()
    assert AuditEntry.objects.filter(action="vulnerability.view").values_list("actor_id", flat=True).get() == carer.pk
    assert "operated" not in str(list(AuditEntry.objects.values()))
    assert Vulnerability.objects.get().ended_at is None
