"""The dispatcher: whoever is woken works the outbox of a channel off; a bell that nobody hears costs a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction
from django.utils import timezone

from outreach.models import Message
from outreach.models.templates import MESSAGE_CHANNELS
from outreach.operations.delivery_health import failing, note_results
from outreach.operations.sending.claiming import claim, lock, release, waiting
from outreach.operations.sending.doubting import LEASE_OVER, resolve_doubt
from outreach.operations.sending.holding import Hold, Passed, set_aside
from outreach.operations.sending.notices import take_notices
from outreach.operations.sending.preparing import Ready, prepare_together
from outreach.operations.sending.receiving import match_receipts
from outreach.operations.sending.settling import Told, settle_together
from outreach.operations.sending.stopping import is_dispatch_off
from outreach.providers import registry
from outreach.providers.interface import Refused, Result, Unknown
from outreach.rules.contacts import Channel
from outreach.rules.sending import MOST_FAILURES, back_off
from riskops.shared.workers import worker_name

log = structlog.get_logger(__name__)

#: Messages claimed at once: few enough that their worker is through with them long before the lease ends.
BATCH: Final = 100
#: Messages that go the way together, at most.
TOGETHER: Final = 25
#: Due messages for which one more worker is woken, and how many at most.
WORTH_A_WORKER: Final = 200
MOST_WORKERS: Final = 4

#: What comes of a message whose lease was over before it was handed over: it certainly is with no provider.
TOO_LATE: Final = Refused(LEASE_OVER)

Clock = Callable[[], datetime]


def channels_to_ring(now: datetime) -> dict[Channel, int]:
    """Take what others have for the outbox, and return for which channels how many workers are worth waking."""
    if is_dispatch_off():
        return {}
    take_notices(now)
    found = {}
    for name, _label in MESSAGE_CHANNELS:
        due = waiting(Channel(name), now).values("pk")[: WORTH_A_WORKER * MOST_WORKERS].count()
        if due:
            found[Channel(name)] = min(MOST_WORKERS, -(-due // WORTH_A_WORKER))
    return found


def send_batch(
    channel: Channel,
    *,
    for_seconds: float,
    worker: str = "",
    clock: Clock = timezone.now,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Send what is due by a channel until nothing is, or the time is over; return how many were handed over.

    It ends early where no provider works: the messages keep their places until the next bell.
    """
    worker = worker or worker_name()
    ends = time.monotonic() + for_seconds
    done = 0
    while time.monotonic() < ends and not is_dispatch_off():
        claimed = claim(channel, clock(), BATCH, worker)
        if claimed.wait_seconds:
            pause(min(claimed.wait_seconds, 1.0))
            continue
        if not claimed.ids:
            break
        size = together(channel)
        for place in range(0, len(claimed.ids), size):
            group = claimed.ids[place : place + size]
            handed_over, is_stuck = _send(group, worker, clock)
            done += handed_over
            if is_stuck or time.monotonic() >= ends:
                release(claimed.ids[place + size :], worker)
                return done
    return done


def together(channel: Channel) -> int:
    """Return how many messages of a channel are prepared, handed over and settled together.

    A kill in between leaves as many in doubt. Where a provider can neither say that it never had a message nor drops a second
    one, each of them would wait for a person: then it is one at a time. So it is while a provider fails: who is to find that out
    is one message.
    """
    providers = registry.providers_of(channel)
    is_found_out = all(provider.knows_absence or provider.is_idempotent for provider in providers)
    return TOGETHER if is_found_out and failing().isdisjoint(provider.name for provider in providers) else 1


