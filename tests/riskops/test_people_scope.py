"""Whom a person may see, whom they must not work on, and whether their examination holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from factories import (
    make_account,
    make_conflict,
    make_customer,
    make_examination,
    make_member,
    make_product,
    make_team,
    make_user,
)

from riskops.shared.audit import COMMAND, Actor
from riskops.shared.models import Conflict, Examination, Membership, PortfolioScope
from riskops.shared.people.conflicts import conflicted_customers, refuse_conflict
from riskops.shared.people.examinations import expiry, refuse_without_examination
from riskops.shared.people.refusals import ConflictDeclared, ExaminationExpired
from riskops.shared.roles import Role
from riskops.shared.scope import NOTHING, WHOLE_BOOK, Scope, scope_of

pytestmark = pytest.mark.django_db


def today() -> date:
    return timezone.localdate()


def test_without_any_row_a_person_sees_the_whole_book() -> None:
    person = make_user(Role.ANALYST)
    make_member(make_team(), person)
    assert scope_of(person) == WHOLE_BOOK


def test_the_rows_of_todays_teams_add_up_and_rows_of_ones_own_decide_alone() -> None:
    person, other = make_user(Role.ANALYST), make_user(Role.ANALYST)
    first, second, left = make_team(products=["P1"]), make_team(products=["P2"]), make_team(products=["P3"])
    for user in (person, other):
        make_member(first, user)
        make_member(second, user)
        make_member(left, user, since=today() - timedelta(days=9), until=today() - timedelta(days=1))
    PortfolioScope.objects.create(user=other, product_code="P9")
    assert scope_of(person) == Scope(frozenset({"P1", "P2"}))
    assert scope_of(other) == Scope(frozenset({"P9"}))


def test_leaving_a_limited_team_for_none_opens_nothing() -> None:
    yesterday = today() - timedelta(days=1)
    limited, free = make_team(products=["A"]), make_team()
    leaver, changer = make_user(Role.ANALYST), make_user(Role.ANALYST)
    for person in (leaver, changer):
        make_member(limited, person, since=yesterday, until=yesterday)
    make_member(free, changer)
    assert scope_of(leaver).products == frozenset()
    assert not scope_of(changer).is_limited


def test_an_agency_user_sees_nothing_that_no_row_gives_and_compliance_reads_everything() -> None:
    agency, compliance = make_user(Role.AGENCY), make_user(Role.COMPLIANCE)
    assert scope_of(agency) == NOTHING
    make_member(make_team(products=["P1"]), compliance)
    assert scope_of(compliance) == WHOLE_BOOK


def test_the_scope_is_asked_for_once_a_request(django_assert_num_queries: Any) -> None:
    person = make_user(Role.ANALYST)
    with django_assert_num_queries(2):  # the roles, the rows
        scope_of(person)
        scope_of(person)


def test_a_scope_permits_the_accounts_of_its_products_only() -> None:
    account, other = make_account(product=make_product(product_code="PA")), make_account(product=make_product(product_code="PB"))
    scope = Scope(frozenset({"PA"}))
    assert (scope.permits(account.pk), scope.permits(other.pk), scope.permits(10**9)) == (True, False, False)
    assert list(scope.accounts(type(account).objects.all())) == [account]
    assert WHOLE_BOOK.permits(other.pk)


def test_a_scope_row_belongs_to_a_team_or_to_a_person_and_never_to_both() -> None:
    for owners in ({}, {"team": make_team(), "user": make_user()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PortfolioScope.objects.create(product_code="P1", **owners)


def test_who_has_a_conflict_is_refused_with_the_reason_the_end_and_who_can_take_over() -> None:
    customer, lead = make_customer(), make_user(Role.TEAM_LEAD, username="mei")
    person = make_user(Role.ANALYST)
    make_member(make_team(lead=lead), person)
    make_conflict(person, customer, kind=Conflict.Kind.RELATIVE, until=today() + timedelta(days=5))
    with pytest.raises(ConflictDeclared) as refused:
        refuse_conflict(Actor.of(person), customer.pk)
    assert "A relative of yours" in str(refused.value) and "mei can take over" in str(refused.value)
    assert refused.value.code == "conflict_declared"
    assert conflicted_customers(person) == {customer.pk}


def test_a_conflict_holds_from_its_first_day_through_its_last() -> None:
    customer, person, day = make_customer(), make_user(Role.ANALYST), date(2025, 3, 10)
    make_conflict(person, customer, since=day, until=day)
    with pytest.raises(ConflictDeclared):
        refuse_conflict(person, customer.pk, on=day)
    refuse_conflict(person, customer.pk, on=day - timedelta(days=1))
    refuse_conflict(person, customer.pk, on=day + timedelta(days=1))


def test_the_own_account_of_somebody_in_the_team_is_a_colleagues_account_without_being_declared() -> None:
    team, customer = make_team(), make_customer()
    owner, mate, stranger = make_user(Role.ANALYST), make_user(Role.ANALYST), make_user(Role.ANALYST)
    make_member(team, owner)
    make_member(team, mate)
    make_conflict(owner, customer, kind=Conflict.Kind.OWN)
    with pytest.raises(ConflictDeclared, match="A colleague of yours"):
        refuse_conflict(mate, customer.pk)
    with pytest.raises(ConflictDeclared, match="your own account"):
        refuse_conflict(owner, customer.pk)
    refuse_conflict(stranger, customer.pk)
    refuse_conflict(COMMAND, customer.pk)


def test_who_is_in_conflict_too_is_not_offered_to_take_over() -> None:
    customer, lead, person = make_customer(), make_user(Role.TEAM_LEAD), make_user(Role.ANALYST)
    make_member(make_team(lead=lead), person)
    for user in (lead, person):
        make_conflict(user, customer)
    with pytest.raises(ConflictDeclared, match="Nobody in your teams"):
        refuse_conflict(person, customer.pk)


def test_an_examination_expires_on_the_same_day_of_the_next_year() -> None:
    assert expiry(date(2025, 3, 10), months=12) == date(2026, 3, 10)
    assert expiry(date(2024, 2, 29), months=12) == date(2025, 2, 28)
    assert expiry(date(2025, 8, 31), months=6) == date(2026, 2, 28)
    assert expiry(date(2025, 12, 1), months=1) == date(2026, 1, 1)


def test_without_an_examination_that_holds_a_person_is_refused_and_a_machine_is_not() -> None:
    person = make_user(Role.ANALYST)
    with pytest.raises(ExaminationExpired, match="No passed examination"):
        refuse_without_examination(person)
    make_examination(person, passed_on=date(2025, 3, 10))
    refuse_without_examination(person, on=date(2026, 3, 9))
    for day in (date(2025, 3, 9), date(2026, 3, 10)):
        with pytest.raises(ExaminationExpired):
            refuse_without_examination(person, on=day)
    refuse_without_examination(COMMAND)


def test_the_database_keeps_the_history_of_conflicts_and_examinations() -> None:
    person, customer = make_user(), make_customer()
    conflict, examination = make_conflict(person, customer), make_examination(person, passed_on=date(2025, 3, 10))
    changes = (
        lambda: Conflict.objects.filter(pk=conflict.pk).update(kind=Conflict.Kind.COLLEAGUE),
        lambda: Conflict.objects.filter(pk=conflict.pk).delete(),
        lambda: Examination.objects.filter(pk=examination.pk).update(passed_on=date(2025, 4, 1)),
        lambda: Examination.objects.filter(pk=examination.pk).delete(),
    )
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Conflict.objects.filter(pk=conflict.pk).update(until=today()) == 1


def test_a_person_is_in_a_team_once_at_a_time() -> None:
    team, person = make_team(), make_user()
    make_member(team, person)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_member(team, person, since=today())
    assert Membership.objects.count() == 1
