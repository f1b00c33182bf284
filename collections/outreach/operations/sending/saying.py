"""What a message says with the figures of a moment, and how the row keeps what was said."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from accounts.models import Customer
from outreach import rendering
from outreach.customer_links import one_click_address
from outreach.models import Message, MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations.sending.holding import Hold
from outreach.operations.sending.stopping import Look
from outreach.operations.template_refusals import RenderingRefused
from outreach.plan_offers import HOTLINE, OWN_PAGE, is_answerable
from outreach.providers.interface import Outgoing
from outreach.rules.contacts import Channel, Purpose


@dataclass(frozen=True, slots=True)
class Said:
    """What goes out, and what the gate is told of it.

    :param values: those that the text may show
    :param page: the customer's own page, "" where the site has no address
    """

    template: MessageTemplate | None
    text: rendering.Text
    values: Mapping[str, str]
    page: str
    names_institution: bool
    discloses_debt: bool
    has_opt_out: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A template, and what it tells whatever the values are."""

    template: MessageTemplate
    names_institution: bool
    discloses_debt: bool
    has_opt_out: bool

    @classmethod
    def of(cls, template: MessageTemplate) -> Told:
        """Return it of a template."""
        return cls(
            template,
            names_institution=rendering.names_institution(template),
            discloses_debt=rendering.discloses_debt(template),
            has_opt_out=rendering.has_opt_out(template),
        )


class CannotBeSaid(Exception):
    """A message for which there are no words: no version of its template holds, it is written for another purpose, or what it
    names is not there. A person has to see to it.

    :param reason: as the row keeps it
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def templates_of(messages: Iterable[Message], today: date) -> dict[str, Told]:
    """Return the templates in force that messages name, by code, with as many queries for many as for one."""
    codes = {message.template_code for message in messages if message.texts is None}
    return {code: Told.of(template) for code, template in live_versions(MessageTemplate, today, codes).items()}


def say(message: Message, look: Look, templates: Mapping[str, Told], today: date) -> Said:
    """Return what a message says with the figures of this moment.

    :param look: at the message's account, as it stands now
    :param templates: those in force, by code
    :param today: the site's calendar day
    :raises CannotBeSaid: there are no words for it
    """
    account = look.accounts[message.account_id]
    customer = account.customer
    try:
        values = rendering.account_values(
            account,
            language=customer.language,
            channel=message.channel,
            episode=message.episode,
            today=today,
            dues=look.dues.get(account.pk, ()),
            # An offer is accepted by its link as long as it stands.
            link_until=message.expires_on if message.purpose == Purpose.OFFER else None,
        )
        if message.purpose == Purpose.OFFER and not is_answerable():
            # The site has lost its address and its hotline since the offer was queued.
            raise CannotBeSaid(Hold.NO_WAY_TO_ACCEPT)
        if message.texts is not None:
            return _notice(message.texts, customer, values)
        told = templates.get(message.template_code)
        if told is None:
            raise CannotBeSaid(f"{Hold.NO_TEMPLATE}: {message.template_code}")
        if told.template.purpose != message.purpose:
            # The gate would be told of another purpose than the text has.
            raise CannotBeSaid(f"{Hold.OTHER_PURPOSE}: {message.template_code}")
        return Said(
            told.template,
            rendering.render(told.template, values, customer.language),
            # A vendor is told what the customer reads, and nothing else of them: no name and no link that the text has not.
            rendering.values_written(told.template, values, customer.language),
            values.get("customer_page", ""),
            names_institution=told.names_institution,
            discloses_debt=told.discloses_debt,
            has_opt_out=told.has_opt_out,
        )
    except RenderingRefused as refusal:
        raise CannotBeSaid(str(refusal)) from refusal


def unsubscribe_url(said: Said, channel: Channel) -> str:
    """Return where a mail program opts the customer out with one click, whether or not the text names their page; "" for none."""
    return one_click_address(said.page) if channel is Channel.EMAIL else ""


def as_kept(outgoing: Outgoing) -> dict[str, str]:
    """Return what goes out as the message keeps it."""
    return {
        "address": outgoing.address,
        "subject": outgoing.subject,
        "body": outgoing.body,
        "values": json.dumps(dict(outgoing.values), ensure_ascii=False),
        "unsubscribe_url": outgoing.unsubscribe_url,
    }


def from_kept(message: Message) -> Outgoing:
    """Return what went out, to be handed over once more under the same key."""
    said = message.said or {}
    return Outgoing(
        key=message.attempt_key,
        channel=Channel(message.channel),
        address=said.get("address", ""),
        subject=said.get("subject", ""),
        body=said.get("body", ""),
        language=message.language,
        template_code=message.template_code,
        values=json.loads(said.get("values", "{}")),
        # What was kept before there was one has none.
        unsubscribe_url=said.get("unsubscribe_url", ""),
    )


def _notice(texts: Mapping[str, str], customer: Customer, values: Mapping[str, str]) -> Said:
    """Return a notice as it was written with the decision, with who it comes from before it and how to opt out after it."""
    body = _with_page(texts["zh" if customer.language.startswith("zh") else "en"], values)
    institution, opt_out = values.get("institution", ""), values.get("opt_out", "")
    is_chinese = customer.language.startswith("zh")
    subject = f"【{institution}】" if is_chinese else institution
    whole = "\n".join(part for part in (f"【{institution}】{body}" if is_chinese else f"{institution}: {body}", opt_out) if part)
    return Said(
        None,
        rendering.Text(subject=subject, body=whole),
        {},
        values.get("customer_page", ""),
        names_institution=bool(institution),
        discloses_debt=True,
        has_opt_out=bool(opt_out),
    )


def _with_page(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the address of the customer's page where it names one; without an address that line is left out, and
    the line with the number to call stays.
    """
    if OWN_PAGE not in text:
        return text
    page, hotline = values.get("customer_page", ""), values.get("hotline", "")
    left_out = {OWN_PAGE: not page, HOTLINE: bool(page) or not hotline}
    lines = [line for line in text.splitlines() if not any(place in line and left_out[place] for place in left_out)]
    return "\n".join(line.replace(OWN_PAGE, page).replace(HOTLINE, hotline) for line in lines)
