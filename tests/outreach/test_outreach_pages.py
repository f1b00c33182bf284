"""The pages of contact with a customer, of the contact policy and of the log, as people meet them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import page
from django.test import Client
from django.utils import timezone
from factories import make_account, make_examination, make_product, make_user
from outreach_books import SENDER, SHANGHAI, make_reachable, wanted

from accounts.models import Customer
from outreach.gate import pass_gate
from outreach.models import Contact, ContactHold, ContactPolicy, Denial, DetailState, OptOut
from outreach.rules.contacts import Channel
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
#: Ten in the morning, in Shanghai and on the server.
MORNING = datetime(2025, 3, 12, 10, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _in_the_morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the doors read a clock of office hours: at night the policy allows next to nothing."""
    monkeypatch.setattr(timezone, "now", lambda: MORNING)


def client_of(role: Role, *, examined: bool = True) -> tuple[Client, Any]:
    client, person = Client(), make_user(role)
    if examined:
        make_examination(person, passed_on=MORNING.date() - timedelta(days=10))
    client.force_login(person)
    return client, person


def address(account: Any, rest: str = "") -> str:
    return f"/customers/{account.customer.customer_no}/contact/{rest}"


def call(client: Client, account: Any, **more: Any) -> Any:
    form = {"account": account.account_no, "channel": "call", "purpose": "reminder", "party": "debtor", "key": "k1"}
    return client.post(address(account, "call/"), {**form, **more}, follow=True)


def test_the_page_tells_the_time_by_the_customers_clock() -> None:
    account = make_reachable(time_zone="America/New_York")
    shown = page(client_of(Role.ANALYST)[0].get(address(account)))
    assert "it is 22:00 for the customer (America/New_York)" in shown


def test_a_message_has_no_receipt_yet_and_a_call_has_not_ended() -> None:
    account = make_reachable()
    for channel in (Channel.SMS, Channel.CALL):
        pass_gate(actor=SENDER, key=channel, request=wanted(account, channel), now=MORNING - timedelta(hours=1))
    shown = page(client_of(Role.ANALYST)[0].get(address(account)))
    assert shown.count("no receipt yet") == 1 and '<span class="tag tag-warn">not ended</span>' in shown


def test_the_page_says_when_each_way_may_be_used_next_and_why_not() -> None:
    account = make_reachable(consent_push=False)
    pass_gate(actor=SENDER, key="k", request=wanted(account, Channel.SMS), now=MORNING - timedelta(hours=1))
    shown = page(client_of(Role.ANALYST)[0].get(address(account)))
    assert "it is 10:00 for the customer (Asia/Shanghai)" in shown
    assert "from 13 Mar 2025 08:00" in shown
    assert "messages of a day by one channel: 1 of 1" in shown
    assert "the customer did not consent to the channel" in shown
    assert "cn-2026 v1" in shown
    assert account.customer.person["phone"] not in shown


def test_a_call_is_asked_for_made_and_ended_and_stands_on_the_timeline() -> None:
    account = make_reachable()
    client, person = client_of(Role.ANALYST)
    shown = page(call(client, account))
    assert "Allowed, and in the log." in shown
    contact = Contact.objects.get()
    assert (contact.made_by_id, contact.outcome) == (person.pk, "open")
    # Sent twice, it is one call.
    call(client, account)
    assert Contact.objects.count() == 1
    ended = client.post(address(account, f"{contact.pk}/end/"), {"outcome": "effective", "note": "pays on Friday"}, follow=True)
    assert "It is in the log." in page(ended)
    contact.refresh_from_db()
    assert (contact.outcome, contact.note) == ("effective", "pays on Friday")
    timeline = page(client.get(f"/customers/{account.customer.customer_no}/?kind=contact"))
    assert "call, reminder" in timeline and "pays on Friday" in timeline
    again = page(client.post(address(account, f"{contact.pk}/end/"), {"outcome": "unanswered", "note": ""}), 422)
    assert "This contact has ended already: spoken to." in again
    lines = AuditEntry.objects.filter(action__startswith="contact.").order_by("pk")
    assert list(lines.values_list("action", flat=True)) == ["contact.make", "contact.ended"]


