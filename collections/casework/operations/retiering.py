"""Accounts put in their tier at once, when what rules see of them changes between two closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction

from accounts.facts import facts_of
from accounts.operations.rebuilding import keep_reported, lock_states
from casework.bulk.tiers import TIER_STEP, write_tiers
from casework.policies import live_policy
from riskops.shared.day import hold_day
from riskops.shared.models import CloseShard


def retier_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Hear that what rules see of accounts changed (accounts/events.py)."""
    for account_id in account_ids:
        retier(account_id)


@transaction.atomic
def retier(account_id: int) -> tuple[str, str] | None:
    """Put an account in the tier that its facts give now; return the tiers before and after, None if it stays.

    By the policy live on the day the account stands on. What the last close reported of it is kept first. Before the
    first close there is no such day, and nothing is done.
    """
    position = hold_day(account_id)
    state = lock_states([account_id]).values_list("tier", "ahead_on", "opened_on").first()
    if state is None:
        return None
    was, ahead_on, opened_on = state
    if position.closing is not None and not _is_tiered(position.closing, account_id):
        # The close's own step comes to it, with everything that is known by then.
        return None
    days = [day for day in (position.business_date, ahead_on, position.closing) if day is not None]
    if not days or opened_on > max(days):
        return None
    as_of = max(days)
    policy = live_policy(as_of)
    if policy is None:
        return None
    becomes = policy.tier_of(facts_of([account_id], as_of, policy.names)[account_id])
    if becomes == was:
        return None
    if position.reported_day is not None:
        keep_reported([account_id], reported_day=position.reported_day)
    write_tiers({account_id: (was, becomes)}, policy=policy, as_of=as_of)
    return was, becomes


def _is_tiered(closing: date, account_id: int) -> bool:
    """Return whether the running close has done its tier step for the account."""
    marks = CloseShard.objects.filter(run__business_date=closing, step=TIER_STEP, status=CloseShard.Status.DONE)
    return marks.filter(first_account_id__lte=account_id, last_account_id__gte=account_id).exists()
