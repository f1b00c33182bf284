"""What people note in a case: the next action, who owns it, that they spoke to the customer, contact persons, costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction

from accounts.models import AccountState
from accounts.operations.checks import AccountFacts, account_facts
from casework.models import Case, CaseContact, CaseCost, CaseEvent, NextAction
from casework.operations.cases.following import add_event
from casework.operations.cases.outcomes import day_of_work, held_case, refuse_settled
from casework.operations.cases.reasons import answer_reason, hold_state, known_reason, write_reason
from casework.operations.cases.refusals import (
    ContactMalformed,
    ContactRefusedAlready,
    ContactUnknown,
    CostMalformed,
    NextActionMalformed,
    OwnerUnknown,
    ReasonStands,
)
from casework.trained import left_to_trained, refuse_untrained
from casework.work_roles import (
    ADD_CASE_CONTACT,
    BOOK_CASE_COST,
    CONFIRM_RIGHT_PARTY,
    OWN_CASE,
    RECORD_CASE_OUTCOME,
    REFUSE_CASE_CONTACT,
    SET_NEXT_ACTION,
)
from riskops.shared.audit import Actor, record
from riskops.shared.money import LARGEST_MAJOR
from riskops.shared.people.conflicts import conflicts_on, refuse_conflict
from riskops.shared.personal import masked_name
from riskops.shared.roles import may
from riskops.shared.scope import WHOLE_BOOK, Scope, scope_of

Kind = CaseEvent.Kind
#: How far ahead a next action may lie, in days.
MOST_DAYS_AHEAD: Final = 180
#: Characters of the note on a cost.
MOST_NOTE: Final = 200
#: How somebody made sure that they spoke to the customer.
PROOFS: Final = ("last_four", "birth_date", "known_purchase", "call_back")


def _open(actor: Actor, account_id: int) -> tuple[AccountFacts, Case]:
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    refuse_untrained(actor, account.customer_id)
    return account, held_case(account_id, account_no=account.account_no)


def _tell(case: Case, kind: CaseEvent.Kind, actor: Actor, details: dict[str, Any]) -> CaseEvent:
    state = AccountState.objects.filter(pk=case.account_id).first()
    return add_event(case, kind, day=day_of_work(case), actor=actor, state=state, details=details)


def _record(actor: Actor, action: str, account: AccountFacts, **more: Any) -> None:
    record(
        actor=actor,
        action=action,
        subject_type="account",
        subject_key=account.account_no,
        account_id=account.account_id,
        **more,
    )


@transaction.atomic
def set_next_action(*, actor: Actor, account_id: int, action: str, on: date | None, today: date) -> Case:
    """Set what is to be done next in a case and on which calendar day; "" and None for nothing.

    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises NextActionMalformed: no such action, or a day that is past or too far ahead
    """
    account, case = _open(actor, account_id)
    if action not in ("", *NextAction.values) or bool(action) != (on is not None):
        raise NextActionMalformed(today, MOST_DAYS_AHEAD)
    if on is not None and not 0 <= (on - today).days <= MOST_DAYS_AHEAD:
        raise NextActionMalformed(today, MOST_DAYS_AHEAD)
    before = {"next_action": case.next_action, "next_action_on": case.next_action_on and case.next_action_on.isoformat()}
    case.next_action, case.next_action_on = action, on
    case.save(update_fields=["next_action", "next_action_on"])
    after = {"next_action": action, "next_action_on": on.isoformat() if on else None}
    _tell(case, Kind.NEXT_ACTION, actor, dict(after))
    _record(actor, SET_NEXT_ACTION, account, before=before, after=after)
    return case


@transaction.atomic
def own_case(*, actor: Actor, account_id: int, username: str, today: date) -> Case:
    """Give a case an owner, "" for none.

    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises OwnerUnknown: no active person of the name who works cases, may see it and has no conflict
    """
    account, case = _open(actor, account_id)
    owner = None
    if username:
        owner = get_user_model().objects.filter(username=username, is_active=True).first()
        if (
            owner is None
            or not may(owner, RECORD_CASE_OUTCOME)
            or not scope_of(owner).permits(account_id)
            or conflicts_on(owner.pk, today).filter(customer_id=case.customer_id).exists()
            or left_to_trained(owner, case.customer_id, on=today)
        ):
            raise OwnerUnknown(username)
    was = case.owner.get_username() if case.owner else ""
    case.owner = owner
    case.save(update_fields=["owner"])
    _tell(case, Kind.OWNER, actor, {"was": was, "owner": username})
    _record(actor, OWN_CASE, account, before={"owner": was}, after={"owner": username})
    return case


@transaction.atomic
def record_reason(*, actor: Actor, account_id: int, code: str) -> Case:
    """Record why the customer of a case is late; what was recorded before stays in its events, the newest counts.

    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises ReasonUnknown: no such reason is in use
    :raises ReasonStands: it is what stands already
    """
    reason = known_reason(code)
    hold_state(account_id, code)
    _account, case = _open(actor, account_id)
    if case.reason_id == reason.pk:
        raise ReasonStands(reason.label)
    write_reason(case, reason, actor=actor, day=day_of_work(case))
    return case


@transaction.atomic
def confirm_right_party(*, actor: Actor, account_id: int, proof: str, lateness_reason: str = "") -> Case:
    """Note that it was the customer who was spoken to, and how that was made sure.

    :param proof: one of `PROOFS`; what was answered is not kept
    :param lateness_reason: the code of why the customer is late; "" for nothing new
    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises ContactMalformed: no such proof
    :raises ReasonUnknown, ReasonNotAsked: why the customer is late was not asked, and no reason stands
    """
    hold_state(account_id, lateness_reason)
    account, case = _open(actor, account_id)
    if proof not in PROOFS:
        raise ContactMalformed("proof")
    answer_reason(case, lateness_reason, actor=actor, day=day_of_work(case), is_right_party=True)
    case.right_party_on = day_of_work(case)
    case.save(update_fields=["right_party_on"])
    _tell(case, Kind.RIGHT_PARTY, actor, {"proof": proof})
    _record(actor, CONFIRM_RIGHT_PARTY, account, after={"right_party_on": case.right_party_on.isoformat(), "proof": proof})
    return case


@dataclass(frozen=True, slots=True)
class TypedContact:
    """A contact person as typed: choices of `CaseContact`, name and number in clear."""

    relation: str
    name: str
    phone: str
    source: str
    consent: str = CaseContact.Consent.UNKNOWN


@transaction.atomic
def add_contact(*, actor: Actor, account_id: int, typed: TypedContact, now: datetime) -> CaseContact:
    """Keep somebody through whom the customer may be reached. Whether they may be contacted the contact policy says.

    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises ContactMalformed: no name or number, or a choice that is none
    """
    account, case = _open(actor, account_id)
    name, phone = typed.name.strip(), typed.phone.strip()
    digits = [mark for mark in phone if mark.isdigit()]
    for field, holds in (
        ("name", 0 < len(name) <= 100),
        ("phone", 5 <= len(digits) <= 20 and not set(phone) - set("0123456789+-() ")),
        ("relation", typed.relation in CaseContact.Relation.values),
        ("source", typed.source in CaseContact.Source.values),
        ("consent", typed.consent in (CaseContact.Consent.UNKNOWN, CaseContact.Consent.GIVEN)),
    ):
        if not holds:
            raise ContactMalformed(field)
    contact = CaseContact.objects.create(
        case=case,
        relation=typed.relation,
        person={"name": name, "phone": phone},
        source=typed.source,
        consent=typed.consent,
        added_by_name=actor.name,
        added_at=now,
    )
    after = {"contact": contact.pk, "relation": typed.relation, "source": typed.source, "consent": typed.consent}
    _tell(case, Kind.CONTACT, actor, dict(after))
    _record(actor, ADD_CASE_CONTACT, account, after={**after, "name": masked_name(name)})
    return contact


@transaction.atomic
def refuse_contact(*, actor: Actor, contact_id: int, now: datetime, scope: Scope = WHOLE_BOOK) -> CaseContact:
    """Note that a contact person wants to hear no more: for good.

    :raises ContactUnknown: there is none in sight
    :raises ConflictDeclared, TrainedStaffOnly: not by this person
    :raises ContactRefusedAlready, CaseSettled: nothing to note
    """
    seen = scope.accounts(CaseContact.objects.filter(pk=contact_id), product="case__product")
    contact = seen.select_for_update(of=("self",)).select_related("case__account").first()
    if contact is None:
        raise ContactUnknown(contact_id)
    account = account_facts(contact.case.account_id)
    refuse_conflict(actor, account.customer_id)
    refuse_untrained(actor, account.customer_id)
    if contact.refused_at is not None:
        raise ContactRefusedAlready(contact.refused_at)
    refuse_settled(contact.case)
    was, contact.consent, contact.refused_at = contact.consent, CaseContact.Consent.REFUSED, now
    contact.save(update_fields=["consent", "refused_at"])
    told = {"contact": contact.pk, "relation": contact.relation, "consent": "refused"}
    _tell(contact.case, Kind.CONTACT, actor, told)
    before, after = ({"contact": contact.pk, "consent": value} for value in (was, "refused"))
    _record(actor, REFUSE_CASE_CONTACT, account, before=before, after=after)
    return contact


@transaction.atomic
def book_cost(
    *, actor: Actor, account_id: int, kind: str, amount_minor: int, incurred_on: date, now: datetime, note: str = ""
) -> CaseCost:
    """Book what collecting cost on a case. It is the lender's cost, not the customer's debt; below 0 takes back.

    :raises AccountUnknown, ConflictDeclared, TrainedStaffOnly, NoOpenCase: not this account
    :raises CostMalformed: nothing, too much, more taken back than was booked, or a day before the case or to come
    """
    account, case = _open(actor, account_id)
    note = note.strip()
    if kind not in CaseCost.Kind.values:
        raise CostMalformed("kind")
    if amount_minor == 0 or abs(amount_minor) > LARGEST_MAJOR * 10**account.minor_digits:
        raise CostMalformed("amount")
    if amount_minor < 0 and sum(case.costs.filter(kind=kind).values_list("amount_minor", flat=True)) + amount_minor < 0:
        raise CostMalformed("amount")
    if not case.since <= incurred_on <= day_of_work(case):
        raise CostMalformed("incurred_on")
    if len(note) > MOST_NOTE:
        raise CostMalformed("note")
    cost = CaseCost.objects.create(
        case=case,
        kind=kind,
        amount_minor=amount_minor,
        incurred_on=incurred_on,
        note=note,
        booked_by_id=actor.user_id,
        booked_by_name=actor.name,
        booked_at=now,
    )
    after = {"kind": kind, "amount_minor": amount_minor, "incurred_on": incurred_on.isoformat()}
    _tell(case, Kind.COST, actor, {"cost": cost.pk, **after})
    _record(actor, BOOK_CASE_COST, account, after=after, reason=note)
    return cost
