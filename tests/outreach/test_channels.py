"""The page of channels: every figure worked out by hand, hours by the customers' own clocks, and who sees what."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from deciding_books import page
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import make_account, make_conflict, make_customer, make_product, make_user
from outreach_books import NOON, SHANGHAI
from rest_framework.test import APIClient

from accounts.models import CreditAccount
from outreach.models import Contact, ContactPolicy, Message, Strategy
from outreach.operations.channel_refusals import ChannelPeriodMalformed
from outreach.queries.channel_hours import ContactHours, Shown, contact_hours
from outreach.queries.channels import ChannelFigures, MessageLine, Period, StopGroup, channel_figures, live_hours
from outreach.rules.channel_figures import median_of, openings, quiet_spans
from outreach.rules.contacts import Hours
from riskops.shared.models import PortfolioScope
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
ADDRESS = "/outreach/channels/"
API = "/api/v1/outreach/channels/"
#: Monday to Wednesday.
DAYS = Period(date(2025, 3, 10), date(2025, 3, 12))
ASKED = {"first": "2025-03-10", "last": "2025-03-12"}
HOURS = Hours(time(8), time(22))
MONDAY, SUNDAY = 0, 6
_number = count(1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    settings.MESSAGE_COST = {"sms": Decimal("0.045"), "email": Decimal("0.001"), "push": Decimal(0)}


@pytest.fixture
def account() -> CreditAccount:
    return make_account()


def at(text: str, day: str = "2025-03-10", zone: Any = SHANGHAI) -> datetime:
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=zone)


def put_contact(account: CreditAccount, moment: datetime, channel: str = "call", outcome: str = "open", **fields: Any) -> Contact:
    return Contact.objects.create(
        key=f"contact-{next(_number)}", customer=account.customer, account=account, channel=channel, purpose="reminder",
        detail=1, at=moment, outcome=outcome, ended_at=None if outcome == "open" else moment, engine="1", asked={}, standing={},
        policy=ContactPolicy.objects.get(profile="cn-2026", version=1), made_by_name="x", **fields,
    )  # fmt: skip


def put(account: CreditAccount, status: str, *, channel: str = "sms", day: str = "2025-03-10", **fields: Any) -> Message:
    """Put a message that was planned at one o'clock in the night, each of an episode of its own."""
    planned = fields.pop("planned", at("01:00", day))
    if status in ("sent", "delivered", "undelivered", "unknown"):
        # Let through on a day that none of the tests counts contacts of.
        fields["contact"] = put_contact(account, at("12:00", "2025-01-01"), channel)
    message = Message.objects.create(
        account=account, customer=account.customer, channel=channel, status=status, purpose="reminder", due_at=NOON,
        planned_on=day, **{"step": "d7", "episode": date(2025, 1, 1) + timedelta(days=next(_number)), **fields},
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(created_at=planned)
    return message


def put_some_of_each(account: CreditAccount) -> None:
    """Thirteen short messages on the days, of two providers, and one on either side of them."""
    put(account, "delivered", provider="alpha", sent_at=at("08:03:30"))
    put(account, "delivered", provider="alpha", sent_at=at("08:10"))
    put(account, "sent", provider="alpha", day="2025-03-11", sent_at=at("08:05", "2025-03-11"))
    nine = at("09:00", "2025-03-11")
    put(account, "undelivered", provider="beta", day="2025-03-11", planned=nine, sent_at=nine + timedelta(minutes=40))
    put(account, "undelivered", provider="alpha", day="2025-03-12", reason="number barred: 13900000001")
    reasons = ("episode-over", "gate: quiet-hours", "opt-out", "by-person: he asked", "stop-rule: dpd > 3")
    for reason in reasons:
        put(account, "cancelled", reason=reason)
    put(account, "dead", reason="no-template: x")
    put(account, "queued")
    put(account, "unknown", provider="alpha")
    put(account, "delivered", provider="alpha", day="2025-03-09", sent_at=at("08:03", "2025-03-09"))
    put(account, "queued", day="2025-03-13")


def figures(user: Any = None, period: Period = DAYS, hours: Hours | None = HOURS) -> ChannelFigures:
    return channel_figures(user or make_user(Role.MANAGER), period, hours)


def channel(found: ChannelFigures, name: str) -> MessageLine:
    return next(line for line in found.channels if line.channel == name)


def hours_of(user: Any = None, *, period: Period = DAYS, channel: str = "", shown: Shown = Shown.MADE) -> ContactHours:
    return contact_hours(user or make_user(Role.MANAGER), period, HOURS, channel=channel, shown=shown)


def client_of(role: Role) -> tuple[Client, Any]:
    client, person = Client(), make_user(role)
    client.force_login(person)
    return client, person


# Arithmetic -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "median"),
    [
        ({}, None),
        ({4: 1}, 4),
        ({1: 1, 4: 1}, 2.5),
        ({9: 1, 1: 2, 4: 2}, 4),
        ({1: 3, 9: 3}, 5),
        ({1: 3, 9: 2}, 1),
        ({0: 1, 7: 1_000_000}, 7),
    ],
)
def test_the_median_is_that_of_all_values_in_order(counted: dict[int, int], median: float | None) -> None:
    assert median_of(counted) == median


