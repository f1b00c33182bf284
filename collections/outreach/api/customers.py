"""Contacts with one customer over the API: what is allowed when, holds and wishes, calls and how they ended."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CreditAccount
from accounts.queries.customer_page import CustomerHead
from outreach import roles as may_do
from outreach.api import shapes
from outreach.api.answers import TAG, OutreachView, account_of, answers, head_of, read
from outreach.forms import BY_PERSON_SOURCE
from outreach.models import Contact
from outreach.operations import calls, holds, wishes
from outreach.queries.customer_contacts import customer_contacts
from outreach.rules.contacts import Channel, Hold, Outcome, Party, Purpose
from riskops.shared.audit import Actor


def _state(head: CustomerHead) -> dict[str, Any]:
    page = customer_contacts(head.customer, list(head.numbers), timezone.now())
    return {
        "customer_no": page.customer.customer_no,
        "time_zone": page.customer.time_zone,
        "accounts": [
            {
                "account_no": account.account.account_no,
                "policy": str(account.policy) if account.policy else None,
                "channels": [
                    {
                        "channel": str(state.channel),
                        "reminder": shapes.verdict_out(state.reminder),
                        "notice": shapes.verdict_out(state.notice),
                    }
                    for state in account.channels
                ],
            }
            for account in page.accounts
        ],
        "consents": [str(channel) for channel in page.consents],
        "holds": [shapes.hold_out(hold) for hold in page.holds],
        "control_groups": [shapes.control_group_out(group) for group in page.control_groups],
        "opt_outs": shapes.OptOutShape(page.opt_outs, many=True).data,
        "agreed_hours": (
            {"opens_at": page.hours.opens_at, "closes_at": page.hours.closes_at} if page.hours is not None else None
        ),
        "details": [
            {"channel": str(line.channel), "masked": line.masked, "state": line.state.state if line.state else ""}
            for line in page.details
        ],
    }


def _channel(code: str) -> Channel:
    if code not in set(Channel):
        raise NotFound(f"there is no channel {code}")
    return Channel(code)


class CustomerContact(OutreachView):
    """A customer as contacts go."""

    operation: ClassVar[Any] = may_do.VIEW_CONTACTS

    @extend_schema(summary="Get when a customer may be contacted next", responses=answers(shapes.CustomerContactShape), tags=TAG)
    def get(self, request: Request, customer_no: str) -> Response:
        """Return what the gate would say for every channel, and what stands in the way."""
        return Response(_state(head_of(request, customer_no)))


class ContactHolds(OutreachView):
    """Holding contact back."""

    operation: ClassVar[Any] = may_do.PLACE_HOLD

    @extend_schema(
        summary="Hold contact with a customer back",
        request=shapes.HoldRequest,
        responses=answers(shapes.HoldShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, customer_no: str) -> Response:
        """Hold contact back from now on."""
        head, values = head_of(request, customer_no), read(shapes.HoldRequest, request)
        account: CreditAccount | None = None
        if values["account_no"]:
            account = account_of(request, values["account_no"])
        hold = holds.place_hold(
            actor=Actor.of(request.user),
            customer=head.customer,
            account=account,
            kind=Hold(values["kind"]),
            reason=values["reason"],
            representative=values["representative"],
            now=timezone.now(),
        )
        return Response(shapes.hold_out(hold), status=201)


class ContactHoldEnd(OutreachView):
    """Ending a hold."""

    operation: ClassVar[Any] = may_do.END_HOLD

    @extend_schema(summary="End a hold on contact", request=shapes.ReasonRequest, responses=answers(shapes.HoldShape), tags=TAG)
    def post(self, request: Request, customer_no: str, hold_id: int) -> Response:
        """End a hold that somebody else placed."""
        head, values = head_of(request, customer_no), read(shapes.ReasonRequest, request)
        hold = holds.end_hold(actor=Actor.of(request.user), customer=head.customer, hold_id=hold_id, now=timezone.now(), **values)
        return Response(shapes.hold_out(hold))


class CustomerOptOut(OutreachView):
    """The opt-out of one channel."""

    operation: ClassVar[Any] = may_do.NOTE_WISH

    @extend_schema(
        summary="Note that a customer opts out of a channel",
        request=shapes.EvidenceRequest,
        responses=answers(shapes.OptOutShape),
        tags=TAG,
    )
    def put(self, request: Request, customer_no: str, channel: str) -> Response:
        """Note that the customer wants nothing more by the channel."""
        head, values = head_of(request, customer_no), read(shapes.EvidenceRequest, request)
        row = wishes.opt_out(
            actor=Actor.of(request.user),
            customer=head.customer,
            channel=_channel(channel),
            source=BY_PERSON_SOURCE,
            note=values["evidence"],
            now=timezone.now(),
        )
        return Response(shapes.OptOutShape(row).data)

    @extend_schema(
        summary="Note that a customer takes an opt-out back",
        request=shapes.EvidenceRequest,
        responses=answers(shapes.OptOutShape),
        tags=TAG,
    )
    def delete(self, request: Request, customer_no: str, channel: str) -> Response:
        """Note that the customer takes it back."""
        head, values = head_of(request, customer_no), read(shapes.EvidenceRequest, request)
        row = wishes.opt_in(
            actor=Actor.of(request.user), customer=head.customer, channel=_channel(channel), now=timezone.now(), **values
        )
        return Response(shapes.OptOutShape(row).data)


class CustomerHours(OutreachView):
    """The hours a customer agreed to."""

    operation: ClassVar[Any] = may_do.NOTE_WISH

    @extend_schema(
        summary="Note the hours a customer agreed to",
        request=shapes.AgreedHoursRequest,
        responses=answers(shapes.CustomerContactShape),
        tags=TAG,
    )
    def put(self, request: Request, customer_no: str) -> Response:
        """Note agreed hours, or that the policy's hold again."""
        head, values = head_of(request, customer_no), read(shapes.AgreedHoursRequest, request)
        wishes.agree_hours(actor=Actor.of(request.user), customer=head.customer, now=timezone.now(), **values)
        return Response(_state(head))


