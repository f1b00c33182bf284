"""Messages that go together: what comes of them is what comes of each alone, with queries as few as for one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from outreach_books import NOON, wanted
from sending_books import WORKER, Carrier, make_late, make_message, second_account, send, use

from accounts.models import AccountSignals, AccountState, Customer
from outreach.gate import ask_gate
from outreach.models import Contact, ContactHold, Denial, LocalMessage, Message, MessageReceipt, OptOut
from outreach.operations.delivery_health import note_results
from outreach.operations.receipts import take_receipts
from outreach.operations.sending import dispatching, settling
from outreach.operations.sending.claiming import claim
from outreach.operations.sending.dispatching import TOGETHER, send_batch, together
from outreach.operations.sending.holding import Passed
from outreach.operations.sending.preparing import Ready, prepare_together
from outreach.operations.sending.settling import Told, settle_together
from outreach.providers.aliyun import AliyunProvider
from outreach.providers.interface import Accepted, Outgoing, Receipt, ReceiptState, Refused, Result, Unknown
from outreach.providers.local import LocalProvider
from outreach.rules.contacts import Channel
from riskops.shared.sql import fetch

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    found = Carrier()
    use(monkeypatch, found)
    return found


def make_mixture() -> list[Message]:
    """Return messages of every end: let through, put off for another of the same customer, held, opted out, paid, …"""
    capped = make_late()
    held, opted_out, disputed, written_off, paid, nobody = (make_late() for _ in range(6))
    ContactHold.objects.create(customer=held.customer, kind="stop_contact", since=NOON, placed_by_name="x")
    OptOut.objects.create(customer=opted_out.customer, channel="sms", since=NOON)
    AccountSignals.objects.create(account=disputed, is_disputed=True)
    AccountState.objects.filter(pk=written_off.pk).update(is_written_off=True)
    AccountState.objects.filter(pk=paid.pk).update(oldest_unpaid_due_date=None)
    Customer.objects.filter(pk=nobody.customer_id).update(person={"name": "x"}, phone_index=None)
    return [
        make_message(make_late()),
        make_message(capped),
        make_message(second_account(capped)),
        make_message(capped, step="d8"),
        make_message(held),
        make_message(opted_out, fallback=[{"channel": "email", "template": "late-email"}]),
        make_message(disputed),
        make_message(written_off),
        make_message(paid),
        make_message(nobody),
        make_message(make_late(), stop_rule="dpd >= 5", step="d9"),
        make_message(make_late(), stop_rule="dpd > 5000", step="d10"),
        make_message(make_late(), expires_on=NOON.date() - timedelta(days=1)),
        make_message(make_late(), template_code="no-such-template", step="d11"),
        make_message(make_late(), texts={"en": "Refused.", "zh": "未通过。"}, strategy=None, purpose="notice"),
    ]


def written_of(messages: list[Message]) -> list[tuple[Any, ...]]:
    """Return what was written of messages, and of the ways after them, without the numbers of rows."""
    found: list[tuple[Any, ...]] = []
    for message in messages:
        of_account = Message.objects.filter(account=message.account_id, step=message.step).order_by("channel")
        for row in of_account:
            body = (row.said or {}).get("body")
            about = (row.channel, row.status, row.reason, row.provider, row.attempts, row.failures, row.due_at, row.claimed_until)
            tries = row.tries.order_by("number").values_list("number", "state", "reason", "began_at", "ended_at")
            contact = Contact.objects.filter(attempt__message=row).values_list("at", "outcome", "ended_at", "asked", "standing")
            found.append((*about, body, row.sent_at, row.settled_at, list(tries), list(contact)))
        denials = Denial.objects.filter(account=message.account_id).order_by("pk")
        found += denials.values_list("rule", "hold", "until", "had", "most", "at")
    return found


@pytest.fixture
def _same_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    # How long a message waits is drawn from its number.
    monkeypatch.setattr(settling, "back_off", lambda _message_id, _attempt, failures: timedelta(seconds=30 * failures))


@pytest.mark.usefixtures("_same_waits")
def test_together_comes_to_what_one_by_one_comes_to(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    found, groups = [], []

    def counted(ids: Sequence[int], now: datetime, *, worker: str) -> list[Ready | Passed]:
        groups.append(len(ids))
        return prepare_together(ids, now, worker=worker)

    monkeypatch.setattr(dispatching, "prepare_together", counted)
    for size in (TOGETHER, 1):
        messages = make_mixture()
        monkeypatch.setattr(dispatching, "TOGETHER", size)
        busy, silent = (messages[place].attempt_key for place in (0, 11))
        carrier.by_key = {busy: Refused("busy"), silent: Unknown("no answer")}
        send_batch(Channel.SMS, for_seconds=60, worker=WORKER, clock=lambda: NOON, pause=lambda seconds: None)
        found.append(written_of(messages))
        # The busy one would go on without end, for it is always noon.
        Message.objects.filter(status="queued").update(due_at=NOON + timedelta(days=9))
    assert found[0] == found[1]
    assert groups[0] == 15 and set(groups[1:]) <= {1, 2}
    assert {row[1] for row in found[0] if len(row) > 6} == {"sent", "queued", "cancelled", "dead", "unknown"}


def test_what_is_let_through_counts_for_the_next_of_the_same_customer(carrier: Carrier) -> None:
    account = make_late()
    first, second = make_message(account), make_message(second_account(account))
    claim(Channel.SMS, NOON, 500, WORKER)
    ready, waits = prepare_together([first.pk, second.pk], NOON, worker=WORKER)
    assert isinstance(ready, Ready) and waits is Passed.WAITS
    assert (Contact.objects.count(), Denial.objects.count()) == (1, 1)
    assert Message.objects.get(pk=second.pk).due_at > NOON


def test_a_provider_that_cannot_say_what_it_never_had_is_handed_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=True)
    carrier.knows_absence = False  # type: ignore[misc]
    use(monkeypatch, carrier)
    assert together(Channel.SMS) == 1
    assert (AliyunProvider.is_askable, AliyunProvider.knows_absence, AliyunProvider.is_idempotent) == (True, False, False)


def test_of_two_of_one_moment_that_are_in_doubt_each_is_apart_from_itself(carrier: Carrier) -> None:
    account = make_late()
    notice = {"texts": {"en": "Refused.", "zh": "未通过。"}, "strategy": None, "purpose": "notice"}
    reminder, notice_too = make_message(account), make_message(account, step="notice:1", **notice)
    claim(Channel.SMS, NOON, 500, WORKER)
    assert all(isinstance(one, Ready) for one in prepare_together([reminder.pk, notice_too.pk], NOON, worker=WORKER))
    contact = Message.objects.get(pk=reminder.pk).contact
    assert contact is not None and contact.at == Message.objects.get(pk=notice_too.pk).contact.at  # type: ignore[union-attr]
    assert ask_gate(wanted(account), NOON, apart_from=contact).verdict.is_allowed


def test_many_take_as_few_queries_as_one(carrier: Carrier) -> None:
    counts = []
    for many in (1, 20):
        messages = [make_message(make_late(), stop_rule="dpd > 5000", step="d10") for _ in range(many)]
        claim(Channel.SMS, NOON, 500, WORKER)
        with CaptureQueriesContext(connection) as preparing:
            found = prepare_together([message.pk for message in messages], NOON, worker=WORKER)
        ready = [one for one in found if isinstance(one, Ready)]
        with CaptureQueriesContext(connection) as settling_:
            settle_together([Told(one.message_id, one.attempt, Accepted(one.outgoing.key)) for one in ready], NOON)
        with CaptureQueriesContext(connection) as receiving:
            take_receipts([delivered(one.outgoing.key, f"e{one.message_id}") for one in ready], NOON)
        counts.append([len(preparing), len(settling_), len(receiving)])
        assert len(ready) == many and Message.objects.filter(status="delivered").count() >= many
    one, twenty = counts
    assert all(more <= few + 2 for few, more in zip(one, twenty, strict=True)), counts


def delivered(key: str, event: str, state: ReceiptState = ReceiptState.DELIVERED) -> Receipt:
    return Receipt("carrier", event, f"ref {key}", key, state, False, NOON, "")


def test_remote_providers_are_waited_for_all_at_once(carrier: Carrier) -> None:
    all_there = threading.Barrier(5)
    carrier.answers = [lambda outgoing: (all_there.wait(20), carrier.accepts(outgoing))[1] for _ in range(5)]
    messages = [make_message(make_late()) for _ in range(5)]
    # One after the other, the first would wait for the others until the barrier breaks.
    assert send_batch(Channel.SMS, for_seconds=60, worker=WORKER, clock=lambda: NOON, pause=lambda seconds: None) == 5
    assert {Message.objects.get(pk=message.pk).status for message in messages} == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_where_one_message_cannot_be_kept_here_the_others_of_its_group_are(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [make_message(make_late()) for _ in range(3)]
    kept = LocalProvider.send

    def keeps(self: LocalProvider, outgoing: Outgoing) -> Result:
        if outgoing.key == messages[1].attempt_key:
            # As where the database refuses it: what is asked after it in the same transaction is refused too.
            fetch("SELECT no_such_column FROM outreach_localmessage")
        return kept(self, outgoing)

    monkeypatch.setattr(LocalProvider, "send", keeps)
    send_batch(Channel.SMS, for_seconds=60, worker=WORKER, clock=lambda: NOON, pause=lambda seconds: None)
    assert [Message.objects.get(pk=message.pk).status for message in messages] == ["sent", "unknown", "sent"]
    assert set(LocalMessage.objects.values_list("key", flat=True)) == {messages[0].attempt_key, messages[2].attempt_key}


def test_what_has_left_is_not_handed_over_again_with_what_could_not_be_kept_here(monkeypatch: pytest.MonkeyPatch) -> None:
    away, here = Carrier("away"), Carrier("here")
    here.is_remote = False
    use(monkeypatch, away, here)
    messages = [make_message(make_late()) for _ in range(4)]
    # The last one was refused once for the time being: it goes by the other provider, in one group with the first three.
    away.by_key = {messages[3].attempt_key: Refused("too many to this number")}
    assert send(messages[3]).failures == 1
    away.by_key = {messages[1].attempt_key: Unknown("no answer")}
    here.answers = [Unknown("no room"), here.accepts]
    after_the_lease = NOON + timedelta(minutes=3)
    send_batch(Channel.SMS, for_seconds=60, worker=WORKER, clock=lambda: after_the_lease, pause=lambda seconds: None)
    assert [(row.status, row.provider) for row in Message.objects.order_by("pk")] == [
        ("sent", "away"), ("unknown", "away"), ("sent", "away"), ("sent", "here"),
    ]  # fmt: skip
    assert sorted(away.effects) == sorted({messages[0].attempt_key, messages[2].attempt_key})


@pytest.mark.parametrize(("can", "size"), [((True, False), TOGETHER), ((False, True), TOGETHER), ((False, False), 1)])
def test_where_nobody_could_find_out_they_go_one_by_one(
    monkeypatch: pytest.MonkeyPatch, can: tuple[bool, bool], size: int
) -> None:
    is_askable, is_idempotent = can
    carrier = Carrier(is_askable=is_askable, is_idempotent=is_idempotent)
    use(monkeypatch, carrier)
    assert together(Channel.SMS) == size
    note_results([(carrier.name, Unknown("no answer"))], NOON)
    assert together(Channel.SMS) == 1
    note_results([(carrier.name, Unknown("no answer")), (carrier.name, Accepted("1")), (carrier.name, Accepted("2"))], NOON)
    assert together(Channel.SMS) == size
    note_results([(carrier.name, Accepted("1")), (carrier.name, Unknown("no answer"))], NOON)
    assert together(Channel.SMS) == 1


def test_receipts_of_one_request_come_to_what_one_by_one_come_to(carrier: Carrier) -> None:
    found = []
    for is_together in (True, False):
        messages = [send(make_message(make_late(), fallback=[{"channel": "email", "template": "late-email"}])) for _ in range(6)]
        keys = [message.attempt_key for message in messages]
        receipts = [
            delivered(keys[0], f"a{is_together}"),
            delivered(keys[0], f"a{is_together}"),
            delivered(keys[1], f"b{is_together}", ReceiptState.UNDELIVERED),
            delivered(keys[2], f"c{is_together}"),
            delivered(keys[2], f"d{is_together}", ReceiptState.UNDELIVERED),
            delivered("of another system", f"e{is_together}"),
            Receipt("carrier", f"f{is_together}", messages[3].reference, "", ReceiptState.DELIVERED, False, NOON, ""),
            Receipt("carrier", f"g{is_together}", "", keys[4], ReceiptState.UNDELIVERED, True, NOON, "absent"),
            Receipt("other", f"h{is_together}", "", keys[5], ReceiptState.DELIVERED, False, NOON, ""),
        ]
        new = take_receipts(receipts, NOON) if is_together else sum(take_receipts([one], NOON) for one in receipts)
        assert (new, take_receipts(receipts, NOON)) == (8, 0)
        matched = [row.attempt is not None for row in MessageReceipt.objects.order_by("pk")][-8:]
        found.append((written_of(messages), sorted(matched)))
    assert found[0] == found[1]
    states = [row[1] for row in found[0][0] if len(row) > 6 and row[0] == "sms"]
    assert states == ["delivered", "undelivered", "delivered", "delivered", "undelivered", "sent"]


def test_who_rests_is_read_once_for_all_that_no_provider_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    registered, resting = Carrier("registered"), Carrier("resting")
    registered.registered = ["late-sms"]
    resting.is_passed_over = True  # type: ignore[attr-defined]
    use(monkeypatch, registered, resting)
    texts = {"en": "E", "zh": "Z"}
    notices = [
        make_message(make_late(), step=f"notice:decided:{n}", purpose="notice", strategy=None, texts=texts) for n in range(3)
    ]
    claim(Channel.SMS, NOON, 500, WORKER)
    with CaptureQueriesContext(connection) as asked:
        found = prepare_together([message.pk for message in notices], NOON, worker=WORKER)
    assert found == [Passed.WAITS] * 3
    # Who works, and who rests.
    assert sum("outreach_providerhealth" in query["sql"] for query in asked) == 2