@pytest.mark.parametrize(
    ("since", "until", "spans"),
    [
        (time(8), time(22), ((0, 8), (22, 24))),
        (time(8, 30), time(0), ((0, 8.5),)),
        (time(0), time(21), ((21, 24),)),
        (time(20), time(6), ((6, 20),)),
        (time(0), time(0), ()),
    ],
)
def test_quiet_is_what_lies_outside_of_the_hours_of_contact(since: time, until: time, spans: Any) -> None:
    # Hours that end at midnight begin again there: the span from there on is empty.
    assert quiet_spans(Hours(since, until)) == spans


def test_openings_change_with_daylight_saving_alone() -> None:
    # New York went from five to four hours behind on 9 March 2025.
    assert openings("America/New_York", time(8), date(2025, 3, 7), date(2025, 3, 10)) == (
        (date(2025, 3, 7), 13 * 3600),
        (date(2025, 3, 9), 12 * 3600),
    )
    assert openings("Asia/Shanghai", time(8), date(2025, 3, 7), date(2025, 6, 6)) == ((date(2025, 3, 7), 0),)


# Messages ---------------------------------------------------------------------------------------------------------------


def test_messages_of_a_channel_are_counted_by_what_became_of_them(account: CreditAccount) -> None:
    put_some_of_each(account)
    sms = channel(figures(), "sms")
    assert (sms.planned, sms.sent, sms.delivered, sms.undelivered) == (13, 4, 2, 2)
    assert (sms.stopped, sms.dead, sms.waiting) == (5, 1, 2)
    # One was not delivered since its provider refused it for good: it was never sent.
    assert sms.planned == sms.sent + 1 + sms.stopped + sms.dead + sms.waiting
    assert sms.stops == ((StopGroup.PAID, 1), (StopGroup.POLICY, 2), (StopGroup.PERSON, 1), (StopGroup.OTHER, 1))
    # 3, 5, 10 minutes after eight; 40 after it was planned at nine.
    assert (sms.minutes, sms.cost) == (7.5, Decimal("0.180"))


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        ("promise", StopGroup.ARRANGED),
        ("plan", StopGroup.ARRANGED),
        ("dispute", StopGroup.DISPUTED),
        ("overtaken", StopGroup.OVERTAKEN),
        ("expired", StopGroup.TOO_LATE),
        ("hold", StopGroup.POLICY),
        ("gate: messages-a-week", StopGroup.POLICY),
        ("written-off", StopGroup.OTHER),
        ("", StopGroup.OTHER),
    ],
)
def test_reasons_are_put_into_groups(account: CreditAccount, reason: str, group: StopGroup) -> None:
    put(account, "cancelled", reason=reason)
    assert channel(figures(), "sms").stops == ((group, 1),)


def test_providers_are_told_apart(account: CreditAccount) -> None:
    put_some_of_each(account)
    alpha, beta = figures().providers
    assert (alpha.provider, alpha.channel, alpha.sent, alpha.delivered, alpha.undelivered) == ("alpha", "sms", 3, 2, 1)
    assert (alpha.minutes, alpha.cost) == (5, Decimal("0.135"))
    assert (beta.provider, beta.sent, beta.delivered, beta.undelivered, beta.minutes) == ("beta", 1, 0, 1, 40)
    assert beta.cost == Decimal("0.045")


def test_a_channel_that_sent_nothing_has_no_median_and_costs_nothing(account: CreditAccount) -> None:
    put(account, "queued", channel="push")
    found = figures()
    push = channel(found, "push")
    assert (push.planned, push.sent, push.minutes, push.cost) == (1, 0, None, 0)
    assert found.providers == () and found.has_messages and not found.has_calls
    assert channel(found, "email").planned == 0


