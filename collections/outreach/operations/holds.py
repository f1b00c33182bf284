"""Holds on contact: placed at once by whoever hears of the cause, ended by a second person."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import CreditAccount, Customer
from accounts.operations.signals import note_signals
from casework.dispute_reasons import CLOSED, HELD_BY
from casework.models import Dispute
from casework.queries.plans import kept_plans
from casework.rules.disputes import Lane, Reach
from outreach.models import ContactHold
from outreach.models.policies import HOLD_NAMES
from outreach.operations.refusals import (
    AccountNotOfCustomer,
    HoldEnded,
    HoldOfDispute,
    HoldThere,
    HoldUnknown,
    NotOfRepresentative,
    OwnHold,
    ReasonNeeded,
)
from outreach.operations.typed_numbers import detail_of_typed
from outreach.queries.standing import HOLD_SIGNALS, detail_of
from outreach.roles import END_HOLD, PLACE_HOLD
from outreach.rules.contacts import NOTED_HOLDS, Channel, Hold
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of_actor

#: The signal of an account that each hold stands in; every other one is `is_on_hold`. Rules, queues and lists go by them.
SIGNALS: Final = {hold: column for column, hold in HOLD_SIGNALS.items()}
ON_HOLD: Final = "is_on_hold"
#: The hold that a dispute is, by its lane.
OF_LANE: Final = {Lane.DISPUTE: Hold.DISPUTE, Lane.FRAUD: Hold.FRAUD_CLAIM, Lane.COMPLAINT: Hold.COMPLAINT}


@transaction.atomic
def place_hold(
    *,
    actor: Actor,
    customer: Customer,
    account: CreditAccount | None,
    kind: Hold,
    reason: str,
    representative: str = "",
    now: datetime,
) -> ContactHold:
    """Hold contact back from now on: about one account, or about all of the customer's.

    Where it is held back for a legal representation whose number was not known, the number is noted on that hold. Another number
    takes the place of one on record only with a new hold, once somebody else has ended this one.

    :param representative: telephone number of who represents the customer, for a legal representation; only its index is kept
    :raises ValueError: nobody notes this hold, it follows from an experiment
    :raises ReasonNeeded: nothing is written in it
    :raises AccountNotOfCustomer: the account is somebody else's
    :raises NotOfRepresentative: a number for another hold, the customer's own, or none
    :raises HoldThere: it is held back for that already
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    if kind not in NOTED_HOLDS:
        raise ValueError(f"nobody notes {kind}")
    refuse_conflict(actor, customer.pk)
    if not reason.strip():
        raise ReasonNeeded
    if account is not None and account.customer_id != customer.pk:
        raise AccountNotOfCustomer(account.account_no, customer.customer_no)
    detail = _detail_of_representative(representative, customer, kind) if representative.strip() else None
    _lock(customer)
    if detail is not None:
        there = ContactHold.objects.select_for_update(of=("self",))
        there = there.filter(customer=customer, account=account, kind=kind, until=None, dispute=None, representative=None)
        for hold in there:
            hold.representative = detail
            hold.save(update_fields=["representative"])
            _record(hold, actor, PLACE_HOLD, reason)
            return hold
    try:
        with transaction.atomic():
            hold = ContactHold.objects.create(
                customer=customer,
                account=account,
                kind=kind,
                representative=detail,
                reason=reason.strip(),
                since=now,
                placed_by_id=actor.user_id,
                placed_by_name=actor.name,
            )
    except IntegrityError:
        raise HoldThere(str(HOLD_NAMES[kind])) from None
    _note_signals(customer, now)
    _record(hold, actor, PLACE_HOLD, reason)
    return hold


def _detail_of_representative(number: str, customer: Customer, kind: Hold) -> int:
    own = detail_of(customer, Channel.CALL)
    detail = detail_of_typed(number, own)
    is_number = any(map(str.isdigit, number))
    if kind is not Hold.LEGAL_REPRESENTATION or not is_number or detail is None or detail == own:
        raise NotOfRepresentative
    return detail


def place_for_dispute(dispute: Dispute, actor: Actor, now: datetime) -> None:
    """Hold back what a dispute holds back: contact about its account, or with its customer. In the dispute's own transaction."""
    reach = Reach(dispute.reach)
    if reach is Reach.NONE:
        return
    customer = dispute.customer
    _lock(customer)
    hold = ContactHold.objects.create(
        customer=customer,
        account=dispute.account if reach is Reach.ACCOUNT else None,
        kind=OF_LANE[Lane(dispute.lane)],
        dispute=dispute,
        reason=HELD_BY % {"number": dispute.pk},
        since=now,
        placed_by_id=actor.user_id,
        placed_by_name=actor.name,
    )
    _note_signals(customer, now)
    _record(hold, actor, PLACE_HOLD, hold.reason)


