"""Reviews from their opening to their outcome, by operation, page and API; stale forms, files, samples."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import make_account, make_conflict, make_customer, make_product, make_user, set_business_date
from review_books import DAY, make_late

from accounts.models import AccountSignals, CreditAccount, QualityGrade, Review, ReviewFile
from accounts.operations import review_refusals as refusals
from accounts.operations.attachments import add_file, clean_name, folder, kind_of
from accounts.operations.review_sampling import draw_sample, grade_review
from accounts.operations.reviewing import (
    Cause,
    Findings,
    assign_review,
    open_review,
    save_review,
    take_next_review,
    take_review,
)
from accounts.rules.reviews import sampled
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.people.refusals import ConflictDeclared
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK, Scope

pytestmark = pytest.mark.django_db
DONE = Findings("watch", ("forgot",), "Called; pays on Friday.")


@pytest.fixture
def account() -> CreditAccount:
    set_business_date(DAY)
    return make_late()


@pytest.fixture
def analyst() -> Any:
    return make_user(Role.ANALYST, username="lin")


@pytest.fixture
def lead() -> Any:
    return make_user(Role.TEAM_LEAD, username="chen")


def logged_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def opened(account: CreditAccount, person: Any, purpose: str = "Look at it") -> Review:
    return open_review(actor=Actor.of(person), account_id=account.pk, purpose=purpose)


# From opening to outcome ------------------------------------------------------------------------------------------


def test_a_review_is_opened_written_on_and_closed_on_the_pages(account: CreditAccount, analyst: Any) -> None:
    client = logged_in(analyst)
    answer = client.post(f"/accounts/{account.account_no}/reviews/", {"note": "Why late at once?"}, follow=True)
    review = Review.objects.get()
    assert answer.redirect_chain[-1][0] == f"/reviews/{review.pk}/"
    assert (review.source, review.cause, review.opened_on, review.facts["dpd"]) == ("hand", "hand", DAY, 20)
    assert "Why late at once?" in answer.content.decode()
    assert str(review.pk) in client.get("/reviews/").content.decode()
    saved = client.post(f"/reviews/{review.pk}/save/", {"version": 1, "outcome": "watch", "note": "so far", "save": "1"})
    assert saved.status_code == 302
    review.refresh_from_db()
    assert (review.version, review.assigned_to, review.is_open, review.note) == (2, analyst, True, "so far")
    values = {"version": 2, "outcome": "contact", "reasons": ["forgot", "income_lost"], "note": "done", "close": "1"}
    assert client.post(f"/reviews/{review.pk}/save/", values).status_code == 302
    review.refresh_from_db()
    assert (review.is_open, review.outcome, review.reasons) == (False, "contact", ["forgot", "income_lost"])
    assert (review.closed_on, review.closed_by, review.closed_by_name) == (DAY, analyst, "lin")
    assert AccountSignals.objects.get(pk=account.pk).reviewed_on == DAY
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "review.open", "review.work", "review.work",
    ]  # fmt: skip
    page = client.get(f"/reviews/{review.pk}/").content.decode()
    assert "contact the customer" in page and "Close with this outcome" not in page
    assert str(review.pk) in client.get("/reviews/?state=closed&whose=mine").content.decode()


def test_the_api_does_the_same(account: CreditAccount, analyst: Any) -> None:
    client = logged_in(analyst)
    asked = {"account_no": account.account_no, "purpose": "Look"}
    made = client.post("/api/v1/reviews/", asked, content_type="application/json")
    assert made.status_code == 201
    number = made.json()["id"]
    again = client.post("/api/v1/reviews/", asked, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "review_open_already")
    assert [row["id"] for row in client.get("/api/v1/reviews/").json()["results"]] == [number]
    closed = client.patch(
        f"/api/v1/reviews/{number}/",
        {"version": 1, "outcome": "no_action", "reasons": ["false_alarm"], "closes": True},
        content_type="application/json",
    )
    assert (closed.status_code, closed.json()["is_open"], closed.json()["closed_by"]) == (200, False, "lin")
    late = client.patch(f"/api/v1/reviews/{number}/", {"version": 2, "note": "x"}, content_type="application/json")
    assert (late.status_code, late.json()["code"]) == (409, "review_closed")


@pytest.mark.parametrize(
    ("findings", "refusal"),
    [
        (Findings("", ("forgot",)), refusals.OutcomeMissing),
        (Findings("watch"), refusals.ReasonsMissing),
        (Findings("watch", ("nonsense",)), refusals.ReasonUnknown),
        (Findings("nonsense", ("forgot",)), refusals.OutcomeUnknown),
        (Findings("watch", ("forgot",), "x" * 10_001), refusals.TextTooLong),
    ],
)
def test_a_review_is_not_closed_without_outcome_and_reasons(
    account: CreditAccount, analyst: Any, findings: Findings, refusal: type[Exception]
) -> None:
    review = opened(account, analyst)
    lines = AuditEntry.objects.count()
    with pytest.raises(refusal):
        save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=findings, closes=True)
    review.refresh_from_db()
    assert (review.is_open, review.version, review.outcome, AuditEntry.objects.count()) == (True, 1, "", lines)


def test_a_stale_form_shows_the_difference_and_loses_nothing(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    save_review(actor=Actor.of(lead), review_id=review.pk, version=1, findings=Findings("legal", (), "theirs"))
    values = {"version": 1, "outcome": "watch", "reasons": ["forgot"], "note": "mine", "save": "1"}
    other = make_user(Role.TEAM_LEAD)
    answer = logged_in(other).post(f"/reviews/{review.pk}/save/", values)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "mine" in text and "theirs" in text and 'name="version" value="2"' in text
    review.refresh_from_db()
    assert (review.note, review.version) == ("theirs", 2)
    assert logged_in(other).post(f"/reviews/{review.pk}/save/", {**values, "version": 2}).status_code == 302
    review.refresh_from_db()
    assert (review.note, review.outcome) == ("mine", "watch")
    stale = logged_in(other).patch(
        f"/api/v1/reviews/{review.pk}/", {"version": 1, "note": "older"}, content_type="application/json"
    )
    assert stale.status_code == 409
    assert stale.json()["differences"]["note"] == {"yours": "older", "theirs": "mine"}


def test_another_persons_review_is_theirs_until_a_lead_hands_it_over(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    take_review(actor=Actor.of(analyst), review_id=review.pk)
    other = make_user(Role.ANALYST, username="wang")
    with pytest.raises(refusals.ReviewOfSomebodyElse):
        take_review(actor=Actor.of(other), review_id=review.pk)
    with pytest.raises(refusals.ReviewOfSomebodyElse):
        save_review(actor=Actor.of(other), review_id=review.pk, version=1, findings=DONE)
    assert logged_in(lead).post(f"/reviews/{review.pk}/assign/", {"assigned_to": "wang"}).status_code == 302
    assert save_review(actor=Actor.of(other), review_id=review.pk, version=1, findings=DONE).version == 2


def test_only_somebody_who_may_work_on_it_is_assigned(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    make_user(Role.COMPLIANCE, username="reader")
    narrow = make_user(Role.ANALYST, username="narrow")
    PortfolioScope.objects.create(user=narrow, product_code="another")
    make_conflict(make_user(Role.ANALYST, username="cousin"), account.customer)
    for username in ("nobody", "reader", "narrow", "cousin"):
        with pytest.raises(refusals.AssigneeUnfit):
            assign_review(actor=Actor.of(lead), review_id=review.pk, username=username)
    review.refresh_from_db()
    assert review.assigned_to is None


def test_the_next_review_is_the_oldest_that_the_person_may_work_on(account: CreditAccount, analyst: Any) -> None:
    hidden = make_late(product=make_product(product_code="HIDDEN"))
    kin, free = make_late(), make_late()
    make_conflict(analyst, kin.customer)
    machine = Actor("sweeper")
    for one in (hidden, kin, free):
        open_review(actor=machine, account_id=one.pk, purpose="p")
    scope = Scope(frozenset({kin.product.product_code, free.product.product_code}))
    assert take_next_review(actor=Actor.of(analyst), scope=scope).account_id == free.pk
    with pytest.raises(refusals.NoReviewWaits):
        take_next_review(actor=Actor.of(analyst), scope=scope)
    assert take_next_review(actor=Actor.of(make_user(Role.ANALYST)), scope=WHOLE_BOOK).account_id == hidden.pk


def test_a_conflict_keeps_a_person_out_and_leaves_no_mark(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, lead)
    make_conflict(analyst, account.customer)
    lines = AuditEntry.objects.count()
    for act in (
        lambda: opened(account, analyst),
        lambda: take_review(actor=Actor.of(analyst), review_id=review.pk),
        lambda: save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=DONE),
        lambda: add_file(actor=Actor.of(analyst), review_id=review.pk, name="a.txt", chunks=[b"a"], size_bytes=1),
    ):
        with pytest.raises(ConflictDeclared):
            act()
    client = logged_in(analyst)
    for path in (f"/reviews/{review.pk}/", f"/customers/{account.customer.customer_no}/", f"/api/v1/reviews/{review.pk}/"):
        assert client.get(path).status_code == 403, path
    assert (AuditEntry.objects.count(), ReviewFile.objects.count()) == (lines, 0)


def test_the_database_keeps_one_open_review_of_a_cause(account: CreditAccount, analyst: Any) -> None:
    opened(account, analyst)
    with pytest.raises(refusals.ReviewOpenAlready):
        opened(account, analyst)
    twin = Review(
        account=account, customer=account.customer, source="hand", cause="hand", purpose="p", opened_on=DAY, opened_by_name="x"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_a_rule_waits_for_the_cool_off_and_a_person_does_not(account: CreditAccount, analyst: Any) -> None:
    cause = Cause("rule:links", "dpd > 1", 1, 30)
    machine = Actor("rules")
    first = open_review(actor=machine, account_id=account.pk, purpose="p", cause=cause)
    save_review(actor=Actor.of(analyst), review_id=first.pk, version=1, findings=DONE, closes=True)
    for days, is_refused in ((0, True), (30, True), (31, False)):
        set_business_date(DAY + timedelta(days=days))
        if is_refused:
            with pytest.raises(refusals.ReviewCoolsOff):
                open_review(actor=machine, account_id=account.pk, purpose="p", cause=cause)
        else:
            assert open_review(actor=machine, account_id=account.pk, purpose="p", cause=cause).source == "rule"
    assert opened(account, analyst).cause == "hand"


# The queue --------------------------------------------------------------------------------------------------------


def test_the_queue_is_paged_by_keyset_and_keeps_its_filters(analyst: Any, django_assert_num_queries: Any) -> None:
    set_business_date(DAY)
    for _number in range(60):
        opened(make_late(), analyst)
    client = logged_in(analyst)
    first = client.get("/api/v1/reviews/?whose=nobody").json()
    second = client.get("/api/v1/reviews/", {"whose": "nobody", "after": first["next"]}).json()
    numbers = [row["id"] for row in first["results"] + second["results"]]
    assert (len(first["results"]), second["next"], len(set(numbers)), sorted(numbers)) == (50, "", 60, numbers)
    text = client.get("/reviews/?whose=nobody").content.decode()
    assert "60 reviews" in text and "whose=nobody&amp;after=open" in text
    assert "No review fits" in client.get("/reviews/?whose=mine").content.decode()


def test_reviews_out_of_sight_are_as_if_not_there(account: CreditAccount, lead: Any) -> None:
    review = opened(account, lead)
    narrow = make_user(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=narrow, product_code="another")
    client = logged_in(narrow)
    assert client.get("/api/v1/reviews/").json()["results"] == []
    for path in (f"/reviews/{review.pk}/", f"/api/v1/reviews/{review.pk}/", f"/customers/{account.customer.customer_no}/"):
        assert client.get(path).status_code == 404, path


# Files ------------------------------------------------------------------------------------------------------------


def office(*names: str) -> bytes:
    """Return a zip with parts of these names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n...", "pdf"),
        (b"\x89PNG\r\n\x1a\n...", "png"),
        (b"\xff\xd8\xff\xe0...", "jpg"),
        ("付款凭证".encode(), "txt"),
        (office("word/document.xml"), "docx"),
        (office("xl/workbook.xml"), "xlsx"),
        (office("xl/workbook.xml", "xl/vbaProject.bin"), None),
        (office("evil.exe"), None),
        (b"PK\x03\x04 broken", None),
        (b"<html><script>alert(1)</script>", None),
        (b" < svg onload=x>", None),
        (b"MZ\x90\x00\x03", None),
        (b"\x00\x01", None),
    ],
)
def test_a_files_kind_is_told_from_its_bytes(content: bytes, kind: str | None) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\temp\\a.exe", "a.pdf"),
        ('凭证"<1>.pdf', "凭证1.pdf"),
        ("", "file.pdf"),
        ("a\r\nX: y.pdf", "aX y.pdf"),
        ("x" * 300, "x" * 116 + ".pdf"),
    ],
)
def test_a_files_name_is_made_safe(name: str, clean: str) -> None:
    assert clean_name(name, "pdf") == clean