def test_messages_wait_for_the_hours_of_their_customers_on_either_side_of_daylight_saving() -> None:
    abroad = make_account(customer=make_customer(time_zone="America/New_York"))
    put(abroad, "sent", channel="email", day="2025-03-07", sent_at=at("13:20", "2025-03-07", UTC))
    put(abroad, "sent", channel="email", day="2025-03-10", sent_at=at("12:30", "2025-03-10", UTC))
    home = make_account()
    put(home, "sent", channel="push", day="2025-03-10", sent_at=at("00:01", "2025-03-10", UTC))
    found = figures(period=Period(date(2025, 3, 7), date(2025, 3, 10)))
    # 20 minutes by winter time, 30 by summer time.
    assert channel(found, "email").minutes == 25
    assert channel(found, "push").minutes == 1


def test_who_agreed_to_earlier_hours_did_not_wait(account: CreditAccount) -> None:
    put(account, "sent", sent_at=at("06:30"))
    assert channel(figures(), "sms").minutes == 0


def test_without_a_contact_policy_nothing_is_timed_and_no_hour_is_quiet(account: CreditAccount, settings: Any) -> None:
    put_some_of_each(account)
    put_contact(account, at("10:00"))
    sms = channel(figures(hours=None), "sms")
    assert (sms.sent, sms.minutes) == (4, None)
    assert live_hours() == HOURS
    settings.CONTACT_PROFILE = "none"
    assert live_hours() is None
    client, _person = client_of(Role.MANAGER)
    answer = client.get(ADDRESS, ASKED)
    assert "No contact policy holds, so no hours are quiet." in page(answer)
    assert answer.context["figure"]["layout"]["shapes"] == []


def make_strategy(code: str, version: int) -> Strategy:
    return Strategy.objects.create(
        code=code, version=version, name_en=code, name_zh=code, status="approved", live_from=date(2024, 1, version),
        drafted_by_name="x", approved_by_name="y", steps=[],
    )  # fmt: skip


def test_steps_are_counted_over_the_versions_of_their_strategy_and_notices_are_none(account: CreditAccount) -> None:
    old, new, other = make_strategy("ladder", 1), make_strategy("ladder", 2), make_strategy("other", 1)
    put(account, "delivered", strategy=old, step="d3", sent_at=at("08:00"))
    put(account, "sent", strategy=new, step="d3", channel="email", sent_at=at("08:00"))
    put(account, "cancelled", strategy=new, step="d3", reason="expired")
    put(account, "undelivered", strategy=new, step="d9")
    put(account, "dead", strategy=other, step="d3")
    put(account, "queued", strategy=other, step="d3")
    put(account, "queued", step="notice:limit:1")
    assert figures().steps == (
        MessageLine(3, 2, 1, 0, 1, 0, 0, strategy="ladder", step="d3"),
        MessageLine(2, 0, 0, 0, 0, 1, 1, strategy="other", step="d3"),
        MessageLine(1, 0, 0, 1, 0, 0, 0, strategy="ladder", step="d9"),
    )


def test_the_twenty_steps_with_the_most_messages_are_listed(account: CreditAccount) -> None:
    ladder = make_strategy("ladder", 1)
    for number in range(21):
        put(account, "queued", strategy=ladder, step=f"d{number:02}")
    put(account, "queued", strategy=ladder, step="d20")
    steps = [line.step for line in figures().steps]
    assert len(steps) == 20 and steps[:2] == ["d20", "d00"] and "d19" not in steps


# Calls ------------------------------------------------------------------------------------------------------------------


def put_calls(account: CreditAccount) -> None:
    outcomes = ["effective"] * 3 + ["unanswered"] * 2 + ["refused", "wrong_person", "not_made", "open"]
    for outcome in outcomes:
        put_contact(account, at("10:00"), outcome=outcome)
    put_contact(account, at("10:00"), outcome="effective", party="third_party")


def test_calls_are_counted_by_how_they_ended(account: CreditAccount) -> None:
    put_calls(account)
    put_contact(account, at("10:00"), "visit", "invalid_detail")
    put_contact(account, at("10:00"), "sms", "delivered")
    call, voice_bot, visit = figures().calls
    assert (call.channel, call.asked) == ("call", 10)
    ends = {"effective": 4, "unanswered": 2, "refused": 1, "wrong_person": 1, "not_made": 1, "open": 1}
    assert call.ends == ends
    # Neither the one that was not made nor the one that is not over was tried; a third party is not the right one.
    assert (call.tried, call.right_party) == (8, 3)
    assert (voice_bot.channel, voice_bot.asked, voice_bot.tried) == ("voice_bot", 0, 0)
    assert (visit.asked, visit.tried, visit.right_party) == (1, 1, 0)


