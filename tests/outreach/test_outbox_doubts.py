"""Nobody knows whether a message went out: its provider is asked, and what the provider cannot tell waits for a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from outreach_books import NOON
from sending_books import Carrier, make_late, make_message, prepared, send, use

from accounts.models import AccountState, Installment
from accounts.operations.signals import note_signals
from outreach.models import Contact, ContactHold, Message, MessageAttempt, MessageTemplate
from outreach.operations.sending import dispatching
from outreach.operations.sending.doubting import resolve_doubt
from outreach.operations.sending.preparing import Ready
from outreach.operations.sending.settling import settle
from outreach.providers.interface import Accepted, Outgoing, Refused, Result, Unknown
from outreach.rules.contacts import Channel, Hold
from outreach.rules.sending import GRACE, LEASE, MOST_DOUBTS, back_off
from riskops.shared.models import Feed

pytestmark = pytest.mark.django_db


def went_out(carrier: Carrier) -> Any:
    """Return an answer that gets lost: the customer has the message, and nobody here knows."""

    def answer(outgoing: Outgoing) -> Result:
        carrier.accepts(outgoing)
        return Unknown("no answer")

    return answer


def only(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_an_answer_that_got_lost_is_asked_for_and_the_message_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    message = send(make_message(make_late()))
    assert (message.status, message.reason, message.due_at) == ("unknown", "no answer", NOON + back_off(message.pk, 0, 1))
    assert resolve_doubt(NOON) == 0
    assert resolve_doubt(message.due_at) == 1
    message = only(message)
    assert (message.status, message.reference) == ("sent", f"ref message:{message.pk}:0")
    assert (len(carrier.calls), carrier.effects, Contact.objects.get().outcome) == (1, [f"message:{message.pk}:0"], "open")


def test_what_a_provider_never_had_is_sent_as_a_new_attempt_but_not_before_the_grace_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    carrier.answers = [Unknown("no answer")]
    message = send(make_message(make_late()))
    resolve_doubt(message.due_at)
    message = only(message)
    assert (message.status, message.due_at) == ("unknown", NOON + GRACE)
    resolve_doubt(message.due_at)
    message = only(message)
    assert (message.status, message.attempts, message.reason, message.due_at) == ("queued", 1, "never-there", NOON + GRACE)
    assert Contact.objects.get().outcome == "not_made"
    assert send(message, message.due_at).status == "sent"
    assert carrier.effects == [f"message:{message.pk}:1"]


def test_a_worker_that_is_lost_with_a_message_loses_it_after_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    message = make_message(make_late())
    ready = prepared(message)
    assert isinstance(ready, Ready)
    carrier.accepts(ready.outgoing)
    assert resolve_doubt(NOON + LEASE - timedelta(seconds=1)) == 0
    assert only(message).status == "sending"
    resolve_doubt(NOON + LEASE)
    assert (only(message).status, carrier.effects) == ("sent", [f"message:{message.pk}:0"])


def test_a_worker_that_was_only_slow_and_comes_back_late_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    message = make_message(make_late())
    ready = prepared(message)
    assert isinstance(ready, Ready)
    resolve_doubt(NOON + LEASE)
    resolve_doubt(NOON + GRACE)
    assert (only(message).status, only(message).attempts) == ("queued", 1)
    # It was handed over after all, and its worker says so before the next attempt has begun.
    settle(message.pk, ready.attempt, Accepted("late"), NOON + GRACE)
    message = only(message)
    assert (message.status, message.reference) == ("sent", "late")
    assert message.contact is not None and message.contact.key == f"message:{message.pk}:0"


def test_a_worker_that_stood_still_until_its_lease_was_over_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    message, moments = make_message(make_late()), [NOON, NOON, NOON + LEASE]
    prepare = dispatching.prepare_together

    def stand_still(*args: Any, **more: Any) -> Any:
        """Let the machine sleep between the gate and the provider, while others ask for the message."""
        found = prepare(*args, **more)
        monkeypatch.setattr(dispatching, "prepare_together", prepare)
        resolve_doubt(NOON + LEASE)
        resolve_doubt(NOON + GRACE)
        assert (only(message).status, only(message).attempts) == ("queued", 1)
        return found

    monkeypatch.setattr(dispatching, "prepare_together", stand_still)
    assert dispatching.send_batch(Channel.SMS, for_seconds=60, worker="w1", clock=lambda: (moments or [NOON + GRACE]).pop(0)) == 1
    # By the second attempt alone.
    assert (only(message).status, carrier.effects) == ("sent", [f"message:{message.pk}:1"])


def test_what_was_not_handed_over_in_time_is_certainly_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=False)
    use(monkeypatch, carrier)
    message, moments = make_message(make_late()), [NOON, NOON, NOON + LEASE]
    dispatching.send_batch(Channel.SMS, for_seconds=60, worker="w1", clock=lambda: moments.pop(0) if moments else NOON + LEASE)
    assert (only(message).status, only(message).reason, carrier.calls) == ("queued", "lease-over", [])
    assert Contact.objects.get().outcome == "not_made"
    assert send(message, only(message).due_at).status == "sent"


def ask_until_over(message: Message) -> tuple[Message, datetime]:
    now = NOON
    for _ in range(MOST_DOUBTS + 2):
        message = only(message)
        now = max(now, message.due_at)
        resolve_doubt(now)
    return only(message), now


def test_what_can_neither_be_asked_nor_repeated_waits_for_a_person_and_went_out_once_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    carrier = Carrier(is_askable=False)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    message, now = ask_until_over(send(make_message(make_late())))
    assert (message.status, message.doubts, message.reason) == ("unknown", MOST_DOUBTS, "person-needed")
    assert resolve_doubt(now + timedelta(days=30)) == 0
    assert (len(carrier.calls), len(carrier.effects)) == (1, 1)


def test_a_provider_that_drops_the_second_is_handed_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    message = send(make_message(make_late()))
    resolve_doubt(message.due_at)
    assert only(message).status == "sent"
    first, second = carrier.calls
    assert first == second
    assert (carrier.effects, Contact.objects.count()) == ([f"message:{message.pk}:0"], 1)


def test_what_the_provider_refuses_the_second_time_says_nothing_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier), Refused("down", is_outage=True)]
    message = send(make_message(make_late()))
    resolve_doubt(message.due_at)
    assert (only(message).status, only(message).doubts, Contact.objects.get().outcome) == ("unknown", 1, "open")


def quiet(_message: Message) -> datetime:
    return NOON.replace(hour=22)


def held(message: Message) -> datetime:
    ContactHold.objects.create(customer=message.customer, kind=Hold.DISPUTE, reason="r", since=NOON, placed_by_name="a")
    return NOON + timedelta(hours=1)


def moved(message: Message) -> datetime:
    message.customer.phone_index = 5
    message.customer.save()
    return NOON + timedelta(hours=1)


@pytest.mark.parametrize("happens", [quiet, held, moved], ids=["quiet hours", "a hold", "another number"])
def test_nothing_is_repeated_where_the_gate_would_not_let_it_through_now(monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    message = send(make_message(make_late()))
    resolve_doubt(happens(message))
    assert (only(message).status, only(message).doubts, len(carrier.calls)) == ("unknown", 1, 1)


def paid(message: Message) -> None:
    AccountState.objects.filter(pk=message.account_id).update(oldest_unpaid_due_date=None)
    Installment.objects.filter(account=message.account_id).update(is_open=False)


def promised(message: Message) -> None:
    note_signals(message.account_id, has_open_promise=True)


def paid_in_part(message: Message) -> None:
    AccountState.objects.filter(pk=message.account_id).update(overdue_principal_minor=1, outstanding_principal_minor=1)


def payments_missing(_message: Message) -> None:
    Feed.objects.create(name="payments", file_name="payments.csv", cut_off="03:00")


def no_template(_message: Message) -> None:
    MessageTemplate.objects.update(status="withdrawn")


@pytest.mark.parametrize("happens", [paid, promised, paid_in_part, payments_missing, no_template])
def test_nothing_is_repeated_that_would_not_go_out_now_word_for_word(monkeypatch: pytest.MonkeyPatch, happens: Any) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    message = send(make_message(make_late()))
    happens(message)
    resolve_doubt(message.due_at)
    assert (only(message).status, only(message).doubts, len(carrier.calls)) == ("unknown", 1, 1)


def test_a_notice_is_repeated_whoever_has_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier)]
    fields = {"purpose": "notice", "strategy": None, "texts": {"en": "E", "zh": "Z"}}
    message = send(make_message(make_late(), step="notice:decided:1", **fields))
    paid(message)
    payments_missing(message)
    resolve_doubt(message.due_at)
    assert (only(message).status, len(carrier.calls)) == ("sent", 2)


def test_each_is_judged_by_its_own_moment_however_long_the_ones_before_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier(is_askable=False, is_idempotent=True)
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier), went_out(carrier)]
    evening = NOON.replace(hour=21, minute=59, second=30)
    messages = [send(make_message(make_late()), evening - timedelta(minutes=5)) for _ in range(2)]
    moment = [evening]

    def slow(outgoing: Outgoing) -> Result:
        moment[0] += timedelta(seconds=40)
        return Accepted("r")

    carrier.answers = [slow, slow]
    assert resolve_doubt(evening, clock=lambda: moment[0]) == 2
    assert sorted(only(message).status for message in messages) == ["sent", "unknown"]
    assert len(carrier.calls) == 3


def test_a_pass_that_takes_long_leaves_the_rest_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    carrier.answers = [went_out(carrier) for _ in range(3)]
    for _ in range(3):
        send(make_message(make_late()))
    later = NOON + timedelta(minutes=5)
    moments = iter([later, later, later, later, later + timedelta(minutes=1)])
    assert resolve_doubt(later, clock=lambda: next(moments)) == 1


def test_a_provider_that_is_not_there_any_more_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)
    carrier.answers = [Unknown("?")]
    message = send(make_message(make_late()))
    use(monkeypatch, Carrier("another"))
    message, _now = ask_until_over(message)
    assert (message.status, message.reason) == ("unknown", "person-needed")
    assert MessageAttempt.objects.get().state == "unknown"


def test_a_provider_that_raises_has_perhaps_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Carrier()
    use(monkeypatch, carrier)

    def raises(_outgoing: Outgoing) -> Result:
        raise KeyError("x")

    carrier.answers = [raises]
    assert (send(make_message(make_late())).status, carrier.effects) == ("unknown", [])
