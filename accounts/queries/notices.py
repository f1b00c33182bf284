"""Notices that could not be handed over to the outbox: each is named until it is taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import F, Q

from accounts.models import DebitNotice, DecisionNotice
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class StuckNotice:
    """A notice that waits for another try.

    :param reference: of the decision, the application or the debit that it tells of
    :param page: the name of the address that shows it, for the id `pk`
    :param failure: the kind of the last error
    """

    reference: str
    page: str
    pk: int
    failures: int
    failure: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class StuckNotices:
    """How many there are in the person's sight, and those that have waited longest."""

    count: int
    rows: tuple[StuckNotice, ...]


def stuck_notices(user: Any) -> StuckNotices:
    """Return the notices that could not be taken and are tried again, as far as the person sees what they tell of."""
    scope, conflicted = scope_of(user), conflicted_customers(user)
    stuck = Q(status="queued", failures__gt=0)
    rows: list[StuckNotice] = []
    count = 0
    for model, about, page, reference, account in (
        (DecisionNotice, "decision", "accounts:decision", "decision__reference", "decision__account__"),
        (DecisionNotice, "application", "accounts:application", "application__application_no", "application__"),
        (DebitNotice, "instruction", "accounts:debit", "instruction__reference", "instruction__account__"),
    ):
        found = scope.accounts(model._default_manager.filter(stuck, **{f"{about}__isnull": False}), product=f"{account}product")
        found = found.exclude(**{f"{account}customer_id__in": conflicted})
        count += found.count()
        columns = (F(reference), F(f"{about}_id"), "failures", "failure", "retry_at")
        named = found.order_by("pk").values_list(*columns)[:_SHOWN]
        rows += [StuckNotice(number, page, pk, failures, failure, at) for number, pk, failures, failure, at in named]
    return StuckNotices(count, tuple(rows[:_SHOWN]))
