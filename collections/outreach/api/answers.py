"""What the endpoints of outreach share: reading what is sent, and refusals as answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import CreditAccount
from accounts.queries.customer_page import CustomerHead, NoSuchCustomer, customer_head
from outreach.api import shapes
from outreach.operations.refusals import OutreachRefusal
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of

TAG = ["outreach"]


class OutreachView(APIView):
    """Answers refusals of outreach with their code, what they are about, and the reason."""

    permission_classes = [MayOperate]
    operation: ClassVar[str | Mapping[str, str]]

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what an operation refused; all else as everywhere."""
        if isinstance(exc, OutreachRefusal):
            return Response({"code": exc.code, "about": exc.about, "detail": str(exc)}, status=exc.status)
        return super().handle_exception(exc)


def answers(shape: Any, *, status: int = 200) -> dict[int, Any]:
    """Return what the schema says an operation answers: its shape, and the refusals of outreach."""
    refusals = {
        403: "somebody else must do it",
        404: "it is not there",
        409: "what is there stands in the way",
        422: "a value that is not taken; nothing was done",
    }
    said = {code: OpenApiResponse(shapes.OutreachRefusalShape, description=text) for code, text in refusals.items()}
    return {status: shape, **said}


def read(shape: type[Any], request: Request) -> dict[str, Any]:
    """Return what was sent, read by a shape; answered with 400 and the field if it cannot be read."""
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def head_of(request: Request, customer_no: str) -> CustomerHead:
    """Return a customer whom the person may see and open; answered with 404 or 403."""
    try:
        head = customer_head(customer_no, scope=scope_of(request.user))
    except NoSuchCustomer:
        raise NotFound(f"there is no customer {customer_no} in this book") from None
    refuse_conflict(request.user, head.customer.pk)
    return head


def account_of(request: Request, account_no: str) -> CreditAccount:
    """Return an account that the person may see and open; answered with 404 or 403."""
    rows = CreditAccount.objects.filter(account_no=account_no).select_related("customer")
    found = scope_of(request.user).accounts(rows).first()
    if found is None:
        raise NotFound(f"there is no account {account_no} in this book")
    refuse_conflict(request.user, found.customer_id)
    return found
