"""People of an agency: their own placed accounts, masked, calls by the gate, every look recorded; nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from agency_books import DAY, NEXT, actor_of, make_agency, make_collector, make_late, place, stand_at
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_conflict, make_user
from rest_framework.test import APIClient

from accounts.models import CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.signals import note_signals
from outreach.models import Contact, Denial
from recovery.models import Agency, AgencyAccess, AgencyFile, AgencyPerson, Placement
from recovery.operations.agencies.evaluating import end_person, register_person
from recovery.operations.agencies.recalling import recall_account
from recovery.queries.agency_scorecard import scorecard
from riskops.shared.audit import COMMAND
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def accounts() -> list[CreditAccount]:
    """One account with north, one with south."""
    found = [make_late(), make_late()]
    stand_at(DAY, found)
    place(found, make_agency("north"), make_agency("south"))
    by_agency = {p.agency.code: p.account for p in Placement.objects.select_related("agency", "account__customer")}
    return [by_agency["north"], by_agency["south"]]


@pytest.fixture
def caller(accounts: list[CreditAccount]) -> Any:
    return make_collector(Placement.objects.get(account=accounts[0]).agency, username="caller")


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Twelve o'clock today, when calls are allowed."""
    now = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_agency_user_sees_its_own_accounts_masked_and_each_look_is_recorded(
    accounts: list[CreditAccount], caller: Any
) -> None:
    client = client_of(caller)
    page = client.get("/my-placements/").content.decode()
    assert accounts[0].account_no in page and accounts[1].account_no not in page
    person = accounts[0].customer.person
    assert person["name"] not in page and person["phone"] not in page and person["phone"][-4:] in page
    one = client.get(f"/my-placements/at/{accounts[0].account_no}/")
    assert one.status_code == 200 and person["phone"] not in one.content.decode()
    assert client.get(f"/my-placements/at/{accounts[1].account_no}/").status_code == 404
    looks = list(AgencyAccess.objects.order_by("pk").values_list("what", "user_name", "account_id"))
    assert looks == [("list", "caller", accounts[0].pk), ("page", "caller", accounts[0].pk)]


def test_the_api_gives_an_agency_user_the_same_and_nothing_of_the_others(accounts: list[CreditAccount], caller: Any) -> None:
    api = APIClient()
    api.force_authenticate(caller)
    rows = api.get("/api/v1/my-placements/").json()["rows"]
    assert [(row["account_no"], row["amount"], row["currency"]) for row in rows] == [(accounts[0].account_no, "1000.00", "CNY")]
    assert api.get(f"/api/v1/my-placements/at/{accounts[1].account_no}/").status_code == 404
    assert api.get("/api/v1/accounts/").status_code == 403
    assert api.get("/api/v1/placements/").status_code == 403


def test_what_is_recalled_is_out_of_sight_at_once(accounts: list[CreditAccount], caller: Any) -> None:
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=accounts[0].account_no, reason="other", note="n")
    client = client_of(caller)
    assert accounts[0].account_no not in client.get("/my-placements/").content.decode()
    assert client.get(f"/my-placements/at/{accounts[0].account_no}/").status_code == 404


def test_who_no_longer_works_for_the_agency_sees_nothing(accounts: list[CreditAccount], caller: Any) -> None:
    AgencyPerson.objects.filter(user=caller).update(until=timezone.localdate())
    client = client_of(caller)
    assert accounts[0].account_no not in client.get("/my-placements/").content.decode()
    assert client.get(f"/my-placements/at/{accounts[0].account_no}/").status_code == 404


def test_a_conflict_of_interest_closes_the_account(accounts: list[CreditAccount], caller: Any) -> None:
    make_conflict(caller, accounts[0].customer)
    client = client_of(caller)
    assert client.get(f"/my-placements/at/{accounts[0].account_no}/").status_code == 403
    assert accounts[0].account_no not in client.get("/my-placements/").content.decode()


