"""Notices handed over to whoever sends them, each once, whatever crashes in between; one that cannot be taken is tried again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_noop

from accounts.models import DebitNotice, DecisionNotice
from accounts.roles import NOTICE_NOT_TAKEN
from riskops.shared.audit import Actor, record
from riskops.shared.own_reasons import own_reason

log = structlog.get_logger(__name__)

#: What the customer is told of a decision, or of a debit.
AnyNotice = TypeVar("AnyNotice", DecisionNotice, DebitNotice)

#: Whoever hands notices over.
NOTICES: Final = Actor(own_reason(gettext_noop("notices")))
#: By model, the columns of which one says what a notice is about.
_ABOUT: Final[dict[type[DecisionNotice | DebitNotice], tuple[str, ...]]] = {
    DecisionNotice: ("decision_id", "application_id"),
    DebitNotice: ("instruction_id",),
}
#: How long a notice waits after its first failure, twice as long after each further one; and the longest wait.
_FIRST: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(hours=6)


def hand_over_notices(
    hand_over: Callable[[DecisionNotice], str], *, now: datetime, most: int = 500, only: Q | None = None
) -> int:
    """Hand queued notices over, oldest first, and return how many. Two that do this at once share the work.

    One that cannot be taken stays queued with what went wrong, and is tried again later. It holds up those after it about the
    same decision, application or debit, which would say what the customer does not understand yet, and no others.

    :param hand_over: takes one notice into the sender's own outbox, in this transaction, and returns the number it goes by
        there. It must write to this database and do nothing else: a crash then undoes both sides, and the next run does both.
    :param only: which notices the sender can take; the others stay queued
    """
    return _hand_over(DecisionNotice, hand_over, now=now, most=most, only=only or Q())


def hand_over_debit_notices(hand_over: Callable[[DebitNotice], str], *, now: datetime, most: int = 500) -> int:
    """Hand queued notices of debits over, as `hand_over_notices` does those of decisions."""
    return _hand_over(DebitNotice, hand_over, now=now, most=most, only=Q())


def _hand_over(model: type[AnyNotice], hand_over: Callable[[AnyNotice], str], *, now: datetime, most: int, only: Q) -> int:
    done = 0
    for _place in range(most):
        is_taken = _hand_over_one(model, hand_over, now, only)
        if is_taken is None:
            break
        done += is_taken
    return done


@transaction.atomic
def _hand_over_one(model: type[AnyNotice], hand_over: Callable[[AnyNotice], str], now: datetime, only: Q) -> bool | None:
    """Hand the oldest notice over whose turn has come, and return whether it was taken; None where there is none."""
    skip = connection.features.has_select_for_update_skip_locked
    locked = model.objects.select_for_update(of=("self",), skip_locked=skip)
    is_its_time = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    notice = locked.filter(only, is_its_time, *_is_first(model), status=model.Status.QUEUED).order_by("pk").first()
    if notice is None:
        return None
    try:
        # What it wrote before it failed goes, and what is noted of the failure stays.
        with transaction.atomic():
            notice.delivery = hand_over(notice)[:200]
    except Exception as error:
        log.exception("notice_not_taken", notice=notice.pk, kind=notice.kind)
        _put_off(notice, type(error).__name__, now)
        return False
    notice.status, notice.sent_at, notice.retry_at = model.Status.SENT, now, None
    notice.save(update_fields=["delivery", "status", "sent_at", "retry_at"])
    return True


def _is_first(model: type[AnyNotice]) -> list[Any]:
    """Return the conditions that no earlier notice about the same thing is queued: a withdrawal follows what it withdraws."""
    queued = model.objects.filter(status=model.Status.QUEUED, pk__lt=OuterRef("pk"))
    return [~Exists(queued.filter(**{column: OuterRef(column)})) for column in _ABOUT[model]]


def _put_off(notice: DecisionNotice | DebitNotice, failure: str, now: datetime) -> None:
    notice.failures += 1
    notice.failure = failure[:100]
    notice.retry_at = now + min(_FIRST * 2 ** min(notice.failures - 1, 16), _LONGEST)
    notice.save(update_fields=["failures", "failure", "retry_at"])
    if notice.failures > 1:
        # The first line says it; how often it was tried since stands with the notice.
        return
    subject_type, subject_key, account_id = _subject(notice)
    record(
        actor=NOTICES,
        action=NOTICE_NOT_TAKEN,
        subject_type=subject_type,
        subject_key=subject_key,
        account_id=account_id,
        after={"notice": notice.kind, "failure": notice.failure},
    )


def _subject(notice: DecisionNotice | DebitNotice) -> tuple[str, str, int | None]:
    """Return what a notice tells of, as the audit trail names it, with its account."""
    if isinstance(notice, DebitNotice):
        return "debit", notice.instruction.reference, notice.instruction.account_id
    if notice.decision is not None:
        return "decision", notice.decision.reference, notice.decision.account_id
    assert notice.application is not None  # the database holds that it is about one of the two
    return "application", notice.application.application_no, notice.application.account_id
