"""Contact policies on their way: drafted by compliance, approved by a second person of it, live from a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Product
from outreach.models import ContactPolicy
from outreach.operations.refusals import (
    OwnPolicyDraft,
    PolicyDayPast,
    PolicyDayTaken,
    PolicyDraftThere,
    PolicyHasBegun,
    PolicyMalformed,
    PolicyNotDraft,
    PolicyNotProposed,
    PolicyStale,
    PolicyUnknown,
    ProductOfOtherProfile,
    ReasonNeeded,
)
from outreach.roles import APPROVE_CONTACT_POLICY, DRAFT_CONTACT_POLICY
from outreach.rules.contacts import Hold
from riskops.shared.audit import Actor, record
from riskops.shared.day import LAST_DAY

Status = ContactPolicy.Status
#: Figures that must not be above one another, smaller first: more a day of one channel than in all says nothing.
_IN_ORDER: Final = (("messages_a_day_per_channel", "messages_a_day"), ("messages_a_day", "messages_a_week"))


@transaction.atomic
def draft_policy(*, actor: Actor, copy_of: str, profile: str = "", note: str = "") -> ContactPolicy:
    """Begin the next version of a profile as a copy of its latest approved one, or a new profile as a copy of another.

    :raises PolicyUnknown: there is nothing to copy
    :raises PolicyDraftThere: a version of the profile is in work
    :raises PolicyMalformed: a new profile's code that cannot be
    """
    profile = profile or copy_of
    if not profile.isascii() or not profile.replace("-", "").isalnum() or profile.lower() != profile or len(profile) > 32:
        raise PolicyMalformed("profile", _("Use 1 to 32 small letters, digits and hyphens, e.g. cn-2027."))
    source = ContactPolicy.objects.filter(profile=copy_of, status=Status.APPROVED).order_by("-version").first()
    if source is None:
        raise PolicyUnknown(copy_of)
    rows = ContactPolicy.objects.filter(profile=profile)
    said = {name: getattr(source, name) for name in ContactPolicy.SAID}
    if profile != copy_of:
        # A product follows one profile; the copy begins with none.
        said["products"] = []
    policy = ContactPolicy(
        profile=profile,
        version=(rows.aggregate(last=Max("version"))["last"] or 0) + 1,
        drafted_by_id=actor.user_id,
        drafted_by_name=actor.name,
        editors=[actor.user_id] if actor.user_id else [],
        **{**said, "note": note},
    )
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
    except IntegrityError:
        raise PolicyDraftThere(profile) from None
    _record(policy, actor, DRAFT_CONTACT_POLICY, after={"copy_of": str(source), "note": note})
    return policy


@transaction.atomic
def change_policy(*, actor: Actor, profile: str, version: int, revision: int, values: Mapping[str, Any]) -> ContactPolicy:
    """Write a draft anew.

    :param values: any of `ContactPolicy.SAID`
    :raises PolicyUnknown, PolicyNotDraft, PolicyStale: there is no draft, or another one than was seen
    :raises PolicyMalformed: a figure that cannot be, with its field
    """
    policy = _locked(profile, version)
    if policy.status != Status.DRAFT:
        raise PolicyNotDraft(str(policy), policy.get_status_display())
    if policy.revision != revision:
        raise PolicyStale(str(policy))
    before = _said(policy)
    for name in ContactPolicy.SAID:
        if name in values:
            setattr(policy, name, values[name])
    _check(policy)
    policy.revision += 1
    if actor.user_id and actor.user_id not in policy.editors:
        policy.editors = [*policy.editors, actor.user_id]
    policy.save()
    after = _said(policy)
    changed = [name for name in after if after[name] != before[name]]
    _record(
        policy,
        actor,
        DRAFT_CONTACT_POLICY,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return policy


@transaction.atomic
def propose_policy(*, actor: Actor, profile: str, version: int, live_from: date, today: date) -> ContactPolicy:
    """Ask for the approval of a draft, to hold from a day.

    :raises PolicyUnknown, PolicyNotDraft: there is no draft of that version
    :raises PolicyDayPast, PolicyDayTaken, ProductOfOtherProfile, PolicyMalformed: it cannot hold as it is from that day
    """
    policy = _locked(profile, version)
    if policy.status != Status.DRAFT:
        raise PolicyNotDraft(str(policy), policy.get_status_display())
    _check_ready(policy, live_from, today)
    policy.status, policy.live_from = Status.PROPOSED, live_from
    policy.save(update_fields=["status", "live_from"])
    after = {"status": policy.status, "live_from": live_from.isoformat()}
    _record(policy, actor, DRAFT_CONTACT_POLICY, before={"status": "draft"}, after=after)
    return policy


@transaction.atomic
def approve_policy(*, actor: Actor, profile: str, version: int, today: date) -> ContactPolicy:
    """Approve what somebody else proposed: it holds from its day on, and is never changed again.

    :raises PolicyUnknown, PolicyNotProposed: there is nothing to approve of that version
    :raises OwnPolicyDraft: whoever asks wrote it, or is no person
    :raises PolicyDayPast, PolicyDayTaken, ProductOfOtherProfile, PolicyMalformed: it can no longer hold as proposed
    """
    policy = _locked(profile, version)
    if policy.status != Status.PROPOSED or policy.live_from is None:
        raise PolicyNotProposed(str(policy), policy.get_status_display())
    if actor.user_id is None or actor.user_id in {policy.drafted_by_id, *policy.editors}:
        raise OwnPolicyDraft(str(policy), _names(policy))
    # Two profiles that are approved at once wait for each other here; the second sees the products of the first.
    list(ContactPolicy.objects.select_for_update().filter(status=Status.APPROVED).order_by("pk").values_list("pk"))
    _check_ready(policy, policy.live_from, today)
    policy.status = Status.APPROVED
    policy.approved_by_id, policy.approved_by_name, policy.approved_at = actor.user_id, actor.name, timezone.now()
    policy.save(update_fields=["status", "approved_by", "approved_by_name", "approved_at"])
    after = {"status": policy.status, "live_from": policy.live_from.isoformat(), **_said(policy)}
    _record(policy, actor, APPROVE_CONTACT_POLICY, before={"status": "proposed"}, after=after)
    return policy


@transaction.atomic
def return_policy(*, actor: Actor, profile: str, version: int, reason: str) -> ContactPolicy:
    """Send a proposal back to be a draft again.

    :raises PolicyUnknown, PolicyNotProposed: there is nothing to send back
    :raises ReasonNeeded: nothing is written in it
    """
    policy = _locked(profile, version)
    if policy.status != Status.PROPOSED:
        raise PolicyNotProposed(str(policy), policy.get_status_display())
    if not reason.strip():
        raise ReasonNeeded
    policy.status, policy.live_from = Status.DRAFT, None
    policy.revision += 1
    policy.save(update_fields=["status", "live_from", "revision"])
    _record(
        policy,
        actor,
        APPROVE_CONTACT_POLICY,
        before={"status": "proposed"},
        after={"status": policy.status},
        reason=reason,
    )
    return policy


@transaction.atomic
def withdraw_policy(*, actor: Actor, profile: str, version: int, reason: str, today: date) -> ContactPolicy:
    """Drop a draft, or withdraw an approved version before its day; what held before goes on to hold.

    :raises PolicyUnknown: there is no such version
    :raises PolicyHasBegun: it holds, or has held
    :raises PolicyNotDraft: it was withdrawn before
    :raises ReasonNeeded: nothing is written in it
    """
    policy = _locked(profile, version)
    if policy.status == Status.WITHDRAWN:
        raise PolicyNotDraft(str(policy), policy.get_status_display())
    if policy.status == Status.APPROVED and (policy.live_from is None or policy.live_from <= today):
        raise PolicyHasBegun(str(policy), policy.live_from)
    if not reason.strip():
        raise ReasonNeeded
    before = policy.status
    policy.status = Status.WITHDRAWN
    policy.save(update_fields=["status"])
    action = APPROVE_CONTACT_POLICY if before == Status.APPROVED else DRAFT_CONTACT_POLICY
    _record(policy, actor, action, before={"status": before}, after={"status": policy.status}, reason=reason)
    return policy


def _check_ready(policy: ContactPolicy, live_from: date, today: date) -> None:
    """Refuse what cannot hold from a day on."""
    if not today < live_from <= LAST_DAY:
        raise PolicyDayPast(live_from, today)
    _check(policy)
    approved = ContactPolicy.objects.filter(status=Status.APPROVED)
    taken = approved.filter(profile=policy.profile, live_from=live_from).first()
    if taken is not None:
        raise PolicyDayTaken(str(taken), live_from)
    # On the first day the versions that hold then count, and every one that begins later.
    others: dict[str, list[ContactPolicy]] = {}
    for other in approved.exclude(profile=policy.profile).order_by("profile", "live_from"):
        of_profile = others.setdefault(other.profile, [])
        if other.live_from is not None and other.live_from <= live_from:
            of_profile.clear()
        of_profile.append(other)
    named = set(policy.products)
    for other in (row for rows in others.values() for row in rows):
        both = sorted(named & set(other.products))
        if both:
            raise ProductOfOtherProfile(both[0], str(other))


def _check(policy: ContactPolicy) -> None:
    """Refuse figures that cannot be."""
    try:
        said = set(ContactPolicy.SAID)
        policy.clean_fields(exclude={field.name for field in policy._meta.fields if field.name not in said})
    except ValidationError as invalid:
        field = next(iter(invalid.message_dict))
        raise PolicyMalformed(field, " ".join(invalid.message_dict[field])) from None
    if policy.opens_at >= policy.closes_at:
        raise PolicyMalformed("opens_at", _("Contacts begin before they end; give two times of one day in that order."))
    for smaller, larger in _IN_ORDER:
        less, more = getattr(policy, smaller), getattr(policy, larger)
        if less is not None and more is not None and less > more:
            raise PolicyMalformed(
                smaller,
                _("%(less)s is more than %(more)s, the figure for the longer span; lower it.") % {"less": less, "more": more},
            )
    for name in policy.notices_pass if isinstance(policy.notices_pass, list) else [policy.notices_pass]:
        if name not in list(Hold):
            raise PolicyMalformed("notices_pass", _("There is no hold “%(hold)s”.") % {"hold": name})
    known = set(Product.objects.filter(product_code__in=policy.products).values_list("product_code", flat=True))
    for code in policy.products:
        if code not in known:
            raise PolicyMalformed("products", _("There is no product “%(product)s”.") % {"product": code})


def _locked(profile: str, version: int) -> ContactPolicy:
    policy = ContactPolicy.objects.select_for_update(of=("self",)).filter(profile=profile, version=version).first()
    if policy is None:
        raise PolicyUnknown(profile, version)
    return policy


def _said(policy: ContactPolicy) -> dict[str, Any]:
    plain = {name: getattr(policy, name) for name in ContactPolicy.SAID}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in plain.items()}


def _names(policy: ContactPolicy) -> list[str]:
    people = get_user_model().objects.filter(pk__in={policy.drafted_by_id, *policy.editors} - {None})
    return sorted(person.get_full_name() or person.get_username() for person in people)


def _record(
    policy: ContactPolicy,
    actor: Actor,
    action: str,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="contact policy",
        subject_key=str(policy),
        before=before,
        after=after,
        reason=reason.strip(),
    )
