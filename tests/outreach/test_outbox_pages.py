"""The outbox as people meet it: counts, lists, one message, dead letters, corrections; and the same over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from deciding_books import Person, page
from django.test import Client
from django.utils import timezone
from factories import make_conflict, make_payment, make_product, make_user
from outreach_books import NOON
from sending_books import TODAY, Carrier, make_late, make_message, make_template, send, use

from accounts.models import AccountState, DecisionNotice, Installment, Payment
from outreach.models import Contact, Message
from outreach.operations import correcting
from outreach.operations.sending.doubting import resolve_doubt
from outreach.operations.sending.receiving import take_receipt
from outreach.providers.interface import Receipt, ReceiptState, Refused, Unknown
from outreach.rules.sending import GRACE, MOST_DOUBTS
from riskops.shared.day import book_state
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    """Let the doors read a clock of office hours, and the outbox send by a provider that keeps what it gets."""
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    found = Carrier(is_askable=False)
    use(monkeypatch, found)
    return found


def client_of(role: Role) -> tuple[Client, Any]:
    client, person = Client(), make_user(role)
    client.force_login(person)
    return client, person


def dead(carrier: Carrier, **fields: Any) -> Message:
    """Return a message whose provider refused it for good."""
    message = make_message(make_late(), **fields)
    Message.objects.filter(pk=message.pk).update(status="dead", reason="no-template: x")
    return message


def in_doubt(carrier: Carrier) -> Message:
    """Return a message whose provider cannot tell whether it went out."""
    carrier.answers = [Unknown("?")]
    message = send(make_message(make_late()))
    now = NOON
    for _ in range(MOST_DOUBTS):
        message.refresh_from_db()
        now = max(now, message.due_at)
        resolve_doubt(now)
    message.refresh_from_db()
    assert (message.status, message.doubts) == ("unknown", MOST_DOUBTS)
    return message


# Lists ------------------------------------------------------------------------------------------------------------------


def test_the_page_counts_states_by_channel_and_asks_again_by_itself(carrier: Carrier) -> None:
    send(make_message(make_late()))
    make_message(make_late(), "email")
    make_message(make_late(), planned_on=TODAY - timedelta(days=1), status="cancelled")
    client, _person = client_of(Role.ANALYST)
    live = client.get("/outbox/", HTTP_HX_REQUEST="true")
    assert [(row.status, row.counts) for row in live.context["counts"].rows if row.total] == [
        ("queued", (0, 1, 0)),
        ("sent", (1, 0, 0)),
    ]
    assert 'hx-trigger="every 5s"' in live.content.decode() and "<html" not in live.content.decode()
    assert "the nightly close is paused" not in live.content.decode().lower()
    state = book_state()
    state.nightly_paused = True
    state.save()
    assert "nothing is sent. An administrator resumes it" in page(client.get("/outbox/"))


def test_a_book_that_is_days_behind_says_why_its_messages_come_too_late() -> None:
    client, _person = client_of(Role.ANALYST)
    state = book_state()
    state.business_date = TODAY - timedelta(days=1)
    state.save()
    assert "are too late and stopped" not in page(client.get("/outbox/"))
    assert client.get("/api/v1/outbox/counts/").json()["behind_since"] is None
    state.business_date = TODAY - timedelta(days=2)
    state.save()
    assert "The book is closed up to" in page(client.get("/outbox/"))
    assert client.get("/api/v1/outbox/counts/").json()["behind_since"] == state.business_date.isoformat()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a", "b", "c"}),
        ("status=queued", {"a", "b"}),
        ("channel=email", {"b"}),
        ("step=a", {"a"}),
        ("day=2025-03-10", {"b"}),
        ("day=nonsense&status=nonsense&channel=call&after=x", {"a", "b", "c"}),
        ("key={account}", {"a"}),
        ("key={customer}", {"a"}),
        ("key=nobody", set()),
    ],
)
def test_the_list_is_filtered(query: str, found: set[str]) -> None:
    account = make_late()
    make_message(account, step="a")
    make_message(make_late(), "email", step="b", planned_on=TODAY - timedelta(days=2))
    make_message(make_late(), step="c", status="cancelled")
    address = "/outbox/?" + query.format(account=account.account_no, customer=account.customer.customer_no)
    assert {row.step for row in client_of(Role.ANALYST)[0].get(address).context["page"].rows} == found


def test_the_list_goes_on_page_by_page_without_a_gap() -> None:
    account = make_late()
    for n in range(60):
        make_message(account, step=f"s{n}")
    client, _person = client_of(Role.ANALYST)
    first = client.get("/outbox/").context["page"]
    second = client.get(f"/outbox/?after={first.next_after}").context["page"]
    assert (len(first.rows), len(second.rows), second.next_after) == (50, 10, "")
    assert [row.step for row in (*first.rows, *second.rows)] == [f"s{n}" for n in reversed(range(60))]


# One message --------------------------------------------------------------------------------------------------------------


def test_the_text_is_hidden_until_it_is_read_for_a_reason_that_is_kept() -> None:
    make_template("named-sms", body_en="{{ customer_name }} {{ institution }}", body_zh="{{ customer_name }} {{ institution }}")
    account = make_late()
    message = send(make_message(account, template_code="named-sms"))
    client, person = client_of(Role.ANALYST)
    phone, name = account.customer.person["phone"], account.customer.person["name"]
    shown = page(client.get(f"/outbox/{message.pk}/"))
    assert phone not in shown and name not in shown and f"••••{phone[-4:]}" in shown
    assert f"message:{message.pk}:0" in shown
    refused = client.post(f"/outbox/{message.pk}/reveal/", {"reason": "x"})
    assert phone not in page(refused, 422)
    assert not AuditEntry.objects.filter(action="customer.reveal").exists()
    read = page(client.post(f"/outbox/{message.pk}/reveal/", {"reason": "the customer asks what we wrote"}))
    assert phone in read and name in read
    line = AuditEntry.objects.get(action="customer.reveal")
    assert (line.actor_id, line.reason, line.after) == (
        person.pk,
        "the customer asks what we wrote",
        {"message": message.pk, "fields": ["text"]},
    )


def test_who_may_not_see_the_account_or_has_a_conflict_sees_no_message() -> None:
    account = make_late()
    message = make_message(account)
    client, person = client_of(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=person, product_code=make_product().product_code)
    assert client.get(f"/outbox/{message.pk}/").status_code == 404
    assert client.post(f"/outbox/{message.pk}/stop/", {"reason": "why not"}).status_code == 404
    assert list(client.get("/outbox/").context["page"].rows) == []
    other, relative = client_of(Role.TEAM_LEAD)
    make_conflict(relative, account.customer)
    assert other.get(f"/outbox/{message.pk}/").status_code == 403
    assert other.post(f"/outbox/{message.pk}/stop/", {"reason": "why not"}).status_code == 403
    assert list(other.get("/outbox/").context["page"].rows) == []
    assert other.get("/outbox/").context["counts"].rows[0].total == 0
    assert Message.objects.get().status == "queued"


def test_a_message_is_stopped_with_a_reason_and_only_while_it_waits() -> None:
    message = make_message(make_late())
    client, person = client_of(Role.TEAM_LEAD)
    assert client.post(f"/outbox/{message.pk}/stop/", {"reason": " "}).status_code == 422
    assert Message.objects.get().status == "queued"
    assert client.post(f"/outbox/{message.pk}/stop/", {"reason": "wrong product"}).status_code == 302
    message.refresh_from_db()
    assert (message.status, message.reason) == ("cancelled", "by-person: wrong product")
    line = AuditEntry.objects.get(action="message.cancel")
    assert (line.actor_id, line.before, line.reason) == (person.pk, {"status": "queued"}, "wrong product")
    again = client.post(f"/outbox/{message.pk}/stop/", {"reason": "wrong product"})
    assert "only one that waits can be stopped" in page(again, 422)
    assert AuditEntry.objects.filter(action="message.cancel").count() == 1


def test_only_those_who_may_act_act() -> None:
    message = make_message(make_late())
    client, _person = client_of(Role.ANALYST)
    for verb in ("stop", "resend", "drop"):
        assert client.post(f"/outbox/{message.pk}/{verb}/", {"reason": "r"}).status_code == 403
    assert client_of(Role.TEAM_LEAD)[0].get("/outbox/correct/").status_code == 403
    assert Message.objects.get().status == "queued"


# Dead letters ---------------------------------------------------------------------------------------------------------------


def test_dead_letters_are_what_was_given_up_and_what_nobody_can_tell(carrier: Carrier) -> None:
    given_up, left = dead(carrier), in_doubt(carrier)
    carrier.answers = [Unknown("still asked for")]
    send(make_message(make_late(), step="asked"))
    client, _person = client_of(Role.ANALYST)
    assert {row.pk for row in client.get("/outbox/dead/").context["page"].rows} == {given_up.pk, left.pk}
    assert "its provider cannot tell whether it went out" in page(client.get("/outbox/dead/"))


def test_several_are_sent_again_as_new_attempts_and_what_may_have_gone_out_goes_on_counting(carrier: Carrier) -> None:
    given_up, left, waiting = dead(carrier), in_doubt(carrier), make_message(make_late(), step="waits")
    client, _person = client_of(Role.COMPLIANCE)
    form = {"messages": [given_up.pk, left.pk, waiting.pk], "act": "resend", "reason": "the template is there now"}
    said = page(client.post("/outbox/dead/act/", form, follow=True))
    assert "2 messages are queued again." in said and "sent again is what was given up" in said
    given_up.refresh_from_db()
    left.refresh_from_db()
    assert (given_up.status, given_up.attempts, left.status, left.attempts) == ("queued", 1, "queued", 1)
    assert AuditEntry.objects.filter(action="message.resend").count() == 2
    assert send(given_up).status == "sent"
    # The customer of the other one may have got it: no second one today.
    left = send(left)
    assert (left.status, left.reason) == ("queued", "gate: messages-channel")
    assert Contact.objects.get(key=f"message:{left.pk}:0").outcome == "open"
    # Tomorrow it goes, under a key of its own.
    left = send(left, left.due_at)
    assert (left.status, carrier.calls[-1].key) == ("sent", f"message:{left.pk}:1")


def test_several_are_dropped(carrier: Carrier) -> None:
    given_up, left = dead(carrier), in_doubt(carrier)
    client, _person = client_of(Role.TEAM_LEAD)
    client.post("/outbox/dead/act/", {"messages": [given_up.pk, left.pk], "act": "drop", "reason": "too late now"})
    assert set(Message.objects.values_list("status", "reason")) == {("cancelled", "by-person: too late now")}
    assert list(client.get("/outbox/dead/").context["page"].rows) == []


def test_nothing_is_done_without_a_choice_or_a_reason(carrier: Carrier) -> None:
    message = dead(carrier)
    client, _person = client_of(Role.TEAM_LEAD)
    assert client.post("/outbox/dead/act/", {"messages": [message.pk], "act": "drop", "reason": ""}).status_code == 422
    assert client.post("/outbox/dead/act/", {"act": "drop", "reason": "r"}).status_code == 422
    assert Message.objects.get().status == "dead" and not AuditEntry.objects.exists()


def test_what_did_not_arrive_is_sent_again_by_a_person_only(carrier: Carrier) -> None:
    carrier.answers = [Refused("barred", is_final=True)]
    message = send(make_message(make_late()))
    client, _person = client_of(Role.TEAM_LEAD)
    assert client.get(f"/outbox/{message.pk}/").context["page"].may_resend
    client.post(f"/outbox/{message.pk}/resend/", {"reason": "the bar is lifted"})
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("queued", 1)


# Corrections ----------------------------------------------------------------------------------------------------------------


def wrongly_sent(carrier: Carrier) -> list[Message]:
    make_template("payment-correction-sms")
    messages = [send(make_message(make_late(), step="d7")) for _ in range(2)]
    make_message(make_late(), step="d7")
    send(make_message(make_late(), step="d15"))
    return messages


def test_a_correction_is_counted_first_and_then_queued_for_each_once(carrier: Carrier) -> None:
    wrong = wrongly_sent(carrier)
    client, person = client_of(Role.COMPLIANCE)
    shown = client.get("/outbox/correct/?step=d7")
    assert shown.context["preview"].count == 2
    assert client.post("/outbox/correct/", {"step": "d7", "expected": 3, "reason": "paid already"}).status_code == 422
    assert client.post("/outbox/correct/", {"step": "d7", "expected": 2, "reason": ""}).status_code == 422
    assert not Message.objects.filter(step__startswith="correction:").exists()
    assert client.post("/outbox/correct/", {"step": "d7", "expected": 2, "reason": "paid already"}).status_code == 302
    rows = Message.objects.filter(step__startswith="correction:").order_by("pk")
    assert [(row.step, row.template_code, row.status, row.channel) for row in rows] == [
        (f"correction:{message.pk}", "payment-correction-sms", "queued", "sms") for message in wrong
    ]
    line = AuditEntry.objects.get(action="outbox.correct")
    assert (line.actor_id, line.after["messages"], line.reason) == (person.pk, 2, "paid already")
    again = client.post("/outbox/correct/", {"step": "d7", "expected": 2, "reason": "paid already"})
    assert again.status_code == 422 and rows.count() == 2
    # Through the gate like all: the customer has had today's message by this channel, and no law requires a correction.
    correction = send(rows[0])
    assert (correction.status, correction.reason) == ("queued", "gate: messages-channel")


def test_who_was_dunned_after_paying_is_found_by_what_was_posted_since(carrier: Carrier) -> None:
    make_template("payment-correction-sms")
    accounts = [make_late() for _ in range(9)]
    paid, paid_later, paid_in_part, _unpaid, doubtful, knew, paid_that_day, half_before, bounced = accounts
    carrier.answers = [*([carrier.accepts] * 4), Unknown("no answer")]
    sent = {account.pk: send(make_message(account, step="d7")) for account in accounts}
    assert sent[doubtful.pk].status == "unknown"
    yesterday = TODAY - timedelta(days=1)
    for account, amount, day in (
        (paid, 20_000, yesterday), (paid_later, 20_000, TODAY + timedelta(days=1)), (paid_in_part, 5_000, yesterday),
        (doubtful, 20_000, yesterday), (knew, 20_000, yesterday),
        # On the day itself they may have paid because of it.
        (paid_that_day, 20_000, TODAY), (half_before, 5_000, yesterday), (half_before, 15_000, TODAY),
        (bounced, 5_000, yesterday),
    ):  # fmt: skip
        make_payment(account, paid_on=day, amount=amount, is_posted=True)
    back = make_payment(bounced, paid_on=yesterday, amount=15_000, is_posted=True)
    make_payment(bounced, paid_on=TODAY + timedelta(days=1), amount=15_000, is_posted=True, reverses=back)
    Payment.objects.update(recorded_at=NOON + timedelta(hours=1))
    # Known before it was sent, it was no payment that came too late.
    Payment.objects.filter(account=knew).update(recorded_at=NOON - timedelta(hours=1))
    client, _person = client_of(Role.COMPLIANCE)
    shown = client.get("/outbox/correct/?step=d7&paid_before=on")
    preview = shown.context["preview"]
    assert (preview.count, preview.unknown) == (2, 1) and "it is not known whether it arrived" in page(shown)
    assert client.get("/outbox/correct/?step=d7").context["preview"].count == 9
    assert client.get("/api/v1/outbox/correct/?step=d7&paid_before=true").json() == {
        "count": 2, "by_channel": {"sms": 2}, "unknown": 1,
    }  # fmt: skip
    assert "Name a step" in page(client.get("/outbox/correct/?paid_before=on"))
    asked = {"step": "d7", "paid_before": "True", "expected": 2, "reason": "a payment file came late"}
    assert client.post("/outbox/correct/", asked).status_code == 302
    corrections = Message.objects.filter(step__startswith="correction:")
    assert set(corrections.values_list("account_id", flat=True)) == {paid.pk, doubtful.pk}
    assert AuditEntry.objects.get(action="outbox.correct").after["paid_before"] is True


def test_before_the_due_date_only_who_had_paid_what_falls_due_is_told_to_do_nothing(carrier: Carrier) -> None:
    make_template("payment-correction-sms")
    body = "{{ institution }}: {{ amount_due }}. {{ opt_out }}"
    make_template("soon-sms", body_en=body, body_zh=body)
    soon, yesterday = TODAY + timedelta(days=3), TODAY - timedelta(days=1)
    reminded = []
    for due in (soon, soon, soon, TODAY, TODAY):
        account = make_late()
        Installment.objects.filter(account=account).update(due_date=due)
        # Nothing is past due, whoever pays what.
        AccountState.objects.filter(account=account).update(
            oldest_unpaid_due_date=None, days_past_due=0, bucket=0, overdue_principal_minor=0
        )
        message = send(make_message(account, step="soon", episode=due, template_code="soon-sms"))
        assert message.status == "sent", message.reason
        reminded.append(account)
    paid, paid_in_part, paid_afterwards, paid_for_today, paid_today = reminded
    for account, amount, day in (
        (paid, 10_000, yesterday), (paid_in_part, 5_000, yesterday), (paid_afterwards, 5_000, yesterday),
        (paid_afterwards, 5_000, TODAY + timedelta(days=2)), (paid_for_today, 10_000, yesterday), (paid_today, 1_000, yesterday),
        (paid_today, 9_000, TODAY),
    ):  # fmt: skip
        make_payment(account, paid_on=day, amount=amount, is_posted=True)
    Payment.objects.update(recorded_at=NOON + timedelta(hours=1))
    asked = {"step": "soon", "paid_before": "True", "expected": 2, "reason": "a payment file came late"}
    assert client_of(Role.COMPLIANCE)[0].post("/outbox/correct/", asked).status_code == 302
    corrections = Message.objects.filter(step__startswith="correction:")
    assert set(corrections.values_list("account_id", flat=True)) == {paid.pk, paid_for_today.pk}


def test_what_may_have_gone_out_and_is_corrected_is_not_sent_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    make_template("payment-correction-sms")
    carrier.answers = [Unknown("no answer")]
    message = send(make_message(make_late(), step="d7"))
    assert message.status == "unknown"
    client, _person = client_of(Role.COMPLIANCE)
    asked = {"step": "d7", "expected": 1, "reason": "sent to the wrong customers"}
    assert client.post("/outbox/correct/", asked).status_code == 302
    # Its provider has never had it: it would be due again, and is over.
    resolve_doubt(NOON + GRACE)
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("queued", 1)
    message = send(message, message.due_at)
    assert (message.status, message.reason, carrier.effects) == ("cancelled", "corrected", [])
    assert "the customer was told to disregard it" in page(client.get(f"/outbox/{message.pk}/"))


def test_what_is_corrected_is_not_handed_over_again_by_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    repeats = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, repeats)
    make_template("payment-correction-sms")
    repeats.answers = [Unknown("no answer")]
    message = send(make_message(make_late(), step="d7"))
    asked = {"step": "d7", "expected": 1, "reason": "sent to the wrong customers"}
    assert client_of(Role.COMPLIANCE)[0].post("/outbox/correct/", asked).status_code == 302
    resolve_doubt(message.due_at)
    message.refresh_from_db()
    assert (message.status, message.doubts, len(repeats.calls), repeats.effects) == ("unknown", 1, 1, [])


def test_what_is_corrected_goes_no_other_way(carrier: Carrier) -> None:
    make_template("payment-correction-sms")
    make_template("late-email", "email")
    fallback = [{"channel": "email", "template": "late-email"}]
    message = send(make_message(make_late(), step="d7", fallback=fallback))
    asked = {"step": "d7", "expected": 1, "reason": "sent to the wrong customers"}
    assert client_of(Role.COMPLIANCE)[0].post("/outbox/correct/", asked).status_code == 302
    at = {"at": NOON, "is_detail_dead": True, "detail": "no such number"}
    take_receipt(Receipt("carrier", "e1", message.reference, "", ReceiptState.UNDELIVERED, **at), NOON)
    message.refresh_from_db()
    assert message.status == "undelivered"
    assert not Message.objects.filter(channel="email").exists()


def test_what_is_sent_again_while_it_is_corrected_is_not_corrected_unseen(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_template("payment-correction-sms")
    carrier.answers = [Unknown("no answer")]
    message = send(make_message(make_late(), step="d7"))
    lock = correcting.lock_all

    def sent_again(message_ids: Any) -> Any:
        """Let somebody else queue it anew between the reading and the lock."""
        Message.objects.filter(pk=message.pk).update(status="queued", attempts=1, contact=None)
        return lock(message_ids)

    monkeypatch.setattr(correcting, "lock_all", sent_again)
    asked = {"step": "d7", "expected": 1, "reason": "sent to the wrong customers"}
    assert client_of(Role.COMPLIANCE)[0].post("/outbox/correct/", asked).status_code == 422
    assert not Message.objects.filter(step__startswith="correction:").exists()


def test_a_correction_needs_something_named_and_something_to_say(carrier: Carrier) -> None:
    # No template of a correction ships for the app.
    send(make_message(make_late(), "push", step="d7"))
    client, _person = client_of(Role.MANAGER)
    assert "Name a step" in page(client.get("/outbox/correct/?version=1"))
    refused = client.post("/outbox/correct/", {"step": "d7", "expected": 1, "reason": "r"})
    assert "payment-correction-push" in page(refused, 422)
    assert Message.objects.count() == 1


# API ------------------------------------------------------------------------------------------------------------------------


def test_the_api_has_what_the_pages_have(carrier: Carrier) -> None:
    message, given_up = send(make_message(make_late())), dead(carrier)
    client, _person = client_of(Role.COMPLIANCE)
    listed = client.get("/api/v1/outbox/?status=sent").json()
    assert [row["id"] for row in listed["results"]] == [message.pk] and listed["next"] == ""
    one = client.get(f"/api/v1/outbox/{message.pk}/").json()
    assert (one["tries"][0]["key"], one["status"]) == (f"message:{message.pk}:0", "sent")
    assert message.customer.person["phone"] not in str(one)
    counted = client.get("/api/v1/outbox/counts/").json()
    assert (counted["stuck"], counted["unfit_steps"]) == ({"count": 0, "notices": []}, [])
    assert {row["status"]: row["channels"]["sms"] for row in counted["states"]}["dead"] == counted["dead"] == 1
    assert [row["id"] for row in client.get("/api/v1/outbox/dead/").json()["results"]] == [given_up.pk]
    asked = {"act": "resend", "messages": [given_up.pk, 999_999], "reason": "again"}
    answer = client.post("/api/v1/outbox/dead/", asked, content_type="application/json").json()
    assert answer == {"done": 1, "refused": ["There is no message 999999 in the outbox."]}
    why = {"reason": "not to this one"}
    assert (
        client.post(f"/api/v1/outbox/{given_up.pk}/stop/", why, content_type="application/json").json()["status"] == "cancelled"
    )
    for verb in ("stop", "drop", "resend"):
        refused = client.post(f"/api/v1/outbox/{given_up.pk}/{verb}/", why, content_type="application/json")
        assert refused.status_code == 409
    revealed = client.post(f"/api/v1/outbox/{message.pk}/reveal/", {"reason": "a complaint"}, content_type="application/json")
    assert revealed.json()["address"] == message.customer.person["phone"]
    assert client.post(f"/api/v1/outbox/{message.pk}/reveal/", {"reason": ""}, content_type="application/json").status_code == 422
    make_template("payment-correction-sms")
    assert client.get("/api/v1/outbox/correct/?step=d7").json() == {"count": 1, "by_channel": {"sms": 1}, "unknown": 0}
    asked = {"step": "d7", "expected": 1, "reason": "paid already"}
    assert client.post("/api/v1/outbox/correct/", asked, content_type="application/json").status_code == 201
    assert Message.objects.filter(step=f"correction:{message.pk}").count() == 1


def test_a_message_stands_on_the_timeline_of_its_customer() -> None:
    message = send(make_message(make_late()))
    Message.objects.update(created_at=NOON)
    shown = page(client_of(Role.ANALYST)[0].get(f"/customers/{message.customer.customer_no}/"))
    assert f"/outbox/{message.pk}/" in shown


def test_notices_that_wait_outside_the_outbox_are_counted_and_why_is_said() -> None:
    account = make_late()
    Person(Role.APPROVER).asks(account, "suspend_use", scope="all")
    notice = DecisionNotice.objects.get()
    state = book_state()
    state.nightly_paused = True
    state.save()
    client, person = client_of(Role.APPROVER)
    shown = page(client.get("/outbox/"))
    assert "1 notice of a decision waits to become a message." in shown
    assert "while the book stands still nothing is taken into the outbox" in shown
    assert client.get("/api/v1/outbox/counts/").json()["notices"] == 1
    decision = page(client.get(f"/decisions/{notice.decision_id}/"))
    assert "It does not go out while the book stands still: the nightly close is paused." in decision
    PortfolioScope.objects.create(user=person, product_code=make_product().product_code)
    assert "waits to become a message" not in page(client.get("/outbox/"))
