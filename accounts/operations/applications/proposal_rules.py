"""Proposal rules as one kind of rule in versions, and their dry run on the applications of the last months."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from accounts.application_facts import APPLICATION_FACTS
from accounts.models import Application, ProposalRule
from accounts.operations.applications.proposing import proposal_of, rule_as_input
from accounts.operations.rule_versions import RuleKind, in_force_on
from accounts.roles import APPROVE_PROPOSAL_RULE, DRAFT_PROPOSAL_RULE
from riskops.shared.rule_language import holds, parse_rule

#: The applications a dry run looks at: the latest of these days, at most so many. Movers are shown by product.
TRIED_DAYS: Final = 180
MOST_TRIED: Final = 5_000
_MOVERS_SHOWN: Final = 50


def dry_run(version: ProposalRule, today: date) -> dict[str, Any]:
    """Return what a version would have proposed for the latest applications, beside what is proposed without it, by product.

    It is judged on the facts that were stored with each proposal, with the rules that are in force today around it.
    """
    others = [rule for rule in in_force_on(ProposalRule, today).select_related("reason") if rule.code != version.code]
    standing = list(in_force_on(ProposalRule, today).select_related("reason"))
    before_lines = [rule_as_input(rule) for rule in sorted(standing, key=lambda rule: (rule.order, rule.code))]
    after_lines = [rule_as_input(rule) for rule in sorted([*others, version], key=lambda rule: (rule.order, rule.code))]
    rule = parse_rule(version.rule, APPLICATION_FACTS)
    parts: dict[str, dict[str, Any]] = {}
    movers: list[dict[str, Any]] = []
    latest = Application.objects.filter(received_on__gt=today - timedelta(days=TRIED_DAYS)).exclude(inputs={}).order_by("-pk")
    columns = ("application_no", "product__product_code", "facts", "inputs")
    for application_no, product_code, facts, inputs in latest.values_list(*columns)[:MOST_TRIED].iterator(chunk_size=500):
        part = parts.setdefault(product_code, _empty(product_code, inputs["currency"]))
        part["of"] += 1
        part["holds"] += holds(rule, facts)
        was = proposal_of({**inputs, "lines": before_lines}, facts)
        becomes = proposal_of({**inputs, "lines": after_lines}, facts)
        for said, outcomes, granted_minor in (
            (was, "before", "granted_before_minor"),
            (becomes, "after", "granted_after_minor"),
        ):
            part[outcomes][said["outcome"]] = part[outcomes].get(said["outcome"], 0) + 1
            part[granted_minor] += said["limit_minor"] or 0
        is_mover = (was["outcome"], was["limit_minor"]) != (becomes["outcome"], becomes["limit_minor"])
        if is_mover and sum(mover["product_code"] == product_code for mover in movers) < _MOVERS_SHOWN:
            movers.append(
                {
                    "application_no": application_no,
                    "product_code": product_code,
                    "currency": inputs["currency"],
                    "before": [was["outcome"], was["limit_minor"]],
                    "after": [becomes["outcome"], becomes["limit_minor"]],
                }
            )
    return {"parts": [parts[code] for code in sorted(parts)], "movers": movers}


def _empty(product_code: str, currency: str) -> dict[str, Any]:
    """Return the figures of a product before anything is counted: limits proposed in minor units of its currency."""
    names = ("of", "holds", "granted_before_minor", "granted_after_minor")
    return {"product_code": product_code, "currency": currency, **dict.fromkeys(names, 0), "before": {}, "after": {}}


PROPOSAL_RULES: Final = RuleKind(
    model=ProposalRule,
    catalogue=APPLICATION_FACTS,
    subject="proposal_rule",
    draft_operation=DRAFT_PROPOSAL_RULE,
    approve_operation=APPROVE_PROPOSAL_RULE,
    dry_run=dry_run,
)