def test_a_file_is_kept_apart_and_handed_out_as_a_download(account: CreditAccount, analyst: Any) -> None:
    review = opened(account, analyst)
    client = logged_in(analyst)
    upload = SimpleUploadedFile("proof.html", b"%PDF-1.7 content", content_type="text/html")
    assert client.post(f"/reviews/{review.pk}/files/", {"file": upload}).status_code == 302
    kept = ReviewFile.objects.get()
    assert (kept.name, kept.content_type, kept.size_bytes) == ("proof.pdf", "application/pdf", 16)
    assert (folder() / kept.stored_as).stat().st_mode & 0o777 == 0o600
    assert b"content" not in (folder() / kept.stored_as).read_bytes()
    answer = client.get(f"/reviews/files/{kept.pk}/")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 content"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff" and "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    for content, refusal in (
        (b"%PDF-1.7 content", refusals.FileThereAlready),
        (b"", refusals.FileEmpty),
        (b"MZ\x00", refusals.FileKindUnknown),
        (b"%PDF-" + b"x" * 10 * 1024 * 1024, refusals.FileTooLarge),
    ):
        with pytest.raises(refusal):
            add_file(actor=Actor.of(analyst), review_id=review.pk, name="a", chunks=[content], size_bytes=len(content))
    assert ReviewFile.objects.count() == 1
    assert [path.name for path in folder().iterdir() if path.name.startswith(f"{review.pk}-")] == [kept.stored_as]
    narrow = make_user(Role.ANALYST)
    PortfolioScope.objects.create(user=narrow, product_code="another")
    assert logged_in(narrow).get(f"/reviews/files/{kept.pk}/").status_code == 404


