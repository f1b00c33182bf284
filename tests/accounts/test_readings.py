"""Aging files and checks asked for on the site and over the API: done by a worker, followed, fetched, removed."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from closed_books import LAST, MONTH_END, close, late_and_paid
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_user

from accounts.models import AccountState, BookReading, CreditAccount
from accounts.operations import readings
from accounts.operations.payments import post_payment
from riskops.shared.models import AuditEntry, CloseRun
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()


@pytest.fixture
def book() -> tuple[CreditAccount, CreditAccount]:
    accounts = late_and_paid()
    close()
    return accounts


def client_of(role: Role = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def ask(client: Client, what: str = "aging", **fields: Any) -> BookReading:
    """Ask with the form, let a worker do it, and return it."""
    response = client.post(f"/exports/{what}/", {"reference": "W1", **fields})
    assert response.status_code == 302, text_of(response)
    row = BookReading.objects.latest("id")
    assert (response.headers["Location"], row.status) == (f"/exports/{row.pk}/", "queued")
    readings.run(row.pk)
    row.refresh_from_db()
    return row


def commands_file(tmp_path: Path, day: date, truth: str) -> bytes:
    path = tmp_path / "by-command.csv"
    call_command("export_aging", "--date", day.isoformat(), "--as", truth, "--output", str(path), stdout=io.StringIO())
    return path.read_bytes()


def bytes_of(response: Any) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


@pytest.mark.parametrize(("truth", "day"), [("known", date(2025, 4, 10)), ("reported", MONTH_END), ("reported", LAST)])
def test_the_file_is_the_commands_to_the_byte_and_who_took_it_is_noted(book: Any, tmp_path: Path, truth: str, day: date) -> None:
    client = client_of()

    row = ask(client, truth=truth, known_on=day.isoformat(), reported_on=day.isoformat() if truth == "reported" else "")

    assert (row.status, row.rows_done, row.rows_total) == ("done", 2, 2)
    page = client.get(f"/exports/{row.pk}/")
    assert "2 accounts" in text_of(page) and "Download the file" in text_of(page)
    answer = client.get(f"/exports/{row.pk}/aging.csv")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="aging-{day.isoformat()}-{truth}.csv"'
    assert bytes_of(answer) == commands_file(tmp_path, day, truth)
    lines = AuditEntry.objects.filter(action="account.export").order_by("id")
    assert [(line.actor, line.subject_key, (line.after or {})["what"]) for line in lines] == [
        (row.started_by, str(row.pk), "asked for"),
        (row.started_by, str(row.pk), "downloaded"),
    ]
    assert lines[0].after == {"what": "asked for", "day": day.isoformat(), "as": truth}


def test_the_page_offers_the_days_there_are_and_refuses_others_beside_the_field(book: Any) -> None:
    client = client_of()

    page = client.get("/exports/").content.decode()
    assert re.findall(r'<option value="([\d-]+)"', page) == ["2025-04-02", "2025-03-31"] * 2
    assert 'value="2025-04-02"' in page

    for fields, words in (
        ({"truth": "reported", "reported_on": "2025-04-01"}, "Select a valid choice"),
        ({"truth": "reported"}, "Choose a day"),
        ({"truth": "known", "known_on": "1066-10-14"}, "not between 1990-01-01 and 2099-12-31"),
        ({"truth": "known", "known_on": "soon"}, "Enter a valid date"),
        ({"truth": "guessed"}, "Select a valid choice"),
    ):
        refused = client.post("/exports/aging/", {"reference": "W1", **fields})
        assert refused.status_code == 422 and words in text_of(refused), fields
    assert not BookReading.objects.exists()


def test_a_form_sent_twice_and_a_bell_that_rings_twice_count_once(book: Any) -> None:
    client = client_of()
    row = ask(client, truth="known", known_on="2025-04-02")
    trail = AuditEntry.objects.count()

    again = client.post("/exports/aging/", {"reference": "W1", "truth": "known", "known_on": "2025-04-02"})
    readings.run(row.pk)

    assert again.headers["Location"] == f"/exports/{row.pk}/"
    other = client.post("/exports/aging/", {"reference": "W1", "truth": "known", "known_on": "2025-04-01"})
    assert "something else was asked for" in text_of(other)
    assert (BookReading.objects.count(), AuditEntry.objects.count()) == (1, trail)


def test_while_it_runs_the_page_asks_for_its_progress_and_then_for_itself(book: Any) -> None:
    client = client_of()
    row = BookReading.objects.create(
        kind="aging", as_of=LAST, truth="known", status="running", rows_total=10_000, rows_done=2_500
    )

    live = client.get(f"/exports/{row.pk}/", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 1s"' in live.content.decode() and 'aria-valuenow="25"' in live.content.decode()
    assert "2,500 of 10,000 accounts" in text_of(live) and "HX-Refresh" not in live.headers

    BookReading.objects.filter(pk=row.pk).update(status="done", finished_at=timezone.now(), size_bytes=1)
    ended = client.get(f"/exports/{row.pk}/", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true" and "hx-trigger" not in ended.content.decode()


def test_progress_is_told_and_a_claim_that_was_lost_is_noticed(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.exports.ACCOUNTS_AT_ONCE", 1)
    monkeypatch.setattr(readings, "_PROGRESS_SECONDS", 0)
    told: list[tuple[int, int]] = []
    tell = readings._Progress.__call__

    def telling(progress: Any, done: int) -> None:
        tell(progress, done)
        told.append(BookReading.objects.values_list("rows_done", "rows_total").get())
        BookReading.objects.update(claim="somebody else's")

    monkeypatch.setattr(readings._Progress, "__call__", telling)

    row = ask(client_of(), truth="known", known_on="2025-04-02")

    # The second telling found the claim gone: the half is removed, and the row is left to who has it.
    assert (told, row.status, row.path) == ([(1, 2)], "running", "")
    assert list((readings._folder()).iterdir()) == []


def test_files_are_removed_after_their_time_and_halves_of_the_killed_too(book: Any) -> None:
    client = client_of()
    row = ask(client, truth="known", known_on="2025-04-02")
    half = readings._folder() / ".aging-9-dead.csv.1a2b.part"
    half.write_text("half")

    readings.tick()
    assert Path(row.path).is_file() and half.is_file()

    old = (timezone.now() - timedelta(minutes=5)).timestamp()
    import os

    os.utime(half, (old, old))
    BookReading.objects.filter(pk=row.pk).update(finished_at=timezone.now() - readings.FILE_KEPT - timedelta(minutes=1))
    readings.tick()

    assert list(readings._folder().iterdir()) == []
    assert "The file was removed" in text_of(client.get(f"/exports/{row.pk}/"))
    assert "ask for it anew" in text_of(client.get(f"/exports/{row.pk}/aging.csv", follow=True))


def test_the_tick_rings_for_what_nobody_took_and_for_what_its_worker_left(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(readings, "_ring", rung.append)
    now = timezone.now()
    make = BookReading.objects.create
    lost = make(kind="check")
    BookReading.objects.filter(pk=lost.pk).update(created_at=now - timedelta(minutes=1))
    make(kind="check")
    left = make(kind="check", status="running", claim="dead", lease_until=now - timedelta(seconds=1))
    make(kind="check", status="running", claim="alive", lease_until=now + timedelta(minutes=1))
    make(kind="check", status="done", finished_at=now)

    readings.tick()

    assert rung == [lost.pk, left.pk]


def test_what_fails_is_tried_again_and_given_up_at_last(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(readings, "write_aging", fail)
    row = readings.ask_for_aging(as_of=LAST, truth="known", actor=TESTER)
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            readings.run(row.pk)
    readings.run(row.pk)

    row.refresh_from_db()
    assert (row.status, row.failure, row.attempts) == ("failed", "given_up", 4)
    assert "Three workers did not get through it" in text_of(client_of().get(f"/exports/{row.pk}/"))


def test_more_than_can_wait_is_refused(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_UNFINISHED", 1)
    readings.ask_for_check(as_of=None, actor=TESTER)
    refused = client_of().post("/exports/aging/", {"reference": "W1", "truth": "known", "known_on": "2025-04-02"})
    assert refused.status_code == 422 and "wait or run already" in text_of(refused)


def test_a_check_that_finds_nothing_says_so(book: Any) -> None:
    client = client_of()
    row = ask(client, "check", as_of="")
    assert (row.status, row.difference_count, row.correction_count) == ("done", 0, 0)
    assert "All 2 accounts agree with their entries." in text_of(client.get(f"/exports/{row.pk}/"))
    entry = AuditEntry.objects.get(action="book.verify")
    assert (entry.actor, entry.subject_key, entry.after) == (row.started_by, str(row.pk), {"what": "asked for", "day": "now"})


def test_a_check_lists_what_differs_with_its_account_and_late_corrections_apart(book: Any) -> None:
    late, paid = book
    post_payment(actor=TESTER, account_id=late.pk, amount_minor=10_000, value_date=date(2025, 3, 1), reference="T-late")
    AccountState.objects.filter(pk=paid.pk).update(credit_balance_minor=7)
    client = client_of()

    now = ask(client, "check", as_of="")
    text = text_of(client.get(f"/exports/{now.pk}/"))
    assert (now.difference_count, now.correction_count) == (1, 0)
    assert "1 value differs from the entries, of 2 accounts." in text
    assert "A-paid credit balance 0.07 0.05" in text
    assert 'href="/accounts/A-paid/"' in client.get(f"/exports/{now.pk}/").content.decode()
    assert "differs" in text_of(client.get("/exports/"))

    then = ask(client, "check", as_of="2025-03-31", reference="W2")
    assert (then.difference_count, then.correction_count > 0) == (0, True)
    text = text_of(client.get(f"/exports/{then.pk}/"))
    assert "agree with their entries" in text and "Late corrections" in text and "b-late days past due 30 0" in text


def test_while_a_close_runs_the_book_as_it_stands_is_not_checked(book: Any) -> None:
    day = date(2025, 4, 3)
    waiting = readings.ask_for_check(as_of=None, actor=TESTER)
    CloseRun.objects.create(business_date=day, through=day, status=CloseRun.Status.RUNNING, started_by="x")
    client = client_of()

    refused = client.post("/exports/check/", {"reference": "W1", "as_of": ""})
    assert refused.status_code == 422 and "The close of 2025-04-03 is not complete" in text_of(refused)
    readings.run(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.failure) == ("failed", "close_runs")
    assert "A close of business had begun" in text_of(client.get(f"/exports/{waiting.pk}/"))


@pytest.mark.parametrize("role", [Role.ANALYST, Role.APPROVER, Role.LEGAL, Role.AGENCY])
def test_who_may_not_export_sees_none_of_it(role: Role) -> None:
    client = client_of(role)
    row = BookReading.objects.create(kind="aging", as_of=LAST, truth="known")
    paths = ("/exports/", f"/exports/{row.pk}/", f"/exports/{row.pk}/aging.csv", "/api/v1/exports/", "/api/v1/checks/")
    for path in paths:
        assert client.get(path).status_code == 403, path
    for path in ("/exports/aging/", "/exports/check/", "/api/v1/exports/", "/api/v1/checks/"):
        assert client.post(path, {"truth": "known", "known_on": "2025-04-02"}).status_code == 403, path
    assert BookReading.objects.count() == 1


def test_the_api_does_what_the_page_does(book: Any, tmp_path: Path) -> None:
    client = client_of(Role.SERVICE)
    question = {"as_of": "2025-03-31", "truth": "reported", "reference": "night-1"}

    asked = client.post("/api/v1/exports/", question)
    assert (asked.status_code, asked.json()["status"], asked.json()["percent"]) == (202, "queued", 0)
    number = asked.json()["id"]
    assert client.get(f"/api/v1/exports/{number}/file/").status_code == 404
    readings.run(number)
    assert client.post("/api/v1/exports/", question).json()["id"] == number
    taken = client.post("/api/v1/exports/", {**question, "truth": "known"})
    assert (taken.status_code, taken.json()["code"]) == (409, "reading_reference_taken")
    refused = client.post("/api/v1/exports/", {"as_of": "2025-04-01", "truth": "reported"})
    assert (refused.status_code, refused.json()["code"], refused.json()["about"]) == (422, "day_not_reported", "as_of")

    told = client.get(f"/api/v1/exports/{number}/").json()
    assert (told["status"], told["percent"], told["accounts"], told["has_file"]) == ("done", 100, 2, True)
    file = bytes_of(client.get(f"/api/v1/exports/{number}/file/"))
    assert file == commands_file(tmp_path, MONTH_END, "reported") and told["size_bytes"] == len(file)
    assert AuditEntry.objects.filter(action="account.export").count() == 2
    listed = client.get("/api/v1/exports/").json()
    assert (listed["reported_days"], [row["id"] for row in listed["results"]]) == (["2025-03-31", "2025-04-02"], [number])

    AccountState.objects.filter(account__account_no="A-paid").update(credit_balance_minor=7)
    check = client.post("/api/v1/checks/", {}, content_type="application/json").json()["id"]
    readings.run(check)
    found = client.get(f"/api/v1/checks/{check}/").json()
    assert (found["status"], found["difference_count"], found["correction_count"]) == ("done", 1, 0)
    assert client.get(f"/api/v1/checks/{check}/differences/").json() == {
        "results": [
            {
                "account_no": "A-paid", "what": "credit_balance_minor", "stored": "0.07", "rebuilt": "0.05",
                "is_late_correction": False,
            }
        ],
        "next": None,
        "is_cut": False,
    }  # fmt: skip
    assert client.get(f"/api/v1/checks/{check}/differences/?late=true").json()["results"] == []
    assert [row["id"] for row in client.get("/api/v1/checks/").json()["results"]] == [check]
    assert client.get(f"/api/v1/checks/{number}/").status_code == 404
