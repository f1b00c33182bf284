"""What became of what a legal case claims: handed over to a plan, given up, or paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Sum

from accounts.models import Allocation, Installment, InstallmentCancellation, Waiver
from recovery.models import LegalCase


class LeftInPlans(NamedTuple):
    """What new schedules still owe of a claim, in minor units, and their references."""

    amount_minor: int
    plans: tuple[str, ...]


def left_in_plans(case: LegalCase) -> LeftInPlans:
    """Return what is unpaid of the new schedules that were agreed since the claim was read and stand.

    Nothing of theirs is past due while they are kept, and nothing of it is paid either.
    """
    rows = Installment.objects.filter(
        _since(case, "schedule_change__recorded_at", "schedule_change__value_date"),
        account_id=case.account_id,
        is_open=True,
        schedule_change__ended_on=None,
    )
    unpaid = Sum(F("principal_unpaid_minor") + F("interest_unpaid_minor") + F("fee_unpaid_minor"))
    found = rows.values_list("schedule_change__reference").annotate(left=unpaid).order_by("schedule_change__reference")
    left = {reference: amount for reference, amount in found if amount}
    return LeftInPlans(sum(left.values()), tuple(left))


def given_up_of_claim(case: LegalCase) -> int:
    """Return how much of a claim was given up and not paid, in minor units; 0 where it was paid.

    What was waived or cancelled since is a part of the claim only as far as payments do not come up to it: penalty that came
    after the claim may be waived. Where nothing was given up, a claim that was read too high (an older payment came to light)
    is paid all the same.
    """
    claimed = _claimed(case)
    entered = _since(case, "recorded_at", "value_date")
    waived = _sum(Waiver.objects.filter(entered, installment__in=claimed), F("amount_minor"))
    whole = F("installment__principal_minor") + F("installment__interest_minor") + F("installment__fee_minor")
    cancelled = _sum(InstallmentCancellation.objects.filter(entered, installment__in=claimed), whole)
    if not waived + cancelled:
        return 0
    came = _since(case, "payment__recorded_at", "payment__paid_on")
    paid = _sum(Allocation.objects.filter(came, installment__in=claimed), F("amount_minor"))
    return max(0, min(waived + cancelled, case.claim_minor - paid))


def _claimed(case: LegalCase) -> QuerySet[Installment]:
    """Return the instalments that were due when the claim was read, and those of new schedules, which take their place."""
    # A state may include the open day, the one after the last closed.
    last = case.proposed_on + timedelta(days=1)
    return Installment.objects.filter(Q(due_date__lte=last) | Q(schedule_change__isnull=False), account_id=case.account_id)


def _since(case: LegalCase, moment: str, day: str) -> Q:
    """Return the condition that an entry came after the claim: by its moment, or by its day where the claim's was not kept."""
    return Q(**{f"{moment}__gte": case.proposed_at}) if case.proposed_at else Q(**{f"{day}__gt": case.proposed_on})


def _sum(rows: QuerySet[Any], amount: Any) -> int:
    found: int | None = rows.aggregate(found=Sum(amount))["found"]
    return found or 0
