"""The contact policy: its figures, and what it says of one contact at one moment. conduct-rules, "Contact policy".

The one place where it is decided whether a contact may be made. The gate asks it before a contact, the what-if page asks it
for hours to come, and the audit asks it again for every contact of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from outreach.rules.contacts import (
    CALLS,
    ELECTRONIC,
    FAILED,
    Channel,
    Hold,
    Hours,
    Outcome,
    Party,
    Past,
    Purpose,
    Request,
    Standing,
)

#: The version of these rules: a stored verdict names the one that gave it.
ENGINE_VERSION: Final = "1"
#: How many days back the policy looks: a week of seven days, the present one included.
DAYS_OF_A_WEEK: Final = 7
#: How a call ended after which the debt rests. One that is not ended may be a talk.
TALKED: Final = frozenset({Outcome.EFFECTIVE, Outcome.REFUSED, Outcome.OPEN})
#: How far ahead a moment to wait for is looked for. No rule of frequency reaches further than a week and a night.
_FARTHEST: Final = timedelta(days=16)
_ROUNDS: Final = 40


class RuleId(StrEnum):
    """The rules, in the order in which they are named when several forbid. Refusals by rule come before waiting.

    `NO_POLICY` is none of a policy's: without a version that holds nobody is contacted.
    """

    NO_POLICY = "no-policy"
    HOLD = "hold"
    DETAIL = "detail"
    OPT_OUT = "opt-out"
    CONSENT = "consent"
    OPT_OUT_OFFERED = "opt-out-offered"
    IDENTITY = "identity"
    COLLECTOR = "collector"
    THIRD_PARTY = "third-party"
    REPRESENTATIVE = "representative"
    QUIET_HOURS = "quiet-hours"
    EFFECTIVE_CALLS = "effective-calls"
    UNANSWERED = "unanswered-attempts"
    CALLS_A_WEEK = "calls-a-week"
    AFTER_CONVERSATION = "after-conversation"
    MESSAGES_CHANNEL = "messages-channel"
    MESSAGES_A_DAY = "messages-a-day"
    MESSAGES_A_WEEK = "messages-a-week"


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures of one version. None: there is no such rule.

    :param hours: when contacts may be made, in the customer's local time
    :param effective_calls_a_day: answered calls to one debtor, or to who represents them, on one day
    :param unanswered_a_day: unanswered attempts at one contact detail on one day
    :param calls_a_week: calls about one debt within seven days in a row
    :param quiet_days_after_conversation: days without a call about a debt after one was talked about; that day is the first
    :param messages_a_day_per_channel: electronic messages of one channel on one day
    :param failures_to_be_lost: contacts in a row that did not reach the debtor, after which third parties may be asked
    :param notices_pass: noted holds that a notice required by law passes
    :param is_opt_out_demanded: every electronic message says how to be written to no more
    """

    hours: Hours
    effective_calls_a_day: int | None
    unanswered_a_day: int | None
    calls_a_week: int | None
    quiet_days_after_conversation: int | None
    messages_a_day_per_channel: int | None
    messages_a_day: int | None
    messages_a_week: int | None
    failures_to_be_lost: int
    notices_pass: frozenset[Hold]
    is_opt_out_demanded: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that forbids: for good as things stand (`until` None), or until a moment.

    :param had: what was counted, where the rule counts
    :param most: how many it allows
    """

    rule: RuleId
    until: datetime | None = None
    had: int | None = None
    most: int | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says: allowed where no rule is named, to wait where there is a moment, else denied."""

    finding: Finding | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the contact may be made now."""
        return self.finding is None

    @property
    def rule(self) -> RuleId | None:
        """The rule that forbids."""
        return self.finding.rule if self.finding else None

    @property
    def until(self) -> datetime | None:
        """When it may be made, as far as is known now."""
        return self.finding.until if self.finding else None


def judge(policy: Policy, request: Request, standing: Standing, past: Iterable[Past], now: datetime) -> Verdict:
    """Return what the policy says of a contact at a moment.

    :param past: the contacts with the customer before the moment; those of the last seven days and the last ones made at all;
        and the calls of the last days with others at the number that is asked about
    :param now: aware
    """
    made = [p for p in past if p.outcome is not Outcome.NOT_MADE]
    own, others = (tuple(p for p in made if p.is_with_another is is_other) for is_other in (False, True))
    today = standing.day_of(now)
    ages = tuple((today - standing.day_of(p.at)).days for p in own)
    matter = _Matter(policy, request, standing, own, ages, others, now)
    findings = [finding for rule in _RULES if (finding := rule(matter)) is not None]
    denied = next((finding for finding in findings if finding.until is None), None)
    if denied is not None:
        return Verdict(denied)
    return Verdict(max(findings, key=lambda finding: finding.until or now, default=None))


def next_allowed(policy: Policy, request: Request, standing: Standing, past: Sequence[Past], now: datetime) -> Verdict:
    """Return the same, with the first moment at which no rule forbids the contact any more, if nothing happens until then.

    The rule named is the one that forbids now; where others take their turn (quiet hours after a full day), the moment is
    theirs.
    """
    said = judge(policy, request, standing, past, now)
    verdict, moment = said, now
    for _ in range(_ROUNDS):
        if verdict.until is None or moment - now > _FARTHEST:
            break
        moment = verdict.until
        verdict = judge(policy, request, standing, past, moment)
    return said if said.until is None or said.finding is None else Verdict(replace(said.finding, until=moment))


@dataclass(frozen=True, slots=True)
class _Matter:
    """What the rules look at. `ages`: how many of the customer's days ago each of `past` was, found once for all rules."""

    policy: Policy
    request: Request
    standing: Standing
    past: tuple[Past, ...]
    ages: tuple[int, ...]
    with_others: tuple[Past, ...]
    now: datetime

    def days_ago(self, contact: Past) -> int:
        return (self.standing.day_of(self.now) - self.standing.day_of(contact.at)).days

    def within(self, days: int, channels: Iterable[Channel]) -> list[Past]:
        """Return the contacts of the last days, the present one included, by channel."""
        wanted = frozenset(channels)
        return [p for p, age in zip(self.past, self.ages, strict=True) if 0 <= age < days and p.channel in wanted]

    def days_on(self, contact: Past, days: int) -> datetime:
        """Return when the customer's day begins that is so many days after that of a contact."""
        return self.standing.begin_of(self.standing.day_of(contact.at) + timedelta(days=days))

    def capped(self, rule: RuleId, counted: list[Past], most: int | None, days: int) -> Finding | None:
        """Forbid where so many were made within so many days; until enough of them are older."""
        if most is None or len(counted) < most:
            return None
        if most == 0:
            return Finding(rule, None, len(counted), most)
        in_order = sorted(counted, key=lambda p: p.at)
        # Of n contacts, the one after which fewer than `most` are left.
        leaving = in_order[len(in_order) - most]
        return Finding(rule, self.days_on(leaving, days), len(counted), most)


