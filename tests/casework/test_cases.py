"""Cases: opened, moved and closed by the close and on the spot, both alike; legal and agency by the rooms above."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from casework_books import DAY, stand
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from factories import TESTER, make_account, make_product, set_business_date
from hypothesis import given, settings
from hypothesis import strategies as st
from random_books import FIRST_DAY, make_random_book

from accounts.models import AccountState, CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.refusals import ReasonMissing
from accounts.rules.aging import bucket
from casework.bulk.cases import follow_cases
from casework.models import Case, CaseEvent, CaseFigures
from casework.operations.cases import follow_account, move_case
from casework.operations.cases.refusals import CaseInStageAlready, NoOpenCase, StageNotByHand
from casework.queries.cases.open_cases import open_case_of
from riskops.close_of_business import LAST_ACCOUNT_ID, close_day
from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db

COLUMNS = ("account_id", "episode", "since", "opened_on", "stage", "stage_since", "closed_on", "previous__episode")


def late(account: CreditAccount, days: int, *, day: date = DAY, **columns: Any) -> CreditAccount:
    """Let an account stand so many days past due on a day, 12.34 of principal overdue."""
    since = day - timedelta(days=days) if days else None
    figures = {
        "days_past_due": days,
        "bucket": bucket(days, bucket_map="default"),
        "oldest_unpaid_due_date": since,
        "overdue_principal_minor": 1_234 if days else 0,
        "outstanding_principal_minor": 50_000,
        **columns,
    }
    if AccountState.objects.filter(pk=account.pk).update(**figures):
        return account
    return stand(account, **figures)


def follow_all(day: date = DAY) -> int:
    """Follow the whole book, as the close of the day does."""
    return follow_cases(as_of=day, now=timezone.now(), first_account_id=0, last_account_id=LAST_ACCOUNT_ID)


def events_of(account: CreditAccount) -> list[tuple[str, str, str, date]]:
    """Return what happened in an account's cases, oldest first."""
    rows = CaseEvent.objects.filter(case__account=account).order_by("pk")
    return list(rows.values_list("kind", "from_stage", "to_stage", "day"))


@pytest.mark.parametrize(
    ("days", "stage"), [(1, "remind"), (30, "remind"), (31, "work"), (60, "work"), (61, "pursue"), (400, "pursue")]
)
def test_a_late_account_has_a_case_in_the_stage_of_its_days(days: int, stage: str) -> None:
    account = late(make_account(), days)
    assert follow_all() == 1
    case = Case.objects.get()
    assert (case.account, case.customer, case.product) == (account, account.customer, account.product)
    assert (case.episode, case.stage, case.since) == (1, stage, DAY - timedelta(days=days))
    assert (case.opened_on, case.stage_since, case.closed_on, case.previous) == (DAY, DAY, None, None)
    event = CaseEvent.objects.get()
    assert (event.kind, event.from_stage, event.to_stage, event.actor_name) == ("opened", "", stage, "close-of-business")
    assert (event.days_past_due, event.overdue_minor, event.details) == (days, 1_234, {})


def test_an_account_in_time_has_none_and_a_second_look_changes_nothing() -> None:
    late(make_account(), 0)
    late(make_account(), 5)
    assert (follow_all(), follow_all()) == (1, 0)
    assert (Case.objects.count(), CaseEvent.objects.count()) == (1, 1)


def test_a_case_moves_with_the_days_both_ways_and_closes_when_nothing_is_past_due() -> None:
    account = late(make_account(), 30)
    follow_all()
    next_day = DAY + timedelta(days=1)
    late(account, 31, day=next_day)
    assert follow_all(next_day) == 1
    late(account, 2, day=next_day)
    assert follow_all(next_day) == 1
    late(account, 0)
    assert follow_all(next_day) == 1
    assert events_of(account) == [
        ("opened", "", "remind", DAY),
        ("moved", "remind", "work", next_day),
        ("moved", "work", "remind", next_day),
        ("closed", "remind", "cured", next_day),
    ]
    case = Case.objects.get()
    assert (case.stage, case.stage_since, case.closed_on) == ("cured", next_day, next_day)
    assert open_case_of(account.pk) is None


@pytest.mark.parametrize(("gap", "is_linked"), [(180, True), (181, False)])
def test_late_again_is_another_episode_linked_to_the_last_within_the_days(gap: int, is_linked: bool) -> None:
    account = late(make_account(), 5)
    follow_all()
    late(account, 0)
    follow_all()
    again = DAY + timedelta(days=gap)
    late(account, 3, day=again)
    follow_all(again)
    first, second = Case.objects.order_by("episode")
    assert (second.episode, second.since, second.closed_on) == (2, again - timedelta(days=3), None)
    assert second.previous == (first if is_linked else None)


def test_a_written_off_account_has_a_written_off_case() -> None:
    account = late(make_account(), 40)
    follow_all()
    late(account, 40, is_written_off=True)
    follow_all()
    assert [event[1:3] for event in events_of(account)] == [("", "work"), ("work", "written_off")]


def test_figures_of_the_site_move_the_bounds() -> None:
    CaseFigures.objects.create(
        version=1, work_from_days=11, pursue_from_days=21, redefault_days=0, author_name="t", reason="r", made_at=timezone.now()
    )
    for days in (10, 11, 21):
        late(make_account(), days)
    follow_all()
    assert list(Case.objects.order_by("pk").values_list("stage", flat=True)) == ["remind", "work", "pursue"]


# Rooms above -------------------------------------------------------------------------------------------------------


