"""The authority matrix changed by two people: one proposes a line, another approves or rejects it.

What stands keeps holding until the approval, and from then on the line holds at once; decisions proposed before keep the lines
that they were judged by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuthorityChange, AuthorityRow
from accounts.operations.checks import check_reason
from accounts.operations.deciding.refusals import DecisionRefusal, DecisionSettingRefused
from accounts.queries.authority import Cell, differences
from accounts.roles import APPROVE_AUTHORITY, AUTHORITY_REJECTED, AUTHORITY_WITHDRAWN, PROPOSE_AUTHORITY
from riskops.shared.audit import Actor, record

_Kind, _Status = AuthorityChange.Kind, AuthorityChange.Status


class MatrixLineUnknown(DecisionRefusal):
    """There is no such line."""

    about = "line"

    def __init__(self, line_id: int) -> None:
        super().__init__(
            _("There is no line %(id)s in the authority matrix, or not any more; look at the matrix again.") % {"id": line_id}
        )


class MatrixChangeUnknown(DecisionRefusal):
    """There is no such change."""

    about = "change"

    def __init__(self, change_id: int) -> None:
        super().__init__(
            _("There is no change %(id)s of the authority matrix; look it up on the page of the matrix.") % {"id": change_id}
        )


class MatrixChangeThere(DecisionRefusal):
    """The very same change waits already."""

    about = "change"

    def __init__(self, other: AuthorityChange) -> None:
        super().__init__(
            _("%(name)s has proposed just this (%(number)s); it waits for a second person. Nothing was done.")
            % {"name": other.proposed_by_name, "number": other.pk}
        )


class MatrixChangeMovedOn(DecisionRefusal):
    """It does not wait any more."""

    about = "change"

    def __init__(self, change: AuthorityChange) -> None:
        super().__init__(
            _("Change %(number)s of the authority matrix is %(status)s already; if something else should hold, propose that.")
            % {"number": change.pk, "status": change.get_status_display()}
        )


class OwnMatrixChange(DecisionRefusal):
    """One person cannot be both."""

    about = "change"

    def __init__(self, change: AuthorityChange) -> None:
        super().__init__(
            _("You proposed change %(number)s of the authority matrix yourself; somebody else has to approve or reject it.")
            % {"number": change.pk}
        )


class NotYourMatrixChange(DecisionRefusal):
    """Only its proposer takes a proposal back."""

    about = "change"

    def __init__(self, change: AuthorityChange) -> None:
        super().__init__(
            _("Change %(number)s of the authority matrix is not yours to withdraw; %(name)s proposed it. Reject it instead.")
            % {"number": change.pk, "name": change.proposed_by_name}
        )


class MatrixChangeOutdated(DecisionRefusal):
    """The line is not what the proposer saw: found when it is proposed, and (with its number) when it is approved."""

    about = "change"

    def __init__(self, differing: tuple[Cell, ...], change_id: int | None = None) -> None:
        found = "; ".join(f"{cell.label}: {cell.before} → {cell.after}" for cell in differing)
        what_next = _("Reject it and propose anew what should hold; nothing was done.")
        if change_id is None:
            said = _("The line has changed since you looked at it (%(found)s).") % {"found": found}
            what_next = _("Open it anew and propose what should hold; nothing was done.")
        elif differing:
            what = _("The line has changed since change %(number)s was proposed (%(found)s).")
            said = what % {"number": change_id, "found": found}
        else:
            said = _("The line of change %(number)s has been ended since it was proposed.") % {"number": change_id}
        super().__init__(f"{said} {what_next}")


@transaction.atomic
def propose_line(
    *,
    actor: Actor,
    values: Mapping[str, Any],
    reason: str,
    line_id: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> AuthorityChange:
    """Propose a new line of the matrix, or a change of one; nothing changes before somebody else approves.

    :param values: the columns of the line as they are to be
    :param line_id: the line to change; None adds one
    :param seen: the columns of that line as the proposer saw them when they began
    :raises ReasonMissing: it must say why
    :raises MatrixLineUnknown: there is no such line
    :raises MatrixChangeOutdated: it has changed since; says what differs
    :raises DecisionSettingRefused: the line says nothing, is there already or stays as it is; a role cannot approve for itself
    :raises MatrixChangeThere: just this waits already
    """
    check_reason(reason)
    line = AuthorityRow() if line_id is None else _line(line_id)
    before = None if line_id is None else _as_seen(line, seen)
    for name, value in values.items():
        setattr(line, name, value)
    _check(line)
    if line.values() == before:
        raise DecisionSettingRefused(_("The line says just that already; change a value, or leave it as it is."))
    kind = _Kind.ADD if before is None else _Kind.CHANGE
    return _propose(actor, AuthorityChange(kind=kind, line_id=line_id, before=before, after=line.values(), reason=reason.strip()))


@transaction.atomic
def propose_end(*, actor: Actor, line_id: int, seen: Mapping[str, Any], reason: str) -> AuthorityChange:
    """Propose to take a line out of the matrix; it holds until somebody else approves.

    :param seen: the columns of the line as the proposer saw them
    :raises ReasonMissing: it must say why
    :raises MatrixLineUnknown, MatrixChangeOutdated: there is no such line, or it has changed since
    :raises MatrixChangeThere: just this waits already
    """
    check_reason(reason)
    before = _as_seen(_line(line_id), seen)
    return _propose(actor, AuthorityChange(kind=_Kind.END, line_id=line_id, before=before, after=None, reason=reason.strip()))


@transaction.atomic
def approve_change(*, actor: Actor, change_id: int, remark: str = "") -> AuthorityChange:
    """Approve a change: from now on the line holds, or holds no more.

    :raises MatrixChangeUnknown, MatrixChangeMovedOn: none that waits
    :raises OwnMatrixChange: never by whoever proposed it
    :raises MatrixChangeOutdated: the line is not what the proposer saw; says what differs
    :raises DecisionSettingRefused: the line has come to be there another way since
    """
    change = _held(change_id)
    _refuse_own(change, actor)
    line = AuthorityRow.objects.select_for_update().filter(pk=change.line_id).first() if change.line_id is not None else None
    now = line.values() if line is not None else None
    if now != change.before:
        raise MatrixChangeOutdated(differences(change.before, now) if change.before and now else (), change.pk)
    subject = str(line)
    if change.after is None:
        assert line is not None
        line.delete()
    else:
        subject = str(_write(line or AuthorityRow(), change.after))
    _close(change, _Status.APPROVED, actor, remark)
    record(
        actor=actor,
        action=APPROVE_AUTHORITY,
        subject_type="authorityrow",
        subject_key=subject,
        before=change.before,
        after=change.after,
        reason=" · ".join(text for text in (change.reason, change.judgement) if text),
    )
    return change


@transaction.atomic
def reject_change(*, actor: Actor, change_id: int, reason: str) -> AuthorityChange:
    """Reject a change; the matrix stays as it is.

    :raises ReasonMissing: the proposer is owed a reason
    :raises MatrixChangeUnknown, MatrixChangeMovedOn, OwnMatrixChange: as for `approve_change`
    """
    check_reason(reason)
    change = _held(change_id)
    _refuse_own(change, actor)
    _close(change, _Status.REJECTED, actor, reason)
    _note(actor, AUTHORITY_REJECTED, change, reason)
    return change


@transaction.atomic
def withdraw_change(*, actor: Actor, change_id: int) -> AuthorityChange:
    """Take one's own proposal back; the matrix stays as it is.

    :raises MatrixChangeUnknown, MatrixChangeMovedOn: none that waits
    :raises NotYourMatrixChange: somebody else proposed it
    """
    change = _held(change_id)
    if actor.user_id is None or actor.user_id != change.proposed_by_id:
        raise NotYourMatrixChange(change)
    change.status, change.closed_at = _Status.WITHDRAWN, timezone.now()
    change.save()
    _note(actor, AUTHORITY_WITHDRAWN, change, "")
    return change


def _propose(actor: Actor, change: AuthorityChange) -> AuthorityChange:
    if actor.user_id is None:
        raise DecisionSettingRefused(_("A change of the authority matrix is proposed by a person; log in and propose it."))
    for other in AuthorityChange.objects.filter(status=_Status.PROPOSED):
        if (other.line_id, other.before, other.after) == (change.line_id, change.before, change.after):
            raise MatrixChangeThere(other)
    change.proposed_by_id, change.proposed_by_name = actor.user_id, actor.name
    change.save(force_insert=True)
    _note(actor, PROPOSE_AUTHORITY, change, change.reason)
    return change


def _line(line_id: int) -> AuthorityRow:
    line = AuthorityRow.objects.filter(pk=line_id).first()
    if line is None:
        raise MatrixLineUnknown(line_id)
    return line


def _as_seen(line: AuthorityRow, seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a line says, if that is what the proposer saw.

    What stood at the sending would hide what another change did since the form was opened: all its other columns would go back.
    """
    now = line.values()
    if seen is None or dict(seen) != now:
        raise MatrixChangeOutdated(differences(seen or AuthorityRow().values(), now))
    return now


