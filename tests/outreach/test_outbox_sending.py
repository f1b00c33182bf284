"""One message on its way out: claimed in order, looked at in the last moment, let through, handed over, settled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from factories import TESTER, make_installment, set_business_date
from outreach_books import NOON, SENDER, make_reachable, wanted
from sending_books import DUE, TODAY, WORKER, Carrier, make_late, make_message, make_strategy, make_template, prepared, send, use

from accounts.models import AccountSignals, AccountState, Installment
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.signals import note_signals
from outreach.customer_links import link_of
from outreach.gate import ask_gate, end_contact, pass_gate
from outreach.models import Contact, ContactHold, ContactPolicy, Denial, DetailState, Message, MessageAttempt, OptOut
from outreach.operations.sending import dispatching, preparing
from outreach.operations.sending.claiming import claim, release
from outreach.operations.sending.dispatching import send_batch
from outreach.operations.sending.holding import Passed
from outreach.operations.sending.preparing import Ready, prepare
from outreach.operations.sending.saying import from_kept
from outreach.operations.sending.settling import settle
from outreach.operations.sending.stopping import is_payment_feed_missing, stop_changed
from outreach.providers.aliyun import AliyunProvider
from outreach.providers.interface import Accepted, Refused, Unknown
from outreach.providers.mail import written
from outreach.rules.contact_policy import RuleId
from outreach.rules.contacts import Channel, Hold, Outcome, Party, Purpose
from outreach.rules.sending import MOST_FAILURES, back_off
from riskops.close_of_business import start_close
from riskops.closes import override_feed
from riskops.shared.day import book_state
from riskops.shared.models import Feed, FeedArrival

pytestmark = pytest.mark.django_db


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    found = Carrier()
    use(monkeypatch, found)
    return found


# Claiming ---------------------------------------------------------------------------------------------------------------


def test_messages_are_claimed_by_priority_then_by_when_they_were_due_and_once() -> None:
    account = make_late()
    hour = timedelta(hours=1)
    late, early = (make_message(account, step=f"s{n}", due_at=NOON - n * hour) for n in (1, 2))
    urgent = make_message(account, step="s3", priority=1, due_at=NOON)
    make_message(account, step="s4", due_at=NOON + hour)
    make_message(account, "email", step="s5")
    assert claim(Channel.SMS, NOON, 10, WORKER).ids == (urgent.pk, early.pk, late.pk)
    assert claim(Channel.SMS, NOON, 10, "w2").ids == ()
    assert claim(Channel.EMAIL, NOON, 10, "w2").ids == (Message.objects.get(step="s5").pk,)


def test_a_claim_is_lost_after_its_lease_and_given_back_at_once_by_who_releases_it() -> None:
    message = make_message(make_late())
    assert claim(Channel.SMS, NOON, 10, WORKER).ids == (message.pk,)
    assert claim(Channel.SMS, NOON + timedelta(seconds=119), 10, "w2").ids == ()
    assert claim(Channel.SMS, NOON + timedelta(seconds=120), 10, "w2").ids == (message.pk,)
    release((message.pk,), WORKER)
    assert claim(Channel.SMS, NOON + timedelta(seconds=121), 10, "w3").ids == ()
    release((message.pk,), "w2")
    assert claim(Channel.SMS, NOON + timedelta(seconds=121), 10, "w3").ids == (message.pk,)


def test_what_another_worker_has_by_now_is_theirs(carrier: Carrier) -> None:
    message = make_message(make_late())
    claim(Channel.SMS, NOON, 10, WORKER)
    claim(Channel.SMS, NOON + timedelta(seconds=120), 10, "w2")
    assert prepare(message.pk, NOON + timedelta(seconds=120), worker=WORKER) is Passed.GONE
    assert isinstance(prepare(message.pk, NOON + timedelta(seconds=120), worker="w2"), Ready)


def test_a_channel_sends_so_many_in_a_second_whoever_claims(settings: Any) -> None:
    settings.MESSAGES_A_SECOND = {"sms": 4.0, "email": 4.0, "push": 4.0}
    account = make_late()
    ids = [make_message(account, step=f"s{n}").pk for n in range(9)]
    assert claim(Channel.SMS, NOON, 3, "a").ids == tuple(ids[:3])
    assert claim(Channel.SMS, NOON, 3, "b").ids == (ids[3],)
    assert claim(Channel.SMS, NOON, 3, "a").wait_seconds == 0.25
    assert claim(Channel.SMS, NOON + timedelta(seconds=0.5), 3, "a").ids == tuple(ids[4:6])
    # An hour of silence does not save up more than a second's worth.
    assert claim(Channel.SMS, NOON + timedelta(hours=1), 9, "a").ids == tuple(ids[:4])


# Sent ---------------------------------------------------------------------------------------------------------------------


def test_a_message_goes_out_with_the_amount_of_its_moment_and_stands_in_the_log(carrier: Carrier) -> None:
    account = make_late(owed=10_000)
    message = make_message(account)
    AccountState.objects.filter(pk=account.pk).update(overdue_principal_minor=7_550, outstanding_principal_minor=7_550)
    message = send(message)
    [outgoing] = carrier.calls
    assert (outgoing.key, outgoing.channel, outgoing.address) == (
        f"message:{message.pk}:0",
        Channel.SMS,
        account.customer.person["phone"],
    )
    assert "75.50" in outgoing.body and "100.00" not in outgoing.body
    assert (message.status, message.provider, message.reference, message.reason) == (
        "sent",
        "carrier",
        f"ref message:{message.pk}:0",
        "",
    )
    contact = Contact.objects.get()
    assert (message.contact_id, contact.key, contact.made_by_name, contact.outcome) == (
        contact.pk,
        f"message:{message.pk}:0",
        "outreach",
        "open",
    )
    assert message.said is not None and message.said["body"] == outgoing.body
    tried = MessageAttempt.objects.get()
    assert (tried.number, tried.state, tried.provider, tried.reference) == (0, "sent", "carrier", message.reference)
    assert str(message.template) == "late-sms v1"


def test_a_vendor_is_told_the_variables_of_the_text_and_no_others(carrier: Carrier) -> None:
    body = "{{ institution }}{% if customer_name %}: {{ overdue_total }}{% else %} {{ hotline }}{% endif %}. {{ opt_out }}"
    make_template("narrow", body_en=body, body_zh=body)
    message = send(make_message(make_late(), template_code="narrow"))
    [outgoing] = carrier.calls
    assert set(outgoing.values) <= {"institution", "overdue_total", "hotline", "opt_out"} and outgoing.values["overdue_total"]
    assert message.said is not None and "王小明" not in message.said["values"]


def test_an_e_mail_is_opted_out_of_by_one_click_whatever_its_text_names(carrier: Carrier, settings: Any) -> None:
    settings.PUBLIC_URL = "https://pay.example.com"
    account = make_late()
    message, by_sms = make_message(account, "email"), make_message(account)
    notice = make_message(
        account, "email", step="notice:decided:7", purpose="notice", strategy=None, texts=NOTICE_TEXTS, template_code=""
    )
    ready, ready_sms, ready_notice = prepared(message), prepared(by_sms), prepared(notice)
    assert isinstance(ready, Ready) and isinstance(ready_sms, Ready) and isinstance(ready_notice, Ready)
    address = f"{link_of(account.pk, today=TODAY)}opt-out/"
    assert (ready.outgoing.unsubscribe_url, ready_notice.outgoing.unsubscribe_url) == (address, address)
    assert ready_sms.outgoing.unsubscribe_url == ""
    assert written(ready.outgoing).extra_headers["List-Unsubscribe"] == f"<{address}>"
    # A vendor of registered texts is told no link that the text has not.
    assert "pay.example.com" not in str(ready.outgoing.values)
    # Handed over once more it is the same; what was kept before there was such an address has none.
    message.refresh_from_db()
    assert from_kept(message) == ready.outgoing
    assert message.said is not None
    del message.said["unsubscribe_url"]
    assert from_kept(message).unsubscribe_url == ""


def test_settled_twice_it_is_settled_once(carrier: Carrier) -> None:
    message = make_message(make_late())
    ready = prepared(message)
    assert isinstance(ready, Ready)
    for result in (Accepted("r1"), Accepted("r1"), Refused("no"), Unknown("?")):
        settle(message.pk, ready.attempt, result, NOON)
    message.refresh_from_db()
    assert (message.status, message.reference, message.attempts) == ("sent", "r1", 0)


# Stopped ------------------------------------------------------------------------------------------------------------------


def test_a_frozen_book_sends_nothing_and_nothing_is_changed(carrier: Carrier) -> None:
    message = make_message(make_late())
    state = book_state()
    state.nightly_paused = True
    state.save()
    before = Message.objects.values().get()
    assert send_batch(Channel.SMS, for_seconds=5, worker=WORKER, clock=lambda: NOON) == 0
    assert Message.objects.values().get() == before
    assert dispatching.channels_to_ring(NOON) == {}
    # Frozen between claim and look: still nothing goes.
    assert prepared(message) is Passed.OFF
    assert (carrier.calls, Contact.objects.count()) == ([], 0)


def expect_payments() -> Feed:
    return Feed.objects.create(name="payments of the day", file_name="payments.csv", cut_off="03:00")


def test_without_yesterdays_payments_a_reminder_waits_and_a_notice_does_not(carrier: Carrier) -> None:
    account = make_late()
    reminder = make_message(account)
    notice = make_message(account, step="notice:decided:1", purpose="notice", strategy=None, texts={"en": "E", "zh": "Z"})
    feed = expect_payments()
    assert prepared(reminder) is Passed.WAITS
    reminder.refresh_from_db()
    assert (reminder.status, reminder.reason, reminder.due_at) == ("queued", "feed-missing", NOON + timedelta(minutes=15))
    assert send(notice).status == "sent"
    FeedArrival.objects.create(feed=feed, business_date=TODAY - timedelta(days=1), rows=1)
    assert send(reminder, NOON + timedelta(minutes=15)).status == "sent"


def come(feed: Feed, *days: date) -> None:
    for day in days:
        FeedArrival.objects.create(feed=feed, business_date=day, rows=1)


def test_who_paid_the_day_before_yesterday_is_not_in_yesterdays_file(carrier: Carrier) -> None:
    # NOON is a Wednesday: Monday's file never came, Tuesday's did.
    reminder, feed = make_message(make_late()), expect_payments()
    come(feed, TODAY - timedelta(days=3), TODAY - timedelta(days=1))
    assert (send(reminder).status, send(reminder).reason) == ("queued", "feed-missing")
    come(feed, TODAY - timedelta(days=2))
    assert send(reminder, NOON + timedelta(minutes=15)).status == "sent"


@pytest.mark.parametrize("weekdays", ["1234567", "12345"], ids=["every day", "on weekdays"])
def test_on_sunday_fridays_payments_are_still_missed(weekdays: str) -> None:
    friday, sunday = date(2025, 3, 14), NOON + timedelta(days=4)
    feed = Feed.objects.create(name="payments", file_name="payments.csv", cut_off="03:00", weekdays=weekdays)
    come(feed, friday - timedelta(days=1), friday + timedelta(days=1))
    assert sunday.isoweekday() == 7 and is_payment_feed_missing(sunday)
    come(feed, friday)
    assert not is_payment_feed_missing(sunday)


def test_a_gap_is_asked_for_two_weeks_and_nothing_before_the_first_file() -> None:
    feed = expect_payments()
    come(feed, *(TODAY - timedelta(days=days) for days in (30, *range(1, 14))))
    assert is_payment_feed_missing(NOON)
    come(feed, TODAY)
    assert not is_payment_feed_missing(NOON + timedelta(days=1))
    FeedArrival.objects.filter(business_date=TODAY - timedelta(days=30)).delete()
    assert not is_payment_feed_missing(NOON)


def test_a_person_who_overrides_the_feed_with_a_reason_lets_reminders_go() -> None:
    monday, tuesday = TODAY - timedelta(days=2), TODAY - timedelta(days=1)
    feed = expect_payments()
    come(feed, monday - timedelta(days=1))
    start_close(business_date=monday, actor=TESTER)
    come(feed, tuesday)
    # Switched off while its close waits, it is missed as before.
    Feed.objects.update(is_expected=False)
    assert is_payment_feed_missing(NOON)
    Feed.objects.update(is_expected=True)
    override_feed(actor=TESTER, business_date=monday, reason="A bank holiday: no file is made.", now=NOON)
    assert not is_payment_feed_missing(NOON)


def test_a_day_that_was_closed_as_provisional_still_wants_its_payments() -> None:
    monday = TODAY - timedelta(days=2)
    feed = expect_payments()
    Feed.objects.update(on_missing="provisional")
    assert start_close(business_date=monday, actor=TESTER).is_provisional
    come(feed, TODAY - timedelta(days=1))
    assert is_payment_feed_missing(NOON)
    come(feed, monday)
    assert not is_payment_feed_missing(NOON)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: AccountState.objects.filter(pk=a.pk).update(oldest_unpaid_due_date=date(2025, 3, 5)), "episode-over"),
        (lambda a: AccountState.objects.filter(pk=a.pk).update(is_written_off=True), "written-off"),
        (lambda a: note_signals(a.pk, has_open_promise=True), "promise"),
        (lambda a: note_signals(a.pk, has_hardship_plan=True), "plan"),
        (lambda a: note_signals(a.pk, is_disputed=True), "dispute"),
        (lambda a: note_signals(a.pk, is_vulnerable=True), "vulnerable"),
        (lambda a: Message.objects.update(expires_on=TODAY - timedelta(days=1)), "expired"),
    ],
    ids=["paid", "written off", "promised", "plan signed", "disputed", "vulnerable", "too late"],
)
def test_what_comes_before_the_sending_stops_it(carrier: Carrier, change: Any, reason: str) -> None:
    account = make_late()
    message = make_message(account)
    change(account)
    message = send(message)
    assert (message.status, message.reason, message.settled_at) == ("cancelled", reason, NOON)
    assert (carrier.calls, Contact.objects.count(), Denial.objects.count()) == ([], 0, 0)


def test_all_paid_off_the_episode_is_over_and_the_next_instalment_begins_another(carrier: Carrier) -> None:
    account = make_late()
    paid = make_message(account)
    AccountState.objects.filter(pk=account.pk).update(oldest_unpaid_due_date=None)
    Installment.objects.filter(account=account).update(is_open=False, principal_unpaid_minor=0)
    coming = date(2025, 3, 15)
    Installment.objects.create(
        account=account, product=account.product, order_no="O2", sequence=1, booked_on=DUE, due_date=coming,
        principal_minor=5, principal_unpaid_minor=5, content_hash=0,
    )  # fmt: skip
    text = "{{ institution }}: {{ amount_due }}"
    make_template("soon", body_zh=text, body_en=text)
    before_due = make_message(account, step="d-3", episode=coming, template_code="soon")
    assert send(paid).reason == "episode-over"
    assert send(before_due).status == "sent"


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ({}, ("sent", "")),
        ({"restricted_on": TODAY - timedelta(days=1)}, ("cancelled", "restriction-over")),
        ({"is_restricted": False}, ("cancelled", "restriction-over")),
    ],
)
def test_what_is_told_of_a_restriction_is_over_with_the_restriction(
    carrier: Carrier, change: dict[str, Any], end: tuple[str, str]
) -> None:
    account = make_late()
    AccountSignals.objects.create(account=account, **{"is_restricted": True, "restricted_on": TODAY, **change})
    strategy = make_strategy("restriction", anchor="restricted")
    message = send(make_message(account, step="restriction", strategy=strategy, purpose="notice", episode=TODAY))
    assert (message.status, message.reason) == end


def test_a_reminders_text_is_not_sent_with_the_privileges_of_a_notice(carrier: Carrier) -> None:
    make_template("late-sms", purpose="reminder")
    message = send(make_message(make_late(), purpose="notice", template_code="late-sms"))
    assert (message.status, message.reason) == ("dead", "other-purpose: late-sms")
    assert (carrier.calls, Contact.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("anchor", "signals", "end"),
    [
        ("promise_due", {"has_open_promise": True, "promise_due_on": TODAY}, ("sent", "")),
        ("promise_due", {"has_open_promise": True, "promise_due_on": TODAY + timedelta(days=5)}, ("cancelled", "promise-over")),
        ("promise_due", {"has_open_promise": False}, ("cancelled", "promise-over")),
        ("promise_due", {"has_open_promise": True, "promise_due_on": TODAY, "is_disputed": True}, ("cancelled", "dispute")),
        ("promise_broken", {"promise_broken_on": TODAY}, ("sent", "")),
        ("promise_broken", {"has_open_promise": True, "promise_broken_on": TODAY}, ("cancelled", "promise-over")),
        ("promise_broken", {}, ("cancelled", "promise-over")),
    ],
)
def test_what_is_told_of_a_promise_is_over_with_the_promise(
    carrier: Carrier, anchor: str, signals: dict[str, Any], end: tuple[str, str]
) -> None:
    account = make_late()
    AccountSignals.objects.create(account=account, **signals)
    strategy = make_strategy("promise", anchor=anchor)
    message = send(make_message(account, step="promise", strategy=strategy, episode=TODAY))
    assert (message.status, message.reason) == end


def test_what_waits_for_payments_that_never_come_does_not_wait_for_ever(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "is_payment_feed_missing", lambda now: True)
    message = make_message(make_late(), expires_on=TODAY)
    assert (send(message).status, send(message).reason) == ("queued", "feed-missing")
    late = send(message, NOON + timedelta(days=1))
    assert (late.status, late.reason) == ("cancelled", "expired")


def test_a_step_stops_by_its_own_rule_and_a_notice_passes_a_promise(carrier: Carrier) -> None:
    account = make_late()
    stopped = make_message(account, step="r1", stop_rule="dpd > 5")
    goes_on = make_message(account, step="r2", stop_rule="dpd > 50", purpose="notice")
    note_signals(account.pk, has_open_promise=True)
    assert send(goes_on).status == "sent"
    note_signals(account.pk, has_open_promise=False)
    assert send(stopped).reason == "stop-rule: dpd > 5"


def really_late() -> Any:
    """Return an account whose state was computed from its entries, late since the same day."""
    account = make_reachable()
    make_installment(account, due_date=DUE, principal=10_000)
    set_business_date(TODAY - timedelta(days=1))
    rebuild_accounts([account.pk], as_of=TODAY - timedelta(days=1), ahead_on=None)
    return account


def test_a_posted_payment_stops_the_message_and_a_part_of_it_changes_the_amount(
    carrier: Carrier, django_capture_on_commit_callbacks: Any
) -> None:
    paid, paid_in_part = really_late(), really_late()
    stopped, changed = make_message(paid), make_message(paid_in_part)
    for account, amount in ((paid, 20_000), (paid_in_part, 4_000)):
        with django_capture_on_commit_callbacks(execute=True):
            post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount, value_date=TODAY, reference=f"P{account.pk}")
    stopped.refresh_from_db()
    assert (stopped.status, stopped.reason) == ("cancelled", "episode-over")
    state = AccountState.objects.get(pk=paid_in_part.pk)
    assert 6_000 <= state.overdue_total_minor < 10_000
    assert send(changed).status == "sent"
    assert f"{state.overdue_total_minor / 100:.2f}" in carrier.calls[0].body


def test_what_changed_of_an_account_shows_in_the_outbox_at_once() -> None:
    account, other = make_late(), make_late()
    message, others = make_message(account), make_message(other)
    correction = make_message(account, step="correction:1", strategy=None)
    AccountState.objects.filter(pk=account.pk).update(oldest_unpaid_due_date=None)
    Installment.objects.filter(account=account).update(is_open=False)
    stop_changed(account_ids=(account.pk, other.pk))
    states = dict(Message.objects.values_list("pk", "status"))
    assert states == {message.pk: "cancelled", others.pk: "queued", correction.pk: "queued"}


# The gate -----------------------------------------------------------------------------------------------------------------


def test_quiet_hours_put_a_message_off_to_their_end(carrier: Carrier) -> None:
    late = NOON.replace(hour=22)
    message = send(make_message(make_late()), late)
    assert (message.status, message.reason) == ("queued", "gate: quiet-hours")
    assert message.due_at == NOON.replace(day=13, hour=8)
    assert carrier.calls == []
    assert send(message, message.due_at).status == "sent"


def test_quiet_hours_end_by_the_customers_own_clock_in_the_night_that_clocks_change(carrier: Carrier) -> None:
    account = make_late()
    account.customer.time_zone = "America/New_York"
    account.customer.save()
    # On 9 March 2025 clocks went from 2:00 to 3:00: 8:00 is twelve hours UTC, the day before it was thirteen.
    message = send(make_message(account, due_at=NOON.replace(day=9)), NOON.replace(day=9))
    assert message.due_at.isoformat() == "2025-03-09T12:00:00+00:00"


def test_a_hold_stops_a_message_and_the_rule_is_kept(carrier: Carrier) -> None:
    account = make_late()
    ContactHold.objects.create(customer=account.customer, kind=Hold.COMPLAINT, reason="r", since=NOON, placed_by_name="a")
    message = send(make_message(account, fallback=[{"channel": "email", "template": "late-email"}]))
    assert (message.status, message.reason) == ("cancelled", "gate: hold")
    assert Message.objects.count() == 1 and Denial.objects.get().rule == "hold"


def opt_out(account: Any) -> None:
    OptOut.objects.create(customer=account.customer, channel="sms", source="reply", since=NOON, noted_by_name="a")


def consent_none(account: Any) -> None:
    account.customer.consent_sms = False
    account.customer.save()


def number_dead(account: Any) -> None:
    DetailState.objects.create(detail=account.customer.phone_index, state="invalid", since=NOON, evidence="e", noted_by_name="a")


@pytest.mark.parametrize(
    ("closes", "rule"), [(opt_out, "opt-out"), (consent_none, "consent"), (number_dead, "detail")], ids=["out", "consent", "dead"]
)
def test_where_a_way_is_closed_the_next_one_is_gone_once(carrier: Carrier, closes: Any, rule: str) -> None:
    account = make_late()
    make_template("late-email", "email")
    ways = [{"channel": "email", "template": "late-email"}, {"channel": "push", "template": "late-push"}]
    message = make_message(account, fallback=ways, expires_on=TODAY, priority=4)
    closes(account)
    message = send(message)
    assert (message.status, message.reason) == ("cancelled", f"gate: {rule}")
    following = Message.objects.exclude(pk=message.pk).get()
    assert (following.channel, following.template_code, following.status, following.due_at) == (
        *("email", "late-email", "queued"),
        NOON,
    )
    assert (following.fallback, following.expires_on, following.priority, following.strategy_id) == (
        [ways[1]],
        TODAY,
        4,
        message.strategy_id,
    )
    assert send(following).status == "sent"
    assert carrier.calls[0].address == account.customer.person["email"]
    assert Message.objects.count() == 2


def test_a_notice_that_reaches_nobody_lies_with_the_dead_letters(carrier: Carrier) -> None:
    account = make_late()
    opt_out(account)
    message = send(make_message(account, purpose="notice", strategy=None, texts={"en": "E", "zh": "Z"}))
    assert (message.status, message.reason) == ("dead", "gate: opt-out")


def test_without_a_policy_a_message_waits_and_says_why(carrier: Carrier, settings: Any) -> None:
    settings.CONTACT_PROFILE = "none-such"
    message = send(make_message(make_late()))
    assert (message.status, message.reason, message.due_at) == ("queued", "no-policy", NOON + timedelta(minutes=15))
    assert ContactPolicy.objects.exists() and not Contact.objects.exists()


# The text -----------------------------------------------------------------------------------------------------------------


def test_without_a_template_or_a_value_a_message_is_set_aside_with_the_reason(carrier: Carrier) -> None:
    account = make_late()
    without = make_message(account, step="a", template_code="late-sms")
    Message.objects.filter(pk=without.pk).update(template_code="none-such")
    holed = make_message(account, step="b", template_code="holed")
    account.customer.person = {**account.customer.person, "name": ""}
    account.customer.save()
    make_template("nameless", body_zh="{{ customer_name }} {{ institution }}", body_en="{{ customer_name }} {{ institution }}")
    Message.objects.filter(pk=holed.pk).update(template_code="nameless")
    assert (send(without).status, send(without).reason) == ("dead", "no-template: none-such")
    holed = send(holed)
    assert holed.status == "dead" and "customer_name" in holed.reason
    assert (carrier.calls, Contact.objects.count()) == ([], 0)


def test_a_notice_says_who_it_is_from_in_the_customers_language(carrier: Carrier) -> None:
    account = make_late()
    texts = {"en": "Your limit is lowered.", "zh": "您的额度已调整。"}
    send(make_message(account, step="notice:decided:7", purpose="notice", strategy=None, texts=texts, template_code=""))
    assert "您的额度已调整。" in carrier.calls[0].body and carrier.calls[0].body.startswith("【")
    account.customer.language = "en"
    account.customer.save()
    send(make_message(account, step="notice:decided:8", purpose="notice", strategy=None, texts=texts, template_code=""))
    assert "Your limit is lowered." in carrier.calls[1].body


# Who carries it -----------------------------------------------------------------------------------------------------------


NOTICE_TEXTS = {"en": "Your limit is lowered.", "zh": "您的额度已调整。"}


def test_a_vendor_of_registered_texts_is_passed_over_for_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor, other = Carrier("vendor"), Carrier("other")
    vendor.registered = {"late-sms"}
    use(monkeypatch, vendor, other)
    account = make_late()
    assert send(make_message(account, step="a")).provider == "vendor"
    # Nor is it asked once the others have refused.
    other.answers = [Refused("busy")]
    notice = send(make_message(account, step="b", purpose="notice", strategy=None, texts=NOTICE_TEXTS, template_code="late-sms"))
    assert (notice.status, notice.failures) == ("queued", 1)
    assert send(notice, notice.due_at).provider == "other"
    assert [len(one.calls) for one in (vendor, other)] == [1, 2]


def test_what_no_provider_of_a_channel_carries_goes_its_next_way_or_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = Carrier("vendor")
    vendor.registered = ()
    use(monkeypatch, vendor)
    account = make_late()
    fields: dict[str, Any] = {"purpose": "notice", "strategy": None, "texts": NOTICE_TEXTS, "template_code": ""}
    followed = send(make_message(account, step="a", fallback=[{"channel": "email", "template": ""}], **fields))
    assert (followed.status, followed.reason) == ("cancelled", "not-carried")
    assert Message.objects.get(step="a", channel="email").texts == NOTICE_TEXTS
    left = send(make_message(account, step="b", **fields))
    assert (left.status, left.reason) == ("dead", "not-carried")
    assert (vendor.calls, Contact.objects.count()) == ([], 0)


def test_aliyun_carries_what_its_settings_name(settings: Any) -> None:
    settings.ALIYUN_SMS_TEMPLATES = ["late-sms:SMS_1", "soon-sms@en:SMS_2"]
    aliyun = AliyunProvider()
    assert [aliyun.carries(code, "en") for code in ("late-sms", "soon-sms", "other", "")] == [True, True, False, False]
    assert not aliyun.carries("soon-sms", "zh-hans")


# Refused ------------------------------------------------------------------------------------------------------------------


def test_refused_for_the_time_being_it_is_tried_again_later_under_a_key_of_its_own(carrier: Carrier) -> None:
    carrier.answers = [Refused("busy"), Refused("busy")]
    message = send(make_message(make_late()))
    assert (message.status, message.attempts, message.failures, message.reason) == ("queued", 1, 1, "busy")
    assert message.due_at == NOON + back_off(message.pk, 1, 1)
    assert (Contact.objects.get().outcome, message.contact_id) == ("not_made", None)
    message = send(message, message.due_at)
    message = send(message, message.due_at)
    assert (message.status, message.attempts) == ("sent", 2)
    assert [call.key for call in carrier.calls] == [f"message:{message.pk}:{n}" for n in range(3)]
    # What was not made does not count: one message of the day was sent.
    assert sorted(Contact.objects.values_list("outcome", flat=True)) == ["not_made", "not_made", "open"]


def test_back_off_doubles_to_half_an_hour_and_is_spread_by_a_fifth() -> None:
    assert back_off(1, 1, 1) == back_off(1, 1, 1) != back_off(2, 1, 1)
    for failures, seconds in ((1, 30), (2, 60), (6, 960), (7, 1800), (40, 1800)):
        waits = [back_off(n, failures, failures).total_seconds() for n in range(300)]
        assert 0.8 * seconds <= min(waits) < 0.82 * seconds and 1.18 * seconds < max(waits) <= 1.2 * seconds


def test_refused_too_often_it_is_given_up(carrier: Carrier) -> None:
    carrier.is_down = Refused("busy")
    message = make_message(make_late())
    now = NOON
    for _ in range(MOST_FAILURES):
        message = send(message, now)
        now = max(now, message.due_at)
    assert (message.status, message.failures, message.reason) == ("dead", MOST_FAILURES, "busy")
    assert claim(Channel.SMS, now + timedelta(days=1), 9, WORKER).ids == ()


def test_another_provider_is_tried_at_once_and_all_of_them_before_any_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Carrier("first"), Carrier("second")
    use(monkeypatch, first, second)
    first.is_down = second.is_down = Refused("down", is_outage=True)
    message = send(make_message(make_late()))
    assert (message.failures, message.due_at) == (1, NOON)
    message = send(message)
    assert (len(first.calls), len(second.calls)) == (1, 1)
    assert message.due_at == NOON + back_off(message.pk, 2, 1)
    second.is_down = None
    first.is_passed_over = True  # type: ignore[attr-defined]
    assert send(message, message.due_at).provider == "second"


def test_refused_for_good_with_a_dead_number_the_number_is_noted_and_the_next_way_gone(carrier: Carrier) -> None:
    account = make_late()
    carrier.answers = [Refused("no such number", is_final=True, is_detail_dead=True)]
    message = send(make_message(account, fallback=[{"channel": "email", "template": "late-email"}]))
    assert (message.status, message.reason, Contact.objects.get().outcome) == ("undelivered", "no such number", "undelivered")
    assert DetailState.objects.get().state == "invalid"
    assert Message.objects.get(channel="email").status == "queued"


def test_a_dead_number_is_noted_although_a_third_party_refused_there(carrier: Carrier) -> None:
    account = make_late()
    DetailState.objects.create(
        detail=account.customer.phone_index, state="refused", since=NOON, evidence="contact 1", noted_by_name="a"
    )
    carrier.answers = [Refused("no such number", is_final=True, is_detail_dead=True)]
    send(make_message(account))
    assert DetailState.objects.get().state == "invalid"


def test_an_opt_out_that_the_vendor_knows_of_is_noted_at_once(carrier: Carrier) -> None:
    account = make_late()
    carrier.answers = [Refused("21610 unsubscribed", is_final=True, is_opt_out=True)]
    message = send(make_message(account, fallback=[{"channel": "email", "template": "late-email"}]))
    assert (message.status, Contact.objects.get().outcome) == ("undelivered", "not_made")
    row = OptOut.objects.get()
    assert (row.customer_id, row.channel, row.source) == (account.customer_id, "sms", "reply")
    assert row.note == f"message {message.pk}: 21610 unsubscribed"
    assert Message.objects.get(channel="email").status == "queued"


def test_what_no_provider_takes_makes_nobody_lost(carrier: Carrier) -> None:
    account = make_late()
    for days in (2, 1):
        at = NOON - timedelta(days=days)
        called = pass_gate(actor=SENDER, key=f"c{days}", request=wanted(account, Channel.CALL), now=at).contact
        assert called is not None
        end_contact(called.pk, Outcome.UNANSWERED, now=at)
    carrier.answers = [Refused("too long a text", is_final=True)]
    assert send(make_message(account)).status == "undelivered"
    assert Contact.objects.latest("at").outcome == "not_made"
    third = wanted(account, Channel.CALL, party=Party.THIRD_PARTY, purpose=Purpose.LOCATE, detail=5, discloses_debt=False)
    assert ask_gate(third, NOON + timedelta(hours=1)).verdict.rule is RuleId.THIRD_PARTY


def test_a_message_that_cannot_be_prepared_is_put_off_and_given_up_and_the_others_go(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = make_message(make_late(), step="a"), make_message(make_late(), step="b")
    strategy = make_strategy("x", stop_rule="no_such_fact > 1")
    Message.objects.filter(pk=broken.pk).update(step="x", strategy=strategy)
    now = NOON
    for _ in range(MOST_FAILURES):
        send_batch(Channel.SMS, for_seconds=5, worker=WORKER, clock=lambda now=now: now)  # type: ignore[misc]
        broken.refresh_from_db()
        now = max(now, broken.due_at)
    assert (broken.status, broken.reason) == ("dead", "broken: FactUnknown")
    assert Message.objects.get(pk=other.pk).status == "sent"