def _hold(matter: _Matter) -> Finding | None:
    """Nothing that is held back is asked about; a notice passes the holds it must pass, and an experiment in any policy."""
    request = matter.request
    # What the customer or the law wants is named before what an experiment does.
    for hold in sorted(matter.standing.held_by(request.account_id), key=lambda held: (held is Hold.NO_CONTACT_ARM, held)):
        if request.purpose is Purpose.NOTICE and (hold is Hold.NO_CONTACT_ARM or hold in matter.policy.notices_pass):
            continue
        # Who is represented is reached through the representative, and who cannot be reached through somebody who may know.
        if hold is Hold.LEGAL_REPRESENTATION and request.party is Party.REPRESENTATIVE:
            continue
        if hold is Hold.DEATH and request.party is Party.THIRD_PARTY:
            continue
        if hold is Hold.VULNERABLE and not _is_above_a_reminder(request):
            continue
        return Finding(RuleId.HOLD, hold=hold)
    return None


def _is_above_a_reminder(request: Request) -> bool:
    """Return whether a contact is more than a vulnerable customer is met with: a demand, a machine's voice, a third party.

    A person's call is not: who may make one is asked before the gate.
    """
    is_pressing = request.purpose is Purpose.DEMAND or request.channel is Channel.VOICE_BOT
    return is_pressing or request.party is Party.THIRD_PARTY


def _detail(matter: _Matter) -> Finding | None:
    """A number or address there is none of, or that is known to lead nowhere, is not tried."""
    detail = matter.request.detail
    if detail is None or detail in matter.standing.unusable:
        return Finding(RuleId.DETAIL)
    return None


