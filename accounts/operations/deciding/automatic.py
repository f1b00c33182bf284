"""What rules decide in the close: new decisions where a live rule holds, and lifts where the cause is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from accounts.facts import ACCOUNT_FACTS, account_rows, facts_of
from accounts.models import Decision, DecisionControl, DecisionNotice, DecisionRuleVersion
from accounts.operations.deciding.proposing import refuse_rivals, rivals
from accounts.operations.deciding.refusals import DecisionRefusal
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.standing import Standing, Today, hold_today, lock_standings
from accounts.operations.deciding.taking_effect import schedule
from accounts.operations.deciding.weighing import Asked, Tables, Weighed, authority_lines, hold_control, hold_scope_value, weigh
from accounts.operations.deciding.writing import Writes, add_decisions
from accounts.operations.rule_refusals import RuleUnusable
from accounts.operations.rule_versions import in_force_on, parsed
from accounts.queries.entries import in_chunks
from accounts.roles import PROPOSE_DECISION
from accounts.rules.decisions import ENGINE_VERSION, Action, Status, flips, floored_limit
from riskops.shared.audit import Actor
from riskops.shared.own_reasons import own_reason
from riskops.shared.roles import Role
from riskops.shared.rule_language import Rule, holding, holds

#: Rules ask the matrix in the role of the service account.
ROLES: Final = (Role.SERVICE.value,)
RULES: Final = Actor(own_reason(gettext_noop("decision rules")))
#: Reason code of a lift whose cause is gone.
CAUSE_GONE: Final = "cause_gone"


def decide_by_rules(*, closed_day: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Let every live rule decide about a range of accounts, and lift what has no cause any more; return how many decisions.

    Stopped by the switch: then the days without a cause are counted, and nothing is lifted. A repeat changes nothing: an
    account with the same decision open or in force is passed over.
    """
    figures = hold_control()
    if figures.is_automatic_stopped:
        return _lift_causeless(figures, closed_day, first_account_id, last_account_id, run_id)
    done = 0
    day = closed_day + timedelta(days=1)
    within = {"account_id__gte": first_account_id, "account_id__lte": last_account_id}
    live = in_force_on(DecisionRuleVersion, day).select_related("reason").order_by("code")
    for version in live:
        rule = parsed(DECISION_RULES, version)
        hit = holding(rule, ACCOUNT_FACTS, account_rows(first_account_id, last_account_id), closed_day)
        ids = set(hit.filter(is_written_off=False).values_list("pk", flat=True))
        ids -= set(_settled(version, day, figures.flip_days).filter(**within).values_list("account_id", flat=True))
        for chunk in in_chunks(sorted(ids)):
            done += _decide(version, rule, chunk, closed_day, run_id)
    return done + _lift_causeless(figures, closed_day, first_account_id, last_account_id, run_id)


def _settled(version: DecisionRuleVersion, day: date, flip_days: int) -> QuerySet[Decision]:
    """Return the decisions that leave a rule nothing to decide: the same open or in force, or ended by a person not long ago.

    What a person rejected, lifted, or granted an appeal against is not decided again by the same rule the night after; nor
    is a limit lowered again that somebody, or another rule, has set otherwise since.
    """
    standing = Q(
        action=version.action,
        scope=version.scope,
        scope_value=version.scope_value,
        status__in=[Status.PROPOSED, Status.SCHEDULED, Status.EFFECTIVE],
    )
    by_person = Q(
        ~Q(action=Action.LIFT),
        rule_version__code=version.code,
        status__in=[Status.REJECTED, Status.CANCELLED, Status.UNDONE, Status.LIFTED, Status.REPLACED],
        ended_on__gt=day - timedelta(days=flip_days),
    )
    by_rule = Decision.objects.filter(action=Action.LIFT, source=Decision.Source.RULE, status=Status.EFFECTIVE)
    return Decision.objects.filter(standing | (by_person & ~Q(pk__in=by_rule.values("lifts"))))


def _decide(version: DecisionRuleVersion, rule: Rule, account_ids: Sequence[int], closed_day: date, run_id: int | None) -> int:
    # Decided at the end of a closed day, so dated the next: its notice goes out then, its buffer counts from there.
    day = closed_day + timedelta(days=1)
    today = Today(day, day)
    standings = lock_standings(account_ids)
    facts = facts_of(account_ids, closed_day)
    hold_scope_value(version.scope, version.scope_value)
    tables = Tables.of(version.action, version.reason.code)
    decisions: list[tuple[Decision, Weighed]] = []
    for account_id in account_ids:
        standing = standings[account_id]
        standing.facts = facts[account_id]
        try:
            weighed = weigh(_asked(version, standing), standing, roles=ROLES, today=today, tables=tables)
            refuse_rivals(account_id, weighed.fields)
        except DecisionRefusal:
            # Closed, its limit at the floor already, or another limit change under way: nothing for this rule to do.
            continue
        decisions.append((_decision(version, rule, standing, weighed, day), weighed))
    add_decisions([decision for decision, _weighed in decisions])
    writes = Writes(RULES, day, run_id)
    for decision, _weighed in decisions:
        standing = standings[decision.account_id]
        more = {"rule": str(version), "needs_approval_by": decision.needs_approval_by}
        writes.note(decision, PROPOSE_DECISION, standing, str(version), more=more)
        if not decision.needs_approval_by:
            schedule(decision, standing, writes, today=today)
    writes.write()
    return len(decisions)


