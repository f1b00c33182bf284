"""What plans ask of outreach: an offer sent to the customer with the link to their own page, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import CreditAccount
from casework.models import Plan
from outreach.customer_links import has_address
from outreach.models import Message
from outreach.operations.sending.notices import queue_notice
from outreach.rules.contacts import Purpose
from riskops.shared.wording import day_text

#: Where a text has the link to the customer's own page; it is put in when it is sent, and its line left out without one.
OWN_PAGE: Final = "{customer_page}"
#: Where it has the number to call instead; its line is left out where there is the link.
HOTLINE: Final = "{hotline}"
_STEP: Final = "plan:"


#: Messages that reach the customer yet, or have: what was handed over and has no receipt may have arrived.
_UNDER_WAY: Final = (*Message.OPEN, Message.Status.SENT, Message.Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class Told:
    """Which plan a message offers, and which telling of it this is: 0 is the one of its approval."""

    plan: int
    time: int

    @classmethod
    def of(cls, step: str) -> Told | None:
        """Return what a step of the outbox offers; None where it is none of an offer."""
        if not step.startswith(_STEP):
            return None
        plan, _colon, time = step.removeprefix(_STEP).partition(":")
        return cls(int(plan), int(time or 0))

    @property
    def step(self) -> str:
        """What its messages go by, on all their ways."""
        return f"{_STEP}{self.plan}" + (f":{self.time}" if self.time else "")


def send_offer(plan: Plan, dated: date, now: datetime) -> None:
    """Take the offer of a plan into the outbox, in the transaction that offers it."""
    _queue(plan, Told(plan.pk, 0), dated, now)


def send_offer_again(plan: Plan, dated: date, now: datetime, *, is_longer: bool) -> None:
    """Take the offer of a plan into the outbox once more, where nothing of it is under way or has arrived, or too early a last
    day was told; in the transaction in which it stands again.
    """
    made = messages_of([plan])
    if not is_longer and any(message.status in _UNDER_WAY for message in made):
        return
    times = [told.time for message in made if (told := Told.of(message.step))]
    _queue(plan, Told(plan.pk, max(times, default=-1) + 1), dated, now)


def is_answerable() -> bool:
    """Return whether an offer can say how it is accepted: on the customer's page, or by a call to us."""
    return has_address() or bool(settings.CUSTOMER_HOTLINE)


def _queue(plan: Plan, told: Told, dated: date, now: datetime) -> None:
    if not is_answerable():
        # The plan's page says so, and what to do (plan_offers_shown.py).
        return
    account = CreditAccount.objects.select_related("customer").get(pk=plan.account_id)
    texts = {"en": _offer_text(plan, "en"), "zh": _offer_text(plan, "zh-hans")}
    # No law asks for an offer: it waits for consent, counts, and is held back as a reminder is.
    until = plan.offered_until
    queue_notice(account, dated=dated, step=told.step, texts=texts, now=now, purpose=Purpose.OFFER, expires_on=until)


def messages_of(plans: Collection[Plan]) -> list[Message]:
    """Return the messages that offer plans, the last one first."""
    rows = Message.objects.filter(account_id__in={plan.account_id for plan in plans}, step__startswith=_STEP).order_by("-pk")
    wanted = {plan.pk for plan in plans}
    return [message for message in rows if (told := Told.of(message.step)) and told.plan in wanted]


def _offer_text(plan: Plan, language: str) -> str:
    # No amount: a message is read over shoulders, and the page asks who they are before it shows one.
    with translation.override(language):
        about = {"number": plan.reference, "day": day_text(plan.offered_until) if plan.offered_until else ""}
        offer = _("We offer you a plan to pay what you owe (%(number)s). The offer stands until %(day)s.") % about
        link = _("Read the agreement and accept it on your own page: %(page)s") % {"page": OWN_PAGE}
        call = _("To read the agreement and accept it, call %(hotline)s.") % {"hotline": HOTLINE}
        return f"{offer}\n{link}\n{call}"


@dataclass(frozen=True, slots=True)
class OffersSeen:
    """How the plans stand that some messages offer, each set by the ids of messages.

    :param over: of plans that are offered no more: signed, withdrawn or not signed in time
    :param replaced: of plans whose offer was taken into the outbox once more since
    :param waiting: of plans whose paper waits to be confirmed: signed perhaps, and perhaps offered again
    """

    over: frozenset[int] = frozenset()
    replaced: frozenset[int] = frozenset()
    waiting: frozenset[int] = frozenset()


def offers_seen(messages: Sequence[Message]) -> OffersSeen:
    """Return how the plans stand that messages offer."""
    of_message = {message.pk: told for message in messages if (told := Told.of(message.step))}
    if not of_message:
        return OffersSeen()
    plans = Plan.objects.only("account_id", "status").in_bulk({told.plan for told in of_message.values()})
    last: dict[int, int] = {}
    for message in messages_of(plans.values()):
        told = Told.of(message.step)
        assert told is not None  # messages_of gives no others
        last[told.plan] = max(told.time, last.get(told.plan, 0))
    status = {pk: plans[told.plan].status if told.plan in plans else "" for pk, told in of_message.items()}
    standing = (Plan.Status.OFFERED, Plan.Status.CONFIRMING)
    return OffersSeen(
        over=frozenset(pk for pk in of_message if status[pk] not in standing),
        replaced=frozenset(pk for pk, told in of_message.items() if told.time < last.get(told.plan, 0)),
        waiting=frozenset(pk for pk in of_message if status[pk] == Plan.Status.CONFIRMING),
    )
