"""Outcomes of calls and visits in casework that the contact log knows nothing of: listed by the audit, and said at recording."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import make_customer
from outreach_books import wanted
from rest_framework.test import APIClient
from work_books import NOW, asked, fill, item_of, late_account, make_queue, worker

from accounts.models import CreditAccount
from casework.models import Case, CaseEvent, WorkRecord
from casework.operations.working import record_outcome, undo
from outreach.gate import end_contact, pass_gate
from outreach.models import Contact
from outreach.queries import unlogged
from outreach.queries.unlogged import unlogged_outcomes
from outreach.rules.contacts import Channel, Outcome
from riskops.shared import personal
from riskops.shared.audit import Actor
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


def reachable(number: int = 1) -> CreditAccount:
    return late_account(customer=make_customer(person={"phone": f"1390000{number:04d}", "address": f"{number} Example Road"}))


def calls(person: Any, account: CreditAccount, *, at: datetime = NOW, channel: Channel = Channel.CALL) -> Contact:
    key = f"{account.pk} {at:%d%H%M} {channel}"
    contact = pass_gate(actor=Actor.of(person), key=key, request=wanted(account, channel, is_collector_fit=True), now=at).contact
    assert contact is not None
    return contact


def records(person: Any, account: CreditAccount, outcome: str = "no_answer", now: datetime = NOW) -> WorkRecord:
    return record_outcome(asked(person, item_of(account), now=now), outcome=outcome)


def found(since: datetime = NOW - timedelta(days=2), until: datetime = NOW + timedelta(days=2)) -> list[tuple[str, str, int]]:
    return [(one.account_no, one.outcome, one.user_id) for one in unlogged_outcomes(since, until)]


def opens_case(account: CreditAccount, day: date) -> Case:
    return Case.objects.create(
        account=account, customer=account.customer, product=account.product, episode=1, since=day, opened_on=day,
        stage=Case.Stage.values[0], stage_since=day,
    )  # fmt: skip


def test_an_outcome_of_a_call_needs_a_call_of_this_person_about_this_account_on_this_day() -> None:
    accounts = [reachable(number) for number in range(6)]
    make_queue()
    fill()
    ann, bob = worker(), worker()
    calls(ann, accounts[0])
    end_contact(calls(ann, accounts[1]).pk, Outcome.UNANSWERED, now=NOW)
    calls(bob, accounts[2])
    calls(ann, accounts[3], at=NOW - timedelta(days=1))
    end_contact(calls(ann, accounts[4]).pk, Outcome.NOT_MADE, now=NOW)
    calls(ann, accounts[5], channel=Channel.VISIT)
    for account in accounts:
        records(ann, account)
    assert found() == [(account.account_no, "no_answer", ann.pk) for account in accounts[2:]]
    assert found(since=NOW + timedelta(seconds=1)) == []


def test_what_is_no_contact_needs_none_and_what_is_undone_is_not_looked_at() -> None:
    looked_at, undone = reachable(1), reachable(2)
    make_queue()
    fill()
    ann = worker()
    records(ann, looked_at, "reviewed")
    made = records(ann, undone)
    assert len(found()) == 1
    undo(actor=Actor.of(ann), scope=WHOLE_BOOK, record_id=made.pk, now=NOW)
    assert found() == []


def test_an_outcome_of_a_case_is_held_against_the_log_once_and_by_the_day_that_was_worked() -> None:
    account = reachable()
    ann = worker()
    day = NOW.date()
    case = opens_case(account, day)
    late = NOW + timedelta(days=1)
    about = {"outcome": "no_answer", "action": "call"}
    event = {"case": case, "kind": "outcome", "recorded_at": late, "actor": ann, "actor_name": "ann"}
    CaseEvent.objects.create(**event, day=day, details={**about, "work_record": None})
    CaseEvent.objects.create(**event, day=day, details={**about, "work_record": 1})
    CaseEvent.objects.create(**event, day=day, details={"outcome": "no_answer", "undone": True, "work_record": 1})
    assert found() == [(account.account_no, "no_answer", ann.pk)]
    # The close was late: the call was made on the day that was worked.
    calls(ann, account)
    assert found() == []


def test_many_outcomes_are_read_with_queries_as_few_as_for_one_and_nobody_is_decrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = worker()
    make_queue()

    def outcomes(first: int, last: int) -> None:
        for number in range(first, last):
            account = reachable(number)
            fill()
            records(ann, account, now=NOW + timedelta(minutes=number))

    outcomes(0, 1)
    with CaptureQueriesContext(connection) as one:
        assert len(found()) == 1
    outcomes(1, 8)

    def refuse(*_args: Any, **_more: Any) -> Any:
        raise AssertionError("personal data is read")

    monkeypatch.setattr(personal, "decrypt", refuse)
    with CaptureQueriesContext(connection) as many:
        listed = unlogged_outcomes(NOW - timedelta(days=2), NOW + timedelta(days=2))
    assert [one.at for one in listed] == [NOW + timedelta(minutes=number) for number in range(8)]
    assert len(many) == len(one) == 4
    # As many at once as there are, or two by two: the same.
    monkeypatch.setattr(unlogged, "_AT_ONCE", 2)
    assert unlogged_outcomes(NOW - timedelta(days=2), NOW + timedelta(days=2)) == listed


def test_the_command_lists_them_and_says_so() -> None:
    account = reachable()
    make_queue()
    fill()
    records(worker(username="ann"), account)
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("audit_contacts", "--from", "2026-03-17", "--to", "2026-03-17", stdout=out, stderr=err)
    assert ended.value.code == 1
    assert out.getvalue() == (
        f"outcome no_answer 2026-03-17T02:00:00+00:00 call account {account.account_no}: no contact of ann in the log that day\n"
    )
    assert "1 outcomes from 2026-03-17 to 2026-03-17 are of calls or visits that are not in the log" in err.getvalue()
    call_command("audit_contacts", "--from", "2026-03-18", "--to", "2026-03-18", stdout=out)


def test_whoever_records_one_reads_that_the_log_has_no_contact() -> None:
    account, other, third, fourth = (reachable(number) for number in range(4))
    make_queue()
    fill(now=timezone.now())
    ann = worker()
    client = Client()
    client.force_login(ann)

    def says(about: CreditAccount, outcome: str) -> bool:
        item = item_of(about)
        address, values = f"/worklist/{item.pk}/outcome/", {"version": item.version, "outcome": outcome}
        answer = client.post(address, values, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        return "is in the contact log today" in answer.content.decode()

    api = APIClient()
    api.force_authenticate(ann)

    def lacks(path: str, **values: Any) -> str:
        answer = api.post(f"/api/v1/{path}", values, format="json")
        assert answer.status_code == 200, answer.json()
        return str(answer.json()["lacks"])

    def lacks_at_work(about: CreditAccount, outcome: str) -> str:
        item = item_of(about)
        return lacks(f"work-items/{item.pk}/outcome/", version=item.version, outcome=outcome)

    in_case = "accounts/{}/case/outcomes/"
    for one in (other, third):
        opens_case(one, NOW.date())
    assert says(account, "no_answer")
    assert "is in the contact log today" in lacks_at_work(third, "no_answer")
    assert lacks_at_work(fourth, "reviewed") == ""
    assert "is in the contact log today" in lacks(in_case.format(third.account_no), outcome="no_answer")
    made = calls(ann, other)
    at = timezone.now()
    Contact.objects.create(
        key="now", customer=other.customer, account=other, channel="call", purpose="reminder", detail=1, at=at,
        policy=made.policy, engine=made.engine, asked=made.asked, standing=made.standing, made_by=ann, made_by_name="ann",
    )  # fmt: skip
    assert lacks(in_case.format(other.account_no), outcome="no_answer") == ""
    assert not says(other, "no_answer")
