"""The contact policy at its edges: every rule of conduct-rules, with the moment before and the moment after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.rules.contact_policy import Policy, RuleId, judge, next_allowed
from outreach.rules.contacts import Channel, Hold, Hours, Outcome, Party, Past, Purpose, Request, Standing
from outreach.rules.profiles import CN_2026, CN_STRICT, US_REG_F

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
PHONE, EMAIL, COUSIN, LAWYER = 11, 22, 33, 44
EVERYTHING = frozenset({Channel.SMS, Channel.EMAIL, Channel.PUSH})
STANDING = Standing(zone=SHANGHAI, consents=EVERYTHING)
NOON = datetime(2025, 3, 12, 12, tzinfo=SHANGHAI)


def call(**more: Any) -> Request:
    return Request(**{"channel": Channel.CALL, "purpose": Purpose.REMINDER, "account_id": 1, "detail": PHONE, **more})


def sms(**more: Any) -> Request:
    return call(**{"channel": Channel.SMS, **more})


def locating(**more: Any) -> Request:
    return call(**{"purpose": Purpose.LOCATE, "party": Party.THIRD_PARTY, "detail": COUSIN, "discloses_debt": False, **more})


def made(at: datetime, outcome: Outcome = Outcome.EFFECTIVE, **more: Any) -> Past:
    columns = {
        "channel": Channel.CALL,
        "purpose": Purpose.REMINDER,
        "party": Party.DEBTOR,
        "account_id": 1,
        "detail": PHONE,
        **more,
    }
    return Past(at=at, outcome=outcome, **columns)


def said(policy: Policy, request: Request, past: list[Past] | None = None, at: datetime = NOON, **standing: Any) -> Any:
    return judge(policy, request, replace(STANDING, **standing), past or [], at).rule


def local(year: int, month: int, day: int, *clock: int, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(year, month, day, *clock, tzinfo=zone)


class TestHours:
    @pytest.mark.parametrize(
        ("policy", "clock", "rule"),
        [
            (CN_2026, (7, 59, 59), RuleId.QUIET_HOURS),
            (CN_2026, (8, 0, 0), None),
            (CN_2026, (21, 59, 59), None),
            (CN_2026, (22, 0, 0), RuleId.QUIET_HOURS),
            (CN_STRICT, (20, 59, 59), None),
            (CN_STRICT, (21, 0, 0), RuleId.QUIET_HOURS),
            (US_REG_F, (20, 59, 59), None),
            (US_REG_F, (21, 0, 0), RuleId.QUIET_HOURS),
        ],
    )
    def test_each_profile_is_quiet_from_its_hour_until_eight(self, policy: Policy, clock: Any, rule: Any) -> None:
        assert said(policy, call(), at=local(2025, 3, 12, *clock)) is rule
        assert said(policy, sms(), at=local(2025, 3, 12, *clock)) is rule

    def test_the_hours_are_those_of_the_customer(self) -> None:
        eight_in_shanghai = local(2025, 3, 12, 8)
        assert said(CN_2026, call(), at=eight_in_shanghai) is None
        # The same moment is 20:00 of the day before in New York, and 05:30 in India.
        assert said(CN_2026, call(), at=eight_in_shanghai, zone=NEW_YORK) is None
        assert said(CN_2026, call(), at=eight_in_shanghai, zone=ZoneInfo("Asia/Kolkata")) is RuleId.QUIET_HOURS

    def test_agreed_hours_take_their_place_both_ways(self) -> None:
        evening = Hours(time(20), time(1))
        assert said(CN_2026, call(), at=local(2025, 3, 13, 0, 30), agreed_hours=evening) is None
        assert said(CN_2026, call(), at=NOON, agreed_hours=evening) is RuleId.QUIET_HOURS

    def test_what_was_agreed_with_the_customer_binds_no_third_party(self) -> None:
        late = {"agreed_hours": Hours(time(20), time(23, 30)), "is_lost": True, "at": local(2025, 3, 12, 22, 30)}
        assert said(CN_2026, call(), **late) is None
        assert said(CN_2026, locating(), **late) is RuleId.QUIET_HOURS

    def test_a_letter_disturbs_nobody_at_night(self) -> None:
        assert said(CN_2026, call(channel=Channel.LETTER), at=local(2025, 3, 12, 3)) is None

    def test_the_wait_ends_when_the_hours_open(self) -> None:
        verdict = judge(CN_2026, call(), STANDING, [], local(2025, 3, 12, 22))
        assert verdict.until == local(2025, 3, 13, 8)
        verdict = judge(CN_2026, call(), STANDING, [], local(2025, 3, 12, 7))
        assert verdict.until == local(2025, 3, 12, 8)

    def test_the_night_in_which_clocks_go_forward_is_an_hour_shorter(self) -> None:
        evening = local(2025, 3, 8, 22, zone=NEW_YORK)
        verdict = judge(CN_2026, call(), replace(STANDING, zone=NEW_YORK), [], evening)
        assert verdict.until == local(2025, 3, 9, 8, zone=NEW_YORK)
        assert verdict.until.astimezone(UTC) - evening.astimezone(UTC) == timedelta(hours=9)

    def test_hours_that_open_while_clocks_skip_open_with_the_skip(self) -> None:
        standing = replace(STANDING, zone=NEW_YORK, agreed_hours=Hours(time(2, 30), time(10)))
        verdict = judge(CN_2026, call(), standing, [], local(2025, 3, 9, 0, zone=NEW_YORK))
        assert verdict.until == local(2025, 3, 9, 3, zone=NEW_YORK)


class TestCalls:
    def test_a_fourth_answered_call_waits_for_the_next_day(self) -> None:
        calls = [made(NOON - timedelta(hours=n)) for n in (1, 2)]
        assert said(CN_2026, call(), calls) is None
        calls.append(made(NOON - timedelta(hours=3), account_id=2))
        verdict = next_allowed(CN_2026, call(), STANDING, calls, NOON)
        # What forbids it now, and when the night after it is over too.
        assert (verdict.rule, verdict.until) == (RuleId.EFFECTIVE_CALLS, local(2025, 3, 13, 8))
        assert judge(CN_2026, call(), STANDING, calls, NOON).until == local(2025, 3, 13, 0)

    def test_a_machines_voice_counts_and_is_counted(self) -> None:
        calls = [made(NOON - timedelta(hours=n), channel=Channel.VOICE_BOT) for n in (1, 2, 3)]
        assert said(CN_2026, call(), calls) is RuleId.EFFECTIVE_CALLS
        assert said(CN_2026, call(channel=Channel.VOICE_BOT), calls) is RuleId.EFFECTIVE_CALLS

    def test_yesterdays_calls_count_no_more_from_the_customers_midnight(self) -> None:
        calls = [made(local(2025, 3, 11, 21, minute)) for minute in (1, 2, 3)]
        late = {"agreed_hours": Hours(time(0), time(0))}
        assert said(CN_2026, call(), calls, at=local(2025, 3, 11, 23, 59), **late) is RuleId.EFFECTIVE_CALLS
        assert said(CN_2026, call(), calls, at=local(2025, 3, 12, 0, 0), **late) is None

    def test_two_answered_calls_are_the_most_of_the_strict_profile(self) -> None:
        assert said(CN_STRICT, call(), [made(NOON - timedelta(hours=1))]) is None
        assert said(CN_STRICT, call(), [made(NOON - timedelta(hours=n)) for n in (1, 2)]) is RuleId.EFFECTIVE_CALLS

    def test_unanswered_attempts_are_counted_by_the_number_called(self) -> None:
        tried = [made(NOON - timedelta(minutes=n), Outcome.UNANSWERED) for n in range(1, 6)]
        assert said(CN_2026, call(), tried) is None
        tried.append(made(NOON - timedelta(minutes=9), Outcome.UNANSWERED, account_id=2))
        assert said(CN_2026, call(), tried) is RuleId.UNANSWERED
        assert said(CN_2026, call(detail=44), tried) is None
        assert said(CN_STRICT, call(), tried[:4]) is RuleId.UNANSWERED

    def test_a_call_in_progress_counts_as_whatever_limits_more(self) -> None:
        open_calls = [made(NOON - timedelta(minutes=n), Outcome.OPEN) for n in (1, 2, 3)]
        assert said(CN_2026, call(), open_calls) is RuleId.EFFECTIVE_CALLS
        mixed = [made(NOON, Outcome.OPEN), *(made(NOON, Outcome.UNANSWERED) for _ in range(5))]
        assert said(CN_2026, call(), mixed) is RuleId.UNANSWERED

    def test_a_contact_that_was_not_made_counts_nowhere(self) -> None:
        assert said(CN_2026, call(), [made(NOON, Outcome.NOT_MADE) for _ in range(9)]) is None

    def test_the_us_profile_allows_seven_calls_about_a_debt_in_seven_days(self) -> None:
        calls = [made(NOON - timedelta(days=day), Outcome.UNANSWERED) for day in range(6)]
        assert said(US_REG_F, call(), calls) is None
        calls.append(made(NOON - timedelta(days=6), Outcome.UNANSWERED))
        verdict = judge(US_REG_F, call(), STANDING, calls, NOON)
        # The oldest is of 6 March; its seven days are over on the 13th.
        assert (verdict.rule, verdict.until) == (RuleId.CALLS_A_WEEK, local(2025, 3, 13, 0))
        assert said(US_REG_F, call(account_id=2), calls) is None
        assert said(US_REG_F, call(), calls, at=local(2025, 3, 13, 8)) is None

    def test_the_us_profile_lets_a_debt_rest_seven_days_from_the_day_it_was_talked_about(self) -> None:
        talk = [made(local(2025, 3, 5, 20))]
        assert said(US_REG_F, call(), talk, at=local(2025, 3, 11, 20, 59)) is RuleId.AFTER_CONVERSATION
        assert judge(US_REG_F, call(), STANDING, talk, NOON - timedelta(days=1)).until == local(2025, 3, 12, 0)
        assert said(US_REG_F, call(), talk, at=local(2025, 3, 12, 8)) is None
        assert said(US_REG_F, call(account_id=2), talk, at=local(2025, 3, 6, 9)) is None
        # Not ended, it may be a talk; and it may turn out to have been none.
        assert said(US_REG_F, call(), [made(local(2025, 3, 5, 20), Outcome.OPEN)]) is None
        assert said(US_REG_F, call(), [made(local(2025, 3, 6, 20), Outcome.OPEN)]) is RuleId.AFTER_CONVERSATION
        assert said(US_REG_F, call(), [made(local(2025, 3, 6, 20), Outcome.UNANSWERED)]) is None
        assert said(US_REG_F, sms(), talk, at=local(2025, 3, 6, 9)) is None

    def test_nobody_calls_without_a_valid_examination(self) -> None:
        assert said(CN_2026, call(is_collector_fit=False)) is RuleId.COLLECTOR
        assert said(CN_2026, call(is_collector_fit=True)) is None


class TestMessages:
    def sent(self, at: datetime, channel: Channel = Channel.SMS, **more: Any) -> Past:
        return made(at, Outcome.DELIVERED, channel=channel, **more)

    def test_one_a_day_of_a_channel_and_two_in_all(self) -> None:
        first = self.sent(NOON - timedelta(hours=1))
        assert said(CN_2026, sms(), [first]) is RuleId.MESSAGES_CHANNEL
        assert said(CN_2026, sms(channel=Channel.EMAIL), [first]) is None
        second = self.sent(NOON - timedelta(hours=2), Channel.EMAIL)
        assert said(CN_2026, sms(channel=Channel.PUSH), [first, second]) is RuleId.MESSAGES_A_DAY

    def test_the_accounts_of_a_customer_share_them(self) -> None:
        assert said(CN_2026, sms(account_id=2), [self.sent(NOON - timedelta(hours=1))]) is RuleId.MESSAGES_CHANNEL

    def test_seven_in_seven_days(self) -> None:
        week = [self.sent(NOON - timedelta(days=day)) for day in range(1, 7)]
        assert said(CN_2026, sms(), week) is None
        assert said(CN_2026, sms(channel=Channel.PUSH), [*week, self.sent(NOON, Channel.EMAIL)]) is RuleId.MESSAGES_A_WEEK
        verdict = next_allowed(CN_2026, sms(channel=Channel.PUSH), STANDING, [*week, self.sent(NOON, Channel.EMAIL)], NOON)
        assert verdict.until == local(2025, 3, 13, 8)

    def test_a_notice_required_by_law_neither_counts_nor_is_counted(self) -> None:
        notices = [self.sent(NOON - timedelta(minutes=n), purpose=Purpose.NOTICE) for n in range(9)]
        assert said(CN_2026, sms(), notices) is None
        reminders = [self.sent(NOON - timedelta(hours=1))]
        assert said(CN_2026, sms(purpose=Purpose.NOTICE), reminders) is None
        assert said(CN_2026, sms(purpose=Purpose.NOTICE), at=local(2025, 3, 12, 3)) is RuleId.QUIET_HOURS

    def test_an_offer_of_a_plan_is_bound_by_all_that_binds_a_reminder(self) -> None:
        offer, an_hour_ago = sms(purpose=Purpose.OFFER), NOON - timedelta(hours=1)
        assert said(CN_2026, offer) is None
        assert said(CN_2026, offer, consents=frozenset()) is RuleId.CONSENT
        assert said(CN_2026, offer, [self.sent(an_hour_ago)]) is RuleId.MESSAGES_CHANNEL
        assert said(CN_2026, sms(), [self.sent(an_hour_ago, purpose=Purpose.OFFER)]) is RuleId.MESSAGES_CHANNEL
        others = [self.sent(an_hour_ago, channel) for channel in (Channel.EMAIL, Channel.PUSH)]
        assert said(CN_2026, offer, others) is RuleId.MESSAGES_A_DAY

    def test_calls_and_messages_do_not_count_for_one_another(self) -> None:
        assert said(CN_2026, sms(), [made(NOON - timedelta(hours=n)) for n in (1, 2, 3)]) is None

    def test_a_message_that_went_out_counts_whether_it_arrived_or_not(self) -> None:
        gone = [made(NOON - timedelta(hours=1), outcome, channel=Channel.SMS) for outcome in (Outcome.UNDELIVERED,)]
        assert said(CN_2026, sms(), gone) is RuleId.MESSAGES_CHANNEL

    def test_consent_is_asked_for_by_channel_but_not_for_a_notice(self) -> None:
        without = {"consents": frozenset({Channel.EMAIL})}
        assert said(CN_2026, sms(), **without) is RuleId.CONSENT
        assert said(CN_2026, sms(channel=Channel.EMAIL), **without) is None
        assert said(CN_2026, sms(purpose=Purpose.NOTICE), **without) is None
        assert said(CN_2026, call(), **without) is None

    def test_who_opted_out_of_a_channel_gets_nothing_by_it(self) -> None:
        out = {"opted_out": frozenset({Channel.SMS})}
        assert said(CN_2026, sms(), **out) is RuleId.OPT_OUT
        assert said(CN_2026, sms(purpose=Purpose.NOTICE), **out) is RuleId.OPT_OUT
        assert said(CN_2026, sms(channel=Channel.EMAIL), **out) is None

    def test_who_wants_no_calls_wants_none_of_a_machine(self) -> None:
        no_calls, no_machines = ({"opted_out": frozenset({channel})} for channel in (Channel.CALL, Channel.VOICE_BOT))
        assert said(CN_2026, call(channel=Channel.VOICE_BOT), **no_calls) is RuleId.OPT_OUT
        assert said(CN_2026, call(channel=Channel.VOICE_BOT), **no_machines) is RuleId.OPT_OUT
        assert said(CN_2026, call(), **no_machines) is None

    def test_the_us_profile_wants_an_opt_out_in_every_message(self) -> None:
        assert said(US_REG_F, sms(has_opt_out=False)) is RuleId.OPT_OUT_OFFERED
        assert said(US_REG_F, sms(has_opt_out=True)) is None
        assert said(CN_2026, sms(has_opt_out=False)) is None
        assert said(US_REG_F, call(has_opt_out=False)) is None


class TestHolds:
    @pytest.mark.parametrize("policy", [CN_2026, CN_STRICT, US_REG_F])
    @pytest.mark.parametrize("hold", [hold for hold in Hold if hold is not Hold.VULNERABLE])
    def test_every_hold_stops_calls_and_reminders_in_every_profile(self, policy: Policy, hold: Hold) -> None:
        offers = (sms(purpose=Purpose.OFFER), call(purpose=Purpose.OFFER))
        for request in (call(), sms(), sms(purpose=Purpose.EDUCATION), call(channel=Channel.LETTER), *offers):
            assert said(policy, request, holds=frozenset({(hold, None)})) is RuleId.HOLD

    def test_a_hold_on_one_account_leaves_the_others(self) -> None:
        held = {"holds": frozenset({(Hold.DISPUTE, 1)})}
        assert said(CN_2026, call(), **held) is RuleId.HOLD
        assert said(CN_2026, call(account_id=2), **held) is None

    @pytest.mark.parametrize("hold", Hold)
    def test_a_notice_passes_the_holds_that_it_must(self, hold: Hold) -> None:
        passes = hold not in (Hold.DEATH, Hold.MINOR, Hold.LEGAL_REPRESENTATION)
        rule = said(CN_2026, sms(purpose=Purpose.NOTICE), holds=frozenset({(hold, None)}))
        assert rule is (None if passes else RuleId.HOLD)

    @pytest.mark.parametrize("party", Party)
    def test_a_control_group_is_left_alone_whoever_is_asked_and_a_notice_passes_in_any_policy(self, party: Party) -> None:
        held = {"holds": frozenset({(Hold.NO_CONTACT_ARM, 1)}), "is_lost": True}
        for purpose in Purpose:
            rule = said(replace(CN_2026, notices_pass=frozenset()), sms(purpose=purpose, party=party), **held)
            assert (rule is RuleId.HOLD) is (purpose is not Purpose.NOTICE), purpose
        assert said(CN_2026, call(account_id=2), **held) is None

    def test_what_the_customer_or_the_law_wants_is_named_before_an_experiment(self) -> None:
        holds = frozenset({(Hold.NO_CONTACT_ARM, 1), (Hold.STOP_CONTACT, None)})
        finding = judge(CN_2026, call(), replace(STANDING, holds=holds), [], NOON).finding
        assert finding is not None and finding.hold is Hold.STOP_CONTACT

    def test_a_represented_customer_is_reached_through_the_representative_alone(self) -> None:
        held = {"holds": frozenset({(Hold.LEGAL_REPRESENTATION, None)}), "representatives": frozenset({(LAWYER, None)})}
        to_lawyer = call(party=Party.REPRESENTATIVE, detail=LAWYER)
        assert said(CN_2026, to_lawyer, **held) is None
        assert said(CN_2026, to_lawyer) is RuleId.REPRESENTATIVE

    def test_a_representative_is_called_at_the_number_on_record_alone(self) -> None:
        holds = frozenset({(Hold.LEGAL_REPRESENTATION, None)})
        to_lawyer = call(party=Party.REPRESENTATIVE, detail=LAWYER)
        assert said(CN_2026, to_lawyer, holds=holds) is RuleId.REPRESENTATIVE
        of_account = {"holds": holds, "representatives": frozenset({(LAWYER, 1)})}
        assert said(CN_2026, to_lawyer, **of_account) is None
        assert said(CN_2026, replace(to_lawyer, account_id=2), **of_account) is RuleId.REPRESENTATIVE
        assert said(CN_2026, replace(to_lawyer, detail=COUSIN), **of_account) is RuleId.REPRESENTATIVE
        assert said(CN_2026, to_lawyer, refused_by=frozenset({LAWYER}), **of_account) is RuleId.REPRESENTATIVE

    def test_calls_to_a_representative_count_with_those_to_the_debtor(self) -> None:
        held = {"holds": frozenset({(Hold.LEGAL_REPRESENTATION, None)}), "representatives": frozenset({(LAWYER, None)})}
        to_lawyer = call(party=Party.REPRESENTATIVE, detail=LAWYER)
        spoken = [made(NOON - timedelta(hours=2), party=Party.REPRESENTATIVE, detail=LAWYER) for _turn in range(2)]
        spoken.append(made(NOON - timedelta(hours=1)))
        assert said(CN_2026, to_lawyer, spoken[1:], **held) is None
        assert said(CN_2026, to_lawyer, spoken, **held) is RuleId.EFFECTIVE_CALLS
        assert said(CN_2026, call(), spoken) is RuleId.EFFECTIVE_CALLS

    def test_a_refusal_is_named_before_a_wait(self) -> None:
        verdict = judge(CN_2026, call(), replace(STANDING, holds=frozenset({(Hold.DEATH, None)})), [], local(2025, 3, 12, 3))
        assert (verdict.rule, verdict.until) == (RuleId.HOLD, None)


class TestDetailsAndIdentity:
    def test_without_a_number_or_with_a_dead_one_nothing_is_tried(self) -> None:
        assert said(CN_2026, call(detail=None)) is RuleId.DETAIL
        assert said(CN_2026, call(), unusable=frozenset({PHONE})) is RuleId.DETAIL
        assert said(CN_2026, call(), unusable=frozenset({EMAIL})) is None

    def test_the_first_contact_names_the_institution(self) -> None:
        assert said(CN_2026, sms(names_institution=False)) is RuleId.IDENTITY
        assert said(CN_2026, sms(names_institution=False), [made(NOON - timedelta(days=1))]) is None
        to_cousin = [made(NOON - timedelta(days=1), party=Party.THIRD_PARTY)]
        assert said(CN_2026, sms(names_institution=False), to_cousin) is RuleId.IDENTITY

    @pytest.mark.parametrize("outcome", [Outcome.OPEN, Outcome.UNANSWERED, Outcome.WRONG_PERSON, Outcome.UNDELIVERED])
    def test_what_reached_nobody_was_no_first_contact(self, outcome: Outcome) -> None:
        assert said(CN_2026, sms(names_institution=False), [made(NOON - timedelta(days=1), outcome)]) is RuleId.IDENTITY


class TestThirdParties:
    def failures(self, *outcomes: Outcome) -> list[Past]:
        return [made(NOON - timedelta(days=1, hours=n), outcome) for n, outcome in enumerate(outcomes)]

    def test_they_are_asked_only_where_the_debtor_is_lost(self) -> None:
        assert said(CN_2026, locating()) is RuleId.THIRD_PARTY
        assert said(CN_2026, locating(), is_lost=True) is None

    def test_of_contacts_of_one_moment_none_is_the_later_in_whatever_order_the_log_is_read(self) -> None:
        failed = self.failures(Outcome.UNANSWERED, Outcome.UNDELIVERED)
        first = min(p.at for p in failed) - timedelta(hours=1)
        together = [made(first, Outcome.EFFECTIVE), made(first, Outcome.UNANSWERED)]
        for past in ([*together, *failed], [*failed, *reversed(together)], [*reversed(failed), *together]):
            assert said(CN_2026, locating(), past) is RuleId.THIRD_PARTY
        earlier = made(first - timedelta(hours=1), Outcome.EFFECTIVE)
        assert said(CN_2026, locating(), [earlier, together[1], *failed]) is None

    def test_three_failures_in_a_row_make_a_debtor_lost(self) -> None:
        two = self.failures(Outcome.UNANSWERED, Outcome.INVALID_DETAIL)
        assert said(CN_2026, locating(), two) is RuleId.THIRD_PARTY
        three = self.failures(Outcome.UNANSWERED, Outcome.INVALID_DETAIL, Outcome.UNDELIVERED)
        assert said(CN_2026, locating(), three) is None
        # The latest one reached the debtor: the row is broken.
        broken = [*three, made(NOON - timedelta(hours=1))]
        assert said(CN_2026, locating(), broken) is RuleId.THIRD_PARTY

    @pytest.mark.parametrize(
        "change",
        [
            {"purpose": Purpose.DEMAND},
            {"purpose": Purpose.REMINDER},
            {"discloses_debt": True},
            {"channel": Channel.SMS},
            {"channel": Channel.LETTER},
        ],
    )
    def test_they_are_never_asked_to_pay_nor_told_of_the_debt(self, change: dict[str, Any]) -> None:
        assert said(CN_2026, locating(**change), is_lost=True) is RuleId.THIRD_PARTY

    def test_after_one_refusal_never_again(self) -> None:
        assert said(CN_2026, locating(), is_lost=True, refused_by=frozenset({COUSIN})) is RuleId.THIRD_PARTY
        refusal = [made(NOON - timedelta(days=3), Outcome.REFUSED, party=Party.THIRD_PARTY, detail=COUSIN)]
        assert said(CN_2026, locating(), refusal, is_lost=True) is RuleId.THIRD_PARTY
        assert said(CN_2026, locating(detail=44), refusal, is_lost=True) is None

    def test_the_us_profile_counts_calls_at_each_third_party_alone(self) -> None:
        asked = {"party": Party.THIRD_PARTY, "detail": COUSIN, "purpose": Purpose.LOCATE}
        calls = [made(NOON - timedelta(days=day % 3, minutes=day), Outcome.UNANSWERED, **asked) for day in range(7)]
        assert said(US_REG_F, locating(), calls[1:], is_lost=True) is None
        assert said(US_REG_F, locating(), calls, is_lost=True) is RuleId.CALLS_A_WEEK
        assert said(US_REG_F, locating(detail=44), calls, is_lost=True) is None
        assert said(US_REG_F, call(), calls) is None
        talk = [made(NOON - timedelta(days=1), **asked)]
        assert said(US_REG_F, locating(), talk, is_lost=True) is RuleId.AFTER_CONVERSATION
        assert said(US_REG_F, locating(detail=44), talk, is_lost=True) is None
        assert said(US_REG_F, call(), talk) is None

    def test_nobody_asks_the_debtor_where_the_debtor_is(self) -> None:
        assert said(CN_2026, call(purpose=Purpose.LOCATE)) is RuleId.THIRD_PARTY


ZONES = [SHANGHAI, NEW_YORK, ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
OUTCOMES = [o for o in Outcome if o is not Outcome.NOT_MADE]
QUARTER = timedelta(minutes=15)
#: A Friday night before clocks go back in New York, and forward in Cairo and Lord Howe within the year.
BEGIN = datetime(2025, 10, 30, tzinfo=UTC)

contacts = st.builds(
    lambda quarters, channel, outcome, account, detail: made(
        BEGIN - quarters * QUARTER, outcome, channel=channel, account_id=account, detail=detail
    ),
    st.integers(0, 9 * 96),
    st.sampled_from([Channel.CALL, Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.VOICE_BOT]),
    st.sampled_from(OUTCOMES),
    st.sampled_from([1, 2]),
    st.sampled_from([PHONE, EMAIL]),
)


@given(
    st.lists(contacts, max_size=20),
    st.sampled_from([CN_2026, CN_STRICT, US_REG_F]),
    st.sampled_from(ZONES),
    st.sampled_from([Channel.CALL, Channel.SMS, Channel.EMAIL]),
    st.integers(0, 365 * 96),
)
def test_the_moment_to_wait_for_is_the_first_at_which_nothing_forbids(
    past: list[Past], policy: Policy, zone: ZoneInfo, channel: Channel, later: int
) -> None:
    shift = later * QUARTER
    past = [replace(p, at=p.at + shift) for p in past]
    now, standing = BEGIN + shift, replace(STANDING, zone=zone)
    request = call(channel=channel)
    verdict = next_allowed(policy, request, standing, past, now)
    if verdict.is_allowed:
        assert judge(policy, request, standing, past, now).is_allowed
        return
    assert verdict.until is not None and now < verdict.until < now + timedelta(days=10)
    assert judge(policy, request, standing, past, verdict.until).is_allowed
    moment = now
    while moment < verdict.until:
        assert not judge(policy, request, standing, past, moment).is_allowed
        moment += QUARTER


@given(st.lists(contacts, max_size=20), st.sampled_from([CN_2026, CN_STRICT, US_REG_F]))
def test_one_contact_more_never_allows_what_was_forbidden(past: list[Past], policy: Policy) -> None:
    request, now = call(), NOON.replace(year=2025, month=10, day=30)
    if past and not judge(policy, request, STANDING, past[1:], now).is_allowed:
        assert not judge(policy, request, STANDING, past, now).is_allowed


class TestVulnerable:
    HOLD = frozenset({(Hold.VULNERABLE, 1)})

    @pytest.mark.parametrize("policy", [CN_2026, CN_STRICT, US_REG_F])
    def test_nothing_above_a_reminder_is_let_through_and_a_reminder_is(self, policy: Policy) -> None:
        for request in (
            sms(purpose=Purpose.DEMAND),
            call(channel=Channel.LETTER, purpose=Purpose.DEMAND),
            call(channel=Channel.VOICE_BOT),
            locating(),
        ):
            verdict = judge(policy, request, replace(STANDING, holds=self.HOLD, is_lost=True), [], NOON)
            assert (verdict.rule, verdict.finding and verdict.finding.hold) == (RuleId.HOLD, Hold.VULNERABLE)
        for request in (sms(), call(), sms(purpose=Purpose.EDUCATION), sms(purpose=Purpose.NOTICE), sms(purpose=Purpose.OFFER)):
            assert said(policy, request, holds=self.HOLD) is None
        assert said(policy, sms(purpose=Purpose.DEMAND), holds=frozenset({(Hold.VULNERABLE, 2)})) is None, "of another account"
