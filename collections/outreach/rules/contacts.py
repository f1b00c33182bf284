"""What a contact is, and what is known of a customer when one is asked for: plain values that the contact policy judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

_A_MINUTE: Final = timedelta(minutes=1)


class Channel(StrEnum):
    """The way to a customer."""

    CALL = "call"
    VOICE_BOT = "voice_bot"
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    LETTER = "letter"
    VISIT = "visit"


#: A machine's voice counts as a call (GB/T 45251-2025).
CALLS: Final = frozenset({Channel.CALL, Channel.VOICE_BOT})
ELECTRONIC: Final = frozenset({Channel.SMS, Channel.EMAIL, Channel.PUSH})


class Party(StrEnum):
    """Who is contacted."""

    DEBTOR = "debtor"
    REPRESENTATIVE = "representative"
    THIRD_PARTY = "third_party"


class Purpose(StrEnum):
    """What a contact is for. A `NOTICE` is required by law or contract; it is bound by hours, not by how often.

    An `OFFER` is of a plan: welcome perhaps, but nobody must make it, so all that binds a reminder binds it.
    """

    REMINDER = "reminder"
    DEMAND = "demand"
    EDUCATION = "education"
    OFFER = "offer"
    NOTICE = "notice"
    LOCATE = "locate"


class Outcome(StrEnum):
    """How a contact ended. `OPEN`: it was let through and its end is not known; it counts as whatever limits more."""

    OPEN = "open"
    EFFECTIVE = "effective"
    UNANSWERED = "unanswered"
    WRONG_PERSON = "wrong_person"
    INVALID_DETAIL = "invalid_detail"
    REFUSED = "refused"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    NOT_MADE = "not_made"


#: A debtor who was not reached: so many in a row, and others may be asked how to reach them.
FAILED: Final = frozenset({Outcome.UNANSWERED, Outcome.WRONG_PERSON, Outcome.INVALID_DETAIL, Outcome.UNDELIVERED})


class Hold(StrEnum):
    """Why a customer is not to be contacted (conduct-rules, holds)."""

    DISPUTE = "dispute"
    COMPLAINT = "complaint"
    FRAUD_CLAIM = "fraud_claim"
    HARDSHIP_PLAN = "hardship_plan"
    DEATH = "death"
    INSOLVENCY = "insolvency"
    MINOR = "minor"
    STOP_CONTACT = "stop_contact"
    LEGAL_REPRESENTATION = "legal_representation"
    # An experiment leaves the customer without contact; follows from the arm they are in (outreach/experiments.py).
    NO_CONTACT_ARM = "no_contact_arm"
    # The customer is handled with care; follows from casework's flag. It holds back what is above a reminder, and that alone.
    VULNERABLE = "vulnerable"


#: The holds that people note and policies speak of.
NOTED_HOLDS: Final = tuple(hold for hold in Hold if hold not in (Hold.NO_CONTACT_ARM, Hold.VULNERABLE))


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of local time, `since` included, `until` not; it goes over midnight where `since` is the later one."""

    since: time
    until: time

    def hold(self, local: time) -> bool:
        """Return whether a local time is within."""
        if self.since == self.until:
            return True
        if self.since < self.until:
            return self.since <= local < self.until
        return local >= self.since or local < self.until


@dataclass(frozen=True, slots=True)
class Request:
    """A contact that somebody wants to make.

    :param detail: a keyed index of the number or address; None where there is none to use
    :param names_institution: what is said or written names who it comes from
    :param discloses_debt: what is said or written tells of the debt
    :param has_opt_out: what is written says how to be written to no more
    :param is_collector_fit: whoever calls has a valid examination and no conflict of interest; None: no person does
    """

    channel: Channel
    purpose: Purpose
    account_id: int
    detail: int | None
    party: Party = Party.DEBTOR
    names_institution: bool = True
    discloses_debt: bool = True
    has_opt_out: bool = True
    is_collector_fit: bool | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A contact of the log: made, or let through and not ended yet.

    :param is_with_another: a call with another customer, at the number that is asked about
    """

    at: datetime
    channel: Channel
    purpose: Purpose
    party: Party
    account_id: int
    detail: int | None
    outcome: Outcome
    is_with_another: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the customer at the moment.

    :param zone: the customer's local time
    :param agreed_hours: other hours that the customer agreed to
    :param consents: the electronic channels the customer agreed to
    :param opted_out: the channels the customer wants no more of
    :param holds: what holds contact about each account back, by account id; None: about all of them
    :param representatives: details of legal representatives, each with the account it is for; None: for all of them
    :param unusable: details that bounced or are known not to be the customer's
    :param refused_by: details of third parties who do not want to be asked again
    :param is_lost: dead, without capacity, or not to be reached otherwise, as a person found
    """

    zone: tzinfo
    agreed_hours: Hours | None = None
    consents: frozenset[Channel] = frozenset()
    opted_out: frozenset[Channel] = frozenset()
    holds: frozenset[tuple[Hold, int | None]] = frozenset()
    representatives: frozenset[tuple[int, int | None]] = frozenset()
    unusable: frozenset[int] = frozenset()
    refused_by: frozenset[int] = frozenset()
    is_lost: bool = False

    def day_of(self, moment: datetime) -> date:
        """Return the customer's calendar day of a moment."""
        return moment.astimezone(self.zone).date()

    def begin_of(self, day: date, at: time = time.min) -> datetime:
        """Return when a local time of the customer's day is reached, in UTC; one that clocks skip is reached by the skip."""
        moment = datetime.combine(day, at, self.zone).astimezone(UTC)
        while moment.astimezone(self.zone).time() != at:
            earlier = (moment - _A_MINUTE).astimezone(self.zone)
            if earlier.date() != day or earlier.time() < at:
                break
            moment -= _A_MINUTE
        return moment

    def held_by(self, account_id: int) -> frozenset[Hold]:
        """Return what holds contact about an account back."""
        return frozenset(hold for hold, about in self.holds if about is None or about == account_id)

    def represented_at(self, account_id: int) -> frozenset[int]:
        """Return the details of the legal representatives that are on record for an account."""
        return frozenset(detail for detail, about in self.representatives if about is None or about == account_id)
