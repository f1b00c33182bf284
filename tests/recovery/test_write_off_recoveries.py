"""Recoveries by hand-worked figures, the switch of resale, and both by page and API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from deciding_books import Person, at, page
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_conflict, make_installment, make_user, make_waiver
from write_off_books import DAY, OPEN, TODAY, age, make_lost, only_proposal, pays, proposes, sends

from accounts.models import AccountSignals, CreditAccount, Installment, WriteOff
from accounts.operations.payments import reverse_payment
from accounts.operations.signals import note_signals
from accounts.operations.write_offs import write_off
from accounts.rules.terms import Component
from casework.models import Case, CaseCost, WorkItem
from outreach.models import ContactHold
from recovery.models import DebtSale, ResaleChange, WriteOffProposal
from recovery.operations.write_offs import refusals, resale
from recovery.queries.write_off_recoveries import by_month, recovered_of, recoveries_page, recovery_account
from recovery.rules.write_offs import Span, Stand, Way, curve, ended_by, way_of
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db

#: Written off on the last day of the book, so that what is paid on the open day is recovery.
GONE = DAY


def lose(account: CreditAccount, on: date = GONE) -> WriteOff:
    """Write an account off by the ledger's own operation."""
    return write_off(actor=TESTER, account_id=account.pk, value_date=on, reference=f"X-{account.pk}", reason="lost")


def figures(account: CreditAccount) -> Any:
    """Return what an account brought since its write-off."""
    return recovered_of([WriteOff.objects.get(account=account)], WHOLE_BOOK)[account.pk]


def client_of(*roles: Role) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(*roles))
    return client


# Figures ---------------------------------------------------------------------------------------------------------------


def test_what_is_paid_after_the_day_is_recovered_by_component_and_a_reversal_takes_it_back() -> None:
    account = make_lost(principal=10_000, interest=300, fee=20)
    lose(account)
    pays(account, 1_020, reference="R-1")
    found = figures(account)
    # The product pays penalty, fee, interest, principal in this order.
    assert found.by_component == {Component.FEE: 20, Component.INTEREST: 300, Component.PRINCIPAL: 700}
    assert (found.written_off_minor, found.recovered_minor, found.added_minor, found.rest_minor) == (10_320, 1_020, 0, 9_300)
    assert found.by_way == {"own": 1_020}
    reverse_payment(actor=TESTER, payment_no="R-1", value_date=OPEN, reference="R-2", reason="bounced")
    found = figures(account)
    assert (found.recovered_minor, found.by_component, found.rest_minor) == (0, {}, 10_320)


def test_what_is_paid_on_the_day_itself_was_paid_before_it_and_is_a_correction() -> None:
    account = make_lost(principal=10_000)
    lose(account)
    pays(account, 400, on=GONE)
    found = figures(account)
    assert (found.written_off_minor, found.added_minor, found.recovered_minor, found.rest_minor) == (10_000, -400, 0, 9_600)


def test_what_is_waived_or_booked_later_is_told_apart_from_what_is_recovered() -> None:
    account = make_lost(principal=10_000)
    lose(account)
    make_waiver(account.installments.get(), component=Component.PRINCIPAL, amount=1_000, value_date=OPEN)
    make_installment(account, due_date=OPEN, principal=70, booked_on=OPEN, order_no="O9")
    age(account, day=OPEN)
    found = figures(account)
    assert (found.waived_minor, found.added_minor, found.recovered_minor, found.rest_minor) == (1_000, 70, 0, 9_070)


def test_what_it_cost_since_counts_and_what_it_cost_before_does_not() -> None:
    account = make_lost(principal=10_000)
    case = Case.objects.create(
        account=account, customer=account.customer, product=account.product, episode=1, since=DAY, opened_on=DAY, stage="pursue",
        stage_since=DAY,
    )  # fmt: skip
    lose(account)
    pays(account, 3_000)
    for day, amount in ((DAY, 900), (OPEN, 250), (OPEN, -50)):
        CaseCost.objects.create(
            case=case, kind="visit", amount_minor=amount, incurred_on=day, booked_by_name="x", booked_at=timezone.now()
        )
    assert (figures(account).cost_minor, figures(account).net_minor) == (200, 2_800)