def _asked(version: DecisionRuleVersion, standing: Standing) -> Asked:
    unit = 10**standing.minor_digits
    asked = Asked(
        action=version.action,
        reason_code=version.reason.code,
        note=str(version),
        scope=version.scope,
        scope_value=version.scope_value,
        most_minor=version.most_major * unit if version.most_major is not None else None,
    )
    if version.limit_percent is None:
        return asked
    # Whole units, and never under the balance owed.
    wanted = standing.limit_minor * version.limit_percent // 100 // unit * unit
    return replace(asked, new_limit_minor=floored_limit(wanted, owed_minor=standing.owed_minor))


def _decision(
    version: DecisionRuleVersion, rule: Rule, standing: Standing, weighed: Weighed, day: date, *, is_for_people: bool = False
) -> Decision:
    fields = dict(weighed.fields)
    fields["inputs"] = {**fields["inputs"], "rule": str(version), "rule_text": version.rule}
    fields["verdict"] = {**fields["verdict"], "rule_holds": holds(rule, standing.facts)}
    if (is_for_people or standing.facts.get("no_automated_decisions")) and not fields["needs_approval_by"]:
        # The customer refused a decision that no person takes, or machines are stopped: it is proposed to one.
        fields["needs_approval_by"] = _persons(version.action)
    return Decision(
        reference=f"{version.code}-{version.number}-{day:%Y%m%d}-{standing.account_id}"[-64:],
        account_id=standing.account_id,
        status=Status.PROPOSED,
        source=Decision.Source.RULE,
        rule_version=version,
        proposed_by_name=RULES.name,
        engine_version=ENGINE_VERSION,
        **fields,
    )


def _persons(action: str) -> list[str]:
    """Return the roles of people who could take the decision alone; the approver where the matrix names none."""
    alone = {line.role for line in authority_lines(action) if not line.approver_role} - {Role.SERVICE.value}
    return sorted(alone) or [Role.APPROVER.value]


def hand_to_people(account_ids: Sequence[int], *, actor: Actor, why: str) -> int:
    """Turn what rules alone decided about accounts, and is still in its buffer, into proposals to people; return how many.

    For customers who want no decision that no person takes. Each ends with a notice, for its customer was told of it, and is
    proposed anew by what is known today; where the rule does not hold any more, or nothing of the kind can be proposed, it only
    ends. Lifts give something back and stay.

    A part of operations: the caller holds the day, the states and the accounts, and has noted what the customer said.
    """
    waiting = list(
        Decision.objects.select_for_update(of=("self",))
        .select_related("rule_version__reason")
        .filter(account_id__in=account_ids, source=Decision.Source.RULE, status=Status.SCHEDULED, judged_by__isnull=True)
        .exclude(action=Action.LIFT)
        .order_by("account_id", "id")
    )
    if not waiting:
        return 0
    today = [hold_today(decision.account_id) for decision in waiting][-1]
    standings = lock_standings([decision.account_id for decision in waiting], with_facts=True)
    writes = Writes(actor, today.open_day)
    for decision in waiting:
        notice = DecisionNotice.Kind.CANCELLED
        writes.end(decision, Status.CANCELLED, standings[decision.account_id], why=why, notice=notice)
    # Ended first: an account has one of a kind that is open.
    writes.write()
    days = dict.fromkeys(standings, today)
    anew: list[Decision] = []
    for version in {decision.rule_version_id: decision.rule_version for decision in waiting}.values():
        assert version is not None
        theirs = [standings[decision.account_id] for decision in waiting if decision.rule_version_id == version.pk]
        anew += decided_anew(version, theirs, days).values()
    add_decisions(anew)
    writes = Writes(RULES, today.open_day)
    for made in anew:
        more = {"rule": made.note, "needs_approval_by": made.needs_approval_by}
        writes.note(made, PROPOSE_DECISION, standings[made.account_id], why, more=more)
    writes.write()
    return len(waiting)


def still_held(version: DecisionRuleVersion, standings: Sequence[Standing]) -> list[Standing]:
    """Return those accounts on which the rule of a version holds by their facts; none where it cannot be read any more."""
    try:
        rule = parsed(DECISION_RULES, version)
    except RuleUnusable:
        return []
    return [standing for standing in standings if holds(rule, standing.facts)]


