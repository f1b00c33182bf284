"""What goes over the API of outreach: contact policies, the state of a customer, the log."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.forms import CALL_PURPOSES
from outreach.models import Contact, ContactHold, ContactPolicy, Denial, OptOut
from outreach.operations.calls import BY_PERSON, ENDS
from outreach.queries.customer_contacts import ControlGroup
from outreach.rules.contact_policy import RuleId, Verdict
from outreach.rules.contacts import NOTED_HOLDS, Channel, Party
from outreach.wording import because, finding_text


class OutreachRefusalShape(serializers.Serializer[Any]):
    """Why nothing was done: a code for programs, what it is about, the reason for people."""

    code = serializers.CharField()
    about = serializers.CharField()
    detail = serializers.CharField()


class ContactPolicyShape(serializers.ModelSerializer[ContactPolicy]):
    """One version of a profile. A figure that is null is no such rule; times are the customer's local time."""

    class Meta:
        model = ContactPolicy
        fields = (
            *("profile", "version", "status", "revision", "live_from", "drafted_by_name", "approved_by_name"),
            *ContactPolicy.SAID,
        )
        read_only_fields = ("profile", "version", "status", "live_from", "drafted_by_name", "approved_by_name")

    products = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    notices_pass = serializers.ListField(child=serializers.ChoiceField([str(hold) for hold in NOTED_HOLDS]), required=False)
    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")


class DraftPolicyRequest(serializers.Serializer[Any]):
    """Which profile to copy, and the code of the new one where it is not the next version of the same."""

    copy_of = serializers.CharField(max_length=32)
    profile = serializers.CharField(max_length=32, required=False, default="")
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class ProposeRequest(serializers.Serializer[Any]):
    """From which day it should hold."""

    live_from = serializers.DateField()


class ReasonRequest(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=500, allow_blank=True)


