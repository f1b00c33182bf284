"""The generic provider over HTTP, against a server that keeps the contract and one that misbehaves."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from vendors import (
    HttpVendor,
    answers,
    answers_no_http,
    answers_too_much,
    closes,
    drips,
    never_answers,
    nobody_listens,
    stops_half_way,
)

from outreach.models import LocalMessage
from outreach.providers.http_signed import HttpPushProvider, HttpSmsProvider
from outreach.providers.interface import (
    Accepted,
    CannotTell,
    NotThere,
    Outgoing,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    RequestStale,
    SignatureWrong,
    Unknown,
    UnreadEvent,
    WebhookMalformed,
)
from outreach.providers.local import LocalProvider
from outreach.providers.signing import signature
from outreach.rules.contacts import Channel

SECRET = "s3cret"
NOW = datetime(2025, 3, 12, 4, tzinfo=UTC)
MESSAGE = Outgoing(
    key="m-1:1",
    channel=Channel.SMS,
    address="13900000001",
    body="还款日 3月15日",
    language="zh-hans",
    template_code="due-soon",
    values={"day": "3月15日"},
)


@pytest.fixture
def sms(vendor: HttpVendor, impatient: Any) -> HttpSmsProvider:
    impatient.HTTP_SMS_URL, impatient.HTTP_SMS_SECRET = f"{vendor.url}/v1/", SECRET
    return HttpSmsProvider()


def signed(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Sign by hand, as docs/providers.md describes it."""
    return "v1=" + hmac.new(secret.encode(), f"{timestamp}\n{method}\n{path}\n".encode() + body, sha256).hexdigest()


def test_the_worked_example_of_the_document_holds() -> None:
    example = (Path(__file__).resolve().parent.parent.parent / "docs" / "providers.md").read_text(encoding="utf-8")
    body = b'{"events": []}'
    digest = signed("an example secret", "1741752000", "POST", "/hooks/http-sms/", body)
    assert f"X-Timestamp: 1741752000\nX-Signature: {digest}\n\n{body.decode()}" in example
    assert signature("an example secret", timestamp="1741752000", method="POST", path="/hooks/http-sms/", body=body) == digest


def test_a_message_is_handed_over_signed_and_with_its_key(sms: HttpSmsProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(202, {"reference": "r-1"})]
    assert sms.send(MESSAGE) == Accepted("r-1")
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("POST", "/v1/messages")
    assert asked.data == {
        "key": "m-1:1",
        "channel": "sms",
        "to": "13900000001",
        "subject": "",
        "text": "还款日 3月15日",
        "language": "zh-hans",
        "template": "due-soon",
        "values": {"day": "3月15日"},
    }
    assert asked.headers["idempotency-key"] == "m-1:1"
    expected = signed(SECRET, asked.headers["x-timestamp"], "POST", "/v1/messages", asked.body)
    assert asked.headers["x-signature"] == expected


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (422, {"code": "invalid_address"}, Refused("answered 422: invalid_address", is_final=True, is_detail_dead=True)),
        (422, {"code": "rejected", "message": "spam"}, Refused("answered 422: rejected spam", is_final=True)),
        (400, {"code": "bad_template"}, Refused("answered 400: bad_template")),
        (401, {}, Refused("answered 401", is_outage=True)),
        (404, {"code": "invalid_address"}, Refused("answered 404: invalid_address", is_outage=True)),
        (302, {}, Refused("answered 302", is_outage=True)),
        (429, {"message": "slow down"}, Refused("answered 429: slow down", is_outage=True)),
        (503, {}, Refused("answered 503", is_outage=True)),
        (500, {}, Unknown("answered 500")),
        (502, b"<html>", Unknown("answered 502")),
        (200, {}, Unknown("answered 200")),
        (200, b"[1", Unknown("answered 200")),
        (200, ["r-1"], Unknown("answered 200")),
    ],
)
def test_each_answer_is_a_result(sms: HttpSmsProvider, vendor: HttpVendor, status: int, said: Any, result: Any) -> None:
    vendor.script = [answers(status, said)]
    assert sms.send(MESSAGE) == result


