"""Strategies in versions: what they may say, tried on the book, approved by somebody else, holding from a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import make_product, make_user, set_business_date
from planning_books import DAY, NEXT, NOW, call, follow, late, plan, step, write_templates

from accounts.models import AccountState
from outreach.models import MessageTemplate, OptOut, Strategy
from outreach.operations import version_refusals
from outreach.operations.strategies import STRATEGIES, try_strategy
from outreach.operations.strategy_refusals import (
    LadderMalformed,
    NothingToTryOn,
    NotTried,
    ProductOfOtherStrategy,
)
from outreach.operations.versions import approve, change_draft, draft_next, propose, send_back
from outreach.queries.strategy_tries import TryLine
from outreach.rules.contacts import Channel, Purpose
from outreach.rules.ladder_json import as_plain
from outreach.rules.ladders import Step
from outreach.shipped_strategies import LADDER, seed_strategies
from outreach.strategies import live_strategies, strategy_for
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = NEXT, NEXT + timedelta(days=1)
SMS, EMAIL, PUSH = Channel.SMS, Channel.EMAIL, Channel.PUSH
STEPS = [step("soon", -3), step("one", 1, PUSH, SMS), step("week", 7, EMAIL, SMS, valid_days=4), call("phone", 20)]


@pytest.fixture
def writer() -> Actor:
    return Actor.of(make_user(Role.TEAM_LEAD))


@pytest.fixture
def second() -> Actor:
    return Actor.of(make_user(Role.COMPLIANCE))


@pytest.fixture(autouse=True)
def _book_and_templates() -> None:
    write_templates([*LADDER, *STEPS])
    set_business_date(DAY)


def drafted(actor: Actor, steps: list[Step] | None = None, code: str = "standard", **values: Any) -> Strategy:
    row = draft_next(STRATEGIES, actor=actor, copy_of=code)
    said = {"steps": [as_plain(s) for s in (STEPS if steps is None else steps)], **values}
    return change_draft(STRATEGIES, actor=actor, key=code, version=row.version, revision=1, values=said)


def ready(actor: Actor, code: str = "standard", **values: Any) -> Strategy:
    """Return a draft that was tried."""
    row = drafted(actor, code=code, **values)
    try_strategy(actor=actor, key=code, version=row.version, now=NOW)
    return row


def test_a_new_site_has_the_standard_ladder_live_from_the_first_day_on() -> None:
    assert {code: row.version for code, row in live_strategies(date(1990, 1, 1)).items()} == {"standard": 1}
    assert seed_strategies() == []


def test_a_version_goes_from_draft_to_live_and_the_one_before_holds_until_then(writer: Actor, second: Actor) -> None:
    product = make_product().product_code
    row = ready(writer)
    propose(STRATEGIES, actor=writer, key="standard", version=2, live_from=TOMORROW, today=TODAY)
    approve(STRATEGIES, actor=second, key="standard", version=2, today=TODAY)
    assert [getattr(strategy_for(product, day), "version", None) for day in (TODAY, TOMORROW)] == [1, 2]
    row.refresh_from_db()
    assert [s["code"] for s in row.steps or ()] == ["soon", "one", "week", "phone"]
    line = AuditEntry.objects.get(action="strategy.approve")
    assert (line.subject_key, line.actor_id, line.after["live_from"]) == ("standard v2", second.user_id, TOMORROW.isoformat())


def test_what_was_not_tried_as_it_stands_is_not_proposed(writer: Actor) -> None:
    row = drafted(writer)
    about = {"actor": writer, "key": "standard", "version": 2, "live_from": TOMORROW, "today": TODAY}
    with pytest.raises(NotTried, match="standard v2 as it stands now"):
        propose(STRATEGIES, **about)
    try_strategy(actor=writer, key="standard", version=2, now=NOW)
    change_draft(STRATEGIES, actor=writer, key="standard", version=2, revision=row.revision, values={"note": "one more"})
    with pytest.raises(NotTried):
        propose(STRATEGIES, **about)
    try_strategy(actor=writer, key="standard", version=2, now=NOW)
    assert propose(STRATEGIES, **about).status == "proposed"
    send_back(STRATEGIES, actor=writer, key="standard", version=2, reason="look again")
    with pytest.raises(NotTried):
        propose(STRATEGIES, **about)
    assert Strategy.objects.get(version=2).status == "draft"


def test_nobody_approves_what_they_wrote(writer: Actor, second: Actor) -> None:
    ready(writer)
    propose(STRATEGIES, actor=writer, key="standard", version=2, live_from=TOMORROW, today=TODAY)
    for actor in (writer, Actor("machine")):
        with pytest.raises(version_refusals.OwnDraft):
            approve(STRATEGIES, actor=actor, key="standard", version=2, today=TODAY)
    assert Strategy.objects.get(version=2).status == "proposed"


def test_a_product_follows_one_strategy_on_every_day(writer: Actor, second: Actor) -> None:
    make_product(product_code="one")
    draft_next(STRATEGIES, actor=writer, copy_of="standard", key="gentle")
    change_draft(STRATEGIES, actor=writer, key="gentle", version=1, revision=1, values={"products": ["one"]})
    try_strategy(actor=writer, key="gentle", version=1, now=NOW)
    propose(STRATEGIES, actor=writer, key="gentle", version=1, live_from=TOMORROW, today=TODAY)
    approve(STRATEGIES, actor=second, key="gentle", version=1, today=TODAY)
    assert getattr(strategy_for("one", TOMORROW), "code", None) == "gentle"
    ready(writer, products=["one"])
    with pytest.raises(ProductOfOtherStrategy, match="one follows gentle v1"):
        propose(STRATEGIES, actor=writer, key="standard", version=2, live_from=TOMORROW, today=TODAY)
    assert Strategy.objects.get(code="standard", version=2).status == "draft"


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"steps": []}, "steps", "at least one step"),
        ({"steps": "none"}, "steps", "Give a list"),
        ({"steps": [{"code": "a"}]}, "steps", r"steps\[0\].name_en: It is missing"),
        ({"steps": [as_plain(step("one", 1)), as_plain(step("one", 2))]}, "steps", r"steps\[1\].code: “one” is the code"),
        ({"steps": [as_plain(step("unwritten", 1))]}, "steps", "There is no approved template “unwritten-sms”"),
        ({"steps": [as_plain(step("one", 1, tiers=("none",)))]}, "steps", "There is no tier “none”; use fraud-suspected, "),
        ({"steps": [as_plain(step("one", 1, rule="dpd >"))]}, "steps", r"steps\[0\].rule: "),
        ({"steps": [{**as_plain(step("one", 1)), "ways": [{"channel": "fax"}]}]}, "steps", r"ways\[0\].channel: Pick one of"),
        ({"products": ["none-such"]}, "products", "There is no product “none-such”"),
        ({"products": "one"}, "products", "Give a list of product codes"),
        ({"name_zh": ""}, "name_zh", "cannot be blank"),
    ],
)  # fmt: skip
def test_a_ladder_that_cannot_be_is_refused_with_its_place(writer: Actor, values: Any, field: str, words: str) -> None:
    draft_next(STRATEGIES, actor=writer, copy_of="standard")
    before = Strategy.objects.get(version=2).steps
    with pytest.raises((version_refusals.VersionMalformed, LadderMalformed), match=words) as refusal:
        change_draft(STRATEGIES, actor=writer, key="standard", version=2, revision=1, values=values)
    assert refusal.value.about == field
    row = Strategy.objects.get(version=2)
    assert (row.revision, row.steps) == (1, before)


def test_a_template_that_is_gone_is_seen_before_it_goes_live(writer: Actor) -> None:
    ready(writer)
    MessageTemplate.objects.filter(code="soon-sms").update(status="withdrawn")
    for act in (
        lambda: propose(STRATEGIES, actor=writer, key="standard", version=2, live_from=TOMORROW, today=TODAY),
        lambda: try_strategy(actor=writer, key="standard", version=2, now=NOW),
    ):
        with pytest.raises(LadderMalformed, match="soon-sms"):
            act()


# The dry run -------------------------------------------------------------------------------------------------------------


def test_a_dry_run_counts_a_month_by_day_step_and_channel_if_nobody_pays(writer: Actor) -> None:
    # On the first day that a new version can have, the 18th, these are 2 and 8 days late, and 4 days before the due date.
    late(1), late(7), late(-5)
    without = late(1)
    OptOut.objects.create(customer=without.customer, channel="push", source="page", since=NOW, noted_by_name="x")
    first = DAY + timedelta(days=2)
    drafted(writer)
    found = try_strategy(actor=writer, key="standard", version=2, now=NOW)

    def day(number: int) -> date:
        return first + timedelta(days=number)

    assert set(found.lines) == {
        # The step of a day late, taken up a day after its day.
        TryLine(first, "one", "push", "", 1), TryLine(first, "one", "sms", "", 1),
        # 8 days late: the step of the seventh.
        TryLine(first, "week", "email", "", 1),
        TryLine(day(1), "soon", "sms", "", 1), TryLine(day(5), "one", "push", "", 1), TryLine(day(5), "week", "email", "", 2),
        TryLine(day(11), "week", "email", "", 1), TryLine(day(12), "phone", "call", "", 1),
        TryLine(day(18), "phone", "call", "", 2), TryLine(day(24), "phone", "call", "", 1),
    }  # fmt: skip
    assert (found.messages, found.calls, found.left_out) == (8, 4, 0)
    # Two by SMS at 0.045, four by e-mail at 0.001, the app for nothing: 0.094.
    assert (found.by("channel"), str(found.cost)) == ({("push",): 2, ("sms",): 2, ("email",): 4}, "0.09")
    row = Strategy.objects.get(version=2)
    assert row.dry_run is not None
    assert (row.dry_run["messages"], row.dry_run["cost"], row.dry_run_revision) == (8, "0.09", 2)
    line = AuditEntry.objects.filter(action="strategy.draft").last()
    assert line is not None and line.after == {"dry_run_of_revision": 2, "as_of": DAY.isoformat(), "messages": 8}


def test_a_dry_run_counts_who_no_way_is_open_for_and_only_products_that_would_follow_it(writer: Actor) -> None:
    late(1, consent_sms=False, consent_push=False)
    other = late(1)
    follow([step("gentle", 1)], code="gentle", products=[other.product.product_code])
    drafted(writer, [step("one", 1, PUSH, SMS)])
    found = try_strategy(actor=writer, key="standard", version=2, now=NOW)
    assert found.lines == (TryLine(DAY + timedelta(days=2), "one", "push", "consent", 1),)
    assert (found.messages, found.left_out) == (0, 1)


def test_a_ladder_of_calls_alone_sends_nothing_and_counts_its_calls(writer: Actor) -> None:
    late(18)
    drafted(writer, [call("phone", 20)])
    found = try_strategy(actor=writer, key="standard", version=2, now=NOW)
    assert found.lines == (TryLine(DAY + timedelta(days=3), "phone", "call", "", 1),)
    follow([call("phone", 20)], since=TOMORROW)
    assert plan(NEXT) == 0


def test_what_a_dry_run_says_of_its_first_day_is_what_the_close_then_plans(writer: Actor) -> None:
    notice = step("notice", 1, EMAIL, purpose=Purpose.NOTICE)
    steps = [notice, step("late", 5, rule="exposure >= 100", valid_days=3), step("later", 7, SMS, tiers=("early",))]
    write_templates(steps)
    for days in range(12):
        late(days, state={"outstanding_principal_minor": days * 2_000, "tier": "early" if days % 2 else "middle"})
    drafted(writer, steps)
    found = try_strategy(actor=writer, key="standard", version=2, now=NOW)
    follow(steps, since=TOMORROW)
    # A day later nobody has paid, and the figures that rules see are the same.
    AccountState.objects.filter(oldest_unpaid_due_date=None).update(oldest_unpaid_due_date=DAY)
    assert plan(NEXT) == sum(line.times for line in found.lines if line.day == TOMORROW) > 3


def test_a_book_without_a_closed_day_and_a_version_that_holds_are_not_tried(writer: Actor) -> None:
    drafted(writer)
    with pytest.raises(version_refusals.NotDraft):
        try_strategy(actor=writer, key="standard", version=1, now=NOW)
    with pytest.raises(version_refusals.VersionUnknown):
        try_strategy(actor=writer, key="standard", version=9, now=NOW)
    set_business_date(None)
    with pytest.raises(NothingToTryOn):
        try_strategy(actor=writer, key="standard", version=2, now=NOW)
    assert Strategy.objects.get(version=2).dry_run is None
