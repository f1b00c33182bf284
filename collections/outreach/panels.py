"""What the pages of customers and accounts show of outreach: when contact is allowed next, and lines of the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.customer_panels import Happening, PanelAsk, TimelineAsk
from accounts.models import CreditAccount
from accounts.panels import Panel
from accounts.queries.account_page import LoadedAccount
from accounts.queries.timeline import by_moment, day_of, holding_text
from outreach.customer_links import tried_out_link
from outreach.experiments import treatments_of
from outreach.models import Contact, Denial
from outreach.queries.customer_contacts import NextContacts, next_contacts
from outreach.queries.ladder_place import ladder_stand
from outreach.roles import VIEW_CONTACTS, VIEW_EXPERIMENT, VIEW_STRATEGY
from outreach.rules.contacts import Outcome
from outreach.wording import because, end_text, is_message
from riskops.shared.day import book_shown
from riskops.shared.roles import may


def contact_panel(ask: PanelAsk) -> NextContacts | None:
    """Return when a customer may be contacted next about the first of their accounts, for their page."""
    accounts = CreditAccount.objects.filter(pk__in=ask.accounts, customer_id=ask.customer_id).order_by("account_no")
    account = accounts.select_related("product", "signals", "customer").first()
    return next_contacts(account.customer, [account], timezone.now()) if account else None


def next_contact_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return when the customer of an account may be contacted next, for the account's page; nothing for a day past."""
    if loaded.head.is_past or not may(user, VIEW_CONTACTS):
        return None
    account = loaded.head.account
    own_page = tried_out_link(account.pk, today=timezone.localdate())
    page = next_contacts(account.customer, [account], timezone.now())
    return Panel("outreach/_next_contact.html", {"page": page, "own_page": own_page})


def ladder_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return where an account stands on the ladder of its strategy, for the account's page; nothing for a day past."""
    as_of = book_shown().business_date
    if loaded.head.is_past or as_of is None or not may(user, VIEW_STRATEGY):
        return None
    stand = ladder_stand(loaded.head.account, as_of=as_of, today=as_of + timedelta(days=1))
    return Panel("outreach/_ladder_stand.html", {"stand": stand, "is_frozen": book_shown().nightly_paused}) if stand else None


def treatment_panel(loaded: LoadedAccount, user: Any) -> Panel | None:
    """Return which arms of experiments an account's customer is in today, for the account's page; nothing for a day past."""
    if loaded.head.is_past or not may(user, VIEW_EXPERIMENT):
        return None
    account = loaded.head.account
    found = treatments_of(account.customer_id, timezone.localdate())
    shown = [each for each in found if account.product.product_code in each.experiment.products]
    return Panel("outreach/_treatment.html", {"treatments": shown}) if shown else None


def contact_lines(ask: TimelineAsk) -> list[Happening]:
    """Return contacts as lines of a customer's timeline."""
    rows = Contact.objects.filter(account__in=ask.accounts, customer_id=ask.customer_id)
    rows = holding_text(rows, ask, ("note", "made_by_name"))
    return [
        Happening(
            "contact",
            day_of(row.at),
            row.pk,
            _("%(channel)s, %(purpose)s") % {"channel": row.get_channel_display(), "purpose": row.get_purpose_display()},
            account_no=ask.accounts[row.account_id],
            at=row.at,
            who=row.made_by_name,
            text=row.note,
            details=[(_("how it ended"), end_text(row))],
            tone="warn" if row.outcome == Outcome.OPEN and not is_message(row) else "",
        )
        for row in by_moment(rows, ask, moment="at")
    ]


def refused_lines(ask: TimelineAsk) -> list[Happening]:
    """Return refused contacts as lines of a customer's timeline."""
    rows = Denial.objects.filter(account__in=ask.accounts, customer_id=ask.customer_id)
    rows = holding_text(rows, ask, ("rule", "asked_by_name"))
    return [
        Happening(
            "refused_contact",
            day_of(row.at),
            row.pk,
            _("%(channel)s not allowed") % {"channel": row.get_channel_display()},
            account_no=ask.accounts[row.account_id],
            at=row.at,
            who=row.asked_by_name,
            text=because(row.rule, hold=row.hold, had=row.had, most=row.most),
        )
        for row in by_moment(rows, ask, moment="at")
    ]
