"""What people do in cases: outcomes and what follows from them, next action, owner, right party, contact persons, costs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from factories import TESTER, make_conflict, make_user
from promise_books import TODAY, late_account, stand_at
from work_books import fill, item_of, make_queue, worker

from casework.models import Case, CaseContact, CaseCost, CaseEvent, OutcomeCode, WorkRecord
from casework.operations.acting import Asked
from casework.operations.cases.outcomes import record_case_outcome
from casework.operations.cases.refusals import (
    ContactMalformed,
    ContactRefusedAlready,
    ContactUnknown,
    CostMalformed,
    NextActionMalformed,
    NoOpenCase,
    OwnerUnknown,
)
from casework.operations.cases.working_on import (
    TypedContact,
    add_contact,
    book_cost,
    confirm_right_party,
    own_case,
    refuse_contact,
    set_next_action,
)
from casework.operations.work_refusals import OutcomeUnknown
from casework.operations.working import record_outcome, undo
from casework.outcomes import outcome_labels
from casework.queries.cases.pages import event_title
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role
from riskops.shared.scope import NOTHING, WHOLE_BOOK

pytestmark = pytest.mark.django_db
CALENDAR = date(2026, 1, 5)


def case_of(account: Any) -> Case:
    return Case.objects.get(account=account)


def record_in(account: Any, code: str, **more: Any) -> CaseEvent:
    return record_case_outcome(actor=TESTER, account_id=account.pk, code=code, today=CALENDAR, **more)


def test_an_outcome_sets_the_next_action_and_says_who_was_spoken_to() -> None:
    account = late_account()
    event = record_in(account, "cannot_pay", remark=" lost her job ", lateness_reason="income_lost")
    case = case_of(account)
    assert (case.next_action, case.next_action_on, case.right_party_on) == ("offer_plan", date(2026, 1, 12), TODAY)
    assert (event.kind, event.day, event.details["outcome"], event.text) == ("outcome", TODAY, "cannot_pay", "lost her job")
    line = AuditEntry.objects.get(action="case.outcome")
    assert line.after == {"outcome": "cannot_pay", "next_action": "offer_plan", "next_action_on": "2026-01-12"}
    assert "job" not in str((line.after, line.reason))
    record_in(account, "no_answer")
    case = case_of(account)
    assert (case.next_action, case.next_action_on, case.right_party_on) == ("call_again", date(2026, 1, 6), TODAY)


def test_an_outcome_that_is_not_in_use_or_unknown_is_refused() -> None:
    account = late_account()
    OutcomeCode.objects.filter(code="refuses").update(is_active=False)
    for code in ("refuses", "nonsense"):
        with pytest.raises(OutcomeUnknown):
            record_in(account, code)
    assert not CaseEvent.objects.filter(kind="outcome").exists()
    with pytest.raises(NoOpenCase):
        record_in(late_account(days=0), "paid")


def test_an_outcome_of_the_worklist_is_in_the_case_too_and_an_undo_takes_it_back() -> None:
    account, analyst = late_account(), worker()
    make_queue()
    fill(now=timezone.now())
    item = item_of(account)
    asked = Asked(actor=Actor.of(analyst), scope=WHOLE_BOOK, item_id=item.pk, version=item.version, now=timezone.now())
    made = record_outcome(asked, outcome="wrong_number", remark="a shop")
    case = case_of(account)
    assert (case.next_action, case.next_action_on) == ("trace", asked.today + timedelta(days=7))
    undo(actor=Actor.of(analyst), scope=WHOLE_BOOK, record_id=made.pk, now=timezone.now())
    case = case_of(account)
    assert (case.next_action, case.next_action_on, case.right_party_on) == ("", None, None)
    events = list(CaseEvent.objects.filter(kind="outcome").order_by("pk"))
    assert [event.details.get("undone", False) for event in events] == [False, True]
    titles = [event_title(event, outcome_labels(), {}) for event in events]
    assert titles[1] == titles[0].replace("outcome:", "outcome undone:") != titles[0]
    assert WorkRecord.objects.get().undone_at is not None


def test_the_next_action_lies_from_today_on_and_within_half_a_year() -> None:
    account = late_account()
    for action, on in (
        ("visit", CALENDAR - timedelta(days=1)),
        ("visit", CALENDAR + timedelta(days=181)),
        ("visit", None),
        ("", CALENDAR),
        ("dance", CALENDAR),
    ):
        with pytest.raises(NextActionMalformed):
            set_next_action(actor=TESTER, account_id=account.pk, action=action, on=on, today=CALENDAR)
    assert (case_of(account).next_action, AuditEntry.objects.count()) == ("", 0)
    set_next_action(actor=TESTER, account_id=account.pk, action="visit", on=CALENDAR + timedelta(days=180), today=CALENDAR)
    assert (case_of(account).next_action, case_of(account).next_action_on) == ("visit", date(2026, 7, 4))
    set_next_action(actor=TESTER, account_id=account.pk, action="", on=None, today=CALENDAR)
    assert [line.after for line in AuditEntry.objects.order_by("pk")] == [
        {"next_action": "visit", "next_action_on": "2026-07-04"}, {"next_action": "", "next_action_on": None},
    ]  # fmt: skip


def test_a_case_is_owned_by_somebody_who_may_work_it() -> None:
    account = late_account()
    analyst, reader, relative = make_user(Role.ANALYST), make_user(Role.COMPLIANCE), make_user(Role.ANALYST)
    make_conflict(relative, account.customer)
    for nobody in (reader.username, "no-such", relative.username):
        with pytest.raises(OwnerUnknown):
            own_case(actor=TESTER, account_id=account.pk, username=nobody, today=timezone.localdate())
    own_case(actor=TESTER, account_id=account.pk, username=analyst.username, today=timezone.localdate())
    assert case_of(account).owner == analyst
    own_case(actor=TESTER, account_id=account.pk, username="", today=timezone.localdate())
    assert case_of(account).owner is None
    with pytest.raises(ConflictDeclared):
        confirm_right_party(actor=Actor.of(relative), account_id=account.pk, proof="last_four")


def test_who_was_spoken_to_is_confirmed_by_a_proof_whose_answer_is_not_kept() -> None:
    account = late_account()
    with pytest.raises(ContactMalformed):
        confirm_right_party(actor=TESTER, account_id=account.pk, proof="1234")
    confirm_right_party(actor=TESTER, account_id=account.pk, proof="last_four", lateness_reason="forgot")
    assert case_of(account).right_party_on == TODAY
    assert CaseEvent.objects.latest("pk").details == {"proof": "last_four"}


def typed(**fields: str) -> TypedContact:
    return TypedContact(**{"relation": "spouse", "name": "Wang Li", "phone": "139 0000-1234", "source": "customer", **fields})


def test_a_contact_person_is_kept_encrypted_and_refuses_for_good() -> None:
    account = late_account()
    contact = add_contact(actor=TESTER, account_id=account.pk, typed=typed(), now=timezone.now())
    stored = CaseContact.objects.get()
    assert stored.person == {"name": "Wang Li", "phone": "139 0000-1234"} and stored.is_third_party
    said = str(
        list(AuditEntry.objects.values_list("after", flat=True)) + list(CaseEvent.objects.values_list("details", flat=True))
    )
    assert "Wang Li" not in said and "139" not in said
    with pytest.raises(ContactUnknown):
        refuse_contact(actor=TESTER, contact_id=contact.pk, now=timezone.now(), scope=NOTHING)
    refuse_contact(actor=TESTER, contact_id=contact.pk, now=timezone.now())
    with pytest.raises(ContactRefusedAlready):
        refuse_contact(actor=TESTER, contact_id=contact.pk, now=timezone.now())
    assert CaseContact.objects.get().consent == "refused"


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"phone": "12"}, {"phone": "call me"}, {"relation": "boss"}, {"source": "web"}, {"consent": "refused"}],
)
def test_a_contact_person_that_cannot_be_is_refused(wrong: dict[str, str]) -> None:
    account = late_account()
    with pytest.raises(ContactMalformed):
        add_contact(actor=TESTER, account_id=account.pk, typed=typed(**wrong), now=timezone.now())
    assert not CaseContact.objects.exists()


def test_costs_are_booked_and_taken_back_but_never_below_nothing() -> None:
    account = late_account()
    about = {"actor": TESTER, "account_id": account.pk, "now": timezone.now()}
    book_cost(kind="court", amount_minor=5_000, incurred_on=TODAY, note="filing", **about)
    book_cost(kind="court", amount_minor=-2_000, incurred_on=TODAY, **about)
    for kind, amount, day in (
        ("court", -3_001, TODAY), ("court", 0, TODAY), ("party", 1, TODAY), ("visit", 1, TODAY + timedelta(days=1)),
        ("visit", 1, case_of(account).since - timedelta(days=1)), ("visit", 10**13, TODAY),
    ):  # fmt: skip
        with pytest.raises(CostMalformed):
            book_cost(kind=kind, amount_minor=amount, incurred_on=day, **about)
    assert list(CaseCost.objects.order_by("pk").values_list("amount_minor", flat=True)) == [5_000, -2_000]
    assert AuditEntry.objects.filter(action="case_cost.book").count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        CaseCost.objects.update(amount_minor=1)


def test_a_closed_case_takes_nothing_more() -> None:
    account = late_account()
    contact = add_contact(actor=TESTER, account_id=account.pk, typed=typed(), now=timezone.now())
    account.payments.create(payment_no="all", paid_on=TODAY, amount_minor=100_000, content_hash=0)
    stand_at(TODAY, account)
    assert case_of(account).stage == "cured"
    with pytest.raises(NoOpenCase):
        record_in(account, "paid")
    with pytest.raises(Exception, match="closed since"):
        refuse_contact(actor=TESTER, contact_id=contact.pk, now=timezone.now())
