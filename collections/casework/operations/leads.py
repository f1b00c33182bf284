"""To whom an account may be escalated: the leads of the teams that its queue belongs to."""

from __future__ import annotations

from casework.models import Queue
from riskops.shared.people.models import Team


def leads_of(queue: Queue) -> list[int]:
    """Return the active leads of a queue's open teams, those of the oldest team first, whether they are there today or not."""
    teams = Team.objects.filter(is_open=True, lead__is_active=True).order_by("pk")
    if queue.team_id or queue.owner_kind:
        teams = teams.filter(pk=queue.team_id) if queue.team_id else teams.filter(kind=queue.owner_kind)
    return [int(lead_id or 0) for lead_id in teams.values_list("lead_id", flat=True)]