def _held(change_id: int) -> AuthorityChange:
    change = AuthorityChange.objects.select_for_update(of=("self",)).filter(pk=change_id).first()
    if change is None:
        raise MatrixChangeUnknown(change_id)
    if change.status != _Status.PROPOSED:
        raise MatrixChangeMovedOn(change)
    return change


def _refuse_own(change: AuthorityChange, actor: Actor) -> None:
    if actor.user_id is None or actor.user_id == change.proposed_by_id:
        raise OwnMatrixChange(change)


def _check(line: AuthorityRow) -> None:
    if line.approver_role and line.approver_role == line.role:
        # Another person of the same role is no second line of defence.
        raise DecisionSettingRefused(_("A role cannot be asked to approve what it proposes; name another role."))
    try:
        line.full_clean()
    except ValidationError as invalid:
        raise DecisionSettingRefused(" ".join(invalid.messages)) from None


def _write(line: AuthorityRow, values: Mapping[str, Any]) -> AuthorityRow:
    for name, value in values.items():
        setattr(line, name, value)
    _check(line)
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError:
        # Two people approve the same new line at once.
        raise DecisionSettingRefused(_("The matrix has this line already; nothing was done.")) from None
    return line


def _close(change: AuthorityChange, status: AuthorityChange.Status, actor: Actor, remark: str) -> None:
    change.status, change.closed_at, change.judgement = status, timezone.now(), remark.strip()
    change.judged_by_id, change.judged_by_name = actor.user_id, actor.name
    change.save()


def _note(actor: Actor, action: str, change: AuthorityChange, reason: str) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="authoritychange",
        subject_key=str(change.pk),
        before=change.before,
        after=change.after,
        reason=reason.strip(),
    )
