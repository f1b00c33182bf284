"""Sweeps: set up, run by a person, and run by the close, shard by shard, as if the book were one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from factories import make_user, set_business_date
from review_books import DAY, make_late

from accounts.models import AccountState, CreditAccount, Review, ReviewSweep, SweepCandidate
from accounts.operations import sweeping
from accounts.operations.review_refusals import SweepBeyondSight
from accounts.operations.review_sweeps import SweepSettings, run_sweep, save_sweep
from accounts.operations.reviewing import Findings, save_review
from accounts.operations.sweeping import begin_sweeps, find_candidates, finish_sweeps, open_candidates
from accounts.queries.rule_cost import RuleTooSlow
from accounts.rules.reviews import runs_on
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
DONE = Findings("watch", ("forgot",), "Called; pays on Friday.")
Ranges = list[tuple[int, int]]
WHOLE: Ranges = [(0, 2**63 - 1)]


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


def find(day: date, ranges: Ranges) -> int:
    begin_sweeps(day=day)
    return sum(find_candidates(day=day, first_account_id=first, last_account_id=last) for first, last in ranges)


def open_found(day: date, ranges: Ranges) -> int:
    return sum(open_candidates(day=day, first_account_id=first, last_account_id=last) for first, last in ranges)


def sweep_in_close(day: date, ranges: Ranges = WHOLE) -> int:
    """Do what a close does about sweeps over the shards, and return how many reviews were opened."""
    find(day, ranges)
    opened = open_found(day, ranges)
    finish_sweeps(day=day)
    return opened


def split(accounts: list[CreditAccount], size: int) -> Ranges:
    """Return ranges of `size` accounts that cover the book, the last one open-ended."""
    firsts = [0, *(account.pk for account in accounts[size::size])]
    return list(zip(firsts, [*(first - 1 for first in firsts[1:]), WHOLE[0][1]], strict=True))


SWEEP = SweepSettings("late", "Late ones", "See why", "dpd > 10", "daily", cool_off_days=30, is_active=True)


def test_a_sweep_opens_one_review_of_each_account_and_none_again(account: CreditAccount, analyst: Any, lead: Any) -> None:
    make_late(0)
    sweep = save_sweep(actor=Actor.of(lead), settings=SWEEP)
    assert sweep_in_close(DAY) == 1
    review = Review.objects.get()
    assert (review.account_id, review.source, review.cause, review.rule) == (account.pk, "sweep", "sweep:late", "dpd > 10")
    assert (review.facts["dpd"], review.rule_version, review.purpose) == (20, 1, "See why")
    assert run_sweep(actor=Actor.of(lead), sweep_id=sweep.pk, day=DAY) == 0
    save_review(actor=Actor.of(analyst), review_id=review.pk, version=1, findings=DONE, closes=True)
    assert sweep_in_close(DAY + timedelta(days=30)) == 0
    assert sweep_in_close(DAY + timedelta(days=31)) == 1
    page = logged_in(analyst).get(f"/reviews/{review.pk}/").content.decode()
    assert "days past due" in page and "dpd &gt; 10" in page and "holds" in page


def test_a_sweep_opens_no_more_than_it_may_those_who_owe_most_first(lead: Any) -> None:
    set_business_date(DAY)
    poor, rich = make_late(owed=100), make_late(owed=90_000)
    save_sweep(actor=Actor.of(lead), settings=SweepSettings("s", "S", "p", "dpd > 10", "daily", most_a_run=1, is_active=True))
    assert sweep_in_close(DAY) == 1
    assert Review.objects.get().account_id == rich.pk
    assert sweep_in_close(DAY + timedelta(days=1)) == 1
    assert set(Review.objects.values_list("account_id", flat=True)) == {rich.pk, poor.pk}


def test_a_sweep_that_fails_stops_neither_the_others_nor_the_close(account: CreditAccount, lead: Any) -> None:
    save_sweep(actor=Actor.of(lead), settings=SWEEP)
    ReviewSweep.objects.create(
        code="a-broken", name="B", purpose="p", rule="gone > 1", schedule="daily", is_active=True
    )  # fmt: skip
    assert sweep_in_close(DAY) == 1
    broken = ReviewSweep.objects.get(code="a-broken")
    assert "gone" in broken.last_failure and broken.last_run_on == DAY
    assert AuditEntry.objects.filter(action="review_sweep.fail").count() == 1


def test_a_sweep_is_set_up_measured_and_changed_on_its_page(account: CreditAccount, lead: Any) -> None:
    client = logged_in(lead)
    values = {
        "version": 0, "code": "late", "name": "Late ones", "purpose": "See why", "rule": "dpd > 10", "schedule": "weekly",
        "schedule_day": 1, "cool_off_days": 30, "most_a_run": 200, "is_active": "on",
    }  # fmt: skip
    before = ReviewSweep.objects.count()
    measured = client.post("/reviews/sweeps/new/", {**values, "preview": "1"})
    assert "holds on 1 of 1 accounts" in measured.content.decode() and ReviewSweep.objects.count() == before
    assert client.post("/reviews/sweeps/new/", values).status_code == 302
    sweep = ReviewSweep.objects.get(code="late")
    refused = client.post(f"/reviews/sweeps/{sweep.pk}/", {**values, "version": 1, "rule": "dpdd > 1"})
    assert refused.status_code == 422 and "dpdd" in refused.content.decode() and "dpd" in refused.content.decode()
    stale = client.post(f"/reviews/sweeps/{sweep.pk}/", {**values, "version": 0, "name": "Other"})
    assert stale.status_code == 422
    assert client.post(f"/reviews/sweeps/{sweep.pk}/", {**values, "version": 1, "schedule_day": 8}).status_code == 422
    sweep.refresh_from_db()
    assert (sweep.version, sweep.name) == (1, "Late ones")


@pytest.mark.parametrize(
    ("day", "schedule", "schedule_day", "runs"),
    [
        (date(2025, 3, 31), "daily", 1, True),
        (date(2025, 3, 31), "weekly", 1, True),
        (date(2025, 4, 1), "weekly", 1, False),
        (date(2025, 2, 28), "monthly", 31, True),
        (date(2024, 2, 28), "monthly", 31, False),
        (date(2024, 2, 29), "monthly", 30, True),
        (date(2025, 3, 30), "monthly", 31, False),
    ],
)
def test_a_schedule_runs_on_its_days(day: date, schedule: str, schedule_day: int, runs: bool) -> None:
    assert runs_on(day, schedule=schedule, schedule_day=schedule_day) is runs


# Over the shards of a close -----------------------------------------------------------------------------------------


@pytest.fixture
def book(lead: Any) -> list[CreditAccount]:
    """Six late accounts, of which the sweep may open three; two that owe the same stand on either side of that bound."""
    set_business_date(DAY)
    save_sweep(actor=Actor.of(lead), settings=SweepSettings("s", "S", "p", "dpd > 10", "daily", most_a_run=3, is_active=True))
    return [make_late(owed=owed) for owed in (500, 900, 700, 100, 700, 200)]


def swept() -> set[int]:
    return set(Review.objects.values_list("account_id", flat=True))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_the_bound_is_of_the_whole_book_however_it_is_cut_into_shards(book: list[CreditAccount], size: int) -> None:
    assert sweep_in_close(DAY, split(book, size)) == 3
    assert swept() == {book[1].pk, book[2].pk, book[4].pk}
    sweep = ReviewSweep.objects.get(code="s")
    assert (sweep.last_run_on, sweep.last_opened, sweep.last_failure) == (DAY, 3, "")
    assert AuditEntry.objects.filter(action="review.open").count() == 3
    assert not SweepCandidate.objects.exists()


def test_of_those_who_owe_the_same_the_lower_number_comes_first_in_every_shard(book: list[CreditAccount]) -> None:
    ReviewSweep.objects.filter(code="s").update(most_a_run=2)
    assert sweep_in_close(DAY, list(reversed(split(book, 2)))) == 2
    assert swept() == {book[1].pk, book[2].pk}


def test_a_shard_that_is_done_again_finds_the_same_and_opens_nothing(book: list[CreditAccount]) -> None:
    shards = split(book, 2)
    assert (find(DAY, shards), find(DAY, shards[:2]), SweepCandidate.objects.count()) == (6, 4, 6)
    assert (open_found(DAY, shards[1:]), open_found(DAY, shards[1:]), open_found(DAY, shards)) == (2, 0, 1)
    assert (Review.objects.count(), AuditEntry.objects.filter(action="review.open").count()) == (3, 3)


def test_who_paid_since_the_shard_looked_is_left_in_peace(book: list[CreditAccount]) -> None:
    shards = split(book, 2)
    find(DAY, shards)
    AccountState.objects.filter(pk=book[1].pk).update(oldest_unpaid_due_date=None, days_past_due=0, bucket=0)
    assert open_found(DAY, shards) == 2
    assert swept() == {book[2].pk, book[4].pk}


@pytest.mark.parametrize("change", [{"rule": "dpd > 15", "version": 2}, {"is_active": False}])
def test_a_sweep_changed_or_switched_off_meanwhile_opens_nothing_more(book: list[CreditAccount], change: dict[str, Any]) -> None:
    shards = split(book, 2)
    find(DAY, shards)
    assert open_found(DAY, shards[:1]) == 1
    ReviewSweep.objects.filter(code="s").update(**change)
    assert open_found(DAY, shards) == 0
    assert swept() == {book[1].pk}


def test_a_sweep_that_fails_in_one_shard_opens_none_in_any_and_says_so_once(
    book: list[CreditAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_sweep(actor=Actor("t"), settings=SweepSettings("other", "O", "p", "dpd > 10", "daily", most_a_run=1, is_active=True))
    looks_through = sweeping.candidates

    def slow(sweep: ReviewSweep, *arguments: Any) -> Any:
        if sweep.code == "s" and SweepCandidate.objects.filter(sweep=sweep).exists():
            raise RuleTooSlow(5)
        return looks_through(sweep, *arguments)

    monkeypatch.setattr(sweeping, "candidates", slow)
    assert sweep_in_close(DAY, split(book, 2)) == 1
    assert list(Review.objects.values_list("cause", flat=True)) == ["sweep:other"]
    failed = ReviewSweep.objects.get(code="s")
    assert (failed.last_run_on, failed.last_opened) == (DAY, 0)
    assert "more than 5 seconds" in failed.last_failure
    assert AuditEntry.objects.filter(action="review_sweep.fail").count() == 1
    monkeypatch.undo()
    # The next night it runs as ever, and so does the other.
    assert sweep_in_close(DAY + timedelta(days=1), split(book, 2)) == 3 + 1
    failed.refresh_from_db()
    assert (failed.last_opened, failed.last_failure) == (3, "")


def test_a_review_that_somebody_opens_at_the_same_moment_is_not_opened_twice(
    book: list[CreditAccount], lead: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = ReviewSweep.objects.get(code="s")
    next_day = DAY + timedelta(days=1)
    find(next_day, WHOLE)
    assert run_sweep(actor=Actor.of(lead), sweep_id=sweep.pk, day=DAY) == 3
    # As it looks to a transaction that read before the other one was committed.
    monkeypatch.setattr(sweeping, "_in_the_way", lambda _sweep, _day: Review.objects.none())
    assert open_found(next_day, WHOLE) == 0
    assert set(Review.objects.values_list("opened_on", flat=True)) == {DAY}
    assert AuditEntry.objects.filter(action="review.open").count() == 3


def test_figures_of_a_sweep_are_of_the_products_in_sight(account: CreditAccount, lead: Any) -> None:
    other = make_late()
    sweep = save_sweep(actor=Actor.of(lead), settings=SWEEP)
    narrow = make_user(Role.TEAM_LEAD)
    PortfolioScope.objects.create(user=narrow, product_code=other.product.product_code)
    form = {
        "version": 1, "name": "n", "purpose": "p", "rule": "dpd > 10", "schedule": "daily", "schedule_day": 1,
        "cool_off_days": 30, "most_a_run": 200, "preview": "1",
    }  # fmt: skip
    for person, says in ((lead, "holds on 2 of 2 accounts"), (narrow, "holds on 1 of 1 accounts")):
        assert says in logged_in(person).post(f"/reviews/sweeps/{sweep.pk}/", form).content.decode()
    assert sweep_in_close(DAY) == 2
    assert "2 opened" not in logged_in(narrow).get("/reviews/sweeps/").content.decode()
    assert "2 opened" in logged_in(lead).get("/reviews/sweeps/").content.decode()
    read = [logged_in(person).get("/api/v1/reviews/sweeps/").json() for person in (lead, narrow)]
    told = [row["last_opened"] for rows in read for row in rows if row["code"] == SWEEP.code]
    assert told == [2, None]


# Whoever sees a part of the book ----------------------------------------------------------------------------------------


@pytest.fixture
def parts() -> tuple[CreditAccount, CreditAccount]:
    """Two late accounts of different products; the second one owes more."""
    set_business_date(DAY)
    return make_late(owed=100), make_late(owed=900)


def who_sees(*accounts: CreditAccount) -> Any:
    """Return a team lead who sees the products of some accounts only."""
    person = make_user(Role.TEAM_LEAD)
    for account in accounts:
        PortfolioScope.objects.create(user=person, product_code=account.product.product_code)
    return person


@pytest.mark.parametrize("size", [1, 2])
def test_a_sweep_looks_through_what_whoever_set_it_up_may_see(parts: tuple[CreditAccount, CreditAccount], size: int) -> None:
    seen, hidden = parts
    narrow = who_sees(seen)
    sweep = save_sweep(actor=Actor.of(narrow), settings=replace(SWEEP, most_a_run=1))
    assert sweep.products == [seen.product.product_code]
    assert sweep_in_close(DAY, split([seen, hidden], size)) == 1
    assert swept() == {seen.pk}
    # The scope is kept with the sweep: what the person may see by now does not widen it.
    PortfolioScope.objects.create(user=narrow, product_code=hidden.product.product_code)
    Review.objects.all().delete()
    assert run_sweep(actor=Actor.of(narrow), sweep_id=sweep.pk, day=DAY) == 1
    assert swept() == {seen.pk}


def test_a_sweep_beyond_ones_sight_is_neither_changed_nor_run(parts: tuple[CreditAccount, CreditAccount], lead: Any) -> None:
    seen, hidden = parts
    whole = save_sweep(actor=Actor.of(lead), settings=SWEEP)
    other = save_sweep(actor=Actor.of(who_sees(hidden)), settings=replace(SWEEP, code="other"))
    narrow = who_sees(seen)
    before = list(ReviewSweep.objects.order_by("pk").values()), AuditEntry.objects.count()
    for sweep, says in ((whole, "looks through the whole book"), (other, f"looks through {hidden.product.product_code}")):
        with pytest.raises(SweepBeyondSight, match=f"{says}, and you see {seen.product.product_code}; set up one of your own"):
            save_sweep(actor=Actor.of(narrow), settings=replace(SWEEP, code=sweep.code, name="n"), sweep_id=sweep.pk, version=1)
        with pytest.raises(SweepBeyondSight):
            run_sweep(actor=Actor.of(narrow), sweep_id=sweep.pk, day=DAY)
    client = logged_in(narrow)
    assert "set up one of your own" in client.post(f"/reviews/sweeps/{whole.pk}/run/", follow=True).content.decode()
    listed = client.get("/reviews/sweeps/").content.decode()
    assert f"/reviews/sweeps/{whole.pk}/" not in listed and "Late ones" in listed
    refused = client.post(f"/api/v1/reviews/sweeps/{whole.pk}/run/")
    assert (refused.status_code, refused.json()["code"]) == (422, "sweep_beyond_sight")
    assert (list(ReviewSweep.objects.order_by("pk").values()), AuditEntry.objects.count()) == before
    # Who sees more may change it; it goes on to look through the same.
    changed = save_sweep(
        actor=Actor.of(lead), settings=replace(SWEEP, code="other", name="n"), sweep_id=other.pk, version=1
    )  # fmt: skip
    assert (changed.name, changed.products) == ("n", [hidden.product.product_code])


def test_pages_and_api_say_what_a_sweep_looks_through(parts: tuple[CreditAccount, CreditAccount], lead: Any) -> None:
    seen, _hidden = parts
    code = seen.product.product_code
    narrow = logged_in(who_sees(seen))
    body = {"code": "own", "name": "Own", "purpose": "p", "rule": "dpd > 10", "schedule": "daily", "is_active": True}
    made = narrow.post("/api/v1/reviews/sweeps/", body, content_type="application/json")
    assert (made.status_code, made.json()["products"]) == (201, [code])
    assert narrow.post(f"/api/v1/reviews/sweeps/{made.json()['id']}/run/").json() == {"opened": 1}
    tag = f'<span class="tag">{code}</span>'
    for client in (narrow, logged_in(lead)):
        assert tag in client.get("/reviews/sweeps/").content.decode()
        assert tag in client.get(f"/reviews/sweeps/{made.json()['id']}/").content.decode()
        own = next(row for row in client.get("/api/v1/reviews/sweeps/").json() if row["code"] == "own")
        assert (own["products"], own["last_opened"]) == ([code], 1)
    assert tag in narrow.get("/reviews/sweeps/new/").content.decode()
    assert "whole book" in logged_in(lead).get("/reviews/sweeps/new/").content.decode()
    line = AuditEntry.objects.get(action="review_sweep.edit")
    assert line.after is not None and line.after["products"] == [code]
