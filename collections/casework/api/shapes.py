"""What the casework's API takes and gives. Amounts are decimal strings in the currency's digits, days are ISO."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from casework.models import Tier, TierPolicy
from casework.queries.dry_run import DryRun, Mover
from casework.queries.why import Why
from casework.queries.workload import Workload
from riskops.shared.models import Team
from riskops.shared.money import minor_digits, plain_amount


class TierShape(serializers.Serializer[Any]):
    """One tier: an account is in the first one, in the order of the list, whose rule holds."""

    code = serializers.CharField(max_length=32)
    name_en = serializers.CharField(max_length=60)
    name_zh = serializers.CharField(max_length=60)
    rule = serializers.CharField(max_length=4_000)
    tone = serializers.ChoiceField(choices=Tier.Tone.values)
    queue = serializers.CharField(max_length=60, allow_blank=True, default="")
    owner_team_id = serializers.IntegerField(allow_null=True, default=None)
    owner_kind = serializers.ChoiceField(choices=Team.Kind.values, allow_blank=True, default="")
    service_minutes = serializers.IntegerField(min_value=1, allow_null=True, default=None, help_text="of working time")
    interventions = serializers.ListField(child=serializers.ChoiceField(choices=Tier.Intervention.values), default=list)


class TierPolicyShape(serializers.Serializer[Any]):
    """One version of the policy, without its tiers."""

    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=TierPolicy.Status.values)
    is_live = serializers.BooleanField()
    note = serializers.CharField()
    live_from = serializers.DateField(allow_null=True)
    revision = serializers.IntegerField()
    calendar = serializers.CharField()
    drafted_by = serializers.CharField()
    drafted_at = serializers.DateTimeField()
    approved_by = serializers.CharField(allow_blank=True)
    approved_at = serializers.DateTimeField(allow_null=True)


class TierPoliciesShape(serializers.Serializer[Any]):
    """Every version, the newest first."""

    results = TierPolicyShape(many=True)


class FlowShape(serializers.Serializer[Any]):
    """Accounts of one product that are in one tier and would be in another, or stay."""

    from_tier = serializers.CharField(allow_blank=True)
    to_tier = serializers.CharField(allow_blank=True)
    product_code = serializers.CharField()
    currency = serializers.CharField()
    accounts = serializers.IntegerField()
    exposure = serializers.CharField()


class CrowdingShape(serializers.Serializer[Any]):
    """All accounts would be in this tier; "" is none."""

    tier = serializers.CharField(allow_blank=True)
    accounts = serializers.IntegerField()


class WorkloadShape(serializers.Serializer[Any]):
    """The accounts in the queues of one owner, and what its people can do in a day."""

    team = serializers.CharField(allow_blank=True)
    kind = serializers.CharField(allow_blank=True)
    accounts_before = serializers.IntegerField()
    accounts_after = serializers.IntegerField()
    added = serializers.IntegerField()
    daily_capacity = serializers.IntegerField()
    days_to_work_through = serializers.IntegerField(allow_null=True)


class DryRunShape(serializers.Serializer[Any]):
    """What a version would do to the book of a day; cut to the products you may see."""

    as_of = serializers.DateField()
    is_current = serializers.BooleanField(help_text="of the present text, and of the present book")
    accounts = serializers.IntegerField()
    movers = serializers.IntegerField()
    took_ms = serializers.IntegerField()
    flows = FlowShape(many=True)
    all_in_one_tier = CrowdingShape(allow_null=True)
    left_out = serializers.IntegerField(help_text="accounts that are in a tier and would be in none")
    workloads = WorkloadShape(many=True)


class TierPolicyDetailShape(TierPolicyShape):
    """One version with its tiers and its last dry run."""

    tiers = TierShape(many=True)
    dry_run = DryRunShape(allow_null=True)


class CalendarShape(serializers.Serializer[Any]):
    """Working hours in one place; holidays by the country's code, empty for none."""

    name = serializers.CharField(max_length=60)
    country = serializers.CharField(max_length=2, allow_blank=True, default="")
    time_zone = serializers.CharField(max_length=40)
    weekdays = serializers.CharField(max_length=7, help_text="ISO days: 1 is Monday")
    opens_at = serializers.TimeField()
    closes_at = serializers.TimeField()


class CalendarsShape(serializers.Serializer[Any]):
    """Every calendar."""

    results = CalendarShape(many=True)


class DraftRequest(serializers.Serializer[Any]):
    """Which version to copy."""

    copy_of = serializers.IntegerField(min_value=1)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class ChangeRequest(serializers.Serializer[Any]):
    """A draft, written anew as a whole; `revision` is that of the draft you saw."""

    revision = serializers.IntegerField(min_value=1)
    note = serializers.CharField(max_length=500, allow_blank=True, default="")
    calendar = serializers.CharField(max_length=60)
    tiers = TierShape(many=True)


class ProposeRequest(serializers.Serializer[Any]):
    """The first day it should be live."""

    live_from = serializers.DateField()