def test_a_call_is_asked_for_its_number_shown_and_its_end_recorded(
    accounts: list[CreditAccount], caller: Any, noon: datetime
) -> None:
    client, base = client_of(caller), f"/my-placements/at/{accounts[0].account_no}/"
    asked = client.post(f"{base}calls/", {"key": "k1", "channel": "call", "purpose": "demand"})
    assert asked.status_code == 200
    contact = Contact.objects.get()
    assert (contact.made_by_id, contact.account_id, contact.outcome) == (caller.pk, accounts[0].pk, "open")
    phone = accounts[0].customer.person["phone"]
    shown = client.post(f"{base}calls/{contact.pk}/number/").content.decode()
    assert f"+86{phone}" in shown.replace(" ", "")
    assert AgencyAccess.objects.filter(what="number", account=accounts[0], user=caller).count() == 1
    assert client.post(f"{base}calls/{contact.pk}/end/", {"outcome": "effective", "note": "pays on Friday"}).status_code == 302
    contact.refresh_from_db()
    assert (contact.outcome, contact.note) == ("effective", "pays on Friday")


def test_the_gate_says_no_to_an_agency_as_to_everybody(accounts: list[CreditAccount], caller: Any, monkeypatch: Any) -> None:
    night = timezone.localtime().replace(hour=23, minute=30)
    monkeypatch.setattr(timezone, "now", lambda: night)
    api = APIClient()
    api.force_authenticate(caller)
    answer = api.post(
        f"/api/v1/my-placements/at/{accounts[0].account_no}/calls/",
        {"key": "k1", "channel": "call", "purpose": "demand"},
        format="json",
    ).json()
    assert (answer["is_allowed"], answer["rule"], answer["contact"]) == (False, "quiet-hours", None)
    assert (Contact.objects.count(), Denial.objects.count()) == (0, 1)


def test_without_an_examination_or_training_there_is_no_call(accounts: list[CreditAccount], caller: Any, noon: datetime) -> None:
    agency = Placement.objects.get(account=accounts[0]).agency
    fresh = make_user(Role.AGENCY, username="fresh")
    AgencyPerson.objects.create(
        agency=agency, user=fresh, trained_on=timezone.localdate(), since=timezone.localdate(), registered_by_name="x"
    )
    api = APIClient()
    api.force_authenticate(fresh)
    path, asked = (
        f"/api/v1/my-placements/at/{accounts[0].account_no}/calls/",
        {"key": "k", "channel": "call", "purpose": "demand"},
    )
    assert api.post(path, asked, format="json").json()["rule"] == "collector"
    AgencyPerson.objects.filter(user=fresh).update(trained_on="2020-01-01")
    answer = api.post(path, asked, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "training_over")
    assert not Contact.objects.exists()


def may_not_work(agency: Agency, how: str) -> None:
    """Let one thing that an agency needs be missing."""
    today = timezone.localdate()
    yesterday = today - timedelta(days=1)
    if how == "failed":
        agency.evaluations.create(evaluated_on=today, result="failed", findings="f", evaluated_by_name="x")
        return
    values: dict[str, Any] = {
        "licence": {"licence_valid_until": yesterday}, "contract": {"contract_until": yesterday},
        "undertaking": {"undertaking_on": None}, "changed": {"status": "prepared"}, "suspended": {"status": "suspended"},
    }[how]  # fmt: skip
    Agency.objects.filter(pk=agency.pk).update(**values)


