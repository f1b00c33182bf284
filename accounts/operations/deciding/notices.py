"""Notices handed over to whoever sends them, each once, whatever crashes in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import DebitNotice, DecisionNotice

#: What the customer is told of a decision, or of a debit.
AnyNotice = TypeVar("AnyNotice", DecisionNotice, DebitNotice)


def hand_over_notices(hand_over: Callable[[DecisionNotice], str], *, most: int = 500, only: Q | None = None) -> int:
    """Hand queued notices over, oldest first, and return how many. Two that do this at once share the work.

    :param hand_over: takes one notice into the sender's own outbox, in this transaction, and returns the number it goes by
        there. It must write to this database and do nothing else: a crash then undoes both sides, and the next run does both.
    :param only: which notices the sender can take; the others stay queued
    """
    return _hand_over(DecisionNotice, hand_over, most=most, only=only or Q())


def hand_over_debit_notices(hand_over: Callable[[DebitNotice], str], *, most: int = 500) -> int:
    """Hand queued notices of debits over, as `hand_over_notices` does those of decisions."""
    return _hand_over(DebitNotice, hand_over, most=most, only=Q())


def _hand_over(model: type[AnyNotice], hand_over: Callable[[AnyNotice], str], *, most: int, only: Q) -> int:
    done = 0
    while done < most and _hand_over_one(model, hand_over, only):
        done += 1
    return done


@transaction.atomic
def _hand_over_one(model: type[AnyNotice], hand_over: Callable[[AnyNotice], str], only: Q) -> bool:
    skip = connection.features.has_select_for_update_skip_locked
    locked = model.objects.select_for_update(of=("self",), skip_locked=skip)
    notice = locked.filter(only, status=model.Status.QUEUED).order_by("pk").first()
    if notice is None:
        return False
    notice.delivery = hand_over(notice)[:200]
    notice.status, notice.sent_at = model.Status.SENT, timezone.now()
    notice.save(update_fields=["delivery", "status", "sent_at"])
    return True
