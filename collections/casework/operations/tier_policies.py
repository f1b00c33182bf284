"""Tier policies on their way: tried on the book, proposed, approved by a second person, sent back, withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from casework.models import TierPolicy
from casework.operations.refusals import (
    DryRunMissing,
    EveryAccountAlike,
    FirstDayPast,
    FirstDayTaken,
    NotADraft,
    NothingToDryRunOn,
    NotProposed,
    NotToBeWithdrawn,
    OwnDraft,
    PersonNeeded,
    ReasonNeeded,
    RuleTooSlow,
    TierPolicyUnknown,
    TiersMalformed,
)
from casework.operations.tier_drafts import TierDraft, editable_policy, locked_policy, problems_of
from casework.policies import parsed
from casework.queries.dry_run import DryRun, dry_run
from casework.roles import APPROVE_TIERS, DRAFT_TIERS, DRY_RUN_TIERS
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state, hold_book
from riskops.shared.models import BookState
from riskops.shared.reading import one_moment

_TRIED = (TierPolicy.Status.DRAFT, TierPolicy.Status.PROPOSED)


def dry_run_policy(*, actor: Actor, version: int) -> DryRun:
    """Try a draft, or what is proposed, on today's book, keep what was found with it and return it.

    The book is read without a lock on the draft: a change made meanwhile makes the figures those of the revision before.

    :raises TierPolicyUnknown, NotADraft: there is no draft or proposal of that version
    :raises TiersMalformed: a rule names a fact that there is no more
    :raises NothingToDryRunOn: no day is closed yet
    """
    policy = TierPolicy.objects.filter(version=version).first()
    if policy is None:
        raise TierPolicyUnknown(version)
    if policy.status not in _TRIED:
        raise NotADraft(version, policy.get_status_display())
    with one_moment():
        as_of = BookState.objects.filter(pk=1).values_list("business_date", flat=True).first()
        if as_of is None:
            raise NothingToDryRunOn
        _refuse_malformed(policy)
        found = dry_run(parsed(policy), as_of=as_of, bound_ms=round(settings.RULE_MAX_SECONDS * 1_000))
    with transaction.atomic():
        still = locked_policy(version)
        if still.status not in _TRIED:
            raise NotADraft(version, still.get_status_display())
        still.dry_run, still.dry_run_revision = found.as_json(), policy.revision
        still.save(update_fields=["dry_run", "dry_run_revision"])
        after = {"revision": policy.revision, "as_of": as_of.isoformat(), "accounts": found.accounts, "movers": found.movers}
        _record(still, actor, DRY_RUN_TIERS, after={**after, "took_ms": found.took_ms})
    return found


@transaction.atomic
def propose_policy(*, actor: Actor, version: int, live_from: date) -> TierPolicy:
    """Ask for the approval of a draft, to go live from a day.

    :raises TierPolicyUnknown, NotADraft: there is no draft of that version
    :raises DryRunMissing, RuleTooSlow, TiersMalformed: it must be tried first, as it is and on the present book
    :raises FirstDayPast, FirstDayTaken: the day is closed, or another version's
    """
    policy = editable_policy(version)
    _check_ready(policy, live_from)
    policy.status, policy.live_from = TierPolicy.Status.PROPOSED, live_from
    policy.save(update_fields=["status", "live_from"])
    _record(
        policy,
        actor,
        DRAFT_TIERS,
        before={"status": "draft"},
        after={"status": policy.status, "live_from": live_from.isoformat()},
    )
    return policy


@transaction.atomic
def approve_policy(*, actor: Actor, version: int, despite_crowding: bool = False) -> TierPolicy:
    """Approve what somebody else proposed: it is live from its day on, and never changed again.

    :param despite_crowding: whoever approves has seen that every account would be in one tier, or in none
    :raises TierPolicyUnknown, NotProposed: there is nothing to approve of that version
    :raises OwnDraft, PersonNeeded: whoever asks wrote it, or is no person
    :raises DryRunMissing, RuleTooSlow, TiersMalformed, FirstDayPast, FirstDayTaken: it can no longer go live as proposed
    :raises EveryAccountAlike: all accounts would be in one tier, or in none, and that was not said to be meant
    :raises CloseIsRunning: the day it should begin with may be in work
    """
    # The book first, as everybody who moves the day does: while it is held no close begins.
    hold_book()
    policy = locked_policy(version)
    if policy.status != TierPolicy.Status.PROPOSED or policy.live_from is None:
        raise NotProposed(version, policy.get_status_display())
    if actor.user_id is None:
        raise PersonNeeded
    if actor.user_id in {policy.drafted_by_id, *policy.editors}:
        raise OwnDraft(version, _names(policy))
    found = _check_ready(policy, policy.live_from)
    crowded = found.crowding
    if crowded is not None and not despite_crowding:
        raise EveryAccountAlike(code=crowded.code, accounts=crowded.accounts)
    policy.status = TierPolicy.Status.APPROVED
    policy.approved_by_id, policy.approved_by_name, policy.approved_at = actor.user_id, actor.name, timezone.now()
    policy.save(update_fields=["status", "approved_by", "approved_by_name", "approved_at"])
    after: dict[str, Any] = {"status": policy.status, "live_from": policy.live_from.isoformat(), "movers": found.movers}
    if crowded is not None:
        after["all_in_one_tier"] = crowded.code
    _record(policy, actor, APPROVE_TIERS, before={"status": "proposed"}, after=after)
    return policy


@transaction.atomic
def return_policy(*, actor: Actor, version: int, reason: str) -> TierPolicy:
    """Send a proposal back to be a draft again.

    :raises TierPolicyUnknown, NotProposed: there is nothing to send back of that version
    :raises ReasonNeeded: nothing is written in it
    """
    policy = locked_policy(version)
    if policy.status != TierPolicy.Status.PROPOSED:
        raise NotProposed(version, policy.get_status_display())
    if not reason.strip():
        raise ReasonNeeded
    policy.status, policy.live_from = TierPolicy.Status.DRAFT, None
    policy.save(update_fields=["status", "live_from"])
    _record(policy, actor, APPROVE_TIERS, before={"status": "proposed"}, after={"status": policy.status}, reason=reason)
    return policy


@transaction.atomic
def withdraw_policy(*, actor: Actor, version: int, reason: str) -> TierPolicy:
    """Withdraw an approved version before its first day is closed; what was live before stays live.

    :raises TierPolicyUnknown, NotToBeWithdrawn: there is none, or it has begun
    :raises ReasonNeeded: nothing is written in it
    :raises CloseIsRunning: the day it should begin with may be in work
    """
    position = hold_book()
    policy = locked_policy(version)
    first = policy.live_from
    has_begun = first is None or (position.business_date is not None and first <= position.business_date)
    if policy.status != TierPolicy.Status.APPROVED or has_begun or policy.version == 1:
        raise NotToBeWithdrawn(version, policy.get_status_display(), first)
    if not reason.strip():
        raise ReasonNeeded
    policy.status = TierPolicy.Status.WITHDRAWN
    policy.save(update_fields=["status"])
    _record(policy, actor, APPROVE_TIERS, before={"status": "approved"}, after={"status": policy.status}, reason=reason)
    return policy


def _check_ready(policy: TierPolicy, live_from: date) -> DryRun:
    """Refuse what cannot go live from a day; return the dry run that says what it would do."""
    business_date = book_state().business_date
    found = None
    if policy.dry_run is not None and policy.dry_run_revision == policy.revision:
        found = DryRun.from_json(policy.dry_run)
    if found is None or found.as_of != business_date:
        raise DryRunMissing(policy.version, found.as_of if found else None, business_date)
    if found.slow_ms:
        raise RuleTooSlow(slow=found.slow_ms, most_ms=round(settings.RULE_MAX_SECONDS * 1_000))
    _refuse_malformed(policy)
    if live_from <= found.as_of:
        raise FirstDayPast(live_from, found.as_of)
    other = TierPolicy.objects.filter(status=TierPolicy.Status.APPROVED, live_from=live_from).exclude(pk=policy.pk).first()
    if other is not None:
        raise FirstDayTaken(live_from, other.version)
    return found


def _refuse_malformed(policy: TierPolicy) -> None:
    """Refuse tiers that were right when they were typed and are no longer: a team closed, a fact gone."""
    problems = problems_of([TierDraft.of(tier) for tier in policy.tiers.order_by("position")])
    if problems:
        raise TiersMalformed(problems)


def _names(policy: TierPolicy) -> list[str]:
    people = get_user_model().objects.filter(pk__in={policy.drafted_by_id, *policy.editors} - {None})
    return sorted(person.get_full_name() or person.get_username() for person in people)


def _record(policy: TierPolicy, actor: Actor, action: str, *, after: Any, before: Any = None, reason: str = "") -> None:
    record(
        actor=actor,
        action=action,
        subject_type="tier policy",
        subject_key=str(policy.version),
        before=before,
        after=after,
        reason=reason,
    )
