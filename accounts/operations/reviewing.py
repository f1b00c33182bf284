"""Reviews: open one, take it, hand it over, write on it, close it. Every door goes through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.facts import facts_of
from accounts.models import CreditAccount, Review, ReviewReason, ReviewSweep
from accounts.operations import review_refusals as refusals
from accounts.operations.checks import account_facts
from accounts.operations.signals import note_signals
from accounts.roles import ASSIGN_REVIEW, OPEN_REVIEW, WORK_REVIEW
from accounts.rules.reviews import cools_off_from
from riskops.shared.audit import Actor, line, record, record_all
from riskops.shared.day import hold_day
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.people.rights import roles_of_actor
from riskops.shared.roles import Role, may, roles_of
from riskops.shared.rule_language import FactsRow
from riskops.shared.scope import Scope, scope_of

#: Characters of a note or a purpose.
LONGEST_TEXT: Final = 10_000
#: What a review opened by hand is for, in the words of the database.
BY_HAND: Final = "hand"
#: Who may write on the review of somebody else.
_MAY_TAKE_OVER: Final = frozenset({Role.TEAM_LEAD})


@dataclass(frozen=True, slots=True)
class Cause:
    """What opens a review by itself: a sweep, or a rule of another room. `code` tells its reviews from those of others."""

    code: str
    rule: str
    version: int
    cool_off_days: int
    sweep: ReviewSweep | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What the form of a review holds: outcome ("" for none yet), reason codes, note."""

    outcome: str = ""
    reasons: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, review: Review) -> Findings:
        """Return what stands on a review."""
        return cls(review.outcome, tuple(review.reasons), review.note)

    def as_recorded(self) -> dict[str, Any]:
        """Return it for the trail; the note itself stays on the review."""
        return {"outcome": self.outcome, "reasons": list(self.reasons), "note_characters": len(self.note)}


def business_day() -> date:
    """Return the day that what is done now belongs to: the last closed one, before the first close today."""
    from riskops.shared.models import BookState

    day = BookState.objects.filter(pk=1).values_list("business_date", flat=True).first()
    return day or timezone.localdate()


