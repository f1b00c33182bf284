"""Whether an instrument of relief is open to an account, and why not."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.facts import facts_of
from accounts.models import Installment, Payment, ScheduleChange, ScheduleChangePart
from casework.models import ReliefTerms
from casework.policies import account_rule
from casework.rules.payments_in_a_row import months_up_to, paid_in_a_row
from casework.rules.plans import month_later
from riskops.shared.rule_language import Explanation, explain
from riskops.shared.wording import day_text

RE_AGE_YEARS_MONTHS = 60


def terms_in_force(instrument: str) -> ReliefTerms:
    """Return the terms of an instrument that count now: the highest version."""
    return ReliefTerms.objects.filter(instrument=instrument).order_by("-version")[0]


def all_terms_in_force() -> list[ReliefTerms]:
    """Return the terms of every instrument that count now."""
    return [terms_in_force(instrument) for instrument in ReliefTerms.Instrument.values]


def explained(terms: ReliefTerms, account_id: int, *, closed_day: date) -> Explanation:
    """Return the rule of the terms over the account's facts, each comparison with both values."""
    rule = account_rule(terms.rule)
    return explain(rule, facts_of([account_id], closed_day, rule.names)[account_id])


def why_not(terms: ReliefTerms, account_id: int, *, closed_day: date, open_day: date) -> str:
    """Return what stands against the instrument, in words; "" where nothing does."""
    if not explained(terms, account_id, closed_day=closed_day).holds:
        return _("its rule does not hold (%(rule)s)") % {"rule": terms.rule}
    made = ScheduleChange.objects.filter(account_id=account_id, kind=terms.instrument)
    last = made.order_by("-value_date").values_list("value_date", flat=True).first()
    if terms.once_in_months and last is not None and month_later(last, terms.once_in_months) > open_day:
        return _("the last one was on %(day)s, and there is one in %(months)s months at most") % {
            "day": day_text(last),
            "months": terms.once_in_months,
        }
    since = month_later(open_day, -RE_AGE_YEARS_MONTHS)
    if terms.most_in_5_years and made.filter(value_date__gt=since).count() >= terms.most_in_5_years:
        return ngettext(
            "there was %(number)s in five years, and no more are allowed",
            "there were %(number)s in five years, and no more are allowed",
            terms.most_in_5_years,
        ) % {"number": terms.most_in_5_years}
    paid = months_paid_in_a_row(account_id, up_to=open_day, wanted=terms.payments_in_a_row)
    if paid < terms.payments_in_a_row:
        return _("what fell due was paid in %(paid)s months in a row, and it takes %(wanted)s, or one sum worth as much") % {
            "paid": paid,
            "wanted": terms.payments_in_a_row,
        }
    return ""


def stopped_by(terms: ReliefTerms, account_id: int, *, closed_day: date) -> str:
    """Return what has come up on an account that its terms rule out whatever was agreed before, in words; "" for nothing."""
    words = {
        "fraud_suspected": _("fraud is suspected"),
        "disputed": _("a dispute is open"),
        "written_off": _("it is written off"),
    }
    named = [name for name in words if name in account_rule(terms.rule).names]
    facts = facts_of([account_id], closed_day, named)[account_id] if named else {}
    return next((words[name] for name in named if facts[name]), "")


def months_paid_in_a_row(account_id: int, *, up_to: date, wanted: int) -> int:
    """Return in how many months in a row up to a day the customer paid what fell due; each month ends on such a day.

    Payments that were undone do not count, nor what was cancelled or had been moved to another day before it fell due.

    :param wanted: of so many months one sum does as well
    """
    rows = Payment.objects.received().filter(account_id=account_id, reversal=None, paid_on__lte=up_to)
    payments = rows.values_list("paid_on", "amount_minor")
    moved = ScheduleChangePart.objects.filter(
        Q(change__ended_on=None) | Q(change__ended_on__gt=OuterRef("due_date")),
        installment=OuterRef("pk"),
        change__value_date__lte=OuterRef("due_date"),
    )
    agreed = Installment.objects.filter(account_id=account_id, cancellation=None, due_date__lte=up_to).exclude(Exists(moved))
    still = agreed.exclude(schedule_change__ended_on__lte=F("due_date"))
    due = still.values_list("due_date", F("principal_minor") + F("interest_minor") + F("fee_minor"))
    ends = [month_later(up_to, -months) for months in range(RE_AGE_YEARS_MONTHS + 1)]
    return paid_in_a_row(months_up_to(ends, payments=payments, due=due), wanted=wanted)
