"""What is asked for, weighed: authority, limit, gate, dates and texts. Nothing is written here; the preview is the same call."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from accounts.models import AgreementVersion, AuthorityRow, Decision, DecisionControl, DecisionTerms, ReasonCode, ScopeValue
from accounts.models.decision_settings import AUTHORITY_COLUMNS
from accounts.operations.deciding import refusals
from accounts.operations.deciding.agreements import accepted_agreement
from accounts.operations.deciding.standing import Standing, Today, orders_owed
from accounts.operations.deciding.texts import customer_text
from accounts.operations.lending_caps import active_caps, caps_as_input, limits_beside
from accounts.operations.refusals import DayOutOfRange
from accounts.queries.scope_values import ScopeValues, scope_values
from accounts.rules.authority import AuthorityLine
from accounts.rules.decisions import LIFTABLE_ACTIONS, LIMIT_ACTIONS, Action, Scope, Status, first_effective_day
from accounts.rules.raises import STANDING_STATUSES, window_start
from accounts.rules.verdicts import BEFORE_IT, caps_broken_by, change_of, gate_of, verdict
from riskops.shared.day import FIRST_DAY, LAST_DAY
from riskops.shared.sql import execute, is_postgresql


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants decided. Amounts in minor units; a day that is None is the terms' own.

    :param lifts: the decision that a lift takes back
    """

    action: str
    reason_code: str
    note: str = ""
    scope: str = ""
    scope_value: str = ""
    most_minor: int | None = None
    new_limit_minor: int | None = None
    effective_on: date | None = None
    review_on: date | None = None
    expires_on: date | None = None
    lifts: int | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What would be decided: the columns of the decision, and who has to agree."""

    fields: dict[str, Any]
    needs_approval_by: tuple[str, ...]
    first_day: date

    @property
    def acts_alone(self) -> bool:
        """Whether nobody else has to agree."""
        return not self.needs_approval_by


def control() -> DecisionControl:
    """Return the one row of control, with its defaults if it was never saved."""
    return DecisionControl.objects.filter(pk=1).first() or DecisionControl(pk=1)


def hold_control() -> DecisionControl:
    """Return the one row of control, and keep it as it is until the transaction ends.

    For what decides without a person: whoever throws the switch waits for decisions in flight, and when it is thrown none
    follows. Many hold it side by side.
    """
    if is_postgresql():
        # Django has no word for a shared lock. On SQLite the transaction itself is the lock.
        execute(f"SELECT 1 FROM {DecisionControl._meta.db_table} WHERE id = 1 FOR SHARE")
    return control()


def hold_scope_value(scope: str, value: str) -> None:
    """Keep the channel or category that is named as it is until the transaction ends.

    For what decides with it, by hand or by rule: whoever takes it out of use waits, and finds what was decided. Many hold it
    side by side.
    """
    if value and is_postgresql():
        execute(f"SELECT 1 FROM {ScopeValue._meta.db_table} WHERE kind = %s AND code = %s FOR SHARE", (scope, value))


def terms_of(action: str) -> DecisionTerms:
    """Return the figures of an action; without a row of its own no buffer is needed and nothing is reviewed."""
    return DecisionTerms.objects.filter(action=action).first() or DecisionTerms(action=action, buffer_days=0)


def authority_lines(action: str) -> list[AuthorityLine]:
    """Return the matrix's lines about an action, in a fixed order: they are kept with the decision."""
    return [AuthorityLine(*row) for row in AuthorityRow.objects.filter(action=action).values_list(*AUTHORITY_COLUMNS)]


@dataclass(slots=True)
class Tables:
    """Reasons, terms, matrix and what may be named of one action, read once where many accounts are weighed."""

    reason: ReasonCode | None
    terms: DecisionTerms
    lines: list[AuthorityLine]
    raise_window_days: int
    scope_values: ScopeValues

    @classmethod
    def of(cls, action: str, reason_code: str) -> Tables:
        """Return the tables as they stand."""
        reason = ReasonCode.objects.filter(code=reason_code, action=action, is_active=True).first()
        values = scope_values() if action == Action.SUSPEND_USE else {}
        return cls(reason, terms_of(action), authority_lines(action), control().raise_window_days, values)