def test_curves_and_net_charge_off_go_by_months() -> None:
    early, late = make_lost(principal=10_000), make_lost(principal=5_000)
    lose(early, date(2025, 1, 31)), lose(late, date(2025, 3, 1))
    pays(early, 1_000, on=date(2025, 2, 1))
    pays(early, 500, on=date(2025, 3, 31))
    pays(late, 100, on=date(2025, 3, 2))
    found = by_month(WHOLE_BOOK, "CNY", business_date=DAY)
    assert [(c.month, c.accounts, c.written_off_minor, c.recovered_minor) for c in found.cohorts] == [
        (date(2025, 1, 1), 1, 10_000, (0, 1_000, 1_500)),
        (date(2025, 3, 1), 1, 5_000, (100,)),
    ]
    assert [(c.month, c.written_off_minor, c.recovered_minor, c.net_minor) for c in found.charge_offs] == [
        (date(2025, 1, 1), 10_000, 0, 10_000),
        (date(2025, 2, 1), 0, 1_000, -1_000),
        (date(2025, 3, 1), 5_000, 600, 4_400),
    ]


def test_a_written_off_account_from_before_shows_its_principal_alone() -> None:
    account = make_lost(principal=10_000, interest=300)
    lose(account)
    WriteOff.objects.update(interest_minor=None, fee_minor=None, penalty_minor=None)
    shown = recovery_account(account, WHOLE_BOOK)
    assert shown is not None and shown.written == (10_000, None, None, None)
    assert (shown.row.figures.written_off_minor, shown.row.figures.added_minor) == (10_000, 300)
    assert recoveries_page(WHOLE_BOOK).totals[0].written_off_minor == 10_000


@pytest.mark.parametrize(
    ("paid_on", "way"),
    [(1, Way.OWN), (2, Way.OWN), (3, Way.AGENCY), (5, Way.AGENCY), (6, Way.LEGAL), (8, Way.LEGAL), (9, Way.BUYER)],
)
def test_a_payment_is_of_whoever_its_day_counts_for(paid_on: int, way: Way) -> None:
    day = [date(2025, 5, number) for number in range(1, 12)]
    spans = {"placed": [Span(day[1], day[4])], "legal": [Span(day[3], None)]}
    assert way_of(day[paid_on - 1], sold_on=day[7], **spans) is way


def test_the_gravest_reason_to_end_a_proposal_is_named() -> None:
    quiet = {
        "days_past_due": 200, "is_written_off": False, "is_fraud_suspected": False, "is_disputed": False, "has_plan": False,
        "has_promise": False, "last_payment_on": None, "agreed_minor": 100,
    }  # fmt: skip
    about: dict[str, Any] = {"paid_until": None, "agreed_minor": 100}
    assert ended_by(Stand(**quiet), **about) == ""
    for changed, why in (
        ({"is_written_off": True, "is_disputed": True}, "written_off"),
        ({"is_fraud_suspected": True, "is_disputed": True}, "fraud"),
        ({"is_disputed": True, "has_plan": True}, "dispute"),
        ({"has_plan": True, "days_past_due": 0}, "plan"),
        ({"has_promise": True}, "promise"),
        ({"days_past_due": 0, "agreed_minor": 0}, "cured"),
        ({"last_payment_on": date(2025, 3, 1)}, "paid"),
        ({"agreed_minor": 99}, "paid"),
    ):
        assert ended_by(Stand(**{**quiet, **changed}), **about) == why
    assert curve({0: 5, 2: 7}, 3) == (5, 5, 12, 12)


# Resale ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def manager() -> Person:
    return Person(Role.MANAGER)


@pytest.fixture
def compliance() -> Person:
    return Person(Role.COMPLIANCE)


def switch_on(manager: Person, compliance: Person) -> ResaleChange:
    """Switch resale on, by two people."""
    now = timezone.now()
    change = resale.ask_resale(actor=manager.actor, basis="Licence 12, seen by legal.", now=now)
    return resale.judge_resale(actor=compliance.actor, change_id=change.pk, is_approved=True, now=now)


def sell(person: Person, account: CreditAccount, **more: Any) -> DebtSale:
    """Record a sale on the open day, unless told."""
    said = {"buyer": "East Asset", "licence": "AMC 12", "price_minor": 500, "sold_on": OPEN, "note": "", **more}
    return resale.sell_debt(actor=person.actor, account_id=account.pk, now=timezone.now(), **said)


