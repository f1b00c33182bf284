"""A dispute or complaint taken in: what it holds back is held back in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet, Sum

from accounts.models import AccountState, CreditAccount, Installment, Payment, ScheduleChangePart
from accounts.operations.checks import check_amount, check_reference
from accounts.operations.deciding.ending_demands import end_demands
from accounts.operations.deciding.standing import Standing, Today, hold_today, lock_standing
from accounts.operations.refusals import AccountUnknown
from accounts.own_reasons import DISPUTED
from casework.dispute_hooks import place_holds
from casework.dispute_roles import OPEN_DISPUTE
from casework.models import Dispute, DisputeKind
from casework.models.disputes import DisputeFigures
from casework.operations.disputes import refusals
from casework.rules.disputes import DemandTerms, answer_day
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.people.conflicts import refuse_conflict

LONGEST_TEXT: Final = 10_000
#: What a kind says and a dispute keeps.
FIGURES: Final = tuple(field.name for field in DisputeFigures._meta.get_fields())
#: By what the very same intake is told from another one under its reference.
_SAME: Final = ("account_id", "kind_id", "came_by", "claim", "order_no", "amount_minor", "received_on")


@dataclass(frozen=True, slots=True)
class Intake:
    """What the customer says. `received_on` None: the open day; `order_no` "": the account as a whole; amounts in minor units."""

    kind: str
    came_by: str
    claim: str
    order_no: str = ""
    amount_minor: int | None = None
    received_on: date | None = None


@transaction.atomic
def open_dispute(*, actor: Actor, account_id: int, intake: Intake, reference: str, now: datetime) -> Dispute:
    """Take in a dispute: its clock runs from the day of receipt, contact and decisions are held back as its kind says.

    :raises AccountUnknown, DayNotOpenYet, ReferenceMalformed: a value the book does not take
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises DisputeKindUnknown, ValueUnknown, TextNeeded, TextOverlong, OrderUnknown, ReceivedOutOfRange, AmountNotAboveZero,
        AmountTooLarge, DisputedMoreThanEver: a value that cannot be
    :raises DisputeTakenInAlready: the very same is there; whoever asked may carry on
    :raises DisputeReferenceTaken, DisputeOpenAlready: another one is in the way
    """
    check_reference(reference)
    standing, today = hold_account(account_id)
    refuse_conflict(actor, standing.customer_id)
    account = CreditAccount.objects.get(pk=account_id)
    kind = _kind(intake.kind)
    _check(intake, standing)
    received_on = intake.received_on or today.open_day
    dispute = Dispute(
        reference=reference,
        account=account,
        customer_id=standing.customer_id,
        kind=kind,
        came_by=intake.came_by,
        claim=intake.claim.strip(),
        order_no=intake.order_no,
        amount_minor=intake.amount_minor,
        received_on=received_on,
        answer_by=answer_day(received_on, answer_days=kind.answer_days),
        opened_by_id=actor.user_id,
        opened_by_name=actor.name,
        **{name: getattr(kind, name) for name in FIGURES},
    )
    _refuse_repeated(dispute)
    if not account.opened_on <= received_on <= today.open_day:
        raise refusals.ReceivedOutOfRange(received_on, account.opened_on, today.open_day)
    _refuse_open(dispute)
    try:
        with transaction.atomic():
            dispute.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(dispute)
        _refuse_open(dispute)
        raise
    ended = []
    if dispute.demands == DemandTerms.END:
        why = DISPUTED % {"number": dispute.pk}
        ended = [demand.reference for demand in end_demands(actor=actor, standing=standing, today=today, why=why)]
    place_holds(dispute, actor, now)
    note(actor, OPEN_DISPUTE, dispute, after=_as_recorded(dispute) | ({"ended_demands": ended} if ended else {}))
    return dispute


def hold_account(account_id: int) -> tuple[Standing, Today]:
    """Return how an account stands and the business day, both held; the days of all of its customer's accounts first.

    Holds on contact lock the days of them all, and days come before accounts.

    :raises AccountUnknown, DayNotOpenYet: there is nothing to hold
    """
    customer_id = CreditAccount.objects.filter(pk=account_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        raise AccountUnknown(account_id)
    for other in CreditAccount.objects.filter(customer_id=customer_id).order_by("pk").values_list("pk", flat=True):
        hold_day(other)
    today = hold_today(account_id)
    return lock_standing(account_id), today


def note(
    actor: Actor,
    action: str,
    dispute: Dispute,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write a line about a dispute into the audit trail."""
    record(
        actor=actor,
        action=action,
        subject_type="dispute",
        subject_key=f"{dispute.account.account_no}/{dispute.pk}",
        account_id=dispute.account_id,
        before=before,
        after=after,
        reason=reason,
    )