class CustomerDetail(OutreachView):
    """What is known of a number or address."""

    operation: ClassVar[Any] = may_do.NOTE_DETAIL

    @extend_schema(
        summary="Note what became known of a number or address",
        request=shapes.DetailRequest,
        responses=answers(shapes.CustomerContactShape),
        tags=TAG,
    )
    def put(self, request: Request, customer_no: str, channel: str) -> Response:
        """Note that it leads nowhere, or that it reaches the customer after all."""
        head, values = head_of(request, customer_no), read(shapes.DetailRequest, request)
        about: dict[str, Any] = {
            "actor": Actor.of(request.user),
            "customer": head.customer,
            "channel": _channel(channel),
            "evidence": values["evidence"],
        }
        if values["state"]:
            wishes.note_detail(state=values["state"], now=timezone.now(), **about)
        else:
            wishes.clear_detail(**about)
        return Response(_state(head))


class Contacts(OutreachView):
    """Calls and visits."""

    operation: ClassVar[Any] = may_do.MAKE_CONTACT

    @extend_schema(
        summary="Ask for a call or a visit",
        request=shapes.ContactRequest,
        responses=answers(shapes.ContactAnswerShape),
        tags=TAG,
    )
    def post(self, request: Request, customer_no: str) -> Response:
        """Ask the gate. Allowed, the contact is in the log and counts until its end is recorded."""
        head, values = head_of(request, customer_no), read(shapes.ContactRequest, request)
        account = account_of(request, values["account_no"])
        if account.customer_id != head.customer.pk:
            raise NotFound(f"customer {customer_no} has no account {values['account_no']}")
        answer = calls.ask_for_contact(
            actor=Actor.of(request.user),
            key=values["key"],
            account=account,
            channel=Channel(values["channel"]),
            purpose=Purpose(values["purpose"]),
            party=Party(values["party"]),
            number=values["number"],
            now=timezone.now(),
        )
        contact = _whole(answer.contact.pk) if answer.contact else None
        return Response(
            {
                "verdict": shapes.verdict_out(answer.verdict),
                "contact": shapes.contact_out(contact) if contact else None,
            }
        )


class ContactDial(OutreachView):
    """The number of a call."""

    operation: ClassVar[Any] = may_do.DIAL

    @extend_schema(
        summary="See the number of a call that is allowed", request=None, responses=answers(shapes.NumberShape), tags=TAG
    )
    def post(self, request: Request, customer_no: str, contact_id: int) -> Response:
        """Return it in clear, to whoever asked for the call; the trail says who saw it."""
        head = head_of(request, customer_no)
        number = calls.dial(actor=Actor.of(request.user), customer=head.customer, contact_id=contact_id, now=timezone.now())
        return Response({"number": number, "link": f"tel:{number}"})


class ContactEnd(OutreachView):
    """How a call or visit ended."""

    operation: ClassVar[Any] = may_do.MAKE_CONTACT

    @extend_schema(
        summary="Record how a call or visit ended",
        request=shapes.OutcomeRequest,
        responses=answers(shapes.ContactShape),
        tags=TAG,
    )
    def post(self, request: Request, customer_no: str, contact_id: int) -> Response:
        """Record the end, once."""
        head, values = head_of(request, customer_no), read(shapes.OutcomeRequest, request)
        ended = calls.end_call(
            actor=Actor.of(request.user),
            customer=head.customer,
            contact_id=contact_id,
            outcome=Outcome(values["outcome"]),
            note=values["note"],
            now=timezone.now(),
        )
        return Response(shapes.contact_out(_whole(ended.pk)))


def _whole(contact_id: int) -> Contact:
    return Contact.objects.select_related("account", "customer", "policy").get(pk=contact_id)
