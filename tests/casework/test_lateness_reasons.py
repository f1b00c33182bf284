"""Why customers are late: asked at the first contact with them, recorded for the episode, changed, and over with it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_user
from promise_books import TODAY, late_account
from rest_framework.test import APIClient
from work_books import fill, item_of, make_queue, worker, worker_today

from accounts.models import AccountState, CreditAccount
from casework.bulk.cases import follow_cases
from casework.models import Case, CaseEvent, LatenessReason, WorkItem, WorkRecord
from casework.operations.acting import Asked
from casework.operations.cases.following import follow_account
from casework.operations.cases.outcomes import record_case_outcome
from casework.operations.cases.refusals import ReasonNotAsked, ReasonStands, ReasonUnknown, SettingChanged, SettingMalformed
from casework.operations.cases.settings import save_lateness_reason
from casework.operations.cases.working_on import confirm_right_party, record_reason
from casework.operations.working import record_outcome, undo
from casework.queries.cases.reasons import reasons_on
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db
CALENDAR = date(2026, 1, 5)
LAST = 2**63 - 1


def record_in(account: CreditAccount, code: str, reason: str = "") -> CaseEvent:
    return record_case_outcome(actor=TESTER, account_id=account.pk, code=code, today=CALENDAR, lateness_reason=reason)


def reason_of(account: CreditAccount) -> tuple[str | None, str]:
    """Return the reason of the open case, and the copy in the state."""
    case = Case.objects.select_related("reason").get(account=account, closed_on=None)
    return case.reason and case.reason.code, AccountState.objects.get(pk=account.pk).lateness_reason


def test_the_first_contact_with_the_customer_asks_and_later_ones_do_not() -> None:
    account = late_account()
    record_in(account, "no_answer")
    with pytest.raises(ReasonNotAsked, match="forgot"):
        record_in(account, "cannot_pay")
    with pytest.raises(ReasonNotAsked):
        confirm_right_party(actor=TESTER, account_id=account.pk, proof="last_four")
    with pytest.raises(ReasonUnknown):
        record_in(account, "cannot_pay", "laziness")
    assert reason_of(account) == (None, "")
    assert list(CaseEvent.objects.exclude(kind="opened").values_list("kind", flat=True)) == ["outcome"]
    record_in(account, "cannot_pay", "not_said")
    assert reason_of(account) == ("not_said", "not_said")
    record_in(account, "refuses")
    confirm_right_party(actor=TESTER, account_id=account.pk, proof="last_four")
    told = CaseEvent.objects.get(kind="reason")
    assert (told.day, told.details) == (TODAY, {"reason": "not_said", "was": ""})


def test_a_reason_is_changed_and_what_was_recorded_stays() -> None:
    account = late_account()
    record_reason(actor=TESTER, account_id=account.pk, code="forgot")
    with pytest.raises(ReasonStands):
        record_reason(actor=TESTER, account_id=account.pk, code="forgot")
    LatenessReason.objects.filter(code="moved").update(is_active=False)
    with pytest.raises(ReasonUnknown):
        record_reason(actor=TESTER, account_id=account.pk, code="moved")
    record_reason(actor=TESTER, account_id=account.pk, code="illness")
    assert reason_of(account) == ("illness", "illness")
    events = CaseEvent.objects.filter(kind="reason").order_by("pk")
    assert [event.details for event in events] == [{"reason": "forgot", "was": ""}, {"reason": "illness", "was": "forgot"}]
    lines = AuditEntry.objects.filter(action="case.reason").order_by("pk")
    assert [line.after for line in lines] == [{"lateness_reason": "forgot"}, {"lateness_reason": "illness"}]


def test_an_outcome_of_the_worklist_asks_too_and_undoing_it_leaves_what_was_said() -> None:
    account, analyst = late_account(), worker()
    make_queue()
    fill(now=timezone.now())
    item = item_of(account)
    asked = Asked(actor=Actor.of(analyst), scope=WHOLE_BOOK, item_id=item.pk, version=item.version, now=timezone.now())
    with pytest.raises(ReasonNotAsked):
        record_outcome(asked, outcome="cannot_pay")
    assert (WorkItem.objects.get().status, WorkRecord.objects.count(), AuditEntry.objects.count()) == ("open", 0, 0)
    made = record_outcome(asked, outcome="cannot_pay", lateness_reason="income_lost")
    undo(actor=Actor.of(analyst), scope=WHOLE_BOOK, record_id=made.pk, now=timezone.now())
    assert reason_of(account) == ("income_lost", "income_lost")
    assert Case.objects.get().right_party_on is None


@pytest.mark.parametrize("by_close", [True, False])
def test_the_next_episode_has_no_reason_whichever_way_the_case_closed(by_close: bool) -> None:
    account, still = late_account(), late_account()
    for each in (account, still):
        record_reason(actor=TESTER, account_id=each.pk, code="family")
    AccountState.objects.filter(pk=account.pk).update(days_past_due=0, oldest_unpaid_due_date=None)
    if by_close:
        follow_cases(as_of=TODAY, now=timezone.now(), first_account_id=0, last_account_id=LAST)
    else:
        follow_account(account.pk)
    assert Case.objects.get(account=account).stage == "cured"
    assert AccountState.objects.get(pk=account.pk).lateness_reason == ""
    assert reason_of(still) == ("family", "family")
    closed_on = Case.objects.get(account=account).closed_on
    assert closed_on is not None
    assert reasons_on([account.pk, still.pk], TODAY) == {
        still.pk: "family",
        **({account.pk: "family"} if closed_on > TODAY else {}),
    }
    assert reasons_on([account.pk, still.pk], TODAY - timedelta(days=1)) == {}


def test_the_list_is_changed_with_audit_and_not_said_stays_in_use() -> None:
    values = {"position": 5, "name_en": "on holiday", "name_zh": "外出度假", "is_active": True}
    for code in ("On holiday", "none_recorded", "forgot"):
        with pytest.raises(SettingMalformed):
            save_lateness_reason(actor=TESTER, code=code, values=values, version=None)
    save_lateness_reason(actor=TESTER, code="holiday", values=values, version=None)
    with pytest.raises(SettingChanged):
        save_lateness_reason(actor=TESTER, code="holiday", values=values, version=7)
    save_lateness_reason(actor=TESTER, code="holiday", values={**values, "is_active": False}, version=1)
    with pytest.raises(SettingMalformed):
        save_lateness_reason(actor=TESTER, code="not_said", values={**values, "is_active": False}, version=1)
    with pytest.raises(SettingMalformed):
        save_lateness_reason(actor=TESTER, code="forgot", values={**values, "name_zh": ""}, version=1)
    lines = AuditEntry.objects.filter(action="lateness_reason.edit").order_by("pk")
    assert [(line.subject_key, line.before and line.before["is_active"], line.after["is_active"]) for line in lines] == [
        ("holiday", None, True), ("holiday", True, False),
    ]  # fmt: skip


def client_of(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_pages_ask_record_and_show_it() -> None:
    account, person = late_account(account_no="A-1"), worker_today(username="ann")
    make_queue()
    fill(now=timezone.now())
    client, item = client_of(person), item_of(account)
    desk = client.get(f"/worklist/?queue=late&at={item.pk}").content.decode()
    assert 'name="lateness_reason" required' in desk and "asked, not said" in desk
    refused = client.post(
        f"/worklist/{item.pk}/outcome/", {"version": item.version, "outcome": "refuses"}, headers={"HX-Request": "true"}
    )
    assert refused.status_code == 422 and "Ask why the customer is late" in refused.content.decode()
    client.post(
        f"/worklist/{item.pk}/outcome/", {"version": item.version, "outcome": "refuses", "lateness_reason": "will_not_pay"}
    )
    assert reason_of(account) == ("will_not_pay", "will_not_pay")
    for url in ("/cases/A-1/", "/accounts/A-1/", f"/customers/{account.customer.customer_no}/"):
        assert "will not pay" in client.get(url).content.decode(), url
    assert "Why are they late?" not in client.get("/cases/A-1/").content.decode()
    assert client.post("/cases/A-1/reason/", {"lateness_reason": "goods_dispute"}).status_code == 302
    assert client.post("/cases/A-1/reason/", {"lateness_reason": "goods_dispute"}).status_code == 422
    assert client_of(make_user(Role.MANAGER)).post("/cases/A-1/reason/", {"lateness_reason": "forgot"}).status_code == 403
    lead = client_of(make_user(Role.TEAM_LEAD))
    sent = {"code": "holiday", "position": 5, "name_en": "on holiday", "name_zh": "外出度假", "is_active": "on"}
    assert lead.post("/case-settings/reasons/new/", sent).status_code == 302
    assert "on holiday" in lead.get("/case-settings/").content.decode()
    assert (
        lead.post("/case-settings/reasons/not_said/", {"position": 1, "name_en": "x", "name_zh": "y", "version": 1}).status_code
        == 422
    )
    assert client.get("/case-settings/reasons/new/").status_code == 403


def test_the_api_asks_and_records_it() -> None:
    late_account(account_no="A-1")
    client = APIClient()
    client.force_authenticate(make_user(Role.ANALYST))
    base = "/api/v1/accounts/A-1/case/"
    refused = client.post(f"{base}outcomes/", {"outcome": "call_back"}, format="json").json()
    assert (refused["code"], refused["about"]) == ("reason_not_asked", "lateness_reason")
    done = client.post(f"{base}outcomes/", {"outcome": "call_back", "lateness_reason": "moved"}, format="json").json()
    assert done["lateness_reason"] == "moved"
    assert client.put(f"{base}reason/", {"lateness_reason": "other"}, format="json").json()["lateness_reason"] == "other"
    codes = [row["code"] for row in client.get("/api/v1/lateness-reasons/").json()]
    assert codes == [
        "forgot", "payment_failed", "income_lost", "illness", "family", "over_indebted", "goods_dispute", "not_recognised",
        "moved", "will_not_pay", "other", "not_said",
    ]  # fmt: skip
    lead = APIClient()
    lead.force_authenticate(make_user(Role.TEAM_LEAD))
    sent = {"code": "forgot", "name_en": "overlooked it", "name_zh": "疏忽", "version": 1}
    assert lead.put("/api/v1/lateness-reasons/", sent, format="json").json()["version"] == 2
    assert client.put("/api/v1/lateness-reasons/", sent, format="json").status_code == 403
