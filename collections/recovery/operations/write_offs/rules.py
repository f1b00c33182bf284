"""Write-off rules as one kind of rule in versions, and their dry run on today's book."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import Count

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.operations.deciding.standing import facts_day
from accounts.operations.rule_versions import RuleKind
from accounts.queries.rule_cost import rule_time_bound
from recovery.models import WriteOffRule
from recovery.queries.write_off_standing import chosen, held_on
from recovery.write_off_roles import APPROVE_WRITE_OFF_RULE, DRAFT_WRITE_OFF_RULE

_SUMS: Final = ("holds", "owed_minor", "principal_minor", "expected_minor")


def dry_run(version: WriteOffRule, today: date) -> dict[str, Any]:
    """Return what a version would propose on the book as it stands, by product; amounts in minor units of its currency.

    What is proposed already counts too: it says what the rule is about, not what tonight would add.

    :raises RuleTooSlow: its condition takes longer over the book than a rule may
    """
    product = ("product__product_code", "product__currency")
    of_product = account_rows().filter(is_written_off=False).order_by(product[0]).values(*product).annotate(of=Count("pk"))
    parts = {
        code: {"product_code": code, "currency": currency, "of": of, **dict.fromkeys(_SUMS, 0)}
        for code, currency, of in of_product.values_list(*product, "of")
    }
    with rule_time_bound():
        for row, line in chosen(version, held_on(version, facts_day()), today):
            part = parts[row.product_code]
            part["holds"] += 1
            part["owed_minor"] += row.owed_minor
            part["principal_minor"] += row.principal_minor
            part["expected_minor"] += line.expected_minor if line else 0
    return {"parts": list(parts.values())}


WRITE_OFF_RULES: Final = RuleKind(
    model=WriteOffRule,
    catalogue=ACCOUNT_FACTS,
    subject="write_off_rule",
    draft_operation=DRAFT_WRITE_OFF_RULE,
    approve_operation=APPROVE_WRITE_OFF_RULE,
    dry_run=dry_run,
    joined=(),
)
