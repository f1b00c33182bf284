"""What of the ledger a dispute puts right: planned while it is open, done with its outcome by the ledger's own operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Installment, Payment
from accounts.models.payment import COMPONENT_CHOICES
from accounts.operations.cancelling import cancel_installment, refund_credit
from accounts.operations.checks import check_amount
from accounts.operations.payments import reverse_payment
from accounts.operations.waivers import waive
from accounts.queries.entries import AccountEntries, load_entries
from accounts.rules.entries import WaiverEntry
from accounts.rules.terms import Component
from casework.dispute_reasons import CORRECTED_BY
from casework.dispute_roles import WORK_DISPUTE
from casework.models import Dispute, DisputeCorrection
from casework.operations.disputes import refusals
from casework.operations.disputes.opening import note
from casework.operations.disputes.working import hold_dispute, take_on, touch
from casework.rules.disputes import (
    IN_TURN,
    Correction,
    Outcome,
    PenaltyOf,
    PenaltyTerms,
    is_penalty_waived,
    penalty_to_waive,
)
from riskops.shared.audit import Actor

MOST_CORRECTIONS: Final = 200
#: From here on entries that are not written are numbered: after all that are.
_PLANNED: Final = 1 << 62
_COMPONENTS: Final = frozenset(value for value, _label in COMPONENT_CHOICES)


@dataclass(frozen=True, slots=True)
class Planned:
    """One correction, as somebody asks for it; what a kind of correction does not use is left out. Amounts in minor units."""

    what: str
    order_no: str = ""
    sequence: int | None = None
    component: int | None = None
    payment_no: str = ""
    amount_minor: int | None = None


#: What each kind of correction names, and nothing else.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    Correction.REVERSE_PAYMENT: ("payment_no",),
    Correction.CANCEL_INSTALLMENT: ("order_no", "sequence"),
    Correction.WAIVE: ("order_no", "sequence", "component", "amount_minor"),
    Correction.REFUND_CREDIT: ("amount_minor",),
}


@transaction.atomic
def plan_correction(*, actor: Actor, dispute_id: int, version: int, planned: Planned) -> DisputeCorrection:
    """Plan to put something right if the dispute is upheld. Nothing moves before the outcome, and a second person.

    :raises DisputeUnknown, DisputeChanged, DisputeNotOpen, DisputeOfSomebodyElse, ConflictDeclared: not this one, not now
    :raises ValueUnknown, CorrectionMalformed, AmountNotAboveZero, AmountTooLarge: a value that cannot be
    :raises CorrectionThere: the very same is planned
    :raises CancelledAndWaived: the instalment is to be cancelled and something of it waived
    """
    dispute = hold_dispute(dispute_id, actor=actor, version=version)
    take_on(dispute, actor)
    _check(planned, dispute)
    values = {name: getattr(planned, name) for name in _NAMES[planned.what]}
    if dispute.corrections.filter(what=planned.what, **values).exists() and planned.what != Correction.REFUND_CREDIT:
        raise refusals.CorrectionThere(str(DisputeCorrection(what=planned.what).get_what_display()))
    _refuse_cancelled_and_waived(planned, dispute)
    if dispute.corrections.count() >= MOST_CORRECTIONS:
        raise refusals.CorrectionMalformed(
            "what", _("The dispute has %(most)s corrections, which is the most.") % {"most": MOST_CORRECTIONS}
        )
    made = DisputeCorrection.objects.create(
        dispute=dispute, what=planned.what, added_by_id=actor.user_id, added_by_name=actor.name, **values
    )
    touch(dispute)
    note(actor, WORK_DISPUTE, dispute, after={"correction": made.pk, "what": made.what, **values})
    return made


@transaction.atomic
def drop_correction(*, actor: Actor, dispute_id: int, version: int, correction_id: int) -> None:
    """Take a planned correction out again.

    :raises DisputeUnknown, DisputeChanged, DisputeNotOpen, DisputeOfSomebodyElse, ConflictDeclared: not this one, not now
    :raises CorrectionUnknown: it is not planned
    """
    dispute = hold_dispute(dispute_id, actor=actor, version=version)
    take_on(dispute, actor)
    planned = dispute.corrections.filter(pk=correction_id, done_on=None).first()
    if planned is None:
        raise refusals.CorrectionUnknown(correction_id)
    before = {"correction": planned.pk, "what": planned.what, **{name: getattr(planned, name) for name in _NAMES[planned.what]}}
    planned.delete()
    touch(dispute)
    note(actor, WORK_DISPUTE, dispute, before=before)


def _check(planned: Planned, dispute: Dispute) -> None:
    if planned.what not in _NAMES:
        raise refusals.ValueUnknown("what", planned.what, _NAMES)
    missing = [name for name in _NAMES[planned.what] if getattr(planned, name) in (None, "")]
    if missing:
        raise refusals.CorrectionMalformed(
            missing[0],
            _("“%(what)s” needs this; fill it in.") % {"what": DisputeCorrection(what=planned.what).get_what_display()},
        )
    account = dispute.account
    if planned.amount_minor is not None and "amount_minor" in _NAMES[planned.what]:
        check_amount(planned.amount_minor, digits=account.product.minor_digits)
    if planned.what == Correction.REVERSE_PAYMENT:
        payment = Payment.objects.received().filter(payment_no=planned.payment_no, account=account).first()
        if payment is None or Payment.objects.filter(reverses=payment).exists():
            raise refusals.CorrectionMalformed(
                "payment_no",
                _("Account %(account)s has no payment %(payment)s that still counts; take the number from its payments.")
                % {"account": account.account_no, "payment": planned.payment_no},
            )
    if "sequence" in _NAMES[planned.what]:
        installments = Installment.objects.filter(account=account, order_no=planned.order_no, sequence=planned.sequence or 0)
        if not installments.exists():
            raise refusals.CorrectionMalformed(
                "sequence",
                _("Account %(account)s has no instalment %(order)s/%(sequence)s; pick one of its own.")
                % {"account": account.account_no, "order": planned.order_no, "sequence": planned.sequence},
            )
    if planned.what == Correction.WAIVE and planned.component not in _COMPONENTS:
        raise refusals.ValueUnknown("component", str(planned.component), [str(value) for value in sorted(_COMPONENTS)])


def _refuse_cancelled_and_waived(planned: Planned, dispute: Dispute) -> None:
    """Refuse to waive on what is to be cancelled: nothing is owed on it then, and the ledger would refuse both."""
    other = {Correction.CANCEL_INSTALLMENT: Correction.WAIVE, Correction.WAIVE: Correction.CANCEL_INSTALLMENT}
    what = other.get(Correction(planned.what))
    if (
        what is not None
        and dispute.corrections.filter(what=what, order_no=planned.order_no, sequence=planned.sequence, done_on=None).exists()
    ):
        raise refusals.CancelledAndWaived(planned.order_no, planned.sequence or 0)


def as_corrected(entries: AccountEntries, planned: Iterable[DisputeCorrection], *, as_of: date) -> AccountEntries:
    """Return the entries of an account as they would be with what is planned done on a day; refunds are left out.

    Nothing is written.
    """
    planned = list(planned)
    keys = {(entry.order_no, entry.sequence): entry.key for entry in entries.installments}
    cancelled = {keys.get((each.order_no, each.sequence or 0)) for each in planned if each.what == Correction.CANCEL_INSTALLMENT}
    undone = {each.payment_no for each in planned if each.what == Correction.REVERSE_PAYMENT}
    waived = [
        WaiverEntry(_PLANNED + place, keys[each.order_no, each.sequence], Component(each.component), as_of, each.amount_minor)
        for place, each in enumerate(planned)
        if each.what == Correction.WAIVE
        and each.sequence is not None
        and each.component is not None
        and each.amount_minor is not None
    ]
    return replace(
        entries,
        installments=[e._replace(cancelled_on=as_of) if e.key in cancelled else e for e in entries.installments],
        payments=[e._replace(reversed_on=as_of) if e.payment_no in undone else e for e in entries.payments],
        waivers=[*entries.waivers, *waived],
    )


def penalty_since(dispute: Dispute, *, today: date, planned: Iterable[DisputeCorrection] = ()) -> dict[int, int]:
    """Return the penalty that accrued since the dispute was received and is still due, by instalment, in minor units.

    Of its order, or of the whole account where it names none. Both days by the replay of the entries: the close of the day
    before it was received, and the close of today. What was undone or cancelled by today counts on neither: else what comes due
    by that would pass for having accrued since.

    :param planned: what is done before, though it is not written yet
    """
    entries = as_corrected(load_entries([dispute.account_id])[dispute.account_id], planned, as_of=today)
    then, now = dispute.received_on - timedelta(days=1), today
    standing = replace(
        entries,
        installments=[each for each in entries.installments if each.cancelled_on is None or each.cancelled_on > now],
        payments=[each for each in entries.payments if each.reversed_on is None or each.reversed_on > now],
    )
    before = {
        state.entry.key: (state.penalty_settled_minor, state.penalty_due_minor(then))
        for state in standing.rebuilt(then).installments
    }
    found = []
    for state in standing.rebuilt(now).installments:
        if dispute.order_no and state.entry.order_no != dispute.order_no:
            continue
        settled, due = before.get(state.entry.key, (0, 0))
        found.append(PenaltyOf(state.entry.key, settled, due, state.penalty_settled_minor, state.penalty_due_minor(now)))
    return penalty_to_waive(found)


def penalty_waivers(
    dispute: Dispute, *, today: date, planned: Iterable[DisputeCorrection] = (), added_by: Actor | None = None
) -> list[DisputeCorrection]:
    """Return the waivers of the penalty since the intake as they would come with the outcome; nothing is written.

    :param planned: as for `penalty_since`
    """
    amounts = penalty_since(dispute, today=today, planned=planned)
    return [
        DisputeCorrection(
            dispute=dispute,
            what=Correction.WAIVE,
            order_no=installment.order_no,
            sequence=installment.sequence,
            component=Component.PENALTY,
            amount_minor=amounts[installment.pk],
            added_by_id=added_by.user_id if added_by else None,
            added_by_name=added_by.name if added_by else "",
        )
        for installment in Installment.objects.filter(pk__in=amounts).order_by("pk")
    ]


def corrections_to_come(dispute: Dispute, outcome: Outcome, *, today: date | None) -> list[DisputeCorrection]:
    """Return what an outcome would put right today, as its letter tells it: what is planned, and the penalty that it gives up."""
    planned = list(dispute.corrections.filter(done_on=None).order_by("id"))
    if today is None or not is_penalty_waived(PenaltyTerms(dispute.penalty), outcome):
        return planned
    return [*planned, *penalty_waivers(dispute, today=today, planned=planned)]


def make_corrections(dispute: Dispute, *, actor: Actor, today: date, waives_penalty: bool) -> list[DisputeCorrection]:
    """Put right what is planned, and give up the penalty since the intake where its terms say so; return what was done.

    A part of the outcome: the caller holds the account. What frees money comes before what pays it back, so that a refund finds
    it in the credit.

    :raises LedgerRefusal: the ledger does not take one of them; then none is made
    """
    done: list[DisputeCorrection] = []
    planned = sorted(dispute.corrections.filter(done_on=None), key=lambda each: (IN_TURN.index(Correction(each.what)), each.pk))
    refunds = [each for each in planned if each.what == Correction.REFUND_CREDIT]
    for correction in planned:
        if correction not in refunds:
            done.append(_make(correction, dispute, actor, today))
    if waives_penalty:
        done += [_make(each, dispute, actor, today) for each in _kept(penalty_waivers(dispute, today=today, added_by=actor))]
    done += [_make(correction, dispute, actor, today) for correction in refunds]
    return done


def _kept(waivers: list[DisputeCorrection]) -> list[DisputeCorrection]:
    for waiver in waivers:
        waiver.save(force_insert=True)
    return waivers


def _make(correction: DisputeCorrection, dispute: Dispute, actor: Actor, today: date) -> DisputeCorrection:
    reference = f"DSP-{dispute.pk}-{correction.pk}"
    about: dict[str, Any] = {
        "actor": actor,
        "value_date": today,
        "reference": reference,
        "reason": CORRECTED_BY % {"number": dispute.pk},
    }
    _MAKERS[Correction(correction.what)](correction, dispute, about)
    correction.reference, correction.done_on = reference, today
    correction.save(update_fields=["reference", "done_on"])
    return correction


def _reverse(correction: DisputeCorrection, _dispute: Dispute, about: dict[str, Any]) -> None:
    reverse_payment(payment_no=correction.payment_no, **about)


def _cancel(correction: DisputeCorrection, dispute: Dispute, about: dict[str, Any]) -> None:
    assert correction.sequence is not None
    cancel_installment(account_id=dispute.account_id, order_no=correction.order_no, sequence=correction.sequence, **about)


def _refund(correction: DisputeCorrection, dispute: Dispute, about: dict[str, Any]) -> None:
    assert correction.amount_minor is not None
    refund_credit(account_id=dispute.account_id, amount_minor=correction.amount_minor, **about)


def _waive(correction: DisputeCorrection, dispute: Dispute, about: dict[str, Any]) -> None:
    assert correction.sequence is not None and correction.component is not None and correction.amount_minor is not None
    waive(
        account_id=dispute.account_id,
        order_no=correction.order_no,
        sequence=correction.sequence,
        component=Component(correction.component),
        amount_minor=correction.amount_minor,
        **about,
    )


_MAKERS: Final[dict[Correction, Callable[[DisputeCorrection, Dispute, dict[str, Any]], None]]] = {
    Correction.REVERSE_PAYMENT: _reverse,
    Correction.CANCEL_INSTALLMENT: _cancel,
    Correction.WAIVE: _waive,
    Correction.REFUND_CREDIT: _refund,
}
