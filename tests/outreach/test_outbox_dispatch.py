"""The dispatcher: workers are woken for what is due, an outage loses nothing, notices are taken in, two workers stay apart."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from deciding_books import Person, page
from django.test import Client
from factories import TESTER, make_user
from outreach_books import NOON
from sending_books import DUE, TODAY, WORKER, Carrier, make_late, make_message, make_template, prepared, second_account, send, use
from side_by_side import at_once

from accounts.models import Application, DecisionNotice
from accounts.operations.debiting.instructing import instruct_debit
from accounts.operations.debiting.mandates import record_mandate
from accounts.operations.deciding.notices import hand_over_debit_notices
from outreach import tasks
from outreach.models import Contact, Message, MessageAttempt, MessageReceipt
from outreach.operations.sending import notices, receiving
from outreach.operations.sending.dispatching import TOGETHER, channels_to_ring, send_batch
from outreach.operations.sending.doubting import resolve_doubt
from outreach.operations.sending.notices import waiting_elsewhere
from outreach.operations.sending.preparing import Ready, prepare
from outreach.operations.sending.receiving import take_receipt, take_receipts
from outreach.operations.sending.settling import Told, settle, settle_together
from outreach.providers.interface import Accepted, Receipt, ReceiptState, Refused
from outreach.queues import queue_of, route
from outreach.rules.contacts import Channel
from outreach.rules.sending import LEASE
from riskops.celery import app
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.schedules import SCHEDULES

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    found = Carrier()
    use(monkeypatch, found)
    return found


def works(channel: Channel = Channel.SMS, at: Any = NOON, worker: str = WORKER) -> int:
    return send_batch(channel, for_seconds=30, worker=worker, clock=lambda: at, pause=lambda seconds: None)


# Bells and queues -----------------------------------------------------------------------------------------------------


def test_a_worker_is_woken_for_each_channel_with_something_due_and_more_where_much_is() -> None:
    account = make_late()
    make_message(account, "email")
    make_message(account, "push", due_at=NOON + timedelta(seconds=1))
    first = make_message(account)
    Message.objects.bulk_create(
        Message(
            account=account,
            customer=account.customer,
            episode=DUE,
            step=f"n{n}",
            channel="sms",
            purpose="reminder",
            strategy=first.strategy,
            template_code="late-sms",
            planned_on=TODAY,
            due_at=NOON,
        )
        for n in range(400)
    )
    assert channels_to_ring(NOON) == {Channel.SMS: 3, Channel.EMAIL: 1}


def test_each_channel_has_a_queue_that_a_plain_worker_takes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(app.conf.task_queues) == {"celery", *(queue_of(name) for name in ("sms", "email", "push"))}
    assert app.amqp.router.route({}, "outreach.send_batch", (), {"channel": "push"})["queue"].name == "outreach-push"
    assert app.amqp.router.route({}, "outreach.resolve_tick", (), {})["queue"].name == "celery"
    assert route("riskops.close_tick", (), {}, {}) is None
    rung: list[Any] = []
    monkeypatch.setattr(tasks.dispatching, "channels_to_ring", lambda now: {Channel.SMS: 2})
    monkeypatch.setattr(tasks, "ring", lambda task, **kwargs: rung.append((task.name, kwargs)))
    tasks.dispatch_tick()
    assert rung == [("outreach.send_batch", {"times": 2, "expires_seconds": 60, "channel": "sms"})]


def test_the_jobs_of_the_outbox_are_scheduled_each_minute() -> None:
    every = {schedule.task: schedule.every_seconds for schedule in SCHEDULES}
    assert (every["outreach.dispatch_tick"], every["outreach.resolve_tick"]) == (60, 60)
    assert {"outreach.dispatch_tick", "outreach.resolve_tick"} <= set(app.tasks) | {
        tasks.resolve_tick.name,
        tasks.dispatch_tick.name,
    }


# A batch --------------------------------------------------------------------------------------------------------------------


def test_a_batch_sends_in_order_until_nothing_is_due(carrier: Carrier) -> None:
    messages = [make_message(make_late(), step=f"s{n}", priority=9 - n) for n in range(5)]
    make_message(make_late(), due_at=NOON + timedelta(seconds=1))
    assert works() == 5
    assert [call.key for call in carrier.calls] == [f"message:{message.pk}:0" for message in reversed(messages)]
    assert works() == 0


def test_a_provider_that_is_down_for_an_hour_loses_nothing_and_what_was_not_tried_goes_in_order(carrier: Carrier) -> None:
    messages = [make_message(make_late(), step=f"s{n}", priority=n) for n in range(100)]
    carrier.is_down = Refused("connection refused", is_outage=True)
    for minute in range(60):
        works(at=NOON + timedelta(minutes=minute))
    # Those that went together find out; then one message tries the provider at a time, and the others stay as they are.
    tried = set(MessageAttempt.objects.values_list("message_id", flat=True))
    assert (len(tried), len(carrier.calls)) == (TOGETHER, TOGETHER + 59)
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}
    assert set(Contact.objects.values_list("outcome", flat=True)) == {"not_made"}
    carrier.is_down = None
    carrier.calls.clear()
    after = NOON + timedelta(hours=1)
    works(at=after)
    untried = [f"message:{message.pk}:0" for message in messages if message.pk not in tried]
    assert [call.key for call in carrier.calls if call.key.endswith(":0")] == untried
    # The tried ones follow as their waits end, half an hour at most and a fifth.
    for minute in range(1, 40):
        works(at=after + timedelta(minutes=minute))
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}
    assert len(carrier.effects) == len({key.split(":")[1] for key in carrier.effects}) == 100


def test_where_no_provider_works_messages_keep_their_places(carrier: Carrier) -> None:
    messages = [make_message(make_late(), step=f"s{n}") for n in range(3)]
    carrier.is_passed_over = True  # type: ignore[attr-defined]
    assert works() == 0
    assert (
        list(Message.objects.order_by("pk").values_list("status", "due_at", "claimed_by", "attempts"))
        == [("queued", NOON - timedelta(hours=1), "", 0)] * 3
    )
    assert Message.objects.get(pk=messages[0].pk).reason == "no-provider" and not Contact.objects.exists()
    carrier.is_passed_over = False  # type: ignore[attr-defined]
    assert works() == 3


def test_what_only_a_provider_that_rests_carries_does_not_hold_up_what_others_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    registered, resting = Carrier("registered"), Carrier("resting")
    registered.registered = ["late-sms"]
    resting.is_passed_over = True  # type: ignore[attr-defined]
    use(monkeypatch, registered, resting)
    notice = make_message(
        make_late(), step="notice:decided:1", purpose="notice", strategy=None, texts={"en": "E", "zh": "Z"}, priority=1
    )
    reminder = make_message(make_late(), priority=5)
    assert works() == 1
    notice, reminder = (Message.objects.get(pk=message.pk) for message in (notice, reminder))
    assert (reminder.status, reminder.provider) == ("sent", "registered")
    assert (notice.status, notice.reason, notice.due_at) == ("queued", "no-provider", NOON + timedelta(seconds=30))
    resting.is_passed_over = False  # type: ignore[attr-defined]
    assert works(at=NOON + timedelta(seconds=30)) == 1
    assert Message.objects.get(pk=notice.pk).provider == "resting"


def test_where_the_rate_is_used_up_the_worker_waits_and_goes_on(carrier: Carrier, settings: Any) -> None:
    settings.MESSAGES_A_SECOND = {"sms": 2.0, "email": 2.0, "push": 2.0}
    for n in range(3):
        make_message(make_late(), step=f"s{n}")
    clock = [NOON]
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += timedelta(seconds=seconds)

    assert send_batch(Channel.SMS, for_seconds=30, worker=WORKER, clock=lambda: clock[0], pause=pause) == 3
    assert waits == [0.5]


# Notices --------------------------------------------------------------------------------------------------------------------


def test_a_notice_of_a_decision_is_taken_in_once_and_goes_out_by_the_ways_there_are(carrier: Carrier) -> None:
    account = make_late()
    suspend(account)
    notice = DecisionNotice.objects.get()
    assert channels_to_ring(NOON) == {Channel.SMS: 1}
    channels_to_ring(NOON)
    message = Message.objects.get()
    assert (message.step, message.episode, message.purpose, message.channel, message.priority) == (
        f"notice:decided:{notice.pk}",
        notice.dated,
        "notice",
        "sms",
        2,
    )
    assert message.fallback == [{"channel": "email", "template": ""}, {"channel": "push", "template": ""}]
    notice.refresh_from_db()
    assert (notice.status, notice.delivery) == ("sent", f"message {message.pk}")
    assert works() == 1
    assert notice.text_zh in carrier.calls[0].body


def test_a_notice_of_a_debit_goes_the_same_way_once(carrier: Carrier) -> None:
    account = make_late()
    mandate = record_mandate(
        actor=TESTER, account_id=account.pk, reference="M-1", instrument="6222000011112222", valid_from=TODAY,
        most_minor=10_000, evidence="form",
    )  # fmt: skip
    debit = instruct_debit(
        actor=TESTER, mandate_id=mandate.pk, amount_minor=10_000, debit_on=TODAY + timedelta(days=3), reference="DD-1"
    )
    notice = debit.notices.get()
    assert channels_to_ring(NOON) == {Channel.SMS: 1}
    channels_to_ring(NOON)
    message = Message.objects.get()
    assert (message.step, message.purpose, message.account_id) == (f"notice:debit-planned:{notice.pk}", "notice", account.pk)
    notice.refresh_from_db()
    assert (notice.status, notice.delivery) == ("sent", f"message {message.pk}")
    assert works() == 1
    assert notice.text_zh in carrier.calls[0].body


def suspend(account: Any) -> None:
    """Have somebody suspend an account, of which its customer is told."""
    Person(Role.APPROVER).asks(account, "suspend_use", scope="all")


def test_a_notice_that_no_account_leads_to_stays_where_it_is_and_holds_no_other_up(carrier: Carrier) -> None:
    account = make_late()
    lone = Application.objects.create(
        application_no="AP1", product=account.product, person={"name": "A"}, received_on=TODAY, requested_limit_minor=1,
        declared_income_minor=1, content_hash=0, status="withdrawn", ended_on=TODAY,
    )  # fmt: skip
    known = Application.objects.create(
        application_no="AP2", product=account.product, person={"name": "A"}, received_on=TODAY, requested_limit_minor=1,
        declared_income_minor=1, content_hash=0, status="withdrawn", ended_on=TODAY, customer=account.customer,
    )  # fmt: skip
    for application in (lone, known):
        DecisionNotice.objects.create(application=application, kind="decided", text_en="e", text_zh="z", dated=TODAY)
    channels_to_ring(NOON)
    assert list(DecisionNotice.objects.order_by("pk").values_list("status", flat=True)) == ["queued", "sent"]
    assert Message.objects.get().account_id == account.pk
    assert waiting_elsewhere() == 1


def test_a_notice_that_cannot_be_taken_holds_no_other_up_and_is_seen_and_tried_again(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_late(), make_late()
    suspend(first)
    suspend(second)
    stuck = DecisionNotice.objects.get(decision__account=first)
    take, is_broken = notices.queue_notice, [True]

    def breaks(account: Any, **more: Any) -> Any:
        made = take(account, **more)
        if account.pk == first.pk and is_broken:
            raise ValueError("王小明 has no customer")
        return made

    monkeypatch.setattr(notices, "queue_notice", breaks)
    assert channels_to_ring(NOON) == {Channel.SMS: 1}
    # What was written before it broke is gone, the other one is on its way.
    assert Message.objects.get().account_id == second.pk
    stuck.refresh_from_db()
    again_at = NOON + timedelta(minutes=5)
    assert (stuck.status, stuck.failures, stuck.failure, stuck.retry_at) == ("queued", 1, "ValueError", again_at)
    line = AuditEntry.objects.get(action="notice.not_taken")
    assert (line.subject_key, line.account_id, line.after["failure"]) == (stuck.decision.reference, first.pk, "ValueError")
    # Tried again when its time has come, not before, and noted once.
    channels_to_ring(again_at - timedelta(seconds=1))
    stuck.refresh_from_db()
    assert stuck.failures == 1
    channels_to_ring(again_at)
    stuck.refresh_from_db()
    assert (stuck.failures, stuck.retry_at) == (2, again_at + timedelta(minutes=10))
    assert AuditEntry.objects.filter(action="notice.not_taken").count() == 1

    client = Client()
    client.force_login(make_user(Role.MANAGER))
    shown = page(client.get("/outbox/"))
    assert "1 notice could not be taken into the outbox" in shown and f"/decisions/{stuck.decision_id}/" in shown
    assert "ValueError" in page(client.get(f"/decisions/{stuck.decision_id}/"))
    told = client.get("/api/v1/outbox/counts/").json()["stuck"]
    assert told["count"] == 1 and told["notices"][0] == {
        "about": "decision", "reference": stuck.decision.reference, "id": stuck.decision_id, "failures": 2,
        "failure": "ValueError", "retry_at": told["notices"][0]["retry_at"],
    }  # fmt: skip
    assert datetime.fromisoformat(told["notices"][0]["retry_at"]) == stuck.retry_at
    is_broken.clear()
    channels_to_ring(again_at + timedelta(minutes=10))
    stuck.refresh_from_db()
    assert (stuck.status, stuck.retry_at) == ("sent", None)
    assert Message.objects.filter(account=first).count() == 1
    assert "could not be taken" not in page(client.get("/outbox/"))


def test_a_notice_of_a_debit_that_cannot_be_taken_is_kept_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_notice: Any) -> str:
        raise KeyError("mandate")

    account = make_late()
    mandate = record_mandate(
        actor=TESTER, account_id=account.pk, reference="M-1", instrument="6222000011112222", valid_from=TODAY,
        most_minor=10_000, evidence="form",
    )  # fmt: skip
    debit = instruct_debit(
        actor=TESTER, mandate_id=mandate.pk, amount_minor=10_000, debit_on=TODAY + timedelta(days=3), reference="DD-1"
    )
    assert hand_over_debit_notices(breaks, now=NOON) == 0
    kept = debit.notices.get()
    assert (kept.status, kept.failures, kept.failure) == ("queued", 1, "KeyError")
    assert AuditEntry.objects.get(action="notice.not_taken").subject_key == "DD-1"


# At once --------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_six_messages_to_one_customer_with_one_left_today_one_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    account = make_late()
    make_template("late-email", "email")
    # A message by e-mail has gone: of two a day one is left, and every message is another one.
    send(make_message(account, "email", step="first"))
    carrier.calls.clear()
    messages = [make_message(account, "push", step=f"s{n}") for n in range(6)]

    def sends(message: Message, worker: str) -> Any:
        Message.objects.filter(pk=message.pk).update(claimed_by=worker, claimed_until=NOON + LEASE)
        ready = prepare(message.pk, NOON, worker=worker)
        if isinstance(ready, Ready):
            settle(message.pk, ready.attempt, ready.provider.send(ready.outgoing), NOON)
        return ready

    found = at_once([lambda m=message, n=n: sends(m, f"w{n}") for n, message in enumerate(messages)])  # type: ignore[misc]
    assert not [error for error in found if isinstance(error, Exception)]
    assert (len(carrier.calls), Message.objects.filter(channel="push", status="sent").count()) == (1, 1)
    assert Contact.objects.filter(channel="push").count() == 1
    waits = Message.objects.filter(channel="push", status="queued")
    assert set(waits.values_list("reason", flat=True)) == {"gate: messages-channel"} and waits.count() == 5


@pytest.mark.django_db(transaction=True)
def test_workers_that_share_an_outbox_send_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    for n in range(40):
        make_message(make_late(), step=f"s{n}")
    counted = at_once([lambda n=n: works(worker=f"w{n}") for n in range(4)])  # type: ignore[misc]
    assert sum(counted) == 40
    assert len(carrier.effects) == len(set(carrier.effects)) == 40
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_sending_receipts_doubts_and_fallbacks_about_one_customer_never_lock_each_other_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that locks a message, its customer and a contact, at once and about one customer: none is killed as a deadlock."""
    carrier = Carrier()
    use(monkeypatch, carrier)
    account = make_late()
    others = [account, *(second_account(account) for _ in range(3))]
    ways = [{"channel": "push", "template": "late-push"}]
    notices = [
        make_message(
            one, channel, step=f"{channel}{n}", purpose="notice", strategy=None, texts={"en": "E", "zh": "Z"}, fallback=ways
        )
        for n in range(4)
        for one in others
        for channel in ("sms", "email")
    ]
    sent = [send(message) for message in notices[:16]]

    def receives(state: ReceiptState, start: int) -> None:
        for n, message in enumerate(sent[start::2]):
            take_receipt(
                Receipt("carrier", f"{state} {start} {n}", message.reference, "", state, True, NOON, "x"),
                NOON + timedelta(seconds=n),
            )

    def sends(channel: Channel, worker: str) -> int:
        return works(channel, worker=worker)

    def settles() -> None:
        for message in reversed(sent):
            settle(message.pk, 0, Accepted(message.reference), NOON)

    found = at_once(
        [
            lambda: sends(Channel.SMS, "w1"),
            lambda: sends(Channel.EMAIL, "w2"),
            lambda: sends(Channel.PUSH, "w3"),
            lambda: receives(ReceiptState.UNDELIVERED, 0),
            lambda: receives(ReceiptState.DELIVERED, 0),
            lambda: receives(ReceiptState.UNDELIVERED, 1),
            settles,
            lambda: resolve_doubt(NOON + timedelta(hours=1)),
        ]
    )
    assert not [error for error in found if isinstance(error, Exception)]
    for message in sent[0::2]:
        assert Message.objects.get(pk=message.pk).status == "delivered"
    for message in sent[1::2]:
        assert Message.objects.get(pk=message.pk).status == "undelivered"


@pytest.mark.django_db(transaction=True)
def test_receipts_of_one_request_and_a_worker_who_settles_lock_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Carrier())
    first, second = make_late(), make_late()
    # The ids of the messages run against those of their customers.
    messages = [make_message(second), make_message(first)]
    ready = [one for message in messages if isinstance(one := prepared(message), Ready)]
    apply = receiving._apply

    def slowly(row: MessageReceipt, now: datetime) -> None:
        apply(row, now)
        time.sleep(0.6)

    monkeypatch.setattr(receiving, "_apply", slowly)
    receipts = [Receipt("carrier", str(m.pk), "", m.attempt_key, ReceiptState.UNDELIVERED, False, NOON, "") for m in messages]

    def settles() -> None:
        time.sleep(0.3)
        settle_together([Told(one.message_id, one.attempt, Accepted(one.outgoing.key)) for one in ready], NOON)

    assert at_once([lambda: take_receipts(receipts, NOON), settles]) == [None, None]
    assert set(Message.objects.values_list("status", flat=True)) == {"undelivered"}
