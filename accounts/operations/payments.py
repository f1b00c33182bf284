"""Payments and their reversals, entered one at a time by a person or by the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Installment, Payment
from accounts.operations.checks import AccountFacts, account_facts, check_amount, check_day, check_reason, check_reference
from accounts.operations.rebuilding import take_effect
from accounts.operations.refusals import (
    AlreadyReversed,
    InstallmentUnknown,
    PaymentAlreadyPosted,
    PaymentReferenceTaken,
    PaymentUnknown,
    ReversalBeforePayment,
    ReversalOfAReversal,
)
from accounts.queries.entries import AccountEntries
from accounts.roles import POST_PAYMENT, REVERSE_PAYMENT
from riskops.shared.audit import Actor, record
from riskops.shared.day import hold_day
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def post_payment(
    *,
    actor: Actor,
    account_id: int,
    amount_minor: int,
    value_date: date,
    reference: str,
    channel: str = "",
    directed_to: tuple[str, int] | None = None,
    reason: str = "",
) -> Payment:
    """Enter a payment and bring penalty, balances and aging of its account up to date.

    A day already closed, or the open day, counts on the spot: the account is rebuilt from its entries, and what the last
    close reported of it is kept. A later day waits for its close, and so does every day before the first close.

    :param value_date: the day the money counts from
    :param reference: the payment's number, unique in the whole book
    :param directed_to: order number and sequence of the instalment it pays first
    :raises AccountUnknown: no such account
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AmountNotAboveZero, AmountTooLarge, DayOutOfRange, BeforeOpening, ReferenceMalformed, InstallmentUnknown:
        a value the book does not take
    :raises PaymentAlreadyPosted: the very same payment is in the book; whoever asked may carry on
    :raises PaymentReferenceTaken: the reference is in the book for a different payment; a person must look
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    check_amount(amount_minor, digits=account.minor_digits)
    check_reference(reference)
    check_day(value_date, account)
    if directed_to is not None:
        _check_installment(account, *directed_to)
    order_no, sequence = directed_to or ("", None)
    payment = Payment(
        payment_no=reference,
        account_id=account_id,
        paid_on=value_date,
        amount_minor=amount_minor,
        channel=channel,
        order_no=order_no,
        sequence=sequence,
        content_hash=0,
    )
    return _enter(payment, account, actor=actor, action=POST_PAYMENT, reason=reason)


@transaction.atomic
def reverse_payment(*, actor: Actor, payment_no: str, value_date: date, reference: str, reason: str) -> Payment:
    """Undo a payment from a day on: as of that day the account stands as if it had never been made.

    :param value_date: the first day on which the payment no longer counts
    :param reference: the reversal's own number, unique in the whole book
    :raises PaymentUnknown, ReversalOfAReversal, AlreadyReversed: there is nothing to undo
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises ReversalBeforePayment: it would be undone before it was made
    :raises ReasonMissing, ReferenceMalformed, DayOutOfRange: a value the book does not take
    :raises PaymentAlreadyPosted: the very same reversal is in the book; whoever asked may carry on
    :raises PaymentReferenceTaken: the reference is in the book for a different payment; a person must look
    """
    original = Payment.objects.filter(payment_no=payment_no).first()
    if original is None:
        raise PaymentUnknown(payment_no)
    if original.reverses_id is not None:
        raise ReversalOfAReversal(payment_no)
    account = account_facts(original.account_id)
    refuse_conflict(actor, account.customer_id)
    check_reason(reason)
    check_reference(reference)
    check_day(value_date, account)
    if value_date < original.paid_on:
        raise ReversalBeforePayment(payment_no, original.paid_on, value_date)
    reversal = Payment(
        payment_no=reference,
        account_id=original.account_id,
        paid_on=value_date,
        amount_minor=original.amount_minor,
        channel=original.channel,
        reverses=original,
        content_hash=0,
    )
    return _enter(reversal, account, actor=actor, action=REVERSE_PAYMENT, reason=reason)


def _check_installment(account: AccountFacts, order_no: str, sequence: int) -> None:
    if not Installment.objects.filter(account_id=account.account_id, order_no=order_no, sequence=sequence).exists():
        raise InstallmentUnknown(account.account_no, order_no, sequence)


def _enter(payment: Payment, account: AccountFacts, *, actor: Actor, action: str, reason: str) -> Payment:
    """Put the entry into the book, let it take effect and write the audit line."""
    position = hold_day(account.account_id)
    try:
        # The unique keys decide between two who come at once; the savepoint lets the loser say which case it was.
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError:
        _refuse_repeated(payment, account)
        raise

    def without(entries: AccountEntries) -> AccountEntries:
        if payment.reverses_id is not None:
            undone = [
                entry._replace(reversed_on=None) if entry.key == payment.reverses_id else entry for entry in entries.payments
            ]
            return replace(entries, payments=undone)
        return replace(entries, payments=[entry for entry in entries.payments if entry.key != payment.pk])

    effect = take_effect(account.account_id, value_date=payment.paid_on, position=position, without=without)
    payment.is_posted = effect.as_of is not None
    record(
        actor=actor,
        action=action,
        subject_type="payment",
        subject_key=payment.payment_no,
        account_id=account.account_id,
        before=effect.before,
        after={**_facts(payment), "is_posted": payment.is_posted, **(effect.after or {})},
        reason=reason,
    )
    return payment


def _facts(payment: Payment) -> dict[str, Any]:
    """Return what makes a payment this one and no other; its channel may change."""
    facts: dict[str, Any] = {
        "account_id": payment.account_id,
        "amount_minor": payment.amount_minor,
        "value_date": payment.paid_on.isoformat(),
    }
    if payment.order_no:
        facts["directed_to"] = f"{payment.order_no}/{payment.sequence}"
    if payment.reverses is not None:
        facts["reverses"] = payment.reverses.payment_no
    return facts


def _refuse_repeated(payment: Payment, account: AccountFacts) -> None:
    """Say which unique key an entry met: its own, another payment's, or another reversal's."""
    there = Payment.objects.filter(payment_no=payment.payment_no).select_related("reverses", "account").first()
    if there is not None:
        if _facts(there) == _facts(payment):
            raise PaymentAlreadyPosted(payment.payment_no)
        raise PaymentReferenceTaken(payment.payment_no, _described(there, account))
    if payment.reverses is not None:
        reversal = Payment.objects.filter(reverses=payment.reverses).first()
        if reversal is not None:
            raise AlreadyReversed(payment.reverses.payment_no, reversal.payment_no, reversal.paid_on)


def _described(payment: Payment, account: AccountFacts) -> str:
    """Return the values of the payment that holds a reference, for the person who must look."""
    values = {
        "account": payment.account.account_no,
        "amount": plain_amount(payment.amount_minor, digits=account.minor_digits),
        "day": payment.paid_on.isoformat(),
    }
    if payment.reverses is not None:
        return _("account %(account)s, %(amount)s, %(day)s, reverses %(payment)s") % {
            **values,
            "payment": payment.reverses.payment_no,
        }
    return _("account %(account)s, %(amount)s, %(day)s") % values
