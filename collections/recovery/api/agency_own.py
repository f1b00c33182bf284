"""What programs of an agency may do in the name of its people: the accounts placed with it, and nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from outreach.rules.contacts import Channel, Outcome, Purpose
from outreach.wording import verdict_text
from recovery.agency_days import today
from recovery.agency_roles import CONTACT_OWN, DELIVER_OWN, SEE_OWN
from recovery.api import agency_money_shapes as money_shapes
from recovery.api import agency_own_shapes as shapes
from recovery.api import agency_shapes
from recovery.api.agency_answers import TAG, AgencyView, answers, read
from recovery.api.agency_money import taken_in
from recovery.models import Agency, AgencyAccess, AgencyFile
from recovery.operations.agencies import own
from recovery.operations.agencies.refusals import FileUnknown
from recovery.queries.own_placements import own_list, own_row


class OwnAccounts(AgencyView):
    """Accounts placed with one's own agency."""

    operation: ClassVar[Any] = SEE_OWN

    @extend_schema(
        summary="List accounts placed with one's own agency",
        parameters=[
            OpenApiParameter("account", str),
            OpenApiParameter("after", str, description="`next_after` of the page before"),
        ],
        responses=answers(shapes.OwnAccountsShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return them masked, by number; that they were seen is recorded."""
        agency, query = own.agency_of(request.user, today()), request.query_params
        page = own_list(agency, request.user, after=query.get("after", ""), account_no=query.get("account", ""))
        ids = [row.account_id for row in page.rows]
        own.note_access(agency, request.user, ids, AgencyAccess.What.LIST, timezone.now())
        return Response({"rows": [shapes.own_out(row, agency) for row in page.rows], "next_after": page.next_after})


class OwnAccount(AgencyView):
    """One of them."""

    operation: ClassVar[Any] = SEE_OWN

    @extend_schema(summary="Get an account placed with one's own agency", responses=answers(shapes.OwnAccountShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return it masked; that it was seen is recorded."""
        placement = own.placed_with_own(request.user, account_no, today())
        own.note_access(placement.agency, request.user, [placement.account_id], AgencyAccess.What.PAGE, timezone.now())
        return Response(shapes.own_out(own_row(placement), placement.agency))


class OwnCalls(AgencyView):
    """Asking for a call or visit."""

    operation: ClassVar[Any] = CONTACT_OWN

    @extend_schema(
        summary="Ask for a call or visit", request=shapes.OwnCallRequest, responses=answers(shapes.OwnAnswerShape), tags=TAG
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Ask the gate; without its yes there is no call."""
        placement = own.placed_with_own(request.user, account_no, today())
        values = read(shapes.OwnCallRequest, request)
        answer = own.announce_contact(
            user=request.user, account_no=account_no, channel=Channel(values["channel"]), purpose=Purpose(values["purpose"]),
            key=values["key"], now=timezone.now(),
        )  # fmt: skip
        is_allowed = answer.contact is not None
        zone = placement.account.customer.time_zone
        return Response(
            {
                "is_allowed": is_allowed,
                "contact": answer.contact.pk if answer.contact is not None else None,
                "rule": "" if is_allowed else str(answer.verdict.rule),
                "reason": "" if is_allowed else verdict_text(answer.verdict, zone=zone),
            }
        )


class OwnNumber(AgencyView):
    """The number of a call that was let through."""

    operation: ClassVar[Any] = CONTACT_OWN

    @extend_schema(
        summary="Get the number of a call that was let through", request=agency_shapes.AgencyNothing,
        responses=answers(shapes.OwnNumberShape), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request, account_no: str, contact_id: int) -> Response:
        """Return the number in clear; who saw it is recorded."""
        number = own.number_of_call(user=request.user, account_no=account_no, contact_id=contact_id, now=timezone.now())
        return Response({"number": number})


class OwnCallEnd(AgencyView):
    """How a call ended."""

    operation: ClassVar[Any] = CONTACT_OWN

    @extend_schema(
        summary="Record how a call or visit ended",
        request=shapes.OwnEndRequest,
        responses=answers(shapes.OwnContactShape),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str, contact_id: int) -> Response:
        """Record it, once."""
        own.placed_with_own(request.user, account_no, today())
        values = read(shapes.OwnEndRequest, request)
        contact = own.end_own_call(
            user=request.user, account_no=account_no, contact_id=contact_id, outcome=Outcome(values["outcome"]),
            note=values["note"], now=timezone.now(),
        )  # fmt: skip
        return Response(shapes.OwnContactShape(contact).data)


def _file_out(request: Request, agency: Agency, row: AgencyFile, *, status: int = 200) -> Response:
    result = own.result_shown(agency, request.user, row, timezone.now())
    return Response({**money_shapes.file_out(row), "result": result}, status=status)


class OwnFiles(AgencyView):
    """Handing in files of one's own agency."""

    operation: ClassVar[Any] = DELIVER_OWN

    @extend_schema(
        summary="Hand in a file of one's own agency", request=money_shapes.AgencyFileRequest,
        responses=answers(money_shapes.AgencyFileShape, status=201), tags=TAG,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Check a file as a whole; with one bad row nothing of it is loaded."""
        agency = own.agency_of(request.user, today())
        return _file_out(request, agency, taken_in(request, agency.code), status=201)


class OwnFile(AgencyView):
    """A file that one handed in."""

    operation: ClassVar[Any] = DELIVER_OWN

    @extend_schema(summary="Get a file that one handed in", responses=answers(money_shapes.AgencyFileShape), tags=TAG)
    def get(self, request: Request, agency_file_id: int) -> Response:
        """Return what was wrong with it, or what came of it."""
        agency = own.agency_of(request.user, today())
        row = AgencyFile.objects.filter(pk=agency_file_id, agency=agency, sent_by=request.user.pk).first()
        if row is None:
            raise FileUnknown(agency_file_id)
        return _file_out(request, agency, row)
