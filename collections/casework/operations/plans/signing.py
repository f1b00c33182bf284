"""Plans signed: from that moment the new schedule is in the ledger, and collection stops."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Decision, ScheduleChange
from accounts.operations.attachments import KINDS, clean_name, forget_content, kind_of, read_content, store_content
from accounts.operations.checks import check_reason
from accounts.operations.deciding.ending_demands import end_demands
from accounts.operations.deciding.restrictions import announce
from accounts.operations.deciding.standing import hold_today, lock_standing
from accounts.operations.review_refusals import FileKindUnknown
from accounts.operations.schedule_changes import change_schedule
from accounts.operations.signals import note_signals
from accounts.rules.decisions import OPEN_STATUSES, Action, Status
from casework.models import Plan, PlanEvent, PlanFile, Promise
from casework.operations.plans.agreements import Stored, keep_signed, stored_files
from casework.operations.plans.eligibility import stopped_by
from casework.operations.plans.proposing import dues_in, installments_of, parts_in
from casework.operations.plans.refusals import (
    BalanceChanged,
    EvidenceMissing,
    NotEligible,
    NotTheCustomer,
    OfferOver,
    OwnSignature,
)
from casework.operations.plans.standing import Held, hold_plan, note, owed_by, parts_of
from casework.operations.plans.using import settle_use
from casework.operations.promises import cancel_promise
from casework.plan_hooks import send_offer_again
from casework.plan_roles import CONFIRM_PLAN, SEND_BACK_PAPER, SIGN_PLAN
from casework.rules.plans import observed_until
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason

#: What a signed agreement may be handed in as, by its ending: a scan or a photograph, which show the signature.
PAPER_KINDS: Final = ("pdf", "png", "jpg")
SIGNED: Final = own_reason(gettext_noop("Plan %(number)s was signed in its place."))


def sign_plan(
    *,
    actor: Actor,
    reference: str,
    way: str,
    recording: str = "",
    kept_until: date | None = None,
    is_customers: bool = False,
) -> Plan:
    """Take the customer's consent to an offered plan, and put its schedule into the ledger.

    :param way: `link` or `app`: the customer said yes there; `oral`: on the telephone, recorded. Paper is handed in instead
    :param recording: where the recording of an oral consent lies
    :param kept_until: until when it is kept; until the plan is settled at least
    :param is_customers: whether it comes from the customer's own page or app; nobody of ours agrees there for them
    :raises NotTheCustomer: a person says that they agreed there
    :raises EvidenceMissing: an oral consent without its recording, or one kept for less than the plan runs
    :raises OfferOver: the days in which it could be signed are over
    :raises BalanceChanged: what is owed has changed since the plan was made
    :raises NotEligible: a dispute or a suspicion of fraud has come up, or the account was written off
    :raises AgreementUnprinted: none was kept when it was offered, and it cannot be printed now
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    if way in (Plan.Way.LINK, Plan.Way.APP) and not is_customers:
        raise NotTheCustomer
    with stored_files() as stored, transaction.atomic():
        return _sign(actor, reference, way, recording, kept_until, stored)


def _sign(actor: Actor, reference: str, way: str, recording: str, kept_until: date | None, stored: Stored) -> Plan:
    plan, held = hold_plan(reference, actor, Plan.Status.OFFERED)
    evidence: dict[str, Any] = {}
    if way == Plan.Way.PAPER:
        raise EvidenceMissing(_("the signed agreement as a file"))
    if way == Plan.Way.ORAL:
        last = dues_in(plan)[-1].due_date
        if not recording.strip() or kept_until is None or kept_until < last:
            raise EvidenceMissing(
                _("the reference of its recording and a day until which it is kept, %(day)s or later") % {"day": last.isoformat()}
            )
        evidence = {"recording": recording.strip(), "kept_until": kept_until.isoformat()}
    plan.way, plan.evidence, plan.signed_by_id = way, evidence, actor.user_id
    _put_in_force(plan, held, actor=actor, action=SIGN_PLAN, stored=stored)
    return plan


