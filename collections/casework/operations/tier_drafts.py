"""Tier policies as they are written: the next version copied, changed, dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.facts import ACCOUNT_FACTS
from casework.models import BusinessCalendar, Tier, TierPolicy
from casework.operations.refusals import (
    DraftChangedMeanwhile,
    NotADraft,
    ReasonNeeded,
    TierPolicyUnknown,
    TierProblem,
    TiersMalformed,
)
from casework.roles import DRAFT_TIERS
from riskops.shared.audit import Actor, record
from riskops.shared.models import Team
from riskops.shared.rule_language import RuleRefusal, parse_rule

#: A policy of more tiers is no longer one that people keep in mind; and each is a CASE of the nightly statement.
MOST_TIERS: Final = 30
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
#: The longest service time, a working year.
MOST_MINUTES: Final = 250 * 24 * 60


@dataclass(frozen=True, slots=True)
class TierDraft:
    """One tier as it is typed; its place is its place in the list."""

    code: str
    name_en: str
    name_zh: str
    rule: str
    tone: str = Tier.Tone.M0
    queue: str = ""
    owner_team_id: int | None = None
    owner_kind: str = ""
    service_minutes: int | None = None
    interventions: tuple[str, ...] = ()

    @classmethod
    def of(cls, tier: Tier) -> TierDraft:
        """Return a stored tier as it would be typed."""
        columns = {name: getattr(tier, name) for name in cls.__dataclass_fields__}
        return cls(**{**columns, "interventions": tuple(tier.interventions)})


def locked_policy(version: int) -> TierPolicy:
    """Return a version, locked until the transaction ends.

    :raises TierPolicyUnknown: there is none
    """
    policy = TierPolicy.objects.select_for_update(of=("self",)).select_related("calendar").filter(version=version).first()
    if policy is None:
        raise TierPolicyUnknown(version)
    return policy


def editable_policy(version: int) -> TierPolicy:
    """Return a draft, locked.

    :raises TierPolicyUnknown, NotADraft: there is none, or it takes no change any more
    """
    policy = locked_policy(version)
    if not policy.is_editable:
        raise NotADraft(version, policy.get_status_display())
    return policy


@transaction.atomic
def draft_policy(*, actor: Actor, copy_of: int, note: str = "") -> TierPolicy:
    """Begin the next version as a copy of one there is.

    :raises TierPolicyUnknown: there is no such version to copy
    """
    source = locked_policy(copy_of)
    # Two who begin at once wait for each other here, and count on from each other.
    TierPolicy.objects.select_for_update(of=("self",)).order_by("-version").first()
    last = TierPolicy.objects.aggregate(last=Max("version"))["last"]
    policy = TierPolicy.objects.create(
        version=last + 1,
        calendar=source.calendar,
        note=note,
        drafted_by_id=actor.user_id,
        drafted_by_name=actor.name,
        editors=[actor.user_id] if actor.user_id else [],
    )
    _write_tiers(policy, [TierDraft.of(tier) for tier in source.tiers.order_by("position")])
    _record(policy, actor, after={"version": policy.version, "copy_of": copy_of, "note": note})
    return policy


@transaction.atomic
def change_draft(
    *, actor: Actor, version: int, revision: int, note: str, calendar_id: int, tiers: Sequence[TierDraft]
) -> TierPolicy:
    """Write a draft anew, as a whole. A dry run of what it was before no longer counts.

    :param revision: that of the draft which the person saw
    :raises TierPolicyUnknown, NotADraft, DraftChangedMeanwhile: there is no draft, or another one than was seen
    :raises TiersMalformed: all that is wrong, by tier and field
    """
    policy = editable_policy(version)
    if policy.revision != revision:
        raise DraftChangedMeanwhile(version, policy.changed_by_name or policy.drafted_by_name)
    problems = problems_of(tiers)
    if not BusinessCalendar.objects.filter(pk=calendar_id).exists():
        problems.append(TierProblem(0, "calendar", _("There is no such calendar.")))
    if problems:
        raise TiersMalformed(problems)
    before = _described(policy)
    policy.note, policy.calendar_id = note, calendar_id
    policy.revision += 1
    policy.changed_by_name = actor.name
    if actor.user_id and actor.user_id not in policy.editors:
        policy.editors = [*policy.editors, actor.user_id]
    policy.dry_run = policy.dry_run_revision = None
    policy.save()
    policy.tiers.all().delete()
    _write_tiers(policy, tiers)
    _record(policy, actor, before=before, after=_described(policy))
    return policy


@transaction.atomic
def drop_draft(*, actor: Actor, version: int, reason: str) -> TierPolicy:
    """Give a draft up. Its number is not used again.

    :raises TierPolicyUnknown, NotADraft: there is no draft of that version
    :raises ReasonNeeded: nothing is written in it
    """
    policy = editable_policy(version)
    if not reason.strip():
        raise ReasonNeeded
    policy.status = TierPolicy.Status.WITHDRAWN
    policy.save(update_fields=["status"])
    _record(policy, actor, before={"status": "draft"}, after={"status": policy.status}, reason=reason)
    return policy


def problems_of(tiers: Sequence[TierDraft]) -> list[TierProblem]:
    """Return all that is wrong with tiers, by place and field; [] if they can stand."""
    problems: list[TierProblem] = []
    if not tiers:
        problems.append(TierProblem(0, "tiers", _("A policy has at least one tier; add one.")))
    if len(tiers) > MOST_TIERS:
        problems.append(TierProblem(0, "tiers", _("A policy has at most %(most)s tiers.") % {"most": MOST_TIERS}))
    teams = set(Team.objects.filter(is_open=True).values_list("pk", flat=True))
    seen: dict[str, int] = {}
    for place, tier in enumerate(tiers, start=1):
        problems += [TierProblem(place, field, message) for field, message in _problems_of_one(tier, teams)]
        first = seen.setdefault(tier.code, place)
        if first != place:
            problems.append(
                TierProblem(place, "code", _("“%(code)s” is tier %(first)s already.") % {"code": tier.code, "first": first})
            )
    return problems


def _problems_of_one(tier: TierDraft, teams: set[int]) -> list[tuple[str, str]]:
    problems: list[tuple[str, str]] = []
    if not _CODE.fullmatch(tier.code):
        problems.append(("code", _("Use 1 to 32 small letters, digits and hyphens, e.g. early-2.")))
    for field in ("name_en", "name_zh"):
        if not 1 <= len(getattr(tier, field).strip()) <= 60:
            problems.append((field, _("Give a name of 1 to 60 characters.")))
    try:
        parse_rule(tier.rule, ACCOUNT_FACTS)
    except RuleRefusal as refusal:
        problems.append(("rule", str(refusal)))
    if tier.tone not in Tier.Tone.values:
        problems.append(("tone", _("Pick one of %(tones)s.") % {"tones": ", ".join(Tier.Tone.values)}))
    if len(tier.queue) > 60:
        problems.append(("queue", _("A queue's name has at most 60 characters.")))
    if tier.owner_team_id is not None and tier.owner_team_id not in teams:
        problems.append(("owner_team", _("There is no such open team.")))
    if tier.owner_kind and tier.owner_kind not in Team.Kind.values:
        problems.append(("owner_kind", _("Pick one of %(kinds)s.") % {"kinds": ", ".join(Team.Kind.values)}))
    if tier.service_minutes is not None and not 1 <= tier.service_minutes <= MOST_MINUTES:
        problems.append(("service_minutes", _("Give 1 to %(most)s minutes, or nothing.") % {"most": MOST_MINUTES}))
    unknown = sorted(set(tier.interventions) - set(Tier.Intervention.values))
    if unknown:
        problems.append(("interventions", _("There is no intervention %(names)s.") % {"names": ", ".join(unknown)}))
    return problems


def _write_tiers(policy: TierPolicy, tiers: Sequence[TierDraft]) -> None:
    Tier.objects.bulk_create(
        Tier(policy=policy, position=place, **{**asdict(tier), "interventions": list(tier.interventions)})
        for place, tier in enumerate(tiers, start=1)
    )


def _described(policy: TierPolicy) -> dict[str, Any]:
    """Return what the trail keeps of a draft: the whole of it, since a change may touch anything."""
    tiers = [
        {**asdict(TierDraft.of(tier)), "interventions": list(tier.interventions)} for tier in policy.tiers.order_by("position")
    ]
    return {"revision": policy.revision, "note": policy.note, "calendar_id": policy.calendar_id, "tiers": tiers}


def _record(policy: TierPolicy, actor: Actor, *, after: dict[str, Any], before: Any = None, reason: str = "") -> None:
    record(
        actor=actor,
        action=DRAFT_TIERS,
        subject_type="tier policy",
        subject_key=str(policy.version),
        before=before,
        after=after,
        reason=reason,
    )