def _opt_out(matter: _Matter) -> Finding | None:
    """Nothing goes by a channel that the customer wants no more of; who wants no calls wants none of a machine either."""
    if matter.request.party is not Party.DEBTOR:
        return None
    out = matter.standing.opted_out
    is_out = matter.request.channel in out or (matter.request.channel in CALLS and Channel.CALL in out)
    return Finding(RuleId.OPT_OUT) if is_out else None


def _consent(matter: _Matter) -> Finding | None:
    """Electronic messages need consent; a notice required by law does not ask for it."""
    request = matter.request
    if request.channel not in ELECTRONIC or request.purpose is Purpose.NOTICE or request.party is not Party.DEBTOR:
        return None
    return None if request.channel in matter.standing.consents else Finding(RuleId.CONSENT)


def _opt_out_offered(matter: _Matter) -> Finding | None:
    is_lacking = matter.policy.is_opt_out_demanded and not matter.request.has_opt_out
    return Finding(RuleId.OPT_OUT_OFFERED) if is_lacking and matter.request.channel in ELECTRONIC else None


def _identity(matter: _Matter) -> Finding | None:
    """The first contact says who it comes from; a third party is told whom to call back, and no more.

    What reached nobody, or may not have, was no first contact.
    """
    request = matter.request
    reached = (Outcome.EFFECTIVE, Outcome.REFUSED, Outcome.DELIVERED)
    if request.names_institution or any(p.party is request.party and p.outcome in reached for p in matter.past):
        return None
    return Finding(RuleId.IDENTITY)


def _collector(matter: _Matter) -> Finding | None:
    return Finding(RuleId.COLLECTOR) if matter.request.is_collector_fit is False else None


def _third_party(matter: _Matter) -> Finding | None:
    """Others are asked only for a debtor who is lost, only how to reach them, and never again after they refused."""
    request, standing = matter.request, matter.standing
    if request.party is not Party.THIRD_PARTY:
        return Finding(RuleId.THIRD_PARTY) if request.purpose is Purpose.LOCATE else None
    is_for_reaching = request.purpose is Purpose.LOCATE and not request.discloses_debt and request.channel in CALLS
    is_lost = standing.is_lost or _failures_in_a_row(matter) >= matter.policy.failures_to_be_lost
    return None if is_for_reaching and is_lost and not _has_refused(matter) else Finding(RuleId.THIRD_PARTY)


def _has_refused(matter: _Matter) -> bool:
    """Return whether a third party at the number refused, whatever they are called this time."""
    detail = matter.request.detail
    return detail in matter.standing.refused_by or any(
        p.party is Party.THIRD_PARTY and p.detail == detail and p.outcome is Outcome.REFUSED for p in matter.past
    )


def _failures_in_a_row(matter: _Matter) -> int:
    """Return how many of the last contacts with the debtor failed.

    Of those of one moment none is the later: where one did not fail, none of them counts, in whatever order the log is read.
    """
    ended = [p for p in matter.past if p.party is Party.DEBTOR and p.outcome is not Outcome.OPEN]
    reached = max((p.at for p in ended if p.outcome not in FAILED), default=None)
    return sum(1 for p in ended if reached is None or p.at > reached)


def _representative(matter: _Matter) -> Finding | None:
    """A representative is spoken to where there is one, at the number on record, and not where a third party refused.

    The debt is disclosed to whoever answers: that somebody says who they call is not enough.
    """
    request, standing = matter.request, matter.standing
    if request.party is not Party.REPRESENTATIVE:
        return None
    has_one = Hold.LEGAL_REPRESENTATION in standing.held_by(request.account_id)
    is_theirs = request.detail in standing.represented_at(request.account_id)
    return None if has_one and is_theirs and not _has_refused(matter) else Finding(RuleId.REPRESENTATIVE)


def _quiet_hours(matter: _Matter) -> Finding | None:
    """Nobody is disturbed outside the hours; a letter disturbs nobody."""
    if matter.request.channel is Channel.LETTER:
        return None
    hours = matter.policy.hours
    if matter.request.party is Party.DEBTOR and matter.standing.agreed_hours is not None:
        hours = matter.standing.agreed_hours
    local = matter.now.astimezone(matter.standing.zone)
    if hours.hold(local.time()):
        return None
    for days in range(3):
        opens = matter.standing.begin_of(local.date() + timedelta(days=days), hours.since)
        if opens > matter.now:
            return Finding(RuleId.QUIET_HOURS, opens)
    raise AssertionError("hours open once a day")


