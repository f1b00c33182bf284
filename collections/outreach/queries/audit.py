"""The audit of the log: every contact judged again by the policy of its day, on what was known when it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from outreach.models import Contact, ContactHold, ContactPolicy, OptOut
from outreach.policies import NoPolicy, live_policies, pick_policy
from outreach.queries.standing import OTHERS_READ, PAST_READ
from outreach.rules.contact_policy import ENGINE_VERSION, Verdict, judge
from outreach.rules.contacts import CALLS, Channel, Hold, Outcome, Party, Past, Purpose
from outreach.rules.kept import REPORTED_AT, standing_from_kept

#: Customers whose log is read at once.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Violation:
    """A contact that the policy of its day does not allow, or that was judged by another policy."""

    contact: Contact
    verdict: Verdict
    expected_policy: ContactPolicy | None


def audited(since: datetime, until: datetime) -> int:
    """Return how many contacts the log has from a moment up to another."""
    return Contact.objects.filter(at__gte=since, at__lt=until).exclude(outcome=Outcome.NOT_MADE).count()


def violations(since: datetime, until: datetime, *, among: Q | None = None) -> Iterator[Violation]:
    """Return the contacts from a moment up to another that must not have been made, customer by customer in time.

    What a contact says was known of the customer is not taken on trust: opt-outs and holds that stood at its moment count
    whether it names them or not.

    :param among: the contacts that are judged; None: all of the period
    """
    within = Contact.objects.filter(at__gte=since, at__lt=until)
    judged: set[int] | None = None
    if among is not None:
        within = within.filter(among)
        judged = set(within.values_list("pk", flat=True))
    customers = sorted(set(within.values_list("customer_id", flat=True)))
    live: dict[date, dict[str, ContactPolicy]] = {}
    for begin in range(0, len(customers), _AT_ONCE):
        chunk = customers[begin : begin + _AT_ONCE]
        opted_out, holds = opt_outs(chunk), contact_holds(chunk)
        at_numbers = _calls_at_numbers(within.filter(customer_id__in=chunk), since, until)
        logs: dict[int, list[Contact]] = defaultdict(list)
        rows = Contact.objects.filter(customer_id__in=chunk, at__lt=until).select_related("policy", "account__product")
        for contact in rows.order_by("customer_id", "at", "pk"):
            logs[contact.customer_id].append(contact)
        for customer_id, log in logs.items():
            for place, contact in enumerate(log):
                if contact.at < since or contact.outcome == Outcome.NOT_MADE:
                    continue
                if judged is not None and contact.pk not in judged:
                    continue
                day = timezone.localtime(contact.at).date()
                if day not in live:
                    live[day] = live_policies(day)
                found = _judged(
                    contact,
                    [*log[max(0, place - PAST_READ) : place], *_with_others(contact, at_numbers)],
                    live[day],
                    opted_out=standing_at(opted_out[customer_id], contact.at),
                    holds=standing_at(holds[customer_id], contact.at),
                )
                if found is not None:
                    yield found


def _judged(
    contact: Contact,
    before: list[Contact],
    live: dict[str, ContactPolicy],
    *,
    opted_out: list[str],
    holds: list[tuple[str, int | None]],
) -> Violation | None:
    request = contact.request
    standing = standing_from_kept(contact.standing, request)
    standing = replace(
        standing,
        opted_out=standing.opted_out | frozenset(map(Channel, opted_out)),
        holds=standing.holds | frozenset((Hold(kind), about) for kind, about in holds),
    )
    known = [p for p in before if _was_known(p, contact)]
    past = [_as_known(p, contact.at, is_with_another=p.customer_id != contact.customer_id) for p in known]
    verdict = judge(contact.policy.figures(), request, standing, past, contact.at)
    try:
        expected = pick_policy(live, contact.account.product.product_code)
    except NoPolicy:
        expected = None
    is_as_expected = expected is not None and expected.pk == contact.policy_id and contact.engine == ENGINE_VERSION
    return None if verdict.is_allowed and is_as_expected else Violation(contact, verdict, expected)


def _calls_at_numbers(within: QuerySet[Contact], since: datetime, until: datetime) -> dict[int, list[Contact]]:
    """Return the calls, with whomever, at the numbers that were called in a period, from so long before it as counts."""
    details = set(within.filter(channel__in=CALLS).values_list("detail", flat=True))
    rows = Contact.objects.filter(detail__in=details, channel__in=CALLS, at__gt=since - OTHERS_READ, at__lt=until)
    found: dict[int, list[Contact]] = defaultdict(list)
    for contact in rows.order_by("at", "pk"):
        found[contact.detail].append(contact)
    return found


def _with_others(contact: Contact, at_numbers: dict[int, list[Contact]]) -> list[Contact]:
    """Return the calls with others at the number of a call, before it."""
    if contact.channel not in CALLS:
        return []
    mark = (contact.at, contact.pk)
    return [
        other
        for other in at_numbers[contact.detail]
        if other.customer_id != contact.customer_id and other.at > contact.at - OTHERS_READ and (other.at, other.pk) < mark
    ]


def _was_known(before: Contact, contact: Contact) -> bool:
    """Return whether a contact counts against a later one: not one that was reported only after the later one was let through.

    Against another that was reported it counts: whoever made both knew of it.
    """
    reported_at = before.standing.get(REPORTED_AT)
    return reported_at is None or REPORTED_AT in contact.standing or datetime.fromisoformat(reported_at) <= contact.at


def _as_known(contact: Contact, at: datetime, *, is_with_another: bool) -> Past:
    """Return a contact as it stood at a later moment: what ended after it was open then."""
    has_ended = contact.ended_at is not None and contact.ended_at <= at
    return Past(
        at=contact.at,
        channel=Channel(contact.channel),
        purpose=Purpose(contact.purpose),
        party=Party(contact.party),
        account_id=contact.account_id,
        detail=contact.detail,
        outcome=Outcome(contact.outcome) if has_ended else Outcome.OPEN,
        is_with_another=is_with_another,
    )


def opt_outs(customers: list[int]) -> dict[int, list[tuple[str, datetime, datetime | None]]]:
    """Return the channels that customers opted out of, with since when and until when."""
    found: dict[int, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
    rows = OptOut.objects.filter(customer_id__in=customers).values_list("customer_id", "channel", "since", "until")
    for customer_id, channel, since, until in rows:
        found[customer_id].append((channel, since, until))
    return found


def contact_holds(customers: list[int]) -> dict[int, list[tuple[tuple[str, int | None], datetime, datetime | None]]]:
    """Return the holds on contact with customers (kind, about which account), with since when and until when."""
    found: dict[int, list[tuple[tuple[str, int | None], datetime, datetime | None]]] = defaultdict(list)
    rows = ContactHold.objects.filter(customer_id__in=customers)
    for customer_id, kind, account_id, since, until in rows.values_list("customer_id", "kind", "account_id", "since", "until"):
        found[customer_id].append(((kind, account_id), since, until))
    return found


def standing_at(spans: list[tuple[Any, datetime, datetime | None]], at: datetime) -> list[Any]:
    """Return what of these stood at a moment."""
    return [what for what, since, until in spans if since <= at and (until is None or until > at)]
