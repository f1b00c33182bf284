"""Teams, absences, portfolios, conflicts, examinations: what is written and recorded, and refused with nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from factories import make_conflict, make_customer, make_examination, make_member, make_product, make_team, make_user

from riskops.shared.audit import COMMAND, Actor
from riskops.shared.models import Absence, AuditEntry, Conflict, Examination, Membership, PortfolioScope, Team
from riskops.shared.people import refusals
from riskops.shared.people.conflicts import declare_conflict, end_conflict
from riskops.shared.people.examinations import record_examination
from riskops.shared.people.portfolios import set_person_portfolio, set_team_portfolio
from riskops.shared.people.teams import (
    TeamSettings,
    add_member,
    cancel_absence,
    capacity_on,
    change_membership,
    enter_absence,
    members_on,
    save_team,
)
from riskops.shared.roles import Role
from riskops.shared.scope import Scope, scope_of

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 10)
NEXT = DAY + timedelta(days=1)


def actor_of(*roles: Role) -> Actor:
    return Actor.of(make_user(*roles))


def refused(refusal: type[Exception], act: Callable[[], Any], *, match: str | None = None) -> None:
    """Assert that an act is refused, and that nothing changed."""
    tables = (Team, Membership, Absence, PortfolioScope, Conflict, Examination, AuditEntry)
    before = [list(table.objects.order_by("pk").values()) for table in tables]  # type: ignore[attr-defined]
    with pytest.raises(refusal, match=match):
        act()
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before  # type: ignore[attr-defined]


def test_a_team_is_set_up_and_changed_with_a_line_in_the_trail() -> None:
    make_user(Role.TEAM_LEAD, username="mei")
    team = save_team(actor=COMMAND, settings=TeamSettings("  Early  1–30 ", "collections", "mei"))
    save_team(actor=COMMAND, settings=TeamSettings("Early 1–30", "review"), team_id=team.pk)
    save_team(actor=COMMAND, settings=TeamSettings("Early 1–30", "review"), team_id=team.pk)
    made, changed = AuditEntry.objects.order_by("pk")
    assert (made.action, made.subject_key, made.before) == ("team.manage", "Early 1–30", None)
    assert made.after == {"name": "Early 1–30", "kind": "collections", "lead": "mei", "is_open": True}
    assert (changed.before, changed.after) == (made.after, {**made.after, "kind": "review", "lead": ""})


def test_a_team_without_a_name_of_its_own_or_with_an_unknown_lead_is_refused() -> None:
    make_team(name="Early")
    for settings, refusal in (
        (TeamSettings(" ", "review"), refusals.TeamNameMissing),
        (TeamSettings("x" * 81, "review"), refusals.TeamNameMissing),
        (TeamSettings("Early", "review"), refusals.TeamNameTaken),
        (TeamSettings("Late", "review", "nobody"), refusals.PersonUnknown),
    ):
        refused(refusal, lambda settings=settings: save_team(actor=COMMAND, settings=settings))
    refused(refusals.TeamUnknown, lambda: save_team(actor=COMMAND, settings=TeamSettings("Late", "review"), team_id=99))


def test_a_lead_staffs_the_own_team_and_no_other_and_a_manager_staffs_all() -> None:
    lead, person = make_user(Role.TEAM_LEAD), make_user(Role.ANALYST, username="lin")
    own, other = make_team(lead=lead), make_team(name="Other")
    values: dict[str, Any] = {"username": "lin", "since": DAY, "daily_capacity": 40}
    add_member(actor=Actor.of(lead), team_id=own.pk, **values)
    refused(refusals.NotYourTeam, lambda: add_member(actor=Actor.of(lead), team_id=other.pk, **values), match="Other")
    add_member(actor=actor_of(Role.MANAGER), team_id=other.pk, **values)
    assert {row.team_id for row in person.memberships.all()} == {own.pk, other.pk}
    line = AuditEntry.objects.first()
    assert line and (line.action, line.subject_key, line.after["daily_capacity"]) == ("team.staff", "lin", 40)


def test_a_person_is_in_a_team_once_at_a_time_whatever_the_days() -> None:
    team, person = make_team(), make_user(username="lin")
    make_member(team, person, since=DAY, until=DAY + timedelta(days=9))

    def add(since: date, until: date | None = None) -> Membership:
        return add_member(actor=COMMAND, team_id=team.pk, username="lin", since=since, until=until, daily_capacity=1)

    refused(refusals.MemberAlready, lambda: add(DAY - timedelta(days=5)))
    refused(refusals.MemberAlready, lambda: add(DAY - timedelta(days=5), DAY))
    refused(refusals.MemberAlready, lambda: add(DAY + timedelta(days=9)))
    add(DAY - timedelta(days=5), DAY - timedelta(days=1))
    add(DAY + timedelta(days=10))
    assert person.memberships.count() == 3


def test_members_of_closed_teams_unknown_people_and_odd_values_are_refused() -> None:
    team, closed = make_team(), make_team(is_open=False)
    make_user(username="lin")
    values: dict[str, Any] = {"actor": COMMAND, "team_id": team.pk, "username": "lin", "since": DAY, "daily_capacity": 1}
    for change, refusal in (
        ({"team_id": closed.pk}, refusals.TeamClosed),
        ({"team_id": 99}, refusals.TeamUnknown),
        ({"username": "nobody"}, refusals.PersonUnknown),
        ({"daily_capacity": 1001}, refusals.CapacityOutOfRange),
        ({"daily_capacity": -1}, refusals.CapacityOutOfRange),
        ({"until": DAY - timedelta(days=1)}, refusals.DaysBackwards),
    ):
        refused(refusal, lambda change=change: add_member(**{**values, **change}))


def test_a_membership_changes_from_today_on_and_what_is_past_stays() -> None:
    member = make_member(make_team(), make_user(), since=DAY)
    lasting = {"actor": COMMAND, "membership_id": member.pk, "daily_capacity": 10, "today": NEXT}
    refused(refusals.DayBeforeToday, lambda: change_membership(**lasting, until=DAY))
    assert change_membership(**lasting, until=NEXT).daily_capacity == 10
    later = {**lasting, "today": NEXT + timedelta(days=1)}
    refused(refusals.MembershipUnknown, lambda: change_membership(**later, until=None))
    line = AuditEntry.objects.get()
    assert (line.before["until"], line.after["until"]) == (None, "2025-03-11")


def test_absent_people_have_no_capacity_on_those_days() -> None:
    team, person, other = make_team(), make_user(username="lin"), make_user(username="mo")
    make_member(team, person, daily_capacity=40)
    make_member(team, other, daily_capacity=25)
    enter_absence(actor=Actor.of(person), username="lin", first_day=DAY, last_day=NEXT)
    assert [capacity_on(team.pk, day) for day in (DAY - timedelta(days=1), DAY, NEXT, NEXT + timedelta(days=1))] == [
        65,
        25,
        25,
        65,
    ]
    assert [(member.username, member.is_absent) for member in members_on([team.pk], DAY)[team.pk]] == [
        ("lin", True),
        ("mo", False),
    ]


def test_absences_do_not_overlap_and_are_ones_own_or_those_of_people_one_leads() -> None:
    lead, stranger = make_user(Role.TEAM_LEAD), make_user(Role.TEAM_LEAD)
    person = make_user(Role.ANALYST, username="lin")
    make_member(make_team(lead=lead), person)

    def enter(by: Any, first: date, last: date) -> Absence:
        return enter_absence(actor=Actor.of(by), username="lin", first_day=first, last_day=last)

    absence = enter(lead, DAY, NEXT)
    refused(refusals.AbsentAlready, lambda: enter(person, NEXT, NEXT + timedelta(days=3)))
    refused(refusals.NotYourPerson, lambda: enter(stranger, DAY + timedelta(days=20), DAY + timedelta(days=20)))
    refused(refusals.DaysBackwards, lambda: enter(person, NEXT, DAY))
    refused(refusals.AbsenceTooLong, lambda: enter(person, DAY, DAY.replace(year=2026, day=12)))
    refused(refusals.NotYourPerson, lambda: cancel_absence(actor=Actor.of(stranger), absence_id=absence.pk))
    cancel_absence(actor=Actor.of(person), absence_id=absence.pk)
    refused(refusals.AbsenceUnknown, lambda: cancel_absence(actor=Actor.of(person), absence_id=absence.pk))
    assert AuditEntry.objects.filter(action="absence.enter").count() == 2


def test_a_portfolio_is_set_as_a_whole_and_an_empty_one_gives_the_whole_book_back() -> None:
    make_product(product_code="PA"), make_product(product_code="PB")
    team, person = make_team(), make_user(Role.ANALYST, username="lin")
    make_member(team, person)
    set_team_portfolio(actor=COMMAND, team_id=team.pk, products=["PA", "PB"])
    set_team_portfolio(actor=COMMAND, team_id=team.pk, products=["PB"])
    set_team_portfolio(actor=COMMAND, team_id=team.pk, products=["PB"])
    assert scope_of(person) == Scope(frozenset({"PB"}))
    assert [entry.after for entry in AuditEntry.objects.order_by("pk")] == [{"products": ["PA", "PB"]}, {"products": ["PB"]}]
    refused(refusals.ProductUnknown, lambda: set_person_portfolio(actor=COMMAND, username="lin", products=["PX"]), match="PA, PB")
    set_team_portfolio(actor=COMMAND, team_id=team.pk, products=[])
    assert not PortfolioScope.objects.exists()


def test_a_conflict_is_declared_by_oneself_by_a_lead_or_by_compliance_and_by_nobody_else() -> None:
    lead, person = make_user(Role.TEAM_LEAD), make_user(Role.ANALYST, username="lin")
    make_member(make_team(lead=lead), person)
    for by in (person, lead, make_user(Role.COMPLIANCE), make_user(Role.MANAGER)):
        number = make_customer().customer_no
        declare_conflict(actor=Actor.of(by), username="lin", customer_no=f" {number} ", kind="relative", today=DAY)
    number = make_customer(customer_no="C-x").customer_no
    for by in (make_user(Role.TEAM_LEAD), make_user(Role.ANALYST), make_user(Role.AGENCY)):
        refused(
            refusals.NotYourPerson,
            lambda by=by: declare_conflict(actor=Actor.of(by), username="lin", customer_no=number, kind="relative", today=DAY),
        )
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["conflict.declare"] + ["conflict.declare_for_others"] * 3


def test_a_conflict_with_an_unknown_customer_one_that_stands_and_one_in_the_past_are_refused() -> None:
    person, customer = make_user(Role.ANALYST, username="lin"), make_customer()
    make_conflict(person, customer, since=DAY, until=DAY + timedelta(days=9))

    def declare(**values: Any) -> Conflict:
        return declare_conflict(
            **{
                "actor": COMMAND,
                "username": "lin",
                "customer_no": customer.customer_no,
                "kind": "relative",
                "today": NEXT,
                **values,
            }
        )

    refused(refusals.CustomerUnknown, lambda: declare(customer_no="nobody"))
    refused(refusals.ConflictDeclaredAlready, lambda: declare(until=DAY + timedelta(days=9)))
    refused(refusals.DayBeforeToday, lambda: declare(kind="own", until=DAY))
    assert declare(until=None).until is None


def test_a_conflict_ends_by_somebody_else_with_a_reason_from_today_on() -> None:
    person = make_user(Role.COMPLIANCE)
    conflict = make_conflict(person, make_customer(), since=DAY)
    values: dict[str, Any] = {"conflict_id": conflict.pk, "last_day": NEXT, "today": NEXT, "reason": "moved out"}
    refused(refusals.NotForYourself, lambda: end_conflict(actor=Actor.of(person), **values))
    refused(refusals.ReasonMissing, lambda: end_conflict(actor=COMMAND, **{**values, "reason": " "}))
    refused(refusals.DayBeforeToday, lambda: end_conflict(actor=COMMAND, **{**values, "last_day": DAY}))
    assert end_conflict(actor=COMMAND, **values).until == NEXT
    refused(refusals.ConflictOver, lambda: end_conflict(actor=COMMAND, **{**values, "today": NEXT + timedelta(days=1)}))
    assert AuditEntry.objects.get().reason == "moved out"


def test_an_examination_is_recorded_by_somebody_responsible_and_holds_as_long_as_configured(settings: Any) -> None:
    settings.EXAMINATION_VALID_MONTHS = 6
    lead, person = make_user(Role.TEAM_LEAD), make_user(Role.ANALYST, username="lin")
    make_member(make_team(lead=lead), person)

    def note(by: Actor, passed_on: date) -> Examination:
        return record_examination(actor=by, username="lin", subject="collections", passed_on=passed_on, today=NEXT)

    refused(refusals.NotForYourself, lambda: note(Actor.of(person), DAY))
    refused(refusals.NotYourPerson, lambda: note(actor_of(Role.TEAM_LEAD), DAY))
    refused(refusals.PassedInFuture, lambda: note(Actor.of(lead), NEXT + timedelta(days=1)))
    refused(refusals.PassedTooLongAgo, lambda: note(Actor.of(lead), date(2024, 9, 11)))
    assert note(Actor.of(lead), DAY).expires_on == date(2025, 9, 10)
    refused(refusals.ExaminationRecordedAlready, lambda: note(Actor.of(lead), DAY))
    make_examination(person, passed_on=date(2025, 1, 1))
    line = AuditEntry.objects.get()
    assert (line.action, line.after["expires_on"]) == ("examination.record", "2025-09-10")
