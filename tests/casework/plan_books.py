"""One late account to agree a plan for, and the people who do it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from factories import TESTER, make_account, make_installment, make_product, make_user

from accounts.models import AccountSignals, AccountState, CreditAccount
from accounts.operations.rebuilding import rebuild_accounts
from casework.models import Plan
from casework.operations.plans.deciding import approve_plan
from casework.operations.plans.proposing import PlanAsked, propose_plan
from casework.operations.plans.signing import sign_plan
from riskops.close_of_business import close_day
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

CLOSED, OPEN = date(2025, 3, 10), date(2025, 3, 11)
#: The customer, as their app acts for them.
CUSTOMER = Actor("customer's app")


def close_through(last: date, *, first: date) -> None:
    """Close each day from the first to the last."""
    for offset in range((last - first).days + 1):
        close_day(first + timedelta(days=offset), actor=TESTER)


def late_account(**fields: Any) -> CreditAccount:
    """Return an account owing 100.00 and a fee of 5.00 since 1 March at 0.1 % a day, and 50.00 for May; closed to 10 March."""
    account = make_account(product=make_product(penalty_rate_ppm=1_000), **{"opened_on": date(2024, 1, 1), **fields})
    make_installment(account, due_date=date(2025, 3, 1), principal=10_000, fee=500)
    make_installment(account, due_date=date(2025, 5, 1), principal=5_000, booked_on=date(2025, 3, 5))
    rebuild_accounts([account.pk], as_of=date(2025, 3, 8), ahead_on=None)
    close_through(CLOSED, first=date(2025, 3, 9))
    return account


class People:
    """An analyst who proposes, a team lead and an approver who decide."""

    def __init__(self) -> None:
        self.analyst, self.lead, self.approver = (make_user(role) for role in (Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER))

    def proposes(self, account: CreditAccount, *, reason: str = "lost the job", **asked: Any) -> Plan:
        """Propose a plan: what is late in three instalments, unless told."""
        values = {"instrument": "restructure", "covers": "late", **asked}
        if "number" not in values and "amount_minor" not in values:
            values["number"] = 3
        return propose_plan(actor=Actor.of(self.analyst), account_id=account.pk, asked=PlanAsked(**values), reason=reason)

    def approves(self, plan: Plan) -> Plan:
        """Let the team lead approve it."""
        return approve_plan(actor=Actor.of(self.lead), roles=["team_lead"], reference=plan.reference, now=timezone.now())

    def sign(self, account: CreditAccount, **asked: Any) -> Plan:
        """Bring a plan from its proposal to the customer's signature."""
        return self.signs(self.approves(self.proposes(account, **asked)))

    def signs(self, plan: Plan) -> Plan:
        """Take the customer's consent in their app."""
        return sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)


def stands(account: CreditAccount) -> tuple[int, int, bool]:
    """Return days past due, everything owed, and whether collection stops for a plan."""
    state = AccountState.objects.get(account=account)
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    signals = AccountSignals.objects.filter(account=account).first()
    return state.days_past_due, owed + state.penalty_due_minor, bool(signals and signals.has_hardship_plan)
