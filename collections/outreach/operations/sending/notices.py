"""Notices of decisions taken into the outbox, each once; those of people without an account wait where they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q

from accounts.models import CreditAccount, DecisionNotice
from accounts.operations.deciding.notices import hand_over_notices
from outreach.models import Message
from outreach.queries.standing import detail_of
from outreach.rules.contacts import Channel, Purpose

#: In which order a customer is tried to be reached.
WAYS: Final = (Channel.SMS, Channel.EMAIL, Channel.PUSH)
#: Told before any reminder.
PRIORITY: Final = 2


def of_accounts() -> Q:
    """Return the condition on notices that are about an account, or about somebody who has one."""
    own = CreditAccount.objects.filter(customer_id=OuterRef("application__customer_id"))
    return Q(decision__isnull=False) | Q(application__account__isnull=False) | Q(Exists(own))


def take_notices(now: datetime) -> int:
    """Take queued notices into the outbox and return how many."""
    return hand_over_notices(lambda notice: _take(notice, now), only=of_accounts())


def waiting_elsewhere() -> int:
    """Return how many notices wait that no account leads to: told by who handles applications, not from the outbox."""
    return DecisionNotice.objects.filter(~of_accounts(), status=DecisionNotice.Status.QUEUED).count()


def waiting_here(products: Collection[str] | None = None) -> int:
    """Return how many notices of accounts wait to be taken into the outbox: they are no messages yet.

    :param products: count those about these products; None: all
    """
    waiting = DecisionNotice.objects.filter(of_accounts(), status=DecisionNotice.Status.QUEUED)
    if products is not None:
        of_decision = Q(decision__account__product__product_code__in=products)
        waiting = waiting.filter(of_decision | Q(application__product__product_code__in=products))
    return waiting.count()


def _take(notice: DecisionNotice, now: datetime) -> str:
    account = _account_of(notice)
    # What cannot be reached at all is still queued: refused by the gate, it lies with the dead letters for a person.
    ways = [channel for channel in WAYS if detail_of(account.customer, channel) is not None] or [WAYS[0]]
    message, _made = Message.objects.get_or_create(
        account=account,
        episode=notice.dated,
        step=f"notice:{notice.kind}:{notice.pk}",
        channel=ways[0],
        defaults={
            "customer_id": account.customer_id,
            "purpose": Purpose.NOTICE,
            "texts": {"en": notice.text_en, "zh": notice.text_zh},
            "fallback": [{"channel": str(channel), "template": ""} for channel in ways[1:]],
            "planned_on": notice.dated,
            "priority": PRIORITY,
            "due_at": now,
        },
    )
    return f"message {message.pk}"


def _account_of(notice: DecisionNotice) -> CreditAccount:
    accounts = CreditAccount.objects.select_related("customer")
    if notice.decision is not None:
        return accounts.get(pk=notice.decision.account_id)
    application = notice.application
    assert application is not None  # the database holds that it is about one of the two
    if application.account_id is not None:
        return accounts.get(pk=application.account_id)
    assert application.customer_id is not None  # of_accounts takes no others
    return accounts.filter(customer_id=application.customer_id).order_by("pk")[:1].get()
