"""Receipts: in any order, twice, before the answer they belong to, for nobody; delivered is never taken back."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from factories import make_user
from outreach_books import NOON
from sending_books import Carrier, make_late, make_message, prepared, send, use

from outreach.models import Contact, DetailState, Message, MessageAttempt, MessageReceipt
from outreach.operations import receipts
from outreach.operations.outbox import drop_message
from outreach.operations.sending.doubting import resolve_doubt
from outreach.operations.sending.preparing import Ready
from outreach.operations.sending.receiving import match_receipts, take_receipt
from outreach.operations.sending.settling import settle
from outreach.providers.interface import Accepted, Receipt, ReceiptState, Refused, Unknown
from outreach.queries.outbox import dead_letters
from outreach.rules.sending import GRACE
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    found = Carrier()
    use(monkeypatch, found)
    return found


def receipt(event: str, state: str = "delivered", **more: Any) -> Receipt:
    usual = {"reference": "", "key": "", "is_detail_dead": False, "at": NOON, "detail": "", "provider": "carrier"}
    said: dict[str, Any] = {**usual, **more}
    return Receipt(event_id=event, state=ReceiptState(state), **said)


def sent() -> tuple[Message, str]:
    message = send(make_message(make_late(), fallback=[{"channel": "email", "template": "late-email"}]))
    return message, message.reference


def stands(message: Message) -> tuple[str, str]:
    return Message.objects.get(pk=message.pk).status, Contact.objects.get(message__pk=message.pk).outcome


def test_the_outbox_hears_what_webhooks_take() -> None:
    message, reference = sent()
    receipts.take_receipt(receipt("e1", reference=reference), NOON)
    assert stands(message) == ("delivered", "delivered")


def test_events_whose_long_names_begin_alike_are_two_and_no_text_is_too_much_for_a_database() -> None:
    first, second = sent()[0], sent()[0]
    names = [f"{'e' * 200}{number}" for number in range(2)]
    told = [receipt(name, key=message.attempt_key) for name, message in zip(names, (first, second), strict=True)]
    third = sent()[0]
    told.append(receipt("e\x00", key=f"{third.attempt_key}\x00", detail="a\x00b", reference="r\x00"))
    assert (receipts.take_receipts(told, NOON), receipts.take_receipts(told, NOON)) == (3, 0)
    assert [stands(message) for message in (first, second, third)] == [("delivered", "delivered")] * 3


def test_a_message_is_delivered_once_however_often_it_is_told() -> None:
    message, reference = sent()
    for event in ("e1", "e1", "e2"):
        take_receipt(receipt(event, reference=reference), NOON)
    assert stands(message) == ("delivered", "delivered")
    assert list(MessageReceipt.objects.order_by("event_id").values_list("event_id", "attempt__message")) == [
        ("e1", message.pk),
        ("e2", message.pk),
    ]


def test_not_delivered_with_a_dead_number_the_next_way_is_gone_once() -> None:
    message, reference = sent()
    for event in ("e1", "e1", "e2"):
        take_receipt(receipt(event, "undelivered", reference=reference, is_detail_dead=True, detail="absent"), NOON)
    assert stands(message) == ("undelivered", "undelivered")
    assert Message.objects.get(pk=message.pk).reason == "absent"
    assert DetailState.objects.get().state == "invalid"
    assert list(Message.objects.exclude(pk=message.pk).values_list("channel", "status")) == [("email", "queued")]


def test_not_delivered_without_a_dead_number_ends_there() -> None:
    message, reference = sent()
    take_receipt(receipt("e1", "undelivered", reference=reference, detail="off"), NOON)
    assert stands(message) == ("undelivered", "undelivered")
    assert (DetailState.objects.count(), Message.objects.count()) == (0, 1)


def test_a_notice_that_did_not_arrive_goes_the_next_way_and_after_the_last_waits_for_a_person() -> None:
    words = {"strategy": None, "template_code": "", "texts": {"en": "n", "zh": "n"}, "purpose": "notice"}
    first = send(make_message(make_late(), fallback=[{"channel": "email", "template": ""}], **words))
    user = make_user(Role.TEAM_LEAD)
    take_receipt(receipt("e1", "undelivered", reference=first.reference, detail="switched off"), NOON)
    assert (stands(first)[0], list(dead_letters(user))) == ("undelivered", [])
    second = send(Message.objects.get(channel="email"))
    assert (second.status, second.purpose) == ("sent", "notice")
    take_receipt(receipt("e2", "undelivered", reference=second.reference, detail="mailbox full"), NOON)
    assert list(dead_letters(user)) == [second]
    # A reminder that did not arrive is none.
    reminder, reference = sent()
    take_receipt(receipt("e3", "undelivered", reference=reference), NOON)
    assert list(dead_letters(user)) == [second] and stands(reminder)[0] == "undelivered"
    assert drop_message(actor=Actor.of(user), message_id=second.pk, reason="told by letter", now=NOON).status == "cancelled"
    assert not dead_letters(user).exists()


def test_delivered_wins_in_every_order() -> None:
    events = [("e1", "undelivered"), ("e2", "delivered"), ("e3", "undelivered")]
    for order in permutations(events):
        message, reference = sent()
        for event, state in order:
            take_receipt(receipt(f"{event} {message.pk}", state, reference=reference), NOON)
        assert Message.objects.get(pk=message.pk).status == "delivered", order
        assert MessageAttempt.objects.get(message=message).state == "delivered"


@pytest.mark.parametrize(
    ("state", "outcome"), [("delivered", "delivered"), ("undelivered", "undelivered")], ids=["delivered", "not delivered"]
)
@pytest.mark.parametrize("result", [Accepted("r9"), Refused("no"), Unknown("?")], ids=["accepted", "refused", "unknown"])
def test_a_receipt_that_overtakes_its_answer_stands(state: str, outcome: str, result: Any) -> None:
    message = make_message(make_late())
    ready = prepared(message)
    assert isinstance(ready, Ready)
    take_receipt(receipt("e1", state, key=ready.outgoing.key, reference="r9"), NOON)
    assert stands(message) == (state, outcome)
    settle(message.pk, ready.attempt, result, NOON)
    assert stands(message) == (state, outcome)
    assert Message.objects.get(pk=message.pk).reference == "r9"


def test_a_receipt_by_reference_that_overtakes_its_answer_is_matched_later() -> None:
    message = make_message(make_late())
    ready = prepared(message)
    assert isinstance(ready, Ready)
    take_receipt(receipt("e1", reference="r9"), NOON)
    assert (match_receipts(NOON), Message.objects.get().status) == (0, "sending")
    settle(message.pk, ready.attempt, Accepted("r9"), NOON)
    assert (match_receipts(NOON), match_receipts(NOON)) == (1, 0)
    assert stands(message) == ("delivered", "delivered")


def test_a_receipt_for_nobody_is_kept_and_changes_nothing() -> None:
    message, _reference = sent()
    take_receipt(receipt("e1", reference="of another system"), NOON)
    take_receipt(receipt("e2", key="of another system"), NOON)
    take_receipt(receipt("e3"), NOON)
    assert stands(message) == ("sent", "open")
    assert (MessageReceipt.objects.filter(attempt=None).count(), match_receipts(NOON)) == (3, 0)


def test_a_reference_of_another_provider_is_another_message() -> None:
    message, reference = sent()
    take_receipt(receipt("e1", reference=reference, provider="other"), NOON)
    assert stands(message) == ("sent", "open")


def test_a_receipt_ends_the_doubt(carrier: Carrier) -> None:
    carrier.answers = [Unknown("?")]
    message = send(make_message(make_late()))
    take_receipt(receipt("e1", key=f"message:{message.pk}:0"), NOON)
    assert stands(message) == ("delivered", "delivered")
    assert resolve_doubt(NOON + timedelta(days=1)) == 0


def test_an_attempt_that_was_given_up_and_turns_out_delivered_is_not_sent_again(carrier: Carrier) -> None:
    carrier.answers = [Unknown("?")]
    message = send(make_message(make_late()))
    resolve_doubt(NOON + GRACE)
    assert Message.objects.get().status == "queued"
    take_receipt(receipt("e1", key=f"message:{message.pk}:0"), NOON + GRACE)
    message = Message.objects.get()
    assert (message.status, message.contact_id) == ("delivered", Contact.objects.get().pk)
    assert (send(message, NOON + GRACE).status, len(carrier.calls)) == ("delivered", 1)


def test_of_two_attempts_that_went_out_the_second_is_not_followed_by_a_third(carrier: Carrier) -> None:
    carrier.answers = [Unknown("?"), Unknown("?")]
    message = send(make_message(make_late()))
    resolve_doubt(NOON + GRACE)
    message = send(Message.objects.get(), NOON + GRACE)
    assert (message.status, message.attempts) == ("unknown", 1)
    take_receipt(receipt("e1", key=f"message:{message.pk}:0"), NOON + GRACE)
    assert Message.objects.get().status == "unknown"
    resolve_doubt(NOON + 2 * GRACE)
    message = Message.objects.get()
    assert message.status == "delivered"
    assert message.contact is not None and message.contact.key == f"message:{message.pk}:0"