def weigh(asked: Asked, standing: Standing, *, roles: Collection[str], today: Today, tables: Tables | None = None) -> Weighed:
    """Return what would be decided about an account.

    :param tables: those of the action and reason, where the caller weighs many accounts
    :raises DecisionRefusal: a value that cannot be, a rule that forbids it, or no authority for it
    """
    refuse_lifeless(standing, asked.action, today.open_day)
    refuse_held_back(standing, asked.action)
    tables = tables or Tables.of(asked.action, asked.reason_code)
    reason, terms = tables.reason, tables.terms
    if reason is None or asked.action not in set(Action):
        raise refusals.ReasonCodeUnknown(asked.reason_code, asked.action)
    _check_scope(asked, tables.scope_values)
    lifted = _lifted(asked, standing)
    inputs: dict[str, Any] = {
        "action": asked.action,
        "currency": standing.currency,
        "minor_digits": standing.minor_digits,
        "owed_minor": standing.owed_minor,
        "limit_minor": standing.limit_minor,
        "new_limit_minor": asked.new_limit_minor,
        "roles": sorted(roles),
        "lines": [asdict(line) for line in tables.lines],
        "proposed_on": today.open_day.isoformat(),
        "buffer_days": terms.buffer_days,
    }
    agreement = None
    if asked.action == Action.ACCELERATE:
        agreement = add_gate(inputs, standing, as_of=today.open_day)
    if asked.action == Action.RAISE_LIMIT:
        inputs |= caps_on(standing)
    if asked.action in LIMIT_ACTIONS:
        before = changes_before(standing.account_id, as_of=today.open_day, window_days=tables.raise_window_days)
        inputs[BEFORE_IT[asked.action]] = before
    inputs["weighed_minor"] = _weighed_minor(asked, standing, inputs, lifted)
    found = verdict(inputs)
    _check_limit(asked, standing)
    if asked.action == Action.RAISE_LIMIT:
        refuse_over_caps(inputs)
    if not found["has_authority"]:
        raise refusals.AuthorityMissing(asked.action, inputs["weighed_minor"], standing.currency)
    first_day = first_effective_day(today.open_day, buffer_days=terms.buffer_days)
    fields = {
        "action": asked.action,
        "scope": asked.scope,
        "scope_value": asked.scope_value,
        "most_minor": asked.most_minor,
        "new_limit_minor": asked.new_limit_minor,
        "limit_before_minor": standing.limit_minor if asked.new_limit_minor is not None else None,
        "owed_minor": standing.owed_minor,
        "weighed_minor": inputs["weighed_minor"],
        "reason": reason,
        "note": asked.note.strip(),
        "proposed_on": today.open_day,
        "needs_approval_by": found["needs_approval_by"],
        "buffer_days": terms.buffer_days,
        **_dates(asked, terms, today.open_day, first_day),
        "lifts": lifted,
        "agreement_version": agreement,
        "facts": standing.facts,
        "inputs": inputs,
        "verdict": found,
    }
    for language, template in (("en", reason.text_en), ("zh", reason.text_zh)):
        fields[f"text_{language}"] = customer_text(
            template,
            language,
            account_no=standing.account_no,
            currency=standing.currency,
            values=fields,
            names=tables.scope_values,
        )
    return Weighed(fields, tuple(found["needs_approval_by"]), first_day)


def refuse_lifeless(standing: Standing, action: str, today: date) -> None:
    """Refuse a decision on an account that is closed, written off or never aged; a restriction may still be lifted.

    :raises AccountNotAged, AccountClosed, AccountWrittenOff: the account is not one to decide about
    """
    if not standing.is_aged:
        raise refusals.AccountNotAged(standing.account_no)
    if standing.closed_on is not None and standing.closed_on <= today:
        raise refusals.AccountClosed(standing.account_no, standing.closed_on)
    if standing.is_written_off and action != Action.LIFT:
        raise refusals.AccountWrittenOff(standing.account_no)


def refuse_held_back(standing: Standing, action: str) -> None:
    """Refuse what something open on the account, such as a dispute, holds back.

    :raises DecisionHeldBack: says what it is
    """
    why = standing.held_back(action)
    if why:
        raise refusals.DecisionHeldBack(standing.account_no, action, why)


def add_gate(inputs: dict[str, Any], standing: Standing, *, as_of: date) -> AgreementVersion:
    """Put in what an acceleration is judged by, and return the agreement that allows it.

    :raises AgreementNotAccepted, ClauseMissing, GateNotMet: full repayment may not be demanded
    """
    agreement = accepted_agreement(standing.account_id)
    if agreement is None:
        raise refusals.AgreementNotAccepted(standing.account_no)
    inputs["has_clause"] = agreement.has_acceleration_clause
    inputs["agreement"] = agreement.code
    inputs["share_bp"] = control().due_share_bp
    inputs["orders"] = [asdict(order) for order in orders_owed([standing.account_id], as_of=as_of)[standing.account_id]]
    if not agreement.has_acceleration_clause:
        raise refusals.ClauseMissing(standing.account_no, agreement.code)
    gate = gate_of(inputs)
    if not gate.is_met:
        raise refusals.GateNotMet(gate, standing.currency)
    return agreement


def caps_on(standing: Standing, *, unwritten: Mapping[int, int] | None = None) -> dict[str, Any]:
    """Return what a raised limit is held against: the caps on lending in use, and the customer's other lines.

    :param unwritten: limits by account that the caller has changed and not written yet
    """
    return {
        "caps": caps_as_input(active_caps()),
        "other_limits_minor": limits_beside(
            standing.account_id, customer_id=standing.customer_id, currency=standing.currency, unwritten=unwritten
        ),
    }