def test_what_a_vendor_says_of_a_number_is_not_kept(sms: HttpSmsProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(422, {"code": "rejected", "message": "13900000001 is blocked"})]
    assert sms.send(MESSAGE) == Refused("answered 422: rejected … is blocked", is_final=True)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (never_answers, "sent, no answer: ReadTimeout"),
        (closes, "sent, no answer: RemoteProtocolError"),
        (answers_no_http, "sent, no answer: RemoteProtocolError"),
        (stops_half_way, "sent, no answer: RemoteProtocolError"),
        (drips, "the answer (200) did not end in time"),
        (answers_too_much, "the answer (200) is longer than 262144 bytes"),
    ],
)
def test_sent_and_not_answered_is_unknown(sms: HttpSmsProvider, vendor: HttpVendor, behaviour: Any, reason: str) -> None:
    vendor.script = [behaviour]
    assert sms.send(MESSAGE) == Unknown(reason)
    assert len(vendor.asked) == 1, "nothing is sent twice by itself"


def test_no_connection_is_a_refusal_for_now(impatient: Any) -> None:
    impatient.HTTP_SMS_URL, impatient.HTTP_SMS_SECRET = nobody_listens(), SECRET
    assert HttpSmsProvider().send(MESSAGE) == Refused("no connection: ConnectError", is_outage=True)
    impatient.HTTP_SMS_URL = "http://nobody.invalid"
    assert HttpSmsProvider().send(MESSAGE) == Refused("no connection: ConnectError", is_outage=True)
    impatient.HTTP_SMS_URL = "nobody"
    assert HttpSmsProvider().send(MESSAGE) == Refused("no connection: UnsupportedProtocol", is_outage=True)


def test_an_unknown_message_is_asked_for_by_its_key(sms: HttpSmsProvider, vendor: HttpVendor) -> None:
    vendor.script = [closes, answers(200, {"reference": "r-1"}), answers(404, {"code": "not_found"})]
    assert isinstance(sms.send(MESSAGE), Unknown)
    assert sms.find("m-1:1") == Accepted("r-1")
    asked = vendor.asked[1]
    assert (asked.method, asked.path) == ("GET", "/v1/messages/m-1%3A1")
    assert asked.headers["x-signature"] == signed(SECRET, asked.headers["x-timestamp"], "GET", "/v1/messages/m-1%3A1", b"")
    assert sms.find("m-1:1") == NotThere()


@pytest.mark.parametrize(
    "behaviour", [answers(404, b"<html>"), answers(500, {}), answers(401, {}), answers(200, {}), never_answers]
)
def test_only_the_vendors_own_word_says_that_a_message_is_not_there(
    sms: HttpSmsProvider, vendor: HttpVendor, behaviour: Any
) -> None:
    vendor.script = [behaviour]
    assert isinstance(sms.find("m-1:1"), CannotTell)


def test_push_has_an_address_and_a_secret_of_its_own(vendor: HttpVendor, impatient: Any) -> None:
    push = HttpPushProvider()
    assert push.missing_settings() == ["HTTP_PUSH_URL", "HTTP_PUSH_SECRET"]
    impatient.HTTP_PUSH_URL, impatient.HTTP_PUSH_SECRET = vendor.url, "other"
    assert push.missing_settings() == []
    vendor.script = [answers(200, {"reference": 7})]
    message = Outgoing(key="p1", channel=Channel.PUSH, address="dev-1", subject="t", body="b", language="en", template_code="x")
    assert push.send(message) == Accepted("7")
    assert (vendor.asked[0].data["to"], vendor.asked[0].data["subject"]) == ("dev-1", "t")


# Webhooks ---------------------------------------------------------------------------------------------------------

RECEIPT = {
    "id": "e1",
    "type": "receipt",
    "key": "m-1:1",
    "reference": "r-1",
    "state": "undelivered",
    "address_dead": True,
    "at": "2025-03-12T11:59:00+08:00",
    "detail": "no such number 13900000001",
}
REPLY = {"id": "e2", "type": "reply", "from": "+8613900000001", "text": "退订", "at": "2025-03-12T03:59:30Z"}
URL = "https://riskops.example.com/hooks/http-sms/"