@transaction.atomic
def open_review(*, actor: Actor, account_id: int, purpose: str, cause: Cause | None = None) -> Review:
    """Open a review of an account: by hand, or for a cause.

    :param purpose: what is to be looked at
    :raises AccountUnknown: it is not in the book
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReviewOpenAlready: one of the same cause is open
    :raises ReviewCoolsOff: one of the same cause was closed within its cool-off; by hand there is none
    :raises TextMissing, TextTooLong: the purpose
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    _check_text(purpose, is_needed=True)
    day = business_day()
    # Held, so that two who ask at once are answered one after the other.
    CreditAccount.objects.select_for_update(of=("self",)).filter(pk=account_id).first()
    _refuse_repeated(account_id, account.account_no, cause, day)
    row = facts_of([account_id], day).get(account_id, {})
    try:
        with transaction.atomic():
            review = new_review(actor, account_id, account.customer_id, purpose.strip(), cause, row, day)
            review.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(account_id, account.account_no, cause, day)
        raise
    record_all([opening_line(actor, review, account.account_no)])
    return review


def new_review(
    actor: Actor, account_id: int, customer_id: int, purpose: str, cause: Cause | None, row: FactsRow, day: date
) -> Review:
    """Return a review that is not saved yet, with the facts that rules saw."""
    source = Review.Source.HAND if cause is None else Review.Source.SWEEP if cause.sweep else Review.Source.RULE
    return Review(
        account_id=account_id,
        customer_id=customer_id,
        source=source,
        cause=cause.code if cause else BY_HAND,
        purpose=purpose,
        sweep=cause.sweep if cause else None,
        rule=cause.rule if cause else "",
        rule_version=cause.version if cause else None,
        facts=row,
        opened_on=day,
        opened_by_id=actor.user_id,
        opened_by_name=actor.name,
    )


def opening_line(actor: Actor, review: Review, account_no: str, *, run_id: int | None = None) -> AuditEntry:
    """Return the line of the trail that says that a review was opened; it is not written yet."""
    return line(
        actor=actor,
        action=OPEN_REVIEW,
        subject_type="review",
        subject_key=f"{account_no}/{review.pk}",
        account_id=review.account_id,
        after={"cause": review.cause, "rule_version": review.rule_version, "opened_on": review.opened_on.isoformat()},
        reason=review.purpose,
        run_id=run_id,
    )


def _refuse_repeated(account_id: int, account_no: str, cause: Cause | None, day: date) -> None:
    there = Review.objects.filter(account_id=account_id, cause=cause.code if cause else BY_HAND)
    opened = there.filter(is_open=True).first()
    if opened is not None:
        raise refusals.ReviewOpenAlready(opened.pk, account_no, opened.opened_on)
    if cause is None:
        return
    closed = there.filter(closed_on__gte=cools_off_from(day, cool_off_days=cause.cool_off_days)).order_by("-closed_on").first()
    if closed is not None and closed.closed_on is not None:
        raise refusals.ReviewCoolsOff(closed.pk, closed.closed_on, cause.cool_off_days)


def _check_text(text: str, *, is_needed: bool = False) -> None:
    if is_needed and not text.strip():
        raise refusals.TextMissing
    if len(text) > LONGEST_TEXT:
        raise refusals.TextTooLong(len(text), LONGEST_TEXT)


@transaction.atomic
def save_review(*, actor: Actor, review_id: int, version: int, findings: Findings, closes: bool = False) -> Review:
    """Write outcome, reason codes and note on an open review, and close it if asked to.

    A review of nobody becomes the writer's. Nothing is lost to a stale form: it is refused with the difference.

    :param version: the version of the review that the form was made for
    :raises ReviewUnknown, ReviewClosed: there is none to write on
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReviewOfSomebodyElse: another person works on it
    :raises ReviewChanged: somebody saved it since
    :raises OutcomeUnknown, ReasonUnknown, TextTooLong, OutcomeMissing, ReasonsMissing: a value it does not take
    """
    review = review_to_write_on(review_id, actor)
    findings = _checked(findings, review, closes=closes)
    before = Findings.of(review)
    if version != review.version:
        raise refusals.ReviewChanged(review_id, review.version, review.changed_by_name, differences(findings, before))
    if findings == before and not closes:
        return review
    review.outcome, review.reasons, review.note = findings.outcome, list(findings.reasons), findings.note
    if review.assigned_to_id is None and actor.user_id is not None:
        review.assigned_to_id, review.assigned_at = actor.user_id, timezone.now()
    if closes:
        review.is_open, review.closed_on, review.closed_at = False, business_day(), timezone.now()
        review.closed_by_id, review.closed_by_name = actor.user_id, actor.name
    _save(review, actor)
    if closes:
        # Rules see that it was looked at: they count the days since.
        hold_day(review.account_id)
        note_signals(review.account_id, reviewed_on=review.closed_on)
    record(
        actor=actor,
        action=WORK_REVIEW,
        subject_type="review",
        subject_key=f"{review.account.account_no}/{review.pk}",
        account_id=review.account_id,
        before={**before.as_recorded(), "is_open": True},
        after={**findings.as_recorded(), "is_open": review.is_open},
    )
    return review


def differences(yours: Findings, theirs: Findings) -> Mapping[str, tuple[Any, Any]]:
    """Return the fields that differ: name → (yours, theirs)."""
    pairs = {name: (getattr(yours, name), getattr(theirs, name)) for name in ("outcome", "reasons", "note")}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _checked(findings: Findings, review: Review, *, closes: bool) -> Findings:
    reasons = tuple(dict.fromkeys(findings.reasons))
    _check_text(findings.note)
    if findings.outcome and findings.outcome not in Review.Outcome.values:
        raise refusals.OutcomeUnknown(findings.outcome, Review.Outcome.values)
    # A code that went out of use stays on the reviews that have it.
    new = set(reasons) - set(review.reasons)
    known = set(ReviewReason.objects.filter(code__in=new, is_active=True).values_list("code", flat=True))
    if new - known:
        raise refusals.ReasonUnknown(sorted(new - known))
    if closes and not findings.outcome:
        raise refusals.OutcomeMissing
    if closes and not reasons:
        raise refusals.ReasonsMissing
    return Findings(findings.outcome, reasons, findings.note.strip())


def review_to_write_on(review_id: int, actor: Actor) -> Review:
    """Return an open review, locked: the actor's own, nobody's, or as a team lead anybody's.

    :raises ReviewUnknown, ReviewClosed: there is none to write on
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReviewOfSomebodyElse: another person works on it
    """
    review = _held(review_id, actor)
    if review.assigned_to_id not in (None, actor.user_id) and not roles_of_actor(actor) & _MAY_TAKE_OVER:
        raise refusals.ReviewOfSomebodyElse(review_id, review.assigned_to.get_username() if review.assigned_to else "")
    return review


def _held(review_id: int, actor: Actor) -> Review:
    """Return an open review, locked, on whose customer the actor may work."""
    review = Review.objects.select_for_update(of=("self",)).select_related("account", "assigned_to").filter(pk=review_id).first()
    if review is None:
        raise refusals.ReviewUnknown(review_id)
    refuse_conflict(actor, review.customer_id)
    if not review.is_open:
        raise refusals.ReviewClosed(review_id, review.closed_by_name, review.closed_on or review.opened_on)
    return review


def _save(review: Review, actor: Actor) -> None:
    review.version += 1
    review.changed_by_name = actor.name
    review.save()


@transaction.atomic
def take_review(*, actor: Actor, review_id: int) -> Review:
    """Take an open review of nobody; one's own again changes nothing.

    :raises ReviewUnknown, ReviewClosed: there is none to take
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReviewOfSomebodyElse: another person has it
    """
    review = _held(review_id, actor)
    if review.assigned_to_id == actor.user_id:
        return review
    if review.assigned_to is not None:
        raise refusals.ReviewOfSomebodyElse(review_id, review.assigned_to.get_username())
    return _assigned(review, actor, actor.user_id, actor.name, operation=WORK_REVIEW)


@transaction.atomic
def take_next_review(*, actor: Actor, scope: Scope) -> Review:
    """Take the oldest open review of nobody that the person may see and work on. Two who ask at once get two.

    :raises NoReviewWaits: there is none
    """
    waiting = (
        scope.accounts(Review.objects.filter(is_open=True, assigned_to=None), product="account__product")
        .exclude(customer_id__in=conflicted_customers(actor))
        .order_by("opened_on", "id")
    )
    review = waiting.select_for_update(of=("self",), skip_locked=_can_skip()).select_related("account").first()
    if review is None:
        raise refusals.NoReviewWaits
    return _assigned(review, actor, actor.user_id, actor.name, operation=WORK_REVIEW)


def _can_skip() -> bool:
    from django.db import connection

    return bool(connection.features.has_select_for_update_skip_locked)


@transaction.atomic
def assign_review(*, actor: Actor, review_id: int, username: str) -> Review:
    """Hand an open review to somebody who may work on it; "" puts it back for anybody to take.

    :raises ReviewUnknown, ReviewClosed: there is none to assign
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AssigneeUnfit: not active, not in a role that reviews, out of scope, or in conflict with the customer
    """
    review = _held(review_id, actor)
    if not username:
        return _assigned(review, actor, None, "", operation=ASSIGN_REVIEW)
    person = get_user_model().objects.filter(username=username, is_active=True).first()
    if person is None:
        raise refusals.AssigneeUnfit(username, _("there is no active person of that name"))
    if not may(person, WORK_REVIEW):
        raise refusals.AssigneeUnfit(username, _("their roles do not review"))
    if not scope_of(person).permits(review.account_id):
        raise refusals.AssigneeUnfit(username, _("the account is not in their portfolio"))
    try:
        refuse_conflict(person, review.customer_id)
    except ConflictDeclared:
        # Which one is nobody's business here.
        raise refusals.AssigneeUnfit(username, _("they may not work on this customer")) from None
    return _assigned(review, actor, person.pk, username, operation=ASSIGN_REVIEW)


def _assigned(review: Review, actor: Actor, user_id: int | None, username: str, *, operation: str) -> Review:
    before = review.assigned_to.get_username() if review.assigned_to else ""
    review.assigned_to_id, review.assigned_at = user_id, timezone.now() if user_id else None
    # Who has it is not what is written on it: a form that is open elsewhere stays good.
    review.save(update_fields=["assigned_to", "assigned_at", "changed_at"])
    record(
        actor=actor,
        action=operation,
        subject_type="review",
        subject_key=f"{review.account.account_no}/{review.pk}",
        account_id=review.account_id,
        before={"assigned_to": before},
        after={"assigned_to": username},
    )
    return review


def may_write_on(user: Any, review: Review) -> bool:
    """Return whether a person may write on an open review: their own, nobody's, or as a team lead anybody's."""
    if not review.is_open or not may(user, WORK_REVIEW):
        return False
    return review.assigned_to_id in (None, user.pk) or bool(roles_of(user) & _MAY_TAKE_OVER)


def reasons_in_use() -> Sequence[ReviewReason]:
    """Return the reason codes to choose from."""
    return tuple(ReviewReason.objects.filter(is_active=True))