def hand_in_agreement(*, actor: Actor, reference: str, name: str, chunks: Iterable[bytes], size_bytes: int) -> Plan:
    """Hand in an agreement signed on paper; it counts once a second person has confirmed it.

    :raises FileTooLarge, FileEmpty, FileKindUnknown: the file is not taken
    :raises OfferOver: the days in which it could be signed are over
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    content = read_content(chunks, size_bytes)
    ending = kind_of(content)
    if ending not in PAPER_KINDS:
        raise FileKindUnknown(name, PAPER_KINDS)
    stored_as = f"plan-{secrets.token_hex(16)}"
    store_content(stored_as, content)
    try:
        with transaction.atomic():
            plan, held = hold_plan(reference, actor, Plan.Status.OFFERED)
            _refuse_late(plan, held)
            before = plan.status
            plan.status, plan.way, plan.signed_by_id = Plan.Status.CONFIRMING, Plan.Way.PAPER, actor.user_id
            plan.save(update_fields=["status", "way", "signed_by_id"])
            kept = PlanFile.objects.create(
                plan=plan,
                name=clean_name(name, ending),
                content_type=KINDS[ending],
                sha256=hashlib.sha256(content).hexdigest(),
                size_bytes=len(content),
                stored_as=stored_as,
            )
            note(
                plan,
                PlanEvent.Kind.HANDED_IN,
                day=held.open_day,
                actor=actor,
                action=SIGN_PLAN,
                before=before,
                figures={"file": kept.name, "sha256": kept.sha256},
            )
    except BaseException:
        forget_content(stored_as)
        raise
    return plan


def confirm_agreement(*, actor: Actor, reference: str) -> Plan:
    """Confirm an agreement that somebody else handed in, and put its schedule into the ledger.

    :raises OwnSignature: whoever handed it in
    :raises BalanceChanged: what is owed has changed since the plan was made
    :raises AgreementUnprinted: none was kept when it was offered, and it cannot be printed now
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    with stored_files() as stored, transaction.atomic():
        plan, held = hold_plan(reference, actor, Plan.Status.CONFIRMING)
        if actor.user_id is not None and actor.user_id == plan.signed_by_id:
            raise OwnSignature
        _put_in_force(plan, held, actor=actor, action=CONFIRM_PLAN, stored=stored)
        return plan


@transaction.atomic
def send_back_agreement(*, actor: Actor, reference: str, reason: str, now: datetime) -> Plan:
    """Send back an agreement that somebody else handed in: the offer stands again, for another paper or another way.

    Where its last day came while the paper waited, it stands for the days of the terms anew: the wait was ours. The customer is
    written to where they have no message of the offer, or one with a day that is past.

    :param now: when it is sent back, and from when a message may go out
    :raises ReasonMissing: nothing is written in it
    :raises OwnSignature: whoever handed it in
    :raises PlanUnknown, PlanMovedOn, ConflictDeclared: see `hold_plan`
    """
    check_reason(reason)
    plan, held = hold_plan(reference, actor, Plan.Status.CONFIRMING)
    if actor.user_id is not None and actor.user_id == plan.signed_by_id:
        raise OwnSignature
    before, paper = plan.status, plan.files.get(sent_back_at=None)
    paper.sent_back_at = now
    paper.save(update_fields=["sent_back_at"])
    plan.status, plan.way, plan.signed_by_id = Plan.Status.OFFERED, "", None
    plan.save(update_fields=["status", "way", "signed_by_id"])
    note(
        plan,
        PlanEvent.Kind.SENT_BACK,
        day=held.open_day,
        actor=actor,
        action=SEND_BACK_PAPER,
        before=before,
        note=reason.strip(),
        figures={"file": paper.name, "sha256": paper.sha256},
    )
    is_longer = _extend(plan, held, actor)
    send_offer_again(plan, held.open_day, now, is_longer=is_longer)
    return plan


def _extend(plan: Plan, held: Held, actor: Actor) -> bool:
    """Have an offer stand for the days of its terms from the open day on, where that is its last day or later."""
    until = plan.offered_until
    if until is None or held.open_day < until:
        return False
    plan.offered_until = held.open_day + timedelta(days=plan.terms.offer_days)
    plan.save(update_fields=["offered_until"])
    note(
        plan,
        PlanEvent.Kind.EXTENDED,
        day=held.open_day,
        actor=actor,
        action=SEND_BACK_PAPER,
        before=plan.status,
        figures={"offered_until": plan.offered_until.isoformat(), "stood_until": until.isoformat()},
    )
    return True


