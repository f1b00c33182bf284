"""The gate: the one way to a contact. Whoever wants to contact a customer asks here, person or machine; there is no other.

A contact that is let through is a line of the log before it is made, under a lock on its customer: two who ask at once are
answered one after the other, and the second is counted with the first. A test holds that nobody else writes the log, and the
audit judges every line of it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import DateTimeField, F, Model, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts.models import AccountSignals, CreditAccount, Customer
from outreach.models import Contact, ContactPolicy, Denial
from outreach.policies import live_policies, pick_policy, policy_for
from outreach.queries.standing import CUSTOMER_COLUMNS, SIGNAL_COLUMNS, Known, known_of, noted_of, standing_of
from outreach.rules.contact_policy import ENGINE_VERSION, Verdict, next_allowed
from outreach.rules.contacts import CALLS, Channel, Outcome, Party, Past, Purpose, Request
from outreach.rules.kept import request_as_kept, standing_as_kept
from riskops.shared.audit import Actor
from riskops.shared.sql import fetch, places


def _in_order(model: type[Model], *columns: str) -> tuple[str, ...]:
    """Return columns in the order of the model, in which a row of them becomes an object (`from_db`)."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname in columns)


_CUSTOMER: Final = _in_order(Customer, "id", *CUSTOMER_COLUMNS)
_SIGNALS: Final = _in_order(AccountSignals, "account_id", *SIGNAL_COLUMNS)


class ContactNotOpen(Exception):
    """A contact has ended already, otherwise than is said now."""

    def __init__(self, contact: Contact) -> None:
        super().__init__(f"contact {contact.pk} ended as {contact.outcome}")
        self.contact = contact