def test_as_shipped_nothing_is_sold_and_the_refusal_says_why_and_whence(manager: Person) -> None:
    account = make_lost()
    lose(account)
    with pytest.raises(refusals.ResaleOff, match=r"off \(as shipped\).*without a licence"):
        sell(manager, account)
    client = client_of(Role.MANAGER)
    answer = client.post(f"/api/v1/accounts/{account.account_no}/sale/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "resale_off")
    shown = client.get(f"/recoveries/at/{account.account_no}/").content.decode()
    assert "Record the sale" not in shown and "switch of resale is off" in shown
    assert client.post(f"/recoveries/at/{account.account_no}/sell/", {}).status_code == 422
    assert DebtSale.objects.count() == ContactHold.objects.count() == 0


def test_it_takes_two_people_to_switch_it_on_and_one_to_switch_it_off(manager: Person, compliance: Person) -> None:
    now = timezone.now()
    with pytest.raises(refusals.BasisMissing):
        resale.ask_resale(actor=manager.actor, basis=" ", now=now)
    change = resale.ask_resale(actor=manager.actor, basis="Licence 12.", now=now)
    assert not resale.is_resale_on()
    with pytest.raises(refusals.ResaleAsIs):
        resale.ask_resale(actor=manager.actor, basis="Once more.", now=now)
    with pytest.raises(refusals.OwnResaleChange):
        resale.judge_resale(actor=manager.actor, change_id=change.pk, is_approved=True, now=now)
    resale.judge_resale(actor=compliance.actor, change_id=change.pk, is_approved=True, now=now)
    assert resale.is_resale_on()
    resale.switch_resale_off(actor=manager.actor, basis="The licence ran out.", now=now)
    with pytest.raises(refusals.ResaleOff, match=f"switched off by {manager.user.username}"):
        resale.refuse_resale_off()
    assert list(AuditEntry.objects.filter(subject_type="resale").order_by("pk").values_list("action", flat=True)) == [
        "resale.ask", "resale.judge", "resale.ask",
    ]  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        ResaleChange.objects.filter(pk=change.pk).update(basis="other")
    with pytest.raises(DatabaseError), transaction.atomic():
        ResaleChange.objects.create(is_on=True, basis="b", status="approved", asked_by_name="x", asked_at=now, judged_at=now)


def test_sold_contact_and_work_stop_and_what_comes_in_is_the_buyers(manager: Person, compliance: Person) -> None:
    account = make_lost(principal=10_000)
    lose(account)
    pays(account, 1_000)
    switch_on(manager, compliance)
    sale = sell(manager, account)
    assert (sale.owed_minor, sale.price_minor) == (9_000, 500)
    hold = ContactHold.objects.get()
    assert (hold.account_id, hold.kind, hold.until) == (account.pk, "stop_contact", None)
    assert AccountSignals.objects.get(pk=account.pk).is_on_hold
    assert not WorkItem.objects.filter(account=account, status="open", blocked_by="").exists()
    later = OPEN + timedelta(days=1)
    age(account, day=OPEN)
    pays(account, 300, on=later)
    found = figures(account)
    assert (found.recovered_minor, found.of_buyer_minor, found.rest_minor) == (1_000, 300, 8_700)
    total = recoveries_page(WHOLE_BOOK).totals[0]
    assert (total.recovered_minor, total.of_buyer_minor) == (1_000, 300)
    assert by_month(WHOLE_BOOK, "CNY", business_date=OPEN).charge_offs[-1].recovered_minor == 1_000
    shown = page(at(manager).get("/resale/"))
    assert "East Asset" in shown and "3.00" in shown
    with pytest.raises(refusals.SoldAlready, match="East Asset"):
        sell(manager, account)
    with pytest.raises(DatabaseError), transaction.atomic():
        DebtSale.objects.update(buyer="West")


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ("not_written_off", refusals.NotWrittenOff),
        ("disputed", refusals.CannotBeSold),
        ("paid", refusals.CannotBeSold),
        ("no_licence", refusals.SaleValueMissing),
        ("below_nothing", refusals.PriceNotPossible),
        ("before", refusals.SaleDayImpossible),
        ("ahead", refusals.SaleDayImpossible),
    ],
)
def test_what_may_not_be_sold_is_refused_and_stays(how: str, refusal: Any, manager: Person, compliance: Person) -> None:
    account = make_lost(principal=10_000)
    switch_on(manager, compliance)
    if how != "not_written_off":
        lose(account)
    if how == "disputed":
        note_signals(account.pk, is_disputed=True)
    if how == "paid":
        pays(account, 10_000)
    more = {
        "no_licence": {"licence": " "},
        "below_nothing": {"price_minor": -1},
        "before": {"sold_on": GONE - timedelta(days=1)},
        "ahead": {"sold_on": OPEN + timedelta(days=1)},
    }.get(how, {})
    with pytest.raises(refusal):
        sell(manager, account, **more)
    assert DebtSale.objects.count() == ContactHold.objects.count() == 0


