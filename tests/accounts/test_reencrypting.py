"""Retiring a key of personal data."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from factories import TESTER, make_account, make_customer, make_user, set_business_date
from work_books import make_queue

from accounts.models import Customer, ReviewFile
from accounts.operations import reencrypting
from accounts.operations.attachments import add_file, folder, open_file
from accounts.operations.reencrypting import encrypted_columns, reencrypt_files, reencrypt_rows
from accounts.operations.reviewing import open_review
from casework.models import AccountNote, WorkItem, WorkRecord
from outreach.models.providers import LocalMessage
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db

OLD, NEW = f"1:{'11' * 32}", f"258:{'22' * 32}"
WANG = {"name": "王小明", "phone": "13800138000"}


def customers(found: dict[str, int]) -> int:
    return found["customers"]


def stored() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT person FROM accounts_customer ORDER BY id")
        return [bytes(value) for (value,) in cursor.fetchall()]


def test_the_old_key_can_be_retired_afterwards(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reencrypting, "BATCH", 2)
    settings.PERSONAL_DATA_KEYS = [OLD]
    for _ in range(3):
        make_customer(person=WANG)
    settings.PERSONAL_DATA_KEYS = [NEW, OLD]
    make_customer(person=WANG)
    newest_before = stored()[3]

    assert customers(reencrypt_rows(actor=TESTER)) == 3

    settings.PERSONAL_DATA_KEYS = [NEW]
    assert [customer.person for customer in Customer.objects.order_by("pk")] == [WANG] * 4
    assert {value[:2] for value in stored()} == {(258).to_bytes(2, "big")}
    assert stored()[3] == newest_before
    entries = AuditEntry.objects.filter(action="customer.reencrypt").order_by("id")
    assert [entry.after for entry in entries] == [
        {"accounts.customer": 2, "key": 258},
        {"accounts.customer": 1, "key": 258},
    ]


def test_a_second_time_changes_nothing(settings: Any) -> None:
    settings.PERSONAL_DATA_KEYS = [OLD]
    make_customer(person=WANG)
    settings.PERSONAL_DATA_KEYS = [NEW, OLD]
    assert customers(reencrypt_rows(actor=TESTER)) == 1
    once, entries = stored(), AuditEntry.objects.count()
    assert not any(reencrypt_rows(actor=TESTER).values())
    assert (stored(), AuditEntry.objects.count()) == (once, entries)


def test_a_key_that_is_not_configured_is_named_and_nothing_is_changed(settings: Any) -> None:
    settings.PERSONAL_DATA_KEYS = [OLD]
    make_customer(person=WANG)
    before = stored()
    settings.PERSONAL_DATA_KEYS = [NEW]
    with pytest.raises(CommandError, match="personal data is encrypted with key 1; add it to PERSONAL_DATA_KEYS"):
        call_command("reencrypt_customers")
    assert stored() == before


def test_whatever_is_encrypted_moves_applicants_notes_remarks_messages_replies(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reencrypting, "BATCH", 2)
    settings.PERSONAL_DATA_KEYS = [OLD]
    account, queue, now = make_account(), make_queue(), timezone.now()
    about = {"account": account, "customer": account.customer, "product": account.product}
    item = WorkItem.objects.create(queue=queue, entered_at=now, **about)
    for number in range(3):
        WorkRecord.objects.create(item=item, queue=queue, said={"text": "给他打电话"}, recorded_at=now, version_after=number)
    WorkRecord.objects.create(item=item, queue=queue, recorded_at=now, version_after=9)
    AccountNote.objects.create(account=account, version=1, body={"text": "a note"}, written_at=now)
    LocalMessage.objects.create(key="k", channel="sms", language="en", template_code="t", words={"body": "pay"}, at=now)
    settings.PERSONAL_DATA_KEYS = [NEW, OLD]
    moved = reencrypt_rows(actor=TESTER)
    assert {name: number for name, number in moved.items() if number} == {
        "customers": 1, "work records": 3, "account notes": 1, "messages kept here": 1,
    }  # fmt: skip
    settings.PERSONAL_DATA_KEYS = [NEW]
    assert [record.said for record in WorkRecord.objects.order_by("pk")] == [{"text": "给他打电话"}] * 3 + [None]
    assert (AccountNote.objects.get().body, LocalMessage.objects.get().words) == ({"text": "a note"}, {"body": "pay"})


def test_every_encrypted_column_of_every_app_is_known() -> None:
    known = {f"{model._meta.label_lower}.{column}" for model, column in encrypted_columns()}
    assert known >= {
        "accounts.customer.person", "accounts.application.person", "casework.workrecord.said", "casework.accountnote.body",
        "outreach.message.said", "outreach.customerreply.words", "outreach.localmessage.words",
    }  # fmt: skip


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> ReviewFile:
    settings.VAR_DIR = tmp_path
    settings.PERSONAL_DATA_KEYS = [OLD]
    set_business_date(date(2025, 9, 30))
    reviewer = make_user(Role.ANALYST)
    review = open_review(actor=Actor.of(reviewer), account_id=make_account().pk, purpose="a look")
    content = b"%PDF-1.7 of Wang Xiaoming"
    return add_file(actor=Actor.of(reviewer), review_id=review.pk, name="a.pdf", chunks=[content], size_bytes=len(content))


def test_files_move_to_the_newest_key_too(settings: Any, kept: ReviewFile) -> None:
    settings.PERSONAL_DATA_KEYS = [NEW, OLD]
    assert reencrypt_files(actor=TESTER) == 1
    assert reencrypt_files(actor=TESTER) == 0
    settings.PERSONAL_DATA_KEYS = [NEW]
    assert open_file(kept).read() == b"%PDF-1.7 of Wang Xiaoming"
    assert [path.name for path in folder().iterdir()] == [kept.stored_as]
    assert AuditEntry.objects.filter(action="customer.reencrypt").get().after == {"files": 1, "key": 258}


def test_a_file_from_before_files_were_encrypted_is_read_and_then_encrypted(settings: Any, kept: ReviewFile) -> None:
    path = folder() / kept.stored_as
    path.write_bytes(b"%PDF-1.7 in clear")
    assert open_file(kept).read() == b"%PDF-1.7 in clear"
    assert reencrypt_files(actor=TESTER) == 1
    assert b"clear" not in path.read_bytes()
    assert open_file(kept).read() == b"%PDF-1.7 in clear"


def test_a_file_put_in_the_place_of_another_does_not_open(kept: ReviewFile) -> None:
    sealed = (folder() / kept.stored_as).read_bytes()
    kept.stored_as = "9-another"
    (folder() / kept.stored_as).write_bytes(sealed)
    with pytest.raises(InvalidTag):
        open_file(kept)