@pytest.mark.parametrize("how", ["licence", "contract", "undertaking", "failed", "changed", "suspended"])
def test_an_agency_that_may_not_work_calls_nobody(how: str, accounts: list[CreditAccount], caller: Any, noon: datetime) -> None:
    api, base = APIClient(), f"/api/v1/my-placements/at/{accounts[0].account_no}/calls/"
    api.force_authenticate(caller)
    asked = {"key": "k", "channel": "call", "purpose": "demand"}
    contact = api.post(base, asked, format="json").json()["contact"]
    assert contact is not None
    may_not_work(Placement.objects.get(account=accounts[0]).agency, how)
    is_out_of_sight = how in ("contract", "suspended")
    for answer in (
        api.post(base, {**asked, "key": "k2"}, format="json"),
        api.post(f"{base}{contact}/number/", {}, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (
            (404, "not_of_agency") if is_out_of_sight else (403, "agency_may_not_work")
        )
    assert (api.get("/api/v1/my-placements/").status_code == 404) == is_out_of_sight
    assert (accounts[0].account_no in client_of(caller).get("/my-placements/").content.decode()) != is_out_of_sight
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("how", ["legal", "paid"])
def test_what_the_close_of_the_day_recalls_is_not_called_about(
    how: str, accounts: list[CreditAccount], caller: Any, noon: datetime
) -> None:
    # Paid today, so that it stays until the close, which settles first.
    amount = 100 if how == "legal" else 150_000
    post_payment(actor=TESTER, account_id=accounts[0].pk, amount_minor=amount, value_date=NEXT + timedelta(days=1), reference="p")
    if how == "legal":
        note_signals(accounts[0].pk, is_in_legal=True)
    assert Placement.objects.filter(account=accounts[0], recalled_on=None).exists()
    api = APIClient()
    api.force_authenticate(caller)
    path, asked = (
        f"/api/v1/my-placements/at/{accounts[0].account_no}/calls/",
        {"key": "k", "channel": "call", "purpose": "demand"},
    )
    answer = api.post(path, asked, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "placement_ends")
    assert not Contact.objects.exists()


def test_what_a_file_of_ones_own_shows_is_in_the_log_and_leaves_conflicts_out(accounts: list[CreditAccount], caller: Any) -> None:
    north, hidden = Placement.objects.get(account=accounts[0]).agency, make_late()
    stand_at(NEXT, [hidden])
    place([hidden], north, day=NEXT)
    make_conflict(caller, hidden.customer)
    api = APIClient()
    api.force_authenticate(caller)
    content = f"account_no,amount_due\n{accounts[0].account_no},1.00\n"
    sent = api.post("/api/v1/my-placements/files/", {"kind": "inventory", "name": "i.csv", "content": content}, format="json")
    assert (sent.status_code, hidden.account_no in sent.content.decode()) == (201, False)
    assert sent.json()["result"]["differences"][0]["account_no"] == accounts[0].account_no
    number = sent.json()["id"]
    assert hidden.account_no not in api.get(f"/api/v1/my-placements/files/{number}/").content.decode()
    assert hidden.account_no not in client_of(caller).get(f"/my-placements/files/{number}/").content.decode()
    looks = list(AgencyAccess.objects.filter(what="file", user=caller).values_list("account_id", flat=True))
    assert looks == [accounts[0].pk] * 3
    # Ours see all of it.
    assert hidden.account_no in AgencyFile.objects.get(pk=number).result["missing_accounts"]


def test_whoever_moves_to_another_agency_takes_no_contact_along(
    accounts: list[CreditAccount], caller: Any, noon: datetime
) -> None:
    path = f"/my-placements/at/{accounts[0].account_no}/calls/"
    client_of(caller).post(path, {"key": "k1", "channel": "call", "purpose": "demand"})
    today = timezone.localdate()
    end_person(actor=COMMAND, code="north", username="caller", today=today)
    register_person(actor=COMMAND, code="south", username="caller", trained_on=today, today=today)
    cards = {agency.code: scorecard(agency, business_date=NEXT, today=today) for agency in Agency.objects.all()}
    assert (cards["north"].contacts, cards["south"].contacts) == (1, 0)


def test_somebody_elses_call_is_not_theirs_to_dial_or_end(accounts: list[CreditAccount], caller: Any, noon: datetime) -> None:
    base = f"/my-placements/at/{accounts[0].account_no}/"
    client_of(caller).post(f"{base}calls/", {"key": "k1", "channel": "call", "purpose": "demand"})
    contact = Contact.objects.get()
    other = client_of(make_collector(Placement.objects.get(account=accounts[0]).agency, username="other"))
    assert other.post(f"{base}calls/{contact.pk}/number/").status_code == 409
    assert other.post(f"{base}calls/{contact.pk}/end/", {"outcome": "effective"}).status_code == 403
    contact.refresh_from_db()
    assert contact.outcome == "open"
    south = client_of(make_collector(Placement.objects.get(account=accounts[1]).agency, username="southern"))
    assert south.post(f"{base}calls/{contact.pk}/number/").status_code == 404
    assert not AgencyAccess.objects.filter(what="number").exists()


def test_an_agency_user_lands_on_its_placements_and_is_shown_no_other_page(accounts: list[CreditAccount], caller: Any) -> None:
    client = client_of(caller)
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/my-placements/"
    page = client.get("/my-placements/").content.decode()
    assert "/agencies/" not in page and "/worklist/" not in page
    for path in ("/agencies/", "/accounts/", f"/accounts/{accounts[0].account_no}/", "/agencies/placements/"):
        assert client.get(path).status_code == 403
