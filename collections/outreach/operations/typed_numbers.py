"""Numbers that somebody types: known here by the index under which they are known already, however they are written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from accounts.models import CreditAccount, Customer
from outreach.models import Contact, ContactHold, DetailState
from outreach.queries.standing import detail_of_phone
from outreach.rules.contacts import CALLS, Hold
from outreach.rules.phones import spellings
from riskops.shared.personal import digits_of


def detail_of_typed(number: str, own: int | None, *, on_record: Collection[int] = ()) -> int | None:
    """Return the index of a number that somebody typed: however they write it, that by which it is known here.

    Else a third party who refused is asked again under +86, and attempts at one number count as those at several.

    :param own: that of the customer's number
    :param on_record: those of the customer's representatives, where one of them is to be called
    :return: None where it is no number
    """
    code = settings.PHONE_COUNTRY_CODE
    # The plus is left out by some.
    written = spellings(number, code) | spellings(f"+{digits_of(number)}", code)
    details = {detail for digits in written if (detail := detail_of_phone(digits)) is not None}
    if own in details:
        return own
    states = dict(DetailState.objects.filter(pk__in=details).values_list("pk", "state"))
    refused = [pk for pk, state in states.items() if state == DetailState.State.REFUSED]
    recorded = sorted(details & set(on_record))
    of_customers = Customer.objects.filter(phone_index__in=details).values_list("phone_index", flat=True)
    called = Contact.objects.filter(detail__in=details, channel__in=CALLS).values_list("detail", flat=True)
    known = (refused, recorded, states, of_customers[:1], called[:1])
    return next((detail for found in known for detail in found), detail_of_phone(number))


def representatives_of(account: CreditAccount, now: datetime) -> frozenset[int]:
    """Return the details of the legal representatives on record for an account."""
    about = Q(account=None) | Q(account=account)
    held = ContactHold.objects.filter(about, customer_id=account.customer_id, kind=Hold.LEGAL_REPRESENTATION)
    held = held.filter(Q(until=None) | Q(until__gt=now), representative__isnull=False)
    return frozenset(detail for detail in held.values_list("representative", flat=True) if detail is not None)
