"""Accounts: list, one, and its parts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import shapes
from accounts.api.refusing import asked_day, loaded_or_404, refused
from accounts.api.rules import refused_rule
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.revealing import reveal_person
from accounts.queries import account_page as queries
from accounts.queries.accounts_list import accounts_page
from accounts.queries.accounts_list_filters import SCOPES, SORTS, read_filters
from accounts.queries.finding import hidden_search
from accounts.roles import REVEAL_PERSON, VIEW_ACCOUNTS
from accounts.rules.aging import CLASSES
from accounts.rules.explanation import explain
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of

_AS_OF = OpenApiParameter("as_of", str, description="as known on this day; by default the day the book has reached")
_LIST_PARAMETERS = [
    OpenApiParameter("scope", str, enum=list(SCOPES), description="default: past_due"),
    OpenApiParameter("sort", str, enum=list(SORTS)),
    OpenApiParameter("bucket", str, many=True, description="m0 to m7, may be repeated"),
    OpenApiParameter("class", str, enum=list(CLASSES)),
    OpenApiParameter("tier", str, description="the code of a tier"),
    OpenApiParameter("product", str),
    OpenApiParameter("days_from", int),
    OpenApiParameter("days_to", int),
    OpenApiParameter("overdue_from", str),
    OpenApiParameter("overdue_to", str),
    OpenApiParameter("opened_from", str),
    OpenApiParameter("opened_to", str),
    OpenApiParameter(
        "q", str, description="account number (or its beginning) or customer number; to search by personal data, POST"
    ),
    OpenApiParameter(
        "rule", str, description="a rule over the facts of `/facts/`, e.g. `dpd > 7 and exposure > 5000`; the scope is then `all`"
    ),
    OpenApiParameter("after", str, description="`next` of the page before"),
]


class AccountView(APIView):
    """What the views of accounts have in common."""

    permission_classes = [MayOperate]
    operation: Any = VIEW_ACCOUNTS


class AccountList(AccountView):
    """A page of accounts by keyset."""

    @extend_schema(
        operation_id="accounts_list",
        summary="List accounts",
        parameters=_LIST_PARAMETERS,
        responses=shapes.AccountPageShape,
        tags=["accounts"],
    )
    def get(self, request: Request) -> Response:
        """Return a page; the filters are those of the page `/accounts/`."""
        filters = read_filters(request.query_params, buckets=request.query_params.getlist("bucket"))
        if filters.unread:
            raise ValidationError(dict.fromkeys(filters.unread, "not understood"))
        page = accounts_page(filters, scope=scope_of(request.user))
        if page.rule_refusal is not None:
            raise refused_rule(page.rule_refusal)
        rows = [shapes.account_out(row) for row in page.rows]
        return Response({"business_date": page.business_date, "results": rows, "next": page.next_after})

    @extend_schema(
        summary="Search accounts by personal data",
        request=shapes.SearchRequest,
        responses=shapes.AccountPageShape,
        tags=["accounts"],
    )
    def post(self, request: Request) -> Response:
        """Return the accounts that a name, phone, e-mail or identity number names; in the body, so that no log keeps it."""
        asked = shapes.SearchRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        filters = read_filters({"find": hidden_search(asked.validated_data["q"])})
        page = accounts_page(filters, scope=scope_of(request.user), page_rows=200)
        rows = [shapes.account_out(row) for row in page.rows]
        return Response({"business_date": page.business_date, "results": rows, "next": ""})


class AccountDetail(AccountView):
    """One account."""

    @extend_schema(summary="Get an account", parameters=[_AS_OF], responses=shapes.AccountDetailShape, tags=["accounts"])
    def get(self, request: Request, account_no: str) -> Response:
        """Return the account as known on a day, the person masked."""
        return Response(shapes.detail_out(loaded_or_404(account_no, user=request.user, as_of=asked_day(request))))


class InstallmentList(AccountView):
    """The instalments of an account."""

    @extend_schema(
        summary="List an account's instalments",
        parameters=[_AS_OF],
        responses=shapes.InstallmentShape(many=True),
        tags=["accounts"],
    )
    def get(self, request: Request, account_no: str) -> Response:
        """Return the instalments with the spans that their penalty is made of."""
        loaded = loaded_or_404(account_no, user=request.user, as_of=asked_day(request))
        digits = loaded.head.minor_digits
        rows = queries.installment_rows(loaded)
        return Response(
            [shapes.installment_out(row, explain(loaded.rebuilt, row.state) if row.state else None, digits) for row in rows]
        )


class PaymentList(AccountView):
    """The payments of an account."""

    @extend_schema(
        summary="List an account's payments",
        parameters=[_AS_OF],
        responses=shapes.AccountPaymentShape(many=True),
        tags=["accounts"],
    )
    def get(self, request: Request, account_no: str) -> Response:
        """Return payments and reversals, newest first, with what they paid as of the day."""
        loaded = loaded_or_404(account_no, user=request.user, as_of=asked_day(request))
        return Response([shapes.account_payment_out(row, loaded) for row in queries.payment_rows(loaded)])


class AgingHistory(AccountView):
    """Reported and known."""

    @extend_schema(summary="Get an account's aging history", responses=shapes.AgingShape(many=True), tags=["accounts"])
    def get(self, request: Request, account_no: str) -> Response:
        """Return the last closed day and the last 24 month-ends, newest first: as reported beside as known now."""
        loaded = loaded_or_404(account_no, user=request.user)
        rows = queries.aging_rows(loaded, queries.known_month_ends(loaded))
        return Response([shapes.aging_out(row, loaded.head.minor_digits) for row in rows])


class AccountAudit(AccountView):
    """What was done to an account by hand."""

    @extend_schema(summary="Get an account's audit trail", responses=shapes.AuditShape(many=True), tags=["accounts"])
    def get(self, request: Request, account_no: str) -> Response:
        """Return the latest hundred lines, newest first."""
        loaded = loaded_or_404(account_no, user=request.user)
        return Response(shapes.AuditShape(queries.audit_rows(loaded.head.account.pk), many=True).data)


class Reveal(APIView):
    """Personal data in clear, for a reason."""

    permission_classes = [MayOperate]
    operation = REVEAL_PERSON

    @extend_schema(
        summary="Reveal a customer's personal data", request=shapes.RevealRequest, responses=shapes.PersonShape, tags=["accounts"]
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Return the person in clear and record who asked and why."""
        asked = shapes.RevealRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        loaded = loaded_or_404(account_no, user=request.user)
        try:
            person = reveal_person(
                actor=Actor.of(request.user), account_id=loaded.head.account.pk, reason=asked.validated_data["reason"]
            )
        except LedgerRefusal as refusal:
            return refused(refusal)
        return Response(person, headers={"Cache-Control": "no-store"})