def test_a_day_of_the_log_begins_at_the_site_s_midnight(account: CreditAccount) -> None:
    put_contact(account, at("00:00"))
    put_contact(account, at("23:59:59", "2025-03-12"))
    put_contact(account, at("23:59:59", "2025-03-09"))
    put_contact(account, at("00:00", "2025-03-13"))
    assert figures().calls[0].asked == 2
    assert hours_of().made == 2


# Hours ------------------------------------------------------------------------------------------------------------------


def abroad(zone: str) -> CreditAccount:
    return make_account(customer=make_customer(time_zone=zone))


def test_contacts_are_counted_by_the_clocks_of_the_customers(account: CreditAccount) -> None:
    delhi, york = abroad("Asia/Kolkata"), abroad("America/New_York")
    # Half an hour apart within one hour of UTC, in two hours of Delhi.
    put_contact(delhi, at("03:15", "2025-03-10", UTC), outcome="effective")
    put_contact(delhi, at("03:45", "2025-03-10", UTC), outcome="unanswered")
    # One hour apart, on either side of the hour that New York skipped.
    put_contact(york, at("06:30", "2025-03-09", UTC))
    put_contact(york, at("07:30", "2025-03-09", UTC))
    # A Sunday in Shanghai is a Saturday in New York.
    put_contact(account, at("08:15", "2025-03-09"), outcome="refused")
    put_contact(york, at("00:15", "2025-03-09", UTC), "sms", "delivered")
    put_contact(account, at("08:45", "2025-03-09"), outcome="not_made")
    found = hours_of(period=Period(date(2025, 3, 9), date(2025, 3, 12)))
    assert found.cells == {
        (MONDAY, 8): (1, 1),
        (MONDAY, 9): (1, 0),
        (SUNDAY, 1): (1, 0),
        (SUNDAY, 3): (1, 0),
        (SUNDAY, 8): (1, 1),
        (5, 19): (1, 0),
    }
    assert (found.made, found.answered, found.count) == (6, 2, 6)


def test_the_same_hour_of_several_zones_and_weeks_is_one_cell(account: CreditAccount) -> None:
    put_contact(account, at("10:20"))
    put_contact(account, at("10:40", "2025-03-03"), outcome="effective")
    put_contact(abroad("America/New_York"), at("14:05", "2025-03-10", UTC))
    found = hours_of(period=Period(date(2025, 3, 1), date(2025, 3, 12)))
    assert found.cells == {(MONDAY, 10): (3, 1)}


def test_hours_are_those_of_a_channel_and_of_answered_contacts_where_asked_for(account: CreditAccount) -> None:
    put_contact(account, at("10:20"), outcome="effective")
    put_contact(account, at("11:20"), "sms", "delivered")
    assert hours_of(channel="sms").cells == {(MONDAY, 11): (1, 0)}
    assert hours_of(channel="sms", shown=Shown.ANSWERED).count == 0
    assert hours_of(shown=Shown.ANSWERED).count == 1


def test_an_hour_of_which_a_part_is_quiet_is_marked() -> None:
    found = ContactHours("", Shown.MADE, {}, quiet_spans(Hours(time(8, 30), time(22))))
    assert [hour for hour in range(24) if found.is_quiet(hour)] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 22, 23]


# Who sees what ----------------------------------------------------------------------------------------------------------


def test_products_out_of_sight_and_customers_in_conflict_are_not_counted(account: CreditAccount) -> None:
    other = make_account(product=make_product())
    for each in (account, other):
        put(each, "queued")
        put_contact(each, at("10:00"))
    person = make_user(Role.MANAGER)
    assert (channel(figures(person), "sms").planned, figures(person).calls[0].asked, hours_of(person).made) == (2, 2, 2)
    limited = make_user(Role.MANAGER)
    PortfolioScope.objects.create(user=limited, product_code=other.product.product_code)
    assert (channel(figures(limited), "sms").planned, figures(limited).calls[0].asked, hours_of(limited).made) == (1, 1, 1)
    make_conflict(limited, other.customer, since=date(2025, 1, 1))
    assert (channel(figures(limited), "sms").planned, figures(limited).calls[0].asked, hours_of(limited).made) == (0, 0, 0)


