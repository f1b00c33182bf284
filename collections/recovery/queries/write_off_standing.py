"""How accounts stand for a write-off: what is owed, what going on would bring, what ends a proposal; set-based, a few queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import AccountState, Decision
from accounts.operations.rule_versions import in_force_on
from accounts.rules.decisions import OPEN_STATUSES, Action
from casework.policies import account_rule
from recovery.letter_policies import policies_on
from recovery.models import LetterPolicy, WriteOffProposal, WriteOffRule
from recovery.rules.benefit import Benefit, benefit, rate_of
from recovery.rules.write_offs import Stand
from riskops.shared.rule_language import holding

_SIGNALS: Final = "own_signals__"
_OWED: Final = (
    F("outstanding_principal_minor") + F("outstanding_interest_minor") + F("outstanding_fee_minor") + F("penalty_due_minor")
)
#: What is read of an account, by name.
_COLUMNS: Final = {
    "account_id": "pk",
    "product_code": "product__product_code",
    "currency": "product__currency",
    "days_past_due": "days_past_due",
    "bucket": "bucket",
    "is_written_off": "is_written_off",
    "principal_minor": "outstanding_principal_minor",
    "interest_minor": "outstanding_interest_minor",
    "fee_minor": "outstanding_fee_minor",
    "penalty_minor": "penalty_due_minor",
    "last_payment_on": f"{_SIGNALS}last_payment_on",
    "is_fraud_suspected": f"{_SIGNALS}is_fraud_suspected",
    "is_disputed": f"{_SIGNALS}is_disputed",
    "has_plan": f"{_SIGNALS}has_hardship_plan",
    "has_promise": f"{_SIGNALS}has_open_promise",
}


@dataclass(frozen=True, slots=True)
class Owing:
    """One account as it stands. Amounts in minor units of its currency."""

    account_id: int
    product_code: str
    currency: str
    days_past_due: int
    bucket: int
    is_written_off: bool
    principal_minor: int
    interest_minor: int
    fee_minor: int
    penalty_minor: int
    last_payment_on: date | None
    is_fraud_suspected: bool | None
    is_disputed: bool | None
    has_plan: bool | None
    has_promise: bool | None

    @property
    def owed_minor(self) -> int:
        """All that is owed."""
        return self.principal_minor + self.interest_minor + self.fee_minor + self.penalty_minor

    @property
    def stand(self) -> Stand:
        """The account as a proposal goes by it."""
        return Stand(
            days_past_due=self.days_past_due,
            is_written_off=self.is_written_off,
            is_fraud_suspected=bool(self.is_fraud_suspected),
            is_disputed=bool(self.is_disputed),
            has_plan=bool(self.has_plan),
            has_promise=bool(self.has_promise),
            last_payment_on=self.last_payment_on,
            agreed_minor=self.principal_minor + self.interest_minor + self.fee_minor,
        )


def owing(rows: QuerySet[AccountState]) -> Iterator[Owing]:
    """Return accounts of `account_rows` as they stand, in the order of ids."""
    for values in rows.order_by("pk").values_list(*_COLUMNS.values()).iterator(chunk_size=2_000):
        yield Owing(*values)


def owing_of(account_ids: Collection[int]) -> dict[int, Owing]:
    """Return some accounts as they stand, by id; those that were never aged are left out."""
    return {row.account_id: row for row in owing(account_rows().filter(pk__in=list(account_ids)))}


def rules_in_force(on: date) -> list[WriteOffRule]:
    """Return the rules that propose on a business day, in the order of their codes: the first that holds is the one named."""
    return list(in_force_on(WriteOffRule, on).order_by("code"))


def held_on(rule: WriteOffRule, as_of: date, rows: QuerySet[AccountState] | None = None) -> QuerySet[AccountState]:
    """Return the accounts that a rule's condition holds on and that could be written off: they owe, and are not yet."""
    rows = account_rows() if rows is None else rows
    found = holding(account_rule(rule.rule), ACCOUNT_FACTS, rows.filter(is_written_off=False), as_of)
    return found.annotate(owed_minor=_OWED).filter(owed_minor__gt=0)


def not_yet_proposed(rule: WriteOffRule, as_of: date, rows: QuerySet[AccountState]) -> QuerySet[AccountState]:
    """Leave out what is proposed or being decided already, and what was rejected of late."""
    own = {"account_id": OuterRef("pk")}
    proposals = WriteOffProposal.objects.filter(**own)
    lately = as_of - timedelta(days=rule.again_after_days)
    return rows.filter(
        ~Exists(proposals.filter(status__in=WriteOffProposal.OPEN)),
        ~Exists(proposals.filter(status=WriteOffProposal.Status.REJECTED, ended_on__gt=lately)),
        ~Exists(Decision.objects.filter(**own, action=Action.WRITE_OFF, status__in=OPEN_STATUSES)),
    )


def expected(row: Owing, policies: dict[str, LetterPolicy]) -> Benefit | None:
    """Return what going on is expected to bring of all that is owed, against the cost of a letter; None without figures."""
    policy = policies.get(row.currency)
    if policy is None:
        return None
    rate_bp = rate_of(policy.rate_bands(), bucket=row.bucket, balance_minor=row.owed_minor)
    return benefit(balance_minor=row.owed_minor, rate_bp=rate_bp, cost_minor=policy.letter_cost_minor)


def is_chosen(rule: WriteOffRule, line: Benefit | None) -> bool:
    """Return whether a rule takes an account that its condition holds on."""
    return not rule.only_losing or (line is not None and line.net_minor < 0)


def chosen(rule: WriteOffRule, rows: QuerySet[AccountState], today: date) -> Iterator[tuple[Owing, Benefit | None]]:
    """Return the accounts of `held_on` that a rule takes, each with what going on is expected to bring.

    :param today: the calendar day, by which figures of letters hold
    """
    policies = policies_on(today)
    for row in owing(rows):
        line = expected(row, policies)
        if is_chosen(rule, line):
            yield row, line


def figures(row: Owing, line: Benefit | None) -> dict[str, Any]:
    """Return the columns of a proposal that say how the account stood."""
    return {
        "currency": row.currency,
        "days_past_due": row.days_past_due,
        "bucket": row.bucket,
        "last_payment_on": row.last_payment_on,
        "principal_minor": row.principal_minor,
        "interest_minor": row.interest_minor,
        "fee_minor": row.fee_minor,
        "penalty_minor": row.penalty_minor,
        "owed_minor": row.owed_minor,
        "rate_bp": line.rate_bp if line else None,
        "expected_minor": line.expected_minor if line else None,
        "cost_minor": line.cost_minor if line else None,
        "net_minor": line.net_minor if line else None,
    }
