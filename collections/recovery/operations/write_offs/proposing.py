"""Accounts proposed for write-off: by the close, for each rule set-based over a shard, and by hand."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction

from accounts.facts import account_rows, facts_of
from accounts.models import CreditAccount
from accounts.operations.deciding.standing import facts_day, hold_today, lock_standing
from accounts.operations.refusals import DayNotOpenYet
from casework.policies import account_rule
from recovery.letter_policies import policies_on
from recovery.models import WriteOffProposal
from recovery.operations.write_offs import refusals
from recovery.queries.write_off_standing import (
    chosen,
    expected,
    figures,
    held_on,
    is_chosen,
    not_yet_proposed,
    owing_of,
    rules_in_force,
)
from recovery.rules.write_offs import ended_by
from recovery.write_off_roles import PROPOSE_BY_RULE, PROPOSE_WRITE_OFF
from riskops.shared.audit import CLOSE, Actor, line, record, record_all
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.rule_language import RuleRefusal, holds
from riskops.shared.scope import scope_of_actor

log = structlog.get_logger(__name__)

#: Who proposes by rule, as the list and the trail name it.
RULE_NAME: Final = "write-off-rule"
LONGEST_NOTE: Final = 500
_AT_ONCE: Final = 500


def propose_by_rules(*, as_of: date, today: date, first_account_id: int, last_account_id: int, run_id: int | None = None) -> int:
    """Propose what the rules in force choose in a range at the close of a day, and return how many; a repeat proposes nothing.

    Two queries a rule and shard: the accounts it is about, and those of them that are new. Of several rules that hold on an
    account the first by its code is named. The caller's shard is held: nothing is posted to it meanwhile.

    :param today: the calendar day, by which figures of letters hold
    """
    made = 0
    for rule in rules_in_force(as_of):
        try:
            rows = held_on(rule, as_of, account_rows(first_account_id, last_account_id))
        except RuleRefusal as refusal:
            # A fact it names is gone with a later version of the site: the close goes on without it.
            log.error("write_off_rule_unusable", rule=str(rule), why=str(refusal))
            continue
        found = [
            WriteOffProposal(
                account_id=row.account_id,
                source=WriteOffProposal.Source.RULE,
                rule=rule,
                proposed_on=as_of,
                proposed_by_name=RULE_NAME,
                **figures(row, benefit),
            )
            for row, benefit in chosen(rule, not_yet_proposed(rule, as_of, rows), today)
            if not ended_by(row.stand)
        ]
        WriteOffProposal.objects.bulk_create(found, batch_size=_AT_ONCE)
        _note(found, str(rule), run_id)
        made += len(found)
    return made


def _note(found: list[WriteOffProposal], rule: str, run_id: int | None) -> None:
    numbers: dict[int, str] = {}
    for begin in range(0, len(found), _AT_ONCE):
        ids = [proposal.account_id for proposal in found[begin : begin + _AT_ONCE]]
        numbers |= dict(CreditAccount.objects.filter(pk__in=ids).values_list("pk", "account_no"))
    record_all(
        line(
            actor=CLOSE,
            action=PROPOSE_BY_RULE,
            subject_type="account",
            subject_key=numbers[proposal.account_id],
            account_id=proposal.account_id,
            after={"reference": proposal.reference, "rule": rule, "owed_minor": proposal.owed_minor},
            run_id=run_id,
        )
        for proposal in found
    )


@transaction.atomic
def propose_write_off(*, actor: Actor, account_id: int, note: str, today: date) -> WriteOffProposal:
    """Propose an account for write-off by hand; whoever may sends it to approval.

    What no rule would propose is taken and marked. What is written off, disputed, kept by a plan or promise, or not late is not.

    :param today: the calendar day, by which figures of letters hold
    :raises BookNotBegun: no day is closed yet
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises WriteOffInTheWay: something forbids it; the message says what
    """
    try:
        open_day = hold_today(account_id).open_day
    except DayNotOpenYet:
        raise refusals.BookNotBegun from None
    standing = lock_standing(account_id)
    refuse_conflict(actor, standing.customer_id)
    row = owing_of([account_id]).get(account_id)
    why = "cured" if row is None or not row.owed_minor else ended_by(row.stand)
    if why or row is None:
        raise refusals.WriteOffInTheWay(standing.account_no, str(WriteOffProposal.Ended(why).label))
    rule_line = expected(row, policies_on(today))
    rule = next((rule for rule in rules_in_force(open_day) if _holds(rule, account_id) and is_chosen(rule, rule_line)), None)
    proposal = WriteOffProposal(
        account_id=account_id,
        source=WriteOffProposal.Source.PERSON,
        rule=rule,
        note=note.strip()[:LONGEST_NOTE],
        proposed_on=open_day,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        **figures(row, rule_line),
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError:
        there = WriteOffProposal.objects.get(account_id=account_id, status__in=WriteOffProposal.OPEN)
        raise refusals.WriteOffInTheWay(standing.account_no, f"{there.reference} {there.standing_label}") from None
    record(
        actor=actor,
        action=PROPOSE_WRITE_OFF,
        subject_type="account",
        subject_key=standing.account_no,
        account_id=account_id,
        after=_as_recorded(proposal),
        reason=proposal.note,
    )
    return proposal


def _holds(rule: Any, account_id: int) -> bool:
    try:
        return holds(account_rule(rule.rule), facts_of([account_id], facts_day()).get(account_id, {}))
    except RuleRefusal:
        return False


def _as_recorded(proposal: WriteOffProposal) -> dict[str, Any]:
    return {
        "reference": proposal.reference,
        "owed_minor": proposal.owed_minor,
        "days_past_due": proposal.days_past_due,
        "rule": str(proposal.rule) if proposal.rule else None,
    }


def lock_proposal(actor: Actor, write_off_id: int, *states: str) -> tuple[WriteOffProposal, Any, Any]:
    """Return a proposal in one of some states, with its account and the day, all held: the day, the account, the proposal.

    :raises WriteOffUnknown: there is none in sight
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises WriteOffMovedOn: it is in another state
    """
    found = WriteOffProposal.objects.filter(pk=write_off_id).values_list("account_id", flat=True).first()
    if found is None or not scope_of_actor(actor).permits(found):
        raise refusals.WriteOffUnknown(write_off_id)
    today = hold_today(found)
    standing = lock_standing(found)
    refuse_conflict(actor, standing.customer_id)
    proposal = WriteOffProposal.objects.select_for_update(of=("self",)).select_related("decision", "rule").get(pk=write_off_id)
    if proposal.standing not in states:
        raise refusals.WriteOffMovedOn(proposal.reference, str(proposal.standing_label))
    return proposal, standing, today