def _send(message_ids: Sequence[int], worker: str, clock: Clock) -> tuple[int, bool]:
    """Send messages: prepared, handed over, settled; each a commit, so that a kill between two loses and doubles nothing.

    Return how many were handed over, and whether there is no way out for further ones.
    """
    try:
        found = prepare_together(message_ids, clock(), worker=worker)
    except Exception as error:
        if len(message_ids) > 1:
            return _send_one_by_one(message_ids, worker, clock)
        log.exception("message_not_prepared", message=message_ids[0])
        note_broken(message_ids[0], f"{Hold.BROKEN}: {type(error).__name__}", clock())
        return 0, False
    ready = [one for one in found if isinstance(one, Ready)]
    results = hand_over_together(ready, clock)
    now = clock()
    answered = [(one, result) for one, result in zip(ready, results, strict=True) if result is not TOO_LATE]
    note_results([(one.provider.name, result) for one, result in answered], now)
    settle_together([Told(one.message_id, one.attempt, result) for one, result in zip(ready, results, strict=True)], now)
    is_stuck = any(one in (Passed.OFF, Passed.NO_PROVIDER) for one in found)
    is_out = any(isinstance(result, Refused) and result.is_outage for result in results)
    return len(answered), is_stuck or (is_out and len(registry.providers_of(ready[0].outgoing.channel)) == 1)


def _send_one_by_one(message_ids: Sequence[int], worker: str, clock: Clock) -> tuple[int, bool]:
    """Send messages of which one cannot be prepared: it is to hold no other up."""
    done = 0
    for place, message_id in enumerate(message_ids):
        handed_over, is_stuck = _send([message_id], worker, clock)
        done += handed_over
        if is_stuck:
            release(tuple(message_ids[place + 1 :]), worker)
            return done, True
    return done, False


def hand_over_together(ready: Sequence[Ready], clock: Clock) -> list[Result]:
    """Hand messages to their providers, all at once: each waits for the network, and none is to wait for the others.

    What stays in this database goes into it in one transaction; where one fails, each in its own. What has left it is not handed
    over again with them.
    """
    if len(ready) < 2:
        return [hand_over(one, clock()) for one in ready]
    here, away = ([one for one in ready if one.provider.is_remote is is_remote] for is_remote in (False, True))
    kept = _keep_together(here, clock) if here else []
    found = {one.message_id: result for one, result in zip(here, kept, strict=True)}
    if away:
        with ThreadPoolExecutor(max_workers=len(away)) as pool:
            results = pool.map(lambda one: hand_over(one, clock()), away)
            found |= {one.message_id: result for one, result in zip(away, results, strict=True)}
    return [found[one.message_id] for one in ready]


def _keep_together(ready: Sequence[Ready], clock: Clock) -> list[Result]:
    with transaction.atomic():
        results = [hand_over(one, clock()) for one in ready]
        is_whole = not any(isinstance(result, Unknown) for result in results)
        transaction.set_rollback(not is_whole)
    return results if is_whole else [hand_over(one, clock()) for one in ready]


def hand_over(ready: Ready, now: datetime) -> Result:
    """Hand a message to its provider, a remote one outside of any transaction; not at all once the lease is over.

    Whoever stood still for so long (a machine that slept, a process that was stopped) has lost the message: others have asked for
    it by now, were told that it is not there, and send it by a key of their own.
    """
    if now >= ready.until:
        log.warning("lease_over_before_handing_over", key=ready.outgoing.key)
        return TOO_LATE
    try:
        return ready.provider.send(ready.outgoing)
    except Exception as error:
        # A provider raises nothing; one that does has perhaps sent.
        log.exception("provider_raised", provider=ready.provider.name, key=ready.outgoing.key)
        return Unknown(type(error).__name__)


@transaction.atomic
def note_broken(message_id: int, reason: str, now: datetime) -> None:
    """Put a message off that could not even be prepared; after so many times a person must look."""
    message = lock(message_id)
    if message.status != Message.Status.QUEUED:
        return
    message.failures += 1
    message.reason, message.due_at = reason[:300], now + back_off(message.pk, message.attempts, message.failures)
    message.claimed_until, message.claimed_by = None, ""
    message.save(update_fields=["failures", "reason", "due_at", "claimed_until", "claimed_by"])
    if message.failures >= MOST_FAILURES:
        set_aside(message, reason, now)


def resolve(clock: Clock) -> int:
    """See to messages in doubt, and to receipts that came before their message was known; return how many there were."""
    return resolve_doubt(clock(), clock=clock) + match_receipts(clock())
