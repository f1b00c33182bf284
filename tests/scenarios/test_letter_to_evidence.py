"""A lawyer letter from its proposal to the evidence that it arrived, by the pages and the API that people and programs use."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from factories import make_account, make_customer, make_installment, make_product, make_user, set_business_date

from accounts.models import CreditAccount
from accounts.operations.rebuilding import rebuild_accounts
from casework.bulk.tiers import tier_accounts
from outreach.models import Contact
from outreach.queries.audit import audited, violations
from recovery.models import Letter, LetterDocument
from recovery.operations.letters.printing import print_approved
from recovery.rules.limitation import years_after
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db

#: The last closed day, and the due dates of the two customers' instalments.
CLOSED = date(2025, 3, 31)
EARLY, LATE = CLOSED - timedelta(days=12), CLOSED - timedelta(days=100)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.CUSTOMER_HOTLINE = "400-000-0000"


def client_of(*roles: Role, username: str) -> Client:
    client = Client()
    client.force_login(make_user(*roles, username=username))
    return client


def account_due(due_date: date, principal: int, number: str) -> CreditAccount:
    person = {"name": "王小明", "phone": "13900000001", "address": "北京市朝阳区建国路88号"}
    product = make_product(name="Card", penalty_rate_ppm=0)
    customer = make_customer(person=person)
    account = make_account(account_no=number, product=product, customer=customer, opened_on=date(2024, 6, 1))
    make_installment(account, due_date=due_date, principal=principal)
    return account


def test_a_letter_from_its_proposal_to_the_evidence_of_its_delivery(django_capture_on_commit_callbacks: Any) -> None:
    small, large = account_due(EARLY, 30_000, "A-small"), account_due(LATE, 1_000_000, "A-large")
    ids = [small.pk, large.pk]
    set_business_date(CLOSED)
    rebuild_accounts(ids, as_of=CLOSED, ahead_on=None)
    tier_accounts(as_of=CLOSED, first_account_id=min(ids), last_account_id=max(ids))
    lead, legal = client_of(Role.TEAM_LEAD, username="lead"), client_of(Role.LEGAL, username="legal")
    today = timezone.localdate()

    # A letter on 300.00 at day 12 is shown to lose money, and is not taken.
    weighed = lead.get("/accounts/A-small/letter/").content.decode()
    assert "it loses money" in weighed and "33.50" in weighed
    assert lead.post("/accounts/A-small/letter/", {"note": "try"}).status_code == 422
    assert not Letter.objects.exists()

    # The rule proposes the other one; legal reads it as it will look, and approves.
    lead.post("/letters/propose/")
    letter = Letter.objects.get()
    assert (letter.account_id, letter.net_minor, letter.source) == (large.pk, 66_500, "rule")
    listed = legal.get("/letters/").content.decode()
    assert letter.reference in listed and "665.00" in listed
    preview = legal.get(f"/letters/{letter.pk}/preview/")
    assert preview.status_code == 200 and f"/letters/{letter.pk}/pages/1/" in preview.content.decode()
    picture = legal.get(f"/letters/{letter.pk}/pages/1/")
    assert picture["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")
    assert lead.post("/letters/decide/", {"letters": [letter.pk], "act": "approve"}).status_code == 403
    with django_capture_on_commit_callbacks(execute=False):
        assert legal.post("/letters/decide/", {"letters": [letter.pk], "act": "approve"}).status_code == 302

    # Printed: the PDF is the kept one, each page with its number and the number of the document.
    assert print_approved() == 1
    document = LetterDocument.objects.get()
    pdf = b"".join(legal.get(f"/letters/{letter.pk}/pdf/").streaming_content)
    pages = pypdfium2.PdfDocument(pdf)
    for number in range(len(pages)):
        text = pages[number].get_textpage().get_text_range().replace(" ", "")
        assert f"第{number + 1}页" in text and document.content_sha256[:20] in text
    assert "¥10,000.00" in "".join(pages[number].get_textpage().get_text_range() for number in range(len(pages)))

    # Sent through the gate, by a program of legal.
    sent = legal.post(
        f"/api/v1/letters/{letter.pk}/send/",
        {"carrier": "EMS", "tracking_no": "EE123456789CN", "sent_on": today.isoformat()},
        content_type="application/json",
    )
    assert sent.status_code == 200, sent.content
    contact = Contact.objects.get()
    assert (contact.channel, contact.purpose, contact.outcome, contact.key) == ("letter", "demand", "open", f"letter:{letter.pk}")

    # Delivered, with its receipt.
    ended = legal.post(
        f"/letters/{letter.pk}/end/", {"outcome": "delivered", "on": today.isoformat(), "note": "signed by himself"}
    )
    assert ended.status_code == 302
    scan = SimpleUploadedFile("receipt.png", picture.content, content_type="image/png")
    assert legal.post(f"/letters/{letter.pk}/evidence/", {"file": scan}).status_code == 302
    letter.refresh_from_db()
    contact.refresh_from_db()
    assert (letter.status, letter.ended_on, contact.outcome) == ("delivered", today, "delivered")
    kept = letter.files.get()
    assert b"".join(legal.get(f"/recovery-files/{kept.pk}/").streaming_content) == picture.content

    # Whoever calls the hotline with the number on the page is told that it is ours.
    said = lead.post("/letters/verify/", {"hash": document.content_sha256[:20]}).content.decode()
    assert letter.reference in said
    # The demand restarted the clock, and the log of contacts holds when it is judged again.
    clock = legal.get("/api/v1/accounts/A-large/limitation/").json()
    assert [start["cause"] for start in clock["starts"]] == ["due", "demand"]
    assert clock["runs_out_on"] == years_after(today, 3).isoformat()
    since, until = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    assert (audited(since, until), list(violations(since, until))) == (1, [])
    actions = list(AuditEntry.objects.filter(subject_key=letter.reference).order_by("id").values_list("action", flat=True))
    steps = [action for action in actions if action.startswith("letter.")]
    assert steps == [
        "letter.propose_due", "letter.decide", "letter.print", "letter.send", "letter.end", "letter.end", "letter.verify"
    ]  # fmt: skip
    assert actions.count("customer.reveal") >= 2
