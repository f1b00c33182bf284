"""What the people's room tells the others, after commit."""

from __future__ import annotations

from django.db import transaction
from django.dispatch import Signal

from riskops.shared.audit import Actor
from riskops.shared.people.models import Absence

#: Somebody's absence was entered. Arguments: user_id, first_day, last_day, actor (who entered it).
absence_entered = Signal()


def tell_absence_entered(absence: Absence, actor: Actor) -> None:
    """Send `absence_entered` once the present transaction is committed; a listener that fails harms no other.

    Nothing is lost with one that fails: the next close asks who is away.
    """
    told = {"user_id": absence.user_id, "first_day": absence.first_day, "last_day": absence.last_day, "actor": actor}
    transaction.on_commit(lambda: absence_entered.send_robust(sender=None, **told))
