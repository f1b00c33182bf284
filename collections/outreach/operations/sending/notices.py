"""Notices of decisions and debits taken into the outbox, each once; those of people without an account wait where they are.

What else is written with its occasion and not from a template goes the same way, for its own purpose: offers of plans.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import CreditAccount, DebitNotice, DecisionNotice
from accounts.operations.deciding.notices import hand_over_debit_notices, hand_over_notices
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
    """Take queued notices into the outbox and return how many; one that cannot be taken is tried again before what follows."""

    def take(notice: DecisionNotice) -> str:
        return _take(notice, _account_of(notice), notice.kind, now)

    def take_of_debit(notice: DebitNotice) -> str:
        return _take(notice, _account_debited(notice), _debit_kind(notice), now)

    return hand_over_notices(take, now=now, only=of_accounts()) + hand_over_debit_notices(take_of_debit, now=now)


def debit_notices_told_on(notices: Collection[DebitNotice]) -> dict[int, date]:
    """Return on which day notices of debits were handed to a provider, by their id, on whichever way it was first.

    One that waits, was given up or did not arrive is left out.
    """
    of_step = {step_of(notice, _debit_kind(notice)): notice.pk for notice in notices}
    gone = Message.objects.filter(
        account_id__in={notice.instruction.account_id for notice in notices},
        step__in=of_step,
        status__in=(Message.Status.SENT, Message.Status.DELIVERED),
    )
    found: dict[int, date] = {}
    for step, sent_at in gone.order_by("-sent_at").values_list("step", "sent_at"):
        found[of_step[step]] = timezone.localdate(sent_at)
    return found


def step_of(notice: DecisionNotice | DebitNotice, kind: str) -> str:
    """Return what the messages of a notice go by, on all their ways."""
    return f"notice:{kind}:{notice.pk}"


def _debit_kind(notice: DebitNotice) -> str:
    return f"debit-{notice.kind}"


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


def _take(notice: DecisionNotice | DebitNotice, account: CreditAccount, kind: str, now: datetime) -> str:
    texts = {"en": notice.text_en, "zh": notice.text_zh}
    step = step_of(notice, kind)
    return f"message {queue_notice(account, dated=notice.dated, step=step, texts=texts, now=now).pk}"


def queue_notice(
    account: CreditAccount,
    *,
    dated: date,
    step: str,
    texts: Mapping[str, str],
    now: datetime,
    purpose: Purpose = Purpose.NOTICE,
    expires_on: date | None = None,
) -> Message:
    """Put a text into the outbox, by the first way the customer can be reached; once, however often it is asked for.

    :param step: what it is about, e.g. `notice:decided:7`
    :param texts: what it says, by "en" and "zh"
    :param purpose: what the gate judges it as; a notice passes what only a notice may
    :param expires_on: the last day on which it makes sense
    """
    # What cannot be reached at all is still queued: refused by the gate, it lies with the dead letters for a person.
    ways = [channel for channel in WAYS if detail_of(account.customer, channel) is not None] or [WAYS[0]]
    message, _made = Message.objects.get_or_create(
        account=account,
        episode=dated,
        step=step,
        channel=ways[0],
        defaults={
            "customer_id": account.customer_id,
            "purpose": purpose,
            "texts": dict(texts),
            "fallback": [{"channel": str(channel), "template": ""} for channel in ways[1:]],
            "planned_on": dated,
            "expires_on": expires_on,
            "priority": PRIORITY,
            "due_at": now,
        },
    )
    return message


def _account_debited(notice: DebitNotice) -> CreditAccount:
    return CreditAccount.objects.select_related("customer").get(pk=notice.instruction.account_id)


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
