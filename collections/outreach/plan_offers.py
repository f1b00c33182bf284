"""What plans ask of outreach: an offer sent to the customer with the link to their own page, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import CreditAccount
from casework.models import Plan
from casework.plan_hooks import OfferShown
from outreach.customer_links import tried_out_link
from outreach.models import Message
from outreach.operations.sending.notices import queue_notice
from riskops.shared.wording import day_text, moment_text

#: Where a notice has the link to the customer's own page; it is put in when it is sent, and its line left out without one.
OWN_PAGE: Final = "{customer_page}"
_STEP: Final = "plan:"


def step_of(plan: Plan) -> str:
    """Return what the messages that offer a plan go by, on all their ways."""
    return f"{_STEP}{plan.pk}"


def send_offer(plan: Plan, dated: date, now: datetime) -> None:
    """Take the offer of a plan into the outbox, in the transaction that offers it."""
    account = CreditAccount.objects.select_related("customer").get(pk=plan.account_id)
    texts = {"en": _offer_text(plan, "en"), "zh": _offer_text(plan, "zh-hans")}
    queue_notice(account, dated=dated, step=step_of(plan), texts=texts, now=now)


def _offer_text(plan: Plan, language: str) -> str:
    # No amount: a message is read over shoulders, and the page asks who they are before it shows one.
    with translation.override(language):
        about = {"number": plan.reference, "day": day_text(plan.offered_until) if plan.offered_until else ""}
        offer = _("We offer you a plan to pay what you owe (%(number)s). The offer stands until %(day)s.") % about
        link = _("Read the agreement and accept it on your own page: %(page)s") % {"page": OWN_PAGE}
        return f"{offer}\n{link}"


def offer_shown(plan: Plan) -> OfferShown:
    """Return what became of the offer of a plan, and the customer's own page where staff may open it."""
    own_page = tried_out_link(plan.account_id, today=timezone.localdate())
    message = Message.objects.filter(account_id=plan.account_id, step=step_of(plan)).order_by("-pk").first()
    if message is None:
        return OfferShown(own_page=own_page)
    about = {"channel": message.get_channel_display(), "state": message.get_status_display()}
    text = _("%(channel)s: %(state)s") % about
    if message.sent_at is not None:
        text = _("%(channel)s of %(at)s: %(state)s") % {**about, "at": moment_text(message.sent_at)}
    return OfferShown(text, reverse("outreach:message", args=[message.pk]), own_page)


def offers_over(messages: Sequence[Message]) -> frozenset[int]:
    """Return which of some messages offer a plan that is offered no more: signed, withdrawn or not signed in time."""
    plans = {m.pk: int(m.step.removeprefix(_STEP)) for m in messages if m.step.startswith(_STEP)}
    if not plans:
        return frozenset()
    open_ones = set(Plan.objects.filter(pk__in=plans.values(), status=Plan.Status.OFFERED).values_list("pk", flat=True))
    return frozenset(pk for pk, plan_id in plans.items() if plan_id not in open_ones)
