"""Rules in versions: draft → dry run → a second person approves → live from a day. One mechanism for every kind of rule.

A kind of rule brings its table (a `RuleVersion`), its facts and its dry run (`RuleKind`); what happens to a version is the
same for all of them, and happens here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from accounts.models.rule_versions import RuleVersion
from accounts.operations.checks import check_reason
from accounts.operations.refusals import DayOutOfRange
from accounts.operations.rule_refusals import (
    DraftThere,
    LiveDayPast,
    NotTried,
    OwnRule,
    RuleFitsAllOrNone,
    RuleMovedOn,
    RuleSlow,
    RuleStale,
    RuleUnknown,
    RuleUnusable,
    RuleValuesRefused,
    TriedAnotherDay,
)
from accounts.queries.rule_cost import RuleTooSlow
from riskops.shared.audit import Actor, record
from riskops.shared.day import FIRST_DAY, LAST_DAY
from riskops.shared.rule_language import Catalogue, Rule, RuleRefusal, parse_rule

AnyRule = TypeVar("AnyRule", bound=RuleVersion)


@dataclass(frozen=True, slots=True)
class RuleKind:
    """One kind of rule in versions.

    :param subject: what the audit trail calls it
    :param dry_run: what a version would do to what there is, as of the open day: plain JSON with `parts`, one a product
        (`product_code`, `currency`, `of` rows, `holds` on so many, and figures of the kind). It may refuse.
    :param hold_named: keeps what a version names as it is until the transaction ends, so that nothing it names is gone when it
        goes live
    :param joined: what is read with a version
    """

    model: type[RuleVersion]
    catalogue: Catalogue
    subject: str
    draft_operation: str
    approve_operation: str
    dry_run: Callable[[Any, date], dict[str, Any]]
    hold_named: Callable[[Any], None] = lambda _version: None
    joined: tuple[str, ...] = ("reason",)

    @property
    def rows(self) -> QuerySet[Any]:
        """All versions, with the reason codes that they name."""
        versions: QuerySet[Any] = self.model._default_manager.all()
        return versions.select_related(*self.joined) if self.joined else versions

    def tried(self, version: RuleVersion, today: date) -> dict[str, Any]:
        """Return the dry run as a version keeps it, with the open day and the sums over all products.

        :raises RuleSlow: the rule takes longer than it may
        """
        try:
            found = self.dry_run(version, today)
        except RuleTooSlow as slow:
            raise RuleSlow(str(slow)) from None
        sums = {name: sum(part[name] for part in found["parts"]) for name in ("holds", "of")}
        return {**found, "as_of": today.isoformat(), "figures": sums}


def in_force_on(model: type[AnyRule], day: date) -> QuerySet[AnyRule]:
    """Return the versions that are live on a day: at most one of each code."""
    rows: QuerySet[AnyRule] = model._default_manager.filter(status=RuleVersion.Status.LIVE, live_from__lte=day)
    return rows.filter(Q(live_until__isnull=True) | Q(live_until__gt=day))


@transaction.atomic
def draft_rule(kind: RuleKind, *, actor: Actor, code: str, values: Mapping[str, Any]) -> RuleVersion:
    """Draft the next version of a rule, or the first of a new one.

    :param values: the columns of the kind: rule, names, note and what belongs to it
    :raises RuleVersionRefusal: the rule cannot be read, a value cannot be, or a draft is there already
    """
    found = kind.model._default_manager.filter(code=code).aggregate(last=Max("number"))["last"] or 0
    editors = [actor.user_id] if actor.user_id is not None else []
    by = {"drafted_by_id": actor.user_id, "drafted_by_name": actor.name, "editors": editors}
    row = kind.model(code=code, number=found + 1, **by, **values)
    _check(kind, row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise DraftThere(code) from None
    _note(kind, actor, kind.draft_operation, row, after=row.values())
    return row


@transaction.atomic
def change_draft(kind: RuleKind, *, actor: Actor, version_id: int, revision: int, values: Mapping[str, Any]) -> RuleVersion:
    """Change a draft. What was tried before counts no more; whoever changed it has drafted it, together with those before."""
    row = _held(kind, version_id, revision)
    _refuse_unless(row, RuleVersion.Status.DRAFT)
    before = row.values()
    for name, value in values.items():
        setattr(row, name, value)
    _check(kind, row)
    row.editors = sorted({*row.editors, row.drafted_by_id, actor.user_id} - {None})
    row.drafted_by_id, row.drafted_by_name = actor.user_id, actor.name
    row.dry_run = row.dry_run_at = None
    _save(row)
    _note(kind, actor, kind.draft_operation, row, before=before, after=row.values())
    return row


@transaction.atomic
def try_rule(kind: RuleKind, *, actor: Actor, version_id: int, revision: int, today: date) -> RuleVersion:
    """Make a dry run of a draft and keep what it found with it; nothing else is written.

    :raises RuleSlow: the rule takes longer over what there is than it may
    """
    row = _held(kind, version_id, revision)
    _refuse_unless(row, RuleVersion.Status.DRAFT)
    _check(kind, row)
    row.dry_run, row.dry_run_at = kind.tried(row, today), timezone.now()
    _save(row)
    _note(kind, actor, f"{kind.subject}.try", row, after={"dry_run": row.dry_run["figures"]})
    return row


@transaction.atomic
def approve_rule(
    kind: RuleKind,
    *,
    actor: Actor,
    version_id: int,
    revision: int,
    live_from: date,
    today: date,
    is_warning_accepted: bool = False,
) -> RuleVersion:
    """Let a version go live from a day; the one before it ends there.

    :param is_warning_accepted: the approver has seen that it holds on everything or nothing, and wants it all the same
    :raises OwnRule: never by whoever drafted it or changed the draft
    :raises NotTried, TriedAnotherDay: not without a dry run of what it says now, on what there is today
    :raises LiveDayPast, DayOutOfRange: not for days that are over
    :raises RuleSlow: the rule takes longer over what there is than it may
    :raises RuleFitsAllOrNone: it tells nothing apart, and nobody said that this is meant
    """
    row = _held(kind, version_id, revision)
    _refuse_unless(row, RuleVersion.Status.DRAFT)
    if actor.user_id is None or row.is_by(actor.user_id):
        raise OwnRule(str(row))
    if row.dry_run is None:
        raise NotTried(str(row))
    if row.dry_run.get("as_of") != today.isoformat():
        raise TriedAnotherDay(str(row))
    if not FIRST_DAY <= live_from <= LAST_DAY:
        raise DayOutOfRange(live_from)
    if live_from < today:
        raise LiveDayPast(live_from, today)
    kind.hold_named(row)
    _check(kind, row)
    # Tried once more: what there is may have changed since the dry run, and a rule too slow now would say nothing tonight.
    row.dry_run, row.dry_run_at = kind.tried(row, today), timezone.now()
    figures = row.dry_run["figures"]
    if figures["holds"] in (0, figures["of"]) and not is_warning_accepted:
        raise RuleFitsAllOrNone(str(row), figures["holds"], figures["of"])
    reaching = Q(live_until__isnull=True) | Q(live_until__gt=live_from)
    for earlier in kind.model._default_manager.select_for_update().filter(
        reaching, code=row.code, status=RuleVersion.Status.LIVE
    ):
        # One that has not begun by then never does.
        earlier.live_until = max(live_from, earlier.live_from or live_from)
        _save(earlier)
    row.status, row.live_from = RuleVersion.Status.LIVE, live_from
    row.approved_by_id, row.approved_by_name, row.approved_at = actor.user_id, actor.name, timezone.now()
    _save(row)
    after = {"live_from": live_from.isoformat(), "rule": row.rule, **figures}
    _note(kind, actor, kind.approve_operation, row, after=after)
    return row


@transaction.atomic
def discard_draft(kind: RuleKind, *, actor: Actor, version_id: int, revision: int) -> RuleVersion:
    """Put a draft aside; its number is not used again."""
    row = _held(kind, version_id, revision)
    _refuse_unless(row, RuleVersion.Status.DRAFT)
    row.status = RuleVersion.Status.DISCARDED
    _save(row)
    _note(kind, actor, f"{kind.subject}.discard", row)
    return row


@transaction.atomic
def end_rule(
    kind: RuleKind, *, actor: Actor, version_id: int, revision: int, until: date, today: date, reason: str
) -> RuleVersion:
    """Let a live version end on a day, with nothing in its place.

    :raises ReasonMissing: it must say why
    """
    check_reason(reason)
    row = _held(kind, version_id, revision)
    _refuse_unless(row, RuleVersion.Status.LIVE)
    if row.live_until is not None and row.live_until <= max(today, row.live_from or today):
        raise RuleMovedOn(str(row), row.status)
    if until < today:
        raise LiveDayPast(until, today)
    end_on(kind, row, actor=actor, until=until, today=today, reason=reason)
    return row


def end_on(kind: RuleKind, row: RuleVersion, *, actor: Actor, until: date, today: date, reason: str) -> None:
    """Let a live version, held by the caller, end on a day; one that ends before that day already is left as it is.

    One that has not begun today and now never does gives its place back: what would have ended where it began goes on as if it
    had not been approved.
    """
    if row.status != RuleVersion.Status.LIVE or (row.live_until is not None and row.live_until <= until):
        return
    had_until = row.live_until
    row.live_until = max(until, row.live_from or until)
    _save(row)
    _note(kind, actor, f"{kind.subject}.end", row, after={"live_until": row.live_until.isoformat()}, reason=reason.strip())
    if row.live_from is not None and row.live_until == row.live_from and row.live_from > today:
        _go_on(kind, row, actor=actor, until=had_until)


def _go_on(kind: RuleKind, ended: RuleVersion, *, actor: Actor, until: date | None) -> None:
    """Let the version that would have ended where another began live on to where that one would have ended.

    Without it the code would have no live version from that day on, though nobody ended the one before.
    """
    same = kind.model._default_manager.select_for_update().filter(code=ended.code, status=RuleVersion.Status.LIVE)
    before = same.filter(live_until=ended.live_from, live_from__lt=ended.live_from).order_by("-number").first()
    if before is None or before.number > ended.number:
        return
    before.live_until = until
    _save(before)
    after = {"live_until": until.isoformat() if until else None}
    _note(kind, actor, f"{kind.subject}.go_on", before, before={"live_until": str(ended.live_from)}, after=after)


def parsed(kind: RuleKind, row: RuleVersion) -> Rule:
    """Return a version's condition.

    :raises RuleUnusable: it is no rule over the facts there are
    """
    try:
        return parse_rule(row.rule, kind.catalogue)
    except RuleRefusal as refusal:
        raise RuleUnusable(refusal) from None


def _held(kind: RuleKind, version_id: int, revision: int) -> RuleVersion:
    row = kind.model._default_manager.select_for_update().filter(pk=version_id).first()
    if row is None:
        raise RuleUnknown(version_id)
    if row.revision != revision:
        raise RuleStale(str(row))
    return row


def _refuse_unless(row: RuleVersion, status: str) -> None:
    if row.status != status:
        raise RuleMovedOn(str(row), row.status)


def _check(kind: RuleKind, row: RuleVersion) -> None:
    parsed(kind, row)
    try:
        row.clean_fields(exclude={field.name for field in row._meta.fields if field.attname not in row.values()})
        row.clean_values()
    except ValidationError as invalid:
        about = next(iter(invalid.message_dict), "") if hasattr(invalid, "error_dict") else ""
        raise RuleValuesRefused(" ".join(invalid.messages), about) from None


def _save(row: RuleVersion) -> None:
    row.revision += 1
    row.save()


def _note(
    kind: RuleKind,
    actor: Actor,
    action: str,
    row: RuleVersion,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    record(
        actor=actor,
        action=action,
        subject_type=kind.subject,
        subject_key=str(row),
        before=before,
        after=after,
        reason=reason,
    )
