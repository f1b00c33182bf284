"""How providers stand: who fails is passed over for a while, then tried with one message; a person may end the wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from outreach.models import ProviderHealth
from outreach.operations.delivery_refusals import ProviderNotPassedOver, ProviderUnknown
from outreach.providers.interface import Refused, Result, Unknown
from outreach.roles import RETRY_PROVIDER
from outreach.rules.circuits import CircuitState
from riskops.shared.audit import Actor, record

#: The last answer is kept to the minute: a row written by every message would be waited for by every message.
_ANSWERED_EVERY = timedelta(minutes=1)


def is_usable(provider: str, now: datetime) -> bool:
    """Return whether a message may go by a provider. Of those who ask after its rest one is told yes; it is the trial."""
    row = ProviderHealth.objects.filter(provider=provider).first()
    if row is None:
        return True
    state = row.circuit().state(now)
    if state is not CircuitState.HALF_OPEN:
        return state is CircuitState.CLOSED
    # Whoever moves the end of the rest on has the trial. If it is never heard of again, the next one has it after that.
    trial = ProviderHealth.objects.filter(pk=row.pk, open_until=row.open_until)
    return trial.update(open_until=now + _rest()) == 1


def known_to_work() -> frozenset[str]:
    """Return the providers whose last answer was a good one: of these nobody has to be told who has the trial."""
    return frozenset(ProviderHealth.objects.filter(open_until=None).values_list("provider", flat=True))


def passed_over(now: datetime) -> frozenset[str]:
    """Return the providers whose rest is not over."""
    return frozenset(ProviderHealth.objects.filter(open_until__gt=now).values_list("provider", flat=True))


def failing() -> frozenset[str]:
    """Return the providers that have failed since they last answered."""
    return frozenset(ProviderHealth.objects.filter(failures__gt=0).values_list("provider", flat=True))


def note_result(provider: str, result: Result, now: datetime) -> None:
    """Note what a result says of the provider. A refusal that is about the message alone shows that it works."""
    if isinstance(result, Unknown) or (isinstance(result, Refused) and result.is_outage):
        _note_failure(provider, result.reason, now)
    else:
        _note_answer(provider, now)


def note_results(results: Iterable[tuple[str, Result]], now: datetime) -> None:
    """Note what results say of their providers, in their order; of several good ones after another one is enough."""
    answered: set[str] = set()
    for provider, result in results:
        if isinstance(result, Unknown) or (isinstance(result, Refused) and result.is_outage):
            answered.discard(provider)
        elif provider in answered:
            continue
        else:
            answered.add(provider)
        note_result(provider, result, now)


@transaction.atomic
def try_again(*, actor: Actor, provider: str, names: frozenset[str], now: datetime) -> ProviderHealth:
    """Let messages go by a provider again at once.

    :param names: the providers of this installation
    :raises ProviderUnknown: it is none of them
    :raises ProviderNotPassedOver: it is used already
    """
    if provider not in names:
        raise ProviderUnknown(provider)
    row = ProviderHealth.objects.select_for_update().filter(provider=provider).first()
    if row is None or row.open_until is None:
        raise ProviderNotPassedOver(provider)
    before = {"failures": row.failures, "open_until": row.open_until.isoformat()}
    row.failures, row.open_until = 0, None
    row.save(update_fields=["failures", "open_until"])
    record(
        actor=actor,
        action=RETRY_PROVIDER,
        subject_type="provider",
        subject_key=provider,
        before=before,
        after={"failures": 0, "open_until": None},
    )
    return row


def _note_answer(provider: str, now: datetime) -> None:
    row = ProviderHealth.objects.filter(provider=provider).first()
    if row is not None:
        is_fresh = row.last_answered_at is not None and row.last_answered_at > now - _ANSWERED_EVERY
        if row.failures or row.open_until is not None or not is_fresh:
            ProviderHealth.objects.filter(pk=row.pk).update(failures=0, open_until=None, last_answered_at=now)
    else:
        ProviderHealth.objects.bulk_create([ProviderHealth(provider=provider, last_answered_at=now)], ignore_conflicts=True)


@transaction.atomic
def _note_failure(provider: str, reason: str, now: datetime) -> None:
    ProviderHealth.objects.bulk_create([ProviderHealth(provider=provider)], ignore_conflicts=True)
    row = ProviderHealth.objects.select_for_update().get(provider=provider)
    after = row.circuit().after_failure(now, failures_to_open=settings.PROVIDER_FAILURES_TO_OPEN, rest=_rest())
    row.failures, row.open_until = after.failures, after.open_until
    row.last_error, row.last_failed_at = reason, now
    row.save(update_fields=["failures", "open_until", "last_error", "last_failed_at"])


def _rest() -> timedelta:
    return timedelta(seconds=settings.PROVIDER_REST_SECONDS)
