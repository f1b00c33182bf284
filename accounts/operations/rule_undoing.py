"""What a version of a rule did, undone: previewed, asked for by one person, approved by another; one way for every kind."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models.rule_versions import RuleUndo, RuleVersion
from accounts.operations.checks import check_reason
from accounts.operations.deciding.refusals import OwnApproval
from accounts.operations.deciding.standing import facts_day
from accounts.operations.rule_refusals import UndoRefused
from accounts.operations.rule_versions import RuleKind, end_on
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.roles import OPERATIONS


@dataclass(frozen=True, slots=True)
class UndoKind:
    """How what one kind of rule did is undone.

    :param day: the column of the undoing that limits it to one business day
    :param preview: what there is to undo of a version (of one of its days), asked for with these roles: plain JSON, empty
        where there is nothing. It may refuse.
    :param customers: the ids of the customers whom that is about
    :param undo: does it for an approved undoing, by an actor with these roles, and returns the columns that say what was done
    :param nothing: what is said where nothing is left to undo
    """

    model: type[RuleUndo]
    rules: RuleKind
    ask_operation: str
    approve_operation: str
    day: str
    preview: Callable[[int, date | None, Collection[str]], dict[str, Any]]
    customers: Callable[[int, date | None], QuerySet[Any]]
    undo: Callable[[Actor, Collection[str], Any], dict[str, Any]]
    nothing: Promise

    @property
    def rows(self) -> QuerySet[Any]:
        """All undoings of the kind, with the version that each is about."""
        # Each kind has a foreign key of its own, of one name.
        undoings: Any = self.model._default_manager
        rows: QuerySet[Any] = undoings.select_related("rule_version")
        return rows


def ends_when_asked(kind: UndoKind, roles: Collection[str]) -> bool:
    """Return whether asking ends the version: where the asker may end rules of the kind anyway.

    Asked by anybody else it ends with the approval: nobody takes a rule out of force alone who may not.
    """
    return bool(OPERATIONS[kind.rules.approve_operation].roles & set(roles))


def preview_undoing(kind: UndoKind, *, actor: Actor, roles: Collection[str], version_id: int, day: date | None) -> dict[str, Any]:
    """Return what there is to undo, as it would be asked for; nothing is written.

    :raises ConflictDeclared: the person has a conflict of interest with one of the customers
    """
    _refuse_conflicts(kind, actor, version_id, day)
    return kind.preview(version_id, day, roles)


@transaction.atomic
def ask_to_undo(
    kind: UndoKind, *, actor: Actor, roles: Collection[str], version_id: int, day: date | None, reason: str
) -> RuleUndo:
    """Ask for the undoing, with the figures that the second person will see.

    A live version ends at once where the asker may end rules of the kind, else with the approval.

    :raises ReasonMissing: it must say why
    :raises UndoRefused: nothing is left to undo, or it is asked for already
    :raises ConflictDeclared: the person has a conflict of interest with one of the customers
    """
    check_reason(reason)
    _refuse_conflicts(kind, actor, version_id, day)
    version = kind.rules.model._default_manager.select_for_update().filter(pk=version_id).first()
    figures = kind.preview(version_id, day, roles)
    if version is None or not figures:
        raise UndoRefused(str(kind.nothing))
    if kind.rows.filter(rule_version=version, status=RuleUndo.Status.ASKED).exists():
        raise UndoRefused(_("The undoing of %(version)s is asked for already.") % {"version": str(version)})
    if ends_when_asked(kind, roles):
        # It would do the same again tomorrow.
        _end_version(kind, version, actor=actor, reason=reason)
    undo: RuleUndo = kind.rows.create(
        rule_version=version,
        reason=reason.strip(),
        preview=figures,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        **{kind.day: day},
    )
    record(
        actor=actor,
        action=kind.ask_operation,
        subject_type=kind.rules.subject,
        subject_key=str(version),
        after=figures,
        reason=reason.strip(),
    )
    return undo


@transaction.atomic
def judge_undoing(kind: UndoKind, *, actor: Actor, roles: Collection[str], undo_id: int, is_approved: bool) -> RuleUndo:
    """Approve an undoing and do it, or refuse it.

    :raises OwnApproval: by the one who asked
    :raises UndoRefused: it is done or refused already
    :raises ConflictDeclared: the person has a conflict of interest with one of the customers
    """
    undo = kind.rows.select_for_update(of=("self",)).filter(pk=undo_id).first()
    if undo is None or undo.status != RuleUndo.Status.ASKED:
        raise UndoRefused(_("This undoing is not waiting for anybody."))
    if actor.user_id is None or actor.user_id == undo.asked_by_id:
        raise OwnApproval(str(undo.rule_version))
    _refuse_conflicts(kind, actor, undo.rule_version_id, undo.day)
    undo.judged_by_id, undo.judged_by_name = actor.user_id, actor.name
    undo.status = RuleUndo.Status.DONE if is_approved else RuleUndo.Status.REFUSED
    if is_approved:
        # Before it is undone: what is proposed anew is not proposed by this version. Its key stays free for those who refer to
        # it meanwhile, who hold what the undoing is about to wait for.
        version = kind.rules.model._default_manager.select_for_update(no_key=True).get(pk=undo.rule_version_id)
        _end_version(kind, version, actor=actor, reason=undo.reason)
        for name, value in kind.undo(actor, roles, undo).items():
            setattr(undo, name, value)
    undo.save()
    record(
        actor=actor,
        action=kind.approve_operation,
        subject_type=kind.rules.subject,
        subject_key=str(undo.rule_version),
        after={"status": undo.status, "undone": undo.undone},
        reason=undo.reason,
    )
    made: RuleUndo = undo
    return made


def _end_version(kind: UndoKind, version: RuleVersion, *, actor: Actor, reason: str) -> None:
    open_day = facts_day() + timedelta(days=1)
    end_on(kind.rules, version, actor=actor, until=open_day, today=open_day, reason=reason)


def _refuse_conflicts(kind: UndoKind, actor: Actor, version_id: int, day: date | None) -> None:
    """Refuse whoever has a conflict with one of the customers concerned.

    :raises ConflictDeclared: says which, and who can take over
    """
    conflicted = set(conflicted_customers(actor))
    if conflicted:
        for customer_id in kind.customers(version_id, day):
            if customer_id in conflicted:
                refuse_conflict(actor, customer_id)