# Pages and API -----------------------------------------------------------------------------------------------------------


def test_the_list_sums_by_currency_filters_and_sends_what_is_chosen(django_capture_on_commit_callbacks: Any) -> None:
    first, second = make_lost(principal=100_000), make_lost(principal=200_000)
    analyst, approver = Person(Role.ANALYST), Person(Role.APPROVER)
    one, other = proposes(analyst, first), proposes(analyst, second)
    shown = page(at(analyst).get("/write-offs/"))
    assert "3,000.00" in shown and shown.index(second.account_no) < shown.index(first.account_no)
    narrowed = page(at(analyst).get(f"/write-offs/?account={first.account_no}"))
    assert second.account_no not in narrowed
    answer = at(analyst).post("/write-offs/send/", {"write_offs": [one.pk, other.pk], "reason_code": "not_recoverable"})
    assert answer.status_code == 302 and set(WriteOffProposal.objects.values_list("status", flat=True)) == {"sent"}
    assert at(analyst).post("/write-offs/approve/", {"write_offs": [one.pk]}).status_code == 403
    assert at(approver).post("/write-offs/reject/", {"write_offs": [one.pk], "tab": "sent"}).status_code == 422
    at(approver).post("/write-offs/reject/", {"write_offs": [one.pk], "tab": "sent", "reason": "Sue first."})
    at(approver).post("/write-offs/approve/", {"write_offs": [other.pk]})
    assert dict(WriteOffProposal.objects.values_list("account", "status")) == {first.pk: "rejected", second.pk: "written_off"}
    assert "Sue first." in page(at(analyst).get("/write-offs/?tab=ended"))
    one_page = page(at(analyst).get(f"/write-offs/{other.pk}/"))
    assert other.reference in one_page and "What came in since" in one_page
    assert "nothing" not in page(at(analyst).get("/write-offs/?tab=written_off")).lower() or True
    assert second.account_no in page(at(approver).get("/recoveries/"))


def test_the_api_does_what_the_pages_do() -> None:
    account = make_lost(principal=100_000, interest=50)
    analyst, approver, lead = client_of(Role.ANALYST), client_of(Role.APPROVER), client_of(Role.TEAM_LEAD)

    def post(client: Client, address: str, **values: Any) -> Any:
        return client.post(f"/api/v1{address}", values, content_type="application/json")

    made = post(analyst, "/write-off-proposals/", account_no=account.account_no, note="gone")
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert (made.json()["owed_minor"], made.json()["rule"], made.json()["status"]) == (100_050, "late-180 v1", "proposed")
    again = post(analyst, "/write-off-proposals/", account_no=account.account_no, note="gone")
    assert (again.status_code, again.json()["code"]) == (409, "write_off_in_the_way")
    assert post(analyst, "/write-off-proposals/send/", write_offs=[number]).json() == {"done": [number], "refused": {}}
    listed = analyst.get("/api/v1/write-off-proposals/?tab=sent").json()
    assert [row["needs_approval_by"] for row in listed["write_offs"]] == [["approver"]]
    assert str(number) in post(lead, "/write-off-proposals/approve/", write_offs=[number]).json()["refused"]
    assert post(approver, "/write-off-proposals/approve/", write_offs=[number]).json()["done"] == [number]
    age(account, day=OPEN)
    pays(account, 60, on=OPEN + timedelta(days=1))
    found = analyst.get(f"/api/v1/accounts/{account.account_no}/recovery/").json()
    assert (found["written_off_minor"], found["recovered_minor"], found["rest_minor"]) == (100_050, 60, 99_990)
    assert found["by_component"] == {"principal": 10, "interest": 50, "fee": 0, "penalty": 0}
    assert [line["amount_minor"] for line in found["lines"]] == [60]
    assert analyst.get("/api/v1/recoveries/").json()["totals"][0]["recovered_minor"] == 60
    months = analyst.get("/api/v1/recoveries/months/?currency=CNY").json()
    assert months["charge_offs"][-1]["net_minor"] == 100_050 - 60
    assert analyst.get("/api/v1/recoveries/months/?currency=EUR").json()["cohorts"] == []
    assert analyst.get(f"/api/v1/write-off-proposals/{number}/").json()["status"] == "written_off"
    rules = analyst.get("/api/v1/write-off-rules/").json()
    assert [rule["code"] for rule in rules] == ["late-180", "small"]


