"""A promise that was taken at the worklist goes with its outcome when that is undone, by page and by API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from promise_books import TODAY, late_account, signals_of
from rest_framework.test import APIClient
from work_books import fill, item_of, make_queue, worker_today

from accounts.models import CreditAccount
from casework.models import CaseEvent, Promise, WorkRecord
from casework.operations import working
from casework.operations.promises import cancel_promise
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db


def promised(person: Any) -> tuple[CreditAccount, Promise]:
    """Return an account of which a person has taken a promise at the worklist, and the promise."""
    account = late_account(account_no="A-1")
    make_queue()
    fill(now=timezone.now(), as_of=TODAY - timedelta(days=1))
    item, client = item_of(account), Client()
    client.force_login(person)
    due_on = (TODAY + timedelta(days=3)).isoformat()
    sent = {"amount": "100.00", "due_on": due_on, "version": item.version, "lateness_reason": "forgot"}
    answer = client.post(f"/worklist/{item.pk}/promise/", sent)
    assert answer.status_code == 302
    promise = Promise.objects.get()
    assert WorkRecord.objects.get().promise == promise
    return account, promise


def undo(person: Any, by: str) -> Any:
    path = f"work-records/{WorkRecord.objects.get().pk}/undo/"
    if by == "page":
        client = Client()
        client.force_login(person)
        return client.post(f"/worklist/undo/{WorkRecord.objects.get().pk}/", HTTP_HX_REQUEST="true")
    api = APIClient()
    api.force_authenticate(person)
    return api.post(f"/api/v1/{path}")


@pytest.mark.parametrize("by", ["page", "api"])
def test_the_promise_is_cancelled_with_the_outcome(by: str) -> None:
    person = worker_today(Role.ANALYST)
    account, promise = promised(person)
    answer = undo(person, by)
    assert answer.status_code == 200
    promise.refresh_from_db()
    assert (promise.status, promise.cancel_reason) == ("cancelled", "the outcome was undone in the worklist")
    assert (item_of(account).status, item_of(account).outcome) == ("open", "")
    assert signals_of(account)[1:3] == (False, None)
    line = AuditEntry.objects.get(action="promise.cancel")
    assert (line.actor_name, line.account_id, line.after["promise"]) == (person.username, account.pk, promise.pk)
    assert AuditEntry.objects.get(action="work.undo").after["undone"] == "outcome"
    assert CaseEvent.objects.filter(kind="promise").latest("pk").details["becomes"] == "cancelled"
    if by == "page":
        assert "Undone; the promise is cancelled." in answer.content.decode()


def test_why_it_is_cancelled_is_kept_in_english_and_read_in_the_language_in_use() -> None:
    person = worker_today(Role.ANALYST)
    account, promise = promised(person)
    with override("zh-hans"):
        working.undo(actor=Actor.of(person), scope=WHOLE_BOOK, record_id=WorkRecord.objects.get().pk, now=timezone.now())
    promise.refresh_from_db()
    kept = "the outcome was undone in the worklist"
    assert promise.cancel_reason == CaseEvent.objects.filter(kind="promise").latest("pk").reason == kept
    assert AuditEntry.objects.get(action="promise.cancel").reason == kept
    client = Client()
    client.force_login(person)
    for language, count in (("en", 2), ("zh-hans", 0)):
        client.cookies["django_language"] = language
        # Beside the promise and among what happened.
        assert client.get(f"/cases/{account.account_no}/").content.decode().count(kept) == count
    api = APIClient()
    api.force_authenticate(person)
    (shown,) = api.get(f"/api/v1/accounts/{account.account_no}/case/").json()["promises"]
    assert shown["cancel_reason"] == kept


@pytest.mark.parametrize("by", ["page", "api"])
def test_a_promise_that_is_decided_keeps_its_outcome(by: str) -> None:
    person = worker_today(Role.ANALYST)
    account, _promise = promised(person)
    Promise.objects.update(status="kept", decided_on=TODAY, next_due_on=None)
    answer = undo(person, by)
    assert answer.status_code == (422 if by == "page" else 409)
    assert "decided already" in answer.content.decode()
    assert (item_of(account).status, Promise.objects.get().status) == ("done", "kept")


def test_one_that_was_cancelled_before_is_left_as_it_is() -> None:
    person = worker_today(Role.ANALYST)
    account, promise = promised(person)
    cancel_promise(actor=Actor.of(person), promise_id=promise.pk, reason="typed wrong")
    assert undo(person, "api").status_code == 200
    assert (item_of(account).status, Promise.objects.get().cancel_reason) == ("open", "typed wrong")


def test_whoever_may_cancel_no_promise_undoes_none() -> None:
    account, _promise = promised(worker_today(Role.ANALYST))
    refused = undo(worker_today(Role.MANAGER), "api")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_undoable")
    assert (item_of(account).status, Promise.objects.get().status) == ("done", "open")
    assert undo(worker_today(Role.TEAM_LEAD), "api").status_code == 200
    assert Promise.objects.get().status == "cancelled"