def check_text(text: str, about: str, what: str) -> str:
    """Return a text without what surrounds it.

    :raises TextNeeded, TextOverlong: it says nothing, or too much
    """
    if not text.strip():
        raise refusals.TextNeeded(about, what)
    if len(text) > LONGEST_TEXT:
        raise refusals.TextOverlong(about, len(text), LONGEST_TEXT)
    return text.strip()


def _kind(code: str) -> DisputeKind:
    kind = DisputeKind.objects.filter(code=code, is_active=True).first()
    if kind is None:
        raise refusals.DisputeKindUnknown(code, DisputeKind.objects.filter(is_active=True).values_list("code", flat=True))
    return kind


def _check(intake: Intake, standing: Standing) -> None:
    from django.utils.translation import gettext as _

    if intake.came_by not in Dispute.CameBy.values:
        raise refusals.ValueUnknown("came_by", intake.came_by, Dispute.CameBy.values)
    check_text(intake.claim, "claim", _("say what the customer says, in their own words."))
    if intake.amount_minor is not None:
        check_amount(intake.amount_minor, digits=standing.minor_digits)
        most = ever_on(standing.account_id)
        if intake.amount_minor > most:
            raise refusals.DisputedMoreThanEver(standing.account_no, intake.amount_minor, most, standing.minor_digits)
    orders = Installment.objects.filter(account_id=standing.account_id, order_no=intake.order_no)
    if intake.order_no and not orders.exists():
        raise refusals.OrderUnknown(standing.account_no, intake.order_no)


def ever_on(account_id: int) -> int:
    """Return what was ever charged to an account or paid into it: no dispute about it can be for more.

    Instalments that were cancelled count too: what went wrong with them is disputed. A payment that was reversed was paid into
    nothing; what it had paid is among what was charged. A new schedule charges what it takes over no second time, only its price.
    """
    amounts = F("principal_minor") + F("interest_minor") + F("fee_minor")
    kept = Payment.objects.received().filter(account_id=account_id, reversal=None)
    return (
        # Penalty that a schedule took over is settled where it accrued, and a fee of the schedule: the parts take it off once.
        _sum(Installment.objects.filter(account_id=account_id), amounts + F("penalty_settled_minor"))
        - _sum(ScheduleChangePart.objects.filter(change__account_id=account_id), amounts + F("penalty_minor"))
        + (AccountState.objects.filter(pk=account_id).values_list("penalty_due_minor", flat=True).first() or 0)
        + _sum(kept, F("amount_minor"))
    )


def _sum(rows: QuerySet[Any], amount: Any) -> int:
    found: int | None = rows.aggregate(found=Sum(amount))["found"]
    return found or 0


def _refuse_repeated(dispute: Dispute) -> None:
    there = Dispute.objects.filter(reference=dispute.reference).first()
    if there is None:
        return
    if all(getattr(there, name) == getattr(dispute, name) for name in _SAME):
        raise refusals.DisputeTakenInAlready(there.pk, there.reference)
    raise refusals.DisputeReferenceTaken(there.pk, there.reference)


def _refuse_open(dispute: Dispute) -> None:
    rivals = Dispute.objects.filter(account_id=dispute.account_id, kind_id=dispute.kind_id, order_no=dispute.order_no)
    rival = rivals.exclude(status=Dispute.Status.CLOSED).first()
    if rival is not None:
        raise refusals.DisputeOpenAlready(rival.pk, dispute.account.account_no, rival.received_on)


def _as_recorded(dispute: Dispute) -> dict[str, Any]:
    values = {
        "kind": dispute.kind.code,
        "lane": dispute.lane,
        "came_by": dispute.came_by,
        "order_no": dispute.order_no,
        "amount_minor": dispute.amount_minor,
        "received_on": dispute.received_on.isoformat(),
        "answer_by": dispute.answer_by.isoformat(),
        # The claim itself stays on the dispute.
        "claim_characters": len(dispute.claim),
    }
    return {name: value for name, value in values.items() if value not in ("", None)}
