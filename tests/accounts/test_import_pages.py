"""The import pages and their API: files sent, their import followed, errors read, what was set aside taken."""

from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deliveries import GOOD, last_import
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from factories import make_user

from accounts.models import AgreementVersion, CreditAccount, Customer, PortfolioImport
from accounts.operations import uploads
from riskops.shared.models import AuditEntry, BookState
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


def _zip(**files: str) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return SimpleUploadedFile("book.zip", buffer.getvalue())


def _csv(**files: str) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{name}.csv", text.encode()) for name, text in files.items()]


def _client(role: Role = Role.TEAM_LEAD) -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


def _text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_an_administrator_loads_the_sample_book_into_an_empty_book_and_follows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def few_files(folder: Path, *, today: Any) -> None:
        folder.mkdir()
        for name, text in GOOD.items():
            (folder / f"{name}.csv").write_text(text)

    monkeypatch.setattr("accounts.operations.loading_books.write_sample_book", few_files)
    lead, administrator = _client(), _client(Role.ADMINISTRATOR)
    assert "Load the sample book" not in _text(lead.get("/imports/"))
    assert lead.post("/imports/sample/").status_code == lead.post("/api/v1/imports/sample/").status_code == 403
    assert "Load the sample book" in _text(administrator.get("/imports/"))
    asked = administrator.post("/imports/sample/")
    row = last_import()
    assert (asked["Location"], row.status, BookState.objects.get().nightly_paused) == (f"/imports/{row.pk}/", "queued", True)
    # Asked again, by page or API, it is not loaded twice.
    assert f"Import {row.pk} has not ended" in _text(administrator.post("/imports/sample/", follow=True))
    again = administrator.post("/api/v1/imports/sample/")
    assert (again.status_code, again.json()["code"]) == (409, "sample_refused")
    uploads.run_queued(row.pk)
    row.refresh_from_db()
    assert (row.status, CreditAccount.objects.exists(), BookState.objects.get().book) == ("applied", True, "sample")
    texts = AgreementVersion.objects.order_by("kind").values_list("kind", "code", "product", "has_acceleration_clause")
    assert list(texts) == [
        ("agreement", "example-agreement-1", None, True), ("disclosure", "example-disclosure-1", None, False),
    ]  # fmt: skip
    assert AuditEntry.objects.filter(action="agreement.publish").count() == 2
    assert AuditEntry.objects.filter(action="portfolio.load_sample").count() == 1
    assert not list(uploads.uploads_folder().glob("upload-*"))
    assert "Load the sample book" not in _text(administrator.get("/imports/"))
    assert "holds accounts already" in administrator.post("/api/v1/imports/sample/").json()["detail"]
    assert PortfolioImport.objects.count() == 1


def _send(client: Client, files: Any, **fields: Any) -> PortfolioImport:
    """Send files with the form, let a worker run their import, and return it."""
    response = client.post("/imports/", {"sent": files, "on_error": "abort", **fields})
    row = last_import()
    assert (response.status_code, response.headers.get("Location")) == (302, f"/imports/{row.pk}/"), _text(response)
    assert row.status == "queued"
    uploads.run_queued(row.pk)
    row.refresh_from_db()
    return row


def _uploads() -> list[Path]:
    folder = Path(settings.VAR_DIR) / "imports" / "uploads"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


@pytest.fixture(autouse=True)
def _uploads_of_this_test_alone(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"


def test_every_field_of_the_form_has_its_label() -> None:
    form = _client().get("/imports/").content.decode().split('enctype="multipart/form-data"')[1].split("</form>")[0]
    ids = set(re.findall(r'\bid="([^"]+)"', form))
    named = re.findall(r'<label[^>]* for="([^"]*)"', form) + re.findall(r'aria-labelledby="([^"]*)"', form)
    assert "id_on_error_label" in named and set(named) <= ids


@pytest.mark.parametrize("files", [_zip(**GOOD), _csv(**GOOD)], ids=["zip", "csv"])
def test_files_are_sent_and_loaded_and_the_upload_is_gone(files: Any) -> None:
    client = _client()

    row = _send(client, files)

    assert (row.status, row.error_count, CreditAccount.objects.count()) == ("applied", 0, 2)
    entry = AuditEntry.objects.get(action="portfolio.import")
    assert entry.actor == row.started_by
    assert _uploads() == []
    page = _text(client.get(f"/imports/{row.pk}/"))
    assert "loaded" in page and "installments.csv 3 3 0 0 0 0" in page
    assert row.source_name in _text(client.get("/imports/"))


def test_a_dry_run_is_loaded_with_one_more_press_and_only_once() -> None:
    client = _client()
    row = _send(client, _zip(**GOOD), is_dry_run="on")
    assert (row.status, Customer.objects.count()) == ("checked", 0)
    assert "Load these files" in _text(client.get(f"/imports/{row.pk}/"))

    response = client.post(f"/imports/{row.pk}/load/")

    second = last_import()
    assert response.headers["Location"] == f"/imports/{second.pk}/"
    again = client.post(f"/imports/{row.pk}/load/", follow=True)
    assert "cannot be loaded again" in _text(again)
    assert last_import() == second
    uploads.run_queued(second.pk)
    assert CreditAccount.objects.count() == 2
    assert _uploads() == []


def test_an_upload_whose_import_could_not_be_noted_is_removed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_values: Any) -> None:
        assert _uploads() != []
        raise OSError("no space left on device")

    monkeypatch.setattr(uploads, "request_import", fail)
    with pytest.raises(OSError, match="no space left"):
        _client().post("/imports/", {"sent": _zip(**GOOD), "on_error": "abort"})
    assert _uploads() == []


