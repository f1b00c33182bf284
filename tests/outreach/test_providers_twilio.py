"""Twilio: the signatures of its own examples, its answers, its callbacks."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from vendors import HttpVendor, answers, never_answers, nobody_listens

from outreach.providers.interface import (
    Accepted,
    CannotTell,
    Outgoing,
    Receipt,
    ReceiptState,
    Refused,
    Reply,
    SignatureWrong,
    Unknown,
    WebhookMalformed,
)
from outreach.providers.twilio import TwilioProvider, refuse_unsigned, signature
from outreach.rules.contacts import Channel

NOW = datetime(2025, 3, 12, 4, tzinfo=UTC)
MESSAGE = Outgoing(
    key="m-1:1", channel=Channel.SMS, address="13900000001", body="Due 15 March", language="en", template_code="due-soon"
)


@pytest.fixture
def twilio(vendor: HttpVendor, impatient: Any) -> TwilioProvider:
    impatient.TWILIO_API_URL, impatient.PUBLIC_URL = vendor.url, "https://riskops.example.com/"
    impatient.TWILIO_ACCOUNT_SID, impatient.TWILIO_AUTH_TOKEN, impatient.TWILIO_FROM = "AC1", "12345", "+15005550006"
    return TwilioProvider()


# The vendor's own values: https://www.twilio.com/docs/usage/security ("Validating requests"), and the tests of its library,
# https://github.com/twilio/twilio-python/blob/main/tests/unit/test_request_validator.py.

DOCUMENTED = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675310"],
    "Digits": ["1234"],
    "From": ["+14158675310"],
    "To": ["+18005551212"],
}
LIBRARY = {**DOCUMENTED, "Caller": ["+14158675309"], "From": ["+14158675309"]}
MY = "https://mycompany.com/myapp.php?foo=1&bar=2"


def test_the_signature_is_the_one_that_twilio_publishes() -> None:
    assert signature("12345", "https://example.com/myapp.php?foo=1&bar=2", DOCUMENTED) == "L/OH5YylLD5NRKLltdqwSvS0BnU="
    assert signature("12345", MY, LIBRARY) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    twice = {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234"]}
    assert signature("12345", MY, twice) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("url", "given"),
    [
        (MY, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        (MY, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
)
def test_an_address_is_signed_with_its_port_or_without(url: str, given: str) -> None:
    refuse_unsigned("12345", url, LIBRARY, given)


@pytest.mark.parametrize(
    ("token", "url", "form", "given"),
    [
        ("12346", MY, LIBRARY, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("12345", MY + "&x=1", LIBRARY, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("12345", MY, DOCUMENTED, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("12345", MY, LIBRARY, ""),
        ("12345", MY, LIBRARY, "é"),
        ("", MY, LIBRARY, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ],
)
def test_any_other_signature_is_refused(token: str, url: str, form: dict[str, list[str]], given: str) -> None:
    with pytest.raises(SignatureWrong):
        refuse_unsigned(token, url, form, given)


# Sending ------------------------------------------------------------------------------------------------------------


def test_a_message_is_handed_over_and_its_receipts_bring_the_key_back(twilio: TwilioProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(201, {"sid": "SM1", "status": "queued"})]
    assert twilio.send(MESSAGE) == Accepted("SM1")
    (asked,) = vendor.asked
    assert (asked.method, asked.path) == ("POST", "/2010-04-01/Accounts/AC1/Messages.json")
    assert dict(parse_qsl(asked.body.decode())) == {
        "To": "+8613900000001",
        "From": "+15005550006",
        "Body": "Due 15 March",
        "StatusCallback": "https://riskops.example.com/hooks/twilio/?key=m-1%3A1",
    }
    assert asked.headers["authorization"] == "Basic " + b64encode(b"AC1:12345").decode()


def test_a_messaging_service_picks_the_number(twilio: TwilioProvider, vendor: HttpVendor, impatient: Any) -> None:
    impatient.TWILIO_FROM = "MG1"
    vendor.script = [answers(201, {"sid": "SM1"})]
    twilio.send(MESSAGE)
    sent = dict(parse_qsl(vendor.asked[0].body.decode()))
    assert sent["MessagingServiceSid"] == "MG1"
    assert "From" not in sent


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (
            400,
            {"code": 21211, "message": "The 'To' number +8613900000001 is not a valid phone number."},
            Refused("21211 The 'To' number … is not a valid phone number.", is_final=True, is_detail_dead=True),
        ),
        (400, {"code": 21610, "message": "unsubscribed"}, Refused("21610 unsubscribed", is_final=True, is_opt_out=True)),
        (400, {"code": 21408}, Refused("21408")),
        (400, {"code": 21606}, Refused("21606", is_outage=True)),
        (401, {"code": 20003}, Refused("answered 401: 20003", is_outage=True)),
        (429, {"code": 20429}, Refused("answered 429: 20429", is_outage=True)),
        (503, {}, Refused("answered 503", is_outage=True)),
        (500, {"code": 20500}, Unknown("answered 500: 20500")),
        (201, {}, Unknown("answered 201")),
    ],
)
def test_each_answer_is_a_result(twilio: TwilioProvider, vendor: HttpVendor, status: int, said: Any, result: Any) -> None:
    vendor.script = [answers(status, said)]
    assert twilio.send(MESSAGE) == result


def test_silence_is_unknown_and_stays_so(twilio: TwilioProvider, vendor: HttpVendor, impatient: Any) -> None:
    vendor.script = [never_answers]
    assert twilio.send(MESSAGE) == Unknown("sent, no answer: ReadTimeout")
    assert twilio.find("m-1:1", address="13900000001", sent_at=NOW) == CannotTell("twilio cannot be asked for a message")
    assert (twilio.is_idempotent, twilio.is_askable) == (False, False)
    impatient.TWILIO_API_URL = nobody_listens()
    assert twilio.send(MESSAGE) == Refused("no connection: ConnectError", is_outage=True)


# Callbacks ------------------------------------------------------------------------------------------------------------

URL = "https://riskops.example.com/hooks/twilio/?key=m-1%3A1"


def called_back(twilio: TwilioProvider, form: dict[str, str], url: str = URL) -> list[Any]:
    given = signature("12345", url, {name: [value] for name, value in form.items()})
    return twilio.read_webhook(urlencode(form).encode(), {"x-twilio-signature": given}, url, NOW)


def test_a_status_callback_is_a_receipt(twilio: TwilioProvider) -> None:
    sent = {"MessageSid": "SM1", "SmsSid": "SM1", "To": "+8613900000001", "From": "+15005550006", "AccountSid": "AC1"}
    assert called_back(twilio, {**sent, "MessageStatus": "delivered"}) == [
        Receipt("twilio", "SM1:delivered", "SM1", "m-1:1", ReceiptState.DELIVERED, False, NOW, "delivered")
    ]
    assert called_back(twilio, {**sent, "MessageStatus": "undelivered", "ErrorCode": "30005"}) == [
        Receipt("twilio", "SM1:undelivered", "SM1", "m-1:1", ReceiptState.UNDELIVERED, True, NOW, "undelivered 30005")
    ]
    (off,) = called_back(twilio, {**sent, "MessageStatus": "undelivered", "ErrorCode": "30003"})
    assert not off.is_detail_dead, "a telephone that is switched off is not dead"
    # On its way: no end, no receipt.
    assert called_back(twilio, {**sent, "MessageStatus": "sent"}) == []


def test_an_incoming_message_is_a_reply(twilio: TwilioProvider) -> None:
    form = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+8613900000001", "To": "+15005550006", "Body": "退订 "}
    assert called_back(twilio, form) == [Reply("twilio", "SM2", Channel.SMS, "+8613900000001", "退订 ", NOW)]


def test_a_callback_that_is_not_signed_or_names_no_message_is_refused(twilio: TwilioProvider) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    for headers in ({}, {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}):
        with pytest.raises(SignatureWrong):
            twilio.read_webhook(urlencode(form).encode(), headers, URL, NOW)
    # The key stands in the address, which is signed too.
    given = signature("12345", URL, {name: [value] for name, value in form.items()})
    with pytest.raises(SignatureWrong):
        twilio.read_webhook(urlencode(form).encode(), {"x-twilio-signature": given}, URL.replace("m-1", "m-2"), NOW)
    with pytest.raises(SignatureWrong):
        twilio.read_webhook(b"\xff\xfe", {"x-twilio-signature": given}, URL, NOW)
    with pytest.raises(WebhookMalformed):
        called_back(twilio, {"Hello": "there"})


@pytest.mark.parametrize(("kind", "is_stop"), [("STOP", True), ("stop", True), ("START", False), ("HELP", False), ("", False)])
def test_what_twilio_itself_took_for_an_opt_out_is_one(twilio: TwilioProvider, kind: str, is_stop: bool) -> None:
    form = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+8613900000001", "Body": "arrêt", "OptOutType": kind}
    (reply,) = called_back(twilio, form)
    assert (reply.text, reply.is_stop) == ("arrêt", is_stop)