def check_balance(plan: Plan, held: Held) -> None:
    """Refuse a plan made of what is no more owed: more or less of any component of any instalment it takes over.

    Penalty grows by the day: what came since it was made is not in the plan and stays due.

    :raises BalanceChanged: with both sums
    """
    now = {part.installment: part for part in parts_of(held.rebuilt, covers="open")}
    agreed = parts_in(plan)
    present = tuple(now[part.installment] for part in agreed if part.installment in now)
    is_same = len(present) == len(agreed) and all(
        is_now[2:] == was[2:] and is_now.penalty_minor >= was.penalty_minor for is_now, was in zip(present, agreed, strict=True)
    )
    if not is_same:
        raise BalanceChanged(plan.owed_minor, owed_by(present).total_minor, held.currency)


def check_standing(plan: Plan, held: Held) -> None:
    """Refuse a plan on which something has come up that its terms rule out.

    :raises NotEligible: which
    """
    against = stopped_by(plan.terms, plan.account_id, closed_day=held.closed_day)
    if against:
        raise NotEligible(plan.terms.get_instrument_display(), against)


def _refuse_late(plan: Plan, held: Held) -> None:
    if plan.offered_until is not None and held.open_day > plan.offered_until:
        raise OfferOver(plan.offered_until)


def _replace_what_was_agreed(plan: Plan, actor: Actor) -> None:
    """End what a plan takes the place of: demands for full repayment, which it is no more due by, and open promises."""
    why = SIGNED % {"number": plan.reference}
    open_demands = Decision.objects.filter(
        account_id=plan.account_id, action=Action.ACCELERATE, status__in=[*OPEN_STATUSES, Status.EFFECTIVE]
    )
    if open_demands.exists():
        today = hold_today(plan.account_id)
        end_demands(actor=actor, standing=lock_standing(plan.account_id), today=today, why=why)
    for promise_id in Promise.objects.filter(account_id=plan.account_id, status=Promise.Status.OPEN).values_list("pk", flat=True):
        cancel_promise(actor=actor, promise_id=promise_id, reason=why)


def _put_in_force(plan: Plan, held: Held, *, actor: Actor, action: str, stored: Stored) -> None:
    if plan.status == Plan.Status.OFFERED:
        _refuse_late(plan, held)
    check_standing(plan, held)
    check_balance(plan, held)
    _replace_what_was_agreed(plan, actor)
    before = plan.status
    plan.change = change_schedule(
        actor=actor,
        account_id=plan.account_id,
        kind=ScheduleChange.Kind(plan.terms.instrument),
        value_date=held.open_day,
        parts=parts_in(plan),
        schedule=installments_of(dues_in(plan)),
        bears_penalty=plan.terms.bears_penalty,
        reference=plan.reference,
        reason=plan.reason,
    )
    plan.status, plan.signed_on = Plan.Status.ACTIVE, held.open_day
    plan.observed_until = observed_until(held.open_day, months=plan.terms.observed_months)
    columns = ["status", "signed_on", "observed_until", "way", "evidence", "signed_by_id", "change"]
    plan.save(update_fields=columns)
    # Collection stops with the signature (card rules art. 70): the contact policy, ladders and queues go by the signal.
    note_signals(plan.account_id, has_hardship_plan=True)
    kept = keep_signed(plan, day=held.open_day, stored=stored)
    note(
        plan,
        PlanEvent.Kind.SIGNED,
        day=held.open_day,
        actor=actor,
        action=action,
        before=before,
        figures={
            "way": plan.way,
            "owed_minor": plan.owed_minor,
            "price_minor": plan.price_minor,
            "agreement_sha256": kept.content_sha256,
        },
    )
    # Last of all: from here to the commit announcements wait for each other.
    if settle_use(plan.account_id, day=held.open_day, actor=actor):
        announce([plan.account_id])
