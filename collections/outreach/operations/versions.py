"""The life of a version: drafted, changed, proposed from a day, approved by a second person, or sent back, or withdrawn.

One mechanism for contact policies, templates and strategies. A kind brings its table (a `Version`), its rights and what it
refuses; what happens to a version is the same for all of them, and happens here. Nobody else writes these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from outreach.models.versions import Version
from outreach.operations.refusals import ReasonNeeded
from outreach.operations.version_refusals import (
    ApproverNeeded,
    DayBegun,
    DayTaken,
    DraftThere,
    NotDraft,
    NotProposed,
    OwnDraft,
    VersionHasBegun,
    VersionMalformed,
    VersionStale,
    VersionUnknown,
)
from riskops.shared.audit import Actor, record
from riskops.shared.day import LAST_DAY
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import OPERATIONS

AnyVersion = TypeVar("AnyVersion", bound=Version)
Status = Version.Status


@dataclass(frozen=True, slots=True)
class Kind(Generic[AnyVersion]):
    """One kind of thing in versions.

    :param subject: what the audit trail calls it
    :param draft: the operation of whoever writes it
    :param approve: the operation of whoever approves it
    :param check: refuses a version that cannot be as it is; run at every change and before it goes live
    :param check_from: refuses a version that cannot hold from a day on, beside those that hold then
    :param days_ahead: how many days after today it may hold at the earliest
    :param reset: what a copy under another key does not take over
    """

    model: type[AnyVersion]
    subject: str
    draft: str
    approve: str
    check: Callable[[AnyVersion], None]
    check_from: Callable[[AnyVersion, date], None] = lambda _row, _day: None
    days_ahead: int = 1
    reset: Mapping[str, Callable[[], Any]] | None = None

    @property
    def rows(self) -> QuerySet[AnyVersion]:
        """All versions."""
        versions: QuerySet[AnyVersion] = self.model._default_manager.all()
        return versions

    def of(self, key: str) -> QuerySet[AnyVersion]:
        """The versions of one key."""
        return self.rows.filter(**{self.model.KEY: key})


@transaction.atomic
def draft_next(
    kind: Kind[AnyVersion],
    *,
    actor: Actor,
    copy_of: str,
    key: str = "",
    note: str = "",
    values: Mapping[str, Any] | None = None,
) -> AnyVersion:
    """Begin the next version of a key as a copy of its latest approved one, or a new key as a copy of another.

    :param values: what a new key says instead of a copy; then `copy_of` is not looked at
    :raises VersionUnknown: there is nothing to copy
    :raises DraftThere: a version of the key is in work
    :raises VersionMalformed: a new key that cannot be
    """
    key = key or copy_of
    _check_key(kind, key)
    said = dict(values) if values is not None else _copied(kind, copy_of, key)
    row = kind.model(
        version=(kind.of(key).aggregate(last=Max("version"))["last"] or 0) + 1,
        drafted_by_id=actor.user_id,
        drafted_by_name=actor.name,
        editors=[actor.user_id] if actor.user_id else [],
        **{**said, kind.model.KEY: key, "note": note},
    )
    if values is not None:
        _check(kind, row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise DraftThere(key) from None
    _record(kind, row, actor, kind.draft, after={"copy_of": copy_of, "note": note} if values is None else row.said())
    return row


def _copied(kind: Kind[AnyVersion], copy_of: str, key: str) -> dict[str, Any]:
    source = kind.of(copy_of).filter(status=Status.APPROVED).order_by("-version").first()
    if source is None:
        raise VersionUnknown(copy_of)
    said = {name: getattr(source, name) for name in kind.model.SAID}
    if key != copy_of:
        said |= {name: anew() for name, anew in (kind.reset or {}).items()}
    return said


def _check_key(kind: Kind[Any], key: str) -> None:
    most = kind.model._meta.get_field(kind.model.KEY).max_length
    if not key.isascii() or not key.replace("-", "").isalnum() or key.lower() != key or len(key) > most:
        raise VersionMalformed(
            kind.model.KEY, _("Use 1 to %(most)s small letters, digits and hyphens, e.g. cn-2027.") % {"most": most}
        )


@transaction.atomic
def change_draft(
    kind: Kind[AnyVersion], *, actor: Actor, key: str, version: int, revision: int, values: Mapping[str, Any]
) -> AnyVersion:
    """Write a draft anew.

    :param values: any of the kind's `SAID`
    :raises VersionUnknown, NotDraft, VersionStale: there is no draft, or another one than was seen
    :raises VersionMalformed: something that cannot be, with its field
    """
    row = _locked(kind, key, version)
    _refuse_unless_draft(row)
    if row.revision != revision:
        raise VersionStale(str(row))
    before = row.said()
    for name in kind.model.SAID:
        if name in values:
            setattr(row, name, values[name])
    _check(kind, row)
    row.revision += 1
    if actor.user_id and actor.user_id not in row.editors:
        row.editors = [*row.editors, actor.user_id]
    row.save()
    after = row.said()
    changed = [name for name in after if after[name] != before[name]]
    _record(
        kind,
        row,
        actor,
        kind.draft,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return row


@transaction.atomic
def propose(kind: Kind[AnyVersion], *, actor: Actor, key: str, version: int, live_from: date, today: date) -> AnyVersion:
    """Ask for the approval of a draft, to hold from a day.

    :raises VersionUnknown, NotDraft: there is no draft of that version
    :raises DayBegun, DayTaken, VersionMalformed: it cannot hold as it is from that day; or what the kind refuses
    """
    row = _locked(kind, key, version)
    _refuse_unless_draft(row)
    _check_ready(kind, row, live_from, today)
    row.status, row.live_from = Status.PROPOSED, live_from
    row.save(update_fields=["status", "live_from"])
    after = {"status": row.status, "live_from": live_from.isoformat()}
    _record(kind, row, actor, kind.draft, before={"status": "draft"}, after=after)
    return row


@transaction.atomic
def approve(kind: Kind[AnyVersion], *, actor: Actor, key: str, version: int, today: date) -> AnyVersion:
    """Approve what somebody else proposed: it holds from its day on, and is never changed again.

    :raises VersionUnknown, NotProposed: there is nothing to approve of that version
    :raises OwnDraft: whoever asks wrote it, or is no person
    :raises DayBegun, DayTaken, VersionMalformed: it can no longer hold as proposed; or what the kind refuses
    """
    row = _locked(kind, key, version)
    if row.status != Status.PROPOSED or row.live_from is None:
        raise NotProposed(str(row), row.get_status_display())
    if actor.user_id is None or actor.user_id in {row.drafted_by_id, *row.editors}:
        raise OwnDraft(str(row), _names(row))
    # Two that are approved at once wait for each other here; the second sees what the first says.
    list(kind.rows.select_for_update(of=("self",)).filter(status=Status.APPROVED).order_by("pk").values_list("pk"))
    _check_ready(kind, row, row.live_from, today)
    row.status = Status.APPROVED
    row.approved_by_id, row.approved_by_name, row.approved_at = actor.user_id, actor.name, timezone.now()
    row.save(update_fields=["status", "approved_by", "approved_by_name", "approved_at"])
    after = {"status": row.status, "live_from": row.live_from.isoformat(), **row.said()}
    _record(kind, row, actor, kind.approve, before={"status": "proposed"}, after=after)
    return row


@transaction.atomic
def send_back(kind: Kind[AnyVersion], *, actor: Actor, key: str, version: int, reason: str) -> AnyVersion:
    """Send a proposal back to be a draft again.

    :raises VersionUnknown, NotProposed: there is nothing to send back
    :raises ReasonNeeded: nothing is written in it
    """
    row = _locked(kind, key, version)
    if row.status != Status.PROPOSED:
        raise NotProposed(str(row), row.get_status_display())
    _refuse_without(reason)
    row.status, row.live_from = Status.DRAFT, None
    row.revision += 1
    row.save(update_fields=["status", "live_from", "revision"])
    _record(kind, row, actor, kind.approve, before={"status": "proposed"}, after={"status": row.status}, reason=reason)
    return row


@transaction.atomic
def withdraw(kind: Kind[AnyVersion], *, actor: Actor, key: str, version: int, reason: str, today: date) -> AnyVersion:
    """Drop a draft, or withdraw an approved version before its day; what held before goes on to hold.

    :raises VersionUnknown: there is no such version
    :raises VersionHasBegun: it holds, or has held
    :raises NotDraft: it was withdrawn before
    :raises ApproverNeeded: what was approved is withdrawn by whoever may approve
    :raises ReasonNeeded: nothing is written in it
    """
    row = _locked(kind, key, version)
    if row.status == Status.WITHDRAWN:
        raise NotDraft(str(row), row.get_status_display())
    is_approver = actor.user_id is None or bool(OPERATIONS[kind.approve].roles & roles_of_actor(actor))
    if row.status == Status.APPROVED and not is_approver:
        raise ApproverNeeded(str(row))
    if row.status == Status.APPROVED and (row.live_from is None or row.live_from <= today):
        raise VersionHasBegun(str(row), row.live_from)
    _refuse_without(reason)
    before = row.status
    row.status = Status.WITHDRAWN
    row.save(update_fields=["status"])
    action = kind.approve if before == Status.APPROVED else kind.draft
    _record(kind, row, actor, action, before={"status": before}, after={"status": row.status}, reason=reason)
    return row


def _refuse_unless_draft(row: Version) -> None:
    if row.status != Status.DRAFT:
        raise NotDraft(str(row), row.get_status_display())


def _refuse_without(reason: str) -> None:
    if not reason.strip():
        raise ReasonNeeded


def _check_ready(kind: Kind[AnyVersion], row: AnyVersion, live_from: date, today: date) -> None:
    """Refuse what cannot hold from a day on."""
    earliest = today + timedelta(days=kind.days_ahead)
    if not earliest <= live_from <= LAST_DAY:
        raise DayBegun(live_from, earliest)
    _check(kind, row)
    taken = kind.of(row.key).filter(status=Status.APPROVED, live_from=live_from).first()
    if taken is not None:
        raise DayTaken(str(taken), live_from)
    kind.check_from(row, live_from)


def _check(kind: Kind[AnyVersion], row: AnyVersion) -> None:
    """Refuse values that cannot be."""
    try:
        said = set(kind.model.SAID)
        row.clean_fields(exclude={field.name for field in row._meta.fields if field.name not in said})
    except ValidationError as invalid:
        field = next(iter(invalid.message_dict))
        raise VersionMalformed(field, " ".join(invalid.message_dict[field])) from None
    kind.check(row)


def _locked(kind: Kind[AnyVersion], key: str, version: int) -> AnyVersion:
    row = kind.of(key).select_for_update(of=("self",)).filter(version=version).first()
    if row is None:
        raise VersionUnknown(key, version)
    return row


def _names(row: Version) -> list[str]:
    people = get_user_model().objects.filter(pk__in={row.drafted_by_id, *row.editors} - {None})
    return sorted(person.get_full_name() or person.get_username() for person in people)


def _record(
    kind: Kind[Any],
    row: Version,
    actor: Actor,
    action: str,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    record(
        actor=actor,
        action=action,
        subject_type=kind.subject,
        subject_key=str(row),
        before=before,
        after=after,
        reason=reason.strip(),
    )
