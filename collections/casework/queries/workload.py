"""What tiers ask of the teams that own them, against what those teams can do in a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from casework.models import Tier
from casework.queries.dry_run import DryRun
from riskops.shared.models import Absence, Membership, Team
from riskops.shared.scope import current


@dataclass(frozen=True, slots=True)
class Workload:
    """The accounts in the queues of one owner: as it is, as it would be, and how many of those are new to it.

    :param team_id: None: any open team of the kind `kind`; both empty: nobody owns them
    :param daily_capacity: the accounts that its people who are not absent can work in a day
    """

    team_id: int | None
    team_name: str
    kind: str
    accounts_before: int
    accounts_after: int
    added: int
    daily_capacity: int

    @property
    def days_to_work_through(self) -> int | None:
        """The days that what is added takes, None where nobody is there to do it."""
        if not self.added:
            return 0
        return -(-self.added // self.daily_capacity) if self.daily_capacity else None


_Owner = tuple[int | None, str]


def workloads(found: DryRun, *, before: Iterable[Tier], after: Iterable[Tier], today: date) -> tuple[Workload, ...]:
    """Return the work of each owner of a queue, the largest addition first. Tiers without a queue ask nothing of anybody.

    :param today: of the wall clock; who is in a team, and who is absent, is asked for that day
    """
    owners_before = {tier.code: _owner(tier) for tier in before if tier.queue}
    owners_after = {tier.code: _owner(tier) for tier in after if tier.queue}
    counts: dict[_Owner, list[int]] = {}
    for flow in found.flows:
        was, becomes = owners_before.get(flow.from_tier), owners_after.get(flow.to_tier)
        if was is not None:
            counts.setdefault(was, [0, 0, 0])[0] += flow.accounts
        if becomes is not None:
            row = counts.setdefault(becomes, [0, 0, 0])
            row[1] += flow.accounts
            row[2] += flow.accounts if becomes != was else 0
    names = dict(Team.objects.values_list("pk", "name"))
    loads = [
        Workload(team, names.get(team or 0, ""), kind, held, would_hold, added, _capacity(team, kind, today))
        for (team, kind), (held, would_hold, added) in counts.items()
    ]
    return tuple(sorted(loads, key=lambda load: (-load.added, -load.accounts_after, load.team_name, load.kind)))


def _owner(tier: Tier) -> _Owner:
    return (tier.owner_team_id, "") if tier.owner_team_id else (None, tier.owner_kind)


def _capacity(team_id: int | None, kind: str, today: date) -> int:
    members = current(Membership.objects.filter(team__is_open=True, user__is_active=True), today)
    if team_id is not None:
        members = members.filter(team_id=team_id)
    elif kind:
        members = members.filter(team__kind=kind)
    else:
        return 0
    absent = Absence.objects.filter(first_day__lte=today, last_day__gte=today).values("user_id")
    return int(members.exclude(user_id__in=absent).aggregate(sum=Sum("daily_capacity"))["sum"] or 0)