def test_an_allowed_call_is_dialled_from_its_page_by_whoever_asked_for_it_and_the_trail_says_who_saw_the_number() -> None:
    account = make_reachable(person={"name": "王小明", "phone": "138 0000 1234"})
    client, person = client_of(Role.ANALYST)
    shown = page(call(client, account))
    contact = Contact.objects.get()
    assert "Show the number and dial" in shown and "13800001234" not in shown
    dialled = page(client.post(address(account, f"{contact.pk}/dial/")))
    assert 'href="tel:+8613800001234"' in dialled
    line = AuditEntry.objects.get(action="contact.dial")
    assert (line.actor_id, line.account_id, line.after) == (person.pk, account.pk, {"contact": contact.pk, "fields": ["phone"]})
    # Nobody else, and no page that is merely read.
    assert "tel:" not in page(client.get(f"/customers/{account.customer.customer_no}/contact/"))
    other, _other = client_of(Role.ANALYST)
    assert "Show the number" not in page(other.get(f"/customers/{account.customer.customer_no}/contact/"))
    assert "asked for this call and dials it" in page(other.post(address(account, f"{contact.pk}/dial/")), 409)
    # The number has changed since it was let through.
    Customer.objects.filter(pk=account.customer_id).update(phone_index=1)
    assert "not to the number that the customer has now" in page(client.post(address(account, f"{contact.pk}/dial/")), 409)
    client.post(address(account, f"{contact.pk}/end/"), {"outcome": "unanswered", "note": ""})
    assert "This contact has ended already" in page(client.post(address(account, f"{contact.pk}/dial/")), 409)
    assert AuditEntry.objects.filter(action="contact.dial").count() == 1


def test_a_call_that_is_not_allowed_is_refused_with_the_rule_and_the_moment() -> None:
    account = make_reachable()
    client, _person = client_of(Role.ANALYST)
    for hour in range(3):
        pass_gate(actor=SENDER, key=f"k{hour}", request=wanted(account, Channel.CALL), now=MORNING - timedelta(minutes=hour))
    shown = page(call(client, account))
    assert "Not now: answered calls of a day: 3 of 3. Allowed from 13 Mar 2025 08:00" in shown
    assert Denial.objects.get().rule == "effective-calls"
    assert "Refused by the contact policy" in shown


def test_without_an_examination_nobody_calls() -> None:
    account = make_reachable()
    client, _person = client_of(Role.ANALYST, examined=False)
    assert "whoever calls has no valid examination" in page(call(client, account))
    assert not Contact.objects.exists()
    assert Denial.objects.get().rule == "collector"


def test_without_a_policy_that_holds_pages_say_so_and_nobody_calls(settings: Any) -> None:
    account = make_reachable()
    client, _person = client_of(Role.ANALYST)
    settings.CONTACT_PROFILE = "none-such"
    for address in (f"/accounts/{account.account_no}/", f"/customers/{account.customer.customer_no}/"):
        assert "no contact policy holds" in page(client.get(address))
    refused = page(call(client, account), 422)
    assert "No version of contact policy none-such holds" in refused
    assert not Contact.objects.exists()


def test_a_third_party_is_called_by_a_number_of_its_own_and_only_for_a_lost_debtor() -> None:
    account = make_reachable()
    client, _person = client_of(Role.TEAM_LEAD)
    third = {"party": "third_party", "purpose": "locate"}
    assert "it is not the customer&#x27;s own" in page(call(client, account, **third), 422)
    assert "third parties: only to reach a debtor who is lost" in page(call(client, account, **third, number="13900000099"))
    DetailState.objects.create(
        detail=account.customer.phone_index, state="invalid", since=MORNING, evidence="e", noted_by_name="a"
    )
    assert "Allowed" in page(call(client, account, **third, number="139 0000 0099", key="k2"))
    contact = Contact.objects.get()
    client.post(address(account, f"{contact.pk}/end/"), {"outcome": "refused"})
    assert DetailState.objects.get(pk=contact.detail).state == "refused"
    assert "never after a refusal" in page(call(client, account, **third, number="13900000099", key="k3"))


