"""Decision rules as one kind of rule in versions, and their dry run on today's book."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import Count, Sum

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import DecisionRuleVersion
from accounts.operations.deciding.standing import facts_day
from accounts.operations.deciding.weighing import hold_scope_value
from accounts.operations.rule_versions import RuleKind
from accounts.queries.rule_cost import rule_time_bound
from accounts.roles import APPROVE_RULE, DRAFT_RULE
from riskops.shared.rule_language import holding, parse_rule


def dry_run(version: DecisionRuleVersion, _today: date) -> dict[str, Any]:
    """Return what a version would decide about on the book as it stands, by product; amounts in minor units of its currency.

    :raises RuleTooSlow: its condition takes longer over the book than a rule may
    """
    open_accounts = account_rows().filter(is_written_off=False)
    product = ("product__product_code", "product__currency")
    sums = {
        "holds": Count("pk"),
        "limits_minor": Sum("credit_limit_minor"),
        "principal_minor": Sum("outstanding_principal_minor"),
    }
    rule = parse_rule(version.rule, ACCOUNT_FACTS)
    with rule_time_bound():
        hit = {
            row[product[0]]: row
            for row in holding(rule, ACCOUNT_FACTS, open_accounts, facts_day()).order_by().values(*product).annotate(**sums)
        }
    parts = [
        {
            "product_code": code,
            "currency": currency,
            "of": of,
            **{name: int(hit.get(code, {}).get(name) or 0) for name in sums},
        }
        for code, currency, of in open_accounts.order_by(product[0])
        .values(*product)
        .annotate(of=Count("pk"))
        .values_list(*product, "of")
    ]
    return {"parts": parts}


def _hold_named(version: DecisionRuleVersion) -> None:
    hold_scope_value(version.scope, version.scope_value)


DECISION_RULES: Final = RuleKind(
    model=DecisionRuleVersion,
    catalogue=ACCOUNT_FACTS,
    subject="decision_rule",
    draft_operation=DRAFT_RULE,
    approve_operation=APPROVE_RULE,
    dry_run=dry_run,
    hold_named=_hold_named,
)