# Quality ----------------------------------------------------------------------------------------------------------


def test_a_sample_takes_each_reviewers_share_and_the_same_again() -> None:
    reviews = [(number, 1 if number < 100 else 2) for number in range(110)]
    first = sampled(reviews, seed="s", percent=10, shares={})
    assert first == sampled(list(reversed(reviews)), seed="s", percent=10, shares={})
    assert first != sampled(reviews, seed="t", percent=10, shares={})
    assert (sum(n < 100 for n in first), sum(n >= 100 for n in first)) == (10, 1)
    assert len(sampled(reviews, seed="s", percent=10, shares={2: 50, 1: 0})) == 5
    assert sampled([(7, 3)], seed="s", percent=1, shares={}) == (7,)


def test_a_second_person_grades_and_the_figures_say_so(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=DONE, closes=True)
    client = logged_in(lead)
    asked = {"closed_from": "2025-03-01", "closed_to": "2025-03-31", "percent": 10, "seed": "march"}
    with pytest.raises(refusals.NotSampled):
        grade_review(actor=Actor.of(lead), review_id=review.pk, grade="sound")
    assert client.post("/reviews/quality/samples/", asked).status_code == 302
    again = client.post("/api/v1/reviews/samples/", asked, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "sample_drawn_already")
    with pytest.raises(refusals.GradedByReviewer):
        grade_review(actor=Actor.of(analyst), review_id=review.pk, grade="sound")
    with pytest.raises(refusals.FindingMissing):
        grade_review(actor=Actor.of(lead), review_id=review.pk, grade="major")
    compliance = logged_in(make_user(Role.COMPLIANCE))
    answer = compliance.post(f"/reviews/{review.pk}/grade/", {"grade": "minor", "finding": "No proof attached"})
    assert answer.status_code == 302
    with pytest.raises(refusals.GradeGiven):
        grade_review(actor=Actor.of(lead), review_id=review.pk, grade="sound")
    figures = client.get("/api/v1/reviews/quality/").json()
    assert figures["reviewers"] == [
        {"username": "lin", "closed": 1, "sampled": 1, "graded": 1, "sound": 0, "minor": 1, "major": 0}
    ]
    assert figures["findings"][0]["finding"] == "No proof attached"
    assert "No proof attached" in client.get("/reviews/quality/").content.decode()


