"""Resale of written-off accounts: a switch that is off as shipped and takes two people to be on, and what is sold while it is."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import CreditAccount, WriteOff
from accounts.operations.deciding.standing import hold_today, lock_standing
from accounts.queries.entries import load_entries
from outreach.operations.holds import place_hold
from outreach.operations.refusals import HoldThere
from outreach.rules.contacts import Hold
from recovery.models import DebtSale, LegalCase, Placement, ResaleChange
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.refusals import AgencyRefusal
from recovery.operations.write_offs import refusals
from recovery.queries.write_off_standing import owing_of
from recovery.write_off_reasons import SOLD
from recovery.write_off_roles import ASK_RESALE, JUDGE_RESALE, SELL_DEBT
from riskops.shared.audit import Actor, record
from riskops.shared.models import BookState
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.wording import day_text

Status = ResaleChange.Status


def resale_now() -> ResaleChange | None:
    """Return the change of the switch that holds; None: off, as shipped."""
    return ResaleChange.objects.filter(status=Status.APPROVED).order_by("-judged_at", "-pk").first()


def is_resale_on() -> bool:
    """Return whether written-off accounts may be sold."""
    now = resale_now()
    return now is not None and now.is_on


def off_since(change: ResaleChange | None) -> str:
    """Return in words since when the switch is off."""
    if change is None or change.judged_at is None:
        return _("as shipped")
    about = {"name": change.judged_by_name or change.asked_by_name, "day": day_text(change.judged_at.date())}
    return _("switched off by %(name)s on %(day)s") % about


def refuse_resale_off() -> None:
    """Refuse whatever marks, lists or hands out written-off accounts for sale while the switch is off.

    :raises ResaleOff: it is off
    """
    now = resale_now()
    if now is None or not now.is_on:
        raise refusals.ResaleOff(off_since(now))


@transaction.atomic
def ask_resale(*, actor: Actor, basis: str, now: datetime) -> ResaleChange:
    """Ask that resale is switched on; somebody else approves it.

    :raises BasisMissing: nothing says what it rests on
    :raises ResaleAsIs: it is on, or asked for already
    """
    if not basis.strip():
        raise refusals.BasisMissing
    _take_turn()
    if is_resale_on():
        raise refusals.ResaleAsIs(_("resale is on"))
    if ResaleChange.objects.filter(status=Status.ASKED).exists():
        raise refusals.ResaleAsIs(_("it waits for a second person already"))
    change = ResaleChange.objects.create(
        is_on=True, basis=basis.strip()[:500], asked_by_id=actor.user_id, asked_by_name=actor.name, asked_at=now
    )
    _record(change, actor, ASK_RESALE, basis)
    return change


@transaction.atomic
def judge_resale(*, actor: Actor, change_id: int, is_approved: bool, now: datetime) -> ResaleChange:
    """Approve or refuse that resale is switched on.

    :raises ResaleChangeGone: it does not wait any more
    :raises OwnResaleChange: whoever asked does not approve
    """
    _take_turn()
    change = ResaleChange.objects.select_for_update(of=("self",)).filter(pk=change_id, status=Status.ASKED).first()
    if change is None:
        raise refusals.ResaleChangeGone(change_id)
    if actor.user_id is None or (is_approved and actor.user_id == change.asked_by_id):
        raise refusals.OwnResaleChange(change.asked_by_name)
    change.status = Status.APPROVED if is_approved else Status.REFUSED
    change.judged_by_id, change.judged_by_name, change.judged_at = actor.user_id, actor.name, now
    change.save(update_fields=["status", "judged_by", "judged_by_name", "judged_at"])
    _record(change, actor, JUDGE_RESALE, change.basis)
    return change


@transaction.atomic
def switch_resale_off(*, actor: Actor, basis: str, now: datetime) -> ResaleChange:
    """Switch resale off, at once and alone; what is sold stays sold.

    :raises BasisMissing: nothing says why
    :raises ResaleAsIs: it is off
    """
    if not basis.strip():
        raise refusals.BasisMissing
    _take_turn()
    if not is_resale_on():
        raise refusals.ResaleAsIs(_("resale is off"))
    change = ResaleChange.objects.create(
        is_on=False, basis=basis.strip()[:500], status=Status.APPROVED, asked_by_id=actor.user_id, asked_by_name=actor.name,
        asked_at=now, judged_at=now,
    )  # fmt: skip
    _record(change, actor, ASK_RESALE, basis)
    return change


def _take_turn() -> None:
    # One who changes the switch, or sells while it is on, after the other.
    BookState.objects.select_for_update().filter(pk=1).first()


def _record(change: ResaleChange, actor: Actor, action: str, reason: str) -> None:
    after = {"is_on": change.is_on, "status": change.status}
    record(actor=actor, action=action, subject_type="resale", subject_key=str(change.pk), after=after, reason=reason.strip())


@transaction.atomic
def sell_debt(
    *,
    actor: Actor,
    account_id: int,
    buyer: str,
    licence: str,
    price_minor: int,
    sold_on: date,
    note: str,
    now: datetime,
) -> DebtSale:
    """Record that a written-off account was sold: contact and work stop, and what is paid after that day is the buyer's.

    :raises ResaleOff: the switch is off
    :raises NotWrittenOff, SoldAlready, CannotBeSold: the account is not one to sell
    :raises SaleValueMissing, PriceNotPossible, SaleDayImpossible: a value that is not taken
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    """
    today = hold_today(account_id)
    refuse_resale_off()
    standing = lock_standing(account_id)
    refuse_conflict(actor, standing.customer_id)
    account = CreditAccount.objects.select_related("customer").get(pk=account_id)
    write_off = WriteOff.objects.filter(account_id=account_id).first()
    if write_off is None or not standing.is_written_off:
        raise refusals.NotWrittenOff(account.account_no)
    sale = DebtSale.objects.filter(account_id=account_id).first()
    if sale is not None:
        raise refusals.SoldAlready(account.account_no, sale.buyer, sale.sold_on)
    for about, value in (("buyer", buyer), ("licence", licence)):
        if not value.strip():
            raise refusals.SaleValueMissing(about)
    if price_minor < 0:
        raise refusals.PriceNotPossible
    if not write_off.value_date <= sold_on <= today.open_day:
        raise refusals.SaleDayImpossible(sold_on, write_off.value_date, today.open_day)
    _refuse_unsettled(account, standing.owed_minor)
    then = load_entries([account_id])[account_id].rebuilt(sold_on).state
    owed_minor = then.outstanding_principal_minor + then.outstanding_interest_minor + then.outstanding_fee_minor
    owed_minor += then.penalty_due_minor
    if Placement.objects.filter(account_id=account_id, recalled_on=None).exists():
        try:
            recall_account(actor=actor, account_no=account.account_no, reason=Placement.Reason.RESALE, note=SOLD)
        except AgencyRefusal as refusal:
            raise refusals.CannotBeSold(account.account_no, str(refusal).rstrip(".")) from None
    try:
        with transaction.atomic():
            sale = DebtSale.objects.create(
                account=account, sold_on=sold_on, buyer=buyer.strip()[:200], licence=licence.strip()[:200],
                price_minor=price_minor, owed_minor=owed_minor, note=note.strip()[:500], recorded_by_id=actor.user_id,
                recorded_by_name=actor.name, recorded_at=now,
            )  # fmt: skip
    except IntegrityError:
        there = DebtSale.objects.get(account_id=account_id)
        raise refusals.SoldAlready(account.account_no, there.buyer, there.sold_on) from None
    with suppress(HoldThere):
        place_hold(actor=actor, customer=account.customer, account=account, kind=Hold.STOP_CONTACT, reason=SOLD, now=now)
    record(
        actor=actor,
        action=SELL_DEBT,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account_id,
        after={"sold_on": sold_on.isoformat(), "buyer": sale.buyer, "price_minor": price_minor, "owed_minor": sale.owed_minor},
        reason=sale.note,
    )
    return sale


def _refuse_unsettled(account: CreditAccount, owed_minor: int) -> None:
    if owed_minor <= 0:
        raise refusals.CannotBeSold(account.account_no, _("nothing is owed any more"))
    case = LegalCase.objects.filter(account=account, status__in=["proposed", "open"]).first()
    if case is not None:
        raise refusals.CannotBeSold(account.account_no, _("legal case %(case)s is open") % {"case": case.reference})
    row = owing_of([account.pk]).get(account.pk)
    if row is not None and (row.is_disputed or row.is_fraud_suspected):
        raise refusals.CannotBeSold(account.account_no, _("it is disputed"))
    if row is not None and row.has_plan:
        raise refusals.CannotBeSold(account.account_no, _("a plan is kept"))