def test_an_upload_without_an_import_is_removed_after_a_day_and_one_that_waits_is_not() -> None:
    waiting = _client().post("/imports/", {"sent": _zip(**GOOD), "on_error": "abort"})
    assert waiting.status_code == 302
    kept = _uploads()
    orphan = Path(settings.VAR_DIR) / "imports" / "uploads" / "upload-killed"
    orphan.mkdir()
    (orphan / "delivery.zip").write_bytes(b"half")
    uploads.tick()
    assert sorted(_uploads()) == sorted([*kept, orphan / "delivery.zip"])
    old = (timezone.now() - uploads.UPLOAD_KEPT - timedelta(minutes=1)).timestamp()
    for place in (orphan, kept[0].parent):
        os.utime(place, (old, old))
    uploads.tick()
    assert _uploads() == kept


def test_errors_are_told_row_by_row_in_the_readers_language() -> None:
    client = _client()
    row = _send(client, _csv(**GOOD | {"payments": GOOD["payments"] + "P9,A9,2025-02-01,1e3,,,,\n"}))

    assert row.status == "refused"
    page = _text(client.get(f"/imports/{row.pk}/"))
    assert "payments.csv 4 amount 1e3 the amount has an exponent write it out, such as 1000 for 1e3" in page
    client.cookies["django_language"] = "zh-hans"
    assert "payments.csv 4 amount 1e3 金额带有指数 请完整写出，如 1e3 写作 1000" in _text(client.get(f"/imports/{row.pk}/"))
    assert Customer.objects.count() == 0
    assert _uploads() == []


def test_what_was_set_aside_is_handed_over_and_noted() -> None:
    client = _client()
    row = _send(client, _csv(**GOOD | {"payments": GOOD["payments"] + "P9,A9,2025-02-01,1,,,,\n"}), on_error="quarantine")
    assert (row.status, row.error_count) == ("applied", 1)

    response = client.get(f"/imports/{row.pk}/set-aside.zip")

    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:  # type: ignore[attr-defined]
        assert archive.read("payments.csv").decode() == GOOD["payments"].splitlines()[0] + "\nP9,A9,2025-02-01,1,,,,\n"
    entry = AuditEntry.objects.get(action="portfolio.download_quarantine")
    assert (entry.actor, entry.subject_key) == (row.started_by, str(row.pk))
    assert client.get("/imports/999/set-aside.zip").status_code == 404


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "nothing was sent"),
        ([SimpleUploadedFile("notes.txt", b"x")], "notes.txt cannot be a delivery"),
        ([_zip(**GOOD), _zip(**GOOD)], "book.zip, book.zip cannot be a delivery"),
        (_csv(accounts="x") * 2, "a file was sent twice"),
        ([SimpleUploadedFile("../../etc/passwd", b"x")], "passwd cannot be a delivery"),
    ],
)
def test_what_is_no_delivery_is_refused_at_the_door(files: Any, words: str) -> None:
    response = _client().post("/imports/", {"sent": files, "on_error": "abort"})

    assert response.status_code == 422
    assert words in _text(response)
    assert not PortfolioImport.objects.exists()
    assert _uploads() == []