def _effective_calls(matter: _Matter) -> Finding | None:
    """So many answered calls a day to one debtor, or to who speaks for them; one that is not ended may be answered."""
    if matter.request.channel not in CALLS or matter.request.party is Party.THIRD_PARTY:
        return None
    answered = (Outcome.EFFECTIVE, Outcome.REFUSED, Outcome.OPEN)
    today = [p for p in matter.within(1, CALLS) if p.party is not Party.THIRD_PARTY and p.outcome in answered]
    return matter.capped(RuleId.EFFECTIVE_CALLS, today, matter.policy.effective_calls_a_day, 1)


def _unanswered(matter: _Matter) -> Finding | None:
    """So many attempts a day at one number that nobody answers, whosever it is; one that is not ended may be one."""
    if matter.request.channel not in CALLS:
        return None
    unanswered = (Outcome.UNANSWERED, Outcome.OPEN)
    today = (*matter.within(1, CALLS), *(p for p in matter.with_others if matter.days_ago(p) == 0))
    tried = [p for p in today if p.detail == matter.request.detail and p.outcome in unanswered]
    return matter.capped(RuleId.UNANSWERED, tried, matter.policy.unanswered_a_day, 1)


def _calls_a_week(matter: _Matter) -> Finding | None:
    if matter.request.channel not in CALLS:
        return None
    made = [p for p in matter.within(DAYS_OF_A_WEEK, CALLS) if _is_about(p, matter.request)]
    return matter.capped(RuleId.CALLS_A_WEEK, made, matter.policy.calls_a_week, DAYS_OF_A_WEEK)


def _after_conversation(matter: _Matter) -> Finding | None:
    """A debt that was talked about rests; the day of the talk is the first of the days."""
    days = matter.policy.quiet_days_after_conversation
    if days is None or matter.request.channel not in CALLS:
        return None
    talks = [p for p in matter.within(days, CALLS) if _is_about(p, matter.request) and p.outcome in TALKED]
    if not talks:
        return None
    return Finding(RuleId.AFTER_CONVERSATION, matter.days_on(max(talks, key=lambda p: p.at), days), len(talks), 0)


def _is_about(contact: Past, request: Request) -> bool:
    """Return whether an earlier call is about the debt and counts for who is called now: each third party counts alone."""
    if contact.account_id != request.account_id:
        return False
    if request.party is Party.THIRD_PARTY:
        return contact.party is Party.THIRD_PARTY and contact.detail == request.detail
    return contact.party is not Party.THIRD_PARTY


def _messages(matter: _Matter, days: int, channels: Iterable[Channel]) -> list[Past]:
    """Return the messages that count: all but notices required by law."""
    return [p for p in matter.within(days, channels) if p.purpose is not Purpose.NOTICE]


def _is_counted_message(matter: _Matter) -> bool:
    return matter.request.channel in ELECTRONIC and matter.request.purpose is not Purpose.NOTICE


def _messages_channel(matter: _Matter) -> Finding | None:
    if not _is_counted_message(matter):
        return None
    sent = _messages(matter, 1, {matter.request.channel})
    return matter.capped(RuleId.MESSAGES_CHANNEL, sent, matter.policy.messages_a_day_per_channel, 1)


def _messages_a_day(matter: _Matter) -> Finding | None:
    if not _is_counted_message(matter):
        return None
    return matter.capped(RuleId.MESSAGES_A_DAY, _messages(matter, 1, ELECTRONIC), matter.policy.messages_a_day, 1)


def _messages_a_week(matter: _Matter) -> Finding | None:
    if not _is_counted_message(matter):
        return None
    sent = _messages(matter, DAYS_OF_A_WEEK, ELECTRONIC)
    return matter.capped(RuleId.MESSAGES_A_WEEK, sent, matter.policy.messages_a_week, DAYS_OF_A_WEEK)


_RULES: Final[tuple[Callable[[_Matter], Finding | None], ...]] = (
    _hold,
    _detail,
    _opt_out,
    _consent,
    _opt_out_offered,
    _identity,
    _collector,
    _third_party,
    _representative,
    _quiet_hours,
    _effective_calls,
    _unanswered,
    _calls_a_week,
    _after_conversation,
    _messages_channel,
    _messages_a_day,
    _messages_a_week,
)
