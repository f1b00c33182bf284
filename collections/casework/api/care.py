"""Customers who are handled with care over the API: the same operations, refusals and restrictions as the pages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.refusing import account_or_404
from accounts.models import Customer
from casework import work_roles as may_do
from casework.api.cases import CaseView
from casework.api.worklist_answers import answers, read
from casework.models import Vulnerability
from casework.operations import vulnerability as operations
from casework.operations.vulnerability import MOST_TEXT
from casework.queries.care import care_page
from casework.trained import TrainedStaffOnly, is_trained, takers
from riskops.shared.audit import Actor
from riskops.shared.scope import scope_of

TAG = ["care"]


class FlagRequest(serializers.Serializer[Any]):
    """A flag of vulnerability. `text`: no more than handling them with care takes."""

    kind = serializers.ChoiceField(Vulnerability.Kind.choices)
    text = serializers.CharField(max_length=MOST_TEXT, required=False, default="", allow_blank=True)
    since = serializers.DateField()
    review_by = serializers.DateField()


class FlagReviewRequest(serializers.Serializer[Any]):
    """What is found at a review; `version` is the one that was read."""

    version = serializers.IntegerField()
    kind = serializers.ChoiceField(Vulnerability.Kind.choices)
    text = serializers.CharField(max_length=MOST_TEXT, required=False, default="", allow_blank=True)
    review_by = serializers.DateField()


class FlagEndRequest(serializers.Serializer[Any]):
    """The end of a flag; `version` is the one that was read."""

    version = serializers.IntegerField()


class FlagShape(serializers.Serializer[Any]):
    """How a flag stands, without what it is about."""

    is_vulnerable = serializers.BooleanField()
    since = serializers.DateField(allow_null=True)
    review_by = serializers.DateField(allow_null=True)
    recorded_by = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(allow_null=True)


class FlagReadShape(FlagShape):
    """A flag with what is noted, for trained staff."""

    kind = serializers.ChoiceField(Vulnerability.Kind.choices)
    text = serializers.CharField(allow_blank=True)


class CareRowShape(serializers.Serializer[Any]):
    """A customer who is handled with care."""

    customer_no = serializers.CharField()
    account_no = serializers.CharField()
    since = serializers.DateField()
    review_by = serializers.DateField()
    is_overdue = serializers.BooleanField()


class CarePageShape(serializers.Serializer[Any]):
    """The first customers to be reviewed, and how many there are in all."""

    total = serializers.IntegerField()
    results = CareRowShape(many=True)


def _out(flag: Vulnerability | None) -> dict[str, Any]:
    stands = flag is not None and flag.ended_at is None
    return {
        "is_vulnerable": stands,
        "since": flag.since if flag else None,
        "review_by": flag.review_by if flag else None,
        "recorded_by": flag.recorded_by_name if flag else "",
        "version": flag.version if flag else None,
    }


class CareView(CaseView):
    """What is about the customer of an account."""

    def customer(self, request: Request, account_no: str) -> Customer:
        """Return the customer of an account that the person may see."""
        return Customer.objects.get(pk=account_or_404(account_no, user=request.user).customer_id)


class AccountCare(CareView):
    """The flag of an account's customer."""

    operation = {
        "GET": may_do.VIEW_CASES,
        "POST": may_do.RECORD_VULNERABILITY,
        "PUT": may_do.REVIEW_VULNERABILITY,
    }

    @extend_schema(summary="Get whether a customer is handled with care", responses=answers(FlagShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return the days of the flag that stands, and nothing of what it is about."""
        customer = self.customer(request, account_no)
        return Response(_out(Vulnerability.objects.filter(customer=customer, ended_at=None).first()))

    @extend_schema(
        summary="Flag a customer as vulnerable", request=FlagRequest, responses=answers(FlagShape, status=201), tags=TAG
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Flag the customer of an account: from now on trained staff alone work their accounts."""
        customer, values = self.customer(request, account_no), read(FlagRequest, request)
        flag = operations.record_vulnerability(actor=Actor.of(request.user), customer=customer, now=timezone.now(), **values)
        return Response(_out(flag), status=201)

    @extend_schema(summary="Review a flag of vulnerability", request=FlagReviewRequest, responses=answers(FlagShape), tags=TAG)
    def put(self, request: Request, account_no: str) -> Response:
        """Find that a flag still holds until its next review; for trained staff."""
        customer, values = self.customer(request, account_no), read(FlagReviewRequest, request)
        flag = operations.review_vulnerability(actor=Actor.of(request.user), customer=customer, now=timezone.now(), **values)
        return Response(_out(flag))


class AccountCareRead(CareView):
    """What is noted."""

    operation = may_do.VIEW_VULNERABILITY

    @extend_schema(
        summary="Read what is noted of a vulnerable customer", request=None, responses=answers(FlagReadShape), tags=TAG
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Return kind and text; the trail records who read them. For trained staff."""
        customer = self.customer(request, account_no)
        flag = operations.read_vulnerability(actor=Actor.of(request.user), customer=customer, now=timezone.now())
        return Response(_out(flag) | {"kind": flag.kind, "text": flag.text})


class AccountCareEnd(CareView):
    """The end of a flag."""

    operation = may_do.REVIEW_VULNERABILITY

    @extend_schema(summary="End a flag of vulnerability", request=FlagEndRequest, responses=answers(FlagShape), tags=TAG)
    def post(self, request: Request, account_no: str) -> Response:
        """End a flag; for trained staff."""
        customer, values = self.customer(request, account_no), read(FlagEndRequest, request)
        flag = operations.end_vulnerability(actor=Actor.of(request.user), customer=customer, now=timezone.now(), **values)
        return Response(_out(flag))


class CareCustomers(CareView):
    """Who is handled with care."""

    operation = may_do.VIEW_VULNERABILITY

    @extend_schema(summary="List customers who are handled with care", responses=CarePageShape, tags=TAG)
    def get(self, request: Request) -> Response:
        """Return those to be reviewed first, without what it is about; for trained staff."""
        today = timezone.localdate()
        if not is_trained(request.user, on=today):
            raise TrainedStaffOnly(takers(today))
        page = care_page(user=request.user, scope=scope_of(request.user), today=today)
        return Response({"total": page.total, "results": CareRowShape(page.rows, many=True).data})
