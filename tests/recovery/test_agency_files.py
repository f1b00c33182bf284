"""Files both ways: the least data out; in, everything or nothing, with the line of what is wrong."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from agency_books import DAY, NEXT, actor_of, close, make_agency, make_late, place, stand_at
from django.db import DatabaseError, transaction
from django.utils import timezone
from factories import TESTER, make_examination, make_user

from accounts.models import CreditAccount, Payment
from accounts.operations.payments import post_payment
from outreach.models import Contact, DetailState, WrongPerson
from outreach.queries.audit import violations
from recovery.models import Agency, AgencyAccess, AgencyFile, AgencyPerson, AgencyTraining, CommissionLine
from recovery.operations.agencies import refusals
from recovery.operations.agencies.evaluating import end_person, register_person
from recovery.operations.agencies.files import receive_file, take_payments
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.sending import placement_file
from recovery.queries.agency_scorecard import contacts_of, scorecard
from riskops.shared.audit import COMMAND
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 3, 14, 12, tzinfo=SHANGHAI)


@pytest.fixture
def north() -> Agency:
    return make_agency("north")


@pytest.fixture
def placed(north: Agency) -> list[CreditAccount]:
    """Two accounts of 1,000.00 and 2,000.00 placed with north on 11 March; the third is with nobody."""
    accounts = [make_late(principal=100_000), make_late(principal=200_000), make_late(days=40)]
    stand_at(DAY, accounts)
    place(accounts, north)
    return accounts


def receive(kind: str, *lines: str, actor: Any = None) -> AgencyFile:
    content = "\n".join(lines).encode()
    return receive_file(
        actor=actor or actor_of(Role.MANAGER), code="north", kind=kind, name="in.csv", content=content, now=NOW,
        today=timezone.localdate(),
    )  # fmt: skip


def said(row: AgencyFile) -> list[tuple[int, str, str]]:
    return [(problem["line"], problem["column"], problem["code"]) for problem in row.problems]


# Out ----------------------------------------------------------------------------------------------------------------


def test_the_placement_file_holds_the_least_and_who_got_what_is_recorded(placed: list[CreditAccount], north: Agency) -> None:
    row, content = placement_file(actor=actor_of(Role.MANAGER), code="north", now=NOW)
    head, *rows = content.splitlines()
    assert head == "account_no,placed_on,days_past_due,currency,amount_due"
    first, second = placed[0].account_no, placed[1].account_no
    assert sorted(rows) == sorted([f"{first},2025-03-11,101,CNY,1000.00", f"{second},2025-03-11,101,CNY,2000.00"])
    assert (row.rows, row.status) == (2, "sent")
    seen = AgencyAccess.objects.filter(what="file").values_list("account_id", flat=True)
    assert sorted(seen) == sorted(account.pk for account in placed[:2])


def test_contact_details_are_in_it_only_as_the_agency_says(placed: list[CreditAccount], north: Agency) -> None:
    Agency.objects.update(contact_details="phone")
    _row, content = placement_file(actor=actor_of(Role.MANAGER), code="north", now=NOW)
    assert content.splitlines()[0].endswith("amount_due,phone")
    assert "王小明" not in content
    assert placed[0].customer.person["phone"] in content


# Inventory ----------------------------------------------------------------------------------------------------------


def test_an_inventory_is_compared_both_ways(placed: list[CreditAccount]) -> None:
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=placed[1].account_no, reason="other", note="n")
    row = receive("inventory", "account_no,amount_due", f"{placed[1].account_no},2000.00")
    assert row.status == "loaded"
    found = row.result
    assert (found["same"], found["missing_accounts"], found["extra_accounts"]) == (
        0, [placed[0].account_no], [placed[1].account_no],
    )  # fmt: skip
    row = receive("inventory", "account_no,amount_due", f"{placed[0].account_no},999.99")
    assert row.result["differences"] == [{"account_no": placed[0].account_no, "theirs_minor": 99_999, "ours_minor": 100_000}]


# Payments -----------------------------------------------------------------------------------------------------------


def test_payments_are_posted_by_a_second_person_and_earn_commission(placed: list[CreditAccount]) -> None:
    clerk = actor_of(Role.MANAGER)
    row = receive("payments", "account_no,paid_on,amount,reference", f"{placed[0].account_no},2025-03-12,200.00,R-1", actor=clerk)
    assert (row.status, row.result["amount_minor"], Payment.objects.count()) == ("checked", 20_000, 0)
    with pytest.raises(refusals.OwnWork):
        take_payments(actor=clerk, file_id=row.pk, now=NOW)
    assert not Payment.objects.exists()
    take_payments(actor=actor_of(Role.APPROVER), file_id=row.pk, now=NOW)
    payment = Payment.objects.get()
    assert (payment.payment_no, payment.amount_minor, payment.account_id) == ("north/R-1", 20_000, placed[0].pk)
    close(NEXT + timedelta(days=1))
    assert CommissionLine.objects.get().commission_minor == 5_000


def test_foreign_accounts_and_duplicate_payments_are_refused_with_their_line_and_nothing_is_loaded(
    placed: list[CreditAccount],
) -> None:
    other, own = placed[2].account_no, placed[0].account_no
    post_payment(actor=TESTER, account_id=placed[0].pk, amount_minor=1, value_date=NEXT, reference="north/R-9")
    row = receive(
        "payments",
        "account_no,paid_on,amount,reference",
        f"{own},2025-03-12,10.00,R-1",
        f"{other},2025-03-12,10.00,R-2",
        "A-nobody,2025-03-12,10.00,R-3",
        f"{own},2025-03-12,10.00,R-1",
        f"{own},2025-03-12,10.00,R-9",
        f"{own},2025-03-11,10.00,R-5",
        f"{own},2025-03-13,10.00,R-6",
        f"{own},12.03.2025,0,R-7",
        f"{own},2025-03-12",
    )
    assert row.status == "refused"
    assert said(row) == [
        (3, "account_no", "foreign"),
        (4, "account_no", "foreign"),
        (5, "reference", "twice"),
        (6, "reference", "known"),
        (7, "paid_on", "not_then"),
        (8, "paid_on", "future"),
        (9, "amount", "amount"),
        (9, "paid_on", "day"),
        (10, "", "cells"),
    ]
    assert row.content == []
    assert list(Payment.objects.values_list("payment_no", flat=True)) == ["north/R-9"]
    with pytest.raises(refusals.NothingToApprove):
        take_payments(actor=actor_of(Role.APPROVER), file_id=row.pk, now=NOW)


def test_more_than_was_owed_is_refused_with_its_line(placed: list[CreditAccount]) -> None:
    own, other = placed[0].account_no, placed[1].account_no
    head = "account_no,paid_on,amount,reference"
    row = receive(
        "payments", head, f"{own},2025-03-12,600.00,R-1", f"{other},2025-03-12,2000.00,R-2", f"{own},2025-03-12,400.01,R-3"
    )
    assert (row.status, said(row)) == ("refused", [(4, "amount", "beyond_owed")])
    row = receive("payments", head, f"{own},2025-03-12,600.00,R-1", f"{own},2025-03-12,400.00,R-3")
    assert row.status == "checked"


def test_one_row_that_the_ledger_does_not_take_takes_the_whole_file_back(placed: list[CreditAccount]) -> None:
    row = receive(
        "payments",
        "account_no,paid_on,amount,reference",
        f"{placed[0].account_no},2025-03-12,10.00,R-1",
        f"{placed[1].account_no},2025-03-12,10.00,R-2",
    )
    # Meanwhile somebody posts the second by hand, for another amount.
    post_payment(actor=TESTER, account_id=placed[1].pk, amount_minor=7, value_date=NEXT, reference="north/R-2")
    with pytest.raises(refusals.FileHasProblems, match="Line 3"):
        take_payments(actor=actor_of(Role.APPROVER), file_id=row.pk, now=NOW)
    assert list(Payment.objects.values_list("payment_no", flat=True)) == ["north/R-2"]
    row.refresh_from_db()
    assert row.status == "checked"


def test_the_same_file_twice_changes_nothing(placed: list[CreditAccount]) -> None:
    lines = ("account_no,paid_on,amount,reference", f"{placed[0].account_no},2025-03-12,10.00,R-1")
    receive("payments", *lines)
    before = AuditEntry.objects.count()
    with pytest.raises(refusals.FileThere):
        receive("payments", *lines)
    assert (AgencyFile.objects.count(), AuditEntry.objects.count()) == (1, before)
    again = receive("payments", *lines, "")
    assert said(again) == [(2, "reference", "known")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"account_no,amount\nA,1", "first line must be account_no,amount_due"),
        (b"account_no,amount_due", "no rows"),
        (b"account_no,amount_due\nA\xff,1", "not UTF-8"),
        (b'account_no,amount_due\n"A,1', "cannot be read as CSV"),
        (b"", "first line must be"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(placed: list[CreditAccount], content: bytes, why: str) -> None:
    with pytest.raises(refusals.FileUnreadable, match=why):
        receive_file(
            actor=actor_of(Role.MANAGER), code="north", kind="inventory", name="x.csv", content=content, now=NOW,
            today=timezone.localdate(),
        )  # fmt: skip
    assert not AgencyFile.objects.exists()


# Contacts -----------------------------------------------------------------------------------------------------------

HEAD = "account_no,at,channel,purpose,outcome,collector,reference"


@pytest.fixture
def caller(north: Agency) -> Any:
    """Somebody who was with the agency, trained and examined in March 2025."""
    user = make_user(Role.AGENCY, username="caller")
    AgencyPerson.objects.create(
        agency=north, user=user, trained_on=date(2025, 1, 1), since=date(2025, 1, 1), registered_by_name="x"
    )
    make_examination(user, passed_on=date(2025, 1, 1))
    return user


def test_reported_contacts_are_logged_and_judged_by_the_same_audit(
    placed: list[CreditAccount], north: Agency, caller: Any
) -> None:
    own = placed[0].account_no
    row = receive(
        "contacts",
        HEAD,
        f"{own},2025-03-12T10:00,call,demand,unanswered,caller,C-1",
        f"{own},2025-03-12T23:30,call,demand,effective,caller,C-2",
        f"{own},2025-03-13T10:00,call,demand,unanswered,stranger,C-3",
    )
    assert row.status == "loaded"
    assert row.result["by_rule"] == {"quiet-hours": 1, "collector": 1}
    assert [(one["line"], one["rules"]) for one in row.result["not_allowed"]] == [(3, ["quiet-hours"]), (4, ["collector"])]
    logged = Contact.objects.order_by("at")
    assert [contact.made_by_name for contact in logged] == ["caller", "caller", "stranger"]
    since, until = NOW - timedelta(days=5), NOW + timedelta(days=1)
    found = {violation.contact.key: violation.verdict.rule for violation in violations(since, until)}
    assert found == {f"agency {north.pk}: C-2": "quiet-hours", f"agency {north.pk}: C-3": "collector"}
    of_agency = list(violations(since, until, among=contacts_of(north)))
    assert len(of_agency) == 2


def test_what_a_reported_call_found_out_of_a_number_is_noted(placed: list[CreditAccount], caller: Any) -> None:
    first, second = placed[0], placed[1]
    details = {account.pk: account.customer.phone_index for account in (first, second)}
    assert details[first.pk] != details[second.pk]
    row = receive(
        "contacts",
        HEAD,
        f"{first.account_no},2025-03-12T10:00,call,demand,invalid_detail,caller,C-1",
        f"{second.account_no},2025-03-12T10:00,call,demand,wrong_person,caller,C-2",
        f"{second.account_no},2025-03-12T09:00,call,demand,unanswered,caller,C-3",
        f"{second.account_no},2025-03-12T11:00,call,demand,unanswered,caller,C-4",
    )
    noted, wrong = DetailState.objects.get(), WrongPerson.objects.get()
    dead = Contact.objects.get(account=first)
    assert (noted.detail, noted.state, noted.evidence) == (details[first.pk], "invalid", f"contact {dead.pk}")
    assert (noted.since, noted.noted_by_name) == (dead.at, dead.made_by_name)
    assert (wrong.customer_id, wrong.detail) == (second.customer_id, details[second.pk])
    # The call before it could not know, the one after it did.
    assert row.result["not_allowed"] == [{"line": 5, "account_no": second.account_no, "rules": ["detail"]}]


def test_what_was_noted_of_a_number_later_is_not_held_against_a_call_before_nor_taken_back(
    placed: list[CreditAccount], caller: Any
) -> None:
    customer = placed[0].customer
    since = datetime(2025, 3, 13, 9, tzinfo=SHANGHAI)
    DetailState.objects.create(detail=customer.phone_index, state="refused", since=since, evidence="e", noted_by_name="x")
    WrongPerson.objects.create(customer=customer, detail=customer.phone_index, since=since, evidence="e", noted_by_name="x")
    row = receive("contacts", HEAD, f"{placed[0].account_no},2025-03-12T10:00,call,demand,invalid_detail,caller,C-1")
    assert row.result["by_rule"] == {}
    assert DetailState.objects.get().state == "refused"


def test_a_contact_that_was_reported_late_does_not_condemn_what_was_let_through_before_the_report(
    placed: list[CreditAccount], caller: Any
) -> None:
    from outreach.gate import pass_gate
    from outreach.queries.standing import detail_of
    from outreach.rules.contacts import Channel, Purpose, Request

    account = placed[0]
    at = datetime(2025, 3, 13, 18, tzinfo=SHANGHAI)
    request = Request(Channel.CALL, Purpose.DEMAND, account.pk, detail_of(account.customer, Channel.CALL))
    answer = pass_gate(actor=TESTER, key="ours", request=request, now=at)
    assert answer.contact is not None
    rows = [f"{account.account_no},2025-03-13T1{n}:00,call,demand,effective,caller,C-{n}" for n in range(4)]
    row = receive("contacts", HEAD, *rows)
    # Three answered calls a day are allowed: the fourth of the agency's is one too many, ours was let through in good faith.
    assert row.result["by_rule"] == {"effective-calls": 1}
    found = [violation.contact.key for violation in violations(NOW - timedelta(days=5), NOW + timedelta(days=1))]
    assert len(found) == 1 and found[0].endswith("C-3")
    # Whoever asks after the report is counted with it.
    later = pass_gate(actor=TESTER, key="later", request=request, now=at + timedelta(hours=1))
    assert later.contact is None and later.verdict.rule == "effective-calls"


def test_contacts_of_foreign_accounts_of_the_future_or_twice_are_refused_and_none_is_logged(
    placed: list[CreditAccount], caller: Any
) -> None:
    own = placed[0].account_no
    row = receive(
        "contacts",
        HEAD,
        f"{own},2025-03-12T10:00,call,demand,unanswered,caller,C-1",
        f"{placed[2].account_no},2025-03-12T10:00,call,demand,unanswered,caller,C-2",
        f"{own},2025-03-20T10:00,call,demand,unanswered,caller,C-3",
        f"{own},2025-03-12T10:00,fax,demand,unanswered,caller,C-4",
        f"{own},2025-03-12T11:00,call,demand,unanswered,caller,C-1",
    )
    assert said(row) == [
        (3, "account_no", "foreign"),
        (4, "at", "future"),
        (5, "channel", "choice"),
        (6, "reference", "twice"),
    ]
    assert not Contact.objects.exists()


def test_a_contact_after_the_recall_is_logged_and_said_so(placed: list[CreditAccount], north: Agency, caller: Any) -> None:
    recall_account(actor=actor_of(Role.TEAM_LEAD), account_no=placed[0].account_no, reason="other", note="n")
    row = receive("contacts", HEAD, f"{placed[0].account_no},2025-03-14T10:00,call,demand,unanswered,caller,C-1")
    assert row.result["by_rule"] == {"not_placed": 1}
    assert Contact.objects.count() == 1
    # It stands in the agency's figures too, beside what the contact policy says.
    card = scorecard(north, business_date=DAY, today=date(2025, 3, 14))
    assert (card.contacts, card.violations, card.by_rule) == (1, 1, (("not_placed", 1),))


def test_a_call_is_judged_by_the_trainings_and_the_registration_of_its_day(
    placed: list[CreditAccount], north: Agency, caller: Any
) -> None:
    # Trained anew on the 14th: on the days before, the training of January counts.
    register_person(actor=COMMAND, code="north", username="caller", trained_on=date(2025, 3, 14), today=date(2025, 3, 14))
    end_person(actor=COMMAND, code="north", username="caller", today=date(2025, 3, 11))
    AgencyPerson.objects.create(
        agency=north, user=caller, trained_on=date(2025, 3, 14), since=date(2025, 3, 13), registered_by_name="x"
    )
    own = placed[0].account_no
    row = receive("contacts", HEAD, *(f"{own},2025-03-1{day}T10:00,call,demand,unanswered,caller,C-{day}" for day in (1, 2, 3)))
    # On the 12th they were not registered.
    assert [(one["line"], one["rules"]) for one in row.result["not_allowed"]] == [(3, ["collector"])]
    trainings = AgencyTraining.objects.filter(person__user=caller).order_by("trained_on").values_list("trained_on", flat=True)
    assert list(trainings) == [date(2025, 1, 1), date(2025, 3, 14)]
    with pytest.raises(DatabaseError), transaction.atomic():
        AgencyTraining.objects.update(trained_on=date(2025, 1, 1))