def end_for_dispute(dispute: Dispute, actor: Actor, now: datetime) -> None:
    """End what a dispute held back; what people or other disputes hold back stays. In the dispute's own transaction."""
    customer = dispute.customer
    _lock(customer)
    hold = ContactHold.objects.select_for_update(of=("self",)).filter(dispute=dispute, until=None).first()
    if hold is None:
        return
    hold.until = max(now, hold.since)
    hold.ended_by_id, hold.ended_by_name = actor.user_id, actor.name
    hold.end_reason = CLOSED % {"number": dispute.pk}
    hold.save(update_fields=["until", "ended_by", "ended_by_name", "end_reason"])
    _note_signals(customer, hold.until)
    _record(hold, actor, END_HOLD, hold.end_reason)


@transaction.atomic
def end_hold(*, actor: Actor, customer: Customer, hold_id: int, reason: str, now: datetime) -> ContactHold:
    """End a hold: contact may go on as far as nothing else stands against it.

    :raises ReasonNeeded: nothing is written in it
    :raises HoldUnknown, HoldEnded: there is no such hold to end
    :raises HoldOfDispute: it ends with its dispute, and not before
    :raises OwnHold: whoever placed it is not the one who ends it
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    refuse_conflict(actor, customer.pk)
    if not reason.strip():
        raise ReasonNeeded
    _lock(customer)
    hold = ContactHold.objects.select_for_update(of=("self",)).filter(pk=hold_id, customer=customer).first()
    if hold is None or (hold.account_id is not None and not scope_of_actor(actor).permits(hold.account_id)):
        raise HoldUnknown(hold_id)
    if hold.until is not None:
        raise HoldEnded(hold.ended_by_name)
    if hold.dispute_id is not None:
        raise HoldOfDispute(hold.dispute_id)
    if actor.user_id is not None and actor.user_id == hold.placed_by_id:
        raise OwnHold(hold.get_kind_display())
    hold.until = max(now, hold.since)
    hold.ended_by_id, hold.ended_by_name, hold.end_reason = actor.user_id, actor.name, reason.strip()
    hold.save(update_fields=["until", "ended_by", "ended_by_name", "end_reason"])
    _note_signals(customer, hold.until)
    _record(hold, actor, END_HOLD, reason)
    return hold


def open_holds(customer_id: int, now: datetime) -> list[ContactHold]:
    """Return what holds contact with a customer back at a moment, the latest first."""
    rows = ContactHold.objects.filter(Q(until=None) | Q(until__gt=now), customer_id=customer_id, since__lte=now)
    return list(rows.select_related("account").order_by("-since", "-pk"))


def _lock(customer: Customer) -> None:
    # The day before the accounts, and the accounts in the order of ids, as everybody does; then the customer, as the gate does.
    for account_id in CreditAccount.objects.filter(customer=customer).order_by("pk").values_list("pk", flat=True):
        hold_day(account_id)
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer.pk)


def _note_signals(customer: Customer, now: datetime) -> None:
    """Bring the signals of the customer's accounts to what their holds say."""
    holds = [(Hold(hold.kind), hold.account_id) for hold in open_holds(customer.pk, now) if hold.until is None]
    kept = set(kept_plans().filter(customer=customer).values_list("account_id", flat=True))
    for account_id in CreditAccount.objects.filter(customer=customer).order_by("pk").values_list("pk", flat=True):
        own = {SIGNALS.get(kind, ON_HOLD) for kind, about in holds if about in (None, account_id)}
        if account_id in kept:
            # A plan of ours that is kept holds contact back too, and ends that by itself.
            own.add(SIGNALS[Hold.HARDSHIP_PLAN])
        note_signals(account_id, **{column: column in own for column in (*SIGNALS.values(), ON_HOLD)})


def has_noted_plan(account_id: int) -> bool:
    """Return whether somebody noted a plan that is not one of ours, which holds contact about an account back."""
    about = Q(account_id=account_id) | Q(account=None, customer__accounts=account_id)
    return ContactHold.objects.filter(about, kind=Hold.HARDSHIP_PLAN, until=None).exists()


def _record(hold: ContactHold, actor: Actor, action: str, reason: str) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="customer",
        subject_key=hold.customer.customer_no,
        account_id=hold.account_id,
        after={
            "hold": hold.kind,
            "since": hold.since.isoformat(),
            "until": hold.until.isoformat() if hold.until else None,
            # Whose number it is, the hold's reason says; the number itself is kept nowhere.
            **({"has_representative": True} if hold.representative is not None else {}),
        },
        reason=reason.strip(),
    )
