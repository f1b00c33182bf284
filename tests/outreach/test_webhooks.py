"""/hooks/<provider>/: what is believed, what is kept once, what a STOP does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from factories import make_customer
from outreach_books import PERSON, SENDER, SHANGHAI, make_reachable, wanted
from side_by_side import at_once

from accounts.models import CustomerNameToken
from outreach.gate import pass_gate
from outreach.models import CustomerReply, OptOut, ProviderEvent
from outreach.operations import receipts
from outreach.operations.receipts import register_receiver, take_receipt
from outreach.operations.replies import take_reply
from outreach.providers.interface import Receipt, ReceiptState, Reply
from outreach.providers.signing import signature
from outreach.providers.twilio import signature as twilio_signature
from outreach.rules.contacts import Channel
from outreach.views import hooks
from riskops.shared.models import AuditEntry
from riskops.shared.personal import link_indexes

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 12, 12, tzinfo=SHANGHAI)
SECRET = "s3cret"


@pytest.fixture(autouse=True)
def _installed(impatient: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient.SMS_PROVIDERS = ["http-sms", "twilio", "aliyun", "local"]
    impatient.HTTP_SMS_URL, impatient.HTTP_SMS_SECRET = "https://sms.example.com", SECRET
    impatient.TWILIO_AUTH_TOKEN, impatient.PUBLIC_URL = "token", "https://riskops.example.com"
    impatient.ALIYUN_SMS_WEBHOOK_SECRET = "callback"
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Receipt]]:
    """Return what the receiver of receipts is told."""
    heard: list[Receipt] = []
    monkeypatch.setattr(receipts, "_receivers", [])
    register_receiver(lambda receipts, _now: heard.extend(receipts))
    yield heard


def receipt_of(event_id: str, state: str = "delivered", *, minutes: int = 0, key: str = "m-1:1") -> dict[str, Any]:
    at = NOW + timedelta(minutes=minutes)
    return {"id": event_id, "type": "receipt", "key": key, "reference": "r-1", "state": state, "at": at.isoformat(), "detail": ""}


def reply_of(event_id: str, text: str, *, sender: str = "+8613900000001") -> dict[str, Any]:
    return {"id": event_id, "type": "reply", "from": sender, "text": text, "at": NOW.isoformat()}


def signed(*events: dict[str, Any], at: datetime = NOW) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"events": events}).encode()
    timestamp = str(int(at.timestamp()))
    sign = signature(SECRET, timestamp=timestamp, method="POST", path="/hooks/http-sms/", body=body)
    return body, {"X-Timestamp": timestamp, "X-Signature": sign}


def post(*events: dict[str, Any], at: datetime = NOW, client: Client | None = None) -> Any:
    body, headers = signed(*events, at=at)
    # Checked for forgery as a browser would be: a provider has no cookie and no token of ours.
    client = client or Client(enforce_csrf_checks=True)
    return client.post("/hooks/http-sms/", data=body, content_type="application/json", headers=headers)


# What is believed --------------------------------------------------------------------------------------------------------


def test_a_signed_receipt_is_kept_and_told(told: list[Receipt]) -> None:
    answer = post(receipt_of("e1", minutes=-1))
    assert (answer.status_code, answer.content) == (200, b"{}")
    event = ProviderEvent.objects.get()
    assert (event.provider, event.event_id, event.kind, event.state) == ("http-sms", "e1", "receipt", "delivered")
    assert (event.key, event.reference) == ("m-1:1", "r-1")
    assert (event.at, event.received_at) == (NOW - timedelta(minutes=1), NOW)
    assert [(receipt.key, receipt.state) for receipt in told] == [("m-1:1", ReceiptState.DELIVERED)]


def test_nothing_unsigned_old_or_unreadable_is_kept(told: list[Receipt]) -> None:
    client = Client()
    body, headers = signed(receipt_of("e1"))

    def status_of(data: bytes, given: dict[str, str], path: str = "/hooks/http-sms/") -> int:
        return client.post(path, data=data, content_type="application/json", headers=given).status_code

    assert status_of(body, {}) == 403
    assert status_of(body + b" ", headers) == 403
    assert status_of(*signed(receipt_of("e1"), at=NOW - timedelta(seconds=301))) == 403
    assert status_of(*signed(receipt_of("e1"), at=NOW + timedelta(seconds=301))) == 403
    assert status_of(b"[]", signed(receipt_of("e1"))[1]) == 403
    assert status_of(body, headers, "/hooks/http-push/") == 404
    assert status_of(body, headers, "/hooks/local/") == 400
    assert client.get("/hooks/http-sms/").status_code == 405
    assert not ProviderEvent.objects.exists()
    assert told == []


def test_of_a_request_with_a_bad_event_the_stop_is_heard_and_the_bad_one_kept_as_such(told: list[Receipt]) -> None:
    customer = make_reachable().customer
    bad = {**receipt_of("e2"), "at": "soon 13900000001"}
    for _twice in range(2):
        assert post(receipt_of("e1"), bad, reply_of("e3", "退订")).status_code == 200
    assert sorted(ProviderEvent.objects.values_list("kind", flat=True)) == ["receipt", "refused", "reply"]
    refused = ProviderEvent.objects.get(kind="refused")
    assert refused.detail.startswith("cannot be read: ValueError") and "13900000001" not in refused.detail
    assert OptOut.objects.get().customer == customer
    assert [receipt.key for receipt in told] == ["m-1:1"]


def test_more_than_the_limit_is_not_even_read(impatient: Any, told: list[Receipt]) -> None:
    body, headers = signed(receipt_of("e1"))
    impatient.WEBHOOK_MOST_BYTES = len(body) - 1
    assert Client().post("/hooks/http-sms/", body, content_type="application/json", headers=headers).status_code == 413
    impatient.WEBHOOK_MOST_BYTES = len(body)
    assert Client().post("/hooks/http-sms/", body, content_type="application/json", headers=headers).status_code == 200


def test_too_many_in_a_minute_are_sent_away_and_welcome_in_the_next(
    impatient: Any, told: list[Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient.WEBHOOK_MOST_A_MINUTE = 2
    cache.clear()
    answers = [post(receipt_of(f"e{number}")) for number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "60"
    assert Client().post("/hooks/aliyun/?secret=callback", b"[]", content_type="application/json").status_code == 200
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=1))
    assert post(receipt_of("e3"), at=NOW + timedelta(minutes=1)).status_code == 200
    assert sorted(ProviderEvent.objects.values_list("event_id", flat=True)) == ["e0", "e1", "e3"]


def test_twilio_is_believed_by_the_address_that_it_called_and_answered_in_its_language(told: list[Receipt]) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    url = "https://riskops.example.com/hooks/twilio/?key=m-1%3A1"
    given = twilio_signature("token", url, {name: [value] for name, value in form.items()})
    answer = Client().post(
        "/hooks/twilio/?key=m-1%3A1",
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": given},
    )
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "text/xml", b"<Response/>")
    assert [(receipt.key, receipt.reference) for receipt in told] == [("m-1:1", "SM1")]


def test_aliyun_is_answered_with_a_code(told: list[Receipt]) -> None:
    answer = Client().post("/hooks/aliyun/?secret=callback", b"[]", content_type="application/json")
    assert answer.json() == {"code": 0, "msg": "OK"}
    assert Client().post("/hooks/aliyun/?secret=guess", b"[]", content_type="application/json").status_code == 403


# Receipts, once each -------------------------------------------------------------------------------------------------------


def test_the_same_receipt_twice_is_kept_and_told_once(told: list[Receipt]) -> None:
    assert [post(receipt_of("e1")).status_code for _time in range(2)] == [200, 200]
    # Also where it comes with others, and later than a signature lasts: signed anew.
    assert post(receipt_of("e1"), receipt_of("e2"), receipt_of("e2")).status_code == 200
    assert [receipt.event_id for receipt in told] == ["e1", "e2"]
    assert ProviderEvent.objects.count() == 2
    # Another provider may use the same ids.
    other = Receipt("twilio", "e1", "", "m-1:1", ReceiptState.DELIVERED, False, NOW, "")
    assert take_receipt(other, NOW)


def test_receipts_out_of_order_are_told_as_they_come_with_their_own_times(told: list[Receipt]) -> None:
    post(receipt_of("e2", "delivered", minutes=-1))
    post(receipt_of("e1", "undelivered", minutes=-2))
    assert [(receipt.state, receipt.at) for receipt in told] == [
        (ReceiptState.DELIVERED, NOW - timedelta(minutes=1)),
        (ReceiptState.UNDELIVERED, NOW - timedelta(minutes=2)),
    ]


def test_a_receipt_of_a_message_that_nobody_knows_is_kept(told: list[Receipt]) -> None:
    assert post(receipt_of("e1", key="")).status_code == 200
    assert post(receipt_of("e2", key="of another system")).status_code == 200
    assert ProviderEvent.objects.count() == len(told) == 2


def test_what_a_receiver_cannot_take_is_as_if_it_had_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_receipt: Receipt, _now: datetime) -> None:
        raise RuntimeError("the message is locked")

    monkeypatch.setattr(receipts, "_receivers", [fails])
    client = Client(raise_request_exception=False)
    assert post(receipt_of("e1"), client=client).status_code == 500
    assert not ProviderEvent.objects.exists()
    heard: list[Receipt] = []
    monkeypatch.setattr(receipts, "_receivers", [lambda receipts, _now: heard.extend(receipts)])
    assert post(receipt_of("e1")).status_code == 200
    assert len(heard) == 1


def test_a_vendors_words_are_cut_to_what_is_kept(told: list[Receipt]) -> None:
    long = receipt_of("e" * 500, key="k" * 100)
    post({**long, "reference": "r\x00" * 100, "detail": "no such number 13900000001\x00"})
    post({**long, "id": "e" * 501})
    first, second = ProviderEvent.objects.order_by("pk")
    assert len(first.event_id) == 71
    assert first.event_id != second.event_id, "cut, the two would be one"
    assert (len(first.key), first.reference, first.detail) == (64, "r" * 100, "no such number …")


@pytest.mark.django_db(transaction=True)
def test_the_same_receipt_at_the_same_moment_is_told_once(told: list[Receipt]) -> None:
    receipt = Receipt("http-sms", "e1", "r", "m-1:1", ReceiptState.DELIVERED, False, NOW, "")
    taken = at_once([lambda: take_receipt(receipt, NOW)] * 4)
    assert sorted(taken, key=str) == [False, False, False, True]
    assert len(told) == 1


@pytest.mark.django_db(transaction=True)
def test_over_the_network_a_vendor_that_repeats_itself_and_mixes_the_order_changes_nothing(
    live_server: Any, told: list[Receipt]
) -> None:
    """Real requests to a real server: delivered before undelivered, each three times, two of them at once."""
    bodies = [signed(receipt_of("e2", minutes=-1)), signed(receipt_of("e1", "undelivered", minutes=-2))] * 3
    statuses: list[int] = []

    def send(body: bytes, headers: dict[str, str]) -> None:
        answer = httpx.post(f"{live_server.url}/hooks/http-sms/", content=body, headers=headers)
        statuses.append(answer.status_code)

    threads = [Thread(target=send, args=sent) for sent in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 6
    assert sorted(receipt.event_id for receipt in told) == ["e1", "e2"]
    assert ProviderEvent.objects.count() == 2


# Replies ------------------------------------------------------------------------------------------------------------------


def test_stop_opts_out_at_once_and_the_gate_knows(told: list[Receipt]) -> None:
    account = make_reachable()
    assert post(reply_of("s1", " Td。")).status_code == 200
    opt_out = OptOut.objects.get()
    assert (opt_out.customer_id, opt_out.channel, opt_out.source) == (account.customer_id, "sms", "reply")
    assert (opt_out.since, opt_out.until, opt_out.noted_by_name, opt_out.note) == (NOW, None, "provider:http-sms", "Td。")
    refused = pass_gate(actor=SENDER, key="k", request=wanted(account, Channel.SMS), now=NOW + timedelta(minutes=1))
    assert refused.verdict.rule == "opt-out"
    by_mail = pass_gate(actor=SENDER, key="k2", request=wanted(account, Channel.EMAIL), now=NOW + timedelta(minutes=1))
    assert by_mail.verdict.rule is None, "of SMS only"
    line = AuditEntry.objects.get(action="contact_wish.note")
    assert (line.actor_name, line.subject_key) == ("provider:http-sms", account.customer.customer_no)
    assert line.after == {"opted_out": "sms", "source": "reply"}


def test_what_the_vendor_took_for_an_opt_out_is_one_whatever_its_words() -> None:
    account = make_reachable()
    reply = Reply("twilio", "SM1", Channel.SMS, account.customer.person["phone"], "arrêt", NOW, is_stop=True)
    assert take_reply(reply, NOW)
    assert (OptOut.objects.get().note, CustomerReply.objects.get().wish) == ("arrêt", "stop")


def test_stop_again_and_the_same_reply_again_change_nothing(told: list[Receipt]) -> None:
    make_reachable()
    for event_id in ("s1", "s1", "s2"):
        assert post(reply_of(event_id, "退订")).status_code == 200
    assert OptOut.objects.count() == 1
    assert AuditEntry.objects.filter(action="contact_wish.note").count() == 1
    assert CustomerReply.objects.count() == 2


@pytest.mark.parametrize("kept", ["13900000001", "+86 139 0000 0001", "0086-13900000001", "013900000001"])
@pytest.mark.parametrize("sender", ["13900000001", "+8613900000001", "008613900000001"])
def test_a_customer_is_found_however_the_book_and_the_vendor_write_the_number(kept: str, sender: str, told: Any) -> None:
    account = make_reachable(person={**PERSON, "phone": kept})
    post(reply_of("s1", "T", sender=sender))
    assert OptOut.objects.get().customer_id == account.customer_id


def test_everybody_with_the_number_is_opted_out_and_nobody_else(told: list[Receipt]) -> None:
    one, two = make_reachable(), make_reachable(person={**PERSON, "name": "李娜"})
    make_reachable(person={**PERSON, "phone": "13900000002"})
    post(reply_of("s1", "STOP"))
    assert sorted(OptOut.objects.values_list("customer_id", flat=True)) == sorted([one.customer_id, two.customer_id])
    assert CustomerReply.objects.count() == 2


def test_by_e_mail_and_by_app_the_address_and_the_device_lead_to_the_customer(told: list[Receipt]) -> None:
    customer = make_customer(person=PERSON)
    for index in link_indexes(PERSON)["device"]:
        CustomerNameToken.objects.create(customer=customer, token_index=index)
    make_customer(person={"name": "Nobody"})
    assert take_reply(Reply("anymail", "u1", Channel.EMAIL, "WANG@example.com", "unsubscribe", NOW), NOW)
    assert take_reply(Reply("http-push", "u2", Channel.PUSH, "dev-1", "退订", NOW), NOW)
    assert take_reply(Reply("http-push", "u3", Channel.PUSH, "", "退订", NOW), NOW)
    assert sorted(OptOut.objects.values_list("customer_id", "channel")) == [(customer.pk, "email"), (customer.pk, "push")]


def test_start_opts_nobody_in_and_is_left_for_a_person(told: list[Receipt]) -> None:
    account = make_reachable()
    post(reply_of("s1", "退订"))
    post(reply_of("s2", "订阅"))
    assert OptOut.objects.get().until is None
    reply = CustomerReply.objects.get(event__event_id="s2")
    assert (reply.wish, reply.customer_id, reply.read_at) == ("start", account.customer_id, None)


def test_a_sentence_is_kept_encrypted_for_a_person_and_opts_nobody_out(told: list[Receipt]) -> None:
    account = make_reachable()
    post(reply_of("s1", "我已经还了，请停止\x00"))
    reply = CustomerReply.objects.get()
    assert (reply.customer_id, reply.wish, reply.channel) == (account.customer_id, "other", "sms")
    assert reply.words == {"address": "+8613900000001", "text": "我已经还了，请停止"}
    assert not OptOut.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_a_reply_is_taken_nobody_waits_for_the_customers_of_the_ones_before_it(
    told: list[Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever holds one customer and wants another wants them in the order of their ids; replies come in an order of their own.
    holds = []

    def takes(reply: Reply, now: datetime) -> bool:
        holds.append(connection.in_atomic_block)
        return take_reply(reply, now)

    monkeypatch.setattr(hooks, "take_reply", takes)
    for phone in ("13900000001", "13900000002"):
        make_reachable(person={"name": phone, "phone": phone})
    stops = [reply_of(f"s{number}", "STOP", sender=f"+861390000000{number}") for number in (2, 1)]
    assert post(receipt_of("e1"), *stops).status_code == 200
    assert (holds, OptOut.objects.count(), len(told)) == ([False, False], 2, 1)


def test_half_a_character_in_one_event_keeps_no_other_event_away(told: list[Receipt]) -> None:
    # As JSON gives an SMS that was cut within an emoji.
    account = make_reachable()
    broken = {**receipt_of("e\ud83d", key="\ud83d"), "detail": "\ud83d", "reference": "r\ud83d"}
    cut = reply_of("s1", "I pay \ud83d", sender="\ud83d")
    assert post(broken, cut, reply_of("s2", "STOP")).status_code == 200
    assert OptOut.objects.get().customer_id == account.customer_id
    assert CustomerReply.objects.get(event__event_id="s1").words == {"address": "?", "text": "I pay ?"}
    assert (len(told), told[0].reference) == (1, "r?")


def test_a_reply_of_nobody_in_the_book_is_kept_once(told: list[Receipt]) -> None:
    make_customer(person={"name": "No phone"})
    for _time in range(2):
        post(reply_of("s1", "STOP", sender="+8613999999999"))
    post(reply_of("s2", "STOP", sender="95588"))
    assert list(CustomerReply.objects.values_list("customer_id", "wish")) == [(None, "stop"), (None, "stop")]
    assert not OptOut.objects.exists()


def test_receipts_and_replies_of_one_request_are_kept_together(told: list[Receipt]) -> None:
    make_reachable()
    assert post(receipt_of("e1"), reply_of("s1", "T")).status_code == 200
    assert (len(told), OptOut.objects.count()) == (1, 1)
    kinds = ProviderEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["receipt", "reply"]
    assert ProviderEvent.objects.get(kind="reply").at == NOW.astimezone(UTC)