def test_a_hold_is_placed_by_one_and_ended_by_another() -> None:
    account = make_reachable()
    analyst, _person = client_of(Role.ANALYST)
    form = {"account": "", "kind": "dispute", "reason": "says it was paid"}
    assert "Contact is held back from now on" in page(analyst.post(address(account, "hold/"), form, follow=True))
    assert "contact is held back: dispute" in page(analyst.get(address(account)))
    assert "Contact is held back already: dispute." in page(analyst.post(address(account, "hold/"), form), 422)
    hold = ContactHold.objects.get()
    assert analyst.post(address(account, f"holds/{hold.pk}/end/"), {"reason": "r"}).status_code == 403
    lead, _person = client_of(Role.TEAM_LEAD)
    assert "The hold is ended: dispute." in page(
        lead.post(address(account, f"holds/{hold.pk}/end/"), {"reason": "paid, found"}, follow=True)
    )


def test_wishes_and_dead_numbers_are_noted_and_taken_back() -> None:
    account = make_reachable()
    client, _person = client_of(Role.ANALYST)
    out = {"channel": "sms", "wish": "out", "evidence": "call of 12 March"}
    assert "Nothing more goes" in page(client.post(address(account, "opt-out/"), out, follow=True))
    assert OptOut.objects.get().until is None
    taken_back = client.post(address(account, "opt-out/"), {**out, "wish": "in"}, follow=True)
    assert "The opt-out is taken back." in page(taken_back)
    hours = {"opens_at": "18:00", "closes_at": "20:00", "evidence": "call"}
    assert "agreed hours 18:00–20:00" in page(client.post(address(account, "hours/"), hours, follow=True))
    assert "are the same" in page(client.post(address(account, "hours/"), {**hours, "closes_at": "18:00"}), 422)
    detail = {"channel": "call", "state": "invalid", "evidence": "not assigned"}
    assert "leads nowhere" in page(client.post(address(account, "detail/"), detail, follow=True))
    assert "It may be used again." in page(client.post(address(account, "detail/"), {**detail, "state": ""}, follow=True))


def test_customer_and_account_page_show_the_next_contact() -> None:
    account = make_reachable()
    client, _person = client_of(Role.ANALYST)
    for path in (f"/customers/{account.customer.customer_no}/", f"/accounts/{account.account_no}/"):
        shown = page(client.get(path))
        assert f'href="{address(account)}"' in shown and "e-mail" in shown


def test_who_sees_a_part_of_the_book_sees_its_contacts_alone() -> None:
    mine = make_reachable()
    other = make_account(customer=mine.customer, product=make_product(product_code="other"))
    pass_gate(actor=SENDER, key="a", request=wanted(mine, Channel.SMS), now=MORNING)
    pass_gate(actor=SENDER, key="b", request=wanted(other, Channel.EMAIL), now=MORNING)
    client, person = client_of(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=person, product_code=mine.product.product_code)
    for path in (address(mine), "/contact-log/"):
        shown = page(client.get(path))
        assert mine.account_no in shown and other.account_no not in shown
    assert client.post("/contact-log/audit/", {"first": "2025-03-12", "last": "2025-03-12"}).status_code == 403


