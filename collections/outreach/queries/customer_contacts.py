"""One customer as contacts go: when each channel may be used next, and what stands in the way; what was done and refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils import timezone

from accounts.models import CreditAccount, Customer
from outreach.experiments import treatments_of
from outreach.models import (
    AgreedHours,
    Contact,
    ContactHold,
    ContactPolicy,
    Denial,
    DetailState,
    Experiment,
    OptOut,
    WrongPerson,
)
from outreach.operations.holds import open_holds
from outreach.policies import NoPolicy, live_policies, pick_policy
from outreach.queries.standing import detail_of, known_of
from outreach.rules.contact_policy import Finding, RuleId, Verdict, next_allowed
from outreach.rules.contacts import ELECTRONIC, Channel, Hold, Outcome, Purpose, Request
from riskops.shared.personal import masked

#: The channels that the page asks about, in its order.
CHANNELS_ASKED: Final = (Channel.CALL, Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.VOICE_BOT, Channel.LETTER, Channel.VISIT)
CONTACTS_SHOWN: Final = 30
DENIALS_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel for one account: what the gate would say to a reminder, and to a notice required by law."""

    channel: Channel
    reminder: Verdict
    notice: Verdict


@dataclass(frozen=True, slots=True)
class AccountChannels:
    """The channels of one account, judged by the policy that its product follows; None where none holds."""

    account: CreditAccount
    policy: ContactPolicy | None
    channels: tuple[ChannelState, ...]


@dataclass(frozen=True, slots=True)
class KnownDetail:
    """A number or address of the customer, masked, with what is noted of it."""

    channel: Channel
    masked: str
    state: DetailState | WrongPerson | None


@dataclass(frozen=True, slots=True)
class ControlGroup:
    """An experiment that leaves accounts of the customer without contact until it is stopped."""

    experiment: Experiment
    since: date
    account_nos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CustomerContacts:
    """Everything on the page."""

    customer: Customer
    local_time: datetime
    accounts: tuple[AccountChannels, ...]
    holds: tuple[ContactHold, ...]
    control_groups: tuple[ControlGroup, ...]
    opt_outs: tuple[OptOut, ...]
    hours: AgreedHours | None
    details: tuple[KnownDetail, ...]
    open_contacts: tuple[Contact, ...]
    contacts: tuple[Contact, ...]
    denials: tuple[Denial, ...]

    @property
    def consents(self) -> tuple[Channel, ...]:
        """The electronic channels that the customer agreed to."""
        agreed = {
            Channel.SMS: self.customer.consent_sms,
            Channel.EMAIL: self.customer.consent_email,
            Channel.PUSH: self.customer.consent_push,
        }
        return tuple(channel for channel, is_agreed in agreed.items() if is_agreed)


@dataclass(frozen=True, slots=True)
class NextContacts:
    """When some accounts of a customer may be contacted next, and what holds contact back."""

    customer: Customer
    local_time: datetime
    accounts: tuple[AccountChannels, ...]
    holds: tuple[Hold, ...]
    details: dict[Channel, int | None]


def next_contacts(customer: Customer, accounts: Sequence[CreditAccount], now: datetime) -> NextContacts:
    """Return when each channel may be used next, in three queries.

    :param accounts: of the customer, read with `product` and `signals`
    """
    details = {channel: detail_of(customer, channel) for channel in CHANNELS_ASKED}
    known = known_of(customer, accounts, details.values(), now, called=details.get(Channel.CALL))
    live = live_policies(timezone.localtime(now).date())
    found = []
    for account in accounts:
        try:
            policy = pick_policy(live, account.product.product_code)
        except NoPolicy:
            denied = Verdict(Finding(RuleId.NO_POLICY))
            states = [ChannelState(channel, denied, denied) for channel in details]
            found.append(AccountChannels(account, None, tuple(states)))
            continue
        figures, states = policy.figures(), []
        for channel, detail in details.items():
            reminder, notice = (
                next_allowed(figures, Request(channel, purpose, account.pk, detail), known.standing, known.past, now)
                for purpose in (Purpose.REMINDER, Purpose.NOTICE)
            )
            states.append(ChannelState(channel, reminder, notice))
        found.append(AccountChannels(account, policy, tuple(states)))
    kinds = {hold for account in accounts for hold in known.standing.held_by(account.pk)}
    return NextContacts(customer, now.astimezone(known.standing.zone), tuple(found), tuple(sorted(kinds)), details)


def customer_contacts(customer: Customer, account_ids: Sequence[int], now: datetime) -> CustomerContacts:
    """Return a customer as contacts go, in a fixed number of queries.

    :param account_ids: those of the customer's accounts that the reader may see
    """
    accounts = CreditAccount.objects.filter(pk__in=account_ids, customer=customer).order_by("account_no")
    rows = list(accounts.select_related("product", "signals"))
    whole = Customer.objects.select_related("agreed_hours").get(pk=customer.pk)
    nexts = next_contacts(whole, rows, now)
    contacts = Contact.objects.filter(customer=customer, account_id__in=account_ids).select_related("account", "policy")
    denials = Denial.objects.filter(customer=customer, account_id__in=account_ids).select_related("account", "policy")
    return CustomerContacts(
        customer=whole,
        local_time=nexts.local_time,
        accounts=nexts.accounts,
        holds=tuple(hold for hold in open_holds(customer.pk, now) if hold.account_id is None or hold.account_id in account_ids),
        control_groups=_control_groups(customer, rows, now) if Hold.NO_CONTACT_ARM in nexts.holds else (),
        opt_outs=tuple(OptOut.objects.filter(customer=customer, until=None).order_by("channel")),
        hours=getattr(whole, "agreed_hours", None),
        details=_details(whole, nexts.details),
        open_contacts=tuple(contacts.filter(outcome=Outcome.OPEN).exclude(channel__in=ELECTRONIC).order_by("-at", "-pk")),
        contacts=tuple(contacts.order_by("-at", "-pk")[:CONTACTS_SHOWN]),
        denials=tuple(denials.order_by("-at", "-pk")[:DENIALS_SHOWN]),
    )


def _control_groups(customer: Customer, accounts: Sequence[CreditAccount], now: datetime) -> tuple[ControlGroup, ...]:
    found = []
    for each in treatments_of(customer.pk, timezone.localtime(now).date()):
        products = each.experiment.products
        numbers = tuple(account.account_no for account in accounts if account.product.product_code in products)
        if each.arm.is_no_contact and numbers:
            found.append(ControlGroup(each.experiment, each.since, numbers))
    return tuple(found)


def _details(customer: Customer, details: dict[Channel, int | None]) -> tuple[KnownDetail, ...]:
    states: dict[int, DetailState | WrongPerson] = {
        **DetailState.objects.in_bulk([detail for detail in details.values() if detail is not None]),
        **{row.detail: row for row in WrongPerson.objects.filter(customer=customer)},
    }
    person = customer.person
    shown = {
        Channel.CALL: person.get("phone", ""),
        Channel.EMAIL: person.get("email", ""),
        Channel.PUSH: person.get("device_ids", ""),
        Channel.LETTER: person.get("address", ""),
    }
    found = []
    for channel, value in shown.items():
        detail = details[channel]
        if value and detail is not None:
            found.append(KnownDetail(channel, masked(value), states.get(detail)))
    return tuple(found)
