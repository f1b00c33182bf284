"""Agreements on paper: only a scan or a picture is one, and what is wrong is sent back by a second person."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from factories import make_user
from plan_books import People, late_account, stands

from accounts.models import CreditAccount
from accounts.operations.refusals import ReasonMissing
from accounts.operations.review_refusals import FileKindUnknown
from casework.models import Plan, PlanFile
from casework.operations.plans.refusals import OwnSignature, PlanMovedOn
from casework.operations.plans.signing import confirm_agreement, hand_in_agreement, send_back_agreement
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 signed"


@pytest.fixture
def account() -> CreditAccount:
    return late_account(account_no="A-PLAN")


@pytest.fixture
def people() -> People:
    return People()


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def hand_in(person: Any, plan: Plan, content: bytes = PDF, name: str = "a.pdf") -> Plan:
    return hand_in_agreement(
        actor=Actor.of(person), reference=plan.reference, name=name, chunks=[content], size_bytes=len(content)
    )


def send_back(person: Any, plan: Plan, reason: str = "it is the list of accounts") -> Plan:
    return send_back_agreement(actor=Actor.of(person), reference=plan.reference, reason=reason, now=timezone.now())


def test_a_list_is_no_signed_agreement_and_the_refusal_names_what_is(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))

    with pytest.raises(FileKindUnknown) as refused:
        hand_in(people.analyst, plan, b"account_no,amount\nA-1,5.00\n", "agreed.csv")

    assert "kinds that are taken: pdf, png, jpg." in str(refused.value)
    for content, name in (
        (PDF, "a.pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a.png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "a.jpg"),
    ):
        hand_in(people.analyst, plan, content, name)
        send_back(people.lead, plan, "not signed")


def test_sent_back_the_offer_stands_and_another_paper_is_taken(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    hand_in(people.lead, plan, name="wrong.pdf")
    with pytest.raises(OwnSignature):
        send_back(people.lead, plan)
    with pytest.raises(ReasonMissing):
        send_back(people.approver, plan, " ")

    sent = send_back(people.approver, plan)

    sent.refresh_from_db()
    assert (sent.status, sent.way, sent.signed_by_id, sent.file) == ("offered", "", None, None)
    assert [event.kind for event in sent.events.all()] == ["proposed", "approved", "handed_in", "sent_back"]
    line = AuditEntry.objects.get(action="plan.send_back")
    assert (line.subject_key, line.reason) == (plan.reference, "it is the list of accounts")
    assert (line.before["status"], line.after["status"], line.after["file"]) == ("confirming", "offered", "wrong.pdf")
    with pytest.raises(PlanMovedOn):
        send_back(people.approver, plan)

    hand_in(people.lead, plan, name="right.pdf")
    confirm_agreement(actor=Actor.of(people.approver), reference=plan.reference)

    sent.refresh_from_db()
    assert sent.file is not None and (sent.status, sent.file.name) == ("active", "right.pdf")
    assert set(PlanFile.objects.values_list("name", flat=True)) == {"wrong.pdf", "right.pdf"}
    assert stands(account)[2] is True


def test_by_page_and_by_api_the_second_person_sends_it_back(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    address, analyst, lead = f"/plans/{plan.reference}/", browser(people.analyst), browser(people.lead)
    scan = SimpleUploadedFile("inv.txt", b"account_no,amount\n")
    page = analyst.post(f"{address}agreement/", {"file": scan})
    assert page.status_code == 422 and "pdf, png, jpg" in page.content.decode()

    hand_in(people.analyst, plan)
    assert "Send it back" not in analyst.get(address).content.decode()
    assert analyst.post(f"{address}send-back/", {"reason": "mine"}).status_code == 403
    assert "Send it back" in lead.get(address).content.decode()
    assert lead.post(f"{address}send-back/", {"reason": ""}).status_code == 422
    assert lead.post(f"{address}send-back/", {"reason": "another customer"}).status_code == 302
    page = lead.get(address).content.decode()
    assert "signed agreement sent back" in page and "another customer" in page

    hand_in(people.analyst, plan)
    answer = lead.post(f"/api/v1{address}send-back/", {"reason": "a blank page"}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert (answer.json()["status"], answer.json()["way"]) == ("offered", "")
    again = lead.post(f"/api/v1{address}send-back/", {"reason": "a blank page"}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "plan_moved_on")
    assert Plan.objects.get().offered_until > date(2025, 3, 11)


def test_the_way_back_to_one_paper_a_plan_is_refused_in_words_once_there_are_two(account: CreditAccount, people: People) -> None:
    migration = import_module("casework.migrations.0053_papers_sent_back")
    editor = SimpleNamespace(connection=connection)
    plan = people.approves(people.proposes(account))
    hand_in(people.analyst, plan)
    send_back(people.lead, plan)
    migration.refuse_second_papers(apps, editor)

    hand_in(people.analyst, plan)

    with pytest.raises(CommandError, match=f"1 plans have more than one paper \\({plan.reference} among them\\)"):
        migration.refuse_second_papers(apps, editor)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE casework_planfile SET sha256 = 'x'", "stays as it came"),
        ("UPDATE casework_planfile SET name = 'other.pdf'", "stays as it came"),
        ("DELETE FROM casework_planfile", "stays as it came"),
        ("UPDATE casework_planfile SET sent_back_at = NULL", "sent back once"),
    ],
)
def test_the_database_keeps_papers_as_they_came_and_what_was_sent_back_so(
    account: CreditAccount, people: People, statement: str, words: str
) -> None:
    plan = people.approves(people.proposes(account))
    hand_in(people.analyst, plan)
    send_back(people.lead, plan)
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert PlanFile.objects.get().sent_back_at is not None


def test_every_paper_is_listed_with_who_why_and_when_and_read_by_who_may_with_a_note(
    account: CreditAccount, people: People
) -> None:
    plan = people.approves(people.proposes(account))
    address = f"/plans/{plan.reference}/"
    hand_in(people.analyst, plan, PDF + b" by nobody", name="blank.pdf")
    send_back(people.lead, plan, "nobody signed it")
    hand_in(people.lead, plan, PDF, name="right.pdf")
    wrong, right = PlanFile.objects.order_by("pk")
    admin, lead = browser(make_user(Role.ADMINISTRATOR)), browser(people.lead)

    page = lead.get(address).content.decode()
    assert f'<a href="{address}papers/{wrong.pk}/">blank.pdf</a>' in page and f'href="{address}papers/{right.pk}/"' in page
    assert f"by {people.lead.username}</span></p><p>nobody signed it</p>" in page
    listed = lead.get(f"/api/v1{address}").json()["papers"]
    assert [(one["name"], one["handed_in_by"], one["sent_back_by"], one["reason"]) for one in listed] == [
        ("blank.pdf", people.analyst.username, people.lead.username, "nobody signed it"),
        ("right.pdf", people.lead.username, "", ""),
    ]
    assert [one["id"] for one in listed] == [wrong.pk, right.pk] and [one["sent_back_at"] is None for one in listed] == [0, 1]

    for place in (address, f"/api/v1{address}"):
        given = lead.get(f"{place}papers/{wrong.pk}/")
        assert b"".join(given.streaming_content) == PDF + b" by nobody"
        assert given.headers["Content-Disposition"] == 'attachment; filename="blank.pdf"'
        note = AuditEntry.objects.filter(action="plan_agreement.reveal").latest("pk")
        assert (note.subject_key, note.after) == (plan.reference, {"read": "paper", "sha256": wrong.sha256})
    assert AuditEntry.objects.filter(action="plan_agreement.reveal").count() == 2

    # Who runs the site sees that there are papers, and reads none.
    page = admin.get(address).content.decode()
    assert "blank.pdf" in page and "/papers/" not in page
    for place in (address, f"/api/v1{address}"):
        assert admin.get(f"{place}papers/{wrong.pk}/").status_code == 403
        assert lead.get(f"{place}papers/{right.pk + 9}/").status_code == 404
    assert AuditEntry.objects.filter(action="plan_agreement.reveal").count() == 2


def test_a_paper_of_another_plan_is_not_found_by_its_number(account: CreditAccount, people: People) -> None:
    plan = people.approves(people.proposes(account))
    columns = {field.attname: getattr(plan, field.attname) for field in Plan._meta.concrete_fields if field.name != "id"}
    other = Plan.objects.create(**columns | {"reference": "OTHER", "status": "withdrawn"})
    hand_in(people.analyst, plan)
    assert browser(people.lead).get(f"/plans/{other.reference}/papers/{PlanFile.objects.get().pk}/").status_code == 404
