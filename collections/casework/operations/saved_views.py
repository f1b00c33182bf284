"""Saved views of the worklist: a name for what the address asks for."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction

from casework.models import SavedView
from casework.operations.work_refusals import ViewMalformed, ViewNameTaken, ViewUnknown
from casework.work_roles import SAVE_VIEW
from riskops.shared.audit import Actor, record

#: What a view keeps of an address; where the reader stood in the list is not part of it.
KEPT: Final = ("queue", "show", "rule")


@transaction.atomic
def save_view(*, actor: Actor, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep what the worklist's address asks for under a name.

    :raises ViewMalformed, ViewNameTaken: not under that name
    """
    name = " ".join(name.split())
    kept = urlencode([(key, value) for key, value in parse_qsl(query.lstrip("?")) if key in KEPT])
    if not 1 <= len(name) <= 60 or len(kept) > 2_000:
        raise ViewMalformed
    try:
        with transaction.atomic():
            view = SavedView.objects.create(owner_id=actor.user_id or 0, name=name, query=kept, is_shared=is_shared)
    except IntegrityError:
        raise ViewNameTaken(name) from None
    after = {"query": kept, "is_shared": is_shared}
    record(actor=actor, action=SAVE_VIEW, subject_type="view", subject_key=name, after=after)
    return view


@transaction.atomic
def delete_view(*, actor: Actor, view_id: int) -> None:
    """Delete one's own view.

    :raises ViewUnknown: there is none, or somebody else's
    """
    view = SavedView.objects.select_for_update().filter(pk=view_id, owner_id=actor.user_id).first()
    if view is None:
        raise ViewUnknown
    before = {"query": view.query, "is_shared": view.is_shared}
    record(actor=actor, action=SAVE_VIEW, subject_type="view", subject_key=view.name, before=before)
    view.delete()
