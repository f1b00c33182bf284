"""A dispute while it is open: taken, assigned, its evidence kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.operations import review_refusals as files
from accounts.operations.attachments import KINDS, MOST_FILES, clean_name, forget_content, kind_of, read_content, store_content
from casework.dispute_roles import ASSIGN_DISPUTE, WORK_DISPUTE
from casework.models import Dispute, DisputeFile
from casework.operations.disputes import refusals
from casework.operations.disputes.opening import note
from riskops.shared.audit import Actor
from riskops.shared.models import Team
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import Role, may, roles_of
from riskops.shared.scope import scope_of

#: Who may work on the dispute of somebody else.
_MAY_TAKE_OVER: Final = frozenset({Role.TEAM_LEAD})


def hold_dispute(dispute_id: int, *, actor: Actor, version: int | None = None) -> Dispute:
    """Return a dispute locked, as somebody saw it.

    :raises DisputeUnknown: there is none
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises DisputeChanged: it is of another version
    """
    dispute = (
        Dispute.objects.select_for_update(of=("self",))
        .select_related("account__product", "kind", "assigned_to", "team", "customer")
        .filter(pk=dispute_id)
        .first()
    )
    if dispute is None:
        raise refusals.DisputeUnknown(dispute_id)
    refuse_conflict(actor, dispute.customer_id)
    if version is not None and dispute.version != version:
        raise refusals.DisputeChanged(dispute_id, version, dispute.version)
    return dispute


def refuse_not_open(dispute: Dispute) -> None:
    """Refuse to change what is closed or waits for the second person.

    :raises DisputeNotOpen: says how it stands
    """
    if dispute.status != Dispute.Status.OPEN:
        raise refusals.DisputeNotOpen(dispute.pk, dispute.get_status_display())


def take_on(dispute: Dispute, actor: Actor) -> None:
    """Make a dispute of nobody the one of whoever works on it; the caller saves it.

    :raises DisputeNotOpen, DisputeOfSomebodyElse: it cannot be worked on, or not by this person
    """
    refuse_not_open(dispute)
    if actor.user_id is None or dispute.assigned_to_id == actor.user_id:
        return
    if dispute.assigned_to is None:
        dispute.assigned_to_id = actor.user_id
    elif not _MAY_TAKE_OVER & roles_of_actor(actor):
        raise refusals.DisputeOfSomebodyElse(dispute.pk, dispute.assigned_to.get_username())


def may_work_on(user: Any, dispute: Dispute) -> bool:
    """Return whether somebody may work on a dispute now: it is open, and theirs, nobody's, or they lead the team."""
    if dispute.status != Dispute.Status.OPEN or not may(user, WORK_DISPUTE):
        return False
    return dispute.assigned_to_id in (None, user.pk) or bool(_MAY_TAKE_OVER & roles_of(user))


def touch(dispute: Dispute, *columns: str) -> None:
    """Save columns of a dispute; its version counts up."""
    dispute.version += 1
    dispute.save(update_fields=["version", "assigned_to", *columns])


@transaction.atomic
def take_dispute(*, actor: Actor, dispute_id: int) -> Dispute:
    """Take a dispute of nobody.

    :raises DisputeUnknown, DisputeNotOpen, ConflictDeclared: there is none to take
    :raises DisputeOfSomebodyElse: somebody has it
    """
    dispute = hold_dispute(dispute_id, actor=actor)
    refuse_not_open(dispute)
    if dispute.assigned_to is not None and dispute.assigned_to_id != actor.user_id:
        raise refusals.DisputeOfSomebodyElse(dispute.pk, dispute.assigned_to.get_username())
    if dispute.assigned_to_id == actor.user_id:
        return dispute
    dispute.assigned_to_id = actor.user_id
    touch(dispute)
    note(actor, WORK_DISPUTE, dispute, before={"assigned_to": None}, after={"assigned_to": actor.name})
    return dispute


@transaction.atomic
def assign_dispute(*, actor: Actor, dispute_id: int, username: str, team_id: int | None) -> Dispute:
    """Give a dispute to a person, to a team, to both or to nobody.

    :param username: "" for nobody; the person must be able to work on it, see its account and have no conflict
    :raises DisputeUnknown, DisputeNotOpen, ConflictDeclared: there is none to assign
    :raises AssigneeUnfitForDispute: the person or team cannot have it, and why
    """
    dispute = hold_dispute(dispute_id, actor=actor)
    refuse_not_open(dispute)
    person = _assignee(username.strip(), dispute) if username.strip() else None
    team = None
    if team_id is not None:
        team = Team.objects.filter(pk=team_id, is_open=True).first()
        if team is None:
            raise refusals.AssigneeUnfitForDispute(str(team_id), _("there is no open team of that number"))
    before = _assigned(dispute)
    dispute.assigned_to, dispute.team = person, team
    if before == _assigned(dispute):
        return dispute
    touch(dispute, "team")
    note(actor, ASSIGN_DISPUTE, dispute, before=before, after=_assigned(dispute))
    return dispute


def _assigned(dispute: Dispute) -> dict[str, Any]:
    who = dispute.assigned_to
    return {"assigned_to": who.get_username() if who else None, "team": dispute.team.name if dispute.team else None}


def _assignee(username: str, dispute: Dispute) -> Any:
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None:
        raise refusals.AssigneeUnfitForDispute(username, _("there is no active person of that name"))
    if not may(person, WORK_DISPUTE):
        raise refusals.AssigneeUnfitForDispute(username, _("their roles do not let them work on disputes"))
    if not scope_of(person).permits(dispute.account_id):
        raise refusals.AssigneeUnfitForDispute(username, _("the account is out of their sight"))
    if dispute.customer_id in conflicted_customers(person):
        raise refusals.AssigneeUnfitForDispute(username, _("they have a conflict of interest with the customer"))
    return person


def add_evidence(*, actor: Actor, dispute_id: int, name: str, chunks: Iterable[bytes], size_bytes: int) -> DisputeFile:
    """Keep a file with a dispute that is not closed, whoever works on it.

    :raises DisputeUnknown, DisputeNotOpen, ConflictDeclared: there is none to keep it with
    :raises FileTooLarge, FileEmpty, FileKindUnknown, FileThereAlready, TooManyFiles: it is not taken
    """
    content = read_content(chunks, size_bytes)
    ending = kind_of(content)
    with transaction.atomic():
        dispute = hold_dispute(dispute_id, actor=actor)
        refuse_not_open(dispute)
        if ending is None:
            raise files.FileKindUnknown(name, tuple(KINDS))
        digest = hashlib.sha256(content).hexdigest()
        there = dispute.files.filter(sha256=digest).first()
        if there is not None:
            raise refusals.EvidenceThereAlready(there.name)
        if dispute.files.count() >= MOST_FILES:
            raise refusals.TooMuchEvidence(MOST_FILES)
        stored_as = f"dispute-{dispute_id}-{secrets.token_hex(16)}"
        store_content(stored_as, content)
        try:
            with transaction.atomic():
                kept = DisputeFile.objects.create(
                    dispute=dispute,
                    name=clean_name(name, ending),
                    content_type=KINDS[ending],
                    size_bytes=len(content),
                    sha256=digest,
                    stored_as=stored_as,
                    added_by_name=actor.name,
                )
                after = {"file": kept.pk, "name": kept.name, "size_bytes": kept.size_bytes, "sha256": digest}
                note(actor, WORK_DISPUTE, dispute, after=after)
        except BaseException:
            forget_content(stored_as)
            raise
    return kept