def hooked(events: Any, *, at: datetime = NOW, secret: str = SECRET, body: bytes | None = None) -> tuple[bytes, dict[str, str]]:
    """Return body and headers of a webhook as a vendor signs it."""
    body = json.dumps({"events": events}).encode() if body is None else body
    timestamp = str(int(at.timestamp()))
    return body, {
        "x-timestamp": timestamp,
        "x-signature": signed(secret, timestamp, "POST", "/hooks/http-sms/", body),
    }


def test_receipts_and_replies_are_read(sms: HttpSmsProvider) -> None:
    assert sms.read_webhook(*hooked([RECEIPT, REPLY]), URL, NOW) == [
        Receipt(
            provider="http-sms",
            event_id="e1",
            reference="r-1",
            key="m-1:1",
            state=ReceiptState.UNDELIVERED,
            is_detail_dead=True,
            at=datetime(2025, 3, 12, 3, 59, tzinfo=UTC),
            detail="no such number …",
        ),
        Reply("http-sms", "e2", Channel.SMS, "+8613900000001", "退订", datetime(2025, 3, 12, 3, 59, 30, tzinfo=UTC)),
    ]


def test_a_webhook_with_another_signature_is_refused(sms: HttpSmsProvider, impatient: Any) -> None:
    body, headers = hooked([RECEIPT])
    for wrong_body, wrong_headers, url in (
        (body + b" ", headers, URL),
        (body, {**headers, "x-timestamp": str(int(headers["x-timestamp"]) + 1)}, URL),
        (body, {}, URL),
        (body, {**headers, "x-signature": "v1=é"}, URL),
        (body, headers, "https://riskops.example.com/hooks/http-push/"),
        (*hooked([RECEIPT], secret="guessed"), URL),
    ):
        with pytest.raises(SignatureWrong):
            sms.read_webhook(wrong_body, wrong_headers, url, NOW)
    impatient.HTTP_SMS_SECRET = ""
    with pytest.raises(SignatureWrong):
        sms.read_webhook(*hooked([RECEIPT], secret=""), URL, NOW)


def test_a_webhook_is_taken_within_its_window_and_not_a_second_after(sms: HttpSmsProvider) -> None:
    for seconds in (300, -300):
        assert len(sms.read_webhook(*hooked([RECEIPT]), URL, NOW + timedelta(seconds=seconds))) == 1
    for seconds in (301, -301):
        with pytest.raises(RequestStale):
            sms.read_webhook(*hooked([RECEIPT]), URL, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"events": {}}',
        json.dumps({"events": [RECEIPT] * 501}).encode(),
    ],
)
def test_a_signed_webhook_that_cannot_be_read_is_refused_whole(sms: HttpSmsProvider, body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        sms.read_webhook(*hooked(None, body=body), URL, NOW)


@pytest.mark.parametrize(
    "bad",
    [
        1,
        {**RECEIPT, "type": "gossip"},
        {**RECEIPT, "state": "maybe"},
        {**RECEIPT, "at": "2025-03-12T12:00:00"},
        {**RECEIPT, "at": 5},
    ],
)
def test_an_event_that_cannot_be_read_takes_none_beside_it_along(sms: HttpSmsProvider, bad: Any) -> None:
    receipt, unread, reply = sms.read_webhook(*hooked([RECEIPT, bad, REPLY]), URL, NOW)
    assert isinstance(receipt, Receipt) and isinstance(reply, Reply) and reply.text == "退订"
    assert isinstance(unread, UnreadEvent) and unread.reason.startswith("cannot be read: ")
    # Known by what it holds, and so not kept twice.
    assert sms.read_webhook(*hooked([bad]), URL, NOW) == [unread]


# The provider that sends nothing ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_local_keeps_a_message_once_encrypted_and_finds_it() -> None:
    local = LocalProvider()
    assert local.find("m-1:1") == NotThere()
    assert local.send(MESSAGE) == local.send(MESSAGE) == Accepted("local:m-1:1")
    assert local.find("m-1:1") == Accepted("local:m-1:1")
    row = LocalMessage.objects.get()
    assert row.words == {
        "address": "13900000001",
        "subject": "",
        "body": "还款日 3月15日",
        "values": '{"day": "3月15日"}',
    }
    assert (row.channel, row.language, row.template_code) == ("sms", "zh-hans", "due-soon")
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM outreach_localmessage")
        assert b"13900000001" not in bytes(cursor.fetchone()[0])