class VerdictShape(serializers.Serializer[Any]):
    """What the gate says: allowed; not before a moment; or not at all (`until` null). `rule` is the rule's id."""

    is_allowed = serializers.BooleanField()
    rule = serializers.ChoiceField([str(rule) for rule in RuleId], allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    why = serializers.CharField()


def verdict_out(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the API gives it."""
    return {
        "is_allowed": verdict.is_allowed,
        "rule": str(verdict.rule) if verdict.rule else None,
        "until": verdict.until,
        "why": finding_text(verdict.finding) if verdict.finding else "",
    }


class ChannelStateShape(serializers.Serializer[Any]):
    """One channel of one account."""

    channel = serializers.ChoiceField([str(channel) for channel in Channel])
    reminder = VerdictShape()
    notice = VerdictShape()


class AccountChannelsShape(serializers.Serializer[Any]):
    """The channels of one account, and the policy that they were judged by."""

    account_no = serializers.CharField()
    policy = serializers.CharField(allow_null=True, help_text="null: none holds")
    channels = ChannelStateShape(many=True)


class HoldShape(serializers.Serializer[Any]):
    """Something that holds contact back, until `dispute_id` is closed where it is a dispute's.

    `account_no` null: about all accounts of the customer. `has_representative`: the number of a legal representative is on
    record.
    """

    id = serializers.IntegerField()
    kind = serializers.ChoiceField([str(hold) for hold in NOTED_HOLDS])
    account_no = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    placed_by = serializers.CharField()
    dispute_id = serializers.IntegerField(allow_null=True)
    has_representative = serializers.BooleanField()


def hold_out(hold: ContactHold) -> dict[str, Any]:
    """Return a hold as the API gives it."""
    return {
        "id": hold.pk,
        "kind": hold.kind,
        "account_no": hold.account.account_no if hold.account else None,
        "reason": hold.reason,
        "since": hold.since,
        "until": hold.until,
        "placed_by": hold.placed_by_name,
        "dispute_id": hold.dispute_id,
        "has_representative": hold.representative is not None,
    }


class ControlGroupShape(serializers.Serializer[Any]):
    """An experiment that, until it is stopped, leaves accounts without contact but for notices required by law."""

    experiment = serializers.CharField()
    version = serializers.IntegerField()
    assigned_on = serializers.DateField()
    account_nos = serializers.ListField(child=serializers.CharField())
    drafted_by = serializers.CharField()


def control_group_out(group: ControlGroup) -> dict[str, Any]:
    """Return a control group as the API gives it."""
    return {
        "experiment": group.experiment.code,
        "version": group.experiment.version,
        "assigned_on": group.since,
        "account_nos": list(group.account_nos),
        "drafted_by": group.experiment.drafted_by_name,
    }


class OptOutShape(serializers.ModelSerializer[OptOut]):
    """A channel by which the customer wants nothing more."""

    class Meta:
        model = OptOut
        fields = ("channel", "source", "since", "until", "note")


class HoursShape(serializers.Serializer[Any]):
    """Hours that the customer agreed to, in local time; over midnight where the first is the later one."""

    opens_at = serializers.TimeField()
    closes_at = serializers.TimeField()


class CustomerContactShape(serializers.Serializer[Any]):
    """A customer as contacts go. Numbers and addresses are masked."""

    customer_no = serializers.CharField()
    time_zone = serializers.CharField()
    accounts = AccountChannelsShape(many=True)
    consents = serializers.ListField(child=serializers.CharField())
    holds = HoldShape(many=True)
    control_groups = ControlGroupShape(many=True)
    opt_outs = OptOutShape(many=True)
    agreed_hours = HoursShape(allow_null=True)
    details = serializers.ListField(child=serializers.DictField())


class ContactShape(serializers.Serializer[Any]):
    """One line of the log."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    customer_no = serializers.CharField()
    account_no = serializers.CharField()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    party = serializers.CharField()
    outcome = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    policy = serializers.CharField()
    made_by = serializers.CharField()
    note = serializers.CharField()


def contact_out(contact: Contact) -> dict[str, Any]:
    """Return a line of the log as the API gives it."""
    return {
        "id": contact.pk,
        "at": contact.at,
        "customer_no": contact.customer.customer_no,
        "account_no": contact.account.account_no,
        "channel": contact.channel,
        "purpose": contact.purpose,
        "party": contact.party,
        "outcome": contact.outcome,
        "ended_at": contact.ended_at,
        "policy": str(contact.policy),
        "made_by": contact.made_by_name,
        "note": contact.note,
    }


class DenialShape(serializers.Serializer[Any]):
    """One contact that was refused or put off."""

    at = serializers.DateTimeField()
    customer_no = serializers.CharField()
    account_no = serializers.CharField()
    channel = serializers.CharField()
    purpose = serializers.CharField()
    party = serializers.CharField()
    rule = serializers.CharField()
    why = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    policy = serializers.CharField()
    asked_by = serializers.CharField()


def denial_out(denial: Denial) -> dict[str, Any]:
    """Return a refused contact as the API gives it."""
    return {
        "at": denial.at,
        "customer_no": denial.customer.customer_no,
        "account_no": denial.account.account_no,
        "channel": denial.channel,
        "purpose": denial.purpose,
        "party": denial.party,
        "rule": denial.rule,
        "why": because(denial.rule, hold=denial.hold, had=denial.had, most=denial.most),
        "until": denial.until,
        "policy": str(denial.policy),
        "asked_by": denial.asked_by_name,
    }


class LogShape(serializers.Serializer[Any]):
    """A page of the log. `next` goes into `after`."""

    results = ContactShape(many=True)
    next = serializers.CharField(allow_blank=True)


class DenialsShape(serializers.Serializer[Any]):
    """A page of refused contacts. `next` goes into `after`."""

    results = DenialShape(many=True)
    next = serializers.CharField(allow_blank=True)


class ContactRequest(serializers.Serializer[Any]):
    """A call or a visit. `key` is the caller's own: sent again, it is the same contact and counts once."""

    key = serializers.CharField(max_length=40)
    account_no = serializers.CharField(max_length=64)
    channel = serializers.ChoiceField([str(channel) for channel in BY_PERSON])
    purpose = serializers.ChoiceField([str(purpose) for purpose in CALL_PURPOSES])
    party = serializers.ChoiceField([str(party) for party in Party], default=str(Party.DEBTOR))
    number = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class NumberShape(serializers.Serializer[Any]):
    """A number in clear, and the link that dials it."""

    number = serializers.CharField()
    link = serializers.CharField()


class ContactAnswerShape(serializers.Serializer[Any]):
    """What the gate answered: the line of the log where the contact may be made now, else why not and until when."""

    verdict = VerdictShape()
    contact = ContactShape(allow_null=True)


class OutcomeRequest(serializers.Serializer[Any]):
    """How a call or a visit ended."""

    outcome = serializers.ChoiceField([str(outcome) for outcome in ENDS])
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class HoldRequest(serializers.Serializer[Any]):
    """A hold. Without `account_no` it is about all accounts of the customer. `representative`: the telephone number of who
    represents the customer, for a legal representation; where that is held without one, it is noted there.
    """

    kind = serializers.ChoiceField([str(hold) for hold in NOTED_HOLDS])
    account_no = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=500, allow_blank=True)
    representative = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class EvidenceRequest(serializers.Serializer[Any]):
    """How the customer said so, or how it became known."""

    evidence = serializers.CharField(max_length=500, allow_blank=True)


class AgreedHoursRequest(EvidenceRequest):
    """Hours and how they were agreed; both null: the hours of the policy again."""

    opens_at = serializers.TimeField(allow_null=True)
    closes_at = serializers.TimeField(allow_null=True)


class DetailRequest(EvidenceRequest):
    """What became known of the number or address of a channel; "" clears it."""

    state = serializers.ChoiceField([("", "reaches the customer"), "invalid", "bounced", "wrong_person"], allow_blank=True)


class PeriodRequest(serializers.Serializer[Any]):
    """Days of the log, both included."""

    first = serializers.DateField()
    last = serializers.DateField()


class AuditShape(serializers.Serializer[Any]):
    """What judging the log again found. At most 100 of the contacts that were not allowed are listed, and of the outcomes of
    calls and visits for which no contact is in the log (`unlogged` in all).
    """

    contacts = serializers.IntegerField()
    found = serializers.IntegerField()
    by_rule = serializers.DictField(child=serializers.IntegerField())
    results = serializers.ListField(child=serializers.DictField())
    unlogged = serializers.IntegerField()
    unlogged_outcomes = serializers.ListField(child=serializers.DictField())