def test_compliance_takes_a_policy_live_by_two() -> None:
    client, _person = client_of(Role.COMPLIANCE)
    made = client.post("/contact-policies/cn-2026/draft/", follow=True)
    assert made.redirect_chain[-1][0] == "/contact-policies/cn-2026/2/edit/"
    form = {
        "name_en": "China", "name_zh": "中国", "products": "", "opens_at": "09:00", "closes_at": "20:00",
        "effective_calls_a_day": "2", "unanswered_a_day": "", "messages_a_day_per_channel": "1", "messages_a_day": "2",
        "messages_a_week": "5", "failures_to_be_lost": "3", "notices_pass": ["dispute"], "note": "stricter", "revision": "1",
    }  # fmt: skip
    refused = client.post("/contact-policies/cn-2026/2/edit/", {**form, "messages_a_day": "6"})
    assert "6 is more than 5" in page(refused, 422)
    saved = page(client.post("/contact-policies/cn-2026/2/edit/", form, follow=True))
    assert "09:00–20:00" in saved and "<del>08:00–22:00</del>" in saved and "no such rule" in saved
    stale = client.post("/contact-policies/cn-2026/2/edit/", form)
    assert "is approved" not in page(stale, 409) and "was changed meanwhile" in page(stale, 409)
    day = {"live_from": "2025-03-13"}
    assert "waits for a second person" in page(client.post("/contact-policies/cn-2026/2/propose/", day, follow=True))
    assert "You wrote it" in page(client.post("/contact-policies/cn-2026/2/approve/"), 422)
    second, _other = client_of(Role.COMPLIANCE)
    approved = page(second.post("/contact-policies/cn-2026/2/approve/", follow=True))
    assert "contacts are judged by it from 13 Mar 2025 on" in approved
    assert ContactPolicy.objects.get(version=2, profile="cn-2026").figures().unanswered_a_day is None
    assert "Shipped with the site" in page(second.get("/contact-policies/"))


def test_the_log_lists_filters_pages_and_judges_itself() -> None:
    account = make_reachable()
    for number in range(55):
        at = MORNING - timedelta(days=60 - number)
        pass_gate(actor=SENDER, key=f"k{number}", request=wanted(account, Channel.SMS if number % 2 else Channel.EMAIL), now=at)
    pass_gate(actor=SENDER, key="no", request=wanted(account, Channel.SMS), now=MORNING.replace(hour=3))
    client, _person = client_of(Role.COMPLIANCE)
    first = client.get("/contact-log/")
    assert page(first).count("data-row") - 1 == 50
    second = page(client.get("/contact-log/", {"after": first.context["page"].next_after}))
    assert second.count("data-row") - 1 == 5
    assert page(client.get("/contact-log/?channel=sms")).count("data-row") - 1 == 27
    assert "No contact is like this." in page(client.get("/contact-log/?outcome=refused"))
    assert "quiet hours" in page(client.get("/contact-log/refused/"))
    period = {"first": "2025-02-20", "last": "2025-03-12"}
    judged = page(client.post("/contact-log/audit/", period))
    assert "15 contacts from 20 Feb 2025 to 12 Mar 2025" in judged and "were looked at; all were allowed." in judged
    assert "Contacts that were not made are not judged." in judged
    nothing = page(client.post("/contact-log/audit/", {"first": "2025-01-02", "last": "2025-01-03"}))
    assert "No contact that was made lies in the days from" in nothing
    assert "were allowed" not in nothing
    planted = Contact.objects.order_by("-at").first()
    planted.pk, planted.key = None, "planted"
    planted.at = planted.at.replace(hour=15, minute=30)
    planted.save(force_insert=True)
    judged = page(client.post("/contact-log/audit/", period))
    assert "were not allowed" in judged and "quiet-hours 1" in judged
    assert "at most 31 days" in page(client.post("/contact-log/audit/", {"first": "2025-01-01", "last": "2025-03-12"}), 422)


@pytest.mark.parametrize("path", ["/contact-log/", "/contact-log/refused/", "/outbox/", "/outbox/dead/", "/outbox/replies/"])
@pytest.mark.parametrize("mark", ["2025-02-30T10:00:00+00:00,5", "0001-01-01T00:00:00+00:00,5", "2025-03-12T10:00:00,5", "x,y"])
def test_a_mark_of_a_page_that_is_none_shows_the_first_page(path: str, mark: str) -> None:
    client = Client()
    client.force_login(make_user(Role.COMPLIANCE))
    assert client.get(path, {"after": mark}).status_code == 200
