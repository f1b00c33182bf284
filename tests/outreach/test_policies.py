"""Contact policies in versions: drafted and approved by two people of compliance, holding from a day."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from factories import make_product, make_user

from outreach.models import ContactPolicy
from outreach.operations import refusals, version_refusals
from outreach.operations.policies import POLICIES
from outreach.operations.versions import approve, change_draft, draft_next, propose, send_back, withdraw
from outreach.policies import live_policies, policy_for
from outreach.rules.profiles import PROFILES
from outreach.shipped import seed_policies
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = date(2025, 3, 11), date(2025, 3, 12)


@pytest.fixture
def writer() -> Actor:
    return Actor.of(make_user(Role.COMPLIANCE))


@pytest.fixture
def second() -> Actor:
    return Actor.of(make_user(Role.COMPLIANCE))


def drafted(actor: Actor, profile: str = "cn-2026", **values: Any) -> ContactPolicy:
    policy = draft_next(POLICIES, actor=actor, copy_of=profile)
    if values:
        policy = change_draft(POLICIES, actor=actor, key=profile, version=policy.version, revision=1, values=values)
    return policy


def live(writer: Actor, second: Actor, profile: str = "cn-2026", day: date = TOMORROW, **values: Any) -> ContactPolicy:
    policy = drafted(writer, profile, **values)
    propose(POLICIES, actor=writer, key=profile, version=policy.version, live_from=day, today=TODAY)
    return approve(POLICIES, actor=second, key=profile, version=policy.version, today=TODAY)


def test_the_three_profiles_of_the_house_hold_from_the_start_as_conduct_rules_say() -> None:
    held = live_policies(date(2000, 1, 1))
    assert {profile: row.figures() for profile, row in held.items()} == PROFILES
    assert seed_policies() == []


def test_a_version_holds_from_its_day_and_the_one_before_until_then(writer: Actor, second: Actor) -> None:
    policy = live(writer, second, messages_a_week=5)
    assert policy.version == 2
    assert policy_for("any", TODAY).version == 1
    assert policy_for("any", TOMORROW).figures().messages_a_week == 5
    line = AuditEntry.objects.get(action="contact_policy.approve")
    assert (line.subject_key, line.after["messages_a_week"], line.actor_id) == ("cn-2026 v2", 5, second.user_id)
    assert AuditEntry.objects.filter(action="contact_policy.draft").last().after["live_from"] == "2025-03-12"


def test_nobody_approves_what_they_wrote_or_changed(writer: Actor, second: Actor) -> None:
    policy = drafted(writer)
    change_draft(POLICIES, actor=second, key="cn-2026", version=2, revision=1, values={"messages_a_day": 3})
    propose(POLICIES, actor=writer, key="cn-2026", version=2, live_from=TOMORROW, today=TODAY)
    for actor in (writer, second, Actor("machine")):
        with pytest.raises(version_refusals.OwnDraft):
            approve(POLICIES, actor=actor, key="cn-2026", version=2, today=TODAY)
    policy.refresh_from_db()
    assert policy.status == "proposed"


@pytest.mark.parametrize("day", [TODAY, date(2025, 3, 10)])
def test_contacts_of_a_day_are_judged_by_one_policy(writer: Actor, second: Actor, day: date) -> None:
    drafted(writer)
    with pytest.raises(version_refusals.DayBegun):
        propose(POLICIES, actor=writer, key="cn-2026", version=2, live_from=day, today=TODAY)
    propose(POLICIES, actor=writer, key="cn-2026", version=2, live_from=TOMORROW, today=TODAY)
    # Approved too late, it does not reach back.
    with pytest.raises(version_refusals.DayBegun):
        approve(POLICIES, actor=second, key="cn-2026", version=2, today=TOMORROW)


def test_one_version_of_a_profile_begins_on_a_day(writer: Actor, second: Actor) -> None:
    live(writer, second)
    drafted(writer)
    with pytest.raises(version_refusals.DayTaken):
        propose(POLICIES, actor=writer, key="cn-2026", version=3, live_from=TOMORROW, today=TODAY)


def test_a_product_is_named_by_one_profile_alone_on_every_day(writer: Actor, second: Actor) -> None:
    make_product(product_code="one")
    make_product(product_code="two")
    live(writer, second, "cn-strict", products=["one"])
    assert policy_for("one", TOMORROW).profile == "cn-strict"
    assert policy_for("two", TOMORROW).profile == "cn-2026"
    drafted(writer, "us-reg-f", products=["two", "one"])
    for day in (TOMORROW, date(2025, 6, 1)):
        with pytest.raises(version_refusals.ProductOfOtherProfile, match="one follows cn-strict v2"):
            propose(POLICIES, actor=writer, key="us-reg-f", version=2, live_from=day, today=TODAY)
    # A later version lets it go; from then on it is free.
    live(writer, second, "cn-strict", date(2025, 4, 1), products=[])
    with pytest.raises(version_refusals.ProductOfOtherProfile):
        propose(POLICIES, actor=writer, key="us-reg-f", version=2, live_from=date(2025, 3, 31), today=TODAY)
    propose(POLICIES, actor=writer, key="us-reg-f", version=2, live_from=date(2025, 4, 1), today=TODAY)
    approve(POLICIES, actor=second, key="us-reg-f", version=2, today=TODAY)
    assert [policy_for("one", day).profile for day in (date(2025, 3, 31), date(2025, 4, 1))] == ["cn-strict", "us-reg-f"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"opens_at": time(22), "closes_at": time(8)}, "opens_at"),
        ({"opens_at": time(8), "closes_at": time(8)}, "opens_at"),
        ({"messages_a_day_per_channel": 3, "messages_a_day": 2}, "messages_a_day_per_channel"),
        ({"messages_a_day": 8}, "messages_a_day"),
        ({"effective_calls_a_day": 101}, "effective_calls_a_day"),
        ({"calls_a_week": -1}, "calls_a_week"),
        ({"quiet_days_after_conversation": 8}, "quiet_days_after_conversation"),
        ({"failures_to_be_lost": 0}, "failures_to_be_lost"),
        ({"notices_pass": ["weekend"]}, "notices_pass"),
        ({"notices_pass": ["no_contact_arm"]}, "notices_pass"),
        ({"products": ["none-such"]}, "products"),
        ({"name_en": ""}, "name_en"),
    ],
)
def test_figures_that_cannot_be_are_refused_with_their_field(writer: Actor, values: dict[str, Any], field: str) -> None:
    draft_next(POLICIES, actor=writer, copy_of="cn-2026")
    with pytest.raises(version_refusals.VersionMalformed) as refusal:
        change_draft(POLICIES, actor=writer, key="cn-2026", version=2, revision=1, values=values)
    assert refusal.value.about == field
    assert ContactPolicy.objects.get(version=2).revision == 1


def test_a_rule_can_be_left_out(writer: Actor, second: Actor) -> None:
    policy = live(writer, second, messages_a_week=None, effective_calls_a_day=None)
    assert (policy.figures().messages_a_week, policy.figures().effective_calls_a_day) == (None, None)


def test_a_stale_form_a_second_draft_and_what_is_no_draft_are_refused(writer: Actor, second: Actor) -> None:
    drafted(writer, messages_a_day=1)
    with pytest.raises(version_refusals.VersionStale):
        change_draft(POLICIES, actor=second, key="cn-2026", version=2, revision=1, values={"messages_a_day": 2})
    with pytest.raises(version_refusals.DraftThere):
        draft_next(POLICIES, actor=second, copy_of="cn-2026")
    with pytest.raises(version_refusals.NotProposed):
        approve(POLICIES, actor=second, key="cn-2026", version=2, today=TODAY)
    with pytest.raises(version_refusals.NotDraft):
        change_draft(POLICIES, actor=writer, key="cn-2026", version=1, revision=1, values={"messages_a_day": 2})
    with pytest.raises(version_refusals.VersionUnknown):
        draft_next(POLICIES, actor=writer, copy_of="none-such")


def test_a_proposal_goes_back_and_an_approved_version_is_withdrawn_before_its_day(writer: Actor, second: Actor) -> None:
    drafted(writer)
    propose(POLICIES, actor=writer, key="cn-2026", version=2, live_from=TOMORROW, today=TODAY)
    with pytest.raises(refusals.ReasonNeeded):
        send_back(POLICIES, actor=second, key="cn-2026", version=2, reason=" ")
    assert send_back(POLICIES, actor=second, key="cn-2026", version=2, reason="figures").status == "draft"
    propose(POLICIES, actor=writer, key="cn-2026", version=2, live_from=TOMORROW, today=TODAY)
    approve(POLICIES, actor=second, key="cn-2026", version=2, today=TODAY)
    with pytest.raises(version_refusals.VersionHasBegun):
        withdraw(POLICIES, actor=second, key="cn-2026", version=2, reason="late", today=TOMORROW)
    with pytest.raises(version_refusals.VersionHasBegun):
        withdraw(POLICIES, actor=second, key="cn-2026", version=1, reason="late", today=TOMORROW)
    withdraw(POLICIES, actor=second, key="cn-2026", version=2, reason="not yet", today=TODAY)
    assert policy_for("any", TOMORROW).version == 1


def test_a_new_profile_begins_as_a_copy_of_another(writer: Actor) -> None:
    policy = draft_next(POLICIES, actor=writer, copy_of="cn-strict", key="cn-soft", note="for the pilot")
    assert (policy.profile, policy.version, policy.figures()) == ("cn-soft", 1, PROFILES["cn-strict"])
    for name in ("Cn", "cn soft", "x" * 33, "中"):
        with pytest.raises(version_refusals.VersionMalformed):
            draft_next(POLICIES, actor=writer, copy_of="cn-strict", key=name)