def decided_anew(
    version: DecisionRuleVersion, standings: Sequence[Standing], days: Mapping[int, Today], *, is_for_people: bool = False
) -> dict[int, Decision]:
    """Return by account what the rule of a version decides today, not written yet.

    Nothing where it does not hold on the facts of today, or nothing of the kind can be decided any more.

    :param standings: with facts, which are kept with it
    :param is_for_people: what the matrix lets a rule decide alone is proposed to people all the same
    """
    held = still_held(version, standings)
    if not held:
        return {}
    rule = parsed(DECISION_RULES, version)
    tables = Tables.of(version.action, version.reason.code)
    there = rivals({"action": version.action, "scope": version.scope, "scope_value": version.scope_value})
    taken: set[int] = set()
    for chunk in in_chunks([standing.account_id for standing in held]):
        taken.update(there.filter(account_id__in=chunk).values_list("account_id", flat=True))
    found: dict[int, Decision] = {}
    for standing in held:
        today = days[standing.account_id]
        if standing.account_id in taken:
            continue
        try:
            weighed = weigh(_asked(version, standing), standing, roles=ROLES, today=today, tables=tables)
        except DecisionRefusal:
            continue
        found[standing.account_id] = _decision(version, rule, standing, weighed, today.open_day, is_for_people=is_for_people)
    return found


def _lift_causeless(figures: DecisionControl, closed_day: date, first: int, last: int, run_id: int | None) -> int:
    """Count the days without the cause of each decision by rule in force, and lift what has cooled off.

    With the switch thrown they are counted all the same: a cause that comes back and goes on nights on which nobody looked would
    leave a cool-off that was none.
    """
    in_force = Decision.objects.filter(
        account_id__gte=first,
        account_id__lte=last,
        source=Decision.Source.RULE,
        status=Status.EFFECTIVE,
        rule_version__lifts_itself=True,
    ).exclude(action=Action.LIFT)
    ids = list(in_force.order_by("account_id").values_list("account_id", flat=True).distinct())
    return sum(_cool(chunk, figures, closed_day, run_id) for chunk in in_chunks(ids))


def _cool(account_ids: Sequence[int], figures: DecisionControl, closed_day: date, run_id: int | None) -> int:
    day = closed_day + timedelta(days=1)
    today = Today(day, day)
    standings = lock_standings(account_ids)
    facts = facts_of(account_ids, closed_day)
    tables = Tables.of(Action.LIFT, CAUSE_GONE)
    ready: list[Decision] = []
    rules: dict[int, Rule] = {}
    for decision in (
        Decision.objects.select_for_update(of=("self",))
        .select_related("rule_version")
        .filter(account_id__in=account_ids, source=Decision.Source.RULE, status=Status.EFFECTIVE, rule_version__lifts_itself=True)
        .exclude(action=Action.LIFT)
        .order_by("account_id", "id")
    ):
        version = decision.rule_version
        assert version is not None
        rule = rules.setdefault(version.pk, parsed(DECISION_RULES, version))
        since = None if holds(rule, facts[decision.account_id]) else decision.cause_gone_since or closed_day
        if since != decision.cause_gone_since:
            Decision.objects.filter(pk=decision.pk).update(cause_gone_since=since)
        if since is not None and (closed_day - since).days + 1 >= figures.cool_off_days:
            ready.append(decision)
    if figures.is_automatic_stopped:
        return 0
    lifts = [lift for decision in ready if (lift := _lift(decision, standings[decision.account_id], figures, today, tables))]
    add_decisions(lifts)
    writes = Writes(RULES, day, run_id)
    for lift in lifts:
        writes.note(lift, PROPOSE_DECISION, standings[lift.account_id], lift.note, more={"lifts": lift.lifts_id})
        if not lift.needs_approval_by:
            schedule(lift, standings[lift.account_id], writes, today=today)
    writes.write()
    return len(lifts)


def _lift(decision: Decision, standing: Standing, figures: DecisionControl, today: Today, tables: Tables) -> Decision | None:
    first = today.open_day - timedelta(days=figures.flip_days)
    if Decision.objects.filter(lifts=decision, status__in=[Status.REJECTED, Status.CANCELLED], ended_on__gt=first).exists():
        # A person said that it stays; the next night is no reason to ask again.
        return None
    asked = Asked(action=Action.LIFT, reason_code=CAUSE_GONE, note=decision.note, lifts=decision.pk)
    try:
        weighed = weigh(asked, standing, roles=ROLES, today=today, tables=tables)
        refuse_rivals(decision.account_id, weighed.fields)
    except DecisionRefusal:
        return None
    fields: dict[str, Any] = dict(weighed.fields)
    earlier = Decision.objects.filter(
        account_id=decision.account_id, action=Action.LIFT, source=Decision.Source.RULE, status=Status.EFFECTIVE
    ).values_list("decided_on", flat=True)
    days = [day for day in earlier if day is not None]
    if flips(days, today=today.open_day, within_days=figures.flip_days) >= figures.most_flips:
        # On, off, on, off: a person looks at it before it goes off again.
        fields["needs_approval_by"] = _persons(Action.LIFT)
    return Decision(
        reference=f"lift-{decision.pk}-{today.open_day:%Y%m%d}",
        account_id=decision.account_id,
        status=Status.PROPOSED,
        source=Decision.Source.RULE,
        proposed_by_name=RULES.name,
        engine_version=ENGINE_VERSION,
        # What it lifts was decided by this version, so what the version did on a day is undone with it.
        rule_version=decision.rule_version,
        **fields,
    )