def test_the_number_of_queries_does_not_grow_with_the_book(account: CreditAccount) -> None:
    client, _person = client_of(Role.MANAGER)
    put_some_of_each(account)
    client.get(ADDRESS, ASKED)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(ADDRESS, ASKED)
    for zone in ("Asia/Kolkata", "America/New_York", "Asia/Shanghai"):
        put_some_of_each(abroad(zone))
        put_calls(abroad(zone))
    with CaptureQueriesContext(connection) as many:
        client.get(ADDRESS, ASKED)
    assert len(many) == len(few)


@pytest.mark.parametrize(
    "days", [(date(2025, 3, 2), date(2025, 3, 1)), (date(2025, 1, 1), date(2025, 4, 3)), (date.max, date.max)]
)
def test_days_that_cannot_be_counted_are_refused(days: tuple[date, date]) -> None:
    with pytest.raises(ChannelPeriodMalformed):
        Period.checked(*days)
    assert Period.checked(date(2025, 1, 1), date(2025, 4, 2)).last == date(2025, 4, 2)


# Pages ------------------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_figures_and_opens_the_rows_behind_them(account: CreditAccount) -> None:
    put_some_of_each(account)
    put_calls(account)
    client, _person = client_of(Role.TEAM_LEAD)
    shown = page(client.get(ADDRESS, ASKED))
    assert "50.0\u202f%" in shown and "7.5 min" in shown and "0.180" in shown
    assert "37.5\u202f%" in shown and "3 of 8" in shown
    rows = "first=2025-03-10&amp;last=2025-03-12"
    for filters, number, address in (
        ("channel=sms", 13, "/outbox/"),
        ("channel=sms&amp;status=delivered", 2, "/outbox/"),
        ("channel=sms&amp;status=cancelled", 5, "/outbox/"),
        ("channel=call&amp;outcome=effective", 4, "/contact-log/"),
    ):
        link = f"{address}?{filters}&amp;{rows}"
        assert f'href="{link}">{number}</a>' in shown
        assert len(client.get(link.replace("&amp;", "&")).context["page"].rows) == number
    assert 'id="figure-hours"' in shown and "quiet hours" in shown


def test_the_chart_shades_quiet_hours_and_tells_count_and_answered(account: CreditAccount) -> None:
    put_contact(account, at("10:20"), outcome="effective")
    put_contact(account, at("10:40"), outcome="unanswered")
    client, _person = client_of(Role.MANAGER)
    figure = client.get(ADDRESS, ASKED).context["figure"]
    heat, layout = figure["data"][0], figure["layout"]
    assert (heat["z"][10][MONDAY], heat["z"][10][1], heat["y"][10], heat["zmax"]) == (2, None, 10.5, 2)
    assert heat["hovertext"][10][MONDAY] == "<b>Monday, 10:00–11:00</b><br>Contacts: 2, of these answered: 1 (50.0\u202f%)"
    assert [(shape["y0"], shape["y1"]) for shape in layout["shapes"]] == [(0, 8), (22, 24)]
    assert [note["text"] for note in layout["annotations"]] == ["quiet hours", "quiet hours"]
    answered = client.get(ADDRESS, {**ASKED, "show": "answered", "channel": "call"})
    assert answered.context["figure"]["data"][0]["z"][10][MONDAY] == 1
    assert '<option value="answered" selected>' in page(answered) and '<option value="call" selected>' in page(answered)


def test_unless_told_the_last_28_days_are_shown(account: CreditAccount) -> None:
    put(account, "queued", day="2025-02-13")
    put(account, "queued", day="2025-02-12")
    put(account, "queued", day="2025-03-12")
    client, _person = client_of(Role.MANAGER)
    answer = client.get(ADDRESS)
    assert answer.context["period"] == Period(date(2025, 2, 13), date(2025, 3, 12))
    assert channel(answer.context["page"], "sms").planned == 2


def test_every_empty_state_says_what_is_not_there(account: CreditAccount) -> None:
    client, _person = client_of(Role.MANAGER)
    shown = page(client.get(ADDRESS, ASKED))
    assert "No message was planned for these days." in shown
    assert "No call or visit was asked for on these days." in shown
    assert "Nobody was contacted on these days." in shown and "figure-hours" not in shown
    put(account, "queued")
    put_contact(account, at("10:00"), "sms", "delivered")
    shown = page(client.get(ADDRESS, ASKED))
    # Nothing was sent: there is no share, not one of nothing.
    assert "No message was planned" not in shown and "0.0\u202f%" not in shown and "0\u202f%" not in shown
    shown = page(client.get(ADDRESS, {**ASKED, "show": "answered"}))
    assert "None of the contacts of these days was answered" in shown and "figure-hours" not in shown
    assert "Nobody was contacted by this channel on these days." in page(client.get(ADDRESS, {**ASKED, "channel": "visit"}))