def test_the_rooms_above_move_a_case_to_legal_and_back_to_where_its_days_put_it() -> None:
    account = late(make_account(), 70)
    set_business_date(DAY)
    follow_all()
    move_case(actor=TESTER, account_id=account.pk, stage="legal", reason="letter sent")
    assert follow_all() == 0
    late(account, 35)
    assert follow_all() == 0
    move_case(actor=TESTER, account_id=account.pk, stage="pursue", reason="settled")
    case = Case.objects.get()
    assert (case.stage, case.stage_since) == ("work", DAY)
    assert events_of(account)[1:] == [("moved", "pursue", "legal", DAY), ("moved", "legal", "work", DAY)]
    line = AuditEntry.objects.filter(action="case.move").order_by("pk").first()
    assert line is not None
    assert (line.before, line.after, line.reason) == ({"stage": "pursue"}, {"stage": "legal", "episode": 1}, "letter sent")


def test_an_account_paid_up_closes_its_case_wherever_it_is() -> None:
    account = late(make_account(), 70)
    set_business_date(DAY)
    follow_all()
    move_case(actor=TESTER, account_id=account.pk, stage="agency", reason="placed")
    late(account, 0)
    follow_all()
    assert Case.objects.get().stage == "cured"


@pytest.mark.parametrize(
    ("stage", "reason", "refusal"),
    [
        ("legal", " ", ReasonMissing),
        ("cured", "x", StageNotByHand),
        ("written_off", "x", StageNotByHand),
        ("nowhere", "x", StageNotByHand),
        ("work", "x", CaseInStageAlready),
    ],
)
def test_a_move_that_cannot_be_is_refused_and_changes_nothing(stage: str, reason: str, refusal: type[Exception]) -> None:
    account = late(make_account(), 40)
    set_business_date(DAY)
    follow_all()
    with pytest.raises(refusal):
        move_case(actor=TESTER, account_id=account.pk, stage=stage, reason=reason)
    assert (Case.objects.get().stage, CaseEvent.objects.count(), AuditEntry.objects.count()) == ("work", 1, 0)


def test_an_account_without_a_case_is_not_moved() -> None:
    account = late(make_account(), 0)
    with pytest.raises(NoOpenCase, match="nothing of it is past due"):
        move_case(actor=TESTER, account_id=account.pk, stage="legal", reason="x")


# The step and the spot ---------------------------------------------------------------------------------------------

standing = st.tuples(st.sampled_from([0, 1, 30, 31, 60, 61, 300]), st.booleans())


@settings(max_examples=40)
@given(book=st.lists(st.tuples(st.lists(standing, min_size=1, max_size=4), st.sampled_from(["", "", "legal"])), max_size=4))
def test_the_step_and_the_spot_give_the_same_rows(book: list[Any]) -> None:
    product = make_product()
    accounts = [(make_account(product=product), days, kept) for days, kept in book]
    set_business_date(DAY)

    def live(follow: Any) -> tuple[list[Any], list[Any]]:
        for turn in range(4):
            for account, days, kept in accounts:
                past_due, is_written_off = days[turn % len(days)]
                late(account, past_due, is_written_off=is_written_off)
                if turn == 2 and kept and (case := open_case_of(account.pk)) and case.stage != kept:
                    move_case(actor=TESTER, account_id=account.pk, stage=kept, reason="x")
            follow()
        rows = Case.objects.order_by("account_id", "episode").values_list(*COLUMNS)
        kinds = ("case__account_id", "case__episode", "kind", "from_stage", "to_stage", "day", "days_past_due", "overdue_minor")
        told = CaseEvent.objects.order_by("case__account_id", "pk").values_list(*kinds, "actor_name", "reason", "details")
        return list(rows), list(told)

    def on_the_spot() -> None:
        for account, _days, _kept in accounts:
            follow_account(account.pk)

    with transaction.atomic():
        spot = live(on_the_spot)
        transaction.set_rollback(True)
    assert live(follow_all) == spot


def test_payments_of_a_random_book_leave_what_a_close_would(django_capture_on_commit_callbacks: Any) -> None:
    accounts = make_random_book(seed=11, accounts=25, days=30)
    for offset in range(40):
        close_day(FIRST_DAY + timedelta(days=offset), actor=TESTER)
    day = FIRST_DAY + timedelta(days=39)
    opened = Case.objects.filter(closed_on=None).count()
    assert opened == AccountState.objects.filter(days_past_due__gt=0).count() > 5
    with django_capture_on_commit_callbacks(execute=True):
        for number, account in enumerate(accounts):
            post_payment(
                actor=TESTER, account_id=account.pk, amount_minor=30_000 * (number + 1), value_date=day, reference=f"now{number}"
            )
    assert follow_all(day) == 0
    still = Case.objects.filter(closed_on=None)
    assert 0 < still.count() < opened
    assert set(still.values_list("account_id", flat=True)) == set(
        AccountState.objects.filter(days_past_due__gt=0).values_list("pk", flat=True)
    )


def test_nothing_is_followed_before_the_first_close() -> None:
    account = late(make_account(), 5)
    assert follow_account(account.pk) is None
    assert Case.objects.count() == 0


# What the database keeps -------------------------------------------------------------------------------------------


def test_the_database_refuses_a_second_open_case() -> None:
    late(make_account(), 5)
    follow_all()
    case = Case.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(
            account=case.account, customer=case.customer, product=case.product, episode=2, since=DAY, opened_on=DAY,
            stage="work", stage_since=DAY,
        )  # fmt: skip


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_events(change: str) -> None:
    late(make_account(), 5)
    follow_all()
    with pytest.raises(DatabaseError, match="only added"), transaction.atomic():
        CaseEvent.objects.update(reason="other") if change == "update" else CaseEvent.objects.all().delete()
