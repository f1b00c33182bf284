"""Restrictions for the payment platform: a batch, a single look-up, and a feed of changes. Kept lean: it is asked all day."""

from __future__ import annotations

import re
from typing import Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import decision_shapes as shapes
from accounts.api.refusing import no_such_account
from accounts.queries.restrictions import MOST_ACCOUNTS, changes_after, restrictions_of
from accounts.roles import VIEW_DECISIONS
from riskops.shared.roles import MayOperate

#: NUL and halves of surrogate pairs: JSON may hold them, no text of a database does.
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


def _is_number(asked: object) -> bool:
    return isinstance(asked, str) and not _NO_TEXT.search(asked)


class Restrictions(APIView):
    """Many accounts at once."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(
        summary="Look up the restrictions of up to 1,000 accounts",
        request=shapes.RestrictionsRequest,
        responses=shapes.RestrictionsAnswerShape,
        tags=["restrictions"],
    )
    def post(self, request: Request) -> Response:
        """Return what stands of each account now, in one query. Bound: a batch of 1,000 in under 100 ms."""
        asked = request.data.get("account_nos") if isinstance(request.data, dict) else None
        # By hand: a serializer's field a number would take longer than the query.
        if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_ACCOUNTS or not all(map(_is_number, asked)):
            raise ValidationError({"account_nos": f"a list of 1 to {MOST_ACCOUNTS} account numbers"})
        found = restrictions_of(asked, user=request.user)
        numbers = list(dict.fromkeys(asked))
        return Response(
            {"results": [found[no] for no in numbers if no in found], "unknown": [no for no in numbers if no not in found]}
        )


class AccountRestrictions(APIView):
    """One account."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(
        summary="Look up the restrictions of an account", responses=shapes.AccountRestrictionsShape, tags=["restrictions"]
    )
    def get(self, request: Request, account_no: str) -> Response:
        """Return what stands of one account now."""
        found = restrictions_of([account_no], user=request.user).get(account_no)
        if found is None:
            raise no_such_account(account_no)
        return Response(found)


class RestrictionChanges(APIView):
    """The feed."""

    permission_classes = [MayOperate]
    operation = VIEW_DECISIONS

    @extend_schema(
        summary="Read the feed of changed restrictions and limits",
        parameters=[
            OpenApiParameter("after", int, description="`next` of the page before; 0, the default, begins at the beginning"),
            OpenApiParameter("most", int, description=f"1 to {MOST_ACCOUNTS} changes a page"),
        ],
        responses=shapes.RestrictionChangesShape,
        tags=["restrictions"],
    )
    def get(self, request: Request) -> Response:
        """Return the accounts that changed, each as it stands now. Numbers are in order of commit: none is missed."""
        after, most = request.query_params.get("after", "0"), request.query_params.get("most", str(MOST_ACCOUNTS))
        if not after.isdecimal() or not most.isdecimal() or not 1 <= int(most) <= MOST_ACCOUNTS or len(after) > 18:
            raise ValidationError({"after": "a number", "most": f"1 to {MOST_ACCOUNTS}"})
        results, last, has_more = changes_after(int(after), user=request.user, most=int(most))
        return Response({"results": results, "next": last, "has_more": has_more})