def test_the_database_keeps_reviewer_and_grader_apart(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=DONE, closes=True)
    draw_sample(actor=Actor.of(lead), closed_from=DAY, closed_to=DAY, percent=100, seed="s")
    with pytest.raises(IntegrityError), transaction.atomic():
        QualityGrade.objects.update(graded_by=analyst)


def test_nothing_is_drawn_from_an_empty_period_or_with_odd_values(lead: Any) -> None:
    actor = Actor.of(lead)
    with pytest.raises(refusals.SampleEmpty):
        draw_sample(actor=actor, closed_from=DAY, closed_to=DAY, percent=10, seed="s")
    for values in (
        {"percent": 0}, {"percent": 101}, {"seed": " "}, {"closed_to": DAY - timedelta(days=1)}, {"shares": {"nobody": 5}},
        {"shares": {"chen": 101}},
    ):  # fmt: skip
        with pytest.raises(refusals.SampleValueRefused):
            draw_sample(**{"actor": actor, "closed_from": DAY, "closed_to": DAY, "percent": 10, "seed": "s", **values})


def test_reviews_know_their_customer(account: CreditAccount, analyst: Any) -> None:
    other = make_account(customer=make_customer())
    assert (opened(account, analyst).customer_id, opened(other, analyst).customer_id) == (
        account.customer_id,
        other.customer_id,
    )