class KeyOfAnother(Exception):
    """The key is that of a contact with somebody else, for something else, or by another way."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate answers. `contact` is the line of the log where the contact may be made now, else None.

    :param is_new: False where the same was asked before: it is not counted twice
    """

    verdict: Verdict
    policy: ContactPolicy
    contact: Contact | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One contact that is asked for.

    :param key: what is asked for, once for all: asked again, the answer is the same contact
    """

    key: str
    request: Request


def pass_gate(*, actor: Actor, key: str, request: Request, now: datetime) -> Answer:
    """Ask for a contact. Allowed, it is in the log and counts from now on; put off or refused, that is recorded with its rule.

    :param key: what is asked for, once for all: asked again, the answer is the same contact, as long as it would be let through
        now: what was allowed in the afternoon is not allowed at night
    :param now: aware
    :raises NoPolicy: no contact policy holds
    :raises KeyOfAnother: the key is that of a contact with somebody else, for something else, or by another way
    :raises ContactNotOpen: it was let through and has ended: a second contact is asked for by a key of its own
    """
    (answer,) = pass_gate_together(actor=actor, asked=[Asked(key, request)], now=now)
    return answer


@transaction.atomic
def pass_gate_together(*, actor: Actor, asked: Sequence[Asked], now: datetime) -> list[Answer]:
    """Ask for several contacts, one after the other: what is let through counts for those after it.

    All or nothing: where one cannot be answered (see `pass_gate`), none is.
    """
    account_ids = {ask.request.account_id for ask in asked}
    # The lock first: what is read after it is what whoever had the customers before us has left. Each time in the same order,
    # or two who ask at once would wait for each other.
    called = {ask.request.detail for ask in asked if ask.request.channel in CALLS and ask.request.detail is not None}
    customers = _lock_customers(account_ids, called)
    accounts, products = _accounts(account_ids)
    live = live_policies(timezone.localtime(now).date())
    asked_of = {account.customer_id for account in accounts.values()}
    details = [ask.request.detail for ask in asked]
    noted = noted_of([customers[pk] for pk in sorted(asked_of)], details, now, called=called)
    past = dict(noted.past)
    answers, contacts, denials = [], [], []
    for ask in asked:
        account = accounts[ask.request.account_id]
        customer, policy = customers[account.customer_id], pick_policy(live, products[account.pk])
        before = _before(ask) if ask.key in noted.keys else None
        standing, made = standing_of(customer, [account], [ask.request.detail], noted), past.get(customer.pk, ())
        # Whoever had the customer before us may have read a later clock. The log of a customer goes forward, as it is judged
        # again.
        others = noted.with_others(customer.pk, ask.request.detail)
        at = max([now, *(contact.at for contact in (*made[:1], *others[:1]))])
        counted = made if before is None else _without(made, before)
        verdict = next_allowed(policy.figures(), ask.request, standing, (*counted, *others), at)
        if verdict.is_allowed and before is not None:
            answers.append(Answer(verdict, policy, before))
        elif verdict.is_allowed:
            contact = _contact(actor, ask, Known(standing, customer.time_zone, made), customer, policy, at)
            contacts.append(contact)
            past[customer.pk] = (_as_past(contact), *made)
            if ask.request.channel in CALLS:
                noted.called.setdefault(contact.detail, []).insert(0, (customer.pk, _as_past(contact)))
            answers.append(Answer(verdict, policy, contact, is_new=True))
        else:
            denials.append(_denial(actor, ask.request, verdict, customer, policy, at))
            answers.append(Answer(verdict, policy))
    try:
        Contact.objects.bulk_create(contacts)
    except IntegrityError as taken:
        # Of none of these customers, or of so long ago that it is not among their last contacts.
        raise KeyOfAnother(", ".join(contact.key for contact in contacts)) from taken
    Denial.objects.bulk_create(denials)
    return answers


def _lock_customers(account_ids: Collection[int], called: Collection[int]) -> dict[int, Customer]:
    """Return the customers of accounts, locked, with whoever else has a number that is to be called: what is tried at it counts
    for them all. Nothing is read of them that the policy does not ask for.
    """
    parameters = tuple(account_ids)
    of_accounts = f"SELECT customer_id FROM accounts_creditaccount WHERE id IN ({places(parameters)})"
    where = f"id IN ({of_accounts})"
    if called:
        # As a list: each side of the OR has an index then.
        ids = tuple({customer_id for (customer_id,) in fetch(of_accounts, parameters)})
        where = f"id IN ({places(ids)}) OR phone_index IN ({places(tuple(called))})"
        parameters = (*ids, *called)
    # Not against whoever only names one of them: the close does in its thousands, in the order of accounts.
    lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""
    sql = f"SELECT {', '.join(_CUSTOMER)} FROM accounts_customer WHERE {where} ORDER BY id{lock}"
    return {row[0]: Customer.from_db(connection.alias, _CUSTOMER, row) for row in fetch(sql, parameters)}


def _accounts(account_ids: Collection[int]) -> tuple[dict[int, CreditAccount], dict[int, str]]:
    """Return accounts with those of their signals that hold contact back, and the codes of their products."""
    ids = tuple(account_ids)
    signals = ", ".join(f"g.{column}" for column in _SIGNALS)
    sql = (
        f"SELECT a.id, a.customer_id, p.product_code, {signals} FROM accounts_creditaccount AS a "
        f"JOIN accounts_product AS p ON p.id = a.product_id LEFT JOIN accounts_accountsignals AS g ON g.account_id = a.id "
        f"WHERE a.id IN ({places(ids)})"
    )
    accounts, products = {}, {}
    for number, customer_id, product_code, *held in fetch(sql, ids):
        account = CreditAccount.from_db(connection.alias, ("id", "customer_id"), (number, customer_id))
        # Without a row all of them are NULL; none of a row's is.
        found = AccountSignals.from_db(connection.alias, _SIGNALS, held) if held[0] is not None else None
        account._state.fields_cache["signals"] = found
        accounts[number], products[number] = account, product_code
    return accounts, products


def _before(ask: Asked) -> Contact:
    """Return what was asked for by a key before; refused where that is another contact, or one that has ended."""
    earlier = Contact.objects.get(key=ask.key)
    same = ("account_id", "channel", "purpose", "party", "detail")
    if any(getattr(earlier, name) != getattr(ask.request, name) for name in same):
        raise KeyOfAnother(ask.key)
    if earlier.outcome != Outcome.OPEN:
        raise ContactNotOpen(earlier)
    return earlier


def ask_gate(request: Request, now: datetime, *, apart_from: Contact | None = None) -> Answer:
    """Return what the gate would say now, without asking for anything: nothing is written and nothing counted.

    :param apart_from: a contact that is let through already and not counted against itself: the same is to be handed over again
    """
    account = _account_of(request)
    customer = Customer.objects.get(pk=account.customer_id)
    policy = policy_for(account.product.product_code, timezone.localtime(now).date())
    called = request.detail if request.channel in CALLS else None
    known = known_of(customer, [account], [request.detail], now, called=called)
    past = known.past if apart_from is None else _without(known.past, apart_from)
    return Answer(next_allowed(policy.figures(), request, known.standing, past, now), policy)


def _without(past: tuple[Past, ...], contact: Contact) -> tuple[Past, ...]:
    """Return the contacts but for this one. Those of one group have one moment, a notice and a reminder to one number too."""
    names = ("at", "channel", "purpose", "party", "account_id", "detail")
    for place, made in enumerate(past):
        if all(getattr(made, name) == getattr(contact, name) for name in names):
            return past[:place] + past[place + 1 :]
    return past


@transaction.atomic
def end_contact(contact_id: int, outcome: Outcome, *, now: datetime, note: str = "") -> Contact:
    """Write how a contact ended, once. Told the same again, nothing changes.

    :raises ContactNotOpen: it ended otherwise
    """
    contact = Contact.objects.select_for_update().get(pk=contact_id)
    if contact.outcome != Outcome.OPEN:
        if contact.outcome != outcome:
            raise ContactNotOpen(contact)
        return contact
    # Another process's clock may be behind the one by which it was let through.
    contact.outcome, contact.ended_at, contact.note = outcome, max(now, contact.at), note
    contact.save(update_fields=["outcome", "ended_at", "note"])
    return contact


def end_delivered(contact_ids: Collection[int], *, now: datetime) -> None:
    """Write of several contacts that they were delivered; what has ended already stays as it ended."""
    moment = Greatest(Value(now, output_field=DateTimeField()), F("at"))
    still_open = Contact.objects.filter(pk__in=contact_ids, outcome=Outcome.OPEN)
    still_open.update(outcome=Outcome.DELIVERED, ended_at=moment, note="")


def _account_of(request: Request) -> CreditAccount:
    return CreditAccount.objects.select_related("product", "signals").get(pk=request.account_id)


def _contact(actor: Actor, ask: Asked, known: Known, customer: Customer, policy: ContactPolicy, at: datetime) -> Contact:
    request = ask.request
    assert request.detail is not None  # an allowed contact has one: rule `detail`
    return Contact(
        key=ask.key,
        customer=customer,
        account_id=request.account_id,
        channel=request.channel,
        purpose=request.purpose,
        party=request.party,
        detail=request.detail,
        at=at,
        policy=policy,
        engine=ENGINE_VERSION,
        asked=request_as_kept(request),
        standing=standing_as_kept(known.standing, request, known.zone),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
    )


def _as_past(contact: Contact) -> Past:
    """Return a contact that was just let through as those after it see it."""
    channel, purpose, party = Channel(contact.channel), Purpose(contact.purpose), Party(contact.party)
    return Past(contact.at, channel, purpose, party, contact.account_id, contact.detail, Outcome.OPEN)


def _denial(actor: Actor, request: Request, verdict: Verdict, customer: Customer, policy: ContactPolicy, at: datetime) -> Denial:
    finding = verdict.finding
    assert finding is not None
    return Denial(
        customer=customer,
        account_id=request.account_id,
        channel=request.channel,
        purpose=request.purpose,
        party=request.party,
        at=at,
        rule=finding.rule,
        hold=finding.hold or "",
        until=finding.until,
        had=finding.had,
        most=finding.most,
        policy=policy,
        asked_by_name=actor.name,
    )
