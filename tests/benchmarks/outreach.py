"""Sending: a full outbox worked off by two workers, receipts and all; and the gate, asked about customers with a past."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Count, Max, Min
from django.utils import timezone

from accounts.models import AccountState, CreditAccount, Customer
from outreach import tasks
from outreach.gate import Answer, end_contact, pass_gate
from outreach.models import Message, MessageAttempt, Strategy
from outreach.operations.receipts import take_receipts
from outreach.operations.sending.claiming import MACHINE
from outreach.providers.interface import Receipt, ReceiptState
from outreach.queries.dues import Due, open_dues
from outreach.rules.contacts import Channel, Outcome, Purpose, Request
from outreach.shipped_strategies import STANDARD
from riskops.shared.models import Feed
from riskops.shared.sql import is_postgresql
from tests.benchmarks.rows import Row, at_least, at_most, note
from tests.benchmarks.site import Site, settle, vacuum
from tests.benchmarks.workers import running_worker

#: How many messages lie in the outbox; fewer where fewer customers can be written to.
MESSAGES: Final = int(os.environ.get("MESSAGES", "5000"))
WORKERS: Final = 2
#: The rate of a channel is the provider's contract, and not what is measured.
A_SECOND: Final = "100000"
#: Bells come each minute, as beat rings them.
_BELL_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 1800.0
_RECEIPTS_AT_ONCE: Final = 200
#: The gate: customers, contacts that each has had, and contacts asked for.
_CUSTOMERS, _PAST, _ASKED = 200, 30, 10
_LIVELY: Final = (Message.Status.QUEUED, Message.Status.SENDING, Message.Status.UNKNOWN, Message.Status.SENT)


def measure_outreach(site: Site) -> Iterator[Row]:
    """Ask the gate, then send a whole outbox."""
    accounts = _reachable(MESSAGES)
    _let_it_be_noon([account.customer_id for account in accounts])
    yield from _ask_the_gate(accounts[:_CUSTOMERS])
    messages = _fill_outbox(accounts)
    yield from _send(site, messages)


def _reachable(most: int) -> list[CreditAccount]:
    """Return accounts with something to pay, of customers who may be written to by SMS, one a customer."""
    open_ones = CreditAccount.objects.filter(
        customer__consent_sms=True, customer__phone_index__isnull=False, installments__is_open=True, state__is_written_off=False
    )
    ids = (
        open_ones.values("customer_id").annotate(account_id=Min("pk")).order_by("account_id").values_list("account_id", flat=True)
    )
    return list(CreditAccount.objects.filter(pk__in=list(ids[:most])).select_related("customer", "state").order_by("pk"))


def _let_it_be_noon(customer_ids: Sequence[int]) -> None:
    """Move customers to where it is about noon: at night the gate would put everything off, whenever this is measured."""
    east = 12 - datetime.now(tz=UTC).hour
    Customer.objects.filter(pk__in=customer_ids).update(time_zone=f"Etc/GMT{-east:+d}" if east else "Etc/GMT")


# The gate -----------------------------------------------------------------------------------------------------------------


def _ask_the_gate(accounts: Sequence[CreditAccount]) -> Iterator[Row]:
    """Give every customer a past, then ask for more, day after day."""
    taken, allowed = [], 0
    first = timezone.now() - timedelta(days=_PAST + _ASKED)
    for number in range(_PAST + _ASKED):
        now = first + timedelta(days=number)
        for account in accounts:
            began = time.perf_counter()
            answer = _ask(account, number, now)
            if number >= _PAST:
                taken.append(time.perf_counter() - began)
                allowed += answer.contact is not None
            if answer.contact is not None:
                end_contact(answer.contact.pk, Outcome.DELIVERED, now=now)
    taken.sort()
    label = f"gate, {len(taken):,} questions about customers with up to {_PAST + _ASKED} contacts ({allowed:,} let through)"
    yield note("outreach", f"{label}, p50", f"{1000 * taken[len(taken) // 2]:.1f} ms")
    yield at_most("outreach", "gate, p99", 1000 * taken[len(taken) * 99 // 100], 5, "ms", digits=1)


def _ask(account: CreditAccount, number: int, now: datetime) -> Answer:
    channel = (Channel.SMS, Channel.EMAIL)[number % 2]
    detail = account.customer.phone_index if channel is Channel.SMS else account.customer.email_index
    request = Request(channel=channel, purpose=Purpose.REMINDER, account_id=account.pk, detail=detail)
    return pass_gate(actor=MACHINE, key=f"bench:{account.pk}:{number}", request=request, now=now)


# Sending ------------------------------------------------------------------------------------------------------------------


@transaction.atomic
def _fill_outbox(accounts: Sequence[CreditAccount]) -> int:
    """Queue a message of the shipped ladder for each account, all due now; return how many."""
    # What closes have planned is of days long gone; and nobody is to wait for files that no one will bring.
    Message.objects.filter(status=Message.Status.QUEUED).delete()
    Feed.objects.update(is_expected=False)
    strategy, now = Strategy.objects.get(code=STANDARD, version=1), timezone.now()
    dues = open_dues([account.pk for account in accounts])
    rows = [row for account in accounts if (row := _message(account, dues, strategy, now)) is not None]
    Message.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return Message.objects.filter(status=Message.Status.QUEUED).count()


def _message(account: CreditAccount, dues: Mapping[int, Sequence[Due]], strategy: Strategy, now: datetime) -> Message | None:
    state: AccountState = account.state
    episode = state.oldest_unpaid_due_date or next((day for day, _unpaid in dues.get(account.pk, ())), None)
    if episode is None:
        return None
    step = "overdue-7" if state.oldest_unpaid_due_date is not None else "due-soon"
    return Message(
        account=account, customer_id=account.customer_id, episode=episode, step=step, channel=Channel.SMS,
        purpose=Purpose.REMINDER, strategy=strategy, template_code=f"{step}-sms", planned_on=timezone.localdate(now), due_at=now,
    )  # fmt: skip


def _send(site: Site, messages: int) -> Iterator[Row]:
    os.environ["SMS_A_SECOND"] = A_SECOND
    vacuum()
    settle()
    before = MessageAttempt.objects.aggregate(last=Max("pk"))["last"] or 0
    peaks: list[int] = []
    with ExitStack() as stack:
        for number in range(WORKERS):
            stack.enter_context(running_worker(Path(site.folder) / f"sender-{number}.log", peaks))
        _work_off()
    tries = MessageAttempt.objects.filter(pk__gt=before)
    ends = tries.aggregate(began=Min("began_at"), ended=Max("ended_at"))
    delivered = tries.filter(state=MessageAttempt.State.DELIVERED).count()
    by_state = Message.objects.filter(pk__in=tries.values("message_id")).values_list("status").annotate(Count("pk"))
    others = {status: count for status, count in by_state if status != Message.Status.DELIVERED}
    if not delivered:
        raise RuntimeError(f"none of {messages:,} messages was sent; see sender-0.log")
    seconds = (ends["ended"] - ends["began"]).total_seconds()
    on_redis = is_postgresql() and bool(settings.REDIS_URL)
    where = "Redis" if on_redis else "bells in files"
    yield note(
        "outreach",
        f"messages queued, delivered, otherwise ({WORKERS} workers, {where})",
        f"{messages:,}, {delivered:,}, {others}",
    )
    yield at_most("outreach", "messages queued and not delivered", messages - delivered, 0, digits=0)
    label = "messages a second, from the first claim to the last receipt"
    yield at_least("outreach", label, delivered / seconds, 200 if on_redis else 20, digits=0)
    yield at_most("outreach", "peak memory of a sending worker", max(peaks) / 2**20, 400, "MiB", digits=0)


def _work_off() -> None:
    """Ring each minute and take a receipt of every message that was sent, as a webhook does, until none is left."""
    until, next_bell = time.monotonic() + _SEND_SECONDS, 0.0
    while True:
        if time.monotonic() >= next_bell:
            tasks.dispatch_tick()
            next_bell = time.monotonic() + _BELL_SECONDS
        if _take_receipts() == _RECEIPTS_AT_ONCE:
            continue
        soon = timezone.now() + timedelta(minutes=5)
        if not Message.objects.filter(status__in=_LIVELY, due_at__lte=soon).exists():
            return
        if time.monotonic() > until:
            raise RuntimeError(f"the outbox is not empty after {_SEND_SECONDS:.0f} s")
        # Asking must not disturb: what is measured shares two cores with this.
        time.sleep(0.5)


def _take_receipts() -> int:
    """Take receipts as a webhook does: a request of our contract brings up to 500."""
    sent = MessageAttempt.objects.filter(state=MessageAttempt.State.SENT).order_by("pk")
    tries: list[Any] = list(sent.values_list("key", "provider", "reference")[:_RECEIPTS_AT_ONCE])
    now = timezone.now()
    receipts = [
        Receipt(provider, f"receipt {key}", reference, key, ReceiptState.DELIVERED, False, now, "")
        for key, provider, reference in tries
    ]
    # Busy (SQLite): a webhook is answered with an error and comes again.
    with suppress(OperationalError):
        take_receipts(receipts, now)
    return len(tries)