def test_days_in_the_wrong_order_are_refused_beside_the_form() -> None:
    client, _person = client_of(Role.MANAGER)
    shown = page(client.get(ADDRESS, {"first": "2025-03-12", "last": "2025-03-10"}), 422)
    assert "Give a first and a last day in this order, at most 92 days." in shown
    page(client.get(ADDRESS, {"first": "soon", "last": "2025-03-10"}), 422)
    page(client.get(ADDRESS, {"first": "9999-12-31", "last": "9999-12-31"}), 422)
    page(client.get("/contact-log/", {"first": "0001-01-01", "last": "9999-12-31"}))


def test_the_page_speaks_chinese(account: CreditAccount) -> None:
    put_some_of_each(account)
    put_calls(account)
    client, _person = client_of(Role.MANAGER)
    client.cookies["django_language"] = "zh-hans"
    answer = client.get(ADDRESS, ASKED)
    assert "已送达" in page(answer) and "免打扰时段" in page(answer)
    assert "星期一" in answer.context["figure"]["data"][0]["hovertext"][10][MONDAY]


def test_readers_see_it_agencies_do_not_and_the_log_opens_for_its_own_readers(account: CreditAccount) -> None:
    put_calls(account)
    analyst, _person = client_of(Role.ANALYST)
    shown = page(analyst.get(ADDRESS, ASKED))
    assert "37.5\u202f%" in shown and "/contact-log/?" not in shown
    assert f'href="{ADDRESS}"' in page(analyst.get("/outbox/"))
    agency, _person = client_of(Role.AGENCY)
    assert agency.get(ADDRESS).status_code == 403
    assert f'href="{ADDRESS}"' not in agency.get("/me/").content.decode()


# The API ----------------------------------------------------------------------------------------------------------------


def test_the_api_gives_the_same_figures(account: CreditAccount) -> None:
    put_some_of_each(account)
    put_calls(account)
    api = APIClient()
    api.force_authenticate(make_user(Role.ANALYST))
    said = api.get(API, {**ASKED, "channel": "call"}).json()
    sms = next(line for line in said["channels"] if line["channel"] == "sms")
    assert sms == {
        "channel": "sms", "provider": "", "planned": 13, "sent": 4, "delivered": 2, "undelivered": 2, "stopped": 5, "dead": 1,
        "waiting": 2, "delivered_share": 0.5, "stops": {"paid": 1, "policy": 2, "person": 1, "other": 1},
        "median_minutes": 7.5, "cost": "0.180",
    }  # fmt: skip
    push = next(line for line in said["channels"] if line["channel"] == "push")
    assert (push["delivered_share"], push["median_minutes"]) == (None, None)
    assert [line["provider"] for line in said["providers"]] == ["alpha", "beta"]
    assert (said["calls"][0]["right_party"], said["calls"][0]["right_party_share"]) == (3, 0.375)
    # Nine were made, five of them spoke or refused to.
    assert said["hours"] == [{"weekday": 0, "hour": 10, "made": 9, "answered": 5}]
    assert (said["quiet_hours"], said["currency"]) == ([[0, 8], [22, 24]], "CNY")
    refused = api.get(API, {"first": "2025-03-12", "last": "2025-03-10"})
    assert (refused.status_code, refused.json()["code"]) == (422, "channel_period_malformed")
    assert api.get(API, {"channel": "pigeon"}).status_code == 400
    api.force_authenticate(make_user(Role.AGENCY))
    assert api.get(API).status_code == 403


def test_the_lists_over_the_api_take_the_same_days(account: CreditAccount) -> None:
    put_some_of_each(account)
    put_calls(account)
    put_contact(account, at("10:00", "2025-03-09"))
    api = APIClient()
    api.force_authenticate(make_user(Role.COMPLIANCE))
    assert len(api.get("/api/v1/outbox/", ASKED).json()["results"]) == 13
    assert len(api.get("/api/v1/contact-log/", {**ASKED, "channel": "call"}).json()["results"]) == 10
