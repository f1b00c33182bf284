"""The desk's acts: waivers in the morning; payments, reversals and write-offs one by one in the evening. And examinations."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.refusals import AlreadyWrittenOff, PaymentAlreadyPosted, WaiverAlreadyMade
from accounts.operations.waivers import waive
from accounts.operations.write_offs import write_off
from riskops.shared.models import Examination
from riskops.simulation.acts import DayContext, Moment, act
from riskops.simulation.staff import ANALYSTS, LEAD, TRAINED


@act("accounts.waivers", Moment.MORNING)
def waive_at_the_desk(day: date, context: DayContext) -> None:
    """Give up what the day's plan says, before its payments come."""
    for one in context.plan.waivers:
        with suppress(WaiverAlreadyMade):
            waive(
                actor=context.actor,
                account_id=context.account_id(one.account_no),
                order_no=one.order_no,
                sequence=one.sequence,
                component=one.component,
                amount_minor=one.amount_minor,
                value_date=day,
                reference=one.reference,
                reason=one.reason,
            )


@act("accounts.payments", Moment.EVENING)
def enter_at_the_desk(_day: date, context: DayContext) -> None:
    """Post and reverse what the day's plan brings to the desk."""
    for one in context.plan.desk:
        with suppress(PaymentAlreadyPosted):
            if one.reverses:
                reverse_payment(
                    actor=context.actor,
                    payment_no=one.reverses,
                    value_date=one.paid_on,
                    reference=one.payment_no,
                    reason=one.reason,
                )
            else:
                post_payment(
                    actor=context.actor,
                    account_id=context.account_id(one.account_no),
                    amount_minor=one.amount_minor,
                    value_date=one.paid_on,
                    reference=one.payment_no,
                    channel=one.channel,
                    directed_to=one.directed_to,
                    reason=one.reason,
                )


@act("accounts.write_offs", Moment.EVENING)
def write_off_at_the_desk(day: date, context: DayContext) -> None:
    """Write off what the day's plan gives up on."""
    for one in context.plan.write_offs:
        with suppress(AlreadyWrittenOff):
            write_off(
                actor=context.actor,
                account_id=context.account_id(one.account_no),
                value_date=day,
                reference=one.reference,
                reason=one.reason,
            )


@act("people.examinations", Moment.MORNING)
def examine_on_the_first(day: date, context: DayContext) -> None:
    """Have those who call pass their examinations on the first day of a month, before the last ones end."""
    if day.day == 1:
        context.staff.examine((*ANALYSTS, LEAD), Examination.Subject.COLLECTIONS, on=day)
        context.staff.examine(TRAINED, Examination.Subject.VULNERABLE, on=day)
