"""What the proposal rules in force say of applications, and the same said again of what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.db import transaction

from accounts.application_facts import APPLICATION_FACTS, application_facts_of
from accounts.models import Application, CreditAccount, ProposalRule
from accounts.operations.applications.granting import account_to_change, limit_to_reach
from accounts.operations.lending_caps import active_caps, limits_beside
from accounts.operations.rule_versions import in_force_on
from accounts.rules.applications import (
    DECIDABLE_STATUSES,
    ENGINE_VERSION,
    ApplicationStatus,
    Cap,
    proposal_from,
    room_minor,
)
from riskops.shared.audit import Actor, record
from riskops.shared.rule_language import FactsRow, holds, parse_rule

_AT_ONCE: Final = 1_000
PROPOSE: Final = "application.propose"


def propose_applications(application_ids: Sequence[int], *, actor: Actor, today: date) -> int:
    """Let the rules in force propose for applications that still wait for a decision; return how many there were.

    Said again, the later proposal stands: the facts are those of now. Every proposal keeps facts, rules and caps as they were.
    """
    rules = in_force_on(ProposalRule, today).select_related("reason").order_by("order", "code")
    lines = [rule_as_input(rule) for rule in rules]
    by_key = {(rule.code, rule.number): rule for rule in rules}
    caps = active_caps()
    done = 0
    for start in range(0, len(application_ids), _AT_ONCE):
        chunk = sorted(application_ids[start : start + _AT_ONCE])
        with transaction.atomic():
            done += _propose(chunk, lines, by_key, caps, actor=actor, today=today)
    return done


def _propose(
    ids: Sequence[int],
    lines: list[dict[str, Any]],
    rules: Mapping[tuple[str, int], ProposalRule],
    caps: Sequence[Cap],
    *,
    actor: Actor,
    today: date,
) -> int:
    waiting = list(
        Application.objects.select_for_update(of=("self",))
        .filter(pk__in=ids, status__in=DECIDABLE_STATUSES)
        .select_related("product")
        .order_by("pk")
    )
    facts = application_facts_of([application.pk for application in waiting], today)
    for application in waiting:
        application.status = ApplicationStatus.PROPOSED
        application.version += 1
        _say(application, lines, rules, caps, facts=facts[application.pk], actor=actor, today=today)
    return len(waiting)


def propose_on_appeal(application: Application, *, actor: Actor, today: date) -> None:
    """Let the rules of today speak on the facts of today about a refused application, held by the caller; it stays refused."""
    found = in_force_on(ProposalRule, today).select_related("reason").order_by("order", "code")
    lines = [rule_as_input(rule) for rule in found]
    by_key = {(rule.code, rule.number): rule for rule in found}
    facts = application_facts_of([application.pk], today)[application.pk]
    _say(application, lines, by_key, active_caps(), facts=facts, actor=actor, today=today)


def _say(
    application: Application,
    lines: list[dict[str, Any]],
    rules: Mapping[tuple[str, int], ProposalRule],
    caps: Sequence[Cap],
    *,
    facts: FactsRow,
    actor: Actor,
    today: date,
) -> None:
    """Keep what the rules say with an application, and write it down."""
    inputs = proposal_inputs(application, lines, caps)
    said = proposal_of(inputs, facts)
    application.facts, application.inputs, application.proposal = dict(facts), inputs, said
    application.proposal_rule = rules.get((said["rule"], said["number"]))
    application.proposed_on = today
    application.engine_version = ENGINE_VERSION
    application.save(
        update_fields=[
            *("facts", "inputs", "proposal", "proposal_rule", "proposed_on", "engine_version", "status", "version"),
        ]
    )
    record(
        actor=actor,
        action=PROPOSE,
        subject_type="application",
        subject_key=application.application_no,
        after={name: said[name] for name in ("outcome", "rule", "number", "limit_minor") if said[name] not in (None, "")},
    )


def rule_as_input(rule: ProposalRule) -> dict[str, Any]:
    """Return a rule as a proposal keeps it: plain JSON that a replay needs no table for."""
    return {
        "code": rule.code,
        "number": rule.number,
        "rule": rule.rule,
        "outcome": rule.outcome,
        "reason_code": rule.reason.code if rule.reason else "",
        "share_bp": rule.share_bp,
        "income_multiple_bp": rule.income_multiple_bp,
    }


def proposal_inputs(application: Application, lines: list[dict[str, Any]], caps: Sequence[Cap]) -> dict[str, Any]:
    """Return what a proposal is made from, beside the facts."""
    product = application.product
    changed = account_to_change(application)
    return {
        "requested_minor": application.requested_limit_minor,
        "income_minor": application.declared_income_minor,
        "minor_digits": product.minor_digits,
        "currency": product.currency,
        "present_minor": limit_to_reach(changed.pk, changed.credit_limit_minor) if changed else 0,
        "room_minor": room_minor(
            caps,
            currency=product.currency,
            other_limits_minor=_limits_beside(application, changed),
            minor_digits=product.minor_digits,
        ),
        "lines": lines,
    }


def proposal_of(inputs: Mapping[str, Any], facts: FactsRow) -> dict[str, Any]:
    """Return what the rules of the inputs say of a facts row; the same for ever, for one engine version."""
    held = [holds(parse_rule(line["rule"], APPLICATION_FACTS), facts) for line in inputs["lines"]]
    return proposal_from(inputs, held)


def other_limits(application: Application) -> int:
    """Return the limits of the customer's other lines in the same currency, in minor units.

    The line that a grant would change is not among them.
    """
    return _limits_beside(application, account_to_change(application))


def _limits_beside(application: Application, changed: CreditAccount | None) -> int:
    if application.customer_id is None:
        return 0
    return limits_beside(
        changed.pk if changed else None, customer_id=application.customer_id, currency=application.product.currency
    )