class ApproveRequest(serializers.Serializer[Any]):
    """Say so where every account would be in one tier, or in none, and that is meant."""

    despite_crowding = serializers.BooleanField(default=False)


class ReasonRequest(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500)


class MoverShape(serializers.Serializer[Any]):
    """An account that would move."""

    account_no = serializers.CharField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    exposure = serializers.CharField()
    currency = serializers.CharField()
    from_tier = serializers.CharField(allow_blank=True)
    to_tier = serializers.CharField(allow_blank=True)


class MoversShape(serializers.Serializer[Any]):
    """A page of movers. `next` is the value of `after` that the next page begins with, null on the last one."""

    as_of = serializers.DateField()
    results = MoverShape(many=True)
    next = serializers.IntegerField(allow_null=True)


class TriedShape(serializers.Serializer[Any]):
    """A tier that was tried, with every comparison: the rule's value beside the account's (null: absent)."""

    tier = serializers.CharField()
    rule = serializers.CharField()
    holds = serializers.BooleanField()
    why = serializers.JSONField(help_text="comparisons, joined by and / or; amounts × 10⁴, percentages × 10²")


class TierChangeShape(serializers.Serializer[Any]):
    """A change of tier."""

    as_of = serializers.DateField()
    recorded_at = serializers.DateTimeField()
    from_tier = serializers.CharField(allow_blank=True)
    to_tier = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()


class WhyShape(serializers.Serializer[Any]):
    """Why an account is in its tier."""

    account_no = serializers.CharField()
    tier = serializers.CharField(allow_blank=True)
    as_of = serializers.DateField()
    version = serializers.IntegerField()
    tried = TriedShape(many=True)
    facts = serializers.JSONField()
    changes = TierChangeShape(many=True)


class TierRefusalShape(serializers.Serializer[Any]):
    """Why nothing was done. `problems` lists what is wrong by tier (from 1) and field, where tiers are."""

    code = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()
    problems = serializers.ListField(child=serializers.DictField(), required=False)


def policy_out(policy: TierPolicy, *, is_live: bool) -> dict[str, Any]:
    """Return a version as `TierPolicyShape`."""
    return {
        "version": policy.version,
        "status": policy.status,
        "is_live": is_live,
        "note": policy.note,
        "live_from": policy.live_from,
        "revision": policy.revision,
        "calendar": policy.calendar.name,
        "drafted_by": policy.drafted_by_name,
        "drafted_at": policy.drafted_at,
        "approved_by": policy.approved_by_name,
        "approved_at": policy.approved_at,
    }


def tier_out(tier: Tier) -> dict[str, Any]:
    """Return a tier as `TierShape`."""
    return {name: getattr(tier, name) for name in TierShape().fields}


def dry_run_out(
    found: DryRun, *, is_current: bool, workloads: tuple[Workload, ...], currencies: dict[str, str]
) -> dict[str, Any]:
    """Return a dry run as `DryRunShape`."""
    crowded = found.crowding
    return {
        "as_of": found.as_of,
        "is_current": is_current,
        "accounts": found.accounts,
        "movers": found.movers,
        "took_ms": found.took_ms,
        "flows": [
            {
                **flow._asdict(),
                "currency": currencies[flow.product_code],
                "exposure": _amount(flow.exposure_minor, currencies[flow.product_code]),
            }
            for flow in found.flows
        ],
        "all_in_one_tier": {"tier": crowded.code, "accounts": crowded.accounts} if crowded else None,
        "left_out": found.left_out,
        "workloads": [
            {
                "team": load.team_name,
                "kind": load.kind,
                "accounts_before": load.accounts_before,
                "accounts_after": load.accounts_after,
                "added": load.added,
                "daily_capacity": load.daily_capacity,
                "days_to_work_through": load.days_to_work_through,
            }
            for load in workloads
        ],
    }


def mover_out(mover: Mover) -> dict[str, Any]:
    """Return a mover as `MoverShape`."""
    return {
        "account_no": mover.account_no,
        "days_past_due": mover.days_past_due,
        "bucket": f"m{mover.bucket}",
        "exposure": _amount(mover.exposure_minor, mover.currency),
        "currency": mover.currency,
        "from_tier": mover.from_tier,
        "to_tier": mover.to_tier,
    }


def why_out(account_no: str, why: Why) -> dict[str, Any]:
    """Return an explanation as `WhyShape`."""
    return {
        "account_no": account_no,
        "tier": why.stored,
        "as_of": why.as_of,
        "version": why.version,
        "tried": [{"tier": tried.tier.code, **tried.explanation.as_json()} for tried in why.tried],
        "facts": dict(why.facts),
        "changes": [
            {
                "as_of": change.as_of,
                "recorded_at": change.recorded_at,
                "from_tier": change.from_tier,
                "to_tier": change.to_tier,
                "version": change.policy.version,
            }
            for change in why.changes
        ],
    }


def _amount(minor: int, currency: str) -> str:
    return plain_amount(minor, digits=minor_digits(currency))
