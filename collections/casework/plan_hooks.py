"""What plans need of upper rooms, which register it when they are ready: whether a plan that is not ours holds contact back, and
offers sent to customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Protocol

from casework.models import Plan

#: Whether somebody noted by hand that the account has a hardship plan (one agreed elsewhere): (account id).
AskNoted = Callable[[int], bool]

#: Take the offer of a plan over for sending, dated a business day, in this transaction and by no other deed than rows.
SendOffer = Callable[[Plan, date, datetime], None]


@dataclass(frozen=True, slots=True)
class OfferShown:
    """What became of an offer; nothing of it where nobody sends offers.

    :param text: how the last message of it stands, in words; "" where there is none
    :param url: the page that shows the message
    :param own_page: the customer's own page where it may be opened
    :param message: the id of the message, by which `channel`, `status` and `sent_at` are
    :param why: why it waits or did not reach the customer
    :param what_next: what to do where no message tells the customer of an offer that stands
    """

    text: str = ""
    url: str = ""
    own_page: str = ""
    message: int | None = None
    channel: str = ""
    status: str = ""
    sent_at: datetime | None = None
    why: str = ""
    what_next: str = ""


#: Say what became of the offer of a plan.
ShowOffer = Callable[[Plan], OfferShown]


class SendAgain(Protocol):
    """Have an offer that stands again reach the customer, where no message of it is under way or has arrived.

    A last day that is later than the one that was told is told in any case.
    """

    def __call__(self, plan: Plan, dated: date, now: datetime, *, is_longer: bool) -> None: ...


_NOTED: Final[dict[str, AskNoted]] = {}
_OFFERS: Final[dict[str, tuple[SendOffer, SendAgain, ShowOffer]]] = {}


def register_noted_plans(name: str, ask: AskNoted) -> None:
    """Add who knows of plans that are not ours; one of the same name is replaced."""
    _NOTED[name] = ask


def is_noted_elsewhere(account_id: int) -> bool:
    """Return whether an account has a plan that is not one of ours."""
    return any(ask(account_id) for ask in _NOTED.values())


def register_offers(name: str, send: SendOffer, again: SendAgain, show: ShowOffer) -> None:
    """Add who sends offers to customers; the last one registered does."""
    _OFFERS[name] = (send, again, show)


def send_offer(plan: Plan, dated: date, now: datetime) -> None:
    """Hand the offer of a plan over for sending, where somebody sends them."""
    for send, _again, _show in list(_OFFERS.values())[-1:]:
        send(plan, dated, now)


def send_offer_again(plan: Plan, dated: date, now: datetime, *, is_longer: bool) -> None:
    """Hand an offer that stands again over for sending, where it is still to be told.

    :param is_longer: whether it stands longer than was told
    """
    for _send, again, _show in list(_OFFERS.values())[-1:]:
        again(plan, dated, now, is_longer=is_longer)


def offer_shown(plan: Plan) -> OfferShown:
    """Return what became of the offer of a plan."""
    return next((show(plan) for _send, _again, show in reversed(_OFFERS.values())), OfferShown())