def test_more_than_may_be_sent_is_refused(settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 10
    response = _client().post("/imports/", {"sent": _csv(**GOOD), "on_error": "abort"})
    assert "at most 10" in _text(response)
    assert not PortfolioImport.objects.exists()


def test_a_file_that_is_none_of_ours_is_passed_over_and_named_harmlessly() -> None:
    row = _send(_client(), [*_csv(**GOOD), SimpleUploadedFile("<b>.csv", b"x")])
    assert row.status == "applied"
    assert [(issue.is_error, issue.file, issue.code) for issue in row.issues.all()] == [(False, "_b_.csv", "passed_over")]


def test_while_it_runs_the_page_asks_for_its_progress_and_then_for_itself() -> None:
    client = _client()
    row = PortfolioImport.objects.create(
        source_name="book.zip", status="reading", step="installments.csv", rows_total=10_000, rows_done=2_500
    )

    live = client.get(f"/imports/{row.pk}/", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in live.content.decode()
    assert "2,500 of 10,000 rows read" in _text(live)
    assert 'aria-valuenow="15"' in live.content.decode()
    assert "HX-Refresh" not in live.headers

    PortfolioImport.objects.filter(pk=row.pk).update(status="applied", finished_at=timezone.now())
    ended = client.get(f"/imports/{row.pk}/", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in ended.content.decode()


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER, Role.MANAGER, Role.COMPLIANCE, Role.AGENCY])
def test_who_may_not_import_sees_none_of_it(role: Role) -> None:
    client = _client(role)
    row = PortfolioImport.objects.create(source_name="book.zip")
    for path in ("/imports/", f"/imports/{row.pk}/", f"/imports/{row.pk}/set-aside.zip", "/api/v1/imports/"):
        assert client.get(path).status_code == 403, path
    assert client.post("/imports/", {"sent": _zip(**GOOD), "on_error": "abort"}).status_code == 403
    assert client.post(f"/imports/{row.pk}/load/").status_code == 403
    assert PortfolioImport.objects.count() == 1


def test_the_api_does_what_the_page_does() -> None:
    client = _client(Role.SERVICE)

    sent = client.post(
        "/api/v1/imports/", {"files": _csv(**GOOD | {"customers": GOOD["customers"] + "C9,,\n"}), "dry_run": "true"}
    )
    assert sent.status_code == 202, sent.content
    number = sent.json()["id"]
    assert (sent.json()["status"], sent.json()["dry_run"], sent.json()["percent"]) == ("queued", True, 0)
    uploads.run_queued(number)

    told = client.get(f"/api/v1/imports/{number}/").json()
    assert (told["status"], told["error_count"], told["may_load_again"], told["has_quarantine"]) == ("refused", 1, False, False)
    issues = client.get(f"/api/v1/imports/{number}/issues/").json()
    assert issues == {
        "results": [
            {
                "is_error": True, "file": "customers.csv", "line": 4, "column": "name", "value": "", "code": "missing_value",
                "message": "the cell is empty", "remedy": "a value is needed",
            }
        ],
        "next": None,
        "is_cut": False,
    }  # fmt: skip
    assert client.post(f"/api/v1/imports/{number}/load/").status_code == 409

    checked = client.post("/api/v1/imports/", {"files": _zip(**GOOD), "dry_run": "true"}).json()["id"]
    uploads.run_queued(checked)
    loading = client.post(f"/api/v1/imports/{checked}/load/")
    assert loading.status_code == 202
    uploads.run_queued(loading.json()["id"])
    assert CreditAccount.objects.count() == 2
    page = client.get("/api/v1/imports/").json()
    assert [row["id"] for row in page["results"]] == [loading.json()["id"], checked, number]
    assert page["results"][0]["files"][0] == {
        "file": "products.csv", "rows": 1, "added": 1, "changed": 0, "unchanged": 0, "repeated": 0, "refused": 0,
    }  # fmt: skip
    assert client.post("/api/v1/imports/", {"files": [SimpleUploadedFile("a.pdf", b"x")]}).status_code == 422
    assert client.post("/api/v1/imports/", {}).status_code == 400
    assert client.get("/api/v1/imports/?before=x").status_code == 400
    assert client.get("/api/v1/imports/99999/").status_code == 404


def test_a_bell_that_rings_twice_runs_the_import_once() -> None:
    row = _send(_client(), _zip(**GOOD))
    before = AuditEntry.objects.count()

    uploads.run_queued(row.pk)

    assert AuditEntry.objects.count() == before


def test_the_tick_buries_the_dead_and_removes_what_was_kept_long_enough(tmp_path: Path) -> None:
    client = _client()
    checked = _send(client, _zip(**GOOD), is_dry_run="on")
    dead = PortfolioImport.objects.create(source_name="dead.zip", status="applying", step="accounts.csv")
    own = tmp_path / "own"
    own.mkdir()
    old = PortfolioImport.objects.create(
        source_name="own", stored_path=str(own), status="applied", finished_at=timezone.now() - timedelta(days=400)
    )

    uploads.tick()
    dead.refresh_from_db()
    assert (dead.status, dead.step) == ("failed", "")
    assert "nothing was loaded" in dead.failure
    assert len(_uploads()) == 1

    PortfolioImport.objects.filter(pk=checked.pk).update(finished_at=timezone.now() - timedelta(days=1, minutes=1))
    uploads.tick()
    assert _uploads() == []
    # A folder that somebody imported by command is theirs.
    assert own.is_dir()
    old.refresh_from_db()
    assert old.stored_path == str(own)


def test_an_import_that_failed_can_be_tried_again_with_the_same_files() -> None:
    from riskops.shared.models import CloseRun

    day = timezone.localdate()
    run = CloseRun.objects.create(business_date=day, through=day, status="running", started_by="tester")
    client = _client()
    row = _send(client, _zip(**GOOD))
    assert row.status == "failed"
    assert "Try again" in _text(client.get(f"/imports/{row.pk}/"))
    run.delete()

    client.post(f"/imports/{row.pk}/load/")
    uploads.run_queued(last_import().pk)

    assert last_import().status == "applied"
    assert CreditAccount.objects.count() == 2
