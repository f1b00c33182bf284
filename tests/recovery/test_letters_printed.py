"""Letters as PDF: every page numbered and hashed, the font inside, the bytes kept and never changed."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pypdfium2
import pytest
from django.db import DatabaseError, transaction
from factories import make_installment, make_product, make_user
from letters_books import DAY, NOW, PERSON, close_on, make_late

from accounts.models import AccountState, CreditAccount
from recovery.models import Letter, LetterDocument
from recovery.operations.letters import printing, refusals
from recovery.operations.letters.deciding import approve_letter
from recovery.operations.letters.keeping import folder, opened, reseal_recovery_files
from recovery.operations.letters.printing import print_approved
from recovery.operations.letters.proposing import propose_letter
from recovery.operations.letters.verifying import verify_file, verify_hash
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.personal import seal_key_id
from riskops.shared.printing.documents import content_hash, shown_hash
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Any, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.CUSTOMER_HOTLINE = "400-000-0000"


def approved(account: CreditAccount) -> Letter:
    lead, legal = (Actor.of(make_user(role)) for role in (Role.TEAM_LEAD, Role.LEGAL))
    letter = propose_letter(actor=lead, account_id=account.pk, note="", now=NOW)
    approve_letter(actor=legal, letter_id=letter.pk, now=NOW)
    return letter


def text_of(pdf: bytes) -> list[str]:
    found = pypdfium2.PdfDocument(pdf)
    return [re.sub(r"\s+", " ", found[number].get_textpage().get_text_range()) for number in range(len(found))]


def test_a_chinese_letter_says_the_figures_of_the_book_on_numbered_and_hashed_pages() -> None:
    account = make_late(days=100, principal=1_234_567)
    letter = approved(account)
    assert print_approved(now=NOW) == 1
    document = LetterDocument.objects.get()
    pdf = opened(document.stored_as).read()
    pages = text_of(pdf)
    whole = "".join(pages).replace(" ", "")
    for said in ("律师函", "王小明", "北京市朝阳区建国路88号", "¥12,345.67", "2024年12月21日", "2025年4月15日", letter.reference):
        assert said in whole, said
    for number, page in enumerate(pages, 1):
        assert f"第 {number} 页" in page and f"共 {len(pages)} 页" in page
        assert shown_hash(document.content_sha256).replace(" ", "") in page.replace(" ", "")
    assert hashlib.sha256(pdf).hexdigest() == document.pdf_sha256
    assert b"/FontFile2" in pdf or b"/FontFile3" in pdf or b"NotoSerifSC" in pdf


def test_an_english_letter_is_in_english_and_goes_over_several_pages() -> None:
    product = make_product(name="Card", penalty_rate_ppm=0)
    account = make_late(days=700, principal=10_000, product=product, person={**PERSON, "name": "Ann Lee"}, language="en")
    for month in range(1, 41):
        make_installment(account, due_date=DAY.replace(year=2023, day=1, month=1 + month % 12), principal=100_000)
    close_on(account)
    approved(account)
    print_approved(now=NOW)
    document = LetterDocument.objects.get()
    pages = text_of(opened(document.stored_as).read())
    assert len(pages) >= 2
    assert "Letter before action" in pages[0] and "Dear Ann Lee," in pages[0]
    # 40 of 1,000.00 and one of 100.00.
    assert "¥40,100.00" in "".join(pages)
    assert [f"page {number} of {len(pages)}" in page for number, page in enumerate(pages, 1)] == [True] * len(pages)


def test_the_bytes_lie_encrypted_and_outlive_a_change_of_keys(settings: Any) -> None:
    approved(make_late())
    print_approved(now=NOW)
    document = LetterDocument.objects.get()
    path = folder() / document.stored_as
    assert not path.read_bytes().startswith(b"%PDF") and opened(document.stored_as).read().startswith(b"%PDF")
    old = seal_key_id(path.read_bytes())
    assert old is not None and reseal_recovery_files(old) == 0
    newer = "22" * 32
    settings.PERSONAL_DATA_KEYS = [f"{old + 1}:{newer}", *settings.PERSONAL_DATA_KEYS]
    assert (reseal_recovery_files(old + 1), reseal_recovery_files(old + 1)) == (1, 0)
    assert opened(document.stored_as).read().startswith(b"%PDF")


def test_the_database_refuses_to_change_or_delete_a_printed_letter() -> None:
    approved(make_late())
    print_approved(now=NOW)
    for change in (
        lambda: LetterDocument.objects.update(pdf_sha256="0" * 64),
        lambda: LetterDocument.objects.all().delete(),
        lambda: Letter.objects.update(balance_minor=1),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert LetterDocument.objects.get().pdf_sha256 != "0" * 64


def test_a_name_that_the_font_cannot_write_is_refused_in_sight_and_nothing_is_printed() -> None:
    letter = approved(make_late(person={**PERSON, "name": "王𠮷"}))
    assert print_approved(now=NOW) == 0
    letter.refresh_from_db()
    assert letter.status == "approved" and "𠮷" in letter.problem
    assert not LetterDocument.objects.exists()


def test_a_letter_whose_figures_do_not_add_up_is_not_printed() -> None:
    account = make_late()
    letter = approved(account)
    make_installment(account, due_date=DAY.replace(month=1), principal=5_000)
    assert print_approved(now=NOW) == 0
    letter.refresh_from_db()
    assert "do not add up" in letter.problem


def test_a_letter_is_printed_once_however_often_the_printer_is_rung() -> None:
    approved(make_late())
    assert [print_approved(now=NOW), print_approved(now=NOW)] == [1, 0]
    assert LetterDocument.objects.count() == 1


def test_a_letter_stopped_or_paid_while_it_is_printed_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_late()
    letter = approved(account)
    as_before = printing.as_pdf

    def paid_meanwhile(*args: Any, **more: Any) -> bytes:
        AccountState.objects.filter(pk=account.pk).update(penalty_due_minor=100)
        return as_before(*args, **more)

    monkeypatch.setattr(printing, "as_pdf", paid_meanwhile)
    assert print_approved(now=NOW) == 0
    assert not LetterDocument.objects.exists() and not list(folder().iterdir())
    monkeypatch.setattr(printing, "as_pdf", as_before)
    assert print_approved(now=NOW) == 1
    assert "¥10,001.00" in "".join(text_of(opened(LetterDocument.objects.get().stored_as).read()))
    letter.refresh_from_db()
    assert (letter.status, letter.printing_until) == ("printed", None)


def test_a_letter_whose_printer_died_is_printed_after_its_minute() -> None:
    letter = approved(make_late())
    Letter.objects.filter(pk=letter.pk).update(printing_until=NOW + printing.LEASE)
    assert print_approved(now=NOW) == 0
    assert print_approved(now=NOW + 2 * printing.LEASE) == 1


def test_a_hash_or_the_file_itself_says_whether_a_letter_is_ours() -> None:
    letter = approved(make_late())
    print_approved(now=NOW)
    document = LetterDocument.objects.get()
    hotline = Actor.of(make_user(Role.ANALYST))
    by_page = verify_hash(actor=hotline, text=shown_hash(document.content_sha256).upper())
    assert (by_page.is_ours, by_page.is_file, by_page.reference) == (True, False, letter.reference)
    assert verify_hash(actor=hotline, text=document.pdf_sha256).is_file
    pdf = opened(document.stored_as).read()
    assert verify_file(actor=hotline, content=pdf).is_ours
    assert not verify_file(actor=hotline, content=pdf + b" ").is_ours
    assert not verify_hash(actor=hotline, text="0" * 20).is_ours
    with pytest.raises(refusals.HashMalformed):
        verify_hash(actor=hotline, text="12 34")
    assert AuditEntry.objects.filter(action="letter.verify").count() == 5


def test_the_hash_is_of_all_that_the_document_says() -> None:
    said = {"title": "a", "parts": [{"kind": "text", "lines": ["b"]}], "hash": "x"}
    assert content_hash(said) == content_hash({**said, "hash": "y"}) != content_hash({**said, "title": "c"})
