"""Customers with their timeline and notes over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.review_answers import answers, done, given
from accounts.operations.notes import write_note
from accounts.operations.reviewing import (
    LONGEST_TEXT,
)
from accounts.queries.customer_page import CustomerHead, NoSuchCustomer, customer_head, customer_page
from accounts.queries.timeline import read_timeline_filters, timeline
from accounts.roles import (
    VIEW_ACCOUNTS,
    WRITE_NOTE,
)
from accounts.rules.aging import CATEGORIES
from riskops.shared.audit import Actor
from riskops.shared.money import minor_digits, plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of


class CustomerAccountShape(serializers.Serializer[Any]):
    """One account of a customer."""

    account_no = serializers.CharField()
    product_code = serializers.CharField()
    currency = serializers.CharField()
    opened_on = serializers.DateField()
    credit_limit = shapes.Amount()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    overdue_total = shapes.Amount()
    exposure = shapes.Amount()
    category = serializers.CharField()
    stage = serializers.IntegerField()
    tier = serializers.CharField(allow_blank=True)
    is_written_off = serializers.BooleanField()
    score = serializers.IntegerField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())


class CurrencyShape(serializers.Serializer[Any]):
    """What a customer owes in one currency."""

    currency = serializers.CharField()
    exposure = shapes.Amount()
    overdue_total = shapes.Amount()
    credit_limit = shapes.Amount()


class CurveShape(serializers.Serializer[Any]):
    """A month-end as reported. `accounts` 0: nothing is kept of it."""

    day = serializers.DateField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()
    accounts = serializers.IntegerField()


class LinkShape(serializers.Serializer[Any]):
    """A customer who shares something exactly."""

    customer_no = serializers.CharField()
    masked_name = serializers.CharField()
    same = serializers.ListField(child=serializers.CharField())
    account_nos = serializers.ListField(child=serializers.CharField())
    days_past_due = serializers.IntegerField()
    is_written_off = serializers.BooleanField()
    is_fraud_suspected = serializers.BooleanField()


class CustomerShape(serializers.Serializer[Any]):
    """A customer, masked, with all accounts in sight."""

    customer_no = serializers.CharField()
    masked_name = serializers.CharField()
    masked_phone = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    time_zone = serializers.CharField()
    business_date = serializers.DateField(allow_null=True)
    accounts = CustomerAccountShape(many=True)
    totals = CurrencyShape(many=True)
    aging_curve = CurveShape(many=True)
    linked = LinkShape(many=True)
    open_reviews = serializers.ListField(child=serializers.IntegerField())
    decisions = serializers.ListField(child=serializers.CharField())


class HappeningShape(serializers.Serializer[Any]):
    """One line of a timeline. `amount` in the account's currency, null where the line is not about money."""

    kind = serializers.CharField()
    day = serializers.DateField()
    at = serializers.DateTimeField(allow_null=True)
    account_no = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    who = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    amount = shapes.Amount(allow_null=True)
    currency = serializers.CharField(allow_blank=True)


class TimelineShape(serializers.Serializer[Any]):
    """A page of a timeline, newest first. `next` is the `after` of the next page, empty on the last one."""

    results = HappeningShape(many=True)
    next = serializers.CharField(allow_blank=True)


class NoteRequest(serializers.Serializer[Any]):
    """A note on the customer, or on one account of theirs."""

    text = serializers.CharField(max_length=LONGEST_TEXT)
    account_no = serializers.CharField(allow_blank=True, default="", max_length=64)


class NoteShape(serializers.Serializer[Any]):
    """A note."""

    id = serializers.IntegerField()
    account_no = serializers.CharField(allow_blank=True)
    text = serializers.CharField()
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()


def _head(customer_no: str, user: Any) -> CustomerHead:
    try:
        head = customer_head(customer_no, scope=scope_of(user))
    except NoSuchCustomer:
        raise NotFound(f"there is no customer {customer_no} in this book") from None
    refuse_conflict(user, head.customer.pk)
    return head


