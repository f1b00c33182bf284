"""Experiments that run, and customers to take part in them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from factories import make_account, make_customer, make_product, make_user, set_business_date

from accounts.models import AccountState, CreditAccount, Product
from outreach.bulk.assign import assign_arms
from outreach.models import ArmAssignment, Experiment, Strategy
from outreach.operations.experiments import EXPERIMENTS, try_experiment
from outreach.operations.versions import approve, draft_next, propose
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

#: The last closed day; experiments of `running` begin on FIRST.
CLOSED, FIRST = date(2025, 3, 10), date(2025, 3, 12)
LAST_ACCOUNT_ID = 2**63 - 1
HALVES = [
    {"code": "as-now", "strategy": "house", "weight_bp": 5_000},
    {"code": "early", "strategy": "early", "weight_bp": 5_000},
]


#: A ladder of one step: a call on the day after the due date.
LADDER = [
    {
        "code": "call-1", "name_en": "Call", "name_zh": "电话", "anchor": "due_date", "days": 1, "tiers": [], "rule": "",
        "stop_rule": "", "act": "call", "purpose": "reminder", "ways": [], "valid_days": 3,
    }
]  # fmt: skip


def make_strategy(
    code: str, *, products: list[str] | None = None, live_from: date = date(2020, 1, 1), version: int = 1
) -> Strategy:
    """Return an approved version of a strategy."""
    return Strategy.objects.create(
        code=code, version=version, name_en=code, name_zh=code, products=products or [], steps=LADDER, status="approved",
        live_from=live_from, drafted_by_name="x", approved_by_name="y", approved_at=timezone.now(),
    )  # fmt: skip


def said(product: Product, **more: Any) -> dict[str, Any]:
    """Return what an experiment on a product says, as forms and the API give it."""
    values = {
        "name_en": "Early reminders", "name_zh": "提前提醒", "hypothesis": "Who is reminded earlier pays more often.",
        "products": [product.product_code], "rule": "dpd >= 1", "arms": HALVES, "champion": "as-now", "control_reason": "",
        "measure": "paid_14", "planned_size": 10, "duration_days": 30, "note": "",
    }  # fmt: skip
    return {**values, **more}


def late_account(product: Product, *, customer: Any = None, bucket: int = 1, **columns: Any) -> CreditAccount:
    """Return an account that is five days late."""
    account = make_account(product=product, customer=customer or make_customer())
    AccountState.objects.create(
        account=account, product=product, opened_on=account.opened_on, credit_limit_minor=account.credit_limit_minor,
        **{"days_past_due": 5, "bucket": bucket, "oldest_unpaid_due_date": CLOSED - timedelta(days=5), **columns},
    )  # fmt: skip
    return account


def put_in_arm(arm: str, *accounts: CreditAccount, on: date, code: str = "control", **columns: Any) -> Experiment:
    """Put the customers of accounts into an arm of an experiment on the products of the accounts; arms `as-now` and `none`.

    :param on: the day whose close takes them in
    """
    arms = [
        {"code": "as-now", "strategy": "house", "weight_bp": 9_000},
        {"code": "none", "strategy": "", "weight_bp": 1_000},
    ]
    values = {
        "name_en": code, "name_zh": code, "hypothesis": "h",
        "products": sorted({account.product.product_code for account in accounts}),
        "arms": arms, "champion": "as-now", "control_reason": "r", "planned_size": 10, "duration_days": 30,
        "status": "approved", "live_from": on, "drafted_by_name": "lin", "approved_by_name": "y",
    }  # fmt: skip
    row = Experiment.objects.create(code=code, version=1, **{**values, **columns})
    for customer_id in sorted({account.customer_id for account in accounts}):
        ArmAssignment.objects.create(experiment=row, customer_id=customer_id, arm=arm, assigned_on=on, bucket=1)
    return row


class Desk:
    """A team lead who drafts, somebody of compliance who approves, a manager who concludes, and the strategies they speak of."""

    def __init__(self) -> None:
        self.lead, self.compliance, self.manager = (
            Actor.of(make_user(role)) for role in (Role.TEAM_LEAD, Role.COMPLIANCE, Role.MANAGER)
        )
        self.product = make_product()
        self.house = make_strategy("house", products=[self.product.product_code])
        self.early = make_strategy("early")
        set_business_date(CLOSED)

    def draft(self, code: str = "early-sms", **more: Any) -> Experiment:
        """Draft an experiment on the product."""
        return draft_next(EXPERIMENTS, actor=self.lead, copy_of="", key=code, values=said(self.product, **more))

    def propose(self, row: Experiment, day: date = FIRST) -> Experiment:
        """Try a draft and propose it."""
        about: dict[str, Any] = {"key": row.code, "version": row.version}
        try_experiment(actor=self.lead, revision=row.revision, **about)
        return propose(EXPERIMENTS, actor=self.lead, live_from=day, today=day - timedelta(days=1), **about)

    def running(self, code: str = "early-sms", day: date = FIRST, **more: Any) -> Experiment:
        """Return an experiment that two people have put live from a day."""
        row = self.propose(self.draft(code, **more), day)
        about: dict[str, Any] = {"key": row.code, "version": row.version, "today": day - timedelta(days=1)}
        return approve(EXPERIMENTS, actor=self.compliance, **about)


def assign(day: date = FIRST, first: int = 0, last: int = LAST_ACCOUNT_ID) -> int:
    """Take customers in as the close of a day does."""
    return assign_arms(as_of=day, first_account_id=first, last_account_id=last)