def changes_before(account_id: int, *, as_of: date, window_days: int) -> dict[str, Any]:
    """Return what a change of the limit is weighed with: the decisions on the account's limit that stand, in their order.

    One change of a limit is open at a time, so they took effect in the order of their numbers.
    """
    stand = Decision.objects.filter(
        account_id=account_id,
        action__in=LIMIT_ACTIONS,
        status__in=STANDING_STATUSES,
        effective_on__gte=window_start(as_of, window_days=window_days),
    )
    columns = ("pk", "reference", "status", "effective_on", "limit_before_minor", "limit_after_minor", "new_limit_minor")
    rows = stand.order_by("pk").values_list(*columns)
    steps = [
        {
            "decision_id": pk,
            "reference": reference,
            "status": status,
            "effective_on": effective_on.isoformat(),
            "before_minor": before_minor,
            # One in its buffer has set no limit yet.
            "after_minor": new_minor if after_minor is None else after_minor,
        }
        for pk, reference, status, effective_on, before_minor, after_minor, new_minor in rows
    ]
    return {"as_of": as_of.isoformat(), "window_days": window_days, "steps": steps}


def refuse_over_caps(inputs: Mapping[str, Any]) -> None:
    """Refuse a limit with which the customer would be lent more than a cap allows.

    :raises LimitOverCap: names the rule that the cap comes from
    """
    for broken in caps_broken_by(inputs):
        raise refusals.LimitOverCap(broken)


def _weighed_minor(asked: Asked, standing: Standing, inputs: dict[str, Any], lifted: Decision | None) -> int:
    """Return the amount that the authority matrix is asked with (docs/decisions-on-accounts.md)."""
    if asked.action in LIMIT_ACTIONS:
        if asked.new_limit_minor is None:
            raise refusals.LimitMissing
        changed = change_of(inputs)
        return changed.weighed_minor if changed is not None else abs(asked.new_limit_minor - standing.limit_minor)
    if asked.action == Action.ACCELERATE:
        return gate_of(inputs).demanded_minor
    if asked.action == Action.LIFT and lifted is not None:
        return lifted.weighed_minor
    return standing.owed_minor if asked.action == Action.WRITE_OFF else standing.limit_minor


def _check_limit(asked: Asked, standing: Standing) -> None:
    new = asked.new_limit_minor
    if asked.action not in LIMIT_ACTIONS or new is None:
        return
    moves = new < standing.limit_minor if asked.action == Action.LOWER_LIMIT else new > standing.limit_minor
    if not moves or new < 0:
        raise refusals.LimitNotChangedThatWay(new, standing.limit_minor, standing.currency, asked.action)
    if new < standing.owed_minor:
        raise refusals.LimitUnderBalance(new, standing.limit_minor, standing.owed_minor, standing.currency)


def _check_scope(asked: Asked, known: ScopeValues) -> None:
    value, most = asked.scope_value, asked.most_minor
    if asked.action != Action.SUSPEND_USE:
        is_right = not asked.scope and not value and most is None
    elif asked.scope == Scope.ALL:
        is_right = not value and most is None
    elif asked.scope in (Scope.CHANNEL, Scope.CATEGORY):
        is_right = bool(value) and most is None
    else:
        is_right = asked.scope == Scope.AMOUNT and not value and most is not None and most >= 0
    if not is_right:
        raise refusals.ScopeMalformed
    named = known.get((asked.scope, value))
    if value and (named is None or not named.is_active):
        there = [code for (kind, code), row in known.items() if kind == asked.scope and row.is_active]
        raise refusals.ScopeValueUnknown(asked.scope, value, there)


def _lifted(asked: Asked, standing: Standing) -> Decision | None:
    if asked.action != Action.LIFT:
        if asked.lifts is not None:
            raise refusals.NothingToLift
        return None
    found = Decision.objects.filter(
        pk=asked.lifts or 0, account_id=standing.account_id, status=Status.EFFECTIVE, action__in=LIFTABLE_ACTIONS
    ).first()
    if found is None:
        raise refusals.NothingToLift
    return found


def _dates(asked: Asked, terms: DecisionTerms, today: date, first_day: date) -> dict[str, date | None]:
    effective_on = asked.effective_on or first_day
    for day in (effective_on, asked.review_on, asked.expires_on):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise DayOutOfRange(day)
    if effective_on < today:
        raise refusals.EffectiveDatePast(effective_on, today)
    if effective_on < first_day:
        raise refusals.BufferTooShort(effective_on, first_day, terms.buffer_days)
    review_on, expires_on = asked.review_on, asked.expires_on
    if asked.action in (Action.LIFT, Action.WRITE_OFF):
        # Both are done once, on their day: nothing is left to look at or to end.
        review_on = expires_on = None
    else:
        expires_on = expires_on or (effective_on + timedelta(days=terms.expiry_days) if terms.expiry_days else None)
        review_on = review_on or (effective_on + timedelta(days=terms.review_days) if terms.review_days else None)
    if any(day is not None and day <= effective_on for day in (review_on, expires_on)):
        raise refusals.DatesOutOfOrder(effective_on)
    return {"effective_on": effective_on, "review_on": review_on, "expires_on": expires_on}