class CustomerDetail(APIView):
    """One customer."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_ACCOUNTS

    @extend_schema(summary="Get a customer", responses=CustomerShape, tags=["customers"])
    def get(self, request: Request, customer_no: str) -> Response:
        """Return a customer, masked: all accounts in sight, what is owed by currency, aging curve, linked customers."""
        head = _head(customer_no, request.user)
        page = customer_page(head, scope=scope_of(request.user), user=request.user, today=timezone.localdate())
        return Response(
            {
                "customer_no": customer_no,
                "masked_name": page.masked_name,
                "masked_phone": page.masked_phone,
                "language": page.customer.language,
                "time_zone": page.customer.time_zone,
                "business_date": page.business_date,
                "accounts": [_account_out(line) for line in page.accounts],
                "totals": [
                    {
                        "currency": total.currency,
                        "exposure": _plain(total.exposure_minor, total.currency),
                        "overdue_total": _plain(total.overdue_minor, total.currency),
                        "credit_limit": _plain(total.credit_limit_minor, total.currency),
                    }
                    for total in page.totals
                ],
                "aging_curve": [
                    {
                        "day": point.day,
                        "days_past_due": point.days_past_due,
                        "bucket": f"m{point.bucket}",
                        "accounts": point.accounts,
                    }
                    for point in page.curve
                ],
                "linked": [
                    {
                        "customer_no": link.customer_no,
                        "masked_name": link.masked_name,
                        "same": list(link.by),
                        "account_nos": [number for number, _days in link.accounts],
                        "days_past_due": link.worst_days,
                        "is_written_off": link.is_written_off,
                        "is_fraud_suspected": link.is_fraud_suspected,
                    }
                    for link in page.linked
                ],
                "open_reviews": [review.pk for review in page.reviews],
                "decisions": [decision.reference for decision in page.decisions],
            }
        )


def _plain(minor: int, currency: str) -> str:
    return plain_amount(minor, digits=minor_digits(currency))


def _account_out(line: Any) -> dict[str, Any]:
    return {
        "account_no": line.account_no,
        "product_code": line.product_code,
        "currency": line.currency,
        "opened_on": line.opened_on,
        "credit_limit": _plain(line.credit_limit_minor, line.currency),
        "days_past_due": line.days_past_due,
        "bucket": f"m{line.bucket}",
        "overdue_total": _plain(line.overdue_minor, line.currency),
        "exposure": _plain(line.exposure_minor, line.currency),
        "category": CATEGORIES[line.category],
        "stage": line.stage,
        "tier": line.tier,
        "is_written_off": line.is_written_off,
        "score": line.score,
        "warnings": list(line.flags),
    }


class CustomerTimeline(APIView):
    """What happened on a customer's accounts."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_ACCOUNTS

    @extend_schema(
        summary="Get a customer's timeline",
        parameters=[
            OpenApiParameter("kind", str, many=True, description="payment, decision, review, note …; may be repeated"),
            OpenApiParameter("text", str, description="part of a reference, reason, note or name"),
            OpenApiParameter("account", str, description="one account of the customer"),
            OpenApiParameter("after", str, description="`next` of the page before"),
        ],
        responses=TimelineShape,
        tags=["customers"],
    )
    def get(self, request: Request, customer_no: str) -> Response:
        """Return a page, newest first: payments, reversals, waivers, decisions, reviews, notes, files, reveals, tier changes."""
        head = _head(customer_no, request.user)
        page = timeline(
            customer_id=head.customer.pk,
            accounts=head.numbers,
            currencies=head.currencies,
            filters=read_timeline_filters(request.query_params),
        )
        rows = [
            {
                "kind": line.kind,
                "day": line.day,
                "at": line.at,
                "account_no": line.account_no,
                "title": line.title,
                "who": line.who,
                "text": line.text,
                "amount": _plain(*line.money) if line.money else None,
                "currency": line.money[1] if line.money else "",
            }
            for line in page.lines
        ]
        return Response({"results": rows, "next": page.next_after})


class CustomerNotes(APIView):
    """Notes on a customer."""

    permission_classes = [MayOperate]
    operation: Any = WRITE_NOTE

    @extend_schema(
        summary="Write a note on a customer", request=NoteRequest, responses=answers(NoteShape, 201), tags=["customers"]
    )
    def post(self, request: Request, customer_no: str) -> Response:
        """Keep a note on the customer, or on one account of theirs; it is never changed."""
        head = _head(customer_no, request.user)
        values = given(NoteRequest, request)
        number = values["account_no"]
        account_id = next((pk for pk, known in head.numbers.items() if known == number), None)
        if number and account_id is None:
            raise NotFound(f"customer {customer_no} has no account {number}")
        kept = done(
            lambda: write_note(actor=Actor.of(request.user), customer=head.customer, text=values["text"], account_id=account_id)
        )
        if isinstance(kept, Response):
            return kept
        note = {
            "id": kept.pk,
            "account_no": number,
            "text": kept.text,
            "written_by": kept.written_by_name,
            "written_at": kept.written_at,
        }
        return Response(note, status=201)
