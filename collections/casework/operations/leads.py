"""To whom an account may be escalated: the leads of the teams that its queue belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from django.contrib.auth import get_user_model

from casework.models import Queue
from riskops.shared.people.models import Team
from riskops.shared.scope import Scope, scope_of


def leads_of(queue: Queue) -> list[int]:
    """Return the active leads of a queue's open teams, those of the oldest team first, whether they are there today or not."""
    teams = Team.objects.filter(is_open=True, lead__is_active=True).order_by("pk")
    if queue.team_id or queue.owner_kind:
        teams = teams.filter(pk=queue.team_id) if queue.team_id else teams.filter(kind=queue.owner_kind)
    return [lead_id for lead_id in teams.values_list("lead_id", flat=True) if lead_id is not None]


def sights_of(lead_ids: Collection[int]) -> dict[int, Scope]:
    """Return what each of some leads may see today: what is out of their sight would be lost with them."""
    return {lead.pk: scope_of(lead) for lead in get_user_model().objects.filter(pk__in=lead_ids)}


def seeing(lead_ids: Iterable[int], product_code: str, sights: Mapping[int, Scope]) -> list[int]:
    """Return those of some leads, in their order, who may see accounts of a product.

    :param sights: what each of them may see; one who is gone since the teams were read is not among them, and sees nothing
    """
    return [lead_id for lead_id in lead_ids if lead_id in sights and sights[lead_id].takes(product_code)]
