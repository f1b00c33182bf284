"""E-mail, by a real SMTP server that refuses and hangs up when told to, and by a service behind django-anymail."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from hashlib import sha256
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from vendors import HttpVendor, answers, closes, never_answers, nobody_listens

from outreach.providers import mail
from outreach.providers.anymail import AnymailProvider
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
from outreach.providers.smtp import SmtpProvider
from outreach.rules.contacts import Channel

NOW = datetime(2025, 3, 12, 4, tzinfo=UTC)
MESSAGE = Outgoing(
    key="m-1:1",
    channel=Channel.EMAIL,
    address="wang@example.com",
    subject="还款提醒",
    body="您的账单 3 月 15 日到期。\n.\n退订：回复 TD",
    language="zh-hans",
    template_code="due-soon",
)
MESSAGE_ID = f"<{sha256(b'm-1:1').hexdigest()[:40]}@bank.example>"


class MailServer:
    """What the server answers to each command; "hang up" closes, "say nothing" leaves the client waiting."""

    def __init__(self) -> None:
        self.mail, self.rcpt, self.data = "250 OK", "250 OK", "250 OK"
        self.taken: list[Envelope] = []

    async def handle_MAIL(self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer(server, self.mail)

    async def handle_RCPT(self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        envelope.rcpt_tos.append(address)
        return self._answer(server, self.rcpt)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.taken.append(envelope)
        if self.data == "say nothing":
            await asyncio.Event().wait()
        return self._answer(server, self.data)

    def _answer(self, server: SMTP, answer: str) -> str:
        if answer == "hang up":
            assert server.transport is not None
            server.transport.abort()
        return answer


@pytest.fixture
def server(impatient: Any) -> Iterator[MailServer]:
    """Run a mail server on a free port."""
    handler = MailServer()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Its thread outlives the test by a breath, and would write to what pytest has closed.
    logging.getLogger("mail.log").disabled = True
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    impatient.EMAIL_URL, impatient.EMAIL_FROM = f"smtp://127.0.0.1:{port}", "示例银行 <service@bank.example>"
    # It answers in the time that a busy machine takes; who tests its silence says how long to wait.
    impatient.PROVIDER_TIMEOUT_SECONDS = 10
    try:
        yield handler
    finally:
        controller.stop()


def sent(message: Outgoing = MESSAGE) -> Any:
    return SmtpProvider().send(message)


def test_a_message_arrives_as_it_was_written_with_an_id_made_of_its_key(server: MailServer) -> None:
    assert sent() == Accepted(MESSAGE_ID)
    (envelope,) = server.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("service@bank.example", ["wang@example.com"])
    arrived = message_from_bytes(bytes(envelope.content or b""))
    assert str(make_header(decode_header(arrived["Subject"]))) == "还款提醒"
    text = arrived.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().replace("\r\n", "\n").strip() == MESSAGE.body
    assert arrived["Message-ID"] == MESSAGE_ID
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert arrived["Content-Language"] == "zh-hans"
    assert "List-Unsubscribe" not in arrived
    # The same message again has the same id; another one has another.
    sent()
    assert message_from_bytes(bytes(server.taken[1].content or b""))["Message-ID"] == MESSAGE_ID
    assert mail.message_id("m-1:2") != MESSAGE_ID


def test_a_message_says_how_to_opt_out_with_one_click(server: MailServer) -> None:
    sent(replace(MESSAGE, unsubscribe_url="https://riskops.example.com/c/m-1:1"))
    arrived = message_from_bytes(bytes(server.taken[0].content or b""))
    assert arrived["List-Unsubscribe"] == "<https://riskops.example.com/c/m-1:1>"
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("command", "answer", "result"),
    [
        (
            "rcpt",
            "550 5.1.1 <wang@example.com>: no such user",
            Refused("550 5.1.1 <…>: no such user", is_final=True, is_detail_dead=True),
        ),
        ("rcpt", "550 5.7.1 blocked", Refused("550 5.7.1 blocked", is_final=True)),
        ("rcpt", "552 5.2.2 mailbox full", Refused("552 5.2.2 mailbox full", is_final=True)),
        ("rcpt", "450 4.2.0 greylisted", Refused("450 4.2.0 greylisted")),
        ("rcpt", "451 5.1.1 confused", Refused("451 5.1.1 confused")),
        ("mail", "553 5.1.8 sender unknown", Refused("sender refused: 553 5.1.8 sender unknown", is_outage=True)),
        ("mail", "421 4.3.2 closing", Refused("sender refused: 421 4.3.2 closing", is_outage=True)),
        ("data", "554 5.7.1 spam", Refused("554 5.7.1 spam", is_final=True)),
        ("data", "452 4.3.1 disk full", Refused("452 4.3.1 disk full")),
        ("data", "421 4.3.2 closing", Refused("421 4.3.2 closing", is_outage=True)),
    ],
)
def test_each_answer_is_a_result(server: MailServer, command: str, answer: str, result: Any) -> None:
    setattr(server, command, answer)
    assert sent() == result


def test_a_connection_lost_before_the_message_was_begun_is_a_refusal(server: MailServer) -> None:
    server.rcpt = "hang up"
    result = sent()
    assert isinstance(result, Refused)
    assert result.reason.startswith("lost before the message was begun: SMTPServerDisconnected")
    assert (result.is_final, result.is_outage) == (False, True)
    assert server.taken == []


@pytest.mark.parametrize("data", ["hang up", "say nothing"])
def test_a_connection_lost_after_the_message_is_unknown(server: MailServer, impatient: Any, data: str) -> None:
    server.data = data
    impatient.PROVIDER_TIMEOUT_SECONDS = 0.5
    result = sent()
    assert isinstance(result, Unknown)
    assert result.reason.startswith("lost after the message was begun: ")
    assert len(server.taken) == 1
    assert SmtpProvider().find("m-1:1") == CannotTell("smtp cannot be asked for a message")


def test_no_mail_server_is_a_refusal_for_now(impatient: Any) -> None:
    impatient.EMAIL_URL, impatient.EMAIL_FROM = nobody_listens().replace("http", "smtp"), "a@bank.example"
    result = sent()
    assert isinstance(result, Refused)
    assert result.reason.startswith("no connection: ConnectionRefusedError")
    assert (result.is_final, result.is_outage) == (False, True)


def test_a_server_that_does_not_speak_tls_gets_no_password(server: MailServer, impatient: Any) -> None:
    impatient.EMAIL_URL = impatient.EMAIL_URL.replace("smtp://", "smtp+tls://user:secret@")
    result = sent()
    assert isinstance(result, Refused)
    assert result.reason.startswith("no connection: SMTPNotSupportedError")
    impatient.EMAIL_URL = impatient.EMAIL_URL.replace("smtp+tls://", "smtp+ssl://")
    result = sent()
    assert isinstance(result, Refused)
    assert ssl.SSLError.__name__ in result.reason
    assert server.taken == []


@pytest.mark.parametrize(
    ("address", "subject", "result"),
    [
        ("nobody", "s", Refused("not an e-mail address", is_final=True, is_detail_dead=True)),
        ("a@b\r\nBcc: x@y.example", "s", Refused("not an e-mail address", is_final=True, is_detail_dead=True)),
        ("a@b.example", "s\r\nBcc: x@y.example", Refused("the subject has more than one line", is_final=True)),
    ],
)
def test_what_is_no_e_mail_is_refused_before_anything_is_sent(
    server: MailServer, address: str, subject: str, result: Refused
) -> None:
    message = Outgoing(
        key="k", channel=Channel.EMAIL, address=address, subject=subject, body="b", language="en", template_code="t"
    )
    assert sent(message) == result
    assert AnymailProvider().send(message) == result
    assert server.taken == []


# A service behind django-anymail ------------------------------------------------------------------------------------------


@pytest.fixture
def postmark(vendor: HttpVendor, impatient: Any) -> AnymailProvider:
    impatient.ANYMAIL_ESP, impatient.EMAIL_FROM = "postmark", "service@bank.example"
    impatient.ANYMAIL = {
        **impatient.ANYMAIL,
        "POSTMARK_SERVER_TOKEN": "t0ken",
        "POSTMARK_API_URL": vendor.url,
        "WEBHOOK_SECRET": "hook:s3cret",
    }
    return AnymailProvider()


TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "SubmittedAt": "2025-03-12T04:00:00Z", "To": "wang@example.com"}


def test_a_service_is_given_the_message_and_the_key(postmark: AnymailProvider, vendor: HttpVendor) -> None:
    vendor.script = [answers(200, TAKEN)]
    assert postmark.send(MESSAGE) == Accepted("pm-1")
    (asked,) = vendor.asked
    assert asked.headers["x-postmark-server-token"] == "t0ken"
    assert (asked.data["To"], asked.data["Subject"], asked.data["TextBody"]) == ("wang@example.com", "还款提醒", MESSAGE.body)
    assert asked.data["Metadata"] == {"key": "m-1:1"}
    assert {"Name": "Message-ID", "Value": MESSAGE_ID} in asked.data["Headers"]


@pytest.mark.parametrize(
    ("status", "said", "result"),
    [
        (
            422,
            {"ErrorCode": 300, "Message": "Invalid 'To' address: 'wang@example.com'."},
            Refused("recipient refused", is_final=True, is_detail_dead=True),
        ),
        (
            422,
            {"ErrorCode": 406, "Message": "Found inactive addresses: wang@example.com. Inactive recipients are …"},
            Refused("recipient refused", is_final=True),
        ),
        (401, {"ErrorCode": 10}, Refused("answered 401: AnymailRequestsAPIError", is_outage=True)),
        (429, {}, Refused("answered 429: AnymailRequestsAPIError", is_outage=True)),
        (503, {}, Refused("answered 503: AnymailRequestsAPIError", is_outage=True)),
        (500, {}, Unknown("answered 500: AnymailRequestsAPIError")),
        (200, b"?", Unknown("answered 200: AnymailRequestsAPIError")),
    ],
)
def test_each_answer_of_a_service_is_a_result(
    postmark: AnymailProvider, vendor: HttpVendor, status: int, said: Any, result: Any
) -> None:
    vendor.script = [answers(status, said)]
    assert postmark.send(MESSAGE) == result


def test_silence_of_a_service_is_unknown_and_no_connection_a_refusal(
    postmark: AnymailProvider, vendor: HttpVendor, impatient: Any
) -> None:
    vendor.script = [never_answers]
    assert postmark.send(MESSAGE) == Unknown("sent, no answer: ReadTimeout")
    vendor.script = [closes]
    assert postmark.send(MESSAGE) == Unknown("sent, no answer: ConnectionError")
    impatient.ANYMAIL = {**impatient.ANYMAIL, "POSTMARK_API_URL": nobody_listens()}
    assert postmark.send(MESSAGE) == Refused("no connection: ConnectionError", is_outage=True)


def test_a_service_that_is_none_is_missing_and_refused(impatient: Any) -> None:
    impatient.EMAIL_FROM = "service@bank.example"
    for name in ("", "nobody", "os.path"):
        impatient.ANYMAIL_ESP = name
        assert AnymailProvider().missing_settings() == ["ANYMAIL_ESP", "ANYMAIL_SETTINGS"]
        result = AnymailProvider().send(MESSAGE)
        assert isinstance(result, Refused)
        assert result.is_outage


URL = "https://riskops.example.com/hooks/anymail/"
AUTHORISED = {"authorization": "Basic " + b64encode(b"hook:s3cret").decode(), "content-type": "application/json"}
# Bodies as in https://postmarkapp.com/developer/webhooks/delivery-webhook and …/bounce-webhook.
DELIVERED = {
    "RecordType": "Delivery",
    "MessageID": "pm-1",
    "Recipient": "wang@example.com",
    "DeliveredAt": "2025-03-12T03:59:00Z",
    "Details": "250 OK",
    "Metadata": {"key": "m-1:1"},
}
BOUNCED = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "ID": 42,
    "MessageID": "pm-1",
    "Email": "wang@example.com",
    "BouncedAt": "2025-03-12T03:59:30Z",
    "Details": "smtp;550 5.1.1 <wang@example.com> no such user",
    "Metadata": {"key": "m-1:1"},
}


def hooked(provider: AnymailProvider, event: Any, headers: dict[str, str] = AUTHORISED) -> list[Any]:
    return provider.read_webhook(json.dumps(event).encode(), headers, URL, NOW)


def test_tracking_events_are_receipts(postmark: AnymailProvider) -> None:
    assert hooked(postmark, DELIVERED) == [
        Receipt(
            provider="anymail",
            event_id="pm-1:delivered",
            reference="pm-1",
            key="m-1:1",
            state=ReceiptState.DELIVERED,
            is_detail_dead=False,
            at=datetime(2025, 3, 12, 3, 59, tzinfo=UTC),
            detail="delivered 250 OK",
        )
    ]
    (bounced,) = hooked(postmark, BOUNCED)
    assert (bounced.event_id, bounced.key, bounced.state) == ("42", "m-1:1", ReceiptState.UNDELIVERED)
    assert bounced.is_detail_dead
    assert bounced.detail == "bounced bounced smtp;550 5.1.1 <…> no such user"
    (full,) = hooked(postmark, {**BOUNCED, "Type": "SoftBounce", "Details": "smtp;552 5.2.2 mailbox full"})
    assert not full.is_detail_dead, "a full mailbox is emptied some day"
    assert hooked(postmark, {"RecordType": "Open", "MessageID": "pm-1", "Recipient": "wang@example.com"}) == []


def test_spam_and_unsubscribe_in_a_mail_program_say_stop(postmark: AnymailProvider) -> None:
    event = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "ID": 7, "MessageID": "pm-1", "Email": "wang@example.com"}
    assert hooked(postmark, event) == [Reply("anymail", "7", Channel.EMAIL, "wang@example.com", "unsubscribe", NOW)]


def test_an_event_that_is_not_the_services_is_refused(postmark: AnymailProvider, impatient: Any) -> None:
    for headers in ({}, {"authorization": "Basic " + b64encode(b"hook:guess").decode()}):
        with pytest.raises(SignatureWrong):
            hooked(postmark, DELIVERED, headers)
    # Without a secret nothing could be checked: then nothing is taken.
    impatient.ANYMAIL = {**impatient.ANYMAIL, "WEBHOOK_SECRET": ""}
    with pytest.raises(SignatureWrong):
        hooked(postmark, DELIVERED)


@pytest.mark.parametrize("body", [b"", b"[]", b"5", json.dumps({"RecordType": "Inbound"}).encode()])
def test_an_event_that_cannot_be_read_is_refused(postmark: AnymailProvider, body: bytes) -> None:
    with pytest.raises(WebhookMalformed):
        postmark.read_webhook(body, AUTHORISED, URL, NOW)