def test_the_admins_record_is_saved_by_the_operation_of_the_pages(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    client = logged_in(analyst)
    path = f"/admin/accounts/review/{review.pk}/change/"
    assert 'name="note"' in client.get(path).content.decode()
    values = {"version": 1, "outcome": "watch", "reasons": ["forgot"], "note": "from the records"}
    assert client.post(path, values).status_code == 302
    review.refresh_from_db()
    assert (review.note, review.version, review.assigned_to) == ("from the records", 2, analyst)
    client.post(path, {**values, "note": "stale"})
    review.refresh_from_db()
    assert (review.note, review.version) == ("from the records", 2)
    assert AuditEntry.objects.filter(action="review.work").count() == 1


def test_files_are_kept_by_who_may_write_on_the_review(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review, other = opened(account, lead), make_user(Role.ANALYST)
    take_review(actor=Actor.of(analyst), review_id=review.pk)
    lines, lie_there = AuditEntry.objects.count(), set(folder().glob("*"))

    def sent(by: Any, prefix: str = "", text: bytes = b"of somebody else") -> Any:
        return logged_in(by).post(f"{prefix}/reviews/{review.pk}/files/", {"file": SimpleUploadedFile("a.txt", text)})

    page, api = sent(other), sent(other, "/api/v1")
    assert page.status_code == 422 and f"is assigned to {analyst.username}" in page.content.decode()
    assert (api.status_code, api.json()["code"]) == (409, "review_of_somebody_else")
    assert (ReviewFile.objects.count(), AuditEntry.objects.count()) == (0, lines)
    assert set(folder().glob("*")) == lie_there
    assert sent(analyst, text=b"mine").status_code == 302
    assert sent(lead, "/api/v1", b"of the lead").status_code == 201
    assert list(ReviewFile.objects.order_by("pk").values_list("added_by", flat=True)) == [analyst.pk, lead.pk]


def test_a_review_s_page_asks_as_often_however_much_hangs_on_it(account: CreditAccount, analyst: Any, lead: Any) -> None:
    review = opened(account, analyst)
    client = logged_in(analyst)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/reviews/{review.pk}/").status_code == 200
        return len(captured)

    few = asked()
    for number in range(8):
        content = f"text {number}".encode()
        add_file(actor=Actor.of(analyst), review_id=review.pk, name=f"{number}.txt", chunks=[content], size_bytes=len(content))
        make_user(Role.ANALYST)
    save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=Findings("watch", ("forgot",), "n"))
    assert asked() == few <= 15