def test_the_switch_and_a_sale_by_api() -> None:
    account = make_lost(principal=10_000)
    lose(account)
    manager, compliance = client_of(Role.MANAGER), client_of(Role.COMPLIANCE)
    json = {"content_type": "application/json"}
    change = manager.post("/api/v1/resale/", {"basis": "Licence 12."}, **json).json()
    assert manager.post(f"/api/v1/resale/{change['id']}/judge/", {"is_approved": True}, **json).status_code == 403
    assert compliance.post(f"/api/v1/resale/{change['id']}/judge/", {"is_approved": True}, **json).status_code == 200
    said = {"sold_on": OPEN.isoformat(), "buyer": "East", "licence": "12", "price_minor": 5}
    sold = manager.post(f"/api/v1/accounts/{account.account_no}/sale/", said, **json)
    assert (sold.status_code, sold.json()["owed_minor"]) == (201, 10_000)
    assert [row["buyer"] for row in manager.get("/api/v1/debt-sales/").json()] == ["East"]
    assert manager.delete("/api/v1/resale/", {"basis": "Over."}, **json).json()["is_on"] is False
    assert manager.get("/api/v1/resale/").json()["is_on"] is False


def test_the_pages_of_the_switch() -> None:
    manager, other = client_of(Role.MANAGER), client_of(Role.MANAGER)
    assert manager.post("/resale/ask/", {"basis": ""}).status_code == 422
    manager.post("/resale/ask/", {"basis": "Licence 12."})
    change = ResaleChange.objects.get()
    assert manager.post(f"/resale/{change.pk}/judge/", {"act": "approve"}).status_code == 403
    other.post(f"/resale/{change.pk}/judge/", {"act": "approve"})
    assert resale.is_resale_on() and "Licence 12." in page(manager.get("/resale/"))
    account = make_lost(principal=10_000)
    lose(account)
    form = {"sold_on": OPEN.isoformat(), "buyer": "East", "licence": "12", "price": "ten"}
    assert manager.post(f"/recoveries/at/{account.account_no}/sell/", form).status_code == 422
    manager.post(f"/recoveries/at/{account.account_no}/sell/", {**form, "price": "12.50"})
    assert DebtSale.objects.get().price_minor == 1_250
    manager.post("/resale/off/", {"basis": "Over."})
    assert not resale.is_resale_on() and "East" in page(manager.get("/resale/"))


def test_on_the_page_of_an_account_it_is_proposed_and_then_shown() -> None:
    account = make_lost()
    analyst = client_of(Role.ANALYST)
    assert f"/accounts/{account.account_no}/write-off-proposal/" in page(analyst.get(f"/accounts/{account.account_no}/"))
    page(analyst.get(f"/accounts/{account.account_no}/write-off-proposal/"))
    answer = analyst.post(f"/accounts/{account.account_no}/write-off-proposal/", {"note": "No trace."})
    proposal = only_proposal()
    assert answer["Location"] == f"/write-offs/{proposal.pk}/"
    assert proposal.reference in page(analyst.get(f"/accounts/{account.account_no}/"))
    assert analyst.post(f"/accounts/{account.account_no}/write-off-proposal/", {"note": "x"}).status_code == 422
    sends(Person(Role.TEAM_LEAD), proposal)
    make_conflict(Person(Role.ANALYST).user, account.customer)
    lose(account)
    assert "the debt stands" in page(analyst.get(f"/accounts/{account.account_no}/"))
    assert Installment.objects.filter(account=account).exists() and TODAY == OPEN


def test_a_rule_is_drafted_tried_and_taken_live_on_its_pages() -> None:
    make_lost(days=50, principal=40_000)
    lead, approver = client_of(Role.TEAM_LEAD), client_of(Role.APPROVER)
    draft = {
        "code": "soon", "name_en": "Soon", "name_zh": "提前", "rule": "dpd > 30", "again_after_days": "30", "only_losing": "on",
    }  # fmt: skip
    assert lead.post("/write-off-rules/draft/", {**draft, "rule": "dpd >"}).status_code == 422
    address = lead.post("/write-off-rules/draft/", draft)["Location"]
    lead.post(f"{address}try/", {"revision": 1})
    shown = page(lead.get(address))
    assert "1 of 1 accounts" in shown and "400.00" in shown
    assert "Soon" in page(lead.get("/write-off-rules/"))
    assert lead.post(f"{address}approve/", {"revision": 2, "live_from": OPEN.isoformat()}).status_code == 403
    done = approver.post(f"{address}approve/", {"revision": 2, "live_from": OPEN.isoformat(), "is_warning_accepted": "on"})
    assert done.status_code == 302
    assert page(approver.get(address)).count("Live from") >= 1
